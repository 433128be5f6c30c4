"""due_soon.xlsx: what falls due within two working days, unit by unit, so that it can still come in time (notice 五).

Here: a sheet by unit and the items by place. Not here: what is due (sql/reports/due_soon.sql).
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pandas as pd

from data_contracts.model import output_contract
from resources.outbox.timeliness import shown
from resources.outbox.workbook import Sheet, own_column, sums, write_workbook
from supervision.reports.marks import month_words

_ITEMS = (
    "unit_name", "item", "clock", "source", "record_county", "formed_on", "formed_month", "due_on", "days_left", "records",
    "delivery_id", "file_name", "sheet", "row_no",
)  # fmt: skip
_NOTE = (
    "更正隔离行：按更正表改正后随下一批报送；补办公示：公示后把公示日期补报；补送差额：台账总数多于已归集，请查出未送的补送，"
    "其截止日期是该月最后一批的，较早形成的可能已到期。"
)


def write_due_soon(path: Path, items: pd.DataFrame, *, demonstration: bool, facts: Mapping[str, str]) -> str:
    """Write the workbook of what falls due; returns its SHA-256. items: rows of contract `due_soon`; facts: holds 月份.

    Errors: WorkbookError.
    """
    listed = items.sort_values(["due_on", "unit_code", "clock", "row_id"], kind="stable")
    sheets = [
        _by_unit(items),
        Sheet(
            "逐项",
            listed,
            shown("due_soon", _ITEMS),
            note=_NOTE,
            freeze=2,
            widths={"unit_name": 30, "source": 22, "file_name": 26, "sheet": 12},
            empty="没有临期事项",
        ),
    ]
    return write_workbook(
        path, sheets, title=f"{month_words(facts['月份'])}临期提醒", demonstration=demonstration, facts=facts
    )


def _by_unit(items: pd.DataFrame) -> Sheet:
    """Records by unit and kind of item, and the first day on which one falls due."""
    kinds = output_contract("due_soon").column("item").values
    counted = items.pivot_table(
        index=["unit_code", "unit_name"], columns="item", values="records", aggfunc="sum", fill_value=0, observed=True
    )
    counted = counted.reindex(columns=list(kinds.values()), fill_value=0).astype("int64")
    first = items.groupby(["unit_code", "unit_name"])["due_on"].min()
    frame = counted.assign(due_on=first, together=counted.sum(axis=1)).reset_index()
    columns = [
        *shown("due_soon", ("unit_name",)),
        own_column("due_on", "最早截止日期", "本单位最早到期的一项的截止日期。", "date"),
        *(own_column(code, text, f"须{text}的记录数。", "integer") for text, code in kinds.items()),
        own_column("together", "合计", "本单位两个工作日内到期的记录数。", "integer"),
    ]
    return Sheet(
        "按单位",
        frame,
        columns,
        note=_NOTE,
        totals=sums(frame, (*kinds.values(), "together")),
        freeze=1,
        widths={"unit_name": 36},
        empty="没有临期事项",
    )
