"""What the offices report about last month's reminders, read from the workbook FILE that they received then.

Here: outbox/<month before>/reminders.xlsx beside the deliveries: whom to remind, under which number; most letters go out
within days and are signed for, some are dealt with late or not yet. Not here: our code, any reason of a reminder.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
from python_calamine import CalamineWorkbook

from sample_city.departments import Calendar, CityError

BOOK, SHEET = "reminders.xlsx", "本月名单"
UNIT_NAME, NUMBER, CHANNEL = "单位", "提醒编号", "方式"
TASK = "T6.3"


class Report(NamedTuple):
    """One thing an office reports: kind of evidence, day, title, number of the reminder."""

    unit: str
    kind: str
    on: int
    title: str
    number: str


def reports(rng: np.random.Generator, when: Calendar, names: dict[str, str], home: Path) -> Iterator[Report]:
    """Sent, signed for and dealt with, in the month after; nothing where no workbook was received."""
    book = home / "outbox" / when.previous / BOOK
    if not book.is_file():
        return
    codes = {name: code for code, name in names.items()}
    for number, (unit_name, channel) in sorted(_listed(book).items()):
        unit, sent = codes[unit_name], when.first + int(rng.integers(1, 6))
        signed, done = sent + int(rng.integers(1, 5)), sent + int(rng.integers(2, 14))
        told = rng.random(2)
        if channel != "内部跟踪":
            yield Report(unit, "提醒发出", sent, f"{unit_name}提示函{number}寄出登记", number)
            if told[0] < 0.9:
                yield Report(unit, "提醒签收", signed, f"{unit_name}提示函{number}签收回执", number)
        if told[1] < 0.85:
            yield Report(unit, "提醒处置", done, f"{unit_name}对提示函{number}所列事项已核实并督促办理", number)


def _listed(book: Path) -> dict[str, tuple[str, str]]:
    """Unit and way of each reminder's number; of several reasons the one by letter."""
    rows = CalamineWorkbook.from_path(str(book)).get_sheet_by_name(SHEET).to_python()
    head = next((place for place, row in enumerate(rows) if NUMBER in row), None)
    if head is None:
        raise CityError(f"{book.name} 的“{SHEET}”没有“{NUMBER}”一列，无法接着生成处置情况，请检查该文件")
    unit, number, channel = (rows[head].index(title) for title in (UNIT_NAME, NUMBER, CHANNEL))
    found: dict[str, tuple[str, str]] = {}
    for row in rows[head + 1 :]:
        if str(row[number]).startswith("TX-") and found.get(str(row[number]), ("", "内部跟踪"))[1] == "内部跟踪":
            found[str(row[number])] = (str(row[unit]), str(row[channel]))
    return found
