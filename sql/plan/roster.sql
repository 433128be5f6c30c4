-- 执法检查人员名录：最近一次交付的月份的在岗人员，证件未过期（截至 as_of），不含姓名（R-37，DRAW §2 roster.csv）。
-- 声明跨县支援的人员，当月列入被支援的单位（DRAW §6 declared cross-county pool）。
-- 名录按月整表交付：上月在册、本月不在册的人员已调离，不再参加匹配。
with delivered_in as (
    select a.*, d.delivery_month
    from accepted_inspector as a
    inner join deliveries as d on a.delivery_id = d.delivery_id and a.file_name = d.file_name
    where a.is_current
),
newest as (
    select max(delivery_month) as delivery_month from delivered_in
)
select
    a.inspector_id,
    coalesce(a.support_county, a.county) as county,
    a.county as home_county,
    a.station,
    coalesce(a.specialties, '') as specialties,
    a.days,
    a.load_cap,
    a.valid_until
from delivered_in as a
inner join newest as n on a.delivery_month = n.delivery_month
where a.status = 'active' and a.valid_until > $as_of
order by a.inspector_id
