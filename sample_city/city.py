"""`generate`: one month of a city, written as its departments would deliver it.

Here: the order in which the parts are made and handed to the files, and whether a month goes on where another ended.
Not here: any of the parts.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from sample_city import (
    canaries,
    drawn,
    evidence,
    fields,
    grades,
    inspections,
    people,
    personnel,
    records,
    requests,
    returns,
    rounds,
    streams,
    subjects,
)
from sample_city.columns import Bools, Ints, random
from sample_city.controls import Counted
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
from sample_city.files import Outbox, dressed, write
from sample_city.layouts import layout
from sample_city.mishaps import Mishaps
from sample_city.oddities import Known, known, oddly
from sample_city.stretches import HISTORY, Stretch

DEFAULT_ENTERPRISES = 60_000
FEWEST, MOST = 100, 2_000_000
DELAYED = ("CY", WEEK_2)
STORY = "city.json"  # beside the deliveries: of which city they are, so that a later month goes on with it
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
    lists. `defects`: share of rows spoiled, listed in `truth.json` beside `out`. Where `out` holds the month before of the
    same city (`city.json` beside it), the month goes on with it: the same firms, what is new since, and where `bundles/`
    beside it holds drawn rounds of those months, what their inspections found; `outbox/`: what became of the reminders. Raises CityError
    (one Chinese sentence) for arguments, files or folders that cannot be used; nothing is written then.
    """
    calendar_of(month)
    if not 0 <= defects <= 0.2:
        raise CityError(f"缺陷比例 {defects} 应在 0 到 0.2 之间，请改正 --defects")
    if seed < 0:
        raise CityError(f"随机种子 {seed} 不得为负，请改正 --seed")
    if enterprises is not None and not (1 if registry else FEWEST) <= enterprises <= MOST:
        raise CityError(f"企业数 {enterprises} 应在 {FEWEST} 到 {MOST} 之间，请改正 --enterprises")
    where = places(codes)
    lists = {name: code_list(codes, f"{name}.csv") for name in ("abnormal_list_reasons", "departments")}
    real = subjects.read_registry(registry, enterprises) if registry else None
    told = _story(out, month, seed, enterprises, real)
    when = calendar_of(month, told["first_month"])
    rng = random(seed, month, "defects")
    delayed = frozenset({(UNIT[DELAYED[0]], DELAYED[1])} if defects else ())
    box = Outbox(out, when, where, "real" if real else "generated", delayed)
    box.refuse_if_taken()
    tell: Progress = progress or (lambda _: None)

    tell("生成市场主体")
    stretches = _stretches(seed, when, where, real, told["enterprises"])
    people_of = stretches[-1].who
    if not people_of.active.any():
        raise CityError("登记数据中没有一户可认定在本市十四个单位辖区内，无法生成其余数据，请检查 --registry")
    firms = known(seed, stretches[0].when, stretches[0].who, people_of)
    planter = Planter(rng, defects, firms.shared) if defects else None
    mishaps = Mishaps.none_yet()
    rows: dict[str, int] = {}
    planted: list[Planted] = []
    for feed in _feeds(seed, when, where, stretches, lists, firms, out.parent):
        tell(f"写出 {feed.source}：{feed.table.num_rows} 行")
        sent = mishaps.watch(canaries.planted(oddly(feed, firms)))
        spoil = planter if not (real and feed.source == "register") else None
        rows[feed.source] = rows.get(feed.source, 0) + _deliver(box, sent, spoil, planted)
        planted += [
            Planted(
                None, None, feed.source, None, None, "missing_number", None, unit_code=UNITS[u], document_number=number
            )
            for u, number in feed.lost
        ]
    planted += mishaps.send(box, faulty=bool(defects))
    deliveries = box.close()
    if defects:
        planted += [
            Planted(box.delivery_id(*key), None, None, None, None, "late_delivery", None)
            for key in delayed
            if box.delivery_id(*key) in deliveries
        ]
        write_truth(out.parent / "truth.json", planted, goes_on=when.start is not None)
    text = json.dumps(told | {"months": [m.month for m in when.months]}, ensure_ascii=False, indent=2)
    (out.parent / STORY).write_text(f"{text}\n", encoding="utf-8")
    return Summary(
        deliveries,
        rows,
        int((people_of.kind == subjects.ENTERPRISE).sum()),
        _notes(people_of, len(planted) if defects else 0),
    )


def _story(
    out: Path, month: str, seed: int, enterprises: int | None, real: list[dict[str, str]] | None
) -> dict[str, Any]:
    """The city that `out` belongs to; a new one, if it holds no deliveries of the month before."""
    path = out.parent / STORY
    size = len(real) if real else enterprises or DEFAULT_ENTERPRISES
    digest = hashlib.sha256(json.dumps(real).encode()).hexdigest() if real else None
    told: dict[str, Any] = {
        "inbox": out.name, "seed": seed, "enterprises": size, "registry": digest, "first_month": month,
    }  # fmt: skip
    before = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    last = calendar_of(month).previous
    there = out.is_dir() and any(folder.name.startswith(f"{last}-") for folder in out.iterdir())
    if before.get("inbox") != out.name or before.get("months", [""])[-1] != last or not there:
        return told
    told["first_month"] = before["first_month"]
    if enterprises is None and not real:
        told["enterprises"] = before["enterprises"]
    if {**before, "months": None} != {**told, "months": None}:
        raise CityError(
            f"{out.name} 中 {last} 的城市是用 --seed {before['seed']}、{before['enterprises']} 户生成的，"
            f"{month} 须用同样的参数接着生成；要另建一座城市，请换一个输出文件夹"
        )
    return told


