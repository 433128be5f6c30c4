-- 交付原样：某一来源截至 as_of 收到的全部行，逐格保留为文字，注明交付批次、文件、表页、行号（R-11）。
select
    r.*,
    d.delivery_id,
    d.file_name,
    d.received_at,
    d.is_generated
from received as r
inner join deliveries as d on r.file_sha256 = d.file_sha256
where d.source = $source and d.state = 'used'
order by d.delivery_id, d.file_name, r.sheet, r.row_no
