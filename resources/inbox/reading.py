"""A delivered file as a table of text in the columns of its contract.

Here: which reader a file needs, by its content; the announced row count. Not here: the readers (table_body, delimited,
columnar, spreadsheetml, archive), conversion to types, quarantine, duplicates (engines/contract_sql).
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterable
from pathlib import Path

from data_contracts.model import Contract
from resources.inbox.archive import is_archive, unpacked
from resources.inbox.columnar import read_parquet
from resources.inbox.delimited import read_delimited
from resources.inbox.errors import InboxError
from resources.inbox.header import names_whole_table
from resources.inbox.measure import kind_of, measure_workbook
from resources.inbox.raw_table import RawTable, SheetCount, combined, renamed
from resources.inbox.sheets import Sheet, named_sheets, workbook_sheets
from resources.inbox.spreadsheetml import is_spreadsheetml, spreadsheetml_sheets
from resources.inbox.table_body import sheet_rows

__all__ = ["RawTable", "SheetCount", "read_file"]


def read_file(path: Path, contract: Contract, *, rows: int | None = None) -> RawTable:
    """Read a file by its content, whatever its extension says.

    rows: data rows announced by the manifest; another count is refused. InboxError: not readable, too big, unknown,
    double or missing headers, cells outside the table, another row count. Source: FIELDS, "Real files disagree".
    """
    label = f"{path.parent.name}/{path.name}"
    raw = _read(path, contract, label)
    if rows is not None and raw.data_rows != rows:
        raise InboxError(
            f"{label} 读到 {raw.data_rows} 行数据，清单登记 {rows} 行，请报送单位核对文件和清单后重新送达。",
            kind="rows_mismatch",
        )
    return raw


def _read(path: Path, contract: Contract, label: str) -> RawTable:
    if is_archive(path):
        with tempfile.TemporaryDirectory() as folder:
            parts = [
                renamed(_read_one(file, contract, f"{label} 中的 {name}"), name)
                for name, file in unpacked(path, Path(folder), label)
            ]
        return combined(parts, contract, label)
    return _read_one(path, contract, label)


def _read_one(path: Path, contract: Contract, label: str) -> RawTable:
    if is_spreadsheetml(path):
        return _tables(spreadsheetml_sheets(path, label), contract, label)
    kind = kind_of(path, label)
    if kind == "parquet":
        return read_parquet(path, contract, label)
    if kind == "text":
        return read_delimited(path, contract, label)
    if kind == "xlsx":
        measure_workbook(path, label)
    return _tables(workbook_sheets(path, label), contract, label)


def _tables(sheets: Iterable[Sheet], contract: Contract, label: str) -> RawTable:
    if contract.sheet is not None:
        sheets = named_sheets(sheets, contract.sheet, lambda rows: names_whole_table(rows, contract), label)
    parts = [
        sheet_rows(sheet, contract, f"{label} 工作表「{sheet.name}」" if sheet.is_workbook else label)
        for sheet in sheets
    ]
    return combined([part for part in parts if part is not None], contract, label)
