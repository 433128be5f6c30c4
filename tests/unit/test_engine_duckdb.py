"""The engine reaches its inputs and its target and nothing else, and writes the same bytes every time."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from resources.engines.duckdb_engine import CanonicalCsv, DuckDBEngine, EngineError, Step, sql_text, take

NUMBERS = pa.table({"a": pa.array(range(250_000), pa.int64()), "b": [f"x{i * 7919 % 250_000}" for i in range(250_000)]})


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[DuckDBEngine]:
    with DuckDBEngine(temp_directory=tmp_path / "spill") as opened:
        yield opened


@pytest.fixture
def numbers(tmp_path: Path) -> Path:
    pq.write_table(NUMBERS, tmp_path / "n.parquet")
    return tmp_path / "n.parquet"


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_inputs_are_views_and_parameters_bind(engine: DuckDBEngine, tmp_path: Path) -> None:
    pq.write_table(pa.table({"a": [1], "b": ["x"]}), tmp_path / "1.parquet")
    pq.write_table(pa.table({"b": ["y"], "c": [3]}), tmp_path / "2.parquet")
    found = engine.select(
        "select p.b, p.c, t.k, $word as word from parts as p left join t on p.a = t.a order by p.b",
        {"parts": [tmp_path / "1.parquet", tmp_path / "2.parquet"], "t": pa.table({"a": [1], "k": ["one"]})},
        {"word": "w"},
    )
    assert found.to_pylist() == [
        {"b": "x", "c": None, "k": "one", "word": "w"},
        {"b": "y", "c": 3, "k": None, "word": "w"},
    ]


def test_the_same_bytes_whatever_the_threads_and_also_when_spilling(tmp_path: Path, numbers: Path) -> None:
    sql = "select a, b, repeat(b, 80) as wide, $k as k from n order by b, a"
    seen = set()
    for threads, memory in ((1, "1GB"), (2, "1GB"), (2, "300MB")):
        with DuckDBEngine(temp_directory=tmp_path / "spill", memory_limit=memory, threads=threads) as engine:
            rows = engine.select_to_parquet(sql, {"n": numbers}, {"k": "v"}, tmp_path / "out.parquet")
        assert rows == NUMBERS.num_rows
        seen.add(digest(tmp_path / "out.parquet"))
    assert len(seen) == 1
    footer = pq.read_metadata(tmp_path / "out.parquet")
    assert footer.row_group(0).column(0).compression == "ZSTD"
    assert footer.num_row_groups == 7
    assert list((tmp_path / "spill").iterdir()) == []


OUTSIDE = [
    "select * from read_parquet($path)",
    "select * from read_csv('/etc/passwd')",
    "select * from '/etc/hostname.csv'",
    "select content from read_text('/etc/hostname')",
]


@pytest.mark.parametrize("sql", OUTSIDE)
def test_nothing_else_can_be_read(engine: DuckDBEngine, numbers: Path, tmp_path: Path, sql: str) -> None:
    pq.write_table(NUMBERS, tmp_path / "other.parquet")
    params = {"path": str(tmp_path / "other.parquet")} if "$path" in sql else {}
    with pytest.raises(duckdb.PermissionException, match="disabled"):
        engine.select(sql, {"n": numbers}, params)


@pytest.mark.parametrize(
    "sql",
    [
        "create table x as select 1",
        "select 1 as a; select 2 as a",
        "attach 'x.db'",
        "copy n to 'x.csv'",
        "set threads = 1",
    ],
)
def test_only_one_select_is_run(engine: DuckDBEngine, numbers: Path, sql: str) -> None:
    with pytest.raises(EngineError, match="恰好一条 SELECT"):
        engine.select(sql, {"n": numbers})


def test_a_chain_sees_what_came_before_and_gives_the_bytes_of_single_steps(tmp_path: Path, numbers: Path) -> None:
    steps = {
        "few": "select a, b from n where a < 9 order by a",
        "fewer": "select f.b from few as f join n on f.a = n.a order by f.b",
    }
    with DuckDBEngine(temp_directory=tmp_path / "spill") as engine:
        made = engine.select_chain(steps, {"n": numbers})
        again = engine.select_chain(steps, {"n": numbers})
        engine.select_to_parquet(steps["few"], {"n": numbers}, {}, tmp_path / "alone.parquet")
        assert digest(made["few"]) == digest(tmp_path / "alone.parquet")
        assert [digest(path) for path in made.values()] == [digest(path) for path in again.values()]
        assert take(made["fewer"], tmp_path / "kept.parquet") == 9
    assert pq.read_table(tmp_path / "kept.parquet").num_rows == 9
    assert list((tmp_path / "spill").iterdir()) == []


def test_a_step_is_not_even_built_where_nothing_calls_for_it(engine: DuckDBEngine, numbers: Path) -> None:
    columns = pa.schema([("a", pa.int64())])

    def never() -> str:
        raise AssertionError("built")

    steps = {
        "none": "select cast(a as bigint) as a from n where a < 0 order by a",
        "idle": Step(never, ("none", "nothing"), columns),
        "called": Step(lambda: "select count(*) as a from idle order by a", ("none", "n"), columns),
    }
    made = engine.select_chain(steps, {"n": numbers, "nothing": columns.empty_table()})
    assert pq.read_table(made["idle"]).equals(columns.empty_table())
    assert pq.read_table(made["called"]).to_pylist() == [{"a": 0}]


def test_a_chain_reaches_nothing_else_either(engine: DuckDBEngine, numbers: Path) -> None:
    for sql, error in (
        ("select * from read_csv('/etc/passwd')", duckdb.PermissionException),
        ("select * from later", duckdb.CatalogException),
        ("drop view n", EngineError),
        ("select sum(a) as x from n", EngineError),
    ):
        with pytest.raises(error):
            engine.select_chain({"first": sql, "later": "select 1 as a"}, {"n": numbers})


def test_variables_of_the_caller_are_no_tables(engine: DuckDBEngine) -> None:
    secret = pa.table({"a": [1]})
    assert secret.num_rows == 1
    with pytest.raises(duckdb.CatalogException):
        engine.select("select * from secret", {})


@pytest.mark.parametrize(
    "column",
    [
        "sum(a)",
        "avg(a)",
        "cast(1 as hugeint)",
        "[1.5::double]",
        "{'x': 1::float}",
        "cast('2026-01-01' as timestamptz)",
        "count(*) filter (where a > 1) / 2",
    ],
)
def test_types_that_do_not_keep_are_refused(engine: DuckDBEngine, numbers: Path, tmp_path: Path, column: str) -> None:
    sql = f"select {column} as x from n order by x"
    for run in (
        lambda: engine.select(sql, {"n": numbers}),
        lambda: engine.select_to_parquet(sql, {"n": numbers}, {}, tmp_path / "out.parquet"),
    ):
        with pytest.raises(EngineError, match="结果列 x 的类型是"):
            run()
    assert not (tmp_path / "out.parquet").exists()
    engine.select("select cast(sum(a) as bigint) as x, cast(avg(a) as decimal(18,6)) as y from n", {"n": numbers})


def test_inputs_that_are_not_there_or_badly_named(engine: DuckDBEngine, tmp_path: Path) -> None:
    with pytest.raises(EngineError, match=r"输入 n 的文件 no\.parquet 不存在"):
        engine.select("select * from n", {"n": tmp_path / "no.parquet"})
    with pytest.raises(EngineError, match="输入 n 没有任何文件"):
        engine.select("select * from n", {"n": []})
    with pytest.raises(EngineError, match="输入名"):
        engine.select("select 1 as a", {'n"; drop': pa.table({"a": [1]})})
    with pytest.raises(EngineError, match="with 语句"):
        DuckDBEngine(temp_directory=tmp_path).select("select 1 as a", {})


def test_sql_text_reads_only_below_sql() -> None:
    assert "select" in sql_text("risk/enterprise_month")
    for name in ("risk/no_such", "../resources/lake", "risk/../risk/enterprise_month", "/etc/passwd", ""):
        with pytest.raises(EngineError, match="没有 SQL 文件"):
            sql_text(name)


def test_a_canonical_csv_keeps_its_texts(engine: DuckDBEngine, tmp_path: Path) -> None:
    path = tmp_path / "c.csv"
    path.write_text('a,b\n"x,""y",\n0012,NULL\n', encoding="utf-8")
    found = engine.select("select a, b from c order by a", {"c": CanonicalCsv(path, ("a", "b"))})
    assert found.to_pylist() == [{"a": "0012", "b": "NULL"}, {"a": 'x,"y', "b": ""}]
    with pytest.raises(EngineError, match=r"c\.csv 不存在"):
        engine.select("select a from c", {"c": CanonicalCsv(tmp_path / "no" / "c.csv", ("a",))})
    with pytest.raises(EngineError, match="行数未知"):
        engine.select_chain({"d": "select a from c"}, {"c": CanonicalCsv(path, ("a", "b"))})


def test_a_stream_gives_the_rows_in_order_and_in_parts(engine: DuckDBEngine, numbers: Path) -> None:
    with engine.stream("select a, b from n order by b", {"n": numbers}, rows=10_000) as batches:
        parts = list(batches)
    assert max(part.num_rows for part in parts) <= 10_000
    assert pa.Table.from_batches(parts) == engine.select("select a, b from n order by b", {"n": numbers})
