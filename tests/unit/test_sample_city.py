"""The sample city as a whole: same bytes, true manifests, the promised headers, shares and relations."""

from __future__ import annotations

import csv
import datetime as dt
import hashlib
import json
import re
import zipfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import stdnum.cn.uscc

from data_contracts.registry import sources
from resources.reference import policy_for
from sample_city import CityError, Summary, generate
from sample_city.canaries import CANARIES
from sample_city.departments import (
    COUNTIES,
    SHARES,
    UNITS,
    WEEK_1,
    WEEK_2,
    WEEK_3,
    WEEK_4,
    arrival,
    calendar_of,
    places,
)
from sample_city.layouts import XLSX_ROWS, layout
from sample_city.people import SHORT, roster
from sample_city.tasks import TASKS
from tests.unit.delivered_cells import parts_of
from tests.unit.sample_city_sources import FIRST_MONTH

MONTH = "2026-10"
CONTRACTS = {s.name: s.contract for s in sources() if s.connected}
FORMED = {
    "licence": ("许可决定日期",),
    "penalty": ("处罚决定日期",),
    "abnormal_listing": ("移出日期", "列入日期"),
    "serious_violation": ("移出日期", "列入日期"),
    "inspection_result": ("检查日期",),
    "field_food_drug": ("记录日期",),
    "field_metrology": ("记录日期",),
    "department_licence": ("许可决定日期",),
    "department_penalty": ("处罚决定日期",),
    "department_inspection": ("检查日期",),
    "province_push": ("记录日期",),
}
KEYS = {
    name: tuple(contract.column(column).title for column in contract.primary_key)
    for name, contract in CONTRACTS.items()
}
Row = dict[str, str]


@pytest.fixture(scope="session")
def codes(checkout: Path) -> Path:
    return checkout / "data_contracts" / "reference"


@dataclass(frozen=True)
class City:
    """A generated inbox, read back by means that are not ours."""

    inbox: Path
    summary: Summary

    def manifests(self) -> Iterator[dict[str, Any]]:
        for path in sorted(self.inbox.glob("*/manifest.json")):
            yield json.loads(path.read_text(encoding="utf-8"))

    def files(self, source: str) -> Iterator[tuple[dict[str, Any], dict[str, Any], Path]]:
        for manifest in self.manifests():
            for file in manifest["files"]:
                if file["source"] == source:
                    yield manifest, file, self.inbox / manifest["delivery_id"] / file["name"]

    def rows(self, source: str) -> list[Row]:
        """All rows under the contract's titles, with `delivery`, `month`, `unit`, `received`; '' where a file has no column."""
        contract = CONTRACTS[source]
        names = {text: c.title for c in contract.columns for text in (c.title, *c.aliases, *c.unit_headers)}
        found: list[Row] = []
        for manifest, file, path in self.files(source):
            if file.get("change"):
                continue
            about = {
                "delivery": manifest["delivery_id"], "month": manifest["month"], "unit": manifest["unit_code"],
                "received": manifest["received_at"][:10],
            }  # fmt: skip
            blank = {c.title: "" for c in contract.columns}
            for part in parts_of(path):
                header = [names.get(name, name) for name in part.header]
                found += [{**blank, **dict(zip(header, row, strict=True)), **about} for row in part.rows]
        return found


@pytest.fixture(scope="session")
def city(tmp_path_factory: pytest.TempPathFactory, codes: Path) -> City:
    inbox = tmp_path_factory.mktemp("city") / "inbox"
    return City(inbox, generate(MONTH, inbox, enterprises=3000, codes=codes))


def day(text: str) -> dt.date:
    numbers = re.sub(r"\D", "", text)
    return dt.date(int(numbers[:4]), int(numbers[4:6]), int(numbers[6:8]))


