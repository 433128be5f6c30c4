-- 抽取次序（规范写法）：每个任务、属地、档次内，可抽对象按（票据，uid）排名，取前 wanted 名（DRAW §2、§5）。
-- wanted：task, county, stratum, wanted, first_digits；票据 = SHA256(K|uid)。
with ticketed as (
    select
        f.task,
        f.county,
        f.stratum,
        f.uid,
        w.wanted,
        sha256($key || '|' || f.uid) as ticket
    from frame as f
    inner join wanted as w on f.task = w.task and f.county = w.county and f.stratum = w.stratum
    where f.state = 'eligible'
),
placed as (
    select
        task,
        county,
        stratum,
        uid,
        ticket,
        wanted,
        row_number() over (partition by task, county, stratum order by ticket, uid) as place
    from ticketed
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
