-- 主体所属专业领域：截至 as_of 有效的许可准入、备案、风险分级、认证获证或使用登记记录，取最近一次的专业领域等级；此后注销的不在其中（R-03）。
with known as (
    select *
    from field_record
    where recorded_on <= $as_of
),
cancelled as (
    select uscc, field_code, max(recorded_on) as cancelled_on
    from known
    where record_kind = 'cancellation'
    group by uscc, field_code
),
standing as (
    select k.*
    from known as k
    left join cancelled as c on k.uscc = c.uscc and k.field_code = c.field_code
    where
        (k.valid_to is null or k.valid_to >= $as_of) and k.record_kind in ('admission', 'filing', 'grading', 'certified', 'use_registration')
        and (c.cancelled_on is null or k.recorded_on > c.cancelled_on)
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
