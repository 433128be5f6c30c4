"""drawn_internal.xlsx: who is visited this month and by which inspectors, for the bureaus only (DOMAIN §4.2, R-38).

Here: the whole list, one sheet per county, triggers, joint visits, what was amended, the load of each inspector.
Not here: the public list (public_csv).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from data_contracts.model import Column, output_contract
from resources.outbox.sampling_plan import short_name
from resources.outbox.workbook import Sheet, write_workbook
from supervision.reports.marks import ASSIGNMENT_MARKS
from supervision.reports.terms import terms

_CITY = (
    "ent_name", "uid", "unit_name", "task_names", "mode_planned", "credit_grade", "trigger_ids", "risk_points",
    "visits_ytd_before", "visits_cap", "lead_inspector", "other_inspectors", "assignment_state", "status",
)  # fmt: skip
_DRAWN = (
    "ent_name", "uid", "unit_name", "strata", "ranks", "targets_e4", "pi", "reserve_ranks", "status", "replaced_by",
)  # fmt: skip
_COUNTY = (
    "ent_name", "uid", "address", "task_names", "item_names", "mode_planned", "trigger_ids", "risk_points",
    "visits_ytd_before", "lead_inspector", "other_inspectors", "assignment_state", "assignment_reason",
    "status", "window_start", "window_end",
)  # fmt: skip
_TRIGGERS = (
    "trigger_id", "trigger_type", "evidence_ref", "received_on", "ent_name", "uid", "unit_name", "credit_grade",
    "onsite_allowed", "counts_toward_cap", "is_late", "task_names", "lead_inspector", "other_inspectors", "unmet_reason",
)  # fmt: skip
_AMENDED = (
    "request_no", "requested_at", "request_kind", "task", "uid", "amend_reason", "trigger_id", "inspector_id", "evidence",
    "asked_by", "outcome", "new_uid", "new_rank", "former_lead", "team", "outcome_reason",
)  # fmt: skip
_NOTE_DRAWN = "同一层内依抽取位次排定；入选概率供推算总体，目标户次以万分之一户次计。含分层信息，不得公开。"
_NOTE_JOINT = (
    "户次按主体合并：同一户的几项现场任务、任务与触发检查一次上门办理。联合检查占比为合并办理的户次占现场检查户次的比例，"
    "目标 60%；非现场核查不上门，另列。"
)
_NOTE_AMENDED = (
    "抽取包封装后不作任何改动。补抽依次取同一任务、同一主体属地、同一档次候补名单的下一名；查无的，原检查结果照记。"
)
_NOTE_REPLACED = "依次顺延候补名单是抽取之后剩下的唯一操纵手段，故逐人统计。占比明显偏高的，请核对查无的现场笔录。"
_MARKS = {"assignment_state": ASSIGNMENT_MARKS}
_WIDTHS = {
    "ent_name": 24,
    "uid": 20,
    "unit_name": 20,
    "address": 20,
    "task_names": 20,
    "item_names": 22,
    "mode_planned": 8,
    "credit_grade": 8,
    "trigger_ids": 14,
    "visits_ytd_before": 8,
    "visits_cap": 7,
    "lead_inspector": 14,
    "other_inspectors": 14,
    "assignment_state": 11,
    "assignment_reason": 12,
    "status": 9,
    "risk_points": 30,
    "targets_e4": 20,
    "pi": 20,
    "strata": 18,
    "replaced_by": 24,
    "evidence_ref": 20,
    "unmet_reason": 30,
    "outcome_reason": 30,
    "team": 24,
}


_CENTRED = ("mode_planned", "credit_grade", "assignment_state", "status")
_LISTS = ("task_names", "item_names", "trigger_ids", "other_inspectors")


@dataclass(frozen=True, slots=True)
class DrawnTables:
    """What the workbook shows: rows of the contract `drawn_subjects`, by county, and of those named by the other fields."""

    drawn_subjects: pd.DataFrame
    inspector_load: pd.DataFrame
    triggered_inspections: pd.DataFrame
    joint_visit: pd.DataFrame
    amendment: pd.DataFrame
    replacement_by_inspector: pd.DataFrame


def write_drawn_internal(path: Path, tables: DrawnTables, *, demonstration: bool, facts: Mapping[str, str]) -> str:
    """Write the internal list; returns its SHA-256. facts: holds 月份、批次. Errors: WorkbookError."""
    drawn = _told(tables.drawn_subjects)
    triggered = _told(tables.triggered_inspections)
    city = drawn.assign(unit_name=[short_name(str(unit)) for unit in drawn["unit_name"]])
    sheets = [
        Sheet(
            "全市名单",
            city,
            _columns(_CITY),
            marks=_MARKS,
            widths=_WIDTHS | {"unit_name": 11},
            centred=_CENTRED,
            freeze=1,
            empty="本批次没有抽取对象",
        ),
        Sheet(
            "抽取依据", drawn, _columns(_DRAWN), note=_NOTE_DRAWN, widths=_WIDTHS, freeze=2, empty="本批次没有抽取对象"
        ),
        Sheet(
            "触发检查清单",
            triggered,
            _columns(_TRIGGERS, "triggered_inspections"),
            widths=_WIDTHS,
            freeze=1,
            empty="本批次没有触发检查",
        ),
        _joint(tables.joint_visit),
        Sheet(
            "补抽与换人",
            tables.amendment,
            _columns(_AMENDED, "amendment"),
            note=_NOTE_AMENDED,
            widths=_WIDTHS,
            freeze=1,
            empty="抽取之后没有申请",
        ),
        Sheet(
            "补抽统计",
            tables.replacement_by_inspector,
            _all_but_round("replacement_by_inspector"),
            note=_NOTE_REPLACED,
            formats={"replaced_share": "0.0%"},
            freeze=1,
        ),
        Sheet("检查人员任务量", tables.inspector_load, _all_but_round("inspector_load"), freeze=1),
        *_counties(drawn),
    ]
    words = terms("监管档次", "信用风险等级", "户次", "现场与非现场", "触发检查", "补抽", "入选概率")
    title = f"{facts['批次']} 抽查对象名单与检查分工"
    return write_workbook(path, sheets, title=title, demonstration=demonstration, facts=facts, terms=words)


def _told(frame: pd.DataFrame) -> pd.DataFrame:
    """Lists as a person reads them: a full-width semicolon, after which a line may break."""
    listed = [name for name in _LISTS if name in frame.columns]
    return frame.assign(**{name: frame[name].str.replace(";", "；") for name in listed})


def _joint(joint: pd.DataFrame) -> Sheet:
    shares = {"joint_share": "0.0%", "joint_target": "0%"}
    ordered = joint.sort_values("unit_code", key=lambda codes: codes.eq("CITY"), kind="stable", ignore_index=True)
    columns = [column for column in _all_but_round("joint_visit") if column.name != "unit_code"]
    return Sheet("联合检查", ordered, columns, note=_NOTE_JOINT, formats=shares, freeze=1)


def _all_but_round(name: str) -> list[Column]:
    return [column for column in output_contract(name).columns if column.name != "round_id"]


def _columns(names: tuple[str, ...], table: str = "drawn_subjects") -> list[Column]:
    contract = output_contract(table)
    return [contract.column(name) for name in names]


def _counties(drawn: pd.DataFrame) -> Iterator[Sheet]:
    for unit, part in drawn.groupby("unit_name", sort=False):
        yield Sheet(
            short_name(str(unit)),
            part,
            _columns(_COUNTY),
            heading=f"{unit}抽查对象名单与检查分工",
            note="检查人员以工号列示。同一户的各项任务一次上门办理；风险点为截至日仍有效的记录和本月线索，各户都列。检查前按规定报批并出示执法证件。",
            marks=_MARKS,
            widths=_WIDTHS,
            centred=_CENTRED,
            freeze=1,
        )
