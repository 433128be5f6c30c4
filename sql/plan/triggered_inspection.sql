-- 触发检查清单：本月送达（截至 as_of）、对象为辖区存续主体的线索，上月受理而本月才送达的不遗漏；独立于随机抽取（R-25，DRAW §1 trigger）。
-- 探索性来源的信号默认没有；抽查政策写明的来源，其信号按“大数据监测”（DSJ）列入（R-16）。
with told as (
    select
        trigger_id,
        uscc,
        trigger_type,
        evidence_ref,
        approval_ref,
        'trigger' as source,
        received_on,
        received_at,
        row_id
    from accepted_trigger
    where is_current
    union all
    select
        'DSJ-' || substr(sha256(row_id), 1, 16) as trigger_id,
        uscc,
        'DSJ' as trigger_type,
        provider || ' ' || signal_no as evidence_ref,
        cast(null as varchar) as approval_ref,
        'signal' as source,
        observed_on as received_on,
        received_at,
        row_id
    from accepted_signal
    where is_current
)
select
    t.trigger_id,
    p.uid,
    p.county,
    t.trigger_type,
    t.evidence_ref,
    t.approval_ref,
    t.source,
    t.received_on,
    t.row_id
from told as t
inner join population as p on t.uscc = p.uid
where cast(t.received_at as date) between $month_first and $until
order by t.trigger_id
