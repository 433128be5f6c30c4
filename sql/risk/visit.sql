-- 检查台账：截至 as_of 每个主体被现场检查的日期与任务，供间隔与年度上限使用（R-07，§5.4）。
-- 平台导出与县级送回的结果合并，一次检查只算一次：同一计划、任务、主体平台已有的，不论日期和方式，以平台为准。
with platform as (
    select uscc as uid, inspected_on, task_code, plan_id, mode
    from accepted_inspection_result
    where is_current and inspected_on <= $as_of
),
known as (
    select uid, task_code, plan_id from platform where plan_id is not null group by uid, task_code, plan_id
),
together as (
    select uid, inspected_on, task_code, mode from platform
    union all
    select c.uscc as uid, c.inspected_on, c.task_code, c.mode
    from accepted_county_return as c
    left join known as k on c.uscc = k.uid and c.task_code = k.task_code and c.plan_id = k.plan_id
    where c.is_current and c.inspected_on <= $as_of and k.uid is null
)
select
    uid,
    inspected_on as visited_on,
    task_code as task,
    cast(year(inspected_on) * 12 + month(inspected_on) as bigint) as month_number
from together
where mode = 'on_site'
group by uid, inspected_on, task_code
order by uid, visited_on, task
