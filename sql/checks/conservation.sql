-- 守恒：交付的每一行必须恰好落在 接收、隔离、重复 三者之一；本查询列出不满足的行。
with placed as (
    select row_id, 'accepted' as place from accepted
    union all
    select row_id, 'quarantined' as place from quarantined
    union all
    select row_id, 'duplicate' as place from duplicates
),
counted as (
    select row_id, cast(count(*) as bigint) as places from placed group by row_id
),
delivered_rows as (
    select substr(file_sha256, 1, 16) || ':' || sheet || ':' || cast(row_no as varchar) as row_id from delivered
),
compared as (
    select coalesce(d.row_id, c.row_id) as row_id, d.row_id is not null as was_delivered, coalesce(c.places, 0) as places
    from delivered_rows as d
    full outer join counted as c on d.row_id = c.row_id
)
select row_id, was_delivered, places
from compared
where not was_delivered or places <> 1
order by row_id
