-- 提醒依据：本月和跟踪的前几个月，每户每个事由所依据的记录；不再提醒的写明原因（R-05、R-33、R-36，§4.6）。
-- 每件事只在知悉的那个月提醒一次：知悉日期为发生与首次送达较后的一日，落在该月（after 之后、as_of 以前）。
-- 各月都按当月截至日已送达的版本和当日有效的规则判断，所以前几个月的名单重算出来与当时一致。
with listing as (
    select
        'abnormal_listing' as record_kind, uscc, listing_reason, listing_doc_no, listed_by, listed_on, removed_on,
        is_withdrawn, row_id, version_no, received_at
    from accepted_abnormal_listing
    union all
    select
        'serious_violation' as record_kind, uscc, listing_reason, listing_doc_no, listed_by, listed_on, removed_on,
        is_withdrawn, row_id, version_no, received_at
    from accepted_serious_violation
),
told as (
    -- 处罚与名录的每个版本
    select
        'penalty' as record_kind,
        concat(decision_no, '|', authority, '|', uscc) as key_text,
        uscc as uid,
        decision_no as document_no,
        authority as issued_by,
        violation_type as summary,
        decision_date as formed_on,
        coalesce(published_on, decision_date) as published_from,
        publish_until as declared_until,
        case when status = '撤销' then coalesce(withdrawn_on, decision_date) end as ended_on,
        coalesce(penalty_type, '') as penalty_kinds,
        fine_wan,
        concat(coalesce(violation_type, ''), ' ', coalesce(legal_basis, '')) as words,
        is_withdrawn,
        row_id,
        version_no,
        cast(received_at as date) as received_on
    from accepted_penalty
    union all
    select
        record_kind,
        concat(uscc, '|', listing_reason, '|', cast(listed_on as varchar)) as key_text,
        uscc as uid,
        listing_doc_no as document_no,
        listed_by as issued_by,
        listing_reason as summary,
        listed_on as formed_on,
        listed_on as published_from,
        cast(null as date) as declared_until,
        removed_on as ended_on,
        '' as penalty_kinds,
        cast(null as decimal(18, 6)) as fine_wan,
        '' as words,
        is_withdrawn,
        row_id,
        version_no,
        cast(received_at as date) as received_on
    from listing
),
first_told as (
    select record_kind, key_text, min(received_on) as ingested_on from told group by record_kind, key_text
),
-- 该月截至日已送达的最后一个版本
known_ranked as (
    select
        t.*,
        f.ingested_on,
        m.month,
        m.after,
        m.as_of,
        row_number() over (
            partition by m.month, t.record_kind, t.key_text order by t.version_no desc, t.row_id desc
        ) as place
    from told as t
    inner join first_told as f on t.record_kind = f.record_kind and t.key_text = f.key_text
    inner join reminder_month as m on t.received_on <= m.as_of and t.formed_on <= m.as_of
),
known as (
    select * from known_ranked where place = 1
),
applications as (
    select
        r.*,
        m.month,
        m.as_of,
        row_number() over (partition by m.month, r.repair_no order by r.version_no desc, r.row_id desc) as place
    from accepted_repair as r
    inner join reminder_month as m on cast(r.received_at as date) <= m.as_of
),
repairs as (
    select
        month,
        uscc,
        record_kind,
        record_no,
        bool_or(coalesce(outcome = 'granted' and decided_on <= as_of, false)) as is_repaired,
        bool_or(outcome is null or decided_on > as_of) as is_applied
    from applications
    where place = 1 and not is_withdrawn and applied_on <= as_of
    group by month, uscc, record_kind, record_no
),
-- 每个时期各种规则中序号最大的一条为准
applied as (
    select
        k.month,
        k.record_kind,
        k.key_text,
        l.about,
        l.regime_from,
        l.regime_to,
        l.rule_id,
        l.is_published,
        l.months,
        row_number() over (
            partition by k.month, k.record_kind, k.key_text, l.about, l.regime_from order by l.rank_no desc, l.rule_id
        ) as place
    from known as k
    inner join law as l
        on k.record_kind = l.record_kind
        and l.regime_from <= k.as_of
        and (l.about = 'repair' or k.as_of <= l.regime_to)
        and k.penalty_kinds like concat('%', l.penalty_kind, '%')
        and k.words like concat('%', l.word, '%')
        and (l.fine_up_to_wan is null or k.fine_wan <= l.fine_up_to_wan)
        and (l.fine_over_wan is null or k.fine_wan is null or k.fine_wan > l.fine_over_wan)
),
-- 若干月后的同日，没有同日的为月末
reckoned as (
    select
        a.month,
        a.record_kind,
        a.key_text,
        a.about,
        a.regime_from,
        a.regime_to,
        a.rule_id,
        a.is_published,
        k.as_of,
        k.published_from,
        year(k.published_from) * 12 + month(k.published_from) - 1 + a.months as then_month
    from applied as a
    inner join known as k on a.month = k.month and a.record_kind = k.record_kind and a.key_text = k.key_text
    where a.place = 1
),
counted as (
    select
        *,
        make_date(then_month // 12, then_month % 12 + 1, 1)
        + cast(
            least(day(published_from), day(last_day(make_date(then_month // 12, then_month % 12 + 1, 1)))) - 1 as integer
        ) as then_on
    from reckoned
),
periods as (
    select
        month,
        record_kind,
        key_text,
        max(case when about = 'publication' then rule_id end) as publication_rule,
        coalesce(bool_and(case when about = 'publication' then is_published end), true) as is_published,
        max(case when about = 'publication' then then_on end) as legal_until,
        -- 自哪一日起可以申请：现行规则的日子，与历次规则中最早可以申请的一日
        max(case when about = 'repair' and as_of <= regime_to then rule_id end) as repair_rule,
        max(case when about = 'repair' and as_of <= regime_to then then_on end) as repair_from,
        min(
            case
                when about = 'repair' and then_on is not null and greatest(then_on, regime_from) <= regime_to
                    then greatest(then_on, regime_from)
            end
        ) as eligible_from
    from counted
    group by month, record_kind, key_text
),
judged as (
    select
        k.*,
        p.publication_rule,
        p.repair_rule,
        p.repair_from,
        p.eligible_from,
        case
            when k.declared_until is null or p.legal_until < k.declared_until then p.legal_until else k.declared_until
        end as effective_until,
        coalesce(p.is_published, true) as is_published,
        coalesce(r.is_repaired, false) as is_repaired,
        coalesce(r.is_applied, false) as is_applied
    from known as k
    left join periods as p on k.month = p.month and k.record_kind = p.record_kind and k.key_text = p.key_text
    left join repairs as r
        on k.month = r.month and k.uid = r.uscc and k.record_kind = r.record_kind and k.document_no = r.record_no
),
listed as (
    select
        *,
        case
            when is_withdrawn or ended_on <= as_of then 'withdrawn'
            when is_repaired then 'repaired'
            when not is_published then 'not_public'
            when effective_until < as_of then 'expired'
        end as record_state
    from judged
),
new_record as (
    select
        l.month,
        case when l.record_kind = 'penalty' then 'NEW_PENALTY' else 'NEW_ABNORMAL' end as reason_code,
        l.row_id,
        l.uid,
        coalesce(l.document_no, l.row_id) as matter,
        l.document_no,
        l.issued_by,
        l.summary,
        l.formed_on,
        l.formed_on as event_on,
        l.ingested_on,
        greatest(l.published_from, l.ingested_on) as known_on,
        cast(null as date) as act_by,
        l.effective_until,
        l.repair_from,
        l.publication_rule as rule_id,
        l.record_state as left_out
    from listed as l
    inner join reminder_month as m on l.month = m.month
    where
        (l.record_kind = 'penalty' and l.formed_on >= m.as_of - m.new_penalty_days)
        or (l.record_kind = 'abnormal_listing' and l.formed_on >= m.as_of - m.new_abnormal_days)
),
-- 可以申请修复：首次，以及此后每满一年尚未修复的；本月以前就已到期、移出的不再列。
-- 异常名录改正后才能申请：新列入的先提醒改正，过了那一段仍未移出的，再提醒可以申请。
eligible as (
    select
        l.*,
        year(l.as_of) * 12 + month(l.eligible_from) - 1 as this_month,
        case
            when l.record_kind = 'abnormal_listing'
                then greatest(l.eligible_from, l.formed_on + m.new_abnormal_days + 1)
            else l.eligible_from
        end as offered_from
    from listed as l
    inner join reminder_month as m on l.month = m.month
    where l.eligible_from <= l.as_of and l.repair_from <= l.as_of
),
anniversaries as (
    select
        *,
        make_date(this_month // 12, this_month % 12 + 1, 1)
        + cast(
            least(day(eligible_from), day(last_day(make_date(this_month // 12, this_month % 12 + 1, 1)))) - 1 as integer
        ) as anniversary
    from eligible
),
repairable as (
    select
        l.month,
        'REPAIR_ELIGIBLE' as reason_code,
        l.row_id,
        l.uid,
        concat(l.record_kind, '|', coalesce(l.document_no, l.row_id)) as matter,
        l.document_no,
        l.issued_by,
        l.summary,
        l.formed_on,
        case
            when greatest(l.offered_from, l.ingested_on) > l.after then l.eligible_from else l.anniversary
        end as event_on,
        l.ingested_on,
        case
            when greatest(l.offered_from, l.ingested_on) > l.after
                then greatest(l.offered_from, l.ingested_on)
            else l.anniversary
        end as known_on,
        cast(null as date) as act_by,
        l.effective_until,
        l.repair_from,
        l.repair_rule as rule_id,
        case when l.record_state is null and l.is_applied then 'in_repair' else l.record_state end as left_out
    from anniversaries as l
    inner join reminder_month as m on l.month = m.month
    where
        l.offered_from <= l.as_of
        and (greatest(l.offered_from, l.ingested_on) > l.after or m.repair_yearly)
        and coalesce(l.ended_on > l.after, true) and coalesce(l.effective_until >= l.after, true)
),
three_years as (
    select
        *,
        (year(formed_on) + 3) * 12 + month(formed_on) - 1 as then_month
    from listed
    where record_kind = 'abnormal_listing'
),
three_years_on as (
    select
        *,
        make_date(then_month // 12, then_month % 12 + 1, 1)
        + cast(
            least(day(formed_on), day(last_day(make_date(then_month // 12, then_month % 12 + 1, 1)))) - 1 as integer
        ) as three_on
    from three_years
),
approaching as (
    select
        l.month,
        'ABNORMAL_3Y_APPROACHING' as reason_code,
        l.row_id,
        l.uid,
        l.key_text as matter,
        l.document_no,
        l.issued_by,
        l.summary,
        l.formed_on,
        l.three_on - m.three_year_days as event_on,
        l.ingested_on,
        greatest(l.three_on - m.three_year_days, l.ingested_on) as known_on,
        l.three_on as act_by,
        l.effective_until,
        l.repair_from,
        'abnormal_three_years' as rule_id,
        l.record_state as left_out
    from three_years_on as l
    inner join reminder_month as m on l.month = m.month
    where l.three_on >= l.as_of and coalesce(l.ended_on > l.after, true)
),
-- 许可：许可决定，与专业领域的许可准入、备案、获证记录
permits as (
    select
        uscc as uid,
        concat(licence_doc_no, '|', authority) as key_text,
        coalesce(licence_cert_name, licence_content) as permit_name,
        coalesce(licence_no, licence_doc_no) as document_no,
        authority as issued_by,
        decision_date as formed_on,
        valid_to,
        is_withdrawn or coalesce(status, '有效') <> '有效' as is_ended,
        row_id,
        version_no,
        cast(received_at as date) as received_on,
        1 as preference
    from accepted_licence
    where valid_to < date '9999-01-01'
    union all
    select
        f.uscc as uid,
        concat(f.source, '|', f.row_id) as key_text,
        concat(n.field_name, '许可或者备案') as permit_name,
        cast(null as varchar) as document_no,
        cast(null as varchar) as issued_by,
        f.recorded_on as formed_on,
        f.valid_to,
        false as is_ended,
        f.row_id,
        cast(1 as bigint) as version_no,
        cast(f.received_at as date) as received_on,
        2 as preference
    from field_record as f
    inner join field_name as n on f.field_code = n.field_code
    where f.record_kind in ('admission', 'filing', 'certified', 'use_registration') and f.valid_to < date '9999-01-01'
),
first_permit as (
    select key_text, uid, min(received_on) as ingested_on from permits group by key_text, uid
),
permits_then as (
    select
        p.*,
        f.ingested_on,
        m.month,
        m.as_of,
        m.licence_days,
        m.apply_days,
        row_number() over (partition by m.month, p.key_text, p.uid order by p.version_no desc, p.row_id desc) as place
    from permits as p
    inner join first_permit as f on p.key_text = f.key_text and p.uid = f.uid
    inner join reminder_month as m on p.received_on <= m.as_of and p.formed_on <= m.as_of
),
-- 同一张证在许可与专业领域两处都有的，取许可决定
preferred as (
    select month, uid, valid_to, min(preference) as preference
    from permits_then
    where place = 1
    group by month, uid, valid_to
),
-- 同一户同一种许可最晚到哪一日
renewed as (
    select month, uid, permit_name, max(valid_to) as last_to
    from permits_then
    where place = 1 and not is_ended
    group by month, uid, permit_name
),
expiring as (
    select
        p.month,
        'LICENSE_EXPIRING' as reason_code,
        p.row_id,
        p.uid,
        concat(p.permit_name, '|', cast(p.valid_to as varchar)) as matter,
        p.document_no,
        p.issued_by,
        p.permit_name as summary,
        p.formed_on,
        p.valid_to - p.licence_days as event_on,
        p.ingested_on,
        greatest(p.valid_to - p.licence_days, p.ingested_on) as known_on,
        greatest(p.valid_to - p.apply_days, p.as_of) as act_by,
        p.valid_to as effective_until,
        cast(null as date) as repair_from,
        cast(null as varchar) as rule_id,
        case
            when p.is_ended then 'withdrawn'
            when p.valid_to < p.as_of then 'expired'
            when r.last_to > p.valid_to then 'renewed'
        end as left_out
    from permits_then as p
    inner join preferred as o
        on p.month = o.month and p.uid = o.uid and p.valid_to = o.valid_to and p.preference = o.preference
    left join renewed as r on p.month = r.month and p.uid = r.uid and p.permit_name = r.permit_name
    where p.place = 1 and p.valid_to - p.licence_days <= p.as_of
),
-- 年报：上年设立、首次年报的，和因未年报列入异常名录、尚未移出的
reporting as (
    select
        m.month,
        'ANNUAL_REPORT_DUE' as reason_code,
        s.row_id,
        s.uid,
        s.row_id as matter,
        cast(null as varchar) as document_no,
        cast(null as varchar) as issued_by,
        '上年设立，首次年报' as summary,
        s.established_on as formed_on,
        m.annual_stage as event_on,
        s.established_on as ingested_on,
        m.annual_stage as known_on,
        m.annual_due as act_by,
        cast(null as date) as effective_until,
        cast(null as date) as repair_from,
        cast(null as varchar) as rule_id,
        cast(null as varchar) as left_out
    from subject as s
    inner join reminder_month as m on year(s.established_on) = year(m.annual_stage) - 1
    union all
    select
        m.month,
        'ANNUAL_REPORT_DUE' as reason_code,
        l.row_id,
        l.uid,
        l.row_id as matter,
        l.document_no,
        l.issued_by,
        '以前年度尚有未报' as summary,
        l.formed_on,
        m.annual_stage as event_on,
        l.ingested_on,
        m.annual_stage as known_on,
        m.annual_due as act_by,
        l.effective_until,
        l.repair_from,
        cast(null as varchar) as rule_id,
        l.record_state as left_out
    from listed as l
    inner join reminder_month as m on l.month = m.month
    where l.record_kind = 'abnormal_listing' and l.summary like '%年度报告%' and l.ingested_on <= m.annual_stage
),
-- 等级：省局当月快照比上一个快照高的风险；只读，只供内部跟踪
grades_ranked as (
    select
        g.snapshot_month,
        g.uscc as uid,
        g.credit_grade,
        g.graded_on,
        g.row_id,
        g.is_withdrawn,
        cast(g.received_at as date) as received_on,
        m.month,
        row_number() over (
            partition by m.month, g.snapshot_month, g.uscc order by g.version_no desc, g.row_id desc
        ) as place
    from accepted_grade_snapshot as g
    inner join reminder_month as m on cast(g.received_at as date) <= m.as_of and g.snapshot_month <= m.month
),
grades as (
    select * from grades_ranked where place = 1
),
earlier_snapshot as (
    select month, max(snapshot_month) as snapshot_month from grades where snapshot_month < month group by month
),
graded_down as (
    select
        g.month,
        'GRADE_DOWN' as reason_code,
        g.row_id,
        g.uid,
        'grade' as matter,
        cast(null as varchar) as document_no,
        cast(null as varchar) as issued_by,
        cast(null as varchar) as summary,
        g.graded_on as formed_on,
        g.graded_on as event_on,
        g.received_on as ingested_on,
        greatest(g.graded_on, g.received_on) as known_on,
        cast(null as date) as act_by,
        cast(null as date) as effective_until,
        cast(null as date) as repair_from,
        cast(null as varchar) as rule_id,
        cast(null as varchar) as left_out
    from grades as g
    inner join earlier_snapshot as e on g.month = e.month
    inner join grades as b on g.month = b.month and b.snapshot_month = e.snapshot_month and g.uid = b.uid
    where g.snapshot_month = g.month and not g.is_withdrawn and not b.is_withdrawn and g.credit_grade > b.credit_grade
),
-- 行业：预警的属地 × 行业大类中的每一户，不分等级，免得收到提示就说出等级
alarms as (
    select unit_code, industry_division, industry_name
    from cluster_alarm
    where cluster_state = 'alarm'
    group by unit_code, industry_division, industry_name
),
clustered as (
    select
        m.month,
        'CLUSTER' as reason_code,
        concat('cluster:', a.unit_code, ':', a.industry_division) as row_id,
        s.uid,
        a.industry_division as matter,
        cast(null as varchar) as document_no,
        cast(null as varchar) as issued_by,
        a.industry_name as summary,
        cast(null as date) as formed_on,
        m.as_of as event_on,
        m.as_of as ingested_on,
        m.as_of as known_on,
        cast(null as date) as act_by,
        cast(null as date) as effective_until,
        cast(null as date) as repair_from,
        cast(null as varchar) as rule_id,
        cast(null as varchar) as left_out
    from subject as s
    inner join alarms as a
        on s.county = a.unit_code and substr(regexp_replace(s.industry_code, '^[A-Z]', ''), 1, 2) = a.industry_division
    inner join reminder_month as m on m.month = $month
    where s.is_live
),
together as (
    select * from new_record
    union all
    select * from repairable
    union all
    select * from approaching
    union all
    select * from expiring
    union all
    select * from reporting
    union all
    select * from graded_down
    union all
    select * from clustered
),
placed as (
    select
        t.*,
        m.as_of as reminded_on,
        m.duplicate_days,
        u.unit_code,
        u.unit_name,
        case
            when t.left_out is not null then t.left_out
            when not s.is_live and (s.status_changed_on is null or s.status_changed_on <= m.as_of) then 'not_live'
        end as state
    from together as t
    inner join reminder_month as m on t.month = m.month and t.known_on > m.after and t.known_on <= m.as_of
    inner join subject as s on t.uid = s.uid and s.in_jurisdiction and s.subject_type = 'enterprise'
    inner join unit as u on s.county = u.county and u.kind = 'county'
),
-- 同一户同一事项此前最近一次照常的提醒
followed as (
    select
        *,
        lag(known_on) over (
            partition by uid, reason_code, matter, state is null order by known_on, month, row_id
        ) as before_on
    from placed
)
select
    month,
    concat('TX-', replace(month, '-', ''), '-', replace(uid, ':', '')) as reminder_id,
    reason_code,
    row_id,
    uid,
    unit_code,
    unit_name,
    document_no,
    issued_by,
    summary,
    formed_on,
    event_on,
    ingested_on,
    known_on,
    reminded_on,
    act_by,
    effective_until,
    repair_from,
    rule_id,
    coalesce(state, case when known_on - before_on <= duplicate_days then 'duplicate' end) as suppressed_reason
from followed
order by reminder_id, reason_code, row_id
