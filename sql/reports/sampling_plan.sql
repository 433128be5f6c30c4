-- 抽查计划：任务 × 检查主体 × 监管档次，名额、落实与不足俱列，注明所据政策、快照、名录与承诺（§4.1，R-07、R-23）。
-- 缺口处理：无压减为无缺口；压减而以后还有批次的顺延；末批被压减、或属法定频次的，无从顺延，上报调剂。
with units as (
    select unit_code, unit_name, county from unit
),
priced as (
    select
        t.*,
        l.stratum,
        l.rate_e4,
        l.rounding,
        l.minimum,
        l.on_site,
        l.onsite_rule,
        l.yearly_cap
    from policy_task as t
    inner join policy_level as l on t.task = l.task
)
select
    r.round_id || '-' || s.task as plan_id,
    $month as plan_month,
    s.task as task_code,
    p.task_name,
    p.item_codes,
    p.item_names,
    p.item_category,
    p.draw_type,
    p.object_scope,
    s.county as unit_code,
    u.unit_name,
    i.unit_name as initiator,
    p.coop_names as coop_depts,
    p.mode,
    $month_first as window_start,
    cast(p.window_end as date) as window_end,
    p.field_code,
    s.stratum,
    case when p.stratum_by = 'credit_grade' and s.stratum <> 'U' then s.stratum end as credit_grade,
    s.base as n_frame,
    s.eligible as n_eligible,
    cast(cast(p.rate_e4 as decimal(18, 6)) / 10000 as decimal(18, 6)) as ratio_annual,
    p.rounding,
    p.minimum as min_stratum,
    coalesce(p.yearly_cap, 0) as freq_max_per_year,
    q.annual_quota as n_annual,
    s.drawn_ytd as n_drawn_ytd,
    a.planned as n_planned,
    a.size as n_funded,
    cast(cast(e.shortfall_e4 as decimal(18, 6)) / 10000 as decimal(18, 6)) as n_short,
    e.excess as n_excess,
    s.served_e4,
    case when c.lambda_e4 < 10000 and p.on_site then c.lambda_e4 end as lambda_e4,
    p.on_site,
    p.onsite_rule,
    case
        when a.size = a.planned then 'none'
        when p.batch = p.batches or p.set_by_law then 'escalate'
        else 'defer'
    end as shortfall_action,
    p.legal_basis,
    p.set_by_law as statutory,
    $policy_version as policy_version,
    $policy_sha256 as policy_sha256,
    $month as snapshot_month,
    $snapshot_sha256 as snapshot_sha256,
    $frame_sha256 as frame_sha256,
    r.commitment,
    r.demonstration
from strata as s
inner join priced as p on s.task = p.task and s.stratum = p.stratum
inner join stratum_quota as q on s.task = q.task and s.county = q.county and s.stratum = q.stratum
inner join allocation as a on s.task = a.task and s.county = a.county and s.stratum = a.stratum
inner join units as u on s.county = u.unit_code
inner join units as i on p.initiator = i.unit_code
inner join due as e on s.task = e.task and s.county = e.county and s.stratum = e.stratum
left join cuts as c on s.county = c.county and s.stratum = c.stratum
cross join committed_round as r
order by plan_id, unit_code, stratum
