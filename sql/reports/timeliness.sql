-- 归集及时率（逐条）：形成日、收到日、应归集日与状态；同一记录的更正不另计，移出另计（R-12、R-13、§4.5）。
with stream as (
    select 'licence' as source, licence_doc_no || '|' || authority || '|' || uscc as record_key, row_id, delivery_id, file_name, sheet, row_no, formed_on, received_at
    from accepted_licence
    union all
    select 'penalty' as source, decision_no || '|' || authority || '|' || uscc as record_key, row_id, delivery_id, file_name, sheet, row_no, formed_on, received_at
    from accepted_penalty
    union all
    select
        'abnormal_listing' as source,
        uscc || '|' || listing_reason || '|' || cast(listed_on as varchar) as record_key,
        row_id,
        delivery_id,
        file_name,
        sheet,
        row_no,
        formed_on,
        received_at
    from accepted_abnormal_listing
    union all
    select
        'serious_violation' as source,
        uscc || '|' || listing_reason || '|' || cast(listed_on as varchar) as record_key,
        row_id,
        delivery_id,
        file_name,
        sheet,
        row_no,
        formed_on,
        received_at
    from accepted_serious_violation
    union all
    select
        'inspection_result' as source,
        task_code || '|' || item_code || '|' || uscc || '|' || cast(inspected_on as varchar) as record_key,
        row_id,
        delivery_id,
        file_name,
        sheet,
        row_no,
        formed_on,
        received_at
    from accepted_inspection_result
),
first_received as (
    select *
    from stream
    qualify row_number() over (partition by source, record_key, formed_on order by received_at, delivery_id, row_id) = 1
),
clocked as (
    select
        f.source,
        f.row_id,
        f.delivery_id,
        f.file_name,
        f.sheet,
        f.row_no,
        s.unit_code,
        s.unit_name,
        f.formed_on,
        cast(f.received_at as date) as received_on,
        d.due_on,
        d.is_provisional,
        n.number as received_number,
        m.number as due_number
    from first_received as f
    inner join senders as s on f.delivery_id = s.delivery_id
    left join due_day as d on f.formed_on = d.formed_on
    left join day_number as n on cast(f.received_at as date) = n.day
    left join day_number as m on d.due_on = m.day
)
select
    source,
    row_id,
    -- 以前月份到期、本月才送达的，归入其到期月份，明细列出
    coalesce(strftime(due_on, '%Y-%m'), $month) as month,
    unit_code,
    unit_name,
    formed_on,
    due_on,
    coalesce(is_provisional, false) as due_provisional,
    received_on,
    case
        when due_on is null then 'undeterminable'
        when received_on <= due_on then 'on_time'
        when is_provisional then 'undeterminable'
        else 'late'
    end as state,
    -- 周末补送的也已逾期，至少计一个工作日
    case when received_on > due_on and not is_provisional then greatest(received_number - due_number, 1) end as delay_wd,
    delivery_id,
    file_name,
    sheet,
    row_no
from clocked
where
    due_on between $month_first and $month_last
    or ((due_on < $month_first or due_on is null) and received_on between $month_first and $month_last)
order by source, row_id
