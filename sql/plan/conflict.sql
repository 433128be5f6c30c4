-- 回避关系：在册人员与辖区主体，三种来源合并，原因只供内部（§4.4，DRAW §2 conflicts.csv）。
-- 一、申报的（原籍、亲属、持股、曾任职、其他利害关系）；二、自 lead_since 起主办同一企业满 lead_times 次（按到场日计）；
-- 三、cross_station 时所所交叉：不派主体所属监管所的人员。检查人员工号首位为主办。
-- 主办次数按平台导出与县级送回的结果合计；同一计划、任务、主体平台已有的，以平台为准；县级的看最后一次填了结果的，撤回的不计。
with declared as (
    select inspector_id, uscc as uid, conflict_kind as kind
    from accepted_inspector_conflict
    where is_current
),
platform as (
    select uscc as uid, task_code, plan_id, inspected_on, mode, inspector_ids
    from accepted_inspection_result
    where is_current
),
known as (
    select uid, task_code, plan_id from platform where plan_id is not null group by uid, task_code, plan_id
),
withdrawn as (
    select plan_id, item_code, uscc, max(version_no) as last_version
    from accepted_county_return
    where is_withdrawn
    group by plan_id, item_code, uscc
),
filled as (
    select c.*
    from accepted_county_return as c
    left join withdrawn as w on c.plan_id = w.plan_id and c.item_code = w.item_code and c.uscc = w.uscc
    where not c.is_withdrawn and c.inspected_on is not null and c.version_no > coalesce(w.last_version, 0)
),
county as (
    select uscc as uid, task_code, plan_id, inspected_on, mode, inspector_ids
    from filled
    qualify row_number() over (partition by plan_id, item_code, uscc order by version_no desc, row_id) = 1
),
results as (
    select uid, inspected_on, mode, inspector_ids from platform
    union all
    select c.uid, c.inspected_on, c.mode, c.inspector_ids
    from county as c
    left join known as k on c.uid = k.uid and c.task_code = k.task_code and c.plan_id = k.plan_id
    where k.uid is null
),
led as (
    select split_part(replace(inspector_ids, '；', ';'), ';', 1) as inspector_id, uid, inspected_on
    from results
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
