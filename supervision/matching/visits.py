"""What is matched: visits out of a drawn round, inspectors, and the answer as rows (DRAW.md §6).

Here: the types, and how they come from the committed files and the draw. Not here: who goes where (teams), names of
people (nobody's).
valid_to of a visit is the latest window_end of its on-site tasks; for triggers alone, of all tasks of the round.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from supervision.canonical import csv_bytes
from supervision.draw.round_policy import RoundPolicy
from supervision.draw.rows import DrawnRow, InspectorRow, TriggerRow

ASSIGNMENT: Final = ("visit_uid", "inspector_id", "role")
LEAD, EXPERT, MEMBER = "lead", "expert", "member"
_TRIGGER_TEAM: Final = 2


class MatchingError(ValueError):
    """The visits or inspectors contradict themselves; the message is one Chinese sentence."""


@dataclass(frozen=True, slots=True)
class Visit:
    """One door to knock at. specialties: sorted field codes, each needed once in the team; valid_to: YYYY-MM-DD."""

    uid: str
    county: str
    team_size: int
    specialties: tuple[str, ...]
    valid_to: str


@dataclass(frozen=True, slots=True)
class Inspector:
    """One inspector; counties: his own, or those of a declared cross-county pool; load_cap in visits of this round."""

    inspector_id: str
    counties: tuple[str, ...]
    specialties: tuple[str, ...]
    load_cap: int
    valid_until: str


@dataclass(frozen=True, slots=True)
class AssignmentRow:
    """One person in one visit; visit_uid is the uid, or `uid.specialty` of a visit that was split."""

    visit_uid: str
    inspector_id: str
    role: str


@dataclass(frozen=True, slots=True)
class Unassignable:
    """A visit without a team: the specialty that was missing (None: another person), the people reached in vain."""

    visit_uid: str
    uid: str
    county: str
    specialty: str | None
    reached: tuple[str, ...]
    reason: str


@dataclass(frozen=True, slots=True)
class Assignment:
    """The teams, by visit_uid and inspector_id, and the visits without one, by visit_uid."""

    rows: tuple[AssignmentRow, ...]
    unassignable: tuple[Unassignable, ...]

    @property
    def assignment_csv(self) -> bytes:
        """The bytes of assignment.csv (DRAW.md §6, §2)."""
        return csv_bytes(ASSIGNMENT, ((row.visit_uid, row.inspector_id, row.role) for row in self.rows))


def visits_of(policy: RoundPolicy, triggers: Iterable[TriggerRow], drawn: Iterable[DrawnRow]) -> tuple[Visit, ...]:
    """The visits of a round, by uid: the distinct uids of its triggers and of its on-site draws (DRAW.md §6).

    Raises MatchingError for a uid in two counties.
    """
    year_end = f"{policy.year}-12-31"
    ends = {code: task.window_end or year_end for code, task in policy.tasks.items()}
    last = max(ends.values(), default=year_end)
    tasks: dict[str, set[str]] = {}
    county: dict[str, str] = {}
    on_site = [row for row in drawn if policy.tasks[row.task].levels[row.stratum].on_site]
    places = [(row.uid, row.county, "") for row in triggers] + [(row.uid, row.county, row.task) for row in on_site]
    for uid, place, task in places:
        if county.setdefault(uid, place) != place:
            raise MatchingError(f"主体 {uid} 在同一批次中属于两个县，请核对属地后重新冻结（DRAW §1）。")
        tasks.setdefault(uid, set()).update({task} - {""})
    return tuple(
        Visit(
            uid=uid,
            county=county[uid],
            team_size=max((policy.tasks[code].team_size for code in codes), default=_TRIGGER_TEAM),
            specialties=tuple(sorted({name for code in codes if (name := policy.tasks[code].specialty) is not None})),
            valid_to=max((ends[code] for code in codes), default=last),
        )
        for uid, codes in sorted(tasks.items())
    )


def inspectors_of(roster: Iterable[InspectorRow]) -> tuple[Inspector, ...]:
    """The inspectors of roster.csv, each in the pool of his county."""
    return tuple(
        Inspector(row.inspector_id, (row.county,), row.specialties, row.load_cap, row.valid_until) for row in roster
    )
