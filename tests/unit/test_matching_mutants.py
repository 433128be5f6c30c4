"""Wrong matchings and wrong checks that the tests of the matching must catch (DRAW.md §8: mutants are caught).

Here: one text of teams.py, visits.py or check.py replaced by a wrong one. Not here: what is right (test_matching_reference,
test_matching, test_matching_round), whose cases are asked again.
"""

from __future__ import annotations

import importlib.util
import random
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import chain
from pathlib import Path
from types import ModuleType

import pytest

from supervision.matching import Inspector, Visit, check_assignment
from supervision.matching import match as true_match
from tests.unit import test_matching as small
from tests.unit import test_matching_reference as second
from tests.unit import test_matching_round as checks

ROOM = Path(__file__).resolve().parents[2] / "supervision" / "matching"
Load = Callable[[str, str, str], ModuleType]

# right text, wrong text
TEAMS = [
    ("and (person.inspector_id, visit.uid) not in self._conflicts", ""),
    ("if person.valid_until >= visit.valid_to", "if True"),
    ("person.valid_until >= visit.valid_to", "person.valid_until > visit.valid_to"),
    ('_digest(self._key, "pair", visit.uid, person.inspector_id)', "person.inspector_id"),
    ('_digest(self._key, "pair", visit.uid, person.inspector_id)', '_digest(self._key, "pair", person.inspector_id)'),
    ('_digest(self._key, "pair", visit.uid,', '_digest("pair", visit.uid,'),
    ('_digest(self._key, "visit", visit.uid)', "visit.uid"),
    ("if self._load(person) < person.load_cap), key=self._load)", "if self._load(person) < person.load_cap))"),
    ("(person for person in people if self._load(person) < person.load_cap)", "people"),
    ("if self._load(person) < person.load_cap)", "if self._load(person) <= person.load_cap)"),
    ("if self._load(successor) < successor.load_cap:", "if self._load(successor) <= successor.load_cap:"),
    ("        return self._augment(post, wanted)\n", "        return tuple(sorted(p.inspector_id for p in wanted))\n"),
    ("specialty is None or specialty in person.specialties", "True"),
    ("            if post.present & holders == bit:\n                heirs &= holders\n", ""),
    ("            if post.present & holders == bit:\n", "            if bit & holders:\n"),
    ("post.able & ~post.present", "post.able"),
    ("                unreached &= ~heirs\n", ""),
    ("unreached = ~sum(self._bit[name] for name in came)", "unreached = -1"),
    ("other.present ^= self._bit[leaver.inspector_id]", "pass"),
    ("post.present |= self._bit[person.inspector_id]", "pass"),
    ("queue.popleft()", "queue.pop()"),
    ("key=lambda post: post.order):\n                if", "key=lambda post: post.visit_uid):\n                if"),
    ("if other is post or (", "if ("),
    ("(len(other.visit.specialties) > 1 and other in _path(came, person))", "False"),
    ("len(other.visit.specialties) > 1 and other in _path", "other in _path"),
    ("        self._release(post)\n        self._failed", "        self._failed"),
    ("                self._release(post)\n                return False", "                return False"),
    ("for _ in range(post.visit.team_size - len(post.team))", "for _ in range(2 - len(post.team))"),
    ("if len(post.visit.specialties) > 1:\n            if self._together(post):", "if False:\n            if False:"),
    ("if self._together(post):", "if False:"),
    ("found = self._cover(post, post.visit.specialties, post.visit.team_size)", "found = None"),
    ("[name for name in missing if name not in person.specialties]", "missing[1:]"),
    ("            held = any(name in person.specialties for person in post.team.values())", "            held = False"),
    ("for county in person.counties:", "for county in person.counties[:1]:"),
    ("teams = [post for post in staffed if self._second_pass(post)]", "teams = staffed"),
    (
        "staffed = [part for post in posts for part in self._first_pass(post)]\n"
        "        teams = [post for post in staffed if self._second_pass(post)]",
        "teams = [part for post in posts for part in self._first_pass(post) if self._second_pass(part)]",
    ),
]  # fmt: skip
CHECK = [
    ("len(set(names)) != len(names) or ", ""),
    (" or len(names) != visit.team_size", ""),
    (".count(LEAD) != 1", ".count(LEAD) > 1"),
    (".count(LEAD) != 1", ".count(LEAD) < 1"),
    ("person is None or visit.county not in person.counties", "person is None"),
    ("if person.valid_until < visit.valid_to:", "if False:"),
    ("if (name, visit.uid) in conflicts:", "if False:"),
    ("sorted(set(needed) - held)", "()"),
    ("if (visit_uid in teams) == (visit_uid in failed):", "if False:"),
    ("(visit_uid in teams) == (visit_uid in failed)", "visit_uid not in teams and visit_uid not in failed"),
    ("count > people[name].load_cap", "count > people[name].load_cap + 1"),
    ("for visit_uid in sorted(settled - known)", "for visit_uid in ()"),
    ("not settled.isdisjoint(parts)", "False"),
]
ROLES = [
    ("lead = (holders or team)[0]", "lead = team[0]"),
    ("if set(person.specialties) & set(post.visit.specialties)", "if person.specialties"),
    ("EXPERT if post.only_held_by(person) else MEMBER", "MEMBER"),
    ("- others", ""),
]


