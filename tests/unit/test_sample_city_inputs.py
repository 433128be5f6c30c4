"""The sample city on a real register, and with faults planted: rows verbatim, every fault where truth.json says."""

from __future__ import annotations

import csv
import gzip
import json
import re
import zipfile
from collections import Counter
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import python_calamine
import stdnum.cn.uscc

from data_contracts.model import source_contract
from sample_city import generate
from sample_city.defects import FAULTS
from sample_city.identifiers import valid_usccs
from sample_city.layouts import XLSX_ROWS
from sample_city.subjects import REGISTRY_HEADER
from tests.unit.delivered_cells import part_of, parts_of
from tests.unit.sample_city_sources import FIRST_MONTH

MONTH = "2026-10"
BROUGHT = {  # header of the register file -> header of the delivered register
    "企业名称": "企业名称", "统一社会信用代码": "统一社会信用代码", "注册日期": "成立日期", "企业类型": "企业类型", "注册资金": "注册资本",
    "经营范围": "经营范围", "注册地址": "住所",
}  # fmt: skip
GOOD = ["91140802MA0WADM227", "9114080200369436XN", "91140802MA0WAY4Y7X"]


@pytest.fixture(scope="module")
def codes(checkout: Path) -> Path:
    return checkout / "data_contracts" / "reference"


def xlsx_rows(path: Path) -> list[dict[str, str]]:
    """Rows of a titled sheet; the escapes by which a workbook holds control characters are undone."""
    sheet = python_calamine.CalamineWorkbook.from_path(str(path)).get_sheet_by_index(0)
    _, header, *body = sheet.to_python(skip_empty_area=False)

    def plain(cell: Any) -> str:
        return re.sub("_x([0-9A-F]{4})_", lambda m: chr(int(m[1], 16)), str(cell))

    return [{str(h): plain(c) for h, c in zip(header, row, strict=True)} for row in body]


def assert_verbatim(register: list[dict[str, str]], rows: list[dict[str, str]]) -> None:
    assert len(register) == len(rows)
    for delivered, row in zip(register, rows, strict=True):
        for theirs, ours in BROUGHT.items():
            assert delivered[ours] == row[theirs], (theirs, row)
        assert (delivered["市场主体类别"], delivered["登记状态"], delivered["属地监管机构"]) == ("企业", "存续", "")


def manifest(inbox: Path, delivery: str = "2026-10-DA-01") -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads((inbox / delivery / "manifest.json").read_text(encoding="utf-8"))
    return loaded


def named_codes(inbox: Path) -> set[str]:
    """Every credit code of a real register that stands in a file of another source."""
    files = [path for path in inbox.glob("*/*.*") if path.suffix != ".json" and path.stem != "register"]
    text = "\n".join(cell for path in files for part in parts_of(path) for row in part.rows for cell in row)
    return set(re.findall(r"\b9[123][0-9A-Z]{16}\b", text.upper()))


