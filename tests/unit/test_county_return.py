"""A county's workbook filled in and sent back: what is read, what is put aside and with which sentence; nothing is lost."""

from __future__ import annotations

import hashlib
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from data_contracts.model import source_contract
from resources.engines.contract_sql import split_sql
from resources.engines.duckdb_engine import DuckDBEngine, sql_text
from resources.inbox import InboxError, read_file
from resources.reference import text_table
from tests.unit.county_samples import ROUND, UNIT, Filled, county, entry, visit
from tests.unit.small_contracts import uscc

CONTRACT = source_contract("county_return")


def split(path: Path, folder: Path) -> dict[str, list[dict[str, Any]]]:
    """What becomes of the rows of one returned workbook; as many in as out."""
    table = read_file(path, CONTRACT).table
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    for column, value in (
        ("delivery_id", pa.scalar("D1")),
        ("file_name", pa.scalar(path.name)),
        ("file_sha256", pa.scalar(digest)),
        ("received_at", pa.scalar(datetime(2026, 11, 5, 9), pa.timestamp("us"))),
        ("is_generated", pa.scalar(True)),
        ("is_withdrawal", pa.scalar(False)),
    ):
        table = table.append_column(column, pa.repeat(value, table.num_rows))
    empty = {name: pa.array([], pa.string()) for name in ("uscc", "reg_no", "party_name")}
    with DuckDBEngine(temp_directory=folder) as engine:
        register = {"accepted_register": pa.table({**empty, "is_withdrawn": pa.array([], pa.bool_())})}
        identity = engine.select(sql_text("validated/identity"), register)
        made = engine.select_chain(split_sql(CONTRACT).steps(), {"delivered": table, "identity": identity})
        found = {place: pq.read_table(made[place]).to_pylist() for place in ("accepted", "quarantined", "duplicates")}
    assert sum(map(len, found.values())) == table.num_rows
    return found


def test_a_filled_workbook_is_read_back(tmp_path):
    filled = Filled(tmp_path).done(
        0, 检查日期=date(2026, 10, 15), 扫码时间=datetime(2026, 10, 15, 9, 30), 企业评价="满意"
    )
    filled.done(
        1, 检查结果="发现问题经责令已改正", 问题描述="-公示信息有误", 处理措施="责令改正", 检查日期="2026/10/16"
    )
    raw = read_file(filled.saved(), CONTRACT)
    assert [sheet.sheet for sheet in raw.sheets] == ["结果录入"]
    assert "郑样例" not in str(raw.table.to_pylist())
    found = split(filled.path, tmp_path)
    assert not found["quarantined"] and not found["duplicates"]
    rows = {(row["uscc"], row["item_code"]): row for row in found["accepted"]}
    first, second = rows[uscc(1), "A07"], rows[uscc(1), "A08"]
    assert first["scan_time"] == datetime(2026, 10, 15, 9, 30)
    assert (first["result_code"], first["firm_rating"], first["mode"], first["plan_id"]) == (
        "1", "satisfied", "on_site", f"{ROUND}-GEN",
    )  # fmt: skip
    assert (second["result_code"], second["inspected_on"], second["problem_desc"]) == (
        "E", date(2026, 10, 16), "-公示信息有误",
    )  # fmt: skip
    assert first["inspector_ids"] == "140826-ZF-001;140826-ZF-002"
    untouched = rows[uscc(2), "A07"]
    assert untouched["inspected_on"] is None and untouched["result_code"] is None


