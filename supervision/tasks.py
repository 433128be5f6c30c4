"""Who has done which of the notice's tasks (运市监信用〔2022〕4号 第五至九条; DOMAIN §4.7).

Here: the status of each task for each unit, from countable evidence and measured figures only, never from opinion.
Not here: the register itself (`task_register`), reading files, the bulletin's thresholds, rendering.

Status: `done`/`done_late` when all countable rules are met (by the due date / after it), `overdue` when the due date
has passed without, `in_progress`/`not_started` before it, `n/a` where nothing can be counted, with the reason.
A due date has passed on the day after it; a task due on 31 December is settled on that day, the year's closing.
A measured figure can fall again, so it makes a task done only when its due date comes.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from fractions import Fraction
from typing import Any, Literal

from supervision.task_register import KINDS, REQUIRABLE, CountRule, MeasureRule, Register, Task, TaskError, Units

Filed = Mapping[tuple[str, str], Sequence["Evidence"]]  # by unit and kind, in order of formation
Status = Literal["not_started", "in_progress", "done", "done_late", "overdue", "n/a"]
_ALL = Fraction(1)


@dataclass(frozen=True, slots=True)
class Evidence:
    """One accepted row of task_evidence, as the status needs it."""

    evidence_no: str
    task_id: str
    unit_code: str
    evidence_kind: str
    evidenced_on: dt.date
    file_sha256: str
    headcount: int | None = None
    hours: Decimal | None = None
    field_code: str | None = None
    title: str = ""
    participant_units: str | None = None


@dataclass(frozen=True, slots=True)
class Measure:
    """A figure of the pipeline for one unit: numerator, denominator, where it stands and that file's digest."""

    numerator: int
    denominator: int
    evidence_ref: str
    evidence_sha256: str


@dataclass(frozen=True, slots=True)
class TaskStatus:
    """One row of `task_status`: task × period × unit. progress_pct 0–100, None where nothing can be counted."""

    task_id: str
    period: str
    is_history: bool
    source_clause: str
    title: str
    unit_code: str
    unit_name: str
    coop_units: str
    due_on: dt.date | None
    status: Status
    progress_pct: int | None
    evidence_count: int
    evidence_ref: str | None
    evidence_sha256: str | None
    remark: str
    national_task_ref: str | None
    updated_at: dt.date
    rule: str = ""
    measured: str | None = None
    threshold: str | None = None
    reply: None = None  # for the unit to fill in


def known_evidence(rows: Iterable[Mapping[str, Any]], day: dt.date) -> list[Evidence]:
    """The evidence as it was known at the end of `day`: of each number the newest version received by then.

    rows: all versions, with the columns of accepted task_evidence. A number withdrawn by then is left out.
    """
    newest: dict[str, Mapping[str, Any]] = {}
    for row in sorted(rows, key=lambda row: (row["evidence_no"], row["version_no"])):
        if row["received_at"].date() <= day:
            newest[row["evidence_no"]] = row
    kept = {name: name for name in Evidence.__slots__} | {"file_sha256": "document_sha256"}
    return [
        Evidence(**{name: row[column] for name, column in kept.items()})
        for _, row in sorted(newest.items())
        if not row["is_withdrawn"]
    ]


def task_status(
    register: Register,
    units: Units,
    evidence_rows: Sequence[Evidence],
    measures: Mapping[tuple[str, str], Measure],
    as_of: dt.date,
) -> list[TaskStatus]:
    """Status of every task for every responsible unit on `as_of`, in register order.

    A task that the notice dates in an earlier year gives two rows per unit: the history row with the original date,
    and one for the year of `as_of` with the same month and day (R-31, R-43); one that is set up once keeps its only date.
    Evidence formed after `as_of` and evidence of another unit, kind or task does not count. `measures`: (name, unit code) → figure.
    """
    if as_of < register.issued_on:
        raise TaskError(f"截止日 {as_of} 早于通知印发日 {register.issued_on}，没有可报告的任务，请核对月份。")
    result: list[TaskStatus] = []
    filed: dict[tuple[str, str], list[Evidence]] = {}
    for evidence in sorted(evidence_rows, key=lambda row: (row.evidenced_on, row.evidence_no)):
        filed.setdefault((evidence.unit_code, evidence.evidence_kind), []).append(evidence)
    for task in register.tasks:
        for period in _periods(task, register.issued_on, as_of):
            for code in task.responsible:
                result.append(_row(task, period, code, register, units, filed, measures, as_of))
    return result


