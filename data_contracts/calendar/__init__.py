"""Statutory rest days and make-up working days, one file per announced year: <year>.csv with day, kind, note.

Here: only days that the State Council's notice names (kind `rest` or `work`); every other day is Monday to Friday work,
Saturday and Sunday rest. A new year: copy the notice into a new file; tests compare the years up to 2026 with two
libraries. Not here: how days are counted (supervision/workdays.py). No file is made for a year not yet announced.
"""

from __future__ import annotations

import csv
from pathlib import Path

_FOLDER = Path(__file__).parent


def calendar_rows() -> list[dict[str, str]]:
    """Every row of every year as text: day (YYYY-MM-DD), kind (work|rest), note. For WorkCalendar.from_rows."""
    rows: list[dict[str, str]] = []
    for path in sorted(_FOLDER.glob("[0-9][0-9][0-9][0-9].csv")):
        with path.open(encoding="utf-8", newline="") as file:
            for row in csv.DictReader(file):
                if not row["day"].startswith(path.stem):
                    raise ValueError(f"工作日历 {path.name} 中的日期 {row['day']} 不属于该年份，请移到对应年份的文件。")
                rows.append(row)
    return rows