UNUSABLE = [
    ({"检查日期": date(2026, 10, 15)}, "本行只填了一部分"),
    ({"检查结果": "未发现问题"}, "本行只填了一部分"),
    ({"企业评价": "满意"}, "本行只填了一部分"),
    ({"检查日期": date(2026, 10, 15), "检查结果": "合格"}, "「检查结果代码」"),
    ({"检查日期": "十月十五", "检查结果": "未发现问题"}, "「检查日期」"),
    ({"检查日期": date(2026, 12, 1), "检查结果": "未发现问题"}, "检查日期晚于送达日期"),
    ({"检查日期": date(2026, 10, 15), "检查结果": "未发现问题", "检查人员工号": "张三、李四"}, "不得填写姓名"),
    ({"检查日期": date(2026, 10, 15), "检查结果": "未发现问题", "扫码时间": "上午"}, "「扫码时间」"),
    ({"检查日期": date(2026, 12, 1)}, "检查日期晚于送达日期"),
    ({"检查日期": "=TODAY()", "检查结果": "未发现问题"}, "公式没有保存计算结果的，读出来是空白，请改填数值"),
    ({"检查日期": date(2026, 10, 15), "检查结果": "=#VALUE!"}, "公式没有保存计算结果的"),
    ({"统一社会信用代码": "911408000000000018"}, "「统一社会信用代码」"),
]


def test_each_row_that_cannot_be_used_is_put_aside_with_one_sentence(tmp_path):
    visits = [visit(number) for number in range(1, len(UNUSABLE) + 2)]
    filled = Filled(tmp_path, county(visits, [entry(each) for each in visits])).done(len(UNUSABLE))
    for row, (cells, _) in enumerate(UNUSABLE):
        filled.put(row, **cells)
    found = split(filled.saved(), tmp_path)
    assert [row["uscc"] for row in found["accepted"]] == [visits[-1]["uscc"]]
    told = {row["row_no"] - filled.head - 1: row["reasons"] for row in found["quarantined"]}
    assert sorted(told) == list(range(len(UNUSABLE)))
    for row, (_, says) in enumerate(UNUSABLE):
        assert says in told[row]
        assert told[row].count("。") == 1


def test_cells_merged_over_rows_hold_for_each(tmp_path):
    filled = Filled(tmp_path).done(0).put(1, 检查结果="未发现问题", 检查码="JC-1")
    column, first = filled.at["检查日期"], filled.head + 1
    filled.page.merge_cells(start_row=first, end_row=first + 1, start_column=column, end_column=column)
    days = [row["inspected_on"] for row in split(filled.saved(), tmp_path)["accepted"]]
    assert days.count(date(2026, 10, 15)) == 2


def test_columns_in_another_order_are_found_by_their_headers(tmp_path):
    filled = Filled(tmp_path).done(0)
    page, here, there = filled.page, filled.at["检查日期"], filled.at["计划编号"]
    for row in range(filled.head, page.max_row + 1):
        one, other = page.cell(row, here), page.cell(row, there)
        one.value, other.value = other.value, one.value
    found = split(filled.saved(), tmp_path)
    assert not found["quarantined"]
    assert [row["inspected_on"] for row in found["accepted"] if row["result_code"]] == [date(2026, 10, 15)]


def test_a_header_that_was_changed_refuses_the_file_in_one_sentence(tmp_path):
    filled = Filled(tmp_path).done(0)
    filled.page.cell(filled.head, filled.at["计划编号"], "计划号")
    with pytest.raises(InboxError, match=r"结果录入.*「计划号」疑由「计划编号」改名而来"):
        read_file(filled.saved(), CONTRACT)


def test_a_sheet_that_was_renamed_is_known_by_its_headers(tmp_path):
    filled = Filled(tmp_path).done(0)
    filled.page.title = "十月结果"
    assert [sheet.sheet for sheet in read_file(filled.saved(), CONTRACT).sheets] == ["十月结果"]


def test_a_workbook_without_the_sheet_is_refused(tmp_path):
    filled = Filled(tmp_path)
    del filled.book["结果录入"]
    with pytest.raises(InboxError, match="没有工作表「结果录入」"):
        read_file(filled.saved(), CONTRACT)


def test_a_note_below_the_rows_is_put_aside_and_harms_no_row(tmp_path):
    filled = Filled(tmp_path).done(0)
    filled.page.cell(filled.page.max_row + 2, 2, "以上结果已经核对")
    found = split(filled.saved(), tmp_path)
    assert len(found["accepted"]) == 4
    [noted] = found["quarantined"]
    assert "「计划编号」为空" in noted["reasons"]


