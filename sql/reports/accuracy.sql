-- 准确性：本月交付的行中，验收不合格（隔离）的有多少；整份读不出的文件另计（R-18）。
with placed as (
    select
        delivery_id,
        file_name,
        cast(sum(delivered_rows) as bigint) as delivered_rows,
        cast(sum(quarantined_rows) as bigint) as quarantined_rows
    from conservation
    group by delivery_id, file_name
),
counted as (
    select
        f.source,
        f.unit_code,
        min(coalesce(u.unit_name, f.unit_name, f.unit_code)) as unit_name,
        cast(count(*) as bigint) as files,
        cast(count(*) filter (where f.read_state = 'quarantined') as bigint) as quarantined_files,
        cast(coalesce(sum(p.delivered_rows), 0) as bigint) as delivered_rows,
        cast(coalesce(sum(p.quarantined_rows), 0) as bigint) as quarantined_rows
    from received_file as f
    left join unit as u on f.unit_code = u.unit_code
    left join placed as p on f.delivery_id = p.delivery_id and f.file_name = p.file_name
    where f.delivery_month = $month
    group by f.source, f.unit_code
)
select
    $month as month,
    source,
    unit_code,
    unit_name,
    files,
    quarantined_files,
    delivered_rows,
    quarantined_rows,
    case
        when delivered_rows > 0
            then cast(cast(delivered_rows - quarantined_rows as decimal(18, 6)) / delivered_rows as decimal(18, 6))
    end as rate
from counted
order by month, source, unit_code
