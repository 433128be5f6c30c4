"""Canaries: personal data and grade words where departments really put them, so that a leak can be seen (R-37, R-38).

Here: who is invented, and which cells carry it. Not here: looking for them (tests/e2e/test_no_leak.py).

Nobody of these exists: the names are made up of rare characters, the area code 149999 of the identity numbers was never
given, nor the mobile prefix 142; the check digits are right, so that a scan for valid numbers must find them.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa

from sample_city.departments import Feed

_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_CHECKS = "10X98765432"
_MOST = 3  # rows of one column


def identity_number(body: str) -> str:
    """The 18 characters of an identity number: 17 digits and their check character (GB 11643, mod 11-2)."""
    return body + _CHECKS[sum(int(digit) * weight for digit, weight in zip(body, _WEIGHTS, strict=True)) % 11]


@dataclass(frozen=True, slots=True)
class Canary:
    """An invented person in one column of a source; written: into a remark; else a column of its own, one thing a cell."""

    source: str
    column: str
    name: str
    identity: str
    mobile: str
    written: bool = True

    @property
    def sentence(self) -> str:
        """What a clerk writes after the remark, the grade included."""
        return f"（联系{self.name}，身份证号{self.identity}，手机{self.mobile}，系D类企业、信用风险高）"

    @property
    def marks(self) -> tuple[str, ...]:
        """What must not be found where the public, a letter or a log can show it."""
        return (self.name, self.identity, self.mobile)


_PLACES = (
    ("penalty", "备注", "阚砚舟", True),
    ("penalty", "违法事实", "蔺知遥", True),
    ("penalty", "处罚内容", "郗怀瑾", True),
    ("licence", "备注", "亓官澹", True),
    ("inspection_result", "问题描述", "濮阳翊", True),
    ("inspection_result", "处理措施", "殳望舒", True),
    ("trigger", "线索摘要", "厍清晏", True),
    ("trigger", "联系人", "乜云岫", False),
    ("trigger", "联系电话", "逄若谷", False),
    ("repair", "法定代表人", "仉修竹", False),
    ("repair", "证件号码", "璩听澜", False),
    ("commitment", "法定代表人", "昝疏影", False),
    ("commitment", "手机号码", "揭逢晓", False),
)
CANARIES = tuple(
    Canary(
        source, column, name, identity_number(f"149999198{n % 10}0{n % 9 + 1}1{n % 9}{n:03d}"), f"142{n:08d}", written
    )
    for n, (source, column, name, written) in enumerate(_PLACES, start=11)
)


def planted(feed: Feed) -> Feed:
    """The feed with its canaries in up to three rows of each column; other cells and the number of rows stay."""
    table = feed.table
    if not table.num_rows:
        return feed
    for canary in (each for each in CANARIES if each.source == feed.source):
        table = _remarked(table, canary, feed.odd) if canary.written else _added(table, canary)
    return replace(feed, table=table)


def _remarked(table: pa.Table, canary: Canary, odd: np.ndarray | None) -> pa.Table:
    """After the text of rows that have one: a remark alone would be a finding of its own."""
    cells = table.column(canary.column).to_pylist()
    wordy = [n for n, cell in enumerate(cells) if (cell or canary.column == "备注") and (odd is None or not odd[n])]
    for row in wordy[:: max(1, len(wordy) // _MOST)][:_MOST]:
        cells[row] = f"{cells[row] or ''}{canary.sentence}"
    index = table.column_names.index(canary.column)
    return table.set_column(index, canary.column, pa.array(cells, pa.string()))


def _added(table: pa.Table, canary: Canary) -> pa.Table:
    """A column that no contract reads; which of the three it holds follows from its header."""
    what = next((mark for word, mark in (("电话", 2), ("手机", 2), ("证件", 1)) if word in canary.column), 0)
    cells = [""] * table.num_rows
    for row in range(min(_MOST, table.num_rows)):
        cells[row] = canary.marks[what]
    return table.append_column(canary.column, pa.array(cells, pa.string()))
