-- 抽查对象名单：每户一行，各任务合并为一次检查；含等级与档次，内部使用（§4.2，R-38）。
with task_level as (
    select
        t.task,
        t.task_name,
        t.item_names,
        l.stratum,
        l.on_site,
        cast(t.window_end as date) as window_end
    from policy_task as t
    inner join policy_level as l on t.task = l.task
),
chosen as (
    select
        d.uid,
        d.county,
        r.round_id,
        r.round_id || '-' || d.task as plan_id,
        d.task || ':' || d.stratum as stratum_text,
        d.task || ':' || cast(d.rank as varchar) as rank_text,
        l.task_name,
        l.item_names,
        l.on_site,
        l.window_end
    from drawn as d
    inner join task_level as l on d.task = l.task and d.stratum = l.stratum
    cross join committed_round as r
),
merged as (
    select
        uid,
        county,
        round_id,
        array_to_string(list_sort(array_agg(plan_id)), ';') as plan_ids,
        array_to_string(list_sort(array_agg(distinct task_name)), ';') as task_names,
        array_to_string(list_sort(array_agg(distinct item_names)), ';') as item_names,
        array_to_string(list_sort(array_agg(stratum_text)), ';') as strata,
        array_to_string(list_sort(array_agg(rank_text)), ';') as ranks,
        bool_or(on_site) as on_site,
        min(window_end) as window_end
    from chosen
    group by uid, county, round_id
),
triggered as (
    select uid, array_to_string(list_sort(array_agg(trigger_id)), ';') as trigger_ids
    from triggered_inspection
    group by uid
),
teams as (
    select split_part(visit_uid, '.', 1) as uid, inspector_id, role from assignment
),
lead_person as (
    select uid, min(inspector_id) as lead_inspector from teams where role = 'lead' group by uid
),
other_people as (
    select t.uid, array_to_string(list_sort(array_agg(distinct t.inspector_id)), ';') as other_inspectors
    from teams as t
    inner join lead_person as l on t.uid = l.uid
    where t.inspector_id <> l.lead_inspector
    group by t.uid
),
unmatched as (
    select split_part(visit_uid, '.', 1) as uid, min(unmet_reason) as unmet_reason from unassignable group by split_part(visit_uid, '.', 1)
),
visits as (
    select uid, cast(count(distinct visited_on) as bigint) as visits
    from visit
    where year(visited_on) = $year
    group by uid
)
select
    m.round_id,
    m.uid,
    s.party_name as ent_name,
    s.uscc,
    s.reg_no,
    m.county as unit_code,
    u.unit_name,
    s.address,
    m.plan_ids,
    m.task_names,
    m.item_names,
    $month_first as window_start,
    m.window_end,
    case when m.on_site then 'on_site' else 'off_site' end as mode_planned,
    e.credit_grade,
    m.strata,
    m.ranks,
    t.trigger_ids,
    coalesce(v.visits, 0) as visits_ytd_before,
    c.visits as visits_cap,
    p.lead_inspector,
    o.other_inspectors,
    case
        when not m.on_site then 'not_needed'
        when p.lead_inspector is null then 'unassignable'
        else 'assigned'
    end as assignment_state,
    n.unmet_reason as assignment_reason,
    case when p.lead_inspector is null then 'planned' else 'assigned' end as status
from merged as m
inner join subject as s on m.uid = s.uid
inner join enterprise_month as e on m.uid = e.uid
inner join unit as u on m.county = u.unit_code
inner join policy_cap as c on coalesce(e.credit_grade, 'U') = c.credit_grade
left join triggered as t on m.uid = t.uid
left join visits as v on m.uid = v.uid
left join lead_person as p on m.uid = p.uid and m.on_site
left join other_people as o on m.uid = o.uid and m.on_site
left join unmatched as n on m.uid = n.uid and m.on_site
order by m.round_id, m.uid
