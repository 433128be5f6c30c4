"""The correction sheet: what the producer sees, and that the same sheet comes back as a delivery.

Here: cells, marks, comments, bytes, reading it again, also after LibreOffice has saved it. Not here: choosing rows
(test_quarantine), how the page looks to an eye (looked at when the layout changed: docs/quarantine.md).
"""

from __future__ import annotations

import subprocess
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from data_contracts.model import source_contract, source_contracts
from resources.inbox import read_file
from resources.outbox.correction_sheet import (
    INSTRUCTION_HEADERS,
    LONGEST,
    BadCell,
    BadRow,
    write_correction_sheet,
    write_unread_files,
)
from tests.unit.quarantine_home import penalty

PENALTY = source_contract("penalty")
WRONG = {"decision_date": ("「处罚决定日期」不是可识别的日期。",), "publish_until": ("「公示截止期」为空，应填写。",)}


def bad_row(number: int, wrong: dict[str, tuple[str, ...]] = WRONG, **changes: Any) -> BadRow:
    cells: dict[str, Any] = penalty(number) | {"decision_date": "去年", "publish_until": None} | changes
    return BadRow(
        row_id=f"0123456789abcdef:报送:{number}",
        file_name="=处罚.xlsx",
        sheet="报送",
        row_no=number,
        problems=tuple(reason for reasons in wrong.values() for reason in reasons),
        cells=tuple(BadCell(cells.get(name), wrong.get(name, ())) for name in PENALTY.column_names),
    )


def written(path: Path, *rows: BadRow, demonstration: bool = True) -> Path:
    write_correction_sheet(
        path, PENALTY, rows, month="2026-10", unit_name="盐湖区市场监督管理局", demonstration=demonstration
    )
    return path


@pytest.fixture
def sheet(tmp_path: Path) -> Path:
    return written(tmp_path / "a.xlsx", bad_row(3), bad_row(7, party_name="  前后有空格 ", remark="两行\n文字_x0041_"))


def grid(path: Path) -> tuple[Any, int]:
    """The one sheet, and the row of its header."""
    book = openpyxl.load_workbook(path)
    [page] = book.worksheets
    head = next(row for row in range(1, 12) if page.cell(row, 1).value == "原位置号")
    return page, head


def test_the_sheet_comes_back_as_it_was_given(sheet: Path) -> None:
    table = read_file(sheet, PENALTY, rows=2).table
    assert table.column("corrects_row_id").to_pylist() == ["0123456789abcdef:报送:3", "0123456789abcdef:报送:7"]
    for place, row in enumerate((bad_row(3), bad_row(7, party_name="  前后有空格 ", remark="两行\n文字_x0041_"))):
        given = {name: cell.text for name, cell in zip(PENALTY.column_names, row.cells, strict=True)}
        assert {name: table.column(name)[place].as_py() for name in PENALTY.column_names} == given


@pytest.mark.parametrize("contract", source_contracts(), ids=lambda contract: contract.name)
def test_every_source_reads_its_own_sheet(tmp_path: Path, contract: Any) -> None:
    cells = tuple(BadCell(f"文{place}", ("问题。",) * (place == 0)) for place, _ in enumerate(contract.columns))
    path = tmp_path / "c.xlsx"
    row = BadRow("0123456789abcdef::2", "a.csv", "", 2, ("问题。",), cells)
    write_correction_sheet(path, contract, [row], month="2026-10", unit_name="单位", demonstration=False)
    raw = read_file(path, replace(contract, split_parties=()), rows=1)
    assert raw.columns == contract.column_names
    assert raw.table.column("corrects_row_id").to_pylist() == ["0123456789abcdef::2"]


@pytest.mark.needs("soffice")
def test_it_comes_back_after_libreoffice_has_saved_it(
    sheet: Path, tmp_path: Path, machine: Callable[[str], Path]
) -> None:
    command = [str(machine("soffice")), f"-env:UserInstallation=file://{tmp_path}/profile", "--headless"]
    subprocess.run(
        [*command, "--convert-to", "xlsx", "--outdir", str(tmp_path / "saved"), str(sheet)],
        check=True,
        capture_output=True,
        timeout=120,
    )
    saved = tmp_path / "saved" / sheet.name
    assert saved.read_bytes() != sheet.read_bytes()
    assert _comments(saved) == _comments(sheet) and len(_comments(sheet)) == 4
    before, after = (read_file(path, PENALTY, rows=2).table for path in (sheet, saved))
    assert after.select(["corrects_row_id", *PENALTY.column_names]) == before.select(
        ["corrects_row_id", *PENALTY.column_names]
    )


