-- 回避关系：在岗人员与辖区主体，原因不出本表之外（§4.4，DRAW §2 conflicts.csv）。
select c.inspector_id, p.uid
from accepted_inspector_conflict as c
inner join roster as r on c.inspector_id = r.inspector_id
inner join population as p on c.uscc = p.uid
where c.is_current
group by c.inspector_id, p.uid
order by c.inspector_id, p.uid
