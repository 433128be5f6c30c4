"""The four clocks: which day each starts and ends on, and what state a record is in. They are never merged.

Here: `clocks.yaml` as typed entries, due days by the version in force on the day a clock starts, the five states and
the delay of DOMAIN §4.5. sql/reports/timeliness.sql says the same over tables; a test holds the two together.
Not here: counting working days (workdays), which source has which clock (data_contracts.registry), reading files.
Clauses: notice (五), 7 working days to collect; 双公示, 7 to go online; 条例 and 总局令第45号, 20 to publish; grades monthly.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Literal

from supervision.months import last_day
from supervision.workdays import DueDate, WorkCalendar

Start = Literal["formed_on", "month"]
Measured = Literal["received_on", "published_on"]
State = Literal["on_time", "late", "overdue_open", "not_yet_due", "undeterminable"]
STATES: tuple[State, ...] = ("on_time", "late", "overdue_open", "not_yet_due", "undeterminable")
_STARTS = ("formed_on", "month")
_MEASURED = ("received_on", "published_on")
_UNPUBLISHED_KEYS = {"source", "column", "only", "valid_from", "clause"}
_SEPARATORS = re.compile("[;；、,，]")
_CLOCK_KEYS = {"name", "title", "from", "to", "versions"}
_DAY = timedelta(days=1)


class ClockError(ValueError):
    """`clocks.yaml` or a source's clock cannot be used: one Chinese sentence."""


@dataclass(frozen=True, slots=True)
class ClockVersion:
    """A clock from `valid_from` on: that many working days, or (None) until the last day of the month; by which rule."""

    valid_from: date
    working_days: int | None
    clause: str


@dataclass(frozen=True, slots=True)
class Clock:
    """One clock. starts: what sets it going; measured: the day that stops it; versions: by valid_from, oldest first."""

    name: str
    title: str
    starts: Start
    measured: Measured
    versions: tuple[ClockVersion, ...]

    def version_on(self, day: date) -> ClockVersion | None:
        """The rule in force on a day; None before the first."""
        return next((version for version in reversed(self.versions) if version.valid_from <= day), None)

    def due_on(self, day: date, calendar: WorkCalendar) -> DueDate | None:
        """The last day in time for what was formed on `day`, or for the month `day` lies in; None before the clock."""
        version = self.version_on(day)
        if version is None:
            return None
        if version.working_days is None:
            return DueDate(last_day(f"{day:%Y-%m}"), False)
        return calendar.due_on(day, version.working_days)

    def due_rows(self, first: date, last: date, calendar: WorkCalendar) -> list[tuple[str, date, date, bool]]:
        """(clock, formed_on, due_on, provisional) for each day from first to last on which the clock is in force."""
        days = (first + _DAY * number for number in range((last - first).days + 1))
        dated = ((day, self.due_on(day, calendar)) for day in days)
        return [(self.name, day, due.day, due.provisional) for day, due in dated if due is not None]


@dataclass(frozen=True, slots=True)
class Unpublished:
    """Records of a source that by law are not made public: those formed from `valid_from` on whose column says nothing
    but the listed words. They have no clock of publication; collecting them has its clock all the same.
    """

    source: str
    column: str
    only: frozenset[str]
    valid_from: date
    clause: str

    def covers(self, cell: str | None, formed_on: date | None) -> bool:
        """Whether a record with this cell, formed on that day, must not be published."""
        said = {part.strip() for part in _SEPARATORS.split(cell or "") if part.strip()}
        return bool(said) and said <= self.only and formed_on is not None and formed_on >= self.valid_from


def parse_clocks(document: Mapping[str, Any]) -> tuple[Clock, ...]:
    """The clocks of `clocks.yaml`, in its order; ClockError says which entry is wrong and how to write it."""
    entries = document.get("clocks")
    if not isinstance(entries, list) or not entries or not set(document) <= {"clocks", "unpublished"}:
        raise ClockError("clocks.yaml 应只有列表 clocks 和 unpublished，请逐个写明时钟。")
    clocks = tuple(_clock(entry) for entry in entries)
    names = [clock.name for clock in clocks]
    repeated = sorted({name for name in names if names.count(name) > 1})
    if repeated:
        raise ClockError(f"clocks.yaml 的时钟 {'、'.join(repeated)} 写了两次，请删去一处。")
    return clocks


