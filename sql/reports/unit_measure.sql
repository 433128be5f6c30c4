-- 重点任务所用的系统指标：及时率、计划引用快照、结果回执、修复办结，分子分母俱列（R-18、R-23、R-29、R-36）。
with timely as (
    select
        'timeliness_rate' as measure,
        unit_code,
        cast(sum(on_time) as bigint) as numerator,
        cast(sum(denominator) as bigint) as denominator
    from timeliness_summary
    where clock = 'collect_7wd'
    group by unit_code
),
plan_rows as (
    select unit_code, snapshot_sha256 from sampling_plan
    union all
    select p.initiator as unit_code, s.snapshot_sha256
    from sampling_plan as s
    inner join policy_task as p on s.task_code = p.task
),
referenced as (
    select
        'plan_references_snapshot' as measure,
        unit_code,
        cast(count(*) filter (where snapshot_sha256 is not null) as bigint) as numerator,
        cast(count(*) as bigint) as denominator
    from plan_rows
    group by unit_code
),
returned as (
    -- 上月检查的结果，回执在本月到（回填对账，R-29）
    select
        'return_ack_rate' as measure,
        unit_code,
        ack_received as numerator,
        ack_expected as denominator
    from return_reconciliation
    where ack_expected > 0
),
repairs as (
    select s.unit_code, r.decided_on is not null as is_decided
    from accepted_repair as r
    inner join senders as s on r.delivery_id = s.delivery_id
    where r.is_current
),
repaired as (
    select
        'repair_decided_rate' as measure,
        unit_code,
        cast(count(*) filter (where is_decided) as bigint) as numerator,
        cast(count(*) as bigint) as denominator
    from repairs
    group by unit_code
),
together as (
    select * from timely
    union all
    select * from referenced
    union all
    select * from returned
    union all
    select * from repaired
)
select measure, unit_code, numerator, denominator
from together
order by measure, unit_code
