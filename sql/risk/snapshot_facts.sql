-- 当月等级快照的清点：行数、隔离、重复、漏列、与前一快照相差两级以上的户数；只有户数和行数，没有各等级的合计（R-20、R-21、R-39，§4.8）。
with source as (
    select * from accepted_grade_snapshot where not is_withdrawn
),
before as (
    select max(snapshot_month) as previous_month from source where is_current and snapshot_month < $month
),
previous as (
    select s.uscc, s.credit_grade
    from source as s
    inner join before as b on s.snapshot_month = b.previous_month
    where s.is_current
),
levels as (
    -- 等级的次序只用来数相差几级。
    select g.uid, strpos('ABCD', g.credit_grade) - strpos('ABCD', p.credit_grade) as step
    from grade_of_month as g
    inner join previous as p on g.uid = p.uscc
),
jumps as (
    select cast(count(*) as bigint) as compared, cast(count(*) filter (where abs(step) >= $jump_levels) as bigint) as jumped
    from levels
),
received as (
    -- 隔离后更正的行不算新送达。
    select
        cast(count(*) as bigint) as snapshot_rows,
        cast(coalesce(max(g.received_at) filter (where s.corrects_row_id is null), max(g.received_at)) as date) as received_on
    from grade_of_month as g
    inner join source as s on g.row_id = s.row_id
),
restatements as (
    select uscc from source where snapshot_month = $month group by uscc having count(distinct credit_grade) > 1
),
repeats as (
    select d.row_id
    from duplicates as d
    inner join source as s on d.duplicate_of = s.row_id
    where d.source = 'grade_snapshot' and d.delivery_id = s.delivery_id and s.snapshot_month = $month
),
corrected as (
    select corrects_row_id from source where corrects_row_id is not null group by corrects_row_id
),
asides as (
    -- 快照月份写得出别的月份的，不是本月的；写不出的，算交付月份的。
    select q.rule_ids
    from quarantined as q
    inner join deliveries as t on q.delivery_id = t.delivery_id and q.file_name = t.file_name
    left join delivered_grade_snapshot as r
        on
            q.delivery_id = r.delivery_id and q.file_name = r.file_name and q.sheet = r.sheet
            and q.row_no = r.row_no and q.part_no = r.part_no
    left join corrected as c on q.row_id = c.corrects_row_id
    where
        q.source = 'grade_snapshot' and c.corrects_row_id is null
        and (
            trim(r.snapshot_month) = $month
            or (t.delivery_month = $month and not coalesce(regexp_matches(trim(r.snapshot_month), '^20[0-9]{2}-[0-9]{2}$'), false))
        )
),
aside as (
    select
        cast(count(*) filter (where contains(rule_ids, 'credit_grade.')) as bigint) as unknown_rows,
        cast(count(*) filter (where contains(rule_ids, 'key_conflict')) as bigint) as conflicting_rows
    from asides
),
live as (
    select
        cast(count(*) filter (where grade_state = 'graded' and is_live) as bigint) as graded_subjects,
        cast(count(*) filter (where grade_state = 'missing_from_snapshot') as bigint) as missing_subjects
    from enterprise_month
)
select
    $month as month,
    r.received_on,
    r.snapshot_rows,
    a.unknown_rows,
    a.conflicting_rows,
    (select cast(count(*) as bigint) from repeats) as repeated_rows,
    (select cast(count(*) as bigint) from restatements) as restated_subjects,
    l.graded_subjects,
    l.missing_subjects,
    b.previous_month,
    (select cast(count(*) as bigint) from previous) as previous_rows,
    j.compared as compared_subjects,
    j.jumped as jumped_subjects
from received as r
cross join aside as a
cross join live as l
cross join before as b
cross join jumps as j
order by month
