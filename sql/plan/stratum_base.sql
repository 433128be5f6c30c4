-- 各层基数：豁免者不计入，其余（可抽与受限）计入（DRAW §1 state）。
select
    task,
    county,
    stratum,
    cast(count(*) filter (where not in_observation) as bigint) as base
from frame_candidate
group by task, county, stratum
order by task, county, stratum
