"""The market subjects: invented ones, or the rows of a real register file.

Here: who exists, where, since when, in which trade and state; the register as the data centre sends it.
Real rows are handed on as they stand, every character; what the generator needs to know of them (county, dates, code) it
reads off beside them. Not here: grades, records, files.
"""

from __future__ import annotations

import csv
import gzip
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from sample_city import words
from sample_city.columns import (
    Bools,
    Ints,
    blank,
    choose,
    dates,
    digits,
    first_of_each,
    join,
    random,
    same,
    sampled,
    take,
    text,
    when,
)
from sample_city.departments import COUNTIES, SHARES, UNIT, WEEK_1, ZONE, Calendar, CityError, Places
from sample_city.identifiers import reg_nos, usccs, valid_usccs

ENTERPRISE, INDIVIDUAL, COOPERATIVE = range(3)
TYPES = ("企业", "个体工商户", "农民专业合作社")
LIVE, DEREGISTERED, REVOKED, MOVED_OUT = range(4)
STATES = ("存续", "注销", "吊销", "迁出")
STATE_WEIGHTS = (0.96, 0.026, 0.009, 0.005)
REGISTRY_HEADER = (
    "企业名称", "统一社会信用代码", "注册日期", "企业类型", "注册资金", "经营范围", "所在省份", "地区", "注册地址", "源文件",
)  # fmt: skip
NEW_DAYS = 11  # a firm this young on the first of the month is not yet in the province's snapshot
LONG_AGO = -3_653  # 1960-01-01: for real rows whose date cannot be read


@dataclass(frozen=True, slots=True)
class Subjects:
    """One row per market subject, and the register made of them.

    `uscc` empty and `coded` False where no other record can name the subject; `county` is an index into COUNTIES, -1
    outside the 14 units; `founded` is a day; `scope` is read for the special fields; `news` are the rows that the
    register of the month brings: all in a city's first month, then the new and the changed ones.
    """

    register: Any
    uscc: Any
    name: Any
    county: Ints
    kind: Ints
    state: Ints
    founded: Ints
    branch: Bools
    coded: Bools
    scope: Any
    real: bool
    news: Bools

    @property
    def size(self) -> int:
        return len(self.county)

    @property
    def active(self) -> Bools:
        """Live, with a code, in one of the 14 units: those whom records can be about."""
        found: Bools = (self.state == LIVE) & self.coded & (self.county >= 0)
        return found


def _by_share(n: int) -> Ints:
    """n rows over the units by largest remainder."""
    exact = np.array(list(SHARES.values()), float) * n / sum(SHARES.values())
    counts = exact.astype(np.int64)
    counts[np.argsort(-(exact - counts), kind="stable")[: n - counts.sum()]] += 1
    return np.repeat(np.arange(len(COUNTIES)), counts)


