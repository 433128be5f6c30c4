"""Rules on the policy as a whole: validity, cause, roles, caps, fields, the two lanes, the matrix, the order of cuts.

Not here: rules on a task and its levels (lint_tasks.py), on names from outside (lint_names.py).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from typing import Final

from supervision.months import first_day, last_day
from supervision.policy.finding import Finding
from supervision.policy.model import DUTIES, GRADES, UNGRADED, CreditGrade, FieldGrade, Policy

_OBSERVED: Final = ("A", "B")
# A document number, an order number, or the month of the report whose cells or grades caused the version.
_CAUSE: Final = re.compile(r"〔\d{4}〕\d+号|第\d+号|\d{4}-\d{2}|\d{4}年\d{1,2}月")
_FEWEST: Final[Mapping[str, int]] = {duty: 1 if duty == "approve" else 2 for duty in DUTIES}  # DRAW §3: two roles
# The reasons the frame can give, and what each does (DRAW.md §1, sql/plan/frame.sql).
_REASONS: Final = {
    "drawn_this_year": "blocked",
    "visited_within_gap": "blocked",
    "yearly_cap_reached": "blocked",
    "voided_round": "blocked",
    "observation_period": "exempt",
    "white_list": "exempt",
    "deregistered": "exempt",
}


def validity(policy: Policy) -> Iterator[Finding]:
    """Whole months of one year."""
    first, last = policy.valid_from, policy.valid_to
    if last < first:
        yield Finding("valid_to", "早于 valid_from，请改正有效期", "DRAW §4")
        return
    if first.year != last.year:
        yield Finding("valid_to", "有效期跨年，比例和批数以一年为准，请每年一个文件", "DRAW §4")
    if first != first_day(f"{first:%Y-%m}"):
        yield Finding("valid_from", "应为某月的第一天：不满一个月的月份没有政策可用", "DRAW §4")
    if last != last_day(f"{last:%Y-%m}"):
        yield Finding("valid_to", "应为某月的最后一天：不满一个月的月份没有政策可用", "DRAW §4")


def cause(policy: Policy) -> Iterator[Finding]:
    """A version cites what caused it: a document, or the month of the figures by grade (R-35b)."""
    if not _CAUSE.search(policy.caused_by):
        what = "没有写明由什么引起，请引用文号（如 国市监信〔2019〕38号），或所据报表的月份和单元（如 2026-03 盐湖区零售业 C 类）"
        yield Finding("caused_by", what, "R-35b")


def roles(policy: Policy) -> Iterator[Finding]:
    """Every duty has enough roles, and the approver is one of them (DRAW.md §3)."""
    for duty, fewest in _FEWEST.items():
        if sum(duty in role.duties for role in policy.roles.values()) < fewest:
            yield Finding("roles", f"有 {duty} 职责的职务不足 {fewest} 个，请补上", "DRAW §3")
    names = [role.name for role in policy.roles.values()]
    for role in policy.roles.values():
        if names.count(role.name) > 1:
            yield Finding(f"roles.{role.code}.name", f"“{role.name}”出现两次，两个职务须是两个岗位，请改正", "DRAW §3")


def approver(policy: Policy) -> Iterator[Finding]:
    """The role that approves the policy may approve."""
    role = policy.roles.get(policy.approver_role)
    if role is None or "approve" not in role.duties:
        yield Finding("approver_role", "应是 roles 中有 approve 职责的职务代码，请改正", "DOMAIN §4.1，R-03")


def approver_apart(policy: Policy) -> Iterator[Finding]:
    """Who approves neither types the public numbers nor opens the secret (DRAW.md §3)."""
    for role in policy.roles.values():
        both = [duty for duty in ("beacon", "open") if "approve" in role.duties and duty in role.duties]
        if both:
            what = f"批准人不得兼有 {'、'.join(both)} 职责，请交给其他职务"
            yield Finding(f"roles.{role.code}.duties", what, "DRAW §3")


def subject_types(policy: Policy) -> Iterator[Finding]:
    """All enterprises are under supervision."""
    if not policy.subject_types["enterprise"]:
        yield Finding("subject_types.enterprise", "企业不得关闭，请改为 true", "R-01")


def observed(policy: Policy) -> Iterator[Finding]:
    """Observation is for credit grades A and B."""
    if not set(policy.observation_grades) <= set(_OBSERVED):
        yield Finding("observation.grades", "观察期只给 A、B 类企业，请删去其他等级", "R-34")


def caps_rising(policy: Policy) -> Iterator[Finding]:
    """The cap over all tasks never falls as the risk rises."""
    caps = [policy.yearly_cap[grade] for grade in GRADES]
    if caps != sorted(caps):
        yield Finding("yearly_cap", "每户每年检查上限应按 A≤B≤C≤D 排列，请调整", "R-10")


def cap_ungraded(policy: Policy) -> Iterator[Finding]:
    """The ungraded are treated as B: their cap over all tasks lies between that of A and that of D."""
    cap = policy.yearly_cap
    if not cap["A"] <= cap[UNGRADED] <= cap["D"]:
        what = f"未分类企业按 B 类办理，上限应在 A 的 {cap['A']} 与 D 的 {cap['D']} 之间，请调整"
        yield Finding(f"yearly_cap.{UNGRADED}", what, "R-10，DOMAIN §5.1")


def reasons(policy: Policy) -> Iterator[Finding]:
    """The closed list of reasons is the one the frame knows, with the same effect."""
    given = {reason.code: reason.state for reason in policy.reasons}
    for code in sorted(_REASONS.keys() | given.keys()):
        if code not in _REASONS:
            yield Finding(f"reasons.{code}", "名录中没有这条理由，请删去", "DRAW §2")
        elif code not in given:
            yield Finding("reasons", f"缺少理由 {code}，请补上", "DRAW §2")
        elif given[code] != _REASONS[code]:
            yield Finding(f"reasons.{code}.state", f"应是 {_REASONS[code]}，请改正", "DRAW §1")


def fields(policy: Policy) -> Iterator[Finding]:
    """Every special field has a task or says why not (R-03)."""
    if not policy.subject_types["enterprise"]:  # found by subject_types
        return
    covered = {field for task in policy.tasks.values() if not policy.dormant(task) for field in task.fields}
    for field, title in policy.fields.items():
        if (field in covered) == (field in policy.unconfigured):
            what = f"{title}须要么有抽查任务，要么列入 unconfigured 并写明原因，二者只居其一"
            yield Finding(f"unconfigured.{field}", what, "R-03，DOMAIN §5.2")


def lanes(policy: Policy) -> Iterator[Finding]:
    """One generic task by credit grade, of the credit section; the field lanes belong to the business sections (R-45)."""
    of_lane = [task for task in policy.tasks.values() if task.lane == "generic"]
    generic = [task for task in of_lane if task.stratum_by != "flat"]
    if len(generic) != 1 or generic[0].fields or generic[0].has_wider_scope or generic[0].stratum_by != "credit_grade":
        what = "须正好有一个通用型（lane: generic）任务，不另限范围、按信用风险等级（credit_grade）分层"
        yield Finding("tasks", what, "R-45")
        return
    for task in policy.tasks.values():
        if (task.lane == "generic") != (task.lane_owner == generic[0].lane_owner):
            what = "通用型由信用监管机构牵头，业务条线由业务科室负责，请改正牵头单位"
            yield Finding(f"tasks.{task.code}.lane_owner", what, "R-45")


def combination(policy: Policy) -> Iterator[Finding]:
    """The matrix rises with either risk, and good credit lowers at most one level (DOMAIN §5.3)."""

    def cell(row: int, column: int) -> int:
        return policy.matrix[CreditGrade(GRADES[row]), FieldGrade(GRADES[column])]

    for row, credit in enumerate(GRADES):
        for column, field in enumerate(GRADES):
            path, value = f"combination.matrix.{credit}.{field}", cell(row, column)
            if (row and value < cell(row - 1, column)) or (column and value < cell(row, column - 1)):
                yield Finding(path, "风险升高而档次下降，请改为不低于左方和上方的档次", "R-10，DOMAIN §5.3")
            if value < column:
                yield Finding(path, "信用好最多降一档，领域 D 级不低于 3，请调高", "DOMAIN §5.3")


def cut_names(policy: Policy) -> Iterator[Finding]:
    """The order of cuts names every level once."""
    used = {stratum for task in policy.tasks.values() for stratum in task.levels}
    missing, unknown = sorted(used - set(policy.cut_order)), sorted(set(policy.cut_order) - used)
    if missing or unknown:
        what = f"须把每个监管档次正好列一次，缺少 {'、'.join(missing) or '无'}，多出 {'、'.join(unknown) or '无'}"
        yield Finding("cut_order", what, "DRAW §2")


def gaps_and_overlaps(policies: Mapping[str, Policy], not_served: Mapping[str, str]) -> Iterator[tuple[str, Finding]]:
    """Months between the first policy and the last that have none or several, by the name of the later file.

    not_served: month -> why no policy was made for it, a written decision; such a month must have none.
    """
    ordered = sorted(policies.items(), key=lambda each: (each[1].valid_from, each[0]))
    if not ordered:
        return
    until = ordered[0][1].valid_to
    for name, policy in ordered:
        if name != ordered[0][0]:
            if policy.valid_from <= until:
                yield name, Finding("valid_from", f"与另一份政策的有效期重叠（至 {until}），请改正起止日期", "DRAW §4")
            missing = [month for month in _months(until + timedelta(1), policy.valid_from) if month not in not_served]
            if missing:
                what = f"{missing[0]} 至 {missing[-1]} 没有政策，请补上，或在 city.yaml 的 not_served 中写明原因"
                yield name, Finding("valid_from", what, "DRAW §4")
        until = max(until, policy.valid_to)
        doubled = sorted(month for month in not_served if policy.in_force(month))
        if doubled:
            what = f"{doubled[0]} 已在 city.yaml 的 not_served 中写明没有政策，请删去其一"
            yield name, Finding("valid_from", what, "DRAW §4")


def _months(start: date, end: date) -> list[str]:
    """The months that begin or run between two days, the second not included."""
    found, day = [], start
    while day < end:
        found.append(f"{day:%Y-%m}")
        day = last_day(found[-1]) + timedelta(1)
    return found
