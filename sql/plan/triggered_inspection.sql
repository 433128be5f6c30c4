-- 触发检查清单：本月送达（截至 as_of）、对象为辖区存续主体的线索，上月受理而本月才送达的不遗漏；独立于随机抽取（R-25，DRAW §1 trigger）。
select
    t.trigger_id,
    p.uid,
    p.county,
    t.trigger_type,
    t.evidence_ref,
    t.received_on,
    t.row_id
from accepted_trigger as t
inner join population as p on t.uscc = p.uid
where t.is_current and cast(t.received_at as date) between $month_first and $until
order by t.trigger_id
