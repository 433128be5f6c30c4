-- 检查台账：截至 as_of 每个主体被现场检查的日期与任务，供间隔与年度上限使用（R-07，§5.4）。
-- 平台导出与县级送回的结果合并，一次检查只算一次：同一计划、任务、主体平台已有的，不论日期和方式，以平台为准。
-- 县级同一行送回多次的，看最后一次填了结果的；后来送回的空白行不抵消已填的结果，撤回的才抵消。
with platform as (
    select uscc as uid, inspected_on, task_code, plan_id, mode
    from accepted_inspection_result
    where is_current and inspected_on <= $as_of
),
known as (
    select uid, task_code, plan_id from platform where plan_id is not null group by uid, task_code, plan_id
),
withdrawn as (
    select plan_id, item_code, uscc, max(version_no) as last_version
    from accepted_county_return
    where is_withdrawn
    group by plan_id, item_code, uscc
),
filled as (
    select c.*
    from accepted_county_return as c
    left join withdrawn as w on c.plan_id = w.plan_id and c.item_code = w.item_code and c.uscc = w.uscc
    where not c.is_withdrawn and c.inspected_on is not null and c.version_no > coalesce(w.last_version, 0)
),
county as (
    select uscc as uid, inspected_on, task_code, plan_id, mode
    from filled
    qualify row_number() over (partition by plan_id, item_code, uscc order by version_no desc, row_id) = 1
),
together as (
    select uid, inspected_on, task_code, mode from platform
    union all
    select c.uid, c.inspected_on, c.task_code, c.mode
    from county as c
    left join known as k on c.uid = k.uid and c.task_code = k.task_code and c.plan_id = k.plan_id
    where c.inspected_on <= $as_of and k.uid is null
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
