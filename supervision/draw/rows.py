"""The rows of the committed and the drawn files, one class per file.

Here: columns in file order, key order, and a row's cells as text. Not here: parsing and checks (`committed`).
"""

from __future__ import annotations

from dataclasses import dataclass

POPULATION = ("uid", "county", "type", "fields")
FRAME = ("task", "uid", "county", "stratum", "state", "reason")
STRATA = ("task", "county", "stratum", "base", "eligible", "drawn_ytd", "served_e4")
TRIGGERS = ("trigger_id", "uid", "county")
ROSTER = ("inspector_id", "county", "specialties", "days", "load_cap", "valid_until")
CONFLICTS = ("inspector_id", "uid")
ALLOCATION = ("task", "county", "stratum", "planned", "size")
CUTS = ("county", "stratum", "lambda_e4")
DRAWN = ("task", "county", "stratum", "rank", "uid", "ticket", "target_e4")

STATES = ("eligible", "blocked", "exempt")

Stratum = tuple[str, str, str]  # task, county, stratum


@dataclass(frozen=True, slots=True)
class PopulationRow:
    """A live subject in jurisdiction; `fields` sorted. `population.csv`, by uid."""

    uid: str
    county: str
    type: str
    fields: tuple[str, ...]

    @property
    def key(self) -> tuple[str, ...]:
        return (self.uid,)

    def cells(self) -> tuple[str, ...]:
        return (self.uid, self.county, self.type, ";".join(self.fields))


@dataclass(frozen=True, slots=True)
class FrameRow:
    """A subject in the scope of a task; state eligible, blocked or exempt. `frame.csv`, by task, uid."""

    task: str
    uid: str
    county: str
    stratum: str
    state: str
    reason: str

    @property
    def key(self) -> tuple[str, ...]:
        return (self.task, self.uid)

    def cells(self) -> tuple[str, ...]:
        return (self.task, self.uid, self.county, self.stratum, self.state, self.reason)


@dataclass(frozen=True, slots=True)
class StratumRow:
    """Counts of one stratum; base = eligible + blocked, served_e4 in 1/10000 visits. `strata.csv`, sorted."""

    task: str
    county: str
    stratum: str
    base: int
    eligible: int
    drawn_ytd: int
    served_e4: int

    @property
    def key(self) -> Stratum:
        return (self.task, self.county, self.stratum)

    def cells(self) -> tuple[str, ...]:
        counts = (self.base, self.eligible, self.drawn_ytd, self.served_e4)
        return (*self.key, *map(str, counts))


@dataclass(frozen=True, slots=True)
class TriggerRow:
    """A reason to inspect without a draw. `triggers.csv`, by trigger_id."""

    trigger_id: str
    uid: str
    county: str

    @property
    def key(self) -> tuple[str, ...]:
        return (self.trigger_id,)

    def cells(self) -> tuple[str, ...]:
        return (self.trigger_id, self.uid, self.county)


@dataclass(frozen=True, slots=True)
class InspectorRow:
    """An inspector of a county's pool; load_cap in visits, valid_until YYYY-MM-DD. `roster.csv`, by inspector_id."""

    inspector_id: str
    county: str
    specialties: tuple[str, ...]
    days: int
    load_cap: int
    valid_until: str

    @property
    def key(self) -> tuple[str, ...]:
        return (self.inspector_id,)

    def cells(self) -> tuple[str, ...]:
        specialties = ";".join(self.specialties)
        return (self.inspector_id, self.county, specialties, str(self.days), str(self.load_cap), self.valid_until)


@dataclass(frozen=True, slots=True)
class ConflictRow:
    """An inspector who must not visit a subject (回避). `conflicts.csv`, by inspector_id, uid."""

    inspector_id: str
    uid: str

    @property
    def key(self) -> tuple[str, ...]:
        return (self.inspector_id, self.uid)

    def cells(self) -> tuple[str, ...]:
        return (self.inspector_id, self.uid)


@dataclass(frozen=True, slots=True)
class AllocationRow:
    """Visits planned in a stratum, and its size after cuts. `allocation.csv`, sorted, rows of 0 included."""

    task: str
    county: str
    stratum: str
    planned: int
    size: int

    @property
    def key(self) -> Stratum:
        return (self.task, self.county, self.stratum)

    def cells(self) -> tuple[str, ...]:
        return (*self.key, str(self.planned), str(self.size))


@dataclass(frozen=True, slots=True)
class CutRow:
    """The share (1/10000) that capacity left to a stratum name in a county. `cuts.csv`, sorted."""

    county: str
    stratum: str
    lambda_e4: int

    def cells(self) -> tuple[str, ...]:
        return (self.county, self.stratum, str(self.lambda_e4))


@dataclass(frozen=True, slots=True)
class DrawnRow:
    """A drawn subject or a replacement in waiting; rank from 1, ticket 64 hex. `drawn.csv`, `reserve.csv`."""

    task: str
    county: str
    stratum: str
    rank: int
    uid: str
    ticket: str
    target_e4: int

    def cells(self) -> tuple[str, ...]:
        return (self.task, self.county, self.stratum, str(self.rank), self.uid, self.ticket, str(self.target_e4))
