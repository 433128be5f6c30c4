"""counties/<单位代码>.xlsx: one county's visits with inspectors by name, its triggers, what the city must staff, and the
sheet to be filled in and sent back (DOMAIN §4.3, §4.4, R-22, R-29).

Here: the sheets of one county, names joined in. Not here: which rows are the county's (assets.counties), who is who
(resources.personnel), the printed task sheets (county_task_sheets), reading the filled workbook (source county_return).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pandas as pd

from data_contracts.model import Column, output_contract, source_contract
from resources.outbox.workbook import Sheet, own_column, write_workbook
from resources.personnel import Personnel
from supervision.reports.marks import Mark, stratum_title
from supervision.reports.terms import terms

NOT_DRAWN = "触发检查"  # a visit that no task was drawn for
_VISITS = (
    "visit_no", "ent_name", "code", "address", "levels", "item_names", "mode_planned", "trigger_ids", "risk_points",
    "visits_ytd_before", "people", "visit_state", "window_end",
)  # fmt: skip
_TRIGGERS = (
    "trigger_id", "trigger_type", "evidence_ref", "approval_ref", "received_on", "ent_name", "uid", "onsite_allowed",
    "is_late", "task_names", "people", "unmet_reason",
)  # fmt: skip
_ESCALATED = (
    "visit_no",
    "ent_name",
    "code",
    "address",
    "task_names",
    "trigger_ids",
    "visit_state_reason",
    "window_end",
)
ENTERED = (
    "mode", "inspected_on", "result_code", "problem_desc", "measures", "next_action", "inspection_code", "scan_time",
    "firm_rating", "inspector_ids",
)  # fmt: skip
_CODES = ("uscc", "plan_id", "task_code", "item_code", "unit_code", "reg_no")
_UNPRINTED = ("inspector_ids", *_CODES)  # numbers for the reading back
_LISTS = ("task_names", "item_names", "trigger_ids")
_SET_ASIDE = ("file_name", "sheet", "row_no", "received_on", "plan_id", "item_code", "uscc", "return_reason")
_MARKS = {
    "visit_state": {
        "staffed": Mark("●", "plain"),
        "escalated": Mark("×", "bad"),
        "remote": Mark("○", "plain"),
    }
}
_WIDTHS = {
    "visit_no": 6, "ent_name": 20, "party_name": 20, "code": 20, "uid": 20, "uscc": 20, "address": 16, "task_name": 15,
    "item_name": 16, "task_names": 18, "item_names": 18, "mode_planned": 7, "mode": 8, "levels": 26, "trigger_ids": 14,
    "evidence_ref": 20, "risk_points": 26, "visits_ytd_before": 8, "people": 29, "visit_state": 11,
    "visit_state_reason": 32, "unmet_reason": 30, "inspected_on": 11, "result_code": 18, "problem_desc": 20,
    "measures": 13, "next_action": 13, "inspection_code": 13, "scan_time": 16, "firm_rating": 9, "inspector_ids": 29,
    "result_due_on": 11, "is_gone": 6, "return_reason": 60, "file_name": 22,
}  # fmt: skip
_NOTE_ENTRY = (
    "只填浅色的列，其余各列系统预填，请勿改动、移动、合并或删去（右端的编号不打印，送回后凭此认行）。已检查的行，检查日期与检查结果须同时填写；未检查的整行留空；"
    "实际检查人员与右端预填的工号不同或者没有预填的，改填实际的工号。"
    "填好后把整份工作簿作为一个批次送回，来源写 county_return；送回多次的，以最后一次填写的为准。只有线索的户次列一行“触发检查”，也在此录入。"
)
_NOTE_VISITS = (
    "同一户的各项任务与线索一次上门办理。监管档次属信用风险分类结果，只供检查安排，不得向检查对象和社会透露。"
)
_NOTE_ESCALATED = "本县派不出符合条件的检查组，由市局从全市人员中派员（市抽）；派定之前不得自行增派。"
_NOTE_ASIDE = "本月送回而没有采用的行及原因，其余各行已采用。请改正后随下一次工作簿送回。"


@dataclass(frozen=True, slots=True)
class County:
    """One county's part of the month: rows of county_visit, triggered_inspections, county_entry, county_return_verdict."""

    unit_code: str
    unit_name: str
    visits: pd.DataFrame
    triggers: pd.DataFrame
    entries: pd.DataFrame
    set_aside: pd.DataFrame


def write_county_workbook(
    path: Path, county: County, personnel: Personnel, *, demonstration: bool, facts: Mapping[str, str]
) -> str:
    """Write one county's workbook; returns its SHA-256. facts: holds 批次. Errors: WorkbookError."""
    visits = _named(_listed(numbered(county.visits)), "inspector_team", personnel)
    visits = visits.assign(task_names=visits["task_names"].where(visits["task_names"].notna(), NOT_DRAWN))
    inspectors = [team for team in county.visits["inspector_team"] if isinstance(team, str)]
    notes = personnel.told(number for team in inspectors for number in team.split(";"))
    sheets = [
        Sheet(
            "检查户次",
            visits.assign(levels=_levels(county)),
            _columns("county_visit", _VISITS),
            note="\n".join((_NOTE_VISITS, *notes)),
            marks=_MARKS,
            widths=_WIDTHS,
            freeze=2,
            empty="本批次没有本单位的检查户次",
        ),
        Sheet(
            "触发检查",
            _named(_listed(county.triggers.assign(team=_teams(county.triggers))), "team", personnel),
            _columns("triggered_inspections", _TRIGGERS),
            widths=_WIDTHS,
            freeze=1,
            empty="本批次没有本单位的触发检查",
        ),
        Sheet(
            "升级市局",
            visits[visits["visit_state"] == "escalated"],
            _columns("county_visit", _ESCALATED),
            note=_NOTE_ESCALATED,
            widths=_WIDTHS,
            freeze=2,
            empty="各户次都已派检查组",
        ),
        _entry_sheet(county, visits),
        Sheet(
            "退回事项",
            county.set_aside,
            _columns("county_return_verdict", _SET_ASIDE),
            note=_NOTE_ASIDE,
            widths=_WIDTHS,
            freeze=1,
            empty="本月没有退回的行",
        ),
    ]
    title = f"{facts['批次']} {county.unit_name}县级工作簿"
    words = terms("监管档次", "信用风险等级", "户次", "现场与非现场", "触发检查")
    return write_workbook(path, sheets, title=title, demonstration=demonstration, facts=facts, terms=words)