def invented(seed: int, when_: Calendar, where: Places, enterprises: int) -> Subjects:
    """`enterprises` enterprises and 2 % individual businesses and cooperatives."""
    rng = random(seed, when_.month, "subjects")
    others = max(4, enterprises // 50)
    n = enterprises + others
    county = np.r_[rng.permutation(_by_share(enterprises)), rng.integers(0, len(COUNTIES), others)]
    kind = np.r_[np.zeros(enterprises, np.int64), choose(rng, others, (0, 0.8, 0.2))]
    kind[-2:] = INDIVIDUAL
    order = np.r_[rng.permutation(n - 2), n - 2, n - 1]
    age = np.minimum(rng.exponential(6.5 * 365, n), 40 * 365).astype(np.int64)
    age[-2:] = 800
    return _made(rng, where, county[order], kind[order], age, when_.sent[WEEK_1] - 1, 0)


def later(seed: int, when_: Calendar, where: Places, before: Subjects) -> Subjects:
    """The city a month on: four firms in a thousand are new, three have closed; a real register stands still."""
    if before.real:
        return before
    rng = random(seed, when_.month, "subjects")
    enterprises = int((before.kind == ENTERPRISE).sum())
    born = max(2, enterprises // 250)
    today = when_.sent[WEEK_1] - 1
    county = rng.choice(before.county, born)
    age = rng.integers(0, 28, born)
    fresh = _made(rng, where, county, np.zeros(born, np.int64), age, today, before.size)
    closed = sampled(rng, np.flatnonzero(before.active), max(1, enterprises * 3 // 1000))
    state = before.state.copy()
    state[closed] = DEREGISTERED
    register = _put(before.register, "登记状态", text(STATES, state))
    day = np.full(before.size, today) - rng.integers(0, 25, before.size)
    register = _put(
        register,
        "状态变更日期",
        when(np.isin(np.arange(before.size), closed), dates(day), register.column("状态变更日期")),
    )
    news = np.zeros(before.size, bool)
    news[closed] = True
    return Subjects(
        pa.concat_tables([register, fresh.register]), _both(before.uscc, fresh.uscc), _both(before.name, fresh.name),
        np.r_[before.county, fresh.county], np.r_[before.kind, fresh.kind], np.r_[state, fresh.state],
        np.r_[before.founded, fresh.founded], np.r_[before.branch, fresh.branch], np.r_[before.coded, fresh.coded],
        _both(before.scope, fresh.scope), False, np.r_[news, fresh.news],
    )  # fmt: skip


def _both(first: Any, second: Any) -> Any:
    return pa.chunked_array([first, second]).combine_chunks()


def _put(table: Any, title: str, cells: Any) -> Any:
    return table.set_column(table.column_names.index(title), title, cells)


def _made(
    rng: np.random.Generator, where: Places, county: Ints, kind: Ints, age: Ints, today: int, earlier: int
) -> Subjects:
    """Subjects of these counties, kinds and ages in days; `earlier`: how many there are already.

    In a city's first month the last two are individual businesses of one name.
    """
    n = len(county)
    trade = choose(rng, n, [t.weight for t in words.TRADES])
    founded = today - age
    branch = (kind == ENTERPRISE) & (rng.random(n) < 0.025)
    state = choose(rng, n, STATE_WEIGHTS)
    state[age < 200] = LIVE
    changed = today - (rng.random(n) * np.minimum(age, 3 * 365)).astype(np.int64)
    modern = founded >= 16_709  # 2015-10-01: one licence, one code
    division = np.array([int("140802" if c == ZONE else c) for c in COUNTIES])[county]
    issued_by = np.where(~modern & (rng.random(n) < 0.3), 140_800, division)
    issued_by = np.where(rng.random(n) < 0.012, 140_000, issued_by)
    issued_by = np.where(~modern & (rng.random(n) < 0.02), 142_701, issued_by)
    codes = usccs(np.array([91, 92, 93])[kind], issued_by, np.arange(earlier, earlier + n), modern)
    old_number = reg_nos(division, 20_000_000 + earlier + rng.permutation(n))
    only_number = (kind == ENTERPRISE) & ~modern & (rng.random(n) < 0.02)
    uscc = when(~only_number, codes)
    has_number = only_number | (~modern & (rng.random(n) < 0.4))
    name = _names(rng, where, county, kind, trade, branch, earlier)
    if not earlier:
        state[-2:] = LIVE
        name = pa.concat_arrays([name.slice(0, n - 1), name.slice(n - 2, 1)])
    scope = join(
        text([t.scope for t in words.TRADES], trade),
        text(words.CLOSING, choose(rng, n, (30, 20, 20, 12, 6, 6, 6))),
    )
    register = pa.table({
        "统一社会信用代码": uscc,
        "注册号": when(has_number, old_number, ""),
        "企业名称": name,
        "市场主体类别": text(TYPES, kind),
        "企业类型": _enterprise_kinds(rng, kind, branch),
        "登记状态": text(STATES, state),
        "成立日期": dates(founded),
        "状态变更日期": when(state != LIVE, dates(changed)),
        "注册资本": when(~branch, text(words.CAPITALS, choose(rng, n, words.CAPITAL_WEIGHTS)), "N/A"),
        "行业代码": text([t.code for t in words.TRADES], trade),
        "经营范围": scope,
        "住所": _addresses(rng, where, county),
        "登记机关区划代码": digits(division),
        "属地监管机构": text(COUNTIES, county),
        "属地监管所": stations(np.arange(earlier, earlier + n) * 7 // 3 % len(words.STATIONS)),
        "三新企业": when(np.isin(trade, _new_trades()) & (rng.random(n) < 0.35), "是", "否"),
    })  # fmt: skip
    everyone = np.ones(n, bool)
    return Subjects(register, uscc, name, county, kind, state, founded, branch, ~only_number, scope, False, everyone)


def stations(index: Ints) -> Any:
    """The office of each: the same few in every county."""
    return join(text(words.STATIONS, index), "市场监督管理所")


def _new_trades() -> list[int]:
    return [i for i, t in enumerate(words.TRADES) if t.code in ("6513", "6421", "7522", "7452", "6241", "7251")]


def _names(
    rng: np.random.Generator, where: Places, county: Ints, kind: Ints, trade: Ints, branch: Bools, earlier: int
) -> Any:
    n = len(county)
    pairs, space = len(words.FIRST) * len(words.SECOND), len(words.FIRST) * len(words.SECOND) * len(words.THIRD)
    order = np.argsort(county, kind="stable")
    rank = np.empty(n, np.int64)
    rank[order] = earlier + np.arange(n) - np.searchsorted(county[order], county[order])
    word = (rank * 7_919 + county * 1_009) % space
    own = join(
        text(words.FIRST, word % len(words.FIRST)),
        text(words.SECOND, word // len(words.FIRST) % len(words.SECOND)),
        text(words.THIRD, word // pairs),
    )
    city = [f"运城市{x}" if x.endswith("区") and not x.startswith("运城") else x for x in where.names]
    place = when(rng.random(n) < 0.12, "山西", when(rng.random(n) < 0.5, text(city, county), text(where.names, county)))
    form = text(["有限公司", "有限责任公司", "股份有限公司", "中心"], choose(rng, n, (74, 21, 2, 3)))
    tail = when(branch, join(text(["", "盐湖", "城东", "城西", "第二", "第三"], rng.integers(0, 6, n)), "分公司"), "")
    firm = join(place, own, text([t.word for t in words.TRADES], trade), when(branch, "有限公司", form), tail)
    shop = join(text(where.names, county), own, text([t.shop for t in words.TRADES], trade))
    together = join(text(where.names, county), own, text(words.COOPERATIVES, rng.integers(0, 6, n)), "专业合作社")
    return when(kind == ENTERPRISE, firm, when(kind == INDIVIDUAL, shop, together))


def _enterprise_kinds(rng: np.random.Generator, kind: Ints, branch: Bools) -> Any:
    n = len(kind)
    plain = text(words.KINDS, choose(rng, n, words.KIND_WEIGHTS))
    branches = text(words.BRANCH_KINDS, rng.integers(0, len(words.BRANCH_KINDS), n))
    others = when(kind == INDIVIDUAL, "个体工商户", "农民专业合作社")
    return when(kind != ENTERPRISE, others, when(branch, branches, plain))


def _addresses(rng: np.random.Generator, where: Places, county: Ints) -> Any:
    n = len(county)
    area = ["运城经济技术开发区" if c == ZONE else x for c, x in zip(COUNTIES, where.names, strict=True)]
    street = join(text(words.ROADS, rng.integers(0, len(words.ROADS), n)), digits(rng.integers(1, 400, n)), "号")
    village = join(text(words.VILLAGES, rng.integers(0, len(words.VILLAGES), n)), digits(rng.integers(1, 9, n)), "组")
    prefix = text(["山西省运城市", "运城市", "山西省"], choose(rng, n, (70, 20, 10)))
    return join(prefix, text(area, county), when(rng.random(n) < 0.72, street, village))


def read_registry(path: Path, rows: int | None) -> list[dict[str, str]]:
    """The first `rows` rows (None: all) of a register CSV or CSV.gz; CityError when headers are missing."""
    if not path.is_file():
        raise CityError(f"登记数据文件 {path.name} 不存在，请检查 --registry")
    open_ = gzip.open if path.suffix == ".gz" else open
    try:
        with open_(path, "rt", encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file)
            missing = [h for h in REGISTRY_HEADER if h not in (reader.fieldnames or ())]
            listed = [{h: row.get(h) or "" for h in REGISTRY_HEADER} for row in islice(reader, rows)]
    except (UnicodeDecodeError, OSError, EOFError, csv.Error) as error:
        raise CityError(f"登记数据文件 {path.name} 不是可读的 UTF-8 CSV 或 CSV.gz，请检查文件") from error
    if missing:
        raise CityError(f"登记数据文件 {path.name} 缺少列 {'、'.join(missing)}，请检查表头")
    if not listed:
        raise CityError(f"登记数据文件 {path.name} 没有数据行，请检查文件")
    return listed


def real(seed: int, when_: Calendar, where: Places, rows: list[dict[str, str]]) -> Subjects:
    """The real rows as they stand; county, date and code read off beside them."""
    n = len(rows)
    cells = {h: pa.array([row[h] for row in rows], pa.string()) for h in REGISTRY_HEADER}
    register = pa.table({
        "统一社会信用代码": cells["统一社会信用代码"],
        "注册号": blank(n),
        "企业名称": cells["企业名称"],
        "市场主体类别": same(TYPES[ENTERPRISE], n),
        "企业类型": cells["企业类型"],
        "登记状态": same(STATES[LIVE], n),
        "成立日期": cells["注册日期"],
        "状态变更日期": blank(n),
        "注册资本": cells["注册资金"],
        "行业代码": blank(n),
        "经营范围": cells["经营范围"],
        "住所": cells["注册地址"],
        "登记机关区划代码": blank(n),
        "属地监管机构": blank(n),
        "属地监管所": blank(n),
        "三新企业": blank(n),
    })  # fmt: skip
    uscc = pc.utf8_upper(pc.utf8_trim_whitespace(cells["统一社会信用代码"]))
    fits = valid_usccs(uscc)
    keys = np.asarray(pc.dictionary_encode(uscc).indices.to_numpy(), np.int64)
    once = np.zeros(n, bool)
    once[first_of_each(keys)] = True
    county = np.array([_county_of(row, where) for row in rows], np.int64)
    parsed = pc.strptime(cells["注册日期"], format="%Y-%m-%d", unit="s", error_is_null=True).cast(pa.date32())
    founded = parsed.cast(pa.int32()).fill_null(LONG_AGO).to_numpy().astype(np.int64)
    return Subjects(
        register, uscc, cells["企业名称"], county, np.zeros(n, np.int64), np.zeros(n, np.int64), founded,
        np.asarray(pc.match_substring(cells["企业类型"], "分支机构").to_numpy(zero_copy_only=False), bool), fits & once,
        cells["经营范围"], True, np.ones(n, bool),
    )  # fmt: skip


def _county_of(row: dict[str, str], where: Places) -> int:
    """Where the sample puts a real row: by address, else by code; only rows of 运城 or with a code of the city."""
    digits_ = row["统一社会信用代码"][2:8]
    if row["地区"] != "运城" and not digits_.startswith("1408"):
        return -1
    for name in (row["注册地址"], row["企业名称"]):
        if "开发区" in name and "运城" in name:
            return UNIT[ZONE]
        for index, short in enumerate(where.names):
            if short in name:
                return index
    return UNIT.get(digits_, UNIT["140802"])


def picked(subjects: Subjects, rows: Ints) -> tuple[Any, Any]:
    """Code and name of these subjects, row by row."""
    return take(subjects.uscc, rows), take(subjects.name, rows)
