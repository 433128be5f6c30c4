-- 临期提醒：截至日之后两个工作日内到期的，按单位：隔离未更正的、尚未公示的、未送达的，以及与台账的差额（通知五）。
with records as (
    select
        clock,
        row_id,
        source,
        unit_code,
        unit_name,
        record_county,
        case row_place when 'quarantined' then 'uncorrected' when 'missing' then 'undelivered' else 'unpublished' end as item,
        formed_on,
        strftime(formed_on, '%Y-%m') as formed_month,
        due_on,
        due_provisional,
        cast(1 as bigint) as records,
        delivery_id,
        file_name,
        sheet,
        row_no
    from timeliness
    where state = 'not_yet_due' and due_on <= $horizon
),
shortfalls as (
    -- 缺的是哪一条并不知道：该月最早一批的期限已近或已过、最后一批尚未到期的，都提醒
    select
        'collect_7wd' as clock,
        'control:' || source || ':' || unit_code || ':' || record_county || ':' || formed_month as row_id,
        source,
        unit_code,
        unit_name,
        record_county,
        'shortfall' as item,
        cast(null as date) as formed_on,
        formed_month,
        last_due_on as due_on,
        false as due_provisional,
        missing_estimated as records,
        cast(null as varchar) as delivery_id,
        cast(null as varchar) as file_name,
        cast(null as varchar) as sheet,
        cast(null as bigint) as row_no
    from completeness
    where missing_estimated > 0 and not is_settled and first_due_on <= $horizon
),
together as (
    select * from records
    union all
    select * from shortfalls
)
select
    t.clock,
    t.row_id,
    t.unit_code,
    t.unit_name,
    t.source,
    t.record_county,
    t.item,
    t.formed_on,
    t.formed_month,
    t.due_on,
    t.due_provisional,
    n.number - a.number as days_left,
    t.records,
    t.delivery_id,
    t.file_name,
    t.sheet,
    t.row_no
from together as t
left join day_number as n on t.due_on = n.day
inner join day_number as a on a.day = $as_of
order by t.clock, t.row_id
