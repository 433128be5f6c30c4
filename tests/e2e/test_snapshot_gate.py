"""A grade snapshot that cannot be trusted: the plan is held, the numbers shown, nothing drawn, until a person decides.

Here: each damage in a delivered file, from the inbox to the hold, and the decision that lets exactly this pass; the count
of a county's people before the draw. The months are carried only that far. Not here: the limits one by one (tests/unit/test_snapshot.py).
"""

from __future__ import annotations

import hashlib
import json
import shutil
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from resources.lake import MonthLake
from resources.ledger import Ledger
from resources.settings import Home
from tests.bad_snapshots import spoil_snapshot
from tests.e2e.conftest import MONTH, Outcome, change_manifest, make_real
from tests.e2e.test_bad_input import folder_of

GRADE = 3  # columns: 快照月份, 统一社会信用代码, 企业名称, 信用风险等级, 分类日期


def carry(home: Path, *goals: str) -> dict[str, str]:
    """The month carried as far as the population, or these assets, in this process; what it waits for."""
    import dagster as dg

    from pipelines.cli.run import instance_of
    from pipelines.definitions import build_defs
    from resources.house import House

    folder = Home.at(home).create()
    job = build_defs(house=House(home=str(home))).resolve_job_def("monthly")
    wanted = dg.AssetSelection.assets(*(goals or ("population",))).upstream().resolve(job.asset_layer.asset_graph)
    with instance_of(folder) as instance:
        result = job.execute_in_process(
            partition_key=MONTH,
            instance=instance,
            asset_selection=sorted(wanted),
            run_config={"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}},
        )
    assert result.success
    return MonthLake(folder, MONTH).holds()


def planned(home: Path) -> bool:
    return MonthLake(Home.at(home), MONTH).path("population").exists()


@contextmanager
def snapshot_file(home: Path) -> Iterator[list[list[str]]]:
    """The rows of the month's delivered snapshot, to be spoilt in place; digest and rows of its manifest are made to fit."""
    folder, name = folder_of(home, "grade_snapshot")
    header, *lines = (folder / name).read_bytes().decode("utf-8-sig").splitlines()
    rows = [line.split(",") for line in lines]
    assert header.split(",")[GRADE] == "信用风险等级" and len(rows) > 200
    yield rows
    data = "\n".join([header, *(",".join(row) for row in rows), ""]).encode()
    (folder / name).write_bytes(data)
    files = json.loads((folder / "manifest.json").read_text("utf-8"))["files"]
    for file in files:
        if file["name"] == name:
            file |= {"sha256": hashlib.sha256(data).hexdigest(), "rows": len(rows)}
    change_manifest(folder, files=files)


def other_grade(grade: str) -> str:
    return {"A": "B", "B": "C", "C": "D", "D": "C"}[grade]


@pytest.fixture(scope="module")
def read_home(tiny_inbox: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tiny city carried to its population and the count of its people, with nothing amiss in the snapshot."""
    home = tmp_path_factory.mktemp("sound")
    shutil.copytree(tiny_inbox, home / "inbox")
    make_real(home / "inbox")
    assert carry(home, "population", "staffing") == {} and planned(home)
    return home


@pytest.fixture
def fresh_home(read_home: Path, tmp_path: Path) -> Path:
    """Its inbox before any run; files already read are not read again."""
    shutil.copytree(read_home / "inbox", tmp_path / "inbox")
    shutil.copytree(read_home / "lake" / "received", tmp_path / "lake" / "received")
    return tmp_path


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ("duplicates", ("内容不一的 5 行",)),
        ("half_missing", ("快照漏列", "2026-09 为")),
        ("two_levels", ("相差 2 级以上", "5%")),
        ("share_shifted", ("个等级的占比", "§4.8")),
    ],
)
def test_a_damaged_snapshot_holds_the_plan(fresh_home: Path, kind: str, words: tuple[str, ...]) -> None:
    spoil_snapshot(fresh_home / "inbox", MONTH, kind)
    holds = carry(fresh_home)
    assert list(holds) == ["grade_snapshot"] and not planned(fresh_home)
    for word in (*words, f"ssj decide --month {MONTH} --hold grade_snapshot", "LDXZ"):
        assert word in holds["grade_snapshot"], word
    assert list(fresh_home.glob("bundles/*")) == []


def test_the_command_line_waits_until_a_role_with_the_duty_decides(
    fresh_home: Path, run_home: Callable[..., Outcome]
) -> None:
    from pipelines.cli.decide import decide_hold
    from resources.decisions import DecisionError
    from supervision.rounds import RoundError

    spoil_snapshot(fresh_home / "inbox", MONTH, "unknown_letters")
    with snapshot_file(fresh_home) as rows:
        rows += [list(row) for row in rows[-3:]]
    outcome = run_home(fresh_home)
    assert (outcome.code, outcome.errors) == (3, "")
    waiting = [line for line in outcome.said if line.startswith("等待人工：等级快照")]
    assert any("7 行" in line and "重复的 3 行" in line for line in waiting)
    assert any(line.startswith("请留意（snapshot_facts）") for line in outcome.said)
    assert not planned(fresh_home) and list((fresh_home / "bundles").iterdir()) == []

    with pytest.raises(RoundError, match="审批"):
        decide_hold(MONTH, "grade_snapshot", "已与省局核对", "SJZX", fresh_home)
    with pytest.raises(DecisionError, match="理由"):
        decide_hold(MONTH, "grade_snapshot", " ", "LDXZ", fresh_home)
    with pytest.raises(DecisionError, match="round"):
        decide_hold(MONTH, "round", "已与省局核对", "LDXZ", fresh_home)
    assert list(Ledger(fresh_home / "ledger", "decisions").entries()) == []
    decide_hold(MONTH, "grade_snapshot", "已与省局核对，七户按未分类办理", "LDXZ", fresh_home)
    assert carry(fresh_home) == {} and planned(fresh_home)


def test_another_content_for_a_month_that_was_planned_holds_it_again(read_home: Path, tmp_path: Path) -> None:
    """One grade flipped after use: told with both digests and the number of firms (R-39)."""
    from pipelines.cli.decide import decide_hold

    home = tmp_path / "home"
    shutil.copytree(read_home, home, symlinks=True)
    with snapshot_file(home) as rows:
        rows[0][GRADE] = other_grade(rows[0][GRADE])
        del rows[1]
    told = carry(home)["grade_snapshot"]
    [used] = [e["body"] for e in Ledger(home / "ledger", "decisions").entries()]
    assert used["sha256"][:16] in told and "等级不同 1 户、新增 0 户、减少 1 户" in told and "R-39" in told
    assert not planned(home)
    decide_hold(MONTH, "grade_snapshot", "省局来函更正一户", "LDXZ", home)
    assert carry(home) == {} and planned(home)
    with snapshot_file(home) as rows:
        rows[5][GRADE] = other_grade(rows[5][GRADE])
    assert "等级不同 1 户、新增 0 户、减少 0 户" in carry(home)["grade_snapshot"]
    assert not planned(home)


def test_expired_certificates_are_told_by_county_before_the_draw(read_home: Path) -> None:
    """The sample's roster has a few; counted here once more from the delivered rows."""
    lake = MonthLake(Home.at(read_home), MONTH)
    people = pq.read_table(lake.table("accepted_inspector")).to_pylist()
    expired = Counter(
        row["county"] for row in people if row["status"] == "active" and row["valid_until"].isoformat() <= "2026-10-31"
    )
    rows = pq.read_table(lake.table("staffing")).to_pylist()
    everybody = {row["county"]: row for row in rows if row["needed_specialty"] == "any"}
    assert expired and len(everybody) == 14
    assert {county: row["expired_people"] for county, row in everybody.items() if row["expired_people"]} == expired
    for county, number in expired.items():
        assert f"证件过期 {number} 人" in everybody[county]["findings"]
    assert {row["needed_specialty"] for row in rows} > {"any", "special_equipment"}
    assert not lake.path("committed_round").exists()
