-- 重复清单：与先到的一行主键和内容都相同的行（守恒的第三处）。
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
    duplicate_of
from parts
order by row_id, source
