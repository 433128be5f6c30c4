"""timeliness.xlsx: how much came within 7 working days, by source and unit, and what came late, by place (DOMAIN §4.5).

Here: the summary with numerator and denominator, the late rows by file, sheet and row. Not here: the clock itself.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pandas as pd

from data_contracts.model import output_contract
from resources.outbox.workbook import Sheet, own_column, sums, write_workbook
from supervision.reports.marks import RATING_MARKS, TIMELINESS_MARKS, month_words, rate_down, timeliness_rating

_COUNTS = ("records", "on_time", "late", "overdue_open", "denominator", "not_yet_due", "undeterminable")
_LATE = (
    "source", "unit_name", "formed_on", "due_on", "received_on", "state", "delay_wd", "delivery_id", "file_name", "sheet",
    "row_no",
)  # fmt: skip
_NOTE = (
    "及时率 = 按期归集 ÷（按期归集 + 逾期归集 + 逾期未归集）。期限为形成日期后7个法定工作日（含调休），形成当日不计。\n"
    "未到期和无法判定的不进分母，但照列。评价：95%及以上达标，85%至95%关注，低于85%偏低。"
)


def write_timeliness(
    path: Path,
    summary: pd.DataFrame,
    records: pd.DataFrame,
    *,
    demonstration: bool,
    facts: Mapping[str, str],
) -> str:
    """Write the timeliness workbook; returns its SHA-256.

    summary: rows of contract `timeliness_summary`; records: rows of `timeliness` (all or only those to list: late,
    overdue_open and undeterminable ones are shown, in the given order). facts: holds 月份. Errors: WorkbookError.
    """
    wanted = records[records["state"].isin(("late", "overdue_open", "undeterminable"))]
    sheets = [
        _summary("来源与单位", summary, ("source", "unit_name")),
        _summary("按来源", _rolled(summary, "source"), ("source",)),
        _summary("按单位", _rolled(summary, "unit_name"), ("unit_name",)),
        Sheet(
            "逾期与无法判定",
            wanted,
            [output_contract("timeliness").column(name) for name in _LATE],
            note="按位置列出：送达批次、文件、工作表、行号。逾期由产生该记录的单位负责。",
            marks={"state": TIMELINESS_MARKS},
            freeze=2,
            widths={"unit_name": 30, "file_name": 28},
            empty="没有逾期或无法判定的记录",
        ),
    ]
    return write_workbook(
        path, sheets, title=f"{month_words(facts['月份'])}归集及时率", demonstration=demonstration, facts=facts
    )


def _rolled(summary: pd.DataFrame, by: str) -> pd.DataFrame:
    """Counts summed by one column; the rate comes from the sums, never from the mean of rates."""
    return summary.groupby(by, sort=False, as_index=False)[list(_COUNTS)].sum()


def _summary(title: str, frame: pd.DataFrame, keys: tuple[str, ...]) -> Sheet:
    contract = output_contract("timeliness_summary")
    names = (
        *keys,
        "records",
        "on_time",
        "late",
        "overdue_open",
        "denominator",
        "rate",
        "not_yet_due",
        "undeterminable",
    )
    pairs = [(int(good), int(due)) for good, due in zip(frame["on_time"], frame["denominator"], strict=True)]
    total = sums(frame, _COUNTS)
    rates = pd.Series([rate_down(good, due) for good, due in pairs], index=frame.index, dtype=object)
    rated = frame.assign(
        rate=rates,
        rating=[timeliness_rating(good, due) for good, due in pairs],
    )
    rating = own_column("rating", "评价", "95%及以上达标，85%至95%关注，低于85%偏低，分母为0的不评价。")
    return Sheet(
        title,
        rated,
        [*(contract.column(name) for name in names), rating],
        note=_NOTE,
        formats={"rate": "0.00%"},
        marks={"rating": RATING_MARKS},
        totals={**total, "rate": rate_down(total["on_time"], total["denominator"])},
        freeze=len(keys),
        widths={"unit_name": 36},
    )
