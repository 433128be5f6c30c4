-- 结果不一致：同一检查结果在平台与县级工作簿中写得不同之处；已以平台为准，由县级核对（R-29）。
with platform as (
    select
        task_code,
        item_code,
        uscc as uid,
        inspected_on,
        plan_id,
        unit_code,
        mode,
        result_code,
        replace(inspector_ids, '；', ';') as inspector_ids,
        row_id
    from accepted_inspection_result
    where is_current and inspected_on <= $as_of
),
county as (
    select
        r.task_code,
        r.item_code,
        r.uscc as uid,
        r.inspected_on,
        r.plan_id,
        r.unit_code,
        r.mode,
        r.result_code,
        replace(r.inspector_ids, '；', ';') as inspector_ids,
        r.row_id,
        r.delivery_id,
        r.file_name,
        r.sheet,
        r.row_no
    from accepted_county_return as r
    inner join county_return_verdict as v on r.row_id = v.row_id
    where v.return_verdict = 'taken' and r.inspected_on <= $as_of
),
candidates as (
    select
        c.*,
        p.inspected_on as platform_inspected_on,
        p.unit_code as platform_unit_code,
        p.mode as platform_mode,
        p.result_code as platform_result_code,
        p.inspector_ids as platform_inspector_ids,
        p.row_id as platform_row,
        case when p.plan_id = c.plan_id then 0 else 1 end as other_plan,
        abs(p.inspected_on - c.inspected_on) as days_apart
    from county as c
    inner join platform as p on c.task_code = p.task_code and c.item_code = p.item_code and c.uid = p.uid
    where p.plan_id = c.plan_id or p.inspected_on = c.inspected_on
),
same_result as (
    select *
    from candidates
    qualify row_number() over (partition by row_id order by other_plan, days_apart, platform_row) = 1
),
compared as (
    select
        *,
        'inspected_on' as differing_column,
        cast(platform_inspected_on as varchar) as platform_value,
        cast(inspected_on as varchar) as county_value
    from same_result
    union all
    select *, 'unit_code' as differing_column, platform_unit_code as platform_value, unit_code as county_value
    from same_result
    union all
    select *, 'mode' as differing_column, platform_mode as platform_value, mode as county_value
    from same_result
    union all
    select *, 'result_code' as differing_column, platform_result_code as platform_value, result_code as county_value
    from same_result
    union all
    select *, 'inspector_ids' as differing_column, platform_inspector_ids as platform_value, inspector_ids as county_value
    from same_result
),
-- 代码写成文字，一处没有写的不算不一致。
worded as (
    select
        c.row_id,
        c.differing_column,
        c.unit_code,
        c.plan_id,
        c.task_code,
        c.item_code,
        c.uid,
        case c.differing_column
            when 'unit_code' then coalesce(pu.unit_name, c.platform_value)
            when 'result_code' then coalesce(pw.result_words, c.platform_value)
            when 'mode' then case c.platform_value when 'on_site' then '现场' else '非现场' end
            else c.platform_value
        end as platform_value,
        case c.differing_column
            when 'unit_code' then coalesce(cu.unit_name, c.county_value)
            when 'result_code' then coalesce(cw.result_words, c.county_value)
            when 'mode' then case c.county_value when 'on_site' then '现场' else '非现场' end
            else c.county_value
        end as county_value,
        c.delivery_id,
        c.file_name,
        c.sheet,
        c.row_no
    from compared as c
    left join unit as pu on c.platform_value = pu.unit_code
    left join unit as cu on c.county_value = cu.unit_code
    left join result_word as pw on c.platform_value = pw.result_code
    left join result_word as cw on c.county_value = cw.result_code
    where c.platform_value <> c.county_value
)
select
    w.row_id as county_row_id,
    w.differing_column,
    w.unit_code,
    coalesce(u.unit_name, w.unit_code) as unit_name,
    w.plan_id,
    w.task_code,
    coalesce(t.task_name, w.task_code) as task_name,
    w.item_code,
    w.uid,
    coalesce(s.party_name, w.uid) as ent_name,
    w.platform_value,
    w.county_value,
    w.delivery_id,
    w.file_name,
    w.sheet,
    w.row_no
from worded as w
left join unit as u on w.unit_code = u.unit_code
left join task_word as t on w.task_code = t.task_code
left join subject as s on w.uid = s.uid
order by county_row_id, differing_column
