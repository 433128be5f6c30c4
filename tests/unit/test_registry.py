"""The registry of sources: what it says of the notice's sources, and each refusal with file, entry and what to do."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from data_contracts.lint_sources import lint_sources
from data_contracts.model import ROOT, ContractError, source_contract, source_contracts
from data_contracts.registry import (
    class_coverage,
    domain_coverage,
    domains,
    indicator_classes,
    load_registry,
    source,
    sources,
)

BASE = {"licence", "penalty", "abnormal_listing", "serious_violation", "inspection_result"}
FIELDS = {
    "food_production", "food_sales", "drug", "medical_device", "catering", "special_equipment", "product_quality",
    "infringement", "price", "competition", "consumer", "metrology", "standard", "testing", "certification",
}  # fmt: skip


def test_the_notices_sources_are_entries() -> None:
    kinds = {kind: {s.name for s in sources() if s.kind == kind} for kind in {s.kind for s in sources()}}
    assert kinds["base"] == BASE
    assert len(kinds["field"]) == 12
    assert kinds["department"] == {f"department_{n}" for n in ("licence", "penalty", "dishonest", "inspection")}
    assert kinds["province_push"] == {"province_push", "province_push_manifest"}
    assert kinds["exploratory"] == {"utility_signal", "association_signal", "platform_signal"}
    assert [s.name for s in sources()] == sorted(c.name for c in source_contracts())
    assert source("licence").contract is source_contract("licence")


def test_clocks_and_what_stops_a_month() -> None:
    assert {s.name for s in sources() if s.required} == {"register", "grade_snapshot"}
    by_clock = {clock: {s.name for s in sources() if clock in s.clocks} for s in sources() for clock in s.clocks}
    assert by_clock["double_publicity_7wd"] == {"licence", "penalty"}
    assert by_clock["publish_20wd"] == {"penalty", "inspection_result"}
    assert by_clock["grade_monthly"] == {"grade_snapshot"}
    fed = {s.name for s in sources() if s.kind in ("base", "field", "department")} | {"province_push"}
    assert by_clock["collect_7wd"] == fed


def test_counties_stand_for_the_fourteen_units() -> None:
    producers = source("abnormal_listing").producers
    assert len(producers) == 15
    assert {"XY", "140802", "1408KF"} <= set(producers)


def test_exploratory_sources_never_reach_a_plan() -> None:
    assert not any(s.reaches_plan for s in sources() if s.kind == "exploratory")
    assert source("penalty").reaches_plan


def test_what_is_not_connected_says_why() -> None:
    unconnected = {s.name: s.reason for s in sources() if not s.connected}
    assert set(unconnected) == {"utility_signal", "association_signal", "field_standard"}
    assert all(reason and reason.endswith("。") for reason in unconnected.values())


def test_each_domain_and_class_is_fed_or_says_why_not() -> None:
    assert len(domains()) == 12
    found = {entry.heading.title: entry for entry in domain_coverage()}
    assert [s.name for s in found["餐饮"].feeds] == ["field_catering"]
    assert found["餐饮"].reason is None
    assert found["标准"].feeds == ()
    assert found["标准"].reason == source("field_standard").reason
    assert [title for title, entry in found.items() if not entry.feeds] == ["标准"]
    assert len(indicator_classes()) == 5
    assert [entry.heading.code for entry in class_coverage() if not entry.feeds] == ["关联关系"]
    assert all(entry.feeds or entry.reason for entry in class_coverage())


def test_every_special_field_has_one_source() -> None:
    listed = [code for s in sources() if s.kind == "field" for code in s.fields]
    assert sorted(listed) == sorted(FIELDS)
    assert source("field_food_drug").fields == ("food_production", "food_sales", "drug", "medical_device")


def test_an_unknown_source_lists_the_known_ones() -> None:
    with pytest.raises(ContractError, match=r"没有来源 licences.*licence、penalty"):
        source("licences")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """The real registry with its clocks and units, to be spoilt."""
    (tmp_path / "reference").mkdir()
    for name in ("sources.yaml", "clocks.yaml", "reference/units.csv"):
        shutil.copy(ROOT / name, tmp_path / name)
    return tmp_path


@pytest.fixture
def told(root: Path) -> Callable[[str, str], str]:
    """What the lint says once a text that must be there is replaced."""

    def run(old: str, new: str) -> str:
        path = root / "sources.yaml"
        text = path.read_text("utf-8")
        assert old in text
        path.write_text(text.replace(old, new, 1), "utf-8")
        load_registry.cache_clear()
        units = {line.split(",")[0] for line in (root / "reference" / "units.csv").read_text("utf-8").splitlines()[1:]}
        return "\n".join(lint_sources(root, source_contracts(), units, FIELDS))

    return run


def test_the_real_registry_is_sound(told: Callable[[str, str], str]) -> None:
    assert told("sources:", "sources:") == ""


ENTRY = "  acknowledgement:\n    kind: feedback\n    producers: [SJ-PT]\n    channel: file\n    cadence: weekly\n"
PLATFORM = "  platform_signal:\n    kind: exploratory\n    producers: [PT]\n    channel: file\n    cadence: monthly\n"


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (ENTRY, "", "契约 sources/acknowledgement.yaml 没有登记，请在 sources.yaml 补一项"),
        (ENTRY, ENTRY.replace("acknowledgement", "receipt"), "sources.yaml 的来源 receipt 没有契约，请补 sources/receipt.yaml"),
        (ENTRY, ENTRY.replace("[SJ-PT]", "[SJPT]"), "来源 acknowledgement 的产生单位 SJPT 不在 reference/units.csv"),
        (ENTRY, ENTRY.replace("[SJ-PT]", "[]"), "来源 acknowledgement 没有 producers"),
        (ENTRY, ENTRY.replace("[SJ-PT]", "[SJ-PT, SJ-PT]"), "来源 acknowledgement 的 producers 有重复"),
        (ENTRY, ENTRY.replace("[SJ-PT]", "SJ-PT"), "来源 acknowledgement 的 producers 应是文字的列表"),
        (ENTRY, ENTRY.replace("kind: feedback", "kind: other"), "来源 acknowledgement 的 kind 只能是"),
        (ENTRY, ENTRY.replace("channel: file", "channel: fax"), "来源 acknowledgement 的 channel 只能是 file、database、http"),
        (ENTRY, ENTRY.replace("channel: file", "channel: http"), "来源 acknowledgement 的渠道是 http，请写 connection"),
        (ENTRY, ENTRY + "    connection: {url: x}\n", "来源 acknowledgement 的渠道是文件，不用 connection"),
        (ENTRY, ENTRY + "    connection: [x]\n", "来源 acknowledgement 的 connection 不是键值结构"),
        (ENTRY, ENTRY.replace("weekly", "often"), "来源 acknowledgement 的 cadence 只能是"),
        (ENTRY, ENTRY + "    clocks: [soon]\n", "来源 acknowledgement 的时限 soon 不在 clocks.yaml 中"),
        (ENTRY, ENTRY + "    clocks: [collect_7wd]\n", "来源 acknowledgement 有时限 collect_7wd，契约却没有 formedOn"),
        (ENTRY, ENTRY + "    connected: false\n", "来源 acknowledgement 未接入（connected: false）却没有 reason"),
        (ENTRY, ENTRY + "    reason: 没有数据。\n", "来源 acknowledgement 已接入却写了未接入的 reason"),
        (ENTRY, ENTRY + "    connected: maybe\n", "来源 acknowledgement 的 connected 只能是 true 或 false"),
        (ENTRY, ENTRY + "    connected: false\n    reason: 无。\n    required: true\n", "来源 acknowledgement 每月必需却未接入"),
        (ENTRY, ENTRY + "    colour: red\n", "来源 acknowledgement 有不认识的键 colour"),
        (ENTRY, ENTRY + "    domains: [trade]\n", "来源 acknowledgement 的领域 trade 不在 domains 中"),
        (ENTRY, ENTRY + "    fields: [trade]\n", "来源 acknowledgement 的专业领域 trade 不在数据字典"),
        (ENTRY, ENTRY + "    indicator_class: 其他\n", "来源 acknowledgement 的 indicator_class 只能是"),
        (ENTRY, "  acknowledgement: later\n", "来源 acknowledgement 不是键值结构"),
        (PLATFORM, PLATFORM + "    reaches_plan: true\n", "来源 platform_signal 是探索性来源"),
        ("clocks: [collect_7wd, double_publicity_7wd]", "clocks: [double_publicity_7wd]", "来源 licence 应有时限 collect_7wd"),
        ("    clocks: [collect_7wd]\n    domains: [price]\n", "    clocks: [collect_7wd, publish_20wd]\n    domains: [price]\n",
         "来源 field_price 有公示时限 publish_20wd，契约却没有 publishedOn"),
        ("    domains: [price]\n", "", "来源 field_price 是专业领域来源，请写 fields 和 domains"),
        ("    domains: [price]\n", "    domains: [consumer]\n", "“价格”没有已接入的来源，也没有 reason"),
        ("fields: [price]", "fields: [price, consumer]", "来源 field_price 有几个专业领域，契约的 field_code 字段应恰好列出"),
        ("fields: [price]", "fields: [consumer]", "专业领域 price 应恰好由一个来源提供（现为：没有）"),
        ("fields: [price]", "fields: [consumer]", "专业领域 consumer 应恰好由一个来源提供（现为：field_consumer、field_price）"),
        ("  - {code: price, title: 价格}\n", "", "domains 应是通知第（五）条所列十二个领域"),
        ("title: 价格}", "title: 价格, reason: 没有。}", "“价格”已有来源 field_price，却写了未接入的 reason"),
        ("title: 价格}", "name: 价格}", "domains 每项都要写 code 和 title"),
        ("  - {code: 动态, title: 企业动态信息}\n", "", "indicator_classes 应是指标体系的五类"),
        (", reason: 企业之间的投资、任职关联由省局按全国数据计算，市局没有这类数据的来源。", "", "“关联关系信息”没有已接入的来源"),
        ("  province_push:\n    kind: province_push\n    producers: [SJ-PT]\n    channel: file\n    cadence: monthly\n"
         "    clocks: [collect_7wd]\n",
         "  province_push:\n    kind: province_push\n    producers: [SJ-PT]\n    channel: file\n    cadence: monthly\n",
         "counted_source 与 sources.yaml 中有 collect_7wd 时限的来源不一致：province_push"),
        ("sources:\n", "origins:\n", "有不认识的键 origins"),
    ],
)  # fmt: skip
def test_each_refusal_names_file_entry_and_what_to_do(
    told: Callable[[str, str], str], old: str, new: str, said: str
) -> None:
    found = told(old, new)
    assert said in found
    assert "sources.yaml" in found
    assert all(sentence.endswith("。") for sentence in found.splitlines())


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("sources.yaml", "缺少 sources.yaml"),
        ("clocks.yaml", "缺少 clocks.yaml"),
        ("reference/units.csv", "缺少 reference/units.csv"),
    ],
)
def test_a_missing_file_is_told(root: Path, name: str, said: str) -> None:
    (root / name).unlink()
    load_registry.cache_clear()
    assert said in "".join(lint_sources(root, source_contracts(), {"XY"}, FIELDS))
