"""The thresholds of the migration and cluster alarms, by the version in force (DOMAIN §4.8, R-35).

Here: `alarms.yaml` as typed entries. Not here: applying them (migration, clusters), the jump of two levels (snapshot),
reading files.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from fractions import Fraction
from math import floor
from typing import Any, Final

SPEC: Final = "ssj-alarms-v1"
_KEYS = {
    "trend": {"sigmas", "months", "fewest_changes", "least_sigma"},
    "cluster": {"smallest_cell", "fewest_hits", "least_ratio", "family_error"},
}
_VERSION = {"valid_from", "caused_by", "mark", *_KEYS}


class AlarmRuleError(ValueError):
    """`alarms.yaml` cannot be used: one Chinese sentence with the place and what to do."""


@dataclass(frozen=True, slots=True)
class TrendRule:
    """When a change of a grade's share is an alarm: beyond `sigmas` deviations of the changes in `months` months before."""

    sigmas: int
    months: int
    fewest_changes: int
    least_sigma: Decimal


@dataclass(frozen=True, slots=True)
class ClusterRule:
    """When a cell of county × industry is an alarm; family_error is shared by all cells that are compared."""

    smallest_cell: int
    fewest_hits: int
    least_ratio: Decimal
    family_error: Decimal


@dataclass(frozen=True, slots=True)
class AlarmRules:
    """One version, in force from valid_from until the next; caused_by: the document or figures behind it (R-35b)."""

    valid_from: date
    caused_by: str
    trend: TrendRule
    cluster: ClusterRule


def parse_alarm_rules(document: Mapping[str, Any]) -> tuple[AlarmRules, ...]:
    """Every version, oldest first. Errors: AlarmRuleError for a wrong key, figure or order of days."""
    if set(document) != {"spec", "versions"} or document["spec"] != SPEC or not document["versions"]:
        raise AlarmRuleError(f"alarms.yaml 应只有 spec（{SPEC}）和 versions，且至少一版，请改正")
    found = tuple(_version(place, raw) for place, raw in enumerate(document["versions"], start=1))
    days = [version.valid_from for version in found]
    if days != sorted(set(days)):
        raise AlarmRuleError("alarms.yaml 各版的 valid_from 应由早到晚、各不相同，请改正")
    return found


def rules_on(versions: tuple[AlarmRules, ...], day: date) -> AlarmRules:
    """The version in force on a day. Errors: AlarmRuleError before the first."""
    found = [version for version in versions if version.valid_from <= day]
    if not found:
        raise AlarmRuleError(f"alarms.yaml 没有 {day} 有效的界限：最早一版自 {versions[0].valid_from} 起，请补上")
    return found[-1]


def six_places(ratio: Fraction) -> Decimal:
    """A share, a change of shares or a ratio as the tables show it: rounded half up to a millionth."""
    return Decimal(floor(ratio * 1_000_000 + Fraction(1, 2))).scaleb(-6)


def _version(place: int, raw: Mapping[str, Any]) -> AlarmRules:
    where = f"alarms.yaml 第 {place} 版"
    if set(raw) != _VERSION or any(set(raw[part]) != keys for part, keys in _KEYS.items()):
        raise AlarmRuleError(f"{where}的键应为 {'、'.join(sorted(_VERSION))}，trend 和 cluster 的键见文件开头，请改正")
    if not isinstance(raw["valid_from"], date) or not str(raw["caused_by"] or "").strip():
        raise AlarmRuleError(f"{where}须有日期 valid_from，并在 caused_by 写明由什么引起（R-35b），请补上")
    trend, cluster = raw["trend"], raw["cluster"]
    rules = AlarmRules(
        raw["valid_from"],
        str(raw["caused_by"]),
        TrendRule(
            _whole(where, "sigmas", trend, 1),
            _whole(where, "months", trend, 2),
            _whole(where, "fewest_changes", trend, 2),
            _amount(where, "least_sigma", trend),
        ),
        ClusterRule(
            _whole(where, "smallest_cell", cluster, 1),
            _whole(where, "fewest_hits", cluster, 1),
            _amount(where, "least_ratio", cluster),
            _amount(where, "family_error", cluster),
        ),
    )
    if rules.trend.fewest_changes > rules.trend.months or rules.cluster.family_error >= 1:
        raise AlarmRuleError(f"{where}的 fewest_changes 不得多于 months，family_error 应小于 1，请改正")
    return rules


def _whole(where: str, name: str, raw: Mapping[str, Any], least: int) -> int:
    value = raw[name]
    if type(value) is not int or value < least:
        raise AlarmRuleError(f"{where}的 {name} 应是不小于 {least} 的整数，请改正")
    return value


def _amount(where: str, name: str, raw: Mapping[str, Any]) -> Decimal:
    try:
        value = Decimal(raw[name]) if isinstance(raw[name], str) else Decimal("NaN")
    except InvalidOperation:
        value = Decimal("NaN")
    if not value.is_finite() or value <= 0:
        raise AlarmRuleError(f"{where}的 {name} 应是加引号的正小数，请改正")
    return value
