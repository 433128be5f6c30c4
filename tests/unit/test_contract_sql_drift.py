"""Drift in cells: a column filled with something else, or with nothing, is named with its file — and nothing else is."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from data_contracts.model import Contract
from resources.engines.contract_sql import split_sql
from resources.engines.duckdb_engine import DuckDBEngine
from resources.engines.split_columns import IDENTITY
from tests.unit.small_contracts import PERMIT, delivered, row

SERIES = ("2026-09-XY-01", "2026-09-XY-02", "2026-10-XY-01")


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DuckDBEngine]:
    with DuckDBEngine(temp_directory=tmp_path_factory.mktemp("spill")) as opened:
        yield opened


def drift(engine: DuckDBEngine, *tables: pa.Table, contract: Contract = PERMIT) -> list[tuple[Any, ...]]:
    inputs = {"delivered": pa.concat_tables(tables), "identity": IDENTITY.empty_table()}
    needed = {name: inputs[name] for name in ("delivered", *split_sql(contract).inputs)}
    rows = pq.read_table(engine.select_chain(split_sql(contract).steps(), needed)["drift"]).to_pylist()
    assert {r["source"] for r in rows} <= {"permit"}
    return [(r["delivery_id"], r["column_name"], r["drift_kind"], r["filled_cells"], r["broken_cells"]) for r in rows]


def file(delivery: str, rows: int = 20, start: int = 0, **cells: str | None) -> pa.Table:
    return delivered([row(start + n, **cells) for n in range(1, rows + 1)], delivery=delivery)


def test_a_column_filled_with_something_else(engine: DuckDBEngine) -> None:
    assert drift(engine, file("D-1", days="三天")) == [("D-1", "days", "retyped", 20, 20)]
    assert drift(engine, file("D-1", signed_on="秋天")) == [("D-1", "signed_on", "retyped", 20, 20)]
    assert drift(engine, file("D-1", is_key="重点")) == [("D-1", "is_key", "retyped", 20, 20)]


def test_fewer_than_twenty_or_nine_in_ten_is_no_drift(engine: DuckDBEngine) -> None:
    assert drift(engine, file("D-1", rows=19, days="三天")) == []
    mixed = [pa.concat_tables([file("D-1", 20, 0, days="三天"), file("D-1", good, 20, days="3")]) for good in (2, 3)]
    assert [len(drift(engine, table)) for table in mixed] == [1, 0]


def test_a_required_column_without_one_cell(engine: DuckDBEngine) -> None:
    assert drift(engine, file("D-1", party_name="/")) == [("D-1", "party_name", "all_null", 0, 0)]
    assert drift(engine, file("D-1", rows=19, party_name=None)) == []


def test_an_optional_column_that_every_other_file_of_the_series_fills(engine: DuckDBEngine) -> None:
    filled = [file(name, start=50 * n, days="3") for n, name in enumerate(SERIES[:2])]
    empty = file(SERIES[2], start=200)
    assert drift(engine, *filled, empty) == [(SERIES[2], "days", "all_null", 0, 0)]
    # Another unit fills it: no reason to miss it here. One other file does not: neither.
    other = file("2026-10-DA-01", start=300, days="3")
    assert drift(engine, other, empty) == []
    assert drift(engine, *filled, empty, file("2026-10-XY-02", start=400)) == []


def test_a_file_of_broken_rows_is_looked_at_for_its_empty_columns_too(engine: DuckDBEngine) -> None:
    filled = [file(name, start=50 * n, days="3") for n, name in enumerate(SERIES[:2])]
    found = drift(engine, *filled, file(SERIES[2], start=200, signed_on="秋天"))
    assert [(f[1], f[2]) for f in found] == [("days", "all_null"), ("signed_on", "retyped")]


def test_codes_that_all_come_by_another_way_are_missed_where_they_belong(engine: DuckDBEngine) -> None:
    contract = replace(PERMIT, identity=True)
    assert drift(engine, file("D-1", uscc=None, party_name=None), contract=contract)[-1][:3] == (
        "D-1",
        "uscc",
        "all_null",
    )
