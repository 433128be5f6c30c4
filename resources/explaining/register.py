"""Who the subject is: its register row, its county and why, grade and field grades with the rows they rest on.

Here: what was delivered about it. Not here: plan and draw (round, visit).
"""

from __future__ import annotations

from data_contracts.model import source_contract, source_contracts
from resources.explaining.month import Section, SubjectMonth

BASIS = {
    "local_adm": "属地监管机构",
    "address": "住所",
    "division_code": "区划代码",
    "assigned": "市本级归口（系统指定）",
    "none": "无",
}
UNGRADED = {
    "not_live": "不是存续主体，不评级",
    "out_of_jurisdiction": "不在辖区，不评级",
    "type_not_graded": "此类主体不在评级范围（R-02）",
    "no_credit_code": "没有统一社会信用代码，对不上快照",
    "newly_established": "新设立，快照尚未纳入",
    "branch_not_matched": "分支机构，快照中没有",
    "missing_from_snapshot": "快照中没有此主体",
}


def word(source: str, column: str, value: str | None) -> str:
    """The Chinese word of a coded value of a source, as its contract writes it."""
    if value is None:
        return "—"
    return {code: name for name, code in source_contract(source).column(column).values.items()}.get(value, value)


def register_sections(subject: SubjectMonth) -> list[Section]:
    """Register, grade, fields."""
    return [_register(subject), _grade(subject), _fields(subject)]


def _register(subject: SubjectMonth) -> Section:
    row, section = subject.row or {}, Section("主体")
    more = next(iter(subject.rows("subject", uid=subject.uid)), {})
    section.say("名称", row["party_name"])
    section.say("主体代码", subject.uid + (f"（注册号 {more['reg_no']}）" if more.get("reg_no") else ""))
    section.say("类型", word("register", "subject_type", row["subject_type"]))
    since = f"，{more['status_changed_on']} 起" if more.get("status_changed_on") else ""
    section.say("登记状态", word("register", "status", row["status"]) + since)
    section.say("成立日期", f"{row['established_on'] or '—'}")
    section.say("住所", more.get("address") or "—")
    section.say("登记行", subject.row_place("accepted_register", row["register_row_id"]) or "—")
    county = subject.unit_names.get(row["county"], str(row["county"])) if row["county"] else "不在辖区"
    section.say("检查主体", f"{county}，依据：{BASIS.get(row['county_basis'], row['county_basis'])}")
    return section


def _grade(subject: SubjectMonth) -> Section:
    row, section = subject.row or {}, Section("信用风险等级（内部）")
    if row["credit_grade"] is None:
        section.say("等级", f"未分类：{UNGRADED.get(row['grade_state'], row['grade_state'])}")
        return section
    section.say("等级", row["credit_grade"])
    for snapshot in subject.rows("accepted_grade_snapshot", row_id=row["grade_row_id"]):
        section.say("快照月份", f"{snapshot['snapshot_month']}，评定日期 {snapshot['graded_on']}")
        section.say("快照行", subject.row_place("accepted_grade_snapshot", row["grade_row_id"]))
        names = {"delivery_id": snapshot["delivery_id"], "file_name": snapshot["file_name"]}
        for file in subject.rows("deliveries", **names)[:1]:
            section.say("快照摘要", file["file_sha256"])
    return section


def _fields(subject: SubjectMonth) -> Section:
    section = Section("专业领域（内部）")
    names = {code: name for name, code in source_contract("task_evidence").column("field_code").values.items()}
    for row in sorted(subject.rows("subject_field", uid=subject.uid), key=lambda each: str(each["field_code"])):
        graded = f"等级 {row['field_grade']}" if row["field_grade"] else "没有等级"
        key_unit = "，重点单位" if row["is_key_unit"] else ""
        place = subject.row_place("record", row["row_id"])
        section.say(
            str(names.get(row["field_code"], row["field_code"])),
            f"{graded}{key_unit}；{row['recorded_on']} 记载{'，' + place if place else ''}",
        )
    if not section.lines:
        section.say("领域", "没有记载")
    return section


def where_last_seen(subject: SubjectMonth) -> str:
    """One sentence for a subject that the month's tables do not hold."""
    name = subject.uid.removeprefix("R:")
    for row in subject.rows("quarantined", source="register"):
        if name in (row["raw_cells"] or ""):
            place = subject.row_place("quarantined", row["row_id"])
            return (
                f"{subject.month} 的登记表中 {subject.uid} 所在的行已隔离（{place}）：{row['reasons']}"
                f"；请用 ssj quarantine show 查看并由报送单位更正"
            )
    for column in ("uscc", "reg_no"):
        for row in subject.rows("accepted_register", **{column: name}):
            gone = "已被撤销" if row["is_withdrawn"] else "已被更正"
            place = subject.row_place("accepted_register", row["row_id"])
            return f"{subject.uid} 在 {subject.month} 的月度表中没有：登记行（{place}）{gone}，请核对登记表的最新交付"
    titles = {contract.name: contract.title for contract in source_contracts()}
    for row in subject.rows("quarantined"):
        if name in (row["raw_cells"] or ""):
            place = subject.row_place("quarantined", row["row_id"])
            return (
                f"登记表中没有 {subject.uid}，{subject.month} 只见于「{titles.get(row['source'], row['source'])}」的"
                f"隔离行（{place}）：{row['reasons']}"
            )
    for month in sorted((each.parent.name for each in subject.home.lake.glob("*/current")), reverse=True):
        if month != subject.month:
            earlier = SubjectMonth(subject.home, month, subject.uid)
            if earlier.row is not None:
                status = word("register", "status", earlier.row["status"])
                return (
                    f"{subject.uid} 不在 {subject.month} 的登记表中，最近见于 {month}（{earlier.row['party_name']}，{status}）"
                    "：请核对当月登记表是否漏报"
                )
    return f"{subject.uid} 不在 {subject.month} 的登记表中，隔离行和其他月份也没有：请核对代码，或核对登记表是否送达"
