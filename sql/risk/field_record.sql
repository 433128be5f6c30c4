-- 专业领域记录：十二个专业领域各来源的现行记录合在一处；只报一个领域的来源由登记表给出领域（R-14）。
select
    p.row_id,
    p.source,
    p.uscc,
    coalesce(p.field_code, d.field_code) as field_code,
    p.field_grade,
    p.is_key_unit,
    p.record_kind,
    p.recorded_on,
    p.valid_to,
    p.received_at
from parts as p
inner join source_field as d on p.source = d.source
where p.is_current
order by p.row_id
