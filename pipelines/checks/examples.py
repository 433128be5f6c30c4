"""Where the rows lie that break a promise: a few places each, never a value.

Here: the places of failing rows, read by DuckDB from the judged table. Not here: judging and counting (judge).
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import pyarrow.parquet as pq

from data_contracts.model import Contract
from pipelines.checks.suites import promises_of
from resources.engines.duckdb_engine import DuckDBEngine

SHOWN = 5
PLACE = ("delivery_id", "file_name", "sheet", "row_no")


def places(engine: DuckDBEngine, contract: Contract, table: Path, rule_ids: Iterable[str]) -> dict[str, list[str]]:
    """Rule id -> the first places (批次/文件 表页 第 n 行) of rows that break it; none for a table without places."""
    from sqlglot import exp

    if not set(PLACE) <= set(pq.read_schema(table).names):
        return {}
    wanted = set(rule_ids)
    found = {}
    for promise in promises_of(contract):
        if promise.rule_id in wanted:
            rows = exp.select(*PLACE).from_("judged").where(promise.broken).order_by(*PLACE).limit(SHOWN)
            listed = engine.select(rows.sql(dialect="duckdb"), {"judged": table}).to_pylist()
            found[promise.rule_id] = [_told(row) for row in listed]
    return found


def _told(row: dict[str, object]) -> str:
    sheet = f" {row['sheet']}" if row["sheet"] else ""
    return f"{row['delivery_id']}/{row['file_name']}{sheet} 第 {row['row_no']} 行"
