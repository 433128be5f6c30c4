-- 列的变化：表头（缺列、改名、新增）与单元格（类型改变、整列为空），按交付文件（R-18）。
select
    source,
    delivery_id,
    file_name,
    column_name,
    drift_kind,
    cast(filled_cells as bigint) as filled_cells,
    cast(broken_cells as bigint) as broken_cells
from parts
order by delivery_id, file_name, column_name, drift_kind
