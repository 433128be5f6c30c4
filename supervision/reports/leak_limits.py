"""What follows from the leak meter: rows of the table `leak_meter`, limits of data_contracts/leak.yaml, what then happens.

Here: judging readings of each public file against the limits in force, and the findings a person decides about. Not here:
the arithmetic (leak_meter, leak_year), holding a month (assets.public).
No sentence here says a grade or a figure: it may stand in a hold, a log, on a terminal (R-38).
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from typing import Any, Final

from supervision.canonical import json_bytes
from supervision.policy.model import Policy
from supervision.reports import leak_meter, leak_year
from supervision.reports.leak_meter import Chances, Profile, Reading

HOLD: Final = "leak_meter"
LIST: Final = "drawn_public.csv"
RESULTS: Final = "results_public.csv"
TOTALS: Final = ("plan_public.csv", "county_totals_public.csv", "round_public.csv")
READERS: Final[Mapping[str, str]] = {
    "listed": "只知名列其中",
    "file": "看本文件各栏",
    "task": "只看一项任务",
    "twice": "年内见两次",
    "thrice": "年内见三次",
    "ticket": "另知票号",
    "key": "另知密钥",
}
ACTIONS: Final = ("warn", "merge", "hold")  # rising
ALL: Final = "全部"
_LEAST = Fraction(1, 2)  # firms expected, below which a combination of tasks is an accident and not a reading

_NO_NAME = "不点名的合计：看了与不看一样。"
_ONE = "一户的票号在各项任务中相同，入选与否看票号是否低于该层的比率；实际按位次取整数户，与此相差不大；补抽和触发检查不计。"
_TASK = "只看这一项任务；基数为该任务本月可抽的户。"
_RESULTS = "假定检查结果与等级无关、抽中的都已公示；其余同抽查名单。"
_YEAR = "按政策的窗口、比例、间隔推算，只跟踪年比例最高的四项任务，按批次均匀实施；年度合计上限、压减和去年的检查不计。"
_TICKET = "比率可由公开的规定和合计推出，票号一经泄露即可与之比较；只能保密（DRAW 第 3 节）。"
_KEY = "可算出所有户的票号，并知道各户属于哪些任务；未列出而票号很小的户也随之暴露。只能保密（DRAW 第 3 节）。"


class LeakLimitError(ValueError):
    """leak.yaml cannot be used: one Chinese sentence with the place and what to do."""


@dataclass(frozen=True, slots=True)
class Limit:
    """The most that one reader of one file may be told; action: what happens above it."""

    file: str
    reader: str
    p_d: Fraction
    p_cd: Fraction
    action: str


@dataclass(frozen=True, slots=True)
class Edition:
    """One version of the limits, in force from a day on."""

    version: str
    valid_from: date
    limits: Mapping[tuple[str, str], Limit]


@dataclass(frozen=True, slots=True)
class MeterRow:
    """One row of the table `leak_meter`; probabilities are exact fractions where the meter is exact."""

    public_file: str
    reader: str
    reader_scope: str
    p_d: Fraction
    p_cd: Fraction
    base_d: Fraction
    base_cd: Fraction
    named_d: Fraction
    limit_d: Fraction | None
    limit_cd: Fraction | None
    leak_action: str | None
    meter_state: str
    meter_note: str


def parse_limits(document: Mapping[str, Any]) -> tuple[Edition, ...]:
    """The editions of leak.yaml, oldest first. Raises LeakLimitError."""
    try:
        if document["spec"] != "ssj-leak-v1" or not document["approver_role"]:
            raise LeakLimitError("leak.yaml 须写 spec: ssj-leak-v1 和 approver_role，请改正。")
        editions = [_edition(raw) for raw in document["versions"]]
    except (KeyError, TypeError, ValueError, ZeroDivisionError) as error:
        if isinstance(error, LeakLimitError):
            raise
        raise LeakLimitError(
            f"leak.yaml 的结构不对（{error}）：每版写 version、valid_from、caused_by、limits，请改正。"
        ) from error
    if not editions or [each.valid_from for each in editions] != sorted({each.valid_from for each in editions}):
        raise LeakLimitError("leak.yaml 的 versions 应按 valid_from 先后排列、互不相同，至少一版，请改正。")
    return tuple(editions)


def _edition(raw: Mapping[str, Any]) -> Edition:
    limits: dict[tuple[str, str], Limit] = {}
    if len(str(raw["caused_by"])) < 4:
        raise LeakLimitError(f"leak.yaml 的 {raw['version']} 没有写明理由（caused_by），请补上（R-35b）。")
    for each in raw["limits"]:
        limit = Limit(
            each["file"], each["reader"], Fraction(str(each["p_d"])), Fraction(str(each["p_cd"])), each["action"]
        )
        where = f"leak.yaml 的 {raw['version']} 中 {limit.file}、{limit.reader} 的上限"
        if limit.file not in (LIST, RESULTS, *TOTALS) or limit.reader not in READERS or limit.action not in ACTIONS:
            raise LeakLimitError(
                f"{where}：文件、读者或 action 不认识（读者 {'、'.join(READERS)}；action {'、'.join(ACTIONS)}），请改正。"
            )
        if not 0 < limit.p_d <= limit.p_cd <= 1:
            raise LeakLimitError(f"{where}须大于 0、不超过 1，且 p_d 不大于 p_cd，请改正。")
        if limit.action != "warn" and limit.file != LIST:
            raise LeakLimitError(f"{where}：只有 {LIST} 可以写 merge 或 hold，其他文件只能 warn，请改正。")
        if (limit.file, limit.reader) in limits:
            raise LeakLimitError(f"{where}写了两次，请删去一处。")
        limits[limit.file, limit.reader] = limit
    return Edition(str(raw["version"]), date.fromisoformat(str(raw["valid_from"])), limits)


def edition_in_force(editions: Sequence[Edition], day: date) -> Edition:
    """The edition in force on this day. Raises LeakLimitError when there is none."""
    found = [each for each in editions if each.valid_from <= day]
    if not found:
        raise LeakLimitError(f"{day} 没有有效的泄密度量上限：请在 leak.yaml 的 versions 中补一版。")
    return found[-1]


def chances_of(
    dues: Iterable[Mapping[str, Any]], strata: Iterable[Mapping[str, Any]], allocation: Iterable[Mapping[str, Any]]
) -> dict[tuple[str, str, str], Fraction]:
    """A firm's chance of being drawn by task, county, stratum: expected visits ÷ eligible, less what capacity cut.

    Rows of the tables `due`, `strata`, `allocation`. What the policy gives a stratum on average, not what rounding made of
    it this month: that is what a reader can know from rates and totals.
    """
    key = ("task", "county", "stratum")
    eligible = {tuple(row[name] for name in key): row["eligible"] for row in strata}
    sized = {tuple(row[name] for name in key): (row["planned"], row["size"]) for row in allocation}
    found = {}
    for row in dues:
        place = (row["task"], row["county"], row["stratum"])
        planned, size = sized.get(place, (0, 0))
        kept = Fraction(size, planned) if planned else Fraction(1)
        if eligible[place]:
            found[place] = min(Fraction(row["target_e4"], 10_000 * eligible[place]) * kept, Fraction(1))
    return found


def meter_rows(
    profiles: Sequence[Profile],
    chances: Chances,
    policy: Policy,
    names: Mapping[str, str],
    limits: Edition,
) -> list[MeterRow]:
    """The whole meter of a month, in the order to be shown; names: of units and tasks, by code."""
    rows = [_row(file, "file", ALL, leak_meter.no_names(profiles), _NO_NAME, limits) for file in TOTALS]
    whole, by_row = leak_meter.of_list(profiles, chances), leak_meter.of_all_rows(profiles, chances)
    rows += [
        _row(LIST, "listed", ALL, whole, _ONE, limits),
        _row(LIST, "file", ALL, by_row, _ONE, limits),
        *_worst(profiles, chances, names, limits),
        *(
            _row(LIST, "task", names.get(task, task), leak_meter.of_task(profiles, chances, task), _TASK, limits)
            for task in sorted({task for (task, _, _), chance in chances.items() if chance})
        ),
        _row(LIST, "twice", ALL, leak_year.after_listings(profiles, policy, 2), _YEAR, limits),
        _row(LIST, "thrice", ALL, leak_year.after_listings(profiles, policy, 3), _YEAR, limits),
        _row(LIST, "ticket", ALL, leak_meter.of_tickets(profiles, chances, knows_scope=False), _TICKET, limits),
        _row(LIST, "key", ALL, leak_meter.of_tickets(profiles, chances, knows_scope=True), _KEY, limits),
        _row(RESULTS, "listed", ALL, whole, _RESULTS, limits),
        _row(RESULTS, "file", ALL, by_row, _RESULTS, limits),
    ]
    return rows


def _worst(profiles: Sequence[Profile], chances: Chances, names: Mapping[str, str], limits: Edition) -> list[MeterRow]:
    """The unit and tasks that tell most, among those that half a firm or more is expected to show."""
    cells = {cell: each for cell, each in leak_meter.of_rows(profiles, chances).items() if each.listed >= _LEAST}
    if not cells:
        return []
    cell = max(sorted(cells), key=lambda each: cells[each].p_d)
    scope = f"最易推知的：{'，'.join((names.get(cell[0], cell[0]), '、'.join(names.get(t, t) for t in cell[1:])))}"
    return [_row(LIST, "file", scope, cells[cell], _ONE, limits)]


def _row(file: str, reader: str, scope: str, reading: Reading, note: str, limits: Edition) -> MeterRow:
    limit = limits.limits.get((file, reader)) if scope == ALL else None
    state = "shown"
    if not reading.listed and file not in TOTALS:
        state = "nobody"  # 0 of 0 is no probability, and no safe one either
    elif limit is not None:
        state = "over" if reading.p_d > limit.p_d or reading.p_cd > limit.p_cd else "within"
    return MeterRow(
        file,
        reader,
        scope,
        reading.p_d,
        reading.p_cd,
        reading.base_d,
        reading.base_cd,
        reading.named_d,
        limit.p_d if limit else None,
        limit.p_cd if limit else None,
        limit.action if limit else None,
        state,
        note,
    )


def action_of(rows: Iterable[Mapping[str, Any]]) -> str | None:
    """The strictest action that a row over its limit asks for; None when none is over. Rows of the table `leak_meter`."""
    asked = {row["leak_action"] for row in rows if row["meter_state"] == "over"}
    return next((action for action in reversed(ACTIONS) if action in asked), None)


def told(rows: Iterable[Mapping[str, Any]]) -> str:
    """Which files and readers are over their limits, without any figure; empty when none is."""
    over = [f"{row['public_file']}（{READERS[row['reader']]}）" for row in rows if row["meter_state"] == "over"]
    return "、".join(over)


def findings_sha256(month: str, rows: Iterable[Mapping[str, Any]]) -> str:
    """Digest of what a person decides about: this month, exactly these readings over exactly these limits."""
    shown = ("public_file", "reader", "p_d", "p_cd", "limit_d", "limit_cd", "leak_action")
    over = [[str(row[name]) for name in shown] for row in rows if row["meter_state"] == "over"]
    return hashlib.sha256(json_bytes({"month": month, "over": over})).hexdigest()


def hold_text(month: str, rows: Sequence[Mapping[str, Any]], roles: Mapping[str, str]) -> str:
    """Why the list waits and what to do; roles: code -> name of those who may decide."""
    able = "、".join(f"{code}（{name}）" for code, name in sorted(roles.items())) or "政策 roles 中有审批职责的角色"
    return (
        f"{month} 公开文件的泄密度量超出上限：{told(rows)}，抽查名单暂未写出。请看 leak_meter.xlsx，调整政策的比例，或由 {able} 运行 "
        f"ssj decide --month {month} --hold {HOLD} --reason 理由 --role 角色，再运行一次 ssj draw（批次同前）"
    )
