"""Requests against a sealed bundle: what is entered in the ledger, what is refused, and many requests in a row."""

from __future__ import annotations

import hashlib
import json
import random
from pathlib import Path

import pytest
from typer.testing import CliRunner

from pipelines.cli.amend import group
from resources.amending import AmendingError, drawn_round, enter, requests
from resources.ledger import Ledger
from resources.settings import Home
from supervision.amendments import TRIGGER_TYPES, amend, check_amended, requests_of
from supervision.matching import Assignment
from tests.unit import bundle_making

ROUND = "YC-2026-08"
WHY = {"reason": "deregistered", "evidence": "注销证明1号", "asked_by": "XYK"}


def sealed(tmp_path: Path, seed: int = 5) -> tuple[Home, Assignment]:
    """A made-up round, sealed in a data folder and its ledger."""
    home = Home.at(tmp_path / "home").create()
    files, _, assignment = bundle_making.bundle(bundle_making.random_city(seed), ROUND)
    folder = home.bundles / ROUND
    folder.mkdir()
    for name, data in files.items():
        (folder / name).write_bytes(data)
    digest = hashlib.sha256(files["SHA256SUMS"]).hexdigest()
    Ledger(home.ledger, "rounds").append("sealed", {"round_id": ROUND, "sha256sums": digest, "demonstration": False})
    return home, assignment


def on_site(home: Home) -> tuple[str, str]:
    """A task and subject that somebody visits and that has a reserve."""
    drawn = drawn_round(home, ROUND)
    reserved = {(row.task, row.county, row.stratum) for row in drawn.reserve}
    row = next(r for r in drawn.drawn if drawn.on_site(r) and (r.task, r.county, r.stratum) in reserved)
    return row.task, row.uid


def test_a_request_that_is_granted_is_entered_and_the_bundle_stays_as_it_was(tmp_path: Path) -> None:
    home, _ = sealed(tmp_path)
    before = {path.name: path.read_bytes() for path in (home.bundles / ROUND).iterdir()}
    task, uid = on_site(home)
    decision = enter(home, ROUND, "replacement", {"task": task, "uid": uid, **WHY})
    assert decision.new_uid and decision.number == 1
    [request] = requests(home, ROUND)
    assert (request.kind, request.task, request.uid, request.evidence) == ("replacement", task, uid, "注销证明1号")
    assert {path.name: path.read_bytes() for path in (home.bundles / ROUND).iterdir()} == before


def test_what_is_refused_is_not_entered(tmp_path: Path) -> None:
    home, _ = sealed(tmp_path)
    task, uid = on_site(home)
    enter(home, ROUND, "replacement", {"task": task, "uid": uid, **WHY})
    with pytest.raises(AmendingError, match="已经替换过"):
        enter(home, ROUND, "replacement", {"task": task, "uid": uid, **WHY})
    assert len(requests(home, ROUND)) == 1


@pytest.mark.parametrize("asked_by", ["", "I99", "张三", "i01"])
def test_who_asks_is_an_inspector_of_the_round_or_a_role(tmp_path: Path, asked_by: str) -> None:
    home, _ = sealed(tmp_path)
    task, uid = on_site(home)
    conflict = {"uid": uid, "inspector_id": "I02"}
    for kind, body in (("replacement", WHY | {"task": task, "uid": uid}), ("late_conflict", conflict)):
        with pytest.raises(AmendingError, match=r"不是批次 YC-2026-08 名录中的检查人员工号，也不是岗位代码.*XYK"):
            enter(home, ROUND, kind, {**body, "asked_by": asked_by})
    assert requests(home, ROUND) == ()
    enter(home, ROUND, "late_conflict", {**conflict, "asked_by": "I01"})
    enter(home, ROUND, "replacement", {**WHY, "task": task, "uid": uid, "asked_by": "XYK"})
    assert len(requests(home, ROUND)) == 2


