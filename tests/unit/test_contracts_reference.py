"""The reference lists agree with the contracts and with each other, and place real addresses."""

from __future__ import annotations

import csv
from functools import cache
from pathlib import Path

import pytest

from data_contracts.model import ROOT, output_contract, source_contract, source_contracts

REFERENCE = ROOT / "reference"


@cache
def rows(name: str) -> list[dict[str, str]]:
    """The rows of a reference list."""
    with (REFERENCE / name).open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))


def place(address: str) -> str | None:
    """The county that an address names: lowest priority, then earliest, then longest name."""
    hits = [
        (int(row["priority"]), address.index(row["name"]), -len(row["name"]), row["county"])
        for row in rows("county_names.csv")
        if row["name"] in address
    ]
    return min(hits)[3] if hits else None


def test_result_codes_are_those_of_the_list() -> None:
    listed = [row for row in rows("inspection_result_codes.csv") if row["scheme"] == "zj_srj_2017"]
    contract = source_contract("inspection_result")
    expected = {row["code"]: row["code"] for row in listed} | {row["text"]: row["code"] for row in listed}
    assert dict(contract.column("result_code").values) == expected
    rule = next(rule for rule in contract.rules if rule.id == "problem_undescribed")
    problems = ", ".join(f"'{row['code']}'" for row in listed if row["is_problem"] == "1")
    assert rule.condition.startswith(f"result_code IN ({problems})")


def test_listing_reasons_are_those_of_the_list() -> None:
    rule = next(r for r in source_contract("abnormal_listing").rules if r.id == "listing_reason_unknown")
    listed = [row["full_text"] for row in rows("abnormal_list_reasons.csv") if row["subject_type"] == "企业"]
    assert [text for text in listed if f"'{text}'" not in rule.condition] == [""]
    assert rule.condition.count("'") == 2 * 4


def test_counties_are_the_fourteen_units() -> None:
    counties = {row["county"]: row["name"] for row in rows("counties.csv")}
    assert len(counties) == 14
    assert counties.items() > {row["code"]: row["name"] for row in rows("yuncheng_divisions.csv")}.items()
    accepted = {code: code for code in counties} | {name: code for code, name in counties.items()}
    assert dict(source_contract("inspector").column("county").values) == accepted
    assert dict(source_contract("register").column("local_adm").values) == accepted
    assert {row["county"] for row in rows("units.csv") if row["kind"] == "county"} == set(counties)
    assert {row["county"] for row in rows("county_names.csv")} == {*counties, "OUT"}


def test_field_grades_are_those_of_the_list() -> None:
    listed = rows("field_grades.csv")
    by_field = {
        code: {row["text"]: row["code"] for row in listed if row["field_code"] == code}
        for code in {row["field_code"] for row in listed}
    }
    food_drug = source_contract("field_food_drug")
    graded = {code for code in food_drug.column("field_code").values.values() if code in by_field}
    assert graded == {"food_production", "food_sales", "medical_device"}
    accepted = {text: code for field in graded for text, code in by_field[field].items()}
    assert dict(food_drug.column("field_grade").values) == accepted
    assert dict(source_contract("field_catering").column("field_grade").values) == by_field["catering"]
    for field in by_field:
        assert sorted(row["level"] for row in listed if row["field_code"] == field) == ["1", "2", "3", "4"]


def test_departments_are_those_of_the_list() -> None:
    listed = rows("departments.csv")
    accepted = {row[key]: row["dept_code"] for row in listed for key in ("dept_code", "dept_name", "short_name")}
    for name in ("department_licence", "department_penalty", "department_dishonest", "department_inspection"):
        assert dict(source_contract(name).column("dept_code").values) == accepted
    assert len(accepted) == 3 * len(listed)


def test_specialties_are_the_special_fields() -> None:
    column = source_contract("inspector").column("specialties")
    assert column.pattern is not None
    assert set(column.pattern.split("(?:")[2].split(")")[0].split("|")) == set(
        output_contract("subject_field").column("field_code").values
    )


def test_retired_codes_lead_to_counties_of_today() -> None:
    today = {row["code"]: row["name"] for row in rows("yuncheng_divisions.csv")}
    retired = {row["code"]: row for row in rows("divisions_retired.csv")}
    assert (retired["142702"]["county"], retired["142703"]["county"]) == ("140882", "140881")  # 河津 before 永济
    for row in retired.values():
        name = "盐湖区" if row["name"].startswith("运城") else row["name"]
        assert today[row["county"]][:-1] == name[:-1]
    assert {row["county"] for row in retired.values()} == set(today)
    assert not set(retired) & {row["code"] for row in rows("divisions_county_all.csv")}


def test_every_header_alias_of_the_real_files_is_known() -> None:
    contracts = {contract.name: contract for contract in source_contracts()}
    for row in rows("field_header_aliases.csv"):
        kinds = {"all": ["register", "penalty", "licence"], "inspection": ["inspection_result"]}
        named = kinds.get(row["record_type"]) or row["record_type"].split("|")
        for kind in [*named, *(f"department_{kind}" for kind in named if f"department_{kind}" in contracts)]:
            contract = contracts[kind]
            owner = [column.name for column in contract.columns if row["alias"] in column.headers]
            expected = [row["canonical"].removesuffix("_or_regno")]
            if expected[0] not in contract.column_names:
                assert row["alias"] in contract.ignored_headers
            else:
                assert owner == expected, (kind, row["alias"])


@pytest.mark.parametrize(
    ("address", "county"),
    [
        ("山西省运城市新绛县某街1号", "140825"),
        ("运城市绛县开发区某村", "140826"),
        ("运城市某街（绛县人民政府驻地旁）", "140826"),
        ("运城经济开发区某路", "1408KF"),
        ("运城市盐湖区运城经济技术开发区某路", "1408KF"),
        ("风陵渡开发区某街", "140830"),
        ("山西河津某厂内", "140882"),
        ("太原市某区芮城村1号", "OUT"),
        ("太原市某路临猗县驻并办事处", "OUT"),
        ("运城市盐湖区某街（太原市某局宿舍）", "140802"),
        ("芮城村1号", None),
        ("运城市某街1号", None),
    ],
)
def test_names_place_an_address(address: str, county: str | None) -> None:
    assert place(address) == county


def test_real_addresses_agree_with_the_codes_of_their_firms(real_data: Path) -> None:
    with (real_data / "registry_yuncheng" / "yuncheng_registry_1980_2004.csv").open(encoding="utf-8-sig") as lines:
        firms = [(row["统一社会信用代码"][2:8], place(row["注册地址"])) for row in csv.DictReader(lines)]
    counties = {row["code"] for row in rows("yuncheng_divisions.csv")}
    both = [(code, county) for code, county in firms if code in counties and county in counties]
    assert len(firms) == 2975
    assert len(both) >= 1900
    assert sum(code != county for code, county in both) <= 3
    assert sum(county == "OUT" for _, county in firms) == 2
