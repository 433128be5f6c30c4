-- 平台回填：列入本月回填文件的检查结果，每个对象、事项一行；没有等级（R-29，§4.8）。
-- 作废批次的照常检查，不作为该批次的结果：不写计划编号（DRAW §3.4）。
with waiting as (
    select
        o.task_code,
        case when not o.of_voided_round then o.plan_id end as plan_id,
        o.uid as uscc,
        case when $demonstration then '【演示】' || o.ent_name else o.ent_name end as ent_name,
        o.item_code,
        o.inspected_on,
        o.unit_code,
        coalesce(u.unit_name, o.unit_code) as unit_name,
        replace(o.inspector_ids, '；', ';') as inspector_ids,
        o.mode,
        o.result_code,
        o.problem_desc,
        o.measures,
        o.next_action,
        true as publish_flag,
        o.publish_due_on,
        o.returned_on
    from inspection_outcome as o
    left join unit as u on o.unit_code = u.unit_code
    where o.return_state = 'to_return'
),
-- 更正重报的，写上次的回执。
earlier as (
    select task_code, item_code, uscc, inspected_on, ack_id, acknowledged_on
    from accepted_acknowledgement
    where is_current and acknowledged_on <= $as_of
    qualify row_number() over (
        partition by task_code, item_code, uscc, inspected_on order by acknowledged_on desc, ack_id desc
    ) = 1
)
select
    w.task_code,
    w.plan_id,
    w.uscc,
    w.ent_name,
    w.item_code,
    w.inspected_on,
    w.unit_code,
    w.unit_name,
    w.inspector_ids,
    w.mode,
    w.result_code,
    w.problem_desc,
    w.measures,
    w.next_action,
    w.publish_flag,
    w.publish_due_on,
    w.returned_on,
    e.ack_id,
    e.acknowledged_on,
    sha256(
        concat(
            w.task_code, chr(31), coalesce(w.plan_id, ''), chr(31), w.uscc, chr(31), w.ent_name, chr(31), w.item_code,
            chr(31), cast(w.inspected_on as varchar), chr(31), w.unit_code, chr(31), w.unit_name, chr(31),
            coalesce(w.inspector_ids, ''), chr(31), w.mode, chr(31), w.result_code, chr(31),
            coalesce(w.problem_desc, ''), chr(31), coalesce(w.measures, ''), chr(31), coalesce(w.next_action, ''),
            chr(31), cast(w.publish_flag as varchar), chr(31), coalesce(cast(w.publish_due_on as varchar), '')
        )
    ) as row_sha256
from waiting as w
left join earlier as e
    on w.task_code = e.task_code and w.item_code = e.item_code and w.uscc = e.uscc and w.inspected_on = e.inspected_on
order by w.task_code, w.item_code, w.uscc, w.inspected_on
