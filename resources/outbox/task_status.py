"""task_status.xlsx: who has done which of the notice's tasks, in words, sign and colour (DOMAIN §4.7).

Here: overviews by task and by unit, this year's rows, the rows of the past. Not here: judging (supervision/tasks), the
registers and the bulletin's items that stand in the same workbook (task_registers).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import pandas as pd

from data_contracts.model import output_contract
from resources.outbox.cells import words_of
from resources.outbox.evidence_words import evidence_words
from resources.outbox.workbook import Sheet, own_column, sums, write_workbook
from supervision.reports.marks import TASK_MARKS, month_words

_ROWS = (
    "task_id", "title", "unit_name", "coop_units", "due_on", "status", "rule", "measured", "threshold", "remark",
    "evidence_ref", "evidence_sha256", "national_task_ref",
)  # fmt: skip
_NOTE = (
    "只按可计数的佐证和系统指标判定；没有的写“不评价”并说明原因，不以主观判断代替。通知原文有歧义的单位标“待明确”。"
    "总局《重点任务分工表》尚未取得，其编号暂缺。"
)
_WIDTHS = {
    "title": 26, "unit_name": 22, "coop_units": 14, "rule": 18, "measured": 18, "threshold": 20, "remark": 30,
    "evidence_ref": 21, "evidence_sha256": 35, "reply": 24, "national_task_ref": 9,
}  # fmt: skip


def write_task_status(
    path: Path, status: pd.DataFrame, *, demonstration: bool, facts: Mapping[str, str], more: Sequence[Sheet] = ()
) -> str:
    """Write the task-status workbook; returns its SHA-256.

    status: rows of contract `task_status`, in register order. facts: holds 月份. more: the sheets of `task_registers`,
    before the history. Errors: WorkbookError.
    """
    history = status["is_history"].astype(bool)
    current, past = status[~history], status[history]
    sheets = [
        _matrix(current),
        _overview(current),
        _rows("本年进展", current, f"{_NOTE}最后一列供责任单位填写说明和整改情况。", entries=("reply",)),
        *more,
        _rows("历史任务", past, "通知原定期限在以前年度的任务，按原定期限列出备查；系统没有当年佐证的不评价。"),
    ]
    return write_workbook(
        path, sheets, title=f"{month_words(facts['月份'])}重点任务清单进展", demonstration=demonstration, facts=facts
    )


def _matrix(status: pd.DataFrame) -> Sheet:
    """One row per unit, one column per task: all on a page."""
    contract = output_contract("task_status")
    tasks = list(dict.fromkeys(status["task_id"]))
    rows = [
        {"unit_name": unit, **dict(zip(part["task_id"], part["status"], strict=True))}
        for unit, part in status.groupby("unit_name", sort=False)
    ]
    states = [replace(contract.column("status"), name=task, title=task) for task in tasks]
    return Sheet(
        "一览",
        pd.DataFrame(rows, columns=["unit_name", *tasks], dtype=object),
        [contract.column("unit_name"), *states],
        note=f"{_NOTE}任务编号见“按任务”。空白：该单位不是责任单位。",
        marks=dict.fromkeys(tasks, TASK_MARKS),
        freeze=1,
        widths={"unit_name": 36},
    )


def _overview(status: pd.DataFrame) -> Sheet:
    """One row per task: how many units stand where."""
    contract = output_contract("task_status")
    words = words_of(contract.column("status"))
    codes = list(TASK_MARKS)
    keys = ("task_id", "source_clause", "title", "coop_units", "due_on")
    rows = []
    for _, part in status.groupby("task_id", sort=False):
        counts = part["status"].value_counts()
        rows.append({**{key: part[key].iloc[0] for key in keys}, **{code: int(counts.get(code, 0)) for code in codes}})
    frame = pd.DataFrame(rows, columns=[*keys, *codes])
    counted = [
        own_column(code, f"{TASK_MARKS[code].sign} {words[code]}", f"{words[code]}的单位数。", "integer")
        for code in codes
    ]
    return Sheet(
        "按任务",
        frame,
        [*(contract.column(key) for key in keys), *counted],
        note=_NOTE,
        totals=sums(frame, codes),
        freeze=1,
        widths={"title": 46, "coop_units": 24},
    )


def _rows(title: str, status: pd.DataFrame, note: str, entries: Sequence[str] = ()) -> Sheet:
    contract = output_contract("task_status")
    return Sheet(
        title,
        status.assign(evidence_ref=status["evidence_ref"].map(evidence_words, na_action="ignore")),
        [contract.column(name) for name in (*_ROWS, *entries)],
        note=note,
        marks={"status": TASK_MARKS},
        freeze=3,
        widths=_WIDTHS,
        entries=entries,
    )
