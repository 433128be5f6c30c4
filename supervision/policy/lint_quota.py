"""Rules on what whole counts make of a rate: minimum, census and rounding never favour the higher risk.

Not here: the rates and other figures of a level by themselves (lint_tasks.py), the draw's own arithmetic
(supervision.draw.quota).
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations

from supervision.policy.finding import Finding, level_path
from supervision.policy.model import STRATA, UNGRADED, WHOLE, Level, Policy


def _pairs(policy: Policy) -> Iterator[tuple[str, Level, Level]]:
    """Task code, a level and any level of higher risk in the same task; U apart."""
    for task in policy.tasks.values():
        graded = [task.levels[name] for name in STRATA[task.stratum_by] if name != UNGRADED]
        for low, high in combinations(graded, 2):
            yield task.code, low, high


def counts_rising(policy: Policy) -> Iterator[Finding]:
    """Of equally many subjects, minimum and census reach no more at the lower risk than the higher risk reaches at all.

    So a level that is inspected completely, or whose own rate and census reach as many, needs no minimum of its own.
    """
    for task, low, high in _pairs(policy):
        for key in ("minimum", "census_up_to"):
            worst = next((base for base in _bases(low, high) if _claim(low, key, base) > _quota(high, base)), None)
            if worst is not None:
                what = (
                    f"同为 {worst} 户，{low.stratum} 按 {key} 查 {_claim(low, key, worst)} 户，风险更高的 {high.stratum} "
                    f"只保证 {_quota(high, worst)} 户，请调低 {low.stratum} 或调高 {high.stratum}"
                )
                yield Finding(level_path(policy.tasks[task], low, key), what, "R-10，R-24 至 R-28")


def rounding_rising(policy: Policy) -> Iterator[Finding]:
    """不超过 does not stand above 不低于 or 四舍五入, unless the rate needs no rounding."""
    for task, low, high in _pairs(policy):
        if high.rounding == "at_most" and low.rounding in ("at_least", "half_up") and high.rate_e4 % WHOLE:
            what = f"风险高于 {low.stratum} 而取整更松（{low.rounding} 之上用 at_most），请改为 at_least 或 half_up"
            yield Finding(level_path(policy.tasks[task], high, "rounding"), what, "R-10，R-24 至 R-28")


def _bases(low: Level, high: Level) -> list[int]:
    """The sizes of a stratum at which the difference of the two can be greatest: where either bends, and beside."""
    bends = {edge for level in (low, high) for edge in (level.minimum, level.minimum_if_base, level.census_up_to)}
    return sorted({base for edge in bends for base in (edge - 1, edge, edge + 1) if base > 0})


def _claim(level: Level, key: str, base: int) -> int:
    """The subjects that the minimum, or the census, alone asks for."""
    if key == "minimum":
        return min(level.minimum, base) if base >= level.minimum_if_base else 0
    return base if base <= level.census_up_to and level.rate_e4 else 0


def _quota(level: Level, base: int) -> int:
    """The visits a year that are sure in a stratum of that size (DRAW.md §4); a plain rate is sure of its whole part."""
    exact = base * level.rate_e4
    rounded = {"at_least": -(-exact // WHOLE), "half_up": (2 * exact + WHOLE) // (2 * WHOLE)}
    return max(
        rounded.get(level.rounding, exact // WHOLE), *(_claim(level, key, base) for key in ("minimum", "census_up_to"))
    )
