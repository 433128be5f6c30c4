-- 检查结果台账：平台导出与县级送回合并，同一结果以平台为准；公示与回填的期限和状态（R-29、R-29b、R-30，§4.8）。
-- file_day：每个已办结月份（及本月）的清单和回填文件的日期；以前的月份说过什么，由同样的数据按当时的日期重算。
with platform_seen as (
    -- 首次送达为收到日；后来的版本没有写公示日期，不等于撤回了公示
    select
        task_code,
        item_code,
        uscc,
        inspected_on,
        cast(min(received_at) as date) as first_on,
        min(published_on) as published_on
    from accepted_inspection_result
    where not is_withdrawn
    group by task_code, item_code, uscc, inspected_on
),
platform as (
    select
        r.task_code,
        r.item_code,
        r.uscc as uid,
        r.inspected_on,
        r.plan_id,
        r.unit_code,
        r.party_name,
        r.mode,
        r.result_code,
        r.problem_desc,
        r.measures,
        r.inspector_ids,
        r.row_id,
        s.first_on,
        cast(r.received_at as date) as changed_on,
        case when s.published_on <= $as_of then s.published_on end as published_on
    from accepted_inspection_result as r
    inner join platform_seen as s
        on r.task_code = s.task_code and r.item_code = s.item_code and r.uscc = s.uscc and r.inspected_on = s.inspected_on
    where r.is_current and r.inspected_on <= $as_of
),
county_seen as (
    select plan_id, item_code, uscc, cast(min(received_at) as date) as first_on
    from accepted_county_return
    where inspected_on is not null and not is_withdrawn
    group by plan_id, item_code, uscc
),
-- 未录入的、没有采用的行不是结果。
county as (
    select
        r.task_code,
        r.item_code,
        r.uscc as uid,
        r.inspected_on,
        r.plan_id,
        r.unit_code,
        r.party_name,
        r.mode,
        r.result_code,
        r.problem_desc,
        r.measures,
        r.next_action,
        r.inspector_ids,
        r.inspection_code,
        r.scan_time,
        r.row_id,
        s.first_on,
        cast(r.received_at as date) as changed_on
    from accepted_county_return as r
    inner join county_return_verdict as v on r.row_id = v.row_id
    inner join county_seen as s on r.plan_id = s.plan_id and r.item_code = s.item_code and r.uscc = s.uscc
    where v.return_verdict = 'taken' and r.result_code is not null and r.inspected_on <= $as_of
),
-- 平台没有写的，由县级补上。
supplied as (
    select p.platform_row_id, c.*
    from result_pair as p
    inner join county as c on p.county_row_id = c.row_id
    qualify row_number() over (partition by platform_row_id order by changed_on desc, row_id) = 1
),
alone as (
    select c.*
    from county as c
    left join result_pair as p on c.row_id = p.county_row_id
    where p.county_row_id is null
    qualify row_number() over (partition by task_code, item_code, uid, inspected_on order by changed_on desc, row_id) = 1
),
merged as (
    select
        p.task_code,
        p.item_code,
        p.uid,
        p.inspected_on,
        p.unit_code,
        p.party_name,
        coalesce(p.plan_id, c.plan_id) as plan_id,
        p.mode,
        p.result_code,
        coalesce(p.problem_desc, c.problem_desc) as problem_desc,
        coalesce(p.measures, c.measures) as measures,
        c.next_action,
        coalesce(p.inspector_ids, c.inspector_ids) as inspector_ids,
        c.inspection_code,
        c.scan_time,
        'platform' as origin,
        p.row_id as origin_row_id,
        least(p.first_on, coalesce(c.first_on, p.first_on)) as received_on,
        p.changed_on,
        p.first_on as platform_on,
        c.changed_on as county_on,
        p.published_on as told_on
    from platform as p
    left join supplied as c on p.row_id = c.platform_row_id
    union all
    select
        task_code,
        item_code,
        uid,
        inspected_on,
        unit_code,
        party_name,
        plan_id,
        mode,
        result_code,
        problem_desc,
        measures,
        next_action,
        inspector_ids,
        inspection_code,
        scan_time,
        'county' as origin,
        row_id as origin_row_id,
        first_on as received_on,
        changed_on,
        cast(null as date) as platform_on,
        changed_on as county_on,
        cast(null as date) as told_on
    from alone
),
-- 各日期列入哪一日的清单和文件：当日或其后的第一个。
dated as (
    select received_on as known_on from merged
    union
    select changed_on as known_on from merged
    union
    select county_on as known_on from merged where county_on is not null
),
filed as (
    select d.known_on, min(f.day) as file_on
    from dated as d
    inner join file_day as f on d.known_on <= f.day
    group by d.known_on
),
answers as (
    select
        task_code,
        item_code,
        uscc as uid,
        inspected_on,
        ack_id,
        ack_status,
        acknowledged_on,
        reject_reason,
        cast(received_at as date) as answered_on
    from accepted_acknowledgement
    where is_current and acknowledged_on <= $as_of
    qualify row_number() over (
        partition by task_code, item_code, uscc, inspected_on order by acknowledged_on desc, ack_id desc
    ) = 1
),
answered as (
    select
        m.*,
        a.ack_id,
        a.ack_status,
        a.acknowledged_on,
        a.reject_reason,
        coalesce(n.file_on, $month_last) as list_on,
        coalesce(l.file_on, $month_last) as first_list_on,
        case
            -- 平台导出中先有，或者平台先已接收的，不需回填
            when m.platform_on <= r.file_on then cast(null as date)
            when a.ack_status = 'accepted' and a.answered_on <= r.file_on and m.platform_on is null
                then cast(null as date)
            when m.county_on is not null then coalesce(r.file_on, $month_last)
        end as returned_on
    from merged as m
    left join answers as a
        on
            m.task_code = a.task_code and m.item_code = a.item_code and m.uid = a.uid and m.inspected_on = a.inspected_on
            -- 更正之前的退回，不是对更正后结果的答复；更正之前的接收，县级更正后须重报
            and not (
                a.acknowledged_on < m.changed_on and m.received_on < m.changed_on
                and (a.ack_status = 'rejected' or m.origin = 'county')
            )
    left join filed as n on m.changed_on = n.known_on
    left join filed as l on m.received_on = l.known_on
    left join filed as r on m.county_on = r.known_on
)
select
    a.task_code,
    a.item_code,
    a.uid,
    a.inspected_on,
    coalesce(s.party_name, a.party_name, a.uid) as ent_name,
    a.unit_code,
    a.plan_id,
    a.mode,
    a.result_code,
    a.problem_desc,
    a.measures,
    a.next_action,
    a.inspector_ids,
    a.inspection_code,
    a.scan_time,
    a.origin,
    a.origin_row_id,
    a.received_on,
    a.changed_on,
    v.round_id is not null as of_voided_round,
    d.due_on as publish_due_on,
    coalesce(d.is_provisional, false) as publish_due_provisional,
    -- 本月清单尚未公布；以前月份的清单视为其日期公示
    case
        when a.first_list_on < coalesce(a.told_on, $month_last) then a.first_list_on
        else a.told_on
    end as published_on,
    a.list_on = $month_last and (a.told_on is null or a.told_on >= $month_first) as in_public_file,
    case
        when a.ack_status = 'accepted' then 'acknowledged'
        when a.ack_status = 'rejected' then 'rejected'
        when a.origin = 'platform' then 'on_platform'
        when a.returned_on = $month_last then 'to_return'
        when f.ack_due_on < $as_of and not f.ack_provisional then 'overdue'
        else 'returned'
    end as return_state,
    a.returned_on,
    case when a.returned_on is not null then f.ack_due_on end as ack_due_on,
    a.ack_id,
    a.acknowledged_on,
    a.reject_reason
from answered as a
left join subject as s on a.uid = s.uid
left join voided_round as v on a.plan_id = v.round_id || '-' || a.task_code
left join due_day as d on d.clock = 'publish_20wd' and a.inspected_on = d.formed_on
left join file_day as f on a.returned_on = f.day
order by a.task_code, a.item_code, a.uid, a.inspected_on
