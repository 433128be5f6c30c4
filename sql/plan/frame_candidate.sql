-- 抽查对象候选：每个任务范围内的每个主体、其监管档次，以及各项豁免与限制的事实（§5.3、§5.4，R-24、R-34）。
with task_types as (
    select task, type from policy_scope_types
),
task_fields as (
    select task, field_code from policy_scope_fields
),
in_field as (
    select tf.task, sf.uid, max(sf.field_grade) as field_grade, bool_or(sf.is_key_unit) as is_key_unit
    from subject_field as sf
    inner join task_fields as tf on sf.field_code = tf.field_code
    group by tf.task, sf.uid
),
scoped as (
    select
        t.task,
        t.stratum_by,
        p.uid,
        p.county,
        f.field_grade,
        coalesce(f.is_key_unit, false) as is_key_unit
    from policy_task as t
    inner join task_types as y on t.task = y.task
    inner join population as p on y.type = p.type
    left join in_field as f on t.task = f.task and p.uid = f.uid
    where not t.has_fields or f.uid is not null
),
graded as (
    select s.*, e.credit_grade, e.is_new_form, e.established_on
    from scoped as s
    inner join enterprise_month as e on s.uid = e.uid
),
levelled as (
    select
        g.*,
        case g.stratum_by
            when 'credit_grade' then coalesce(g.credit_grade, 'U')
            when 'key_unit' then case when g.is_key_unit then 'KEY' else 'NONKEY' end
            else m.stratum
        end as stratum
    from graded as g
    left join policy_matrix as m
        on coalesce(g.credit_grade, 'U') = m.credit_grade and coalesce(g.field_grade, 'U') = m.field_grade
),
visits as (
    select uid, cast(count(distinct visited_on) as bigint) as visits_this_year
    from visit
    where year(visited_on) = $year
    group by uid
),
task_visits as (
    select
        uid,
        task,
        max(month_number) as last_month_number,
        cast(count(*) filter (where year(visited_on) = $year) as bigint) as visits_this_year
    from visit
    group by uid, task
),
drawn as (
    select task, uid from draw_history group by task, uid
)
select
    l.task,
    l.uid,
    l.county,
    l.stratum,
    t.has_observation and l.is_new_form and l.established_on > $observed_since
    and coalesce(o.credit_grade is not null, false) as in_observation,
    coalesce($month_number < w.last_month_number + p.gap_months, false) as within_gap,
    coalesce(v.visits_this_year >= c.visits, false)
    or coalesce(p.on_site and w.visits_this_year >= p.yearly_cap, false) as over_cap,
    d.uid is not null as drawn_this_year
from levelled as l
inner join policy_task as t on l.task = t.task
inner join policy_level as p on l.task = p.task and l.stratum = p.stratum
inner join policy_cap as c on coalesce(l.credit_grade, 'U') = c.credit_grade
left join policy_observed as o on l.credit_grade = o.credit_grade
left join visits as v on l.uid = v.uid
left join task_visits as w on l.uid = w.uid and l.task = w.task
left join drawn as d on l.task = d.task and l.uid = d.uid
order by l.task, l.uid
