-- 总对总核对：每批每类，清单应有 = 收下 + 隔离；清单连重复的行也计的，也算一致；不符的、没有清单的、一条未到的都列出（R-17）。
with declared as (
    select batch_no, record_kind, expected_rows from accepted_province_push_manifest where is_current
),
taken as (
    select batch_no, record_kind, cast(count(*) as bigint) as loaded
    from accepted_province_push
    where not is_withdrawn
    group by batch_no, record_kind
),
refused as (
    -- 更正后另行送达的不再算隔离；批次或类别读不出的，照原文列
    select batch_no, record_kind, cast(count(*) as bigint) as rejected
    from refused_push
    group by batch_no, record_kind
),
again as (
    select a.batch_no, a.record_kind, cast(count(*) as bigint) as repeated
    from duplicates as d
    inner join accepted_province_push as a on d.duplicate_of = a.row_id
    group by a.batch_no, a.record_kind
),
pairs as (
    select batch_no, record_kind from declared
    union
    select batch_no, record_kind from taken
    union
    select batch_no, record_kind from refused
),
counted as (
    select
        p.batch_no,
        p.record_kind,
        d.expected_rows as declared,
        coalesce(t.loaded, 0) as loaded,
        coalesce(r.rejected, 0) as rejected,
        coalesce(g.repeated, 0) as repeated
    from pairs as p
    left join declared as d on p.batch_no = d.batch_no and p.record_kind = d.record_kind
    left join taken as t on p.batch_no = t.batch_no and p.record_kind = t.record_kind
    left join refused as r on p.batch_no = r.batch_no and p.record_kind = r.record_kind
    left join again as g on p.batch_no = g.batch_no and p.record_kind = g.record_kind
)
select
    batch_no,
    record_kind,
    declared,
    loaded,
    rejected,
    repeated,
    case
        when declared = loaded + rejected + repeated then 0
        else declared - loaded - rejected
    end as difference,
    case
        when declared is null then 'no_manifest'
        when declared in (loaded + rejected, loaded + rejected + repeated) then 'matched'
        when loaded + rejected + repeated = 0 then 'not_arrived'
        else 'differs'
    end as push_state
from counted
order by batch_no, record_kind
