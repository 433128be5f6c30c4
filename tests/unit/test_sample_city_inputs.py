"""The sample city on a real register, and with faults planted: rows verbatim, every fault where truth.json says."""

from __future__ import annotations

import csv
import gzip
import json
import re
from collections import Counter
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
import python_calamine
import stdnum.cn.uscc

from sample_city import generate
from sample_city.defects import FAULTS
from sample_city.identifiers import valid_usccs
from sample_city.layouts import XLSX_ROWS
from sample_city.subjects import REGISTRY_HEADER

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
    """Every credit code that stands in a CSV or Parquet file."""
    found: set[str] = set()
    for path in inbox.glob("*/*.csv"):
        data = path.read_bytes().decode("gb18030" if path.name == "penalty.csv" else "utf-8-sig")
        found |= set(re.findall(r"\b9[123][0-9A-Z]{16}\b", data))
    for path in inbox.glob("*/inspection_result.parquet"):
        found |= set(pq.read_table(path).column("统一社会信用代码").to_pylist())
    return found


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
    assert set(summary.rows) == set(FAULTS)


def test_codes_are_judged_like_the_oracle() -> None:
    import pyarrow as pa

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


def cells_at(path: Path, row_no: int) -> list[str]:
    """The cells of a physical row (from 1), read as text."""
    if path.suffix == ".parquet":
        return [str(value or "") for value in pq.read_table(path).slice(row_no - 1, 1).to_pylist()[0].values()]
    if path.suffix == ".csv":
        encoding = "gb18030" if path.name == "penalty.csv" else "utf-8-sig"
        return next(csv.reader([path.read_bytes().decode(encoding).split("\n")[row_no - 1]]))
    sheet = python_calamine.CalamineWorkbook.from_path(str(path)).get_sheet_by_index(0)
    return [str(cell) for cell in sheet.to_python(skip_empty_area=False)[row_no - 1]]


def test_every_fault_is_where_truth_says(tmp_path: Path, codes: Path) -> None:
    inbox, clean = tmp_path / "spoiled" / "inbox", tmp_path / "clean" / "inbox"
    generate(MONTH, inbox, enterprises=2000, defects=0.01, codes=codes)
    generate(MONTH, clean, enterprises=2000, codes=codes)
    assert not (clean.parent / "truth.json").exists()
    truth = json.loads((inbox.parent / "truth.json").read_text(encoding="utf-8"))
    assert {(t["source"], t["kind"]) for t in truth} == {
        *((source, fault.kind) for source, faults in FAULTS.items() for fault in faults),
        (None, "late_delivery"),
    }
    places = Counter((t["delivery_id"], t["file"], t["row_no"]) for t in truth)
    assert max(places.values()) == 1
    total = sum(
        file["rows"] for path in inbox.glob("*/manifest.json") for file in manifest(inbox, path.parent.name)["files"]
    )
    assert 0.005 < len(truth) / total < 0.03
    for t in truth:
        if t["kind"] == "late_delivery":
            assert manifest(inbox, t["delivery_id"])["received_at"][:10] == "2026-10-17"
            assert manifest(clean, t["delivery_id"])["received_at"][:10] == "2026-10-15"
            continue
        path = inbox / t["delivery_id"] / t["file"]
        cells = cells_at(path, t["row_no"])
        assert t["sheet"] == ("Sheet1" if path.suffix == ".xlsx" else None)
        if t["kind"] in ("duplicate_row", "key_conflict"):
            pair = cells_at(path, t["pair_row_no"])
            assert sum(a != b for a, b in zip(cells, pair, strict=True)) == (t["kind"] == "key_conflict")
            continue
        changed = [
            i for i, cell in enumerate(cells_at(clean / t["delivery_id"] / t["file"], t["row_no"])) if cell != cells[i]
        ]
        assert len(changed) <= 1, t
        expected = next(f.text for f in FAULTS[t["source"]] if (f.kind, f.column) == (t["kind"], t["column"]))
        if t["kind"] == "uscc_check":
            assert not stdnum.cn.uscc.is_valid(cells[changed[0]])
        elif t["kind"] == "missing_required":
            assert cells[changed[0]] == ""
        else:
            assert re.sub(r"\D", "", expected) in {re.sub(r"\D", "", cell) for cell in cells}
            assert re.search(r"\d", expected) or expected in cells


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
