-- population.csv：辖区内全部存续主体，按 uid 排序（DRAW §2）。
select
    uid,
    county,
    type,
    coalesce(fields, '') as fields
from population
order by uid
