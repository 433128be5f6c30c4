"""The conservation law by delivery, file and sheet, and that every way of losing a row is seen."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pytest

from resources.engines.duckdb_engine import DuckDBEngine, sql_text
from supervision.conservation import lost_places

SHA = "ab" * 32
PLACES = ("accepted", "quarantined", "duplicates")


def row_id(row_no: int, part_no: int = 1, sheet: str = "表1", mark: str = "") -> str:
    return f"{SHA[:16]}{mark}:{sheet}:{row_no}" + (f"#{part_no}" if part_no > 1 else "")


def delivered(*rows: tuple[int, int], withdrawal: bool = False) -> pa.Table:
    shape = {
        "delivery_id": pa.string(), "file_name": pa.string(), "sheet": pa.string(), "file_sha256": pa.string(),
        "row_no": pa.int64(), "part_no": pa.int64(), "is_withdrawal": pa.bool_(),
    }  # fmt: skip
    records = [
        {
            "delivery_id": "D",
            "file_name": "f",
            "sheet": "表1",
            "file_sha256": SHA,
            "row_no": n,
            "part_no": p,
            "is_withdrawal": withdrawal,
        }
        for n, p in rows
    ]
    return pa.Table.from_pylist(records, schema=pa.schema(list(shape.items())))


def placed(*row_ids: str) -> pa.Table:
    shape = pa.schema([(name, pa.string()) for name in ("row_id", "delivery_id", "file_name", "sheet")])
    return pa.Table.from_pylist(
        [{"row_id": r, "delivery_id": "D", "file_name": "f", "sheet": "表1"} for r in row_ids], schema=shape
    )


def counted(tmp_path: Path, rows: pa.Table, **places: pa.Table) -> list[dict]:
    tables = {name: places.get(name, placed()) for name in PLACES}
    with DuckDBEngine(temp_directory=tmp_path) as engine:
        return engine.select(
            sql_text("validated/conservation"), {"delivered": rows, **tables}, {"source": "penalty"}
        ).to_pylist()


def test_each_row_in_one_place(tmp_path: Path) -> None:
    [row] = counted(
        tmp_path,
        delivered((3, 1), (4, 1), (4, 2), (5, 1)),
        accepted=placed(row_id(3), row_id(4), row_id(4, 2)),
        quarantined=placed(row_id(5)),
    )
    assert (row["delivered_rows"], row["accepted_rows"], row["quarantined_rows"], row["duplicates_rows"]) == (
        4,
        3,
        1,
        0,
    )
    assert row["misplaced_rows"] == 0 and row["source"] == "penalty" and row["sheet"] == "表1"


def test_a_withdrawal_of_the_same_bytes_is_another_row(tmp_path: Path) -> None:
    [row] = counted(tmp_path, delivered((3, 1), withdrawal=True), accepted=placed(row_id(3, mark="w")))
    assert row["misplaced_rows"] == 0


@pytest.mark.parametrize(
    ("accepted", "quarantined"),
    [
        ([3], []),  # one row in no place
        ([3, 4], [4]),  # one row in two places
        ([3, 4, 4], []),  # twice in one place
        ([3, 4, 9], []),  # a row that nobody delivered
    ],
)
def test_every_loss_is_counted(tmp_path: Path, accepted: list[int], quarantined: list[int]) -> None:
    rows = counted(
        tmp_path,
        delivered((3, 1), (4, 1)),
        accepted=placed(*map(row_id, accepted)),
        quarantined=placed(*map(row_id, quarantined)),
    )
    assert sum(row["misplaced_rows"] for row in rows) == 1


SHEET = {
    "delivery_id": "D", "file_name": "f", "sheet": "表1", "header_rows": 2, "data_rows": 4, "blank_rows": 1,
    "footer_rows": 1, "last_row": 8, "delivered_rows": 5,
}  # fmt: skip
KEPT = {
    "delivery_id": "D", "file_name": "f", "sheet": "表1", "delivered_rows": 5, "accepted_rows": 3, "quarantined_rows": 1,
    "duplicates_rows": 1, "misplaced_rows": 0,
}  # fmt: skip


def test_the_law_holds_and_an_empty_sheet_needs_no_rows() -> None:
    empty = SHEET | {"sheet": "空", "data_rows": 0, "blank_rows": 5, "delivered_rows": 0}
    assert lost_places([SHEET, empty], [KEPT]) == []


@pytest.mark.parametrize(
    "column", ["header_rows", "data_rows", "blank_rows", "footer_rows", "last_row", "delivered_rows"]
)
def test_a_row_lost_in_reading_is_seen(column: str) -> None:
    assert lost_places([SHEET | {column: SHEET[column] + 1}], [KEPT]) == ["D/f/表1"]


@pytest.mark.parametrize("column", [name for name in KEPT if name.endswith("_rows")])
def test_a_row_lost_in_judging_is_seen(column: str) -> None:
    assert lost_places([SHEET], [KEPT | {column: KEPT[column] + 1}]) == ["D/f/表1"]


def test_rows_of_a_sheet_that_nobody_read_and_a_sheet_without_rows_are_seen() -> None:
    assert lost_places([], [KEPT]) == ["D/f/表1"]
    assert lost_places([SHEET], []) == ["D/f/表1"]
