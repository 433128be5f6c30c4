"""A small county: two visits, their entry rows, as the stage would hand them to the writers.

For: tests of county workbooks and of returned workbooks. Not for: tests of the SQL behind them.
"""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import openpyxl
import pandas as pd

from data_contracts.model import output_contract
from resources.outbox.county_workbook import County, write_county_workbook
from resources.personnel import Person, Personnel
from tests.unit.small_contracts import uscc

UNIT, ROUND = "140826", "YC-2026-10"
NAMED = Personnel({"140826-ZF-001": Person("郑样例", "14*******01")})
_VISIT: dict[str, Any] = {
    "round_id": ROUND, "unit_code": UNIT, "unit_name": "绛县市场监督管理局", "uscc": None, "reg_no": None,
    "address": "样例路1号", "plan_ids": f"{ROUND}-GEN", "task_names": "登记事项与公示信息抽查",
    "item_names": "公示信息抽查;登记事项检查", "strata": "GEN:D", "mode_planned": "on_site", "trigger_ids": None,
    "trigger_count": 0, "risk_points": "未见具体风险点", "visits_ytd_before": 1,
    "inspector_team": "140826-ZF-001;140826-ZF-002", "visit_state": "staffed", "visit_state_reason": None,
    "window_start": date(2026, 10, 1), "window_end": date(2026, 11, 30), "is_gone": False,
}  # fmt: skip


def visit(number: int, **changes: Any) -> dict[str, Any]:
    code = uscc(number)
    return _VISIT | {"uid": code, "uscc": code, "ent_name": f"样例{number}号商贸有限公司"} | changes


def entry(of: dict[str, Any], item: str = "A07", task: str = "GEN", **changes: Any) -> dict[str, Any]:
    kept = {name: of[name] for name in ("uid", "uscc", "reg_no", "ent_name", "unit_code", "inspector_team", "is_gone")}
    return kept | {
        "plan_id": f"{ROUND}-{task}", "item_code": item, "round_id": ROUND, "task_code": task,
        "task_name": "登记事项与公示信息抽查", "item_name": f"事项{item}", "mode_planned": of["mode_planned"],
        "result_due_on": date(2026, 11, 30),
    } | changes  # fmt: skip


def frame(table: str, rows: list[dict[str, Any]]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=list(output_contract(table).column_names), dtype=object)


def county(visits: list[dict[str, Any]], entries: list[dict[str, Any]], **tables: list[dict[str, Any]]) -> County:
    return County(
        unit_code=UNIT,
        unit_name="绛县市场监督管理局",
        visits=frame("county_visit", visits),
        triggers=frame("triggered_inspections", tables.get("triggers", [])),
        entries=frame("county_entry", entries),
        set_aside=frame("county_return_verdict", tables.get("set_aside", [])),
    )


def two_visits() -> County:
    visits = [visit(1), visit(2)]
    return county(visits, [entry(each, item) for each in visits for item in ("A07", "A08")])


class Filled:
    """Our own written workbook as a county fills it in: cells of 结果录入 by header and row of the list (from 0)."""

    def __init__(self, folder: Path, made: County | None = None) -> None:
        self.path = folder / "140826.xlsx"
        write_county_workbook(self.path, made or two_visits(), NAMED, demonstration=True, facts={"批次": ROUND})
        self.book = openpyxl.load_workbook(self.path)
        self.page = self.book["结果录入"]
        self.head = next(row[0].row for row in self.page.iter_rows() if row[0].value == "序号")
        self.at = {cell.value: cell.column for cell in self.page[self.head]}

    def put(self, row: int, **cells: Any) -> Filled:
        for title, value in cells.items():
            self.page.cell(self.head + 1 + row, self.at[title], value)
        return self

    def done(self, row: int, **cells: Any) -> Filled:
        """A whole result, with some cells otherwise."""
        return self.put(
            row, **{"检查日期": date(2026, 10, 15), "检查结果": "未发现问题", "检查码": f"JC-{row}"} | cells
        )

    def saved(self) -> Path:
        self.book.save(self.path)
        return self.path
