-- 主体对照：注册号、规范化名称（及去掉地名和组织形式的名称，只找候选）各对应登记表中的哪一户（R-11、R-18）。
-- 曾用过的名称、号码也算：同一名称先后属于两户的，不作对照。撤回的那一行不算，撤回之前的仍算。
with registered as (
    select uscc, reg_no, party_name
    from accepted_register
    where not is_withdrawn
),
codes as (
    select reg_no, max(uscc) as code from registered where reg_no is not null and uscc is not null group by reg_no
),
subjects as (
    select
        r.reg_no,
        r.party_name,
        coalesce(r.uscc, c.code) as uscc,
        coalesce(r.uscc, c.code, 'R:' || r.reg_no) as uid
    from registered as r
    left join codes as c on r.reg_no = c.reg_no
),
named as (
    select
        uid,
        uscc,
        reg_no,
        party_name,
        upper(
            regexp_replace(
                case
                    when regexp_matches(replace(replace(party_name, '（', '('), '）', ')'), '[！-～•・‧]')
                    then translate(
                        party_name,
                        '！＂＃＄％＆＇（）＊＋，－．／０１２３４５６７８９：；＜＝＞？＠ＡＢＣＤＥＦＧＨＩＪＫＬＭＮＯＰＱＲＳＴＵＶＷＸＹＺ［＼］＾＿｀ａｂｃｄｅｆｇｈｉｊｋｌｍｎｏｐｑｒｓｔｕｖｗｘｙｚ｛｜｝～•・‧',
                        '!"#$%&''()*+,-./0123456789:;<=>?@ABCDEFGHIJKLMNOPQRSTUVWXYZ[\]^_`abcdefghijklmnopqrstuvwxyz{|}~···'
                    )
                    else replace(replace(party_name, '（', '('), '）', ')')
                end,
                '[\s 　​﻿]+',
                '',
                'g'
            )
        ) as name_key
    from subjects
),
keyed as (
    select 'reg_no' as basis, reg_no as key_text, uid, uscc, party_name from named
    union all
    select 'name' as basis, name_key as key_text, uid, uscc, party_name from named
    union all
    select
        'core' as basis,
        coalesce(
            nullif(
                regexp_replace(
                    regexp_replace(name_key, '^([^省]{1,4}省)?([^市]{1,4}市)?([^县区]{1,3}[县区])?', '', 'g'),
                    '(股份有限公司|有限责任公司|有限公司|集团|公司|农民专业合作社|专业合作社|合作社|个体工商户|分公司)+$',
                    '',
                    'g'
                ),
                ''
            ),
            name_key
        ) as key_text,
        uid,
        uscc,
        party_name
    from named
),
one_each as (
    select basis, key_text, uid, max(uscc) as uscc, max(party_name) as party_name
    from keyed
    where key_text is not null and key_text <> '' and uid is not null
    group by basis, key_text, uid
),
counted as (
    select basis, key_text, cast(count(*) as bigint) as matches from one_each group by basis, key_text
)
select o.basis, o.key_text, o.uid, o.uscc, o.party_name, c.matches
from one_each as o
inner join counted as c on o.basis = c.basis and o.key_text = c.key_text
order by basis, key_text, uid
