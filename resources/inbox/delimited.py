"""A CSV as a table of text in the columns of its contract, block by block.

Here: the two ways of reading and which block takes which. Not here: bytes and records of the file (delimited_source),
what rows and headers mean (table_body, header), other files.
The quick way (Arrow, a block at once) is taken where it is proven to give what the csv module gives: quotes stand as in
RFC 4180, every record has as many cells as the one before, no cell is outside the table or too long, no row may be blank
or a footer. Any other block takes the slow way, record by record, which also says the exact fault.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pa_csv
from numpy.typing import NDArray

from data_contracts.model import Contract
from resources.inbox.cells import is_blank, look_closer
from resources.inbox.delimited_source import LARGEST_BLOCK, MAX_CELL, DelimitedSource, Encoding, encoding_of
from resources.inbox.errors import InboxError
from resources.inbox.header import SEARCH_ROWS, Header, find_header
from resources.inbox.raw_table import RawTable, SheetCount, sheet_table
from resources.inbox.sheets import Sheet
from resources.inbox.table_body import TableBody
from resources.inbox.text_array import with_unit

SMALLEST_BLOCK = 256 * 1024
_AT_ONCE = 1024**2  # what one thread parses


def read_delimited(path: Path, contract: Contract, label: str) -> RawTable:
    """The whole file in memory; errors as `DelimitedReader.parts`.

    First in good faith, as sound UTF-8, which saves a passage through the file; whatever is found wrong that way, the
    second reading looks at the encoding first and tells the fault.
    """
    pool = pa.jemalloc_memory_pool() if "jemalloc" in pa.supported_memory_backends() else None
    with suppress(InboxError, UnicodeDecodeError):
        return _whole(DelimitedReader(path, contract, label, encoding="utf-8", pool=pool))
    return _whole(DelimitedReader(path, contract, label))


def _whole(reader: DelimitedReader) -> RawTable:
    table = pa.concat_tables(reader.parts())
    return RawTable(reader.columns, table, (reader.count,))


class DelimitedReader:
    """Reads one CSV; after `parts` is exhausted, `columns` (of the contract, that the file brings) and `count` hold."""

    def __init__(
        self,
        path: Path,
        contract: Contract,
        label: str,
        *,
        encoding: Encoding | None = None,
        pool: pa.MemoryPool | None = None,
        quick: bool = True,
    ) -> None:
        """Nothing is opened yet.

        encoding: None to look for it. pool: where tables grow (mimalloc, Arrow's own choice, takes twice the system time
        for gigabytes). quick: False for every record by the csv module (to compare the two).
        """
        self.path = path
        self.contract = contract
        self.label = label
        self.encoding = encoding
        self.pool = pool
        self.quick = quick
        self.columns: tuple[str, ...] = ()
        self.count = SheetCount("", 0, 0, 0, 0, 0, 0)

    def parts(self) -> Iterator[pa.Table]:
        """Tables of equal columns (as RawTable.table), one after another; at least one.

        InboxError: neither UTF-8 nor GB18030, NUL, quotes that do not pair, records or cells too long, no header, cells
        outside the table; DriftError: other columns than the contract's. UnicodeDecodeError: not the encoding given.
        """
        try:
            encoding = self.encoding or encoding_of(self.path, self.label)
            with self.path.open("rb") as file:
                yield from self._parts(DelimitedSource(file, encoding, self.label))
        except OSError as error:
            raise InboxError(f"{self.label} 读不出来（{error.strerror}），请检查文件后重新送达。") from error

    def _parts(self, source: DelimitedSource) -> Iterator[pa.Table]:
        first = source.records(SEARCH_ROWS)
        if not first:
            raise InboxError(f"{self.label} 中没有任何内容，请报送单位重新导出后送达。")
        header = find_header(first, self.contract, self.label)
        self.columns = tuple(name for name in self.contract.column_names if name in header.brought)
        body = TableBody(header, self.contract, Sheet("", iter(())), self.label)
        empty = body.arrow([], [])
        body.take(first[header.row :], header.row + 1)
        width = len(first[-1]) or len(first[header.row - 1])
        size = LARGEST_BLOCK
        counts: list[SheetCount] = []
        while not source.is_done:
            block = source.block(size) if self.quick and not body.pending else None
            table = self._quick_table(block, header, width, source) if block else None
            if block and table is not None:
                source.skip(len(block), table.num_rows)
                body.tables.append(table)
                size = min(2 * size, LARGEST_BLOCK)
            elif self.quick and not body.pending and size > SMALLEST_BLOCK:
                size //= 2
                continue
            else:
                first_row = source.next_row
                rows = source.records(size=SMALLEST_BLOCK)
                body.take(rows, first_row)
                width = next((len(row) for row in reversed(rows) if row), width)
            yield from self._taken(body, header, counts)
        yield from self._taken(body, header, counts)
        if not counts:
            body.tables.append(empty)
            yield from self._taken(body, header, counts)
        self.count = SheetCount(
            sheet="",
            header_rows=header.row,
            data_rows=sum(count.data_rows for count in counts),
            blank_rows=body.blank_rows,
            footer_rows=len(body.pending),
            delivered_rows=sum(count.delivered_rows for count in counts),
            last_row=source.next_row - 1,
        )

    def _taken(self, body: TableBody, header: Header, counts: list[SheetCount]) -> Iterator[pa.Table]:
        """What the body holds so far, in its final shape; it holds nothing afterwards."""
        for table in body.tables:
            part = sheet_table(self.contract, header.brought, table, sheet="", header_rows=header.row)
            counts.extend(part.sheets)
            yield part.table
        body.tables.clear()

    def _quick_table(self, block: memoryview, header: Header, width: int, source: DelimitedSource) -> pa.Table | None:
        """The rows of a block as the body would give them; None where that is not proven."""
        try:
            cells = pa_csv.read_csv(
                pa.BufferReader(block),
                read_options=pa_csv.ReadOptions(column_names=[str(n) for n in range(width)], block_size=_AT_ONCE),
                parse_options=pa_csv.ParseOptions(newlines_in_values=source.has_quotes, ignore_empty_lines=False),
                convert_options=pa_csv.ConvertOptions(
                    column_types={str(n): pa.string() for n in range(width)},
                    null_values=[""],
                    strings_can_be_null=True,
                    check_utf8=self.encoding is not None,  # else encoding_of did
                ),
                memory_pool=self.pool,
            )
        except pa.ArrowInvalid:
            return None  # another number of cells somewhere, or a record longer than _AT_ONCE
        for place, column in enumerate(cells.columns):
            is_outside = place >= header.width or place in header.unnamed
            if (is_outside and column.null_count != len(column)) or _longest(column) > MAX_CELL:
                return None
        if not self._is_all_data(cells, header):
            return None
        arrays = {
            name: cells.column(place) if place < width else pa.nulls(cells.num_rows, pa.string())
            for name, place in header.places.items()
        }
        for name, unit in header.units.items():
            arrays[name] = with_unit(arrays[name], unit)
        arrays["row_no"] = pa.array(np.arange(source.next_row, source.next_row + cells.num_rows))
        return pa.table(arrays)

    def _is_all_data(self, cells: pa.Table, header: Header) -> bool:
        """Whether no row can be blank or a footer: see TableBody.take. A row that fills every required cell is data."""
        if _all_begin_with(cells.column(0), _PLAIN):
            return True
        leftmost = min(header.places.values())
        if leftmost >= cells.num_columns:
            return False
        suspect = _begins_oddly(cells.column(leftmost))
        for place in range(leftmost):
            if cells.column(place).null_count != cells.num_rows:
                suspect = pc.or_(suspect, pc.is_valid(cells.column(place)))
        if not pc.any(suspect).as_py():
            return True
        required = [header.places[c.name] for c in self.contract.columns if c.required and c.name in header.places]
        if not required or max(required) >= cells.num_columns:
            return False
        return not any(_may_be_blank(cells.column(place)) for place in required)


def _begins_oddly(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Where a cell's first character is none, white, or that of a footer."""
    begin = pc.utf8_slice_codeunits(pc.fill_null(column, ""), 0, 1)
    kinds = pc.unique(begin).to_pylist()
    return pc.is_in(begin, pa.array([kinds[n] for n in look_closer(kinds, range(len(kinds)))], pa.string()))


