"""leak_meter.xlsx: how much each public file gives away, for those who decide what is published (internal, R-38).

Here: one sheet, from the table `leak_meter`. Not here: the arithmetic and the limits (supervision.reports).
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pandas as pd

from data_contracts.model import output_contract
from resources.outbox.workbook import Sheet, write_workbook
from supervision.reports.marks import Mark

_NOTE = (
    "读法：一行是一种读者。“推知”是列在文件中的 D 类户（C、D 类户）被该读者认为是 D 类（C 或 D 类）的平均概率，"
    "右边是不看文件时的概率，相差越大泄露越多。上限和超限处理见 data_contracts/leak.yaml，推导见 docs/leak-meter.md。"
)
_PERCENT = ("p_d", "p_cd", "base_d", "base_cd", "named_d", "limit_d", "limit_cd")
_STATES = {
    "over": Mark("▲", "bad"),
    "within": Mark("●", "good"),
    "shown": Mark("○", "plain"),
    "nobody": Mark("–", "plain"),
}


def write_leak_meter(path: Path, meter: pd.DataFrame, *, demonstration: bool, facts: Mapping[str, str]) -> str:
    """Write the workbook; returns its SHA-256. meter: rows of contract `leak_meter`. Errors: WorkbookError."""
    columns = output_contract("leak_meter").columns
    sheet = Sheet(
        "泄密度量",
        meter,
        columns,
        note=_NOTE,
        formats=dict.fromkeys(_PERCENT, "0.0%"),
        marks={"meter_state": _STATES},
        freeze=1,
        widths={"public_file": 23, "reader_scope": 30, "meter_note": 46, "reader": 19, "meter_state": 11}
        | dict.fromkeys(_PERCENT, 10),
    )
    return write_workbook(path, [sheet], title="公开文件泄密度量", demonstration=demonstration, facts=facts)
