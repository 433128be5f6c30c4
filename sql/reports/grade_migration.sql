-- 等级迁移：上月快照 → 本月快照，全市、检查主体、行业门类、专业领域各一张矩阵；上月没有快照则无行（§4.8）。
-- 行合计等于上月户数、列合计等于本月户数：A 至 D 以快照为准；未分类是月末存续而快照没有的企业；属地、行业按本月登记。
with previous as (
    select uscc as uid, credit_grade
    from accepted_grade_snapshot
    where is_current and snapshot_month = $previous_month
),
registered as (
    select
        uid,
        county,
        substr(regexp_replace(industry_code, '^[A-Z]', ''), 1, 2) as division,
        subject_type = 'enterprise' and in_jurisdiction and is_live as stands,
        subject_type = 'enterprise' and in_jurisdiction and established_on <= $previous_end
        and (is_live or status_changed_on > $previous_end) as stood
    from subject
),
everyone as (
    select uid from previous
    union
    select uid from grade_of_month
    union
    select uid from registered where stands or stood
),
moved as (
    select
        e.uid,
        coalesce(r.county, 'NONE') as county,
        coalesce(i.section, 'NONE') as section,
        coalesce(p.credit_grade, case when r.stood then 'U' else 'entered' end) as from_grade,
        coalesce(g.credit_grade, case when r.stands then 'U' else 'left' end) as to_grade
    from everyone as e
    left join registered as r on e.uid = r.uid
    left join ref_industry as i on r.division = i.division
    left join previous as p on e.uid = p.uid
    left join grade_of_month as g on e.uid = g.uid
    where exists (select 1 from previous)
),
placed as (
    select 'city' as "rollup", 'ALL' as rollup_key, from_grade, to_grade from moved
    union all
    select 'unit' as "rollup", county as rollup_key, from_grade, to_grade from moved
    union all
    select 'industry' as "rollup", section as rollup_key, from_grade, to_grade from moved
    union all
    select 'field' as "rollup", f.field_code as rollup_key, m.from_grade, m.to_grade
    from moved as m
    inner join subject_field as f on m.uid = f.uid
),
cells as (
    select "rollup", rollup_key, from_grade, to_grade, cast(count(*) as bigint) as n
    from placed
    group by "rollup", rollup_key, from_grade, to_grade
),
totals as (
    select "rollup", rollup_key, from_grade, cast(sum(n) as bigint) as total
    from cells
    group by "rollup", rollup_key, from_grade
)
select
    $month as month,
    $previous_month as previous_month,
    c."rollup",
    c.rollup_key,
    k.key_name,
    c.from_grade,
    c.to_grade,
    c.n,
    cast(cast(c.n as decimal(18, 6)) / t.total as decimal(18, 6)) as share
from cells as c
inner join totals as t on c."rollup" = t."rollup" and c.rollup_key = t.rollup_key and c.from_grade = t.from_grade
inner join rollup_name as k on c."rollup" = k."rollup" and c.rollup_key = k.rollup_key
order by c."rollup", c.rollup_key, c.from_grade, c.to_grade
