-- 检查台账：截至 as_of 每个主体被现场检查的日期与任务，供间隔与年度上限使用（R-07，§5.4）。
select
    uid,
    inspected_on as visited_on,
    task_code as task,
    cast(year(inspected_on) * 12 + month(inspected_on) as bigint) as month_number
from inspection
where mode = 'on_site'
group by uid, inspected_on, task_code
order by uid, visited_on, task
