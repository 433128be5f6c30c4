-- population 中出现的属地、类型、专业领域的每一种组合及户数：逐种对照 policy.json 的封闭清单（DRAW §2）。
select
    coalesce(county, '') as county,
    coalesce(type, '') as type,
    coalesce(fields, '') as fields,
    cast(count(*) as bigint) as n
from population
group by county, type, fields
order by county, type, fields
