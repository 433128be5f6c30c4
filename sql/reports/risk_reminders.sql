-- 风险提醒名单：企业 × 事由 × 月份；各事由的有效依据合在一处，全部剔除的写明原因，办理情况取自各单位报回的佐证（R-05、R-33、R-36，§4.6）。
with ranked as (
    -- 有效的在先；日期和用时按最早发生的一条
    select
        *,
        row_number() over (
            partition by reminder_id, reason_code order by suppressed_reason is not null, event_on, row_id
        ) as place
    from reminder_item
),
cited as (
    select
        reminder_id,
        reason_code,
        array_to_string(list_sort(array_agg(row_id) filter (where suppressed_reason is null)), ';') as evidence_record_ids,
        array_to_string(list_sort(array_agg(row_id) filter (where suppressed_reason is not null)), ';') as suppressed_record_ids,
        cast(count(*) filter (where suppressed_reason is null) as bigint) as records,
        min(act_by) filter (where suppressed_reason is null) as act_by
    from reminder_item
    group by reminder_id, reason_code
),
reported as (
    select
        reference_no,
        min(evidenced_on) filter (where evidence_kind = 'reminder_sent') as sent_at,
        min(evidenced_on) filter (where evidence_kind = 'reminder_ack') as ack_at,
        min(evidenced_on) filter (where evidence_kind = 'reminder_disposal') as disposed_at
    from accepted_task_evidence
    where is_current and evidenced_on <= $as_of and evidence_kind in ('reminder_sent', 'reminder_ack', 'reminder_disposal')
    group by reference_no
),
disposals as (
    select reference_no, title as disposal
    from accepted_task_evidence
    where is_current and evidenced_on <= $as_of and evidence_kind = 'reminder_disposal'
    qualify row_number() over (partition by reference_no order by evidenced_on, evidence_no, row_id) = 1
),
joined as (
    select
        i.*,
        s.uscc,
        s.party_name,
        s.station,
        c.evidence_record_ids,
        c.suppressed_record_ids,
        c.records,
        c.act_by as first_act_by,
        r.channel,
        r.text_template_id,
        r.disposal_due_on,
        -- 不再提醒的没有办理情况
        case when i.suppressed_reason is null then p.sent_at end as sent_at,
        case when i.suppressed_reason is null then p.ack_at end as ack_at,
        case when i.suppressed_reason is null then p.disposed_at end as disposed_at,
        case when i.suppressed_reason is null then d.disposal end as disposal
    from ranked as i
    inner join cited as c on i.reminder_id = c.reminder_id and i.reason_code = c.reason_code
    inner join reminder_rule as r on i.month = r.month and i.reason_code = r.reason_code
    inner join subject as s on i.uid = s.uid
    left join reported as p on i.reminder_id = p.reference_no
    left join disposals as d on i.reminder_id = d.reference_no
    where i.place = 1
)
select
    j.month,
    j.reminder_id,
    j.reason_code,
    j.uid,
    j.uscc,
    j.party_name,
    j.unit_code,
    j.unit_name,
    j.station,
    case when j.evidence_record_ids <> '' then j.evidence_record_ids end as evidence_record_ids,
    case when j.suppressed_record_ids <> '' then j.suppressed_record_ids end as suppressed_record_ids,
    j.records,
    j.event_on,
    j.ingested_on,
    j.known_on,
    j.reminded_on,
    j.first_act_by as act_by,
    case
        when j.event_on <= j.ingested_on and j.reason_code in ('NEW_PENALTY', 'NEW_ABNORMAL', 'GRADE_DOWN')
            then i.number - e.number
    end as lag_event_to_ingested_wd,
    m.number - k.number as lag_ingested_to_reminder_wd,
    m.number - e.number as lag_event_to_reminder_wd,
    case when j.disposed_at >= j.reminded_on then d.number - m.number end as lag_reminder_to_disposal_wd,
    j.channel,
    j.text_template_id,
    j.sent_at,
    j.ack_at,
    j.disposal,
    j.disposed_at,
    j.disposal_due_on,
    j.suppressed_reason
from joined as j
left join day_number as e on j.event_on = e.day
left join day_number as i on j.ingested_on = i.day
left join day_number as k on j.known_on = k.day
left join day_number as m on j.reminded_on = m.day
left join day_number as d on j.disposed_at = d.day
order by j.reminder_id, j.reason_code
