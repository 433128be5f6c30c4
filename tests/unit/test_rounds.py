"""The ceremony step by step: its order, its hours, its roles, and nothing changed on the way (DRAW.md §3)."""

from __future__ import annotations

import hashlib
import multiprocessing
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from resources.ledger import Ledger
from resources.rounds import OFFICE, FrozenPlan, Rounds, frozen_plan, manifest_of
from resources.settings import Home
from supervision.draw import ceremony
from supervision.draw.ceremony import Beacon, BeaconChoice
from supervision.draw.committed import manifest_bytes
from supervision.round_steps import check_declare, check_turn, check_void
from supervision.rounds import (
    RoundError,
    current_round_id,
    phase_beacon,
    rounds_of,
    voided_of_month,
    waiting_for,
)
from tests.unit.ceremony_making import (
    AFTER,
    BALLS,
    BEACON,
    EARLY,
    MONTH,
    OTHER,
    PHASE,
    PRIMARY,
    ROUND,
    SECRET,
    SPARE,
    digest,
    eight_files,
    freeze,
    roles,
    set_clock,
)

PAIR = ("CREDIT", "LEADER")


class Stage:
    """A data folder with a frozen plan, and the steps in short."""

    def __init__(self, home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
        self.home, self.patch = home, monkeypatch
        self.rounds = Rounds(home)
        self.plan: FrozenPlan = freeze(home, eight_files())
        self.at(EARLY)

    def at(self, text: str) -> None:
        set_clock(self.patch, text)

    def declare(self, beacon: Beacon = BEACON, phase: str | None = PHASE) -> Any:
        return self.rounds.declare("YC", MONTH, beacon, phase)

    def approve(self, role: str = "LEADER") -> Any:
        return self.rounds.approve(ROUND, self.plan, role, roles())

    def commit(self, codes: tuple[str, ...] = PAIR, keep: Callable[[], None] = lambda: None) -> Any:
        return self.rounds.commit(ROUND, self.plan, codes, roles(), SECRET, keep)

    def type(self, text: str = PRIMARY, role: str = "CREDIT", evidence: str | None = None) -> Any:
        return self.rounds.enter_beacon(ROUND, text, role, roles(), evidence)

    def open(self, secret: str = SECRET, codes: tuple[str, ...] = PAIR) -> bytes:
        return self.rounds.open(ROUND, OFFICE, codes, roles(), secret=secret, folder=self.plan.folder)

    def void(self, reason: str = "机房断电，名录来源有误", codes: tuple[str, ...] = PAIR) -> Any:
        return self.rounds.void(ROUND, reason, codes, roles())

    def committed(self) -> Stage:
        self.declare()
        self.approve()
        self.commit()
        self.at(AFTER)
        return self

    def agreed(self) -> Stage:
        self.committed()
        self.type()
        self.type(role="CLERK")
        return self

    def waits(self) -> str | None:
        return waiting_for(self.rounds.get(ROUND))


@pytest.fixture
def stage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Stage:
    return Stage(Home.at(tmp_path / "home").create(), monkeypatch)


def test_the_whole_way_and_what_each_state_waits_for(stage: Stage) -> None:
    assert stage.rounds.current("YC", MONTH) == ROUND
    stage.declare()
    assert "待计划冻结后审批" in str(stage.waits()) and "2026-11-08T19:30:00+08:00" in str(stage.waits())
    stage.approve()
    assert "待两个签署角色" in str(stage.waits())
    made = stage.commit().commitment
    assert (made.number, made.roles, made.secret_sha256) == (1, PAIR, digest(SECRET))
    assert made.commitment == ceremony.commitment(ROUND, stage.plan.manifest_sha256, SECRET)
    assert made.committed_rows == len((stage.plan.folder / "frame.csv").read_bytes().splitlines()) - 1
    assert "两个角色各录入一次信标" in str(stage.waits())
    stage.at(AFTER)
    stage.type()
    assert "已由 CREDIT 录入信标" in str(stage.waits())
    assert stage.type(role="CLERK").agreed == PRIMARY
    assert "开启密值" in str(stage.waits())
    told = stage.open()
    assert ceremony.draw_key(made.commitment, PRIMARY, SECRET) in told.decode()
    assert "再次运行 ssj draw" in str(stage.waits())
    stage.rounds.seal(ROUND, "a" * 64, demonstration=False)
    assert stage.waits() is None
    assert SECRET not in stage.rounds._ledger.path.read_text()


def test_nothing_out_of_order(stage: Stage) -> None:
    with pytest.raises(RoundError, match="台账中没有 YC-2026-10"):
        stage.approve()
    stage.declare()
    with pytest.raises(RoundError, match="尚未审批"):
        stage.commit()
    with pytest.raises(RoundError, match="尚未承诺，不能录入信标"):
        stage.type()
    with pytest.raises(RoundError, match="尚未承诺，不能抽取"):
        stage.open()
    with pytest.raises(RoundError, match="尚未承诺，无须作废"):
        stage.void()
    stage.approve()
    with pytest.raises(RoundError, match="已由 LEADER 审批"):
        stage.approve()
    stage.commit()
    for again, said in ((stage.declare, "不得再改"), (stage.approve, "不再审批"), (stage.commit, "不能再次承诺")):
        with pytest.raises(RoundError, match=said):
            again()
    with pytest.raises(RoundError, match="尚未由两个角色录得一致"):
        stage.open()


def test_too_early_and_too_late(stage: Stage) -> None:
    stage.declare()
    stage.approve()
    stage.at("2026-11-08T19:30:01+08:00")
    with pytest.raises(RoundError, match="不足两小时"):
        stage.commit()
    stage.at("2026-11-08T19:30:00+08:00")
    stage.commit()
    stage.at("2026-11-08T13:29:59+00:00")
    with pytest.raises(RoundError, match="现在过早"):
        stage.type()
    stage.at("2026-11-08T13:30:00+00:00")
    stage.type()
    stage.at(EARLY)
    with pytest.raises(RoundError, match="系统时钟"):
        stage.type(role="CLERK")


def test_a_later_declaration_replaces_the_earlier_and_voids_the_approval(stage: Stage) -> None:
    stage.declare()
    stage.approve()
    later = Beacon(BeaconChoice("kl8", "2026313"), "2026-11-09T21:30:00+08:00", BEACON.fallback)
    stage.declare(later, None)
    state = stage.rounds.get(ROUND)
    assert (state.beacon, state.approved, state.phase_beacon) == (later, {}, PHASE)
    with pytest.raises(RoundError, match="公开随机源与台账最后一次声明的不同"):
        stage.approve()
    stage.declare(BEACON, None)
    with pytest.raises(RoundError, match="尚未审批"):
        stage.commit()


def test_the_approval_is_of_exactly_this_plan(stage: Stage) -> None:
    stage.declare()
    stage.approve()
    stage.plan = freeze(stage.home, eight_files(seed=4))
    with pytest.raises(RoundError, match="审批后有改动"):
        stage.commit()
    stage.approve()
    assert stage.commit().commitment.number == 1


def test_a_frozen_plan_edited_on_disk_is_refused(stage: Stage) -> None:
    frame = stage.plan.folder / "frame.csv"
    frame.write_bytes(frame.read_bytes().replace(b"eligible", b"exempted", 1))
    with pytest.raises(RoundError, match=r"与其 manifest\.txt 不符"):
        frozen_plan(stage.home, MONTH)
    frame.unlink()
    with pytest.raises(RoundError, match=r"缺少文件 frame\.csv"):
        frozen_plan(stage.home, MONTH)


def test_the_plan_of_another_round_is_refused(stage: Stage) -> None:
    stage.declare()
    stage.plan = freeze(stage.home, eight_files(), round_id=f"{ROUND}.2")
    for step in (stage.approve, stage.commit):
        with pytest.raises(RoundError, match="不是 YC-2026-10 的"):
            step()


def test_the_manifest_on_disk_is_that_of_the_draw(stage: Stage) -> None:
    assert manifest_of(stage.plan.folder) == manifest_bytes(eight_files()) == stage.plan.files()["manifest.txt"]


def test_a_frame_edited_after_the_commitment_is_not_drawn(stage: Stage) -> None:
    stage.agreed()
    frame = stage.plan.folder / "frame.csv"
    frame.write_bytes(frame.read_bytes() + b"\n")
    with pytest.raises(RoundError, match="承诺后被改动"):
        stage.open()
    assert stage.rounds.get(ROUND).openings == ()


def test_a_secret_that_does_not_match_its_hash_is_refused(stage: Stage) -> None:
    stage.agreed()
    with pytest.raises(RoundError, match="与承诺书上的 SHA-256 不符"):
        stage.open(secret="0e" * 32)
    assert stage.rounds.get(ROUND).openings == ()


def test_a_commitment_value_that_is_not_of_this_round_is_refused(stage: Stage) -> None:
    """The secret's hash fits and the files fit, but C in the ledger was made of something else."""
    stage.declare()
    body = {"number": 1, "round_id": ROUND, "month": MONTH, "manifest_sha256": stage.plan.manifest_sha256}
    body |= {"secret_sha256": digest(SECRET), "commitment": "1" * 64, "merkle_root": "2" * 64, "committed_rows": 1}
    Ledger(stage.home.ledger, "rounds").append("commitment", body | {"demonstration": False, "roles": list(PAIR)})
    stage.at(AFTER)
    stage.type()
    stage.type(role="CLERK")
    with pytest.raises(RoundError, match="承诺值与台账不符"):
        stage.open()


def test_two_roles_that_differ_and_have_the_duty(stage: Stage) -> None:
    stage.declare()
    with pytest.raises(RoundError, match="“CREDIT”（信用监管科科长）没有审批的职责"):
        stage.approve("CREDIT")
    with pytest.raises(RoundError, match="“NOBODY”不在现行政策的 roles 中"):
        stage.approve("NOBODY")
    stage.approve()
    for codes in (("CREDIT", "CREDIT"), ("CREDIT",), ("CREDIT", "LEADER", "CLERK")):
        with pytest.raises(RoundError, match="两个不同的角色"):
            stage.commit(codes)
    with pytest.raises(RoundError, match="“CLERK”（经办人）没有签署承诺的职责"):
        stage.commit(("CREDIT", "CLERK"))
    stage.commit()
    stage.at(AFTER)
    with pytest.raises(RoundError, match="“GUEST”（旁听）没有录入信标的职责"):
        stage.type(role="GUEST")
    stage.type()
    with pytest.raises(RoundError, match="须由另一个角色录入第二次"):
        stage.type()
    stage.type(role="CLERK")
    with pytest.raises(RoundError, match="两个不同的角色"):
        stage.open(codes=("LEADER", "LEADER"))
    with pytest.raises(RoundError, match="没有开启密值的职责"):
        stage.open(codes=("LEADER", "CLERK"))
    with pytest.raises(RoundError, match="没有作废的职责"):
        stage.void(codes=("LEADER", "CLERK"))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("kl8-2026311:" + BALLS[:-3], "不合格式"),
        ("kl8-2026311:1.2.3", "不合格式"),
        ("kl8-2026311:" + BALLS.replace("61.62", "62.61"), "不合格式"),
        ("dice-20261108:123456", "不合格式"),
        ("20261108", "不合格式"),
        (f"kl8-2026312:{BALLS}", "既不是承诺前声明的主用期次"),
        ("dice-20261108:01234567890123456789", "既不是承诺前声明的主用期次"),
    ],
)
def test_a_weak_beacon_or_another_than_the_declared_is_refused(stage: Stage, text: str, said: str) -> None:
    stage.committed()
    with pytest.raises(RoundError, match=said):
        stage.type(text)
    assert stage.rounds.get(ROUND).entries == ()


