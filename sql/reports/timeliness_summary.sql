-- 归集及时率汇总：来源 × 归集单位 × 月份，分子分母俱列；只汇总本月到期的；未到期、无法判定不进分母（R-18，§4.5）。
with counted as (
    select
        month,
        source,
        unit_code,
        min(unit_name) as unit_name,
        cast(count(*) as bigint) as records,
        cast(count(*) filter (where state = 'on_time') as bigint) as on_time,
        cast(count(*) filter (where state = 'late') as bigint) as late,
        cast(count(*) filter (where state = 'overdue_open') as bigint) as overdue_open,
        cast(count(*) filter (where state = 'not_yet_due') as bigint) as not_yet_due,
        cast(count(*) filter (where state = 'undeterminable') as bigint) as undeterminable
    from timeliness
    where month = $month
    group by month, source, unit_code
)
select
    month,
    source,
    unit_code,
    unit_name,
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
    undeterminable
from counted
order by month, source, unit_code
