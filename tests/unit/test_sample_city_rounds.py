"""A city that goes on after a drawn round: its inspections come in the months after, from the round's files alone."""

from __future__ import annotations

import csv
import json
import shutil
from collections import Counter
from itertools import pairwise
from pathlib import Path

import pytest

from sample_city import CityError, generate
from sample_city.defects import FAULTS
from tests.bad_snapshots import KINDS, spoil_snapshot
from tests.unit.delivered_cells import part_of, parts_of
from tests.unit.sample_city_sources import AFTER_A_ROUND, FIRST_MONTH

SIZE = 1500
Row = dict[str, str]


@pytest.fixture(scope="module")
def codes(checkout: Path) -> Path:
    return checkout / "data_contracts" / "reference"


def rows(home: Path, month: str, source: str) -> list[Row]:
    files = sorted((home / "inbox").glob(f"{month}-*/{source}.*"))
    return [
        dict(zip(part.header, row, strict=True)) for path in files for part in parts_of(path) for row in part.rows
    ]  # fmt: skip


def results(home: Path, month: str) -> list[Row]:
    """What the inspections found, by whichever way it came: through the platform or in a county's workbook."""
    sent_back = rows(home, month, "county_return")
    return rows(home, month, "inspection_result") + [row | {"检查结果代码": row["检查结果"]} for row in sent_back]


def write(path: Path, header: str, lines: list[str]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join([header, *lines]) + "\n", "utf-8")


def draw(home: Path, month: str, firms: list[str], *, round_id: str = "") -> None:
    """A drawn round: all firms for GEN, B on site, A off site; teams for all on site but the last two."""
    folder = home / "bundles" / (round_id or f"YC-{month}")
    on_site, off_site = firms[: len(firms) // 2], firms[len(firms) // 2 :]
    drawn = [
        f"GEN,140802,{stratum},1,{uid},t,10000" for part, stratum in ((on_site, "B"), (off_site, "A")) for uid in part
    ]
    write(folder / "drawn.csv", "task,county,stratum,rank,uid,ticket,target_e4", drawn)
    team = [f"{uid},{who},{role}" for uid in on_site[:-2] for who, role in (("X-2", "lead"), ("X-1", "member"))]
    write(folder / "assignment.csv", "visit_uid,inspector_id,role", team)
    policy = {"tasks": {"GEN": {"levels": {"A": {"on_site": 0}, "B": {"on_site": 1}}}}}
    (folder / "policy.json").write_text(json.dumps(policy), "utf-8")


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory, codes: Path) -> Path:
    """October drawn, November and December generated after it; November drawn in two rounds, of which one was voided."""
    home = tmp_path_factory.mktemp("rounds")
    generate("2026-10", home / "inbox", enterprises=SIZE, codes=codes)
    listed = [row["统一社会信用代码"] for row in rows(home, "2026-10", "register")]
    live = [code for code in listed if code]
    draw(home, "2026-10", live[:400])
    generate("2026-11", home / "inbox", codes=codes)
    draw(home, "2026-11", live[400:500])
    draw(home, "2026-11", live[500:600], round_id="YC-2026-11.2")
    generate("2026-12", home / "inbox", codes=codes)
    return home


def drawn_in(home: Path, round_id: str) -> list[str]:
    with (home / "bundles" / round_id / "drawn.csv").open(encoding="utf-8", newline="") as file:
        return [row["uid"] for row in csv.DictReader(file)]


def test_a_drawn_round_is_inspected_in_the_month_after(home: Path) -> None:
    found = [r for r in results(home, "2026-11") if r["计划编号"] == "YC-2026-10-GEN"]
    firms = drawn_in(home, "YC-2026-10")
    on_site, off_site = firms[:200], firms[200:]
    by_firm = Counter(row["统一社会信用代码"] for row in found)
    assert set(by_firm) <= set(firms) and set(by_firm.values()) <= {1, 2}
    assert 0.6 * len(firms) < len(by_firm) < len(firms)
    assert not set(on_site[-2:]) & set(by_firm)  # nobody could be sent
    assert {row["检查日期"][:7] for row in found} == {"2026-11"}
    for row in found:
        at_firm = row["统一社会信用代码"] in on_site
        assert row["检查方式"] == ("现场" if at_firm else "非现场")
        assert row["检查人员工号"] == ("X-2;X-1" if at_firm else "")
        assert row["统一社会信用代码"] in (on_site if at_firm else off_site)
    days = Counter((row["统一社会信用代码"], row["检查日期"]) for row in found)
    assert len(days) == len(by_firm)


