"""Special fields (专业领域): which subjects belong to which, with which grade, and the sections' records of them.

Membership follows the business scope, thinned to the field's share, and is settled in the city's first month.
Not here: the lists of fields and kinds (domains), licences (records), credit grades.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from sample_city.columns import (
    Bools,
    Ints,
    dates,
    digits,
    first_of_each,
    join,
    random,
    repeats,
    running,
    text,
    when,
    working,
    year_of,
)
from sample_city.departments import SECTIONS, STOCK, UNIT, Calendar, Feed, feed, ready, slots
from sample_city.domains import ADMISSION, FIELD_CODES, GRADING, LIST, SOURCES
from sample_city.grades import LETTERS, UNGRADED
from sample_city.stretches import Stretch, stacked
from sample_city.subjects import Subjects, picked

GRADE_GIVEN_CREDIT = ((50, 40, 9, 1), (35, 45, 16, 4), (15, 40, 33, 12), (8, 27, 40, 25))
KEY_UNITS = 0.25
KEY_FIELD = FIELD_CODES.index("special_equipment")
REGRADED = 0.04  # of the graded, a month
NUMBERED = [k for f in LIST for k in f.kinds]
_OF_FIELD = np.repeat(np.arange(len(LIST)), [len(f.kinds) for f in LIST])
_VISITS = [i for i, k in enumerate(NUMBERED) if k.name == "监督检查"]
_ADMITTED, _GRADED = len(NUMBERED), len(NUMBERED) + 1  # kinds that every such field has


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
    """Who is in which field; at least two subjects in each, whatever their scope where no scope fits."""
    rng = random(seed, when_.month, "fields")
    listed, fields = [], []
    for index, field in enumerate(LIST):
        matches = pc.match_substring_regex(subjects.scope, field.scope)
        fits = np.flatnonzero(np.asarray(matches.to_numpy(zero_copy_only=False), bool) & subjects.active)
        fits = fits if len(fits) > 1 else np.flatnonzero(subjects.active)
        wanted = min(len(fits), max(2, round(field.share * int(subjects.active.sum()))))
        chosen = np.sort(rng.permutation(fits)[:wanted])
        listed.append(chosen)
        fields.append(np.full(len(chosen), index))
    subject, field_index = np.concatenate(listed), np.concatenate(fields)
    n = len(subject)
    table = np.cumsum(np.array(GRADE_GIVEN_CREDIT, float), axis=1) / 100
    row = table[np.where(credit[subject] == UNGRADED, 1, credit[subject])]
    drawn = (rng.random(n)[:, None] >= row).sum(axis=1)
    graded = np.array([bool(f.grades) for f in LIST])[field_index]
    key = (field_index == KEY_FIELD) & (rng.random(n) < KEY_UNITS)
    earliest = np.maximum(subjects.founded[subject], when_.first - 5 * 365 + 30)
    span = np.maximum(when_.last - earliest, 1)
    admitted = working(earliest + (rng.random(n) * span).astype(np.int64))
    return Memberships(subject, field_index, np.where(graded, drawn, UNGRADED), key, admitted)


def field_records(seed: int, when_: Calendar, stretches: tuple[Stretch, ...], members: Memberships) -> Iterator[Feed]:
    """A feed per source: admission, grading and the field's own kinds; unnumbered ones once a day at most."""
    unit_of = np.array([UNIT[f.unit] for f in LIST])
    graded = members.grade != UNGRADED
    admits = np.array([f.admits for f in LIST])[members.field]
    rate = np.array([k.rate for k in NUMBERED])

    def formed(stretch: Stretch) -> tuple[Ints, ...]:
        rng = random(seed, stretch.when.month, "field_record")
        n = len(members.subject)
        founded = stretch.who.founded[members.subject]
        month = stretch.when
        parts: list[tuple[Ints, Ints, Ints]] = []
        if stretch.is_first:
            # Every graded member has a grading by the month before; some were graded anew since.
            start = np.maximum(founded, month.last - 400)
            on = working(start + (rng.random(n) * np.maximum(month.last - start, 1)).astype(np.int64))
            on = np.minimum(on, np.maximum(members.admitted, month.sent[STOCK] - 20))
            parts.append(_rows(np.flatnonzero(admits), _ADMITTED, members.admitted))
            parts.append(_rows(np.flatnonzero(graded), _GRADED, on))
        anew = graded & (rng.random(n) < REGRADED) & (founded < month.first - 60)
        parts.append(_rows(np.flatnonzero(anew), _GRADED, working(month.first + rng.integers(0, 26, n))))
        for index in range(len(NUMBERED)):
            here = np.flatnonzero(members.field == _OF_FIELD[index])
            row = here[repeats(rng, np.full(len(here), rate[index] * stretch.share))]
            parts.append((row, np.full(len(row), index), stretch.days(rng, founded[row] + 20)))
        row, kind, day = (np.concatenate([p[i] for p in parts]) for i in range(3))
        leaves = ready(rng, day, unit_of[members.field[row]])
        keep = np.flatnonzero(day <= month.last)
        numbered = np.array([bool(k.number) for k in NUMBERED] + [False, False])[kind[keep]]
        apart = np.where(numbered, np.arange(len(keep)) + 1, 0)
        keep = keep[first_of_each(row[keep], kind[keep], day[keep], apart)]
        return row[keep], kind[keep], day[keep], leaves[keep]

    row, kind, day, leaves = stacked(stretches, formed)
    subjects = stretches[-1].who
    field = members.field[row]
    numbers = sorted({k.number for k in NUMBERED})
    series = np.array([*(numbers.index(k.number) for k in NUMBERED), *[numbers.index("")] * 2])[kind]
    serial = running(series * 10_000 + year_of(day), np.argsort(day, kind="stable"))
    number = join(text(numbers, series), "〔", digits(year_of(day)), "〕", digits(serial, 6), "号")
    years = np.array([f.years for f in LIST])[field]
    grades = [*LETTERS, "一级", "二级", "三级", "四级"]
    device = field == FIELD_CODES.index("medical_device")
    uscc, name = picked(subjects, members.subject[row])
    columns = {
        "统一社会信用代码": uscc,
        "企业名称": name,
        "专业领域": text([f.name for f in LIST], field),
        "专业领域等级": when(
            ((kind == _GRADED) | np.isin(kind, _VISITS)) & graded[row],
            text(grades, np.maximum(members.grade[row], 0) + 4 * device),
        ),
        "重点单位": when(members.key[row], "是", "否"),
        "记录类型": text([*(k.name for k in NUMBERED), ADMISSION, GRADING], kind),
        "记录日期": dates(day),
        "记录编号": when(series != numbers.index(""), number, ""),
        "有效期至": when((kind == _ADMITTED) & (years > 0), dates(day + years * 365), ""),
        "数据来源单位": text([SECTIONS[f.unit] for f in LIST], field),
    }
    whole = pa.table(columns)
    slot = slots(when_, leaves)
    for source in SOURCES:
        codes = [i for i, f in enumerate(LIST) if f.source == source]
        here = np.flatnonzero(np.isin(field, codes))
        absent = {
            "专业领域": len(codes) == 1, "专业领域等级": not any(LIST[i].grades for i in codes),
            "重点单位": KEY_FIELD not in codes,
        }  # fmt: skip
        table = whole.select([t for t in columns if not absent.get(t)]).take(pa.array(here))
        yield feed(source, table, unit_of[field[here]], slot[here], formed=day[here])


def _rows(rows: Ints, kind: int, day: Ints) -> tuple[Ints, Ints, Ints]:
    return rows, np.full(len(rows), kind), day[rows]
