-- 检查对象名录：辖区内全部存续主体，一主体一行，专业领域只列抽查政策所管的（DRAW §2 population.csv）。
with listed as (
    select s.uid, array_to_string(list_sort(array_agg(s.field_code)), ';') as fields
    from subject_field as s
    inner join policy_field as p on s.field_code = p.field_code
    group by s.uid
)
select
    e.uid,
    e.county,
    e.subject_type as type,
    coalesce(f.fields, '') as fields
from enterprise_month as e
left join listed as f on e.uid = f.uid
where e.is_live and e.in_jurisdiction
order by e.uid
