"""The rules of the bulletin as typed values, read strictly from `data_contracts/bulletin.yaml` (DOMAIN §4.7).

Here: editions with their first day, one rule each with its thresholds, and how a threshold reads. Not here: applying them
(`bulletin`), reading files.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Literal

KINDS: Mapping[str, tuple[str, ...]] = {
    "field_mechanism": ("after", "level", "other_level"),
    "unit_mechanism": ("after", "tasks", "level"),
    "overdue_tasks": ("tasks", "level"),
    "rate": ("figure", "measured", "amber", "red", "running"),
    "index": ("figure", "measured", "at_least", "level"),
    "count": ("figure", "measured", "at_most", "level"),
}
FIGURES = (
    "plan_reference", "differentiation", "untriggered_visit", "timeliness", "return_ack", "publication",
)  # fmt: skip
_COMMON = ("id", "kind", "clause", "title")
_NONE = Fraction(0)


class BulletinError(ValueError):
    """The rules cannot be used: one Chinese sentence with the place and what to do."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule of the bulletin; which fields carry a meaning depends on `kind` (KINDS)."""

    id: str
    kind: str
    clause: str
    title: str
    level: Literal["red", "amber"] = "red"
    other_level: Literal["red", "amber"] = "amber"
    after: dt.date | None = None
    tasks: tuple[str, ...] = ()
    figure: str = ""
    measured: str = ""
    amber: Fraction = _NONE
    red: Fraction = _NONE
    running: int = 1
    at_least: Fraction = _NONE
    at_most: int = 0

    @property
    def threshold(self) -> str:
        """What must be reached, in words."""
        if self.kind == "rate":
            worse = f"，低于{percent(self.red)}为严重" if self.red < self.amber else ""
            running = f"，连续{self.running}个月" if self.running > 1 else ""
            return f"不低于{percent(self.amber)}{worse}{running}"
        if self.kind == "index":
            return f"不低于{float(self.at_least):g}"
        if self.kind == "count":
            return f"不多于{self.at_most}户次"
        if self.kind == "overdue_tasks":
            return "按期完成"
        return f"{day_words(self.after)}前登记" if self.after else "应有登记"


@dataclass(frozen=True, slots=True)
class Edition:
    """One version of the rules, in force from `valid_from`; plan_months: how many plan months the b rules look back."""

    version: str
    valid_from: dt.date
    caused_by: str
    plan_months: int
    rules: tuple[Rule, ...]


def parse_editions(document: Mapping[str, Any], tasks: Iterable[str]) -> tuple[Edition, ...]:
    """The editions of `bulletin.yaml` by first day; `tasks`: ids of the register. Errors: BulletinError."""
    top = _take(document, "文件", ("spec", "editions"))
    if top["spec"] != "ssj-bulletin-v1":
        raise BulletinError("通报规则 bulletin.yaml 的 spec 应为 ssj-bulletin-v1，请核对文件版本。")
    known = set(tasks)
    editions = tuple(_edition(raw, known) for raw in top["editions"])
    days = [edition.valid_from for edition in editions]
    if not days or days != sorted(set(days)):
        raise BulletinError("通报规则 bulletin.yaml 的各版 valid_from 应由早到晚、互不相同，请改正。")
    return editions


def edition_on(editions: Iterable[Edition], day: dt.date) -> Edition:
    """The edition in force on a day. Errors: BulletinError before the first."""
    found = [edition for edition in editions if edition.valid_from <= day]
    if not found:
        raise BulletinError(f"{day} 没有有效的通报规则，请核对 bulletin.yaml 的 valid_from。")
    return found[-1]


def percent(value: Fraction) -> str:
    """A share in percent to one digit, rounded down, so that 94.96 % is not shown as 95 %."""
    return f"{int(value * 1000) / 10:g}%"


def day_words(day: dt.date) -> str:
    """A day in Chinese."""
    return f"{day.year}年{day.month}月{day.day}日"


def _edition(raw: Mapping[str, Any], known: set[str]) -> Edition:
    where = f"版本 {raw.get('version')}"
    own = _take(raw, where, ("version", "valid_from", "caused_by", "plan_months", "rules"))
    rules = tuple(_rule(each, known) for each in own["rules"])
    if len({rule.id for rule in rules}) != len(rules) or not own["caused_by"]:
        raise BulletinError(f"通报规则 bulletin.yaml 的{where}有重复的规则编号或没有写 caused_by，请改正。")
    return Edition(
        str(own["version"]), _day(own["valid_from"], where), own["caused_by"],
        _whole(own["plan_months"], f"{where}的 plan_months", 1), rules,
    )  # fmt: skip


def _rule(raw: Mapping[str, Any], known: set[str]) -> Rule:
    where = f"规则 {raw.get('id')}"
    if raw.get("kind") not in KINDS:
        raise BulletinError(f"通报规则 bulletin.yaml 的{where} kind 应为 {'、'.join(KINDS)} 之一，请改正。")
    own = _take(raw, where, (*_COMMON, *KINDS[raw["kind"]]))
    for name in ("level", "other_level"):
        if own.get(name, "red") not in ("red", "amber"):
            raise BulletinError(f"通报规则 bulletin.yaml 的{where} {name} 应为 red 或 amber，请改正。")
    if own.get("figure", FIGURES[0]) not in FIGURES:
        raise BulletinError(f"通报规则 bulletin.yaml 的{where} figure 应为 {'、'.join(FIGURES)} 之一，请改正。")
    strange = [task for task in own.get("tasks", ()) if task not in known]
    if strange:
        raise BulletinError(f"通报规则 bulletin.yaml 的{where}引用了没有的任务 {'、'.join(strange)}，请改正。")
    made = {name: own[name] for name in (*_COMMON, "level", "other_level", "figure", "measured") if name in own}
    made |= {name: _share(own[name], where) for name in ("amber", "red", "at_least") if name in own}
    made |= {name: _whole(own[name], where, low) for name, low in (("running", 1), ("at_most", 0)) if name in own}
    if made.get("red", _NONE) > made.get("amber", _NONE):
        raise BulletinError(f"通报规则 bulletin.yaml 的{where} red 不应高于 amber，请改正。")
    after = _day(own["after"], where) if "after" in own else None
    return Rule(**made, after=after, tasks=tuple(own.get("tasks", ())))


def _share(text: Any, where: str) -> Fraction:
    found = re.fullmatch(r"(\d+)/([1-9]\d*)", str(text))
    if found is None:
        raise BulletinError(f"通报规则 bulletin.yaml 的{where}标准 {text} 应写成分数，如 95/100，请改正。")
    return Fraction(int(found[1]), int(found[2]))


def _whole(value: Any, where: str, low: int) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value < low:
        raise BulletinError(f"通报规则 bulletin.yaml 的{where}数值 {value} 应为不小于 {low} 的整数，请改正。")
    return value


def _day(text: Any, where: str) -> dt.date:
    try:
        return dt.date.fromisoformat(str(text))
    except ValueError:
        raise BulletinError(f"通报规则 bulletin.yaml 的{where}日期 {text} 应形如 2023-12-31，请改正。") from None


def _take(raw: Mapping[str, Any], where: str, keys: tuple[str, ...]) -> dict[str, Any]:
    missing = [key for key in keys if key not in raw]
    unknown = [str(key) for key in raw if key not in keys]
    if missing or unknown:
        told = f"缺少 {'、'.join(missing)}" if missing else f"有不认识的键 {'、'.join(unknown)}"
        raise BulletinError(f"通报规则 bulletin.yaml 的{where}{told}，请改正。")
    return dict(raw)
