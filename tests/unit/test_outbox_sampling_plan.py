"""The plan's own words: a county's tasks without a visit in one line, and what becomes of what cannot be drawn.

For: what a row of the official table says. Not for: its sheets and headers (test_outbox_documents).
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import openpyxl
import pandas as pd

from resources.outbox.sampling_plan import write_sampling_plan
from tests.unit import outbox_samples as samples
from tests.unit.outbox_samples import FACTS

QUIET, COUNTY = "QUAL", "140802"


def told(folder: Path, plan: pd.DataFrame, sheet: str) -> list[dict[str, Any]]:
    path = folder / "plan.xlsx"
    write_sampling_plan(path, plan, samples.capacity(), demonstration=False, facts=FACTS)
    rows = list(openpyxl.load_workbook(path)[sheet].iter_rows(values_only=True))
    head = next(place for place, row in enumerate(rows) if row[0] == "序号")
    return [dict(zip(rows[head], row, strict=True)) for row in rows[head + 1 :]]


def plan_with(**changes: Any) -> pd.DataFrame:
    """The sample plan; one task of one county otherwise."""
    plan = samples.plan()
    assert QUIET in set(plan["task_code"])
    for name, value in changes.items():
        plan.loc[(plan["task_code"] == QUIET) & (plan["unit_code"] == COUNTY), name] = value
    return plan


def test_tasks_without_a_visit_are_one_line_of_the_county_and_rows_of_the_city(tmp_path: Path) -> None:
    nothing = dict.fromkeys(("n_planned", "n_funded", "n_short", "n_excess"), 0)
    *others, last = told(tmp_path, plan_with(**nothing, n_drawn_ytd=1), "盐湖区")
    assert [row["序号"] for row in [*others, last]] == [str(n) for n in range(1, len(others) + 2)]
    assert last["抽查任务名称"] == "本月不抽的任务1项"
    assert last["信用风险分类管理"].startswith("工业产品质量监督检查（已抽")
    assert not [row for row in others if row["抽查任务名称"] == "工业产品质量监督检查"]
    city = told(tmp_path, plan_with(**nothing), "全市汇总")
    assert [row for row in city if row["抽查任务名称"] == "工业产品质量监督检查"]


def test_a_task_that_would_have_been_drawn_keeps_its_row(tmp_path: Path) -> None:
    for name in ("n_planned", "n_short", "n_excess"):
        nothing = dict.fromkeys(("n_planned", "n_funded", "n_short", "n_excess"), 0)
        rows = told(tmp_path, plan_with(**nothing | {name: 1}), "盐湖区")
        assert [row for row in rows if row["抽查任务名称"] == "工业产品质量监督检查"], name


def test_a_shortfall_says_what_becomes_of_it(tmp_path: Path) -> None:
    """A rate of visits has no memory; a number of subjects a year is made up for (DRAW §4)."""
    by_rate = told(tmp_path, plan_with(rounding="unbiased", n_short=0.001), "盐湖区")
    by_number = told(tmp_path, plan_with(rounding="at_least", n_short=1), "盐湖区")
    said = [
        next(r["抽查比例/数量"] for r in rows if r["抽查任务名称"] == "工业产品质量监督检查")
        for rows in (by_rate, by_number)
    ]
    assert "不到1户次无户可抽，不结转" in said[0] and "再补" not in said[0]
    assert "户无户可抽，年内以后批次有可抽的再补" in said[1] and "不结转" not in said[1]
