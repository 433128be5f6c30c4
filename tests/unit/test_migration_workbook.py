"""grade_migration.xlsx: the matrices as laid out, their shading, and what is said where nothing can be compared."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

import openpyxl
import pandas as pd
import pytest

from data_contracts.model import output_contract
from resources.alarm_rules import alarm_rules
from resources.outbox.grade_migration import (
    CLUSTER_MARKS,
    COMPARABLE_MARKS,
    SHIFT_MARKS,
    MigrationTables,
    matrix,
    write_grade_migration,
)

RULES = alarm_rules(dt.date(2026, 10, 31))
FACTS = {"月份": "2026-10", "截至日期": "2026-10-31"}
MOVES = [("A", "A", 90), ("A", "B", 8), ("A", "C", 2), ("C", "B", 5), ("D", "left", 1), ("entered", "A", 3)]


def frame(name: str, *rows: Mapping[str, Any]) -> pd.DataFrame:
    return pd.DataFrame([dict(row) for row in rows], columns=list(output_contract(name).column_names))


def migration() -> pd.DataFrame:
    keys = [("city", "ALL", "全市"), ("unit", "140802", "盐湖区市场监督管理局"), ("industry", "F", "批发和零售业")]
    fixed = {"month": "2026-10", "previous_month": "2026-09", "share": Decimal("0.1")}
    return frame(
        "grade_migration",
        *(
            fixed
            | {"rollup": level, "rollup_key": key, "key_name": name, "from_grade": origin, "to_grade": target, "n": n}
            for level, key, name in keys
            for origin, target, n in MOVES
        ),
    )


def index(period: str, state: str, value: str | None) -> dict[str, Any]:
    kind = "month" if "-" in period else "year_to_date"
    shown = {"key_name": "全市", "rollup": "city", "rollup_key": "ALL", "counted_period": period, "period_kind": kind}
    return shown | {"differentiation_index": value and Decimal(value), "comparability": state, "months_counted": 1}


def tables(cells: pd.DataFrame) -> MigrationTables:
    cluster = {"cluster_measure": "cd_share", "unit_code": "140802", "unit_name": "盐湖区局", "n": 200, "n_hit": 40,
               "share": Decimal("0.2"), "baseline": Decimal("0.1"), "cells_tested": 4}  # fmt: skip
    return MigrationTables(
        grade_migration=cells,
        grade_jump=frame("grade_jump", {"uid": "9114", "ent_name": "=1+1", "from_grade": "A", "to_grade": "C", "steps": 2}),
        grade_trend=frame(
            "grade_trend",
            {"snapshot_month": "2026-10", "credit_grade": "D", "n": 1, "changes": 7, "shift_state": "alarm"},
        ),
        cluster_alarm=frame(
            "cluster_alarm",
            cluster | {"industry_division": "51", "cluster_state": "normal"},
            cluster | {"industry_division": "52", "cluster_state": "alarm", "p_value": Decimal("0.000002")},
            cluster | {"industry_division": "14", "cluster_state": "small_cell", "share": None},
        ),
        differentiation=frame(
            "differentiation",
            index("2026-08", "no_snapshot", None),
            index("2026-09", "not_comparable", None),
            index("2026-10", "comparable", "19.84"),
            index("2026", "comparable", "17.93"),
        ),
        reminder_lag=frame(
            "reminder_lag",
            {"unit_code": "140802", "unit_name": "盐湖区局", "records": 1, "median_wd": 3},
            {"unit_code": "CITY", "unit_name": "全市", "records": 1, "median_wd": 3},
        ),
    )  # fmt: skip


def write(path: Path, cells: pd.DataFrame, newest: str | None = "2026-09", demonstration: bool = True) -> str:
    return write_grade_migration(
        path, tables(cells), RULES, newest_before=newest, compared=105, demonstration=demonstration, facts=FACTS
    )


def shown(page: Any) -> list[tuple[Any, ...]]:
    return [tuple(row) for row in page.iter_rows(values_only=True)]


def below(page: Any, header: str) -> list[tuple[Any, ...]]:
    rows = shown(page)
    return rows[next(i for i, row in enumerate(rows) if row[0] == header) + 1 :]


def test_a_matrix_is_laid_out_as_one(tmp_path: Path) -> None:
    write(tmp_path / "m.xlsx", migration())
    book = openpyxl.load_workbook(tmp_path / "m.xlsx")
    expected = [
        ("A类", 90, 8, 2, 0, 0, 0, 100, 0.9, 0.08, 0.02, None, None, None),
        ("B类", 0, 0, 0, 0, 0, 0, 0, None, None, None, None, None, None),
        ("C类", 0, 5, 0, 0, 0, 0, 5, None, 1, None, None, None, None),
        ("D类", 0, 0, 0, 0, 0, 1, 1, None, None, None, None, None, 1),
        ("未分类", 0, 0, 0, 0, 0, 0, 0, None, None, None, None, None, None),
        ("新增", 3, 0, 0, 0, 0, 0, 3, 1, None, None, None, None, None),
        ("合计", 93, 13, 2, 0, 0, 1, 109, None, None, None, None, None, None),
    ]
    assert below(book["全市"], "上月等级") == expected
    assert below(book["盐湖区"], "上月等级") == expected
    [unit, total] = below(book["检查主体一览"], "检查主体")
    assert unit == ("盐湖区市场监督管理局", 106, 108, 10, 2, 5, 0, 3, 1)
    assert total[1:] == unit[1:]
    stacked = below(book["按行业门类"], "行业门类")
    assert [row[:3] for row in stacked] == [("批发和零售业", g, n) for g, n in (("A类", 90), ("C类", 0), ("D类", 0), ("新增", 3))]  # fmt: skip
    assert "相差 2 级以上的 1 户，没有超过 5%" in str(shown(book["全市"]))
    assert "聚集预警 1 格；占比走势：D类的变动超出以往" in str(shown(book["全市"]))


@pytest.mark.parametrize("demonstration", [True, False])
def test_the_shading_lies_on_the_shares_and_tells_the_direction(tmp_path: Path, demonstration: bool) -> None:
    write(tmp_path / "m.xlsx", migration(), demonstration=demonstration)
    page = openpyxl.load_workbook(tmp_path / "m.xlsx")["全市"]
    first = next(row[0].row for row in page.iter_rows() if row[0].value == "A类")
    rules = {str(area.sqref): area.rules for area in page.conditional_formatting}
    assert len(rules) == 16  # four by four, nothing on 未分类, 新增 and 退出
    formats = {
        place: {rule.dxf.numFmt.formatCode if rule.dxf.numFmt else "=" for rule in found}
        for place, found in rules.items()
    }
    assert formats[f"I{first}"] == {"="}  # A stayed A
    assert formats[f"J{first}"] == {'"▲"0.0%_ '}  # A to B
    assert formats[f"I{first + 1}"] == {'"▽"0.0%_ '}  # B to A
    fills = {rule.dxf.fill.bgColor.rgb for rule in rules[f"J{first}"] if rule.dxf.fill}
    assert len(fills) == 3


def test_without_last_months_snapshot_one_sheet_says_so_and_no_nought_is_invented(tmp_path: Path) -> None:
    for newest, told in (("2026-07", "最近的一份是 2026-07 的"), (None, "此前没有任何快照")):
        write(tmp_path / "m.xlsx", frame("grade_migration"), newest)
        book = openpyxl.load_workbook(tmp_path / "m.xlsx")
        [sentence, *rest] = below(book["全市"], "上月等级")
        assert "没有 2026-09 的等级快照" in sentence[0]
        assert told in sentence[0]
        assert rest == []
        assert not {"检查主体一览", "跳级名单", "盐湖区"} & set(book.sheetnames)
    assert matrix(frame("grade_migration")).empty


def test_alarms_come_first_small_cells_are_told_not_listed(tmp_path: Path) -> None:
    write(tmp_path / "m.xlsx", migration())
    book = openpyxl.load_workbook(tmp_path / "m.xlsx")
    assert [row[-1] for row in below(book["聚集预警"], "指标")] == ["▲ 预警", "● 正常"]
    told = str(shown(book["聚集预警"]))
    assert "不足 30 户的 1 格不判" in told
    assert "C、D类占比 4 格" in told


def test_the_index_is_never_infinite_and_a_month_without_snapshot_is_told(tmp_path: Path) -> None:
    write(tmp_path / "m.xlsx", migration())
    book = openpyxl.load_workbook(tmp_path / "m.xlsx")
    last_two = {name: [row[-2:] for row in below(book[name], "名称")] for name in book.sheetnames if "差异化" in name}
    assert last_two == {
        "本月差异化指数": [(19.84, "● 可比")],
        "年初以来差异化指数": [(17.93, "● 可比")],
        "以往各月差异化指数": [(None, "— 不可比")],
    }
    assert "未列的月份：2026-08" in str(shown(book["以往各月差异化指数"]))


def test_the_lags_of_the_city_come_first(tmp_path: Path) -> None:
    write(tmp_path / "m.xlsx", migration())
    page = openpyxl.load_workbook(tmp_path / "m.xlsx")["早发现早提醒早处置"]
    assert [row[0] for row in below(page, "单位")] == ["全市", "盐湖区局"]


def test_a_name_is_never_a_formula_and_the_bytes_are_the_same(tmp_path: Path) -> None:
    digests = {write(tmp_path / f"{number}.xlsx", migration()) for number in range(2)}
    assert digests == {hashlib.sha256((tmp_path / "0.xlsx").read_bytes()).hexdigest()}
    cell = openpyxl.load_workbook(tmp_path / "0.xlsx")["跳级名单"]
    [jump] = below(cell, "主体标识")
    assert jump[:2] == ("9114", "=1+1")
    assert {c.data_type for row in cell.iter_rows() for c in row if c.value == "=1+1"} == {"s"}


@pytest.mark.parametrize(
    ("contract", "column", "marks"),
    [
        ("grade_trend", "shift_state", SHIFT_MARKS),
        ("cluster_alarm", "cluster_state", CLUSTER_MARKS),
        ("differentiation", "comparability", COMPARABLE_MARKS),
    ],
)
def test_every_state_has_a_sign_of_its_own(contract: str, column: str, marks: Mapping[str, Any]) -> None:
    assert set(marks) == set(output_contract(contract).column(column).values.values())
    assert len({mark.sign for mark in marks.values()}) == len(marks)
