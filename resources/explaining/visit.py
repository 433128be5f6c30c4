"""The visit that came of it: triggers, inspectors and why these, risk points, and what was changed after the draw.

Here: DRAW §6 and R-25, R-28 for one subject. Not here: the matching itself (supervision.matching).
"""

from __future__ import annotations

from typing import Any

from data_contracts.model import output_contract
from resources.explaining.month import Section, SubjectMonth
from resources.explaining.register import word
from supervision.draw.ceremony import sha256_hex

ROLE = {"lead": "主办", "member": "协办", "expert": "专家"}


def visit_sections(subject: SubjectMonth) -> list[Section]:
    """Triggers, team, risk points, amendments: those that there are."""
    made = [_triggers(subject), _team(subject), _points(subject), _amended(subject)]
    return [section for section in made if section.lines]


def _triggers(subject: SubjectMonth) -> Section:
    section = Section("触发检查")
    told = {row["trigger_id"]: row for row in subject.rows("triggered_inspection", uid=subject.uid)}
    if subject.committed:
        listed = [row[0] for row in subject.lines("triggers.csv") if row[1] == subject.uid]
    else:
        listed = sorted({*told, *(row["trigger_id"] for row in subject.rows("round_trigger", uid=subject.uid))})
    for code in listed:
        row = told.get(code)
        if row is None:
            section.say(code, "作废批次抽中，照常检查（DRAW §3.4）" if code.startswith("V.") else "—")
        else:
            place = subject.row_place("accepted_trigger", row["row_id"])
            kind = word("trigger", "trigger_type", row["trigger_type"])
            section.say(
                code, f"{kind}，{row['received_on']} 受理，依据 {row['evidence_ref']}{'；' + place if place else ''}"
            )
    return section


def _team(subject: SubjectMonth) -> Section:
    """The team as drawn and why these people, then what stands after the requests, if that is something else."""
    section, uid = Section("检查人员"), subject.uid
    if subject.certificate is None:
        return section
    own = [tuple(row) for row in subject.lines("assignment.csv") if row[0].partition(".")[0] == uid]
    missing = "unstaffed_visit" if subject.has("unstaffed_visit") else "unassignable"
    for row in subject.rows(missing):
        if row["visit_uid"].partition(".")[0] == uid:
            section.say("无法派人", row["unmet_reason"])
    if own and subject.round_policy is not None:
        _chosen(subject, section, own)
    _in_force(subject, section, own)
    return section


def _chosen(subject: SubjectMonth, section: Section, own: list[tuple[str, ...]]) -> None:
    """Each person's place in pair order and load, and who was out of the question."""
    uid, policy = subject.uid, subject.round_policy
    if policy is None or subject.certificate is None:
        return
    key, rows = subject.certificate["key"], list(subject.lines("assignment.csv"))
    county = next((place.county for place in subject.places), None) or (subject.row or {})["county"]
    drawn = {row[0] for row in subject.lines("drawn.csv") if row[4] == uid}
    codes = [code for code in sorted(drawn) if policy.tasks[code].levels[_stratum(subject, code)].on_site]
    until = max(str(policy.tasks[code].window_end) for code in codes or policy.tasks)  # for triggers alone: the latest
    needs = {str(policy.tasks[code].specialty) for code in codes if policy.tasks[code].specialty}
    pool = {row[0]: row for row in subject.lines("roster.csv") if row[1] == county}
    barred = {row[0] for row in subject.lines("conflicts.csv") if row[1] == uid} & pool.keys()
    expired = {person for person, row in pool.items() if row[5] < until}
    able = pool.keys() - barred - expired
    order = sorted(able, key=lambda person: (sha256_hex(f"{key}|pair|{uid}|{person}"), person))
    told = f"本单位 {len(pool)} 人；应回避 {len(barred)} 人，证件不到 {until} {len(expired)} 人；可派 {len(able)} 人"
    section.say("人选", told)
    holders = [person for person in able if needs & set(pool[person][2].split(";"))]
    if needs:
        section.say("专长", f"需要 {'、'.join(sorted(needs))}，可派的人中有 {len(holders)} 人具备")
    for _, person, role in own:
        cells = pool[person]
        load = sum(row[1] == person for row in rows)
        skilled = "，具备所需专长" if person in holders else ""
        section.say(
            ROLE[role],
            f"{person}：配对次序 {order.index(person) + 1}/{len(order)}，本批共派 {load} 户次（上限 {cells[4]}）{skilled}",
        )
    section.say("", "规则：先派具备专长的，再补足人数；每次取当时已派最少的，相同的取配对摘要最小的（DRAW §6）")


