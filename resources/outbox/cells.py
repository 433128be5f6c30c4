"""Values of a frame as cells, a column at a time: what is written, and the room that it takes.

Here: from a contract column and its values to what is written. Not here: styles, sheets, files.
"""

from __future__ import annotations

import datetime as dt
import math
import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal

import pandas as pd

from data_contracts.model import Column
from supervision.reports.marks import Mark

CellKind = Literal["text", "integer", "number", "date", "timestamp"]
Value = str | int | float | dt.date | dt.datetime | None
LONGEST = 32_000
_CUT = "……（过长，已截断，全文见数据表）"
_UNWRITABLE = re.compile(r"[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")  # XML 1.0, 2.2
_DATES: Mapping[str, int] = {"date": 10, "timestamp": 16}


class CellError(ValueError):
    """A value does not fit its column's type; `number` is its place in the column, from 1."""

    def __init__(self, number: int) -> None:
        """The place alone: a value never stands in a message."""
        super().__init__(number)
        self.number = number


@dataclass(frozen=True, slots=True)
class Cells:
    """The cells of one column, all of one kind; None for blank."""

    kind: CellKind
    values: Sequence[Value]


def words_of(column: Column) -> dict[str, str]:
    """Stored code → the word a person reads: the first accepted text of the contract."""
    words: dict[str, str] = {}
    for text, code in column.values.items():
        words.setdefault(code, text)
    return words


def column_cells(values: pd.Series[Any], column: Column, marks: Mapping[str, Mark] | None = None) -> Cells:
    """The cells of a column. Numbers and dates keep their type; everything else is text, never a formula.

    Errors: CellError when a value does not fit the column's type.
    """
    kind = column.logical_type
    if kind == "string" or kind == "boolean":
        return Cells("text", _texts(values, column, marks or {}, lower=kind == "boolean"))
    make = _MAKERS[kind]
    made: list[Value] = []
    for value, missing in zip(values.tolist(), values.isna().tolist(), strict=True):
        try:
            made.append(None if missing else make(value))
        except (ValueError, TypeError, ArithmeticError):
            raise CellError(len(made) + 1) from None
    return Cells(kind, made)


def column_width(cells: Cells) -> int:
    """Columns that the longest line takes on paper: two for a Chinese character."""
    shown = [value for value in cells.values if value is not None]
    if not shown:
        return 0
    if cells.kind == "text":
        return max(text_width(line) for text in shown for line in str(text).split("\n"))
    return _DATES.get(cells.kind) or max(len(f"{value:,}") for value in shown)


def column_lines(cells: Cells, width: int) -> list[int]:
    """The lines that each cell's text takes in a column of that width; 1 for all but text."""
    if cells.kind != "text":
        return [1] * len(cells.values)
    known: dict[Value, int] = {None: 1}  # names of units and files come again and again
    lines = []
    for text in cells.values:
        if text not in known:
            known[text] = text_lines(str(text), width)
        lines.append(known[text])
    return lines


def text_lines(text: str, width: int) -> int:
    """Lines that a text of 10 points takes in a column of that width, which is counted in digits of 11 points."""
    room = max(width + width // 20, 4)
    if 2 * len(text) <= room and "\n" not in text:
        return 1
    return sum(max(1, -(-text_width(line) // room)) for line in text.split("\n"))


def writable(value: Any) -> Any:
    """A text, or the texts in mappings and lists, as every document writes it: � for what no XML file can hold."""
    if isinstance(value, str):
        return value if value.isprintable() else _UNWRITABLE.sub("�", value)
    if isinstance(value, Mapping):
        return {key: writable(part) for key, part in value.items()}
    return [writable(part) for part in value] if isinstance(value, list | tuple) else value


def text_width(text: str) -> int:
    """Half-width columns of a text."""
    return len(text) if text.isascii() else sum(map(_char_width, text))


@cache
def _char_width(char: str) -> int:
    return 2 if unicodedata.east_asian_width(char) in "WFA" else 1


def _texts(values: pd.Series[Any], column: Column, marks: Mapping[str, Mark], *, lower: bool) -> list[Value]:
    words = words_of(column)
    told: dict[str, str] = {code: f"{mark.sign} {words.get(code, code)}" for code, mark in marks.items()}
    told = words | told
    made: list[Value] = []
    for value, missing in zip(values.tolist(), values.isna().tolist(), strict=True):
        if missing:
            made.append(None)
            continue
        code = str(value).lower() if lower else str(writable(str(value)))
        text = told.get(code, code)
        made.append(_safe(text) if len(text) > LONGEST or text.startswith("<r>") else text or None)
    return made


def _safe(text: str) -> str:
    """What a cell can hold. XlsxWriter takes `<r>…</r>` for markup of its own and would write a broken file."""
    if len(text) > LONGEST:
        return text[:LONGEST] + _CUT
    return f"{text} " if text.endswith("</r>") else text


def _whole(value: Any) -> int:
    if int(value) != value:
        raise ValueError("not a whole number")
    return int(value)


def _number(value: Any) -> float:
    number = float(value)
    if not math.isfinite(number):
        raise ValueError("not a finite number")
    return number


def _date(value: Any) -> dt.date:
    if isinstance(value, dt.datetime):
        return value.date()
    if isinstance(value, dt.date):
        return value
    return pd.Timestamp(value).date()


def _timestamp(value: Any) -> dt.datetime:
    moment = pd.Timestamp(value).tz_localize(None).to_pydatetime()
    assert isinstance(moment, dt.datetime)
    return moment


_MAKERS: Mapping[str, Callable[[Any], Value]] = {
    "integer": _whole,
    "number": _number,
    "date": _date,
    "timestamp": _timestamp,
}
