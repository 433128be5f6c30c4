"""The rows of a sheet as the table below its header, taken chunk by chunk.

Here: finding the header, which rows are data, blank or footer, merged cells that hold for several rows, content outside
the table. Not here: opening files (sheets, spreadsheetml), the texts of cells (text_array).
Every physical row below the header is a data row, a blank row or a footer row at the end; nothing is left out.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import zip_longest

import pyarrow as pa

from data_contracts.model import Contract
from resources.inbox.cells import cell_is_number, is_blank, look_closer, reads_as_footer
from resources.inbox.errors import InboxError
from resources.inbox.header import SEARCH_ROWS, Header, find_header, header_index
from resources.inbox.raw_table import RawTable, sheet_table
from resources.inbox.sheets import MergedRange, Row, Sheet
from resources.inbox.text_array import dates_from_serials, odd_texts, text_array, with_unit


def sheet_rows(sheet: Sheet, contract: Contract, where: str) -> RawTable | None:
    """The table of one sheet; None when it is hidden and holds no table.

    InboxError: nothing in it, no header, or a cell outside the table; DriftError: other columns than the contract's.
    """
    header: Header | None = None
    body: TableBody | None = None
    next_row = 1
    for chunk in sheet.chunks:
        if header is None or body is None:
            if sheet.is_hidden and header_index(chunk[:SEARCH_ROWS], contract) is None:
                return None
            header = find_header(chunk[:SEARCH_ROWS], contract, where)
            body = TableBody(header, contract, sheet, where)
            chunk, next_row = chunk[header.row :], header.row + 1
        body.take(chunk, next_row)
        next_row += len(chunk)
    if header is None or body is None:
        raise InboxError(f"{where} 中没有任何内容，请报送单位重新导出后送达。")
    return sheet_table(
        contract,
        header.brought,
        pa.concat_tables(body.tables or [body.arrow([], [])]),
        sheet=sheet.name,
        header_rows=header.row,
        blank_rows=body.blank_rows,
        footer_rows=len(body.pending),
    )


class TableBody:
    """The rows below a header. A footer word counts as footer only if no data follows."""

    def __init__(self, header: Header, contract: Contract, sheet: Sheet, where: str) -> None:
        self.header = header
        self.contract = contract
        self.sheet = sheet
        self.where = where
        self.first = min(header.places.values())
        self.dates = {column.name for column in contract.columns if column.logical_type in ("date", "timestamp")}
        self.required = [header.places[c.name] for c in contract.columns if c.required and c.name in header.places]
        self.merged = _Merged(sheet.merged, sheet.first_column)
        self.tables: list[pa.Table] = []
        self.pending: list[tuple[int, Row]] = []
        self.blank_rows = 0

    def take(self, chunk: list[Row], first_row: int) -> None:
        columns = _columns(chunk)
        ready = text_array(columns[self.first]) if self.first < len(columns) else None
        odd = self._odd_rows(columns, ready, len(chunk))
        footers = [index for index in odd if self._is_footer(chunk[index])]
        blank = {index for index in odd if self._is_blank(chunk[index])}
        self.blank_rows += len(blank)
        last_data = _last_outside(len(chunk), {*blank, *footers})
        waiting = {index for index in footers if index > last_data}
        if last_data < 0:
            self.pending.extend((first_row + index, chunk[index]) for index in sorted(waiting))
            return
        dropped = blank | waiting
        numbers: Sequence[int] = range(first_row, first_row + len(chunk))
        if self.pending or dropped:
            kept = [index for index in range(len(chunk)) if index not in dropped]
            numbers = [*(place for place, _ in self.pending), *(first_row + index for index in kept)]
            chunk_kept = [*(row for _, row in self.pending), *(chunk[index] for index in kept)]
            columns, ready = _columns(chunk_kept), None
        self.pending = [(first_row + index, chunk[index]) for index in sorted(waiting)]
        self.tables.append(self.arrow(numbers, columns, ready))

    def _odd_rows(self, columns: Sequence[Sequence[object]], leftmost: pa.Array | None, height: int) -> list[int]:
        """Indices of the rows that may be no data: what their leftmost column of the table shows is nothing or a word."""
        places = range(height)
        if leftmost is None:
            return list(places)
        odd = set(odd_texts(leftmost))
        for index in range(self.first):
            column = columns[index]
            if column.count("") == height:
                continue
            if index in self.header.unnamed:
                odd.update(place for place in places if not is_blank(column[place]))
            else:
                odd.update(place for place in look_closer(column, places) if not is_blank(column[place]))
        return sorted(odd)

    def _is_blank(self, row: Row) -> bool:
        """Nothing but perhaps a number made beforehand in the column 序号."""
        counter = self.header.counter
        return all(is_blank(cell) or (index == counter and cell_is_number(cell)) for index, cell in enumerate(row))

    def _is_footer(self, row: Row) -> bool:
        # A row that fills every required cell is data, whatever it begins with.
        whole = bool(self.required) and all(place < len(row) and not is_blank(row[place]) for place in self.required)
        return not whole and reads_as_footer(row)

    def arrow(
        self, numbers: Sequence[int], columns: list[Sequence[object]], leftmost: pa.Array | None = None
    ) -> pa.Table:
        """The rows as text; `leftmost`: texts of the leftmost column, where they are known already."""
        for index, column in enumerate(columns):
            if (index >= self.header.width or index in self.header.unnamed) and column.count("") != len(column):
                self._refuse_content(index, column, numbers)
        if self.merged.ranges:
            columns = self.merged.filled(columns, numbers)
        arrays = {}
        for name, place in self.header.places.items():
            values: Sequence[object] = columns[place] if place < len(columns) else [""] * len(numbers)
            if name in self.dates and self.sheet.is_workbook:
                arrays[name] = text_array(dates_from_serials(values, epoch_1904=self.sheet.epoch_1904))
            elif place == self.first and leftmost is not None and not self.merged.ranges:
                arrays[name] = leftmost
            else:
                arrays[name] = text_array(values)
            if name in self.header.units:
                arrays[name] = with_unit(arrays[name], self.header.units[name])
        arrays["row_no"] = pa.array(numbers, pa.int64())
        return pa.table(arrays)

    def _refuse_content(self, index: int, column: Sequence[object], numbers: Sequence[int]) -> None:
        for number, value in zip(numbers, column, strict=True):
            if not is_blank(value):
                raise InboxError(
                    f"{self.where} 第 {number} 行的第 {index + 1 + self.sheet.first_column} 格有内容，但该列没有表头："
                    "多半是文字里有未加引号的逗号，或少写了表头，请改正后重新送达。"
                )


class _Merged:
    """Cells merged over several rows below the header: the value stands for each of them."""

    def __init__(self, ranges: Iterable[MergedRange], first_column: int) -> None:
        self.ranges = sorted(
            (top + 1, bottom + 1, left - first_column)
            for (top, left), (bottom, _) in ranges
            if bottom > top and left >= first_column
        )
        self.values: dict[tuple[int, int], object] = {}

    def filled(self, columns: list[Sequence[object]], numbers: Sequence[int]) -> list[Sequence[object]]:
        """The columns with the values filled down; `numbers` are the physical rows of their cells, ascending."""
        places = {number: index for index, number in enumerate(numbers)}
        made: dict[int, list[object]] = {}
        for top, bottom, place in self.ranges:
            if not numbers or top > numbers[-1] or bottom < numbers[0] or place >= len(columns):
                continue
            column = made.setdefault(place, list(columns[place]))
            if top in places:
                self.values[top, place] = column[places[top]]
            for number in range(max(top + 1, numbers[0]), min(bottom, numbers[-1]) + 1):
                if number in places and is_blank(column[places[number]]):
                    column[places[number]] = self.values.get((top, place), "")
        return [made.get(index, column) for index, column in enumerate(columns)]


def _columns(rows: list[Row]) -> list[Sequence[object]]:
    if len(set(map(len, rows))) <= 1:
        return list(zip(*rows, strict=True))
    return list(zip_longest(*rows, fillvalue=""))


def _last_outside(count: int, taken: set[int]) -> int:
    """The largest index below `count` that is not taken; -1 if all are."""
    return next((index for index in range(count - 1, -1, -1) if index not in taken), -1)
