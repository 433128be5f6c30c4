-- 回避关系：在册人员与辖区主体，三种来源合并，原因只供内部（§4.4，DRAW §2 conflicts.csv）。
-- 一、申报的（原籍、亲属、持股、曾任职、其他利害关系）；二、自 lead_since 起主办同一企业满 lead_times 次（按到场日计）；
-- 三、cross_station 时所所交叉：不派主体所属监管所的人员。检查人员工号首位为主办。
-- 主办次数按平台导出与县级送回的检查合计，一次检查只算一次。
with declared as (
    select inspector_id, uscc as uid, conflict_kind as kind
    from accepted_inspector_conflict
    where is_current
),
led as (
    select split_part(inspector_ids, ';', 1) as inspector_id, uid, inspected_on
    from inspection
    where mode = 'on_site' and inspected_on >= $lead_since and inspector_ids is not null
),
repeated as (
    select inspector_id, uid, 'repeated_lead' as kind
    from led
    group by inspector_id, uid
    having count(distinct inspected_on) >= $lead_times
),
stationed as (
    select coalesce(uscc, concat('R:', reg_no)) as uid, station
    from accepted_register
    where is_current and station is not null
),
neighbours as (
    select r.inspector_id, p.uid, 'same_station' as kind
    from stationed as s
    inner join population as p on s.uid = p.uid
    inner join roster as r on s.station = r.station and p.county = r.home_county
    where $cross_station
),
told as (
    select inspector_id, uid, kind from declared
    union all
    select inspector_id, uid, kind from repeated
    union all
    select inspector_id, uid, kind from neighbours
)
select
    t.inspector_id,
    t.uid,
    array_to_string(list_sort(array_agg(distinct t.kind)), ';') as kinds
from told as t
inner join roster as r on t.inspector_id = r.inspector_id
inner join population as p on t.uid = p.uid
group by t.inspector_id, t.uid
order by t.inspector_id, t.uid
