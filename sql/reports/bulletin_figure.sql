-- 通报所用的数：各月末已知的归集及时率、录入回执、按期公示、无线索上门，单位、期间、分子分母俱列；只计当月末及以前收到的（R-12、R-24、R-29、§4.7）。
with timed as (
    select
        r.unit_code,
        r.received_on,
        r.is_collected,
        d.due_on,
        d.is_provisional,
        strftime(d.due_on, '%Y-%m') as due_month
    from collected_record as r
    inner join clock_source as c on r.source = c.source
    inner join due_day as d on c.clock = d.clock and r.formed_on = d.formed_on
    where c.clock = 'collect_7wd'
),
timely as (
    select
        e.bulletin_month,
        'timeliness' as figure,
        t.unit_code,
        t.due_month as figure_month,
        cast(count(*) filter (where t.is_collected and t.received_on <= t.due_on) as bigint) as numerator,
        cast(count(*) as bigint) as denominator
    from timed as t
    inner join month_end as e
        on
            t.due_month in (e.bulletin_month, e.month_before)
            and t.due_month >= e.first_month
            and t.received_on <= e.known_until
    -- 期限未过的不计；期限只是暂定的，不判逾期
    where (t.is_collected and t.received_on <= t.due_on) or (t.due_on < e.known_until and not t.is_provisional)
    group by e.bulletin_month, t.unit_code, t.due_month
),
-- 公示日期、回执何时得知：不得用月末以后才收到的
told_published as (
    select task_code, item_code, uscc, inspected_on, min(cast(received_at as date)) as told_on
    from accepted_inspection_result
    where published_on is not null
    group by task_code, item_code, uscc, inspected_on
),
told_answered as (
    select task_code, item_code, uscc, inspected_on, min(cast(received_at as date)) as told_on
    from accepted_acknowledgement
    where ack_status = 'accepted'
    group by task_code, item_code, uscc, inspected_on
),
outcome as (
    select
        o.*,
        -- 平台没有写、由本系统公示的，公示当日即知
        case when o.published_on is not null then coalesce(p.told_on, o.published_on) end as published_told_on,
        -- 平台退回的没有了结；已有而没有接收的也没有
        case when o.return_state = 'acknowledged' then coalesce(a.told_on, o.acknowledged_on) end as answered_told_on,
        strftime(o.inspected_on, '%Y-%m') as inspected_month,
        -- 期限届满之日的次日起计，期限当日还不算逾期；在平台上而没有回填期限的，检查的次月起计
        cast(coalesce(o.ack_due_on + 1, date_trunc('month', o.inspected_on) + interval 1 month) as date) as ack_ripe_on,
        cast(o.publish_due_on + 1 as date) as publish_ripe_on
    from inspection_outcome as o
    left join told_published as p
        on
            o.task_code = p.task_code and o.item_code = p.item_code and o.uid = p.uscc
            and o.inspected_on = p.inspected_on
    left join told_answered as a
        on
            o.task_code = a.task_code and o.item_code = a.item_code and o.uid = a.uscc
            and o.inspected_on = a.inspected_on
    where not o.of_voided_round
),
-- 本月起计的都计；以前起计而上月末未了的也计，本月了结的计入分子：没有了结的，不因为本月的做得好而销号。
-- 在数据起始以前届满的不追溯。待回填、等回执未满期限（含暂定期限）的不计。
answered as (
    select
        e.bulletin_month,
        'return_ack' as figure,
        o.unit_code,
        e.bulletin_month as figure_month,
        cast(count(*) filter (where o.answered_told_on <= e.known_until) as bigint) as numerator,
        cast(count(*) as bigint) as denominator
    from outcome as o
    inner join month_end as e
        on
            greatest(o.ack_ripe_on, o.received_on) <= e.known_until
            and o.ack_ripe_on >= e.first_day
            and (
                greatest(o.ack_ripe_on, o.received_on) >= e.month_first
                or coalesce(o.answered_told_on >= e.month_first, true)
            )
    where o.return_state not in ('to_return', 'returned')
    group by e.bulletin_month, o.unit_code
),
published as (
    select
        e.bulletin_month,
        'publication' as figure,
        o.unit_code,
        e.bulletin_month as figure_month,
        cast(
            count(*) filter (
                where
                o.published_told_on <= e.known_until
                and (
                    o.published_on <= o.publish_due_on
                    or greatest(o.publish_ripe_on, o.received_on) < e.month_first
                )
            ) as bigint
        ) as numerator,
        cast(count(*) as bigint) as denominator
    from outcome as o
    inner join month_end as e
        on
            greatest(o.publish_ripe_on, o.received_on) <= e.known_until
            and o.publish_ripe_on >= e.first_day
            and (
                greatest(o.publish_ripe_on, o.received_on) >= e.month_first
                or coalesce(o.published_told_on >= e.month_first, true)
            )
    where not o.publish_due_provisional or o.published_on <= o.publish_due_on
    group by e.bulletin_month, o.unit_code
),
visited as (
    -- 抽查计划当月的等级；没有计划编号的，检查当月的等级
    select
        o.uid,
        o.unit_code,
        o.inspected_on,
        o.received_on,
        o.task_code,
        coalesce(nullif(regexp_extract(o.plan_id, '20[0-9][0-9]-[0-9][0-9]'), ''), o.inspected_month) as grade_month
    from outcome as o
    where o.mode = 'on_site'
),
low_risk as (
    select v.uid, v.unit_code, v.inspected_on, v.received_on, t.task is not null as is_set_by_law
    from visited as v
    inner join accepted_grade_snapshot as g on v.uid = g.uscc and v.grade_month = g.snapshot_month
    left join law_task as t on v.task_code = t.task
    where g.is_current and g.credit_grade = 'A'
),
with_trigger as (
    select distinct l.uid, l.inspected_on
    from low_risk as l
    inner join accepted_trigger as r on l.uid = r.uscc
    where r.is_current and r.received_on <= l.inspected_on and l.inspected_on < r.received_on + interval 12 month
),
judged as (
    select
        l.uid,
        l.unit_code,
        l.inspected_on,
        min(l.received_on) as received_on,
        bool_or(l.is_set_by_law) or bool_or(w.uid is not null) as is_allowed
    from low_risk as l
    left join with_trigger as w on l.uid = w.uid and l.inspected_on = w.inspected_on
    group by l.uid, l.unit_code, l.inspected_on
),
untriggered as (
    select
        e.bulletin_month,
        'untriggered_visit' as figure,
        j.unit_code,
        e.bulletin_month as figure_month,
        cast(count(*) filter (where not j.is_allowed) as bigint) as numerator,
        cast(count(*) as bigint) as denominator
    from judged as j
    inner join month_end as e
        on j.inspected_on between e.window_first and e.known_until and j.received_on <= e.known_until
    group by e.bulletin_month, j.unit_code
),
together as (
    select * from timely
    union all
    select * from answered
    union all
    select * from published
    union all
    select * from untriggered
)
select bulletin_month, figure, unit_code, figure_month, numerator, denominator
from together
order by bulletin_month, figure, unit_code, figure_month
