"""The bulletins of a year, recomputed month by month from what was known at each month end (R-41; DOMAIN §4.7).

Here: which months and plan months are looked at, the figures made of rounds and of the differentiation index, and all
readings of all rules. Not here: the rules themselves (`bulletin`), counting in tables (sql/reports/bulletin_figure), files.
Nothing rests on what an earlier month's run wrote: a replay in an empty folder finds the same. A month end knows what had
been received, committed and decided by then, so that what comes late changes no month that is past.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence, Set
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from supervision import bulletin as rules
from supervision.bulletin import Figure, MonthEnd, Reading, statuses
from supervision.bulletin_rules import Edition, Rule, edition_on
from supervision.duties import field_rules
from supervision.months import first_day, last_day, month_before
from supervision.policy import Policy, tasks_in_month
from supervision.task_register import Register, Units
from supervision.tasks import Evidence, TaskStatus, known_evidence

MONTHS_BACK = 24  # how far back an item's beginning is looked for
_Key = tuple[str, str, str]


@dataclass(frozen=True, slots=True)
class RoundCount:
    """A plan month's round, or the lack of one: the tasks due by county, and whether a plan rests on a grade snapshot.

    known_on: the day on which the round was committed.
    """

    month: str
    tasks: Mapping[str, Sequence[str]]
    has_snapshot: bool
    known_on: dt.date


@dataclass(frozen=True, slots=True)
class Known:
    """Everything the bulletins of a year rest on.

    register_on: the register with what was decided by a day; evidence: all versions of accepted task_evidence; figures:
    rows of `bulletin_figure`; shares: rows of `differentiation`; rounds: those committed; policies: those of the months,
    none where none is in force.
    """

    units: Units
    register_on: Callable[[dt.date], Register]
    editions: Sequence[Edition]
    evidence: Sequence[Mapping[str, Any]]
    figures: Sequence[Mapping[str, Any]]
    shares: Sequence[Mapping[str, Any]]
    rounds: Sequence[RoundCount]
    policies: Mapping[str, Policy]


def month_ends(month: str, as_of: dt.date, first_received: dt.date) -> list[MonthEnd]:
    """The months whose bulletins are recomputed: `month` and those before it, MONTHS_BACK in all.

    Before evidence of tasks was first received nothing can be known, so nothing is said. An earlier month knows what was
    received by its last day, this one what was received by `as_of`.
    """
    started = f"{first_received:%Y-%m}"
    ends = [MonthEnd(month, as_of)]
    while len(ends) < MONTHS_BACK and ends[-1].month > started:
        name = month_before(ends[-1].month)
        ends.append(MonthEnd(name, min(last_day(name), as_of)))
    return ends[::-1]


def is_cut(ends: Sequence[MonthEnd], first_received: dt.date) -> bool:
    """Whether there is evidence of before the first month looked at."""
    return ends[0].month > f"{first_received:%Y-%m}"


def plan_window(months: Iterable[str], month: str, number: int) -> list[str]:
    """The last `number` plan months up to `month`."""
    return sorted({name for name in months if name <= month})[-number:]


def plan_references(
    month: str, window: Sequence[str], rounds: Sequence[RoundCount], counties: Iterable[str]
) -> list[Figure]:
    """Figures of b1: tasks × plan months of the window, and of these the ones whose round rests on a grade snapshot.

    Of two rounds of a month one with a snapshot is enough; a plan month without any round references nothing.
    """
    figures = []
    for county in counties:
        planned: dict[tuple[str, str], bool] = {}
        for held in rounds:
            for task in held.tasks.get(county, ()) if held.month in window else ():
                planned[held.month, task] = planned.get((held.month, task), False) or held.has_snapshot
        figures.append(Figure(month, "plan_reference", county, month, sum(planned.values()), len(planned)))
    return figures


def grade_shares(month: str, window: Sequence[str], rows: Iterable[Mapping[str, Any]]) -> list[Figure]:
    """Figures of b2: drawn and number of the grades A and D over the window, from the months of table `differentiation`."""
    sums: dict[tuple[str, str], list[int]] = {}
    for row in rows:
        if row["rollup"] == "unit" and row["period_kind"] == "month" and row["counted_period"] in window:
            for grade in ("a", "d"):
                pair = sums.setdefault((row["rollup_key"], grade.upper()), [0, 0])
                pair[0] += row[f"drawn_{grade}"] or 0
                pair[1] += row[f"n_{grade}"] or 0
    return [Figure(month, "differentiation", unit, grade, *pair) for (unit, grade), pair in sorted(sums.items())]


def plan_months(policies: Mapping[str, Policy], first: str, month: str) -> list[str]:
    """The months from `first` to `month` in which the policy has tasks."""
    return sorted(name for name, policy in policies.items() if first <= name <= month and tasks_in_month(policy, name))


def rounds_known(known: Known, end: MonthEnd) -> list[RoundCount]:
    """The rounds committed by the month end, and the plan months since the first of them that then had none."""
    held = [each for each in known.rounds if each.month <= end.month and each.known_on <= end.known_until]
    first = min((each.month for each in held), default=end.month)
    return [*held, *_unheld(known.policies, plan_months(known.policies, first, end.month), held, end.known_until)]


def _unheld(
    policies: Mapping[str, Policy], months: Iterable[str], held: Iterable[RoundCount], day: dt.date
) -> list[RoundCount]:
    """The plan months without a round, with the tasks that the policy asks for."""
    done = {each.month for each in held}
    return [
        RoundCount(
            month=month,
            tasks={
                county: [
                    t.code for t in tasks_in_month(policies[month], month) if not t.counties or county in t.counties
                ]
                for county in policies[month].counties
            },
            has_snapshot=False,
            known_on=day,
        )
        for month in months
        if month not in done
    ]


def window_of(known: Known, end: MonthEnd) -> list[str]:
    """The plan months that the b rules of the edition in force look at."""
    edition = edition_on(known.editions, end.known_until)
    return plan_window((each.month for each in rounds_known(known, end)), end.month, edition.plan_months)


def month_end_rows(ends: Sequence[MonthEnd], known: Known, first_received: dt.date) -> list[dict[str, Any]]:
    """The rows of the small table `month_end` of sql/reports/bulletin_figure.

    month_first: the month's first day; first_month, first_day: from when on there is data; window_first: the first day of
    the plan months that b rules look at.
    """
    started = f"{first_received:%Y-%m}"
    return [
        {
            "bulletin_month": end.month,
            "month_first": first_day(end.month),
            "month_before": month_before(end.month),
            "first_month": started,
            "first_day": first_day(started),
            "known_until": end.known_until,
            "window_first": first_day((window_of(known, end) or [end.month])[0]),
        }
        for end in ends
    ]


def disposals_due(reminders: Iterable[Mapping[str, Any]], day: dt.date) -> dict[str, tuple[int, int]]:
    """By unit: reminders disposed of, and all that were really sent and whose disposal was due (R-05).

    reminders: rows of `risk_reminders`. On the last day of its term a reminder counts only when it is disposed of. A
    reminder of several reasons is one: what an office reports names its number alone.
    """
    due: dict[str, dict[str, bool]] = {}
    for row in reminders:
        outward = row["channel"] != "internal" and row["suppressed_reason"] is None and row["sent_at"] is not None
        done = row["disposed_at"] is not None
        if outward and (row["disposal_due_on"] < day or (row["disposal_due_on"] == day and done)):
            due.setdefault(row["unit_code"], {})[row["reminder_id"]] = done
    return {unit: (sum(each.values()), len(each)) for unit, each in sorted(due.items())}


def readings_of_year(known: Known, ends: Sequence[MonthEnd]) -> list[Reading]:
    """The readings of every rule at every month end, in the order of the months.

    What a month end listed is looked at again at the next one, found there or not.
    """
    found: list[Reading] = []
    listed: set[_Key] = set()
    for end in ends:
        now = _readings(known, end, listed)
        listed = {each.key for each in now if (each.level if each.measurable else each.key in listed)}
        found += now
    return found


def _readings(known: Known, end: MonthEnd, listed: Set[_Key]) -> list[Reading]:
    """The readings of a month end; listed: what was on the list at the month end before."""
    register = known.register_on(end.known_until)
    evidence = known_evidence(known.evidence, end.known_until)
    status = statuses(register, known.units, evidence, end.known_until)
    window = window_of(known, end)
    drawn = {each.month for each in known.rounds if each.known_on <= end.known_until}
    counties = sorted(unit.code for unit in known.units.by_code.values() if unit.kind == "county")
    figures = [
        *(
            Figure(
                r["bulletin_month"], r["figure"], r["unit_code"], r["figure_month"], r["numerator"], r["denominator"]
            )
            for r in known.figures
            if r["bulletin_month"] == end.month
        ),
        *plan_references(end.month, window, rounds_known(known, end), counties),
        *grade_shares(end.month, [name for name in window if name in drawn], known.shares),
    ]
    rounds = f"rounds:{';'.join(window) or '-'}"
    in_force = {rule.id: rule for rule in edition_on(known.editions, end.known_until).rules}
    found: list[Reading] = []
    for rule in in_force.values():
        found += _by_rule(rule, known, register, evidence, status.values(), figures, end, rounds)
    then = lru_cache(lambda year: statuses(register, known.units, evidence, dt.date(year, 12, 31)))
    for key in sorted(listed - {reading.key for reading in found}):
        if key[1] in in_force:
            again = _again(in_force[key[1]], key, register, status, then, end, rounds)
            found += [again] if again else []
    # The bureau does not call the province, other departments or companies to account.
    return [reading for reading in found if known.units.by_code[reading.unit].kind in ("section", "county", "support")]


def _by_rule(
    rule: Rule,
    known: Known,
    register: Register,
    evidence: Sequence[Evidence],
    status: Collection[TaskStatus],
    figures: Sequence[Figure],
    end: MonthEnd,
    rounds: str,
) -> list[Reading]:
    if rule.kind == "overdue_tasks":
        return rules.overdue_tasks(rule, status, end)
    if rule.kind == "unit_mechanism":
        return rules.unit_mechanism(rule, status, end)
    if rule.kind == "field_mechanism":
        policy = known.policies.get(end.month)
        said = {} if policy is None else field_rules(policy)
        return rules.field_mechanism(rule, register.fields, said, evidence, end) if policy is not None else []
    judge = {"rate": rules.rate, "index": rules.index, "count": rules.count}[rule.kind]
    return judge(rule, figures, end, _table_of(rule, rounds))


def _again(
    rule: Rule,
    key: _Key,
    register: Register,
    status: Mapping[_Key, TaskStatus],
    then: Callable[[int], Mapping[_Key, TaskStatus]],
    end: MonthEnd,
    rounds: str,
) -> Reading | None:
    """What becomes of an item listed last that this month end's figures and tasks do not name; None: nobody asks for it."""
    unit, _, subject = key
    if rule.kind == "unit_mechanism":
        return None
    if rule.kind == "field_mechanism":
        asked = any((field.unit, field.title) == (unit, subject) for field in register.fields)
        return rules.carried(rule, key, end, "field_mechanism") if asked else None
    if rule.kind != "overdue_tasks":
        return rules.carried(rule, key, end, _table_of(rule, rounds))
    task_id, period = subject.split("/")
    asked_then = then(int(period)).get((task_id, period, unit)) if period < end.month[:4] else None
    if task_id not in rule.tasks or asked_then is None:
        return None
    return rules.unanswered(rule, asked_then, status.get((task_id, end.month[:4], unit)), end)


def _table_of(rule: Rule, rounds: str) -> str:
    return {"plan_reference": rounds, "differentiation": "differentiation"}.get(rule.figure, "bulletin_figure")
