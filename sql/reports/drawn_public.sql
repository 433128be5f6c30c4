-- 对外公示的抽查对象名单：六列，按主体标识的 SHA-256 排序；不含等级、档次、名次与检查方式（R-38，DRAW §3.5）。
select
    plan_ids,
    ent_name,
    uid as uscc,
    case when $demonstration then '【演示】' || task_names else task_names end as tasks,
    cast(window_start as varchar) || '至' || cast(window_end as varchar) as "window",
    unit_name as unit
from drawn_subjects
order by sha256(uid), uscc
