"""How many: the year's quota, the batch's target, and the visits planned in each stratum (DRAW.md §4).

Here: both kinds of arithmetic, quota modes and `unbiased`. Not here: capacity and cuts (`capacity`), who (`selection`).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from supervision.draw.ceremony import number, sha256_hex
from supervision.draw.counts import Counted
from supervision.draw.round_policy import Level, TaskPolicy
from supervision.draw.rows import Stratum, StratumRow

E4 = 10_000


@dataclass(frozen=True, slots=True)
class Due:
    """What a stratum is owed in this batch, known before the beacon.

    target_e4 in 1/10000 visits (10000·n in the quota modes); shortfall_e4 = what too few eligible subjects make
    impossible; excess = visits drawn this year beyond a quota that has fallen. Both are to be stated. DRAW.md §4.
    """

    row: StratumRow
    level: Level
    target_e4: int
    shortfall_e4: int
    excess: int

    @property
    def key(self) -> Stratum:
        return self.row.key


def annual_quota(level: Level, base: int) -> int:
    """q: subjects to draw this year of a base, in a quota mode; ValueError for `unbiased`, which has none. DRAW.md §4.

    `at_least` 不低于 rounds up, `at_most` 不超过 down, `half_up` to the nearest.
    """
    if level.rounding == "unbiased":
        raise ValueError("按访问率抽取（unbiased）的档次没有年度户数，请只对有年度户数的档次计算。")
    return _quota(level, base)[0]


def _quota(level: Level, base: int) -> tuple[int, bool]:
    product = base * level.rate_e4
    quota = {
        "at_least": (product + E4 - 1) // E4,
        "at_most": product // E4,
        "half_up": (2 * product + E4) // (2 * E4),
    }[level.rounding]
    if base >= level.minimum_if_base:
        quota = max(quota, min(level.minimum, base))
    census = base <= level.census_up_to and level.rate_e4 > 0 and quota <= base
    return (base if census else quota), census


def is_census(level: Level, base: int) -> bool:
    """Whether a stratum of this base is visited completely in the year, whatever its rate. DRAW.md §4."""
    return level.rounding != "unbiased" and _quota(level, base)[1]


def blocks_drawn_this_year(level: Level, base: int) -> bool:
    """Whether a subject already drawn this year for the task is `blocked` (`drawn_this_year`): q ≤ base. DRAW.md §4."""
    return level.rounding != "unbiased" and annual_quota(level, base) <= base


def due(counted: Counted) -> tuple[Due, ...]:
    """What every stratum is owed, in the order of strata.csv. DRAW.md §4."""
    policy, drawn_this_year = counted.policy, counted.drawn_this_year
    return tuple(
        _due(row, policy.tasks[row.task], policy.phase_salt, drawn_this_year.get(row.key, 0)) for row in counted.strata
    )


def _due(row: StratumRow, task: TaskPolicy, phase_salt: str, drawn_this_year: int) -> Due:
    level = task.levels[row.stratum]
    if level.rounding == "unbiased":
        product = row.base * level.rate_e4
        wanted = product * task.batch // task.batches - product * task.batch_prev // task.batches - row.served_e4
        excess = 0
    else:
        quota, census = _quota(level, row.base)
        phase = number(f"{phase_salt}|{row.task}|{row.county}|{row.stratum}", task.batches)
        done = drawn_this_year if census else row.drawn_ytd
        wanted = E4 * ((quota * task.batch + phase) // task.batches - done)
        excess = max(done - quota, 0)
    target = min(max(wanted, 0), E4 * row.eligible)
    return Due(row, level, target, max(wanted - target, 0), excess)


def systematic(targets_e4: Iterable[int], offset: int) -> list[int]:
    """Whole visits whose running sum follows that of the targets; over all offsets the mean is exact. DRAW.md §4."""
    visits, before = [], offset
    for target in targets_e4:
        visits.append((before + target) // E4 - before // E4)
        before += target
    return visits


def planned(dues: Sequence[Due], key: str) -> dict[Stratum, int]:
    """n of every stratum before any cut, under the draw key. DRAW.md §4."""
    result = {each.key: each.target_e4 // E4 for each in dues}
    unbiased = [each for each in dues if each.level.rounding == "unbiased"]
    for task in sorted({each.row.task for each in unbiased}):
        order = sorted((each for each in unbiased if each.row.task == task), key=lambda each: _place(key, each.row))
        offset = number(f"{key}|start|{task}", E4)
        visits = systematic((each.target_e4 for each in order), offset)
        result.update(zip((each.key for each in order), visits, strict=True))
    return result


def _place(key: str, row: StratumRow) -> tuple[str, str]:
    name = f"{key}|ord|{row.task}|{row.stratum}"
    return sha256_hex(name), sha256_hex(f"{name}|{row.county}")
