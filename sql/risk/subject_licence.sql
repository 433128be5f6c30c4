-- 截至日期有效的行政许可：许可内容与证书名称中的字样，按许可限定抽查任务的范围时用（DRAW §2 scope，R-03）。
with valid as (
    select uscc as uid, concat(licence_content, '；', coalesce(licence_cert_name, ''), '；', licence_type) as licence_words
    from accepted_licence
    where
        is_current and uscc is not null and coalesce(status, '有效') = '有效'
        and valid_from <= $as_of and valid_to >= $as_of
)
select uid, licence_words
from valid
group by uid, licence_words
order by uid, licence_words
