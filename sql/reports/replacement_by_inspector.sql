-- 补抽统计：每名主办名下被替换的任务户次及占比，和本人申请的补抽数；依次顺延是剩下的唯一操纵手段（DRAW §5）。
with granted as (
    select round_id, amend_reason, former_lead, asked_by
    from amendment
    where request_kind = 'replacement' and outcome <> 'refused'
),
led as (
    select inspector_id, cast(count(*) as bigint) as visits
    from assignment
    where role = 'lead'
    group by inspector_id
),
lost as (
    select
        former_lead as inspector_id,
        cast(count(*) as bigint) as replaced,
        cast(count(*) filter (where amend_reason = 'not_found') as bigint) as not_found
    from granted
    where former_lead is not null
    group by former_lead
),
asked as (
    select asked_by as inspector_id, cast(count(*) as bigint) as asked
    from granted
    group by asked_by
),
people as (
    select inspector_id from led
    union
    select inspector_id from lost
    union
    select inspector_id from asked
)
select
    c.round_id,
    p.inspector_id,
    r.county as unit_code,
    u.unit_name,
    coalesce(l.visits, 0) as lead_visits,
    coalesce(o.replaced, 0) as replaced_visits,
    coalesce(o.not_found, 0) as replaced_not_found,
    cast(cast(coalesce(o.replaced, 0) as decimal(18, 6)) / nullif(l.visits, 0) as decimal(18, 6)) as replaced_share,
    coalesce(a.asked, 0) as replacements_asked
from people as p
cross join committed_round as c
left join roster as r on p.inspector_id = r.inspector_id
left join unit as u on r.county = u.unit_code
left join led as l on p.inspector_id = l.inspector_id
left join lost as o on p.inspector_id = o.inspector_id
left join asked as a on p.inspector_id = a.inspector_id
order by c.round_id, p.inspector_id
