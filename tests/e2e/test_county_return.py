"""A county's workbook, as the month wrote it, filled in and sent back: read as a delivery like any other, judged, lost never.

Here: the way of October's workbook through November, both really run. Not here: each bad cell
(tests/unit/test_county_return), the look of a workbook.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterator
from datetime import date, datetime
from functools import cache
from pathlib import Path
from typing import Any

import duckdb
import openpyxl
import pyarrow.parquet as pq
import pytest

from resources.inbox.header import SEARCH_ROWS
from resources.settings import REFERENCE
from tests.e2e.conftest import MONTH

NEXT, FROM, SENT = "2026-11", "140802", "2026-11-140802-77"


class Workbook:
    """The county's workbook of the month, and its rows of 结果录入 by header."""

    def __init__(self, path: Path) -> None:
        self.book = openpyxl.load_workbook(path)
        self.page = self.book["结果录入"]
        self.head = next(r for r in range(1, SEARCH_ROWS + 1) if self.page.cell(r, 1).value == "序号")
        self.at = {cell.value: cell.column for cell in self.page[self.head]}

    def rows(self) -> list[int]:
        return [r for r in range(self.head + 1, self.page.max_row + 1) if self.page.cell(r, self.at["计划编号"]).value]

    def cell(self, row: int, title: str) -> Any:
        return self.page.cell(row, self.at[title])

    def done(self, row: int) -> None:
        for title, value in (("检查日期", date(2026, 11, 20)), ("检查结果", "未发现问题"), ("检查码", "JC-1"),
                             ("扫码时间", datetime(2026, 11, 20, 9, 30)), ("企业评价", "满意")):  # fmt: skip
            self.cell(row, title).value = value


def deliver(home: Path, book: Workbook, rows: int) -> None:
    folder = home / "inbox" / SENT
    folder.mkdir()
    path = folder / "填好的工作簿.xlsx"
    book.book.save(path)
    manifest = {
        "spec": "ssj-delivery-v1", "delivery_id": folder.name, "month": NEXT, "unit_code": FROM,
        "unit_name": "盐湖区市场监督管理局", "source_system": "县级工作簿", "generated": True, "registry_rows": None,
        "received_at": f"{NEXT}-28T09:30:00+08:00",
        "files": [{"name": path.name, "source": "county_return", "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
                   "rows": rows}],
    }  # fmt: skip
    (folder / "manifest.json").write_text(json.dumps(manifest, ensure_ascii=False), "utf-8")


def table(home: Path, month: str, name: str) -> list[dict[str, Any]]:
    version = (home / "lake" / month / "current").read_text()
    rows: list[dict[str, Any]] = pq.read_table(home / "lake" / month / version / f"{name}.parquet").to_pylist()
    return rows


def counties(home: Path, month: str) -> Path:
    return home / "outbox" / month / "counties"


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """October and November. In between a county sends its workbook of October back: one row done, one half filled, one of
    a firm that was not drawn, one of another county, the rest as they were."""
    from pipelines.cli.run import run_month
    from sample_city import generate

    home = tmp_path_factory.mktemp("returned")
    generate(MONTH, home / "inbox", enterprises=600, seed=11, codes=REFERENCE)
    assert run_month(MONTH, home, None) == 0
    book = Workbook(counties(home, MONTH) / f"{FROM}.xlsx")
    other = next(
        w for p in sorted(counties(home, MONTH).glob("*.xlsx")) if p.stem != FROM and (w := Workbook(p)).rows()
    )
    first, second, *_ = book.rows()
    book.done(first)
    book.cell(second, "企业评价").value = "满意"
    drawn = {row["uid"] for row in table(home, MONTH, "drawn_in_force")}
    strange = book.page.max_row + 1
    for title in book.at:
        book.cell(strange, title).value = other.cell(other.rows()[0], title).value
        book.cell(strange + 1, title).value = book.cell(first, title).value
    undrawn = next(row["uscc"] for row in table(home, MONTH, "subject") if row["uscc"] and row["uid"] not in drawn)
    book.cell(strange + 1, "统一社会信用代码").value = undrawn
    generate(NEXT, home / "inbox", codes=REFERENCE, seed=11)
    deliver(home, book, len(book.rows()))
    assert run_month(NEXT, home, None) == 0
    return home


def mine(home: Path, name: str) -> list[dict[str, Any]]:
    return [row for row in table(home, NEXT, name) if row["delivery_id"] == SENT]


