"""Columns to be filled in: lists, dates and numbers are checked, hints are given, the rest is locked; pages break by value."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import openpyxl
import pandas as pd
import pytest

from resources.outbox.entries import OPTIONS_SHEET
from resources.outbox.workbook import Sheet, WorkbookError, own_column, write_workbook
from tests.unit.outbox_samples import FACTS

CODES = {f"第{number}种很长的结果词语": f"code_{number}" for number in range(40)}
NAME = own_column("name", "名称", "企业名称。")
DAY = own_column("day", "检查日期", "实地检查的日期。", "date")
SCAN = own_column("scan", "扫码时间", "扫码入企的时间。", "timestamp")
COUNT = own_column("count", "人数", "到场人数。", "integer")
MODE = replace(
    own_column("mode", "检查方式", "实地或非现场。"), values={"实地": "on_site", "现场": "on_site", "非现场": "off"}
)
RESULT = replace(own_column("result", "检查结果", "九种之一。"), values=CODES)
ISSUE = own_column("issue", "发现的问题", "说" * 300)
COLUMNS = [NAME, DAY, SCAN, COUNT, MODE, RESULT, ISSUE]


def _sheet(rows: int = 3, **changes) -> Sheet:
    frame = pd.DataFrame({"name": [f"第{n}户" for n in range(rows)]}).reindex(columns=[c.name for c in COLUMNS])
    frame["day"] = pd.Series([None] * rows, dtype=object)
    entries = {"entries": [c.name for c in COLUMNS if c is not NAME], **changes}
    return Sheet("录入", frame, COLUMNS, **entries)


def _page(tmp_path, sheet):
    write_workbook(tmp_path / "a.xlsx", [sheet], title="样例", demonstration=False, facts=FACTS)
    book = openpyxl.load_workbook(tmp_path / "a.xlsx")
    return book, book["录入"]


def _rules(page):
    return {str(rule.sqref): rule for rule in page.data_validations.dataValidation}


def test_each_kind_of_column_gets_its_rule_hint_and_error(tmp_path):
    _, page = _page(tmp_path, _sheet())
    rules = _rules(page)
    assert {area: rule.type for area, rule in rules.items()} == {
        "B3:B5": "date", "C3:C5": "date", "D3:D5": "whole", "E3:E5": "list", "F3:F5": "list", "G3:G5": None,
    }  # fmt: skip
    assert rules["E3:E5"].formula1 == '"实地,非现场"'  # the first accepted word of each code
    assert rules["E3:E5"].error == "“检查方式”只能从下拉列表中选一项：实地、非现场。"
    assert (rules["B3:B5"].promptTitle, rules["B3:B5"].prompt) == ("检查日期", "实地检查的日期。")
    assert "2026-10-15" in rules["B3:B5"].error
    assert "09:30" in rules["C3:C5"].error
    assert all(rule.showErrorMessage and rule.showInputMessage for rule in rules.values())
    assert len(rules["G3:G5"].prompt) == 255


def test_a_list_too_long_for_a_rule_stands_on_a_hidden_sheet(tmp_path):
    book, page = _page(tmp_path, _sheet())
    assert _rules(page)["F3:F5"].formula1 == f"'{OPTIONS_SHEET}'!$A$1:$A$40"
    options = book[OPTIONS_SHEET]
    assert options.sheet_state == "hidden"
    assert [row[0].value for row in options.iter_rows()] == list(CODES)


def test_only_the_cells_to_be_filled_in_are_open_and_typed_text_stays_text(tmp_path):
    _, page = _page(tmp_path, _sheet())
    assert page.protection.sheet
    assert page.protection.password is None
    assert [cell.protection.locked for cell in page[3]] == [True] + [False] * 6
    assert [cell.number_format for cell in page[3]] == [
        "@", "yyyy-mm-dd", "yyyy-mm-dd hh:mm", "#,##0_ ", "@", "@", "@",
    ]  # fmt: skip
    assert page["B3"].fill.fgColor.rgb != page["A3"].fill.fgColor.rgb
    assert page["B2"].fill.fgColor.rgb != page["A2"].fill.fgColor.rgb


def test_a_sheet_without_entries_has_no_rules_and_no_lock(tmp_path):
    book, page = _page(tmp_path, _sheet(entries=()))
    assert not page.protection.sheet
    assert not page.data_validations.dataValidation
    assert OPTIONS_SHEET not in book.sheetnames


def test_an_empty_sheet_to_be_filled_in_still_opens(tmp_path):
    _, page = _page(tmp_path, _sheet(rows=0))
    assert page["A3"].value == "本期没有记录"
    assert not page.data_validations.dataValidation


def test_a_page_breaks_where_the_value_changes_and_the_width_still_fits(tmp_path):
    sheet = _sheet(4)
    frame = sheet.frame.assign(name=["甲", "甲", "乙", "丙"], day=dt.date(2026, 10, 8))
    _, page = _page(tmp_path, replace(sheet, frame=frame, break_on="name", widths={"issue": 90}))
    assert [mark.id for mark in page.row_breaks.brk] == [4, 5]
    assert page.sheet_properties.pageSetUpPr.fitToPage
    assert page.page_setup.fitToHeight == 0


@pytest.mark.parametrize("changes", [{"entries": ["absent"]}, {"break_on": "absent"}])
def test_an_unknown_column_is_refused(tmp_path, changes):
    with pytest.raises(WorkbookError, match="填写列或分页列不在表中"):
        _page(tmp_path, _sheet(**changes))
