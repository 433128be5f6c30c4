-- 各层计数：基数、可抽数、本年已抽（替补不计、作废批次计），供名额计算（DRAW §2 strata.csv）。
with counted as (
    select
        task,
        county,
        stratum,
        cast(count(*) filter (where state <> 'exempt') as bigint) as base,
        cast(count(*) filter (where state = 'eligible') as bigint) as eligible
    from frame
    group by task, county, stratum
),
drawn as (
    select task, county, stratum, cast(count(*) as bigint) as drawn_ytd
    from draw_history
    group by task, county, stratum
)
select
    c.task,
    c.county,
    c.stratum,
    c.base,
    c.eligible,
    coalesce(d.drawn_ytd, 0) as drawn_ytd,
    cast(0 as bigint) as served_e4
from counted as c
left join drawn as d on c.task = d.task and c.county = d.county and c.stratum = d.stratum
order by c.task, c.county, c.stratum
