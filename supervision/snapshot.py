"""The province's grade snapshot: whether a plan may rest on it. It is read, never written (R-19 to R-21, R-39, §4.8).

Here: what is counted of a month's snapshot, the rules it is held against, the words for a person. Counts of rows only:
how many firms have which grade is told nowhere. Not here: counting (sql/risk/snapshot_facts.sql), what people decided
(resources.decisions), the 4×4 table of migration.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from supervision.canonical import json_bytes

HOLD: Final = "grade_snapshot"  # the name of the hold, and of the source

FRESH_DAYS: Final = 45  # the newest snapshot is at most this old on as_of
MISSING_OF: Final = 20  # of so many live gradable firms at most one is missing
HALF: Final = 2  # issue 4: half the rows of last month, or fewer, is no snapshot
SHRUNK_PERCENT: Final = 90  # told, not held: fewer rows than this share of last month's
JUMP_LEVELS: Final = 2  # §4.8: a jump is two levels or more,
JUMP_PERCENT: Final = 5  # and more than this share of firms with one: a changed model, not changed firms


class SnapshotError(ValueError):
    """There is no snapshot of the month to rest on; the message says what to ask for."""


@dataclass(frozen=True, slots=True)
class Used:
    """The snapshot of the same month that an earlier plan rested on, beside the one there is now.

    sha256: its content; the counts: firms now graded otherwise, new, and no longer there; None: it can no longer be read.
    """

    sha256: str
    regraded: int | None
    added: int | None
    dropped: int | None


@dataclass(frozen=True, slots=True)
class SnapshotFacts:
    """What is counted of one month's snapshot.

    sha256: of its content (content_sha256); rows: firms in it; received_on: the day of its newest delivered row;
    unknown, conflicting: rows set aside for a grade outside A…D, or for a second content under one code in one delivery;
    repeated: rows that stand twice in one delivery; restated: firms whose grade a later delivery of the month changed;
    graded, missing: live enterprises found in it, and looked for in vain; previous_*: the newest earlier month there is;
    compared, jumped: firms in both, and those at least JUMP_LEVELS apart; shifted: grades whose share moved further than
    the months before allow (supervision.migration.trend).
    """

    month: str
    as_of: date
    received_on: date
    sha256: str
    rows: int
    unknown: int
    conflicting: int
    repeated: int
    restated: int
    graded: int
    missing: int
    previous_month: str | None
    previous_rows: int
    compared: int
    jumped: int
    shifted: int = 0
    used: Used | None = None


@dataclass(frozen=True, slots=True)
class Finding:
    """One rule that the snapshot does not meet: `holds` the plan, or is only told.

    numbers: what a decision stands for; the same code with other numbers is another finding.
    """

    code: str
    sentence: str
    numbers: tuple[int | str, ...]
    holds: bool = True


def content_sha256(month: str, rows: Iterable[tuple[str, str]]) -> str:
    """Digest of a snapshot's content: its month, then `code,grade` by code, whatever files brought it (R-39)."""
    lines = "".join(f"{uid},{grade}\n" for uid, grade in sorted(rows))
    return hashlib.sha256(f"{month}\n{lines}".encode()).hexdigest()


def judge(facts: SnapshotFacts) -> tuple[Finding, ...]:
    """Every rule that the snapshot does not meet, with the numbers, in a fixed order; empty: a plan may rest on it."""
    rules = (_stale, _unknown, _conflicting, _repeated, _changed, _restated, _few, _missing, _jumped, _shifted)
    return tuple(finding for rule in rules if (finding := rule(facts)) is not None)


