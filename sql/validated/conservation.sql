-- 守恒清点：每个交付、文件、表页的行数，交付 = 接收 + 隔离 + 重复，且每一行恰好落在一处（R-18）。
with delivered_rows as (
    select
        delivery_id,
        file_name,
        sheet,
        substr(file_sha256, 1, 16) || case when is_withdrawal then 'w' else '' end || ':' || sheet || ':' || cast(row_no as varchar)
        || case when part_no > 1 then '#' || cast(part_no as varchar) else '' end as row_id
    from delivered
),
placed as (
    select row_id, delivery_id, file_name, sheet, 'accepted' as place from accepted
    union all
    select row_id, delivery_id, file_name, sheet, 'quarantined' as place from quarantined
    union all
    select row_id, delivery_id, file_name, sheet, 'duplicate' as place from duplicates
),
places as (
    select
        row_id,
        min(delivery_id) as delivery_id,
        min(file_name) as file_name,
        min(sheet) as sheet,
        min(place) as place,
        cast(count(*) as bigint) as times
    from placed
    group by row_id
),
compared as (
    select
        coalesce(d.delivery_id, p.delivery_id) as delivery_id,
        coalesce(d.file_name, p.file_name) as file_name,
        coalesce(d.sheet, p.sheet) as sheet,
        d.row_id is not null as was_delivered,
        p.place,
        coalesce(p.times, 0) as times
    from delivered_rows as d
    full outer join places as p on d.row_id = p.row_id
)
select
    delivery_id,
    file_name,
    sheet,
    $source as source,
    cast(count(*) filter (where was_delivered) as bigint) as delivered_rows,
    cast(count(*) filter (where place = 'accepted') as bigint) as accepted_rows,
    cast(count(*) filter (where place = 'quarantined') as bigint) as quarantined_rows,
    cast(count(*) filter (where place = 'duplicate') as bigint) as duplicates_rows,
    cast(count(*) filter (where not was_delivered or times <> 1) as bigint) as misplaced_rows
from compared
group by delivery_id, file_name, sheet
order by delivery_id, file_name, sheet
