"""A Parquet file as a table of text in the columns of its contract.

Here: names matched, simple types as text. Not here: rows of cells (table_body); limits (measure).
"""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from data_contracts.model import Contract
from resources.inbox.errors import InboxError
from resources.inbox.header import match_header
from resources.inbox.measure import measure_parquet
from resources.inbox.raw_table import RawTable, sheet_table
from resources.inbox.text_array import text_array, with_unit


def read_parquet(path: Path, contract: Contract, label: str) -> RawTable:
    """The file's columns under their Chinese or English names; row_no is the ordinal of the row.

    InboxError: damaged, too big, a column of nested or binary type; DriftError: other columns than the contract's.
    """
    try:
        return _read(path, contract, label)
    except (InboxError, MemoryError):  # memory, also Arrow's, is the limit's fault and not the file's
        raise
    except Exception as error:  # damaged files raise whatever they meet: bad UTF-8 in names, days beyond the calendar
        raise InboxError(f"{label} 已损坏，读不出 Parquet 内容，请报送单位重新导出后送达。") from error


def _read(path: Path, contract: Contract, label: str) -> RawTable:
    with pq.ParquetFile(path) as file:
        footer = file.metadata
        unpacked = sum(footer.row_group(i).total_byte_size for i in range(footer.num_row_groups))
        measure_parquet(footer.num_rows, footer.num_columns, unpacked, label)
        names = file.schema_arrow.names
        header = match_header(names, contract, label, row=0)
        wanted = {name: names[place] for name, place in header.places.items()}
        table = file.read(columns=list(wanted.values()))
        table.validate(full=True)
    arrays = {name: _texts(table.column(given), f"{label} 的列「{given}」") for name, given in wanted.items()}
    for name, unit in header.units.items():
        arrays[name] = with_unit(arrays[name], unit)
    arrays["row_no"] = pa.array(range(1, table.num_rows + 1), pa.int64())
    return sheet_table(contract, header.brought, pa.table(arrays), sheet="", header_rows=0)


def _texts(column: pa.ChunkedArray, where: str) -> pa.ChunkedArray:
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
    return pa.chunked_array([text_array(chunk.to_pylist()) for chunk in column.chunks], pa.string())
