-- 当月信用风险等级：省局快照原样，只读；每主体每月一行（R-19 至 R-21）。
select
    uscc as uid,
    snapshot_month,
    credit_grade,
    graded_on,
    received_at,
    row_id
from accepted_grade_snapshot
where is_current and snapshot_month = $month
order by uid
