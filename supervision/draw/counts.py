"""What the arithmetic of a round needs of the committed files: policy and counts, not the frame itself (DRAW.md §4).

Here: the shape that `quota`, `capacity` and `selection` take, so that ten million rows can be counted elsewhere.
Not here: the counting, in Python (`committed`) or in SQL (`resources.drawing`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from supervision.draw.round_policy import RoundPolicy
from supervision.draw.rows import Stratum, StratumRow, TriggerRow

DRAWN_THIS_YEAR = "drawn_this_year"


class Counted(Protocol):
    """A round that has been counted: `Counts`, or `Committed` with its rows."""

    @property
    def policy(self) -> RoundPolicy:
        """policy.json."""
        ...

    @property
    def strata(self) -> Sequence[StratumRow]:
        """strata.csv, in file order."""
        ...

    @property
    def triggers(self) -> Sequence[TriggerRow]:
        """triggers.csv, in file order."""
        ...

    @property
    def drawn_this_year(self) -> Mapping[Stratum, int]:
        """Frame rows with the reason `drawn_this_year` by stratum; a stratum without any may be left out."""
        ...


@dataclass(frozen=True, slots=True)
class Counts:
    """A round counted without keeping its frame."""

    policy: RoundPolicy
    strata: Sequence[StratumRow]
    triggers: Sequence[TriggerRow]
    drawn_this_year: Mapping[Stratum, int]
