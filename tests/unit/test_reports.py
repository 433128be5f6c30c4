"""Words and thresholds of reports: ratings at their edges, rates, marks, leak words, defusing."""

from __future__ import annotations

from fractions import Fraction

import pytest

from data_contracts.model import output_contract
from supervision.reports import marks
from supervision.reports.leak import defuse, leak_words
from supervision.reports.marks import month_words, rate_down, rate_words, stratum_title, timeliness_rating


@pytest.mark.parametrize(
    ("on_time", "due", "rating"),
    [
        (0, 0, "无应计"),
        (95, 100, "达标"),
        (9499, 10000, "关注"),
        (85, 100, "关注"),
        (8499, 10000, "偏低"),
        (0, 1, "偏低"),
        (1, 1, "达标"),
    ],
)
def test_rating_at_its_edges(on_time, due, rating):
    assert timeliness_rating(on_time, due) == rating


def test_a_rate_is_rounded_down():
    assert str(rate_down(94_996, 100_000)) == "0.9499"
    assert rate_down(1, 1) == 1
    assert rate_down(0, 0) is None


def test_rates_months_and_strata_in_words():
    assert [rate_words(Fraction(text)) for text in ("0.01", "0.025", "1", "3", "1.5")] == [
        "年比例1%", "年比例2.5%", "年比例100%", "每年3次", "每年1.5次",
    ]  # fmt: skip
    assert month_words("2026-03") == "2026年3月"
    assert [stratum_title(code) for code in ("D", "U", "L2", "KEY", "X9")] == [
        "D类（信用风险高）", "未分类", "2级监管", "重点单位", "X9",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("contract", "column", "table"),
    [
        ("task_status", "status", marks.TASK_MARKS),
        ("timeliness", "state", marks.TIMELINESS_MARKS),
        ("source_coverage", "coverage", marks.COVERAGE_MARKS),
        ("department_coverage", "dept_state", marks.DEPARTMENT_MARKS),
        ("push_reconciliation", "push_state", marks.PUSH_MARKS),
        ("county_capacity", "shortfall_action", marks.SHORTFALL_MARKS),
        ("drawn_subjects", "assignment_state", marks.ASSIGNMENT_MARKS),
    ],
)
def test_every_state_of_the_contract_has_a_sign_of_its_own(contract, column, table):
    assert set(table) == set(output_contract(contract).column(column).values.values())
    assert len({mark.sign for mark in table.values()}) == len(table)


@pytest.mark.parametrize(
    "text",
    ["A类企业", "对D级单位", "Ｃ类", "d 类", "信用风险等级", "风险等级", "高风险", "监管档次", "分层", "2级监管", "GEN:C", "FOOD:L2;GEN:A",
     "EQUIP:KEY", "stratum", "rank", "credit_grade", "off_site", "非现场"],
)  # fmt: skip
def test_words_that_tell_a_grade_are_found(text):
    assert leak_words(f"甲{text}乙") or leak_words(f"甲 {text} 乙")


@pytest.mark.parametrize(
    "text",
    ["登记事项与公示信息抽查；食品销售监督检查", "特种设备使用单位监督检查", "YC-2026-10-GEN;YC-2026-10-FOOD", "第三类医疗器械经营企业检查",
     "2026-10-01至2026-10-31", "盐湖区市场监督管理局", "MA类"],
)  # fmt: skip
def test_ordinary_words_are_not(text):
    assert leak_words(text) == []


def test_defusing_is_undone_by_dropping_one_apostrophe():
    for value in ("=1", "+1", "-1", "@x", "＝1", "'=1", "'", "\tx"):
        assert defuse(value) == f"'{value}"
    for value in ("甲=1", "1-1", "", "9114"):
        assert defuse(value) == value
