-- 归集及时率汇总：时钟 × 来源 × 报送单位 × 属地 × 月份，分子分母俱列；只汇总本月到期的；未到期、无法判定不进分母（R-18，§4.5）。
with counted as (
    select
        clock,
        source,
        unit_code,
        min(unit_name) as unit_name,
        record_county,
        cast(count(*) filter (where month = $month) as bigint) as records,
        cast(count(*) filter (where month = $month and state = 'on_time') as bigint) as on_time,
        cast(count(*) filter (where month = $month and state = 'late') as bigint) as late,
        cast(count(*) filter (where month = $month and state = 'overdue_open') as bigint) as overdue_open,
        cast(count(*) filter (where month = $month and state = 'not_yet_due') as bigint) as not_yet_due,
        cast(count(*) filter (where month = $month and state = 'undeterminable') as bigint) as undeterminable,
        cast(count(*) filter (where month < $month and state = 'overdue_open') as bigint) as overdue_before
    from timeliness
    where month = $month or state = 'overdue_open'
    group by clock, source, unit_code, record_county
)
select
    $month as month,
    clock,
    source,
    unit_code,
    unit_name,
    record_county,
    records,
    on_time,
    late,
    overdue_open,
    on_time + late + overdue_open as denominator,
    case
        when on_time + late + overdue_open > 0
            then cast(cast(on_time as decimal(18, 6)) / (on_time + late + overdue_open) as decimal(18, 6))
    end as rate,
    not_yet_due,
    undeterminable,
    overdue_before
from counted
where records > 0 or overdue_before > 0
order by month, clock, source, unit_code, record_county
