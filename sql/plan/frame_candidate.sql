-- 抽查对象候选：每个任务范围内的每个主体、其监管档次，以及各项豁免与限制的事实（§5.3、§5.4，R-24、R-34）。
with task_types as (
    select task, type from policy_scope_types
),
task_fields as (
    select task, field_code from policy_scope_fields
),
-- 专业领域等级各有写法（如医疗器械一至四级），先对到 A 至 D（reference/field_grades.csv）。
in_field as (
    select tf.task, sf.uid, max(coalesce(g.letter, sf.field_grade)) as field_grade, bool_or(sf.is_key_unit) as is_key_unit
    from subject_field as sf
    inner join task_fields as tf on sf.field_code = tf.field_code
    left join ref_field_grades as g on sf.field_code = g.field_code and sf.field_grade = g.field_grade
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
    left join task_scope as w on t.task = w.task and p.uid = w.uid
    where case when t.has_wider_scope then w.uid is not null else not t.has_fields or f.uid is not null end
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
            when 'flat' then 'FLAT'
            else m.stratum
        end as stratum
    from graded as g
    left join policy_matrix as m
        on coalesce(g.credit_grade, 'U') = m.credit_grade and coalesce(g.field_grade, 'U') = m.field_grade
),
drawn as (
    select
        task,
        uid,
        bool_or(substr(draw_month, 1, 4) = $year_text) as this_year,
        bool_or(is_voided and draw_month = $month) as voided
    from draw_history
    group by task, uid
),
-- 抽到而尚无检查记录的，按抽取月份算作一次检查：否则次月会再抽到同一户，间隔和上限都守不住（ADR 0021）。
awaited as (
    select
        h.task,
        h.uid,
        h.draw_month,
        s.task is not null as on_site,
        cast(substr(h.draw_month, 1, 4) as bigint) * 12 + cast(substr(h.draw_month, 6, 2) as bigint) as month_number
    from draw_history as h
    left join policy_on_site as s on h.task = s.task and h.stratum = s.stratum
),
followed as (
    select
        a.task,
        a.uid,
        a.draw_month,
        a.on_site,
        a.month_number,
        cast(count(v.uid) as bigint) > 0 as is_made
    from awaited as a
    left join visit as v on a.uid = v.uid and a.task = v.task and a.month_number <= v.month_number
    group by a.task, a.uid, a.draw_month, a.on_site, a.month_number
),
-- 同一批次抽到的几个任务是一次到场：其中一个已有检查记录，其余的不另算一次。
visited_rounds as (
    select uid, draw_month, bool_or(is_made) as is_made from followed where on_site group by uid, draw_month
),
occasions as (
    select uid, task, cast(visited_on as varchar) as occasion, cast(year(visited_on) as bigint) as year_number
    from visit
    union all
    select
        f.uid,
        f.task,
        concat('draw ', f.draw_month) as occasion,
        cast(substr(f.draw_month, 1, 4) as bigint) as year_number
    from followed as f
    inner join visited_rounds as r on f.uid = r.uid and f.draw_month = r.draw_month
    where f.on_site and not r.is_made
),
-- 触发检查不计入上限：其结果以触发类型为任务编号报送（§5.4）。
visits as (
    select uid, cast(count(distinct occasion) as bigint) as visits_this_year
    from occasions
    where year_number = $year and task not in ('TS', 'DSJ', 'ZBJB', 'FLFG', 'FC', 'XK', 'CJ', 'FCZG')
    group by uid
),
task_visits as (
    select uid, task, cast(count(distinct occasion) as bigint) as visits_this_year
    from occasions
    where year_number = $year
    group by uid, task
),
-- 间隔按任务计：最近一次到场的月份，或者抽到而尚无记录的月份；非现场核查没有到场记录，按抽取月份计。
checks as (
    select uid, task, month_number from visit
    union all
    select uid, task, month_number from followed where not is_made
),
latest as (
    select uid, task, max(month_number) as last_month_number from checks group by uid, task
),
-- 重点领域的企业不得适用观察期，不论检查的是不是该领域（R-34，§5.4）。
key_firms as (
    select f.uid
    from subject_field as f
    inner join policy_key_field as k on f.field_code = k.field_code
    group by f.uid
),
listed as (
    select l.uscc as uid, t.task
    from accepted_white_list as l
    inner join policy_task as t
        on l.tasks is null or contains(concat(';', l.tasks, ';'), concat(';', t.task, ';'))
    where l.is_current and l.listed_on <= $as_of and l.expires_on >= $as_of and t.has_white_list
    group by l.uscc, t.task
)
select
    l.task,
    l.uid,
    l.county,
    l.stratum,
    t.has_observation and l.is_new_form and l.established_on > $observed_since
    and coalesce(o.credit_grade is not null, false) and q.uid is null as in_observation,
    k.uid is not null as on_white_list,
    coalesce($month_number < g.last_month_number + p.gap_months, false) as within_gap,
    -- 法律法规规定频次的任务只受自己的上限约束；非现场核查不上门，不受上限约束。
    p.on_site and (
        (not t.set_by_law and coalesce(v.visits_this_year >= c.visits, false))
        or coalesce(w.visits_this_year >= p.yearly_cap, false)
    ) as over_cap,
    coalesce(d.this_year, false) as drawn_this_year,
    coalesce(d.voided, false) as drawn_in_voided
from levelled as l
inner join policy_task as t on l.task = t.task
inner join policy_level as p on l.task = p.task and l.stratum = p.stratum
inner join policy_cap as c on coalesce(l.credit_grade, 'U') = c.credit_grade
left join policy_observed as o on l.credit_grade = o.credit_grade
left join visits as v on l.uid = v.uid
left join task_visits as w on l.uid = w.uid and l.task = w.task
left join latest as g on l.uid = g.uid and l.task = g.task
left join key_firms as q on l.uid = q.uid
left join drawn as d on l.task = d.task and l.uid = d.uid
left join listed as k on l.task = k.task and l.uid = k.uid
order by l.task, l.uid
