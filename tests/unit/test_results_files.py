"""The return file by its layout, the layouts that are refused, the office's workbook of returns.

Not here: which results are returned and what became of them (test_results).
"""

from __future__ import annotations

import csv
import hashlib
import io
from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import yaml
from openpyxl import load_workbook

from data_contracts.layout import Layout, layout_in_force, layouts
from data_contracts.model import output_contract
from data_contracts.odcs import ContractError
from resources.outbox.platform_return import ReturnError, return_facts, write_platform_return
from resources.outbox.public_csv import LeakError, write_public
from resources.outbox.returns import ISSUE_MARKS, RATING_MARKS, ReturnTables, write_returns

SHIPPED = Path(__file__).parents[2] / "data_contracts" / "layouts" / "platform_return.yaml"
OCTOBER = date(2026, 10, 1)
ROW = {
    "task_code": "GEN", "plan_id": "YC-2026-09-GEN", "uscc": "911408000000000017", "ent_name": "=甲店", "item_code": "A07",
    "inspected_on": date(2026, 9, 29), "unit_code": "140821", "unit_name": "临猗县市场监督管理局", "inspector_ids": "P1;P2",
    "mode": "off_site", "result_code": "1", "problem_desc": "一行\n两行", "publish_flag": True, "publish_due_on": None,
    "returned_on": date(2026, 10, 31), "row_sha256": "0" * 64,
}  # fmt: skip


def rows(*given: dict[str, Any]) -> pd.DataFrame:
    return pd.DataFrame(list(given), columns=list(output_contract("platform_return").column_names), dtype=object)


def changed(root: Path, name: str = "platform_return.yaml", **changes: Any) -> Path:
    """A folder of layouts whose one file is the shipped one, changed."""
    document = yaml.safe_load(SHIPPED.read_text("utf-8")) | changes
    (root / "layouts").mkdir(parents=True, exist_ok=True)
    (root / "layouts" / name).write_text(yaml.safe_dump(document, allow_unicode=True), encoding="utf-8")
    return root


def columns(*entries: dict[str, Any]) -> list[dict[str, Any]]:
    keys = [{"column": name, "header": name} for name in output_contract("platform_return").primary_key]
    return [*keys, *entries]


def of(root: Path, **changes: Any) -> Layout:
    return layout_in_force("platform_return", OCTOBER, changed(root, **changes))


# —— the layout ——
def test_the_shipped_layout_holds_every_column_and_no_grade() -> None:
    layout = layout_in_force("platform_return", OCTOBER)
    promised = set(output_contract("platform_return").column_names)
    assert {column.column.name for column in layout.columns} == promised - {"unit_code"}  # the name stands for it
    assert all(column.classification != "sensitive" for column in layout.contract.columns)


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"columns": columns({"column": "credit_grade", "header": "分类"})}, "等级和敏感级的列不回填"),
        ({"columns": columns({"column": "stratum", "header": "档"})}, "等级和敏感级的列不回填"),
        ({"columns": columns({"column": "problem_desc", "header": "信用风险等级"})}, "等级和敏感级的列不回填"),
        ({"columns": columns({"column": "phone", "header": "电话"})}, "没有这一列"),
        ({"columns": columns({"column": "mode", "header": "uscc"})}, "写了两次"),
        ({"columns": columns({"column": "mode", "header": "方式", "codes": {"on_site": "1"}})}, "写全"),
        (
            {"columns": columns({"column": "mode", "header": "方式", "codes": {"on_site": 1, "off_site": 2}})},
            "都是文字",
        ),
        ({"columns": columns({"column": "mode", "header": " "})}, "没有表头"),
        ({"columns": columns({"column": "mode", "title": "方式"})}, "应写 column、header"),
        ({"columns": columns()[1:]}, "对不上结果"),
        ({"columns": []}, "逐列写明"),
        ({"format": "xls"}, "format 只能是"),
        ({"encoding": "gbk"}, "encoding 只能是"),
        ({"date_format": "D.M.Y"}, "date_format 只能是"),
        ({"valid_from": "十月"}, "valid_from 应为日期"),
        ({"file": "../return"}, "file 只能用"),
        ({"extra": 1}, "键不对（extra）"),
        ({"layout": "frame"}, "没有这一列"),
    ],
)
def test_a_layout_that_cannot_be_used_is_refused_when_it_is_read(
    tmp_path: Path, changes: dict[str, Any], told: str
) -> None:
    with pytest.raises(ContractError, match=told) as refused:
        of(tmp_path, **changes)
    assert "platform_return.yaml" in str(refused.value)


