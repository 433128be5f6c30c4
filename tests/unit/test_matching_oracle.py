"""The matching is complete whenever CP-SAT finds a full assignment (DRAW.md §6, §8): rounds too large to try every team.

Here: random rounds with teams of 2 to 4 and at most one specialty per visit, half of them just possible, half just short.
Not here: small rounds by trying every team (test_matching), which people come (test_matching_reference).
"""

from __future__ import annotations

import random
from collections import Counter

import pytest
from ortools.sat.python import cp_model

from supervision.matching import Inspector, Visit, check_assignment, match
from tests.unit.test_matching import END, PAST, Conflicts

Round = tuple[list[Visit], list[Inspector], set[tuple[str, str]]]


def full_assignment_exists(visits: list[Visit], inspectors: list[Inspector], conflicts: Conflicts) -> bool:
    """The rules of §6 as constraints; the solver has no limit of time, so that its answer is a proof."""
    model = cp_model.CpModel()
    goes: dict[tuple[str, str], cp_model.IntVar] = {
        (person.inspector_id, visit.uid): model.new_bool_var("")
        for person in inspectors
        for visit in visits
        if visit.county in person.counties
        and person.valid_until >= visit.valid_to
        and (person.inspector_id, visit.uid) not in conflicts
    }
    for visit in visits:
        model.add(sum(goes.get((p.inspector_id, visit.uid), 0) for p in inspectors) == visit.team_size)
        for name in visit.specialties:
            holders = (p.inspector_id for p in inspectors if name in p.specialties)
            model.add(sum(goes.get((who, visit.uid), 0) for who in holders) >= 1)
    for person in inspectors:
        model.add(sum(goes.get((person.inspector_id, v.uid), 0) for v in visits) <= person.load_cap)
    solver = cp_model.CpSolver()
    solver.parameters.num_workers = 1
    status = solver.solve(model)
    assert status in (cp_model.OPTIMAL, cp_model.FEASIBLE, cp_model.INFEASIBLE)
    return status != cp_model.INFEASIBLE


def tight_round(rng: random.Random) -> Round:
    """A round that a hidden assignment serves in full, nobody having a visit to spare; then one place may be taken away."""
    fields = ["f", "g", "h"][: rng.randint(1, 3)]
    inspectors = [
        Inspector(
            f"I{i}",
            rng.choice([("X",), ("X",), ("Y",), ("X", "Y")]),
            tuple(sorted(field for field in fields if rng.random() < 0.4)),
            0,
            rng.choice([END, END, PAST]),
        )
        for i in range(rng.randint(8, 16))
    ]
    loads: Counter[str] = Counter()
    visits: list[Visit] = []
    conflicts: set[tuple[str, str]] = set()
    for i in range(rng.randint(10, 30)):
        county, valid_to = rng.choice("XXY"), rng.choice([END, PAST])
        able = [p for p in inspectors if county in p.counties and p.valid_until >= valid_to and rng.random() < 0.8]
        size = rng.choice([2, 2, 3, 4])
        if len(able) < size:
            continue
        team = rng.sample(able, size)
        held = sorted({name for p in team for name in p.specialties})
        specialties = tuple(rng.sample(held, min(len(held), rng.choice([0, 1, 1, 1]))))
        visits.append(Visit(f"U{i}", county, size, specialties, valid_to))
        loads.update(p.inspector_id for p in team)
        conflicts |= {(p.inspector_id, f"U{i}") for p in inspectors if p not in able}
    caps = {p.inspector_id: loads[p.inspector_id] for p in inspectors}
    if rng.random() < 0.5:  # one visit taken from somebody, perhaps given to another
        busy, other = rng.choice(sorted(loads)), rng.choice(sorted(caps))
        caps[busy] -= 1
        caps[other] += rng.choice([0, 1, 2])
    return visits, [Inspector(p.inspector_id, p.counties, p.specialties, caps[p.inspector_id], p.valid_until)
                    for p in inspectors], conflicts  # fmt: skip


@pytest.mark.parametrize("block", range(4))
def test_complete_whenever_the_solver_finds_a_full_assignment(block: int, rounds: int = 60) -> None:
    outcomes: Counter[tuple[bool, bool]] = Counter()
    for seed in range(block * rounds, (block + 1) * rounds):
        visits, inspectors, conflicts = tight_round(random.Random(seed))
        assignment = match(f"key{seed}", visits, inspectors, conflicts)
        exists = full_assignment_exists(visits, inspectors, conflicts)
        outcomes[exists, not assignment.unassignable] += 1
        assert exists == (not assignment.unassignable), seed
        assert check_assignment(assignment, visits, inspectors, conflicts) == [], seed
    assert min(outcomes[True, True], outcomes[False, False]) > rounds // 10, outcomes
