"""`ssj why` says everything of one subject in one month, from row to probability; `ssj verify` runs the stand-alone verifier."""

from __future__ import annotations

import hashlib
import json
from datetime import date
from pathlib import Path

import pytest
from typer.testing import CliRunner

from pipelines.cli import app
from pipelines.cli.verify import verify_bundle
from pipelines.cli.why import WARNING
from resources.explaining import NotFound, explain
from resources.lake import LakeError, MonthLake
from resources.settings import Home
from supervision.draw.ceremony import sha256_hex
from tests.unit.bundle_changes import UID, Files
from tests.unit.proof_home import MONTH, ROUND, make_home, round_files, store

RECEIVED = {"delivery_id": "2026-08-DA-01", "file_name": "t.csv", "sheet": "", "row_no": 7}


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    return make_home(tmp_path_factory.mktemp("home"))


def cells(files: Files, name: str) -> list[list[str]]:
    return [line.split(",") for line in files[name].decode().splitlines()[1:]]


def of_task(home: Home, uid: str, task: str) -> dict[str, list[str]]:
    return next(
        {label: [text for each, text in section.lines if each == label] for label, _ in section.lines}
        for section in explain(home, MONTH, uid)
        if section.title.startswith(f"任务 {task} ")
    )


def texts(home: Home, uid: str) -> str:
    return "\n".join(f"{s.title}\n" + "\n".join(f"{a} {b}" for a, b in s.lines) for s in explain(home, MONTH, uid))


def test_the_register_row_the_county_and_the_snapshot(home: Home) -> None:
    said = texts(home, UID)
    assert "2026-08-DA-01/register.xlsx 工作表“Sheet1” 第 3 行" in said
    assert "依据：属地监管机构" in said and "e" * 64 in said and "快照月份 2026-08" in said


def test_every_eligible_subject_has_its_rank_and_result(home: Home) -> None:
    """Against the published files: rank, ticket and result of each drawn and each reserve row, and of no one else."""
    files = round_files()
    rows = [(row, "抽中") for row in cells(files, "drawn.csv")]
    sizes = {tuple(row[:3]): int(row[4]) for row in cells(files, "allocation.csv")}
    rows += [(row, f"未抽中，候补第 {int(row[3]) - sizes[tuple(row[:3])]} 位") for row in cells(files, "reserve.csv")]
    for (task, county, stratum, rank, uid, ticket, _), result in rows:
        told = of_task(home, uid, task)
        assert told["结果"] == [result] and told["抽签号"] == [ticket]
        size = sizes[task, county, stratum]
        limit = f"不大于 {size} 的抽中；最后" if size else "本层本批抽取 0 户，无人抽中"
        assert told["名次"][0].startswith(f"{rank}/") and limit in told["名次"][0]


def test_who_is_beyond_the_reserve_is_not_drawn(home: Home) -> None:
    files = round_files()
    listed = {(row[0], row[4]) for name in ("drawn.csv", "reserve.csv") for row in cells(files, name)}
    beyond = [row for row in cells(files, "frame.csv") if row[4] == "eligible" and (row[0], row[1]) not in listed]
    assert beyond and all(of_task(home, row[1], row[0])["结果"] == ["未抽中"] for row in beyond)


def test_the_threshold_is_the_ticket_of_the_last_one_drawn(home: Home) -> None:
    drawn = cells(round_files(), "drawn.csv")
    last = {tuple(row[:3]): row[5] for row in drawn}
    for row in drawn:
        assert last[row[0], row[1], row[2]] in of_task(home, row[4], row[0])["名次"][0]


def test_the_probability_follows_the_target_or_the_cut(home: Home) -> None:
    """DRAW §5: target_e4 / (10⁴ · eligible); where capacity cut the stratum, size / eligible, else none."""
    files = round_files()
    cut = {(row[0], row[1]) for row in cells(files, "cuts.csv")}
    eligible = {tuple(row[:3]): int(row[4]) for row in cells(files, "strata.csv")}
    sizes = {tuple(row[:3]): int(row[4]) for row in cells(files, "allocation.csv")}
    tasks, seen = json.loads(files["policy.json"])["tasks"], set()
    for task, county, stratum, _, uid, _, target in cells(files, "drawn.csv") + cells(files, "reserve.csv"):
        key = (task, county, stratum)
        [told] = of_task(home, uid, task)["入选概率"]
        on_site = tasks[task]["levels"][stratum]["on_site"]
        assert told.startswith("压减后") == (on_site == 1 and (county, stratum) in cut)
        seen.add("off-site" if (county, stratum) in cut and not on_site else "")
        if told.startswith("压减后本层未抽取"):
            assert (county, stratum) in cut and sizes[key] == 0
            seen.add("none")
        elif told.startswith("压减后"):
            assert (county, stratum) in cut
            assert told.endswith(f"{sizes[key]}/{eligible[key]} = {sizes[key] / eligible[key]:.2%}")
            seen.add("cut")
        else:
            assert told.endswith(f"= {int(target) / 10_000 / eligible[key]:.2%}")
            seen.add("target")
    assert {"cut", "target", "off-site"} <= seen


