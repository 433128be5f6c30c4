"""The header of a table: where it stands, and which column of the contract each cell is.

Here: folding of header texts, the search in the first rows, units that a header gives to amounts, and what is refused:
headers that are unknown, double, missing or renamed (`DriftError` names each). Not here: cells below the header.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

from data_contracts.model import Column, Contract
from resources.inbox.cells import is_blank
from resources.inbox.errors import Drift, DriftError, InboxError

SEARCH_ROWS = 10
CORRECTS = "原位置号"  # every source takes it: the row_id of the row that a corrected row replaces
CORRECTS_COLUMN = "corrects_row_id"
COUNTER = "序号"
# What counts as renamed: 处罚决定日期 and 处罚决定时间 have 0.67. An optional column may simply not be there, so that an
# unknown header must be liker to it.
LIKENESS, LIKENESS_OPTIONAL = 0.5, 0.75
_MARKS = re.compile(r"\s+|\*|\((?:必填|选填)项?\)$")


@dataclass(frozen=True, slots=True)
class Header:
    """`row`: 1-based. `places`: contract column (or corrects_row_id) -> 0-based cell. `units`: column -> unit that its
    header gives to plain numbers, where it is not the contract's. `unnamed`: cells without a header. `width`: cells.
    `counter`: the cell of the rows' running numbers (序号), None without.
    """

    row: int
    places: Mapping[str, int]
    units: Mapping[str, str]
    unnamed: frozenset[int]
    width: int
    counter: int | None = None

    @property
    def brought(self) -> tuple[str, ...]:
        """The contract's columns that the table brings."""
        return tuple(name for name in self.places if name != CORRECTS_COLUMN)


def fold(text: str) -> str:
    """A header text for comparison: NFKC, without white space and marks of obligation, lower-case."""
    return _MARKS.sub("", unicodedata.normalize("NFKC", text).strip()).lower()


def find_header(rows: Sequence[Sequence[object]], contract: Contract, where: str) -> Header:
    """The row among the first that names most columns of the contract (the first of equals); InboxError if none."""
    index = header_index(rows, contract)
    if index is None:
        names = "、".join(column.title for column in contract.columns[:4])
        raise InboxError(
            f"{where} 的前 {SEARCH_ROWS} 行中找不到「{contract.title}」的表头（应有 {names} 等列），"
            "请核对送的是不是这份表，补上表头后重新送达。"
        )
    return match_header(rows[index], contract, f"{where} 第 {index + 1} 行", row=index + 1)


def header_index(rows: Sequence[Sequence[object]], contract: Contract) -> int | None:
    """0-based place of the header among the first rows; None when no row names two of the contract's columns."""
    known = _known(contract)
    counts = [len({known[t] for t in _folded(row) if t in known}) for row in rows[:SEARCH_ROWS]]
    best = max(counts, default=0)
    return None if best < min(2, len(contract.columns)) else counts.index(best)


def names_whole_table(rows: Sequence[Sequence[object]], contract: Contract) -> bool:
    """Whether one of the first rows names every column of the contract."""
    known, wanted = _known(contract), set(contract.column_names)
    return any(wanted <= {known[text] for text in _folded(row) if text in known} for row in rows[:SEARCH_ROWS])


def match_header(cells: Sequence[object], contract: Contract, where: str, *, row: int) -> Header:
    """Each header cell to its column; DriftError names every header that is unknown, double, missing or renamed."""
    known = _known(contract)
    ignored = {fold(header) for header in contract.ignored_headers}
    places: dict[str, int] = {}
    units: dict[str, str] = {}
    unknown: list[str] = []
    twice: list[Drift] = []
    unnamed: set[int] = set()
    counter: int | None = None
    for index, (cell, text) in enumerate(zip(cells, _folded(cells), strict=True)):
        if not text:
            unnamed.add(index)
        elif text in known:
            name = known[text]
            if name in places:
                twice.append(Drift("new", name, str(cell).strip()))
            else:
                places[name] = index
                if unit := _other_unit(text, contract, name):
                    units[name] = unit
        elif text in ignored:
            counter = index if text == COUNTER else counter
        else:
            unknown.append(str(cell).strip())
    missing = [column for column in contract.columns if column.name not in places]
    drifts = [*_renamed_new_dropped(missing, unknown, _required(contract, places)), *twice]
    if drifts:
        raise DriftError(_sentence(drifts, contract, where), drifts)
    named = [index for index in range(len(cells)) if index not in unnamed]
    width = max(named) + 1
    return Header(row, places, units, frozenset(index for index in unnamed if index < width), width, counter)


