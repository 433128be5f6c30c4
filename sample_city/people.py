"""Inspectors (no names), how much they can do this month, and whom they must not inspect.

Two counties have slightly too few days for what a month asks of them; the others have plenty. `conflicts` avoid nothing
else. Not here: matching people with visits.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from sample_city.columns import Ints, dates, digits, join, pick, random, sampled, take, text, when
from sample_city.departments import COUNTIES, UNIT, WEEK_1, Calendar, Feed
from sample_city.domains import FIELD_CODES, LIST
from sample_city.subjects import Subjects, picked, stations
from sample_city.words import STATIONS

SHORT = ("140823", "140882")  # where days are short
SHORT_SHARE = 0.9
WORTH_BEING_SHORT = 12  # expected visits a month below which no county is made short
LENT = 0.01  # inspectors who help the next county for a month
SPECIALISTS = (
    "food_sales", "catering", "special_equipment", "metrology", "product_quality", "food_production", "medical_device",
)  # fmt: skip
SPECIALTY_SHARE = (0.35, 0.35, 0.2, 0.25, 0.25, 0.2, 0.2)


@dataclass(frozen=True, slots=True)
class Staff:
    """One row per inspector: county index, number in the county, and the roster as sent."""

    county: Ints
    inspector: Any
    feed: Feed


def roster(seed: int, when_: Calendar, expected: Any) -> Staff:
    """14 to 30 inspectors a county, more where `expected` visits a month (by county, first month) ask for it.

    The people stay the same from month to month, their days do not.
    """
    start = when_.months[0]
    rng = random(seed, start.month, "inspector")
    share = np.sqrt(expected / max(float(expected.max()), 1e-9))
    size = np.maximum((14 + 16 * share).astype(np.int64), np.ceil(expected / 3).astype(np.int64))
    county = np.repeat(np.arange(len(COUNTIES)), size)
    n = len(county)
    number = np.arange(n) - np.repeat(np.cumsum(size) - size, size) + 1
    inspector = join(text(COUNTIES, county), "-ZF-", digits(number, 3))
    able = rng.random((n, len(SPECIALISTS))) < np.array(SPECIALTY_SHARE)
    for i in range(len(SPECIALISTS)):  # The first fourteen people give each specialty two who can be relied on.
        able[(number == 2 * i + 1) | (number == 2 * i + 2), i] = True
    names = [LIST[FIELD_CODES.index(code)].name for code in SPECIALISTS]
    specialties = pa.array([";".join(x for x, has in zip(names, row, strict=True) if has) for row in able], pa.string())

    monthly = random(seed, when_.month, "inspector days")
    days = monthly.integers(6, 15, n)
    cap = monthly.integers(10, 31, n)
    reliable = number <= 2 * len(SPECIALISTS)
    inactive = ~reliable & (rng.random(n) < 0.05)
    expired = ~reliable & (rng.random(n) < 0.05)
    lent = ~reliable & ~np.isin(county, [UNIT[code] for code in SHORT]) & (monthly.random(n) < LENT)
    valid_until = start.last + rng.integers(60, 5 * 365, n)
    valid_until[expired] = start.first - rng.integers(1, 300, int(expired.sum()))
    for code in SHORT:
        here = np.flatnonzero((county == UNIT[code]) & ~inactive & ~expired)
        if expected[UNIT[code]] >= WORTH_BEING_SHORT:
            # Two inspectors make a visit; a day is worth two visits or more, so the cap decides.
            total = int(2 * SHORT_SHARE * expected[UNIT[code]])
            cap[here] = total // len(here) + (np.arange(len(here)) < total % len(here))
            days[here] = np.maximum(2, -(-cap[here] // 2))
    table = pa.table({
        "人员工号": inspector,
        "所属单位": text(COUNTIES, county),
        "属地": text(COUNTIES, county),
        "所属监管所": stations(number % len(STATIONS)),
        "支援属地": when(lent, text(COUNTIES, (county + 1) % len(COUNTIES)), ""),
        "执法专长": specialties,
        "本月可用天数": digits(days),
        "检查户次上限": digits(cap),
        "执法证有效期至": dates(valid_until),
        "人员状态": when(inactive, "停用", "在岗"),
    })  # fmt: skip
    week = np.full(n, WEEK_1)
    return Staff(county, inspector, Feed("inspector", table, np.full(n, UNIT["XY"]), week))


def conflicts(seed: int, when_: Calendar, subjects: Subjects, staff: Staff) -> Feed:
    """About two firms for three inspectors, in the inspector's own county; later months add a few."""
    rng = random(seed, when_.month, "inspector_conflict")
    who, whom = [], []
    for index in range(len(COUNTIES)):
        people = np.flatnonzero(staff.county == index)
        firms = np.flatnonzero(subjects.active & (subjects.county == index))
        if len(firms):
            chosen = sampled(rng, firms, max(1, len(people) * 2 // (30 if when_.start else 3)))
            whom.append(chosen)
            who.append(rng.choice(people, len(chosen)))
    person, firm = np.concatenate(who), np.concatenate(whom)
    n = len(firm)
    table = pa.table({
        "人员工号": take(staff.inspector, person),
        "统一社会信用代码": picked(subjects, firm)[0],
        "回避类型": pick(rng, n, ("曾任职", "亲属", "原籍", "持股", "其他利害关系"), (4, 4, 2, 1, 1)),
    })  # fmt: skip
    return Feed("inspector_conflict", table, np.full(n, UNIT["XY"]), np.full(n, WEEK_1))


def pairs(rng: np.random.Generator, staff: Staff, county: Ints) -> Any:
    """Two different inspectors of the county for each row, `;`-joined."""
    size = np.bincount(staff.county, minlength=len(COUNTIES))
    start = np.cumsum(size) - size
    first = (rng.random(len(county)) * size[county]).astype(np.int64)
    second = (first + 1 + (rng.random(len(county)) * (size[county] - 1)).astype(np.int64)) % size[county]
    return join(take(staff.inspector, start[county] + first), ";", take(staff.inspector, start[county] + second))