TAKEN = {
    "row_id": "r", "delivery_id": "D1", "file_name": "a.xlsx", "sheet": "结果录入", "row_no": 7, "plan_id": f"{ROUND}-GEN",
    "task_code": "GEN", "item_code": "A07", "uscc": "U1", "unit_code": UNIT, "inspected_on": date(2026, 10, 15),
    "received_at": datetime(2026, 11, 5), "version_no": 1, "is_withdrawn": False,
}  # fmt: skip


@pytest.mark.parametrize(
    ("changes", "verdict", "says"),
    [
        ({}, "taken", None),
        ({"inspected_on": None}, "blank", None),
        ({"uscc": "U2"}, "set_aside", "没有抽中这一户"),
        ({"uscc": "U3"}, "set_aside", "这一户由夏县市场监督管理局检查，不属本单位"),
        ({"uscc": "U3", "unit_code": "140828"}, "set_aside", "不属本单位"),
        ({"unit_code": "140828"}, "set_aside", "检查主体应为 140826"),
        ({"plan_id": "YC-2025-01-GEN"}, "set_aside", "没有编号为 YC-2025-01-GEN 的抽查计划"),
        ({"task_code": "FOOD"}, "set_aside", "抽查任务编号与计划编号"),
        ({"item_code": "B03"}, "set_aside", "抽查事项 B03 不在该任务中"),
    ],
)
def test_a_returned_row_counts_only_for_who_drew_it(tmp_path, changes, verdict, says):
    [judged] = verdicts(tmp_path, TAKEN | changes)
    assert judged["return_verdict"] == verdict
    assert judged["return_reason"] is None if says is None else says in judged["return_reason"]


@pytest.mark.parametrize(
    ("later", "row_id", "verdict"),
    [
        ({"inspected_on": None}, "r", "taken"),  # a blank row sent later takes no result back
        ({"inspected_on": date(2026, 10, 20)}, "s", "taken"),
        ({"delivery_id": "D2"}, "r", "taken"),  # another county's row does not stand for this one's
        ({"is_withdrawn": True}, None, None),
    ],
)
def test_of_a_row_sent_back_twice_the_last_result_counts(tmp_path, later, row_id, verdict):
    rows = verdicts(tmp_path, TAKEN, TAKEN | {"row_id": "s", "version_no": 2} | later)
    mine = [(row["row_id"], row["return_verdict"]) for row in rows if row["sent_by"] == UNIT]
    assert mine == ([(row_id, verdict)] if row_id else [])


def verdicts(tmp_path: Path, *rows: dict[str, Any]) -> list[dict[str, Any]]:
    """What the SQL says of these accepted rows: U1 is drawn by 140826, U3 by 140828, U4 for another task."""
    drawn = [(ROUND, "GEN", "U1", UNIT), (ROUND, "GEN", "U3", "140828"), (ROUND, "FOOD", "U4", UNIT)]
    names = ("round_id", "task", "uid", "county")
    types = {"inspected_on": pa.date32(), "received_at": pa.timestamp("us")}
    columns = {name: pa.array([row[name] for row in rows], types.get(name)) for name in TAKEN}
    inputs = {
        "accepted_county_return": pa.table(columns),
        "senders": text_table(
            [{"delivery_id": "D1", "unit_code": UNIT}, {"delivery_id": "D2", "unit_code": "140828"}],
            ("delivery_id", "unit_code"),
        ),
        "known_draw": text_table([dict(zip(names, each, strict=True)) for each in drawn], names),
        "known_item": text_table([{"plan_id": f"{ROUND}-GEN", "item_code": "A07"}], ("plan_id", "item_code")),
        "unit": text_table([{"unit_code": "140828", "unit_name": "夏县市场监督管理局"}], ("unit_code", "unit_name")),
    }
    with DuckDBEngine(temp_directory=tmp_path) as engine:
        found: list[dict[str, Any]] = engine.select(sql_text("reports/county_return_verdict"), inputs).to_pylist()
    return found