def parse_unpublished(document: Mapping[str, Any]) -> tuple[Unpublished, ...]:
    """What `clocks.yaml` says of records that are not made public; ClockError when an entry cannot be used."""
    found = []
    for raw in document.get("unpublished") or ():
        sound = isinstance(raw, dict) and set(raw) == _UNPUBLISHED_KEYS and isinstance(raw["valid_from"], date)
        if not sound or not isinstance(raw["only"], list) or not raw["only"] or not raw["clause"]:
            raise ClockError(
                f"clocks.yaml 的 unpublished 每项应写明 {'、'.join(sorted(_UNPUBLISHED_KEYS))}，不多不少。"
            )
        only = frozenset(str(word) for word in raw["only"])
        found.append(Unpublished(str(raw["source"]), str(raw["column"]), only, raw["valid_from"], str(raw["clause"])))
    return tuple(found)


def clock_faults(clocks: Iterable[Clock], sources: Iterable[tuple[str, tuple[str, ...], bool, bool]]) -> list[str]:
    """What is wrong between the sources and their clocks, one Chinese sentence each; empty when sound.

    sources: (name, clocks, whether its records have a day of formation, whether they carry a day of publication).
    """
    known = {clock.name: clock for clock in clocks}
    found = []
    for source, names, has_formed, has_published in sources:
        for name in names:
            clock = known.get(name)
            if clock is None:
                found.append(f"来源 {source} 的时钟 {name} 不在 clocks.yaml 中，请改用 {'、'.join(known)} 之一。")
            elif clock.starts == "formed_on" and not has_formed:
                found.append(f"来源 {source} 有时钟 {name} 而契约没有 formedOn，无法起算，请补上。")
            elif clock.measured == "published_on" and not has_published:
                found.append(f"来源 {source} 有时钟 {name} 而契约没有 publishedOn，无法判断是否公示，请补上。")
    return found


def judge(done_on: date | None, due: DueDate | None, as_of: date) -> State:
    """The state on `as_of` (DOMAIN §4.5): done_on is the day of receipt or publication, None while it has not come.

    Provisional due days never make a record late or overdue; without a due day nothing can be said.
    """
    if due is None:
        return "undeterminable"
    if done_on is not None and done_on <= due.day:
        return "on_time"
    if done_on is None and as_of <= due.day:
        return "not_yet_due"
    if due.provisional:
        return "undeterminable"
    return "overdue_open" if done_on is None else "late"


def delay(done_on: date | None, due: DueDate | None, as_of: date, calendar: WorkCalendar) -> int | None:
    """Working days past the due day, counted to the day it came or to `as_of`; at least 1 (weekends are late as well).

    None for what is neither late nor overdue.
    """
    if due is None or judge(done_on, due, as_of) not in ("late", "overdue_open"):
        return None
    return max(1, calendar.working_days_between(due.day, done_on or as_of))


def _clock(entry: Any) -> Clock:
    name = entry.get("name") if isinstance(entry, dict) else None
    if not isinstance(entry, dict) or set(entry) != _CLOCK_KEYS or not isinstance(name, str):
        raise ClockError(f"clocks.yaml 的时钟 {name or '（无名）'} 应写明 {'、'.join(sorted(_CLOCK_KEYS))}，不多不少。")
    starts, measured = entry["from"], entry["to"]
    if starts not in _STARTS or measured not in _MEASURED:
        raise ClockError(
            f"clocks.yaml 的时钟 {name} 的 from 只能是 {'、'.join(_STARTS)}，to 只能是 {'、'.join(_MEASURED)}。"
        )
    versions = tuple(_version(name, raw, starts) for raw in entry["versions"] or ())
    days = [version.valid_from for version in versions]
    if not days or days != sorted(set(days)):
        raise ClockError(f"clocks.yaml 的时钟 {name} 的 versions 应至少一条，按 valid_from 由早到晚，不得重复。")
    return Clock(name, str(entry["title"]), starts, measured, versions)


def _version(name: str, raw: Any, starts: Start) -> ClockVersion:
    monthly = starts == "month"
    wanted = {"valid_from", "until", "clause"} if monthly else {"valid_from", "working_days", "clause"}
    days = raw.get("working_days") if isinstance(raw, dict) else None
    sound = isinstance(raw, dict) and set(raw) == wanted and isinstance(raw["valid_from"], date) and raw["clause"]
    if not sound or (raw["until"] != "month_end" if monthly else not (isinstance(days, int) and days > 0)):
        how = "until: month_end" if monthly else "working_days（正整数）"
        raise ClockError(f"clocks.yaml 的时钟 {name} 的每个版本应写明 valid_from（日期）、{how} 和 clause。")
    return ClockVersion(raw["valid_from"], days, str(raw["clause"]))
