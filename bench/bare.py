"""The bare work of a month: recorded while the jobs run once, then done again by the libraries alone.

Here: what is recorded and how it is repeated. Not here: the comparison (__main__).
"""

from __future__ import annotations

import csv
import tempfile
import time
import zipfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from unittest.mock import patch

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import xlsxwriter
from python_calamine import CalamineWorkbook

from resources.engines.duckdb_engine import Step


@dataclass
class Recorded:
    """Queries (SQL by name of the result, inputs, parameters), files read, and sheets written during one run."""

    queries: list[tuple[Mapping[str, str], Mapping[str, Any], Mapping[str, Any]]] = field(default_factory=list)
    files: list[Path] = field(default_factory=list)
    workbooks: list[list[list[tuple[Any, ...]]]] = field(default_factory=list)


def recorded_run(home: Path, month: str) -> Recorded:
    """Run the month in this process and note its bare work."""
    from pipelines.cli.run import run_month
    from resources.engines.duckdb_engine import DuckDBEngine
    from resources.inbox.sandbox import Job, Sandbox
    from resources.outbox import workbook

    kept = Recorded()
    stored, chosen, chained, read, written = (
        DuckDBEngine.select_to_parquet,
        DuckDBEngine.select,
        DuckDBEngine.select_chain,
        Sandbox.read,
        workbook.write_workbook,
    )

    def select_to_parquet(self: Any, sql: str, inputs: Any, params: Any, target: Path) -> int:
        kept.queries.append(({"": sql}, dict(inputs), dict(params or {})))
        return stored(self, sql, inputs, params, target)

    def select(self: Any, sql: str, inputs: Any, params: Any = None) -> pa.Table:
        kept.queries.append(({"": sql}, dict(inputs), dict(params or {})))
        return chosen(self, sql, inputs, params)

    def select_chain(self: Any, steps: Mapping[str, str | Step], inputs: Any) -> dict[str, Path]:
        made = chained(self, steps, inputs)
        kept.queries.append(({name: _text(step, made[name]) for name, step in steps.items()}, dict(inputs), {}))
        return made

    def sandboxed(self: Any, jobs: Iterable[Job]) -> Any:
        listed = list(jobs)
        kept.files.extend(job.path for job in listed)
        return read(self, listed)

    def write_workbook(path: Path, sheets: Any, **options: Any) -> str:
        kept.workbooks.append([[tuple(map(str, row)) for row in s.frame.itertuples(index=False)] for s in sheets])
        return written(path, sheets, **options)

    documents = ("sampling_plan", "drawn_internal", "timeliness", "due_soon", "task_status")
    with (
        patch.object(DuckDBEngine, "select_to_parquet", select_to_parquet),
        patch.object(DuckDBEngine, "select", select),
        patch.object(DuckDBEngine, "select_chain", select_chain),
        patch.object(Sandbox, "read", sandboxed),
        patch.multiple("resources.outbox.sampling_plan", write_workbook=write_workbook),
        patch.multiple("resources.outbox.drawn_internal", write_workbook=write_workbook),
        patch.multiple("resources.outbox.timeliness", write_workbook=write_workbook),
        patch.multiple("resources.outbox.due_soon", write_workbook=write_workbook),
        patch.multiple("resources.outbox.task_status", write_workbook=write_workbook),
    ):
        if run_month(month, home, None, lambda _: None):
            raise RuntimeError("the recorded run did not finish")
    if not (kept.queries and kept.files and len(kept.workbooks) == len(documents)):
        raise RuntimeError("the recorded run shows no work: has a name that is recorded here moved?")
    return kept


def _text(step: str | Step, made: Path) -> str:
    """The SELECT of a step; of one that was not run, or gave nothing, only the columns of its result."""
    if isinstance(step, str):
        return step
    if pq.read_metadata(made).num_rows:
        return step.sql()
    with duckdb.connect() as connection:
        kinds = connection.register("none", step.columns.empty_table()).view("none")
        columns = zip(kinds.columns, kinds.types, strict=True)
        return "SELECT " + ", ".join(f"CAST(NULL AS {kind}) AS {name}" for name, kind in columns) + " WHERE FALSE"


def bare_seconds(kept: Recorded) -> dict[str, float]:
    """Seconds of each part, done by the libraries alone."""
    started = time.perf_counter()
    for path in kept.files:
        _read(path)
    read = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder, duckdb.connect() as connection:
        connection.execute("SET threads = 2")
        for number, (steps, inputs, params) in enumerate(kept.queries):
            _query(connection, steps, inputs, params, Path(folder) / str(number))
        asked = time.perf_counter()
        for number, sheets in enumerate(kept.workbooks):
            _write(Path(folder) / f"{number}.xlsx", sheets)
    return {"读文件": read - started, "DuckDB": asked - read, "写表册": time.perf_counter() - asked}


def _read(path: Path) -> None:
    head = path.open("rb").read(4)
    if head == b"PAR1":
        pq.read_table(path)
    elif head.startswith(b"PK") and "xl/workbook.xml" not in (members := zipfile.ZipFile(path)).namelist():
        for name in members.namelist():
            members.read(name)
    elif head.startswith(b"PK"):
        for name in (book := CalamineWorkbook.from_path(str(path))).sheet_names:
            book.get_sheet_by_name(name).to_python()
    else:
        data = path.read_bytes()
        try:
            text = data.decode("utf-8-sig")
        except UnicodeDecodeError:
            text = data.decode("gb18030")
        list(csv.reader(text.splitlines()))


def _query(
    connection: duckdb.DuckDBPyConnection,
    steps: Mapping[str, str],
    inputs: Mapping[str, Any],
    params: Any,
    folder: Path,
) -> None:
    """The SELECTs one after another, each seeing the results before it; then the names are free again."""
    folder.mkdir()
    for name, value in inputs.items():
        if isinstance(value, pa.Table):
            connection.register(name, value)
        else:
            paths = [value] if isinstance(value, Path) else list(value)
            connection.read_parquet([str(p) for p in paths], union_by_name=True).create_view(name, replace=True)
    for name, sql in steps.items():
        target = str(folder / f"{name}.parquet")
        connection.sql(sql, params=dict(params)).write_parquet(target, compression="zstd")
        if name:
            connection.read_parquet(target).create_view(name, replace=True)
    for name in inputs:
        connection.unregister(name)


def _write(path: Path, sheets: list[list[tuple[Any, ...]]]) -> None:
    with xlsxwriter.Workbook(str(path)) as book:
        for rows in sheets:
            sheet = book.add_worksheet()
            for number, row in enumerate(rows):
                sheet.write_row(number, 0, row)
