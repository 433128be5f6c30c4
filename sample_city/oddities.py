"""Right data in uncommon clothes: small-letter codes, 15-digit numbers, names alone, several parties, amounts in words.

Here: which unit writes how, and the few rows of each that it writes so; every such row must be accepted. The firms they
name are set apart beforehand (`known`), so that no fault is planted into the register rows that explain them.
Not here: wrong data (defects), how a file is laid out (layouts).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from sample_city.columns import Bools, Ints, random
from sample_city.departments import UNIT, Calendar, Feed
from sample_city.subjects import Subjects

PARTY, PARTY_CODE = "行政相对人名称", "行政相对人代码_1(统一社会信用代码)"
NAME, CODE = "企业名称", "统一社会信用代码"
FINE, GAIN = "罚款金额（万元）", "没收违法所得、没收非法财物的金额（万元）"
SMALL, NUMBER, IN_CODE, NAMES, PARTIES, WORDS, YUAN = range(7)
FEW = 8
HOW = {  # unit and source: what it does with a few rows (YUAN: with all)
    ("penalty", "ZHZF"): (SMALL,), ("penalty", "ZL"): (NUMBER,), ("penalty", "ZFJC"): (PARTIES,),
    ("penalty", "GG"): (WORDS,), ("penalty", "JJ"): (YUAN,),
    ("licence", "YLQX"): (NAMES,), ("licence", "DA"): (NUMBER,), ("licence", "YPLT"): (SMALL,),
    ("abnormal_listing", "140881"): (NAMES,), ("abnormal_listing", "140882"): (PARTIES,), ("abnormal_listing", "140802"): (IN_CODE,),
    ("department_penalty", "BM"): (NAMES, PARTIES),
}  # fmt: skip
_DIGITS, _UNITS = "零壹贰叁肆伍陆柒捌玖", ("", "拾", "佰", "仟")


@dataclass(frozen=True, slots=True)
class Known:
    """Firms that can be told by their name alone, by their number alone; names that two firms share.

    `safe`: rows of the register that must arrive unspoiled for it. `number`: by credit code.
    """

    named: Any
    number: dict[str, str]
    shared: tuple[str, ...]
    safe: Bools


def known(seed: int, start: Calendar, subjects: Subjects, now: Subjects) -> Known:
    """Five in a hundred of those who qualify in the city's first month, 300 where that is no more than a third; `now`: the subjects today."""
    rng = random(seed, start.month, "known")
    n = subjects.size
    names = pc.dictionary_encode(subjects.name)
    times = np.bincount(np.asarray(names.indices), minlength=len(names.dictionary))[np.asarray(names.indices)]
    plain = _mask(pc.match_substring_regex(subjects.name, "^[\\p{Han}（）()]{4,60}$"))
    unique = np.flatnonzero(subjects.active & (times == 1) & plain)
    named = np.sort(rng.permutation(unique)[: min(max(300, len(unique) // 20), len(unique) // 3)])
    numbers = subjects.register.column("注册号")
    has = _mask(pc.match_substring_regex(pc.fill_null(numbers, ""), "^[0-9]{15}$"))
    both = np.flatnonzero(subjects.active & has)
    numbered = np.sort(rng.permutation(both)[: min(max(300, len(both) // 20), len(both) // 3)])
    twice = np.flatnonzero((times == 2) & subjects.active & plain)
    pairs = pc.unique(subjects.name.take(pa.array(twice))).to_pylist()
    whole = [name for name in pairs if int(_mask(pc.equal(subjects.name.take(pa.array(twice)), name)).sum()) == 2][-5:]
    safe = np.zeros(n, bool)
    safe[named] = safe[numbered] = True
    safe |= _mask(pc.is_in(subjects.name, pa.array(whole, pa.string())))
    number = dict(
        zip(
            subjects.uscc.take(pa.array(numbered)).to_pylist(),
            numbers.take(pa.array(numbered)).to_pylist(),
            strict=True,
        )
    )
    newer = now.name.slice(n)  # a newcomer may have taken a name
    named = named[~_mask(pc.is_in(subjects.name.take(pa.array(named)), newer))]
    whole = [name for name in whole if not pc.any(pc.equal(newer, name)).as_py()]
    return Known(subjects.uscc.take(pa.array(named)), number, tuple(whole), safe)


def _mask(values: Any) -> Bools:
    array = values.combine_chunks() if isinstance(values, pa.ChunkedArray) else values
    return np.asarray(pc.fill_null(array, False).to_numpy(zero_copy_only=False), bool)


def oddly(feed: Feed, firms: Known) -> Feed:
    """The feed with the rows that its units write in their own way; `odd` marks them."""
    table = feed.table
    odd = np.zeros(len(feed.unit), bool)
    code = PARTY_CODE if PARTY_CODE in table.column_names else CODE
    name = PARTY if PARTY in table.column_names else NAME
    changes: dict[str, dict[int, Any]] = {}
    for (source, unit), ways in HOW.items():
        if source != feed.source:
            continue
        mine = np.flatnonzero(feed.unit == UNIT[unit])
        for way in ways:
            free = mine[~odd[mine]]
            rows = _pick(table, code, free, firms, way)
            if way == PARTIES:
                rows = rows[: len(rows) // 2 * 2]
            for row, written in _written(table, rows, way, code, name, firms):
                for title, cell in written.items():
                    changes.setdefault(title, {})[row] = cell
            odd[rows] = way != YUAN
    for title, cells in changes.items():
        values = table.column(title).to_pylist()
        for place, cell in cells.items():
            values[place] = cell
        table = table.set_column(table.column_names.index(title), title, pa.array(values, pa.string()))
    return replace(feed, table=table, odd=odd) if odd.any() or changes else feed


def _pick(table: Any, code: str, rows: Ints, firms: Known, way: int) -> Ints:
    """Which of these rows are written so: a few, spread evenly."""
    codes = table.column(code).take(pa.array(rows))
    if way == YUAN:
        return rows
    if way in (NUMBER, IN_CODE):
        rows = rows[_mask(pc.is_in(codes, pa.array(list(firms.number), pa.string())))]
    elif way == NAMES:
        rows = rows[_mask(pc.is_in(codes, firms.named))]
    elif way == WORDS:
        rows = rows[_mask(pc.is_valid(table.column(FINE).take(pa.array(rows))))]
    else:
        rows = rows[_mask(pc.match_substring_regex(codes, "[A-Z]"))]
    return rows[np.linspace(0, len(rows) - 1, min(FEW, len(rows))).astype(np.int64)] if len(rows) else rows


def _written(table: Any, rows: Ints, way: int, code: str, name: str, firms: Known) -> list[tuple[int, dict[str, Any]]]:
    """The cells of each row as its unit writes them."""
    codes = table.column(code).take(pa.array(rows)).to_pylist()
    number = "行政相对人代码_2(工商注册号)"
    if way == SMALL:
        return [(int(r), {code: c.lower()}) for r, c in zip(rows, codes, strict=True)]
    if way == NUMBER:
        return [(int(r), {code: "", number: firms.number[c]}) for r, c in zip(rows, codes, strict=True)]
    if way == IN_CODE:
        return [(int(r), {code: firms.number[c]}) for r, c in zip(rows, codes, strict=True)]
    if way == NAMES:
        return [(int(r), {code: ""}) for r in rows]
    if way == PARTIES:  # each with the firm of the next such row, which is given back its own decision
        names = table.column(name).take(pa.array(rows)).to_pylist()
        return [
            (int(rows[i]), {code: f"{codes[i]}；{codes[i + 1]}", name: f"{names[i]}；{names[i + 1]}"})
            for i in range(0, len(rows), 2)
            if codes[i] != codes[i + 1]
        ]
    fines = table.column(FINE).take(pa.array(rows)).to_pylist()
    if way == WORDS:
        return [(int(r), {FINE: in_words(_yuan(f), i)}) for i, (r, f) in enumerate(zip(rows, fines, strict=True))]
    gains = table.column(GAIN).take(pa.array(rows)).to_pylist()
    return [
        (int(r), {FINE: f and str(_yuan(f)), GAIN: g and str(_yuan(g))})
        for r, f, g in zip(rows, fines, gains, strict=True)
    ]


def _yuan(wan: str) -> int:
    return round(float(wan) * 10_000)


def in_words(yuan: int, turn: int) -> str:
    """An amount in 元 below a hundred million as people write it, in one of three ways: 伍仟元整, 5000元, 0.5万元."""
    if turn % 3 == 1:
        return f"{yuan}元"
    if turn % 3 == 2:
        return f"{yuan / 10_000:g}万元"
    high, low = divmod(yuan, 10_000)
    text = f"{_numeral(high)}万" if high else ""
    text += _numeral(low, leading=bool(high)) if low else ""
    return f"{text or '零'}元整"


def _numeral(value: int, *, leading: bool = False) -> str:
    """1 to 9999 in formal numerals; `leading`: with 零 where the thousands are missing."""
    text, gap = "", leading and value < 1000
    for power in (3, 2, 1, 0):
        digit = value // 10**power % 10
        if digit:
            text += ("零" if gap else "") + _DIGITS[digit] + _UNITS[power]
            gap = False
        elif text:
            gap = True
    return text
