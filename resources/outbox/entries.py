"""Cells for filling in: what may be entered, what is said beforehand and what is said when it does not fit.

Here: validation rules of one column from its contract, and the hidden sheet of long lists. Not here: the look of the
cells (styles), reading a filled-in workbook back (a source like any other).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any

from xlsxwriter.utility import xl_col_to_name

from data_contracts.model import Column
from resources.outbox.cells import words_of

OPTIONS_SHEET = "选项"
_LONGEST_LIST, _LONGEST_TITLE, _LONGEST_MESSAGE = 255, 32, 255  # what Excel takes
_FIRST_DAY, _LAST_DAY = dt.date(2000, 1, 1), dt.date(2099, 12, 31)
_MOST = 1_000_000_000
_WIDTHS = {"date": 12, "timestamp": 18, "integer": 9, "number": 12, "boolean": 8}
_TEXT_WIDTH = 20


class Options:
    """The lists of one workbook that are too long for a rule of their own; they stand on a hidden sheet."""

    def __init__(self) -> None:
        """No list yet."""
        self._lists: list[tuple[str, ...]] = []

    def source(self, words: tuple[str, ...]) -> list[str] | str:
        """The words themselves, or the range in which they will stand."""
        if len(",".join(words)) <= _LONGEST_LIST and not any("," in word for word in words):
            return list(words)
        if words not in self._lists:
            self._lists.append(words)
        letter = xl_col_to_name(self._lists.index(words))
        return f"='{OPTIONS_SHEET}'!${letter}$1:${letter}${len(words)}"

    def write(self, book: Any, style: Any) -> None:
        """Write the hidden sheet, when a list needs it."""
        if not self._lists:
            return
        page = book.add_worksheet(OPTIONS_SHEET)
        page.hide()
        for row in range(max(map(len, self._lists))):
            for index, words in enumerate(self._lists):
                if row < len(words):
                    page.write_string(row, index, words[row], style)


def entry_rule(column: Column, options: Options) -> dict[str, Any]:
    """The validation of one column to be filled in: its words, a date, a whole number; its description as a hint."""
    rule: dict[str, Any] = {
        "input_title": _cut(column.title, _LONGEST_TITLE),
        "input_message": _cut(column.description, _LONGEST_MESSAGE),
        "error_title": _cut(f"{column.title}填写有误", _LONGEST_TITLE),
    }
    words = entry_words(column)
    kind = column.logical_type
    if words:
        told = f"“{column.title}”只能从下拉列表中选一项：{'、'.join(words)}。"
        rule |= {"validate": "list", "source": options.source(words)}
    elif kind in ("date", "timestamp"):
        shape = "2026-10-15" if kind == "date" else "2026-10-15 09:30"
        told = f"“{column.title}”须填日期{'和时间' * (kind == 'timestamp')}，写成 {shape} 的样子。"
        rule |= {"validate": "date", "criteria": "between", "minimum": _FIRST_DAY, "maximum": _LAST_DAY}
    elif kind in ("integer", "number"):
        whole = kind == "integer"
        told = f"“{column.title}”须填{'不带小数的' * whole}数字，不小于 0，不写单位。"
        rule |= {"validate": "integer" if whole else "decimal", "criteria": "between", "minimum": 0, "maximum": _MOST}
    else:
        return rule | {"validate": "any"}
    return rule | {"error_message": _cut(told, _LONGEST_MESSAGE)}


def entry_words(column: Column) -> tuple[str, ...]:
    """The words to choose from; none when the column is open."""
    return tuple(words_of(column).values())


def entry_width(column: Column) -> int:
    """Room to write by hand or to show the longest word."""
    words: Sequence[str] = entry_words(column)
    return min(_TEXT_WIDTH, 2 * max(map(len, words)) + 4) if words else _WIDTHS.get(column.logical_type, _TEXT_WIDTH)


def _cut(text: str, length: int) -> str:
    return text if len(text) <= length else text[: length - 1] + "…"
