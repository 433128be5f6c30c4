-- 触发检查清单：每条线索一行，不与随机抽取混列；含后到线索和作废批次照常检查的对象（§4.3，R-25，DRAW §3.4）。
with listed as (
    select
        c.round_id,
        r.trigger_id,
        t.trigger_type,
        coalesce(t.evidence_ref, '作废批次照常检查的对象') as evidence_ref,
        t.approval_ref,
        t.received_on,
        r.uid,
        r.county,
        t.trigger_id is null as from_voided_round,
        false as is_late
    from round_trigger as r
    cross join committed_round as c
    left join triggered_inspection as t on r.trigger_id = t.trigger_id
    union all
    select
        round_id,
        trigger_id,
        trigger_type,
        evidence as evidence_ref,
        cast(null as varchar) as approval_ref,
        cast(substr(requested_at, 1, 10) as date) as received_on,
        uid,
        unit_code as county,
        false as from_voided_round,
        true as is_late
    from amendment
    where request_kind = 'late_trigger' and outcome <> 'refused'
),
tasks as (
    select d.uid, array_to_string(list_sort(array_agg(distinct t.task_name)), ';') as task_names
    from drawn_in_force as d
    inner join policy_task as t on d.task = t.task
    where d.replaced_reason is null
    group by d.uid
)
select
    l.round_id,
    l.trigger_id,
    l.trigger_type,
    l.evidence_ref,
    l.approval_ref,
    l.received_on,
    l.uid,
    s.party_name as ent_name,
    l.county as unit_code,
    u.unit_name,
    e.credit_grade,
    trim(l.evidence_ref) <> '' as onsite_allowed,
    l.from_voided_round as counts_toward_cap,
    l.is_late,
    k.task_names,
    p.lead_inspector,
    p.other_inspectors,
    case when p.lead_inspector is null then p.unmet_reason end as unmet_reason
from listed as l
inner join unit as u on l.county = u.unit_code
left join subject as s on l.uid = s.uid
left join enterprise_month as e on l.uid = e.uid
left join tasks as k on l.uid = k.uid
left join visit_team as p on l.uid = p.uid
order by l.round_id, l.trigger_id
