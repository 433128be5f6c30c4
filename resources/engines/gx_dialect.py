"""Lets Great Expectations read DuckDB: the SQLAlchemy dialect `duckdb+buffered`.

GX reads a result after its connection has closed; DuckDB's cursor has nothing left by then and every expectation fails
with "list index out of range". Here every row is fetched on execute (GX asks for counts and short lists only). A test
says when GX or duckdb_engine no longer needs it.
Not here: expectations (pipelines/checks), the engine that computes tables (duckdb_engine.py).
"""

from __future__ import annotations

import atexit
import sys
from typing import Any

import duckdb
import duckdb_engine
from sqlalchemy.dialects import registry

URL = "duckdb+buffered:///:memory:"


class _BufferedCursor(duckdb_engine.CursorWrapper):
    """A cursor that holds its whole result."""

    def __init__(self, c: duckdb.DuckDBPyConnection, connection_wrapper: duckdb_engine.ConnectionWrapper) -> None:
        super().__init__(c, connection_wrapper)
        self._connection = c
        self._rows: list[Any] = []
        self.description: list[tuple[Any, ...]] = []

    def execute(self, statement: str, parameters: Any = None, context: Any = None) -> None:
        super().execute(statement, parameters, context)
        self.description = [(name, str(kind), *rest) for name, kind, *rest in self._connection.description or []]
        self._rows = self._connection.fetchall() if self.description else []

    def fetchone(self) -> Any:
        return self._rows.pop(0) if self._rows else None

    def fetchmany(self, size: int | None = None) -> list[Any]:
        count = 1 if size is None else size
        taken, self._rows = self._rows[:count], self._rows[count:]
        return taken

    def fetchall(self) -> list[Any]:
        return self.fetchmany(len(self._rows))


class _BufferedConnection(duckdb_engine.ConnectionWrapper):
    """A connection whose cursors are buffered."""

    def __init__(self, c: duckdb.DuckDBPyConnection) -> None:
        super().__init__(c)
        self._connection = c

    def cursor(self) -> _BufferedCursor:
        return _BufferedCursor(self._connection, self)


class BufferedDialect(duckdb_engine.Dialect):
    """`duckdb+buffered`: connect_args `tables` (name -> Parquet file) become views, and nothing else can be reached."""

    driver = "buffered"
    supports_statement_cache = False  # as duckdb_engine; SQLAlchemy warns when a subclass does not say so itself

    def connect(self, *cargs: Any, **cparams: Any) -> Any:
        """A connection in memory over the given Parquet files."""
        tables: dict[str, str] = cparams.get("tables", {})
        connection = duckdb.connect(":memory:", config={"python_enable_replacements": "false"})
        connection.execute("SET allowed_paths = $value", {"value": sorted(tables.values())})
        connection.execute("SET enable_external_access = false")
        connection.execute("SET lock_configuration = true")
        for name, path in tables.items():
            connection.read_parquet(path).create_view(name)
        return _BufferedConnection(connection)

    def get_pk_constraint(self, connection: Any, table_name: str, schema: str | None = None, **kw: Any) -> Any:
        """None: a view over Parquet has no key, and asking the catalogue for one takes half of a small suite's time."""
        return {"constrained_columns": [], "name": None}


def register() -> None:
    """Make the dialect known to SQLAlchemy; to be called before GX opens URL."""
    registry.register("duckdb.buffered", __name__, BufferedDialect.__name__)
    atexit.unregister(_let_go)
    atexit.register(_let_go)


def _let_go() -> None:
    """Release DuckDB before the interpreter ends.

    GX keeps SQLAlchemy alive to the last, SQLAlchemy its dialects, these the DuckDB binding, which then prints forty
    lines of "leaked" objects at the end of a run that went well.
    """
    modules = [module for name, module in sys.modules.items() if name.split(".")[0] == "duckdb_engine"]
    for module in (*modules, sys.modules[__name__]):
        vars(module).clear()
