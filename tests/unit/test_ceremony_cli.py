"""The commands of the ceremony as people type them: files, messages, exit codes, and nothing told that must stay secret."""

from __future__ import annotations

import hashlib
import json
import stat
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from click.testing import Result
from typer.testing import CliRunner

from pipelines.cli import app
from resources import sealing
from resources.freezing import FrozenError
from resources.lake import MonthLake
from resources.rounds import Rounds
from resources.sealing import SealingError
from resources.settings import Home
from supervision.draw import ceremony
from supervision.rounds import RoundError
from tests.unit.ceremony_making import (
    AFTER,
    BEACON,
    EARLY,
    MONTH,
    OTHER,
    PHASE,
    PRIMARY,
    ROUND,
    SPARE,
    eight_files,
    freeze,
    set_clock,
)

SIGNERS = ("--role", "XYK", "--role", "JJJC")
PHRASES = "口令甲口令甲口令甲口令甲\n口令乙口令乙口令乙口令乙\n"
DECLARED = (
    "--beacon",
    "kl8-2026311",
    "--not-before",
    BEACON.not_before,
    "--fallback",
    "drand-52db9ba70e0cc0f6eaf7803dd07447a1f5477735fd3f661792ba94600c84e971-34645013",
)


class Desk:
    """A data folder, the commands over it, and jobs that only note that they were asked for."""

    def __init__(self, tmp_path: Path, patch: pytest.MonkeyPatch) -> None:
        self.home = Home.at(tmp_path / "home").create()
        self.stick = tmp_path / "stick" / "second.txt"
        self.stick.parent.mkdir()
        self.patch = patch
        self.ran: list[Any] = []
        self.code = 0
        fake = ModuleType("pipelines.cli.run")
        fake.run_jobs = self.run_jobs  # type: ignore[attr-defined]
        fake.check_can_run = lambda month, as_of: None  # type: ignore[attr-defined]
        patch.setitem(sys.modules, "pipelines.cli.run", fake)
        patch.setitem(sealing.seal_office_copy.__kwdefaults__, "cost", 1 << 10)
        self.at(EARLY)

    def at(self, text: str) -> None:
        set_clock(self.patch, text)

    def run_jobs(self, month: str, home: Path | None, as_of: Any, jobs: Any) -> int:
        self.ran.append((month, tuple(jobs)))
        return self.code

    def ssj(self, *words: str, typed: str = "") -> Result:
        result = CliRunner().invoke(app, [*words, "--home", str(self.home.root)], input=typed, catch_exceptions=True)
        if result.exception and not isinstance(result.exception, SystemExit):
            raise result.exception
        return result

    def planned(self) -> Desk:
        assert self.ssj("plan", "--month", MONTH, *DECLARED, "--phase-beacon", PHASE).exit_code == 0
        freeze(self.home, eight_files())
        return self

    def committed(self) -> Desk:
        self.planned()
        self.ssj("approve", ROUND, "--role", "LDXZ")
        self.commit()
        self.at(AFTER)
        return self

    def commit(self, *more: str, typed: str = PHRASES, roles: tuple[str, ...] = SIGNERS) -> Result:
        return self.ssj("commit", ROUND, *roles, "--second-copy", str(self.stick), *more, typed=typed)

    def agreed(self) -> Desk:
        self.committed()
        self.ssj("beacon", ROUND, "--entry", PRIMARY, "--role", "XYK")
        self.ssj("beacon", ROUND, "--entry", f" {PRIMARY}\n", "--role", "SJZX")
        return self

    @property
    def state(self) -> Any:
        return Rounds(self.home).get(ROUND)

    def everything(self) -> dict[str, bytes]:
        """Every file of the data folder."""
        return {str(p.relative_to(self.home.root)): p.read_bytes() for p in self.home.root.rglob("*") if p.is_file()}


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    return Desk(tmp_path, monkeypatch)


def test_plan_declares_and_runs_the_month(desk: Desk) -> None:
    desk.code = 3
    result = desk.ssj("plan", "--month", MONTH, *DECLARED, "--phase-beacon", PHASE)
    assert result.exit_code == 3 and "已声明公开随机源 kl8-2026311\n" in result.output
    assert desk.ran == [(MONTH, ("monthly",))]
    assert (desk.state.beacon, desk.state.phase_beacon) == (BEACON, PHASE)
    desk.ssj("plan", "--month", MONTH)  # nothing declared anew
    other = PHASE.replace("2025300", "2025301")
    desk.ssj("plan", "--month", MONTH, "--phase-beacon", other)
    assert (desk.state.beacon, desk.state.phase_beacon) == (BEACON, other)
    with pytest.raises(RoundError, match="须同时给出"):
        desk.ssj("plan", "--month", MONTH, "--beacon", "kl8-2026311")
    assert len(desk.ran) == 3


