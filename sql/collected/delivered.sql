-- 交付原样：某一来源截至 as_of 收到的全部行，逐格保留为文字，注明交付批次、文件、表页、行号（R-11）。
select
    r.*,
    f.delivery_id,
    f.file_name,
    f.received_at,
    d.is_generated,
    f.is_withdrawal
from received as r
inner join received_file as f on r.file_sha256 = f.file_sha256
inner join deliveries as d on f.delivery_id = d.delivery_id and f.file_name = d.file_name
where f.source = $source and f.read_state = 'read'
order by f.delivery_id, f.file_name, r.sheet, r.row_no, r.part_no
