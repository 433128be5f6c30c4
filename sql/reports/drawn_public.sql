-- 对外公示的抽查对象名单：七列，按主体标识的 SHA-256 排序；备注写明补抽与替代；不含等级、档次、名次与检查方式（R-38，DRAW §3.5）。
select
    plan_ids,
    ent_name,
    uid as uscc,
    case when $demonstration then '【演示】' || task_names else task_names end as tasks,
    cast(window_start as varchar) || '至' || cast(window_end as varchar) as "window",
    unit_name as unit,
    case
        -- 整户被替换的照列其任务，部分被替换的不再列：首个任务是否已替换，即是否整户。
        when split_part(plan_ids, ';', 1) = round_id || '-' || split_part(replaced_by, ':', 1)
            then case
                when replace(replaced_by, ':候补已用尽', '') like '%:%' then '已由补抽替代'
                else '已退出'
            end
        when replaced_by is not null and reserve_ranks is not null then '部分任务补抽；部分任务已替换'
        when replaced_by is not null then '部分任务已替换'
        when length(reserve_ranks) - length(replace(reserve_ranks, ';', ''))
            < length(plan_ids) - length(replace(plan_ids, ';', '')) then '部分任务补抽'
        when reserve_ranks is not null then '补抽'
    end as public_note
from drawn_subjects
order by sha256(uid), uscc
