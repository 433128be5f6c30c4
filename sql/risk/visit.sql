-- 检查台账：截至 as_of 每个主体被现场检查的日期与任务，供间隔与年度上限使用（R-07，§5.4）。
select
    uscc as uid,
    inspected_on as visited_on,
    task_code as task,
    cast(year(inspected_on) * 12 + month(inspected_on) as bigint) as month_number
from accepted_inspection_result
where is_current and mode = 'on_site' and inspected_on <= $as_of
group by uscc, inspected_on, task_code
order by uid, visited_on, task