def test_entries_that_disagree_are_recorded_and_both_type_again(stage: Stage) -> None:
    stage.committed()
    stage.type()
    with pytest.raises(RoundError, match="两次录入不一致（CREDIT 与 CLERK，自第 14 个字符起不同）") as told:
        stage.type(OTHER, "CLERK")
    assert BALLS not in str(told.value)
    state = stage.rounds.get(ROUND)
    assert (state.entries, state.agreed, len(state.disagreement)) == ((), None, 2)
    assert "重新录入" in str(stage.waits())
    kinds = [each["kind"] for each in stage.rounds._ledger.entries()]
    assert kinds.count("beacon_entry") == 2
    assert stage.type(OTHER, "CLERK").agreed is None  # one alone, though it was typed before
    with pytest.raises(RoundError, match="不一致"):
        stage.type()
    stage.type(role="CLERK")
    assert stage.type().agreed == PRIMARY
    with pytest.raises(RoundError, match="不得更换"):
        stage.type(OTHER)


def test_the_fallback_counts_only_with_evidence(stage: Stage) -> None:
    stage.committed()
    with pytest.raises(RoundError, match="没有主用期次从未公布的证据"):
        stage.type(SPARE)
    with pytest.raises(RoundError, match="写明主用期次从未公布的证据"):
        stage.type(SPARE, evidence="没公布")
    stage.type(SPARE, evidence="福彩中心 11 月 9 日公告：第 2026311 期因故取消开奖")
    assert stage.type(SPARE, "CLERK").agreed == SPARE
    assert "取消开奖" in str(stage.rounds.get(ROUND).fallback)


