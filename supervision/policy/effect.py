"""What a policy comes to over given subjects, and how two policies differ in it.

Here: visits of a month and of the year by task, county, level and credit grade, summed and set side by side. Not here:
counting the subjects (sql/plan), printing, whether a policy may be used (lint.py).
Clause: R-35b (a change is judged by its effect), DRAW.md §4. Internal: by grade.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from fractions import Fraction
from typing import Final

from supervision.months import check_month
from supervision.policy.model import Policy
from supervision.policy.year import annual_rows

Member = tuple[str, str, str, str]  # task, county, stratum, credit grade
ZERO: Final = Fraction(0)


@dataclass(frozen=True, slots=True)
class Effect:
    """Subjects of one credit grade in one stratum (its base), and what they are to expect, in 1/10000.

    month_e4, year_e4: on-site visits, of the month's batch and of the year; checks_e4: off-site checks of the year.
    Everyone in a stratum has the same chance, so a grade's share is that of its subjects.
    """

    task: str
    county: str
    stratum: str
    credit_grade: str
    subjects: int
    month_e4: Fraction
    year_e4: Fraction
    checks_e4: Fraction


@dataclass(frozen=True, slots=True)
class Total:
    """Sums of effects: on-site visits of the month and the year, off-site checks of the year, in 1/10000."""

    month_e4: Fraction = ZERO
    year_e4: Fraction = ZERO
    checks_e4: Fraction = ZERO

    def plus(self, effect: Effect) -> Total:
        """With one effect more."""
        return Total(self.month_e4 + effect.month_e4, self.year_e4 + effect.year_e4, self.checks_e4 + effect.checks_e4)


@dataclass(frozen=True, slots=True)
class Change:
    """One task, county or grade under the old policy and the new one."""

    name: str
    old: Total
    new: Total


def for_year_of(policy: Policy, month: str) -> Policy:
    """The policy as if it were in force throughout the year of the month: so a draft of next year can be tried on this."""
    year = int(check_month(month)[:4])
    return replace(policy, valid_from=date(year, 1, 1), valid_to=date(year, 12, 31))


def effects(policy: Policy, month: str, subjects: Mapping[Member, int], phase_salt: str) -> list[Effect]:
    """What the policy asks of these subjects (eligible + blocked), as if every batch of the year were drawn in full.

    Raises PolicyError for a policy that the lint refuses or that has no month in that year.
    """
    bases: dict[tuple[str, str, str], int] = defaultdict(int)
    for (task, county, stratum, _), number in subjects.items():
        bases[task, county, stratum] += number
    year: dict[tuple[str, str, str], int] = {}
    due: dict[tuple[str, str, str], int] = {}
    for row in annual_rows(policy, int(month[:4]), bases, phase_salt):
        key = (row.task, row.county, row.stratum)
        year[key] = row.annual_visits_e4
        if row.month == month:
            due[key] = row.due_e4
    found = []
    for (task, county, stratum, grade), number in sorted(subjects.items()):
        key = (task, county, stratum)
        share = Fraction(number, bases[key]) if bases[key] else ZERO
        on_site = policy.task(task).levels[stratum].on_site
        found.append(
            Effect(
                task,
                county,
                stratum,
                grade,
                number,
                month_e4=share * due.get(key, 0) if on_site else ZERO,
                year_e4=share * year.get(key, 0) if on_site else ZERO,
                checks_e4=ZERO if on_site else share * year.get(key, 0),
            )
        )
    return found


def compare(old: Iterable[Effect], new: Iterable[Effect], by: str) -> list[Change]:
    """Both policies side by side, by `task`, `county` or `credit_grade`; a name that one of them lacks counts 0."""
    before, after = _sums(old, by), _sums(new, by)
    return [
        Change(name, before.get(name, Total()), after.get(name, Total()))
        for name in sorted(before.keys() | after.keys())
    ]


def _sums(effects: Iterable[Effect], by: str) -> dict[str, Total]:
    sums: dict[str, Total] = {}
    for effect in effects:
        name = str(getattr(effect, by))
        sums[name] = sums.get(name, Total()).plus(effect)
    return sums