def test_each_month_has_the_layout_of_its_time(tmp_path: Path) -> None:
    changed(tmp_path)
    changed(tmp_path, "platform_return_2026.yaml", version="2.0.0", valid_from=OCTOBER)
    versions = [layout_in_force("platform_return", day, tmp_path).version for day in (date(2026, 9, 1), OCTOBER)]
    assert versions == ["1.0.0", "2.0.0"]
    with pytest.raises(ContractError, match="没有可用的版式"):
        layout_in_force("platform_return", date(2021, 1, 1), tmp_path)
    changed(tmp_path, "platform_return_again.yaml", valid_from=OCTOBER)
    layouts.cache_clear()
    with pytest.raises(ContractError, match="valid_from 相同"):
        layout_in_force("platform_return", OCTOBER, tmp_path)


# —— the file ——
def test_the_file_has_the_layouts_headers_codes_dates_and_only_text(tmp_path: Path) -> None:
    layout = layout_in_force("platform_return", OCTOBER)
    path = write_platform_return(tmp_path, layout, rows(ROW), demonstration=False)
    assert path.name == "platform_return.xlsx"
    book = load_workbook(path)
    header, line = book[layout.sheet].iter_rows(values_only=True)
    assert header == tuple(column.header for column in layout.columns)
    shown = dict(zip(header, line, strict=True))
    assert (shown["检查方式"], shown["是否公示"], shown["检查日期"]) == ("非现场检查", "是", "2026-09-29")
    assert (shown["企业名称"], shown["发现问题"], shown["公示截止日期"]) == ("=甲店", "一行 两行", None)
    cells = [cell for row in book[layout.sheet].iter_rows(min_row=2) for cell in row if cell.value is not None]
    assert {cell.data_type for cell in cells} == {"s"}  # a code keeps its digits, a name is no formula
    demonstration = write_platform_return(tmp_path / "shown", layout, rows(ROW), demonstration=True)
    titles = [load_workbook(each).properties.title for each in (path, demonstration)]
    assert titles == [layout.title, f"【演示】{layout.title}"]
    assert "不得报送" in load_workbook(demonstration)[layout.sheet].oddHeader.center.text
    assert (
        path.read_bytes()
        == write_platform_return(tmp_path / "again", layout, rows(ROW), demonstration=False).read_bytes()
    )
    assert return_facts(path, layout)["回填文件"] == "platform_return.xlsx"


def test_another_order_other_codes_another_format_need_no_code(tmp_path: Path) -> None:
    mode = {"column": "mode", "header": "方式", "codes": {"on_site": "1", "off_site": "2"}}
    names = {"column": "ent_name", "header": "主体"}
    write_platform_return(tmp_path, layout_in_force("platform_return", OCTOBER), rows(ROW), demonstration=False)
    layout = of(
        tmp_path, format="csv", encoding="gb18030", date_format="YYYYMMDD", file="platform_return",
        columns=[mode, *columns(names)],
    )  # fmt: skip
    path = write_platform_return(tmp_path, layout, rows(ROW), demonstration=False)
    read = list(csv.reader(io.StringIO(path.read_bytes().decode("gb18030"))))
    assert read == [
        ["方式", "task_code", "item_code", "uscc", "inspected_on", "主体"],
        ["2", "GEN", "A07", "911408000000000017", "20260929", "'=甲店"],
    ]
    assert not (tmp_path / "platform_return.xlsx").exists()  # the file of the layout before does not stay beside it


def test_what_the_layout_cannot_say_is_refused_by_place(tmp_path: Path) -> None:
    task = {"column": "plan_id", "header": "计划", "codes": {"其他": "1"}}
    with pytest.raises(ReturnError, match="第 2 行的“计划”") as refused:
        write_platform_return(tmp_path, of(tmp_path, columns=columns(task)), rows(ROW), demonstration=False)
    assert "YC-2026" not in str(refused.value)


def test_a_month_without_returns_still_has_its_file(tmp_path: Path) -> None:
    layout = layout_in_force("platform_return", OCTOBER)
    [header] = load_workbook(write_platform_return(tmp_path, layout, rows(), demonstration=False))[
        layout.sheet
    ].iter_rows(values_only=True)
    assert header[0] == "抽查任务编号"


