"""The earlier draws: who was drawn this year before the city's first month.

Counts follow the usual rates of each task, so that the year's draws stand close to their quota; the choice itself is a
plain shuffle, not the draw of the specification. Not here: the rates (tasks), this month's round, what the inspections
found (inspections).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from sample_city.columns import Bools, Ints, digits, join, random, text, when
from sample_city.departments import COUNTIES, UNIT, WEEK_1, Calendar, Feed
from sample_city.fields import Memberships
from sample_city.grades import UNGRADED, weights_by_grade
from sample_city.requests import TRIGGERED
from sample_city.subjects import ENTERPRISE, Subjects, picked
from sample_city.tasks import CODES, COMBINED, CREDIT, LEVELS, STRATUM_NAMES, TASKS

REPLACED = 0.01


@dataclass(frozen=True, slots=True)
class Strata:
    """Who is in a task: rows of subjects and index of the stratum."""

    subject: Ints
    stratum: Ints


def strata(subjects: Subjects, credit: Ints, members: Memberships) -> dict[str, Strata]:
    """The population of each task by stratum, enterprises only."""
    letter = np.where(credit == UNGRADED, 4, credit)
    found = {}
    for code, task in TASKS.items():
        if not task.field:
            rows = np.flatnonzero(subjects.active & (subjects.kind == ENTERPRISE) & _of(subjects, task.industries))
            found[code] = Strata(rows, letter[rows])
            continue
        of = members.of(task.field)
        of = of[subjects.kind[members.subject[of]] == ENTERPRISE]
        rows = members.subject[of]
        if task.strata == CREDIT:
            found[code] = Strata(rows, letter[rows])
        elif task.strata == LEVELS:
            levels = np.array(COMBINED)[np.where(letter == 4, 1, letter)[rows], members.grade[of]]
            found[code] = Strata(rows, levels - 1)
        else:
            found[code] = Strata(rows, members.key[of].astype(np.int64))
    return found


def _of(subjects: Subjects, industries: tuple[str, ...]) -> Bools:
    """Who is in one of these industries; all where none is named, nobody of a register without industry codes."""
    if not industries:
        return np.ones(subjects.size, bool)
    matches = pc.match_substring_regex(subjects.register.column("行业代码"), f"^({'|'.join(industries)})")
    found: Bools = np.asarray(pc.fill_null(matches, False).to_numpy(), bool)
    return found


def expected_visits(subjects: Subjects, population: dict[str, Strata]) -> Any:
    """On-site visits that an ordinary month asks of each county, triggered ones included."""
    total = np.bincount(subjects.county[subjects.active], minlength=len(COUNTIES)) * TRIGGERED
    for code, task in TASKS.items():
        here = population[code]
        rates = np.array(task.rates) / (task.months[1] - task.months[0] + 1)
        rates[[name in task.off_site for name in task.strata]] = 0
        total += np.bincount(subjects.county[here.subject], rates[here.stratum], minlength=len(COUNTIES))
    return total


@dataclass(frozen=True, slots=True)
class Draws:
    """Drawn subjects of the earlier rounds of the year, one row per round, task and subject."""

    subject: Ints
    task: Ints
    stratum: Ints
    year: Ints
    month: Ints
    replacement: Bools


def earlier_draws(seed: int, when_: Calendar, subjects: Subjects, population: dict[str, Strata]) -> Draws:
    """The rounds of this year before this month; in January the round of December."""
    rng = random(seed, when_.month, "prior_draw")
    luck = rng.random(subjects.size)  # one number per subject, so that tasks overlap in the same firms
    year, months = (when_.year, range(1, when_.number)) if when_.number > 1 else (when_.year - 1, range(12, 13))
    parts: list[tuple[Ints, Ints, Ints, Ints]] = []
    for index, (code, task) in enumerate(TASKS.items()):
        here = population[code]
        group = subjects.county[here.subject] * len(task.strata) + here.stratum
        order = np.lexsort((luck[here.subject], group))
        sizes = np.bincount(group, minlength=len(COUNTIES) * len(task.strata))
        start = np.cumsum(sizes) - sizes
        rate = np.array(task.rates)[np.arange(len(sizes)) % len(task.strata)]
        least = np.array([task.at_least.get(name, -1) for name in task.strata])[
            np.arange(len(sizes)) % len(task.strata)
        ]
        yearly = np.where(least >= 0, np.maximum(np.ceil(sizes * rate), np.minimum(least, sizes)), sizes * rate)
        first, last = task.months
        phase = rng.random(len(sizes))
        batches = last - first + 1
        for month in months:
            if not first <= month <= last:
                continue
            k = month - first + 1
            begin, end = (np.floor(yearly * j / batches + phase).astype(np.int64) for j in (k - 1, k))
            once = rate <= 1  # others come round again
            begin, end = (np.where(once, np.minimum(x, sizes), x) for x in (begin, end))
            counts = np.minimum(end - begin, sizes)
            groups = np.repeat(np.arange(len(sizes)), counts)
            within = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
            rows = order[start[groups] + (begin[groups] + within) % sizes[groups]]
            parts.append((here.subject[rows], np.full(len(rows), index), here.stratum[rows], np.full(len(rows), month)))
    subject, task_, stratum, month_ = (np.concatenate([p[i] for p in parts]).astype(np.int64) for i in range(4))
    n = len(subject)
    return Draws(subject, task_, stratum, np.full(n, year), month_, rng.random(n) < REPLACED)


def prior_draws(when_: Calendar, subjects: Subjects, draws: Draws) -> Feed:
    """The platform's export of these draws."""
    n = len(draws.subject)
    names = sorted({name for of_task in STRATUM_NAMES for name in of_task})
    place = np.array([[names.index(name) for name in of_task] for of_task in STRATUM_NAMES])
    label = join(digits(draws.year), "-", digits(draws.month, 2))
    table = pa.table({
        "批次编号": join("YC-", label),
        "抽取月份": label,
        "抽查任务编号": text(CODES, draws.task),
        "统一社会信用代码": picked(subjects, draws.subject)[0],
        "属地": text(COUNTIES, subjects.county[draws.subject]),
        "监管档次": text(names, place[draws.task, draws.stratum]),
        "是否补抽": when(draws.replacement, "是", "否"),
    })  # fmt: skip
    return Feed("prior_draw", table, np.full(n, UNIT["SJ-PT"]), np.full(n, WEEK_1))


def last_year(seed: int, when_: Calendar, subjects: Subjects, credit: Ints, population: dict[str, Strata]) -> Draws:
    """Inspections of the year before, of the general task alone: history without a draw list."""
    rng = random(seed, when_.month, "last_year")
    here = population["GEN"].subject
    chance = weights_by_grade(credit, (0.01, 0.03, 0.1, 0.5), 0)[here]
    rows = here[(rng.random(len(here)) < chance) & (subjects.founded[here] < when_.first - 700)]
    n = len(rows)
    year = when_.year - (1 if when_.number > 1 else 2)
    zero = np.zeros(n, np.int64)
    stratum = np.where(credit[rows] == UNGRADED, CREDIT.index("U"), credit[rows])
    return Draws(rows, zero, stratum, np.full(n, year), rng.integers(3, 12, n), zero > 0)
