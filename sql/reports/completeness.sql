-- 全面性：各单位另行统计的形成数与归集数逐月核对，差额除去在隔离的，即从未送达的估计数；没有独立统计的如实写明（R-18，§4.5）。
with totals as (
    -- 空白属地为该单位全部，记作不分县
    select
        counted_source as source,
        unit_code,
        coalesce(county, '-') as record_county,
        formed_month,
        records as control_total,
        basis
    from accepted_control_total
    where is_current
),
formed as (
    select source, unit_code, record_county, strftime(formed_on, '%Y-%m') as formed_month, is_collected
    from collected_record
    where not is_withdrawn and formed_on is not null
),
scoped as (
    select source, unit_code, record_county, formed_month, is_collected from formed where record_county <> '-'
    union all
    select source, unit_code, '-' as record_county, formed_month, is_collected from formed
),
counted as (
    select
        source,
        unit_code,
        record_county,
        formed_month,
        cast(count(*) filter (where is_collected) as bigint) as collected,
        cast(count(*) filter (where not is_collected) as bigint) as refused
    from scoped
    group by source, unit_code, record_county, formed_month
),
known as (
    select distinct source, unit_code, formed_month from totals
),
compared as (
    select
        t.source,
        t.unit_code,
        t.record_county,
        t.formed_month,
        t.control_total,
        coalesce(c.collected, 0) as collected,
        coalesce(c.refused, 0) as refused,
        t.basis
    from totals as t
    left join counted as c
        on t.source = c.source and t.unit_code = c.unit_code and t.record_county = c.record_county and t.formed_month = c.formed_month
    union all
    select
        c.source,
        c.unit_code,
        c.record_county,
        c.formed_month,
        cast(null as bigint) as control_total,
        c.collected,
        c.refused,
        cast(null as varchar) as basis
    from counted as c
    inner join clock_source as k on c.source = k.source and k.clock = 'collect_7wd'
    left join known as n on c.source = n.source and c.unit_code = n.unit_code and c.formed_month = n.formed_month
    where n.source is null and c.record_county = '-'
)
select
    c.source,
    c.unit_code,
    coalesce(u.unit_name, c.unit_code) as unit_name,
    c.record_county,
    c.formed_month,
    c.control_total,
    c.collected,
    case when c.control_total is not null then greatest(c.control_total - c.collected, 0) end as missing_estimated,
    c.refused,
    -- 送来了而在隔离的，不是从未送达
    case when c.control_total is not null then greatest(c.control_total - c.collected - c.refused, 0) end as never_delivered,
    case when c.control_total is not null then greatest(c.collected - c.control_total, 0) end as surplus,
    case
        when c.control_total > 0
            then cast(cast(least(c.collected, c.control_total) as decimal(18, 6)) / c.control_total as decimal(18, 6))
    end as rate,
    m.first_due_on,
    m.last_due_on,
    -- 当月形成的最后一批也已过期限，差额不再是“还没到期”
    $as_of > m.last_due_on and not m.is_provisional as is_settled,
    c.basis as total_basis
from compared as c
inner join month_due as m on c.formed_month = m.formed_month
left join unit as u on c.unit_code = u.unit_code
order by c.source, c.unit_code, c.record_county, c.formed_month
