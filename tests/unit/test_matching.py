"""Matching of inspectors: complete whenever a full assignment exists, fair, the same for everyone (DRAW.md §6, §8)."""

from __future__ import annotations

import itertools
import random
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from hashlib import sha256

import pytest

from supervision.matching import Assignment, Inspector, MatchingError, Visit, check_assignment, match

Conflicts = Collection[tuple[str, str]]
END, PAST = "2026-12-31", "2026-12-30"


def person(
    name: str, *specialties: str, cap: int = 9, counties: tuple[str, ...] = ("X",), until: str = END
) -> Inspector:
    return Inspector(name, counties, specialties, cap, until)


def visit(uid: str, *specialties: str, team: int = 2, county: str = "X") -> Visit:
    return Visit(uid, county, team, specialties, END)


def teams(assignment: Assignment) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for row in assignment.rows:
        found.setdefault(row.visit_uid, set()).add(row.inspector_id)
    return found


def roles(assignment: Assignment, visit_uid: str) -> dict[str, str]:
    return {row.inspector_id: row.role for row in assignment.rows if row.visit_uid == visit_uid}


def case(
    rng: random.Random, *, one_specialty: bool = True
) -> tuple[list[Visit], list[Inspector], set[tuple[str, str]]]:
    """A small round, often just short of people."""
    fields = ["f"] if rng.random() < 0.5 else ["f", "g"]
    inspectors = [
        Inspector(
            f"I{i}",
            tuple(sorted(rng.sample(["X", "Y"], rng.choice([1, 1, 2])))),
            tuple(sorted(field for field in fields if rng.random() < 0.6)),
            rng.choice([0, 1, 2, 2, 3, 4]),
            rng.choice([END] * 9 + [PAST]),
        )
        for i in range(rng.randint(3, 6))
    ]
    visits = []
    for i in range(rng.randint(1, 5)):
        wanted = rng.sample(fields, 1) if one_specialty else rng.sample(fields, rng.randint(0, len(fields)))
        specialties = tuple(sorted(wanted)) if rng.random() < 0.75 else ()
        visits.append(Visit(f"U{i}", rng.choice("XXXY"), rng.choice([2, 2, 2, 3, 4]), specialties, END))
    conflicts = {(p.inspector_id, v.uid) for p in inspectors for v in visits if rng.random() < 0.08}
    return visits, inspectors, conflicts


def possible_teams(
    wanted: Visit, inspectors: Sequence[Inspector], conflicts: Conflicts
) -> Iterator[tuple[Inspector, ...]]:
    allowed = [
        p
        for p in inspectors
        if wanted.county in p.counties
        and p.valid_until >= wanted.valid_to
        and (p.inspector_id, wanted.uid) not in conflicts
    ]
    for team in itertools.combinations(allowed, wanted.team_size):
        if set(wanted.specialties) <= {name for p in team for name in p.specialties}:
            yield team


def full_assignment_exists(visits: Sequence[Visit], inspectors: Sequence[Inspector], conflicts: Conflicts) -> bool:
    """By trying every combination of teams: shares nothing with the matching."""
    options = sorted((list(possible_teams(v, inspectors, conflicts)) for v in visits), key=len)

    def place(index: int, left: dict[str, int]) -> bool:
        if index == len(options):
            return True
        for team in options[index]:
            if all(left[p.inspector_id] > 0 for p in team):
                spent = {p.inspector_id: left[p.inspector_id] - 1 for p in team}
                if place(index + 1, left | spent):
                    return True
        return False

    return place(0, {p.inspector_id: p.load_cap for p in inspectors})


def test_complete_whenever_a_full_assignment_exists(seeds: int = 2500) -> None:
    outcomes: Counter[tuple[bool, bool]] = Counter()
    for seed in range(seeds):
        visits, inspectors, conflicts = case(random.Random(seed))
        assignment = match(f"key{seed}", visits, inspectors, conflicts)
        exists = full_assignment_exists(visits, inspectors, conflicts)
        outcomes[exists, not assignment.unassignable] += 1
        assert exists == (not assignment.unassignable), seed
        assert check_assignment(assignment, visits, inspectors, conflicts) == [], seed
    assert min(outcomes[True, True], outcomes[False, False]) > 300, outcomes


def test_several_specialties_keep_every_rule() -> None:
    """No promise of completeness here, but never a wrong team, and a merged visit that can be served alone is."""
    served = split = 0
    for seed in range(1500):
        visits, inspectors, conflicts = case(random.Random(seed), one_specialty=False)
        assignment = match(f"key{seed}", visits, inspectors, conflicts)
        assert check_assignment(assignment, visits, inspectors, conflicts) == [], seed
        split += any("." in row.visit_uid for row in assignment.rows)
        alone = match(f"key{seed}", visits[:1], inspectors, conflicts)
        if full_assignment_exists(visits[:1], inspectors, conflicts):
            served += 1
            assert teams(alone).keys() == {visits[0].uid}, seed
    assert served > 300 and split > 20, (served, split)


