-- 联合检查占比：每个检查主体及全市，现场户次中多任务合并、任务与线索合并的占比；非现场核查另列（§5.4，目标 60%）。
with triggers as (
    select c.round_id, t.trigger_id, t.uid, t.county
    from round_trigger as t
    cross join committed_round as c
    union all
    select round_id, trigger_id, uid, unit_code as county
    from amendment
    where request_kind = 'late_trigger' and outcome <> 'refused'
),
triggered as (
    select round_id, uid, county, cast(count(*) as bigint) as triggers from triggers group by round_id, uid, county
),
-- 注销、迁出而被替换的不再上门；查无的已经上过门。
tasks as (
    select
        d.round_id,
        d.uid,
        d.county,
        cast(
            count(*) filter (where l.on_site or (l.onsite_rule = 'on_site_if_triggered' and t.uid is not null)) as bigint
        ) as on_site_tasks
    from drawn_in_force as d
    inner join policy_level as l on d.task = l.task and d.stratum = l.stratum
    left join triggered as t on d.uid = t.uid
    where d.replaced_reason is null or d.replaced_reason = 'not_found'
    group by d.round_id, d.uid, d.county
),
subjects as (
    select
        coalesce(d.round_id, t.round_id) as round_id,
        coalesce(d.county, t.county) as county,
        coalesce(d.on_site_tasks, 0) as on_site_tasks,
        coalesce(t.triggers, 0) as triggers
    from tasks as d
    full outer join triggered as t on d.uid = t.uid
),
shown as (
    select unit_code, unit_name, unit_code as county from unit where county = unit_code
    union all
    select 'CITY' as unit_code, '全市' as unit_name, unit_code as county from unit where county = unit_code
),
counted as (
    select
        c.round_id,
        u.unit_code,
        u.unit_name,
        cast(count(*) filter (where s.on_site_tasks > 0 or s.triggers > 0) as bigint) as onsite_visits,
        cast(coalesce(sum(s.on_site_tasks + s.triggers), 0) as bigint) as onsite_items,
        cast(count(*) filter (where s.on_site_tasks > 1) as bigint) as multi_task_visits,
        cast(count(*) filter (where s.on_site_tasks > 0 and s.triggers > 0) as bigint) as task_and_trigger_visits,
        cast(count(*) filter (where s.on_site_tasks = 0 and s.triggers > 0) as bigint) as trigger_only_visits,
        cast(
            count(*) filter (where s.on_site_tasks > 1 or (s.on_site_tasks > 0 and s.triggers > 0)) as bigint
        ) as joint_visits,
        cast(count(*) filter (where s.on_site_tasks = 0 and s.triggers = 0) as bigint) as off_site_checks
    from shown as u
    cross join committed_round as c
    left join subjects as s on u.county = s.county
    group by c.round_id, u.unit_code, u.unit_name
)
select
    round_id,
    unit_code,
    unit_name,
    onsite_visits,
    onsite_items,
    multi_task_visits,
    task_and_trigger_visits,
    trigger_only_visits,
    joint_visits,
    cast(cast(joint_visits as decimal(18, 6)) / nullif(onsite_visits, 0) as decimal(18, 6)) as joint_share,
    cast(0.6 as decimal(18, 6)) as joint_target,
    off_site_checks
from counted
order by round_id, unit_code