def test_commit_writes_both_copies_the_bundle_and_the_sheet(desk: Desk) -> None:
    result = desk.committed().commit()  # the second time completes what is there
    assert "此前已承诺" in result.output
    made = desk.state.commitment
    secret = desk.stick.read_text()
    assert (
        made.commitment == ceremony.commitment(ROUND, made.manifest_sha256, secret) and made.commitment in result.output
    )
    assert stat.S_IMODE(desk.stick.stat().st_mode) == 0o600
    assert hashlib.sha256(desk.stick.read_bytes()).hexdigest() == made.secret_sha256
    sheet = desk.home.outbox / MONTH / f"commitment_{ROUND}.pdf"
    assert sheet.read_bytes().startswith(b"%PDF-") and "commitment_YC-2026-10.pdf" in result.output
    bundle = {path.name for path in (desk.home.bundles / ROUND).iterdir()}
    assert bundle == {*eight_files(), "manifest.txt"}
    assert not [name for name, data in desk.everything().items() if secret.encode() in data]
    assert secret not in result.output and "口令甲" not in result.output
    assert "送出本机关" in result.output and BEACON.not_before in result.output


def test_an_interrupted_commit_is_completed_with_the_same_value(desk: Desk) -> None:
    desk.committed()
    before = desk.state.commitment
    sheet = desk.home.outbox / MONTH / f"commitment_{ROUND}.pdf"
    printed = sheet.read_bytes()
    sheet.unlink()
    for path in (desk.home.bundles / ROUND).iterdir():
        path.unlink()
    (desk.home.bundles / ROUND).rmdir()
    desk.ssj("commit", ROUND, *SIGNERS)
    assert desk.state.commitment == before and sheet.read_bytes() == printed
    assert (desk.home.bundles / ROUND / "frame.csv").is_file()


@pytest.mark.parametrize(
    ("more", "typed", "roles", "said"),
    [
        ((), PHRASES, ("--role", "XYK", "--role", "SJZX"), "“SJZX”.*没有开启密值的职责"),
        ((), PHRASES, ("--role", "XYK", "--role", "LDXZ"), "“LDXZ”.*没有签署承诺的职责"),
        ((), PHRASES, ("--role", "XYK", "--role", "XYK"), "两个不同的角色"),
        (("--keeper", "XYK", "--keeper", "XYK"), PHRASES, SIGNERS, "两个不同的角色"),
        ((), "口令甲口令甲口令甲口令甲\n", SIGNERS, "没有给出角色“JJJC”的口令"),
        ((), "short\nx\n", SIGNERS, "“XYK”的口令太短"),
        ((), "口令甲口令甲口令甲口令甲\n口令甲口令甲口令甲口令甲\n", SIGNERS, "口令相同"),
    ],
)
def test_a_refused_commit_leaves_nothing(
    desk: Desk, more: tuple[str, ...], typed: str, roles: tuple[str, ...], said: str
) -> None:
    desk.planned().ssj("approve", ROUND, "--role", "LDXZ")
    before = set(desk.everything())
    with pytest.raises((RoundError, SealingError), match=said):
        desk.commit(*more, typed=typed, roles=roles)
    assert desk.state.commitment is None and not desk.stick.exists() and set(desk.everything()) == before


def test_the_second_copy_must_be_given_and_leave_the_house(desk: Desk) -> None:
    desk.planned().ssj("approve", ROUND, "--role", "LDXZ")
    with pytest.raises(RoundError, match="--second-copy"):
        desk.ssj("commit", ROUND, *SIGNERS, typed=PHRASES)
    desk.stick = desk.home.keys / "second.txt"
    with pytest.raises(SealingError, match="数据目录"):
        desk.commit()
    assert desk.state.commitment is None


def test_signers_and_keepers_may_differ(desk: Desk) -> None:
    desk.planned().ssj("approve", ROUND, "--role", "LDXZ")
    desk.commit("--keeper", "XYK", "--keeper", "JJJC", roles=("--role", "XYK", "--role", "SJZX"))
    assert desk.state.commitment.roles == ("XYK", "SJZX")
    assert sealing.office_roles(desk.home, ROUND) == ("XYK", "JJJC")


def test_an_edited_plan_must_be_approved_again(desk: Desk) -> None:
    desk.planned().ssj("approve", ROUND, "--role", "LDXZ")
    freeze(desk.home, eight_files(seed=5))
    with pytest.raises(RoundError, match="审批后有改动"):
        desk.commit()
    assert "ssj commit" in desk.ssj("approve", ROUND, "--role", "LDXZ").output
    assert "此前的审批作废" in desk.ssj("plan", "--month", MONTH, *DECLARED).output
    desk.ssj("approve", ROUND, "--role", "LDXZ")
    assert desk.commit().exit_code == 0


