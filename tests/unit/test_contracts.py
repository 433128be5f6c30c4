"""The loader: what the sources promise, inheritance, digests, and errors that say where and what."""

from __future__ import annotations

from pathlib import Path

import pytest

from data_contracts import model
from data_contracts.dictionary import render
from data_contracts.model import ContractError, load_contracts, source_contract, source_contracts

SOURCES = {
    "abnormal_listing", "acknowledgement", "association_signal", "commitment", "control_total", "county_return",
    "department_dishonest", "department_inspection", "department_licence", "department_penalty", "field_catering", "field_certification",
    "field_competition", "field_consumer", "field_food_drug", "field_infringement", "field_metrology", "field_price",
    "field_product_quality", "field_special_equipment", "field_standard", "field_testing", "grade_snapshot",
    "inspection_result", "inspector", "inspector_conflict", "licence", "penalty", "platform_signal", "prior_draw",
    "province_push", "province_push_manifest", "register", "repair", "serious_violation", "task_evidence", "trigger",
    "utility_signal", "white_list",
}  # fmt: skip
SPECIAL = sorted(name for name in SOURCES if name.startswith("field_"))
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
    assert {contract.name for contract in source_contracts()} == SOURCES


def test_each_special_field_has_kinds_of_its_own() -> None:
    kinds = {name: source_contract(name).column("record_kind").values for name in SPECIAL}
    assert len(kinds) == 12
    assert all(len(values) >= 8 and len(set(values.values())) == len(values) for values in kinds.values())
    assert len({frozenset(values) for values in kinds.values()}) == 12
    assert kinds["field_food_drug"]["许可准入"] == "admission"
    assert all(source_contract(name).formed_on == ("recorded_on",) for name in SPECIAL)


def test_field_grades_where_the_field_has_them() -> None:
    graded = {name for name in SPECIAL if "field_grade" in source_contract(name).column_names}
    assert graded == {"field_food_drug", "field_catering"}
    assert dict(source_contract("field_catering").column("field_grade").values) == {g: g for g in "ABCD"}
    levels = dict(source_contract("field_food_drug").column("field_grade").values)
    assert levels == {g: g for g in "ABCD"} | {
        "一级": "level_1",
        "二级": "level_2",
        "三级": "level_3",
        "四级": "level_4",
    }
    assert {name for name in SPECIAL if "is_key_unit" in source_contract(name).column_names} == {
        "field_special_equipment"
    }


def test_identity_is_resolved_wherever_a_record_is_of_an_enterprise() -> None:
    with_code = {contract.name for contract in source_contracts() if "uscc" in contract.column_names}
    identified = {contract.name for contract in source_contracts() if contract.identity}
    assert with_code - identified == {"register", "grade_snapshot"}
    assert identified <= with_code
    by_name = {
        "licence",
        "penalty",
        "abnormal_listing",
        "department_penalty",
        "trigger",
        "field_price",
        "utility_signal",
    }
    for name in by_name:
        assert {"reg_no", "party_name"} <= set(source_contract(name).column_names)


def test_documents_are_numbered_published_and_split() -> None:
    numbered = {contract.name: contract.document_number for contract in source_contracts() if contract.document_number}
    assert numbered == {
        "licence": "licence_doc_no", "penalty": "decision_no", "abnormal_listing": "listing_doc_no",
        "serious_violation": "listing_doc_no", "department_licence": "licence_doc_no", "department_penalty": "decision_no",
        "department_dishonest": "listing_doc_no",
    }  # fmt: skip
    published = {contract.name for contract in source_contracts() if contract.published_on == "published_on"}
    assert published >= {"licence", "penalty", "inspection_result"}
    assert source_contract("penalty").split_parties == ("uscc", "party_name")


def test_an_amount_knows_its_unit_and_the_headers_that_bring_another() -> None:
    fine = source_contract("penalty").column("fine_wan")
    assert fine.unit == "万元"
    assert fine.unit_headers["罚款金额（元）"] == "元"
    assert "罚款金额（元）" in fine.headers
    assert fine.unit_headers.get(fine.title, fine.unit) == "万元"


def test_no_special_field_nor_department_takes_persons() -> None:
    for contract in source_contracts():
        for header in ("法定代表人", "身份证号", "联系电话", "投诉人", "举报人", "姓名", "CF_FR_SFZH"):
            assert header not in {text for column in contract.columns for text in column.headers}


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


def test_a_contract_states_the_facts_of_reading(root: Path) -> None:
    facts = "\n".join(
        f"  - {{property: {key}, value: {value}}}"
        for key, value in {
            "identity": "true",
            "documentNumber": "colour",
            "publishedOn": "made_on",
            "splitParties": "[uscc]",
        }.items()
    )
    rewrite(
        root, "  - {property: formedOn, value: [made_on]}", f"  - {{property: formedOn, value: [made_on]}}\n{facts}"
    )
    unit = "customProperties: [{property: unit, value: 万元}, {property: unitHeaders, value: {颜色（元）: 元}}]"
    rewrite(root, "- {name: colour}", f"- {{name: colour, {unit}}}")
    contract = thing(root)
    assert (contract.identity, contract.document_number, contract.published_on) == (True, "colour", "made_on")
    assert contract.split_parties == ("uscc",)
    assert (contract.column("colour").unit, contract.column("colour").headers) == ("万元", ("颜色", "颜色（元）"))


@pytest.mark.parametrize(
    ("fact", "said"),
    [
        ("{property: documentNumber, value: paper_no}", "documentNumber 引用了不存在的字段 paper_no"),
        ("{property: publishedOn, value: shown_on}", "publishedOn 引用了不存在的字段 shown_on"),
        ("{property: splitParties, value: [uscc, owner]}", "splitParties 引用了不存在的字段 owner"),
    ],
)
def test_a_fact_about_a_column_that_is_not_there_is_refused(root: Path, fact: str, said: str) -> None:
    rewrite(root, "  - {property: formedOn, value: [made_on]}", f"  - {fact}")
    with pytest.raises(ContractError, match=said):
        thing(root)


def test_a_unit_that_nobody_can_convert_is_refused(root: Path) -> None:
    rewrite(root, "- {name: colour}", "- {name: colour, customProperties: [{property: unit, value: 亿元}]}")
    with pytest.raises(ContractError, match="只能是 元、万元 之一"):
        thing(root)


def test_a_shared_rule_is_inherited_and_written_once(root: Path) -> None:
    shared = (
        "rules:\n  - {name: made_in_future, type: custom, engine: duckdb, severity: warning, description: 晚了。}\n"
    )
    (root / "fields" / "rules.yaml").write_text(shared, "utf-8")
    rewrite(root, "        type: custom\n        engine: duckdb\n", "")
    rewrite(root, "        severity: error\n        description: 制成日期晚于送达日期。\n", "")
    rule = thing(root).rules[0]
    assert (rule.severity, rule.reason, rule.columns) == ("warning", "晚了。", ("made_on", "colour"))
    (root / "fields" / "again.yaml").write_text(shared, "utf-8")
    with pytest.raises(ContractError, match="每条规则只写一次"):
        thing(root)


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
