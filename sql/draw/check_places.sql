-- frame 中出现的任务、属地、档次、状态、原因的每一种组合及户数：逐种对照封闭清单，并清点各档次（DRAW §2）。
select
    coalesce(task, '') as task,
    coalesce(county, '') as county,
    coalesce(stratum, '') as stratum,
    coalesce(state, '') as state,
    coalesce(reason, '') as reason,
    cast(count(*) as bigint) as n
from frame
group by task, county, stratum, state, reason
order by task, county, stratum, state, reason