def test_same_arguments_same_bytes_another_seed_others(tmp_path: Path, codes: Path) -> None:
    def digests(name: str, seed: int) -> dict[str, str]:
        out = tmp_path / name / "inbox"
        generate(MONTH, out, enterprises=400, seed=seed, defects=0.02, codes=codes)
        files = [p for p in sorted(out.parent.rglob("*")) if p.is_file()]
        return {p.relative_to(out.parent).as_posix(): hashlib.sha256(p.read_bytes()).hexdigest() for p in files}

    first, second, other = digests("a", 1), digests("b", 1), digests("c", 2)
    assert first == second
    assert "truth.json" in first
    kept = {name for name in first if first[name] == other.get(name)}
    assert not [name for name in kept if not name.endswith("manifest.json")]


def test_manifests_tell_the_truth(city: City) -> None:
    seen: Counter[str] = Counter()
    folders = {path.name for path in city.inbox.iterdir()}
    for manifest in city.manifests():
        assert manifest["spec"] == "ssj-delivery-v1"
        assert manifest["generated"] is True
        assert manifest["unit_code"] in UNITS
        assert manifest["delivery_id"] == f"{manifest['month']}-{manifest['unit_code']}-{manifest['delivery_id'][-2:]}"
        assert manifest["received_at"].endswith("+08:00")
        assert manifest["received_at"][:7] == manifest["month"]
        sources = {file["source"] for file in manifest["files"]}
        assert manifest["registry_rows"] == ("generated" if "register" in sources else None)
        folder = city.inbox / manifest["delivery_id"]
        assert {p.name for p in folder.iterdir()} == {"manifest.json", *(f["name"] for f in manifest["files"])}
        for file in manifest["files"]:
            assert hashlib.sha256((folder / file["name"]).read_bytes()).hexdigest() == file["sha256"]
            assert sum(len(part.rows) for part in parts_of(folder / file["name"])) == file["rows"] > 0
            seen[file["source"]] += 0 if file.get("change") else file["rows"]
    assert set(city.summary.deliveries) == folders
    assert dict(seen) == {source: rows for source, rows in city.summary.rows.items() if rows}
    assert city.summary.enterprises == 3000


# What departments send and nobody reads (R-37).
PERSONAL = {"法定代表人"} | {each.column for each in CANARIES if not each.written}


def test_headers_are_the_contracts_or_their_aliases(city: City) -> None:
    aliased = set()
    for source, contract in CONTRACTS.items():
        names = {text: c.name for c in contract.columns for text in (c.title, *c.aliases, *c.unit_headers)}
        titles = {c.title for c in contract.columns}
        for _, _, path in city.files(source):
            for part in parts_of(path):
                brought = [names[name] for name in part.header if name not in PERSONAL]
                assert len(set(brought)) == len(brought)
                assert {c.name for c in contract.columns if c.required} <= set(brought), source
                aliased |= set(part.header) - titles - PERSONAL
    assert len(aliased) >= 8
    assert "罚款金额（元）" in aliased


def test_every_format_is_there(city: City) -> None:
    def suffixes(source: str) -> set[str]:
        return {path.suffix for _, _, path in city.files(source)}

    for source in ("register", "licence", "serious_violation", "trigger", "inspector", "task_evidence"):
        assert suffixes(source) == {".xlsx"}
    assert suffixes("inspection_result") == suffixes("department_inspection") == {".parquet"}
    assert (suffixes("field_price"), suffixes("field_metrology")) == ({".xls"}, {".zip"})
    zipped = [part for _, _, path in city.files("field_metrology") for part in parts_of(path)]
    assert {part.sheet for part in zipped} == {"field_metrology-1.csv", "field_metrology-2.xlsx/Sheet1"}
    epochs = {
        b'date1904="1"' in zipfile.ZipFile(path).read("xl/workbook.xml"): manifest["unit_code"]
        for manifest, _, path in city.files("licence")
    }
    assert epochs[True] == "SP-SC"
    offsets = {manifest["unit_code"]: parts_of(path)[0].first_row for manifest, _, path in city.files("licence")}
    assert (offsets["SP-LT"], offsets["TSSB"], offsets["CY"]) == (3, 2, 3)
    assert layout("register", "DA", XLSX_ROWS).kind == "xlsx"
    assert layout("register", "DA", XLSX_ROWS + 1).kind == "parquet"
    assert layout("licence", "CY", XLSX_ROWS + 1).kind == "csv"