# —— the public list ——
def test_the_public_list_mixes_the_tasks_in_the_order_of_the_digest(tmp_path: Path) -> None:
    firms = [f"91140800000000{number:04d}" for number in range(20)]
    frame = pd.DataFrame(
        [
            {
                "task_name": task, "ent_name": "甲店", "uscc": firm, "unit": "临猗县局", "inspected_on": date(2026, 9, 29),
                "result_words": "未发现问题", "public_on": date(2026, 10, 31),
            }
            for task in ("登记事项抽查", "食品销售抽查")
            for firm in firms
        ]
    )  # fmt: skip
    path = tmp_path / "results_public.csv"
    write_public(path, "results_public", frame)
    read = list(csv.reader(io.StringIO(path.read_text("utf-8-sig"))))
    assert read[0] == ["抽查任务名称", "企业名称", "统一社会信用代码", "检查主体", "检查日期", "检查结果", "公示日期"]
    digests = [hashlib.sha256(line[2].encode()).hexdigest() for line in read[1:]]
    assert digests == sorted(digests) and len(digests) == 40
    assert [line[0] for line in read[1:5]] == ["登记事项抽查", "食品销售抽查"] * 2
    for said in ("A类企业", "非现场核查", "GEN:C"):
        with pytest.raises(LeakError, match="不得公开"):
            write_public(path, "results_public", frame.assign(result_words=said))


# —— the workbook ——
def test_every_state_has_a_sign() -> None:
    assert set(ISSUE_MARKS) == set(output_contract("return_issue").column("issue_kind").values.values())
    assert len({mark.sign for mark in RATING_MARKS.values()}) == len(RATING_MARKS)


def tables(**given: list[dict[str, Any]]) -> ReturnTables:
    def frame(name: str) -> pd.DataFrame:
        contract = output_contract(name)
        return pd.DataFrame(given.get(name, []), columns=list(contract.column_names), dtype=object)

    return ReturnTables(**{name: frame(name) for name in ReturnTables.__slots__})


def sheet(path: Path, title: str) -> list[tuple[Any, ...]]:
    return list(load_workbook(path)[title].iter_rows(values_only=True))


def test_the_workbook_rates_each_county_and_the_city(tmp_path: Path) -> None:
    counts = dict.fromkeys(
        (c.name for c in output_contract("return_reconciliation").columns if c.logical_type == "integer"), 0
    )
    units = [
        {"unit_name": "临猗县局", "ack_expected": 100, "ack_received": 98, "ack_rate": 0.98},
        {"unit_name": "万荣县局", "ack_expected": 100, "ack_received": 97, "ack_rate": 0.97},
        {"unit_name": "闻喜县局", "ack_expected": 0, "ack_received": 0, "ack_rate": None},
    ]
    none = dict.fromkeys((c.name for c in output_contract("publication").columns if c.logical_type == "integer"), 0)
    late = {"unit_name": "临猗县局", "publication_due": 2, "published_in_time": 1, "published_late": 1}
    issue = {"issue_kind": "rejected", "unit_name": "临猗县局", "reject_reason": "检查人员少于两人", "waiting_wd": 3}
    path = tmp_path / "returns.xlsx"
    write_returns(
        path,
        tables(
            return_reconciliation=[counts | unit for unit in units],
            publication=[none | late],
            return_issue=[issue],
            platform_return=[ROW],
        ),
        demonstration=True,
        facts={"月份": "2026-10"},
    )
    lines = sheet(path, "回填对账")
    header = next(line for line in lines if line[0] == "检查主体")
    at = header.index("评定")
    rated = {line[0]: line[at] for line in lines if line[0] in ("临猗县局", "万荣县局", "闻喜县局")}
    assert rated == {"临猗县局": "● 达标", "万荣县局": "× 未达标", "闻喜县局": "— 无应计"}
    total = next(line for line in lines if line[0] == "合计")
    assert (total[header.index("应有回执")], total[header.index("回执率")]) == (200, 0.975)
    assert any("× 未达标" in line for line in sheet(path, "公示"))
    assert any("▲ 平台退回" in line for line in sheet(path, "待办事项"))
    assert any("检查人员少于两人" in line for line in sheet(path, "待办事项"))
    assert "检查人员工号" not in str(sheet(path, "本月回填"))
    assert any("演示" in str(cell) for line in sheet(path, "封面") for cell in line)
    assert any("没有不一致" in str(line[0]) for line in sheet(path, "两处不一致"))