def _known(contract: Contract) -> dict[str, str]:
    """Folded header -> column name; a title wins over another column's alias, an alias over an English name."""
    known: dict[str, str] = {}
    for texts in (
        [(column.title, column.name) for column in contract.columns],
        [(header, column.name) for column in contract.columns for header in column.headers],
        [(column.name, column.name) for column in contract.columns],
        [(CORRECTS, CORRECTS_COLUMN)],
    ):
        for text, name in texts:
            known.setdefault(fold(text), name)
    return known


def _other_unit(text: str, contract: Contract, name: str) -> str | None:
    if name == CORRECTS_COLUMN:
        return None
    column = contract.column(name)
    unit = {fold(header): unit for header, unit in column.unit_headers.items()}.get(text)
    return None if unit == column.unit else unit


def _required(contract: Contract, places: Mapping[str, int]) -> frozenset[str]:
    """The columns without which a table is refused. Codes are looked up by number or name where the contract says so."""
    required = {column.name for column in contract.columns if column.required}
    if contract.identity and {"reg_no", "party_name"} & set(places):
        required.discard("uscc")
    return frozenset(required)


def _renamed_new_dropped(missing: Sequence[Column], unknown: Sequence[str], required: Collection[str]) -> list[Drift]:
    """Unknown headers paired with the missing columns they are likest to, then the rest of both."""
    likeness = sorted(
        (
            (-likeness, place, index)
            for index, header in enumerate(unknown)
            for place, column in enumerate(missing)
            if (likeness := _likeness(header, column)) >= (LIKENESS if column.name in required else LIKENESS_OPTIONAL)
        ),
    )
    renamed: dict[int, int] = {}
    for _, place, index in likeness:
        if place not in renamed and index not in renamed.values():
            renamed[place] = index
    return [
        *(Drift("renamed", missing[place].name, unknown[index]) for place, index in sorted(renamed.items())),
        *(Drift("new", None, header) for index, header in enumerate(unknown) if index not in renamed.values()),
        *(
            Drift("dropped", column.name, None)
            for place, column in enumerate(missing)
            if column.name in required and place not in renamed
        ),
    ]


def _likeness(header: str, column: Column) -> float:
    return max(SequenceMatcher(None, fold(header), fold(known)).ratio() for known in column.headers)


def _sentence(drifts: Sequence[Drift], contract: Contract, where: str) -> str:
    titles = {column.name: column.title for column in contract.columns} | {CORRECTS_COLUMN: CORRECTS}
    said = [
        f"「{drift.header}」疑由「{titles[drift.column or '']}」改名而来" for drift in drifts if drift.kind == "renamed"
    ]
    said += [f"有两列都是「{titles[drift.column]}」" for drift in drifts if drift.kind == "new" and drift.column]
    if new := [drift.header or "" for drift in drifts if drift.kind == "new" and drift.column is None]:
        said.append(f"「{'」「'.join(new)}」不在「{contract.title}」的契约中")
    if dropped := [titles[drift.column or ""] for drift in drifts if drift.kind == "dropped"]:
        said.append(f"缺少必填列「{'」「'.join(dropped)}」")
    advice = "请报送单位按契约中的列名更正后重新送达"
    if any(drift.kind != "dropped" and not (drift.kind == "new" and drift.column) for drift in drifts):
        advice += f"，或在 data_contracts/sources/{contract.name}.yaml 登记为别名（aliases）或不采集（ignoredHeaders）"
    return f"{where} 的表头{'，'.join(said)}：{advice}。"


def _folded(cells: Sequence[object]) -> list[str]:
    return ["" if is_blank(cell) else fold(str(cell)) for cell in cells]
