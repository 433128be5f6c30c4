"""Statutory working days: when a record is due, and how late it is.

Here: counting over a calendar given as rows of data_contracts/calendar/<year>.csv, which hold only the days that the
State Council's yearly notice names; every other day is Monday to Friday work. When the notice of a new year is out, its
days become a new file. A year without rows is not announced: Monday to Friday is then assumed, and every date that
rests on it is `provisional` and must never be called overdue.
Not here: which record has which clock (the contracts), reading files, today's date.
Clause: notice (五), within 7 working days; DOMAIN §4.5.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta

_DAY = timedelta(days=1)
_SATURDAY = 5
_KINDS = {"work": True, "rest": False}


class CalendarError(ValueError):
    """The calendar rows or the question cannot be used; the message is one Chinese sentence."""


@dataclass(frozen=True, slots=True)
class DueDate:
    """The last day on which something is in time; provisional = it rests on a year not yet announced."""

    day: date
    provisional: bool


@dataclass(frozen=True, slots=True)
class WorkCalendar:
    """Working days of the announced years; Monday to Friday elsewhere.

    exceptions: day -> works, only for the days a notice names; years: the announced years.
    """

    exceptions: Mapping[date, bool]
    years: frozenset[int]

    @classmethod
    def from_rows(cls, rows: Iterable[Mapping[str, str]]) -> WorkCalendar:
        """From rows of day (YYYY-MM-DD), kind (work|rest), note. A year with any row counts as announced.

        Raises CalendarError for a date or kind that cannot be read, and for a day named twice.
        """
        exceptions: dict[date, bool] = {}
        for row in rows:
            text, kind = row.get("day", ""), row.get("kind", "")
            try:
                day = date.fromisoformat(text)
            except ValueError:
                raise CalendarError(f"工作日历中的日期“{text}”无法识别，请写成 YYYY-MM-DD。") from None
            if kind not in _KINDS:
                raise CalendarError(f"工作日历 {text} 的类型“{kind}”无法识别，请写 work 或 rest。")
            if day in exceptions:
                raise CalendarError(f"工作日历中 {text} 出现了两次，请只保留一行。")
            exceptions[day] = _KINDS[kind]
        return cls(exceptions, frozenset(day.year for day in exceptions))

    def is_announced(self, day: date) -> bool:
        """Whether the year of this day has been announced."""
        return day.year in self.years

    def is_working_day(self, day: date) -> bool:
        """Whether offices work on this day (Monday to Friday where the year is not announced)."""
        return self.exceptions.get(day, day.weekday() < _SATURDAY)

    def due_on(self, formed_on: date, n: int) -> DueDate:
        """The n-th working day after formed_on; the day of formation does not count, whatever day it is.

        Provisional when a day counted over, formed_on excluded, lies in a year not announced.
        Raises CalendarError for n < 1.
        """
        if n < 1:
            raise CalendarError(f"工作日数 {n} 无效，请给出 1 或更大的整数。")
        day, provisional = formed_on, False
        try:
            while n:
                day += _DAY
                provisional = provisional or not self.is_announced(day)
                n -= self.is_working_day(day)
        except OverflowError:
            raise CalendarError(f"日期 {formed_on} 之后无法再数工作日，请核对该日期。") from None
        return DueDate(day, provisional)

    def working_days_between(self, start: date, end: date) -> int:
        """Working days after start up to and including end; negative when end is before start.

        The delay of a record in working days is working_days_between(due_on, received on).
        """
        if end < start:
            return -self.working_days_between(end, start)
        return sum(self.is_working_day(start + timedelta(days=i)) for i in range(1, (end - start).days + 1))

    def due_table(self, first: date, last: date, n: int) -> list[tuple[date, date, bool]]:
        """(formed_on, due_on, provisional) for each day from first to last, for joins in SQL."""
        days = (first + timedelta(days=i) for i in range((last - first).days + 1))
        return [(day, due.day, due.provisional) for day in days for due in [self.due_on(day, n)]]

    def number_table(self, first: date, last: date) -> list[tuple[date, int]]:
        """(day, working days after first up to and including day) from first to last.

        In SQL the working days between two days are the difference of their numbers.
        """
        rows, number = [(first, 0)], 0
        for i in range(1, (last - first).days + 1):
            day = first + timedelta(days=i)
            number += self.is_working_day(day)
            rows.append((day, number))
        return rows
