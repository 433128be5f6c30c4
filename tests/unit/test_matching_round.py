"""From a drawn round to assignment.csv, and the independent check of any assignment."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from supervision.canonical import parse_csv
from supervision.draw.committed import EIGHT, parse_committed
from supervision.draw.round_policy import Level, RoundPolicy, TaskPolicy
from supervision.draw.rows import DrawnRow, InspectorRow, TriggerRow
from supervision.draw.selection import draw
from supervision.matching import (
    ASSIGNMENT,
    Assignment,
    AssignmentRow,
    Inspector,
    MatchingError,
    Unassignable,
    Visit,
    assign,
    check_assignment,
    inspectors_of,
    match,
    visits_of,
)

GOLDEN = Path(__file__).resolve().parents[1] / "golden"


def level(on_site: bool) -> Level:
    return Level(on_site, 1000, "unbiased", 0, 0, 0, 0)


def task(*, end: str | None, team: int = 2, specialty: str | None = None, on_site: bool = True) -> TaskPolicy:
    levels = {"A": level(False), "B": level(on_site)}
    return TaskPolicy(("enterprise",), (), 1, 0, 9, end, team, specialty, levels)


@pytest.fixture
def policy() -> RoundPolicy:
    files = {name: (GOLDEN / "draw_example_1" / name).read_bytes() for name in EIGHT}
    tasks = {
        "FOOD": task(end="2026-12-31", specialty="food"),
        "GEN": task(end="2026-11-30"),
        "LIFT": task(end="2026-10-31", team=3, specialty="lift"),
    }
    return replace(parse_committed(files).policy, tasks=tasks)


def drawn(code: str, uid: str, stratum: str = "B", county: str = "X") -> DrawnRow:
    return DrawnRow(code, county, stratum, 1, uid, "0" * 64, 10_000)


def test_visits_merge_triggers_and_on_site_draws(policy: RoundPolicy) -> None:
    triggers = [TriggerRow("T1", "U9", "Y"), TriggerRow("T2", "U2", "X"), TriggerRow("T3", "U9", "Y")]
    rows = [
        drawn("LIFT", "U1"),
        drawn("GEN", "U1"),
        drawn("FOOD", "U1", "A"),
        drawn("GEN", "U2"),
        drawn("GEN", "U3", "A"),
    ]
    assert visits_of(policy, triggers, rows) == (
        Visit("U1", "X", 3, ("lift",), "2026-11-30"),
        Visit("U2", "X", 2, (), "2026-11-30"),
        Visit("U9", "Y", 2, (), "2026-12-31"),
    )
    both = visits_of(policy, [], [drawn("LIFT", "U1"), drawn("FOOD", "U1")])
    assert both == (Visit("U1", "X", 3, ("food", "lift"), "2026-12-31"),)
    open_ended = replace(policy, tasks={"GEN": task(end=None)})
    assert visits_of(open_ended, [], [drawn("GEN", "U1")])[0].valid_to == "2026-12-31"
    with pytest.raises(MatchingError, match="U1"):
        visits_of(policy, [TriggerRow("T1", "U1", "Y")], rows)


def test_roster_becomes_inspectors() -> None:
    row = InspectorRow("I1", "140802", ("food", "lift"), 10, 30, "2027-12-31")
    assert inspectors_of([row]) == (Inspector("I1", ("140802",), ("food", "lift"), 30, "2027-12-31"),)


@pytest.mark.parametrize("name", ["draw_example_1", "draw_example_2"])
def test_published_round_gets_its_teams(name: str) -> None:
    """The vectors of the draw, matched: every visit has a full team, and the rows are canonical."""
    folder = GOLDEN / name
    committed = parse_committed({file: (folder / file).read_bytes() for file in EIGHT})
    key = json.loads((folder / "certificate.json").read_text(encoding="utf-8"))["key"]
    result = draw(committed, key)
    assignment = assign(key, committed, result.drawn)
    on_site = {r.uid for r in result.drawn if committed.policy.tasks[r.task].levels[r.stratum].on_site}
    assert {row.visit_uid for row in assignment.rows} == on_site | {row.uid for row in committed.triggers}
    assert assignment.unassignable == ()
    rows = parse_csv("assignment.csv", assignment.assignment_csv, ASSIGNMENT)
    assert rows == sorted(rows) and len(rows) == len(assignment.rows)
    barred = {(row.inspector_id, row.uid) for row in committed.conflicts}
    assert barred.isdisjoint((inspector, uid) for uid, inspector, _ in rows)


VISITS = [Visit("U0", "X", 2, ("f",), "2026-12-31"), Visit("U1", "X", 2, (), "2026-12-31")]
PEOPLE = [
    Inspector("S", ("X",), ("f",), 2, "2026-12-31"),
    Inspector("G", ("X",), (), 2, "2026-12-31"),
    Inspector("H", ("X",), (), 1, "2026-12-31"),
    Inspector("Y", ("Y",), ("f",), 9, "2026-12-31"),
    Inspector("E", ("X",), (), 9, "2026-12-30"),
]
BARRED = {("H", "U0")}
GOOD = (
    AssignmentRow("U0", "G", "member"),
    AssignmentRow("U0", "S", "lead"),
    AssignmentRow("U1", "G", "lead"),
    AssignmentRow("U1", "H", "member"),
)
OPEN = Unassignable("U1", "U1", "X", None, (), "没有人")


def with_first(inspector_id: str) -> tuple[AssignmentRow, ...]:
    return (replace(GOOD[0], inspector_id=inspector_id), *GOOD[1:])


def test_check_accepts_a_good_assignment() -> None:
    assert check_assignment(Assignment(GOOD, ()), VISITS, PEOPLE, BARRED) == []
    assert check_assignment(Assignment(GOOD[:2], (OPEN,)), VISITS, PEOPLE, BARRED) == []


@pytest.mark.parametrize(
    ("assignment", "said"),
    [
        (Assignment(GOOD[:3], ()), "U1 应有 2 名不同的检查人员"),
        (Assignment((*GOOD, AssignmentRow("U1", "S", "member")), ()), "U1 应有 2 名不同的检查人员"),
        (Assignment(with_first("S"), ()), "U0 应有 2 名不同的检查人员"),
        (Assignment(with_first("H"), ()), "H 应当回避"),
        (Assignment(with_first("Y"), ()), "Y 不在 X 的名录内"),
        (Assignment(with_first("Z"), ()), "Z 不在 X 的名录内"),
        (Assignment(with_first("E"), ()), "E 的执法证在 2026-12-31 之前到期"),
        (Assignment((GOOD[0], replace(GOOD[1], inspector_id="E"), *GOOD[2:]), ()), "U0 的检查组中无人持 f 专长"),
        (Assignment((replace(GOOD[0], role="lead"), *GOOD[1:]), ()), "U0 应正好有一名主办"),
        (Assignment((*GOOD[:2], replace(GOOD[2], role="member"), GOOD[3]), ()), "U1 应正好有一名主办"),
        (Assignment(GOOD[:2], ()), "U1 须要么有检查组"),
        (Assignment(GOOD, (OPEN,)), "U1 须要么有检查组"),
        (Assignment((*GOOD, AssignmentRow("U7", "S", "lead")), ()), "U7 不在本批次之内"),
        (Assignment(tuple(replace(r, visit_uid=f"{r.visit_uid}.f") for r in GOOD), ()), "U1.f 不在本批次之内"),
    ],
)
def test_check_finds(assignment: Assignment, said: str) -> None:
    faults = check_assignment(assignment, VISITS, PEOPLE, BARRED)
    assert any(said in fault for fault in faults), faults


def test_check_counts_loads() -> None:
    tired = [replace(p, load_cap=1) if p.inspector_id == "G" else p for p in PEOPLE]
    assert check_assignment(Assignment(GOOD, ()), VISITS, tired, BARRED) == ["人员 G 承担 2 户次，超过上限 1。"]


def test_check_asks_for_every_part_of_a_split_visit() -> None:
    wanted = [Visit("U0", "X", 2, ("f", "g"), "2026-12-31")]
    rows = (AssignmentRow("U0.f", "G", "member"), AssignmentRow("U0.f", "S", "lead"))
    part = Unassignable("U0.g", "U0", "X", "g", (), "没有人")
    assert check_assignment(Assignment(rows, (part,)), wanted, PEOPLE, ()) == []
    assert check_assignment(Assignment(rows, ()), wanted, PEOPLE, ()) == [
        "户次 U0.g 须要么有检查组，要么列为无法派人，二者只居其一。"
    ]
    assert match("k", wanted, PEOPLE, ()).unassignable[0].visit_uid == "U0.g"


def test_check_says_the_same_each_time() -> None:
    rows = tuple(AssignmentRow(f"V{i}", "S", "lead") for i in range(9))
    faults = check_assignment(Assignment(rows, ()), [], [replace(PEOPLE[0], load_cap=9)], ())
    assert faults == [f"户次 V{i} 不在本批次之内。" for i in range(9)]
