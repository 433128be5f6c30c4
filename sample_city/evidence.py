"""Evidence of the offices' tasks (任务编号 as in the notice's register): plans, bodies, mechanisms, meetings, training,
publicity, disposals of reminders, returns of results.

Two units are deliberately behind: one county handed its plan in late and has no mechanism, one has no training this year.
Not here: judging who is behind.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pyarrow as pa

from sample_city.columns import Ints, dates, day, random, text
from sample_city.departments import COUNTIES, UNIT, WEEK_3, Calendar, Feed, Places
from sample_city.domains import FIELDS
from sample_city.reminded import TASK, reports

NO_MECHANISM, NO_TRAINING = "140828", "140826"
SECTIONS = (
    "ZFJC", "XY", "XB", "FLD", "WJ", "GG", "TSSB", "TSSPHZP", "YLQX", "YPLT", "SP-SC", "SP-LT", "CY", "SPCJ", "JL", "BZ",
    "RZ", "ZSBH", "ZSYY", "JJ",
)  # fmt: skip
NO_FIELD_MECHANISM = ("metrology",)


class Piece(NamedTuple):
    """One piece of evidence."""

    task: str
    unit: str
    kind: str
    on: int
    title: str
    headcount: int | None = None
    hours: str | None = None
    field: str | None = None
    with_: str | None = None
    about: str | None = None
    records: int | None = None


def _of_county(rng: np.random.Generator, when: Calendar, unit: str, name: str) -> list[Piece]:
    plan = day(dt.date(2022, 5, 16)) + int(rng.integers(0, 15))
    if unit == NO_MECHANISM:
        plan = day(dt.date(2022, 6, 13))
    pieces = [
        Piece("T7.1", unit, "工作方案", plan, f"{name}推进企业信用风险分类管理工作方案"),
        Piece("T7.2", unit, "领导机构", plan + 3, f"关于成立{name}信用风险分类管理工作领导小组的通知"),
    ]
    if unit != NO_MECHANISM:
        pieces.append(Piece("T7.3", unit, "工作机制", plan + 30, f"{name}企业信用风险分类管理工作机制"))
    return pieces + _plan_of_year(rng, when, unit, name) + _yearly(rng, when, unit, name)


def _plan_of_year(rng: np.random.Generator, when: Calendar, unit: str, name: str) -> list[Piece]:
    if when.number < 5:
        return []
    on = day(dt.date(when.year, 4, 1)) + int(rng.integers(0, 28))
    return [Piece("T7.1", unit, "工作方案", on, f"{name}{when.year}年企业信用风险分类管理工作方案")]


def _monthly(rng: np.random.Generator, when: Calendar, unit: str, name: str) -> list[Piece]:
    """A county unit's month: results returned per task, now and then a meeting."""
    pieces = []
    for task in ("GEN", "FOOD", "CATER"):
        title = f"{name}{when.month}{task}检查结果回传清单"
        on = when.first + int(rng.integers(2, 14))
        pieces.append(Piece("T6.2", unit, "结果回传", on, title, about=task, records=int(rng.integers(1, 40))))
    if rng.random() < 0.15:
        on = when.first + int(rng.integers(2, 14))
        pieces.append(
            Piece("T7.3", unit, "专题会议", on, f"{name}{when.month}信用监管专题会议纪要", with_=f"{unit};XY")
        )
    return pieces


def _yearly(rng: np.random.Generator, when: Calendar, unit: str, name: str) -> list[Piece]:
    """Trainings, publicity and meetings of this year, held before the third delivery."""
    start = day(dt.date(when.year, 1, 6))
    span = max(1, when.sent[WEEK_3] - start)

    def sometime() -> int:
        return start + int(rng.integers(0, span))

    people = int(rng.integers(12, 80))
    pieces = []
    if unit != NO_TRAINING:
        pieces.append(Piece("T7.4", unit, "培训", sometime(), f"{name}信用风险分类管理业务培训", people, "3"))
    if rng.random() < 0.85:
        pieces.append(Piece("T8.2", unit, "信息安全培训", sometime(), f"{name}信息安全与保密培训", people, "1.5"))
    if rng.random() < 0.6:
        pieces.append(Piece("T7.5", unit, "宣传", sometime(), f"{name}信用监管典型做法宣传"))
    if rng.random() < 0.4:
        pieces.append(Piece("T7.3", unit, "会议", sometime(), f"{name}信用监管专题会议纪要", with_=f"{unit};XY"))
    return pieces


