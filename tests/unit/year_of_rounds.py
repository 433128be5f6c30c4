"""Twelve monthly rounds over a made-up city whose grades move, by the shipped policy, the SQL of the plan and the draw.

Here: the city, its months, and what happened, as plain lists. Not here: what must hold of them (test_year); Dagster,
deliveries, the ceremony: population, states and strata come from sql/plan as the month's assets ask for them.
"""

from __future__ import annotations

import random
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from functools import cached_property
from typing import Any

import pyarrow as pa

from assets.policy_tables import candidate_parameters, policy_tables
from resources.engines.duckdb_engine import DuckDBEngine, sql_text
from supervision import policy as rules
from supervision.draw import ceremony, quota, writing
from supervision.draw.capacity import floor_shortfalls
from supervision.draw.committed import Committed
from supervision.draw.round_policy import parse_policy_json
from supervision.draw.rows import FrameRow, Stratum, StratumRow, TriggerRow
from supervision.draw.selection import DrawResult, draw
from supervision.months import last_day, month_number
from supervision.policy import Policy
from tests.unit.draw_city import key, uid

SHARES = {"A": 42, "B": 36, "C": 13, "D": 4, "U": 5}
# What becomes of a grade in a month, in 1/1000: the rest stays.
MOVES = {
    "A": {"B": 30, "C": 2},
    "B": {"A": 35, "C": 15, "D": 2},
    "C": {"B": 60, "D": 15},
    "D": {"C": 90, "B": 10},
    "U": {"B": 120, "A": 30},
}
LETTERS = "ABCD"
INDUSTRIES = ("0111", "3311", "5193", "5292", "5211", "6110", "6210", "7020", "7251", "7520", "8010", "5157", "4411")
LICENCES = ("食品经营许可证", "药品经营许可证", "特种设备使用登记", "")
MISSED = 15  # of 1000 visits that were due


@dataclass
class Enterprise:
    """A made-up enterprise; fields: grade (None = none) and whether it is a key unit, by field code."""

    uid: str
    county: str
    kind: str
    grade: str
    is_new_form: bool
    established_on: date
    industry: str
    licence: str
    fields: dict[str, tuple[str | None, bool]]


@dataclass(frozen=True)
class Visit:
    """A door knocked at, or to be knocked at (visited_on None: missed): the round, its on-site tasks, a trigger."""

    uid: str
    month: str
    tasks: tuple[str, ...]
    triggered: bool
    visited_on: date | None


@dataclass
class Round:
    """One month: who stood in which state, who was drawn, and the grades of that month."""

    month: str
    committed: Committed
    result: DrawResult
    tally: list[dict[str, Any]]
    base: dict[Stratum, int]
    grades: dict[str, str]


@dataclass
class Year:
    """Everything that happened, in order; white_list: uid -> first and last day."""

    policy: Policy
    enterprises: list[Enterprise]
    white_list: dict[str, tuple[date, date]]
    rounds: list[Round] = field(default_factory=list)
    visits: list[Visit] = field(default_factory=list)

    @cached_property
    def by_uid(self) -> dict[str, Enterprise]:
        """The enterprises by uid."""
        return {each.uid: each for each in self.enterprises}


