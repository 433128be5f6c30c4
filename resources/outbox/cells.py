"""One value of a frame as one cell: its kind, its shown form and its width.

Here: from a contract column and a value to what is written. Not here: styles, sheets, files.
"""

from __future__ import annotations

import datetime as dt
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Literal

import pandas as pd

from data_contracts.model import Column
from supervision.reports.marks import Mark

CellKind = Literal["text", "integer", "number", "date", "timestamp", "blank"]
LONGEST = 32_000
_CUT = "……（过长，已截断，全文见数据表）"


@dataclass(frozen=True, slots=True)
class Cell:
    """What is written: text, int, float, date or datetime; None for blank."""

    kind: CellKind
    value: str | int | float | dt.date | dt.datetime | None


BLANK = Cell("blank", None)


def words_of(column: Column) -> dict[str, str]:
    """Stored code → the word a person reads: the first accepted text of the contract."""
    words: dict[str, str] = {}
    for text, code in column.values.items():
        words.setdefault(code, text)
    return words


def cell(value: Any, column: Column, words: Mapping[str, str], marks: Mapping[str, Mark] | None) -> Cell:
    """The cell of one value. Numbers and dates keep their type; everything else is text, never a formula.

    Errors: ValueError when the value does not fit the column's type.
    """
    if value is None or value is pd.NaT or (not isinstance(value, (list, tuple, dict)) and pd.isna(value)):
        return BLANK
    kind = column.logical_type
    if kind == "date":
        return Cell("date", _date(value))
    if kind == "timestamp":
        return Cell("timestamp", pd.Timestamp(value).tz_localize(None).to_pydatetime())
    if kind == "integer":
        if int(value) != value:
            raise ValueError(f"{value!r} 不是整数")
        return Cell("integer", int(value))
    if kind == "number":
        return Cell("number", float(Decimal(str(value))))
    code = str(value).lower() if kind == "boolean" else str(value)
    mark = (marks or {}).get(code)
    text = words.get(code, code)
    if mark is not None:
        text = f"{mark.sign} {text}"
    return Cell("text", text if len(text) <= LONGEST else text[:LONGEST] + _CUT) if text else BLANK


def shown_width(item: Cell) -> int:
    """Columns that the longest line takes on paper: two for a Chinese character."""
    if item.kind == "text":
        return max((text_width(line) for line in str(item.value).split("\n")), default=0)
    return {"blank": 0, "date": 10, "timestamp": 16}.get(item.kind, len(f"{item.value:,}") if item.value else 1)


def text_width(text: str) -> int:
    """Half-width columns of a text."""
    return sum(2 if unicodedata.east_asian_width(char) in "WFA" else 1 for char in text)


def _date(value: Any) -> dt.date:
    if isinstance(value, dt.datetime):
        return value.date()
    if isinstance(value, dt.date):
        return value
    return pd.Timestamp(value).date()