def test_no_person_is_named(city: City) -> None:
    masked = [row["法定代表人"] for row in city.rows("penalty") if "法定代表人" in row]
    assert masked
    assert set(masked) == {"***"}


def test_register_has_the_citys_shares(city: City) -> None:
    rows = city.rows("register")
    firms = [row for row in rows if row["市场主体类别"] == "企业"]
    by_county = Counter(row["属地监管机构"] for row in firms)
    assert set(by_county) == set(COUNTIES)
    assert [by_county[c] for c in ("140802", "140821", "140826", "140881", "140882", "1408KF")] == [
        630,
        260,
        115,
        230,
        270,
        185,
    ]
    assert {row["登记机关区划代码"] for row in rows if row["属地监管机构"] == "1408KF"} == {"140802"}
    live = sum(row["登记状态"] == "存续" for row in rows) / len(rows)
    assert 0.94 < live < 0.98
    codes = [row["统一社会信用代码"] for row in rows if row["统一社会信用代码"]]
    assert len(set(codes)) == len(codes)
    assert all(stdnum.cn.uscc.is_valid(code) for code in codes)
    assert {code[:2] for code in codes} == {"91", "92", "93"}
    only_number = [row for row in rows if not row["统一社会信用代码"]]
    assert 0 < len(only_number) < len(rows) * 0.02
    assert all(re.fullmatch(r"\d{15}", row["注册号"]) for row in only_number)
    assert len({row["企业名称"] for row in rows}) > 0.99 * len(rows)
    assert max(day(row["成立日期"]) for row in rows) < dt.date(2026, 10, 8)


def test_grades_cover_all_but_the_explained(city: City) -> None:
    rows = city.rows("grade_snapshot")
    grades = {
        m: {r["统一社会信用代码"]: r["信用风险等级"] for r in rows if r["快照月份"] == m} for m in ("2026-09", MONTH)
    }
    assert {r["month"] for r in rows if r["快照月份"] == "2026-09"} == {"2026-09"}
    shares = {letter: n / len(grades[MONTH]) for letter, n in Counter(grades[MONTH].values()).items()}
    for letter, expected, slack in (("A", 0.73, 0.03), ("B", 0.187, 0.03), ("C", 0.052, 0.015), ("D", 0.03, 0.012)):
        assert abs(shares[letter] - expected) < slack
    both = grades[MONTH].keys() & grades["2026-09"].keys()
    moved = sum(grades[MONTH][c] != grades["2026-09"][c] for c in both) / len(both)
    assert 0.015 < moved < 0.05
    for row in city.rows("register"):
        code, new = row["统一社会信用代码"], day(row["成立日期"]) >= dt.date(2026, 9, 20)
        explained = (
            row["市场主体类别"] != "企业" or not code or new or "分" in row["企业类型"] or row["登记状态"] != "存续"
        )
        assert explained or code in grades[MONTH]
        assert not (new and code in grades[MONTH])


def test_bad_grades_have_more_penalties(city: City) -> None:
    grade = {r["统一社会信用代码"]: r["信用风险等级"] for r in city.rows("grade_snapshot") if r["快照月份"] == MONTH}
    firms = Counter(grade.values())
    for source, key in (("penalty", KEYS["penalty"][2]), ("abnormal_listing", "统一社会信用代码")):
        per = Counter(grade.get(row[key], "U") for row in city.rows(source))
        assert per["D"] / firms["D"] > per["C"] / firms["C"] > per["B"] / firms["B"] > per["A"] / firms["A"]


