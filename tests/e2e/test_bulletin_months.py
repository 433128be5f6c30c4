"""A county's plan slips, is done late and is recalled: three months of a tiny city really run, read from the offices' files.

Here: bulletin.docx and task_status.xlsx of each month as `ssj run` wrote them, with all other outputs beside. Not here: a
year of every rule (test_bulletin_year), single rules (tests/unit/test_bulletin), the look of the files.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import docx
import openpyxl
import pyarrow.parquet as pq
import pytest

from resources.settings import REFERENCE

MONTHS = ("2026-06", "2026-07", "2026-08")
COUNTY, NAME = "140802", "盐湖区市场监督管理局"
RULE = "工作方案逾期未报"
SHEET = "task_evidence.xlsx"
LATE_NO = "ZZ-140802-202608-9001"


def _changed(folder: Path, change: Callable[[Any], None], **facts: str) -> None:
    """Change the evidence of a delivery, and its manifest with it."""
    book = openpyxl.load_workbook(folder / SHEET)
    change(book.active)
    book.save(folder / SHEET)
    manifest = json.loads((folder / "manifest.json").read_text("utf-8")) | facts
    [told] = manifest["files"]
    told["sha256"], told["rows"] = hashlib.sha256((folder / SHEET).read_bytes()).hexdigest(), book.active.max_row - 2
    (folder / "manifest.json").write_text(json.dumps(manifest, ensure_ascii=False), "utf-8")


def _plan_rows(page: Any) -> list[int]:
    return [cell.row for cell in page["F"] if cell.value and "2026年企业信用风险分类管理工作方案" in str(cell.value)]


def _forget(page: Any) -> None:
    [row] = _plan_rows(page)
    page.delete_rows(row)


def _handed_in_late(page: Any) -> None:
    """Of all that the sheet held only the plan, formed on 10 August."""
    [row] = _plan_rows(page)
    kept = [cell.value for cell in page[row]]
    page.delete_rows(3, page.max_row - 2)
    kept[0], kept[4] = LATE_NO, "2026-08-10"
    for column, value in enumerate(kept, start=1):
        page.cell(3, column, value)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """June to August; the county's plan of the year, due on 31 May, is formed and sent in August."""
    from pipelines.cli.run import run_month
    from sample_city import generate

    home = tmp_path_factory.mktemp("slipped")
    inbox = home / "inbox"
    for month in MONTHS:
        options = {"enterprises": 100} if month == MONTHS[0] else {}
        generate(month, inbox, codes=REFERENCE, seed=11, **options)  # type: ignore[arg-type]
        sent = inbox / f"{month}-{COUNTY}-03"
        if month == MONTHS[0]:
            original = {path.name: path.read_bytes() for path in sent.iterdir()}
            _changed(sent, _forget)
        if month == MONTHS[-1]:
            late = inbox / f"{month}-{COUNTY}-77"
            late.mkdir()
            for name, content in original.items():
                (late / name).write_bytes(content)
            _changed(
                late, _handed_in_late, delivery_id=late.name, month=month, received_at=f"{month}-12T09:30:00+08:00"
            )
        assert run_month(month, home, None) == 0, month
    return home


def listed(home: Path, month: str) -> tuple[list[list[str]], list[list[str]]]:
    """The county's rows of the bulletin on this rule: those listed, those recalled."""
    document = docx.Document(str(home / "outbox" / month / "bulletin.docx"))
    table, *others = ([[cell.text for cell in row.cells] for row in table.rows] for table in document.tables)
    mine, unit = [], ""
    for row in table:
        unit = row[0] if len(set(row)) == 1 else unit
        mine += [row] if unit.startswith(f"{NAME}（") and row[0].startswith(RULE) else []
    recalled = [row for each in others for row in each if row[0] == NAME and any(RULE in text for text in row)]
    return mine, recalled


def status(home: Path, month: str) -> tuple[str, str, str | None]:
    """Progress, measured value and evidence of the county's plan of the year in task_status.xlsx."""
    page = openpyxl.load_workbook(home / "outbox" / month / "task_status.xlsx", read_only=True)["本年进展"]
    rows = list(page.iter_rows(values_only=True))
    head = next(row for row in rows if row[0] == "任务编号")
    named = [dict(zip(head, row, strict=True)) for row in rows]
    [mine] = [row for row in named if (row["任务编号"], row["责任单位"]) == ("T7.1", NAME)]
    return mine["进展"], mine["实测值"], mine["证据编号"]


def test_the_bulletin_lists_the_plan_until_it_is_there_and_then_recalls_it(home: Path) -> None:
    first, second, third = (listed(home, month) for month in MONTHS)
    measured = "制定出台具体工作方案：工作方案{}份，应于2026年5月31日前完成"
    for (mine, recalled), word in ((first, "新增"), (second, "持续")):
        [row] = mine
        assert row[1:4] == [measured.format(0), "按期完成", f"严重，{word}\n始于2026年6月"]
        assert recalled == []
    mine, [row] = third
    assert mine == []
    assert row[2:5] == [measured.format(1), "按期完成", "2026年6月"]
    assert row[5].startswith(LATE_NO)


def test_the_task_is_overdue_and_then_done_late(home: Path) -> None:
    overdue = ("× 逾期未完成", "工作方案0份", None)
    assert [status(home, month) for month in MONTHS[:2]] == [overdue, overdue]
    assert status(home, MONTHS[-1]) == ("▲ 逾期完成", "工作方案1份", LATE_NO)
    version = (home / "lake" / MONTHS[-1] / "current").read_text()
    rows = pq.read_table(home / "lake" / MONTHS[-1] / version / "task_status.parquet").to_pylist()
    [row] = [r for r in rows if (r["task_id"], r["period"], r["unit_code"]) == ("T7.1", "2026", COUNTY)]
    assert row["status"] == "done_late"


def test_every_month_wrote_all_its_files(home: Path) -> None:
    first, *later = ({path.name.replace(m, "") for path in (home / "outbox" / m).iterdir()} for m in MONTHS)
    assert {"bulletin.docx", "task_status.xlsx", "monthly_report.html", "sampling_plan.xlsx", "letters"} <= first
    assert later == [first, first]
