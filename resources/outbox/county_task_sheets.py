"""counties/<单位代码>-任务单.docx: one page per visit, taken along, scanned in with, signed (国办发〔2024〕54号, 扫码入企).

Here: what a task sheet says. Not here: its look (templates/task_sheet.docx), the workbook (county_workbook).
The firm sees this page: no grade, no stratum, no ratio, no cap, no kind of a trigger, nothing of the other checks
(leak_words holds for it).
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from datetime import date
from pathlib import Path
from typing import Any

from data_contracts.model import source_contract
from resources.outbox.cells import words_of
from resources.outbox.county_workbook import County, numbered, people, people_lines
from resources.outbox.docx import write_docx
from resources.outbox.workbook import BANNER
from resources.personnel import Personnel

TRIGGER_TASK = "TRG"  # the task code of a visit for a trigger alone
_ABREAST = 3
_TRIGGERED = {"task": "专项核查", "name": "依检查人员所持线索核查"}


def write_task_sheets(path: Path, county: County, personnel: Personnel, *, round_id: str, demonstration: bool) -> str:
    """Write the sheets of the visits on site that are still to be made; returns the file's SHA-256. Errors: TemplateError."""
    visits = numbered(county.visits)
    items: dict[str, list[dict[str, str]]] = {}
    for row in county.entries.sort_values(["task_code", "item_code"], kind="stable").to_dict("records"):
        if row["mode_planned"] == "on_site" and row["task_code"] != TRIGGER_TASK:
            items.setdefault(row["uid"], []).append({"task": row["task_name"], "name": row["item_name"]})
    context = {
        "unit_name": county.unit_name,
        "heading": BANNER if demonstration else "",
        "results": result_words(),
        "visits": [
            _sheet(row, items.get(row["uid"], []), personnel, f"{round_id}-{county.unit_code}")
            for row in visits.to_dict("records")
            if needs_sheet(row)
        ],
    }
    return write_docx(path, "task_sheet", context, title=f"{round_id} {county.unit_name}检查任务单")


def result_words() -> str:
    """The results that 结果录入 offers, each with its code, three in a line: what is noted on paper is what is entered."""
    words = [
        f"{code} {word}" for code, word in words_of(source_contract("county_return").column("result_code")).items()
    ]
    return "\n".join("\t".join(words[at : at + _ABREAST]) for at in range(0, len(words), _ABREAST))


def needs_sheet(row: Mapping[Hashable, Any]) -> bool:
    """Whether somebody goes there: on site, and not gone already."""
    return row["mode_planned"] == "on_site" and not row["is_gone"]


def _sheet(
    row: Mapping[Hashable, Any], items: list[dict[str, str]], personnel: Personnel, place: str
) -> dict[str, Any]:
    team = people(row["inspector_team"], personnel)
    by_number = not isinstance(row["uscc"], str)
    return {
        "number": f"{place}-{row['visit_no']}",
        "window": f"{_day(row['window_start'])}至{_day(row['window_end'])}",
        "ent_name": row["ent_name"] or "",
        "code_title": "注册号" if by_number else "统一社会信用代码",
        "code": row["code"],
        "address": row["address"] or "",
        "people": people_lines(team) or "主办：____________________\n协办：____________________（市局派员）",
        "told": f"本年度至本批次之前，市场监管部门已对你单位实施现场检查 {row['visits_ytd_before']} 次。",
        "entries": [*items, *([_TRIGGERED] if row["trigger_count"] else [])],
    }


def _day(day: date) -> str:
    return f"{day.year}年{day.month}月{day.day}日"
