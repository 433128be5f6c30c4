"""The registers in task_status.xlsx: items of the bulletin, units and their duties, fields, meetings, open names.

Here: one sheet each. Not here: the status of tasks (task_status), the bulletin as a document (bulletin), judging.
"""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from data_contracts.model import output_contract
from resources.outbox.evidence_words import evidence_words
from resources.outbox.sheet import Sheet, own_column
from supervision.reports.marks import ITEM_MARKS, LEVEL_MARKS

_ITEMS = (
    "unit_name", "state", "finding_level", "rule_id", "rule", "subject", "clause", "measured", "threshold", "since_month",
    "evidence_ref", "evidence_sha256", "reply",
)  # fmt: skip
_DUTY = (
    "unit_code", "unit_name", "unit_kind", "aliases", "responsible_for", "cooperates_in", "lacking", "plan_on", "plan_sha256",
    "body_on", "body_sha256", "mechanism_on", "mechanism_sha256", "trainings", "trained", "security_trainings", "publicity",
    "meetings",
)  # fmt: skip
_DIGEST = 24


@dataclass(frozen=True, slots=True)
class Registers:
    """Frames of the contracts of the same names; decisions: name, question, candidates, chosen, role, decided_on, basis."""

    bulletin: pd.DataFrame
    unit_duty: pd.DataFrame
    field_mechanism: pd.DataFrame
    meeting_register: pd.DataFrame
    decisions: pd.DataFrame


def register_sheets(registers: Registers) -> list[Sheet]:
    """The sheets, in the order of the workbook."""
    return [
        _items(registers.bulletin),
        _duties(registers.unit_duty),
        _fields(registers.field_mechanism),
        _meetings(registers.meeting_register),
        _decisions(registers.decisions),
    ]


def _items(frame: pd.DataFrame) -> Sheet:
    contract = output_contract("bulletin")
    return Sheet(
        "通报事项",
        frame.assign(evidence_ref=frame["evidence_ref"].map(evidence_words)),
        [contract.column(name) for name in _ITEMS],
        note="与通报同文：新增、持续、销号按各月末已收到的数据逐月重算。最后一列供被列单位填写说明和整改情况。",
        marks={"state": ITEM_MARKS, "finding_level": LEVEL_MARKS},
        freeze=2,
        widths={
            "unit_name": 24, "rule": 26, "subject": 14, "clause": 18, "measured": 30, "threshold": 24, "evidence_ref": 16,
            "evidence_sha256": 35, "reply": 30,
        },
        entries=("reply",),
        empty="本月没有列入通报的事项",
    )  # fmt: skip


def _duties(frame: pd.DataFrame) -> Sheet:
    contract = output_contract("unit_duty")
    return Sheet(
        "单位与机制",
        frame,
        [contract.column(name) for name in _DUTY],
        note="全部单位及其职责；领导机构、工作机制、方案、培训、宣传、会议只按登记的佐证列日期和文件摘要，应有而没有的列入“所缺”。",
        freeze=2,
        widths={
            "unit_name": 28, "aliases": 22, "responsible_for": 24, "cooperates_in": 18, "lacking": 22,
            "plan_sha256": _DIGEST, "body_sha256": _DIGEST, "mechanism_sha256": _DIGEST,
        },
    )  # fmt: skip


def _fields(frame: pd.DataFrame) -> Sheet:
    contract = output_contract("field_mechanism")
    shown = [column for column in contract.columns if column.name not in ("field_code", "unit_code")]
    return Sheet(
        "专业领域机制",
        frame,
        shown,
        note="每个专业领域应有登记的分级分类监管机制；重点领域还应有抽查政策中的规则。",
        freeze=1,
        widths={
            "field_title": 20, "unit_name": 26, "mechanism_ref": 20, "mechanism_sha256": 35, "policy_rule": 40,
            "policy_version": 16, "approver": 24, "lacking": 16,
        },
    )  # fmt: skip


def _meetings(frame: pd.DataFrame) -> Sheet:
    contract = output_contract("meeting_register")
    return Sheet(
        "专题会议",
        frame,
        list(contract.columns),
        note="按季度登记，只列单位，不列人名；没有会议的季度照列。",
        freeze=1,
        widths={"meeting_ref": 22, "topic": 40, "convener": 26, "participants": 40, "minutes_sha256": 35},
    )


def _decisions(frame: pd.DataFrame) -> Sheet:
    columns = [
        own_column("name", "通知写法", "通知中有歧义的单位名称。"),
        own_column("question", "问题", "需要由人决定的问题。"),
        own_column("candidates", "可选单位", "可能所指的单位。"),
        own_column("chosen", "认定", "认定的单位；没有决定的为待明确，相应任务不评价。"),
        own_column("role", "决定职务", "作出决定的职务。"),
        own_column("decided_on", "决定日期", "记入台账的日期。", "date"),
        own_column("basis", "依据", "决定的依据。"),
    ]
    return Sheet(
        "单位认定",
        frame,
        columns,
        note="由人决定一次并记入台账（ssj decide --unit），决定之日起的月份照此列责任单位。",
        widths={"question": 50, "candidates": 40, "chosen": 30, "basis": 30},
    )
