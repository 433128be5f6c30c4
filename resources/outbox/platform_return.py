"""The return file to the province: one plain table in the layout that its platform prescribes (DOMAIN §4.8, R-29).

Here: writing the rows under a layout's headers, order, codes and format, so that the platform can import them: the header
in the first row, nothing above it, every cell text. Not here: the layout (data_contracts.layout), which rows are returned
(sql/reports/platform_return.sql), the office's own view of the returns (returns).
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import xlsxwriter

from data_contracts.layout import FORMATS, Layout, LayoutColumn
from resources.lake import sha256_file, write_atomically, write_bytes
from resources.outbox.cells import text_width
from resources.outbox.ooxml import normalise_ooxml
from resources.outbox.styles import HEI, SONG
from supervision.canonical import csv_bytes
from supervision.reports.leak import defuse

_WIDEST, _SAMPLE = 68, 400
_A3 = 8
_BREAKS = str.maketrans({"\r": " ", "\n": " ", "\t": " "})


class ReturnError(ValueError):
    """A row cannot be written as the platform wants it: one Chinese sentence with the place, never the value."""


def write_platform_return(folder: Path, layout: Layout, rows: pd.DataFrame, *, demonstration: bool) -> Path:
    """Write the return file into `folder` under the layout's name; returns its path.

    rows: rows of the layout's contract, in its order. The platform takes no other cell, so a demonstration says so in the
    workbook's title and printed header. A file of the other format, left by an earlier layout, is removed.
    Errors: ReturnError when a value has no code in the layout or cannot be written in its encoding.
    """
    table = [[_text(row, column, layout, number) for column in layout.columns] for number, row in _rows(layout, rows)]
    target = folder / layout.file_name
    header = [column.header for column in layout.columns]
    if layout.format == "csv":
        _write_csv(target, layout, header, table)
    else:
        write_atomically(target, lambda path: _write_xlsx(path, layout, header, table, demonstration))
    for suffix in FORMATS:
        if suffix != layout.format:
            target.with_suffix(f".{suffix}").unlink(missing_ok=True)
    return target


def return_facts(path: Path, layout: Layout) -> dict[str, str]:
    """What the cover of the office's workbook says of the file: its name, digest and layout."""
    return {
        "回填文件": path.name,
        "回填文件摘要": sha256_file(path),
        "回填版式": f"{layout.title}，版式 {layout.version}（{layout.valid_from} 起）",
    }


def _rows(layout: Layout, rows: pd.DataFrame) -> list[tuple[int, dict[str, Any]]]:
    names = [column.column.name for column in layout.columns]
    lines = zip(*(rows[name].tolist() for name in names), strict=True)
    return [(number, dict(zip(names, line, strict=True))) for number, line in enumerate(lines, start=2)]


def _text(row: dict[str, Any], column: LayoutColumn, layout: Layout, number: int) -> str:
    value = row[column.column.name]
    if value is None or pd.isna(value):
        return ""
    kind = column.column.logical_type
    if kind == "date":
        return f"{value:{layout.date_pattern}}"
    text = str(value).lower() if kind == "boolean" else str(value)
    if column.codes:
        if text not in column.codes:
            raise ReturnError(
                f"回填文件第 {number} 行的“{column.header}”在版式的 codes 中没有对应的写法，请补上后重跑。"
            )
        return column.codes[text]
    return text.translate(_BREAKS)


def _write_csv(target: Path, layout: Layout, header: list[str], table: list[list[str]]) -> None:
    data = csv_bytes(header, [[defuse(text) for text in row] for row in table])
    write_bytes(target, data.decode().encode(layout.encoding))  # each of the encodings holds every character


def _write_xlsx(path: Path, layout: Layout, header: list[str], table: list[list[str]], demonstration: bool) -> None:
    book = xlsxwriter.Workbook(str(path), {"strings_to_formulas": False, "strings_to_urls": False})
    book.set_properties({"title": f"【演示】{layout.title}" if demonstration else layout.title})
    page = book.add_worksheet(layout.sheet)
    if demonstration:
        page.set_header("&C演示数据，不得报送")
    lined = {"border": 1, "border_color": "#808080", "valign": "vcenter", "font_size": 10}
    head = book.add_format({**lined, "font_name": HEI, "bold": True, "align": "center", "bg_color": "#D9E2F3"})
    text = book.add_format({**lined, "font_name": SONG, "num_format": "@", "quote_prefix": True})
    for index, title in enumerate(header):
        widest = max(text_width(text) for text in (title, *(row[index] for row in table[:_SAMPLE])))
        page.set_column(index, index, min(widest + 2, _WIDEST))
        page.write_string(0, index, title, head)
    for number, row in enumerate(table, start=1):
        for index, value in enumerate(row):
            if value:
                page.write_string(number, index, value, text)
            else:
                page.write_blank(number, index, None, text)
    page.freeze_panes(1, 0)
    page.set_landscape()
    page.set_paper(_A3)
    page.fit_to_pages(1, 0)
    page.repeat_rows(0, 0)
    page.set_footer("&R&9第 &P 页 共 &N 页")
    book.close()
    normalise_ooxml(path)
