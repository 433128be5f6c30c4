"""One file read into one Parquet file: what a sandbox's child does.

Here: a CSV is written while it is read (a large one would not fit), other files whole; numbers of persons masked before
that (masking); the digest beside the rows; the answer as plain values. Not here: reading (reading, delimited), limits and processes (reader_process).
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from data_contracts.model import Contract
from resources.engines.duckdb_engine import ROW_GROUP_SIZE
from resources.inbox.archive import is_archive
from resources.inbox.delimited import DelimitedReader
from resources.inbox.errors import InboxError
from resources.inbox.masking import Counted, mask_table, refuse_named_after_persons
from resources.inbox.measure import kind_of, measure_columns
from resources.inbox.reading import read_file
from resources.inbox.sandbox import TABLE
from resources.inbox.spreadsheetml import is_spreadsheetml


def read_to_parquet(path: Path, contract: Contract, rows: int | None, folder: Path) -> dict[str, Any]:
    """Read `path` and write its table with file_sha256 to `folder`/table.parquet, fsynced (zstd, fixed row groups).

    Returns state, columns, rows, sheets and how many numbers of persons were masked, as JSON knows them. InboxError as `read_file`.
    """
    label = f"{path.parent.name}/{path.name}"
    source: Any
    counted = Counted()
    if not is_archive(path) and not is_spreadsheetml(path) and kind_of(path, label) == "text":
        source = DelimitedReader(path, contract, label)
        written = _write(
            (mask_table(part, contract, counted) for part in source.parts()), _digest(path), folder / TABLE
        )
        sheets = [source.count]
    else:
        source = read_file(path, contract)
        measure_columns((source.table.column(name) for name in contract.column_names), label)
        sheets = list(source.sheets)
        refuse_named_after_persons(sheets, label)
        written = _write([mask_table(source.table, contract, counted)], _digest(path), folder / TABLE)
    found = sum(sheet.data_rows for sheet in sheets)
    if rows is not None and found != rows:
        raise InboxError(
            f"{label} 读到 {found} 行数据，清单登记 {rows} 行，请报送单位核对文件和清单后重新送达。",
            kind="rows_mismatch",
        )
    return {
        "state": "read",
        "columns": list(source.columns),
        "rows": written,
        "sheets": [asdict(sheet) for sheet in sheets],
        "masked": asdict(counted),
    }


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _write(tables: Iterable[pa.Table], digest: str, target: Path) -> int:
    """Row groups of ROW_GROUP_SIZE rows, whatever pieces the tables come in; the number of rows."""
    written = 0
    waiting: list[pa.Table] = []
    writer: pq.ParquetWriter | None = None
    with target.open("wb") as file:
        try:
            for table in tables:
                table = table.append_column("file_sha256", pa.repeat(pa.scalar(digest), table.num_rows))
                writer = writer or pq.ParquetWriter(file, table.schema, compression="zstd")
                written += table.num_rows
                waiting.append(table)
                ready = sum(part.num_rows for part in waiting) // ROW_GROUP_SIZE * ROW_GROUP_SIZE
                if ready:
                    whole = pa.concat_tables(waiting)
                    writer.write_table(whole.slice(0, ready), row_group_size=ROW_GROUP_SIZE)
                    waiting = [whole.slice(ready)]
            if writer is not None:
                writer.write_table(pa.concat_tables(waiting), row_group_size=ROW_GROUP_SIZE)
        finally:
            if writer is not None:
                writer.close()
        file.flush()
        os.fsync(file.fileno())
    os.chmod(target, 0o600)
    return written
