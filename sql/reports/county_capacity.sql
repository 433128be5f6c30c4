-- 检查力量与缺口：每个检查主体每月一行，户次按去重后的主体计，含触发检查（R-07，DRAW §4）。
-- 缺口处理：无压减且人人派得出为无缺口；压减而以后还有批次的顺延；末批或法定频次的任务被压减、有户次无人可派的，上报调剂。
with people as (
    select
        county,
        cast(count(*) as bigint) as inspectors,
        cast(sum(days) as bigint) as inspector_days
    from roster
    where valid_until >= $needed_until
    group by county
),
cut as (
    select county, array_to_string(list_sort(array_agg(stratum || ':' || cast(lambda_e4 as varchar))), ';') as cut_strata
    from cuts
    where lambda_e4 < 10000
    group by county
),
lasting as (
    select a.county, bool_or(t.batch = t.batches or t.set_by_law) as is_final
    from allocation as a
    inner join policy_task as t on a.task = t.task
    where a.size < a.planned
    group by a.county
),
unmatched as (
    select county, cast(count(*) as bigint) as visits from unassignable group by county
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
    c.cut_strata,
    coalesce(n.visits, 0) as unassignable_visits,
    case
        when coalesce(l.is_final, false) or coalesce(n.visits, 0) > 0 then 'escalate'
        when v.visits_planned > v.visits_funded or l.is_final is not null then 'defer'
        else 'none'
    end as shortfall_action
from county_visits as v
inner join unit as u on v.county = u.unit_code
left join people as p on v.county = p.county
left join cut as c on v.county = c.county
left join lasting as l on v.county = l.county
left join unmatched as n on v.county = n.county
order by plan_month, unit_code