def test_who_is_not_eligible_has_a_reason_and_no_rank(home: Home) -> None:
    words = {
        "drawn_this_year": "本年度本任务已抽取",
        "visited_within_gap": "未满间隔",
        "observation_period": "观察期内",
    }
    rows = [row for row in cells(round_files(), "frame.csv") if row[4] != "eligible"]
    assert {row[5] for row in rows} == set(words)
    for task, uid, _, _, state, reason in rows:
        told = of_task(home, uid, task)
        assert words[reason] in told["名录状态"][0] and told["结果"] == ["本批不参加抽取，没有名次"]
        assert ("豁免" in told["名录状态"][0]) == (state == "exempt") and "名次" not in told and "抽签号" not in told


def test_the_facts_behind_a_reason(tmp_path: Path) -> None:
    made = make_home(tmp_path)
    lake = MonthLake(made, MONTH)
    rows = [row for row in cells(round_files(), "frame.csv") if row[0] == "GEN" and row[3] in "ABCD"]
    of = {
        reason: next(row[1] for row in rows if row[5] == reason) for reason in ("drawn_this_year", "visited_within_gap")
    }
    drawn = {"round_id": "YC-2026-05", "draw_month": "2026-05", "task": "GEN", "county": "X", "stratum": "A"}
    store(lake, "draw_history", [drawn | {"uid": of["drawn_this_year"]}])
    visits = [
        {"uid": of["visited_within_gap"], "visited_on": day, "task": "GEN"}
        for day in (date(2026, 2, 3), date(2026, 7, 9))
    ]
    store(lake, "visit", visits)
    assert "批次 YC-2026-05（2026-05）已抽中本任务" in texts(made, of["drawn_this_year"])
    said = texts(made, of["visited_within_gap"])
    assert "上次 2026-07-09 检查；间隔" in said and "2026-02-03" not in said


def test_the_policy_row_with_its_path_figures_and_source(home: Home) -> None:
    row = next(row for row in cells(round_files(), "frame.csv") if row[0] == "GEN" and row[3] == "C")
    [path, figures, source] = [of_task(home, row[1], "GEN")["政策"][0], *of_task(home, row[1], "GEN")[""][:2]]
    assert path == "default-2026.yaml 的 tasks.GEN.levels.C"
    assert "每年 10%" in figures and "不低于" in figures and source.startswith("出处：")


def test_the_inspectors_and_why_these(home: Home) -> None:
    """Conflicts, pair order and load of every whole visit, recomputed here from the files."""
    files = round_files()
    key, tasks = json.loads(files["certificate.json"])["key"], json.loads(files["policy.json"])["tasks"]
    rows, roster = cells(files, "assignment.csv"), {row[0]: row for row in cells(files, "roster.csv")}
    conflicts = {tuple(row) for row in cells(files, "conflicts.csv")}
    barred_somewhere = 0
    for visit in {row[0] for row in rows if "." not in row[0]}:
        on_site = [
            row for row in cells(files, "drawn.csv") if row[4] == visit and tasks[row[0]]["levels"][row[2]]["on_site"]
        ]
        until = max(tasks[code]["window_end"] for code in [row[0] for row in on_site] or tasks)
        county = roster[next(row[1] for row in rows if row[0] == visit)][1]
        pool = [person for person, row in roster.items() if row[1] == county]
        barred = [person for person in pool if (person, visit) in conflicts]
        able = [person for person in pool if person not in barred and roster[person][5] >= until]
        order = sorted(able, key=lambda person: sha256_hex(f"{key}|pair|{visit}|{person}"))
        said = texts(home, visit)
        assert f"本单位 {len(pool)} 人；应回避 {len(barred)} 人" in said and f"可派 {len(able)} 人" in said
        for person in [row[1] for row in rows if row[0] == visit]:
            load = sum(row[1] == person for row in rows)
            told = f"{person}：配对次序 {order.index(person) + 1}/{len(able)}，本批共派 {load} 户次（上限 {roster[person][4]}）"
            assert told in said
        barred_somewhere += len(barred)
    assert barred_somewhere


