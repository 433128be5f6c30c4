"""`generate`: one month of a city, written as its departments would deliver it.

Here: the order in which the parts are made and handed to the files. Not here: any of the parts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from sample_city import evidence, fields, grades, people, records, requests, rounds, subjects
from sample_city.columns import random
from sample_city.defects import Mark, Planted, Planter, write_truth
from sample_city.departments import (
    EARLIER,
    UNIT,
    UNITS,
    WEEK_1,
    WEEK_2,
    Calendar,
    CityError,
    Feed,
    Places,
    calendar_of,
    code_list,
    places,
    unit_name,
)
from sample_city.files import SHEET, Outbox, dressed, write
from sample_city.layouts import layout

DEFAULT_ENTERPRISES = 60_000
FEWEST, MOST = 100, 2_000_000
DELAYED = ("CY", WEEK_2)
Progress = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Summary:
    """What was written: delivery ids, rows by source, enterprises in the register, remarks in Chinese."""

    deliveries: tuple[str, ...]
    rows: dict[str, int]
    enterprises: int
    notes: tuple[str, ...]


def generate(
    month: str,
    out: Path,
    *,
    enterprises: int | None = None,
    registry: Path | None = None,
    seed: int = 20260,
    defects: float = 0.0,
    codes: Path,
    progress: Progress | None = None,
) -> Summary:
    """Write the month's deliveries below `out`, one folder each; the same arguments give the same bytes.

    `enterprises`: default 60,000, with `registry` (CSV or CSV.gz of real rows) all its rows. `codes`: the folder of code
    lists. `defects`: share of rows spoiled, listed in `truth.json` beside `out`. Raises CityError (one Chinese sentence)
    for arguments, files or folders that cannot be used; nothing is written then.
    """
    when = calendar_of(month)
    if not 0 <= defects <= 0.2:
        raise CityError(f"缺陷比例 {defects} 应在 0 到 0.2 之间，请改正 --defects")
    if seed < 0:
        raise CityError(f"随机种子 {seed} 不得为负，请改正 --seed")
    if enterprises is not None and not (1 if registry else FEWEST) <= enterprises <= MOST:
        raise CityError(f"企业数 {enterprises} 应在 {FEWEST} 到 {MOST} 之间，请改正 --enterprises")
    where = places(codes)
    reasons = code_list(codes, "abnormal_list_reasons.csv")
    real = subjects.read_registry(registry, enterprises) if registry else None
    rng = random(seed, month, "defects")
    delayed = frozenset({(UNIT[DELAYED[0]], DELAYED[1])} if defects else ())
    box = Outbox(out, when, where, "real" if real else "generated", delayed)
    box.refuse_if_taken()
    tell: Progress = progress or (lambda _: None)

    tell("生成市场主体")
    people_of = (
        subjects.real(seed, when, where, real)
        if real
        else subjects.invented(seed, when, where, enterprises or DEFAULT_ENTERPRISES)
    )
    if not people_of.active.any():
        raise CityError("登记数据中没有一户可认定在本市十四个单位辖区内，无法生成其余数据，请检查 --registry")
    planter = Planter(rng, defects) if defects else None
    rows: dict[str, int] = {}
    planted: list[Planted] = []
    for feed in _feeds(seed, when, where, people_of, reasons):
        tell(f"写出 {feed.source}：{feed.table.num_rows} 行")
        spoil = planter if not (real and feed.source == "register") else None
        rows[feed.source] = rows.get(feed.source, 0) + _deliver(box, feed, spoil, planted)
    deliveries = box.close()
    if defects:
        planted += [
            Planted(box.delivery_id(*key), None, None, None, None, "late_delivery", None)
            for key in delayed
            if box.delivery_id(*key) in deliveries
        ]
        write_truth(out.parent / "truth.json", planted)
    return Summary(
        deliveries, rows, int((people_of.kind == subjects.ENTERPRISE).sum()), _notes(people_of, len(planted))
    )


def _notes(people_of: subjects.Subjects, faults: int) -> tuple[str, ...]:
    notes = [
        "登记数据为真实公开数据，原样送达；等级、许可、处罚等其余数据均为生成"
        if people_of.real
        else "全部数据均为生成，与真实企业无关"
    ]
    if people_of.real:
        notes.append(f"只为能认定在本市的 {int(people_of.active.sum())} 户生成其余数据，共 {people_of.size} 行登记")
    if faults:
        notes.append(f"埋入 {faults} 处缺陷，清单见 truth.json")
    return tuple(notes)


def _feeds(
    seed: int, when: Calendar, where: Places, who: subjects.Subjects, reasons: list[dict[str, str]]
) -> Iterator[Feed]:
    """Every source, one after the other, so that only one is in memory."""
    credit = grades.current(seed, when, who)
    members = fields.memberships(seed, when, who, credit)
    population = rounds.strata(who, credit, members)
    staff = people.roster(seed, when, rounds.expected_visits(who, population))

    yield _whole("register", who.register, "DA", WEEK_1)
    earlier = grades.before(seed, when, who, credit)
    first = int(np.datetime64(when.previous, "D").astype(np.int64))
    yield _whole("grade_snapshot", grades.snapshot(who, earlier, when.previous, first), "SJ-PT", EARLIER)
    yield _whole("grade_snapshot", grades.snapshot(who, credit, when.month, when.first), "SJ-PT", WEEK_1)
    yield records.licences(seed, when, where, who, members)
    penalty, fined = records.penalties(seed, when, where, who, credit)
    yield penalty
    abnormal, listed = records.abnormal_listings(seed, when, where, who, credit, reasons)
    yield abnormal
    serious, named = records.serious_violations(seed, when, where, who, credit)
    yield serious
    draws = rounds.earlier_draws(seed, when, who, population)
    results, acks = rounds.inspections(seed, when, who, credit, population, draws, staff)
    yield results
    yield acks
    yield rounds.prior_draws(when, who, draws)
    yield fields.field_records(seed, when, who, members)
    yield requests.triggers(seed, when, who, credit)
    yield requests.commitments(seed, when, where, who)
    yield requests.repairs(seed, when, where, who, (fined, listed, named))
    yield staff.feed
    yield people.conflicts(seed, when, who, staff)
    yield evidence.task_evidence(seed, when, where, {code: unit_name(code, where) for code in UNITS})


def _whole(source: str, table: Any, unit: str, slot: int) -> Feed:
    n = table.num_rows
    return Feed(source, table, np.full(n, UNIT[unit]), np.full(n, slot))


def _deliver(box: Outbox, feed: Feed, planter: Planter | None, planted: list[Planted]) -> int:
    """Split the rows by delivery and write each file; the number of rows written."""
    key = feed.unit * 16 + feed.slot
    order = np.argsort(key, kind="stable")
    bounds = np.flatnonzero(np.r_[True, np.diff(key[order]) != 0, True]) if len(key) else np.zeros(1, np.int64)
    total = 0
    for start, end in pairwise(bounds):
        unit, slot = divmod(int(key[order[start]]), 16)
        how = layout(feed.source, UNITS[unit], len(key))
        whole = end - start == len(key)
        table = feed.table if whole else feed.table.take(pa.array(order[start:end]))
        marks: list[Mark] = []
        if planter:
            table, marks = planter.spoil(feed.source, table)
        path = box.folder(unit, slot) / f"{feed.source}.{how.kind}"
        for row, fault, pair in marks:
            planted.append(
                Planted(
                    box.delivery_id(unit, slot), path.name, feed.source, SHEET if how.kind == "xlsx" else None,
                    how.first_row + row, fault.kind, fault.column or None, None if pair is None else how.first_row + pair,
                )
            )  # fmt: skip
        write(path, dressed(table, feed.source, how), feed.source, how)
        box.add(unit, slot, path, feed.source, table.num_rows)
        total += table.num_rows
    return total
