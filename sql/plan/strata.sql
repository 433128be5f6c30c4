-- 各层计数：基数、可抽数、本年已抽（替补不计、作废批次计），及本月作废批次已抵的目标，供名额计算（DRAW §2 strata.csv）。
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
    where substr(draw_month, 1, 4) = $year_text
    group by task, county, stratum
),
served as (
    select task, county, stratum, cast(sum(target_e4) as bigint) as served_e4
    from voided_due
    group by task, county, stratum
)
select
    c.task,
    c.county,
    c.stratum,
    c.base,
    c.eligible,
    coalesce(d.drawn_ytd, 0) as drawn_ytd,
    coalesce(s.served_e4, 0) as served_e4
from counted as c
left join drawn as d on c.task = d.task and c.county = d.county and c.stratum = d.stratum
left join served as s on c.task = s.task and c.county = s.county and c.stratum = s.stratum
order by c.task, c.county, c.stratum
