"""`policy.json` of a round: beacon, capacity, order of cuts, tasks and levels, typed and checked (DRAW.md §2).

Here: the format and what it must hold by itself. Not here: the policy a person writes and its lint
(`supervision.policy`), nor what the numbers lead to (`quota`, `capacity`).
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, NoReturn, cast

from supervision.canonical import parse_json
from supervision.draw.ceremony import Beacon, BeaconChoice, is_selector

NAME = "policy.json"
ROUNDINGS = ("at_least", "at_most", "half_up", "unbiased")

CODE = re.compile("[A-Za-z0-9._-]+")
_HEX64 = re.compile("[0-9a-f]{64}")
_DAY = re.compile("[0-9]{4}-[0-9]{2}-[0-9]{2}")

_POLICY_KEYS = {"beacon", "capacity", "cut_order", "fields", "phase_salt", "reasons", "tasks", "types", "year"}
_TASK_KEYS = {
    "batch", "batch_prev", "batches", "levels", "scope", "specialty", "team_size", "window_end"
}  # fmt: skip
_LEVEL_KEYS = {
    "census_up_to", "floor_e4", "minimum", "minimum_if_base", "on_site", "rate_e4", "rounding"
}  # fmt: skip


class CommittedError(ValueError):
    """A committed file contradicts itself or another one; one Chinese sentence with file and line."""


@dataclass(frozen=True, slots=True)
class Level:
    """One supervision level of a task: rate and floor in 1/10000, an off-site check has on_site False. DRAW.md §4."""

    on_site: bool
    rate_e4: int
    rounding: Literal["at_least", "at_most", "half_up", "unbiased"]
    minimum: int
    minimum_if_base: int
    census_up_to: int
    floor_e4: int


@dataclass(frozen=True, slots=True)
class TaskPolicy:
    """One task of the round: batch k of M, the batch drawn before it, its scope, team and levels by stratum name.

    A subject is in scope if its type is one of `types` and `fields` is empty or holds one of its fields.
    The draw needs no window_end, the matching does: the published vectors leave it out. DRAW.md §2.
    """

    types: tuple[str, ...]
    fields: tuple[str, ...]
    batch: int
    batch_prev: int
    batches: int
    window_end: str | None
    team_size: int
    specialty: str | None
    levels: Mapping[str, Level]


@dataclass(frozen=True, slots=True)
class RoundPolicy:
    """The whole of policy.json; capacity None = unlimited, tasks in the order of their codes. DRAW.md §2."""

    year: int
    phase_salt: str
    types: tuple[str, ...]
    fields: tuple[str, ...]
    reasons: tuple[str, ...]
    beacon: Beacon
    capacity: Mapping[str, int | None]
    cut_order: tuple[str, ...]
    tasks: Mapping[str, TaskPolicy]


def refuse(name: str, line: int, what: str) -> NoReturn:
    """Raise the CommittedError of a file and line; line 0: some row, of a table that is not written yet."""
    where = f"第 {line} 行" if line else "中有一行"
    raise CommittedError(f"文件 {name} {where}{what}，请更正来源数据后重新生成待承诺文件。")


def _refuse(path: str, what: str) -> NoReturn:
    refuse(NAME, 1, f"的 {path or '内容'} {what}")


def _object(value: object, path: str, keys: set[str] | None = None) -> dict[str, object]:
    if not isinstance(value, dict):
        _refuse(path, "应为对象")
    if keys is not None and value.keys() != keys:
        _refuse(path, f"的键不符，多出或缺少 {'、'.join(sorted(value.keys() ^ keys))}")
    return value


def _integer(value: object, path: str, low: int, high: int | None = None) -> int:
    if type(value) is not int or value < low or (high is not None and value > high):
        _refuse(path, f"应为不小于 {low} 的整数" if high is None else f"应为 {low} 到 {high} 的整数")
    return value


def _text(value: object, path: str, pattern: re.Pattern[str]) -> str:
    if not isinstance(value, str) or not pattern.fullmatch(value):
        _refuse(path, "不合规定的写法")
    return value


def _codes(value: object, path: str, allowed: tuple[str, ...] | None = None) -> tuple[str, ...]:
    if not isinstance(value, list):
        _refuse(path, "应为数组")
    codes = tuple(_text(item, path, CODE) for item in value)
    if len(set(codes)) != len(codes):
        _refuse(path, "有重复的代码")
    if allowed is not None and not set(codes) <= set(allowed):
        _refuse(path, "含封闭清单以外的代码")
    return codes


def is_day(text: str) -> bool:
    """Whether the text is a calendar day YYYY-MM-DD."""
    if not _DAY.fullmatch(text):
        return False
    try:
        datetime.date.fromisoformat(text)
    except ValueError:
        return False
    return True


def _moment(value: object, path: str) -> str:
    try:
        moment = datetime.datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        _refuse(path, "应为带时区的时刻，如 2026-11-03T16:00:00+08:00")
    return cast(str, value)


def _choice(value: Mapping[str, object], path: str) -> BeaconChoice:
    source, selector = value["source"], value["selector"]
    if isinstance(source, str) and isinstance(selector, str):
        choice = BeaconChoice(source, selector)
        if is_selector(choice):
            return choice
    _refuse(path, "不是已知的公开随机源或期次写法不对")


def _beacon(value: object) -> Beacon:
    outer = _object(value, "beacon", {"fallback", "not_before", "selector", "source"})
    inner = _object(outer["fallback"], "beacon.fallback", {"selector", "source"})
    primary, fallback = _choice(outer, "beacon"), _choice(inner, "beacon.fallback")
    if fallback.source == "dice" and primary.source != "dice":
        _refuse("beacon.fallback", "不得为掷骰，除非主用随机源也是掷骰")
    if fallback == primary:
        _refuse("beacon.fallback", "与主用随机源相同")
    return Beacon(primary, _moment(outer["not_before"], "beacon.not_before"), fallback)


def _level(value: object, path: str) -> Level:
    level = _object(value, path, _LEVEL_KEYS)
    rounding = level["rounding"]
    if rounding not in ROUNDINGS:
        _refuse(f"{path}.rounding", f"应为 {'、'.join(ROUNDINGS)} 之一")
    return Level(
        on_site=_integer(level["on_site"], f"{path}.on_site", 0, 1) == 1,
        rate_e4=_integer(level["rate_e4"], f"{path}.rate_e4", 0),
        rounding=cast(Literal["at_least", "at_most", "half_up", "unbiased"], rounding),
        minimum=_integer(level["minimum"], f"{path}.minimum", 0),
        minimum_if_base=_integer(level["minimum_if_base"], f"{path}.minimum_if_base", 0),
        census_up_to=_integer(level["census_up_to"], f"{path}.census_up_to", 0),
        floor_e4=_integer(level["floor_e4"], f"{path}.floor_e4", 0, 10_000),
    )


def _task(value: object, path: str, types: tuple[str, ...], fields: tuple[str, ...]) -> TaskPolicy:
    task = {"window_end": None} | _object(value, path)
    _object(task, path, _TASK_KEYS)
    scope = _object(task["scope"], f"{path}.scope", {"fields", "types"})
    batches = _integer(task["batches"], f"{path}.batches", 1)
    batch = _integer(task["batch"], f"{path}.batch", 1, batches)
    window_end = task["window_end"]
    if window_end is not None and not (isinstance(window_end, str) and is_day(window_end)):
        _refuse(f"{path}.window_end", "应为 YYYY-MM-DD 的日期")
    levels = _object(task["levels"], f"{path}.levels")
    specialty = task["specialty"]
    return TaskPolicy(
        types=_codes(scope["types"], f"{path}.scope.types", types),
        fields=_codes(scope["fields"], f"{path}.scope.fields", fields),
        batch=batch,
        batch_prev=_integer(task["batch_prev"], f"{path}.batch_prev", 0, batch - 1),
        batches=batches,
        window_end=window_end,
        team_size=_integer(task["team_size"], f"{path}.team_size", 1),
        specialty=None if specialty is None else _text(specialty, f"{path}.specialty", CODE),
        levels={
            _text(name, f"{path}.levels", CODE): _level(level, f"{path}.levels.{name}")
            for name, level in levels.items()
        },
    )


def parse_policy_json(data: bytes) -> RoundPolicy:
    """The typed policy of a round.

    Raises CanonicalError for another form than RFC 8785, CommittedError for a missing, unknown or impossible entry.
    DRAW.md §2.
    """
    policy = _object(parse_json(NAME, data), "", _POLICY_KEYS)
    types, fields = _codes(policy["types"], "types"), _codes(policy["fields"], "fields")
    tasks = {
        _text(code, "tasks", CODE): _task(task, f"tasks.{code}", types, fields)
        for code, task in sorted(_object(policy["tasks"], "tasks").items())
    }
    cut_order = _codes(policy["cut_order"], "cut_order")
    missing = {name for task in tasks.values() for name in task.levels} - set(cut_order)
    if missing:
        _refuse("cut_order", "缺少某项抽查任务的监管档次")
    return RoundPolicy(
        year=_integer(policy["year"], "year", 1000, 9999),
        phase_salt=_text(policy["phase_salt"], "phase_salt", _HEX64),
        types=types,
        fields=fields,
        reasons=_codes(policy["reasons"], "reasons"),
        beacon=_beacon(policy["beacon"]),
        capacity={
            _text(county, "capacity", CODE): None if visits is None else _integer(visits, "capacity", 0)
            for county, visits in _object(policy["capacity"], "capacity").items()
        },
        cut_order=cut_order,
        tasks=tasks,
    )
