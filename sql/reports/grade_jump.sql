-- 跳级名单：上月与本月都有等级、相差 $jump_levels 级以上的企业；与把关所计的是同一条界限（§4.8）。
with previous as (
    select uscc as uid, credit_grade
    from accepted_grade_snapshot
    where is_current and snapshot_month = $previous_month
),
moved as (
    select
        g.uid,
        p.credit_grade as from_grade,
        g.credit_grade as to_grade,
        -- 等级的次序只用来数相差几级。
        cast(strpos('ABCD', g.credit_grade) - strpos('ABCD', p.credit_grade) as bigint) as steps
    from grade_of_month as g
    inner join previous as p on g.uid = p.uid
)
select
    m.uid,
    s.party_name as ent_name,
    coalesce(s.county, 'NONE') as unit_code,
    coalesce(u.unit_name, '属地不明或辖区外') as unit_name,
    coalesce(i.division_name, '行业不明') as industry_name,
    m.from_grade,
    m.to_grade,
    m.steps
from moved as m
left join subject as s on m.uid = s.uid
left join unit as u on s.county = u.unit_code
left join ref_industry as i on substr(regexp_replace(s.industry_code, '^[A-Z]', ''), 1, 2) = i.division
where abs(m.steps) >= $jump_levels
order by m.steps desc, unit_code, m.uid
