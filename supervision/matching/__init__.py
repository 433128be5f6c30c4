"""Which inspectors make which visit, so that anyone with the round's key finds the same teams (DRAW.md §6).

For: visits and inspectors of a round (visits), the matching (teams), an independent check (check). Not for: who is drawn.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Protocol

from supervision.draw.round_policy import RoundPolicy
from supervision.draw.rows import ConflictRow, DrawnRow, InspectorRow, TriggerRow
from supervision.matching.check import check_assignment
from supervision.matching.teams import match
from supervision.matching.visits import (
    ASSIGNMENT,
    Assignment,
    AssignmentRow,
    Inspector,
    MatchingError,
    Unassignable,
    Visit,
    inspectors_of,
    visits_of,
)

__all__ = [
    "ASSIGNMENT",
    "Assignment",
    "AssignmentRow",
    "Inspector",
    "MatchingError",
    "Staffed",
    "Unassignable",
    "Visit",
    "assign",
    "check_assignment",
    "inspectors_of",
    "match",
    "visits_of",
]


class Staffed(Protocol):
    """What the matching needs of a committed round: `Committed`, or its small files alone."""

    @property
    def policy(self) -> RoundPolicy:
        """policy.json."""
        ...

    @property
    def triggers(self) -> Sequence[TriggerRow]:
        """triggers.csv, in file order."""
        ...

    @property
    def roster(self) -> Sequence[InspectorRow]:
        """roster.csv, in file order."""
        ...

    @property
    def conflicts(self) -> Sequence[ConflictRow]:
        """conflicts.csv, in file order."""
        ...


def assign(key: str, committed: Staffed, drawn: Iterable[DrawnRow]) -> Assignment:
    """The teams of a drawn round, checked. Raises MatchingError with the first fault that the check finds."""
    visits = visits_of(committed.policy, committed.triggers, drawn)
    inspectors = inspectors_of(committed.roster)
    conflicts = {(row.inspector_id, row.uid) for row in committed.conflicts}
    assignment = match(key, visits, inspectors, conflicts)
    for fault in check_assignment(assignment, visits, inspectors, conflicts):
        raise MatchingError(f"执法检查人员匹配未通过复核：{fault}请停止使用并报告。")
    return assignment
