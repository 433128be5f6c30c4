"""One SELECT over Parquet and Arrow, in an in-memory DuckDB that can reach nothing else.

For: running the SQL of this project and writing its result as Parquet with the same bytes every time.
Not for: where files lie (lake), what the SQL says (sql/, contract_sql), publishing a .duckdb file.

Each call has a connection of its own (12 ms): the files it may touch are exactly its inputs and its targets, fixed
before external access is switched off and the configuration locked (the other order refuses Parquet views and COPY).
"""

from __future__ import annotations

import os
import re
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import TypeAlias

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

Input: TypeAlias = "Path | Sequence[Path] | CanonicalCsv | pa.Table"

SQL_ROOT = Path(__file__).resolve().parents[2] / "sql"
ROW_GROUP_SIZE = 40_960  # a table of 60,000 rows is read by two threads; a group of wide rows fits in memory
# HUGEINT comes from every integer sum and DuckDB writes it to Parquet as DOUBLE; the sum of a DOUBLE depends on the
# order of the rows; TIMESTAMP WITH TIME ZONE reads differently in another session.
_REFUSED_TYPES = re.compile(r"\b(?:U?HUGEINT|DOUBLE|FLOAT|TIMESTAMP WITH TIME ZONE)\b")
_NAME = re.compile(r"[a-z_][a-z0-9_]*")
_SQL_NAME = re.compile(r"[a-z0-9_]+(/[a-z0-9_]+)*")


@dataclass(frozen=True, slots=True)
class CanonicalCsv:
    """A CSV in canonical form (supervision.canonical) as an input: every column text, what is empty stays empty."""

    path: Path
    columns: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Step:
    """One SELECT of a chain that is often not needed: run only where one of the inputs or results named has rows.

    Otherwise the result is no rows of `columns`, and neither building nor planning the SELECT costs anything.
    """

    sql: Callable[[], str]
    unless_empty: tuple[str, ...]
    columns: pa.Schema


class EngineError(Exception):
    """A query cannot be run or stored as asked: one Chinese sentence."""


def sql_text(relative: str) -> str:
    """The text of `sql/<relative>.sql`; EngineError when the name is no plain path or the file is not there."""
    path = SQL_ROOT / f"{relative}.sql"
    if not _SQL_NAME.fullmatch(relative) or not path.is_file():
        raise EngineError(f"没有 SQL 文件 sql/{relative}.sql，请核对名称。")
    return path.read_text("utf-8")


