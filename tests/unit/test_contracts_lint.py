"""The contracts are sound, and the lint that says so finds each planted fault."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from data_contracts.lint import lint
from data_contracts.model import ROOT, load_contracts, load_dictionary
from data_contracts.registry import load_registry


def test_every_contract_is_sound() -> None:
    assert lint() == []


SOURCE = "sources/abnormal_listing.yaml"
SHARED = "fields/streams.yaml"
OUTPUT = "outputs/visit.yaml"
ASIDE = "confidential/roll.yaml"
REGISTRY = """
domains: []
indicator_classes: []
sources:
  abnormal_listing: {kind: base, producers: [XY], channel: file, cadence: weekly, clocks: [collect_7wd]}
"""
# What the notice asks of the whole registry cannot hold for one source; tests/unit/test_registry.py looks at it.
WHOLE = ("没有契约使用", "应恰好由一个来源提供", "应是通知第（五）条所列", "应是指标体系的五类")
OUTPUT_TEXT = """
apiVersion: v3.1.0
kind: DataContract
id: output.visit
name: visit
version: 1.0.0
status: active
customProperties:
  - {property: group, value: risk}
  - {property: responsibleUnit, value: XY}
  - {property: openness, value: 不予公开}
  - {property: classification, value: internal}
schema:
  - name: visit
    businessName: 检查台账
    physicalType: table
    description: 每户每日一行。
    properties:
      - {name: uscc, required: true, primaryKey: true, primaryKeyPosition: 1}
      - {name: inspected_on, required: true, primaryKey: true, primaryKeyPosition: 2}
"""
ASIDE_TEXT = """
apiVersion: v3.1.0
kind: DataContract
id: confidential.roll
name: roll
version: 1.0.0
status: active
customProperties:
  - {property: group, value: confidential}
  - {property: responsibleUnit, value: XY}
  - {property: openness, value: 不予公开}
  - {property: classification, value: sensitive}
schema:
  - name: roll
    businessName: 名册
    physicalType: table
    description: 工号与姓名的对照。
    properties:
      - {name: staff_no, businessName: 工号, description: 略。, logicalType: string, classification: internal, required: true,
         primaryKey: true, primaryKeyPosition: 1}
