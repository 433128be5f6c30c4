"""What the inspections found and what the platform acknowledged: of the earlier draws and of our own drawn rounds.

Each round's inspections are drawn once, by that round's own numbers, so that a later month brings only what was late.
Not here: who was drawn before the city's first month (rounds), reading a drawn round (drawn).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from sample_city import words
from sample_city.columns import Bools, Ints, choose, dates, digits, join, random, take, text, when, working
from sample_city.departments import COUNTIES, NOT_YET, STOCK, UNIT, WEEK_4, Calendar, Feed, feed, ready, slots
from sample_city.grades import weights_by_grade
from sample_city.people import Staff, pairs
from sample_city.rounds import Draws, Strata, last_year
from sample_city.subjects import Subjects, picked
from sample_city.tasks import CODES, ITEMS, OFF_SITE, TASKS

PROBLEM_RATE = (0.085, 0.156, 0.268, 0.418)
VISITED = 0.985
NOT_FOUND = 0.01
RESULTS = ("1", "B", "6", "D", "3", "4", "E")
FOOD, QUALITY = {"FOOD", "CATER", "FPROD", "MEDEV"}, {"EQUIP", "METRO", "QUAL", "TEST", "CERT"}
_USUAL = np.array([4 if c in FOOD else 5 if c in QUALITY else 3 for c in CODES])  # the result where there is a problem
_WIDTH = np.array([len(t.items) for t in TASKS.values()])
_ITEM = np.array([[ITEMS.index(t.items[min(i, len(t.items) - 1)]) for i in range(2)] for t in TASKS.values()])


@dataclass(frozen=True, slots=True)
class Visits:
    """One row per subject and task inspected: rows of `subjects`, index of the task, the plan it belongs to, the day."""

    subject: Ints
    task: Ints
    plan: Any
    day: Ints
    off_site: Bools
    inspectors: Any


@dataclass(frozen=True, slots=True)
class Found:
    """Results as rows of the delivered table, with county, slot and day of each, and when the platform answers."""

    table: Any
    county: Ints
    slot: Ints
    done: Ints
    answered: Ints


def of_earlier_draws(
    seed: int,
    when_: Calendar,
    start: Calendar,
    subjects: Subjects,
    credit: Ints,
    population: dict[str, Strata],
    draws: Draws,
    staff: Staff,
) -> Found:
    """Of the rounds before the city's first month; the latest runs into it.

    `start`: the first month, of which subjects, grades and draws are.
    """
    rng = random(seed, start.month, "inspection_result")
    before = last_year(seed, start, subjects, credit, population)
    subject, task, stratum, year, month = (
        np.concatenate([getattr(draws, f), getattr(before, f)]) for f in ("subject", "task", "stratum", "year", "month")
    )
    visited = np.flatnonzero(rng.random(len(subject)) < VISITED)
    subject, task, stratum, year, month = (x[visited] for x in (subject, task, stratum, year, month))
    first = ((year - 1970) * 12 + month - 1).astype("datetime64[M]").astype("datetime64[D]").astype(np.int64)
    # One visit per round and subject, whatever the tasks: the day comes from the subject, not from the task.
    chance = (rng.random(subjects.size)[subject] + month * 0.618) % 1
    span = np.where(first == first.max(initial=0), 40, 17)
    day = working(first + 9 + (chance * span).astype(np.int64))
    plan = join("YC-", digits(year), "-", digits(month, 2), "-", text(CODES, task))
    off_site = np.array(OFF_SITE)[task, stratum]
    visits = Visits(subject, task, plan, day, off_site, pairs(rng, staff, subjects.county[subject]))
    this_year = year == start.year - (start.number == 1)
    return found(rng, when_, subjects, credit, visits, this_year, np.full(subjects.size, False), 0)


def found(
    rng: np.random.Generator,
    when_: Calendar,
    subjects: Subjects,
    credit: Ints,
    visits: Visits,
    answered: Bools,
    gone: Bools,
    since: int,
) -> Found:
    """The results of these visits, a row per item. `answered`: visits that the platform acknowledges; `gone`: subjects
    of whom nobody is found; `since`: the day before which nothing can have been sent."""
    width = _WIDTH[visits.task]
    row = np.repeat(np.arange(len(visits.subject)), width)
    which = np.arange(len(row)) - np.repeat(np.cumsum(width) - width, width)
    who, what, done = visits.subject[row], visits.task[row], visits.day[row]
    n = len(row)
    county = subjects.county[who]
    slot = slots(when_, np.maximum(ready(rng, done, county), since))
    problem = rng.random(n) < weights_by_grade(credit, PROBLEM_RATE, 0.2)[who]
    code = np.where(what == CODES.index("GEN"), choose(rng, n, (0, 5, 2, 1)), _USUAL[what])
    code = np.where(problem, np.where(rng.random(n) < 0.5, 6, code), 0)
    absent = gone[who] & ~visits.off_site[row]
    problem = problem & ~absent
    published = done + rng.integers(4, 26, n)
    received = np.array(when_.sent)[np.maximum(slot, STOCK)]
    uscc, name = picked(subjects, who)
    table = pa.table({
        "计划编号": take(visits.plan, row),
        "抽查任务编号": text(CODES, what),
        "抽查事项编号": text(ITEMS, _ITEM[what, which]),
        "统一社会信用代码": uscc,
        "企业名称": name,
        "检查主体": text(COUNTIES, county),
        "检查方式": when(visits.off_site[row], "非现场", "现场"),
        "检查日期": dates(done),
        "检查结果代码": text(RESULTS, np.where(absent, 2, code)),
        "问题描述": when(
            absent, words.ABSENT, when(problem, text(words.PROBLEMS, rng.integers(0, len(words.PROBLEMS), n)), "")
        ),
        "处理措施": when(problem, text(words.MEASURES, choose(rng, n, (6, 3, 1, 1))), ""),
        "检查人员工号": take(visits.inspectors, row),
        "公示日期": when(published <= received, dates(published), ""),
    })  # fmt: skip
    reply = np.where(answered[row] & (rng.random(n) < 0.99), done + rng.integers(1, 9, n), -1)
    return Found(table, county, slot, done, np.where(slot == NOT_YET, -1, reply))


def feeds(seed: int, when_: Calendar, parts: Sequence[Found], aside: Sequence[Found] = ()) -> tuple[Feed, Feed]:
    """The results that arrive, and the platform's acknowledgements: 1 % rejected, 1 % never come.

    `aside`: results that come another way; the platform answers for them all the same.
    """
    table = pa.concat_tables([part.table for part in parts])
    county, slot, done = (
        np.concatenate([getattr(part, name) for part in parts]) for name in ("county", "slot", "done")
    )
    results = feed("inspection_result", table, county, slot, formed=done)
    table = pa.concat_tables([table, *(part.table for part in aside)])
    answered = np.concatenate([part.answered for part in (*parts, *aside)])
    earliest = 0 if when_.start is None else when_.first
    rows = np.flatnonzero((answered >= earliest) & (answered <= when_.last))
    n = len(rows)
    keep = {t: take(table.column(t), rows) for t in ("抽查任务编号", "抽查事项编号", "统一社会信用代码", "检查日期")}
    rng = random(seed, when_.month, "acknowledgement")
    refused = choose(rng, n, (99, 1))
    ack = pa.table({
        "回执编号": join("HZ-", when_.month.replace("-", ""), "-", digits(np.arange(1, n + 1), 6)),
        **keep,
        "回执日期": dates(answered[rows]),
        "回执状态": text(("已接收", "退回"), refused),
        "退回原因": when(refused == 1, text(words.REJECTIONS, rng.integers(0, len(words.REJECTIONS), n)), ""),
    })  # fmt: skip
    # An answer to a result of a month before comes with the month's last export too.
    sent = np.where((answered[rows] <= when_.sent[STOCK]) & (when_.start is None), STOCK, WEEK_4)
    return results, Feed("acknowledgement", ack, np.full(n, UNIT["SJ-PT"]), sent)