class DuckDBEngine:
    """Runs SELECTs; as a context manager it owns a folder for spilling, removed at the end.

    memory_limit: of DuckDB ("1GB"). threads: of DuckDB. temp_directory: made where missing; each engine has its own
    folder below it, because two processes spilling into one overwrite each other's files.
    """

    def __init__(self, *, temp_directory: Path, memory_limit: str = "1GB", threads: int = 2) -> None:
        """Nothing is opened before `with`."""
        self.temp_directory = temp_directory
        self.memory_limit = memory_limit
        self.threads = threads
        self._spill: Path | None = None

    def __enter__(self) -> DuckDBEngine:
        """Make the folder for spilling."""
        self.temp_directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._spill = Path(tempfile.mkdtemp(prefix=f"duckdb-{os.getpid()}-", dir=self.temp_directory))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Remove the folder for spilling."""
        if self._spill is not None:
            shutil.rmtree(self._spill, ignore_errors=True)
            self._spill = None

    def select(self, sql: str, inputs: Mapping[str, Input], params: Mapping[str, object] | None = None) -> pa.Table:
        """The result of one SELECT. `inputs` become views of their names; `params` bind `$name`."""
        with self._open(inputs) as connection:
            return _relation(connection, sql, params).to_arrow_table()

    @contextmanager
    def stream(
        self, sql: str, inputs: Mapping[str, Input], params: Mapping[str, object] | None = None, rows: int = 100_000
    ) -> Iterator[pa.RecordBatchReader]:
        """The result of one SELECT in its order, in batches of at most `rows` while they are made: never all at once."""
        with self._open(inputs) as connection:
            yield _relation(connection, sql, params).to_arrow_reader(rows)

    def select_to_parquet(
        self, sql: str, inputs: Mapping[str, Input], params: Mapping[str, object] | None, target: Path
    ) -> int:
        """Write the result of one SELECT to `target` (zstd, fixed row groups, fsynced) and return its rows.

        An existing target is overwritten in place: write to a temporary name and rename (`lake.write_atomically`).
        The same inputs give the same bytes if the SELECT ends in ORDER BY on a unique key.
        """
        target = target.resolve()
        with self._open(inputs, [target]) as connection:
            _write(_relation(connection, sql, params), target)
        with target.open("rb") as file:
            os.fsync(file.fileno())
        return int(pq.read_metadata(target).num_rows)

    def select_chain(self, steps: Mapping[str, str | Step], inputs: Mapping[str, Input]) -> dict[str, Path]:
        """Several SELECTs, each of which also sees the results before it by their names; their Parquet files.

        The files lie in the engine's own folder and go with it: what is to stay must be moved away (`take`). Same bytes
        as `select_to_parquet`.
        """
        folder = Path(tempfile.mkdtemp(prefix="chain-", dir=self._folder())).resolve()
        targets = {name: folder / f"{name}.parquet" for name in steps}
        rows = {name: _rows(name, value) for name, value in inputs.items()}
        with self._open(inputs, list(targets.values())) as connection:
            for name, step in steps.items():
                if isinstance(step, Step) and not any(rows[upstream] for upstream in step.unless_empty):
                    pq.write_table(step.columns.empty_table(), targets[name], compression="zstd")
                else:
                    sql = step.sql() if isinstance(step, Step) else step
                    _write(_relation(connection, sql, None), targets[name])
                rows[name] = _rows(name, targets[name])
                _view(connection, name, [targets[name]])
        return targets

    def _folder(self) -> Path:
        if self._spill is None:
            raise EngineError("引擎尚未打开：请在 with 语句中使用 DuckDBEngine。")
        return self._spill

    def _open(self, inputs: Mapping[str, Input], targets: Sequence[Path] = ()) -> duckdb.DuckDBPyConnection:
        spill = self._folder()
        files = {name: _paths(name, _files(value)) for name, value in inputs.items() if not isinstance(value, pa.Table)}
        allowed = sorted({str(path) for paths in files.values() for path in paths})
        allowed += [str(target) for target in targets]
        connection = duckdb.connect(":memory:")
        try:
            connection.execute("SET threads = $value", {"value": self.threads})
            connection.execute("SET memory_limit = $value", {"value": self.memory_limit})
            connection.execute("SET preserve_insertion_order = true")
            connection.execute("SET temp_directory = $value", {"value": str(spill)})
            connection.execute("SET allowed_paths = $value", {"value": allowed})
            # Also keeps names in the SQL from finding Python variables of the caller.
            connection.execute("SET enable_external_access = false")
            connection.execute("SET lock_configuration = true")
            for name, value in inputs.items():
                _view(connection, name, value if isinstance(value, pa.Table | CanonicalCsv) else files[name])
        except BaseException:
            connection.close()
            raise
        return connection


def take(made: Path, target: Path) -> int:
    """Move a result of `select_chain` to `target` in the same file system, fsynced; returns its rows."""
    with made.open("rb") as file:
        os.fsync(file.fileno())
    os.replace(made, target)
    return int(pq.read_metadata(target).num_rows)


def _view(connection: duckdb.DuckDBPyConnection, name: str, value: pa.Table | CanonicalCsv | Sequence[Path]) -> None:
    if not _NAME.fullmatch(name):
        raise EngineError(f"输入名 {name!r} 只能用小写字母、数字和下划线。")
    if isinstance(value, pa.Table):
        connection.register(name, value)
    elif isinstance(value, CanonicalCsv):
        connection.read_csv(
            str(value.path.resolve()),
            header=True,
            delimiter=",",
            quotechar='"',
            escapechar='"',
            columns=dict.fromkeys(value.columns, "VARCHAR"),
            na_values=["\x00"],  # cannot occur in canonical form, so nothing is read as NULL
            auto_detect=False,
        ).create_view(name)
    else:
        connection.read_parquet([str(path) for path in value], union_by_name=True).create_view(name)


def _files(value: Path | Sequence[Path] | CanonicalCsv) -> Path | Sequence[Path]:
    return value.path if isinstance(value, CanonicalCsv) else value


def _write(relation: duckdb.DuckDBPyRelation, target: Path) -> None:
    relation.write_parquet(str(target), compression="zstd", row_group_size=ROW_GROUP_SIZE, use_tmp_file=False)


def _rows(name: str, value: Input) -> int:
    if isinstance(value, pa.Table):
        return int(value.num_rows)
    if isinstance(value, CanonicalCsv):
        raise EngineError(f"输入 {name} 是 CSV，行数未知，不能用作一连串查询的输入。")
    return sum(int(pq.read_metadata(path).num_rows) for path in _paths(name, value))


def _paths(name: str, value: Path | Sequence[Path]) -> list[Path]:
    paths = [value] if isinstance(value, Path) else list(value)
    if not paths:
        raise EngineError(f"输入 {name} 没有任何文件：没有数据时请给一张有列无行的表。")
    missing = [path.name for path in paths if not path.is_file()]
    if missing:
        raise EngineError(f"输入 {name} 的文件 {'、'.join(missing)} 不存在，请先生成它。")
    return [path.resolve() for path in paths]


def _relation(
    connection: duckdb.DuckDBPyConnection, sql: str, params: Mapping[str, object] | None
) -> duckdb.DuckDBPyRelation:
    """The SELECT, bound but not yet run; EngineError when it is none, or a column's type cannot be kept."""
    statements = connection.extract_statements(sql)
    if [statement.type for statement in statements] != [duckdb.StatementType.SELECT]:
        raise EngineError("引擎只运行恰好一条 SELECT，请把其他语句移走。")
    relation = connection.sql(statements[0], params=dict(params or {}))
    for name, kind in zip(relation.columns, relation.types, strict=True):
        if _REFUSED_TYPES.search(str(kind)):
            raise EngineError(f"结果列 {name} 的类型是 {kind}：计数请转为 BIGINT，金额和比例请转为 DECIMAL。")
    return relation
