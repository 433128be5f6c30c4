"""The correction sheet: the bad rows of one unit and source, marked, to be put right in place and sent back.

Here: its layout, and the list of files that nobody could read. Not here: choosing the rows (quarantine.giving_back).
The producer corrects the marked cells and sends the same file as a delivery: the header row carries the contract's own
headers, every cell is text, and the columns of the place (INSTRUCTION_HEADERS) are ignored when it is read again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import xlsxwriter

from data_contracts.model import Column, Contract
from resources.inbox.header import CORRECTS
from resources.lake import sha256_file, write_atomically
from resources.outbox.cells import text_width
from resources.outbox.ooxml import normalise_ooxml
from resources.outbox.styles import HEI, SONG
from resources.outbox.workbook import BANNER, INTERNAL, SENSITIVE, Sheet, own_column, write_workbook
from supervision.reports.marks import month_words

INSTRUCTION_HEADERS = ("文件", "工作表", "行号", "问题")  # a source ignores these when the sheet comes back
MOST_ROWS = 10_000
LONGEST = 32_000
SHEET = "更正"
_TEXT = "@"
_LINED = {
    "border": 1,
    "border_color": "#808080",
    "valign": "vcenter",
    "text_wrap": True,
    "font_size": 10,
    "num_format": _TEXT,
}
_SAMPLE = 200
_LINE = 14
_PAGE = 240  # digits across a page of A3 that can still be read
_TOO_LONG = "原文过长，未列入本表，请照原文件补填。"


@dataclass(frozen=True, slots=True)
class BadCell:
    """One cell as delivered (None: empty) and what is wrong with it (nothing: leave it alone)."""

    text: str | None
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class BadRow:
    """One row of the sheet: where it stood, everything wrong with it, its cells in the order of the contract."""

    row_id: str
    file_name: str
    sheet: str
    row_no: int
    problems: tuple[str, ...]
    cells: tuple[BadCell, ...]


def write_correction_sheet(
    path: Path,
    contract: Contract,
    rows: Sequence[BadRow],
    *,
    month: str,
    unit_name: str,
    demonstration: bool,
    withdrawal: bool = False,
) -> str:
    """Write the sheet, atomically; returns its SHA-256. The same rows give the same bytes.

    rows: at most MOST_ROWS. Cells longer than a spreadsheet takes are left empty and said to be missing.
    withdrawal: the rows came to withdraw records, and the sheet says that it must be sent back as a withdrawal.
    """

    def write(temporary: Path) -> None:
        options = {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
        book = xlsxwriter.Workbook(str(temporary), options)
        book.set_properties({"title": f"{contract.title}更正表"})
        _Sheet(book, contract, demonstration, withdrawal).fill(rows, month, unit_name)
        book.close()
        normalise_ooxml(temporary)

    write_atomically(path, write)
    return sha256_file(path)


def write_unread_files(
    path: Path, files: Sequence[tuple[str, str, str, str]], *, month: str, unit_name: str, demonstration: bool
) -> str:
    """Write the list of files that stand aside whole (delivery, file, source, reason); returns its SHA-256."""
    columns = [
        own_column("delivery_id", "批次", "报送批次号。"),
        own_column("file_name", "文件", "批次中的文件名。"),
        own_column("source", "报送内容", "文件应是哪一张表。"),
        own_column("reason", "问题与办法", "为什么读不出来，怎样改。"),
    ]
    frame = pd.DataFrame(files, columns=[column.name for column in columns])
    sheet = Sheet(
        "整份退回的文件",
        frame,
        columns,
        note="以下文件整份没有采用，其余文件不受影响。请按所列办法改正后作为新的批次重新送达。",
        widths={"delivery_id": 22, "file_name": 30, "source": 22, "reason": 70},
    )
    title = f"{unit_name}退回文件清单"
    return write_workbook(
        path, [sheet], title=title, demonstration=demonstration, facts={"月份": month, "单位": unit_name}
    )


def write_masked_files(
    path: Path, files: Sequence[tuple[str, str, str, int, int]], *, month: str, unit_name: str, demonstration: bool
) -> str:
    """Write the list of files that held numbers of persons (delivery, file, source, identities, mobiles); its SHA-256."""
    columns = [
        own_column("delivery_id", "批次", "报送批次号。"),
        own_column("file_name", "文件", "批次中的文件名。"),
        own_column("source", "报送内容", "文件是哪一张表。"),
        own_column("identities", "隐去证件号（个）", "读取时隐去的公民身份号码个数。"),
        own_column("mobiles", "隐去手机号（个）", "读取时隐去的手机号码个数。"),
    ]
    sheet = Sheet(
        "含个人号码的文件",
        pd.DataFrame(files, columns=[column.name for column in columns]),
        columns,
        note="以下文件的单元格中写有公民身份号码或手机号码，读取时已隐去，所在行照常采用，不必重新送达。今后报送前请删去个人号码。",
        widths={"delivery_id": 22, "file_name": 30, "source": 22, "identities": 16, "mobiles": 16},
    )
    title = f"{unit_name}报送文件中的个人号码"
    return write_workbook(
        path, [sheet], title=title, demonstration=demonstration, facts={"月份": month, "单位": unit_name}
    )


class _Sheet:
    """The one sheet of an open workbook."""

    def __init__(self, book: Any, contract: Contract, demonstration: bool, withdrawal: bool) -> None:
        self.contract = contract
        self.demonstration = demonstration
        self.withdrawal = withdrawal
        self.page = book.add_worksheet(SHEET)
        make = book.add_format
        self.title = make({"font_name": HEI, "font_size": 16, "bold": True, "valign": "vcenter"})
        self.banner = make({"font_name": HEI, "font_size": 11, "bold": True, "valign": "vcenter"})
        self.note = make({"font_name": SONG, "font_size": 11, "valign": "top", "text_wrap": True})
        head = _LINED | {"font_name": HEI, "bold": True, "align": "center", "border_color": "#404040"}
        self.header = make(head | {"bg_color": "#D9E2F3"})
        self.own_header = make(head | {"bg_color": "#D9D9D9"})
        self.own = make(_LINED | {"font_name": SONG, "bg_color": "#F2F2F2", "quote_prefix": True})
        self.cell = make(_LINED | {"font_name": SONG, "quote_prefix": True})
        # Told from the others without colour too: a thick frame, bold and underlined.
        bad = {
            "font_name": SONG,
            "bold": True,
            "underline": 1,
            "border": 5,
            "border_color": "#C00000",
            "bg_color": "#FFE699",
        }
        self.bad = make(_LINED | bad | {"quote_prefix": True})
        self.below = make({"num_format": _TEXT, "font_name": SONG, "font_size": 10})

    def fill(self, rows: Sequence[BadRow], month: str, unit_name: str) -> None:
        """Title, instructions, header, rows; frozen header, print set-up."""
        columns, page = self.contract.columns, self.page
        headers = [CORRECTS, *INSTRUCTION_HEADERS, *(column.title for column in columns)]
        own = len(INSTRUCTION_HEADERS) + 1
        widths = [24, 22, 12, 7, 44, *(_width(column, i, rows) for i, column in enumerate(columns))]
        for index, width in enumerate(widths):
            page.set_column(index, index, width, self.below)
        secrecy = {"sensitive": SENSITIVE, "internal": INTERNAL}.get(self._class(), "")
        lines = [
            f"{unit_name}：{self.contract.title}{'撤回' * self.withdrawal}更正表（{month_words(month)}，{len(rows)} 行）",
            *([BANNER] if self.demonstration else []),
            *([secrecy] if secrecy else []),
        ]
        for row, text in enumerate(lines):
            # Beside the column that is repeated on every page, or its texts would be cut off there.
            page.write_string(row, 1, text, self.banner if row else self.title)
            page.set_row(row, 18 if row else 28)
        wide = max(_reach(widths), 2)
        row = len(lines)
        page.merge_range(row, 1, row, wide, _instructions(self.contract, self.withdrawal), self.note)
        page.set_row(row, 16 * 5 + 10)
        head = row + 1
        for index, text in enumerate(headers):
            page.write_string(head, index, text, self.own_header if index < own else self.header)
        page.set_row(head, 16 * max(_lines(text, width) for text, width in zip(headers, widths, strict=True)) + 4)
        for offset, bad in enumerate(rows, start=head + 1):
            self._row(offset, bad, widths)
        page.freeze_panes(head + 1, 1)
        page.repeat_rows(head)
        page.set_landscape()
        page.set_paper(8)  # A3: the contract's columns stand beside each other
        page.fit_to_pages(-(-sum(widths) // _PAGE), 0)
        page.repeat_columns(0)
        page.set_margins(left=0.4, right=0.4, top=0.5, bottom=0.6)
        page.set_footer(f"&L&9{'演示 ' * self.demonstration}{secrecy}&R&9第 &P 页 共 &N 页")
        page.print_area(0, 0, head + len(rows), len(headers) - 1)

    def _class(self) -> str:
        classes = {column.classification for column in self.contract.columns}
        return next((name for name in ("sensitive", "internal") if name in classes), "public")

    def _row(self, row: int, bad: BadRow, widths: Sequence[int]) -> None:
        problems = list(bad.problems)
        texts: list[tuple[str, bool]] = []
        for column, cell in zip(self.contract.columns, bad.cells, strict=True):
            reasons = cell.reasons
            if cell.text is not None and len(cell.text) > LONGEST:
                reasons = (*reasons, f"「{column.title}」{_TOO_LONG}")
                problems.append(reasons[-1])
            at = len(INSTRUCTION_HEADERS) + 1 + len(texts)
            text = "" if cell.text is None or len(cell.text) > LONGEST else cell.text
            self._write(row, at, text, self.bad if reasons else self.cell)
            if reasons:
                self.page.write_comment(
                    row, at, "\n".join(reasons), {"x_scale": 2, "y_scale": 0.8 * len(reasons) + 0.4}
                )
            texts.append((text, bool(reasons)))
        numbered = [f"{number}. {text}" for number, text in enumerate(problems, start=1)]
        problem = "\n".join(numbered if len(numbered) > 1 else problems)
        place = (bad.row_id, bad.file_name, bad.sheet, str(bad.row_no), problem)
        for index, text in enumerate(place):
            self._write(row, index, text, self.own)
        shown = [*place, *(text for text, _ in texts)]
        lines = max(_lines(text, width) for text, width in zip(shown, widths, strict=True))
        self.page.set_row(row, min(_LINE * lines + 6, 400))

    def _write(self, row: int, column: int, text: str, style: Any) -> None:
        if text:
            self.page.write_string(row, column, text, style)
        else:
            self.page.write_blank(row, column, None, style)


def _instructions(contract: Contract, withdrawal: bool) -> str:
    as_what = '，并在清单中为该文件写明 "change": "withdrawal"（撤回），漏写会被当作新的记录' if withdrawal else ""
    return (
        "填写说明\n"
        "1. 只改粗框加下划线（黄底）的单元格，在原处直接改成正确内容；原因写在“问题”列和单元格批注中。\n"
        f"2. 不要改动表头和“{CORRECTS}”列，它把更正与原来的行对上；“{'”“'.join(INSTRUCTION_HEADERS)}”供查找，读取时不采集。\n"
        "3. 不应报送的行整行删除；不要增加新行，新的记录另行报送。\n"
        f"4. 改好后原样存为 xlsx，作为一个新批次送回，来源写“{contract.name}”{as_what}。"
    )


def _reach(widths: Sequence[int]) -> int:
    """The last column under which the instructions stand: about the width of a screen."""
    total = 0
    for index, width in enumerate(widths):
        total += width
        if total >= 130:
            return index
    return len(widths) - 1


def _width(column: Column, index: int, rows: Sequence[BadRow]) -> int:
    header = min(text_width(column.title), 12)
    texts = (row.cells[index].text or "" for row in rows[:_SAMPLE])
    return max(8, min(30, max(header, max((text_width(text) for text in texts), default=0)) + 2))


def _lines(text: str, width: int) -> int:
    room = max(width - 1, 4)
    return sum(max(1, -(-text_width(line) // room)) for line in text.split("\n"))
