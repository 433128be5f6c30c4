"""What a delivered file holds, as text: one table in the columns of its contract, and what was counted of each sheet.

Here: the shapes, and putting sheets together. Not here: reading (reading, delimited, sheets), judging
(engines/contract_sql).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import pyarrow as pa

from data_contracts.model import Contract
from resources.inbox.errors import InboxError
from resources.inbox.parties import constant, split_parties

PLACE_COLUMNS = ("sheet", "row_no", "part_no", "corrects_row_id")


@dataclass(frozen=True, slots=True)
class SheetCount:
    """What the rows of one sheet are; sheet '' where a file has none, `member` or `member/sheet` in an archive.

    header_rows: up to and with the header. data_rows: physical. delivered_rows: data_rows and the further parties of
    decisions that name several. last_row = header_rows + data_rows + blank_rows + footer_rows.
    """

    sheet: str
    header_rows: int
    data_rows: int
    blank_rows: int
    footer_rows: int
    delivered_rows: int
    last_row: int


@dataclass(frozen=True, slots=True)
class RawTable:
    """What a file holds.

    columns: the contract's columns that the file brings. table: every column of the contract as VARCHAR (NULL where
    the file has none or the cell is empty), `sheet` (VARCHAR), `row_no` (BIGINT, 1-based row as a spreadsheet shows
    it; ordinal in Parquet), `part_no` (BIGINT, 1, then 2… for further parties of the row), `corrects_row_id` (VARCHAR,
    the row that a correction replaces, else NULL). sheets: what was counted, in the order of the file.
    """

    columns: tuple[str, ...]
    table: pa.Table
    sheets: tuple[SheetCount, ...]

    @property
    def data_rows(self) -> int:
        """Physical data rows: what a manifest announces."""
        return sum(sheet.data_rows for sheet in self.sheets)


def sheet_table(
    contract: Contract,
    brought: Iterable[str],
    table: pa.Table,
    *,
    sheet: str,
    header_rows: int,
    blank_rows: int = 0,
    footer_rows: int = 0,
) -> RawTable:
    """One sheet from its data rows: `table` has columns of the contract, row_no and, if brought, corrects_row_id.

    Columns that the sheet does not bring become NULL; rows that name several parties become several rows.
    """
    data_rows = table.num_rows
    made = {
        name: table.column(name) if name in table.column_names else constant(None, pa.string(), data_rows)
        for name in (*contract.column_names, "corrects_row_id")
    }
    made["sheet"] = constant(sheet, pa.string(), data_rows)
    made["row_no"] = table.column("row_no")
    split = split_parties(pa.table(made), contract.split_parties)
    names = set(brought)
    return RawTable(
        columns=tuple(name for name in contract.column_names if name in names),
        table=split.select([*contract.column_names, *PLACE_COLUMNS]),
        sheets=(
            SheetCount(
                sheet=sheet,
                header_rows=header_rows,
                data_rows=data_rows,
                blank_rows=blank_rows,
                footer_rows=footer_rows,
                delivered_rows=split.num_rows,
                last_row=header_rows + data_rows + blank_rows + footer_rows,
            ),
        ),
    )


def combined(parts: Sequence[RawTable], contract: Contract, label: str) -> RawTable:
    """The sheets of a file as one; InboxError when there is none, or two have one name (a place must be one place)."""
    if not parts:
        raise InboxError(f"{label} 中没有任何内容，请报送单位重新导出后送达。")
    names = [count.sheet for part in parts for count in part.sheets]
    if twice := next((name for name in names if names.count(name) > 1), None):
        raise InboxError(f"{label} 有两张工作表都叫「{twice}」，请用电子表格软件改名另存后重新送达。")
    brought = {name for part in parts for name in part.columns}
    return RawTable(
        columns=tuple(name for name in contract.column_names if name in brought),
        table=pa.concat_tables([part.table for part in parts]),
        sheets=tuple(count for part in parts for count in part.sheets),
    )


def renamed(raw: RawTable, member: str) -> RawTable:
    """The table of a file that is a member of an archive: its sheets become `member` or `member/sheet`."""

    def name(sheet: str) -> str:
        return f"{member}/{sheet}" if sheet else member

    place = raw.table.column_names.index("sheet")
    names = pa.chunked_array([[name(count.sheet)] * count.delivered_rows for count in raw.sheets], pa.string())
    return replace(
        raw,
        table=raw.table.set_column(place, "sheet", names),
        sheets=tuple(replace(count, sheet=name(count.sheet)) for count in raw.sheets),
    )
