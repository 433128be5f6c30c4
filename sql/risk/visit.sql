-- 检查台账：截至 as_of 每个主体被现场检查的日期（跨任务合并到日），供间隔与年度上限使用（R-07，§5.4）。
with on_site as (
    select uscc as uid, inspected_on as visited_on, task_code
    from accepted_inspection_result
    where is_current and mode = 'on_site' and inspected_on <= $as_of
)
select
    uid,
    visited_on,
    cast(year(visited_on) * 12 + month(visited_on) as bigint) as month_number,
    cast(count(distinct task_code) as bigint) as tasks
from on_site
group by uid, visited_on
order by uid, visited_on
