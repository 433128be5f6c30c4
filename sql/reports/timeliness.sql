-- 归集及时率（逐条）：每件记录在每个时钟下的起算日、截止日、到达日与状态；四个时钟各算各的（R-12、R-13、§4.5）。
with told as (
    -- 一个单位的某来源从未写过公示日期，就无从知道公示与否
    select source, unit_code, count(published_on) > 0 as tells_published
    from collected_record
    group by source, unit_code
),
running as (
    select
        c.clock,
        r.source,
        r.row_id,
        r.unit_code,
        r.unit_name,
        r.record_county,
        r.formed_on,
        d.due_on,
        coalesce(d.is_provisional, false) as due_provisional,
        case when r.is_collected then r.received_on end as received_on,
        r.received_on as seen_on,
        r.published_on,
        case
            when c.measured = 'received_on' and r.is_collected then r.received_on
            when c.measured = 'published_on' and r.published_on <= $as_of then r.published_on
        end as done_on,
        c.measured = 'published_on' and not t.tells_published as is_untold,
        case when r.is_collected then 'accepted' else 'quarantined' end as row_place,
        r.delivery_id,
        r.file_name,
        r.sheet,
        r.row_no
    from collected_record as r
    inner join clock_source as c on r.source = c.source
    inner join told as t on r.source = t.source and r.unit_code = t.unit_code
    left join due_day as d on c.clock = d.clock and r.formed_on = d.formed_on
    -- 未归集的行谈不上公示；已撤回的、依法不予公示的不要求公示
    where
        c.measured = 'received_on'
        or (r.is_collected and ((r.must_publish and not r.is_withdrawn) or r.published_on is not null))
),
together as (
    select * from running
    union all
    select
        clock,
        source,
        row_id,
        unit_code,
        unit_name,
        record_county,
        formed_on,
        due_on,
        false as due_provisional,
        received_on,
        received_on as seen_on,
        cast(null as date) as published_on,
        received_on as done_on,
        false as is_untold,
        case when received_on is null then 'missing' else 'accepted' end as row_place,
        delivery_id,
        file_name,
        cast(null as varchar) as sheet,
        cast(null as bigint) as row_no
    from periodic
),
judged as (
    select
        *,
        case
            when due_on is null or is_untold then 'undeterminable'
            when done_on <= due_on then 'on_time'
            when done_on is null and $as_of <= due_on then 'not_yet_due'
            when due_provisional then 'undeterminable'
            when done_on is null then 'overdue_open'
            else 'late'
        end as state
    from together
),
numbered as (
    select j.*, n.number as done_number, m.number as due_number
    from judged as j
    left join day_number as n on coalesce(j.done_on, $as_of) = n.day
    left join day_number as m on j.due_on = m.day
)
select
    clock,
    source,
    row_id,
    -- 以前月份到期、本月才办结或至今未办的，归入其到期月份，明细列出；未到期的列入本月
    case when state = 'not_yet_due' then $month else strftime(coalesce(due_on, seen_on), '%Y-%m') end as month,
    unit_code,
    unit_name,
    record_county,
    formed_on,
    due_on,
    due_provisional,
    received_on,
    published_on,
    state,
    -- 周末补办的也已逾期，至少计一个工作日
    case when state in ('late', 'overdue_open') then greatest(done_number - due_number, 1) end as delay_wd,
    row_place,
    delivery_id,
    file_name,
    sheet,
    row_no
from numbered
where
    due_on between $month_first and $month_last
    or state in ('not_yet_due', 'overdue_open')
    -- 办结和送达都知道了，才说得出是逾期办结
    or (state = 'late' and due_on < $month_first and greatest(done_on, seen_on) between $month_first and $month_last)
    or (due_on is null and seen_on between $month_first and $month_last)
order by clock, row_id