def test_only_a_sealed_round_that_is_not_void_can_be_amended(tmp_path: Path) -> None:
    home, _ = sealed(tmp_path)
    task, uid = on_site(home)
    with pytest.raises(AmendingError, match="尚未抽取封装"):
        enter(home, "YC-2026-09", "replacement", {"task": task, "uid": uid, **WHY})
    Ledger(home.ledger, "rounds").append("void", {"round_id": ROUND, "reason": "名录有误", "roles": ["a", "b"]})
    with pytest.raises(AmendingError, match="已作废"):
        enter(home, ROUND, "replacement", {"task": task, "uid": uid, **WHY})
    assert drawn_round(home, ROUND).drawn  # what was asked before it was void can still be shown


@pytest.mark.parametrize("name", ["reserve.csv", "drawn.csv", "assignment.csv", "roster.csv", "SHA256SUMS"])
def test_a_bundle_changed_after_it_was_sealed_is_refused_by_name(tmp_path: Path, name: str) -> None:
    home, _ = sealed(tmp_path)
    path = home.bundles / ROUND / name
    path.write_bytes(path.read_bytes()[:-2] + b"~\n")
    with pytest.raises(AmendingError, match=name):
        drawn_round(home, ROUND)


@pytest.mark.parametrize("seed", range(12))
def test_whatever_is_asked_for_the_check_finds_no_fault(tmp_path: Path, seed: int) -> None:
    home, assignment = sealed(tmp_path, seed)
    drawn = drawn_round(home, ROUND, {item.visit_uid: item.reason for item in assignment.unassignable})
    rng = random.Random(seed)
    uids, people = sorted(drawn.county_of), [row.inspector_id for row in drawn.roster]
    rows = [*drawn.drawn, *drawn.reserve]
    entries = []
    for number in range(1, 41):
        row = rng.choice(rows)
        kind = rng.choice(("replacement", "replacement", "late_trigger", "late_conflict"))
        body = {
            "round_id": ROUND, "task": row.task, "uid": rng.choice((row.uid, row.uid, rng.choice(uids))),
            "reason": rng.choice(("deregistered", "moved_out", "not_found")), "evidence": "E", "asked_by": "XY",
            "trigger_id": f"L{number}", "trigger_type": rng.choice(TRIGGER_TYPES), "inspector_id": rng.choice(people),
        }  # fmt: skip
        entries.append({"number": number, "at": "", "kind": kind, "body": body})
    asked = requests_of(entries, ROUND)
    result = amend(drawn, asked)
    assert check_amended(drawn, asked, result) == []
    assert {d.outcome for d in result.decisions} - {"refused"}
    for end in range(0, 40, 13):  # the answers given before never change
        assert amend(drawn, asked[:end]).decisions == result.decisions[:end]
    # Whether the reasons of unstaffed visits are known or not, the same people go.
    assert amend(drawn_round(home, ROUND), asked).posts == result.posts
    assert json.loads((home.bundles / ROUND / "certificate.json").read_bytes())["key"] == drawn.key


def test_the_command_tells_at_once_who_comes_instead_and_who_goes(tmp_path: Path) -> None:
    home, _ = sealed(tmp_path)
    task, uid = on_site(home)

    def ssj(*words: str) -> str:
        result = CliRunner().invoke(group, [*words, "--home", str(home.root)])
        assert result.exit_code == 0, result.output or result.exception
        return result.output

    told = ssj(
        "replace", ROUND, "--task", task, "--uid", uid.lower(), "--reason", "查无", "--evidence", "笔录3号", "--by", "I01"
    )  # fmt: skip
    [decision] = amend(drawn_round(home, ROUND), requests(home, ROUND)).decisions
    assert str(decision.new_uid) in told and all(name in told for name in decision.team)
    assert ssj("list", ROUND).splitlines()[0].startswith("1  ")
    with pytest.raises(AmendingError, match="未在这项任务中抽中"):
        words = ["--task", "NONE", "--uid", uid, "--reason", "查无", "--evidence", "x", "--by", "I01"]
        CliRunner().invoke(group, ["replace", ROUND, *words, "--home", str(home.root)], catch_exceptions=False)
