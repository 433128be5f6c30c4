-- 结果不一致：同一检查结果在平台与县级工作簿中写得不同之处；已以平台为准，由县级核对（R-29）。
with same_result as (
    select
        c.task_code,
        c.item_code,
        c.uscc as uid,
        c.inspected_on,
        c.plan_id,
        c.unit_code,
        c.mode,
        c.result_code,
        replace(c.inspector_ids, '；', ';') as inspector_ids,
        c.row_id,
        c.delivery_id,
        c.file_name,
        c.sheet,
        c.row_no,
        p.inspected_on as platform_inspected_on,
        p.unit_code as platform_unit_code,
        p.mode as platform_mode,
        p.result_code as platform_result_code,
        replace(p.inspector_ids, '；', ';') as platform_inspector_ids
    from result_pair as r
    inner join accepted_county_return as c on r.county_row_id = c.row_id
    inner join accepted_inspection_result as p on r.platform_row_id = p.row_id
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