"""


@pytest.fixture
def small(tmp_path: Path) -> Path:
    """A folder with one real source, a small output, a confidential file, the shared fields and the units."""
    for name in (SOURCE, SHARED, "fields/sources.yaml", "reference/units.csv", "clocks.yaml"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        shutil.copy(ROOT / name, tmp_path / name)
    (tmp_path / "sources.yaml").write_text(REGISTRY, "utf-8")
    for name, text in ((OUTPUT, OUTPUT_TEXT), (ASIDE, ASIDE_TEXT)):
        (tmp_path / name).parent.mkdir()
        (tmp_path / name).write_text(text, "utf-8")
    return tmp_path


@pytest.fixture
def told(small: Path) -> Callable[[], str]:
    """What the lint says of the small folder, whole-registry sentences and unused dictionary entries aside."""

    def run() -> str:
        load_contracts.cache_clear()
        load_dictionary.cache_clear()
        load_registry.cache_clear()
        return "\n".join(sentence for sentence in lint(small) if not any(w in sentence for w in WHOLE))

    return run


def test_the_small_folder_is_sound(told: Callable[[], str]) -> None:
    assert told() == ""


@pytest.mark.parametrize(
    ("name", "old", "new", "said"),
    [
        (SOURCE, "version: 1.0.0", "version: 1", "不符合 ODCS：version"),
        (SOURCE, "status: active", "status: active\nstatus: draft", "键 status 重复"),
        (SOURCE, "name: report_year_malformed", "name: reportYear", "规则名 reportYear"),
        (SOURCE, "name: report_year_malformed", "name: listed_in_future", "规则名 listed_in_future 重复"),
        (SOURCE, "- name: report_year\n", "- name: sheet\n", "系统附加列"),
        (SOURCE, "businessName: 未年报年度", "businessName: report year", "应写中文"),
        (SHARED, "description: 移出日期早于列入日期，应按决定书更正。", "description: 更正", "以句号结尾"),
        (SOURCE, "[BUSEXCLIST, PRIPID,", "[移 出 日 期, PRIPID,", "既采集又忽略"),
        (SOURCE, "[BUSEXCLIST, PRIPID,", "[原位置号, PRIPID,", "不能忽略"),
        (SOURCE, "[年报年度, 未报年度, YEAR]", "[年报年度, 原位置号]", "由读取程序统一采集"),
        (SOURCE, "- name: report_year\n", "- name: identity_basis\n", "系统附加列"),
        (SOURCE, "- {name: listed_in_future}", "- {name: listed_in_future, implementation: listed_on > CAST(received_at AS DATE)}",
         "规则 listed_in_future 重复了数据字典的 implementation"),
        (SOURCE, "      - name: uscc\n        required: true", "      - name: uscc\n        required: false", "uscc 即认定后的代码，应必填"),
        (SOURCE, "property: splitParties, value: [uscc, party_name]", "property: splitParties, value: [party_name]", "splitParties 应含 uscc"),
        (SOURCE, "property: splitParties, value: [uscc, party_name]", "property: splitParties, value: [uscc, listed_on]", "不是文字，不能拆分"),
        (SOURCE, "  - {property: identity, value: true}\n", "", "须写 identity"),
        (SOURCE, "property: documentNumber, value: listing_doc_no", "property: publishedOn, value: listing_doc_no",
         "publishedOn 字段 listing_doc_no 应为日期"),
        (SOURCE, "- {name: removed_by}", "- {name: removed_by, customProperties: [{property: unit, value: 元}]}", "有 unit，应为数"),
        (SOURCE, "- {name: removed_by}", "- {name: removed_by, customProperties: [{property: unitHeaders, value: {移出费（元）: 元}}]}",
         "没有 unit，不知换算成什么"),
        (SHARED, "  - name: removed_in_future\n", "  - name: removed_long_ago\n", "removed_in_future"),
        ("sources.yaml", "kind: base, ", "kind: base, kind: base, ", "键 kind 重复"),
        ("sources.yaml", "abnormal_listing:", "penalty:", "契约 sources/abnormal_listing.yaml 没有登记"),
        (SOURCE, "- {name: removed_by}", "- {name: removed_by, classification: sensitive}", "低于字段 removed_by"),
        (SOURCE, "- {name: removed_by}", "- {name: credit_grade, classification: public}", "级别降低"),
        (SOURCE, "- {name: removed_by}", "- {name: credit_grade}", "主动公开，却含敏感字段"),
        (SOURCE, "value: collected}", "value: risk}", "来源一律 collected"),
        (SOURCE, "value: XY}", "value: XYZ}", "责任单位 XYZ 不在单位表"),
        (SOURCE, "{name: listed_on, required: true,", "{name: listed_on,", "主键字段 listed_on 应必填"),
        (SOURCE, "value: [removed_on, listed_on]", "value: [report_year]", "应为日期"),
        (SOURCE, "  - {property: formedOn, value: [removed_on, listed_on]}\n", "", "没有 formedOn"),
        (SOURCE, "[年报年度, 未报年度, YEAR]", "[年报年度, 移出日期]", "同时指向"),
        (SHARED, "implementation: removed_on < listed_on", "implementation: removed_on < delisted_on", "delisted_on"),
        (SHARED, "implementation: removed_on < listed_on", "implementation: removed_on < current_date", "当前时间"),
        (SHARED, "implementation: removed_on < listed_on", "implementation: removed_on <", "不是可解析的条件"),
        (SHARED, "implementation: removed_on < listed_on", "implementation: 1 < 2", "没有引用任何字段"),
        (SHARED, "implementation: removed_on < listed_on", "implementation: max(removed_on) > listed_on", "汇总"),
        (SOURCE, "        classification: public\n", "        classification: public\n        logicalTypeOptions: {pattern: '['}\n",
         "正则式"),
        (SOURCE, "- {name: removed_on}", "- {name: removed_on, logicalTypeOptions: {pattern: '2.*'}}", "不是文字"),
        (SOURCE, "- {name: removed_by}", "- {name: removed_by, businessName: 移出机关}", "重复了数据字典的 businessName"),
        (SOURCE, "- {name: removed_by}",
         "- {name: remover, businessName: 移出人, description: 略。, logicalType: string, classification: public, "
         "customProperties: [{property: values, value: [甲]}, {property: check, value: uscc}]}",
         "只能写一个"),
        (OUTPUT, "value: risk}", "value: other}", "不在规定的分组内"),
        (OUTPUT, "value: risk}", "value: confidential}", "与所在文件夹不符"),
        (ASIDE, "value: confidential}", "value: reports}", "与所在文件夹不符"),
        (ASIDE, "value: sensitive}", "value: internal}", "是保密契约，应为敏感"),
        (ASIDE, "version: 1.0.0", "version: 1", "契约 confidential/roll.yaml 不符合 ODCS：version"),
        (ASIDE, "status: active", "status: active\nstatus: draft", "confidential/roll.yaml 第 8 行的键 status 重复"),
        (ASIDE, "value: XY}", "value: XYZ}", "契约 confidential/roll.yaml 的责任单位 XYZ 不在单位表"),
        (ASIDE, "{name: staff_no, businessName: 工号", "{name: staff_no, businessName: staff", "应写中文"),
        (ASIDE, "internal, required: true,", "internal,", "主键字段 staff_no 应必填"),
        (ASIDE, "- {name: staff_no", "- {name: credit_grade, classification: public}\n      - {name: staff_no", "把数据字典的级别降低了"),
        (ASIDE, "- {name: staff_no", "- {name: uscc, businessName: 统一社会信用代码}\n      - {name: staff_no",
         "契约 confidential/roll.yaml 的字段 uscc 重复了数据字典的 businessName"),
        ("fields/sources.yaml", "  - name: listed_by\n", "  - name: entered_by\n", "listed_by"),
    ],
)  # fmt: skip
def test_each_fault_is_found(small: Path, told: Callable[[], str], name: str, old: str, new: str, said: str) -> None:
    text = (small / name).read_text("utf-8")
    assert old in text
    (small / name).write_text(text.replace(old, new, 1), "utf-8")
    assert said in told()


def test_a_confidential_contract_named_as_another_is_found(small: Path, told: Callable[[], str]) -> None:
    text = ASIDE_TEXT.replace("roll", "visit")
    (small / "confidential" / "visit.yaml").write_text(text, "utf-8")
    assert "visit 既是产出又是保密契约" in told()
    assert "字段 staff_no 在 confidential/roll.yaml、confidential/visit.yaml 中各自描述" in told()


def test_without_the_units_nothing_is_taken_for_granted(small: Path, told: Callable[[], str]) -> None:
    (small / "reference" / "units.csv").unlink()
    assert "缺少 reference/units.csv" in told()


def test_a_field_described_twice_and_one_that_nobody_uses_are_found(small: Path) -> None:
    own = "{name: remarks, businessName: 说明, description: 略。, logicalType: string, classification: public}"
    for name in (SOURCE, OUTPUT):
        text = (small / name).read_text("utf-8")
        (small / name).write_text(f"{text.rstrip()}\n      - {own}\n", "utf-8")
    load_contracts.cache_clear()
    found = "\n".join(lint(small))
    assert "字段 remarks 在 sources/abnormal_listing.yaml、outputs/visit.yaml 中各自描述" in found
    assert "数据字典 sources.yaml 的字段 org_code 没有契约使用" in found
