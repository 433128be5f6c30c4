"""Special fields (专业领域): which subjects belong to which, their field grades, and the sections' records of it.

Membership follows the business scope, thinned to the field's share. Not here: licences (records), credit grades.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from sample_city.columns import Bools, Ints, dates, first_of_each, random, text, when, working
from sample_city.departments import SECTIONS, STOCK, UNIT, UNITS, Calendar, Feed, arrival, feed
from sample_city.grades import LETTERS, UNGRADED
from sample_city.subjects import Subjects, picked


class Field(NamedTuple):
    """A field: Chinese name, section, share of the subjects, scope words, has field grades, years a licence is valid (0: none)."""

    name: str
    unit: str
    share: float
    scope: str
    graded: bool
    years: int


FIELDS = {
    "food_production": Field("食品生产", "SP-SC", 0.006, "食品生产|食品加工|糕点", True, 5),
    "food_sales": Field("食品销售", "SP-LT", 0.09, "食品经营|食品销售|预包装食品|副食|食品", True, 5),
    "catering": Field("餐饮", "CY", 0.06, "餐饮服务|热食|餐饮|正餐", True, 5),
    "drug": Field("药品", "YPLT", 0.01, "药品零售|药品批发|中成药", False, 5),
    "medical_device": Field("医疗器械", "YLQX", 0.01, "医疗器械", False, 5),
    "special_equipment": Field("特种设备", "TSSB", 0.012, "起重|锅炉|电梯|天然气|汽油|化工产品生产|机械设备", False, 0),
    "product_quality": Field("工业产品质量", "ZL", 0.02, "制造|加工", False, 0),
    "metrology": Field("计量", "JL", 0.025, "汽油|收购|零售|计量", False, 0),
}
FIELD_CODES = tuple(FIELDS)
LIST = tuple(FIELDS.values())
GRADE_GIVEN_CREDIT = ((50, 40, 9, 1), (35, 45, 16, 4), (15, 40, 33, 12), (8, 27, 40, 25))
KEY_UNITS = 0.25
ADMISSION, GRADING, VISIT, FAILED = "许可准入", "风险分级", "监督检查", "抽检不合格"


@dataclass(frozen=True, slots=True)
class Memberships:
    """One row per subject and field: row of the subject, index of the field, field grade or UNGRADED, 重点单位."""

    subject: Ints
    field: Ints
    grade: Ints
    key: Bools
    admitted: Ints

    def of(self, code: str) -> Ints:
        """Positions of the memberships of one field."""
        return np.flatnonzero(self.field == FIELD_CODES.index(code))


def memberships(seed: int, when_: Calendar, subjects: Subjects, credit: Ints) -> Memberships:
    """Who is in which field; at least two subjects in each where the scopes allow it."""
    rng = random(seed, when_.month, "fields")
    listed, fields = [], []
    for index, field in enumerate(LIST):
        matches = pc.match_substring_regex(subjects.scope, field.scope)
        fits = np.flatnonzero(np.asarray(matches.to_numpy(zero_copy_only=False), bool) & subjects.active)
        wanted = min(len(fits), max(2, round(field.share * int(subjects.active.sum()))))
        chosen = np.sort(rng.permutation(fits)[:wanted])
        listed.append(chosen)
        fields.append(np.full(len(chosen), index))
    subject, field_index = np.concatenate(listed), np.concatenate(fields)
    n = len(subject)
    table = np.cumsum(np.array(GRADE_GIVEN_CREDIT, float), axis=1) / 100
    row = table[np.where(credit[subject] == UNGRADED, 1, credit[subject])]
    drawn = (rng.random(n)[:, None] >= row).sum(axis=1)
    graded = np.array([f.graded for f in LIST])[field_index]
    key = (field_index == FIELD_CODES.index("special_equipment")) & (rng.random(n) < KEY_UNITS)
    earliest = np.maximum(subjects.founded[subject], when_.first - 5 * 365 + 30)
    span = np.maximum(when_.last - earliest, 1)
    admitted = working(earliest + (rng.random(n) * span).astype(np.int64))
    return Memberships(subject, field_index, np.where(graded, drawn, UNGRADED), key, admitted)


def field_records(seed: int, when_: Calendar, subjects: Subjects, members: Memberships) -> Feed:
    """Admission, yearly grading, visits and failed samples of each membership, one row per day at most."""
    rng = random(seed, when_.month, "field_record")
    n = len(members.subject)
    graded = members.grade != UNGRADED
    food = np.isin(members.field, [FIELD_CODES.index(c) for c in ("food_production", "food_sales", "product_quality")])
    founded = subjects.founded[members.subject]

    def since(days: int) -> Ints:
        start = np.maximum(founded, when_.last - days)
        return working(start + (rng.random(n) * np.maximum(when_.last - start, 1)).astype(np.int64))

    # Every graded member has a grading by the month before; some were graded anew since.
    graded_on = np.minimum(since(400), np.maximum(members.admitted, when_.sent[STOCK] - 20))
    regraded = graded & (rng.random(n) < 0.04) & (founded < when_.first - 60)
    parts = [
        (ADMISSION, np.arange(n), members.admitted),
        (GRADING, np.flatnonzero(graded), graded_on),
        (GRADING, np.flatnonzero(regraded), working(when_.first + rng.integers(0, 26, n))),
        (VISIT, np.flatnonzero(rng.random(n) < 0.38), since(2 * 365)),
        (FAILED, np.flatnonzero(food & (rng.random(n) < 0.03)), since(2 * 365)),
    ]
    row = np.concatenate([rows for _, rows, _ in parts])
    kind = np.concatenate([np.full(len(rows), i) for i, (_, rows, _) in enumerate(parts)])
    day_ = np.concatenate([days[rows] for _, rows, days in parts])
    keep = first_of_each(row, day_)
    row, kind, day_ = row[keep], kind[keep], day_[keep]
    keep = np.flatnonzero(day_ <= when_.last)
    row, kind, day_ = row[keep], kind[keep], day_[keep]

    kinds = [name for name, _, _ in parts]
    shows_grade = np.isin(kind, [1, 2, 3]) & (members.grade[row] != UNGRADED)
    equipment = members.field[row] == FIELD_CODES.index("special_equipment")
    unit = np.array([UNIT[f.unit] for f in LIST])[members.field[row]]
    uscc, name = picked(subjects, members.subject[row])
    years = np.array([f.years for f in LIST])[members.field[row]]
    table = pa.table({
        "统一社会信用代码": uscc,
        "企业名称": name,
        "专业领域": text([f.name for f in LIST], members.field[row]),
        "专业领域等级": when(shows_grade, text(LETTERS, np.maximum(members.grade[row], 0))),
        "重点单位": when(equipment, when(members.key[row], "是", "否")),
        "记录类型": text(kinds, kind),
        "记录日期": dates(day_),
        "有效期至": when((kind == 0) & (years > 0), dates(day_ + years * 365), ""),
        "数据来源单位": text([SECTIONS.get(u, "") for u in UNITS], unit),
    })  # fmt: skip
    return feed("field_record", table, unit, arrival(rng, when_, day_, unit))