def test_late_results_follow_once_and_some_firms_are_not_found(home: Path) -> None:
    both = [
        row for month in ("2026-11", "2026-12") for row in results(home, month) if row["计划编号"] == "YC-2026-10-GEN"
    ]
    later = [r for r in results(home, "2026-12") if r["计划编号"] == "YC-2026-10-GEN"]
    assert later
    keys = Counter((row["统一社会信用代码"], row["抽查事项编号"], row["检查日期"]) for row in both)
    assert max(keys.values()) == 1
    items = Counter((row["统一社会信用代码"], row["检查日期"]) for row in both)
    assert set(items.values()) == {2}  # one visit, two items
    firms = {row["统一社会信用代码"] for row in both}
    assert 0.93 * 398 < len(firms) <= 398
    absent = {row["统一社会信用代码"] for row in both if "未找到该企业" in row["问题描述"]}
    assert 0 < len(absent) < 12
    assert all(row["检查结果代码"] == "6" for row in both if row["统一社会信用代码"] in absent)
    acknowledged = {row["统一社会信用代码"] for row in rows(home, "2026-1[12]", "acknowledgement")}
    assert len(acknowledged & firms) > 0.8 * len(firms)


def test_some_counties_send_their_results_back_in_the_workbook_and_no_other_way(home: Path) -> None:
    sent_back = rows(home, "2026-11", "county_return")
    assert {row["检查主体"] for row in sent_back} == {"140821", "140826", "140881"}
    ours = [r for r in rows(home, "2026-11", "inspection_result") if r["计划编号"] == "YC-2026-10-GEN"]
    assert ours and not {row["检查主体"] for row in ours} & {"140821", "140826", "140881"}
    for row in sent_back:
        assert bool(row["检查码"]) == bool(row["扫码时间"]) == (row["检查方式"] == "现场")
    assert not any(f["source"] == "county_return" for f in _files(home, "2026-10"))


def test_a_workbook_sent_back_has_each_of_its_rows_once_and_of_firms_in_the_register(home: Path) -> None:
    known = {row["统一社会信用代码"] for row in rows(home, "2026-1?", "register")}
    for month in ("2026-11", "2026-12"):
        sent_back = rows(home, month, "county_return")
        keys = Counter((row["计划编号"], row["抽查事项编号"], row["统一社会信用代码"]) for row in sent_back)
        assert set(keys.values()) == {1}
        assert {row["统一社会信用代码"] for row in sent_back} <= known


def test_after_a_round_workbooks_come_back_and_their_faults_are_where_truth_says(
    home: Path, tmp_path: Path, codes: Path
) -> None:
    shutil.copytree(home / "bundles" / "YC-2026-10", tmp_path / "bundles" / "YC-2026-10")
    for folder in home.glob("inbox/2026-*"):
        if folder.name < "2026-11":
            shutil.copytree(folder, tmp_path / "inbox" / folder.name)
    story = json.loads((home / "city.json").read_text("utf-8"))
    (tmp_path / "city.json").write_text(json.dumps(story | {"months": ["2026-10"]}), "utf-8")
    told: list[str] = []
    summary = generate("2026-11", tmp_path / "inbox", defects=0.02, codes=codes, progress=told.append)
    assert set(summary.rows) == FIRST_MONTH - {"prior_draw"} | {AFTER_A_ROUND}
    assert summary.rows[AFTER_A_ROUND] > 50
    assert any(AFTER_A_ROUND in line for line in told)

    truth = [t for t in json.loads((tmp_path / "truth.json").read_text("utf-8")) if t["source"] == AFTER_A_ROUND]
    faults = {(fault.kind, fault.column or None): fault for fault in FAULTS[AFTER_A_ROUND]}
    assert {(t["kind"], t["column"]) for t in truth} == set(faults)
    places = [(t["delivery_id"], t["file"], t["sheet"], t["row_no"]) for t in truth]
    assert len(set(places)) == len(truth) >= 0.015 * summary.rows[AFTER_A_ROUND]
    for t in truth:
        spoilt = part_of(tmp_path / "inbox" / t["delivery_id"] / t["file"], t["sheet"])
        cells = spoilt.at(t["row_no"])
        if t["kind"] == "duplicate_row":
            assert cells == spoilt.at(t["pair_row_no"])
            continue
        clean = part_of(home / "inbox" / t["delivery_id"] / t["file"], t["sheet"]).at(t["row_no"])
        [changed] = [n for n, (was, now) in enumerate(zip(clean, cells, strict=True)) if was != now]
        fault = faults[t["kind"], t["column"]]
        assert (spoilt.header[changed], cells[changed]) == (t["column"], fault.text)
        assert t["rule_id"] == fault.rule


def test_the_personnel_file_names_every_inspector_and_is_no_delivery(home: Path) -> None:
    path = home / "confidential" / "personnel.csv"
    assert path.stat().st_mode & 0o777 == 0o600
    with path.open(encoding="utf-8", newline="") as file:
        people = list(csv.DictReader(file))
    assert {row["人员工号"] for row in people} == {r["人员工号"] for r in rows(home, "2026-12", "inspector")}
    assert not any("personnel" in f["name"] for month in ("2026-10", "2026-11") for f in _files(home, month))