def test_order_of_what_is_given_changes_nothing() -> None:
    for seed in range(40):
        rng = random.Random(seed)
        visits, inspectors, conflicts = case(rng, one_specialty=False)
        given = match("key", visits, inspectors, conflicts)
        rng.shuffle(visits)
        rng.shuffle(inspectors)
        assert match("key", visits, inspectors, sorted(conflicts, reverse=True)) == given


def plain_matching(key: str, visits: Sequence[Visit], inspectors: Sequence[Inspector]) -> dict[str, set[str]]:
    """§6 where nobody reaches his cap, one county, no conflict: read off the text."""

    def digest(*parts: str) -> str:
        return sha256("|".join((key, *parts)).encode()).hexdigest()

    load = {p.inspector_id: 0 for p in inspectors}
    found: dict[str, set[str]] = {v.uid: set() for v in visits}
    ordered = sorted(visits, key=lambda v: digest("visit", v.uid))
    for first_pass in (True, False):
        for v in ordered:
            for _ in range(len(v.specialties) if first_pass else v.team_size - len(found[v.uid])):
                able = [p.inspector_id for p in inspectors if not first_pass or v.specialties[0] in p.specialties]
                able = [name for name in able if name not in found[v.uid]]
                name = min(able, key=lambda name: (load[name], digest("pair", v.uid, name)))
                found[v.uid].add(name)
                load[name] += 1
    return found


def test_lowest_load_then_pair_order() -> None:
    inspectors = [person(f"I{i}", *(["f"] if i % 3 == 0 else [])) for i in range(9)]
    visits = [visit(f"U{i}", *(["f"] if i % 2 else []), team=2 + i % 2) for i in range(8)]
    for key in ("a", "b", "c"):
        assert teams(match(key, visits, inspectors, ())) == plain_matching(key, visits, inspectors)


def test_everyone_is_equally_likely(keys: int = 3000) -> None:
    """Alike inspectors are chosen alike over the keys: specialists among themselves, the others among themselves."""
    inspectors = [person(f"S{i}", "f") for i in range(4)] + [person(f"G{i}") for i in range(6)]
    visits = [visit("U0", "f"), visit("U1", "f"), visit("U2")]
    chosen = Counter(row.inspector_id for k in range(keys) for row in match(str(k), visits, inspectors, ()).rows)
    for group, size in (("S", 4), ("G", 6)):
        counts = [chosen[f"{group}{i}"] for i in range(size)]
        mean = sum(counts) / size
        chance = mean / keys
        assert all(abs(count - mean) < 4.5 * (keys * chance * (1 - chance)) ** 0.5 for count in counts), counts


def test_loads_are_level() -> None:
    inspectors = [person(f"I{i}", cap=30) for i in range(7)]
    load = Counter(r.inspector_id for r in match("k", [visit(f"U{i}") for i in range(24)], inspectors, ()).rows)
    assert sorted(load.values()) == [6, 7, 7, 7, 7, 7, 7]


def test_the_shortest_augmenting_path_is_taken() -> None:
    """One-person visits: adding the last visit moves as few of the others as any full assignment would."""
    lengths: Counter[int] = Counter()
    for seed in range(900):
        rng = random.Random(seed)
        inspectors = [person(f"I{i}", cap=1) for i in range(5)]
        visits = [visit(f"U{i}", team=1) for i in range(5)]
        conflicts = {(p.inspector_id, v.uid) for p in inspectors for v in visits if rng.random() < 0.6}
        visits.sort(key=lambda v: sha256(f"k|visit|{v.uid}".encode()).hexdigest())
        before = match("k", visits[:-1], inspectors, conflicts)
        after = match("k", visits, inspectors, conflicts)
        if before.unassignable or after.unassignable:
            continue
        held, now = teams(before), teams(after)
        fewest = min(
            sum({name} != held[v.uid] for v, name in zip(visits[:-1], order, strict=False))
            for order in itertools.permutations([p.inspector_id for p in inspectors])
            if all((name, v.uid) not in conflicts for v, name in zip(visits, order, strict=True))
        )
        assert sum(now[uid] != team for uid, team in held.items()) == fewest, seed
        lengths[fewest] += 1
    assert lengths[1] > 5 and lengths[2] > 1, lengths