def _in_force(subject: SubjectMonth, section: Section, own: list[tuple[str, ...]]) -> None:
    """Who goes now, where the requests changed it; a month not closed after the draw has no such table."""
    if not subject.has("team_in_force"):
        return
    rows = [row for row in subject.rows("team_in_force") if row["visit_uid"].partition(".")[0] == subject.uid]
    if {(row["visit_uid"], row["inspector_id"], row["role"]) for row in rows} == set(own):
        return
    if not rows:
        section.say("现为", "没有检查组：抽取之后此户次已撤下或无人可派，原派人员不再上门")
    for row in sorted(rows, key=lambda each: (each["visit_uid"], each["role"] != "lead", each["inspector_id"])):
        since = f"第 {row['request_no']} 号申请所派" if row.get("request_no") else "匹配时所派"
        section.say("现为", f"{row['inspector_id']}（{ROLE[row['role']]}），{since}")


def _stratum(subject: SubjectMonth, task: str) -> str:
    return next(place.stratum for place in subject.places if place.task == task)


def _points(subject: SubjectMonth) -> Section:
    """Risk points of a visit (R-28); a month whose table is not made yet shows the records they come from."""
    section, row = Section("风险点（R-28）"), subject.row or {}
    found = subject.rows("risk_point", uid=subject.uid)
    for point in sorted(found, key=lambda each: int(each["point_no"])):
        section.say(_named("risk_point", "point_kind", point["point_kind"]), _point(point))
    if not found and row["credit_grade"] == "D":
        for record in subject.rows("effective_record", uid=subject.uid):
            kind = _named("risk_point", "point_kind", record["record_kind"])
            section.say(kind, f"{record['record_no']}，{record['formed_on']}：{record['summary'] or '未写明'}")
        if not section.lines:
            section.say("风险点", "未见具体风险点")
    return section


def _point(point: dict[str, Any]) -> str:
    told = [str(point[name]) for name in ("document_no", "formed_on", "point_summary") if point[name]]
    return "，".join(told)


def _amended(subject: SubjectMonth) -> Section:
    """Replacements, late triggers and late conflicts that concern the subject."""
    section = Section("抽取之后")
    asked = {
        row["request_no"]: row
        for column in ("uid", "new_uid")
        for row in subject.rows("amendment", **{column: subject.uid})
    }
    for number, row in sorted(asked.items()):
        kind = _named("amendment", "request_kind", row["request_kind"])
        parts = [_named("amendment", "outcome", row["outcome"]), row["task"]]
        parts += [_named("amendment", "amend_reason", row["amend_reason"]) if row["amend_reason"] else None]
        parts += [
            row.get("trigger_id"),
            word("trigger", "trigger_type", row["trigger_type"]) if row.get("trigger_type") else None,
        ]
        parts += [
            f"{row['inspector_id']} 应当回避" if row.get("inspector_id") else None,
            row["evidence"],
            row["outcome_reason"],
        ]
        if row["new_uid"] == subject.uid:
            parts.append(f"本主体（第 {row['new_rank']} 名）递补 {row['uid']}")
        elif row["new_uid"]:
            parts.append(f"由 {row['new_uid']}（第 {row['new_rank']} 名）递补")
        section.say(f"第 {number} 号{kind}", "；".join(str(part) for part in parts if part))
    return section


def _named(table: str, column: str, value: str) -> str:
    names = output_contract(table).column(column).values
    return {code: name for name, code in names.items()}.get(value, value)
