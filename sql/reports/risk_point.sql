-- 风险点：本批次每户截至日有效的处罚、名录记录与本月线索；没有的写明“未见具体风险点”（R-28，R-36）。
-- 有效记录已剔除修复、到期、撤销的；各户都列，因此列不列、列几条都不透露等级（R-38）。
with visited as (
    select round_id, uid from drawn_in_force
    union
    select c.round_id, t.uid from round_trigger as t cross join committed_round as c
    union
    select round_id, uid from amendment where request_kind = 'late_trigger' and outcome <> 'refused'
),
known as (
    select uid, trigger_type, evidence_ref as document_no, received_on as formed_on, row_id from triggered_inspection
    union all
    select uid, trigger_type, evidence as document_no, cast(substr(requested_at, 1, 10) as date) as formed_on, null as row_id
    from amendment
    where request_kind = 'late_trigger' and outcome <> 'refused'
),
points as (
    select uid, record_kind as point_kind, record_no as document_no, formed_on, coalesce(summary, '未写明') as point_summary, row_id
    from effective_record
    union all
    select
        uid,
        'trigger' as point_kind,
        document_no,
        formed_on,
        case trigger_type
            when 'TS' then '投诉举报'
            when 'DSJ' then '大数据监测'
            when 'ZBJB' then '转办交办'
            when 'FLFG' then '法律法规另有规定'
            when 'FC' then '飞行检查'
            when 'XK' then '许可现场核查'
            when 'CJ' then '抽检'
            when 'FCZG' then '整改复查'
            else trigger_type
        end as point_summary,
        row_id
    from known
)
select
    v.round_id,
    v.uid,
    cast(
        row_number() over (
            partition by v.round_id, v.uid
            order by p.formed_on desc nulls last, p.point_kind, p.document_no, p.row_id
        ) as bigint
    ) as point_no,
    coalesce(p.point_kind, 'none') as point_kind,
    p.document_no,
    p.formed_on,
    coalesce(p.point_summary, '未见具体风险点') as point_summary,
    p.row_id
from visited as v
left join points as p on v.uid = p.uid
order by v.round_id, v.uid, point_no
