"""The writer of workbooks: same bytes, text stays text, nothing lost or half-written, print settings, marks."""

from __future__ import annotations

import datetime as dt
import os
import re
import time
import zipfile
from pathlib import Path

import openpyxl
import pandas as pd
import pytest

from data_contracts.model import output_contract
from resources.outbox import workbook as writer
from resources.outbox.cells import LONGEST
from resources.outbox.ooxml import normalise_ooxml
from resources.outbox.workbook import BANNER, SENSITIVE, Sheet, WorkbookError, own_column, write_workbook
from supervision.reports.marks import Mark
from supervision.reports.terms import terms
from tests.unit.outbox_samples import FACTS

TEXT = own_column("name", "名称", "一列文字。")
CODE = own_column("code", "代码", "一列代码。")
COUNT = own_column("count", "户数", "一列整数。", "integer")
DAY = own_column("day", "日期", "一列日期。", "date")
DANGEROUS = ["=1+1", "+86", "-1", "@SUM(A1)", '=HYPERLINK("http://example.invalid")', "http://example.invalid"]


def _sheet(names, **changes) -> Sheet:
    frame = pd.DataFrame(
        {"name": names, "code": "911408027000000001", "count": range(len(names)), "day": dt.date(2026, 10, 8)}
    )
    return Sheet("名单", frame, [TEXT, CODE, COUNT, DAY], **changes)


def _write(path: Path, *sheets: Sheet, demonstration: bool = False) -> str:
    return write_workbook(path, sheets, title="样例", demonstration=demonstration, facts=FACTS)


def _rows(path: Path, sheet: str = "名单") -> list[tuple]:
    return list(openpyxl.load_workbook(path)[sheet].iter_rows(values_only=True))


def test_the_same_input_gives_the_same_bytes_at_another_time_and_under_another_name(tmp_path):
    first = _write(tmp_path / "a.xlsx", _sheet(["甲", "乙"]), demonstration=True)
    time.sleep(1.1)  # core.xml tells seconds
    second = _write(tmp_path / "b.xlsx", _sheet(["甲", "乙"]), demonstration=True)
    assert first == second
    assert (tmp_path / "a.xlsx").read_bytes() == (tmp_path / "b.xlsx").read_bytes()
    assert _write(tmp_path / "c.xlsx", _sheet(["甲", "丙"]), demonstration=True) != first


def test_normalising_undoes_member_order_dates_and_author(tmp_path):
    _write(tmp_path / "a.xlsx", _sheet(["甲"]))
    core = (
        b'<x><dc:creator>someone</dc:creator><dcterms:created xsi:type="t">2026-10-08T01:02:03Z</dcterms:created></x>'
    )
    with zipfile.ZipFile(tmp_path / "a.xlsx") as source:
        members = {name: source.read(name) for name in source.namelist()} | {"docProps/core.xml": core}
    for name, order in (("b.xlsx", sorted(members)), ("c.xlsx", sorted(members, reverse=True))):
        with zipfile.ZipFile(tmp_path / name, "w") as target:
            for number, member in enumerate(order):
                target.writestr(zipfile.ZipInfo(member, (2020 + number % 7, 1, 2, 3, 4, 6)), members[member])
        normalise_ooxml(tmp_path / name)
    assert (tmp_path / "b.xlsx").read_bytes() == (tmp_path / "c.xlsx").read_bytes()
    with zipfile.ZipFile(tmp_path / "b.xlsx") as archive:
        fixed = archive.read("docProps/core.xml")
        assert archive.namelist()[0] == "[Content_Types].xml"
    assert b"someone" not in fixed
    assert b"2026-10-08" not in fixed
    assert b"2000-01-01T00:00:00Z" in fixed


def test_no_text_becomes_a_formula_or_a_link(tmp_path):
    _write(tmp_path / "a.xlsx", _sheet(DANGEROUS))
    page = openpyxl.load_workbook(tmp_path / "a.xlsx")["名单"]
    cells = [row[0] for row in page.iter_rows(min_row=3)]
    assert [cell.value for cell in cells] == DANGEROUS
    assert {(cell.data_type, cell.number_format, bool(cell.quotePrefix)) for cell in cells} == {("s", "@", True)}
    with zipfile.ZipFile(tmp_path / "a.xlsx") as archive:
        sheets = b"".join(archive.read(name) for name in archive.namelist() if name.startswith("xl/worksheets/"))
    assert not re.search(rb"<f>|<f |<hyperlink", sheets)


def test_codes_are_text_and_numbers_and_dates_keep_their_type(tmp_path):
    _write(tmp_path / "a.xlsx", _sheet(["甲"]))
    _, code, count, day = openpyxl.load_workbook(tmp_path / "a.xlsx")["名单"][3]
    assert (code.value, code.data_type, code.number_format) == ("911408027000000001", "s", "@")
    assert (count.value, count.number_format) == (0, "#,##0_ ")
    assert (day.value, day.number_format) == (dt.datetime(2026, 10, 8), "yyyy-mm-dd")