def numbered(visits: pd.DataFrame) -> pd.DataFrame:
    """The visits with `visit_no` (001 …) in their order, and `code`: credit code, else registration number."""
    numbers = [f"{number:03d}" for number in range(1, len(visits) + 1)]
    codes = visits["uscc"].where(visits["uscc"].notna(), visits["reg_no"])
    return visits.assign(visit_no=numbers, code=codes.where(codes.notna(), visits["uid"]))


def _levels(county: County) -> list[str]:
    """`GEN:C;FOOD:L2` by the names of the tasks, each level on a line of its own, so that no bracket stands alone."""
    names = dict(zip(county.entries["task_code"], county.entries["task_name"], strict=True))
    told = []
    for text in county.visits["strata"]:
        pairs = [each.partition(":") for each in text.split(";")] if isinstance(text, str) else []
        lines = [f"{names.get(task, task)}：\n　{stratum_title(stratum)}" for task, _, stratum in pairs]
        told.append("\n".join(lines) or NOT_DRAWN)
    return told


def _listed(frame: pd.DataFrame) -> pd.DataFrame:
    """Lists as a person reads them: a full-width semicolon, after which a line may break."""
    listed = [name for name in _LISTS if name in frame.columns]
    return frame.assign(**{name: [_list(text) for text in frame[name]] for name in listed})


def _list(text: Any) -> Any:
    return text.replace(";", "；") if isinstance(text, str) else text


def _entry_sheet(county: County, visits: pd.DataFrame) -> Sheet:
    """What the county fills in: headers of the contract county_return, so that the reader knows them again."""
    number_of = dict(zip(visits["uid"], visits["visit_no"], strict=True))
    frame = county.entries.rename(
        columns={"ent_name": "party_name", "mode_planned": "mode", "inspector_team": "inspector_ids"}
    )
    frame = frame.assign(visit_no=[number_of[uid] for uid in frame["uid"]])
    frame = frame.sort_values(["visit_no", "plan_id", "item_code"], kind="stable", ignore_index=True)
    blank = set(ENTERED) - {"mode", "inspector_ids"}
    frame = frame.assign(**{name: pd.Series([None] * len(frame), dtype=object) for name in sorted(blank)})
    contract, shown = source_contract("county_return"), output_contract("county_entry")
    filled = [_short(contract.column(name)) for name in ENTERED if name not in _UNPRINTED]
    columns = [
        _VISIT_NO,
        contract.column("party_name"),
        *(shown.column(name) for name in ("task_name", "item_name")),
        *filled,
        *(shown.column(name) for name in ("result_due_on", "is_gone")),
        *(contract.column(name) for name in _UNPRINTED),
    ]
    return Sheet(
        str(contract.sheet),
        frame,
        columns,
        note=_NOTE_ENTRY,
        widths=_WIDTHS,
        freeze=2,
        entries=ENTERED,
        unprinted=_UNPRINTED,
        empty="本批次没有应录入的结果",
    )


def _short(column: Column) -> Column:
    """检查结果代码 is called 检查结果 where words are chosen; the contract knows it as an alias."""
    return replace(column, title="检查结果") if column.name == "result_code" else column


def _teams(triggers: pd.DataFrame) -> list[Any]:
    pairs = zip(triggers["lead_inspector"], triggers["other_inspectors"], strict=True)
    return [";".join(part for part in pair if isinstance(part, str)) or None for pair in pairs]


def _named(frame: pd.DataFrame, team: str, personnel: Personnel) -> pd.DataFrame:
    """The frame with `people`, the team by name, the lead first: joined in here and nowhere else."""
    teams: list[Any] = [people_lines(people(text, personnel)) or None for text in frame[team]]
    return frame.assign(people=teams)


def people(team: Any, personnel: Personnel) -> list[str]:
    """The inspectors of a team as shown, the lead first; none without a team."""
    return [personnel.shown(number) for number in team.split(";")] if isinstance(team, str) else []


def people_lines(team: Sequence[str]) -> str:
    """A team as it is written: 主办：… and a line for each 协办."""
    return "\n".join(f"{'协办' if place else '主办'}：{who}" for place, who in enumerate(team))


_VISIT_NO = own_column("visit_no", "序号", "本单位本批次的户次号，任务单末尾的号码与此相同。")
_OWN = {
    "visit_no": _VISIT_NO,
    "code": own_column("code", "统一社会信用代码", "没有统一社会信用代码的，为注册号。"),
    "levels": own_column(
        "levels", "抽查任务与监管档次", "本户被抽中的各项任务及其监管档次；只有线索的户次为触发检查。", sensitive=True
    ),
    "people": own_column(
        "people", "检查人员", "姓名（工号，执法证号只显示首尾），主办在前；名册中没有的只列工号。", sensitive=True
    ),
}


def _columns(table: str, names: tuple[str, ...]) -> list[Column]:
    contract = output_contract(table)
    return [_OWN[name] if name in _OWN else contract.column(name) for name in names]
