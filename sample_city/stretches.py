"""The city's past in pieces: the years up to the end of its first month, then month by month.

What is formed in a stretch of time is drawn once, by that stretch's own numbers, whichever month is being generated: so
a later month adds to what earlier ones have delivered and repeats none of it. Not here: what is formed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np

from sample_city.columns import Ints, working
from sample_city.departments import NEVER, UNIT, Calendar
from sample_city.subjects import Subjects

HISTORY = 3 * 365
LOST_SHARE = 0.03


@dataclass(frozen=True, slots=True)
class Stretch:
    """From day `since` to the end of the month `when`; `share`: its length as a share of a whole history.

    `who` and `credit`: the subjects and their grades at its end.
    """

    when: Calendar
    who: Subjects
    credit: Ints
    since: int
    share: float

    @property
    def is_first(self) -> bool:
        return self.when.start is None

    def days(self, rng: np.random.Generator, from_: Ints) -> Ints:
        """A working day for each row, on or after `from_` and within the stretch; NEVER where there is none."""
        start = np.maximum(from_, self.since)
        day = working(start + (rng.random(len(start)) * np.maximum(self.when.last + 1 - start, 1)).astype(np.int64))
        return np.where(day <= self.when.last, day, NEVER)

    def lost(self, rng: np.random.Generator, day: Ints, unit: Ints, careless: Iterable[str]) -> Ints:
        """Rows that never leave their unit: of the careless units, formed around the turn to the stretch's month."""
        here = np.isin(unit, [UNIT[code] for code in careless])
        rows = np.flatnonzero(here & (day >= max(self.since, self.when.first - 50)) & (day < self.when.first + 12))
        return np.sort(rng.permutation(rows)[: int(np.ceil(len(rows) * LOST_SHARE))])


def stacked(stretches: Iterable[Stretch], make: Callable[[Stretch], tuple[Ints, ...]]) -> tuple[Ints, ...]:
    """The columns made for each stretch, one after the other."""
    parts = [make(stretch) for stretch in stretches]
    return tuple(np.concatenate(columns) for columns in zip(*parts, strict=True))