def test_records_are_about_registered_subjects_and_not_from_the_future(city: City) -> None:
    known = {row["统一社会信用代码"] for row in city.rows("register")}
    for source in CONTRACTS:
        for row in city.rows(source):
            code = row.get("统一社会信用代码") or row.get("行政相对人代码_1(统一社会信用代码)") or ""
            if source != "register":
                assert {c.upper() for c in code.split("；") if len(c) > 15} <= known
            for column in FORMED.get(source, ()):
                assert not row[column] or day(row[column]) <= day(row["received"])


def test_keys_are_unique_in_a_delivery_and_removals_come_as_new_versions(city: City) -> None:
    for source in FIRST_MONTH:
        found = Counter((row["delivery"], *(row[column] for column in KEYS[source])) for row in city.rows(source))
        assert max(found.values()) == 1, source
    versions: dict[tuple[str, ...], list[Row]] = {}
    for row in city.rows("abnormal_listing"):
        versions.setdefault(tuple(row[c] for c in KEYS["abnormal_listing"]), []).append(row)
    pairs = [sorted(v, key=lambda row: row["received"]) for v in versions.values() if len(v) > 1]
    assert pairs
    assert all(not old["移出日期"] and new["移出日期"] and old["received"] < new["received"] for old, new in pairs)


def test_some_of_the_months_records_are_late(city: City, checkout: Path) -> None:
    work: list[dt.date] = []
    calendar = {}
    for year in range(2023, 2027):
        with (checkout / "data_contracts" / "calendar" / f"{year}.csv").open(encoding="utf-8", newline="") as file:
            for row in csv.DictReader(file):
                date, *rest = row.values()
                calendar[date] = rest[0]
    for number in range(1400):
        date = dt.date(2023, 1, 1) + dt.timedelta(days=number)
        kind = calendar.get(date.isoformat(), "workday" if date.weekday() < 5 else "off")
        if "work" in kind:
            work.append(date)
    late: Counter[tuple[str, bool]] = Counter()
    for source, columns in FORMED.items():
        for row in city.rows(source):
            if row["month"] == MONTH:
                formed = day(next(row[c] for c in columns if row[c]))
                late[row["unit"], sum(formed < d <= day(row["received"]) for d in work) > 7] += 1
    share = sum(n for (_, is_late), n in late.items() if is_late) / late.total()
    assert 0.04 < share < 0.12


def test_some_units_are_late_more_often_than_others() -> None:
    when = calendar_of(MONTH)
    formed = np.full(4000, when.first - 5)  # 2026-09-26
    rates = {}
    for unit in ("YPLT", "TSSB"):
        slot = arrival(np.random.default_rng(1), when, formed, np.full(4000, UNITS.index(unit)))
        assert set(slot[slot > WEEK_1]) <= {WEEK_2, WEEK_3, WEEK_4}
        rates[unit] = float((slot > WEEK_1).mean())
    assert rates["YPLT"] < 0.03
    assert rates["TSSB"] > 0.12


def test_earlier_rounds_stand_near_their_quota(city: City) -> None:
    draws = city.rows("prior_draw")
    assert {row["抽取月份"] for row in draws} == {f"2026-{m:02d}" for m in range(1, 10)}
    assert not [row for row in draws if row["抽查任务编号"] == "GEN" and row["抽取月份"] < "2026-03"]
    rates = {(code, name): rate for code, t in TASKS.items() for name, rate in zip(t.strata, t.rates, strict=True)}
    often = {key for key, rate in rates.items() if rate > 1}
    assert often == {("FPROD", "L3"), ("FPROD", "L4")}
    assert set(TASKS) - {row["抽查任务编号"] for row in draws} <= {"AUCT", "TEST"}  # of two or three firms here
    times = Counter((row["抽查任务编号"], row["监管档次"], row["统一社会信用代码"]) for row in draws)
    assert max(n for (code, name, _), n in times.items() if (code, name) not in often) == 1
    assert max(n for (code, name, _), n in times.items() if (code, name) in often) <= 3
    grades = [r["信用风险等级"] for r in city.rows("grade_snapshot") if r["快照月份"] == MONTH]
    drawn = sum(row["抽查任务编号"] == "GEN" and row["监管档次"] == "D" for row in draws)
    assert 0.8 < drawn / (grades.count("D") * 0.5 * 7 / 9) < 1.2
    assert {row["监管档次"] for row in draws} >= {"A", "B", "C", "D", "L1", "L4", "KEY", "NONKEY"}


