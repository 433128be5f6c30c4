"""A column of cells as an Arrow array of text, by the kinds of cells that are in it.

Here: the fast ways for columns of one kind, serial numbers that stand for dates, units that a header gives to amounts.
Not here: the text of one odd cell (cells), what a text means (engines/conversion).
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from datetime import date, datetime, timedelta

import pyarrow as pa
import pyarrow.compute as pc

from resources.inbox.cells import LOOK_CLOSER, cell_text

_EPOCH_1900, _EPOCH_1904 = datetime(1899, 12, 30), datetime(1904, 1, 1)
# Serial numbers of dates have five digits (1927 to 2173); 20260901 is a date written as a number, 2026 a year.
_FIRST_SERIAL, _LAST_SERIAL = 10_000, 99_999
_PLAIN_NUMBER = r"^\s*[+-]?[0-9０-９][0-9０-９,，.．]*\s*$"


def text_array(values: Sequence[object]) -> pa.Array:
    """The texts of the cells; empty ones are NULL. Nothing is lost: see `cell_text`."""
    kinds = set(map(type, values))
    if kinds == {str}:
        return _empty_as_null(pa.array(values, pa.string()))
    if str in kinds and len(kinds) == 2:
        # Numbers or dates with empty cells between them.
        filled = [None if value == "" else value for value in values]
        kinds = set(map(type, filled)) - {type(None)}
        values = filled
    if kinds == {date}:
        return pa.array(values, pa.date32()).cast(pa.string())
    if kinds == {float}:
        with suppress(pa.ArrowInvalid):  # some number is not whole
            return pa.array(values, pa.float64()).cast(pa.int64()).cast(pa.string())
    return pa.array([cell_text(value) for value in values], pa.string())


def _empty_as_null(texts: pa.Array) -> pa.Array:
    empty = pc.equal(texts, "")
    return pc.if_else(empty, pa.scalar(None, pa.string()), texts) if pc.any(empty).as_py() else texts


def odd_texts(texts: pa.Array) -> list[int]:
    """Where a text is missing or begins as a footer or with white space does: see `look_closer`."""
    begins = pc.utf8_slice_codeunits(texts, 0, 1)
    odd = pc.is_in(begins, value_set=pa.array([None, *LOOK_CLOSER], pa.string()))
    return pc.indices_nonzero(odd).to_pylist() if pc.any(odd).as_py() else []


def dates_from_serials(values: Sequence[object], *, epoch_1904: bool) -> Sequence[object]:
    """Cells of a date column with the serial numbers of its workbook as the dates they stand for.

    A number in a cell that is not formatted as a date (the reader turns the formatted ones into dates). In a workbook of
    the other epoch (1904, Macintosh) five digits typed as text count from that epoch, too.
    """
    if not any(kind in (float, int) or (epoch_1904 and kind is str) for kind in set(map(type, values))):
        return values
    epoch = _EPOCH_1904 if epoch_1904 else _EPOCH_1900
    return [_from_serial(value, epoch, epoch_1904) for value in values]


def _from_serial(value: object, epoch: datetime, epoch_1904: bool) -> object:
    if epoch_1904 and isinstance(value, str) and len(value.strip()) == 5 and value.strip().isdecimal():
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int | float) or not _FIRST_SERIAL <= value <= _LAST_SERIAL:
        return value
    return epoch + timedelta(seconds=round(value * 86_400))


def with_unit(texts: pa.Array, unit: str) -> pa.Array:
    """Plain numbers with the unit of their header: 5000 under 罚款金额（元） is 5000元; all other texts as they are."""
    plain = pc.match_substring_regex(texts, pattern=_PLAIN_NUMBER)
    marked = pc.binary_join_element_wise(pc.utf8_trim_whitespace(texts), unit, "")
    return pc.if_else(plain, marked, texts)
