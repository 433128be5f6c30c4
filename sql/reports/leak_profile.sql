-- 泄密度量的底数：名录内的主体按属地、当月等级、本月可抽与全年在抽的任务与档次归并计户（DOMAIN §0.4）；只有户数，内部使用。
with firms as (
    select distinct uid, county from frame
),
places as (
    select uid, task || ':' || stratum as place, state from frame
),
drawable as (
    select uid, array_to_string(list_sort(array_agg(place)), ';') as places
    from places
    where state = 'eligible'
    group by uid
),
counted as (
    select uid, array_to_string(list_sort(array_agg(place)), ';') as scope
    from places
    where state <> 'exempt'
    group by uid
)
select
    f.county,
    coalesce(e.credit_grade, 'U') as credit_grade,
    coalesce(d.places, '') as places,
    coalesce(c.scope, '') as scope,
    cast(count(*) as bigint) as firms
from firms as f
left join enterprise_month as e on f.uid = e.uid
left join drawable as d on f.uid = d.uid
left join counted as c on f.uid = c.uid
group by f.county, coalesce(e.credit_grade, 'U'), coalesce(d.places, ''), coalesce(c.scope, '')
order by f.county, credit_grade, places, scope
