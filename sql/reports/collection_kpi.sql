-- 归集三项指标：全面性、及时性、准确性，来源 × 报送单位 × 月份，分子分母俱列；没有分母的为空，不作零或满分（R-18）。
with timely as (
    select
        source,
        unit_code,
        min(unit_name) as unit_name,
        cast(sum(on_time) as bigint) as on_time,
        cast(sum(denominator) as bigint) as denominator
    from timeliness_summary
    where clock = 'collect_7wd'
    group by source, unit_code
),
of_month as (
    -- 期限在本月届满的形成月份，与及时率同一口径
    select * from completeness where strftime(last_due_on, '%Y-%m') = $month and control_total is not null
),
whole as (
    select source, unit_code, formed_month from of_month where record_county = '-'
),
chosen as (
    -- 单位既报总数又报分县数的，以总数为准
    select c.*
    from of_month as c
    left join whole as w on c.source = w.source and c.unit_code = w.unit_code and c.formed_month = w.formed_month
    where w.source is null or c.record_county = '-'
),
complete as (
    select
        source,
        unit_code,
        min(unit_name) as unit_name,
        cast(sum(least(collected, control_total)) as bigint) as collected,
        cast(sum(control_total) as bigint) as control_total
    from chosen
    group by source, unit_code
),
accurate as (
    select source, unit_code, unit_name, delivered_rows - quarantined_rows as sound_rows, delivered_rows
    from accuracy
    where delivered_rows > 0
),
pairs as (
    select source, unit_code, unit_name from timely
    union all
    select source, unit_code, unit_name from complete
    union all
    select source, unit_code, unit_name from accuracy
),
listed as (
    select source, unit_code, min(unit_name) as unit_name from pairs group by source, unit_code
)
select
    $month as month,
    l.source,
    l.unit_code,
    l.unit_name,
    c.collected as complete_numerator,
    c.control_total as complete_denominator,
    case
        when c.control_total > 0 then cast(cast(c.collected as decimal(18, 6)) / c.control_total as decimal(18, 6))
    end as complete_rate,
    t.on_time as timely_numerator,
    t.denominator as timely_denominator,
    case when t.denominator > 0 then cast(cast(t.on_time as decimal(18, 6)) / t.denominator as decimal(18, 6)) end as timely_rate,
    a.sound_rows as accurate_numerator,
    a.delivered_rows as accurate_denominator,
    case
        when a.delivered_rows > 0 then cast(cast(a.sound_rows as decimal(18, 6)) / a.delivered_rows as decimal(18, 6))
    end as accurate_rate
from listed as l
left join complete as c on l.source = c.source and l.unit_code = c.unit_code
left join timely as t on l.source = t.source and l.unit_code = t.unit_code
left join accurate as a on l.source = a.source and l.unit_code = a.unit_code
order by month, l.source, l.unit_code
