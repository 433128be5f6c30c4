-- 各月快照中各等级的户数：占比走势和三倍标准差的预警由此计算（§4.8）。
select
    snapshot_month,
    credit_grade,
    cast(count(*) as bigint) as n
from accepted_grade_snapshot
where is_current and not is_withdrawn and snapshot_month <= $month
group by snapshot_month, credit_grade
order by snapshot_month, credit_grade
