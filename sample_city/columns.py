"""Columns in bulk: text, numbers and dates as Arrow arrays, random choices as NumPy arrays.

Here: small vectorised builders that every other module uses; days are counted from 1970-01-01.
Not here: anything about enterprises, departments or files.
"""

from __future__ import annotations

import datetime as dt
import zlib
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]
Text = Any  # a pyarrow string array, or one string for every row
HOLIDAYS = {(1, 1): 1, (5, 1): 5, (10, 1): 7}  # (month, day): length of the fixed public holidays


def random(seed: int, month: str, topic: str) -> np.random.Generator:
    """A generator of its own for each topic, so that a change in one does not move the others."""
    return np.random.default_rng([seed, zlib.crc32(month.encode()), zlib.crc32(topic.encode())])


def day(date: dt.date) -> int:
    """Days since 1970-01-01."""
    return date.toordinal() - 719_163


def text(values: Sequence[str | None], index: Ints | None = None) -> Any:
    """The values as text, or values[index] row by row."""
    array = pa.array(values, pa.string())
    return array if index is None else array.take(pa.array(index))


def blank(n: int) -> Any:
    """n empty cells."""
    return pa.nulls(n, pa.string())


def same(value: str, n: int) -> Any:
    """The same text n times."""
    return pa.repeat(pa.scalar(value, pa.string()), n)


def join(*parts: Text) -> Any:
    """The parts one after the other, row by row; an empty cell counts as ''."""
    return pc.binary_join_element_wise(*parts, "", null_handling="replace", null_replacement="")


def digits(values: Ints, width: int = 0) -> Any:
    """Integers as text, zero-padded to the width."""
    return pc.utf8_lpad(pa.array(values, pa.int64()).cast(pa.string()), width, "0")


def dates(days: Ints, style: str = "-") -> Any:
    """Days as text: '-' 2026-10-08, '/' 2026/10/08, '' 20261008, '年' 2026年10月08日."""
    iso = pa.array(days.astype(np.int32), pa.date32()).cast(pa.string())
    if style == "-":
        return iso
    if style != "年":
        return pc.replace_substring(iso, "-", style)
    year, month, rest = (pc.utf8_slice_codeunits(iso, a, b) for a, b in ((0, 4), (5, 7), (8, 10)))
    return join(year, "年", month, "月", rest, "日")


def when(mask: Bools, yes: Text, no: Text = None) -> Any:
    """`yes` where the mask holds, else `no` (default: an empty cell)."""
    return pc.if_else(pa.array(mask), yes, pa.scalar(no, pa.string()) if no is None or isinstance(no, str) else no)


def take(column: Any, index: Ints) -> Any:
    """column[index] row by row."""
    return column.take(pa.array(index))


def year_of(days: Ints) -> Ints:
    """The calendar year of each day."""
    return days.astype("datetime64[D]").astype("datetime64[Y]").astype(np.int64) + 1970


def choose(rng: np.random.Generator, n: int, weights: Sequence[float]) -> Ints:
    """n indices drawn with these weights."""
    edges = np.cumsum(np.asarray(weights, float))
    return np.searchsorted(edges / edges[-1], rng.random(n), side="right").astype(np.int64)


def working(days: Ints) -> Ints:
    """The day itself, or the next one that is neither weekend nor a fixed public holiday."""
    moved = days
    for _ in range(2):
        month = moved.astype("datetime64[D]").astype("datetime64[M]")
        number = (moved.astype("datetime64[D]") - month).astype(np.int64) + 1
        month_number = month.astype(np.int64) % 12 + 1
        for (m, d), length in HOLIDAYS.items():
            inside = (month_number == m) & (number >= d) & (number < d + length)
            moved = np.where(inside, moved + d + length - number, moved)
        moved = moved + np.array([0, 0, 0, 0, 0, 2, 1])[(moved + 3) % 7]
    return moved


def first_of_each(*keys: Ints) -> Ints:
    """Positions of the first row of each distinct key, ascending."""
    mixed = np.zeros(len(keys[0]), np.int64)
    for key in keys:
        low = int(key.min()) if len(key) else 0
        mixed = mixed * ((int(key.max()) - low + 1) if len(key) else 1) + (key - low)
    return np.sort(np.unique(mixed, return_index=True)[1])


def running(keys: Ints, order: Ints) -> Ints:
    """1, 2, 3 … within each key, counted in the given order."""
    by_key = order[np.argsort(keys[order], kind="stable")]
    grouped = keys[by_key]
    starts = np.flatnonzero(np.r_[True, grouped[1:] != grouped[:-1]]) if len(keys) else np.zeros(0, np.int64)
    lengths = np.diff(np.r_[starts, len(keys)])
    result = np.empty(len(keys), np.int64)
    result[by_key] = np.arange(len(keys)) - np.repeat(starts, lengths) + 1
    return result


def sampled(rng: np.random.Generator, pool: Ints, n: int, weights: Any = None) -> Ints:
    """n rows of the pool without repetition, at least one where there is any."""
    wanted = min(len(pool), max(1, n))
    if weights is None:
        return np.sort(rng.permutation(pool)[:wanted])
    key = -np.log(rng.random(len(pool))) / weights
    return np.sort(pool[np.argsort(key, kind="stable")[:wanted]])


def repeats(rng: np.random.Generator, expected: Any) -> Ints:
    """Row numbers, each repeated a Poisson number of times."""
    counts = rng.poisson(expected)
    return np.repeat(np.arange(len(counts)), counts)


def pick(rng: np.random.Generator, n: int, values: tuple[str, ...], weights: tuple[float, ...]) -> Any:
    """n texts drawn with these weights."""
    return text(values, choose(rng, n, weights))
