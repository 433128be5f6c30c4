"""Who sends and when: the bureau's sections, the 14 county units, the sending days of a month.

Here: units, their share of enterprises and of late records, sending days, the delivery in which a record arrives.
Not here: what is in a delivery, nor how it is written.
"""

from __future__ import annotations

import calendar
import csv
import datetime as dt
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from sample_city.columns import Bools, Ints, day

CITY = "运城市市场监督管理局"
ZONE = "1408KF"
SHARES = {  # enterprises of 60,000 (worked example of the domain description)
    "140802": 12_600, "140821": 5_200, "140822": 3_600, "140823": 3_900, "140824": 4_100, "140825": 3_800,
    "140826": 2_300, "140827": 2_500, "140828": 2_600, "140829": 2_400, "140830": 3_300, "140881": 4_600,
    "140882": 5_400, ZONE: 3_700,
}  # fmt: skip
COUNTIES = tuple(SHARES)
SECTIONS = {
    "DA": "企业档案数据中心", "XY": "信用监督管理科", "ZFJC": "执法稽查科", "ZHZF": "综合行政执法队", "SP-SC": "食品生产科",
    "SP-LT": "食品流通科", "CY": "餐饮科", "TSSB": "特设科", "ZL": "产品质量安全监督管理科", "ZLFZ": "质量发展科",
    "JL": "计量科", "YPLT": "药品流通科", "YLQX": "医疗器械科", "GG": "广告科", "JJ": "价监科", "XB": "消保科",
    "WJ": "网监科", "FLD": "反垄断科", "TSSPHZP": "特殊食品化妆品科", "SPCJ": "食品抽检科", "BZ": "标准管理科",
    "RZ": "认证科", "ZSBH": "知识产权保护科", "ZSYY": "知识产权运用科", "SJ-PT": "省局平台", "BM": "市直有关部门",
    "PT": "大型平台企业",
}  # fmt: skip
UNITS = (*COUNTIES, *SECTIONS)  # a county's index is its index in COUNTIES
UNIT = {code: index for index, code in enumerate(UNITS)}
LATE = {  # share of records received after the term; every other unit: LATE_ELSEWHERE
    "DA": 0.07, "SP-LT": 0.05, "CY": 0.09, "TSSB": 0.17, "JL": 0.12, "ZHZF": 0.1, "JJ": 0.22, "GG": 0.15, "YPLT": 0.02,
    "BM": 0.14, "ZSBH": 0.11, "FLD": 0.06,
    "140802": 0.04, "140823": 0.15, "140828": 0.24, "140829": 0.18, "140882": 0.13, ZONE: 0.02,
}  # fmt: skip
LATE_ELSEWHERE = 0.08
EARLIER, STOCK, WEEK_1, WEEK_2, WEEK_3, WEEK_4 = range(6)
EXTRA = 6  # and up: deliveries beside the usual ones, sent on the last day
NOT_YET, GONE = -1, -2  # arrives after this month; arrived in a month before
NEVER = 10**6  # the day on which a lost record arrives


class CityError(ValueError):
    """The request cannot be met: one Chinese sentence with what is wrong and what to do."""


@dataclass(frozen=True, slots=True)
class Calendar:
    """Days of a month's deliveries, counted from 1970-01-01; `sent` by slot EARLIER … WEEK_4.

    `start`: the month in which the city was first generated, when that was before: what arrived by the last day of the
    month before is there already and STOCK stands for it.
    """

    month: str
    previous: str
    first: int
    last: int
    sent: tuple[int, ...]
    start: str | None = None

    @property
    def months(self) -> tuple[Calendar, ...]:
        """The city's months up to this one."""
        return (self,) if self.start is None else (*calendar_of(self.previous, self.start).months, self)

    def month_of(self, slot: int) -> str:
        """The month a delivery of this slot belongs to."""
        return self.previous if slot <= STOCK else self.month

    @property
    def year(self) -> int:
        return int(self.month[:4])

    @property
    def number(self) -> int:
        """1 … 12."""
        return int(self.month[5:])


def calendar_of(month: str, start: str | None = None) -> Calendar:
    """The sending days: 8th, 15th, 22nd (or the Monday after), last day; the stock on the last weekday of the month before.

    `start`: the first month of a city that goes on.
    """
    if not re.fullmatch(r"20[0-9]{2}-(0[1-9]|1[0-2])", month):
        raise CityError(f"月份 {month} 无法识别，请写成 2026-10 这样的形式")
    year, number = int(month[:4]), int(month[5:])
    first = dt.date(year, number, 1)
    last = first.replace(day=calendar.monthrange(year, number)[1])
    before = first - dt.timedelta(days=1)
    stock = before - dt.timedelta(days=max(0, before.weekday() - 4))
    goes_on = start is not None and start < month
    sent = [
        _weekday(before.replace(day=8)),
        before if goes_on else stock,
        *(_weekday(first.replace(day=d)) for d in (8, 15, 22)),
        last,
    ]
    days = tuple(day(d) for d in sent)
    return Calendar(month, f"{before:%Y-%m}", day(first), day(last), days, start if goes_on else None)


