-- 应归集的记录，一件一行：首次送达为准，更正不另计，移出另计；隔离后无人更正、也未另行送达的行，是尚未归集的记录（R-12、R-13、§4.5）。
with versions as (
    select
        r.source,
        r.key_text,
        -- 列入与移出各有各的日期；其他来源改了日期仍是同一件
        case when c.is_event_dated then coalesce(cast(r.formed_on as varchar), '') else '' end as event,
        r.row_id,
        r.delivery_id,
        r.file_name,
        r.sheet,
        r.row_no,
        r.uid,
        r.formed_on,
        r.published_on,
        r.document_number,
        r.received_at,
        r.version_no,
        r.is_withdrawn,
        r.version_no = 1 and r.is_current as is_alone
    from record as r
    inner join clocked_source as c on r.source = c.source
),
several as (
    select * from versions where not is_alone
),
ended as (
    select source, key_text, max_by(is_withdrawn, version_no) as is_withdrawn
    from several
    group by source, key_text
),
ranked as (
    select
        *,
        row_number() over (partition by source, key_text, event order by version_no, row_id) as from_first,
        row_number() over (partition by source, key_text, event order by version_no desc, row_id desc) as from_last
    from several
    where not is_withdrawn
),
published as (
    -- 后来的版本没有写公示日期，不等于撤回了公示
    select source, key_text, event, max_by(published_on, version_no) as published_on
    from ranked
    where published_on is not null
    group by source, key_text, event
),
collected as (
    select
        source, row_id, delivery_id, file_name, sheet, row_no, key_text, uid, formed_on, published_on, document_number,
        received_at, false as is_withdrawn, row_id as newest_row_id
    from versions
    where is_alone
    union all
    select
        f.source, f.row_id, f.delivery_id, f.file_name, f.sheet, f.row_no, f.key_text, l.uid, l.formed_on, p.published_on,
        l.document_number, f.received_at, e.is_withdrawn, l.row_id as newest_row_id
    from ranked as f
    inner join ranked as l on f.source = l.source and f.key_text = l.key_text and f.event = l.event
    inner join ended as e on f.source = e.source and f.key_text = e.key_text
    left join published as p on f.source = p.source and f.key_text = p.key_text and f.event = p.event
    where f.from_first = 1 and l.from_last = 1
),
refused as (
    select
        q.source, q.row_id, q.delivery_id, q.file_name, q.sheet, q.row_no, r.key_text, r.uid, q.formed_on, r.document_number,
        q.received_at, c.is_event_dated, coalesce(q.raw_cells, q.row_id) as content
    from quarantined as q
    inner join clocked_source as c on q.source = c.source
    left join refused_row as r on q.row_id = r.row_id
    left join received_file as f on q.delivery_id = f.delivery_id and q.file_name = f.file_name
    -- 撤回文件中的行是撤回，不是记录
    where not coalesce(f.is_withdrawal, false)
),
settled as (
    select f.source, f.content
    from refused as f
    inner join corrected as c on f.row_id = c.row_id
    union
    select f.source, f.content
    from refused as f
    inner join collected as k on f.source = k.source and f.key_text = k.key_text
    where not f.is_event_dated or f.formed_on = k.formed_on
),
unsettled as (
    select f.*
    from refused as f
    left join settled as s on f.source = s.source and f.content = s.content
    where s.source is null
),
still_open as (
    -- 同样的错行每次送达都会再隔离一次，只算一件
    select *
    from unsettled
    qualify row_number() over (partition by source, content order by received_at, row_id) = 1
),
together as (
    select
        source, row_id, delivery_id, file_name, sheet, row_no, key_text, uid, formed_on, published_on, document_number,
        received_at, true as is_collected, is_withdrawn, newest_row_id
    from collected
    union all
    select
        source, row_id, delivery_id, file_name, sheet, row_no, key_text, uid, formed_on, cast(null as date) as published_on,
        document_number, received_at, false as is_collected, false as is_withdrawn, row_id as newest_row_id
    from still_open
)
select
    t.source,
    t.row_id,
    t.key_text,
    t.uid,
    s.unit_code,
    s.unit_name,
    -- 主体的属地，其次报送单位的属地，都没有的不分县
    coalesce(b.county, u.county, '-') as record_county,
    t.formed_on,
    cast(t.received_at as date) as received_on,
    t.published_on,
    t.document_number,
    t.is_collected,
    t.is_withdrawn,
    -- 依法不予公示的，如仅受警告的处罚（clocks.yaml）
    n.row_id is null as must_publish,
    t.delivery_id,
    t.file_name,
    t.sheet,
    t.row_no
from together as t
inner join senders as s on t.delivery_id = s.delivery_id
left join unit as u on s.unit_code = u.unit_code
left join subject as b on t.uid = b.uid
left join not_public as n on t.newest_row_id = n.row_id
order by t.row_id
