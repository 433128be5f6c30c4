-- 每户的检查组：主办一人、其余协办；没有匹配到检查组的写明原因（§4.4，DRAW §6）。按专长分组上门的，各组合并列出。
with teams as (
    select split_part(visit_uid, '.', 1) as uid, inspector_id, role from team_in_force
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
    select uid, min(unmet_reason) as unmet_reason from unstaffed_visit group by uid
)
select
    coalesce(p.uid, n.uid) as uid,
    p.lead_inspector,
    o.other_inspectors,
    n.unmet_reason
from lead_person as p
full outer join unmatched as n on p.uid = n.uid
left join other_people as o on p.uid = o.uid
order by uid
