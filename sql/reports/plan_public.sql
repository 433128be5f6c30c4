-- 对外公示的抽查计划：抽查计划按任务和检查主体合计，表头依公布的抽查计划；压减之后的户数，不分档（DOMAIN §2.2、§4.1，R-38）。
with summed as (
    select
        s.plan_id,
        s.unit_code,
        s.task_code,
        min(s.task_name) as task_name,
        min(s.draw_type) as draw_type,
        min(s.item_names) as item_names,
        min(s.object_scope) as object_scope,
        min(s.window_start) as window_start,
        min(s.window_end) as window_end,
        min(s.initiator) as initiator,
        min(s.unit_name) as unit,
        min(s.mode) as mode,
        sum(s.n_funded) as n_funded
    from sampling_plan as s
    group by s.plan_id, s.unit_code, s.task_code
)
select
    cast(row_number() over (order by s.plan_id, s.unit_code) as bigint) as row_no_public,
    case when $demonstration then '【演示】' || s.task_name else s.task_name end as task_name,
    s.draw_type,
    s.item_names,
    s.object_scope,
    cast(cast(s.n_funded as bigint) as varchar) || '户' as public_quantity,
    case when t.stratum_by = 'flat' then '不涉及' else '按国家和省有关规定实行差异化监管' end as public_supervision,
    cast(s.window_start as varchar) || '至' || cast(s.window_end as varchar) as "window",
    s.initiator,
    s.unit,
    s.mode,
    s.plan_id
from summed as s
inner join policy_task as t on s.task_code = t.task
order by s.plan_id, s.unit