@dataclass(frozen=True, slots=True)
class _Period:
    label: str
    history: bool
    start: dt.date
    end: dt.date
    due: dt.date | None


@dataclass(frozen=True, slots=True)
class _Finding:
    """What one rule found: share None = not countable; `reached` = the day a count was reached (None for measures)."""

    share: Fraction | None
    reached: dt.date | None
    refs: tuple[tuple[str, str], ...]
    remark: str
    rule: str
    measured: str | None
    threshold: str


def _periods(task: Task, issued_on: dt.date, as_of: dt.date) -> list[_Period]:
    start = max(dt.date(as_of.year, 1, 1), issued_on)
    if task.dated is None:
        due = dt.date(as_of.year, 12, 31) if task.yearly else None
        return [_Period(str(as_of.year), False, start, as_of, due)]
    if as_of.year <= task.dated.year or task.is_once:
        return [_Period(str(task.dated.year), False, issued_on, as_of, task.dated)]
    past = _Period(str(task.dated.year), True, issued_on, dt.date(as_of.year - 1, 12, 31), task.dated)
    return [past, _Period(str(as_of.year), False, start, as_of, task.dated.replace(year=as_of.year))]


def _row(
    task: Task,
    period: _Period,
    code: str,
    register: Register,
    units: Units,
    filed: Filed,
    measures: Mapping[tuple[str, str], Measure],
    as_of: dt.date,
) -> TaskStatus:
    findings: list[_Finding] = []
    status: Status
    progress: int | None
    for rule in task.rules:
        if isinstance(rule, CountRule):
            findings.append(_count(rule, task, period, code, register, filed))
        else:
            findings.append(_measured(rule, period, code, measures))
    decision = register.decisions.get(code)
    if decision is not None:
        name = f"{decision.name}（待明确）"
        status, progress, remark = "n/a", None, f"{decision.question}：待明确，明确前不评价"
        findings = [replace(finding, refs=(), measured=None) for finding in findings]
    else:
        name = units.by_code[code].name
        status, progress, remark = _judge(task, period, findings, as_of)
    note = task.note if task.dated in (None, period.due) else ""
    refs = [ref for finding in findings for ref in finding.refs]
    return TaskStatus(
        task_id=task.task_id,
        period=period.label,
        is_history=period.history,
        source_clause=task.clause,
        title=task.title,
        unit_code=code,
        unit_name=name,
        coop_units="、".join(units.by_code[coop].name for coop in task.cooperating),
        due_on=period.due,
        status=status,
        progress_pct=progress,
        evidence_count=len(refs),
        evidence_ref=";".join(ref for ref, _ in refs) or None,
        evidence_sha256=";".join(digest for _, digest in refs) or None,
        remark="；".join(part for part in (remark, _settled(register, code), note) if part),
        national_task_ref=task.national_task_ref,
        updated_at=as_of,
        rule="；".join(finding.rule for finding in findings) or f"没有可计数的规则：{task.uncountable}",
        measured="；".join(finding.measured for finding in findings if finding.measured) or None,
        threshold="；".join(finding.threshold for finding in findings) or None,
    )


def _settled(register: Register, code: str) -> str:
    """How a name of the notice came to mean this unit."""
    made = [(d.name, d.settled) for d in register.decisions.values() if d.settled and code in d.settled.chosen]
    return "；".join(f"通知所写“{name}”由{done.role}于{done.on}认定为本单位（{done.basis}）" for name, done in made)


