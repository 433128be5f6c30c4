"""One decision that names several parties in a row: the row becomes one per party.

Here: when a row is taken apart and how. Not here: which columns list parties (the contract's splitParties), judging the
parties (engines/contract_sql). Nothing is guessed: where the lists of a row are not of one length, the row stays as it
is and is quarantined later, whole.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache

import pyarrow as pa
import pyarrow.compute as pc

_SEPARATORS = "；;、,，/\n"
_ANY = re.compile(f"[{_SEPARATORS}]")
_SHARED = 1 << 17  # rows
_NO_LIST = ("N/A", "n/a")  # spellings of "nothing" that contain a separator


def split_parties(table: pa.Table, columns: Sequence[str]) -> pa.Table:
    """`table` with `part_no` (BIGINT): 1, and for a row whose cells of `columns` all list k ≥ 2 parties, 1 to k.

    The first of `columns` decides how many parties there are (a credit code holds no separator); the others must list
    as many. All other cells are the same in each part.
    """
    parted = _parted(table, columns)
    if not parted:
        return table.append_column("part_no", constant(1, pa.int64(), table.num_rows))
    counts = [1] * table.num_rows
    for index, lists in parted.items():
        counts[index] = len(lists[0])
    indices = [index for index, count in enumerate(counts) for _ in range(count)]
    part_no = [part for count in counts for part in range(1, count + 1)]
    split = table.take(pa.array(indices, pa.int64()))
    mask = pa.array([counts[index] > 1 for index in indices])
    for place, name in enumerate(columns):
        items = [item for lists in parted.values() for item in lists[place]]
        filled = pc.replace_with_mask(split.column(name).combine_chunks(), mask, pa.array(items, pa.string()))
        split = split.set_column(split.column_names.index(name), name, filled)
    return split.append_column("part_no", pa.array(part_no, pa.int64()))


def constant(value: str | int | None, kind: pa.DataType, size: int) -> pa.Array:
    """`size` times the same value; the pieces of a large file share one buffer."""
    if not _SHARED // 32 < size <= _SHARED:
        return pa.repeat(pa.scalar(value, kind), size)
    return _shared(value, kind).slice(0, size)


@lru_cache(maxsize=16)
def _shared(value: str | int | None, kind: pa.DataType) -> pa.Array:
    return pa.repeat(pa.scalar(value, kind), _SHARED)


def _parted(table: pa.Table, columns: Sequence[str]) -> dict[int, list[list[str]]]:
    """Row index -> for each column its parties, for the rows that are taken apart."""
    if not columns or not table.num_rows:
        return {}
    listed = pc.match_substring_regex(table.column(columns[0]), pattern=f"[{_SEPARATORS}]")
    found = {}
    for index in pc.indices_nonzero(pc.fill_null(listed, False)).to_pylist():
        lists = _lists([table.column(name)[index].as_py() for name in columns])
        if lists:
            found[index] = lists
    return found


def _lists(cells: Sequence[str | None]) -> list[list[str]] | None:
    first, *others = cells
    if first is None or first.strip() in _NO_LIST:
        return None
    lists = [_items(first, _SEPARATORS)]
    used = "".join(set(_ANY.findall(first)))
    for cell in others:
        items = _as_many(cell or "", used, len(lists[0]))
        if items is None:
            return None
        lists.append(items)
    return lists if len(lists[0]) > 1 else None


def _as_many(cell: str, used: str, count: int) -> list[str] | None:
    """The parties of a cell if there are `count`: by the separators of the codes, or by all.

    A name may itself hold 、 or ，, so else one separator alone may be meant, if only one reading gives that many.
    """
    for separators in (used, _SEPARATORS):
        items = _items(cell, separators)
        if len(items) == count:
            return items
    readings = {tuple(items) for one in _SEPARATORS if len(items := _items(cell, one)) == count}
    return list(readings.pop()) if len(readings) == 1 else None


def _items(cell: str, separators: str) -> list[str]:
    return [item for text in re.split(f"[{separators}]", cell) if (item := text.strip())]
