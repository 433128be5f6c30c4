-- 检查结果公示：每户、任务、检查日期一行，按主体标识的 SHA-256 排序，各任务混排（R-29b，R-38）。
-- 不写计划：线索检查和作废批次的检查一律为触发检查，不作为该批次的结果（DRAW §3.4）；问题描述可能写到个人，不公示。
with worded as (
    select
        o.uid,
        o.ent_name,
        coalesce(u.unit_name, '其他检查机关') as unit_name,
        o.inspected_on,
        case when o.of_voided_round or t.task_name is null then '触发检查' else t.task_name end as task_name,
        o.result_code,
        w.result_words,
        coalesce(o.published_on, $as_of) as public_on
    from inspection_outcome as o
    left join unit as u on o.unit_code = u.unit_code
    inner join result_word as w on o.result_code = w.result_code
    left join task_word as t on o.task_code = t.task_code
    where o.in_public_file
),
-- 查出问题的任务，只写问题；几个事项都没有问题的，写一次。
found as (
    select
        uid,
        task_name,
        inspected_on,
        max(ent_name) as ent_name,
        array_to_string(list_sort(array_agg(distinct unit_name)), '；') as unit,
        array_to_string(list_sort(array_agg(distinct result_words) filter (where result_code <> '1')), '；')
            as problem_words,
        max(result_words) filter (where result_code = '1') as sound_words,
        min(public_on) as public_on
    from worded
    group by uid, task_name, inspected_on
)
select
    case when $demonstration then '【演示】' || task_name else task_name end as task_name,
    ent_name,
    uid as uscc,
    unit,
    inspected_on,
    coalesce(nullif(problem_words, ''), sound_words) as result_words,
    public_on
from found
order by sha256(uid), uscc, task_name, inspected_on
