-- 已知检查：截至 as_of 平台导出与县级送回的检查合并，每个事项的结果一行（R-07，R-29）。
-- 一次检查只算一次：同一计划、任务、主体平台已有的，不论日期和方式，以平台为准。
-- 县级同一行送回多次的，看最后一次填了结果的；后来送回的空白行不抵消已填的结果，撤回的才抵消。
with platform as (
    select row_id, uscc as uid, task_code, plan_id, inspected_on, mode, inspector_ids
    from accepted_inspection_result
    where is_current and inspected_on <= $as_of
),
known as (
    select uid, task_code, plan_id from platform where plan_id is not null group by uid, task_code, plan_id
),
withdrawn as (
    select plan_id, item_code, uscc, max(version_no) as last_version
    from accepted_county_return
    where is_withdrawn
    group by plan_id, item_code, uscc
),
filled as (
    select c.*
    from accepted_county_return as c
    left join withdrawn as w on c.plan_id = w.plan_id and c.item_code = w.item_code and c.uscc = w.uscc
    where not c.is_withdrawn and c.inspected_on is not null and c.version_no > coalesce(w.last_version, 0)
),
county as (
    select row_id, uscc as uid, task_code, plan_id, inspected_on, mode, inspector_ids
    from filled
    qualify row_number() over (partition by plan_id, item_code, uscc order by version_no desc, row_id) = 1
),
together as (
    select row_id, uid, task_code, plan_id, inspected_on, mode, inspector_ids from platform
    union all
    select c.row_id, c.uid, c.task_code, c.plan_id, c.inspected_on, c.mode, c.inspector_ids
    from county as c
    left join known as k on c.uid = k.uid and c.task_code = k.task_code and c.plan_id = k.plan_id
    where c.inspected_on <= $as_of and k.uid is null
)
select
    row_id,
    uid,
    task_code,
    plan_id,
    inspected_on,
    mode,
    replace(inspector_ids, '；', ';') as inspector_ids
from together
order by row_id
