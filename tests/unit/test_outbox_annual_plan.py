"""annual_plan.xlsx: the same total on every sheet, rounded once; months without visits are a dash and no zero."""

from __future__ import annotations

from pathlib import Path

import openpyxl
import pandas as pd
import pytest

from resources.outbox.annual_plan import write_annual_plan
from tests.unit.outbox_samples import FACTS

TASKS = {"GEN": "登记事项与公示信息抽查", "FOOD": "食品销售监督检查"}
UNITS = {"140802": "盐湖区市场监督管理局", "140821": "临猗县市场监督管理局", "1408KF": "运城开发区分局"}
SHEETS = ("全市", "按检查主体", "任务与检查主体")


@pytest.fixture
def book(tmp_path: Path) -> openpyxl.Workbook:
    """Each task and bureau has 0.04 visits in October: rounded one by one they vanish."""
    rows = [
        {
            "task": task, "county": unit, "stratum": stratum, "month": month, "base": 10, "annual_visits_e4": 400,
            "due_e4": 400 if month == "2026-10" else 0,
        }
        for task in TASKS for unit in UNITS for stratum in "AB" for month in ("2026-09", "2026-10")
    ]  # fmt: skip
    write_annual_plan(tmp_path / "a.xlsx", pd.DataFrame(rows), TASKS, UNITS, demonstration=False, facts=FACTS)
    return openpyxl.load_workbook(tmp_path / "a.xlsx")


def _last(book: openpyxl.Workbook, sheet: str) -> dict[str, object]:
    header, *_, last = [row for row in book[sheet].iter_rows(min_row=3, values_only=True) if row[-1] is not None]
    return dict(zip(header, last, strict=True))


@pytest.mark.parametrize("sheet", SHEETS)
def test_every_sheet_says_the_same_total(book, sheet):
    total = _last(book, sheet)
    assert next(iter(total.values())) == "合计"
    assert {name: total[name] for name in ("全年户次", "9月", "10月")} == {"全年户次": 0.5, "9月": 0, "10月": 0.5}


@pytest.mark.parametrize("sheet", SHEETS)
def test_the_base_counts_each_level_once_and_nothing_planned_is_a_dash(book, sheet):
    page = book[sheet]
    head = [cell.value for cell in page[3]]
    column = head.index("9月") + 1
    assert page.cell(4, column).number_format.startswith('#,##0.0;-#,##0.0;"–"')
    bases = [page.cell(row, head.index("名录基数（户）") + 1).value for row in range(4, page.max_row)]
    assert sum(bases) == 120
