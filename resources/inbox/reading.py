"""A delivered file as a table of text in the columns of its contract.

Here: which reader a file needs, rows counted as data, blank or footer, cells to text column by column.
Not here: conversion to types, quarantine, duplicates (engines/contract_sql).
Every physical row below the header is a data row, a blank row or a footer row at the end; nothing is left out.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from data_contracts.model import Contract
from resources.inbox.cells import cell_text, is_blank, is_plain_data, reads_as_footer
from resources.inbox.errors import InboxError
from resources.inbox.header import SEARCH_ROWS, Header, find_header, match_header
from resources.inbox.measure import kind_of, measure_parquet, measure_workbook
from resources.inbox.sheets import Row, csv_rows, workbook_sheets


@dataclass(frozen=True, slots=True)
class RawTable:
    """What a file holds.

    columns: the contract's columns that the file brings. table: every column of the contract as VARCHAR (NULL where
    the file has none or the cell is empty), `sheet` (VARCHAR, '' without sheets), `row_no` (BIGINT, 1-based row as a
    spreadsheet shows it; ordinal in Parquet). header_row: of the first table (0 in Parquet).
    """

    columns: tuple[str, ...]
    table: pa.Table
    header_row: int
    blank_rows: int
    footer_rows: int


def read_file(path: Path, contract: Contract, *, rows: int | None = None) -> RawTable:
    """Read a file by its content, whatever its extension says.

    rows: data rows announced by the manifest; another count is refused. InboxError: not readable, too big, unknown,
    double or missing headers, cells outside the table, another row count. Source: FIELDS, "Real files disagree".
    """
    label = f"{path.parent.name}/{path.name}"
    kind = kind_of(path, label)
    if kind == "parquet":
        raw = _read_parquet(path, contract, label)
    else:
        if kind == "text":
            raw = _combine([_read_rows("", csv_rows(path, label), contract, label)], contract, label)
        else:
            if kind == "xlsx":
                measure_workbook(path, label)
            parts = [
                _read_rows(name, chunks, contract, f"{label} 工作表「{name}」")
                for name, chunks in workbook_sheets(path, label)
            ]
            raw = _combine(parts, contract, label)
    if rows is not None and raw.table.num_rows != rows:
        raise InboxError(
            f"{label} 读到 {raw.table.num_rows} 行数据，清单登记 {rows} 行，请报送单位核对文件和清单后重新送达。"
        )
    return raw


def _combine(parts: Sequence[RawTable], contract: Contract, label: str) -> RawTable:
    if not parts:
        raise InboxError(f"{label} 中没有任何内容，请报送单位重新导出后送达。")
    brought = {name for part in parts for name in part.columns}
    return RawTable(
        columns=tuple(name for name in contract.column_names if name in brought),
        table=pa.concat_tables([part.table for part in parts]),
        header_row=parts[0].header_row,
        blank_rows=sum(part.blank_rows for part in parts),
        footer_rows=sum(part.footer_rows for part in parts),
    )


def _read_rows(sheet: str, chunks: Iterable[list[Row]], contract: Contract, where: str) -> RawTable:
    """One table of cells: the header in its first rows, then everything below it."""
    header: Header | None = None
    body: _Body | None = None
    next_row = 1
    for chunk in chunks:
        if header is None or body is None:
            header = find_header(chunk[:SEARCH_ROWS], contract, where)
            body = _Body(header, contract, where)
            chunk, next_row = chunk[header.row :], header.row + 1
        body.take(chunk, next_row)
        next_row += len(chunk)
    if header is None or body is None:
        raise InboxError(f"{where} 中没有任何内容，请报送单位重新导出后送达。")
    table = pa.concat_tables(body.tables or [body.arrow([], [])])
    table = table.append_column("sheet", pa.repeat(pa.scalar(sheet, pa.string()), table.num_rows))
    return RawTable(
        columns=tuple(name for name in contract.column_names if name in header.places),
        table=table.select([*contract.column_names, "sheet", "row_no"]),
        header_row=header.row,
        blank_rows=body.blank_rows,
        footer_rows=len(body.pending),
    )


class _Body:
    """The rows below a header, taken chunk by chunk. A footer word counts as footer only if no data follows."""

    def __init__(self, header: Header, contract: Contract, where: str) -> None:
        self.header = header
        self.where = where
        self.names = contract.column_names
        self.required = [header.places[column.name] for column in contract.columns if column.required]
        self.tables: list[pa.Table] = []
        self.pending: list[tuple[int, Row]] = []
        self.blank_rows = 0

    def take(self, chunk: list[Row], first_row: int) -> None:
        numbers: list[int] = []
        rows: list[Row] = []
        for number, row in enumerate(chunk, first_row):
            if not is_plain_data(row):
                if all(map(is_blank, row)):
                    self.blank_rows += 1
                    continue
                if self._is_footer(row):
                    self.pending.append((number, row))
                    continue
            if self.pending:
                numbers.extend(place for place, _ in self.pending)
                rows.extend(waiting for _, waiting in self.pending)
                self.pending.clear()
            numbers.append(number)
            rows.append(row)
        if rows:
            self.tables.append(self.arrow(numbers, rows))

    def _is_footer(self, row: Row) -> bool:
        # A row that fills every required cell is data, whatever it begins with.
        whole = bool(self.required) and all(place < len(row) and not is_blank(row[place]) for place in self.required)
        return not whole and reads_as_footer(row)

    def arrow(self, numbers: list[int], rows: list[Row]) -> pa.Table:
        columns = list(zip_longest(*rows, fillvalue=""))
        for index, column in enumerate(columns):
            if index >= self.header.width or index in self.header.unnamed:
                self._refuse_content(index, column, numbers)
        arrays = {}
        for name in self.names:
            place = self.header.places.get(name)
            if place is None or place >= len(columns):
                arrays[name] = pa.nulls(len(rows), pa.string())
            else:
                arrays[name] = _text_array(columns[place])
        arrays["row_no"] = pa.array(numbers, pa.int64())
        return pa.table(arrays)

    def _refuse_content(self, index: int, column: Sequence[object], numbers: list[int]) -> None:
        for number, value in zip(numbers, column, strict=True):
            if not is_blank(value):
                raise InboxError(
                    f"{self.where} 第 {number} 行的第 {index + 1} 格有内容，但该列没有表头："
                    "多半是文字里有未加引号的逗号，或少写了表头，请改正后重新送达。"
                )


def _text_array(values: Sequence[object]) -> pa.Array:
    try:
        array = pa.array(values, pa.string())
    except pa.ArrowTypeError:
        # Some cell is a number, a date or a boolean: only workbooks and typed Parquet columns come here.
        return pa.array([cell_text(value) for value in values], pa.string())
    return pc.if_else(pc.equal(array, ""), pa.scalar(None, pa.string()), array)


def _read_parquet(path: Path, contract: Contract, label: str) -> RawTable:
    try:
        with pq.ParquetFile(path) as file:
            footer = file.metadata
            unpacked = sum(footer.row_group(i).total_byte_size for i in range(footer.num_row_groups))
            measure_parquet(footer.num_rows, footer.num_columns, unpacked, label)
            names = file.schema_arrow.names
            header = match_header(names, contract, label, row=0)
            wanted = {name: names[place] for name, place in header.places.items()}
            table = file.read(columns=list(wanted.values()))
    except (pa.ArrowException, OSError) as error:
        raise InboxError(f"{label} 已损坏，读不出 Parquet 内容，请报送单位重新导出后送达。") from error
    arrays = {
        name: _parquet_text(table.column(wanted[name]), f"{label} 的列「{wanted[name]}」")
        if name in wanted
        else pa.nulls(table.num_rows, pa.string())
        for name in contract.column_names
    }
    arrays["sheet"] = pa.repeat(pa.scalar("", pa.string()), table.num_rows)
    arrays["row_no"] = pa.array(range(1, table.num_rows + 1), pa.int64())
    brought = tuple(name for name in contract.column_names if name in wanted)
    return RawTable(brought, pa.table(arrays), header_row=0, blank_rows=0, footer_rows=0)


def _parquet_text(column: pa.ChunkedArray, where: str) -> pa.ChunkedArray:
    kind = column.type.value_type if pa.types.is_dictionary(column.type) else column.type
    if pa.types.is_nested(kind) or pa.types.is_binary(kind) or pa.types.is_large_binary(kind):
        raise InboxError(f"{where} 不是文字、数、日期或是否，请改为简单类型后重新送达。")
    if (
        pa.types.is_string(kind)
        or pa.types.is_large_string(kind)
        or pa.types.is_integer(kind)
        or pa.types.is_date(kind)
    ):
        text = column.cast(pa.string())
        return pc.if_else(pc.equal(text, ""), pa.scalar(None, pa.string()), text)
    return pa.chunked_array([_text_array(chunk.to_pylist()) for chunk in column.chunks], pa.string())
