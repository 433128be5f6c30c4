"""The header of a table: where it stands, and which column of the contract each cell is.

Here: folding of header texts, the search in the first rows, and what is refused (unknown, double, missing headers).
Not here: cells below the header (reading).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from data_contracts.model import Contract
from resources.inbox.cells import is_blank
from resources.inbox.errors import InboxError

SEARCH_ROWS = 10
_MARKS = re.compile(r"\s+|\*|\((?:必填|选填)项?\)$")


@dataclass(frozen=True, slots=True)
class Header:
    """`row`: 1-based. `places`: contract column -> 0-based cell. `unnamed`: cells without a header. `width`: cells."""

    row: int
    places: Mapping[str, int]
    unnamed: frozenset[int]
    width: int


def fold(text: str) -> str:
    """A header text for comparison: NFKC, without white space and marks of obligation, lower-case."""
    return _MARKS.sub("", unicodedata.normalize("NFKC", text).strip()).lower()


def find_header(rows: Sequence[Sequence[object]], contract: Contract, where: str) -> Header:
    """The row among the first that names most columns of the contract (the first of equals); InboxError if none."""
    known = _known(contract)
    counts = [len({known[t] for t in _folded(row) if t in known}) for row in rows[:SEARCH_ROWS]]
    best = max(counts, default=0)
    if best < min(2, len(contract.columns)):
        names = "、".join(column.title for column in contract.columns[:4])
        raise InboxError(
            f"{where} 的前 {SEARCH_ROWS} 行中找不到「{contract.title}」的表头（应有 {names} 等列），"
            "请核对送的是不是这份表，补上表头后重新送达。"
        )
    index = counts.index(best)
    return match_header(rows[index], contract, f"{where} 第 {index + 1} 行", row=index + 1)


def match_header(cells: Sequence[object], contract: Contract, where: str, *, row: int) -> Header:
    """Each header cell to its column; InboxError names every header that is unknown, double or missing."""
    known = _known(contract)
    ignored = {fold(header) for header in contract.ignored_headers}
    places: dict[str, int] = {}
    unknown: list[str] = []
    unnamed: set[int] = set()
    for index, (cell, text) in enumerate(zip(cells, _folded(cells), strict=True)):
        if not text:
            unnamed.add(index)
        elif text in known:
            if known[text] in places:
                title = contract.column(known[text]).title
                raise InboxError(f"{where} 有两列都是「{title}」，请只留一列后重新送达。")
            places[known[text]] = index
        elif text not in ignored:
            unknown.append(str(cell).strip())
    if unknown:
        raise InboxError(
            f"{where} 的表头「{'」「'.join(unknown)}」不在「{contract.title}」的契约中：请改用契约中的列名，"
            f"或在 data_contracts/sources/{contract.name}.yaml 登记为别名（aliases）或不采集（ignoredHeaders）。"
        )
    missing = [column.title for column in contract.columns if column.required and column.name not in places]
    if missing:
        raise InboxError(f"{where} 的表头缺少必填列「{'」「'.join(missing)}」，请补上后重新送达。")
    named = [index for index in range(len(cells)) if index not in unnamed]
    width = max(named) + 1
    return Header(row, places, frozenset(index for index in unnamed if index < width), width)


def _known(contract: Contract) -> dict[str, str]:
    """Folded header -> column name; a title wins over another column's alias, an alias over an English name."""
    known: dict[str, str] = {}
    for texts in (
        [(column.title, column.name) for column in contract.columns],
        [(alias, column.name) for column in contract.columns for alias in column.aliases],
        [(column.name, column.name) for column in contract.columns],
    ):
        for text, name in texts:
            known.setdefault(fold(text), name)
    return known


def _folded(cells: Sequence[object]) -> list[str]:
    return ["" if is_blank(cell) else fold(str(cell)) for cell in cells]
