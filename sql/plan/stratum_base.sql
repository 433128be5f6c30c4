-- 各层基数：豁免者（观察期、白名单）不计入，其余（可抽与受限）计入（DRAW §1 state）。
select
    task,
    county,
    stratum,
    cast(count(*) filter (where not in_observation and not on_white_list) as bigint) as base
from frame_candidate
group by task, county, stratum
order by task, county, stratum
