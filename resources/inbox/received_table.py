"""One file read into one Parquet file: what a sandbox's child does.

Here: which way is taken (a large CSV is written as it is read), the digest beside the rows, the answer as plain values.
Not here: reading (reading, delimited), limits and processes (reader_process).
"""

from __future__ import annotations

import hashlib
import os
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from data_contracts.model import Contract
from resources.engines.duckdb_engine import ROW_GROUP_SIZE
from resources.inbox.reading import read_file
from resources.inbox.sandbox import TABLE


def read_to_parquet(path: Path, contract: Contract, rows: int | None, folder: Path) -> dict[str, Any]:
    """Read `path` and write its table with file_sha256 to `folder`/table.parquet, fsynced (zstd, fixed row groups).

    Returns state, columns, rows and sheets as JSON knows them. InboxError as `read_file`.
    """
    raw = read_file(path, contract, rows=rows)
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    table = raw.table.append_column("file_sha256", pa.repeat(pa.scalar(digest), raw.table.num_rows))
    with (folder / TABLE).open("wb") as target:
        pq.write_table(table, target, compression="zstd", row_group_size=ROW_GROUP_SIZE)
        target.flush()
        os.fsync(target.fileno())
    os.chmod(folder / TABLE, 0o600)
    return {
        "state": "read",
        "columns": list(raw.columns),
        "rows": raw.table.num_rows,
        "sheets": [asdict(sheet) for sheet in raw.sheets],
    }
