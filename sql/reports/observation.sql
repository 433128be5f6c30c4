-- 观察期企业：本批名录中因观察期豁免的企业，按检查主体；其中等级不是A、B的或属重点领域的须清退（R-34）。
with observed as (
    select f.uid, f.county
    from frame as f
    where f.reason = 'observation_period'
    group by f.uid, f.county
),
key_member as (
    select s.uid
    from subject_field as s
    inner join policy_key_field as k on s.field_code = k.field_code
    group by s.uid
)
select
    o.county as unit_code,
    cast(count(*) as bigint) as observed,
    cast(count(*) filter (where e.credit_grade in ('A', 'B') and k.uid is null) as bigint) as in_order
from observed as o
inner join enterprise_month as e on o.uid = e.uid
left join key_member as k on o.uid = k.uid
group by o.county
order by unit_code
