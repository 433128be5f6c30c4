-- 触发检查对象在 population 中的属地：同一对象只有一个属地（DRAW §1）。
with triggered as (
    select distinct uid
    from triggers
)
select
    p.uid,
    p.county
from population as p
inner join triggered as t on p.uid = t.uid
order by p.uid
