-- frame 中违规的行：对象不在 population 的该任务范围内，或属地与 population 不一致（DRAW §2）。
-- scope：每个任务范围内的类型与专业领域组合。行数相等且无重复时，名录恰为范围内的全部主体。
with subject as (
    select
        uid,
        county,
        type,
        coalesce(fields, '') as fields
    from population
)
select
    f.task,
    f.uid,
    s.task is null as out_of_scope
from frame as f
left join subject as p on f.uid = p.uid
left join scope as s on f.task = s.task and p.type = s.type and p.fields = s.fields
where s.task is null or f.county is null or f.county <> p.county
order by f.task, f.uid
