"""The leak meter over a year: what a reader knows of a firm that has been listed in several rounds (DOMAIN §0.4, R-38).

Here: the chance of being listed k times from January to December under the policy's windows, rates, gaps and the rule that a
firm drawn for a quota is not drawn for it again that year. Not here: one round (leak_meter).

Assumed, since the exact chain over all tasks has too many states: a firm's four tasks of the highest yearly rate are followed,
the others are listed with them or hardly ever; a stratum's yearly rate is met evenly, batch by batch; rounds have tickets of
their own; grades and scopes stay as they are in this month; visits before January, the cap over all tasks, capacity and
triggered visits are left out. Floats: an estimate, not a proof.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from itertools import pairwise

from supervision.policy.model import WHOLE, Policy, Task
from supervision.reports.leak_meter import Place, Profile, Reading

FOLLOWED = (
    4  # tasks of a firm; in a city of 60,000 the third moves a reading by a hundredth, the fourth by a thousandth
)
MOST = 3  # listings told apart: once, twice, three times or more
_NEVER = 13
_MONTHS = range(1, 13)


@dataclass(frozen=True, slots=True)
class Course:
    """One task and level through a year: months first to last of its window, visits a firm and year, months between two
    visits; once: a quota of at most one visit a year, which draws no firm twice.
    """

    first: int
    last: int
    yearly: float
    gap: int
    once: bool

    def chance(self, month: int) -> float:
        """The chance of a firm that may be drawn to be drawn in this month's batch."""
        if not self.first <= month <= self.last:
            return 0.0
        batch = self.yearly / (self.last - self.first + 1)
        before = month - self.first
        waiting = before if self.once else min(before, self.gap - 1)
        return min(1.0, batch / max(1.0 - batch * waiting, batch)) if batch else 0.0

    def free_again(self, month: int) -> int:
        """The first month in which a firm drawn in `month` may be drawn again; _NEVER: not this year."""
        return _NEVER if self.once else min(month + self.gap, _NEVER)


def course(task: Task, stratum: str) -> Course:
    """The course of one level of a task under its policy."""
    level = task.levels[stratum]
    yearly = level.rate_e4 / WHOLE
    return Course(
        task.first_month, task.last_month, yearly, level.gap_months, level.rounding != "unbiased" and yearly <= 1
    )


@lru_cache(maxsize=4096)
def listings(courses: tuple[Course, ...]) -> tuple[float, ...]:
    """P(listed in exactly 0, 1, 2, and in at least 3 rounds of the year) of a firm with at most FOLLOWED courses."""
    states: dict[tuple[tuple[int, ...], int], float] = {((1,) * len(courses), 0): 1.0}
    for month in _MONTHS:
        following: dict[tuple[tuple[int, ...], int], float] = defaultdict(float)
        for (free, seen), weight in states.items():
            chances = [each.chance(month) if free[i] <= month else 0.0 for i, each in enumerate(courses)]
            high = max(chances, default=0.0)
            following[free, seen] += weight * (1 - high)
            marks = sorted({chance for chance in chances if chance}, reverse=True)
            for mark, low in pairwise([*marks, 0.0]):  # one ticket: what is likelier is drawn with what is not
                drawn = tuple(
                    each.free_again(month) if chances[i] >= mark else free[i] for i, each in enumerate(courses)
                )
                following[drawn, min(seen + 1, MOST)] += weight * (mark - low)
        states = following
    found = [0.0] * (MOST + 1)
    for (_, seen), weight in states.items():
        found[seen] += weight
    return tuple(found)


def after_listings(profiles: Sequence[Profile], policy: Policy, times: int) -> Reading:
    """The reader has seen the firm listed in at least `times` rounds of the year (1…3), and nothing else of it."""
    weights: dict[str, float] = defaultdict(float)
    firms: dict[str, int] = defaultdict(int)
    for profile in profiles:
        firms[profile.grade] += profile.firms
        chances = listings(_courses(profile.scope, policy))
        weights[profile.grade] += profile.firms * sum(chances[times:])
    seen, every = sum(weights.values()), sum(firms.values())
    certain = 1 if seen and weights["D"] == seen else 0
    return Reading(
        _share(weights["D"], seen),
        _share(weights["C"] + weights["D"], seen),
        Fraction(firms["D"], every) if every else Fraction(0),
        Fraction(firms["C"] + firms["D"], every) if every else Fraction(0),
        Fraction(certain),
        Fraction(seen).limit_denominator(10**6),
    )


def _courses(places: Iterable[Place], policy: Policy) -> tuple[Course, ...]:
    found = [(course(policy.tasks[task], stratum), task) for task, stratum in places]
    found.sort(key=lambda each: (-each[0].yearly, each[1]))
    return tuple(each for each, _ in found[:FOLLOWED])


def _share(part: float, whole: float) -> Fraction:
    return Fraction(part / whole).limit_denominator(10**6) if whole else Fraction(0)
