"""The sample city month after month: the same firms, what is new, nothing of the months before touched."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections import Counter
from pathlib import Path

import pytest

from sample_city import CityError, generate
from sample_city.city import STORY
from sample_city.oddities import in_words
from supervision.amounts import amount_wan
from tests.unit.delivered_cells import parts_of

SIZE = 1200


@pytest.fixture(scope="module")
def codes(checkout: Path) -> Path:
    return checkout / "data_contracts" / "reference"


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory, codes: Path) -> Path:
    """October and November of one city, with faults in both."""
    home = tmp_path_factory.mktemp("months")
    generate("2026-10", home / "inbox", enterprises=SIZE, defects=0.01, codes=codes)
    before = digests(home / "inbox")
    generate("2026-11", home / "inbox", enterprises=SIZE, defects=0.01, codes=codes)
    after = digests(home / "inbox")
    assert {name: after[name] for name in before} == before
    assert {name[:7] for name in after.keys() - before.keys()} == {"2026-11"}
    return home


def digests(folder: Path) -> dict[str, str]:
    files = sorted(p for p in folder.rglob("*") if p.is_file())
    return {p.relative_to(folder).as_posix(): hashlib.sha256(p.read_bytes()).hexdigest() for p in files}


def rows(home: Path, month: str, source: str) -> list[dict[str, str]]:
    files = sorted((home / "inbox").glob(f"{month}-*/{source}.*"))
    return [
        dict(zip(part.header, row, strict=True))
        for path in files
        for part in parts_of(path)
        for row in part.rows
        if not path.parent.name.endswith("-90")
    ]


def test_the_same_steps_give_the_same_bytes(home: Path, tmp_path: Path, codes: Path) -> None:
    for month in ("2026-10", "2026-11"):
        generate(month, tmp_path / "inbox", enterprises=SIZE, defects=0.01, codes=codes)
    assert digests(tmp_path) == digests(home)


def test_the_firms_stay_and_a_few_come_and_go(home: Path) -> None:
    first, second = (rows(home, month, "register") for month in ("2026-10", "2026-11"))
    old = {row["统一社会信用代码"] for row in first}
    assert 0 < len(second) < len(first) / 20
    names = {row["企业名称"] for row in first}
    closed = [row["登记状态"] for row in second if row["企业名称"] in names and row["成立日期"] < "2026-10"]
    born = [row["登记状态"] for row in second if row["成立日期"] >= "2026-10"]
    assert set(closed) == {"注销"} and set(born) <= {"存续", "待定"} and len(born) > 2
    for source in ("penalty", "licence", "field_catering"):
        codes = {
            v for row in rows(home, "2026-11", source) for k, v in row.items() if "信用代码" in k and "机关" not in k
        }
        known = old | {row["统一社会信用代码"] for row in second}
        assert sum(code.upper() in known for code in codes) > 0.6 * len(codes), source


def test_grades_move_a_little(home: Path) -> None:
    grades = {
        month: {
            r["统一社会信用代码"]: r["信用风险等级"]
            for r in rows(home, month, "grade_snapshot")
            if r["快照月份"] == month
        }
        for month in ("2026-10", "2026-11")
    }
    both = grades["2026-10"].keys() & grades["2026-11"].keys()
    assert len(both) > 0.9 * len(grades["2026-10"])
    moved = sum(grades["2026-10"][c] != grades["2026-11"][c] for c in both) / len(both)
    assert 0.01 < moved < 0.08
    assert {r["快照月份"] for r in rows(home, "2026-11", "grade_snapshot")} == {"2026-11"}


def test_records_are_new_and_numbers_run_on(home: Path) -> None:
    for source, title in (
        ("penalty", "行政处罚决定书文号"), ("licence", "行政许可决定文书号"), ("department_licence", "行政许可决定文书号"),
        ("task_evidence", "佐证编号"),
    ):  # fmt: skip
        before, after = (
            [row[title] for row in rows(home, month, source) if row.get(title)] for month in ("2026-*", "2026-11")
        )
        again = Counter(before)
        truth = json.loads((home / "truth.json").read_text("utf-8"))
        repeated = sum(t["source"] == source and t["kind"] in ("duplicate_row", "key_conflict") for t in truth)
        assert after and sum(n - 1 for n in again.values()) <= repeated, source


def test_truth_tells_of_both_months(home: Path) -> None:
    truth = json.loads((home / "truth.json").read_text("utf-8"))
    lost = Counter(t["document_number"] for t in truth if t["kind"] == "missing_number")
    assert lost and max(lost.values()) == 1
    assert {t["delivery_id"][:7] for t in truth if t["delivery_id"]} == {"2026-09", "2026-10", "2026-11"}
    assert json.loads((home / STORY).read_text("utf-8"))["months"] == ["2026-10", "2026-11"]


def test_another_city_is_not_put_on_top(home: Path, tmp_path: Path, codes: Path) -> None:
    shutil.copytree(home, tmp_path / "home")
    inbox = tmp_path / "home" / "inbox"
    before = digests(tmp_path)
    for options in ({"seed": 5}, {"enterprises": SIZE + 1}):
        with pytest.raises(CityError, match="用同样的参数接着生成"):
            generate("2026-12", inbox, codes=codes, **({"enterprises": SIZE} | options))
    for month in ("2026-11", "2027-01"):
        if month == "2027-01":
            shutil.copytree(inbox / "2026-11-DA-01", inbox / "2026-12-DA-01")
        with pytest.raises(CityError, match="不得改动"):
            generate(month, inbox, enterprises=SIZE, codes=codes)
    shutil.rmtree(inbox / "2026-12-DA-01")
    assert digests(tmp_path) == before
    generate("2026-12", inbox, codes=codes)  # the size is the city's own
    assert json.loads((tmp_path / "home" / STORY).read_text("utf-8"))["months"][-1] == "2026-12"


def test_a_new_city_in_the_same_place_forgets_the_old(tmp_path: Path, codes: Path) -> None:
    told = []
    for size in (300, 250):
        generate("2026-10", tmp_path / "inbox", enterprises=size, defects=0.05, codes=codes)
        told.append((tmp_path / "truth.json").read_bytes())
        shutil.rmtree(tmp_path / "inbox")
    generate("2026-10", tmp_path / "other" / "inbox", enterprises=250, defects=0.05, codes=codes)
    assert told[1] == (tmp_path / "other" / "truth.json").read_bytes() != told[0]


def test_odd_but_right_rows_are_there(tmp_path: Path, codes: Path) -> None:
    generate("2026-10", tmp_path / "inbox", enterprises=4000, codes=codes)
    penalties = rows(tmp_path, "2026-*", "penalty")
    code = "行政相对人代码_1(统一社会信用代码)"
    assert sum(row[code] != row[code].upper() for row in penalties) >= 4
    assert any(
        "；" in row[code] and row[code].count("；") == row["当事人名称"].count("；")
        for row in penalties
        if "当事人名称" in row
    )
    assert any(not row[code] and len(row["行政相对人代码_2(工商注册号)"]) == 15 for row in penalties)
    assert any(row["罚款金额（万元）"].endswith("元整") for row in penalties if "罚款金额（万元）" in row)
    yuan = [row["罚款金额（元）"] for row in penalties if row.get("罚款金额（元）")]
    assert yuan and all(text.isdigit() and int(text) >= 100 for text in yuan)
    register = rows(tmp_path, "2026-*", "register")
    numbers, names = {row["注册号"] for row in register}, Counter(row["企业名称"] for row in register)
    listings = rows(tmp_path, "2026-*", "abnormal_listing")
    for_code = [row["统一社会信用代码"] for row in listings if len(row["统一社会信用代码"]) == 15]
    assert for_code and set(for_code) <= numbers
    alone = [row["企业名称"] for row in listings if not row["统一社会信用代码"]]
    assert alone and {names[name] for name in alone} == {1}


@pytest.mark.parametrize(
    "yuan", [200, 500, 1000, 3400, 5500, 10_000, 10_500, 35_000, 123_500, 200_000, 1_005_000, 12_030_400]
)
@pytest.mark.parametrize("turn", [0, 1, 2])
def test_amounts_in_words_are_amounts(yuan: int, turn: int) -> None:
    assert amount_wan(in_words(yuan, turn), "万元") * 10_000 == yuan
