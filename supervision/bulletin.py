"""What the bulletin (通报) of a month says: rules, readings at each month end, and new, continuing or recalled items.

Here: one function for each kind of rule, from what was known at a month end to its readings, and the states over the months
(R-41; DOMAIN §4.7). Not here: the rules as values (`bulletin_rules`), which months and figures (`bulletin_year`), counting
in tables (sql/reports/bulletin_figure), status of tasks (`tasks`), files.

A reading that nothing could be measured for (`measurable` false) neither lists an item nor recalls one: it stays as it was.
So does an item of the month before that a month finds no figure for, and a task of last year until it is answered
(`carried`): nothing leaves the list without a recall, unless nobody asks for it any more.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Literal

from supervision.bulletin_rules import Rule, day_words, percent
from supervision.task_register import Field, Register, Units
from supervision.tasks import Evidence, TaskStatus, task_status

Level = Literal["red", "amber"]
State = Literal["new", "continuing", "recalled"]
WHOLE = "-"  # subject of a rule that looks at the unit as a whole
EARLIER = "以前"  # after the first month looked at: listed then already, and nobody looked further back
_MET = ("done", "done_late")


@dataclass(frozen=True, slots=True)
class Reading:
    """What one rule found of one unit and subject at a month end; level None: not to be listed."""

    month: str
    unit: str
    rule_id: str
    subject: str
    measured: str
    level: Level | None
    known_until: dt.date
    evidence_ref: str
    measurable: bool = True

    @property
    def key(self) -> tuple[str, str, str]:
        """Unit, rule and subject: what is followed from month to month."""
        return self.unit, self.rule_id, self.subject


@dataclass(frozen=True, slots=True)
class Item:
    """One item of the bulletin of a month: the reading, its state and the first month of its unbroken run (or EARLIER)."""

    reading: Reading
    state: State
    level: Level | None
    since: str


@dataclass(frozen=True, slots=True)
class MonthEnd:
    """A month and the last day whose receipts it may know."""

    month: str
    known_until: dt.date


@dataclass(frozen=True, slots=True)
class Figure:
    """A counted figure of one unit at a month end; `period`: the month that it is counted over, or the window's name."""

    month: str
    name: str
    unit: str
    period: str
    numerator: int
    denominator: int


@dataclass(frozen=True, slots=True)
class FieldRule:
    """What the policy in force in a month says of a field: its tasks, and whether it has rules at all."""

    text: str
    known: bool


def items(readings: Iterable[Reading], months: Sequence[str], *, cut: bool = False) -> list[Item]:
    """The items of the last of `months`, which stand in order; by unit, rule and subject.

    new: listed now and not at the end of the month before; continuing: at both; recalled: listed then, measured now and
    found in order. What nobody asks for any more is listed no longer. cut: there is data of before the first of `months`,
    so that what is listed in it may have begun earlier.
    """
    first = f"{months[0]}{EARLIER}" if cut and months else ""
    by_month: dict[str, dict[tuple[str, str, str], Reading]] = {name: {} for name in months}
    for reading in readings:
        by_month[reading.month][reading.key] = reading
    listed: dict[tuple[str, str, str], tuple[Level, str]] = {}
    found: list[Item] = []
    for name in months:
        before, listed, found = listed, {}, []
        for key, reading in sorted(by_month[name].items()):
            was = before.get(key)
            level = reading.level if reading.measurable else was and was[0]
            if level is not None:
                listed[key] = (level, was[1] if was else first if first and name == months[0] else name)
                found.append(Item(reading, "continuing" if was else "new", level, listed[key][1]))
            elif was is not None:
                found.append(Item(reading, "recalled", None, was[1]))
    return found


def statuses(
    register: Register, units: Units, evidence: Sequence[Evidence], day: dt.date
) -> dict[tuple[str, str, str], TaskStatus]:
    """By task, period and unit: the status on a day of what is asked of a known unit in that day's year."""
    return {
        (row.task_id, row.period, row.unit_code): row
        for row in task_status(register, units, evidence, {}, day)
        if not row.is_history and row.unit_code not in register.decisions
    }


def overdue_tasks(rule: Rule, status: Iterable[TaskStatus], end: MonthEnd) -> list[Reading]:
    """Tasks of the rule that are overdue at the month end; those of earlier years: `unanswered`."""
    return [_of_task(rule, row, row, end) for row in status if row.task_id in rule.tasks]


def unanswered(rule: Rule, then: TaskStatus, now: TaskStatus | None, end: MonthEnd) -> Reading:
    """A task of an earlier year that was listed last: answered once that year's evidence has come, or this year's.

    then: as that year closed, from the evidence known now; now: the same task this year.
    """
    return _of_task(rule, then, now if now and now.status in _MET and then.status not in _MET else then, end)


def _of_task(rule: Rule, asked: TaskStatus, told: TaskStatus, end: MonthEnd) -> Reading:
    subject = f"{asked.task_id}/{asked.period}"
    due = f"，应于{day_words(asked.due_on)}前完成" if asked.due_on else ""
    words = f"{asked.title}：{told.measured or '无佐证'}{due}"
    level = rule.level if told.status == "overdue" else None
    ref = told.evidence_ref or "task_status"
    return _reading(rule, end, asked.unit_code, subject, words, level, ref, told.status != "n/a")


def unit_mechanism(rule: Rule, status: Iterable[TaskStatus], end: MonthEnd) -> list[Reading]:
    """Units whose task of a mechanism is not met once the notice's date has passed (clause 二): counted as the task is."""
    if not _past(rule, end):
        return []
    return [
        _reading(
            rule, end, row.unit_code, WHOLE, row.measured or "无佐证",
            None if row.status in _MET else rule.level, row.evidence_ref or "unit_duty", row.status != "n/a",
        )
        for row in status
        if row.task_id in rule.tasks
    ]  # fmt: skip


