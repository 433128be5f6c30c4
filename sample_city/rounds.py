"""The earlier draws: who was drawn this year, what the inspections found, what the platform acknowledged.

Counts follow the usual rates of each task, so that the year's draws stand close to their quota; the choice itself is a
plain shuffle, not the draw of the specification. Not here: this month's round.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa

from sample_city import words
from sample_city.columns import (
    Bools,
    Ints,
    choose,
    dates,
    digits,
    join,
    pick,
    random,
    take,
    text,
    when,
    working,
)
from sample_city.departments import COUNTIES, NOT_YET, STOCK, UNIT, WEEK_1, WEEK_4, Calendar, Feed, feed, ready, slots
from sample_city.fields import Memberships
from sample_city.grades import UNGRADED, A, weights_by_grade
from sample_city.people import Staff, pairs
from sample_city.requests import TRIGGERED
from sample_city.subjects import ENTERPRISE, Subjects, picked

CREDIT = ("A", "B", "C", "D", "U")
LEVELS = ("L1", "L2", "L3", "L4")
COMBINED = ((1, 2, 3, 3), (1, 2, 3, 4), (2, 3, 4, 4), (3, 4, 4, 4))  # credit × field grade, U as B


class Task(NamedTuple):
    """A task of the yearly plan: items, field ('' = all), strata with yearly rates, months, whether A is off-site."""

    items: tuple[str, ...]
    field: str
    strata: tuple[str, ...]
    rates: tuple[float, ...]
    months: tuple[int, int]
    rounded_up: bool
    a_off_site: bool


TASKS = {
    "GEN": Task(("A07", "A08"), "", CREDIT, (0.01, 0.03, 0.1, 0.5, 0.03), (3, 11), False, True),
    "FOOD": Task(("B03",), "food_sales", LEVELS, (0.03, 0.03, 0.1, 1), (1, 12), True, False),
    "CATER": Task(("B03",), "catering", LEVELS, (0.03, 0.05, 0.25, 0.5), (1, 12), False, False),
    "EQUIP": Task(("C11",), "special_equipment", ("NONKEY", "KEY"), (0.1, 0.2), (1, 12), True, False),
    "METRO": Task(("C04",), "metrology", CREDIT, (0.1, 0.1, 0.2, 0.6, 0.1), (3, 11), True, True),
    "QUAL": Task(("C12",), "product_quality", CREDIT, (0.1, 0.1, 0.2, 0.6, 0.1), (3, 11), True, True),
}
CODES = tuple(TASKS)
PROBLEM_RATE = (0.085, 0.156, 0.268, 0.418)
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
            rows = np.flatnonzero(subjects.active & (subjects.kind == ENTERPRISE))
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


def expected_visits(subjects: Subjects, population: dict[str, Strata]) -> Any:
    """On-site visits that an ordinary month asks of each county, triggered ones included."""
    total = np.bincount(subjects.county[subjects.active], minlength=len(COUNTIES)) * TRIGGERED
    for code, task in TASKS.items():
        here = population[code]
        rates = np.array(task.rates) / (task.months[1] - task.months[0] + 1)
        if task.a_off_site:
            rates[0] = 0
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
        yearly = np.ceil(sizes * rate) if task.rounded_up else sizes * rate
        first, last = task.months
        phase = rng.random(len(sizes))
        batches = last - first + 1
        for month in months:
            if not first <= month <= last:
                continue
            k = month - first + 1
            begin, end = (np.floor(yearly * j / batches + phase).astype(np.int64) for j in (k - 1, k))
            begin, end = np.minimum(begin, sizes), np.minimum(end, sizes)
            counts = end - begin
            groups = np.repeat(np.arange(len(sizes)), counts)
            within = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
            rows = order[start[groups] + begin[groups] + within]
            parts.append((here.subject[rows], np.full(len(rows), index), here.stratum[rows], np.full(len(rows), month)))
    subject, task_, stratum, month_ = (np.concatenate([p[i] for p in parts]).astype(np.int64) for i in range(4))
    n = len(subject)
    return Draws(subject, task_, stratum, np.full(n, year), month_, rng.random(n) < REPLACED)


def prior_draws(when_: Calendar, subjects: Subjects, draws: Draws) -> Feed:
    """The platform's export of these draws."""
    n = len(draws.subject)
    names = sorted({s for t in TASKS.values() for s in t.strata})
    place = np.array([[names.index(t.strata[min(i, len(t.strata) - 1)]) for i in range(5)] for t in TASKS.values()])
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


def _last_year(seed: int, when_: Calendar, subjects: Subjects, credit: Ints, population: dict[str, Strata]) -> Draws:
    """Inspections of the year before, of the general task alone: history without a draw list."""
    rng = random(seed, when_.month, "last_year")
    here = population["GEN"].subject
    chance = weights_by_grade(credit, (0.01, 0.03, 0.1, 0.5), 0)[here]
    rows = here[(rng.random(len(here)) < chance) & (subjects.founded[here] < when_.first - 700)]
    n = len(rows)
    year = when_.year - (1 if when_.number > 1 else 2)
    zero = np.zeros(n, np.int64)
    return Draws(rows, zero, zero, np.full(n, year), rng.integers(3, 12, n), zero > 0)


