-- 抽取次序（加速写法，DRAW §9）：只对票据前 8 位不大于本档次界限的对象排名；结果须与 ranked.sql 相同。
-- 先按档次名称的最宽界限粗筛，再按本档次界限细筛：一列短键的连接比三列快得多。
-- 界限太窄时某档次不足 wanted 名，由调用者发现并改用 ranked.sql。
with widest as (
    select
        stratum,
        max(first_digits) as first_digits
    from wanted
    group by stratum
),
ticketed as (
    select
        task,
        county,
        stratum,
        uid,
        sha256($key || '|' || uid) as ticket
    from frame
    where state = 'eligible'
),
near as (
    select
        t.task,
        t.county,
        t.stratum,
        t.uid,
        t.ticket
    from ticketed as t
    inner join widest as w on t.stratum = w.stratum
    where substr(t.ticket, 1, 8) <= w.first_digits
),
placed as (
    select
        n.task,
        n.county,
        n.stratum,
        n.uid,
        n.ticket,
        w.wanted,
        row_number() over (partition by n.task, n.county, n.stratum order by n.ticket, n.uid) as place
    from near as n
    inner join wanted as w on n.task = w.task and n.county = w.county and n.stratum = w.stratum
    where substr(n.ticket, 1, 8) <= w.first_digits
)
select
    task,
    county,
    stratum,
    cast(place as bigint) as place,
    uid,
    ticket
from placed
where place <= wanted
order by task, county, stratum, place
