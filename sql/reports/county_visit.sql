-- 县级户次：现行批次各县要办的户次，随机抽取与触发检查同户合并一次上门；没有检查组的升级市局（§4.4，R-07，DRAW §6）。
with triggered as (
    select
        uid,
        min(round_id) as round_id,
        min(unit_code) as unit_code,
        min(unit_name) as unit_name,
        array_to_string(list_sort(array_agg(trigger_id)), ';') as trigger_ids,
        cast(count(*) as bigint) as trigger_count
    from triggered_inspections
    group by uid
),
found_gone as (
    select distinct uid from drawn_in_force where replaced_reason = 'not_found'
),
-- 注销、迁出而替换的不再上门；上门查无的已去过，结果照记，仍列。
drawn as (
    select d.*, g.uid is not null as is_gone
    from drawn_subjects as d
    left join found_gone as g on d.uid = g.uid
    where d.status <> 'replaced' or g.uid is not null
),
listed as (
    select
        coalesce(d.round_id, t.round_id) as round_id,
        coalesce(d.uid, t.uid) as uid,
        coalesce(d.unit_code, t.unit_code) as unit_code,
        coalesce(d.unit_name, t.unit_name) as unit_name,
        d.plan_ids,
        d.task_names,
        d.item_names,
        d.strata,
        case when t.uid is not null then 'on_site' else d.mode_planned end as mode_planned,
        t.trigger_ids,
        coalesce(t.trigger_count, 0) as trigger_count,
        d.risk_points,
        coalesce(d.window_start, $month_first) as window_start,
        coalesce(d.window_end, $month_last) as window_end,
        coalesce(d.is_gone, false) as is_gone
    from drawn as d
    full outer join triggered as t on d.uid = t.uid
),
visits as (
    select uid, cast(count(distinct visited_on) as bigint) as visits
    from visit
    where year(visited_on) = $year
    group by uid
)
select
    l.round_id,
    l.uid,
    l.unit_code,
    l.unit_name,
    s.party_name as ent_name,
    s.uscc,
    s.reg_no,
    s.address,
    l.plan_ids,
    l.task_names,
    l.item_names,
    l.strata,
    l.mode_planned,
    l.trigger_ids,
    l.trigger_count,
    l.risk_points,
    coalesce(v.visits, 0) as visits_ytd_before,
    case
        when l.mode_planned = 'on_site' and p.lead_inspector is not null
            then concat_ws(';', p.lead_inspector, p.other_inspectors)
    end as inspector_team,
    case
        when l.mode_planned <> 'on_site' then 'remote'
        when p.lead_inspector is null and not l.is_gone then 'escalated'
        else 'staffed'
    end as visit_state,
    case
        when l.mode_planned = 'on_site' and p.lead_inspector is null and not l.is_gone
            then coalesce(p.unmet_reason, '没有匹配到检查组')
    end as visit_state_reason,
    l.window_start,
    l.window_end,
    l.is_gone
from listed as l
left join subject as s on l.uid = s.uid
left join visits as v on l.uid = v.uid
left join visit_team as p on l.uid = p.uid
order by l.round_id, l.uid