def test_triggers_risk_points_and_changes_after_the_draw(tmp_path: Path) -> None:
    made = make_home(tmp_path)
    lake = MonthLake(made, MONTH)
    [code, uid, _] = cells(round_files(), "triggers.csv")[0]
    trigger = {"trigger_id": code, "uid": uid, "trigger_type": "TS", "evidence_ref": "12315-1", "row_id": "t:1"}
    store(lake, "triggered_inspection", [trigger | {"received_on": date(2026, 8, 8)}])
    store(lake, "accepted_trigger", [RECEIVED | {"row_id": "t:1"}])
    point = {"uid": uid, "point_no": 1, "point_kind": "penalty", "document_no": "罚1号", "formed_on": date(2026, 1, 2)}
    store(lake, "risk_point", [point | {"point_summary": "虚构事由"}])
    change = {"request_no": 1, "request_kind": "replacement", "task": "GEN", "uid": uid, "outcome": "new_visit"}
    more = {
        "amend_reason": "deregistered",
        "evidence": "登记机关函",
        "outcome_reason": None,
        "new_uid": UID,
        "new_rank": 9,
    }
    store(lake, "amendment", [change | more])
    said = texts(made, uid)
    assert "投诉举报，2026-08-08 受理，依据 12315-1；2026-08-DA-01/t.csv 第 7 行" in said
    assert "行政处罚 罚1号，2026-01-02，虚构事由" in said
    assert f"第 1 号补抽 新增一户检查；GEN；注销；登记机关函；由 {UID}（第 9 名）递补" in said
    assert f"第 1 号补抽 新增一户检查；GEN；注销；登记机关函；本主体（第 9 名）递补 {uid}" in texts(made, UID)
    assert "deregistered" not in said


def test_who_was_replaced_has_no_team_any_more_and_who_came_has_one(tmp_path: Path) -> None:
    made, files = make_home(tmp_path), round_files()
    lake, tasks = MonthLake(made, MONTH), json.loads(files["policy.json"])["tasks"]
    teams = {row[0] for row in cells(files, "assignment.csv")}
    old = next(r for r in cells(files, "drawn.csv") if r[4] in teams and tasks[r[0]]["levels"][r[2]]["on_site"])
    new = next(row for row in cells(files, "reserve.csv") if row[4] not in teams and row[4] != old[4])
    store(lake, "unstaffed_visit", [{"visit_uid": "none", "unmet_reason": "x"}])
    going = {"visit_uid": new[4], "inspector_id": "P77", "role": "lead", "request_no": 3}
    late_uid = next(r[1] for r in cells(files, "frame.csv") if r[1] not in {*teams, new[4]})
    late = {"visit_uid": late_uid, "inspector_id": "P78", "role": "lead", "request_no": 4}
    store(lake, "team_in_force", [going, late])
    stand = {"task": old[0], "uid": old[4], "from_reserve": False, "request_no": None}
    came = {"task": new[0], "uid": new[4], "from_reserve": True, "request_no": 3}
    rows = [
        stand | {"replaced_reason": "deregistered", "replaced_by": new[4]},
        came | {"replaced_reason": "moved_out", "replaced_by": None},
    ]
    store(lake, "drawn_in_force", rows)
    said = texts(made, old[4])
    assert "现为 没有检查组" in said and f"现为 已替换（注销），由 {new[4]} 递补" in said
    said = texts(made, new[4])
    assert "现为 P77（主办），第 3 号申请所派" in said and "没有检查组" not in said
    assert of_task(made, new[4], new[0])["现为"] == [
        "第 3 号申请补抽，列入检查",
        "已替换（迁出），候补已用尽，无人递补",
    ]
    assert "现为 P78（主办），第 4 号申请所派" in texts(
        made, late_uid
    )  # a late trigger: nobody was sent by the matching


def test_off_site_checks_have_no_yearly_number_of_visits(home: Home) -> None:
    row = next(row for row in cells(round_files(), "frame.csv") if row[0] == "GEN" and row[3] == "A")
    figures = of_task(home, row[1], "GEN")[""][0]
    assert "非现场核查不上门，不计次" in figures and "每年至多" not in figures


def test_a_visit_without_a_team_says_why(tmp_path: Path) -> None:
    made = make_home(tmp_path)
    reason = {"visit_uid": UID, "county": "X", "unmet_reason": "虚构原因"}
    store(MonthLake(made, MONTH), "unassignable", [reason])
    assert "无法派人 虚构原因" in texts(made, UID)


# ---- before the draw ----


@pytest.mark.parametrize("committed", [True, False])
def test_before_the_draw_it_says_so_and_shows_what_is_known(tmp_path: Path, committed: bool) -> None:
    made = make_home(tmp_path, drawn=False, committed=committed)
    row = next(row for row in cells(round_files(), "frame.csv") if row[0] == "GEN" and row[4] == "eligible")
    said, told = texts(made, row[1]), of_task(made, row[1], "GEN")
    assert "尚未抽取，以下是到目前为止已知的" in said and told["结果"] == ["尚未抽取"]
    assert told["名录状态"] == ["可抽"] and "可抽" in told["本层"][0]
    assert "抽签号" not in said and "检查人员" not in said
    assert ("承诺值" in said) == committed


