"""One list of records written once, by us or by a library alone; prints seconds, processor seconds, peak GB and MB.

Run by bench.outputs: `python -m bench.output_lists ours|bare|openpyxl|openpyxl_stream FILE ROWS`.
"""

from __future__ import annotations

import datetime as dt
import json
import resource
import sys
import time
from collections.abc import Callable, Sequence
from copy import copy
from pathlib import Path
from typing import Any

import openpyxl
import pandas as pd
import xlsxwriter
from openpyxl.cell import WriteOnlyCell
from openpyxl.styles import Alignment, Border, Font, PatternFill, Side

from resources.outbox.cells import words_of
from resources.outbox.styles import Styles
from resources.outbox.timeliness import LATE_WIDTHS, shown
from resources.outbox.workbook import Sheet, write_workbook
from supervision.reports.marks import TIMELINESS_MARKS

NAMES = (
    "unit_name", "clock", "source", "formed_on", "due_on", "received_on", "published_on", "state", "delay_wd", "row_place",
    "delivery_id", "file_name", "sheet", "row_no",
)  # fmt: skip
COLUMNS = shown("timeliness", NAMES)
FACTS = {"月份": "2026-10"}


def records(rows: int) -> pd.DataFrame:
    """Late records as the workbook of timeliness lists them."""
    day = dt.date(2026, 1, 1)
    clocks, sources, states = (
        list(words_of(column)) for column in COLUMNS if column.name in ("clock", "source", "state")
    )
    return pd.DataFrame(
        {
            "unit_name": [f"样例{n % 13}县（市、区）市场监督管理局" for n in range(rows)],
            "clock": [clocks[n % len(clocks)] for n in range(rows)],
            "source": [sources[n % len(sources)] for n in range(rows)],
            "formed_on": [day + dt.timedelta(n % 250) for n in range(rows)],
            "due_on": [day + dt.timedelta(n % 250 + 9) for n in range(rows)],
            "received_on": [None if n % 3 else day + dt.timedelta(n % 250 + 12) for n in range(rows)],
            "published_on": [None] * rows,
            "state": [states[n % len(states)] for n in range(rows)],
            "delay_wd": pd.array([None if n % 3 == 1 else n % 40 for n in range(rows)], dtype="Int64"),
            "row_place": [f"D-{n % 500:04d}/名录 {n % 20}.xlsx/名录/{n}" for n in range(rows)],
            "delivery_id": [f"2026-10-08T09-{n % 500:04d}" for n in range(rows)],
            "file_name": [f"名录 {n % 20}.xlsx" for n in range(rows)],
            "sheet": ["名录"] * rows,
            "row_no": range(rows),
        }
    )


def ours(path: Path, frame: pd.DataFrame) -> None:
    """The writer of all workbooks, with everything that belongs to a document."""
    sheet = Sheet("逾期", frame, COLUMNS, marks={"state": TIMELINESS_MARKS}, freeze=1, widths=LATE_WIDTHS)
    write_workbook(path, [sheet], title="清单", demonstration=False, facts=FACTS)


def plain(frame: pd.DataFrame) -> list[list[Any]]:
    """The cells as they are shown, by row; made before the clock starts."""
    columns = []
    for column in COLUMNS:
        words = words_of(column)
        values = [None if pd.isna(value) else value for value in frame[column.name].tolist()]
        columns.append([words.get(value, value) if words else value for value in values])
    return [list(row) for row in zip(*columns, strict=True)]


def bare(path: Path, rows: Sequence[Sequence[Any]]) -> None:
    """XlsxWriter alone, in constant memory."""
    with xlsxwriter.Workbook(str(path), {"constant_memory": True}) as book:
        sheet, styles = book.add_worksheet(), Styles(book)
        formats = [styles.data(column, None) for column in COLUMNS]
        for index, column in enumerate(COLUMNS):
            sheet.write_string(0, index, column.title, styles.header)
        for number, row in enumerate(rows, start=1):
            for index, value in enumerate(row):
                if value is None:
                    sheet.write_blank(number, index, None, formats[index])
                elif isinstance(value, str):
                    sheet.write_string(number, index, value, formats[index])
                elif isinstance(value, dt.date):
                    sheet.write_datetime(number, index, value, formats[index])
                else:
                    sheet.write_number(number, index, value, formats[index])


def openpyxl_book(path: Path, rows: Sequence[Sequence[Any]], *, stream: bool) -> None:
    """openpyxl with fonts, borders, alignment and number formats of the same look."""
    book = openpyxl.Workbook(write_only=stream)
    sheet = book.create_sheet("逾期") if stream else book.active
    line = Side("thin", color="808080")
    border, font, fill = Border(line, line, line, line), Font("宋体", 10), PatternFill("solid", "D9E2F3")
    formats = {"integer": "#,##0", "date": "yyyy-mm-dd"}
    aligned = {"integer": "right", "date": "center"}
    looks = []  # one style a column, made once: setting fonts and borders cell by cell takes three times as long
    for column in COLUMNS:
        look = WriteOnlyCell(sheet)
        look.border, look.font, look.number_format = border, font, formats.get(column.logical_type, "@")
        look.alignment = Alignment(
            horizontal=aligned.get(column.logical_type, "left"), vertical="center", wrap_text=True
        )
        looks.append(look._style)
    make: Callable[[int, int, Any], Any] = (
        (lambda number, index, value: WriteOnlyCell(sheet, value))
        if stream
        else (lambda number, index, value: sheet.cell(number, index + 1, value))
    )
    for number, row in enumerate([[column.title for column in COLUMNS], *rows], start=1):
        made = []
        for index, value in enumerate(row):
            cell = make(number, index, value)
            cell._style = looks[index]
            if isinstance(value, str):
                cell.data_type = "s"
            if number == 1:
                cell._style = copy(looks[index])
                cell.fill = fill
            made.append(cell)
        if stream:
            sheet.append(made)
    book.save(path)


def main(way: str, path: Path, rows: int) -> None:
    """Write once and print the figures."""
    frame = records(rows)
    cells = [] if way == "ours" else plain(frame)
    started, busy = time.perf_counter(), time.process_time()
    if way == "ours":
        ours(path, frame)
    elif way == "bare":
        bare(path, cells)
    else:
        openpyxl_book(path, cells, stream=way == "openpyxl_stream")
    seconds, busy = time.perf_counter() - started, time.process_time() - busy
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024**2
    print(json.dumps([seconds, busy, peak, path.stat().st_size / 1e6]))


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]))
