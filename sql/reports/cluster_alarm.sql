-- 聚集预警的清点：县（市、区）× 行业大类，有等级的企业中的 C、D 类，存续企业中有有效处罚记录的（R-35）。
with firms as (
    select
        e.county as unit_code,
        coalesce(i.division, 'NONE') as industry_division,
        coalesce(i.division_name, '行业不明') as industry_name,
        e.credit_grade,
        e.penalties
    from enterprise_month as e
    inner join subject as s on e.uid = s.uid
    left join ref_industry as i on substr(regexp_replace(s.industry_code, '^[A-Z]', ''), 1, 2) = i.division
    where e.is_live and e.in_jurisdiction and e.subject_type = 'enterprise'
),
measured as (
    select 'cd_share' as cluster_measure, unit_code, industry_division, industry_name, credit_grade in ('C', 'D') as is_hit
    from firms
    where credit_grade is not null
    union all
    select 'penalty_rate' as cluster_measure, unit_code, industry_division, industry_name, penalties > 0 as is_hit
    from firms
)
select
    m.cluster_measure,
    m.unit_code,
    m.industry_division,
    u.unit_name,
    m.industry_name,
    cast(count(*) as bigint) as n,
    cast(count(*) filter (where m.is_hit) as bigint) as n_hit
from measured as m
inner join unit as u on m.unit_code = u.unit_code
group by m.cluster_measure, m.unit_code, m.industry_division, u.unit_name, m.industry_name
order by m.cluster_measure, m.unit_code, m.industry_division
