"""Invented identifiers whose check characters are right.

Here: 统一社会信用代码 (GB 32100-2015, with the organisation code of GB 11714 inside) and 15-digit 注册号 (ISO 7064
mod 11,10), many at once. The serials lie in ranges that no register office uses, so that no real code is hit.
And whether a code of somebody else's is right, so that nothing is invented about a wrong one.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from sample_city.columns import Bools, Ints

ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
_CODES = np.frombuffer(ALPHABET.encode(), np.uint8)
_USCC_VALUE = np.zeros(128, np.int64)
_USCC_VALUE[_CODES] = np.arange(31)
_ORG_VALUE = np.zeros(128, np.int64)
_ORG_VALUE[48:58] = np.arange(10)
_ORG_VALUE[65:91] = np.arange(10, 36)
_USCC_WEIGHTS = np.array([pow(3, i, 31) for i in range(17)])
_ORG_WEIGHTS = np.array([3, 7, 9, 10, 5, 8, 4, 2])


def _text(matrix: npt.NDArray[np.uint8]) -> Any:
    n, width = matrix.shape
    offsets = pa.py_buffer(np.arange(0, (n + 1) * width, width, dtype=np.int32))
    return pa.StringArray.from_buffers(n, offsets, pa.py_buffer(np.ascontiguousarray(matrix)))


def _digits(values: Ints, width: int) -> npt.NDArray[np.uint8]:
    powers = 10 ** np.arange(width - 1, -1, -1, dtype=np.int64)
    return (values[:, None] // powers % 10 + 48).astype(np.uint8)


def usccs(leading: Ints, division: Ints, serial: Ints, modern: Bools) -> Any:
    """Codes from the two leading digits (91 企业), the 6-digit division and a serial unique per `modern` class.

    `serial` below 3,000,000. Modern organisation codes read MA0U… to MA0Y…, older ones 0ddddddd.
    """
    n = len(serial)
    out = np.empty((n, 18), np.uint8)
    out[:, :2] = _digits(leading, 2)
    out[:, 2:8] = _digits(division, 6)
    spread = (serial * 7_919 + 1_234_577) % (4 * 31**4)
    fresh = np.empty((n, 8), np.uint8)
    fresh[:, :3] = np.frombuffer(b"MA0", np.uint8)
    fresh[:, 3] = _CODES[27 + spread // 31**4]
    fresh[:, 4:] = _CODES[spread[:, None] // 31 ** np.arange(3, -1, -1) % 31]
    old = _digits((serial * 7_919 + 345_679) % 10**7, 8)
    out[:, 8:16] = np.where(modern[:, None], fresh, old)
    remainder = 11 - (_ORG_VALUE[out[:, 8:16]] @ _ORG_WEIGHTS) % 11
    out[:, 16] = np.where(remainder == 10, ord("X"), np.where(remainder == 11, 48, remainder + 48))
    out[:, 17] = _CODES[(31 - (_USCC_VALUE[out[:, :17]] @ _USCC_WEIGHTS) % 31) % 31]
    return _text(out)


def valid_usccs(codes: Any) -> Bools:
    """Whether each text is an 18-character code whose last character is right."""
    fits = np.asarray(
        pc.match_substring_regex(codes, f"^[{ALPHABET}]{{18}}$").fill_null(False).to_numpy(zero_copy_only=False), bool
    )
    joined = "".join(pc.filter(codes, pa.array(fits)).to_pylist()).encode("ascii")
    values = _USCC_VALUE[np.frombuffer(joined, np.uint8).reshape(-1, 18)]
    fits[fits] = (31 - (values[:, :17] @ _USCC_WEIGHTS) % 31) % 31 == values[:, 17]
    return fits


def reg_nos(division: Ints, serial: Ints) -> Any:
    """15-digit registration numbers of a 6-digit division and a serial below 100,000,000."""
    out = np.empty((len(serial), 15), np.uint8)
    out[:, :6] = _digits(division, 6)
    out[:, 6:14] = _digits(serial, 8)
    product = np.full(len(serial), 10, np.int64)
    for i in range(14):
        total = (product + out[:, i] - 48) % 10
        product = np.where(total == 0, 10, total) * 2 % 11
    out[:, 14] = (11 - product) % 10 + 48
    return _text(out)