@pytest.fixture
def wrong(tmp_path: Path) -> Iterator[Load]:
    """Imports a copy of one file of supervision.matching with one text replaced."""
    name = "wrong_matching"

    def load(file: str, right: str, other: str) -> ModuleType:
        text = (ROOM / file).read_text(encoding="utf-8")
        assert text.count(right) == 1, f"{file}: {right!r} stands there {text.count(right)} times"
        (tmp_path / file).write_text(text.replace(right, other), encoding="utf-8")
        spec = importlib.util.spec_from_file_location(name, tmp_path / file)
        assert spec is not None and spec.loader is not None
        module = sys.modules[name] = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        return module

    yield load
    sys.modules.pop(name, None)


def rounds() -> Iterator[tuple[int, list[Visit], list[Inspector], set[tuple[str, str]]]]:
    for seed in chain(second.THE_VISIT_ITSELF_NEVER, second.A_MERGED_TEAM_ONCE, second.OTHER_TEAMS_TWICE):
        yield (seed, *second.merged_case(random.Random(seed)))
    for seed in range(400):
        visits, inspectors, conflicts = second.case(random.Random(seed))
        # case() lets every certificate run to the end: here each third visit asks for longer than every fifth person has
        visits = [replace(v, valid_to=small.PAST) if i % 3 else v for i, v in enumerate(visits)]
        inspectors = [replace(p, valid_until=small.PAST) if i % 5 == 0 else p for i, p in enumerate(inspectors)]
        yield seed, visits, inspectors, conflicts


def agrees(match: Callable[..., object], monkeypatch: pytest.MonkeyPatch) -> bool:
    monkeypatch.setattr(second, "match", match)
    try:
        for seed, visits, inspectors, conflicts in rounds():
            second.same(seed, visits, inspectors, conflicts)
    except (AssertionError, ArithmeticError, LookupError, RecursionError, TypeError, ValueError):
        return False
    return True


def test_the_right_matching_agrees(wrong: Load, monkeypatch: pytest.MonkeyPatch) -> None:
    assert agrees(wrong("teams.py", "def match(", "def match(").match, monkeypatch)


@pytest.mark.parametrize(("right", "other"), TEAMS)
def test_a_wrong_matching_is_caught(wrong: Load, monkeypatch: pytest.MonkeyPatch, right: str, other: str) -> None:
    assert not agrees(wrong("teams.py", right, other).match, monkeypatch)


@pytest.mark.parametrize(("right", "other"), ROLES)
def test_wrong_roles_are_caught(wrong: Load, monkeypatch: pytest.MonkeyPatch, right: str, other: str) -> None:
    monkeypatch.setattr(small, "match", wrong("teams.py", right, other).match)
    with pytest.raises(AssertionError):
        small.test_roles()


def finds(check: Callable[..., list[str]]) -> bool:
    """Whether a check accepts the good assignment and finds every fault of test_matching_round."""
    asked = next(
        mark.args[1] for mark in checks.test_check_finds.pytestmark if mark.name == "parametrize"  # type: ignore[attr-defined]
    )  # fmt: skip
    tired = [replace(p, load_cap=1) if p.inspector_id == "G" else p for p in checks.PEOPLE]
    split = [Visit("U0", "X", 2, ("f", "g"), "2026-12-31")]
    parts = true_match("k", split, checks.PEOPLE, ())
    return (
        all(any(said in f for f in check(given, checks.VISITS, checks.PEOPLE, checks.BARRED)) for given, said in asked)
        and check(checks.Assignment(checks.GOOD, ()), checks.VISITS, checks.PEOPLE, checks.BARRED) == []
        and check(checks.Assignment(checks.GOOD, ()), checks.VISITS, tired, checks.BARRED) != []
        and check(parts, split, checks.PEOPLE, ()) == []
    )


def test_the_right_check_finds_all() -> None:
    assert finds(check_assignment)


@pytest.mark.parametrize(("right", "other"), CHECK)
def test_a_wrong_check_is_caught(wrong: Load, right: str, other: str) -> None:
    assert not finds(wrong("check.py", right, other).check_assignment)
