"""The one writer of workbooks: cover, sheets, legend, in a form that can be printed, signed and filed.

Here: layout, styles and writing; every sheet is a frame and the contract columns it shows. Not here: what a document
holds (one module per document beside this one), words and marks (supervision/reports).

XlsxWriter writes all sizes: one code path, one look; above ROWS_IN_MEMORY rows it streams. Text is written as text
(number format @, quote prefix), so a code keeps its digits and a name that begins with = + - @ is never a formula.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd
import xlsxwriter

from data_contracts.model import CLASS_ZH, PHYSICAL_TYPES, Column, LogicalType
from resources.lake import sha256_file, write_atomically
from resources.outbox.cells import Cell, cell, shown_width, text_width, words_of
from resources.outbox.entries import Options, entry_rule, entry_width
from resources.outbox.ooxml import normalise_ooxml
from resources.outbox.styles import Styles
from supervision.reports.marks import Mark

ROWS_IN_MEMORY = 50_000
MOST_ROWS = 1_000_000
_SAMPLE = 400
_NARROWEST, _WIDEST, _LINE = 6, 36, 14
_ENTRY_HEIGHT = 24
_PAGE_PIXELS = 1000  # across a landscape A4 between the margins, at 96 dots an inch
BANNER = "演示数据：由演示用信标和密值产生，不得用于实际监管"
INTERNAL = "内部资料 不得公开"
SENSITIVE = "内部资料 含信用风险分类结果 只在规定范围内作为监管工作参考 不向社会提供查询"


class WorkbookError(ValueError):
    """A workbook cannot be written: one Chinese sentence with the sheet and what to do."""


@dataclass(frozen=True, slots=True)
class Sheet:
    """One sheet: `frame` shown through `columns` (Chinese headers, types, words of coded values).

    formats: number format by column name; marks: sign and tone by stored code, by column name; totals: values of the
    last row by column name; freeze: columns kept in view; widths: width by column name where the content should not decide.
    entries: names of the columns to be filled in, with a rule and a hint each; the other cells are then locked, without a
    password. break_on: a new page begins where the value of this column changes.
    """

    title: str
    frame: pd.DataFrame
    columns: Sequence[Column]
    note: str | None = None
    heading: str | None = None
    formats: Mapping[str, str] = field(default_factory=dict)
    marks: Mapping[str, Mapping[str, Mark]] = field(default_factory=dict)
    totals: Mapping[str, Any] = field(default_factory=dict)
    freeze: int = 0
    widths: Mapping[str, int] = field(default_factory=dict)
    entries: Collection[str] = ()
    break_on: str | None = None
    empty: str = "本期没有记录"


def write_workbook(
    path: Path, sheets: Sequence[Sheet], *, title: str, demonstration: bool, facts: Mapping[str, str]
) -> str:
    """Write cover, sheets and legend to `path`, atomically; returns the file's SHA-256.

    `facts` (Chinese name → value: month, as_of, policy, digests) stand on the cover. The same input gives the same
    bytes. Errors: WorkbookError when a sheet lacks a column, holds a wrong value or is too long for a sheet.
    """
    _check(sheets)
    streaming = sum(len(sheet.frame) for sheet in sheets) > ROWS_IN_MEMORY

    def write(temporary: Path) -> None:
        options = {"constant_memory": streaming, "strings_to_formulas": False, "strings_to_urls": False}
        book = xlsxwriter.Workbook(str(temporary), options)
        book.set_properties({"title": title})
        maker = _Maker(book, Styles(book), title, demonstration, facts, _secrecy(sheets))
        maker.cover(sheets)
        for sheet in sheets:
            maker.sheet(sheet)
        maker.legend(sheets)
        maker.options.write(book, maker.styles.bare)
        book.close()
        normalise_ooxml(temporary)

    write_atomically(path, write)
    return sha256_file(path)


def own_column(
    name: str, title: str, description: str, kind: LogicalType = "string", *, sensitive: bool = False
) -> Column:
    """A column that only a document has: text or numbers made of contract columns."""
    return Column(
        name=name,
        title=title,
        description=description,
        logical_type=kind,
        physical_type=PHYSICAL_TYPES[kind],
        required=False,
        classification="sensitive" if sensitive else "internal",
        aliases=(),
        values={},
        pattern=None,
        check=None,
        required_reason="",
        type_reason="",
        check_reason="",
    )


def sums(frame: pd.DataFrame, names: Sequence[str]) -> dict[str, int]:
    """Totals of integer columns, for a sheet's last row."""
    return {name: int(frame[name].sum()) for name in names}


