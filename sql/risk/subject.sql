-- 市场主体：登记表的现行行，一主体一标识；属地按 属地监管机构 → 住所 → 代码区划（现行、已撤销）→ 市本级或只写市名的归口（注明系统指定）的次序确定（DRAW §1，R-01）。
with register as (
    select * from accepted_register where is_current
),
codes as (
    -- 只有注册号的行，若另有一行以同一注册号登记了信用代码，即为同一主体（别名归一）。
    select reg_no, max(uscc) as uscc from register where reg_no is not null group by reg_no
),
identified as (
    select r.*, coalesce(r.uscc, c.uscc, 'R:' || r.reg_no) as uid
    from register as r
    left join codes as c on r.reg_no = c.reg_no
),
one_each as (
    select *
    from identified
    qualify row_number() over (partition by uid order by uscc is null, received_at desc, row_id) = 1
),
named as (
    select r.uid, n.county, n.name, n.priority, strpos(r.address, n.name) as place
    from one_each as r
    inner join ref_county_names as n on contains(r.address, n.name)
    where r.local_adm is null
),
by_address as (
    select uid, county
    from named
    qualify row_number() over (partition by uid order by priority, place, length(name) desc, name) = 1
),
placed as (
    select
        r.*,
        coalesce(substr(r.uscc, 3, 6), substr(r.reg_no, 1, 6), r.division_code) as code_division,
        a.county as address_county
    from one_each as r
    left join by_address as a on r.uid = a.uid
),
resolved as (
    select
        p.*,
        case
            when p.local_adm is not null then p.local_adm
            when p.address_county is not null then p.address_county
            when d.county is not null then d.county
            when substr(p.code_division, 1, 4) = $city_prefix or contains(p.address, $city_name) then $seat_county
        end as resolved_county,
        case
            when p.local_adm is not null then 'local_adm'
            when p.address_county is not null then 'address'
            when d.county is not null then 'division_code'
            when substr(p.code_division, 1, 4) = $city_prefix or contains(p.address, $city_name) then 'assigned'
            else 'none'
        end as county_basis
    from placed as p
    left join ref_division_counties as d on p.code_division = d.code
)
select
    uid,
    uscc,
    reg_no,
    party_name,
    subject_type,
    enterprise_kind,
    industry_code,
    station,
    status,
    status = 'in_operation' as is_live,
    established_on,
    status_changed_on,
    address,
    coalesce(is_new_form, false) as is_new_form,
    case when resolved_county = 'OUT' then null else resolved_county end as county,
    county_basis,
    resolved_county is not null and resolved_county <> 'OUT' as in_jurisdiction,
    received_at,
    row_id
from resolved
order by uid