def test_draw_opens_the_office_copy_and_writes_the_certificate(desk: Desk) -> None:
    desk.agreed()
    result = desk.ssj("draw", ROUND, *SIGNERS, typed=PHRASES)
    assert result.exit_code == 0 and desk.ran[-1] == (MONTH, ("draw", "close"))
    told = json.loads((desk.home.bundles / ROUND / "certificate.json").read_bytes())
    secret = desk.stick.read_text()
    made = desk.state.commitment.commitment
    assert told == {
        "spec": "ssj-draw-v1",
        "round_id": ROUND,
        "beacon": PRIMARY,
        "office_secret": secret,
        "commitment": made,
        "key": ceremony.draw_key(made, PRIMARY, secret),
        "demonstration": False,
    }
    assert desk.state.openings == (("office", ("XYK", "JJJC")),)
    assert secret not in result.output and secret.encode() not in Rounds(desk.home)._ledger.path.read_bytes()
    # Said again, say after a power cut in the job: nobody is asked for a passphrase.
    assert "此前已开启" in desk.ssj("draw", ROUND, *SIGNERS).output
    assert len(desk.ran) == 3 and len(desk.state.openings) == 1


def test_either_copy_serves(desk: Desk) -> None:
    desk.agreed()
    sealing.office_path(desk.home, ROUND).unlink()
    with pytest.raises(SealingError, match="第二份"):
        desk.ssj("draw", ROUND, *SIGNERS, typed=PHRASES)
    desk.ssj("draw", ROUND, *SIGNERS, "--second-copy", str(desk.stick))
    assert desk.state.openings == (("second", ("XYK", "JJJC")),)
    assert (desk.home.bundles / ROUND / "certificate.json").is_file()


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        (PHRASES.replace("甲", "丙"), "“XYK”的口令不对"),
        (PHRASES.replace("乙", "丙"), "“JJJC”的口令不对"),
    ],
)
def test_neither_opens_alone(desk: Desk, typed: str, said: str) -> None:
    desk.agreed()
    with pytest.raises(SealingError, match=said):
        desk.ssj("draw", ROUND, *SIGNERS, typed=typed)
    assert desk.state.openings == () and not (desk.home.bundles / ROUND / "certificate.json").exists()


def test_a_secret_of_another_round_and_an_edited_bundle_are_refused(desk: Desk) -> None:
    desk.agreed()
    wrong = desk.stick.with_name("wrong.txt")
    wrong.write_text("0f" * 32)
    with pytest.raises(RoundError, match="与承诺书上的 SHA-256 不符"):
        desk.ssj("draw", ROUND, *SIGNERS, "--second-copy", str(wrong))
    frame = desk.home.bundles / ROUND / "frame.csv"
    frame.write_bytes(frame.read_bytes().replace(b"eligible", b"blocked", 1))
    with pytest.raises(FrozenError, match=r"frame\.csv 在承诺之后被改动"):
        desk.ssj("draw", ROUND, *SIGNERS, typed=PHRASES)
    assert len(desk.ran) == 1 and not (desk.home.bundles / ROUND / "certificate.json").exists()


def test_a_certificate_put_there_by_hand_is_refused(desk: Desk) -> None:
    desk.agreed().ssj("draw", ROUND, *SIGNERS, typed=PHRASES)
    path = desk.home.bundles / ROUND / "certificate.json"
    path.write_text(path.read_text().replace(PRIMARY, OTHER))
    with pytest.raises(RoundError, match="与台账的承诺或信标不符"):
        desk.ssj("draw", ROUND, *SIGNERS)


def test_beacon_entries_and_the_fallback(desk: Desk) -> None:
    desk.committed()
    assert "待另一角色录入" in desk.ssj("beacon", ROUND, "--entry", PRIMARY, "--role", "XYK").output
    with pytest.raises(RoundError, match="两次录入不一致"):
        desk.ssj("beacon", ROUND, "--entry", OTHER, "--role", "SJZX")
    why = "福彩中心 11 月 9 日公告：第 2026311 期因故取消开奖"
    desk.ssj("beacon", ROUND, "--entry", SPARE, "--role", "XYK", "--evidence", why)
    result = desk.ssj("beacon", ROUND, "--entry", SPARE, "--role", "SJZX")
    assert "FALLBACK USED" in result.output and desk.state.agreed == SPARE


def test_a_void_round_goes_on_to_its_draw(desk: Desk) -> None:
    desk.agreed()
    result = desk.ssj("void", ROUND, "--reason", "名录来源有误", *SIGNERS)
    assert "本年第 1 个" in result.output and "仍须完成" in result.output
    assert desk.ssj("draw", ROUND, *SIGNERS, typed=PHRASES).exit_code == 0
    Rounds(desk.home).seal(ROUND, "a" * 64, demonstration=False)
    assert "另起批次" in desk.ssj("status").output


def test_status_says_where_each_round_stands(desk: Desk) -> None:
    desk.planned()
    MonthLake(desk.home, MONTH).hold("round", "旧的等待事项")
    MonthLake(desk.home, MONTH).hold("grade_snapshot", "等级快照待核对")
    told = desk.ssj("status").output
    assert "等级快照待核对" in told and "旧的等待事项" not in told and f"ssj approve {ROUND}" in told
    desk.ssj("approve", ROUND, "--role", "LDXZ")
    assert "ssj commit" in MonthLake(desk.home, MONTH).holds()["round"]
    desk.commit()
    told = desk.ssj("status").output
    assert f"批次 {ROUND}：已声明信标、已审批、承诺第 1 号" in told and "各录入一次信标" in told