# ---- who is not there ----


def test_who_is_in_no_table_was_seen_somewhere(tmp_path: Path) -> None:
    made, gone = make_home(tmp_path), "91140800MA00009996"
    lake = MonthLake(made, MONTH)
    with pytest.raises(NotFound, match="隔离行和其他月份也没有"):
        explain(made, MONTH, gone)
    elsewhere = RECEIVED | {
        "source": "penalty",
        "row_id": "q:1",
        "reasons": "对不上",
        "raw_cells": f'{{"uscc":"{gone}"}}',
    }
    store(lake, "quarantined", [elsewhere])
    with pytest.raises(NotFound, match=r"只见于「行政处罚」的隔离行（2026-08-DA-01/t.csv 第 7 行）：对不上"):
        explain(made, MONTH, gone)
    store(lake, "quarantined", [elsewhere, elsewhere | {"source": "register", "row_id": "q:2", "reasons": "两行重复"}])
    with pytest.raises(NotFound, match=r"登记表中 .* 所在的行已隔离.*两行重复"):
        explain(made, MONTH, gone)


def test_who_was_there_last_month_is_told(tmp_path: Path) -> None:
    made = make_home(tmp_path)
    (made.lake / MONTH).rename(made.lake / "2026-07")
    lake = MonthLake(made, MONTH)
    lake.begin({"demonstration": True})
    with pytest.raises(NotFound, match="最近见于 2026-07（虚构商行1，存续）"):
        explain(made, MONTH, UID)


def test_an_old_number_leads_to_the_credit_code(home: Home) -> None:
    assert UID in texts(home, "R:140825200010674")


# ---- the commands ----


def test_the_page_is_marked_internal_and_aligned(home: Home) -> None:
    done = CliRunner().invoke(app, ["why", UID.lower(), "--month", MONTH, "--home", str(home.root)])
    assert done.exit_code == 0 and done.output.splitlines()[0] == WARNING == "内部资料，不得外传"
    assert "  名称      虚构商行1\n  主体代码  " + UID in done.output
    done = CliRunner().invoke(app, ["why", "123", "--month", MONTH, "--home", str(home.root)])
    assert done.exit_code == 1 and "校验码" in str(done.exception)
    done = CliRunner().invoke(app, ["why", UID, "--month", "2026-05", "--home", str(home.root)])
    assert done.exit_code == 1 and "2026-05" in str(done.exception)


def test_verify_takes_digest_and_folder_from_the_ledger(home: Home, capfd: pytest.CaptureFixture[str]) -> None:
    assert verify_bundle(ROUND, None, [], home.root) == 0
    digest = hashlib.sha256(round_files()["SHA256SUMS"]).hexdigest()
    said = capfd.readouterr().out
    assert digest in said and "通过 OK" in said
    assert verify_bundle(str(home.bundles / ROUND), digest, [], home.root) == 0
    assert verify_bundle(str(home.bundles / ROUND), "0" * 64, [], home.root) == 1
    assert "--expect" in capfd.readouterr().out
    assert verify_bundle(str(home.bundles / ROUND), "xyz", [], home.root) == 2


def test_verify_refuses_what_the_ledger_does_not_bear_out(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """A bundle forged and sealed anew holds by itself: only the digest in the ledger tells."""
    made = make_home(tmp_path)
    forged = round_files() | {"verify.py": b"print('OK')"}
    listed = sorted(forged.keys() - {"SHA256SUMS"})
    sums = "".join(f"{hashlib.sha256(forged[name]).hexdigest()}  {name}\n" for name in listed)
    (made.bundles / ROUND / "verify.py").write_bytes(forged["verify.py"])
    (made.bundles / ROUND / "SHA256SUMS").write_text(sums)
    assert verify_bundle(str(made.bundles / ROUND), None, [], made.root) == 0
    assert verify_bundle(ROUND, None, [], made.root) == 1
    assert "SHA256SUMS" in capfd.readouterr().out


def test_verify_of_a_round_that_is_not_there_or_not_drawn(tmp_path: Path) -> None:
    with pytest.raises(LakeError, match="既不是文件夹，也不是"):
        verify_bundle("YC-2026-09", None, [], make_home(tmp_path / "a").root)
    with pytest.raises(LakeError, match="尚未抽取封装"):
        verify_bundle(ROUND, None, [], make_home(tmp_path / "b", drawn=False).root)
