"""What an amended round is: the drawn and matched round that requests speak of, and what stands after them.

Here: the types. Not here: the rules (`applying`, `teams`), the independent check (`check`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from supervision.draw.round_policy import RoundPolicy
from supervision.draw.rows import ConflictRow, DrawnRow, InspectorRow, TriggerRow
from supervision.matching import AssignmentRow, Visit, visits_of


@dataclass(frozen=True, slots=True)
class DrawnRound:
    """A sealed round as its bundle tells it; nothing in it ever changes.

    county_of: uid -> county of everyone in population.csv; unmet: visit_uid -> reason of the visits that the matching
    could give no team, where known.
    """

    round_id: str
    key: str
    policy: RoundPolicy
    triggers: tuple[TriggerRow, ...]
    roster: tuple[InspectorRow, ...]
    conflicts: tuple[ConflictRow, ...]
    drawn: tuple[DrawnRow, ...]
    reserve: tuple[DrawnRow, ...]
    assignment: tuple[AssignmentRow, ...]
    county_of: Mapping[str, str]
    unmet: Mapping[str, str]

    def on_site(self, row: DrawnRow) -> bool:
        """Whether somebody goes to a drawn subject for this task."""
        return self.policy.tasks[row.task].levels[row.stratum].on_site

    def visit(self, uid: str, county: str, rows: Iterable[DrawnRow]) -> Visit:
        """The visit of one subject for these on-site draws; without any, that of a trigger (DRAW.md §6)."""
        kept = list(rows)
        [visit] = visits_of(self.policy, () if kept else (TriggerRow("-", uid, county),), kept)
        return visit


# What became of a request. `refused` alone changes nothing.
OUTCOMES: Mapping[str, str] = {
    "new_visit": "新增一户检查",
    "joined_visit": "并入已有检查",
    "off_site": "非现场核查，不派人",
    "unassignable": "无人可派",
    "reserve_exhausted": "候补已用尽",
    "team_changed": "已换人",
    "recorded": "已登记，不涉及现有检查组",
    "refused": "不予受理",
}


@dataclass(frozen=True, slots=True)
class Decision:
    """What became of one request: outcome one of OUTCOMES, why = the reason of a refusal or of a visit without a team.

    of a replacement: the stratum, who comes instead and his rank, who led the visit that falls out; team: the people of the
    visit concerned afterwards, the lead first.
    """

    number: int
    outcome: str
    why: str | None = None
    uid: str = ""
    county: str | None = None
    stratum: str | None = None
    new_uid: str | None = None
    rank: int | None = None
    former_lead: str | None = None
    team: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Standing:
    """A drawn subject in one task, or one that came for another (from_reserve), and whether it was replaced itself.

    request: the number of the request that brought it in; replaced_by is None where the reserve was exhausted.
    """

    row: DrawnRow
    from_reserve: bool
    request: int | None = None
    replaced_reason: str | None = None
    replaced_by: str | None = None


@dataclass(frozen=True, slots=True)
class Post:
    """One person in one team after the requests; request: the one that sent him there, None: the matching."""

    visit_uid: str
    inspector_id: str
    role: str
    request: int | None


@dataclass(frozen=True, slots=True)
class Unstaffed:
    """A visit without a team after the requests, with the reason."""

    visit_uid: str
    uid: str
    county: str
    reason: str


@dataclass(frozen=True, slots=True)
class Amended:
    """The round after all requests: one decision each in their order; everything else sorted by its key."""

    decisions: tuple[Decision, ...]
    standing: tuple[Standing, ...]
    posts: tuple[Post, ...]
    unstaffed: tuple[Unstaffed, ...]