def holding(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Those findings that hold the plan."""
    return tuple(finding for finding in findings if finding.holds)


def findings_sha256(facts: SnapshotFacts, findings: Sequence[Finding]) -> str:
    """Digest of what a person decides about: this content of this month with exactly these findings and numbers."""
    found = [[finding.code, *finding.numbers] for finding in holding(findings)]
    return hashlib.sha256(
        json_bytes({"findings": found, "month": facts.month, "snapshot_sha256": facts.sha256})
    ).hexdigest()


def told(findings: Iterable[Finding]) -> str:
    """The findings as one line."""
    return "；".join(finding.sentence for finding in findings)


def hold_text(facts: SnapshotFacts, findings: Sequence[Finding], roles: Mapping[str, str]) -> str:
    """Why the plan waits and what to do; roles: code -> name of those who may decide."""
    able = "、".join(f"{code}（{name}）" for code, name in sorted(roles.items())) or "政策 roles 中有审批职责的角色"
    return (
        f"等级快照 {facts.month} 待人工决定：{told(findings)}。请向省局核对或索取新快照；确认可用的，由 {able} 运行 "
        f"ssj decide --month {facts.month} --hold {HOLD} --reason 理由 --role 角色，再重新运行本月"
    )


def _stale(facts: SnapshotFacts) -> Finding | None:
    age = (facts.as_of - facts.received_on).days
    if age <= FRESH_DAYS:
        return None
    what = f"快照于 {facts.received_on} 收到，距截至日期 {facts.as_of} 已 {age} 天，超过 {FRESH_DAYS} 天（R-21）"
    return Finding("stale", what, (facts.received_on.isoformat(),))


def _unknown(facts: SnapshotFacts) -> Finding | None:
    if not facts.unknown:
        return None
    return Finding(
        "unknown_grade", f"等级空白或不是 A 至 D 的 {facts.unknown} 行，已隔离、未转换（R-20）", (facts.unknown,)
    )


def _conflicting(facts: SnapshotFacts) -> Finding | None:
    if not facts.conflicting:
        return None
    what = f"同一批次中同一企业内容不一的 {facts.conflicting} 行，已隔离（R-21）"
    return Finding("conflicting", what, (facts.conflicting,))


def _repeated(facts: SnapshotFacts) -> Finding | None:
    if not facts.repeated:
        return None
    return Finding("repeated", f"同一批次中重复的 {facts.repeated} 行（R-21）", (facts.repeated,))


def _changed(facts: SnapshotFacts) -> Finding | None:
    used = facts.used
    if used is None or used.sha256 == facts.sha256:
        return None
    digests = f"内容摘要由 {used.sha256[:16]} 变为 {facts.sha256[:16]}"
    if used.regraded is None or used.added is None or used.dropped is None:
        what = f"本月计划已用过另一份快照，{digests}，而当时的等级表已不在或被改动，无从逐户比对（R-39）"
    else:
        what = f"本月计划已用过另一份快照，{digests}：等级不同 {used.regraded} 户、新增 {used.added} 户、减少 {used.dropped} 户（R-39）"
    return Finding("changed", what, (used.sha256, facts.sha256))


def _restated(facts: SnapshotFacts) -> Finding | None:
    """Only while no plan has used a snapshot of the month: afterwards _changed says more."""
    if not facts.restated or facts.used is not None:
        return None
    what = f"后到的批次改了 {facts.restated} 户的等级，以后到的为准（R-21）"
    return Finding("restated", what, (facts.restated,))


def _few(facts: SnapshotFacts) -> Finding | None:
    if facts.previous_month is None or facts.rows * 100 >= facts.previous_rows * SHRUNK_PERCENT:
        return None
    half = facts.rows * HALF <= facts.previous_rows
    what = f"快照 {facts.rows} 户，{facts.previous_month} 为 {facts.previous_rows} 户，" + (
        "不足或仅及一半" if half else f"不到其 {SHRUNK_PERCENT}%，请核对"
    )
    return Finding("few_rows", what, (facts.rows, facts.previous_rows), holds=half)


def _missing(facts: SnapshotFacts) -> Finding | None:
    """Told in whole per cent: a firm registered meanwhile is no new question."""
    gradable = facts.graded + facts.missing
    if facts.missing * MISSING_OF <= gradable:
        return None
    what = f"应有等级的存续企业 {gradable} 户，快照漏列 {facts.missing} 户，超过二十分之一（R-01）"
    return Finding("missing", what, (facts.missing * 100 // gradable,))


def _jumped(facts: SnapshotFacts) -> Finding | None:
    if facts.jumped * 100 <= facts.compared * JUMP_PERCENT:
        return None
    what = (
        f"与 {facts.previous_month} 相比，{facts.compared} 户中有 {facts.jumped} 户相差 {JUMP_LEVELS} 级以上，"
        f"超过 {JUMP_PERCENT}%，疑为省局换了分类模型（§4.8）"
    )
    return Finding("jumped", what, (facts.jumped, facts.compared))


def _shifted(facts: SnapshotFacts) -> Finding | None:
    """How many grades, never which: that stands in the internal workbook."""
    if not facts.shifted:
        return None
    what = f"有 {facts.shifted} 个等级的占比与上月之差超出以往各月波动的界限，疑为省局换了分类模型（§4.8，见 grade_migration.xlsx）"
    return Finding("shifted", what, (facts.shifted,))
