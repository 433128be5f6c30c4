"""The lint finds every construct that another engine reads differently, and passes what is written properly."""

from __future__ import annotations

import pytest

from data_contracts.model import Contract, source_contract
from resources.engines.contract_sql import split_sql
from resources.engines.dialect import lint, to_spark
from resources.engines.duckdb_engine import Step
from tests.unit.small_contracts import PERMIT

FAULTY = [
    ("select a from t asof join u on t.a >= u.a order by a", "ASOF"),
    ("select a from t positional join u order by a", "POSITIONAL"),
    ("select a from t unpivot (v for n in (x, y)) order by a", "PIVOT"),
    ("pivot t on x using sum(y)", "恰好是一条 SELECT"),
    ("select a from t; select b from t", "恰好是一条 SELECT"),
    ("(select a from t) union all (select a from u) order by a", "恰好是一条 SELECT"),
    ("create table x as select 1", "恰好是一条 SELECT"),
    ("select from where", "不能解析"),
    ("select columns('x.*'), a from t order by a", "COLUMNS"),
    ("select #1, a from t order by a", "COLUMNS"),
    ("select a from t order by 1, a", "ORDER BY 不得用位置"),
    ("select a from t order by a, (select max(b) from u group by c order by all limit 1)", "ORDER BY 不得用位置"),
    ("select a, max(b) as b from t group by 1 order by a", "GROUP BY 不得用位置"),
    ("select a, max(b) as b from t group by all order by a", "GROUP BY 不得用位置"),
    ("select a, b[1:2] as b from t order by a", "切片"),
    ("select a, hash(b) as b from t order by a", "hash()"),
    ("select a, try_strptime(b, '%Y') as b from t order by a", "try_strptime"),
    ("select a, strptime(b, '%Y') as b from t order by a", "strptime"),
    ("select a, regexp_full_match(b, 'x') as b from t order by a", "regexp_full_match"),
    ("select a, list(b order by c) as b from t group by a order by a", "聚合函数内的 ORDER BY"),
    ("select a, string_agg(b, ';' order by c) as b from t group by a order by a", "聚合函数内的 ORDER BY"),
    ("select a, quantile_disc(b, 0.5) as b from t group by a order by a", "quantile_disc"),
    ("select a, max_by(b, c, 2) as b from t group by a order by a", "max_by"),
    ("select a, arg_min(b, c, 2) as b from t group by a order by a", "max_by"),
    ("select a from t qualify row_number() over (partition by t.a order by t.b) = 1 order by a", "QUALIFY"),
    ("select a, any_value(b) as b from t group by a order by a", "any_value"),
    ("select a, first(b) as b from t group by a order by a", "first"),
    ("select a, now() as b from t order by a", "当前时间"),
    ("select a, current_date as b from t order by a", "当前时间"),
    ("select a, random() as b from t order by a", "随机数"),
    ("select a from t using sample 10% order by a", "抽样"),
    ("select a, row_number() over (partition by b) as n from t order by a", "没有 ORDER BY"),
    ("select a, sum(b) over w as n from t window w as (partition by b) order by a", "没有 ORDER BY"),
    ("select a from (select a from t limit 3) as s order by a", "LIMIT"),
    ("select a from (select distinct on (b) a from t) as s order by a", "DISTINCT ON"),
    ("select a from read_parquet('x') order by a", "不得直接读文件"),
    ("select a from 'x.parquet' order by a", "不得直接读文件"),
    ("select a from other.t order by a", "不得直接读文件"),
    ("select a, d + interval (n) day as d from t order by a", "INTERVAL"),
    ("select a, sum(b) over (order by a rows 1 preceding exclude ties) as b from t order by a", "不能转写为 Spark"),
    ("select a from t", "ORDER BY 缺少唯一键的列 a"),
    ("select a, b from t order by b", "ORDER BY 缺少唯一键的列 a"),
    ("select a from t order by lower(a)", "ORDER BY 缺少唯一键的列 a"),
    ("select a from (select a from t order by a) as s", "ORDER BY 缺少唯一键的列 a"),
]


@pytest.mark.parametrize(("sql", "sentence"), FAULTY, ids=[sql[:50] for sql, _ in FAULTY])
def test_a_fault_is_found_once_and_named(sql: str, sentence: str) -> None:
    found = lint(sql, name="risk/x", unique_key=["a"])
    assert len(found) == 1
    assert found[0].startswith("risk/x：")
    assert sentence in found[0]


SOUND = [
    "with s as (select a, b from t union all select a, b from u) select a, b from s order by b desc, a",
    "select t.a, row_number() over (partition by b order by c) as n from t order by t.a",
    "select a, sum(b) over w as n from t window w as (partition by b order by a) order by a",
    "select a from t qualify row_number() over (partition by b order by c) = 1 order by a",
    "select a, first_value(b) over (order by c) as b from t order by a",
    "select a, max_by(b, c) as b, cast(count(*) as bigint) as n from t group by a order by a",
    "select a, d + interval 3 day as d, strftime(d, '%Y-%m') as m from t where a = $key order by a",
    "select distinct on (a) a, b from t order by a, b",
    "with s as materialized (select a from t) select a from s order by a",
]


@pytest.mark.parametrize("sql", SOUND)
def test_what_is_written_properly_passes(sql: str) -> None:
    assert lint(sql, name="x", unique_key=["a"]) == []


def test_a_query_without_a_key_needs_no_order_but_keeps_the_rest() -> None:
    assert lint("select a from t", name="x", unique_key=None) == []
    assert lint("select hash(a) as a from t", name="x", unique_key=None)
    assert lint("select a from t order by a", name="x", unique_key=[])


GENERATED = (PERMIT, source_contract("register"), source_contract("penalty"), source_contract("field_food_drug"))


@pytest.mark.parametrize("contract", GENERATED, ids=lambda contract: contract.name)
def test_the_generated_selects_pass(contract: Contract) -> None:
    """What is kept is in a total order; what only the next step reads need not be."""
    keys = {name: ["row_id"] for name in ("judged", "accepted", "quarantined", "duplicates", "record")}
    keys["drift"] = ["delivery_id", "file_name", "column_name"]
    steps = split_sql(contract).steps()
    assert {"accepted", "quarantined", "duplicates", "drift"} <= set(steps)
    for name, step in steps.items():
        sql = step.sql() if isinstance(step, Step) else step
        assert lint(sql, name=name, unique_key=keys.get(name)) == []


def test_spark_gets_no_hint_and_keeps_the_place_of_nulls() -> None:
    spark = to_spark("with s as materialized (select a from t) select a from s order by a")
    assert "MATERIALIZED" not in spark
    assert spark.endswith("ORDER BY a NULLS LAST")
