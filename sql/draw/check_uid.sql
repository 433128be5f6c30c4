-- 不是校验有效的统一社会信用代码的 uid（GB 32100：加权和须被 31 整除）；其中合规的 R: 注册号由程序再认（DRAW §1）。
-- strpos 从 1 数起：首项 -306 抵去各位权数之和。
with subject as (
    select coalesce(uid, '') as uid
    from population
),
summed as (
    select
        uid,
        -306
        + 1 * strpos('0123456789ABCDEFGHJKLMNPQRTUWXY', substr(uid, 1, 1))
        + 3 * strpos('0123456789ABCDEFGHJKLMNPQRTUWXY', substr(uid, 2, 1))
        + 9 * strpos('0123456789ABCDEFGHJKLMNPQRTUWXY', substr(uid, 3, 1))
        + 27 * strpos('0123456789ABCDEFGHJKLMNPQRTUWXY', substr(uid, 4, 1))
        + 19 * strpos('0123456789ABCDEFGHJKLMNPQRTUWXY', substr(uid, 5, 1))
        + 26 * strpos('0123456789ABCDEFGHJKLMNPQRTUWXY', substr(uid, 6, 1))
        + 16 * strpos('0123456789ABCDEFGHJKLMNPQRTUWXY', substr(uid, 7, 1))
        + 17 * strpos('0123456789ABCDEFGHJKLMNPQRTUWXY', substr(uid, 8, 1))
        + 20 * strpos('0123456789ABCDEFGHJKLMNPQRTUWXY', substr(uid, 9, 1))
        + 29 * strpos('0123456789ABCDEFGHJKLMNPQRTUWXY', substr(uid, 10, 1))
        + 25 * strpos('0123456789ABCDEFGHJKLMNPQRTUWXY', substr(uid, 11, 1))
        + 13 * strpos('0123456789ABCDEFGHJKLMNPQRTUWXY', substr(uid, 12, 1))
        + 8 * strpos('0123456789ABCDEFGHJKLMNPQRTUWXY', substr(uid, 13, 1))
        + 24 * strpos('0123456789ABCDEFGHJKLMNPQRTUWXY', substr(uid, 14, 1))
        + 10 * strpos('0123456789ABCDEFGHJKLMNPQRTUWXY', substr(uid, 15, 1))
        + 30 * strpos('0123456789ABCDEFGHJKLMNPQRTUWXY', substr(uid, 16, 1))
        + 28 * strpos('0123456789ABCDEFGHJKLMNPQRTUWXY', substr(uid, 17, 1))
        + 1 * strpos('0123456789ABCDEFGHJKLMNPQRTUWXY', substr(uid, 18, 1))
        as total
    from subject
)
select uid
from summed
where not regexp_matches(uid, '^[0-9A-HJ-NPQRTUWXY]{18}$') or total % 31 <> 0
order by uid
