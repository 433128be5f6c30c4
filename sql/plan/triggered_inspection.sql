-- 触发检查清单：截至 as_of 本月收到、对象为辖区存续主体的线索；独立于随机抽取（R-25，DRAW §1 trigger）。
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
where t.is_current and t.received_on between $month_first and $as_of
order by t.trigger_id
