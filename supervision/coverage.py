"""Which sources, special fields and indicator classes brought anything this month, and why one did not.

Here: the four states of a source and how they roll up. What has no feed is 未接入 with its reason and has no counts:
it is never shown as zero problems. Not here: reading registry or files (assets.timeliness), layout (resources/outbox).
Clauses: R-14 (twelve fields), R-15 (departments), R-18b (five indicator classes).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Literal

State = Literal["normal", "silent", "suspended", "unconnected"]
DepartmentState = Literal["delivered", "silent", "never", "unconnected"]
Level = Literal["source", "domain", "field", "indicator_class"]
_WORDS = {"normal": "正常", "silent": "本月无交付", "suspended": "停用", "unconnected": "未接入"}
_RANK: tuple[State, ...] = ("normal", "suspended", "silent", "unconnected")


@dataclass(frozen=True, slots=True)
class SourceEntry:
    """A registered source: what `sources.yaml` says of it. `as_needed`: no delivery is no fault."""

    name: str
    title: str
    producers: tuple[str, ...]
    connected: bool
    reason: str | None
    as_needed: bool
    domains: tuple[str, ...]
    fields: tuple[str, ...]
    indicator_class: str | None


@dataclass(frozen=True, slots=True)
class Received:
    """What a source brought this month: readable and quarantined files by unit, the faults, the rows."""

    read: Mapping[str, int]
    quarantined: Mapping[str, int]
    faults: tuple[str, ...]
    accepted_rows: int
    quarantined_rows: int


NOTHING = Received({}, {}, (), 0, 0)


@dataclass(frozen=True, slots=True)
class Group:
    """A domain, a field code or an indicator class; `reason`: why nobody brings it."""

    code: str
    title: str
    reason: str | None


@dataclass(frozen=True, slots=True)
class Coverage:
    """One row of `source_coverage`; counts are None where nothing is connected."""

    level: Level
    code: str
    position: int
    title: str
    coverage: State
    coverage_reason: str | None
    source_names: str | None
    units_expected: int | None
    units_delivered: int | None
    silent_units: str | None
    files: int | None
    quarantined_files: int | None
    accepted_rows: int | None
    quarantined_rows: int | None


@dataclass(frozen=True, slots=True)
class DepartmentCoverage:
    """One row of `department_coverage`: a department × a source of other departments (R-15)."""

    dept_code: str
    dept_name: str
    source: str
    dept_state: DepartmentState
    accepted_rows: int | None
    rows_ever: int | None
    last_received_on: date | None


def source_coverage(
    sources: Sequence[SourceEntry], received: Mapping[str, Received], unit_names: Mapping[str, str]
) -> list[Coverage]:
    """One row a source, in the given order. received: by source name; a source without an entry brought nothing."""
    return [
        _one(number, entry, received.get(entry.name, NOTHING), unit_names)
        for number, entry in enumerate(sources, start=1)
    ]


def group_coverage(
    level: Level,
    groups: Sequence[Group],
    members: Mapping[str, Sequence[str]],
    rows: Sequence[Coverage],
) -> list[Coverage]:
    """One row a group: the best state among its sources, the others told in the reason; sums over connected sources.

    members: names of sources by group code; rows: of `source_coverage`.
    """
    by_name = {row.code: row for row in rows}
    return [
        _group(level, number, group, [by_name[name] for name in members.get(group.code, ())])
        for number, group in enumerate(groups, start=1)
    ]


def field_coverage(
    groups: Sequence[Group],
    members: Mapping[str, Sequence[str]],
    rows: Sequence[Coverage],
    field_rows: Mapping[tuple[str, str], int],
) -> list[Coverage]:
    """One row a field code. field_rows: accepted rows this month by (source, field code), for sources of several
    fields: a field of theirs without rows is silent even when its source delivered.
    """
    found = []
    for row, group in zip(group_coverage("field", groups, members, rows), groups, strict=True):
        shared = [name for name in members.get(group.code, ()) if any(source == name for source, _ in field_rows)]
        if row.coverage == "normal" and shared:
            counted = sum(field_rows.get((name, group.code), 0) for name in shared)
            silent = "所在来源有交付，本领域本月没有记录" if counted == 0 else None
            # Which of a source's refused rows was of this field is not known: no number rather than a wrong one.
            row = replace(
                row,
                accepted_rows=counted,
                quarantined_rows=None,
                coverage="silent" if silent else "normal",
                coverage_reason=_joined([row.coverage_reason, silent]),
            )
        found.append(row)
    return found


def department_coverage(
    departments: Mapping[str, str],
    sources: Sequence[tuple[str, bool]],
    rows_ever: Mapping[tuple[str, str], int],
    rows_now: Mapping[tuple[str, str], int],
    last_received: Mapping[tuple[str, str], date],
) -> list[DepartmentCoverage]:
    """Every department × source of departments, those never heard of included (R-15).

    departments: code → name; sources: (name, connected); the rest by (department, source).
    """
    found = []
    for code, name in sorted(departments.items()):
        for source, connected in sources:
            key = (code, source)
            ever, now = rows_ever.get(key, 0), rows_now.get(key, 0)
            if connected:
                state: DepartmentState = "delivered" if now else "silent" if ever else "never"
                found.append(DepartmentCoverage(code, name, source, state, now, ever, last_received.get(key)))
            else:
                found.append(DepartmentCoverage(code, name, source, "unconnected", None, None, None))
    return found


def _one(number: int, entry: SourceEntry, got: Received, unit_names: Mapping[str, str]) -> Coverage:
    if not entry.connected:
        return _blank("source", number, entry.name, entry.title, entry.reason or "没有写明原因")
    state: State = "normal" if sum(got.read.values()) else "suspended" if sum(got.quarantined.values()) else "silent"
    delivered = [code for code in entry.producers if got.read.get(code)]
    silent = [unit_names.get(code, code) for code in entry.producers if not got.read.get(code)]
    expected = "按需报送，本月没有不等于缺报" if state == "silent" and entry.as_needed else None
    return Coverage(
        "source",
        entry.name,
        number,
        entry.title,
        state,
        _joined([expected, *dict.fromkeys(got.faults)]),
        entry.title,
        len(entry.producers),
        len(delivered),
        None if entry.as_needed else "、".join(silent) or None,
        sum(got.read.values()),
        sum(got.quarantined.values()),
        got.accepted_rows,
        got.quarantined_rows,
    )


def _group(level: Level, number: int, group: Group, rows: Sequence[Coverage]) -> Coverage:
    live = [row for row in rows if row.coverage != "unconnected"]
    if not live:
        told = [row.coverage_reason for row in rows]
        blank = _blank(level, number, group.code, group.title, _joined([group.reason, *told]) or "尚无登记的来源")
        return replace(blank, source_names=_joined([row.title for row in rows], "、"))
    state = min((row.coverage for row in live), key=_RANK.index)
    others = [
        f"{row.title}{_WORDS[row.coverage]}" + (f"：{row.coverage_reason}" if row.coverage_reason else "")
        for row in rows
        if row.coverage != "normal"
    ]
    return Coverage(
        level,
        group.code,
        number,
        group.title,
        state,
        _joined(others) if len(rows) > 1 else rows[0].coverage_reason,
        _joined([row.title for row in rows], "、"),
        None,
        None,
        None,
        _sum(row.files for row in live),
        _sum(row.quarantined_files for row in live),
        _sum(row.accepted_rows for row in live),
        _sum(row.quarantined_rows for row in live),
    )


def _blank(level: Level, number: int, code: str, title: str, reason: str) -> Coverage:
    return Coverage(level, code, number, title, "unconnected", reason, None, None, None, None, None, None, None, None)


def _joined(texts: Iterable[str | None], separator: str = "；") -> str | None:
    return separator.join(text.rstrip("。；") for text in texts if text) or None


def _sum(values: Iterable[int | None]) -> int:
    return sum(value or 0 for value in values)
