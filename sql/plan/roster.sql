-- 执法检查人员名录：在岗人员，证件未过期（截至 as_of），不含姓名（R-37，DRAW §2 roster.csv）。
select
    inspector_id,
    county,
    coalesce(specialties, '') as specialties,
    days,
    load_cap,
    valid_until
from accepted_inspector
where is_current and status = 'active' and valid_until > $as_of
order by inspector_id
