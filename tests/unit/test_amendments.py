"""Replacements, late triggers and late conflicts: what each request changes, and what it must not (DRAW §5, §6)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from hashlib import sha256

import pytest

from supervision.amendments import Amended, DrawnRound, Post, Request, Unstaffed, amend, check_amended, requests_of
from supervision.draw.ceremony import Beacon, BeaconChoice
from supervision.draw.round_policy import Level, RoundPolicy, TaskPolicy
from supervision.draw.rows import ConflictRow, DrawnRow, InspectorRow, TriggerRow
from supervision.matching import AssignmentRow

ROUND = "YC-2026-10"
KEY = "0" * 32


def task(team: int = 2, specialty: str | None = None) -> TaskPolicy:
    levels = {"A": Level(False, 100, "unbiased", 0, 0, 0, 0), "C": Level(True, 1000, "at_least", 0, 0, 0, 0)}
    return TaskPolicy(("enterprise",), (), 1, 0, 9, "2026-11-30", team, specialty, levels)


POLICY = RoundPolicy(
    year=2026,
    phase_salt="0" * 64,
    types=("enterprise",),
    fields=(),
    reasons=(),
    beacon=Beacon(BeaconChoice("kl8", "2026300"), "2026-10-01T00:00:00+08:00", BeaconChoice("kl8", "2026301")),
    capacity={"X": None, "Y": None},
    cut_order=("A", "C"),
    tasks={"EQUIP": task(specialty="lift"), "GEN": task()},
)


def drawn(code: str, rank: int, uid: str, stratum: str = "C", county: str = "X") -> DrawnRow:
    return DrawnRow(code, county, stratum, rank, uid, "0" * 64, 20_000)


def person(
    name: str, cap: int = 9, county: str = "X", specialties: tuple[str, ...] = (), until: str = "2030-01-01"
) -> InspectorRow:
    return InspectorRow(name, county, specialties, 10, cap, until)


def team(uid: str, lead: str, member: str) -> tuple[AssignmentRow, AssignmentRow]:
    return AssignmentRow(uid, lead, "lead"), AssignmentRow(uid, member, "member")


BASE = DrawnRound(
    round_id=ROUND,
    key=KEY,
    policy=POLICY,
    triggers=(TriggerRow("T1", "U9", "X"),),
    roster=(person("P1"), person("P2"), person("P3"), person("P4"), person("Y1", county="Y"), person("Y2", county="Y")),
    conflicts=(),
    drawn=(drawn("GEN", 1, "U1"), drawn("GEN", 2, "U2"), drawn("GEN", 1, "A1", "A")),
    reserve=(drawn("GEN", 4, "U4"), drawn("GEN", 3, "U3"), drawn("GEN", 2, "A2", "A")),
    assignment=(*team("U1", "P1", "P2"), *team("U2", "P1", "P2"), *team("U9", "P1", "P2")),
    county_of=dict.fromkeys(("U1", "U2", "U3", "U4", "U7", "U9", "A1", "A2"), "X") | {"U8": "Y"},
    unmet={},
)


def requests(*bodies: Mapping[str, str]) -> tuple[Request, ...]:
    entries = [
        {"number": n, "at": "2026-11-02T09:00:00+08:00", "kind": body["kind"], "body": {"round_id": ROUND, **body}}
        for n, body in enumerate(bodies, start=1)
    ]
    return requests_of(entries, ROUND)


def gone(uid: str, code: str = "GEN", reason: str = "deregistered", **changes: str) -> dict[str, str]:
    return {
        "kind": "replacement",
        "task": code,
        "uid": uid,
        "reason": reason,
        "evidence": "E1",
        "asked_by": "P1",
    } | changes


def late(uid: str, trigger_id: str = "L1", **changes: str) -> dict[str, str]:
    return {
        "kind": "late_trigger",
        "uid": uid,
        "trigger_id": trigger_id,
        "trigger_type": "TS",
        "evidence": "E2",
    } | changes


def conflict(name: str, uid: str) -> dict[str, str]:
    return {"kind": "late_conflict", "inspector_id": name, "uid": uid}


def amended(round_: DrawnRound, *bodies: Mapping[str, str]) -> Amended:
    """The round after the requests; whatever it is, the independent check finds no fault."""
    asked = requests(*bodies)
    result = amend(round_, asked)
    assert check_amended(round_, asked, result) == []
    return result


def teams(result: Amended) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for post in result.posts:
        found.setdefault(post.visit_uid, []).append(post.inspector_id)
    return found


def test_without_requests_the_round_is_what_was_drawn_and_matched() -> None:
    result = amended(BASE)
    assert result.decisions == ()
    assert {(p.visit_uid, p.inspector_id, p.role, p.request) for p in result.posts} == {
        (row.visit_uid, row.inspector_id, row.role, None) for row in BASE.assignment
    }


def test_replacements_take_the_next_ranks_in_the_order_of_the_ledger() -> None:
    result = amended(BASE, gone("U2"), gone("U1", reason="moved_out"))
    assert [(d.outcome, d.new_uid, d.rank) for d in result.decisions] == [
        ("new_visit", "U3", 3),
        ("new_visit", "U4", 4),
    ]
    stands = {s.row.uid: (s.from_reserve, s.request, s.replaced_reason, s.replaced_by) for s in result.standing}
    assert stands["U1"] == (False, None, "moved_out", "U4")
    assert stands["U3"] == (True, 1, None, None)
    assert {"U1", "U2"}.isdisjoint(teams(result))  # nobody goes to a firm that is struck off


def test_one_who_came_as_a_replacement_can_be_replaced_himself_until_the_reserve_is_exhausted() -> None:
    result = amended(BASE, gone("U1"), gone("U3"), gone("U4"))
    assert [(d.outcome, d.new_uid) for d in result.decisions] == [
        ("new_visit", "U3"), ("new_visit", "U4"), ("reserve_exhausted", None),
    ]  # fmt: skip
    assert "候补名单已用尽" in str(result.decisions[2].why)
    assert "U4" not in teams(result)


def test_a_rank_already_visited_is_consumed_without_a_new_visit() -> None:
    reserve = (drawn("GEN", 3, "U9"), drawn("GEN", 4, "U4"))  # U9 is visited for a trigger
    result = amended(replace(BASE, reserve=reserve), gone("U1"), gone("U2"))
    joined, other = result.decisions
    assert (joined.outcome, joined.new_uid, joined.team) == ("joined_visit", "U9", ("P1", "P2"))
    assert other.new_uid == "U4"
    assert sorted(teams(result)) == ["U4", "U9"]


def test_a_consumed_rank_gets_the_specialist_that_its_team_lacks() -> None:
    lifts = replace(
        BASE,
        drawn=(*BASE.drawn, drawn("EQUIP", 1, "E1")),
        reserve=(drawn("EQUIP", 2, "U1"),),
        roster=(*BASE.roster, person("S1", specialties=("lift",)), person("S2", cap=0, specialties=("lift",))),
        assignment=(*BASE.assignment, *team("E1", "S1", "P3")),
        county_of={**BASE.county_of, "E1": "X"},
    )
    result = amended(lifts, gone("E1", "EQUIP"))
    assert (result.decisions[0].outcome, teams(result)["U1"]) == ("joined_visit", ["P1", "P2", "S1"])
    assert [p.role for p in result.posts if p.visit_uid == "U1"] == ["lead", "member", "expert"]
    nobody = replace(lifts, conflicts=(ConflictRow("S1", "U1"),))
    result = amended(nobody, gone("E1", "EQUIP"))
    assert (result.decisions[0].outcome, teams(result)["U1"]) == ("unassignable", ["P1", "P2"])
    assert [item.visit_uid for item in result.unstaffed] == ["U1.lift"]


def test_not_found_keeps_its_visit_and_the_replacement_is_additional() -> None:
    result = amended(BASE, gone("U1", reason="not_found"))
    assert teams(result)["U1"] == ["P1", "P2"] and "U3" in teams(result)
    full = replace(BASE, roster=(person("P1", 3), person("P2", 3)))
    assert amended(full, gone("U1", reason="not_found")).decisions[0].outcome == "unassignable"
    assert amended(full, gone("U1", reason="moved_out")).decisions[0].outcome == "new_visit"  # its people are free


def test_a_visit_that_has_another_reason_stays_when_one_task_falls_out() -> None:
    also = replace(BASE, triggers=(*BASE.triggers, TriggerRow("T2", "U1", "X")))
    assert teams(amended(also, gone("U1")))["U1"] == ["P1", "P2"]


def test_an_off_site_check_is_replaced_without_people() -> None:
    result = amended(BASE, gone("A1"))
    assert (result.decisions[0].outcome, result.decisions[0].new_uid, result.decisions[0].team) == (
        "off_site",
        "A2",
        (),
    )


@pytest.mark.parametrize(
    ("bodies", "why"),
    [
        ([gone("U7")], "未在这项任务中抽中"),
        ([gone("U1", "EQUIP")], "未在这项任务中抽中"),
        ([gone("U1"), gone("U1")], "已经替换过"),
        ([gone("U1", reason="closed for lunch")], "只能是注销、迁出、查无"),
        ([gone("U1", evidence=" ")], "须附证据"),
        ([gone("U1", asked_by="")], "申请的人员"),
        ([late("U7", "T1")], "已在本批次中"),
        ([late("U7"), late("U8", "L1")], "已在本批次中"),
        ([late("U7", "")], "不能为空"),
        ([late("U7", trigger_type="XX")], "触发类型只能是"),
        ([late("U7", evidence="")], "须附证据"),
        ([late("U6")], "不在本批次冻结的检查对象名录"),
        ([conflict("P9", "U1")], "不在本批次的检查人员名录"),
        ([conflict("P1", "U6")], "不在本批次冻结的检查对象名录"),
        ([conflict("P1", "U1"), conflict("P1", "U1")], "已经登记"),
        ([{"kind": "bribe", "uid": "U1"}], "没有这一类申请"),
    ],
)
def test_a_refused_request_says_why_and_changes_nothing(bodies: list[dict[str, str]], why: str) -> None:
    result = amended(BASE, *bodies)
    assert result.decisions[-1].outcome == "refused" and why in str(result.decisions[-1].why)
    before = amended(BASE, *bodies[:-1])
    assert (result.standing, result.posts, result.unstaffed) == (before.standing, before.posts, before.unstaffed)


def pair(uid: str, name: str) -> str:
    return sha256(f"{KEY}|pair|{uid}|{name}".encode()).hexdigest()


def test_a_late_trigger_takes_those_of_the_lowest_load_ties_by_their_hash() -> None:
    result = amended(BASE, late("U7"), late("U8", "L2"), late("U9", "L3"))
    assert teams(result)["U7"] == ["P3", "P4"]  # P1 and P2 have three visits each
    lead = min(("P3", "P4"), key=lambda name: pair("U7", name))
    assert result.decisions[0].team[0] == lead
    assert teams(result)["U8"] == ["Y1", "Y2"]  # of its own county only
    assert (result.decisions[2].outcome, result.decisions[2].team) == ("joined_visit", ("P1", "P2"))
    alone = replace(BASE, roster=(*BASE.roster[:2], *(person(f"Q{n}") for n in range(6))))
    expected = sorted(sorted((f"Q{n}" for n in range(6)), key=lambda name: pair("U7", name))[:2])
    assert teams(amended(alone, late("U7")))["U7"] == expected


@pytest.mark.parametrize(
    "others",
    [
        (),
        (person("P3", cap=0), person("P4", cap=0)),
        (person("P3", until="2026-11-29"), person("P4", until="2026-11-29")),
        (person("P3"),),
    ],
    ids=["nobody", "at their cap", "licence ends", "one only"],
)
def test_nobody_found_is_unassignable_and_nobody_is_moved(others: tuple[InspectorRow, ...]) -> None:
    short = replace(BASE, roster=(person("P1", 3), person("P2", 3), *others))
    result = amended(short, late("U7"))
    assert result.decisions[0].outcome == "unassignable"
    assert "X 没有足够的可派检查人员" in str(result.decisions[0].why)
    assert [item.visit_uid for item in result.unstaffed] == ["U7"]
    assert teams(result) == teams(amended(short))


def test_a_late_conflict_exchanges_that_person_in_that_team_only() -> None:
    result = amended(BASE, conflict("P1", "U1"))
    [decision] = result.decisions
    new = min(("P3", "P4"), key=lambda name: pair("U1", name))
    assert (decision.outcome, decision.former_lead, decision.team) == ("team_changed", "P1", (new, "P2"))
    assert teams(result)["U2"] == ["P1", "P2"]
    assert [(p.inspector_id, p.role, p.request) for p in result.posts if p.visit_uid == "U1"] == [
        ("P2", "member", None), (new, "lead", 1),
    ]  # fmt: skip


def test_who_comes_holds_what_only_the_leaver_held() -> None:
    lifts = replace(
        BASE,
        drawn=(*BASE.drawn, drawn("EQUIP", 1, "E1")),
        roster=(*BASE.roster, person("S1", specialties=("lift",)), person("S2", specialties=("lift",))),
        assignment=(*BASE.assignment, *team("E1", "S1", "P3")),
        county_of={**BASE.county_of, "E1": "X"},
    )
    assert teams(amended(lifts, conflict("S1", "E1")))["E1"] == ["P3", "S2"]
    alone = replace(lifts, roster=lifts.roster[:-1])
    result = amended(alone, conflict("S1", "E1"))
    assert (result.decisions[0].outcome, [item.visit_uid for item in result.unstaffed]) == ("unassignable", ["E1"])
    assert "持 lift 专长" in str(result.decisions[0].why)


def test_a_late_conflict_with_nobody_free_leaves_the_visit_without_a_team() -> None:
    short = replace(BASE, roster=(person("P1"), person("P2"), person("P3", cap=0)))
    result = amended(short, conflict("P2", "U1"))
    assert result.decisions[0].outcome == "unassignable"
    assert "U1" not in teams(result) and [item.uid for item in result.unstaffed] == ["U1"]


def test_a_conflict_of_one_who_does_not_go_is_kept_for_later() -> None:
    result = amended(BASE, conflict("P3", "U7"), late("U7"))
    assert result.decisions[0].outcome == "recorded"
    assert "P3" not in teams(result)["U7"] and len(teams(result)["U7"]) == 2


def test_a_visit_without_a_team_is_tried_again_when_it_is_asked_for() -> None:
    without = replace(BASE, assignment=BASE.assignment[2:], unmet={"U1": "当时无人"})
    assert [(item.visit_uid, item.reason) for item in amended(without).unstaffed] == [("U1", "当时无人")]
    result = amended(without, late("U1"))
    assert (result.decisions[0].outcome, result.unstaffed) == ("joined_visit", ())


def test_requests_of_other_rounds_are_not_looked_at() -> None:
    entry = {"number": 1, "at": "", "kind": "replacement", "body": {"round_id": "YC-2026-11", **gone("U1")}}
    assert requests_of([entry], ROUND) == ()


def swap(result: Amended, old: str, new: str, visit: str = "U3") -> Amended:
    posts = tuple(
        replace(p, inspector_id=new) if (p.visit_uid, p.inspector_id) == (visit, old) else p for p in result.posts
    )
    return replace(result, posts=posts)


FORGED: list[tuple[str, Callable[[Amended], Amended]]] = [
    ("不是候补名单的下一名", lambda a: replace(a, decisions=(replace(a.decisions[0], new_uid="U4", rank=4),))),
    ("一一对应", lambda a: replace(a, decisions=())),
    ("现行名单", lambda a: replace(a, standing=a.standing[:-1])),
    ("应当检查而没有着落", lambda a: replace(a, posts=tuple(p for p in a.posts if p.visit_uid != "U3"))),
    ("不必检查而仍派了人", lambda a: replace(a, posts=(*a.posts, Post("U8", "Y1", "lead", 1)))),
    ("不在当地名录", lambda a: swap(a, a.posts[-3].inspector_id, "Y1", a.posts[-3].visit_uid)),
    ("正好有一名主办", lambda a: replace(a, posts=tuple(replace(p, role="member") for p in a.posts))),
    ("没有申请依据", lambda a: replace(a, posts=tuple(replace(p, request=None) for p in a.posts))),
    ("被换下", lambda a: replace(a, posts=tuple(p for p in a.posts if (p.visit_uid, p.inspector_id) != ("U2", "P2")))),
    (
        "既没有够格的检查组",
        lambda a: replace(a, posts=tuple(p for p in a.posts if p.visit_uid != "U3" or p.role == "lead")),
    ),
]


@pytest.mark.parametrize(("fault", "forge"), FORGED, ids=[fault for fault, _ in FORGED])
def test_the_check_finds_what_the_rules_would_not_do(fault: str, forge: Callable[[Amended], Amended]) -> None:
    asked = requests(gone("U1"))
    good = amend(BASE, asked)
    assert check_amended(BASE, asked, good) == []
    assert fault in "".join(check_amended(BASE, asked, forge(good)))


def test_the_check_finds_a_conflict_and_a_load_above_its_cap() -> None:
    asked = requests(conflict("P1", "U1"))
    good = amend(BASE, asked)
    came = next(p.inspector_id for p in good.posts if p.request == 1)
    assert "应当回避" in "".join(check_amended(BASE, asked, swap(good, came, "P1", "U1")))
    tight = replace(BASE, roster=(person("P1", 2), *BASE.roster[1:]))
    assert "超过上限 2" in "".join(check_amended(tight, (), amend(tight, ())))
    unlisted = replace(good, unstaffed=(Unstaffed("U2", "U2", "X", "-"),))
    assert "二者只居其一" in "".join(check_amended(BASE, asked, unlisted))


@pytest.mark.parametrize("trigger_id", ["V.YC-2026-09.1", "v.1"])
def test_the_names_of_a_voided_rounds_triggers_are_reserved(trigger_id: str) -> None:
    [decision] = amended(BASE, late("U7", trigger_id)).decisions
    assert decision.outcome == "refused" and "作废批次" in str(decision.why)
    assert amended(BASE, late("U7", "V1")).decisions[0].outcome == "new_visit"