def _judge(task: Task, period: _Period, findings: Sequence[_Finding], as_of: dt.date) -> tuple[Status, int | None, str]:
    """Status, progress and remark. Rules that cannot be counted are named in the remark and left out of the rest."""
    remark = "；".join(finding.remark for finding in findings if finding.remark)
    shares = [finding.share for finding in findings if finding.share is not None]
    if period.history and not any(shares):
        return "n/a", None, "历史任务，系统没有当年的佐证，不评价"
    if not shares:
        return "n/a", None, f"没有可计数的佐证，不评价：{task.uncountable or remark}"
    met = all(share >= _ALL for share in shares)
    progress = int(sum(min(share, _ALL) for share in shares) * 100 / len(shares))
    due = period.due
    passed = due is not None and (as_of > due or (as_of == due and (due.month, due.day) == (12, 31)))
    can_fall = any(finding.refs and finding.reached is None for finding in findings)
    if met and (passed or not can_fall):
        reached = max((finding.reached for finding in findings if finding.reached), default=None)
        late = due is not None and reached is not None and reached > due
        return ("done_late" if late else "done"), progress, remark
    if passed:
        return "overdue", progress, remark
    return ("in_progress" if any(shares) else "not_started"), progress, remark


def _count(rule: CountRule, task: Task, period: _Period, code: str, register: Register, filed: Filed) -> _Finding:
    fields = register.fields_of(code) if rule.per_field else ()
    wanted = {field.code: field.title for field in fields}
    places = (task.task_id, *_above(task), *rule.filed_under)
    fitting = [
        row
        for row in filed.get((code, rule.kind), ())
        if (not rule.per_field or row.field_code in wanted)
        and (rule.per_field or row.task_id in places)
        and (rule.standing or period.start <= row.evidenced_on)
        and row.evidenced_on <= period.end
    ]
    lacking = [row for row in fitting if any(not getattr(row, name) for name in rule.requires)]
    first: dict[str, Evidence] = {}
    for row in fitting:
        if row not in lacking:
            first.setdefault(row.field_code or "" if rule.per_field else row.file_sha256, row)
    needed = len(fields) if rule.per_field else rule.at_least
    counted = list(first.values())[:needed]
    names = "或".join(REQUIRABLE[name] for name in rule.requires)
    missing = "、".join(title for name, title in wanted.items() if name not in first)
    kind = KINDS[rule.kind]
    told = (f"缺{missing}" if missing else "", f"{len(lacking)} 份佐证缺少{names}，未计入" if lacking else "")
    return _Finding(
        share=Fraction(len(counted), needed),
        reached=counted[-1].evidenced_on if len(counted) == needed else None,
        refs=tuple((row.evidence_no, row.file_sha256) for row in counted),
        remark="；".join(part for part in told if part),
        rule=f"{'历年' if rule.standing else '当年'}登记的{kind}{'，按专业领域' if rule.per_field else ''}",
        measured=f"{kind}{len(counted)}份",
        threshold=f"{kind}不少于{needed}份",
    )


def _above(task: Task) -> tuple[str, ...]:
    """The clauses that hold the task: evidence filed under the clause as a whole counts for it."""
    parts = task.task_id.split(".")
    return tuple(".".join(parts[:length]) for length in range(1, len(parts)))


def _measured(rule: MeasureRule, period: _Period, code: str, measures: Mapping[tuple[str, str], Measure]) -> _Finding:
    measure = None if period.history else measures.get((rule.measure, code))
    threshold = f"{rule.title}不低于{_percent(rule.at_least)}"
    if measure is None:
        return _Finding(None, None, (), f"没有该单位的{rule.title}", rule.title, None, threshold)
    if measure.denominator <= 0:
        return _Finding(None, None, (), f"{rule.title}本期没有应计事项", rule.title, None, threshold)
    value = Fraction(measure.numerator, measure.denominator)
    verdict = "达到" if value >= rule.at_least else "低于"
    measured = f"{rule.title}{measure.numerator}/{measure.denominator}"
    return _Finding(
        share=value / rule.at_least,
        reached=None,
        refs=((measure.evidence_ref, measure.evidence_sha256),),
        remark=f"{measured}，{verdict}{_percent(rule.at_least)}",
        rule=rule.title,
        measured=measured,
        threshold=threshold,
    )


def _percent(value: Fraction) -> str:
    return f"{float(value * 100):g}%"