def inspections(
    seed: int,
    when_: Calendar,
    start: Calendar,
    subjects: Subjects,
    credit: Ints,
    population: dict[str, Strata],
    draws: Draws,
    staff: Staff,
) -> tuple[Feed, Feed]:
    """Results of these rounds and the platform's acknowledgements; the latest round runs into this month.

    `start`: the city's first month, whose rounds these are; later months bring what was late. Subjects, grades and
    draws are those of the first month.
    """
    rng = random(seed, start.month, "inspection_result")
    before = _last_year(seed, start, subjects, credit, population)
    subject, task, year, month = (
        np.concatenate([getattr(draws, f), getattr(before, f)]) for f in ("subject", "task", "year", "month")
    )
    visited = np.flatnonzero(rng.random(len(subject)) < 0.985)
    subject, task, year, month = subject[visited], task[visited], year[visited], month[visited]
    first = ((year - 1970) * 12 + month - 1).astype("datetime64[M]").astype("datetime64[D]").astype(np.int64)
    # One visit per round and subject, whatever the tasks: the day comes from the subject, not from the task.
    chance = rng.random(subjects.size)[subject]
    chance = (chance + month * 0.618) % 1
    span = np.where(first == first.max(initial=0), 40, 17)
    day = working(first + 9 + (chance * span).astype(np.int64))

    items = [t.items for t in TASKS.values()]
    width = np.array([len(i) for i in items])[task]
    row = np.repeat(np.arange(len(subject)), width)
    which = np.arange(len(row)) - np.repeat(np.cumsum(width) - width, width)
    item_names = sorted({x for t in items for x in t})
    item = np.array([[item_names.index(t[min(i, len(t) - 1)]) for i in range(2)] for t in items])[task[row], which]
    n = len(row)
    who, what, when_done = subject[row], task[row], day[row]
    county = subjects.county[who]
    slot = slots(when_, ready(rng, when_done, county))
    off_site = (credit[who] == A) & np.array([t.a_off_site for t in TASKS.values()])[what]
    problem = rng.random(n) < weights_by_grade(credit, PROBLEM_RATE, 0.2)[who]
    food = np.isin(what, [CODES.index("FOOD"), CODES.index("CATER")])
    general = what == CODES.index("GEN")
    code = np.where(general, choose(rng, n, (0, 5, 2, 1)), np.where(food, 4, 5))
    code = np.where(problem, np.where(rng.random(n) < 0.5, 6, code), 0)
    result = text(["1", "B", "6", "D", "3", "4", "E"], np.where(problem & (code == 0), 1, code))
    published = when_done + rng.integers(4, 26, n)
    received = np.array(when_.sent)[np.maximum(slot, STOCK)]
    pair = pairs(rng, staff, subjects.county[subject])
    uscc, name = picked(subjects, who)
    plan = join("YC-", digits(year[row]), "-", digits(month[row], 2), "-", text(CODES, what))
    table = pa.table({
        "计划编号": plan,
        "抽查任务编号": text(CODES, what),
        "抽查事项编号": text(item_names, item),
        "统一社会信用代码": uscc,
        "企业名称": name,
        "检查主体": text(COUNTIES, county),
        "检查方式": when(off_site, "非现场", "现场"),
        "检查日期": dates(when_done),
        "检查结果代码": result,
        "问题描述": when(problem, text(words.PROBLEMS, rng.integers(0, len(words.PROBLEMS), n)), ""),
        "处理措施": when(problem, text(words.MEASURES, choose(rng, n, (6, 3, 1, 1))), ""),
        "检查人员工号": take(pair, row),
        "公示日期": when(published <= received, dates(published), ""),
    })  # fmt: skip
    results = feed("inspection_result", table, county, slot, formed=when_done)
    acks = _acknowledgements(rng, when_, table, when_done, slot, year[row] == start.year - (start.number == 1))
    return results, acks


def _acknowledgements(
    rng: np.random.Generator, when_: Calendar, table: Any, done: Ints, slot: Ints, this_year: Bools
) -> Feed:
    """Of the results of this year's rounds that have arrived; 1 % rejected, 1 % never acknowledged."""
    answered = done + rng.integers(1, 9, len(done))
    here = this_year & (slot != NOT_YET) & (rng.random(len(done)) < 0.99)
    rows = np.flatnonzero(here & (answered <= when_.last) & (when_.start is None or answered >= when_.first))
    n = len(rows)
    keep = {t: take(table.column(t), rows) for t in ("抽查任务编号", "抽查事项编号", "统一社会信用代码", "检查日期")}
    ack = pa.table({
        "回执编号": join("HZ-", when_.month.replace("-", ""), "-", digits(np.arange(1, n + 1), 6)),
        **keep,
        "回执日期": dates(answered[rows]),
        "回执状态": pick(rng, n, ("已接收", "退回"), (99, 1)),
    })  # fmt: skip
    # An answer to a result of a month before comes with the month's last export too.
    sent = np.where((answered[rows] <= when_.sent[STOCK]) & (when_.start is None), STOCK, WEEK_4)
    return Feed("acknowledgement", ack, np.full(n, UNIT["SJ-PT"]), sent)
