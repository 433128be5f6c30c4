-- 补抽统计：每名匹配时的主办名下被替换的户次及占比（先换主办也照计），和本人申请的补抽数；依次顺延是剩下的唯一操纵手段（DRAW §5）。
with granted as (
    select
        a.uid,
        a.amend_reason,
        a.asked_by,
        t.specialty,
        l.on_site
    from amendment as a
    left join policy_task as t on a.task = t.task
    left join policy_level as l on a.task = l.task and a.stratum = l.stratum
    where a.request_kind = 'replacement' and a.outcome <> 'refused'
),
leads as (
    select
        inspector_id,
        visit_uid,
        split_part(visit_uid, '.', 1) as uid,
        split_part(visit_uid, '.', 2) as part
    from assignment
    where role = 'lead'
),
led as (
    select inspector_id, cast(count(distinct visit_uid) as bigint) as visits
    from leads
    group by inspector_id
),
-- 按专长分开的户次，只计该任务所需专长的那一部分；同一户次几项任务被替换的只计一次。
lost as (
    select
        l.inspector_id,
        cast(count(distinct l.visit_uid) as bigint) as replaced,
        cast(count(distinct l.visit_uid) filter (where g.amend_reason = 'not_found') as bigint) as not_found
    from leads as l
    inner join granted as g
        on l.uid = g.uid and g.on_site and (l.part = '' or l.part = coalesce(g.specialty, l.part))
    group by l.inspector_id
),
asked as (
    select asked_by as inspector_id, cast(count(*) as bigint) as asked
    from granted
    group by asked_by
),
people as (
    select inspector_id from led
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
