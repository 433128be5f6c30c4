"""Months as `YYYY-MM`: first and last day, neighbours, numbers. Not for working days (workdays)."""

from __future__ import annotations

import re
from calendar import monthrange
from datetime import date

_MONTH = re.compile(r"\d{4}-(0[1-9]|1[0-2])")


class MonthError(ValueError):
    """A text that is not a month."""


def check_month(text: str) -> str:
    """The month itself; MonthError with one sentence when it is not `YYYY-MM`."""
    if not _MONTH.fullmatch(text):
        raise MonthError(f"月份“{text}”无法识别，请写成 YYYY-MM，例如 2026-10")
    return text


def first_day(month: str) -> date:
    """First day of the month."""
    return date.fromisoformat(f"{check_month(month)}-01")


def last_day(month: str) -> date:
    """Last day of the month."""
    first = first_day(month)
    return first.replace(day=monthrange(first.year, first.month)[1])


def month_number(month: str) -> int:
    """Months since year 0, so that `n + gap` is plain addition."""
    first = first_day(month)
    return first.year * 12 + first.month


def month_before(month: str) -> str:
    """The month before."""
    year, index = divmod(month_number(month) - 2, 12)
    return f"{year:04d}-{index + 1:02d}"


def years_before(day: date, years: int) -> date:
    """The same day so many years before; of 29 February the 28th where there is none."""
    last = monthrange(day.year - years, day.month)[1]
    return date(day.year - years, day.month, min(day.day, last))
