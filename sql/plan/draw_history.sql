-- 往期已抽：平台导出与本系统往期批次合并；同一批次以本系统的抽取包为准。作废批次照计（DRAW §2 drawn_ytd，§3.4）。
-- 含本月已作废的批次；上一年度的也列出，供间隔使用，年度数另按年份计。
with own as (
    select round_id, draw_month, task, county, stratum, uid, is_voided from own_draws
),
imported as (
    select
        p.round_id,
        p.draw_month,
        p.task_code as task,
        p.county,
        p.stratum,
        p.uscc as uid,
        false as is_voided
    from accepted_prior_draw as p
    left join (select distinct round_id from own_draws) as o on p.round_id = o.round_id
    where p.is_current and not coalesce(p.is_replacement, false) and o.round_id is null and p.draw_month < $month
),
together as (
    select * from own
    union all
    select * from imported
)
select round_id, draw_month, task, county, stratum, uid, is_voided
from together
where draw_month >= $since
order by round_id, task, uid
