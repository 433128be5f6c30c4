"""A county's workbook read back whole: sheets, headers, rows, lists for choosing from, print settings — as it was last
looked at. Not here: single rules of what it says (test_county_workbook), whose rows it holds (tests/e2e/test_offices_content).
"""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path

import openpyxl
import pytest
from openpyxl.utils import get_column_letter
from openpyxl.workbook import Workbook
from openpyxl.worksheet.worksheet import Worksheet

from resources.outbox.county_workbook import write_county_workbook
from tests.unit.county_samples import NAMED, ROUND, UNIT, county, entry, visit
from tests.unit.small_contracts import uscc

HEADS = {
    "检查户次": [
        "序号", "企业名称", "统一社会信用代码", "住所", "抽查任务与监管档次", "抽查事项", "检查方式", "并案线索", "风险点",
        "年内已现场检查", "检查人员", "派员情况", "检查截止",
    ],
    "结果录入": [
        "序号", "企业名称", "抽查任务名称", "抽查事项", "检查方式", "检查日期", "检查结果", "问题描述", "处理措施",
        "后续处理意见", "检查码", "扫码时间", "企业评价", "录入期限", "上门查无", "检查人员工号", "统一社会信用代码", "计划编号", "抽查任务编号",
        "抽查事项编号", "检查主体", "注册号",
    ],
}  # fmt: skip
PLANNED = ["样例1号商贸有限公司", "登记事项与公示信息抽查", "事项A07", "现场"]
EMPTY = [None] * 8
TEAM = "140826-ZF-001;140826-ZF-002"
DUE = datetime(2026, 11, 30)
ROWS = [
    ["001", *PLANNED, *EMPTY, DUE, "否", TEAM, uscc(1), f"{ROUND}-GEN", "GEN", "A07", UNIT, None],
    ["001", *PLANNED[:2], "事项A08", "现场", *EMPTY, DUE, "否", TEAM, uscc(1), f"{ROUND}-GEN", "GEN", "A08", UNIT, None],
    ["002", "样例2号商贸有限公司", "触发检查", "线索核查", "现场", *EMPTY, datetime(2026, 10, 31), "否", None, uscc(2),
     f"{ROUND}-TRG", "TRG", "TRG", UNIT, None],
]  # fmt: skip


@pytest.fixture(scope="module")
def book(tmp_path_factory: pytest.TempPathFactory) -> Workbook:
    """One drawn visit of two items, one visit for a trigger alone that the city has to staff."""
    drawn = visit(1)
    alone = visit(
        2, plan_ids=None, task_names=None, item_names=None, strata=None, trigger_ids="TS-1", trigger_count=1,
        inspector_team=None, visit_state="escalated", visit_state_reason="没有可派的人员", window_end=date(2026, 10, 31),
    )  # fmt: skip
    told = {"task_name": "触发检查", "item_name": "线索核查", "result_due_on": date(2026, 10, 31)}
    entries = [entry(drawn, "A07"), entry(drawn, "A08"), entry(alone, "TRG", "TRG", **told)]
    path: Path = tmp_path_factory.mktemp("golden") / f"{UNIT}.xlsx"
    trigger = {
        "round_id": ROUND,
        "trigger_id": "TS-1",
        "trigger_type": "TS",
        "evidence_ref": "12315-1",
        "uid": alone["uid"],
    }
    made = county([drawn, alone], entries, triggers=[trigger | {"unit_code": UNIT}])
    write_county_workbook(path, made, NAMED, demonstration=False, facts={"批次": ROUND})
    return openpyxl.load_workbook(path)


def head_of(page: Worksheet) -> int:
    return next(row[0].row for row in page.iter_rows() if row[0].value == "序号")


def test_the_sheets_in_their_order_and_none_hidden(book: Workbook) -> None:
    assert book.sheetnames == ["封面", "检查户次", "触发检查", "升级市局", "结果录入", "退回事项", "图例与说明"]
    assert {page.sheet_state for page in book} == {"visible"}


@pytest.mark.parametrize("sheet", HEADS)
def test_the_headers(book: Workbook, sheet: str) -> None:
    page = book[sheet]
    assert [cell.value for cell in page[head_of(page)]] == HEADS[sheet]


def test_the_rows_to_be_filled_in(book: Workbook) -> None:
    page = book["结果录入"]
    below = page.iter_rows(min_row=head_of(page) + 1, values_only=True)
    assert [list(row) for row in below] == ROWS


def test_what_may_be_filled_in_is_chosen_or_dated(book: Workbook) -> None:
    page = book["结果录入"]
    head, last = head_of(page), page.max_row
    rules = {str(rule.sqref): rule for rule in page.data_validations.dataValidation}
    at = {title: get_column_letter(number) for number, title in enumerate(HEADS["结果录入"], 1)}
    of = {title: rules.get(f"{letter}{head + 1}:{letter}{last}") for title, letter in at.items()}
    entered = [*HEADS["结果录入"][4:13], "检查人员工号"]
    assert [title for title, rule in of.items() if rule is not None] == entered
    kinds = {title: rule.type for title, rule in of.items() if rule is not None and rule.type}
    assert kinds == {"检查方式": "list", "检查日期": "date", "检查结果": "list", "扫码时间": "date", "企业评价": "list"}
    assert of["检查方式"].formula1 == '"现场,非现场"'
    assert of["企业评价"].formula1 == '"满意,基本满意,不满意"'
    results = of["检查结果"].formula1.strip('"').split(",")
    assert (len(results), results[0], results[-1]) == (17, "未发现问题", "违反公安部门相关规定")
    free = {title for title in at if not page[f"{at[title]}{head + 1}"].protection.locked}
    assert free == set(entered)


def test_the_paper(book: Workbook) -> None:
    """All on A4 (9), one page wide, heads on each page; the codes of the entry list stay off the paper."""
    paper = {page.title: (page.page_setup.paperSize, page.page_setup.orientation) for page in book}
    assert {size for size, _ in paper.values()} == {9}
    assert {title for title, (_, way) in paper.items() if way == "portrait"} == {"封面"}
    for title, last in (("检查户次", "M"), ("结果录入", "O")):
        page = book[title]
        head = head_of(page)
        assert page.print_title_rows == f"$1:${head}"
        assert page.print_area == f"'{title}'!$A$1:${last}${page.max_row}"
        assert page.sheet_properties.pageSetUpPr.fitToPage and page.page_setup.fitToHeight == 0
        assert page.freeze_panes == f"C{head + 1}"
    assert HEADS["结果录入"][15] == "检查人员工号"  # the first that is not printed


def test_every_code_in_it_is_of_a_visit_of_this_county(book: Workbook) -> None:
    codes = {
        cell
        for page in book
        for row in page.iter_rows(values_only=True)
        for cell in row
        if cell in map(uscc, range(1, 9))
    }
    assert codes == {uscc(1), uscc(2)}
