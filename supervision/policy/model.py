"""What an inspection policy says, as types.

Here: the frozen dataclasses of one policy file and the closed lists their fields come from. Not here: reading the file
(parse.py), judging it (lint.py), turning it into a round's policy.json (round.py).
Clause: notice (六)1–2, DOMAIN §5, DRAW.md §2 and §4. `credit_grade` and `field_grade` share their letters and must not be
confused (DOMAIN §2.5), hence two types.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Final, NewType

from supervision.months import first_day, last_day

CreditGrade = NewType("CreditGrade", str)
FieldGrade = NewType("FieldGrade", str)

UNGRADED: Final = "U"
GRADES: Final = ("A", "B", "C", "D")
ROUNDINGS: Final = ("unbiased", "at_least", "at_most", "half_up")
ITEM_CATEGORIES: Final = ("一般", "重点")
DRAW_TYPES: Final = ("定向", "不定向")
MODES: Final = ("市抽市查", "市抽县查", "县抽县查")
LANES: Final = ("generic", "field")
STATES: Final = ("blocked", "exempt")
# FLFG: a law sets a frequency, so a firm of credit grade A may be visited without a trigger; general: any other.
BASIS_KINDS: Final = ("FLFG", "general")
SUBJECT_TYPES: Final = ("enterprise", "individual", "cooperative")
# How a drawn subject is inspected, rising in strictness; on_site_if_triggered: off-site unless a trigger row allows a visit.
ONSITE_RULES: Final = ("off_site", "on_site_if_triggered", "on_site")
# What a role may do in the ceremony of DRAW.md §3: approve the plan, sign the sheet, open the secret, type the beacon, void.
DUTIES: Final = ("approve", "sign", "open", "beacon", "void")
SCOPE_PREFIX: Final = "scope."  # of the codes that stand in population.csv for a task's wider scope
# The strata of a task, by what it is stratified by; rising risk, U apart.
STRATA: Final[Mapping[str, tuple[str, ...]]] = {
    "credit_grade": ("A", "B", "C", "D", UNGRADED),
    "combined": ("L1", "L2", "L3", "L4"),
    "key_unit": ("NONKEY", "KEY"),
    "flat": ("FLAT",),
}
WHOLE: Final = 10_000  # one visit a year, or all of a share


class PolicyError(ValueError):
    """The policy, or a question put to it, cannot be used; the message is one Chinese sentence with path and clause.

    path: the place in the file, keys joined by dots; empty where it is the whole file or no place in it.
    """

    def __init__(self, message: str, path: str = "") -> None:
        super().__init__(message)
        self.path = path


@dataclass(frozen=True, slots=True)
class Level:
    """One stratum of a task. rate_e4: visits per subject and year in 1/10000; floor_e4: share kept in a cut, 1/10000."""

    stratum: str
    rate_e4: int
    rounding: str
    minimum: int
    minimum_if_base: int
    census_up_to: int
    floor_e4: int
    onsite_rule: str
    gap_months: int
    yearly_cap: int
    cites: str

    @property
    def on_site(self) -> bool:
        """Whether a drawn subject is visited: only such levels need capacity and a team (DRAW.md §2)."""
        return self.onsite_rule == "on_site"


@dataclass(frozen=True, slots=True)
class LegalBasis:
    """A rule a task rests on; kind is one of BASIS_KINDS."""

    kind: str
    text: str


@dataclass(frozen=True, slots=True)
class Joint:
    """A 部门联合 task (R-48): the department that calls it and those that take part, by code."""

    initiating: str
    cooperating: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Role:
    """Who may act in a round, as an office, never a person; duties are some of DUTIES."""

    code: str
    name: str
    duties: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Recusal:
    """Conflicts that follow from earlier inspections (DOMAIN §4.4).

    An inspector who led lead_times inspections of a subject within lead_years years does not go there again;
    cross_station: 所所交叉, an inspector does not visit the area of the own station.
    """

    lead_years: int
    lead_times: int
    cross_station: bool


@dataclass(frozen=True, slots=True)
class Task:
    """One 抽查任务: what is inspected, whom it concerns, by whom, when, and how much per level.

    Scope, all conditions at once, an empty one is met by everyone: types (never empty), fields, industries (first digits
    of the register's industry code, GB/T 4754), licences (words of a licence's content or certificate name), counties.
    white_list: whether a listed subject is exempt.
    """

    code: str
    name: str
    items: tuple[str, ...]
    item_category: str
    draw_type: str
    object_scope: str
    types: tuple[str, ...]
    fields: tuple[str, ...]
    industries: tuple[str, ...]
    licences: tuple[str, ...]
    counties: tuple[str, ...]
    lane: str
    lane_owner: str
    key_field: bool
    observation: bool
    white_list: bool
    initiator: str
    cooperating: tuple[str, ...]
    joint: Joint | None
    mode: str
    first_month: int
    last_month: int
    team_size: int
    specialty: str | None
    stratum_by: str
    legal_basis: tuple[LegalBasis, ...]
    levels: Mapping[str, Level]

    @property
    def batches(self) -> int:
        """M of DRAW.md: the months of the task's window, one batch each."""
        return self.last_month - self.first_month + 1

    @property
    def has_wider_scope(self) -> bool:
        """Whether the scope asks for more than type and field: then policy.json names it scope.<task> (DRAW.md §2)."""
        return bool(self.industries or self.licences or self.counties)

    @property
    def scope_code(self) -> str:
        """What stands for the wider scope in policy.json and population.csv."""
        return f"{SCOPE_PREFIX}{self.code}"

    @property
    def set_by_law(self) -> bool:
        """Whether a law sets the frequency (R-24, 法律法规另有规定)."""
        return any(basis.kind == "FLFG" for basis in self.legal_basis)


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a subject in the frame cannot be drawn now; state is one of STATES."""

    code: str
    state: str
    name: str


@dataclass(frozen=True, slots=True)
class Policy:
    """One version of the inspection policy, valid for plan months from valid_from to valid_to.

    yearly_cap: on-site visits a year over all tasks, by credit grade; matrix: (credit grade, field grade) -> 1…4, of the
    graded only; ungraded_credit, ungraded_field: the row and column taken for those without a grade, which grades nobody.
    exploratory_sources: sources of R-16 whose signals count as triggers of kind DSJ; by default none.
    """

    version: str
    name: str
    valid_from: date
    valid_to: date
    approver_role: str
    caused_by: str
    round_prefix: str
    counties: tuple[str, ...]
    roles: Mapping[str, Role]
    recusal: Recusal
    subject_types: Mapping[str, bool]
    fields: Mapping[str, str]
    unconfigured: Mapping[str, str]
    yearly_cap: Mapping[str, int]
    observation_months: int
    observation_grades: tuple[str, ...]
    visits_per_day: int
    cut_order: tuple[str, ...]
    exploratory_sources: tuple[str, ...]
    ungraded_credit: str
    ungraded_field: str
    matrix: Mapping[tuple[CreditGrade, FieldGrade], int]
    reasons: tuple[Reason, ...]
    seed_text: str
    tasks: Mapping[str, Task]

    def in_force(self, month: str) -> bool:
        """Whether the policy is valid through the whole month. Raises MonthError."""
        return self.valid_from <= first_day(month) and last_day(month) <= self.valid_to

    def types_of(self, task: Task) -> tuple[str, ...]:
        """The subject types the task draws from: those of its scope that are switched on (R-46)."""
        return tuple(kind for kind in task.types if self.subject_types[kind])

    def dormant(self, task: Task) -> bool:
        """Whether all subject types of the task are switched off: it stands in the file and runs in no month (R-46)."""
        return not self.types_of(task)

    def task(self, code: str) -> Task:
        """The task of that code. Raises PolicyError if there is none."""
        if code not in self.tasks:
            raise PolicyError(f"抽查政策 tasks：没有任务“{code}”，请改正任务编号或补上该任务（DRAW §2）。")
        return self.tasks[code]