def _secrecy(sheets: Sequence[Sheet]) -> str:
    classes = {column.classification for sheet in sheets for column in sheet.columns}
    return SENSITIVE if "sensitive" in classes else INTERNAL if "internal" in classes else ""


def _check(sheets: Sequence[Sheet]) -> None:
    titles = [sheet.title for sheet in sheets]
    for sheet in sheets:
        name = sheet.title
        if not name or len(name) > 31 or any(char in name for char in "[]:*?/\\'") or titles.count(name) > 1:
            raise WorkbookError(f"工作表名“{name}”不可用（重名、超过 31 字或含特殊字符），请改名。")
        shown = {column.name for column in sheet.columns}
        if not shown.issuperset(sheet.entries) or sheet.break_on not in {None, *sheet.frame.columns}:
            raise WorkbookError(f"工作表“{name}”的填写列或分页列不在表中，请核对列名。")
        missing = [column.name for column in sheet.columns if column.name not in sheet.frame.columns]
        if missing:
            raise WorkbookError(f"工作表“{name}”的数据缺少列 {'、'.join(missing)}，请按产出契约补齐。")
        if len(sheet.frame) > MOST_ROWS:
            raise WorkbookError(f"工作表“{name}”有 {len(sheet.frame)} 行，超过一张表的上限，请分表。")


def _cells(sheet: Sheet, column: Column) -> list[Cell]:
    words, marks = words_of(column), sheet.marks.get(column.name)
    made: list[Cell] = []
    for number, value in enumerate(sheet.frame[column.name].tolist(), start=1):
        try:
            made.append(cell(value, column, words, marks))
        except (ValueError, TypeError, ArithmeticError):
            raise WorkbookError(
                f"工作表“{sheet.title}”第 {number} 条的“{column.title}”不是{column.physical_type}，请核对产出表。"
            ) from None
    return made


