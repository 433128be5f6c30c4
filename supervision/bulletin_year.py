"""The bulletins of a year, recomputed month by month from what was known at each month end (R-41; DOMAIN §4.7).

Here: which months and plan months are looked at, the figures made of rounds and of the differentiation index, and all
readings of all rules. Not here: the rules themselves (`bulletin`), counting in tables (sql/reports/bulletin_figure), files.
Nothing rests on what an earlier month's run wrote: a replay in an empty folder finds the same.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from supervision import bulletin as rules
from supervision.bulletin import Figure, MonthEnd, Reading
from supervision.bulletin_rules import Edition, Rule, edition_on
from supervision.duties import field_rules
from supervision.months import last_day, month_before
from supervision.policy import Policy, tasks_in_month
from supervision.task_register import Register, Units
from supervision.tasks import Evidence, known_evidence


@dataclass(frozen=True, slots=True)
class RoundCount:
    """A plan month's round, or the lack of one: the tasks due by county, and whether a plan rests on a grade snapshot."""

    month: str
    tasks: Mapping[str, Sequence[str]]
    has_snapshot: bool


@dataclass(frozen=True, slots=True)
class Known:
    """Everything the bulletins of a year rest on.

    register_on: the register with what was decided by a day; evidence: all versions of accepted task_evidence; figures:
    rows of `bulletin_figure`; shares: rows of `differentiation`; policies: those of the months, none where none is in
    force.
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
    """The months whose bulletins are recomputed: this year's up to `month`, with the December before as the start.

    Before evidence of tasks was first received nothing can be known, so nothing is said. An earlier month knows what was received by
    its last day, this one what was received by `as_of`.
    """
    names = [f"{month[:4]}-{number:02d}" for number in range(1, int(month[5:]) + 1)]
    names.insert(0, month_before(names[0]))
    started = f"{first_received:%Y-%m}"
    return [
        MonthEnd(name, as_of if name == month else min(last_day(name), as_of))
        for name in names
        if name >= started or name == month
    ]


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


def unheld(policies: Mapping[str, Policy], months: Iterable[str], held: Iterable[str]) -> list[RoundCount]:
    """The plan months without a round, with the tasks that the policy asks for."""
    done = set(held)
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
        )
        for month in months
        if month not in done
    ]


def window_of(known: Known, end: MonthEnd) -> list[str]:
    """The plan months that the b rules of the edition in force look at."""
    edition = edition_on(known.editions, end.known_until)
    return plan_window((held.month for held in known.rounds), end.month, edition.plan_months)


def readings_of_year(known: Known, ends: Sequence[MonthEnd]) -> list[Reading]:
    """The readings of every rule at every month end, by month, rule and unit."""
    return [reading for end in ends for reading in _readings(known, end)]


def _readings(known: Known, end: MonthEnd) -> list[Reading]:
    register = known.register_on(end.known_until)
    evidence = known_evidence(known.evidence, end.known_until)
    window = window_of(known, end)
    counties = sorted(unit.code for unit in known.units.by_code.values() if unit.kind == "county")
    figures = [
        *(
            Figure(
                r["bulletin_month"], r["figure"], r["unit_code"], r["figure_month"], r["numerator"], r["denominator"]
            )
            for r in known.figures
            if r["bulletin_month"] == end.month
        ),
        *plan_references(end.month, window, known.rounds, counties),
        *grade_shares(end.month, window, known.shares),
    ]
    rounds = ";".join(window) or "-"
    found: list[Reading] = []
    for rule in edition_on(known.editions, end.known_until).rules:
        found += _by_rule(rule, known, register, evidence, figures, end, f"rounds:{rounds}")
    # The bureau does not call the province, other departments or companies to account.
    return [reading for reading in found if known.units.by_code[reading.unit].kind in ("section", "county", "support")]


def _by_rule(
    rule: Rule,
    known: Known,
    register: Register,
    evidence: Sequence[Evidence],
    figures: Sequence[Figure],
    end: MonthEnd,
    rounds: str,
) -> list[Reading]:
    if rule.kind == "overdue_tasks":
        return rules.overdue_tasks(rule, register, known.units, evidence, end)
    if rule.kind == "unit_mechanism":
        asked = {code for task in register.tasks if task.task_id == "T7.3" for code in task.responsible}
        return rules.unit_mechanism(rule, sorted(asked - set(register.decisions)), evidence, end)
    if rule.kind == "field_mechanism":
        policy = known.policies.get(end.month)
        said = {} if policy is None else field_rules(policy)
        return rules.field_mechanism(rule, register.fields, said, evidence, end) if policy is not None else []
    ref = {"plan_reference": rounds, "differentiation": "differentiation"}.get(rule.figure, "bulletin_figure")
    judge = {"rate": rules.rate, "index": rules.index, "count": rules.count}[rule.kind]
    return judge(rule, figures, end, ref)
