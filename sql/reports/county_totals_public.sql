-- 各检查主体抽查户数公示：只计待检查的，被替换的不计，与名单备注一致；只有合计，不分任务、档次、等级和检查方式（R-38，DRAW §3.5）。
select
    c.round_id,
    u.unit_name as unit,
    case when c.demonstration then '演示' else '正式' end as round_kind,
    cast(count(distinct d.uid) as bigint) as drawn_count,
    cast(count(d.uid) as bigint) as task_count
from unit as u
cross join committed_round as c
left join drawn_in_force as d on u.unit_code = d.county and d.replaced_reason is null
where u.county = u.unit_code
group by c.round_id, u.unit_name, c.demonstration
order by c.round_id, unit
