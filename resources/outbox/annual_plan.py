"""annual_plan.xlsx: the plan of the year, task by task and month by month, to be filed with the next level up (国市监信〔2019〕38号).

Here: the city and the bureaus, in visits rounded to tenths; levels are summed up and not shown. Not here: the arithmetic
(supervision.policy.year), the month's own plan (sampling_plan).
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pandas as pd

from resources.outbox.workbook import Sheet, own_column, write_workbook

_E4 = 10_000
_NOTE = (
    "按本月的名录基数推算：规定户数的任务按批次取整，只规定比例的任务为平均户次；非现场核查计入。"
    "名录、等级迁移后以各月计划为准。没有安排的月份为“–”；因四舍五入，各行之和与合计可能略有出入。"
)


def write_annual_plan(
    path: Path,
    plan: pd.DataFrame,
    tasks: Mapping[str, str],
    units: Mapping[str, str],
    *,
    demonstration: bool,
    facts: Mapping[str, str],
) -> str:
    """Write the workbook; returns its SHA-256.

    plan: rows of contract `annual_plan`; tasks, units: names by code, in the order to be shown; facts: holds 月份.
    Errors: WorkbookError.
    """
    year = facts["月份"][:4]
    listed = plan.assign(
        task_name=pd.Categorical(plan["task"].map(tasks), list(dict.fromkeys(tasks.values())), ordered=True),
        unit_name=pd.Categorical(plan["county"].map(units), list(dict.fromkeys(units.values())), ordered=True),
    )
    sheets = [
        _months("全市", listed, ["task_name"]),
        _months("按检查主体", listed, ["unit_name"]),
        _months("任务与检查主体", listed, ["task_name", "unit_name"]),
    ]
    return write_workbook(
        path, sheets, title=f"{year}年度“双随机、一公开”抽查计划", demonstration=demonstration, facts=facts
    )


def _months(title: str, plan: pd.DataFrame, keys: list[str]) -> Sheet:
    months = sorted(plan["month"].unique())
    due = plan.pivot_table(index=keys, columns="month", values="due_e4", aggfunc="sum", fill_value=0, observed=True)
    once = plan.drop_duplicates(["task", "county", "stratum"])
    bases = once.groupby(keys, observed=True)[["base", "annual_visits_e4"]].sum()
    frame = (due / _E4).round(1).join(bases).reset_index()
    frame = frame.assign(annual=(frame["annual_visits_e4"] / _E4).round(1))
    for key in keys:
        frame[key] = frame[key].astype(str)
    words = {"task_name": "抽查任务名称", "unit_name": "检查主体"}
    columns = [
        *(own_column(key, words[key], words[key] + "。") for key in keys),
        own_column("base", "名录基数（户）", "可抽与受限的户数；一户在几个任务中的，各计一次。", "integer"),
        own_column("annual", "全年户次", "全年应检查的户次。", "number"),
        *(own_column(each, f"{int(each[5:])}月", f"分到 {each} 批次的户次。", "number") for each in months),
    ]
    shown = ["annual", *months]
    # Rounded once, from what is summed: every sheet of the workbook then says the same total.
    summed = due.sum()
    totals = {"annual": round(int(bases["annual_visits_e4"].sum()) / _E4, 1)}
    totals |= {month: round(int(summed[month]) / _E4, 1) for month in months}
    return Sheet(
        title,
        frame[[column.name for column in columns]],
        columns,
        note=_NOTE,
        formats=dict.fromkeys(shown, '#,##0.0;-#,##0.0;"–"'),
        totals=totals,
        freeze=len(keys),
        widths={"task_name": 26, "unit_name": 30},
        empty="本年度没有抽查任务",
    )