@pytest.mark.parametrize(
    ("primary", "not_before", "fallback", "said"),
    [
        (("kl8", "311"), BEACON.not_before, BEACON.fallback, "主用公开随机源“kl8-311”"),
        (("coin", "1"), BEACON.not_before, BEACON.fallback, "主用公开随机源“coin-1”"),
        (("kl8", "2026311"), BEACON.not_before, BeaconChoice("dice", "20261302"), "备用公开随机源“dice-20261302”"),
        (("kl8", "2026311"), BEACON.not_before, BeaconChoice("dice", "20261110"), "不得为掷骰"),
        (("kl8", "2026311"), BEACON.not_before, BeaconChoice("kl8", "2026311"), "与主用相同"),
        (("kl8", "2026311"), "2026-11-08T21:30:00", BEACON.fallback, "带时区的时刻"),
        (("kl8", "2026311"), "明晚", BEACON.fallback, "带时区的时刻"),
        (("kl8", "2026311"), "2026-11-08T10:59:00+08:00", BEACON.fallback, "不足两小时"),
        (("kl8", "2026100"), BEACON.not_before, BEACON.fallback, "主用公开随机源 kl8-2026100 .*已经公布"),
        (("dice", "20261107"), BEACON.not_before, BEACON.fallback, "主用公开随机源 dice-20261107 .*已经公布"),
        (
            ("kl8", "2026311"),
            BEACON.not_before,
            BeaconChoice("drand", "52db9ba70e0cc0f6eaf7803dd07447a1f5477735fd3f661792ba94600c84e971-1000"),
            "备用公开随机源 drand-.*已经公布",
        ),
    ],
)
def test_a_declaration_that_cannot_serve_is_refused(
    stage: Stage, primary: tuple[str, str], not_before: str, fallback: BeaconChoice, said: str
) -> None:
    with pytest.raises(RoundError, match=said):
        stage.declare(Beacon(BeaconChoice(*primary), not_before, fallback))
    assert stage.rounds.all() == {}


