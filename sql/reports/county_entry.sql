-- 结果录入：现行批次各县应录入的结果，每计划、事项、对象一行；方式照该任务的规定，不随并办的线索改变（R-24、R-29）。
-- 只有线索、没有抽中的户次也列一行（计划编号末尾为 TRG），使每一户次都能送回结果（R-07）。
with level as (
    select task, stratum, on_site, onsite_rule from policy_level
),
listed as (
    select
        d.round_id,
        d.task,
        d.uid,
        d.county,
        l.on_site or (l.onsite_rule = 'on_site_if_triggered' and v.trigger_count > 0) as on_site,
        v.ent_name,
        v.uscc,
        v.reg_no,
        v.inspector_team,
        coalesce(d.replaced_reason = 'not_found', false) as is_gone
    from drawn_in_force as d
    inner join level as l on d.task = l.task and d.stratum = l.stratum
    inner join county_visit as v on d.uid = v.uid
    where d.replaced_reason is null or d.replaced_reason = 'not_found'
),
together as (
    select * from listed
    union all
    select
        v.round_id,
        'TRG' as task,
        v.uid,
        v.unit_code as county,
        true as on_site,
        v.ent_name,
        v.uscc,
        v.reg_no,
        v.inspector_team,
        false as is_gone
    from county_visit as v
    left join (select distinct uid from listed) as l on v.uid = l.uid
    where v.trigger_count > 0 and l.uid is null
)
select
    c.round_id || '-' || c.task as plan_id,
    i.item_code,
    c.uid,
    c.round_id,
    c.task as task_code,
    i.task_name,
    i.item_name,
    c.uscc,
    c.reg_no,
    c.ent_name,
    c.county as unit_code,
    case when c.on_site then 'on_site' else 'off_site' end as mode_planned,
    case when c.on_site then c.inspector_team end as inspector_team,
    c.is_gone,
    i.window_end as result_due_on
from together as c
inner join policy_item as i on c.task = i.task
order by plan_id, i.item_code, c.uid
