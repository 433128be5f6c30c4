-- 名录清点：每个任务、属地范围内的存续主体各在哪种状态、为何；范围内户数另由检查对象总体独立清点（DRAW §2，issue：可抽＋受限＋豁免＝范围内户数）。
with in_types as (
    select t.task, t.has_wider_scope, t.has_fields, p.uid, p.county, p.fields
    from population as p
    inner join policy_scope_types as y on p.type = y.type
    inner join policy_task as t on y.task = t.task
),
in_scope as (
    select i.task, i.county, i.uid
    from in_types as i
    left join policy_scope_fields as f
        on i.task = f.task and contains(concat(';', i.fields, ';'), concat(';', f.field_code, ';'))
    where
        case
            when i.has_wider_scope then contains(concat(';', i.fields, ';'), concat(';scope.', i.task, ';'))
            else not i.has_fields or f.field_code is not null
        end
    group by i.task, i.county, i.uid
),
whole as (
    select task, county, cast(count(*) as bigint) as in_scope from in_scope group by task, county
),
tallied as (
    select task, county, state, reason, cast(count(*) as bigint) as subjects
    from frame
    group by task, county, state, reason
)
select
    coalesce(t.task, w.task) as task,
    coalesce(t.county, w.county) as county,
    coalesce(t.state, 'none') as state,
    coalesce(t.reason, '') as reason,
    coalesce(t.subjects, 0) as subjects,
    coalesce(w.in_scope, 0) as in_scope
from tallied as t
full outer join whole as w on t.task = w.task and t.county = w.county
order by task, county, state, reason