def task_evidence(seed: int, when: Calendar, where: Places, names: dict[str, str], home: Path) -> Feed:
    """Of the county units (each sends its own) and of the sections (sent by 信用科). `names`: of the units by code;
    `home`: where last month's workbook of reminders lies, if there was one.

    A city's first month brings all that was formed before its third delivery, a later one what has come since.
    """
    rng = random(seed, when.month, "task_evidence")
    pieces = _so_far(rng, when, names) if when.start is None else _since(rng, when, names)
    told = random(seed, when.month, "reminders")
    for report in reports(told, when, names, home):
        pieces.append(Piece(TASK, report.unit, report.kind, report.on, report.title, about=report.number))
    pieces = [p for p in pieces if p.on < when.sent[WEEK_3]]
    month = when.month.replace("-", "")
    table = pa.table({
        "佐证编号": [f"ZZ-{p.unit}-{month}-{i:04d}" for i, p in enumerate(pieces, 1)],
        "任务编号": [p.task for p in pieces],
        "单位代码": [p.unit for p in pieces],
        "佐证类型": [p.kind for p in pieces],
        "形成日期": dates(_ints([p.on for p in pieces])),
        "标题": [p.title for p in pieces],
        "文件摘要": [hashlib.sha256(f"{seed}|{month}|{i}|{p.title}".encode()).hexdigest() for i, p in enumerate(pieces)],
        "人数": text([None if p.headcount is None else str(p.headcount) for p in pieces]),
        "学时": text([p.hours for p in pieces]),
        "专业领域": text([p.field for p in pieces]),
        "参加单位": text([p.with_ for p in pieces]),
        "关联编号": text([p.about for p in pieces]),
        "记录条数": text([None if p.records is None else str(p.records) for p in pieces]),
    })  # fmt: skip
    unit_ = _ints([UNIT[p.unit] if p.unit in COUNTIES else UNIT["XY"] for p in pieces])
    return Feed("task_evidence", table, unit_, np.full(len(pieces), WEEK_3))


def _so_far(rng: np.random.Generator, when: Calendar, names: dict[str, str]) -> list[Piece]:
    pieces: list[Piece] = []
    for unit in COUNTIES:
        pieces += _of_county(rng, when, unit, names[unit]) + _monthly(rng, when, unit, names[unit])
    for unit in SECTIONS:
        pieces += _yearly(rng, when, unit, names[unit])
        if rng.random() < 0.8:
            on = day(dt.date(2022, 9, 1)) + int(rng.integers(0, 60))
            pieces.append(Piece("T7.3", unit, "工作机制", on, f"{names[unit]}企业分级分类监管工作机制"))
    for code, field in FIELDS.items():
        if code not in NO_FIELD_MECHANISM:
            on = day(dt.date(2023, 6, 1)) + int(rng.integers(0, 180))
            title = f"{field.name}领域企业分级分类监管办法"
            pieces.append(Piece("T7.3", field.unit, "工作机制", on, title, field=field.name))
    return pieces


def _since(rng: np.random.Generator, when: Calendar, names: dict[str, str]) -> list[Piece]:
    pieces: list[Piece] = []
    for unit in COUNTIES:
        pieces += _monthly(rng, when, unit, names[unit])
        pieces += _plan_of_year(rng, when, unit, names[unit]) if when.number == 5 else []
    for unit in (*COUNTIES, *SECTIONS):
        pieces += _yearly(rng, when, unit, names[unit]) if when.number == 1 else []
    return pieces


def _ints(values: list[int]) -> Ints:
    return np.array(values, np.int64)
