"""What a pull brings, put down as it comes: one Parquet of text, with the key of each row beside its columns.

Here: the shape that database and http both fill and that changes compares: n (BIGINT, order of arrival), k0… (key, text),
the contract's columns (text, '' and NULL as they came), withdrawn (BOOLEAN). Not here: what it is compared with.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from resources.inbox.connections import Connection, PullError

GROUP_ROWS = 50_000


@dataclass(frozen=True, slots=True)
class Fetched:
    """One pull as it came. `present`: every key now in the source (None: unknown); `watermark`: where the next starts."""

    rows: int
    stage: Path
    present: Path | None
    watermark: str | None
    notes: tuple[str, ...] = ()


def key_names(connection: Connection) -> tuple[str, ...]:
    """The key's columns in a stage: k0, k1, …"""
    return tuple(f"k{index}" for index in range(len(connection.key)))


class Stage:
    """Writes the stage of one pull; batches hold every name of `connection.theirs` as text."""

    def __init__(self, connection: Connection, path: Path, records: Path | None = None) -> None:
        """The file is made at once and is whole after `with`.

        records: also put down what a first pull delivers, the rows not withdrawn under Chinese titles (a second pass over
        a million rows cost as much as fetching them).
        """
        self.connection = connection
        self.path = path
        self.rows = 0
        by_ours = {ours: theirs for theirs, ours in connection.columns.items()}
        self._sources: Mapping[str, str | None] = {name: by_ours.get(name) for name in connection.delivered_columns}
        self._schema = pa.schema(
            [
                pa.field("n", pa.int64()),
                *(pa.field(name, pa.string()) for name in key_names(connection)),
                *(pa.field(name, pa.string()) for name in connection.delivered_columns),
                pa.field("withdrawn", pa.bool_()),
            ]
        )
        self._writer = pq.ParquetWriter(path, self._schema, compression="lz4", use_dictionary=False)
        contract = connection.contract
        titled = pa.schema(
            [pa.field(contract.column(name).title, pa.string()) for name in connection.delivered_columns]
        )
        self._records = pq.ParquetWriter(records, titled, compression="zstd", use_dictionary=False) if records else None
        self._waiting: list[pa.RecordBatch] = []
        self._unwritten = 0

    def __enter__(self) -> Stage:
        """Itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the files."""
        if error is None:
            self._write(1)
        self._writer.close()
        if self._records is not None:
            self._records.close()

    def put(self, theirs: Mapping[str, pa.Array], ours: Mapping[str, pa.Array], rows: int) -> None:
        """Add a batch. `theirs`: texts by their name; `ours`: texts by our name where they differ (dates)."""
        if not rows:
            return
        arrays: list[pa.Array] = [pa.array(np.arange(self.rows, self.rows + rows))]
        for name in self.connection.key:
            if theirs[name].null_count:
                raise PullError(
                    f"连接 {self.connection.name} 有 {theirs[name].null_count} 行的主键「{name}」是空的，"
                    "无法辨认是哪一行：请报送单位补上主键后重新取数。"
                )
            arrays.append(theirs[name])
        for name, source in self._sources.items():
            if source is None:
                arrays.append(pa.repeat(pa.scalar(self.connection.constants[name]), rows))
            else:
                arrays.append(ours[name] if name in ours else theirs[source])
        arrays.append(self._withdrawn(theirs, rows))
        self._waiting.append(pa.RecordBatch.from_arrays(arrays, schema=self._schema))
        self.rows += rows
        self._unwritten += rows
        self._write(GROUP_ROWS)

    def _write(self, least: int) -> None:
        """Row groups of one size whatever portions the rows came in, so that the same rows give the same bytes."""
        while self._unwritten >= least:
            table = pa.Table.from_batches(self._waiting)
            group = table.slice(0, GROUP_ROWS).combine_chunks()
            self._waiting = table.slice(GROUP_ROWS).to_batches()
            self._unwritten -= group.num_rows
            self._writer.write_table(group)
            if self._records is not None:
                flags = group.column("withdrawn")
                records = group.filter(pc.invert(flags)) if pc.any(flags).as_py() else group
                names = list(self.connection.delivered_columns)
                self._records.write_table(records.select(names).rename_columns(self._records.schema.names))

    def _withdrawn(self, theirs: Mapping[str, pa.Array], rows: int) -> pa.Array:
        if self.connection.withdrawn is None:
            return pa.repeat(pa.scalar(False), rows)
        column, values = self.connection.withdrawn
        return pc.is_in(theirs[column], value_set=pa.array(values, pa.string()), skip_nulls=True)


def write_keys(path: Path, names: Sequence[str], tables: Sequence[pa.Table]) -> None:
    """The keys now in the source, as text columns k0, k1, …"""
    schema = pa.schema([pa.field(name, pa.string()) for name in names])
    pq.write_table(pa.concat_tables([schema.empty_table(), *tables]), path, compression="lz4", use_dictionary=False)
