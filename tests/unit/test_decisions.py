"""Decisions about a held plan, and the snapshots that plans rested on."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path

import pytest
from typer.testing import CliRunner

from pipelines.cli import app
from pipelines.cli.decide import decide_unit
from resources import clock
from resources.decisions import DecisionError, Decisions, UsedSnapshot
from resources.ledger import Ledger, LedgerError
from resources.settings import Home
from supervision.rounds import RoundError
from supervision.task_register import Settled, TaskError

MONTH, HOLD = "2026-10", "grade_snapshot"
MID, END = date(2026, 10, 15), date(2026, 10, 31)


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home.at(tmp_path).create()


def test_a_decision_is_found_for_exactly_its_findings(home: Home) -> None:
    decisions = Decisions(home)
    decisions.enter(MONTH, HOLD, "f1", reason="  已与省局核对  ", role="LDXZ")
    found = decisions.find(MONTH, HOLD, "f1")
    assert found is not None and (found.reason, found.role) == ("已与省局核对", "LDXZ")
    assert decisions.find(MONTH, HOLD, "f2") is None
    assert decisions.find("2026-11", HOLD, "f1") is None
    assert decisions.find(MONTH, "round", "f1") is None


@pytest.mark.parametrize("reason", ["", "   ", "好的"])
def test_a_reason_says_something(home: Home, reason: str) -> None:
    with pytest.raises(DecisionError, match="理由"):
        Decisions(home).enter(MONTH, HOLD, "f1", reason=reason, role="LDXZ")
    assert list(Ledger(home.ledger, "decisions").entries()) == []


def test_the_same_is_not_decided_twice(home: Home) -> None:
    Decisions(home).enter(MONTH, HOLD, "f1", reason="已与省局核对", role="LDXZ")
    with pytest.raises(DecisionError, match="LDXZ"):
        Decisions(home).enter(MONTH, HOLD, "f1", reason="再次核对过了", role="LDXZ")


def test_what_was_used_before_this_content(home: Home) -> None:
    decisions = Decisions(home)
    assert decisions.earlier_snapshot(MONTH, END, "s1") is None
    decisions.use_snapshot(MONTH, END, "s1", "v1")
    decisions.use_snapshot(MONTH, END, "s2", "v2")
    decisions.use_snapshot(MONTH, END, "s2", "v3")  # known already
    assert decisions.earlier_snapshot(MONTH, END, "s1") is None, "the first stays the first"
    assert decisions.earlier_snapshot(MONTH, END, "s2") == UsedSnapshot("s1", "v1")
    assert decisions.earlier_snapshot(MONTH, END, "s3") == UsedSnapshot("s2", "v2")
    assert decisions.earlier_snapshot("2026-11", END, "s3") is None


def test_a_look_back_knows_nothing_of_what_came_later(home: Home) -> None:
    decisions = Decisions(home)
    decisions.use_snapshot(MONTH, END, "s2", "v2")
    assert decisions.earlier_snapshot(MONTH, MID, "s1") is None
    decisions.use_snapshot(MONTH, MID, "s1", "v1")
    assert decisions.earlier_snapshot(MONTH, MID, "s1") is None
    assert decisions.earlier_snapshot(MONTH, END, "s3") == UsedSnapshot("s2", "v2")


def test_a_decision_changed_in_the_ledger_is_seen(home: Home) -> None:
    decisions = Decisions(home)
    decisions.enter(MONTH, HOLD, "f1", reason="已与省局核对", role="LDXZ")
    path = home.ledger / "decisions.jsonl"
    path.write_text(path.read_text("utf-8").replace('"f1"', '"f2"'), "utf-8")
    with pytest.raises(LedgerError, match="decisions"):
        decisions.find(MONTH, HOLD, "f2")


def test_a_units_name_is_decided_from_its_day_on(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    decisions = Decisions(home)
    for day, unit in ((END, "ZL"), (date(2026, 11, 23), "ZLFZ")):
        monkeypatch.setattr(
            clock, "now", lambda day=day: datetime(day.year, day.month, day.day, 9, tzinfo=clock.SHANGHAI)
        )
        decisions.settle_unit("ZLK", [unit], reason="局发〔2026〕1号", role="LDXZ")
    assert decisions.settled_units(date(2026, 10, 30)) == {}
    assert decisions.settled_units(END)["ZLK"] == Settled(("ZL",), "LDXZ", END, "局发〔2026〕1号")
    assert decisions.settled_units(date(2026, 11, 23))["ZLK"].chosen == ("ZLFZ",)
    with pytest.raises(DecisionError, match="同样的决定"):
        decisions.settle_unit("ZLK", ["ZLFZ"], reason="局发〔2026〕2号", role="LDXZ")
    with pytest.raises(DecisionError, match="理由"):
        decisions.settle_unit("ZLK", ["ZL"], reason="  ", role="LDXZ")


def test_ssj_decide_settles_an_ambiguous_name(home: Home, capsys: pytest.CaptureFixture[str]) -> None:
    def decide(name: str, means: list[str], role: str = "LDXZ") -> None:
        decide_unit(name, means, "局发〔2026〕1号", role, home.root)

    with pytest.raises(DecisionError, match="质量科"):
        decide("信用科", ["XY"])
    with pytest.raises(TaskError, match="只能决定为"):
        decide("质量科", ["计量科"])
    with pytest.raises(RoundError):
        decide("质量科", ["ZL"], role="SJZX")
    assert list(Ledger(home.ledger, "decisions").entries()) == []
    decide("质量科", ["质量发展科", "ZL"])
    assert Decisions(home).settled_units(date.max)["ZLK"].chosen == ("ZLFZ", "ZL")
    assert "质量发展科、产品质量安全监督管理科" in capsys.readouterr().out


@pytest.mark.parametrize(
    "given",
    [
        [],
        ["--month", MONTH],
        ["--unit", "质量科"],
        ["--means", "ZL"],
        ["--unit", "质量科", "--means", "ZL", "--month", MONTH],
        ["--month", MONTH, "--hold", HOLD, "--means", "ZL"],
    ],
)
def test_ssj_decide_is_one_thing_or_the_other(home: Home, given: list[str]) -> None:
    answer = CliRunner().invoke(
        app, ["decide", "--reason", "局发〔2026〕1号", "--role", "LDXZ", "--home", str(home.root), *given]
    )
    assert answer.exit_code == 2
    assert list(Ledger(home.ledger, "decisions").entries()) == []
