"""From the mapping of a policy file to a Policy, strictly.

Here: types, closed values, unknown and missing keys. Not here: loading YAML (a caller's work: without repeated keys),
and whether the policy is a good one (lint.py).
Clause: DRAW.md §2 for the keys the draw needs, DOMAIN §4.1 for those of the plan.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from datetime import date
from typing import Final

from supervision.policy.model import (
    BASIS_KINDS,
    DRAW_TYPES,
    GRADES,
    ITEM_CATEGORIES,
    LANES,
    MODES,
    ROUNDINGS,
    STATES,
    STRATA,
    SUBJECT_TYPES,
    UNGRADED,
    CreditGrade,
    FieldGrade,
    LegalBasis,
    Level,
    Policy,
    PolicyError,
    Reason,
    Task,
)

_CODE: Final = re.compile(r"[A-Za-z0-9._-]+")  # DRAW.md §1
_MOST: Final = 1_000_000  # no figure of a policy is larger; keeps a slip of the keyboard out
_SPEC: Final = "ssj-policy-v1"


class _Reader:
    """One mapping of the file. Every key is taken once; close() refuses what is left over."""

    def __init__(self, value: object, path: str, clause: str) -> None:
        self.path, self.clause = path, clause
        if not isinstance(value, Mapping):
            raise self.error("", "应是“键: 值”的列表，请改正")
        self._left: dict[object, object] = dict(value)

    def error(self, key: str, what: str) -> PolicyError:
        where = ".".join(part for part in (self.path, key) if part) or "文件"
        return PolicyError(f"抽查政策 {where}：{what}（{self.clause}）。")

    def take(self, key: str) -> object:
        if key not in self._left:
            raise self.error(key, "缺少这一项，请补上")
        return self._left.pop(key)

    def close(self) -> None:
        for key in self._left:
            raise self.error(str(key), "不认识的键，请删除或改正拼写")

    def text(self, key: str) -> str:
        value = self.take(key)
        if not isinstance(value, str) or not value.strip():
            raise self.error(key, "应是非空文字（数字编码须加引号），请改正")
        return value.strip()

    def code(self, key: str) -> str:
        value = self.text(key)
        if not _CODE.fullmatch(value):
            raise self.error(key, f"“{value}”不是编码，只能用字母、数字、点、下划线和连字符")
        return value

    def choice(self, key: str, allowed: Collection[str]) -> str:
        value = self.text(key)
        if value not in allowed:
            raise self.error(key, f"“{value}”不在允许的取值（{'、'.join(allowed)}）之内，请改正")
        return value

    def integer(self, key: str, low: int = 0, high: int = _MOST) -> int:
        value = self.take(key)
        if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
            raise self.error(key, f"应是 {low} 到 {high} 的整数，请改正")
        return value

    def boolean(self, key: str) -> bool:
        value = self.take(key)
        if not isinstance(value, bool):
            raise self.error(key, "应是 true 或 false，请改正")
        return value

    def day(self, key: str) -> date:
        value = self.take(key)
        if type(value) is date:
            return value
        try:
            return date.fromisoformat(value if isinstance(value, str) else "")
        except ValueError:
            raise self.error(key, "应是 YYYY-MM-DD 的日期，请改正") from None

    def codes(self, key: str, allowed: Collection[str] | None = None, *, empty: bool = False) -> tuple[str, ...]:
        value = self.take(key)
        if not isinstance(value, list | tuple) or not (value or empty):
            raise self.error(key, "应是列表，请改正")
        for item in value:
            if not isinstance(item, str) or not _CODE.fullmatch(item):
                raise self.error(key, f"“{item}”不是编码（数字编码须加引号），请改正")
            if allowed is not None and item not in allowed:
                raise self.error(key, f"“{item}”不在允许的取值（{'、'.join(allowed)}）之内，请改正")
            if value.count(item) > 1:
                raise self.error(key, f"“{item}”重复，请只保留一个")
        return tuple(value)

    def child(self, key: str, clause: str = "") -> _Reader:
        return _Reader(self.take(key), f"{self.path}.{key}".lstrip("."), clause or self.clause)

    def names(self) -> tuple[str, ...]:
        for key in self._left:
            if not isinstance(key, str) or not _CODE.fullmatch(key):
                raise self.error(str(key), "键应是编码（数字编码须加引号），请改正")
        return tuple(str(key) for key in self._left)

    def complete(self, wanted: Collection[str]) -> None:
        """Refuse unless the keys are exactly these."""
        if set(self.names()) != set(wanted):
            raise self.error("", f"应当正好列出 {'、'.join(wanted)}，请补齐或删去多余的")


def parse_policy(document: object) -> Policy:
    """The policy of one file, given as the mapping its YAML holds.

    Raises PolicyError (one Chinese sentence: path, what, clause) for an unknown or missing key or a value of another kind.
    """
    top = _Reader(document, "", "DRAW §2")
    top.choice("spec", (_SPEC,))
    fields = _texts(top.child("fields", "R-14"))
    types = _switches(top.child("subject_types", "R-46"))
    observation = top.child("observation", "R-34")
    combination = top.child("combination", "DOMAIN §5.3")
    ungraded = combination.child("ungraded_as")
    matrix = _matrix(combination.child("matrix"))
    combination.close()
    demonstration = top.child("demonstration", "DRAW §3")
    policy = Policy(
        version=top.code("version"),
        name=top.text("name"),
        valid_from=top.day("valid_from"),
        valid_to=top.day("valid_to"),
        approver_role=top.text("approver_role"),
        caused_by=top.text("caused_by"),
        round_prefix=top.code("round_prefix"),
        counties=top.codes("counties"),
        subject_types=types,
        fields=fields,
        unconfigured=_texts(top.child("unconfigured", "DOMAIN §5.2"), empty=True, allowed=fields),
        yearly_cap=_caps(top.child("yearly_cap", "DOMAIN §5.4")),
        observation_months=observation.integer("months", 1, 60),
        observation_grades=observation.codes("grades", GRADES),
        visits_per_day=top.integer("visits_per_day", 1, 50),
        cut_order=top.codes("cut_order"),
        exploratory_sources=top.codes("exploratory_sources", empty=True),
        ungraded_credit=ungraded.choice("credit", GRADES),
        ungraded_field=ungraded.choice("field", GRADES),
        matrix=matrix,
        reasons=_reasons(top.child("reasons", "DRAW §2")),
        seed_text=demonstration.text("seed_text"),
        tasks=_tasks(top.child("tasks", "DRAW §2"), fields),
    )
    for reader in (observation, ungraded, demonstration, top):
        reader.close()
    return policy


def _texts(reader: _Reader, *, empty: bool = False, allowed: Collection[str] | None = None) -> dict[str, str]:
    keys = reader.names()
    if not keys and not empty:
        raise reader.error("", "不能为空，请补上")
    for key in keys:
        if allowed is not None and key not in allowed:
            raise reader.error(key, "不是 fields 里的专业领域，请改正")
    return {key: reader.text(key) for key in keys}


def _switches(reader: _Reader) -> dict[str, bool]:
    reader.complete(SUBJECT_TYPES)
    return {key: reader.boolean(key) for key in SUBJECT_TYPES}


def _caps(reader: _Reader) -> dict[str, int]:
    grades = (*GRADES, UNGRADED)
    reader.complete(grades)
    return {grade: reader.integer(grade, 0, 365) for grade in grades}


def _matrix(reader: _Reader) -> dict[tuple[CreditGrade, FieldGrade], int]:
    reader.complete(GRADES)
    cells: dict[tuple[CreditGrade, FieldGrade], int] = {}
    for credit in GRADES:
        row = reader.child(credit)
        row.complete(GRADES)
        for field in GRADES:
            cells[CreditGrade(credit), FieldGrade(field)] = row.integer(field, 1, 4)
    return cells


def _reasons(reader: _Reader) -> tuple[Reason, ...]:
    reasons = []
    for code in reader.names():
        row = reader.child(code)
        reasons.append(Reason(code, row.choice("state", STATES), row.text("name")))
        row.close()
    return tuple(reasons)


def _tasks(reader: _Reader, fields: Collection[str]) -> dict[str, Task]:
    codes = reader.names()
    if not codes:
        raise reader.error("", "至少要有一个抽查任务，请补上")
    return {code: _task(code, reader.child(code), fields) for code in codes}


def _task(code: str, reader: _Reader, fields: Collection[str]) -> Task:
    scope, window = reader.child("scope"), reader.child("window", "DOMAIN §4.1")
    stratum_by = reader.choice("stratum_by", STRATA)
    first = window.integer("first_month", 1, 12)
    task = Task(
        code=code,
        name=reader.text("name"),
        items=reader.codes("items"),
        item_category=reader.choice("item_category", ITEM_CATEGORIES),
        draw_type=reader.choice("draw_type", DRAW_TYPES),
        object_scope=reader.text("object_scope"),
        types=scope.codes("types", SUBJECT_TYPES),
        fields=scope.codes("fields", fields, empty=True),
        lane=reader.choice("lane", LANES),
        lane_owner=reader.code("lane_owner"),
        key_field=reader.boolean("key_field"),
        observation=reader.boolean("observation"),
        initiator=reader.code("initiator"),
        cooperating=reader.codes("cooperating", empty=True),
        mode=reader.choice("mode", MODES),
        first_month=first,
        last_month=window.integer("last_month", first, 12),
        team_size=reader.integer("team_size", 1, 20),
        specialty=_specialty(reader, fields),
        stratum_by=stratum_by,
        legal_basis=_bases(reader),
        levels=_levels(reader.child("levels", "DRAW §4"), STRATA[stratum_by]),
    )
    for part in (scope, window, reader):
        part.close()
    return task


def _specialty(reader: _Reader, fields: Collection[str]) -> str | None:
    value = reader.take("specialty")
    if value is None or (isinstance(value, str) and value in fields):
        return value
    raise reader.error("specialty", f"应为空（null）或 fields 里的专业领域，现为“{value}”，请改正")


def _bases(reader: _Reader) -> tuple[LegalBasis, ...]:
    value = reader.take("legal_basis")
    if not isinstance(value, list | tuple) or not value:
        raise reader.error("legal_basis", "至少要写一条依据，请补上")
    bases = []
    for place, item in enumerate(value):
        row = _Reader(item, f"{reader.path}.legal_basis[{place}]", "R-24")
        bases.append(LegalBasis(row.choice("kind", BASIS_KINDS), row.text("text")))
        row.close()
    return tuple(bases)


def _levels(reader: _Reader, strata: tuple[str, ...]) -> dict[str, Level]:
    reader.complete(strata)
    levels: dict[str, Level] = {}
    for stratum in strata:
        row = reader.child(stratum)
        levels[stratum] = Level(
            stratum=stratum,
            rate_e4=row.integer("rate_e4"),
            rounding=row.choice("rounding", ROUNDINGS),
            minimum=row.integer("minimum"),
            minimum_if_base=row.integer("minimum_if_base"),
            census_up_to=row.integer("census_up_to"),
            floor_e4=row.integer("floor_e4", 0, 10_000),
            on_site=row.boolean("on_site"),
            gap_months=row.integer("gap_months", 1, 60),
            yearly_cap=row.integer("yearly_cap", 0, 365),
            cites=row.text("cites"),
        )
        row.close()
    return levels
