-- frame.csv：抽取名录，按任务、uid 排序；只有 eligible 没有原因（DRAW §2）。
select
    task,
    uid,
    county,
    stratum,
    state,
    coalesce(reason, '') as reason
from frame
order by task, uid
