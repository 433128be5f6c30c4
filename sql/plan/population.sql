-- 检查对象名录：辖区内全部存续主体，一主体一行，专业领域只列抽查政策所管的；范围另有限定的任务，范围内者列 scope.<任务>（DRAW §2 population.csv）。
with belonging as (
    select s.uid, s.field_code
    from subject_field as s
    inner join policy_field as p on s.field_code = p.field_code
    union all
    select t.uid, concat('scope.', t.task) as field_code
    from task_scope as t
),
listed as (
    select uid, array_to_string(list_sort(array_agg(field_code)), ';') as fields
    from belonging
    group by uid
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
