-- 检查人员任务量：每名人员本批次现行的主办、协办户次与上限，含抽取后的换人，不含姓名（DRAW §6）。
with counted as (
    select
        inspector_id,
        cast(count(*) filter (where role = 'lead') as bigint) as visits_lead,
        cast(count(*) filter (where role <> 'lead') as bigint) as visits_other
    from team_in_force
    group by inspector_id
)
select
    c.round_id,
    r.inspector_id,
    r.county as unit_code,
    u.unit_name,
    r.specialties,
    r.days,
    r.load_cap,
    coalesce(n.visits_lead, 0) as visits_lead,
    coalesce(n.visits_other, 0) as visits_other
from roster as r
inner join unit as u on r.county = u.unit_code
left join counted as n on r.inspector_id = n.inspector_id
cross join committed_round as c
order by c.round_id, r.inspector_id