def field_mechanism(
    rule: Rule, fields: Sequence[Field], policy: Mapping[str, FieldRule], evidence: Sequence[Evidence], end: MonthEnd
) -> list[Reading]:
    """Fields without a registered mechanism, key fields also without a rule in the policy (R-03, R-41 a)."""
    if not _past(rule, end):
        return []
    found = []
    for field in fields:
        mine = sorted(
            row.evidence_no
            for row in evidence
            if (row.unit_code, row.evidence_kind, row.field_code) == (field.unit, "mechanism", field.code)
        )
        said = policy.get(field.code)
        lacking = ["没有登记的机制"] if not mine else []
        if field.key and (said is None or not said.known):
            lacking.append("抽查政策中没有规则")
        level = (rule.level if field.key else rule.other_level) if lacking else None
        told = f"{field.title}：{'，'.join(lacking) or '机制和规则齐备'}"
        found.append(_reading(rule, end, field.unit, field.title, told, level, "field_mechanism"))
    return found


def rate(rule: Rule, figures: Iterable[Figure], end: MonthEnd, ref: str) -> list[Reading]:
    """Rates below their thresholds in each of the last `running` months; too few months measured: nothing is said."""
    by_unit: dict[str, dict[str, Figure]] = {}
    for figure in figures:
        if (figure.month, figure.name) == (end.month, rule.figure) and figure.denominator > 0:
            by_unit.setdefault(figure.unit, {})[figure.period] = figure
    found = []
    for unit, periods in sorted(by_unit.items()):
        newest = [periods[name] for name in sorted(periods)][-rule.running :]
        told = "，".join(_told(figure, rule) for figure in newest)
        shares = [Fraction(figure.numerator, figure.denominator) for figure in newest]
        measurable = len(newest) == rule.running
        level: Level | None = None
        if measurable and all(share < rule.red for share in shares):
            level = "red"
        elif measurable and all(share < rule.amber for share in shares):
            level = "amber"
        found.append(_reading(rule, end, unit, WHOLE, f"{rule.measured}{told}", level, ref, measurable))
    return found


def index(rule: Rule, figures: Iterable[Figure], end: MonthEnd, ref: str) -> list[Reading]:
    """Differentiation index (drawn_D/N_D)÷(drawn_A/N_A) below its threshold; N_A, drawn_A or N_D = 0: 不可比 (§4.7)."""
    shares: dict[str, dict[str, Figure]] = {}
    for figure in figures:
        if (figure.month, figure.name) == (end.month, rule.figure):
            shares.setdefault(figure.unit, {})[figure.period] = figure
    found = []
    for unit, by_grade in sorted(shares.items()):
        value = differentiation(by_grade.get("D"), by_grade.get("A"))
        told = "不可比" if value is None else f"{float(value):.1f}"
        level = rule.level if value is not None and value < rule.at_least else None
        found.append(_reading(rule, end, unit, WHOLE, f"{rule.measured}{told}", level, ref, value is not None))
    return found


def differentiation(high: Figure | None, low: Figure | None) -> Fraction | None:
    """The differentiation index of drawn ÷ base of grades D and A; None: 不可比."""
    if high is None or low is None or not (high.denominator and low.denominator and low.numerator):
        return None
    return Fraction(high.numerator, high.denominator) / Fraction(low.numerator, low.denominator)


def count(rule: Rule, figures: Iterable[Figure], end: MonthEnd, ref: str) -> list[Reading]:
    """More than `at_most` cases in the window."""
    return [
        _reading(
            rule, end, figure.unit, WHOLE, f"{rule.measured}{figure.numerator}户次",
            rule.level if figure.numerator > rule.at_most else None, ref,
        )
        for figure in figures
        if (figure.month, figure.name) == (end.month, rule.figure)
    ]  # fmt: skip


def carried(rule: Rule, key: tuple[str, str, str], end: MonthEnd, ref: str) -> Reading:
    """What a rule of figures says of an item that was listed last and has no figure now.

    No case to count is in order; a rate or an index of nothing cannot be measured.
    """
    unit, _, subject = key
    if rule.kind == "count":
        return _reading(rule, end, unit, subject, f"{rule.measured}0户次", None, ref)
    return _reading(
        rule, end, unit, subject, f"{rule.measured or rule.title}：本期没有应计事项，维持上期", None, ref, False
    )


def _told(figure: Figure, rule: Rule) -> str:
    month = f"{int(figure.period[5:])}月" if rule.running > 1 else ""
    return (
        f"{month}{figure.numerator}/{figure.denominator}（{percent(Fraction(figure.numerator, figure.denominator))}）"
    )


def _past(rule: Rule, end: MonthEnd) -> bool:
    return rule.after is None or end.known_until > rule.after


def _reading(
    rule: Rule,
    end: MonthEnd,
    unit: str,
    subject: str,
    measured: str,
    level: Level | None,
    ref: str,
    measurable: bool = True,
) -> Reading:
    return Reading(end.month, unit, rule.id, subject, measured, level, end.known_until, ref, measurable)


def as_row(item: Item, rule: Rule, unit_name: str, digest: str) -> dict[str, Any]:
    """The item as a row of the contract `bulletin`."""
    reading = item.reading
    return {
        "bulletin_month": reading.month,
        "unit_code": reading.unit,
        "unit_name": unit_name,
        "rule_id": rule.id,
        "subject": reading.subject,
        "clause": rule.clause,
        "rule": rule.title,
        "measured": reading.measured,
        "threshold": rule.threshold,
        "finding_level": item.level,
        "state": item.state,
        "since_month": item.since,
        "evidence_ref": reading.evidence_ref,
        "evidence_sha256": digest,
        "reply": None,
    }
