"""The sample city as a whole: same bytes, true manifests, the promised headers, shares and relations."""

from __future__ import annotations

import csv
import datetime as dt
import hashlib
import io
import json
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest
import python_calamine
import stdnum.cn.uscc

from sample_city import CityError, Summary, generate
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

MONTH = "2026-10"
HEADERS = {
    "register": "统一社会信用代码 注册号 企业名称 市场主体类别 企业类型 登记状态 成立日期 状态变更日期 注册资本 行业代码 经营范围 住所 "
    "登记机关区划代码 属地监管机构 三新企业",
    "grade_snapshot": "快照月份 统一社会信用代码 企业名称 信用风险等级 分类日期",
    "licence": "行政相对人名称 行政相对人代码_1(统一社会信用代码) 行政相对人代码_2(工商注册号) 行政许可决定文书名称 行政许可决定文书号 许可类别 "
    "许可证书名称 许可编号 许可内容 许可决定日期 有效期自 有效期至 许可机关 许可机关统一社会信用代码 当前状态 数据来源单位 备注",
    "penalty": "行政相对人名称 行政相对人类别 行政相对人代码_1(统一社会信用代码) 行政相对人代码_2(工商注册号) 行政相对人代码_3(组织机构代码) "
    "行政处罚决定书文号 违法行为类型 违法事实 处罚依据 处罚类别 处罚内容 罚款金额（万元） 没收违法所得、没收非法财物的金额（万元） "
    "暂扣或吊销证照名称及编号 处罚决定日期 处罚有效期 公示截止期 处罚机关 处罚机关统一社会信用代码 当前状态 撤销日期 数据来源单位 备注",
    "abnormal_listing": "统一社会信用代码 企业名称 列入原因 列入日期 列入机关 列入文号 未年报年度 移出原因 移出日期 移出机关",
    "serious_violation": "统一社会信用代码 企业名称 列入原因 列入日期 列入机关 列入文号 移出原因 移出日期 移出机关",
    "inspection_result": "计划编号 抽查任务编号 抽查事项编号 统一社会信用代码 企业名称 检查主体 检查方式 检查日期 检查结果代码 问题描述 处理措施 "
    "检查人员工号 公示日期",
    "field_record": "统一社会信用代码 企业名称 专业领域 专业领域等级 重点单位 记录类型 记录日期 有效期至 数据来源单位",
    "trigger": "线索编号 统一社会信用代码 触发类型 证据编号 接收日期 线索摘要",
    "commitment": "承诺编号 统一社会信用代码 企业名称 承诺类型 承诺日期 受理单位",
    "repair": "修复编号 统一社会信用代码 原记录类型 原记录文号 承诺书 申请日期 决定日期 决定单位 决定结果",
    "inspector": "人员工号 所属单位 属地 执法专长 本月可用天数 检查户次上限 执法证有效期至 人员状态",
    "inspector_conflict": "人员工号 统一社会信用代码 回避类型",
    "prior_draw": "批次编号 抽取月份 抽查任务编号 统一社会信用代码 属地 监管档次 是否补抽",
    "acknowledgement": "回执编号 抽查任务编号 抽查事项编号 统一社会信用代码 检查日期 回执日期 回执状态",
    "task_evidence": "佐证编号 任务编号 单位代码 佐证类型 形成日期 标题 文件摘要 人数 学时 专业领域",
}
FORMED = {
    "licence": ("许可决定日期",),
    "penalty": ("处罚决定日期",),
    "abnormal_listing": ("移出日期", "列入日期"),
    "serious_violation": ("移出日期", "列入日期"),
    "inspection_result": ("检查日期",),
    "field_record": ("记录日期",),
}
KEYS = {
    "licence": ("行政许可决定文书号", "许可机关", "行政相对人代码_1(统一社会信用代码)"),
    "penalty": ("行政处罚决定书文号", "处罚机关", "行政相对人代码_1(统一社会信用代码)"),
    "abnormal_listing": ("统一社会信用代码", "列入原因", "列入日期"),
    "serious_violation": ("统一社会信用代码", "列入原因", "列入日期"),
    "inspection_result": ("抽查任务编号", "抽查事项编号", "统一社会信用代码", "检查日期"),
    "field_record": ("统一社会信用代码", "专业领域", "记录日期"),
    "prior_draw": ("批次编号", "抽查任务编号", "统一社会信用代码"),
    "inspector_conflict": ("人员工号", "统一社会信用代码"),
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
    aliases: dict[str, str]

    def manifests(self) -> Iterator[dict[str, Any]]:
        for path in sorted(self.inbox.glob("*/manifest.json")):
            yield json.loads(path.read_text(encoding="utf-8"))

    def files(self, source: str) -> Iterator[tuple[dict[str, Any], dict[str, Any], Path]]:
        for manifest in self.manifests():
            for file in manifest["files"]:
                if file["source"] == source:
                    yield manifest, file, self.inbox / manifest["delivery_id"] / file["name"]

    def rows(self, source: str) -> list[Row]:
        """All rows under canonical headers, with `delivery`, `month`, `unit` and `received`."""
        found: list[Row] = []
        for manifest, _, path in self.files(source):
            about = {
                "delivery": manifest["delivery_id"], "month": manifest["month"], "unit": manifest["unit_code"],
                "received": manifest["received_at"][:10],
            }  # fmt: skip
            header, *body = read_cells(path)[0]
            names = [self.aliases.get(name, name) for name in header]
            found += [{**dict(zip(names, row, strict=True)), **about} for row in body]
        return found


def read_cells(path: Path) -> tuple[list[list[str]], int]:
    """Header and data rows of a file as text, and the physical row of the first data row (Parquet: 1)."""
    if path.suffix == ".parquet":
        table = pq.read_table(path)
        assert {str(field.type) for field in table.schema} == {"string"}
        return [
            table.column_names,
            *([c or "" for c in row] for row in zip(*table.to_pydict().values(), strict=True)),
        ], 1
    if path.suffix == ".csv":
        data = path.read_bytes()
        encoding = "gb18030" if path.name == "penalty.csv" else "utf-8"
        if path.name == "abnormal_listing.csv":
            assert data.startswith(b"\xef\xbb\xbf")
        return list(csv.reader(io.StringIO(data.decode(encoding).removeprefix("\ufeff"), newline=""))), 2
    sheet = python_calamine.CalamineWorkbook.from_path(str(path)).get_sheet_by_index(0)
    raw = [[_text(cell) for cell in row] for row in sheet.to_python(skip_empty_area=False)]
    top = next(i for i, row in enumerate(raw) if sum(map(bool, row)) > 2)
    left = next(i for i, cell in enumerate(raw[top]) if cell)
    body = [row[left:] for row in raw[top:]]
    while not any(body[-1]) or body[-1][0].startswith("合计"):
        body.pop()
    return body, top + 2


def _text(cell: Any) -> str:
    if isinstance(cell, dt.datetime | dt.date):
        return cell.isoformat()[:10]
    return str(int(cell)) if isinstance(cell, float) and cell.is_integer() else str(cell)


def read_city(inbox: Path, summary: Summary, codes: Path) -> City:
    """The inbox with the aliases of the published list."""
    canonical = {name for names in HEADERS.values() for name in names.split()}
    aliases: dict[str, str] = {}
    with (codes / "field_header_aliases.csv").open(encoding="utf-8-sig", newline="") as file:
        groups: dict[str, list[str]] = {}
        for row in csv.DictReader(file):
            groups.setdefault(row["canonical"], []).append(row["alias"])
    own = {
        "decision_no": "行政处罚决定书文号",
        "party_name": "行政相对人名称",
        "uscc": "行政相对人代码_1(统一社会信用代码)",
    }
    for name, texts in groups.items():
        title = own.get(name) or next(t for t in texts if t in canonical or name in ("uscc_or_regno", "org_code"))
        aliases |= {t: title for t in texts if t not in canonical}
    return City(inbox, summary, aliases)


@pytest.fixture(scope="session")
def city(tmp_path_factory: pytest.TempPathFactory, codes: Path) -> City:
    inbox = tmp_path_factory.mktemp("city") / "inbox"
    return read_city(inbox, generate(MONTH, inbox, enterprises=3000, codes=codes), codes)


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
            assert len(read_cells(folder / file["name"])[0]) - 1 == file["rows"] > 0
            seen[file["source"]] += file["rows"]
    assert set(city.summary.deliveries) == folders
    assert dict(seen) == city.summary.rows
    assert city.summary.enterprises == 3000


def test_headers_are_the_contracts_or_listed_aliases(city: City) -> None:
    aliased = set()
    for source, text in HEADERS.items():
        for _, _, path in city.files(source):
            header = read_cells(path)[0][0]
            aliased |= {name for name in header if name in city.aliases}
            assert [city.aliases.get(name, name) for name in header if name != "法定代表人"] == text.split()
    assert len(aliased) >= 5


def test_every_format_is_there(city: City) -> None:
    def suffixes(source: str) -> set[str]:
        return {path.suffix for _, _, path in city.files(source)}

    for source in ("register", "licence", "serious_violation", "trigger", "inspector", "task_evidence"):
        assert suffixes(source) == {".xlsx"}
    assert suffixes("inspection_result") == {".parquet"}
    offsets = {manifest["unit_code"]: read_cells(path)[1] for manifest, _, path in city.files("licence")}
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
    for source in HEADERS:
        for row in city.rows(source):
            code = row.get("统一社会信用代码") or row.get("行政相对人代码_1(统一社会信用代码)")
            assert code is None or code in known or source == "register"
            for column in FORMED.get(source, ()):
                assert not row[column] or day(row[column]) <= day(row["received"])


def test_keys_are_unique_in_a_delivery_and_removals_come_as_new_versions(city: City) -> None:
    for source, key in KEYS.items():
        found = Counter((row["delivery"], *(row[column] for column in key)) for row in city.rows(source))
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
    assert 0.05 < share < 0.12


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
    once = Counter((row["抽查任务编号"], row["统一社会信用代码"]) for row in draws)
    assert max(once.values()) == 1
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
    assert set(summary.rows) == set(HEADERS)
    assert min(summary.rows.values()) > 0


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
    assert [source for source in HEADERS if not any(source in line for line in told)] == []


def test_the_counties_are_those_of_the_code_list(codes: Path) -> None:
    where = places(codes)
    assert where.names[0] == "盐湖区"
    assert where.bureaus[-1] == "运城开发区分局"
