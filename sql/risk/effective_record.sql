-- 有效风险记录：截至 as_of 已公示、未到期、未修复、未撤销的处罚与名录记录（§2.4，R-36）。
-- period_rule 是 as_of 当日有效的法定期限（data_contracts/periods.yaml）：2022 年的月份按 2022 年的规则算。
with granted as (
    select uscc, record_kind, record_no
    from accepted_repair
    where is_current and outcome = 'granted' and decided_on <= $as_of
    group by uscc, record_kind, record_no
),
known as (
    select
        uscc as uid,
        'penalty' as record_kind,
        decision_no as document_no,
        decision_date as formed_on,
        coalesce(published_on, decision_date) as published_from,
        publish_until as declared_until,
        case when status = '撤销' then coalesce(withdrawn_on, decision_date) end as ended_on,
        coalesce(penalty_type, '') as penalty_kinds,
        fine_wan,
        concat(coalesce(violation_type, ''), ' ', coalesce(legal_basis, '')) as words,
        violation_type as summary,
        row_id
    from accepted_penalty
    where is_current
    union all
    select
        uscc as uid,
        'abnormal_listing' as record_kind,
        listing_doc_no as document_no,
        listed_on as formed_on,
        listed_on as published_from,
        cast(null as date) as declared_until,
        removed_on as ended_on,
        '' as penalty_kinds,
        cast(null as decimal(18, 6)) as fine_wan,
        '' as words,
        listing_reason as summary,
        row_id
    from accepted_abnormal_listing
    where is_current
    union all
    select
        uscc as uid,
        'serious_violation' as record_kind,
        listing_doc_no as document_no,
        listed_on as formed_on,
        listed_on as published_from,
        cast(null as date) as declared_until,
        removed_on as ended_on,
        '' as penalty_kinds,
        cast(null as decimal(18, 6)) as fine_wan,
        '' as words,
        listing_reason as summary,
        row_id
    from accepted_serious_violation
    where is_current
),
-- 已公示、未撤销或移出、未修复。
shown as (
    select k.*
    from known as k
    left join granted as g
        on k.uid = g.uscc and k.record_kind = g.record_kind and k.document_no = g.record_no
    where
        k.formed_on <= $as_of and k.published_from <= $as_of
        and (k.ended_on is null or k.ended_on > $as_of) and g.uscc is null
),
-- 适用的规则中序号最大的一条为准。
applied as (
    select
        s.row_id,
        s.record_kind,
        r.about,
        r.rule_id,
        r.is_published,
        r.months,
        row_number() over (partition by s.record_kind, s.row_id, r.about order by r.rank_no desc, r.rule_id) as place
    from shown as s
    inner join period_rule as r
        on s.record_kind = r.record_kind
        and s.penalty_kinds like concat('%', r.penalty_kind, '%')
        and s.words like concat('%', r.word, '%')
        and (r.fine_up_to_wan is null or s.fine_wan <= r.fine_up_to_wan)
        and (r.fine_over_wan is null or s.fine_wan is null or s.fine_wan > r.fine_over_wan)
),
decided as (
    select
        row_id,
        record_kind,
        max(case when about = 'publication' then rule_id end) as rule_id,
        coalesce(bool_and(case when about = 'publication' then is_published end), true) as is_published,
        max(case when about = 'publication' then months end) as published_months,
        max(case when about = 'repair' then months end) as repair_months
    from applied
    where place = 1
    group by row_id, record_kind
),
-- 若干月后的同日，没有同日的为月末：月份数自公元起算，再拆成年、月。
counted as (
    select
        s.*,
        d.rule_id,
        year(s.published_from) * 12 + month(s.published_from) - 1 + d.published_months as last_month,
        year(s.published_from) * 12 + month(s.published_from) - 1 + d.repair_months as repair_month
    from shown as s
    left join decided as d on s.record_kind = d.record_kind and s.row_id = d.row_id
    where coalesce(d.is_published, true)
),
opened as (
    select
        *,
        make_date(last_month // 12, last_month % 12 + 1, 1) as last_first,
        make_date(repair_month // 12, repair_month % 12 + 1, 1) as repair_first,
        cast(day(published_from) - 1 as integer) as days_on
    from counted
),
dated as (
    select
        *,
        case
            when last_first + days_on > last_day(last_first) then last_day(last_first) else last_first + days_on
        end as legal_until,
        case
            when repair_first + days_on > last_day(repair_first) then last_day(repair_first)
            else repair_first + days_on
        end as repair_from
    from opened
),
ended as (
    select
        *,
        case
            when legal_until is null or declared_until < legal_until then declared_until else legal_until
        end as effective_until
    from dated
)
select
    uid,
    record_kind,
    coalesce(document_no, row_id) as record_no,
    formed_on,
    published_from,
    effective_until,
    repair_from,
    rule_id,
    summary,
    row_id
from ended
where effective_until is null or effective_until >= $as_of
order by uid, record_kind, record_no, row_id
