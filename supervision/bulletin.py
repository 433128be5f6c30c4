"""What the bulletin (通报) of a month says: rules, readings at each month end, and new, continuing or recalled items.

Here: one function for each kind of rule, from what was known at a month end to its readings, and the states over the months
(R-41; DOMAIN §4.7). Not here: the rules as values (`bulletin_rules`), which months and figures (`bulletin_year`), counting
in tables (sql/reports/bulletin_figure), status of tasks (`tasks`), files.

A reading that nothing could be measured for (`measurable` false) neither lists an item nor recalls one: it stays as it was.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Literal

from supervision.bulletin_rules import Rule, day_words, percent
from supervision.task_register import Field, Register, Units
from supervision.tasks import Evidence, task_status

Level = Literal["red", "amber"]
State = Literal["new", "continuing", "recalled"]
WHOLE = "-"  # subject of a rule that looks at the unit as a whole


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
    """One item of the bulletin of a month: the reading, its state and the first month of its unbroken run."""

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


def items(readings: Iterable[Reading], months: Sequence[str]) -> list[Item]:
    """The items of the last of `months`, which stand in order; by unit, rule and subject.

    new: listed now and not at the end of the month before; continuing: at both; recalled: listed then, measured now and
    found in order. What nobody measures any more, as a task of a year that is over, is listed no longer.
    """
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
                listed[key] = (level, was[1] if was else name)
                found.append(Item(reading, "continuing" if was else "new", level, listed[key][1]))
            elif was is not None:
                found.append(Item(reading, "recalled", None, was[1]))
    return found


def overdue_tasks(
    rule: Rule, register: Register, units: Units, evidence: Sequence[Evidence], end: MonthEnd
) -> list[Reading]:
    """Tasks of the rule that are overdue at the month end, from the evidence known by then; those of earlier years not."""
    found = []
    for row in task_status(register, units, evidence, {}, end.known_until):
        if row.task_id in rule.tasks and not row.is_history and row.unit_code not in register.decisions:
            subject = f"{row.task_id}/{row.period}"
            due = f"，应于{day_words(row.due_on)}前完成" if row.due_on else ""
            told = f"{row.title}：{row.measured or '无佐证'}{due}"
            level = rule.level if row.status == "overdue" else None
            ref = row.evidence_ref or "task_status"
            found.append(_reading(rule, end, row.unit_code, subject, told, level, ref, row.status != "n/a"))
    return found


def unit_mechanism(rule: Rule, codes: Iterable[str], evidence: Sequence[Evidence], end: MonthEnd) -> list[Reading]:
    """Units without any registered mechanism once the notice's date has passed (clause 二)."""
    if not _past(rule, end):
        return []
    found = []
    for code in codes:
        mine = sorted(row.evidence_no for row in evidence if (row.unit_code, row.evidence_kind) == (code, "mechanism"))
        level = None if mine else rule.level
        found.append(
            _reading(rule, end, code, WHOLE, f"工作机制{len(mine)}份", level, mine[0] if mine else "unit_duty")
        )
    return found


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
