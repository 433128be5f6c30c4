-- 检查结果公示率：20 个工作日的公示期限在本月届满的，按期公示的占多少，按检查主体（R-29b）。
with judged as (
    select
        unit_code,
        in_public_file,
        publish_due_on,
        publish_due_provisional,
        published_on,
        publish_due_on between $month_first and $month_last and publish_due_on <= $as_of as falls_due,
        published_on is null and (publish_due_on >= $as_of or publish_due_provisional) as is_pending,
        published_on <= publish_due_on as is_in_time
    from inspection_outcome
),
-- 已公示的也按期限所在的月份计；期限暂定的不判。
counted as (
    select
        unit_code,
        cast(count(*) filter (where falls_due and not publish_due_provisional and is_in_time) as bigint)
            as published_in_time,
        cast(count(*) filter (where falls_due and not publish_due_provisional and not is_in_time) as bigint)
            as published_late,
        cast(
            count(*) filter (
                where falls_due and not publish_due_provisional and published_on is null and not is_pending
            ) as bigint
        ) as unpublished_overdue,
        cast(count(*) filter (where is_pending) as bigint) as publication_pending,
        cast(count(*) filter (where is_pending and publish_due_provisional) as bigint) as publication_provisional,
        cast(
            count(*) filter (
                where publish_due_on < $month_first and not publish_due_provisional and published_on is null
            ) as bigint
        ) as unpublished_before,
        cast(count(*) filter (where in_public_file) as bigint) as publication_listed
    from judged
    group by unit_code
),
-- 县级单位都列；不在单位表中的代码照列，一件不少。
named as (
    select unit_code, unit_name, kind from unit
    union all
    select c.unit_code, c.unit_code as unit_name, 'unknown' as kind
    from counted as c
    left join unit as u on c.unit_code = u.unit_code
    where u.unit_code is null
),
together as (
    select
        u.unit_code,
        u.unit_name,
        coalesce(c.published_in_time, 0) as published_in_time,
        coalesce(c.published_late, 0) as published_late,
        coalesce(c.unpublished_overdue, 0) as unpublished_overdue,
        coalesce(c.publication_pending, 0) as publication_pending,
        coalesce(c.publication_provisional, 0) as publication_provisional,
        coalesce(c.unpublished_before, 0) as unpublished_before,
        coalesce(c.publication_listed, 0) as publication_listed
    from named as u
    left join counted as c on u.unit_code = c.unit_code
    where u.kind = 'county' or c.unit_code is not null
)
select
    $month as month,
    unit_code,
    unit_name,
    published_in_time + published_late + unpublished_overdue as publication_due,
    published_in_time,
    published_late,
    unpublished_overdue,
    case
        when published_in_time + published_late + unpublished_overdue > 0
            then cast(
                cast(published_in_time as decimal(18, 6))
                / (published_in_time + published_late + unpublished_overdue) as decimal(18, 6)
            )
    end as publication_rate,
    publication_pending,
    publication_provisional,
    unpublished_before,
    publication_listed
from together
order by month, unit_code