@dataclass(slots=True)
class _Maker:
    """Writes the parts of one open workbook."""

    book: Any
    styles: Styles
    title: str
    demonstration: bool
    facts: Mapping[str, str]
    secrecy: str
    options: Options = field(default_factory=Options)

    def cover(self, sheets: Sequence[Sheet]) -> None:
        """Title, secrecy, banner, facts, list of sheets with their rows."""
        page = self._page("封面", landscape=False)
        page.set_column(0, 0, 20)
        page.set_column(1, 1, 66)
        row = self._top(page, self.title, 2, self.secrecy or None, width=86)
        for name, value in (*self.facts.items(), ("", "")):
            page.write_string(row, 0, name, self.styles.fact_name if name else self.styles.bare)
            page.write_string(row, 1, value, self.styles.fact if name else self.styles.bare)
            row += 1
        for left, right in (("工作表", "行数"), *((sheet.title, f"{len(sheet.frame):,}") for sheet in sheets)):
            page.write_string(row, 0, left, self.styles.fact_name)
            page.write_string(row, 1, right, self.styles.fact)
            row += 1
        page.print_area(0, 0, row - 1, 1)

    def sheet(self, sheet: Sheet) -> None:
        """Title, banner, note, header, rows, totals; filter, frozen header, print titles."""
        columns, styles = list(sheet.columns), self.styles
        table = [_cells(sheet, column) for column in columns]
        totals = [cell(sheet.totals.get(column.name), column, {}, None) for column in columns]
        widths = [
            sheet.widths.get(column.name)
            or max(
                _width(column.title, [*cells[:_SAMPLE], total]),
                entry_width(column) if column.name in sheet.entries else 0,
            )
            for column, cells, total in zip(columns, table, totals, strict=True)
        ]
        page = self._page(sheet.title, landscape=True)
        for index, width in enumerate(widths):
            page.set_column(index, index, width)
        heading = sheet.heading or f"{self.title}（{sheet.title}）"
        head = self._top(page, heading, len(columns), sheet.note, width=sum(widths))
        _height(page, head, [(column.title, width - 2) for column, width in zip(columns, widths, strict=True)])
        for index, column in enumerate(columns):
            page.write_string(
                head, index, column.title, styles.entry_header if column.name in sheet.entries else styles.header
            )
        formats = [
            styles.data(column, sheet.formats.get(column.name), entry=column.name in sheet.entries)
            for column in columns
        ]
        for offset, row_cells in enumerate(zip(*table, strict=True), start=head + 1):
            _height(
                page,
                offset,
                [(i.value, w) for i, w in zip(row_cells, widths, strict=True) if i.kind == "text"],
                least=_ENTRY_HEIGHT if sheet.entries else 0,
            )
            for index, item in enumerate(row_cells):
                _write(page, offset, index, item, formats[index])
        last = head + len(sheet.frame)
        page.freeze_panes(head + 1, sheet.freeze)
        page.repeat_rows(0, head)
        if len(sheet.frame):
            page.autofilter(head, 0, last, len(columns) - 1)
            self._colours(page, sheet, head + 1, last)
            self._entries(page, sheet, head + 1, last)
            if sheet.break_on is not None:
                _breaks(page, sheet.frame[sheet.break_on].tolist(), head + 1, widths)
        else:
            last += 1
            self._wide(page, last, len(columns), sheet.empty, styles.empty, 24)
        if sheet.totals:
            last += 1
            totals[0] = Cell("text", "合计")
            for index, (item, column) in enumerate(zip(totals, columns, strict=True)):
                _write(page, last, index, item, styles.total(column, sheet.formats.get(column.name)))
        page.print_area(0, 0, last, len(columns) - 1)

    def _entries(self, page: Any, sheet: Sheet, first: int, last: int) -> None:
        for index, column in enumerate(sheet.columns):
            if column.name in sheet.entries:
                page.data_validation(first, index, last, index, entry_rule(column, self.options))
        if sheet.entries:
            page.protect("", {"autofilter": True, "format_columns": True, "format_rows": True})

    def legend(self, sheets: Sequence[Sheet]) -> None:
        """What the signs mean, then every column of every sheet with its description and class."""
        page = self._page("图例与说明", landscape=True)
        for index, width in enumerate((18, 22, 90, 8)):
            page.set_column(index, index, width)
        row = self._top(page, "图例与说明", 4, "类别：公 可公开；内 内部；敏 敏感，不得公开。", width=138)
        page.repeat_rows(0, row)
        for index, text in enumerate(("工作表", "列或标记", "说明", "类别")):
            page.write_string(row, index, text, self.styles.header)
        lines: dict[tuple[str, str, str], list[str]] = {}
        for sheet in sheets:
            for column in sheet.columns:
                lines.setdefault((column.title, column.description, CLASS_ZH[column.classification]), []).append(
                    sheet.title
                )
            for column in sheet.columns:
                words = words_of(column)
                for code, mark in sheet.marks.get(column.name, {}).items():
                    key = (f"{mark.sign} {words.get(code, code)}", f"“{column.title}”的标记", "")
                    lines.setdefault(key, []).append(sheet.title)
        for (name, description, kind), titles in lines.items():
            row += 1
            _height(page, row, [(description, 88)])
            where = titles[0] if len(titles) == 1 else f"{titles[0]}等 {len(titles)} 张"
            for index, text in enumerate((where, name, description, kind)):
                page.write_string(row, index, text, self.styles.plain_text)
        page.print_area(0, 0, row, 3)

    def _page(self, name: str, *, landscape: bool) -> Any:
        page = self.book.add_worksheet(name)
        page.set_landscape() if landscape else page.set_portrait()
        page.set_paper(9)
        page.fit_to_pages(1, 0)
        page.set_margins(left=0.5, right=0.5, top=0.6, bottom=0.7)
        page.center_horizontally()
        mark = "演示 " * self.demonstration + self.secrecy
        page.set_footer(f"&L&9{mark}&R&9第 &P 页 共 &N 页")
        page.hide_gridlines(2)
        return page

    def _top(self, page: Any, heading: str, columns: int, note: str | None, *, width: int) -> int:
        """Title, banner and note; returns the row after them."""
        self._wide(page, 0, columns, heading, self.styles.title, 30)
        row = 1
        if self.demonstration:
            self._wide(page, row, columns, BANNER, self.styles.banner, 22)
            row += 1
        if note:
            self._wide(page, row, columns, note, self.styles.note, _LINE * _lines(note, width - 2) + 4)
            row += 1
        return row

    def _wide(self, page: Any, row: int, columns: int, text: str, style: Any, height: int) -> None:
        page.set_row(row, height)
        if columns > 1:
            page.merge_range(row, 0, row, columns - 1, text, style)
        else:
            page.write_string(row, 0, text, style)

    def _colours(self, page: Any, sheet: Sheet, first: int, last: int) -> None:
        for index, column in enumerate(sheet.columns):
            for mark in sheet.marks.get(column.name, {}).values():
                if mark.tone != "plain":
                    rule = {"type": "text", "criteria": "begins with", "value": mark.sign}
                    page.conditional_format(first, index, last, index, {**rule, "format": self.styles.tones[mark.tone]})


