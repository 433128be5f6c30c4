"""From the mapping of a policy file to a Policy, strictly.

Here: types, closed values, unknown and missing keys. Not here: loading YAML (a caller's work: without repeated keys),
and whether the policy is a good one (lint.py).
Clause: DRAW.md §2 for the keys the draw needs, DOMAIN §4.1 for those of the plan.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import Final

from supervision.policy.model import (
    BASIS_KINDS,
    DRAW_TYPES,
    DUTIES,
    GRADES,
    ITEM_CATEGORIES,
    LANES,
    MODES,
    ONSITE_RULES,
    ROUNDINGS,
    STATES,
    STRATA,
    SUBJECT_TYPES,
    UNGRADED,
    CreditGrade,
    FieldGrade,
    Joint,
    LegalBasis,
    Level,
    Policy,
    Reason,
    Recusal,
    Role,
    Task,
)
from supervision.policy.reading import Reader

_SPEC: Final = "ssj-policy-v1"
_INDUSTRY: Final = re.compile(r"[0-9]{2,4}")
_WORD: Final = re.compile(r"[^\s;；]{2,50}")


def parse_policy(document: object) -> Policy:
    """The policy of one file, given as the mapping its YAML holds.

    Raises PolicyError (one Chinese sentence: path, what, clause) for an unknown or missing key or a value of another kind.
    """
    top = Reader(document, "", "DRAW §2")
    top.choice("spec", (_SPEC,))
    fields = _texts(top.child("fields", "R-14"))
    types = _switches(top.child("subject_types", "R-46"))
    observation = top.child("observation", "R-34")
    combination = top.child("combination", "DOMAIN §5.3")
    ungraded = combination.child("ungraded_as")
    matrix = _matrix(combination.child("matrix"))
    combination.close()
    counties = top.codes("counties")
    demonstration = top.child("demonstration", "DRAW §3")
    policy = Policy(
        version=top.code("version"),
        name=top.text("name"),
        valid_from=top.day("valid_from"),
        valid_to=top.day("valid_to"),
        approver_role=top.text("approver_role"),
        caused_by=top.text("caused_by"),
        round_prefix=top.code("round_prefix"),
        counties=counties,
        roles=_roles(top.child("roles", "DRAW §3")),
        recusal=_recusal(top.child("recusal", "DOMAIN §4.4")),
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
        tasks=_tasks(top.child("tasks", "DRAW §2"), fields, counties),
    )
    for reader in (observation, ungraded, demonstration, top):
        reader.close()
    return policy


def _texts(reader: Reader, *, empty: bool = False, allowed: Collection[str] | None = None) -> dict[str, str]:
    keys = reader.names()
    if not keys and not empty:
        raise reader.error("", "不能为空，请补上")
    for key in keys:
        if allowed is not None and key not in allowed:
            raise reader.error(key, "不是 fields 里的专业领域，请改正")
    return {key: reader.text(key) for key in keys}


def _switches(reader: Reader) -> dict[str, bool]:
    reader.complete(SUBJECT_TYPES)
    return {key: reader.boolean(key) for key in SUBJECT_TYPES}


def _caps(reader: Reader) -> dict[str, int]:
    grades = (*GRADES, UNGRADED)
    reader.complete(grades)
    return {grade: reader.integer(grade, 0, 365) for grade in grades}


def _matrix(reader: Reader) -> dict[tuple[CreditGrade, FieldGrade], int]:
    reader.complete(GRADES)
    cells: dict[tuple[CreditGrade, FieldGrade], int] = {}
    for credit in GRADES:
        row = reader.child(credit)
        row.complete(GRADES)
        for field in GRADES:
            cells[CreditGrade(credit), FieldGrade(field)] = row.integer(field, 1, 4)
    return cells


def _reasons(reader: Reader) -> tuple[Reason, ...]:
    reasons = []
    for code in reader.names():
        row = reader.child(code)
        reasons.append(Reason(code, row.choice("state", STATES), row.text("name")))
        row.close()
    return tuple(reasons)


def _roles(reader: Reader) -> dict[str, Role]:
    roles = {}
    for code in reader.names():
        row = reader.child(code)
        roles[code] = Role(code, row.text("name"), row.codes("duties", DUTIES))
        row.close()
    return roles


def _recusal(reader: Reader) -> Recusal:
    recusal = Recusal(
        reader.integer("lead_years", 1, 10), reader.integer("lead_times", 1, 100), reader.boolean("cross_station")
    )
    reader.close()
    return recusal


def _joint(reader: Reader) -> Joint | None:
    if reader.empty("joint"):
        return None
    row = reader.child("joint", "R-48")
    joint = Joint(row.code("initiating"), row.codes("cooperating"))
    row.close()
    return joint


def _tasks(reader: Reader, fields: Collection[str], counties: Collection[str]) -> dict[str, Task]:
    codes = reader.names()
    if not codes:
        raise reader.error("", "至少要有一个抽查任务，请补上")
    return {code: _task(code, reader.child(code), fields, counties) for code in codes}


def _task(code: str, reader: Reader, fields: Collection[str], counties: Collection[str]) -> Task:
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
        industries=scope.words("industries", _INDUSTRY, "国民经济行业代码的前两至四位"),
        licences=scope.words("licences", _WORD, "许可内容或证书名称中的词"),
        counties=scope.codes("counties", counties, empty=True),
        lane=reader.choice("lane", LANES),
        lane_owner=reader.code("lane_owner"),
        key_field=reader.boolean("key_field"),
        observation=reader.boolean("observation"),
        white_list=reader.boolean("white_list"),
        initiator=reader.code("initiator"),
        cooperating=reader.codes("cooperating", empty=True),
        joint=_joint(reader),
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


def _specialty(reader: Reader, fields: Collection[str]) -> str | None:
    value = reader.take("specialty")
    if value is None or (isinstance(value, str) and value in fields):
        return value
    raise reader.error("specialty", f"应为空（null）或 fields 里的专业领域，现为“{value}”，请改正")


def _bases(reader: Reader) -> tuple[LegalBasis, ...]:
    value = reader.take("legal_basis")
    if not isinstance(value, list | tuple) or not value:
        raise reader.error("legal_basis", "至少要写一条依据，请补上")
    bases = []
    for place, item in enumerate(value):
        row = Reader(item, f"{reader.path}.legal_basis[{place}]", "R-24")
        bases.append(LegalBasis(row.choice("kind", BASIS_KINDS), row.text("text")))
        row.close()
    return tuple(bases)


def _levels(reader: Reader, strata: tuple[str, ...]) -> dict[str, Level]:
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
            onsite_rule=row.choice("onsite_rule", ONSITE_RULES),
            gap_months=row.integer("gap_months", 1, 60),
            yearly_cap=row.integer("yearly_cap", 0, 365),
            cites=row.text("cites"),
        )
        row.close()
    return levels
