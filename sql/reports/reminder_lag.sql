-- 早发现早提醒早处置用时：发生至归集、归集至提醒、提醒至处置的中位数与第 95 百分位，全市和各单位，法定工作日（R-05）。
-- 前两段按本月名单，处置按本月和跟踪的前几个月名单；不再提醒的不计。百分位为最近秩。
with counting as (
    select * from risk_reminders where suppressed_reason is null
),
lags as (
    select unit_code, unit_name, 'event_to_ingested' as lag_kind, lag_event_to_ingested_wd as lag_wd, false as is_pending
    from counting
    where month = $month and lag_event_to_ingested_wd is not null
    union all
    select unit_code, unit_name, 'ingested_to_reminder' as lag_kind, lag_ingested_to_reminder_wd as lag_wd, false as is_pending
    from counting
    where month = $month and lag_ingested_to_reminder_wd is not null
    union all
    select
        unit_code,
        unit_name,
        'reminder_to_disposal' as lag_kind,
        lag_reminder_to_disposal_wd as lag_wd,
        disposed_at is null as is_pending
    from counting
    where lag_reminder_to_disposal_wd is not null or disposed_at is null
),
both_levels as (
    select unit_code, unit_name, lag_kind, lag_wd, is_pending from lags
    union all
    select 'CITY' as unit_code, '全市' as unit_name, lag_kind, lag_wd, is_pending from lags
),
tallied as (
    select
        unit_code,
        unit_name,
        lag_kind,
        cast(count(lag_wd) as bigint) as records,
        cast(count(*) filter (where is_pending) as bigint) as pending
    from both_levels
    group by unit_code, unit_name, lag_kind
),
ranked as (
    select
        unit_code,
        lag_kind,
        lag_wd,
        row_number() over (partition by unit_code, lag_kind order by lag_wd) as place
    from both_levels
    where lag_wd is not null
),
picked as (
    select
        t.unit_code,
        t.lag_kind,
        max(case when r.place = (t.records + 1) // 2 then r.lag_wd end) as median_wd,
        max(case when r.place = (t.records * 95 + 99) // 100 then r.lag_wd end) as p95_wd
    from tallied as t
    inner join ranked as r on t.unit_code = r.unit_code and t.lag_kind = r.lag_kind
    group by t.unit_code, t.lag_kind
)
select
    $month as month,
    t.unit_code,
    t.unit_name,
    t.lag_kind,
    t.records,
    t.pending,
    p.median_wd,
    p.p95_wd
from tallied as t
left join picked as p on t.unit_code = p.unit_code and t.lag_kind = p.lag_kind
order by t.unit_code, t.lag_kind
