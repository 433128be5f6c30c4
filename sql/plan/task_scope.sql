-- 任务的进一步范围：除主体类型外还按专业领域、行业、许可、属地限定的任务，其范围内的存续主体（DRAW §2 scope，R-03）。
with task as (
    select task, has_fields, has_industries, has_licences, has_counties
    from policy_task
    where has_wider_scope
),
live as (
    select
        e.uid,
        e.county,
        coalesce(regexp_replace(s.industry_code, '^[A-Z]', ''), '') as industry_code
    from enterprise_month as e
    inner join subject as s on e.uid = s.uid
    where e.is_live and e.in_jurisdiction
),
in_field as (
    select p.task, f.uid
    from subject_field as f
    inner join policy_scope_fields as p on f.field_code = p.field_code
    group by p.task, f.uid
),
in_industry as (
    select p.task, l.uid
    from live as l
    inner join policy_scope_industries as p on l.industry_code like concat(p.industry, '%')
    group by p.task, l.uid
),
in_licence as (
    select p.task, c.uid
    from subject_licence as c
    inner join policy_scope_licences as p on contains(c.licence_words, p.licence)
    group by p.task, c.uid
)
select t.task, l.uid
from task as t
cross join live as l
left join in_field as f on t.task = f.task and l.uid = f.uid
left join in_industry as i on t.task = i.task and l.uid = i.uid
left join in_licence as c on t.task = c.task and l.uid = c.uid
left join policy_scope_counties as k on t.task = k.task and l.county = k.county
where
    (not t.has_fields or f.uid is not null) and (not t.has_industries or i.uid is not null)
    and (not t.has_licences or c.uid is not null) and (not t.has_counties or k.county is not null)
order by t.task, l.uid
