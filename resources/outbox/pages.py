"""The pages of an open workbook: cover, sheets, legend; filters, frozen headers, print titles, widths and heights.

Here: layout. Not here: looks (styles), values (cells), rules of what is filled in (entries), the file (workbook).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from data_contracts.model import CLASS_ZH, Column
from resources.outbox.cells import (
    CellError,
    Cells,
    Value,
    column_cells,
    column_lines,
    column_width,
    text_lines,
    text_width,
    words_of,
)
from resources.outbox.entries import Options, entry_rule, entry_width
from resources.outbox.heat import shade, tones
from resources.outbox.sheet import Sheet, WorkbookError
from resources.outbox.styles import Styles

BANNER = "演示数据：由演示用信标和密值产生，不得用于实际监管"
_SAMPLE = 400
_NARROWEST, _WIDEST, _LINE, _ENTRY_HEIGHT = 6, 36, 14, 24
_A4, _A3 = 9, 8
# Pixels at 96 dots an inch between the margins of a landscape page; type of 10 points below half its size is not read.
_ACROSS = {_A4: 1020, _A3: 1480}
_SMALLEST = {_A4: 60, _A3: 55}
_LONG, _UPRIGHT, _UPRIGHT_SMALLEST = 40, 690, 80


@dataclass(slots=True)
class Pages:
    """Writes the parts of one open workbook."""

    book: Any
    styles: Styles
    title: str
    demonstration: bool
    secrecy: str
    options: Options = field(default_factory=Options)
    _tones: dict[str, Any] = field(default_factory=dict)

    def cover(self, sheets: Sequence[Sheet], facts: Mapping[str, str]) -> None:
        """Title, secrecy, banner, facts, list of sheets with their rows."""
        page = self._page("封面", landscape=False)
        page.set_column(0, 0, 20)
        page.set_column(1, 1, 66)
        row = self._top(page, self.title, 2, self.secrecy or None, width=86)
        for name, value in (*facts.items(), ("", "")):
            page.write_string(row, 0, name, self.styles.fact_name if name else self.styles.bare)
            page.write_string(row, 1, value, self.styles.fact if name else self.styles.bare)
            row += 1
        for left, right in (("工作表", "行数"), *((sheet.title, f"{len(sheet.frame):,}") for sheet in sheets)):
            page.write_string(row, 0, left, self.styles.fact_name)
            page.write_string(row, 1, right, self.styles.fact)
            row += 1
        page.set_row(row + 1, 26)
        for index, text in enumerate(("编制：", "审核：　　　　　　　　　　批准：　　　　　　　　　　日期：")):
            page.write_string(row + 1, index, text, self.styles.signed)
        page.print_area(0, 0, row + 1, 1)

    def sheet(self, sheet: Sheet) -> None:
        """Title, banner, note, header, rows, totals; filter, frozen header, print titles."""
        columns, styles = list(sheet.columns), self.styles
        table = [_cells(sheet, column) for column in columns]
        totals = _totals(sheet) if sheet.totals else None
        widths = [
            sheet.widths.get(column.name)
            or _width(column, cells, column.name in sheet.entries, totals[index] if totals else None)
            for index, (column, cells) in enumerate(zip(columns, table, strict=True))
        ]
        page, printed = self._page(sheet.title, landscape=True), len(columns) - len(sheet.unprinted)
        _paper(page, widths[:printed], len(sheet.frame))
        for index, width in enumerate(widths):
            page.set_column(index, index, width)
        heading = sheet.heading or f"{self.title}（{sheet.title}）"
        head = self._top(page, heading, printed, sheet.note, width=sum(widths[:printed]))
        _height(page, head, [(column.title, width - 2) for column, width in zip(columns, widths, strict=True)])
        for index, column in enumerate(columns):
            entered = column.name in sheet.entries
            page.write_string(head, index, column.title, styles.entry_header if entered else styles.header)
        formats = [
            styles.data(c, sheet.formats.get(c.name), entry=c.name in sheet.entries, centred=c.name in sheet.centred)
            for c in columns
        ]
        least = _ENTRY_HEIGHT if sheet.entries else 0
        _rows(page, head + 1, table, formats, _lines(table, widths), least)
        last = head + len(sheet.frame)
        page.freeze_panes(head + 1, sheet.freeze)
        page.repeat_rows(0, head)
        if len(sheet.frame):
            page.autofilter(head, 0, last, len(columns) - 1)
            self._colours(page, sheet, head + 1, last)
            self._entries(page, sheet, head + 1, last)
            if sheet.break_on is not None:
                values = sheet.frame[sheet.break_on].tolist()
                page.set_h_pagebreaks([head + 1 + i for i in range(1, len(values)) if values[i] != values[i - 1]])
            if sheet.heat is not None:
                self._tones = self._tones or tones(self.book)
                names = [column.name for column in columns]
                shade(page, sheet.heat, sheet.frame[sheet.heat.row].tolist(), names, head + 1, self._tones)
        else:
            last += 1
            self._wide(page, last, printed, sheet.empty, styles.empty, 24)
        if totals:
            last += 1
            _rows(page, last, totals, [styles.total(c, sheet.formats.get(c.name)) for c in columns], [1], 0)
        page.print_area(0, 0, last, printed - 1)

    def legend(self, sheets: Sequence[Sheet], terms: Mapping[str, str]) -> None:
        """Terms, then every column of every sheet with its description and class, and what the signs mean."""
        page = self._page("图例与说明", landscape=True)
        for index, width in enumerate((18, 22, 90, 8)):
            page.set_column(index, index, width)
        row = self._top(page, "图例与说明", 4, "类别：公 可公开；内 内部；敏 敏感，不得公开。", width=138)
        page.repeat_rows(0, row)
        for index, text in enumerate(("工作表", "术语、列或标记", "说明", "类别")):
            page.write_string(row, index, text, self.styles.header)
        lines = {(term, sentence, ""): ["术语"] for term, sentence in terms.items()}
        for sheet in sheets:
            for column in sheet.columns:
                lines.setdefault((column.title, column.description, CLASS_ZH[column.classification]), []).append(
                    sheet.title
                )
            for mark, titles in _marked(sheet).items():
                where = f"“{titles[0]}”" if len(titles) == 1 else f"“{titles[0]}”等 {len(titles)} 列"
                lines.setdefault((mark, f"{where}的标记", ""), []).append(sheet.title)
        for (name, description, kind), titles in lines.items():
            row += 1
            where = titles[0] if len(titles) == 1 else f"{titles[0]}等 {len(titles)} 张"
            _height(page, row, [(where, 16), (name, 20), (description, 88)])
            for index, text in enumerate((where, name, description, kind)):
                page.write_string(row, index, text, self.styles.plain_text)
        page.print_area(0, 0, row, 3)

    def _page(self, name: str, *, landscape: bool) -> Any:
        page = self.book.add_worksheet(name)
        page.set_landscape() if landscape else page.set_portrait()
        page.set_paper(_A4)
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
            self._wide(page, row, columns, note, self.styles.note, _LINE * text_lines(note, width - width // 12) + 4)
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

    def _entries(self, page: Any, sheet: Sheet, first: int, last: int) -> None:
        for index, column in enumerate(sheet.columns):
            if column.name in sheet.entries:
                page.data_validation(first, index, last, index, entry_rule(column, self.options))
        if sheet.entries:
            page.protect("", {"autofilter": True, "format_columns": True, "format_rows": True})


def _cells(sheet: Sheet, column: Column) -> Cells:
    try:
        return column_cells(sheet.frame[column.name], column, sheet.marks.get(column.name))
    except CellError as error:
        raise WorkbookError(
            f"工作表“{sheet.title}”第 {error.number} 条的“{column.title}”不是{column.physical_type}，请核对产出表。"
        ) from None


def _marked(sheet: Sheet) -> dict[str, list[str]]:
    """Sign and word of each mark → the columns that have it."""
    found: dict[str, list[str]] = {}
    for column in sheet.columns:
        words = words_of(column)
        for code, mark in sheet.marks.get(column.name, {}).items():
            found.setdefault(f"{mark.sign} {words.get(code, code)}", []).append(column.title)
    return found


def _totals(sheet: Sheet) -> list[Cells]:
    """One row: the word and the sums; the first column is always the word."""
    row = [column_cells(pd.Series([sheet.totals.get(column.name)], dtype=object), column) for column in sheet.columns]
    return [Cells("text", ["合计"]), *row[1:]]


def _width(column: Column, cells: Cells, entered: bool, total: Cells | None) -> int:
    """Width by content; a long header breaks over two lines and leaves room for the filter's arrow."""
    long = text_width(column.title)
    header = long + 3 if long <= 6 else -(-long // 4) * 2 + 3
    sample = Cells(cells.kind, cells.values[:_SAMPLE])
    widest = max(column_width(sample), column_width(total) if total else 0) + 2
    return max(_NARROWEST, min(_WIDEST, max(header, widest)), entry_width(column) if entered else 0)


def _lines(table: Sequence[Cells], widths: Sequence[int]) -> list[int]:
    """The lines of each row: those of its longest cell."""
    texts = [column_lines(cells, width) for cells, width in zip(table, widths, strict=True) if cells.kind == "text"]
    return list(map(max, zip(*texts, [1] * len(table[0].values), strict=True)))


def _rows(
    page: Any, first: int, table: Sequence[Cells], formats: Sequence[Any], lines: Sequence[int], least: int
) -> None:
    """The cells of a table, row by row, as a streaming writer needs it."""
    write: dict[str, Callable[..., Any]] = {
        "text": page.write_string,
        "integer": page.write_number,
        "number": page.write_number,
        "date": page.write_datetime,
        "timestamp": page.write_datetime,
    }
    blank, writers = page.write_blank, [write[cells.kind] for cells in table]
    rows: Sequence[tuple[Value, ...]] = zip(*(cells.values for cells in table), strict=True)  # type: ignore[assignment]
    for row, (values, high) in enumerate(zip(rows, lines, strict=True), start=first):
        if high > 1 or least:
            page.set_row(row, max(_LINE * high + 3, least))
        for index, value in enumerate(values):
            if value is None:
                blank(row, index, None, formats[index])
            else:
                writers[index](row, index, value, formats[index])


def _paper(page: Any, widths: Sequence[int], rows: int) -> None:
    """A4 while its type can be read, upright for a long narrow list, else A3, else several pages across.

    Fitted to a width only, so that page breaks between rows hold; a scale of our own would not fit every reader's fonts.
    """
    pixels = sum(7 * width + 5 for width in widths)
    paper = next((paper for paper in (_A4, _A3) if 100 * _ACROSS[paper] // pixels >= _SMALLEST[paper]), _A3)
    page.set_paper(paper)
    if rows > _LONG and 100 * _UPRIGHT // pixels >= _UPRIGHT_SMALLEST:
        page.set_portrait()
    scale = 100 * _ACROSS[paper] // pixels
    if scale < _SMALLEST[paper]:
        page.fit_to_pages(-(-_SMALLEST[paper] * pixels // (100 * _ACROSS[paper])), 0)
        page.repeat_columns(0)


def _height(page: Any, row: int, texts: Sequence[tuple[str, int]]) -> None:
    """Room for wrapped text: a reader other than Excel does not fit a row by itself."""
    lines = max(text_lines(text, width) for text, width in texts)
    if lines > 1:
        page.set_row(row, _LINE * lines + 3)
