-- 同一结果：县级送回的行与平台导出的行，任务、事项、主体相同，且同属一个计划或在同一日；每一县级行至多配一平台行（R-29）。
with platform as (
    select task_code, item_code, uscc, inspected_on, plan_id, row_id
    from accepted_inspection_result
    where is_current and inspected_on <= $as_of
),
-- 未录入的、没有采用的行不是结果。
county as (
    select r.task_code, r.item_code, r.uscc, r.inspected_on, r.plan_id, r.row_id
    from accepted_county_return as r
    inner join county_return_verdict as v on r.row_id = v.row_id
    where v.return_verdict = 'taken' and r.inspected_on <= $as_of
),
candidates as (
    select
        c.row_id as county_row_id,
        p.row_id as platform_row_id,
        case when p.plan_id = c.plan_id then 0 else 1 end as other_plan,
        abs(p.inspected_on - c.inspected_on) as days_apart
    from county as c
    inner join platform as p on c.task_code = p.task_code and c.item_code = p.item_code and c.uscc = p.uscc
    where p.plan_id = c.plan_id or p.inspected_on = c.inspected_on
)
select county_row_id, platform_row_id
from candidates
qualify row_number() over (partition by county_row_id order by other_plan, days_apart, platform_row_id) = 1
order by county_row_id