def _weekday(date: dt.date) -> dt.date:
    return date + dt.timedelta(days=(7 - date.weekday()) % 7 if date.weekday() > 4 else 0)


def ready(rng: np.random.Generator, formed: Ints, unit: Ints) -> Ints:
    """The day from which each record can be sent.

    In time: the day after its formation, so that it goes with the next delivery (nine days later at most). Late: 12 to 30
    days after, which is more than seven working days, but for some before long holidays.
    """
    share = np.array([LATE.get(code, LATE_ELSEWHERE) for code in UNITS])[unit]
    wait = np.where(rng.random(len(formed)) < share, rng.integers(12, 31, len(formed)), 1)
    return formed + wait.astype(np.int64)


def slots(when: Calendar, days: Ints) -> Ints:
    """The slot in which what is ready on these days arrives, STOCK … WEEK_4, or NOT_YET or GONE."""
    slot = np.searchsorted(np.array(when.sent[STOCK:]), days) + STOCK
    slot = np.where(slot > WEEK_4, NOT_YET, slot)
    return (np.where(slot == STOCK, GONE, slot) if when.start else slot).astype(np.int64)


def arrival(rng: np.random.Generator, when: Calendar, formed: Ints, unit: Ints) -> Ints:
    """The slot in which each record arrives, STOCK … WEEK_4, or NOT_YET or GONE."""
    return slots(when, ready(rng, formed, unit))


Totals = dict[tuple[int, int], int]


@dataclass(frozen=True, slots=True)
class Feed:
    """A table of text columns with the unit that sends each row and the slot in which it arrives.

    `odd`: rows written in an uncommon but right way, which no fault is planted into. `formed`: how many records each unit
    formed in each month (counted from 1970-01), whether they arrive or not. `lost`: (unit, document number) of those
    that never do.
    """

    source: str
    table: Any
    unit: Ints
    slot: Ints
    odd: Bools | None = None
    formed: Totals = field(default_factory=dict)
    lost: tuple[tuple[int, str], ...] = ()


def feed(
    source: str, table: Any, unit: Ints, slot: Ints, *, formed: Ints | None = None, lost: tuple[Ints, str] | None = None
) -> Feed:
    """The rows that arrive in the month (the first month of a city: by its end).

    `formed`: the day of each row; `lost`: which rows never arrive, and the title of their numbers.
    """
    here = np.flatnonzero(slot >= 0)
    totals = {} if formed is None else _totals(unit, formed)
    gone = () if lost is None else tuple((int(unit[i]), table.column(lost[1])[i].as_py()) for i in lost[0].tolist())
    if len(here) < len(slot):
        table, unit, slot = table.take(pa.array(here)), unit[here], slot[here]
    return Feed(source, table, unit, slot, formed=totals, lost=gone)


def _totals(unit: Ints, formed: Ints) -> Totals:
    month = formed.astype("datetime64[D]").astype("datetime64[M]").astype(np.int64)
    keys, counts = np.unique(unit * 100_000 + month, return_counts=True)
    return {(int(key) // 100_000, int(key) % 100_000): int(n) for key, n in zip(keys, counts, strict=True)}


@dataclass(frozen=True, slots=True)
class Places:
    """Names of the 14 units' areas, in the order of COUNTIES."""

    names: tuple[str, ...]
    short: tuple[str, ...]  # 盐湖, 临猗 …: for document numbers
    bureaus: tuple[str, ...]


def places(codes: Path) -> Places:
    """From yuncheng_divisions.csv; the development zone has no code there."""
    known = {row["code"]: row["name"] for row in code_list(codes, "yuncheng_divisions.csv")}
    missing = [code for code in COUNTIES if code != ZONE and code not in known]
    if missing:
        raise CityError(f"代码表 yuncheng_divisions.csv 缺少 {'、'.join(missing)}，请补全后重试")
    names = tuple("运城开发区" if code == ZONE else known[code] for code in COUNTIES)
    short = tuple(
        "运开" if code == ZONE else (n[:-1] if len(n) > 2 else n) for code, n in zip(COUNTIES, names, strict=True)
    )
    bureaus = tuple(
        "运城开发区分局" if code == ZONE else f"{n}市场监督管理局" for code, n in zip(COUNTIES, names, strict=True)
    )
    return Places(names, short, bureaus)


def code_list(codes: Path, name: str) -> list[dict[str, str]]:
    """The rows of a code list; CityError names the file that is missing."""
    path = codes / name
    if not path.is_file():
        raise CityError(f"代码表文件夹 {codes.name} 中没有 {name}，请指向 data_contracts/reference")
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def unit_name(code: str, where: Places) -> str:
    """The unit's name as in a manifest."""
    return where.bureaus[UNIT[code]] if code in SHARES else SECTIONS[code]
