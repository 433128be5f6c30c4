-- 有效风险记录：截至 as_of 已公示、未到期、未修复、未撤销的处罚与名录记录（§2.4，R-36）。
with granted as (
    select uscc, record_kind, record_no
    from accepted_repair
    where is_current and outcome = 'granted' and decided_on <= $as_of
    group by uscc, record_kind, record_no
),
penalty as (
    select
        p.uscc as uid,
        'penalty' as record_kind,
        p.decision_no as record_no,
        p.decision_date as formed_on,
        p.publish_until as effective_until,
        p.violation_type as summary,
        p.row_id
    from accepted_penalty as p
    left join granted as g on p.uscc = g.uscc and g.record_kind = 'penalty' and p.decision_no = g.record_no
    where
        p.is_current and coalesce(p.status, '有效') <> '撤销' and p.decision_date <= $as_of
        and p.publish_until >= $as_of and g.uscc is null
),
abnormal as (
    select
        a.uscc as uid,
        'abnormal_listing' as record_kind,
        coalesce(a.listing_doc_no, a.row_id) as record_no,
        a.listed_on as formed_on,
        cast(null as date) as effective_until,
        a.listing_reason as summary,
        a.row_id
    from accepted_abnormal_listing as a
    left join granted as g
        on a.uscc = g.uscc and g.record_kind = 'abnormal_listing' and a.listing_doc_no = g.record_no
    where a.is_current and a.listed_on <= $as_of and (a.removed_on is null or a.removed_on > $as_of) and g.uscc is null
),
serious as (
    select
        s.uscc as uid,
        'serious_violation' as record_kind,
        s.listing_doc_no as record_no,
        s.listed_on as formed_on,
        cast(null as date) as effective_until,
        s.listing_reason as summary,
        s.row_id
    from accepted_serious_violation as s
    left join granted as g
        on s.uscc = g.uscc and g.record_kind = 'serious_violation' and s.listing_doc_no = g.record_no
    where s.is_current and s.listed_on <= $as_of and (s.removed_on is null or s.removed_on > $as_of) and g.uscc is null
),
together as (
    select * from penalty
    union all
    select * from abnormal
    union all
    select * from serious
)
select * from together
order by uid, record_kind, record_no, row_id
