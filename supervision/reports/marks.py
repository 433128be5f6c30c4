"""Marks of states: a sign, so that a state can be told apart in black and white, and a tone for the colour.

Here: sign and tone per code. The words come from the contract's values. Not here: colours, cells, files.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Literal

Tone = Literal["good", "warn", "bad", "plain"]


@dataclass(frozen=True, slots=True)
class Mark:
    """Sign and tone of one state; each sign of a table is used once."""

    sign: str
    tone: Tone


TASK_MARKS: Mapping[str, Mark] = {
    "done": Mark("●", "good"),
    "done_late": Mark("▲", "warn"),
    "in_progress": Mark("◎", "plain"),
    "not_started": Mark("○", "plain"),
    "overdue": Mark("×", "bad"),
    "n/a": Mark("—", "plain"),
}
ITEM_MARKS: Mapping[str, Mark] = {
    "new": Mark("▲", "bad"),
    "continuing": Mark("×", "warn"),
    "recalled": Mark("●", "good"),
}
LEVEL_MARKS: Mapping[str, Mark] = {
    "red": Mark("×", "bad"),
    "amber": Mark("▲", "warn"),
}
TIMELINESS_MARKS: Mapping[str, Mark] = {
    "on_time": Mark("●", "good"),
    "late": Mark("▲", "warn"),
    "overdue_open": Mark("×", "bad"),
    "not_yet_due": Mark("○", "plain"),
    "undeterminable": Mark("—", "plain"),
}
RATING_MARKS: Mapping[str, Mark] = {
    "达标": Mark("●", "good"),
    "关注": Mark("▲", "warn"),
    "偏低": Mark("×", "bad"),
    "无应计": Mark("—", "plain"),
}
COVERAGE_MARKS: Mapping[str, Mark] = {
    "normal": Mark("●", "good"),
    "silent": Mark("○", "warn"),
    "suspended": Mark("×", "bad"),
    "unconnected": Mark("—", "plain"),
}
DEPARTMENT_MARKS: Mapping[str, Mark] = {
    "delivered": Mark("●", "good"),
    "silent": Mark("○", "warn"),
    "never": Mark("×", "plain"),
    "unconnected": Mark("—", "plain"),
}
PUSH_MARKS: Mapping[str, Mark] = {
    "matched": Mark("●", "good"),
    "differs": Mark("×", "bad"),
    "no_manifest": Mark("▲", "warn"),
    "not_arrived": Mark("○", "bad"),
}
SHORTFALL_MARKS: Mapping[str, Mark] = {
    "none": Mark("●", "plain"),
    "defer": Mark("▲", "warn"),
    "escalate": Mark("×", "bad"),
}
ASSIGNMENT_MARKS: Mapping[str, Mark] = {
    "assigned": Mark("●", "plain"),
    "unassignable": Mark("×", "bad"),
    "not_needed": Mark("○", "plain"),
}

AMBER = Fraction(95, 100)
RED = Fraction(85, 100)


def timeliness_rating(on_time: int, denominator: int) -> str:
    """达标, 关注 (under 95 %), 偏低 (under 85 %), or 无应计 when nothing was due (DOMAIN §4.7 c)."""
    if denominator == 0:
        return "无应计"
    rate = Fraction(on_time, denominator)
    return "偏低" if rate < RED else "关注" if rate < AMBER else "达标"


def rate_down(on_time: int, denominator: int) -> Decimal | None:
    """The rate to four digits, rounded down, so that 94.996 % is not shown as 95 %; None when nothing was due."""
    return Decimal(10_000 * on_time // denominator) / 10_000 if denominator else None


_STRATA = {
    "A": "A类（信用风险低）",
    "B": "B类（信用风险一般）",
    "C": "C类（信用风险较高）",
    "D": "D类（信用风险高）",
    "U": "未分类",
    "KEY": "重点单位",
    "NONKEY": "非重点单位",
}


def stratum_title(stratum: str) -> str:
    """A supervision level in words; a combined level `L2` is 2级, an unknown one stays as it is."""
    if stratum.startswith("L") and stratum[1:].isdigit():
        return f"{stratum[1:]}级监管"
    return _STRATA.get(stratum, stratum)


def month_words(month: str) -> str:
    """`2026-10` as 2026年10月."""
    year, number = month.split("-")
    return f"{year}年{int(number)}月"


def rate_words(ratio: Fraction) -> str:
    """A yearly rate in words: 年比例 up to 100 %, beyond it visits a year."""
    return f"每年{float(ratio):g}次" if ratio > 1 else f"年比例{float(ratio * 100):g}%"