def test_a_drand_round_is_known_at_the_second() -> None:
    """Quicknet: genesis 1692803367, 3 s. The round at 2026-11-08T21:30:00+08:00 will do, the one before will not."""
    chain = "52db9ba70e0cc0f6eaf7803dd07447a1f5477735fd3f661792ba94600c84e971"
    moment = datetime.fromisoformat(BEACON.not_before)
    number = -(-(int(moment.timestamp()) - 1692803367) // 3) + 1
    now = datetime.fromisoformat(EARLY)
    good = Beacon(BeaconChoice("drand", f"{chain}-{number}"), BEACON.not_before, BeaconChoice("kl8", "2026312"))
    check_declare({}, None, MONTH, good, PHASE, now)
    for never in (
        BeaconChoice("drand", f"{chain}-{10**17}"),
        BeaconChoice("kl8", "9999301"),
        BeaconChoice("dice", "20991106"),
    ):
        with pytest.raises(RoundError, match="很久才会公布"):
            check_declare({}, None, MONTH, replace(good, primary=never), PHASE, now)
    unknown = BeaconChoice("drand", f"{'ab' * 32}-4200")
    with pytest.raises(RoundError, match="不认识的 drand 链"):
        check_declare({}, None, MONTH, replace(good, fallback=unknown), PHASE, now)
    bad = Beacon(BeaconChoice("drand", f"{chain}-{number - 1}"), BEACON.not_before, BeaconChoice("kl8", "2026312"))
    with pytest.raises(RoundError, match="已经公布"):
        check_declare({}, None, MONTH, bad, PHASE, now)


def test_a_void_round_is_computed_all_the_same_and_then_another_begins(stage: Stage) -> None:
    stage.committed()
    with pytest.raises(RoundError, match="作废须写明理由"):
        stage.void("  ")
    stage.void()
    with pytest.raises(RoundError, match="已经作废"):
        stage.void()
    assert stage.rounds.current("YC", MONTH) == ROUND
    stage.type()
    stage.type(role="CLERK")
    stage.open()
    assert stage.rounds.current("YC", MONTH) == ROUND
    stage.rounds.seal(ROUND, "a" * 64, demonstration=False)
    assert stage.rounds.current("YC", MONTH) == f"{ROUND}.2"
    assert "另起批次" in str(stage.waits())
    later = Beacon(BeaconChoice("kl8", "2026315"), "2026-11-12T21:30:00+08:00", BEACON.fallback)
    assert stage.declare(later, None).round_id == f"{ROUND}.2"
    rounds = stage.rounds.all()
    assert voided_of_month(rounds, MONTH, f"{ROUND}.2") == (ROUND,)
    assert voided_of_month(rounds, MONTH, ROUND) == ()


def test_a_third_round_follows_a_second(stage: Stage) -> None:
    entries = []
    for name in (ROUND, f"{ROUND}.2"):
        entries += [_entry("commitment", _body(name, MONTH)), _entry("sealed", {"round_id": name, "sha256sums": "s"})]
        entries.append(_entry("void", {"round_id": name, "reason": "x", "roles": list(PAIR)}))
    rounds = rounds_of(entries)
    assert current_round_id(rounds, "YC", MONTH) == f"{ROUND}.3"
    assert voided_of_month(rounds, MONTH, f"{ROUND}.3") == (ROUND, f"{ROUND}.2")
    assert rounds[f"{ROUND}.2"].commitment.number == 2  # type: ignore[union-attr]


def _body(name: str, month: str, **more: Any) -> dict[str, Any]:
    base = {"round_id": name, "month": month, "manifest_sha256": "m", "commitment": f"c{name}", "merkle_root": "r"}
    return base | {"committed_rows": 5, "demonstration": False} | more


def _entry(kind: str, body: dict[str, Any], at: str = EARLY) -> dict[str, Any]:
    return {"kind": kind, "at": at, "body": body}


def test_an_old_ledger_reads_and_counts() -> None:
    """Entries as the demonstration wrote them before the ceremony: no number, no secret's digest, no roles."""
    old = [
        _entry("commitment", _body("YC-2026-09", "2026-09", demonstration=True)),
        _entry("sealed", {"round_id": "YC-2026-09", "sha256sums": "s", "demonstration": True}),
        _entry("commitment", _body(ROUND, MONTH, demonstration=True)),
        _entry("something_else", {"round_id": "not one of ours"}),
    ]
    rounds = rounds_of(old)
    assert [each.commitment.number for each in rounds.values() if each.commitment] == [1, 2]
    assert rounds["YC-2026-09"].sealed == "s" and waiting_for(rounds[ROUND]) is None
    assert phase_beacon(rounds, 2027) is None
    with pytest.raises(RoundError, match="两次承诺"):
        rounds_of([*old, _entry("commitment", _body(ROUND, MONTH))])
    with pytest.raises(RoundError, match="不合写法"):
        rounds_of([_entry("commitment", _body("YC 2026", MONTH))])


def test_a_demonstration_keeps_to_itself(stage: Stage) -> None:
    body = {k: v for k, v in _body("YC-2026-09", "2026-09").items() if k != "demonstration"}
    assert stage.rounds.commit_demonstration(body).commitment.number == 1  # type: ignore[union-attr]
    assert stage.rounds.commit_demonstration(body).demonstration
    with pytest.raises(RoundError, match="已承诺另一份计划"):
        stage.rounds.commit_demonstration(body | {"commitment": "other"})
    with pytest.raises(RoundError, match="演示批次"):
        stage.declare()
    with pytest.raises(RoundError, match="是演示，不作废"):
        stage.rounds.void("YC-2026-09", "误用", PAIR, roles())
    stage.rounds.seal("YC-2026-09", "s", demonstration=True)
    stage.rounds.seal("YC-2026-09", "s", demonstration=True)
    with pytest.raises(RoundError, match="与之不同"):
        stage.rounds.seal("YC-2026-09", "t", demonstration=True)
    assert [each["kind"] for each in stage.rounds._ledger.entries()].count("sealed") == 1


def test_rounds_are_held_one_after_the_other(stage: Stage) -> None:
    """Two months open at once would each take the other's draws for not made (found by a review)."""
    stage.committed()
    first = stage.rounds.get(ROUND)
    other = replace(first, round_id="YC-2026-11", month="2026-11", commitment=None)
    with pytest.raises(RoundError, match="一个接一个"):
        check_turn({ROUND: first, "YC-2026-11": other}, other)
    drawn = replace(first, sealed="s")
    check_turn({ROUND: drawn, "YC-2026-11": other}, other)
    late = replace(other, round_id="YC-2026-09", month="2026-09")
    with pytest.raises(RoundError, match="不能再承诺"):
        check_turn({ROUND: drawn, "YC-2026-09": late}, late)
    earlier = replace(drawn, round_id="YC-2026-09", month="2026-09")
    now = datetime.fromisoformat("2027-03-01T09:00:00+08:00")
    with pytest.raises(RoundError, match="不能再作废"):
        check_void({"YC-2026-09": earlier, ROUND: drawn}, earlier, "误用", PAIR, roles(), now)


def test_the_phase_beacon_is_of_the_last_round_of_the_year_before(stage: Stage) -> None:
    with pytest.raises(RoundError, match="--phase-beacon"):
        stage.declare(phase=None)
    with pytest.raises(RoundError, match="相位信标"):
        stage.declare(phase="kl8-1:2")
    stage.committed()
    rounds = stage.rounds.all()
    assert phase_beacon(rounds, 2026) == PHASE
    with pytest.raises(RoundError, match=f"{ROUND} 的公开随机源"):
        phase_beacon(rounds, 2027)
    november = Beacon(BeaconChoice("kl8", "2026340"), "2026-12-08T21:30:00+08:00", BEACON.fallback)
    with pytest.raises(RoundError, match="年内不得更改"):
        stage.rounds.declare("YC", "2026-11", november, f"kl8-2025301:{BALLS}")
    stage.rounds.declare("YC", "2026-11", november, PHASE)
    stage.type()
    stage.type(role="CLERK")
    assert phase_beacon(stage.rounds.all(), 2027) == PRIMARY
    january = Beacon(BeaconChoice("kl8", "2027035"), "2027-02-08T21:30:00+08:00", BeaconChoice("kl8", "2027036"))
    stage.rounds.declare("YC", "2027-01", january, None)
    stage.at("2027-01-08T09:00:00+08:00")
    with pytest.raises(RoundError, match="年内不得更改"):
        stage.rounds.declare("YC", "2027-01", january, PHASE)


def test_a_declared_phase_beacon_may_change_until_the_first_commitment(stage: Stage) -> None:
    stage.declare()
    other = f"kl8-2025301:{BALLS}"
    stage.declare(phase=other)
    assert phase_beacon(stage.rounds.all(), 2026) == other


def test_what_cannot_be_kept_is_not_committed(stage: Stage) -> None:
    stage.declare()
    stage.approve()

    def broken() -> None:
        raise OSError("介质已满")

    with pytest.raises(OSError, match="介质已满"):
        stage.commit(keep=broken)
    assert stage.rounds.get(ROUND).commitment is None
    assert stage.commit().commitment.number == 1


def _race(root: str, gate: Any, told: Any, secret: str) -> None:
    patch = pytest.MonkeyPatch()
    set_clock(patch, EARLY)
    home = Home(Path(root))
    plan = frozen_plan(home, MONTH)
    gate.wait()
    try:
        Rounds(home).commit(ROUND, plan, PAIR, roles(), secret, lambda: None)
        told.put("committed")
    except RoundError as error:
        told.put(str(error))


def test_of_two_processes_one_commits(stage: Stage) -> None:
    stage.declare()
    stage.approve()
    context = multiprocessing.get_context("fork")
    gate, told = context.Barrier(4), context.Queue()
    secrets = [hashlib.sha256(bytes([n])).hexdigest() for n in range(4)]
    running = [context.Process(target=_race, args=(str(stage.home.root), gate, told, each)) for each in secrets]
    for each in running:
        each.start()
    said = sorted(told.get(timeout=60) for _ in running)
    for each in running:
        each.join()
    assert said.count("committed") == 1
    assert sum("不能再次承诺" in each for each in said) == 3
    assert [each["kind"] for each in stage.rounds._ledger.entries()].count("commitment") == 1


def test_a_demonstration_needs_no_ceremony(stage: Stage) -> None:
    from resources.lake import MonthLake

    MonthLake(stage.home, "2026-09").begin({"demonstration": True})
    with pytest.raises(RoundError, match="演示数据"):
        frozen_plan(stage.home, "2026-09")
    MonthLake(stage.home, "2026-09").begin({"demonstration": False, "round_id": "YC-2026-09"})
    with pytest.raises(RoundError, match="尚未冻结"):
        frozen_plan(stage.home, "2026-09")
