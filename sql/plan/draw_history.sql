-- 本年度已抽：往期抽取（平台导出）与本系统往期批次合并；同一批次以本系统的抽取包为准（DRAW §2 drawn_ytd）。
with own as (
    select round_id, draw_month, task, county, stratum, uid from own_draws
),
imported as (
    select p.round_id, p.draw_month, p.task_code as task, p.county, p.stratum, p.uscc as uid
    from accepted_prior_draw as p
    left join (select distinct round_id from own_draws) as o on p.round_id = o.round_id
    where p.is_current and not coalesce(p.is_replacement, false) and o.round_id is null
),
together as (
    select * from own
    union all
    select * from imported
)
select round_id, draw_month, task, county, stratum, uid
from together
where substr(draw_month, 1, 4) = substr($month, 1, 4) and draw_month < $month
order by round_id, task, uid
