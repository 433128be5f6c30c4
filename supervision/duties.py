"""Who has what the notice asks every unit to have: leading body, mechanism, plan, training, publicity, meetings.

Here: the rows of `unit_duty` (R-08, R-43, R-43b, R-47), `field_mechanism` (R-03) and `meeting_register` (R-08b), from
registered evidence alone. Not here: the status of a task (`tasks`), the bulletin, files. No names of persons anywhere.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

from supervision.bulletin import FieldRule
from supervision.policy import Policy
from supervision.task_register import CountRule, Register, Units
from supervision.tasks import Evidence

_SHOWN = ("city", "section", "county", "support")
_MECHANISM = ("T7.3", "T7")  # where a unit's own mechanism is filed: its task, or the clause as a whole
_LACKING = {"leading_body": "领导机构", "mechanism": "工作机制", "work_plan": "本年方案", "training": "业务培训",
            "security_training": "信息安全培训", "publicity": "宣传"}  # fmt: skip


def unit_duties(register: Register, units: Units, evidence: Sequence[Evidence], as_of: dt.date) -> list[dict[str, Any]]:
    """One row a unit of the city, and one for each name of the notice that still waits for a decision."""
    rows = []
    for unit in units.by_code.values():
        if unit.kind in _SHOWN:
            rows.append(_duty(register, unit.code, unit.name, unit.kind, ";".join(unit.aliases), evidence, as_of))
    for decision in register.decisions.values():
        if decision.settled is None:
            rows.append(_duty(register, decision.id, decision.name, "undecided", "", [], as_of) | {"lacking": None})
    return rows


def _duty(
    register: Register, code: str, name: str, kind: str, aliases: str, evidence: Sequence[Evidence], as_of: dt.date
) -> dict[str, Any]:
    mine = [row for row in evidence if row.unit_code == code and row.evidenced_on <= as_of]
    this_year = [row for row in mine if row.evidenced_on.year == as_of.year]
    body = _first(mine, "leading_body")
    # What is filed for the mechanisms of fields (T2.2) is a field's, not the unit's.
    mechanism = _first([row for row in mine if row.task_id in _MECHANISM], "mechanism")
    plan = _first(this_year, "work_plan")
    trained = [row for row in this_year if row.evidence_kind == "training" and row.headcount and row.hours]
    counts = {
        "training": len(trained),
        "security_training": sum(
            row.evidence_kind == "security_training" and bool(row.headcount and row.hours) for row in this_year
        ),
        "publicity": sum(row.evidence_kind == "publicity" for row in this_year),
    }
    has: dict[str, bool] = {
        "leading_body": body is not None,
        "mechanism": mechanism is not None,
        "work_plan": plan is not None,
    }
    has |= {name: number > 0 for name, number in counts.items()}
    asked = {
        rule.kind
        for task in register.tasks
        if code in task.responsible
        for rule in task.rules
        if isinstance(rule, CountRule)
    }
    return {
        "unit_code": code,
        "unit_name": name,
        "unit_kind": kind,
        "aliases": aliases or None,
        "responsible_for": "、".join(task.task_id for task in register.tasks if code in task.responsible) or None,
        "cooperates_in": "、".join(task.task_id for task in register.tasks if code in task.cooperating) or None,
        "plan_on": plan and plan.evidenced_on,
        "plan_sha256": plan and plan.file_sha256,
        "body_on": body and body.evidenced_on,
        "body_sha256": body and body.file_sha256,
        "mechanism_on": mechanism and mechanism.evidenced_on,
        "mechanism_sha256": mechanism and mechanism.file_sha256,
        "trainings": counts["training"],
        "trained": sum(row.headcount or 0 for row in trained),
        "security_trainings": counts["security_training"],
        "publicity": counts["publicity"],
        "meetings": sum(row.evidence_kind == "meeting" for row in this_year),
        "lacking": "、".join(word for name, word in _LACKING.items() if name in asked and not has[name]) or None,
    }


def field_mechanisms(
    register: Register, units: Units, policy: Policy, evidence: Sequence[Evidence], as_of: dt.date
) -> list[dict[str, Any]]:
    """One row a professional field: its registered mechanism and what the policy in force says of it (R-03)."""
    said = field_rules(policy)
    rows = []
    for field in register.fields:
        found = _first(
            [
                row
                for row in evidence
                if (row.unit_code, row.field_code) == (field.unit, field.code) and row.evidenced_on <= as_of
            ],
            "mechanism",
        )
        rule = said.get(field.code)
        lacking = ([] if found else ["机制"]) + (["政策规则"] if field.key and not (rule and rule.known) else [])
        rows.append({
            "field_code": field.code,
            "field_title": field.title,
            "is_key": field.key,
            "unit_code": field.unit,
            "unit_name": units.by_code[field.unit].name,
            "mechanism_on": found and found.evidenced_on,
            "mechanism_ref": found and found.evidence_no,
            "mechanism_sha256": found and found.file_sha256,
            "policy_rule": rule and rule.text,
            "policy_version": policy.version if rule and rule.known else None,
            "approver": policy.roles[policy.approver_role].name if rule and rule.known else None,
            "lacking": "、".join(lacking) or None,
        })  # fmt: skip
    return rows


_STRATIFIED = {
    "credit_grade": "按信用风险等级分层",
    "combined": "信用风险等级与领域等级结合分层",
    "key_unit": "按重点单位分层",
    "flat": "统一比例",
}


def field_rules(policy: Policy) -> Mapping[str, FieldRule]:
    """What the policy says of each field it names; one it leaves unconfigured has no rule, with the reason as text."""
    rules: dict[str, FieldRule] = {}
    for task in policy.tasks.values():
        for field in task.fields:
            earlier = f"{rules[field].text}；" if field in rules else ""
            rules[field] = FieldRule(f"{earlier}{task.name}（{_STRATIFIED[task.stratum_by]}）", known=True)
    for field, reason in policy.unconfigured.items():
        rules[field] = FieldRule(f"未配置：{reason}", known=False)
    return rules


def meeting_register(units: Units, evidence: Sequence[Evidence], as_of: dt.date) -> list[dict[str, Any]]:
    """The meetings of the year of `as_of` by quarter, the newest quarter last; a quarter without any has one row saying so."""
    year = as_of.year
    held = [
        row for row in evidence if row.evidence_kind == "meeting" and dt.date(year, 1, 1) <= row.evidenced_on <= as_of
    ]
    rows = []
    for quarter in range(1, (as_of.month + 2) // 3 + 1):
        label = f"{year}-Q{quarter}"
        mine = [row for row in held if (row.evidenced_on.month + 2) // 3 == quarter]
        for row in sorted(mine, key=lambda row: (row.evidenced_on, row.evidence_no)):
            rows.append({
                "quarter": label,
                "meeting_ref": row.evidence_no,
                "held_on": row.evidenced_on,
                "topic": row.title,
                "convener": _name(units, row.unit_code),
                "participants": _names(units, row.participant_units),
                "minutes_sha256": row.file_sha256,
            })  # fmt: skip
        if not mine:
            blank = dict.fromkeys(("held_on", "convener", "participants", "minutes_sha256"))
            rows.append({"quarter": label, "meeting_ref": "-", "topic": "本季度没有登记的专题会议"} | blank)
    return rows


def _first(rows: Sequence[Evidence], kind: str) -> Evidence | None:
    return min(
        (row for row in rows if row.evidence_kind == kind),
        key=lambda row: (row.evidenced_on, row.evidence_no),
        default=None,
    )


def _name(units: Units, code: str) -> str:
    unit = units.by_code.get(code)
    return unit.name if unit else code


def _names(units: Units, text: str | None) -> str | None:
    """Unit codes joined by any of ; ； 、 , as names."""
    if not text:
        return None
    for mark in "；、,，":
        text = text.replace(mark, ";")
    return "、".join(_name(units, code) for code in text.split(";") if code)