def test_every_row_of_the_workbook_has_one_place(home: Path) -> None:
    delivered, accepted = mine(home, "delivered_county_return"), mine(home, "accepted_county_return")
    [aside] = mine(home, "quarantined")
    assert len(delivered) == len(accepted) + 1
    assert "本行只填了一部分" in aside["reasons"]
    verdicts = Counter(row["return_verdict"] for row in mine(home, "county_return_verdict"))
    assert verdicts == Counter(taken=1, set_aside=2) + Counter(blank=len(delivered) - 4)


def test_counties_that_return_by_workbook_are_taken_whole(home: Path) -> None:
    theirs = [row for row in table(home, NEXT, "county_return_verdict") if row["delivery_id"] != SENT]
    assert {row["sent_by"] for row in theirs} <= {"140821", "140826", "140881"}
    assert theirs and {row["return_verdict"] for row in theirs} == {"taken"}


def test_what_was_not_taken_comes_back_in_the_countys_next_workbook(home: Path) -> None:
    page = openpyxl.load_workbook(counties(home, NEXT) / f"{FROM}.xlsx")["退回事项"]
    said = str(list(page.iter_rows(values_only=True)))
    assert "没有抽中这一户" in said and "不属本单位" in said
    [counted] = [row for row in table(home, NEXT, "county_workbook") if row["unit_code"] == FROM]
    assert counted["workbook_set_aside"] == 2


def test_the_result_counts_once(home: Path) -> None:
    [taken] = [row for row in mine(home, "county_return_verdict") if row["return_verdict"] == "taken"]
    key = (taken["plan_id"], taken["item_code"], taken["uscc"])
    outcomes = table(home, NEXT, "inspection_outcome")
    [found] = [row for row in outcomes if (row["plan_id"], row["item_code"], row["uid"]) == key]
    assert found["inspection_code"] == "JC-1"  # the platform does not have it, the county's workbook does


def test_names_stand_in_the_county_workbooks_and_nowhere_else(home: Path) -> None:
    lines = (home / "confidential" / "personnel.csv").read_text("utf-8").splitlines()[1:]
    names = {line.split(",")[1] for line in lines}
    pages = openpyxl.load_workbook(counties(home, MONTH) / f"{FROM}.xlsx")
    assert any(name in str(list(page.iter_rows(values_only=True))) for page in pages for name in names)
    firm = table(home, MONTH, "county_visit")[0]["ent_name"]
    rooms = ("lake", "ledger", "dagster", "evidence", "bundles", "warehouse")
    held = {path for room in rooms for path in (home / room).rglob("*") if path.is_file()}
    held = {path for path in held if "lake" not in path.parts or NEXT in path.parts}
    assert {Path(name).suffix for name in found_in(held, {firm})} >= {".parquet", ".duckdb"}  # what is there is found
    assert not found_in(held, names)


def found_in(paths: set[Path], words: set[str]) -> set[str]:
    """The files that hold one of the words, unpacked where they are compressed."""
    return {path.name for path in paths if any(word in said_in(path) for word in words)}


@cache
def said_in(path: Path) -> str:
    if path.suffix == ".parquet":
        return str(pq.read_table(path).to_pydict())
    if path.suffix == ".duckdb":
        return "\n".join(texts_of(path))
    return path.read_bytes().decode(errors="replace")


def texts_of(path: Path) -> Iterator[str]:
    """Every value of every text column, and every comment, of a database file."""
    with duckdb.connect(str(path), read_only=True) as connection:
        columns = connection.execute(
            "select table_name, column_name from duckdb_columns() where not internal and data_type like '%VARCHAR%'"
        ).fetchall()
        assert columns
        for name, column in columns:
            table, values = duckdb.ColumnExpression(column), connection.table(name)
            yield from (str(value) for (value,) in values.select(table).distinct().fetchall())
        for view in ("duckdb_tables", "duckdb_columns"):
            yield from (str(text) for (text,) in connection.table_function(view).select("comment").fetchall())


def test_each_county_has_its_own_rows_alone(home: Path) -> None:
    homes = {row["uid"]: row["unit_code"] for row in table(home, MONTH, "county_visit")}
    books = sorted(counties(home, MONTH).glob("*.xlsx"))
    assert len(books) == 14 and len(list(counties(home, MONTH).glob("*-任务单.docx"))) == 14
    for path in books:
        said = "".join(str(list(page.iter_rows(values_only=True))) for page in openpyxl.load_workbook(path))
        assert {homes[uid] for uid in homes if uid in said} <= {path.stem}