def test_odd_rows_are_delivered_as_they_stand(tmp_path: Path, codes: Path) -> None:
    odd = [
        ("山西澄禾贸易公司", GOOD[0], "1992-03-01", "N/A", "N/A", "批发、零售，\n百货\x08", " 芮城县西街 "),
        ("=1+1 公司", GOOD[0], "1992-03-01", "", " 10万 ", '他说"好"', "运城市绛县东街"),
        ("错码公司", GOOD[1][:17] + "0", "1993-02-30", "国有企业", "+5", "食品，化肥", ""),
        ("短码公司", "140802200000006", "不详", "N/A", "@x", "食品经营", "新绛县"),
        ("小写公司", GOOD[1].lower(), "2001-01-01", "N/A", "N/A", "药品零售", "运城开发区"),
        ("外地公司", "91140100000000000X", "1999-09-09", "N/A", "N/A", "餐饮服务", "太原市"),
    ]
    path = tmp_path / "rows.csv.gz"
    with gzip.open(path, "wt", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(REGISTRY_HEADER)
        for name, code, date, kind, capital, scope, address in odd:
            region = "太原" if name == "外地公司" else "运城"
            writer.writerow([name, code, date, kind, capital, scope, "山西", region, address, "x.csv"])
    inbox = tmp_path / "inbox"
    summary = generate(MONTH, inbox, registry=path, enterprises=5, codes=codes)
    assert summary.rows["register"] == summary.enterprises == 5
    summary = generate(MONTH, tmp_path / "all", registry=path, defects=0.2, codes=codes)
    assert summary.rows["register"] == 6
    with gzip.open(path, "rt", encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    register = xlsx_rows(tmp_path / "all" / "2026-10-DA-01" / "register.xlsx")
    assert_verbatim(register, rows)
    assert manifest(tmp_path / "all")["registry_rows"] == "real"
    assert manifest(tmp_path / "all")["generated"] is True
    assert named_codes(inbox) <= {GOOD[0], GOOD[1]}
    with (inbox / "2026-10-SJ-PT-01" / "grade_snapshot.csv").open(encoding="utf-8", newline="") as file:
        assert sorted(row["统一社会信用代码"] for row in csv.DictReader(file)) == sorted(GOOD[:2])


def test_real_rows_are_delivered_as_they_stand(tmp_path: Path, codes: Path, real_data: Path) -> None:
    path = real_data / "registry_yuncheng" / "yuncheng_registry_1980_2004.csv"
    summary = generate(MONTH, tmp_path / "inbox", registry=path, codes=codes)
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    assert summary.rows["register"] == len(rows)
    assert_verbatim(xlsx_rows(tmp_path / "inbox" / "2026-10-DA-01" / "register.xlsx"), rows)
    known = {row["统一社会信用代码"].upper() for row in rows}
    named = named_codes(tmp_path / "inbox")
    assert len(named) > 0.9 * len(known)
    assert named <= {code for code in known if stdnum.cn.uscc.is_valid(code)}
    assert set(summary.rows) == FIRST_MONTH


def test_codes_are_judged_like_the_oracle() -> None:
    samples = [
        *GOOD,
        GOOD[0][:17] + "Y",
        GOOD[0].lower(),
        "",
        "9114080200369436X",
        "统一社会信用代码不是十八位的啊啊啊啊",
        None,
    ]
    assert list(valid_usccs(pa.array(samples, pa.string()))) == [
        sample is not None and sample == sample.upper() and stdnum.cn.uscc.is_valid(sample) for sample in samples
    ]


def cells_at(path: Path, sheet: str | None, row_no: int) -> list[str]:
    """The cells of a physical row (from 1), read as text."""
    return part_of(path, sheet).at(row_no)


def test_every_fault_is_where_truth_says(tmp_path: Path, codes: Path) -> None:
    inbox, clean = tmp_path / "spoiled" / "inbox", tmp_path / "clean" / "inbox"
    summary = generate(MONTH, inbox, enterprises=4000, defects=0.01, codes=codes)
    generate(MONTH, clean, enterprises=4000, codes=codes)
    assert not (clean.parent / "truth.json").exists()
    truth = json.loads((inbox.parent / "truth.json").read_text(encoding="utf-8"))
    planted = {(t["source"], t["kind"], t["rule_id"]) for t in truth}
    possible = {(source, fault.kind, fault.rule or None) for source in FIRST_MONTH for fault in FAULTS[source]}
    assert planted <= possible | BESIDE and planted >= BESIDE
    # A source of few rows has not room for all its faults.
    assert {fault for fault in possible - planted if summary.rows[str(fault[0])] > 200} == set()
    assert len(planted & possible) > 0.8 * len(possible)
    in_rows = [t for t in truth if t["row_no"]]
    assert max(Counter((t["delivery_id"], t["file"], t["sheet"], t["row_no"]) for t in in_rows).values()) == 1
    total = sum(
        file["rows"] for path in inbox.glob("*/manifest.json") for file in manifest(inbox, path.parent.name)["files"]
    )
    assert 0.005 < len(in_rows) / total < 0.04
    expected = {(s, f.kind, f.column, f.where): f.text for s, faults in FAULTS.items() for f in faults}
    for t in in_rows:
        path = inbox / t["delivery_id"] / t["file"]
        cells = cells_at(path, t["sheet"], t["row_no"])
        if t["kind"] == "unknown_withdrawal":
            assert [f["change"] for f in manifest(inbox, t["delivery_id"])["files"]] == ["withdrawal"]
            assert "运查无此案罚〔2026〕9999号" in cells
            continue
        if t["kind"] in ("duplicate_row", "key_conflict"):
            pair = cells_at(path, t["pair_sheet"], t["pair_row_no"])
            assert sum(a != b for a, b in zip(cells, pair, strict=True)) == (t["kind"] == "key_conflict")
            continue
        before = right_cells(clean, path, t)
        changed = [i for i, cell in enumerate(before) if cell != cells[i]]
        if t["kind"] in ("unmatched_name", "shared_name"):
            assert len(changed) == 2 and "" in (cells[i] for i in changed)
            continue
        assert len(changed) <= 1, t
        types = [w for w in (f.where for f in FAULTS[t["source"]]) if w and w[1] in cells]
        text = expected[t["source"], t["kind"], t["column"], types[0] if t["kind"] == "wrong_evidence" else None]
        if t["kind"] == "uscc_check":
            assert not stdnum.cn.uscc.is_valid(cells[changed[0]])
        elif t["kind"] == "missing_required":
            assert cells[changed[0]] == ""
        else:
            assert re.sub(r"\D", "", text) in {re.sub(r"\D", "", cell) for cell in cells}
            assert re.search(r"\d", text) or text in cells


BESIDE = {
    (None, "late_delivery", None), ("penalty", "unknown_withdrawal", "withdrawal.unknown"),
    ("licence", "renamed_column", "drift"), ("field_certification", "truncated_file", "unreadable"),
    ("licence", "missing_number", None), ("penalty", "missing_number", None), ("abnormal_listing", "missing_number", None),
}  # fmt: skip


def right_cells(clean: Path, path: Path, fault: dict[str, Any]) -> list[str]:
    """The cells of the row in the same city without faults; a zip's halves lie elsewhere there."""
    twin = clean / fault["delivery_id"] / fault["file"]
    if path.suffix != ".zip":
        return cells_at(twin, fault["sheet"], fault["row_no"])
    ours, theirs = ([row for part in parts_of(file) for row in part.rows] for file in (path, twin))
    return theirs[ours.index(cells_at(path, fault["sheet"], fault["row_no"]))]


def test_faulty_files_are_as_truth_says(tmp_path: Path, codes: Path) -> None:
    inbox = tmp_path / "inbox"
    generate(MONTH, inbox, enterprises=1000, defects=0.01, codes=codes)
    truth = {t["kind"]: t for t in json.loads((tmp_path / "truth.json").read_text(encoding="utf-8"))}
    for kind in ("late_delivery", "renamed_column", "truncated_file"):
        assert (inbox / truth[kind]["delivery_id"]).is_dir()
    late, renamed, cut = (truth[kind] for kind in ("late_delivery", "renamed_column", "truncated_file"))
    assert manifest(inbox, late["delivery_id"])["received_at"][:10] == "2026-10-17"
    [part] = parts_of(inbox / renamed["delivery_id"] / renamed["file"])
    assert renamed["column"] not in part.header and part.rows
    with pytest.raises(zipfile.BadZipFile):
        zipfile.ZipFile(inbox / cut["delivery_id"] / cut["file"])


def test_numbers_that_never_arrive_stand_in_no_file_and_are_counted(tmp_path: Path, codes: Path) -> None:
    inbox = tmp_path / "inbox"
    generate(MONTH, inbox, enterprises=3000, defects=0.01, codes=codes)
    truth = json.loads((tmp_path / "truth.json").read_text(encoding="utf-8"))
    lost = [t for t in truth if t["kind"] == "missing_number"]
    assert {"CY", "ZHZF"} < {t["unit_code"] for t in lost} <= {"CY", "TSSB", "JJ", "ZHZF", "140828", "140829"}
    kinds = {t["source"] for t in lost}
    sent = {
        cell
        for path in inbox.glob("*/*.*")
        if path.stem in kinds
        for part in parts_of(path)
        for row in part.rows
        for cell in row
    }
    assert not {t["document_number"] for t in lost} & sent
    [sheet] = parts_of(next(inbox.glob("*/control_total.xlsx")))
    totals = {(row[0], row[1], row[2]): int(row[4]) for row in sheet.rows if row[4].isdigit()}
    formed: Counter[str] = Counter()
    for path in inbox.glob("*-CY-0*/licence.xlsx"):
        [part] = parts_of(path)
        numbers = {
            row[part.header.index("行政许可决定文书号")]: row[part.header.index("许可决定日期")][:7]
            for row in part.rows
        }
        formed.update(numbers.values())
    here = [(key, n) for key, n in totals.items() if key[0] == "CY" and key[1] == "行政许可"]
    assert {key[2] for key, _ in here} == {"2026-08", "2026-09"}
    assert 0 <= sum(n - formed[key[2]] for key, n in here) <= 8
    assert any(n > formed[key[2]] for key, n in here)


def test_a_large_register_goes_out_as_parquet(tmp_path: Path, codes: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sample_city.layouts.XLSX_ROWS", 100)
    generate(MONTH, tmp_path / "inbox", enterprises=250, defects=0.02, codes=codes)
    assert XLSX_ROWS == 200_000
    names = {path.name for path in (tmp_path / "inbox").glob("*/*") if path.name.startswith(("register", "licence"))}
    assert names == {"register.parquet", "licence.csv"}
    truth = json.loads((tmp_path / "truth.json").read_text(encoding="utf-8"))
    spoiled = next(t for t in truth if t["source"] == "register" and t["kind"] == "unknown_code")
    table = pq.read_table(tmp_path / "inbox" / spoiled["delivery_id"] / "register.parquet")
    assert table.slice(spoiled["row_no"] - 1, 1).column("登记状态").to_pylist() == ["待定"]


def test_what_the_plan_needs_of_each_kind_is_there_and_right(tmp_path: Path, codes: Path) -> None:
    inbox = tmp_path / "inbox"
    generate(MONTH, inbox, enterprises=30_000, codes=codes)

    def rows(source: str) -> list[dict[str, str]]:
        parts = [part for path in inbox.glob(f"*/{source}.*") for part in parts_of(path)]
        return [dict(zip(part.header, row, strict=True)) for part in parts for row in part.rows]

    triggers, kinds = rows("trigger"), source_contract("trigger").column("trigger_type").values
    assert {row["触发类型"] for row in triggers} == set(kinds)
    rules = [rule for rule in source_contract("trigger").rules if "trigger_type" in rule.columns]
    assert len(rules) == 9
    columns = {"trigger_type": "触发类型", "evidence_ref": "证据编号", "approval_ref": "审批文号"}
    table = pa.table({
        name: pa.array([kinds[row[title]] if name == "trigger_type" else row[title] or None for row in triggers])
        for name, title in columns.items()
    })  # fmt: skip
    with duckdb.connect() as database:
        database.register("told", table)
        for rule in rules:
            assert database.execute(f"SELECT count(*) FROM told WHERE {rule.condition}").fetchone() == (0,), rule.id
    listed = rows("white_list")
    assert 10 < len(listed) < 60
    assert all(row["列入日期"] < row["到期日期"] and row["列入日期"] < "2026-10" for row in listed)
    expired = sum(row["到期日期"] < "2026-10" for row in listed)
    assert 0 < expired < len(listed) / 2
    staff = rows("inspector")
    lent = [row for row in staff if row["支援属地"]]
    assert lent and all(row["支援属地"] != row["属地"] for row in lent)
    register = rows("register")
    assert {row["所属监管所"] for row in staff} == {row["属地监管所"] for row in register}
    conflicts = {row["回避类型"] for row in rows("inspector_conflict")}
    assert conflicts == set(source_contract("inspector_conflict").column("conflict_kind").values)
    houses = Counter(row["属地监管机构"] for row in register if row["行业代码"] in ("5182", "5183"))
    assert len(houses) > 2 and max(houses.values()) <= 10
