-- 企业月度表：登记主体 × 当月等级 × 有效记录；每个存续主体要么有等级，要么有未分类原因（R-01）。
with records as (
    select
        uid,
        cast(count(*) filter (where record_kind = 'penalty') as bigint) as penalties,
        cast(count(*) filter (where record_kind = 'abnormal_listing') as bigint) as abnormal_listings,
        cast(count(*) filter (where record_kind = 'serious_violation') as bigint) as serious_violations,
        max(formed_on) as latest_record_on
    from effective_record
    group by uid
),
visits as (
    select uid, max(visited_on) as last_visited_on from visit group by uid
)
select
    $month as month,
    s.uid,
    s.uscc,
    s.party_name,
    s.subject_type,
    s.county,
    s.county_basis,
    s.in_jurisdiction,
    s.status,
    s.is_live,
    s.is_new_form,
    s.established_on,
    g.credit_grade,
    case
        when g.credit_grade is not null then 'graded'
        when not s.is_live then 'not_live'
        when not s.in_jurisdiction then 'out_of_jurisdiction'
        when s.subject_type <> 'enterprise' then 'type_not_graded'
        when s.uscc is null then 'no_credit_code'
        when s.established_on >= $new_since then 'newly_established'
        when s.enterprise_kind like '%分支机构%' or s.enterprise_kind like '%分公司%' then 'branch_not_matched'
        else 'missing_from_snapshot'
    end as grade_state,
    coalesce(r.penalties, 0) as penalties,
    coalesce(r.abnormal_listings, 0) as abnormal_listings,
    coalesce(r.serious_violations, 0) as serious_violations,
    r.latest_record_on,
    v.last_visited_on,
    s.row_id as register_row_id,
    g.row_id as grade_row_id
from subject as s
left join grade_of_month as g on s.uid = g.uid
left join records as r on s.uid = r.uid
left join visits as v on s.uid = v.uid
order by s.uid