def test_missing_values_are_blank_and_coded_values_are_words_with_their_mark(tmp_path):
    state = output_contract("timeliness").column("state")
    late = output_contract("timeliness").column("due_provisional")
    frame = pd.DataFrame(
        {
            "state": ["late", None, "on_time"],
            "due_provisional": pd.array([True, None, False], dtype="boolean"),
            "count": pd.array([1, None, 3], dtype="Int64"),
            "day": [dt.date(2026, 10, 8), None, pd.NaT],
        }
    )
    _write(
        tmp_path / "a.xlsx",
        Sheet("名单", frame, [state, late, COUNT, DAY], marks={"state": {"late": Mark("▲", "warn")}}),
    )
    assert _rows(tmp_path / "a.xlsx")[2:] == [
        ("▲ 逾期办结", "是", 1, dt.datetime(2026, 10, 8)),
        (None, None, None, None),
        ("按期", "否", 3, None),
    ]
    rules = openpyxl.load_workbook(tmp_path / "a.xlsx")["名单"].conditional_formatting
    assert [rule.operator for area in rules for rule in area.rules] == ["beginsWith"]


def test_a_demonstration_says_so_on_every_page_and_a_real_run_nowhere(tmp_path):
    _write(tmp_path / "a.xlsx", _sheet(["甲"]), demonstration=True)
    book = openpyxl.load_workbook(tmp_path / "a.xlsx")
    assert [page.title for page in book] == ["封面", "名单", "图例与说明"]
    assert all(page["A2"].value == BANNER and "演示" in page.oddFooter.left.text for page in book)
    _write(tmp_path / "b.xlsx", _sheet(["甲"]))
    for page in openpyxl.load_workbook(tmp_path / "b.xlsx"):
        assert "演示" not in str([cell for row in page.iter_rows(values_only=True) for cell in row])
        assert "演示" not in page.oddFooter.left.text


def test_a_sheet_is_ready_for_print(tmp_path):
    _write(tmp_path / "a.xlsx", _sheet(["甲", "乙"], note="一段说明", freeze=1))
    page = openpyxl.load_workbook(tmp_path / "a.xlsx")["名单"]
    assert page.page_setup.orientation == "landscape"
    assert (int(page.page_setup.paperSize), int(page.page_setup.fitToHeight)) == (9, 0)
    assert page.sheet_properties.pageSetUpPr.fitToPage
    assert page.freeze_panes == "B4"
    assert page.auto_filter.ref == "A3:D5"
    assert page.print_title_rows == "$1:$3"
    assert "第 &P 页 共 &N 页" in page.oddFooter.right.text


def _paper(tmp_path, rows, width):
    _write(tmp_path / "p.xlsx", _sheet(["甲"] * rows, widths=dict.fromkeys(("name", "code", "count", "day"), width)))
    page = openpyxl.load_workbook(tmp_path / "p.xlsx")["名单"]
    return int(page.page_setup.paperSize), page.page_setup.orientation, int(page.page_setup.fitToWidth or 1)


def test_paper_grows_until_its_type_can_be_read(tmp_path):
    assert _paper(tmp_path, 3, 40) == (9, "landscape", 1)
    assert _paper(tmp_path, 3, 70) == (8, "landscape", 1)
    assert _paper(tmp_path, 3, 200) == (8, "landscape", 3)
    assert _paper(tmp_path, 60, 20) == (9, "portrait", 1)


def test_text_that_looks_like_markup_of_the_writer_is_still_text(tmp_path, monkeypatch):
    hostile = "<r><t>甲</t></r></is></c><c><f>1+1</f></c><r></r>"
    for name, limit in (("a.xlsx", 10), ("b.xlsx", 0)):
        monkeypatch.setattr(writer, "ROWS_IN_MEMORY", limit)
        _write(tmp_path / name, _sheet([hostile]))
        assert _rows(tmp_path / name)[2][0].strip() == hostile


def test_an_infinite_number_is_refused(tmp_path):
    rate = own_column("rate", "比率", "一列比率。", "number")
    with pytest.raises(WorkbookError, match="第 2 条的“比率”"):
        _write(tmp_path / "a.xlsx", Sheet("名单", pd.DataFrame({"rate": [1.5, float("inf")]}), [rate]))


def test_terms_stand_at_the_head_of_the_legend_and_the_cover_leaves_room_to_sign(tmp_path):
    write_workbook(
        tmp_path / "a.xlsx", [_sheet(["甲"])], title="样例", demonstration=False, facts=FACTS, terms=terms("户次")
    )
    assert _rows(tmp_path / "a.xlsx", "图例与说明")[3][:3] == ("术语", "户次", terms("户次")["户次"])
    assert _rows(tmp_path / "a.xlsx", "封面")[-1][0] == "编制："