def _comments(path: Path) -> dict[str, str]:
    page, _ = grid(path)
    return {cell.coordinate: cell.comment.text for row in page.iter_rows() for cell in row if cell.comment is not None}


def test_bad_cells_are_marked_and_explained(sheet: Path) -> None:
    page, head = grid(sheet)
    headers = [cell.value for cell in page[head]]
    assert headers[:5] == ["原位置号", *INSTRUCTION_HEADERS]
    assert headers[5:] == [column.title for column in PENALTY.columns]
    marked = {}
    for cell in page[head + 1]:
        if cell.comment is not None:
            marked[headers[cell.column - 1]] = cell.comment.text
            # In black and white too: a thick frame, bold, underlined.
            assert (cell.border.left.style, cell.font.bold, cell.font.underline) == ("thick", True, "single")
            assert cell.fill.fgColor.rgb == "FFFFE699"
        else:
            assert cell.border.left.style == "thin" and not cell.font.bold
    assert marked == {"处罚决定日期": WRONG["decision_date"][0], "公示截止期": WRONG["publish_until"][0]}
    assert page.cell(head + 1, 5).value == f"1. {WRONG['decision_date'][0]}\n2. {WRONG['publish_until'][0]}"
    assert [page.cell(head + 1, place).value for place in (2, 3, 4)] == ["=处罚.xlsx", "报送", "3"]


def test_all_is_text_and_nothing_is_a_formula(sheet: Path) -> None:
    page, head = grid(sheet)
    cells = [cell for row in page.iter_rows(min_row=head + 1) for cell in row]
    assert {cell.data_type for cell in cells if cell.value is not None} == {"s"}
    assert {cell.number_format for cell in cells} == {"@"}
    with zipfile.ZipFile(sheet) as archive:
        assert b"<f>" not in archive.read("xl/worksheets/sheet1.xml")


def test_header_stays_in_view_and_on_every_printed_page(sheet: Path) -> None:
    page, head = grid(sheet)
    assert page.freeze_panes == f"B{head + 1}"
    assert page.print_title_rows == f"${head}:${head}"
    assert (page.page_setup.orientation, page.page_setup.fitToHeight, page.sheet_properties.pageSetUpPr.fitToPage) == (
        "landscape",
        0,
        True,
    )
    assert page.print_title_cols == "$A:$A" and page.page_setup.fitToWidth > 1


def test_it_says_what_to_do_and_that_it_is_internal(sheet: Path, tmp_path: Path) -> None:
    page, head = grid(sheet)
    above = [str(page.cell(row, 2).value) for row in range(1, head)]
    assert above[0] == "盐湖区市场监督管理局：行政处罚更正表（2026年10月，2 行）"
    assert "演示" in above[1] and "不得公开" in above[2] and "来源写“penalty”" in above[3]
    page, head = grid(written(tmp_path / "real.xlsx", bad_row(3), demonstration=False))
    assert not any("演示" in str(page.cell(row, 2).value) for row in range(1, head))


def test_the_same_rows_give_the_same_bytes(sheet: Path, tmp_path: Path) -> None:
    again = written(tmp_path / "b.xlsx", bad_row(3), bad_row(7, party_name="  前后有空格 ", remark="两行\n文字_x0041_"))
    assert again.read_bytes() == sheet.read_bytes()
    assert written(tmp_path / "c.xlsx", bad_row(3)).read_bytes() != sheet.read_bytes()


def test_a_text_too_long_for_a_cell_is_left_out_and_said_to_be(tmp_path: Path) -> None:
    page, head = grid(written(tmp_path / "long.xlsx", bad_row(3, violation_facts="长" * (LONGEST + 1))))
    place = [cell.value for cell in page[head]].index("违法事实") + 1
    assert page.cell(head + 1, place).value is None and "过长" in page.cell(head + 1, place).comment.text
    assert "「违法事实」原文过长" in page.cell(head + 1, 5).value


def test_files_nobody_could_read_are_listed(tmp_path: Path) -> None:
    files = [("2026-10-140802-02", "penalty.xlsx", "行政处罚", "penalty.xlsx 已损坏，请重新导出后送达。")]
    digests = {
        write_unread_files(tmp_path / name, files, month="2026-10", unit_name="盐湖区", demonstration=False)
        for name in ("a.xlsx", "b.xlsx")
    }
    assert len(digests) == 1
    book = openpyxl.load_workbook(tmp_path / "a.xlsx")
    texts = {cell.value for row in book["整份退回的文件"].iter_rows() for cell in row}
    assert set(files[0]) <= texts
