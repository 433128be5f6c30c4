"""Small frames for the SQL of collecting: rows of output tables and of records, what is not given is NULL."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, datetime, timedelta
from typing import Any

import pyarrow as pa

from data_contracts.model import Contract, output_contract, source_contract
from resources.calendars import calendar
from resources.engines.duckdb_engine import DuckDBEngine, sql_text
from resources.reference import clocks

AS_OF = date(2026, 10, 31)
NOON = datetime(2026, 10, 8, 12)
S, D, N, B, T = pa.string(), pa.date32(), pa.int64(), pa.bool_(), pa.timestamp("us")
TYPES = {"VARCHAR": S, "DATE": D, "BIGINT": N, "BOOLEAN": B, "TIMESTAMP": T}
RECORD = {
    "source": S, "row_id": S, "delivery_id": S, "file_name": S, "sheet": S, "row_no": N, "key_text": S, "uid": S,
    "formed_on": D, "published_on": D, "document_number": S, "received_at": T, "version_no": N, "is_withdrawn": B,
    "is_current": B,
}  # fmt: skip
QUARANTINED = {
    "source": S, "row_id": S, "delivery_id": S, "file_name": S, "sheet": S, "row_no": N, "received_at": T, "formed_on": D,
    "corrects_row_id": S, "rule_ids": S, "reasons": S, "raw_cells": S,
}  # fmt: skip
REFUSED = {"row_id": S, "key_text": S, "document_number": S, "uid": S}
UNITS = [
    {"unit_code": "SP-LT", "unit_name": "食品流通科", "kind": "section", "county": None},
    {"unit_code": "ZHZF", "unit_name": "综合行政执法队", "kind": "support", "county": None},
    {"unit_code": "140821", "unit_name": "临猗县市场监督管理局", "kind": "county", "county": "140821"},
]


def frame(types: Mapping[str, pa.DataType], rows: Iterable[Mapping[str, Any]]) -> pa.Table:
    return pa.Table.from_pylist([dict(row) for row in rows], schema=pa.schema(list(types.items())))


def of(contract: Contract, *rows: Mapping[str, Any], more: Mapping[str, pa.DataType] | None = None) -> pa.Table:
    types = {c.name: TYPES.get(c.physical_type, pa.decimal128(18, 6)) for c in contract.columns}
    return frame({**types, **(more or {})}, rows)


def stored(name: str, *rows: Mapping[str, Any]) -> pa.Table:
    return of(output_contract(name), *rows)


def accepted(name: str, *rows: Mapping[str, Any]) -> pa.Table:
    more = {"row_id": S, "received_at": T, "version_no": N, "is_current": B, "is_withdrawn": B}
    flags = {"version_no": 1, "is_current": True, "is_withdrawn": False}
    given = [{"row_id": f"{name}:{n}"} | flags | dict(r) for n, r in enumerate(rows)]
    return of(source_contract(name), *given, more=more)


def inspections(engine: DuckDBEngine, platform: pa.Table, county: pa.Table, as_of: date = AS_OF) -> pa.Table:
    """What platform and counties tell, merged as the stage merges it."""
    tables = {"accepted_inspection_result": platform, "accepted_county_return": county}
    made = engine.select(sql_text("risk/inspection"), tables, {"as_of": as_of})
    assert tuple(made.schema.names) == output_contract("inspection").column_names
    return made


def staffed(engine: DuckDBEngine, inputs: dict[str, pa.Table]) -> dict[str, pa.Table]:
    """The inputs with the team of each visit in place of who is in a team and whom nobody was found for."""
    tables = {name: inputs.pop(name) for name in ("team_in_force", "unstaffed_visit")}
    made = engine.select(sql_text("reports/visit_team"), tables, {})
    assert tuple(made.schema.names) == output_contract("visit_team").column_names
    return inputs | {"visit_team": made}


def units() -> pa.Table:
    return frame(dict.fromkeys(("unit_code", "unit_name", "kind", "county"), S), UNITS)


def run(engine: DuckDBEngine, name: str, inputs: Mapping[str, pa.Table], **params: object) -> list[dict[str, Any]]:
    """The rows of `sql/reports/<name>.sql`, which must have the columns and types of its output contract."""
    made = engine.select(sql_text(f"reports/{name}"), inputs, params)
    promised = [(c.name, TYPES.get(c.physical_type, pa.decimal128(18, 6))) for c in output_contract(name).columns]
    assert [(field.name, field.type) for field in made.schema] == promised
    rows: list[dict[str, Any]] = made.to_pylist()
    return rows


def due_days(first: date = date(2021, 1, 1), last: date = date(2027, 1, 31)) -> pa.Table:
    rows = [
        {"clock": c, "formed_on": f, "due_on": d, "is_provisional": p}
        for clock in clocks()
        if clock.starts == "formed_on"
        for c, f, d, p in clock.due_rows(first, last, calendar())
    ]
    return frame({"clock": S, "formed_on": D, "due_on": D, "is_provisional": B}, rows)


def day_numbers() -> pa.Table:
    numbered = calendar().number_table(date(2021, 1, 1), date(2027, 1, 31) + timedelta(days=60))
    return frame({"day": D, "number": N}, ({"day": day, "number": number} for day, number in numbered))
