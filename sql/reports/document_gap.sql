-- 文号缺号：同一来源、同一字号序列中，前后号都收到而中间未收到的号；隔离的行算收到，“第N号-167”的分号不算缺号（§4.5）。
with texts as (
    select
        source,
        unit_code,
        unit_name,
        formed_on,
        replace(document_number, ' ', '') as number_shown,
        translate(
            replace(document_number, ' ', ''), '()（）[]［］【】０１２３４５６７８９', '〔〕〔〕〔〕〔〕〔〕0123456789'
        ) as number_text
    from collected_record
    where document_number is not null
),
parsed as (
    select
        source,
        unit_code,
        unit_name,
        formed_on,
        -- 括号、全角数字写法不一的是同一序列；改写是逐字的，所以原样的前缀与它一样长
        substr(number_shown, 1, length(regexp_extract(number_text, '^(.*〔20[0-9]{2}〕[^0-9]*)[0-9]{1,9}', 1))) as series_shown,
        regexp_extract(number_text, '^(.*〔20[0-9]{2}〕[^0-9]*)[0-9]{1,9}', 1) as series,
        regexp_extract(number_text, '^.*〔(20[0-9]{2})〕', 1) as series_year,
        try_cast(regexp_extract(number_text, '^.*〔20[0-9]{2}〕[^0-9]*([0-9]{1,9})', 1) as bigint) as serial
    from texts
),
recent as (
    select * from parsed where serial is not null and cast(series_year as bigint) between $year - 1 and $year
),
numbers as (
    -- 一个序列可能由几个单位分报：别的单位报了的，不算缺号
    select source, series, serial, min(unit_code) as unit_code, min(formed_on) as formed_on
    from recent
    group by source, series, serial
),
steps as (
    select *, lag(serial) over (partition by source, series order by serial) as number_before
    from numbers
),
gaps as (
    select
        s.source,
        s.series,
        s.unit_code,
        s.number_before + 1 as from_no,
        s.serial - 1 as to_no,
        s.serial - s.number_before - 1 as missing,
        coalesce(d.due_on < $as_of and not d.is_provisional, false) as is_due
    from steps as s
    left join due_day as d on s.formed_on = d.formed_on and d.clock = 'collect_7wd'
    where s.serial - s.number_before > 1
),
widths as (
    select source, series, cast(length(cast(max(serial) as varchar)) as integer) as width
    from numbers
    group by source, series
),
labelled as (
    select
        g.source,
        g.series,
        g.unit_code,
        g.missing,
        g.is_due,
        lpad(cast(g.from_no as varchar), w.width, '0')
        || case when g.to_no > g.from_no then '至' || lpad(cast(g.to_no as varchar), w.width, '0') else '' end as label
    from gaps as g
    inner join widths as w on g.source = w.source and g.series = w.series
),
missed as (
    select
        source,
        series,
        unit_code,
        cast(sum(missing) as bigint) as missing,
        cast(coalesce(sum(missing) filter (where is_due), 0) as bigint) as missing_due,
        array_to_string(list_sort(array_agg(label)), '、') as missing_numbers
    from labelled
    group by source, series, unit_code
),
titles as (
    select source, series, min(series_shown) as series_shown from recent group by source, series
),
seen as (
    select
        source,
        series,
        min(series_year) as series_year,
        unit_code,
        min(unit_name) as unit_name,
        min(serial) as first_no,
        max(serial) as last_no,
        cast(count(distinct serial) as bigint) as numbers_seen
    from recent
    group by source, series, unit_code
)
select
    s.source,
    s.unit_code,
    s.unit_name,
    t.series_shown as series,
    s.series_year,
    s.first_no,
    s.last_no,
    s.numbers_seen,
    coalesce(m.missing, 0) as missing,
    coalesce(m.missing_due, 0) as missing_due,
    m.missing_numbers
from seen as s
inner join titles as t on s.source = t.source and s.series = t.series
left join missed as m on s.source = m.source and s.series = m.series and s.unit_code = m.unit_code
order by source, unit_code, series
