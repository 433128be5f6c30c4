"""Every class of file, cell and fault of a delivery as a small named fixture: what reading and splitting make of it.

A folder of tests/fixtures/collection is one class: its files, as a department would send them, and expected.json:
  shows        one sentence
  contract     name of the source
  files        file name -> what reading gives (in this order they are delivered, one day apart):
    columns, rows     cells of the delivered table, in its order (columns may be row_no, part_no, sheet, corrects_row_id)
    count             number of delivered rows, where all rows would be too many to list
    sheets            [sheet, header_rows, data_rows, blank_rows, footer_rows, delivered_rows, last_row] each
    brought           the contract's columns that the file has
    declared          data rows announced by the manifest
    refused, says, drifts   instead of a table: kind of the refusal, words of its sentence, [kind, column, header] each
    delivery, received_at, withdrawal   instead of D1, D2 …, 2026-10-08T09:30:00 and the days after, false
  register     [uscc, reg_no, party_name] of the registered subjects, for contracts that look codes up
  accepted, quarantined, duplicates, drift, record   {columns, rows}: what the split of all readable files gives,
               compared as text without regard to order; `count` as above
Here: the walk and the comparing. Not here: how files are made (tests/fixtures/collection/README.md).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from data_contracts.model import Contract, source_contract
from resources.engines.amounts import amount_table, amount_texts
from resources.engines.contract_sql import split_sql
from resources.engines.duckdb_engine import DuckDBEngine, sql_text
from resources.inbox import InboxError, RawTable, read_file
from resources.inbox.errors import DriftError

ROOT = Path(__file__).resolve().parents[1] / "fixtures" / "collection"
CLASSES = sorted(path.parent.name for path in ROOT.glob("*/expected.json"))
PLACES = ("accepted", "quarantined", "duplicates", "drift", "record")
_FILE_KEYS = {
    "columns", "rows", "count", "sheets", "brought", "declared", "refused", "says", "drifts", "delivery", "received_at",
    "withdrawal",
}  # fmt: skip
_FIRST = datetime(2026, 10, 8, 9, 30)


def expected(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((ROOT / name / "expected.json").read_text(encoding="utf-8"))
    unknown = set(found) - {"shows", "contract", "files", "register", *PLACES}
    assert not unknown, f"{name}: 不认识的键 {unknown}"
    return found


def test_there_are_classes_and_every_file_of_a_class_is_expected() -> None:
    assert CLASSES
    for name in CLASSES:
        files = {path.name for path in (ROOT / name).iterdir()} - {"expected.json"}
        assert files == set(expected(name)["files"]), name


@pytest.mark.parametrize("name", CLASSES)
def test_what_reading_gives(name: str) -> None:
    wanted = expected(name)
    contract = source_contract(wanted["contract"])
    for file_name, says in wanted["files"].items():
        assert not set(says) - _FILE_KEYS, f"{name}/{file_name}: 不认识的键 {set(says) - _FILE_KEYS}"
        path = ROOT / name / file_name
        if "refused" in says:
            with pytest.raises(InboxError) as caught:
                read_file(path, contract, rows=says.get("declared"))
            _compare_refusal(caught.value, says, file_name)
        else:
            _compare_table(read_file(path, contract, rows=says.get("declared")), says, file_name)


def _compare_refusal(error: InboxError, says: dict[str, Any], file_name: str) -> None:
    assert error.kind == says["refused"], str(error)
    assert file_name in str(error)
    assert str(ROOT) not in str(error)
    for words in says["says"]:
        assert words in str(error)
    if says["refused"] == "drift":
        assert isinstance(error, DriftError)
        assert [[d.kind, d.column, d.header] for d in error.drifts] == says["drifts"]


def _compare_table(raw: RawTable, says: dict[str, Any], file_name: str) -> None:
    assert {"rows", "count", "sheets"} & set(says), f"{file_name}: 没有写明应读到什么"
    if "rows" in says:
        found = [list(row.values()) for row in raw.table.select(says["columns"]).to_pylist()]
        assert found == says["rows"], file_name
    if "count" in says:
        assert raw.table.num_rows == says["count"], file_name
    if "brought" in says:
        assert list(raw.columns) == says["brought"], file_name
    counts = [
        [s.sheet, s.header_rows, s.data_rows, s.blank_rows, s.footer_rows, s.delivered_rows, s.last_row]
        for s in raw.sheets
    ]
    if "sheets" in says:
        assert counts == says["sheets"], file_name
    for _, header, data, blank, footer, _, last in counts:
        assert last == header + data + blank + footer, file_name
    assert raw.table.num_rows == sum(s.delivered_rows for s in raw.sheets), file_name


@pytest.mark.parametrize("name", [n for n in CLASSES if set(expected(n)) & set(PLACES)])
def test_what_the_split_gives(name: str, tmp_path: Path) -> None:
    wanted = expected(name)
    contract = source_contract(wanted["contract"])
    split = split_sql(contract)
    inputs = {"delivered": pa.concat_tables(_delivered(name, wanted, contract))}
    with DuckDBEngine(temp_directory=tmp_path) as engine:
        if "identity" in split.inputs:
            subjects = {"accepted_register": _register(wanted.get("register", []))}
            inputs["identity"] = engine.select(sql_text("validated/identity"), subjects)
        if (texts := amount_texts(contract)) is not None:
            inputs["amount_text"] = amount_table(engine.select(texts, inputs))
        needed = {key: inputs[key] for key in ("delivered", *split.inputs)}
        made = engine.select_chain(split.steps(), needed)
        for place in PLACES:
            if place in wanted:
                _compare_place(pq.read_table(made[place]), wanted[place], place)


def _delivered(name: str, wanted: dict[str, Any], contract: Contract) -> list[pa.Table]:
    tables = []
    for number, (file_name, says) in enumerate(wanted["files"].items(), 1):
        if "refused" in says:
            continue
        path = ROOT / name / file_name
        table = read_file(path, contract).table
        moment = datetime.fromisoformat(says.get("received_at", str(_FIRST + timedelta(days=number - 1))))
        for column, value in (
            ("delivery_id", pa.scalar(says.get("delivery", f"D{number}"))),
            ("file_name", pa.scalar(file_name)),
            ("file_sha256", pa.scalar(hashlib.sha256(path.read_bytes()).hexdigest())),
            ("received_at", pa.scalar(moment, pa.timestamp("us"))),
            ("is_generated", pa.scalar(True)),
            ("is_withdrawal", pa.scalar(bool(says.get("withdrawal", False)))),
        ):
            table = table.append_column(column, pa.repeat(value, table.num_rows))
        tables.append(table)
    return tables


def _register(rows: list[list[Any]]) -> pa.Table:
    names = ("uscc", "reg_no", "party_name")
    columns = {name: pa.array([row[place] for row in rows], pa.string()) for place, name in enumerate(names)}
    return pa.table({**columns, "is_withdrawn": pa.array([False] * len(rows))})


def _compare_place(table: pa.Table, says: dict[str, Any], place: str) -> None:
    if "count" in says:
        assert table.num_rows == says["count"], place
    if "rows" in says:
        rows = (row.values() for row in table.select(says["columns"]).to_pylist())
        assert _as_text(rows) == _as_text(says["rows"]), place


def _as_text(rows: Iterable[Iterable[object]]) -> list[list[str]]:
    return sorted(["NULL" if value is None else str(value) for value in row] for row in rows)