def _octets(*which: int) -> NDArray[np.bool_]:
    marked = np.zeros(256, dtype=np.bool_)
    marked[[*which]] = True
    return marked


# First octets of cells, in UTF-8: of those that can be no footer and not blank; of white space (and of much else).
_PLAIN = _octets(*b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ")
_NOT_WHITE = ~_octets(*range(0x09, 0x0E), *range(0x1C, 0x21), 0xC2, 0xE1, 0xE2, 0xE3)


def _all_begin_with(column: pa.ChunkedArray, octets: NDArray[np.bool_]) -> bool:
    if column.null_count:
        return False
    for chunk in column.chunks:
        starts = np.frombuffer(chunk.buffers()[1], np.int32)[chunk.offset : chunk.offset + len(chunk)]
        if not octets[np.frombuffer(chunk.buffers()[2], np.uint8)[starts]].all():
            return False
    return True


def _may_be_blank(column: pa.ChunkedArray) -> bool:
    if column.null_count:
        return True
    if _all_begin_with(column, _NOT_WHITE):
        return False
    return any(is_blank(kind) for kind in pc.unique(pc.utf8_slice_codeunits(column, 0, 1)).to_pylist())


def _longest(column: pa.ChunkedArray) -> int:
    """Bytes of the longest cell."""
    longest = 0
    for chunk in column.chunks:
        ends = np.frombuffer(chunk.buffers()[1], np.int32)[chunk.offset : chunk.offset + len(chunk) + 1]
        longest = max(longest, int(np.diff(ends).max(initial=0)))
    return longest
