-- 归集台账：各来源有形成日的已验收记录，每个版本一行，时限由此计算（R-12、R-13）。
select
    source,
    row_id,
    delivery_id,
    file_name,
    sheet,
    row_no,
    key_text,
    uid,
    formed_on,
    published_on,
    document_number,
    received_at,
    version_no,
    is_withdrawn,
    is_current
from parts
order by row_id, source
