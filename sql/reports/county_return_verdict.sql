-- 回填采用情况：县级送回的每一行是否采用，不采用的逐行说明；一行也不丢（R-29，R-18）。
-- 同一单位把同一行送回多次的，看最后一次填了结果的；后来送回的空白行不抵消已填的结果，撤回的才抵消。
with sent as (
    select r.*, s.unit_code as sent_by
    from accepted_county_return as r
    inner join senders as s on r.delivery_id = s.delivery_id
),
withdrawn as (
    select plan_id, item_code, uscc, sent_by, max(version_no) as last_version
    from sent
    where is_withdrawn
    group by plan_id, item_code, uscc, sent_by
),
kept as (
    select s.*, s.inspected_on is null as is_blank
    from sent as s
    left join withdrawn as w
        on s.plan_id = w.plan_id and s.item_code = w.item_code and s.uscc = w.uscc and s.sent_by = w.sent_by
    where not s.is_withdrawn and s.version_no > coalesce(w.last_version, 0)
),
standing as (
    select *
    from kept
    qualify row_number() over (
        partition by plan_id, item_code, uscc, sent_by order by is_blank, version_no desc, row_id
    ) = 1
),
told as (
    select round_id, task, uid, min(county) as county
    from known_draw
    group by round_id, task, uid
),
known_round as (
    select distinct round_id || '-' || task as plan_id from known_draw
),
returned as (
    select
        r.row_id,
        r.delivery_id,
        r.file_name,
        r.sheet,
        r.row_no,
        cast(r.received_at as date) as received_on,
        r.sent_by,
        r.plan_id,
        r.task_code,
        r.item_code,
        r.uscc,
        r.unit_code,
        r.inspected_on,
        d.county as drawn_unit,
        u.unit_name as drawn_unit_name,
        k.plan_id is not null as is_known_plan,
        i.item_code is not null as is_item_of_task
    from standing as r
    left join known_round as k on r.plan_id = k.plan_id
    left join told as d
        on r.plan_id = d.round_id || '-' || d.task and r.task_code = d.task and r.uscc = d.uid
    left join unit as u on d.county = u.unit_code
    left join known_item as i on r.plan_id = i.plan_id and r.item_code = i.item_code
),
judged as (
    select
        *,
        case
            when not is_known_plan
                then '没有编号为 ' || plan_id || ' 的抽查计划：请照录入表原样保留预填的编号。'
            when not ends_with(plan_id, '-' || task_code)
                then '抽查任务编号与计划编号 ' || plan_id || ' 不符：请照录入表原样保留预填的编号。'
            when drawn_unit is null
                then '计划 ' || plan_id || ' 没有抽中这一户：抄错代码的请照录入表改正，只有线索的户次录入在触发检查那一行。'
            when drawn_unit <> sent_by
                then '这一户由' || coalesce(drawn_unit_name, drawn_unit) || '检查，不属本单位：请从录入表中删去本行。'
            when unit_code <> drawn_unit
                then '检查主体应为 ' || drawn_unit || '：请照录入表原样保留预填的代码。'
            when not is_item_of_task
                then '抽查事项 ' || item_code || ' 不在该任务中：请照录入表原样保留预填的编号。'
        end as fault
    from returned
)
select
    row_id,
    delivery_id,
    file_name,
    sheet,
    row_no,
    received_on,
    sent_by,
    plan_id,
    task_code,
    item_code,
    uscc,
    unit_code,
    drawn_unit,
    case
        when fault is not null then 'set_aside'
        when inspected_on is null then 'blank'
        else 'taken'
    end as return_verdict,
    fault as return_reason
from judged
order by row_id
