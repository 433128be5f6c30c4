"""drawn_internal.xlsx: who is visited this month and by which inspectors, for the bureaus only (DOMAIN §4.2, R-38).

Here: the whole list, one sheet per county, the load of each inspector. Not here: the public list (public_csv).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

import pandas as pd

from data_contracts.model import Column, output_contract
from resources.outbox.sampling_plan import short_name
from resources.outbox.workbook import Sheet, write_workbook
from supervision.reports.marks import ASSIGNMENT_MARKS

_CITY = (
    "ent_name", "uid", "unit_name", "task_names", "mode_planned", "credit_grade", "strata", "ranks", "trigger_ids",
    "visits_ytd_before", "visits_cap", "lead_inspector", "other_inspectors", "assignment_state", "status",
)  # fmt: skip
_COUNTY = (
    "ent_name", "uid", "address", "task_names", "item_names", "mode_planned", "visits_ytd_before", "visits_cap",
    "lead_inspector", "other_inspectors", "assignment_state", "assignment_reason", "window_start", "window_end",
)  # fmt: skip
_MARKS = {"assignment_state": ASSIGNMENT_MARKS}
_WIDTHS = {
    "ent_name": 28,
    "uid": 21,
    "unit_name": 22,
    "address": 26,
    "task_names": 24,
    "item_names": 26,
    "assignment_reason": 22,
}


def write_drawn_internal(
    path: Path,
    drawn: pd.DataFrame,
    loads: pd.DataFrame,
    *,
    demonstration: bool,
    facts: Mapping[str, str],
) -> str:
    """Write the internal list; returns its SHA-256.

    drawn: rows of contract `drawn_subjects`, by county and then as they are to be shown; loads: rows of
    `inspector_load`. facts: holds 月份、批次. Errors: WorkbookError.
    """
    load = output_contract("inspector_load")
    sheets = [
        Sheet("全市名单", drawn, _columns(_CITY), marks=_MARKS, widths=_WIDTHS, freeze=1, empty="本批次没有抽取对象"),
        Sheet("检查人员任务量", loads, [c for c in load.columns if c.name != "round_id"], freeze=1),
        *_counties(drawn),
    ]
    title = f"{facts['批次']} 抽查对象名单与检查分工"
    return write_workbook(path, sheets, title=title, demonstration=demonstration, facts=facts)


def _columns(names: tuple[str, ...]) -> list[Column]:
    contract = output_contract("drawn_subjects")
    return [contract.column(name) for name in names]


def _counties(drawn: pd.DataFrame) -> Iterator[Sheet]:
    for unit, part in drawn.groupby("unit_name", sort=False):
        yield Sheet(
            short_name(str(unit)),
            part,
            _columns(_COUNTY),
            heading=f"{unit}抽查对象名单与检查分工",
            note="检查人员以工号列示。同一户的各项任务一次上门办理。检查前按规定报批并出示执法证件。",
            marks=_MARKS,
            widths=_WIDTHS,
            freeze=1,
        )
