-- 本批次的触发检查：本月的线索，加上本月作废批次抽中、照常检查的现场对象（V.<批次>.<序号>，DRAW §3.4）。
with together as (
    select trigger_id, uid, county from triggered_inspection
    union all
    select trigger_id, uid, county from voided_visit
)
select trigger_id, uid, county
from together
order by trigger_id
