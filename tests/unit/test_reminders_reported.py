"""What the sample city's offices report about the reminders of the month before, by the numbers that stood in the workbook."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import xlsxwriter

from sample_city.departments import CityError, calendar_of
from sample_city.reminded import BOOK, SHEET, reports

NAMES = {"140821": "临猗县市场监督管理局"}
WHEN = calendar_of("2026-11", "2026-10")


def workbook(home: Path, *rows: tuple[str, str, str], head: tuple[str, ...] = ("单位", "提醒编号", "方式")) -> None:
    path = home / "outbox" / "2026-10" / BOOK
    path.parent.mkdir(parents=True)
    with xlsxwriter.Workbook(str(path)) as book:
        sheet = book.add_worksheet(SHEET)
        for place, row in enumerate([("标题",), head, *rows]):
            sheet.write_row(place, 0, row)


def told(home: Path) -> list[tuple[str, str, str]]:
    return [(r.unit, r.kind, r.number) for r in reports(np.random.default_rng(5), WHEN, NAMES, home)]


def test_what_went_out_is_reported_and_what_is_internal_only_dealt_with(tmp_path: Path) -> None:
    unit = NAMES["140821"]
    workbook(
        tmp_path, (unit, "TX-202610-A", "内部跟踪"), (unit, "TX-202610-A", "函告"), (unit, "TX-202610-B", "内部跟踪")
    )
    found = told(tmp_path)
    assert ("140821", "提醒发出", "TX-202610-A") in found
    assert found.count(("140821", "提醒发出", "TX-202610-A")) == 1
    assert {kind for _, kind, number in found if number == "TX-202610-B"} <= {"提醒处置"}
    assert all(r.on >= WHEN.first for r in reports(np.random.default_rng(5), WHEN, NAMES, tmp_path))


def test_no_workbook_no_reports_and_a_wrong_one_is_told(tmp_path: Path) -> None:
    assert told(tmp_path) == []
    workbook(tmp_path, head=("单位", "编号", "方式"))
    with pytest.raises(CityError, match="提醒编号"):
        told(tmp_path)