def test_results_and_acknowledgements_follow_the_draws(city: City) -> None:
    drawn = {(r["批次编号"], r["抽查任务编号"], r["统一社会信用代码"]) for r in city.rows("prior_draw")}
    results = city.rows("inspection_result")
    this_year = [r for r in results if r["计划编号"].startswith("YC-2026")]
    assert all((r["计划编号"].rsplit("-", 1)[0], r["抽查任务编号"], r["统一社会信用代码"]) in drawn for r in this_year)
    assert {r["month"] for r in this_year if r["计划编号"].startswith("YC-2026-09")} == {"2026-09", MONTH}
    for row in results:
        first, second = row["检查人员工号"].split(";")
        assert first != second
        assert first.startswith(row["检查主体"]) and second.startswith(row["检查主体"])
        assert (row["检查结果代码"] == "1") == (not row["问题描述"])
    done = {tuple(r[c] for c in KEYS["inspection_result"]) for r in this_year}
    acks = city.rows("acknowledgement")
    assert all(tuple(r[c] for c in KEYS["inspection_result"]) in done for r in acks)
    assert 0.95 < len(acks) / len(done) <= 1
    assert any(row["回执状态"] == "退回" for row in acks)


def test_people_can_do_the_work_but_in_two_counties(city: City) -> None:
    rows = city.rows("inspector")
    able = [r for r in rows if r["人员状态"] == "在岗" and day(r["执法证有效期至"]) > dt.date(2026, 10, 31)]
    assert len(able) < len(rows)
    for county in COUNTIES:
        team = [r for r in able if r["属地"] == county]
        assert 10 <= len(team) <= 30
        for specialty in ("食品销售", "餐饮", "特种设备", "计量", "工业产品质量"):
            assert sum(specialty in r["执法专长"].split(";") for r in team) >= 2
    expected = np.array([n / 200 for n in SHARES.values()])  # about what a month asks of 60,000 enterprises
    table = roster(1, calendar_of(MONTH), expected).feed.table.to_pylist()
    for index, county in enumerate(COUNTIES):
        caps = [
            min(int(r["检查户次上限"]), 2 * int(r["本月可用天数"]))
            for r in table
            if r["属地"] == county and r["人员状态"] == "在岗" and day(r["执法证有效期至"]) > dt.date(2026, 10, 31)
        ]
        assert (sum(caps) // 2 < expected[index]) == (county in SHORT)
    conflicts = city.rows("inspector_conflict")
    assert {r["人员工号"] for r in conflicts} <= {r["人员工号"] for r in rows}


def test_evidence_leaves_two_units_behind(city: City) -> None:
    rows = city.rows("task_evidence")
    counties = {
        kind: {r["单位代码"] for r in rows if r["佐证类型"] == kind} & set(COUNTIES)
        for kind in ("工作机制", "培训", "工作方案")
    }
    assert set(COUNTIES) - counties["工作机制"] == {"140828"}
    assert set(COUNTIES) - counties["培训"] == {"140826"}
    assert counties["工作方案"] == set(COUNTIES)
    late = {r["单位代码"] for r in rows if r["任务编号"] == "T7.1" and "2022-05-31" < r["形成日期"] < "2023"}
    assert late == {"140828"}


def test_repairs_name_records_that_exist(city: City) -> None:
    numbers = {(r[KEYS["penalty"][2]], r["行政处罚决定书文号"]) for r in city.rows("penalty")}
    for source in ("abnormal_listing", "serious_violation"):
        numbers |= {(r["统一社会信用代码"], r["列入文号"]) for r in city.rows(source)}
    rows = city.rows("repair")
    assert {row["原记录类型"] for row in rows} == {"行政处罚", "经营异常名录", "严重违法失信名单"}
    assert all((row["统一社会信用代码"], row["原记录文号"]) in numbers for row in rows)
    assert any(not row["决定结果"] for row in rows)


@pytest.mark.parametrize("month", ["2026-01", "2024-02", "2025-12"])
def test_any_month_has_every_source(month: str, tmp_path: Path, codes: Path) -> None:
    summary = generate(month, tmp_path / "inbox", enterprises=300, codes=codes)
    assert set(summary.rows) == FIRST_MONTH
    assert [source for source, rows in summary.rows.items() if not rows] == []


def test_what_cannot_be_used_is_refused_and_nothing_written(tmp_path: Path, codes: Path) -> None:
    def refused(match: str, month: str = MONTH, **arguments: Any) -> None:
        out = tmp_path / "refused"
        with pytest.raises(CityError, match=match):
            generate(month, out, **({"enterprises": 200, "codes": codes} | arguments))
        assert not out.exists()

    refused("月份 2026-13", month="2026-13")
    refused("企业数 5 ", enterprises=5)
    refused("缺陷比例", defects=0.9)
    refused("yuncheng_divisions.csv", codes=tmp_path)
    refused("不存在", registry=tmp_path / "none.csv")
    wrong = tmp_path / "wrong.csv"
    wrong.write_text("企业名称,统一社会信用代码\na,b\n", encoding="utf-8")
    refused("缺少列 注册日期", registry=wrong)
    wrong.write_bytes("企业名称".encode("gb18030"))
    refused("UTF-8", registry=wrong)
    generate(MONTH, tmp_path / "inbox", enterprises=100, codes=codes)
    before = sorted(p.as_posix() for p in tmp_path.rglob("*"))
    with pytest.raises(CityError, match="不得改动"):
        generate(MONTH, tmp_path / "inbox", enterprises=100, codes=codes)
    assert sorted(p.as_posix() for p in tmp_path.rglob("*")) == before


def test_progress_names_every_source(tmp_path: Path, codes: Path) -> None:
    told: list[str] = []
    generate(MONTH, tmp_path / "inbox", enterprises=100, codes=codes, progress=told.append)
    assert {source for source in CONTRACTS if any(source in line for line in told)} == FIRST_MONTH


def test_the_counties_are_those_of_the_code_list(codes: Path) -> None:
    where = places(codes)
    assert where.names[0] == "盐湖区"
    assert where.bureaus[-1] == "运城开发区分局"


def test_the_samples_tasks_are_those_of_the_default_policy() -> None:
    policy = policy_for(MONTH)[0]
    active = {code: task for code, task in policy.tasks.items() if set(task.types) & {"enterprise"}}
    assert set(active) == set(TASKS)
    for code, task in active.items():
        ours = TASKS[code]
        assert (ours.items, ours.industries) == (task.items, task.industries), code
        assert ours.field == (task.fields[0] if task.fields else ""), code
        assert ours.months == (task.first_month, task.last_month), code
        rates = dict(zip(ours.strata, ours.rates, strict=True))
        assert {name: round(rate * 10_000) for name, rate in rates.items()} == {
            name: level.rate_e4 for name, level in task.levels.items()
        }, code
        assert ours.at_least == {
            name: level.minimum for name, level in task.levels.items() if level.rounding == "at_least"
        }, code
        assert set(ours.off_site) == {name for name, level in task.levels.items() if not level.on_site}, code