def test_specialist_is_freed_by_a_swap_within_the_team() -> None:
    """U0 can do without S1 only if the other specialist comes: the swap leaves a specialist."""
    inspectors = [person("S1", "f", cap=1), person("S2", "f", cap=1), person("G1", cap=1), person("G2", cap=1)]
    visits = [visit("U0", "f"), visit("U1", "f")]
    for key in map(str, range(20)):
        assignment = match(key, visits, inspectors, {("S2", "U1")})
        assert teams(assignment)["U0"] >= {"S2"} and teams(assignment)["U1"] >= {"S1"}


def test_roles() -> None:
    inspectors = [person("F", "f"), person("G", "g"), person("H"), person("FG", "f", "g", cap=0)]
    for key in map(str, range(10)):
        assignment = match(key, [visit("U0", "f", "g", team=3), visit("U1", "g"), visit("U2")], inspectors, ())
        merged = roles(assignment, "U0")
        assert merged["H"] == "member" and {merged["F"], merged["G"]} == {"lead", "expert"}
        assert roles(assignment, "U1")["G"] == "lead" and set(roles(assignment, "U1").values()) == {"lead", "member"}
        assert sorted(roles(assignment, "U2").values()) == ["lead", "member"]
        both = match(key, [visit("U3", "f")], [person("F", "f"), person("E", "f")], ())
        assert sorted(roles(both, "U3").values()) == ["lead", "member"]
        first = min(roles(assignment, "U2"), key=lambda name: sha256(f"{key}|pair|U2|{name}".encode()).hexdigest())
        assert roles(assignment, "U2")[first] == "lead"


def test_merged_visit_is_split_by_specialty() -> None:
    inspectors = [person("F", "f"), person("G", "g"), person("H", "h"), person("P")]
    assignment = match("k", [visit("U0", "f", "g", "h")], inspectors, ())
    assert teams(assignment).keys() == {"U0.f", "U0.g", "U0.h"} and not assignment.unassignable
    assert all(len(team) == 2 for team in teams(assignment).values())
    short = match("k", [visit("U0", "f", "g")], inspectors, {("G", "U0")})
    assert teams(short).keys() == {"U0.f"}
    assert [(u.visit_uid, u.uid, u.specialty, u.reached) for u in short.unassignable] == [("U0.g", "U0", "g", ())]


def test_failure_names_those_reached_in_vain() -> None:
    inspectors = [
        person("S", "f", cap=1),
        person("G", cap=3),
        person("Y", "f", counties=("Y",)),
        person("L", until=PAST),
    ]
    found = match("k", [visit("U0", "f"), visit("U1", "f"), visit("U2", "g"), visit("U3", county="Z")], inspectors, ())
    failed = {u.visit_uid: u for u in found.unassignable}
    assert failed.keys() - {"U0", "U1"} == {"U2", "U3"}
    (late,) = failed.keys() & {"U0", "U1"}
    assert failed[late].reached == ("S",) and failed[late].specialty == "f"
    assert "X 可派的持 f 专长的检查人员均已达上限且无法调换：S" in failed[late].reason
    assert failed["U2"].reached == () and "X 没有持 g 专长、可派的检查人员" in failed["U2"].reason
    assert failed["U3"].specialty is None and failed["U3"].reason.startswith("Z 没有足够的可派检查人员")
    alone = match("k", [visit("U0", "f")], inspectors[:1], ())
    assert alone.rows == () and alone.unassignable[0].specialty is None


def test_partial_teams_are_released() -> None:
    """Two visits of three cannot both be made by four places; the people of the failed one serve the next."""
    inspectors = [person(f"I{i}", cap=1) for i in range(4)]
    visits = sorted(
        (visit(f"U{i}", team=3) for i in range(2)), key=lambda v: sha256(f"k|visit|{v.uid}".encode()).hexdigest()
    )
    small = next(
        visit(f"V{i}", team=1)
        for i in itertools.count()
        if sha256(f"k|visit|V{i}".encode()).hexdigest() > sha256(f"k|visit|{visits[1].uid}".encode()).hexdigest()
    )
    found = match("k", [*visits, small], inspectors, ())
    assert {u: len(team) for u, team in teams(found).items()} == {visits[0].uid: 3, small.uid: 1}


@pytest.mark.parametrize("repeated", ["visit", "inspector"])
def test_repeated_input_is_refused(repeated: str) -> None:
    visits = [visit("U0")] * (2 if repeated == "visit" else 1)
    inspectors = [person("I0")] * (2 if repeated == "inspector" else 1)
    with pytest.raises(MatchingError, match="重复"):
        match("k", visits, inspectors, ())
