-- 回填对账：按检查主体的回填状态、回执率（与通报同一个数）、自检查至到达平台的工作日（R-29、R-30）。
with outcomes as (
    select
        unit_code,
        inspected_on,
        return_state,
        -- 到达平台之日：平台接收之日；尚未接收的为回填之日。平台导出中已有而没有回执、不曾回填的，不知何日到达
        case when return_state = 'acknowledged' then acknowledged_on else returned_on end as reached_on
    from inspection_outcome
),
counted as (
    select
        unit_code,
        cast(count(*) as bigint) as results_known,
        cast(count(*) filter (where return_state = 'on_platform') as bigint) as count_on_platform,
        cast(count(*) filter (where return_state = 'to_return') as bigint) as count_to_return,
        cast(count(*) filter (where return_state = 'returned') as bigint) as count_returned,
        cast(count(*) filter (where return_state = 'acknowledged') as bigint) as count_acknowledged,
        cast(count(*) filter (where return_state = 'rejected') as bigint) as count_rejected,
        cast(count(*) filter (where return_state = 'overdue') as bigint) as count_overdue
    from outcomes
    where inspected_on >= $year_first or return_state in ('to_return', 'returned', 'rejected', 'overdue')
    group by unit_code
),
expected as (
    select unit_code, denominator as ack_expected, numerator as ack_received
    from bulletin_figure
    where bulletin_month = $month and figure = 'return_ack'
),
lags as (
    select
        o.unit_code,
        cast(count(*) as bigint) as lag_results,
        cast(percentile_disc(0.5) within group (order by r.number - i.number) as bigint) as lag_median_wd,
        cast(percentile_disc(0.95) within group (order by r.number - i.number) as bigint) as lag_p95_wd,
        cast(count(*) filter (where r.number - i.number > $return_days) as bigint) as lag_over
    from outcomes as o
    inner join day_number as r on o.reached_on = r.day
    inner join day_number as i on o.inspected_on = i.day
    where o.reached_on between $month_first and $month_last
    group by o.unit_code
),
strays as (
    select unit_code, cast(count(*) as bigint) as count_unknown_ack
    from return_issue
    where issue_kind = 'unknown_ack'
    group by unit_code
),
-- 县级单位都列；不在单位表中的代码照列，一件不少。
named as (
    select unit_code, unit_name, kind from unit
    union all
    select c.unit_code, c.unit_code as unit_name, 'unknown' as kind
    from counted as c
    left join unit as u on c.unit_code = u.unit_code
    where u.unit_code is null
    union all
    select '-' as unit_code, '（主体不在登记内）' as unit_name, 'none' as kind
)
select
    $month as month,
    u.unit_code,
    u.unit_name,
    coalesce(c.results_known, 0) as results_known,
    coalesce(c.count_on_platform, 0) as count_on_platform,
    coalesce(c.count_to_return, 0) as count_to_return,
    coalesce(c.count_returned, 0) as count_returned,
    coalesce(c.count_acknowledged, 0) as count_acknowledged,
    coalesce(c.count_rejected, 0) as count_rejected,
    coalesce(c.count_overdue, 0) as count_overdue,
    coalesce(s.count_unknown_ack, 0) as count_unknown_ack,
    coalesce(e.ack_expected, 0) as ack_expected,
    coalesce(e.ack_received, 0) as ack_received,
    case
        when e.ack_expected > 0
            then cast(cast(e.ack_received as decimal(18, 6)) / e.ack_expected as decimal(18, 6))
    end as ack_rate,
    coalesce(l.lag_results, 0) as lag_results,
    l.lag_median_wd,
    l.lag_p95_wd,
    coalesce(l.lag_over, 0) as lag_over
from named as u
left join counted as c on u.unit_code = c.unit_code
left join expected as e on u.unit_code = e.unit_code
left join lags as l on u.unit_code = l.unit_code
left join strays as s on u.unit_code = s.unit_code
where u.kind = 'county' or c.unit_code is not null or s.unit_code is not null
order by month, u.unit_code
