"""The province's A/B/C/D grades of the sample, and the two monthly snapshots that bring them.

Here only: invented grades. The pipeline itself never writes or guesses one. Shares A 73.2, B 18.7, C 5.2, D 2.9 %.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa

from sample_city.columns import Ints, choose, dates, random, same, text
from sample_city.departments import Calendar
from sample_city.subjects import DEREGISTERED, ENTERPRISE, LIVE, NEW_DAYS, Subjects, picked

A, B, C, D = range(4)
UNGRADED = -1
LETTERS = ("A", "B", "C", "D")
SHARES = (0.732, 0.187, 0.052, 0.029)
MIGRATED = 0.03
LAG = 41  # days since the first of the month before, at least, for a firm to be in that month's snapshot


def current(seed: int, when: Calendar, subjects: Subjects) -> Ints:
    """Grade of each subject this month, UNGRADED for those the snapshot does not hold.

    Not held: other kinds than enterprises, subjects without a right code, the youngest, a fifth of the
    branches, most of those struck off.
    """
    rng = random(seed, when.month, "grades")
    n = subjects.size
    grade = choose(rng, n, SHARES)
    held = subjects.coded & (subjects.kind == ENTERPRISE)
    held &= subjects.founded < when.first - NEW_DAYS
    held &= ~(subjects.branch & (rng.random(n) < 0.2))
    held &= (subjects.state == LIVE) | ((subjects.state == DEREGISTERED) & (rng.random(n) < 0.1))
    return np.where(held, grade, UNGRADED)


def before(seed: int, when: Calendar, subjects: Subjects, grade: Ints) -> Ints:
    """Grade of each subject the month before: 3 % differ, one step mostly."""
    rng = random(seed, when.month, "migration")
    n = subjects.size
    step = np.where(rng.random(n) < 0.5, 1, -1) * np.where(rng.random(n) < 0.06, 2, 1)
    moved = np.clip(grade + step, A, D)
    earlier = np.where(rng.random(n) < MIGRATED * 1.6, moved, grade)  # A step below A or above D moves nothing.
    return np.where((grade != UNGRADED) & (subjects.founded < when.first - LAG), earlier, UNGRADED)


def next_month(seed: int, when: Calendar, subjects: Subjects, earlier: Ints) -> Ints:
    """Grades a month on: 3 % differ, those who were too young get their first, those struck off lose theirs."""
    rng = random(seed, when.month, "migration")
    n = subjects.size
    first = current(seed, when, subjects)
    step = np.where(rng.random(n) < 0.5, 1, -1) * np.where(rng.random(n) < 0.06, 2, 1)
    held = np.r_[earlier, np.full(n - len(earlier), UNGRADED)]
    moved = np.where(rng.random(n) < MIGRATED * 1.6, np.clip(held + step, A, D), held)
    due = (held == UNGRADED) & (subjects.state == LIVE) & ~subjects.branch
    return np.where(held != UNGRADED, np.where(subjects.state == LIVE, moved, UNGRADED), np.where(due, first, UNGRADED))


def snapshot(subjects: Subjects, grade: Ints, month: str, graded_on: int) -> Any:
    """The snapshot table of one month."""
    rows = np.flatnonzero(grade != UNGRADED)
    uscc, name = picked(subjects, rows)
    return pa.table({
        "快照月份": same(month, len(rows)),
        "统一社会信用代码": uscc,
        "企业名称": name,
        "信用风险等级": text(LETTERS, grade[rows]),
        "分类日期": dates(np.full(len(rows), graded_on)),
    })  # fmt: skip


def weights_by_grade(credit: Ints, weights: tuple[float, float, float, float], ungraded: float) -> Any:
    """A weight for each subject from its grade."""
    return np.where(credit == UNGRADED, ungraded, np.array(weights)[np.maximum(credit, 0)])
