-- 抽查对象名单：每户一行，各任务合并为一次检查，含补抽与替换（已替换的任务不再列，整户替换的照列其任务）；含等级与档次，内部使用（§4.2，R-28，R-38）。
with task_level as (
    select
        t.task,
        t.task_name,
        t.item_names,
        l.stratum,
        l.on_site,
        l.onsite_rule,
        cast(t.window_end as date) as window_end
    from policy_task as t
    inner join policy_level as l on t.task = l.task
),
-- 入选概率：压减过的档次为落实户数与可抽户数之比，其余为目标与可抽户数之比（DRAW §5）；补抽的没有入选概率。
chances as (
    select
        s.task,
        s.county,
        s.stratum,
        case
            when c.stratum is not null and l.on_site
                then cast(cast(a.size as decimal(18, 6)) / nullif(s.eligible, 0) as decimal(18, 6))
        end as pi_cut,
        s.eligible
    from strata as s
    inner join allocation as a on s.task = a.task and s.county = a.county and s.stratum = a.stratum
    inner join task_level as l on s.task = l.task and s.stratum = l.stratum
    left join cuts as c on s.county = c.county and s.stratum = c.stratum
),
triggers as (
    select trigger_id, uid from round_trigger
    union all
    select trigger_id, uid from amendment where request_kind = 'late_trigger' and outcome <> 'refused'
),
triggered as (
    select uid, array_to_string(list_sort(array_agg(trigger_id)), ';') as trigger_ids
    from triggers
    group by uid
),
still_drawn as (
    select distinct uid from drawn_in_force where replaced_reason is null
),
chosen as (
    select
        d.uid,
        d.county,
        d.round_id,
        d.round_id || '-' || d.task as plan_id,
        d.task || ':' || d.stratum as stratum_text,
        d.task || ':' || cast(d.rank as varchar) as rank_text,
        d.task || ':' || cast(d.target_e4 as varchar) as target_text,
        case
            when not d.from_reserve
                then d.task || ':' || cast(
                    coalesce(
                        p.pi_cut,
                        cast(cast(d.target_e4 as decimal(18, 6)) / (10000 * nullif(p.eligible, 0)) as decimal(18, 6))
                    ) as varchar
                )
        end as pi_text,
        case when d.from_reserve then d.task || ':' || cast(d.rank as varchar) end as reserve_text,
        case when d.replaced_reason is not null then d.task || ':' || coalesce(d.replaced_by, '候补已用尽') end
            as replaced_text,
        d.replaced_reason is not null as is_replaced,
        coalesce(d.replaced_reason = 'not_found', false) as is_found_gone,  -- 上门查无：那一户次照记
        l.task_name,
        l.item_names,
        l.on_site or (l.onsite_rule = 'on_site_if_triggered' and t.uid is not null) as on_site,
        l.window_end,
        d.replaced_reason is null or k.uid is null as is_listed
    from drawn_in_force as d
    inner join task_level as l on d.task = l.task and d.stratum = l.stratum
    inner join chances as p on d.task = p.task and d.county = p.county and d.stratum = p.stratum
    left join triggered as t on d.uid = t.uid
    left join still_drawn as k on d.uid = k.uid
),
merged as (
    select
        uid,
        county,
        round_id,
        array_to_string(list_sort(array_agg(plan_id) filter (where is_listed)), ';') as plan_ids,
        array_to_string(list_sort(array_agg(distinct task_name) filter (where is_listed)), ';') as task_names,
        array_to_string(list_sort(array_agg(distinct item_names) filter (where is_listed)), ';') as item_names,
        array_to_string(list_sort(array_agg(stratum_text) filter (where is_listed)), ';') as strata,
        array_to_string(list_sort(array_agg(rank_text) filter (where is_listed)), ';') as ranks,
        array_to_string(list_sort(array_agg(target_text) filter (where is_listed)), ';') as targets_e4,
        array_to_string(list_sort(array_agg(pi_text) filter (where is_listed and pi_text is not null)), ';') as pi,
        array_to_string(list_sort(array_agg(reserve_text) filter (where is_listed and reserve_text is not null)), ';')
            as reserve_ranks,
        array_to_string(list_sort(array_agg(replaced_text) filter (where replaced_text is not null)), ';')
            as replaced_by,
        bool_and(is_replaced) as is_replaced,
        bool_or(on_site) filter (where is_listed or is_found_gone) as on_site,
        min(window_end) filter (where is_listed) as window_end
    from chosen
    group by uid, county, round_id
),
-- 各项任务都有检查结果的才算已检查。
results as (
    select distinct uid, plan_id from inspection
),
finished as (
    select c.uid
    from chosen as c
    left join results as r on c.uid = r.uid and c.plan_id = r.plan_id
    where c.is_listed
    group by c.uid
    having bool_and(r.uid is not null)
),
points as (
    select
        uid,
        array_to_string(
            list_sort(
                array_agg(
                    concat(
                        coalesce(cast(formed_on as varchar) || ' ', ''),
                        case point_kind
                            when 'penalty' then '行政处罚 '
                            when 'abnormal_listing' then '经营异常名录 '
                            when 'serious_violation' then '严重违法失信 '
                            when 'trigger' then '线索 '
                            else ''
                        end,
                        coalesce(document_no || ' ', ''),
                        point_summary
                    )
                )
            ),
            '；'
        ) as risk_points
    from risk_point
    group by uid
),
visits as (
    select uid, cast(count(distinct visited_on) as bigint) as visits
    from visit
    where year(visited_on) = $year
    group by uid
)
select
    m.round_id,
    m.uid,
    s.party_name as ent_name,
    s.uscc,
    s.reg_no,
    m.county as unit_code,
    u.unit_name,
    s.address,
    m.plan_ids,
    m.task_names,
    m.item_names,
    $month_first as window_start,
    m.window_end,
    case when m.on_site then 'on_site' else 'off_site' end as mode_planned,
    e.credit_grade,
    m.strata,
    m.ranks,
    m.targets_e4,
    m.pi,
    m.reserve_ranks,
    t.trigger_ids,
    r.risk_points,
    coalesce(v.visits, 0) as visits_ytd_before,
    c.visits as visits_cap,
    p.lead_inspector,
    p.other_inspectors,
    case
        when not m.on_site or (m.is_replaced and p.lead_inspector is null) then 'not_needed'
        when p.lead_inspector is null then 'unassignable'
        else 'assigned'
    end as assignment_state,
    p.unmet_reason as assignment_reason,
    case
        when $voided then 'void'
        when m.is_replaced then 'replaced'
        when f.uid is not null then 'inspected'
        when p.lead_inspector is null then 'planned'
        else 'assigned'
    end as status,
    m.replaced_by
from merged as m
inner join subject as s on m.uid = s.uid
inner join enterprise_month as e on m.uid = e.uid
inner join unit as u on m.county = u.unit_code
inner join policy_cap as c on coalesce(e.credit_grade, 'U') = c.credit_grade
inner join points as r on m.uid = r.uid
left join triggered as t on m.uid = t.uid
left join visits as v on m.uid = v.uid
left join visit_team as p on m.uid = p.uid and m.on_site
left join finished as f on m.uid = f.uid
order by m.round_id, m.uid