def _files(home: Path, month: str) -> list[dict[str, str]]:
    manifests = (home / "inbox").glob(f"{month}-*/manifest.json")
    return [file for path in manifests for file in json.loads(path.read_text("utf-8"))["files"]]


def test_of_a_month_with_a_voided_round_the_last_one_counts(home: Path) -> None:
    found = results(home, "2026-12")
    plans = Counter(row["计划编号"] for row in found if row["计划编号"].startswith("YC-2026-11"))
    assert set(plans) == {"YC-2026-11.2-GEN"}


def test_no_round_of_ours_is_exported_by_the_platform(home: Path) -> None:
    assert {row["抽取月份"] for row in rows(home, "2026-*", "prior_draw")} == {f"2026-{m:02d}" for m in range(1, 10)}


def test_without_drawn_rounds_a_month_goes_on_as_before(home: Path, tmp_path: Path, codes: Path) -> None:
    generate("2026-10", tmp_path / "inbox", enterprises=SIZE, codes=codes)
    generate("2026-11", tmp_path / "inbox", codes=codes)
    ours = {row["计划编号"] for row in rows(tmp_path, "2026-11", "inspection_result")}
    assert ours and max(ours) < "YC-2026-10"


def test_a_round_that_cannot_be_read_is_told(home: Path, tmp_path: Path, codes: Path) -> None:
    shutil.copytree(home, tmp_path / "home")
    (tmp_path / "home" / "bundles" / "YC-2026-11.2" / "policy.json").write_text("{", "utf-8")
    for folder in (tmp_path / "home" / "inbox").glob("2026-12-*"):
        shutil.rmtree(folder)
    story = json.loads((tmp_path / "home" / "city.json").read_text("utf-8"))
    story["months"] = story["months"][:-1]
    (tmp_path / "home" / "city.json").write_text(json.dumps(story), "utf-8")
    with pytest.raises(CityError, match=r"抽取包 YC-2026-11\.2 读不全"):
        generate("2026-12", tmp_path / "home" / "inbox", codes=codes)


def grades(home: Path, month: str) -> dict[str, str]:
    return {
        r["统一社会信用代码"]: r["信用风险等级"] for r in rows(home, month, "grade_snapshot") if r["快照月份"] == month
    }


def jumped(before: dict[str, str], after: dict[str, str]) -> float:
    both = before.keys() & after.keys()
    return sum(abs(ord(before[code]) - ord(after[code])) > 1 for code in both) / len(both)


def test_few_grades_jump_two_levels_from_month_to_month(home: Path) -> None:
    months = [grades(home, f"2026-{m}") for m in (10, 11, 12)]
    for before, after in pairwise(months):
        moved = sum(before[c] != after[c] for c in before.keys() & after.keys()) / len(before)
        assert 0.01 < moved < 0.08
        assert jumped(before, after) < 0.01


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_a_bad_snapshot_is_bad_and_its_manifest_fits(home: Path, tmp_path: Path, kind: str) -> None:
    for month in ("2026-10", "2026-11"):
        shutil.copytree(home / "inbox" / f"{month}-SJ-PT-01", tmp_path / "inbox" / f"{month}-SJ-PT-01")
    before = rows(home, "2026-11", "grade_snapshot")
    assert {row["快照月份"] for row in before} == {"2026-11"}
    made = spoil_snapshot(tmp_path / "inbox", "2026-11", kind)
    after = rows(tmp_path, "2026-11", "grade_snapshot")
    assert len(after) == made
    manifest = json.loads((tmp_path / "inbox" / "2026-11-SJ-PT-01" / "manifest.json").read_text("utf-8"))
    assert [f["rows"] for f in manifest["files"] if f["source"] == "grade_snapshot"] == [made]
    # A share shifts against months before: eight of them are in that file alone.
    months = Counter(row["快照月份"] for row in after)
    earlier = [f"2026-0{m}" for m in range(2, 10)] if kind == "share_shifted" else []
    assert sorted(months) == [*earlier, "2026-11"]
    assert {months[month] for month in earlier} <= {len(before)}
    letters = {row["信用风险等级"] for row in after}
    firms = Counter((row["快照月份"], row["统一社会信用代码"]) for row in after)
    assert ("E" in letters) == (kind == "unknown_letters")
    assert (max(firms.values()) > 1) == (kind == "duplicates")
    assert (months["2026-11"] < len(before) * 0.6) == (kind == "half_missing")
    was, now = grades(home, "2026-11"), grades(tmp_path, "2026-11")
    moved = Counter((was[firm], now[firm]) for firm in now if was[firm] != now[firm])
    if kind == "share_shifted":
        assert {r["信用风险等级"] == was[r["统一社会信用代码"]] for r in after if r["快照月份"] < "2026-11"} == {True}
        assert moved == {("A", "B"): list(was.values()).count("A") // 20}
    if kind == "half_missing":
        assert not moved
    if kind == "two_levels":
        assert jumped(grades(home, "2026-10"), grades(tmp_path, "2026-11")) > 0.05
