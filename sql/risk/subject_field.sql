-- 主体所属专业领域：截至 as_of 有效的许可准入或风险分级记录，取最近一次的专业领域等级（R-03）。
with standing as (
    select *
    from field_record
    where
        recorded_on <= $as_of and (valid_to is null or valid_to >= $as_of)
        and record_kind in ('许可准入', '风险分级')
)
select
    uscc as uid,
    field_code,
    field_grade,
    coalesce(is_key_unit, false) as is_key_unit,
    recorded_on,
    row_id
from standing
qualify row_number() over (
    partition by uscc, field_code order by field_grade is null, recorded_on desc, received_at desc, row_id
) = 1
order by uid, field_code
