-- 回填待办事项：满 3 个工作日没有回执的、被退回尚未更正的、对不上任何结果的回执（R-29，§4.8）。
with outcomes as (
    select
        case return_state when 'overdue' then 'overdue' else 'rejected' end as issue_kind,
        case return_state when 'overdue' then origin_row_id else ack_id end as issue_ref,
        unit_code,
        plan_id,
        task_code,
        item_code,
        uid,
        ent_name,
        inspected_on,
        returned_on,
        ack_id,
        acknowledged_on,
        reject_reason,
        case return_state when 'overdue' then returned_on else acknowledged_on end as since
    from inspection_outcome
    where return_state in ('overdue', 'rejected')
),
unknown as (
    select
        'unknown_ack' as issue_kind,
        a.ack_id as issue_ref,
        coalesce(s.county, '-') as unit_code,
        cast(null as varchar) as plan_id,
        a.task_code,
        a.item_code,
        a.uscc as uid,
        s.party_name as ent_name,
        a.inspected_on,
        cast(null as date) as returned_on,
        a.ack_id,
        a.acknowledged_on,
        a.reject_reason,
        a.acknowledged_on as since
    from accepted_acknowledgement as a
    left join inspection_outcome as o
        on
            a.task_code = o.task_code and a.item_code = o.item_code and a.uscc = o.uid
            and a.inspected_on = o.inspected_on
    left join subject as s on a.uscc = s.uid
    where a.is_current and a.acknowledged_on <= $as_of and o.uid is null
),
together as (
    select * from outcomes
    union all
    select * from unknown
)
select
    t.issue_kind,
    t.issue_ref,
    t.unit_code,
    u.unit_name,
    t.plan_id,
    t.task_code,
    coalesce(w.task_name, t.task_code) as task_name,
    t.item_code,
    t.uid,
    t.ent_name,
    t.inspected_on,
    t.returned_on,
    t.ack_id,
    t.acknowledged_on,
    t.reject_reason,
    n.number - d.number as waiting_wd
from together as t
left join unit as u on t.unit_code = u.unit_code
left join task_word as w on t.task_code = w.task_code
inner join day_number as n on n.day = $as_of
inner join day_number as d on t.since = d.day
order by t.issue_kind, t.issue_ref
