-- 差异化指数的清点：各月各检查主体和全市，各等级的企业户数与抽中户数；一户一月只计一次，补抽和作废批次不计（R-06、§4.7）。
-- 等级取抽取当月的快照；当月没有快照的，户数与抽中数都为空，不作零。
with draws as (
    select draw_month, uid from draw_history where not is_voided and draw_month < $month and draw_month >= $since
    union
    select $month as draw_month, uid from drawn where not $voided
),
asked as (
    select draw_month from draws
    union
    select $month as draw_month
),
months as (
    select a.draw_month, m.month_first, m.month_end
    from asked as a
    inner join month_day as m on a.draw_month = m.month
),
snapshots as (
    select snapshot_month, uscc as uid, credit_grade from accepted_grade_snapshot where is_current
),
with_snapshot as (
    select distinct snapshot_month from snapshots
),
graded as (
    -- 当月曾存续的企业。
    select m.draw_month, s.county, g.uid, g.credit_grade, d.uid is not null as is_drawn
    from months as m
    inner join snapshots as g on m.draw_month = g.snapshot_month
    inner join subject as s on g.uid = s.uid
    left join draws as d on m.draw_month = d.draw_month and g.uid = d.uid
    where
        s.subject_type = 'enterprise' and s.in_jurisdiction and s.established_on <= m.month_end
        and (s.is_live or s.status_changed_on >= m.month_first)
),
placed as (
    select draw_month, 'city' as "rollup", 'ALL' as rollup_key, credit_grade, is_drawn from graded
    union all
    select draw_month, 'unit' as "rollup", county as rollup_key, credit_grade, is_drawn from graded
),
counted as (
    select
        draw_month,
        "rollup",
        rollup_key,
        cast(count(*) filter (where credit_grade = 'A') as bigint) as n_a,
        cast(count(*) filter (where credit_grade = 'B') as bigint) as n_b,
        cast(count(*) filter (where credit_grade = 'C') as bigint) as n_c,
        cast(count(*) filter (where credit_grade = 'D') as bigint) as n_d,
        cast(count(*) filter (where credit_grade = 'A' and is_drawn) as bigint) as drawn_a,
        cast(count(*) filter (where credit_grade = 'B' and is_drawn) as bigint) as drawn_b,
        cast(count(*) filter (where credit_grade = 'C' and is_drawn) as bigint) as drawn_c,
        cast(count(*) filter (where credit_grade = 'D' and is_drawn) as bigint) as drawn_d
    from placed
    group by draw_month, "rollup", rollup_key
)
select
    k."rollup",
    k.rollup_key,
    k.key_name,
    m.draw_month as counted_period,
    w.snapshot_month is not null as has_snapshot,
    case when w.snapshot_month is not null then coalesce(c.n_a, 0) end as n_a,
    case when w.snapshot_month is not null then coalesce(c.n_b, 0) end as n_b,
    case when w.snapshot_month is not null then coalesce(c.n_c, 0) end as n_c,
    case when w.snapshot_month is not null then coalesce(c.n_d, 0) end as n_d,
    case when w.snapshot_month is not null then coalesce(c.drawn_a, 0) end as drawn_a,
    case when w.snapshot_month is not null then coalesce(c.drawn_b, 0) end as drawn_b,
    case when w.snapshot_month is not null then coalesce(c.drawn_c, 0) end as drawn_c,
    case when w.snapshot_month is not null then coalesce(c.drawn_d, 0) end as drawn_d
from months as m
cross join rollup_name as k
left join with_snapshot as w on m.draw_month = w.snapshot_month
left join counted as c on m.draw_month = c.draw_month and k."rollup" = c."rollup" and k.rollup_key = c.rollup_key
where k."rollup" in ('city', 'unit') and k.rollup_key <> 'NONE'
order by k."rollup", k.rollup_key, counted_period
