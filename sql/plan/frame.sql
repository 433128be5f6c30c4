-- 抽查对象名录（冻结）：每个任务范围内的每个主体恰一行，状态与原因明示，无人被悄悄遗漏（DRAW §2 frame.csv）。
with reasoned as (
    select
        c.task,
        c.uid,
        c.county,
        c.stratum,
        case
            when c.in_observation then 'observation_period'
            when c.on_white_list then 'white_list'
            when c.drawn_this_year and q.blocks_drawn_this_year then 'drawn_this_year'
            when c.drawn_in_voided then 'voided_round'
            when c.within_gap then 'visited_within_gap'
            when c.over_cap then 'yearly_cap_reached'
            else ''
        end as reason
    from frame_candidate as c
    inner join stratum_quota as q on c.task = q.task and c.county = q.county and c.stratum = q.stratum
)
select
    r.task,
    r.uid,
    r.county,
    r.stratum,
    coalesce(p.state, 'eligible') as state,
    r.reason
from reasoned as r
left join policy_reason as p on r.reason = p.reason
order by r.task, r.uid
