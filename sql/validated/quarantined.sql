-- 隔离清单：各来源未能验收的行，原始单元格、位置与原因俱在，可更正后放行（FIELDS 引言，R-18）。
select
    source,
    row_id,
    delivery_id,
    file_name,
    sheet,
    row_no,
    part_no,
    corrects_row_id,
    received_at,
    formed_on,
    rule_ids,
    reasons,
    raw_cells,
    candidates
from parts
order by row_id, source
