-- 检查力量与缺口：每个检查主体每月一行，户次按去重后的主体计，含触发检查（R-07，DRAW §4）。
with people as (
    select
        county,
        cast(count(*) as bigint) as inspectors,
        cast(sum(days) as bigint) as inspector_days
    from roster
    where valid_until >= $needed_until
    group by county
)
select
    $month as plan_month,
    v.county as unit_code,
    u.unit_name,
    coalesce(p.inspectors, 0) as inspectors,
    coalesce(p.inspector_days, 0) as inspector_days,
    v.capacity as capacity_available_visits,
    v.triggers as triggered_visits,
    v.visits_planned as capacity_required_visits,
    v.visits_funded as funded_visits,
    v.visits_planned - v.visits_funded as unmet_visits,
    case when v.visits_planned > v.visits_funded then 'defer' else 'none' end as shortfall_action
from county_visits as v
inner join unit as u on v.county = u.unit_code
left join people as p on v.county = p.county
order by plan_month, unit_code