def _stretches(
    seed: int, when: Calendar, where: Places, real: list[dict[str, str]] | None, enterprises: int
) -> tuple[Stretch, ...]:
    """The city from its first month to this one."""
    first, *later = when.months
    who = subjects.real(seed, first, where, real) if real else subjects.invented(seed, first, where, enterprises)
    credit = grades.current(seed, first, who)
    found = [Stretch(first, who, credit, first.last - HISTORY, 1.0)]
    for month in later:
        who = subjects.later(seed, month, where, who)
        credit = grades.next_month(seed, month, who, credit)
        found.append(Stretch(month, who, credit, month.first, (month.last + 1 - month.first) / HISTORY))
    return tuple(found)


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
    seed: int,
    when: Calendar,
    where: Places,
    stretches: tuple[Stretch, ...],
    lists: dict[str, list[dict[str, str]]],
    firms: Known,
    home: Path,
) -> Iterator[Feed]:
    """Every source, one after the other, so that only one is in memory."""
    first, last = stretches[0], stretches[-1]
    start, who, credit = first.when, last.who, last.credit
    members = fields.memberships(seed, start, first.who, first.credit)
    population = rounds.strata(first.who, first.credit, members)
    staff = people.roster(seed, when, rounds.expected_visits(first.who, population))
    personnel.write(home / "confidential", seed, when, staff)
    counted = Counted()

    def passed(feed: Feed) -> Feed:
        counted.add(feed)
        return feed

    news = np.flatnonzero(who.news)
    safe = np.r_[firms.safe, np.zeros(who.size - len(firms.safe), bool)]
    register = _whole("register", who.register.take(pa.array(news)), "DA", WEEK_1)
    yield replace(register, odd=safe[news])
    if when.start is None:
        old = grades.before(seed, when, who, credit)
        graded_on = int(np.datetime64(when.previous, "D").astype(np.int64))
        yield _whole("grade_snapshot", grades.snapshot(who, old, when.previous, graded_on), "SJ-PT", EARLIER)
    yield _whole("grade_snapshot", grades.snapshot(who, credit, when.month, when.first), "SJ-PT", WEEK_1)
    yield passed(records.licences(seed, when, where, stretches, members))
    penalty, fined = records.penalties(seed, when, where, stretches)
    yield passed(penalty)
    abnormal, listed = records.abnormal_listings(seed, when, where, stretches, lists["abnormal_list_reasons"])
    yield abnormal
    serious, named = records.serious_violations(seed, when, where, stretches)
    yield serious
    draws = rounds.earlier_draws(seed, start, first.who, population)
    earlier = inspections.of_earlier_draws(seed, when, start, first.who, first.credit, population, draws, staff)
    own = [returns.parted(found) for found in drawn.results(seed, when, stretches, home)]
    by_workbook = [back for _, back in own]
    results, acks = inspections.feeds(seed, when, [earlier, *(found for found, _ in own)], by_workbook)
    yield passed(results)
    yield acks
    sent_back = returns.feed_of(seed, when, by_workbook)
    if sent_back is not None:
        yield sent_back
    if when.start is None:
        yield rounds.prior_draws(when, who, draws)
    for field in fields.field_records(seed, when, stretches, members):
        yield passed(field)
    for department in streams.departments(seed, when, stretches, lists["departments"]):
        yield passed(department)
    yield from streams.province(seed, when, stretches)
    yield streams.platform_signals(seed, when, stretches)
    yield requests.triggers(seed, when, who, credit)
    yield requests.white_list(seed, when, who, credit)
    yield requests.commitments(seed, when, where, who)
    yield requests.repairs(seed, when, where, who, (fined, listed, named))
    yield staff.feed
    yield people.conflicts(seed, when, first.who, staff)
    yield counted.feed(when)
    yield evidence.task_evidence(seed, when, where, {code: unit_name(code, where) for code in UNITS}, home)


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
        rows: Ints = order[start:end]
        spared: Bools | None = None if feed.odd is None else feed.odd[rows]
        how = layout(feed.source, UNITS[unit], len(key))
        table = feed.table if len(rows) == len(key) else feed.table.take(pa.array(rows))
        marks: list[Mark] = []
        if planter:
            table, marks = planter.spoil(feed.source, table, spared)
        path = box.folder(unit, slot) / f"{feed.source}.{how.suffix}"
        write(path, dressed(table, feed.source, how), feed.source, how)
        box.add(unit, slot, path, feed.source, table.num_rows)
        for row, fault, pair in marks:
            sheet, row_no = how.place(feed.source, table.num_rows, row)
            pair_sheet, pair_no = (None, None) if pair is None else how.place(feed.source, table.num_rows, pair)
            planted.append(
                Planted(
                    box.delivery_id(unit, slot), path.name, feed.source, sheet, row_no, fault.kind, fault.column or None,
                    pair_no, pair_sheet, how.rule_of(fault.kind, fault.rule) or None,
                )
            )  # fmt: skip
        total += table.num_rows
    return total