def _width(title: str, cells: Sequence[Cell]) -> int:
    """Width by content; a long header breaks over two lines and leaves room for the filter's arrow."""
    header = text_width(title) + 3 if text_width(title) <= 6 else -(-text_width(title) // 4) * 2 + 3
    widest = max((shown_width(item) for item in cells), default=0) + 2
    return max(_NARROWEST, min(_WIDEST, max(header, widest)))


def _lines(text: str, width: int) -> int:
    """Lines that a text of 10 points takes in a column of that width, which is counted in digits of 11 points."""
    room = max(width + width // 20, 4)
    return sum(max(1, -(-text_width(line) // room)) for line in text.split("\n"))


def _height(page: Any, row: int, texts: Sequence[tuple[Any, int]], least: int = 0) -> None:
    """Room for wrapped text: a reader other than Excel does not fit a row by itself."""
    lines = max((_lines(text, width) for text, width in texts if 2 * len(text) > width or "\n" in text), default=1)
    if lines > 1 or least:
        page.set_row(row, max(_LINE * lines + 3, least))


def _breaks(page: Any, values: Sequence[Any], first: int, widths: Sequence[int]) -> None:
    """A page for each run of equal values. Excel heeds no break where pages are fitted, so the scale is set instead."""
    page.set_h_pagebreaks([first + i for i in range(1, len(values)) if values[i] != values[i - 1]])
    page.fit_page = 0
    pixels = sum(7 * width + 5 for width in widths)
    page.set_print_scale(max(10, min(100, 100 * _PAGE_PIXELS // pixels)))


def _write(page: Any, row: int, column: int, item: Cell, style: Any) -> None:
    if item.kind == "blank":
        page.write_blank(row, column, None, style)
    elif item.kind == "text":
        page.write_string(row, column, item.value, style)
    elif item.kind in ("date", "timestamp"):
        page.write_datetime(row, column, item.value, style)
    else:
        page.write_number(row, column, item.value, style)