def test_cover_tells_the_facts_and_the_legend_every_column(tmp_path):
    sensitive = own_column("code", "档次", "一列敏感内容。", sensitive=True)
    frame = pd.DataFrame({"name": ["甲"], "code": ["乙"]})
    _write(tmp_path / "a.xlsx", Sheet("名单", frame, [TEXT, sensitive]))
    cover = {row[0]: row[1] for row in _rows(tmp_path / "a.xlsx", "封面")}
    assert cover.items() >= FACTS.items()
    assert cover["名单"] == "1"
    assert SENSITIVE in cover
    legend = _rows(tmp_path / "a.xlsx", "图例与说明")
    assert ("名单", "档次", "一列敏感内容。", "敏") in legend


def test_long_text_gets_a_higher_row_and_a_text_beyond_a_cell_is_cut_visibly(tmp_path):
    _write(tmp_path / "a.xlsx", _sheet(["短", "长" * 100, "长" * 40_000], widths={"name": 20}))
    page = openpyxl.load_workbook(tmp_path / "a.xlsx")["名单"]
    assert page.row_dimensions[3].height is None
    assert page.row_dimensions[4].height > 100
    assert page["A5"].value.startswith("长" * LONGEST)
    assert page["A5"].value.endswith("已截断，全文见数据表）")


def test_an_empty_sheet_says_so_and_totals_stand_in_the_last_row(tmp_path):
    _write(tmp_path / "a.xlsx", _sheet([]), demonstration=False)
    assert _rows(tmp_path / "a.xlsx")[2][0] == "本期没有记录"
    _write(tmp_path / "b.xlsx", _sheet(["甲", "乙"], totals={"count": 7}))
    assert _rows(tmp_path / "b.xlsx")[-1] == ("合计", None, 7, None)
    assert openpyxl.load_workbook(tmp_path / "b.xlsx")["名单"].auto_filter.ref == "A2:D4"


def test_above_the_limit_the_book_is_streamed_with_the_same_content(tmp_path, monkeypatch):
    sheet = _sheet([*DANGEROUS, "甲" * 60], note="说明", totals={"count": 3})
    _write(tmp_path / "a.xlsx", sheet)
    monkeypatch.setattr(writer, "ROWS_IN_MEMORY", 3)
    first = _write(tmp_path / "b.xlsx", sheet)
    assert _write(tmp_path / "c.xlsx", sheet) == first
    assert _rows(tmp_path / "a.xlsx") == _rows(tmp_path / "b.xlsx")
    with zipfile.ZipFile(tmp_path / "b.xlsx") as archive:
        assert "xl/sharedStrings.xml" not in archive.namelist()


def test_what_no_file_can_hold_is_told_by_one_sign(tmp_path):
    names = pd.Series(["甲\ud800乙", "甲\x0b乙", "甲\x01乙", "甲\uffff乙", "甲_x000B_\n乙"], dtype=object)
    _write(tmp_path / "a.xlsx", _sheet(names))
    page = openpyxl.load_workbook(tmp_path / "a.xlsx")["名单"]
    told = [row[0] for row in page.iter_rows(values_only=True) if str(row[0]).startswith("甲")]
    assert told == [*["甲�乙"] * 4, "甲_x000B_\n乙"]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"title": "a/b"}, "不可用"),
        ({"unprinted": ["name"]}, "不打印的列应当排在最后"),
        ({"columns": [TEXT, own_column("missing", "缺列", "没有。")]}, "缺少列 missing"),
        ({"frame": pd.DataFrame({"name": ["甲"], "code": ["x"], "count": ["三"], "day": [None]})}, "第 1 条的“户数”"),
    ],
)
def test_a_refused_workbook_leaves_the_old_file_and_nothing_else(tmp_path, changes, message):
    target = tmp_path / "a.xlsx"
    target.write_bytes(b"old")
    good = _sheet(["甲"])
    parts = {"title": good.title, "frame": good.frame, "columns": good.columns, **changes}
    with pytest.raises(WorkbookError, match=message):
        _write(target, Sheet(**parts))
    assert target.read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["a.xlsx"]


def test_an_error_never_shows_a_value(tmp_path):
    with pytest.raises(WorkbookError) as caught:
        frame = pd.DataFrame({"name": ["甲"], "code": ["x"], "count": ["秘密"], "day": [None]})
        _write(tmp_path / "a.xlsx", Sheet("名单", frame, [TEXT, CODE, COUNT, DAY]))
    assert "秘密" not in str(caught.value)
    assert caught.value.__cause__ is None
