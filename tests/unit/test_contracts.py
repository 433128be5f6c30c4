"""The loader: what the sixteen sources promise, inheritance, digests, and errors that say where and what."""

from __future__ import annotations

from pathlib import Path

import pytest

from data_contracts import model
from data_contracts.dictionary import render
from data_contracts.model import ContractError, load_contracts, source_contract, source_contracts

SOURCES = {
    "abnormal_listing", "acknowledgement", "commitment", "field_record", "grade_snapshot", "inspection_result",
    "inspector", "inspector_conflict", "licence", "penalty", "prior_draw", "register", "repair", "serious_violation",
    "task_evidence", "trigger",
}  # fmt: skip
FIELDS = """
ignoredHeaders:
  - {reason: 与业务无关。, headers: [序号, 名称]}
fields:
  - name: uscc
    businessName: 统一社会信用代码
    description: 主体标识。
    logicalType: string
    classification: public
    quality:
      - {name: check, type: text, description: 代码不对。}
    customProperties:
      - {property: check, value: uscc}
      - {property: aliases, value: [信用代码]}
  - name: colour
    businessName: 颜色
    description: 颜色。
    logicalType: string
    classification: internal
    customProperties:
      - {property: values, value: {红: red, 绿: green}}
"""
CONTRACT = """
apiVersion: v3.1.0
kind: DataContract
id: source.thing
name: thing
version: 1.0.0
status: active
customProperties:
  - {property: group, value: collected}
  - {property: responsibleUnit, value: XY}
  - {property: openness, value: 不予公开}
  - {property: classification, value: internal}
  - {property: formedOn, value: [made_on]}
schema:
  - name: thing
    businessName: 东西
    physicalType: table
    description: 一样东西一行。
    quality:
      - {name: row_count, metric: rowCount, mustBeGreaterOrEqualTo: 1, severity: error, description: 不能为空。}
      - name: made_in_future
        type: custom
        engine: duckdb
        implementation: made_on > CAST(received_at AS DATE) AND colour <> 'made_on'
        severity: error
        description: 制成日期晚于送达日期。
    properties:
      - name: uscc
        businessName: 制造者代码
        required: true
        primaryKey: true
        primaryKeyPosition: 1
        customProperties:
          - {property: aliases, value: [厂家代码]}
      - {name: colour}
      - name: made_on
        businessName: 制成日期
        description: 制成的日期。
        logicalType: date
        classification: public
"""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A contracts folder with one dictionary and one source."""
    for folder, name, text in (("fields", "shared.yaml", FIELDS), ("sources", "thing.yaml", CONTRACT)):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / name).write_text(text, "utf-8")
    return tmp_path


def thing(root: Path) -> model.Contract:
    """The one contract, read anew."""
    load_contracts.cache_clear()
    model.load_dictionary.cache_clear()
    return load_contracts(root, "source")[0]


def rewrite(root: Path, old: str, new: str, name: str = "sources/thing.yaml") -> None:
    """Replace a text that must be there."""
    text = (root / name).read_text("utf-8")
    assert old in text
    (root / name).write_text(text.replace(old, new), "utf-8")


def test_the_sources_of_the_notice() -> None:
    contracts = source_contracts()
    assert {contract.name for contract in contracts} == SOURCES
    assert {contract.name for contract in contracts if contract.base_stream} == {
        "licence", "penalty", "abnormal_listing", "serious_violation", "inspection_result",
    }  # fmt: skip
    assert {contract.name for contract in contracts if contract.required_source} == {"register", "grade_snapshot"}
    assert all(contract.clock == "collect_7wd" for contract in contracts if contract.base_stream)


def test_grades_are_a_closed_list_and_sensitive() -> None:
    grade = source_contract("grade_snapshot").column("credit_grade")
    assert dict(grade.values) == {"A": "A", "B": "B", "C": "C", "D": "D"}
    assert (grade.classification, grade.required) == ("sensitive", True)


def test_a_removal_starts_its_own_clock() -> None:
    assert source_contract("abnormal_listing").formed_on == ("removed_on", "listed_on")


def test_every_header_of_the_real_register_rows_is_read_or_ignored() -> None:
    register = source_contract("register")
    read = {header: column.name for column in register.columns for header in column.headers}
    assert read["注册日期"] == "established_on"
    assert read["注册资金"] == "registered_capital"
    assert read["注册地址"] == "address"
    others = {"企业名称", "统一社会信用代码", "企业类型", "经营范围", "所在省份", "地区", "源文件", "法定代表人"}
    assert others <= {*read, *register.ignored_headers}


def test_a_property_inherits_what_it_does_not_state(root: Path) -> None:
    maker, colour, made_on = thing(root).columns
    assert (maker.title, maker.required, maker.check) == ("制造者代码", True, "uscc")
    assert maker.headers == ("制造者代码", "信用代码", "统一社会信用代码", "厂家代码")
    assert maker.check_reason == "代码不对。"
    assert dict(colour.values) == {"红": "red", "绿": "green"}
    assert colour.check_reason == "「颜色」不在规定的取值内，应为：红、绿。"
    assert (made_on.physical_type, made_on.required_reason) == ("DATE", "「制成日期」为空，应填写。")


def test_a_contract_overrides_the_dictionary(root: Path) -> None:
    rewrite(root, "- {name: colour}", "- {name: colour, customProperties: [{property: values, value: [黄]}]}")
    assert dict(thing(root).column("colour").values) == {"黄": "黄"}
    rewrite(root, "{property: aliases, value: [厂家代码]}", "{property: check, value: null}")
    assert thing(root).column("uscc").check is None


def test_rules_bounds_and_ignored_headers(root: Path) -> None:
    contract = thing(root)
    assert contract.rules[0].columns == ("made_on", "colour")
    assert (contract.min_rows, contract.max_rows) == (1, None)
    assert contract.ignored_headers == ("序号", "名称")
    rewrite(root, "value: [厂家代码]", "value: [名称]")
    assert thing(root).ignored_headers == ("序号",)


def test_a_boolean_reads_yes_and_no(root: Path) -> None:
    rewrite(root, "logicalType: date", "logicalType: boolean")
    rewrite(root, "  - {property: formedOn, value: [made_on]}\n", "")
    values = thing(root).column("made_on").values
    assert (values["是"], values["否"], values["1"]) == ("true", "false", "true")


def test_the_digest_follows_meaning_not_layout(root: Path) -> None:
    first = thing(root).sha256
    rewrite(root, "apiVersion", "# a remark\napiVersion")
    assert thing(root).sha256 == first
    rewrite(root, "绿: green", "绿: verdant", "fields/shared.yaml")
    assert thing(root).sha256 != first


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("apiVersion: v3.1.0", "apiVersion: v3.0.0", "apiVersion"),
        ("name: thing\nversion", "name: other\nversion", "必须与文件名"),
        ("    severity: error\n        desc", "    severity: fatal\n        desc", "severity"),
        ("severity: error\n", "severity: error\n        severtiy: error\n", "severtiy"),
        ("required: true", "requird: true", "requird"),
        ("description: 制成的日期。", "description: ''", "description 缺少文字"),
        ("logicalType: date", "logicalType: day", "logicalType"),
        ("logicalType: date", "logicalType: date\n        physicalType: VARCHAR", "physicalType"),
        ("primaryKeyPosition: 1", "primaryKeyPosition: 2", "primaryKeyPosition"),
        ("value: [made_on]", "value: [sold_on]", "sold_on"),
        ("openness, value: 不予公开", "openness, value: 秘密", "openness"),
        ("value: internal}\n  - {property: formedOn", "value: secret}\n  - {property: formedOn", "classification"),
        ("- {name: colour}", "- {name: colour}\n      - {name: colour}", "重名"),
        ("- {name: colour}", "- {name: colour, customProperties: [{property: check, value: iban}]}", "check"),
        ("- {name: colour}", "- {name: colour, quality: [{name: rule, description: x}]}", "quality"),
        ("metric: rowCount", "metric: duplicateValues", "rowCount"),
        ("    properties:", "    properties: 7\n    more:", "more"),
        ("schema:", "schema: []\nmore:", "more"),
        ("- {name: colour}", "- colour", "结构不对"),
    ],
)
def test_a_fault_is_told_in_one_sentence(root: Path, old: str, new: str, said: str) -> None:
    rewrite(root, old, new)
    with pytest.raises(ContractError) as told:
        thing(root)
    assert said in str(told.value)
    assert "thing.yaml" in str(told.value)
    assert str(told.value).endswith("。")


def test_unreadable_yaml_names_the_line(root: Path) -> None:
    rewrite(root, "kind: DataContract", "kind: [DataContract")
    with pytest.raises(ContractError, match=r"thing.yaml 不是可读的 YAML（第 \d+ 行附近）"):
        thing(root)


def test_a_field_described_in_two_dictionaries_is_refused(root: Path) -> None:
    (root / "fields" / "more.yaml").write_text("fields:\n  - {name: colour}\n", "utf-8")
    with pytest.raises(ContractError, match="只描述一次"):
        thing(root)


def test_an_unknown_contract_lists_the_known_ones() -> None:
    with pytest.raises(ContractError, match=r"没有名为 licences 的来源契约.*licence、penalty"):
        source_contract("licences")


def test_the_printed_dictionary_is_current(checkout: Path) -> None:
    printed = (checkout / "docs" / "data-dictionary.md").read_text("utf-8")
    assert printed == render(), "请运行 python -m data_contracts.dictionary docs/data-dictionary.md"