def city(policy: Policy, size: int, rng: random.Random) -> Year:
    """So many enterprises (one in twenty an individual business) of all counties, fields and industries."""
    codes = sorted({code for task in policy.tasks.values() for code in task.fields})
    weights = [3 + 2 * number for number in range(len(policy.counties))]
    enterprises = [
        Enterprise(
            uid=uid(number),
            county=rng.choices(policy.counties, weights)[0],
            kind="individual" if rng.random() < 0.05 else "enterprise",
            grade=rng.choices(list(SHARES), list(SHARES.values()))[0],
            is_new_form=rng.random() < 0.06,
            established_on=date(2016, 1, 1) + timedelta(days=rng.randrange(3650)),
            industry=rng.choice(INDUSTRIES),
            licence=rng.choice(LICENCES),
            fields={
                code: (rng.choice((*LETTERS, "B", "B", "B", None)), rng.random() < 0.2)
                for code in codes
                if rng.random() < 0.08
            },
        )
        for number in range(size)
    ]
    listed = rng.sample(enterprises, size // 200)
    return Year(policy, enterprises, {each.uid: (date(2026, 4, 10), date(2026, 7, 31)) for each in listed})


def live_through(year: Year, engine: DuckDBEngine, rng: random.Random) -> Year:
    """The twelve rounds; two counties have too few people, so that some levels are cut there in every month."""
    history: list[dict[str, Any]] = []
    for number in range(1, 13):
        month = f"2026-{number:02d}"
        said = _Month(year, engine, month, history)
        one = said.committed(rng.sample(year.enterprises, max(len(year.enterprises) // 400, 2)))
        result = draw(one, key(2026_00 + number))
        grades = {each.uid: each.grade for each in year.enterprises}
        year.rounds.append(Round(month, one, result, said.tally(), said.base(), grades))
        history += [
            {"round_id": f"YC-{month}", "draw_month": month, "task": row.task, "county": row.county,
             "stratum": row.stratum, "uid": row.uid, "is_voided": False}
            for row in result.drawn
        ]  # fmt: skip
        _visit(year, year.rounds[-1], rng)
        _move(year, {row.uid for row in result.drawn}, rng)
    return year


def _visit(year: Year, one: Round, rng: random.Random) -> None:
    tasks: dict[str, set[str]] = {row.uid: set() for row in one.committed.triggers}
    triggered = set(tasks)
    for row in one.result.drawn:
        if year.policy.task(row.task).levels[row.stratum].on_site:
            tasks.setdefault(row.uid, set()).add(row.task)
    for name, codes in sorted(tasks.items()):
        day = last_day(one.month) + timedelta(days=rng.randint(10, 40))
        missed = rng.randrange(1000) < MISSED
        year.visits.append(Visit(name, one.month, tuple(sorted(codes)), name in triggered, None if missed else day))


def _move(year: Year, drawn: set[str], rng: random.Random) -> None:
    """A month's moves; those drawn move three times as often, so that a draw changes the grade it was made by."""
    for each in year.enterprises:
        step = rng.randrange(1000) / (3 if each.uid in drawn else 1)
        for grade, share in MOVES[each.grade].items():
            if step < share:
                each.grade = grade
                break
            step -= share


class _Month:
    """The tables of a month, each asked of the SQL file of its name."""

    def __init__(self, year: Year, engine: DuckDBEngine, month: str, history: Iterable[Mapping[str, Any]]) -> None:
        self.year, self.engine, self.month = year, engine, month
        tables = policy_tables(year.policy, month)
        grades = tables["ref_field_grades"].to_pylist()
        written = {(row["field_code"], row["letter"]): row["field_grade"] for row in grades}
        self.tables: dict[str, pa.Table] = tables | self._sources(written, list(history))
        self.parameters = candidate_parameters(year.policy, month, last_day(month))
        for name in ("task_scope", "population", "frame_candidate", "stratum_base"):
            self._ask(name)
        self.tables["stratum_quota"] = self._quota()
        for name in ("frame", "strata", "frame_tally"):
            self._ask(name)

    def _ask(self, name: str) -> None:
        text = sql_text(f"plan/{name}")
        words = set(re.findall(r"[$]?\b[a-z_]+\b", re.sub(r"--.*", "", text)))
        self.tables[name] = self.engine.select(
            text,
            {table: rows for table, rows in self.tables.items() if table in words},
            {name: value for name, value in self.parameters.items() if f"${name}" in words},
        )

    def _sources(self, written: Mapping[tuple[str, str], str], history: list[Mapping[str, Any]]) -> dict[str, pa.Table]:
        people = self.year.enterprises
        known = [v for v in self.year.visits if v.visited_on and v.visited_on <= last_day(self.month)]
        visits = [(v.uid, v.visited_on, task) for v in known for task in v.tasks or ("TRIGGERED",)]
        fields = [
            (each.uid, code, grade and written.get((code, grade), grade), is_key)
            for each in people
            for code, (grade, is_key) in each.fields.items()
        ]
        count = len(people)
        return {
            "enterprise_month": _table(
                uid=[each.uid for each in people],
                county=[each.county for each in people],
                subject_type=[each.kind for each in people],
                is_live=[True] * count,
                in_jurisdiction=[True] * count,
                credit_grade=[None if each.grade == "U" else each.grade for each in people],
                is_new_form=[each.is_new_form for each in people],
                established_on=[each.established_on for each in people],
            ),
            "subject": _table(uid=[each.uid for each in people], industry_code=[each.industry for each in people]),
            "subject_licence": _table(
                uid=[each.uid for each in people], licence_words=[each.licence for each in people]
            ),
            "subject_field": _table(
                uid=[row[0] for row in fields],
                field_code=[row[1] for row in fields],
                field_grade=[row[2] for row in fields],
                is_key_unit=[row[3] for row in fields],
            ),
            "visit": pa.table(
                {
                    "uid": pa.array([row[0] for row in visits], pa.string()),
                    "visited_on": pa.array([row[1] for row in visits], pa.date32()),
                    "task": pa.array([row[2] for row in visits], pa.string()),
                    "month_number": pa.array([month_number(f"{row[1]:%Y-%m}") for row in visits], pa.int64()),
                }
            ),
            "draw_history": pa.table(
                {
                    name: pa.array([row[name] for row in history], pa.bool_() if name == "is_voided" else pa.string())
                    for name in ("round_id", "draw_month", "task", "county", "stratum", "uid", "is_voided")
                }
            ),
            "voided_due": pa.table(
                {name: pa.array([], pa.string()) for name in ("task", "county", "stratum")}
                | {"target_e4": pa.array([], pa.int64())}
            ),
            "accepted_white_list": _table(
                uscc=list(self.year.white_list),
                tasks=pa.array([None] * len(self.year.white_list), pa.string()),
                is_current=[True] * len(self.year.white_list),
                listed_on=[first for first, _ in self.year.white_list.values()],
                expires_on=[last for _, last in self.year.white_list.values()],
            ),
        }

    def _quota(self) -> pa.Table:
        rows = []
        for row in self.tables["stratum_base"].to_pylist():
            level = self.year.policy.task(row["task"]).levels[row["stratum"]]
            blocks = level.rounding != "unbiased" and quota.blocks_drawn_this_year(level, row["base"])
            rows.append(row | {"blocks_drawn_this_year": blocks})
        return pa.Table.from_pylist(rows)

    def tally(self) -> list[dict[str, Any]]:
        """frame_tally: subjects by task, county, state and reason, and how many are in scope."""
        return self.tables["frame_tally"].to_pylist()

    def base(self) -> dict[Stratum, int]:
        """stratum_base, by task, county and stratum."""
        return {
            (row["task"], row["county"], row["stratum"]): row["base"] for row in self.tables["stratum_base"].to_pylist()
        }

    def committed(self, triggered: Iterable[Enterprise]) -> Committed:
        """The round as the draw takes it; the capacity of two counties lies between their floors and their needs."""
        policy, month = self.year.policy, self.month
        number = int(month[5:])
        batch = {task.code: max(number - task.first_month, 0) for task in rules.tasks_in_month(policy, month)}
        one = rules.round_policy(
            policy,
            month,
            capacity=dict.fromkeys(policy.counties),
            phase_salt=ceremony.phase_salt(2026, rules.demonstration_phase_beacon(policy, 2026)),
            beacon=rules.demonstration_beacon_rule(month),
            batch_prev=batch,
        )
        frame = self.tables["frame"].select(["task", "uid", "county", "stratum", "state", "reason"])
        whole = Committed(
            population=(),
            frame=tuple(map(FrameRow, *(column.to_pylist() for column in frame.columns))),
            strata=tuple(StratumRow(**row) for row in self.tables["strata"].to_pylist()),
            triggers=tuple(TriggerRow(f"T{place}", each.uid, each.county) for place, each in enumerate(triggered)),
            roster=(),
            conflicts=(),
            policy=parse_policy_json(writing.policy_json(one)),
            context={},
            manifest_sha256="",
        )
        short = policy.counties[3], policy.counties[-1]
        nothing = replace(whole, policy=replace(whole.policy, capacity=dict.fromkeys(policy.counties, 0)))
        floors = {each.county: each.needed for each in floor_shortfalls(nothing.counts())}
        wanted: Counter[str] = Counter()
        for each in quota.due(whole.counts()):
            wanted[each.row.county] += each.target_e4 // 10_000 * each.level.on_site
        tight = {
            county: floors.get(county, 0) + max(wanted[county] * 3 // 4 - floors.get(county, 0), 0) for county in short
        }
        return replace(whole, policy=replace(whole.policy, capacity=whole.policy.capacity | tight))


def _table(**columns: Any) -> pa.Table:
    return pa.table(columns)
