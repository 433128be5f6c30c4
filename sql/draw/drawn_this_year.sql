-- 各档次中“本年度本任务已抽取”的户数：全查档次的本批户数由此推算（DRAW §4）。
select
    task,
    county,
    stratum,
    cast(count(*) as bigint) as drawn_this_year
from frame
where state = 'blocked' and reason = 'drawn_this_year'
group by task, county, stratum
order by task, county, stratum
