"""Sessions with front databases: PostgreSQL by ADBC, any other by its SQLAlchemy URL.

Here: connecting, the types of a table's columns, running one SQLAlchemy SELECT whose results are all text, and telling
faults that may pass (`Dropped`) from those that will not (`PullError`). Not here: which SELECTs (database).
No fault repeats what the driver said: its words may hold address, account or password.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Protocol

import pyarrow as pa
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from resources.inbox.connections import Connection, Database, PullError, secret
from resources.inbox.patience import Dropped

BATCH_ROWS = 50_000
# What a session must not inherit from the server: how dates are written, and which clock a time without zone means.
_SETTINGS = {"datestyle": "ISO, YMD", "timezone": "Asia/Shanghai", "intervalstyle": "iso_8601"}
_CONNECT = {
    "connect_timeout": "15", "keepalives_idle": "30", "keepalives_interval": "10", "keepalives_count": "3",
    "tcp_user_timeout": "60000", "application_name": "shuangsuiji",
}  # fmt: skip
_DIALECT = postgresql.dialect(paramstyle="numeric_dollar")  # type: ignore[no-untyped-call]
_TYPES: Mapping[str, sa.types.TypeEngine[Any]] = {
    "timestamp without time zone": sa.TIMESTAMP(),
    "timestamp with time zone": sa.TIMESTAMP(timezone=True),
    "date": sa.DATE(),
    "smallint": sa.BIGINT(),
    "integer": sa.BIGINT(),
    "bigint": sa.BIGINT(),
    "numeric": sa.NUMERIC(),
    "text": sa.TEXT(),
    "character varying": sa.TEXT(),
    "character": sa.TEXT(),
    "uuid": sa.UUID(),
}
# SQLSTATE classes that pass: connection, resources, operator's doing, serialisation.
_PASSING = ("08", "53", "57", "58", "40")


class Front(Protocol):
    """One session; everything is read in one transaction, which sees one state of the table where the server can."""

    def types(self) -> Mapping[str, sa.types.TypeEngine[Any]]:
        """Type of each column of the table; empty when there is no such table."""

    def given(self, name: str, kind: sa.types.TypeEngine[Any]) -> sa.ColumnElement[Any]:
        """The value called `name`, bound when a statement runs."""

    def read(self, statement: sa.Select[*tuple[Any, ...]], values: Mapping[str, str]) -> Iterator[pa.RecordBatch]:
        """The result, every column as text, batch by batch."""

    def close(self) -> None:
        """End the session; never raises."""


def open_front(connection: Connection) -> Front:
    """A session as the connection says; Dropped when it may go better later, PullError when not."""
    database = connection.access
    assert isinstance(database, Database)
    try:
        url = sa.make_url(secret(database.url_env, connection.name, "数据库地址"))
        name = url.get_backend_name()
    except (sa.exc.ArgumentError, ValueError):
        raise PullError(
            f"连接 {connection.name}：环境变量 {database.url_env} 不是数据库地址，应形如 postgresql://账号:口令@主机:端口/库名"
            "（口令中的特殊字符要按百分号编码），请改正。"
        ) from None
    if name == "postgresql":
        return PostgresFront(connection, database, url)
    return OtherFront(connection, database, url)


class PostgresFront:
    """PostgreSQL by ADBC: COPY straight into Arrow, in a read-only transaction of repeatable reads."""

    def __init__(self, connection: Connection, database: Database, url: sa.URL) -> None:
        """Connect and begin."""
        import adbc_driver_postgresql.dbapi as adbc  # type: ignore[import-untyped]

        self.connection = connection
        self.database = database
        uri = url.set(drivername="postgresql", query=_CONNECT | dict(url.query))
        with self._faults("连不上前置库"):
            self._link = adbc.connect(uri.render_as_string(hide_password=False))
        with self._faults("前置库拒绝开始取数"):
            with self._link.cursor() as cursor:
                cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
            self._set(_SETTINGS | {"statement_timeout": f"{database.timeout_seconds}s"})

    def types(self) -> Mapping[str, sa.types.TypeEngine[Any]]:
        """From the information schema; an unknown type is text to us."""
        listed = sa.table(
            "columns",
            *(sa.column(name) for name in ("table_schema", "table_name", "column_name", "data_type")),
            schema="information_schema",
        )
        schema = self.given("schema", sa.TEXT()) if self.database.schema else sa.func.current_schema()
        values = {"schema": self.database.schema or "", "table": self.database.table}
        statement = sa.select(
            sa.cast(listed.c.column_name, sa.TEXT).label("x0"), sa.cast(listed.c.data_type, sa.TEXT).label("x1")
        ).where(listed.c.table_schema == schema, listed.c.table_name == self.given("table", sa.TEXT()))
        rows = pa.Table.from_batches(list(self.read(statement, values)) or [_no_rows(2)])
        return {
            name: _TYPES.get(kind, sa.types.NULLTYPE)
            for name, kind in zip(rows.column(0).to_pylist(), rows.column(1).to_pylist(), strict=True)
        }

    def given(self, name: str, kind: sa.types.TypeEngine[Any]) -> sa.ColumnElement[Any]:
        """A setting of the transaction: a bound parameter in the SELECT itself would switch COPY off (3 × the memory)."""
        return sa.cast(sa.func.current_setting(sa.literal_column(f"'ssj.{name}'")), kind)

    def read(self, statement: sa.Select[*tuple[Any, ...]], values: Mapping[str, str]) -> Iterator[pa.RecordBatch]:
        """Bind the values as settings, then stream the result."""
        compiled = str(statement.compile(dialect=_DIALECT))
        with self._faults("读取中断"):
            self._set({f"ssj.{name}": value for name, value in values.items()})
            with self._link.cursor() as cursor:
                cursor.execute(compiled)
                with cursor.fetch_record_batch() as reader:
                    yield from reader

    def close(self) -> None:
        """End the session."""
        with self._silence():
            self._link.close()

    def _set(self, settings: Mapping[str, str]) -> None:
        if not settings:
            return
        calls = [sa.func.set_config(sa.literal(name), sa.literal(value), sa.true()) for name, value in settings.items()]
        compiled = sa.select(*calls).compile(dialect=_DIALECT)
        with self._link.cursor() as cursor:
            cursor.execute(str(compiled), [compiled.params[name] for name in compiled.positiontup or ()])
            cursor.fetchall()

    @contextmanager
    def _silence(self) -> Iterator[None]:
        from adbc_driver_manager import Error

        try:
            yield
        except (Error, OSError, RuntimeError):
            return

    @contextmanager
    def _faults(self, what: str) -> Iterator[None]:
        from adbc_driver_manager import Error

        try:
            yield
        except (Error, OSError, pa.ArrowException) as error:
            raise _judged(self.connection, self.database, what, getattr(error, "sqlstate", None), str(error)) from None


class OtherFront:
    """Any other database by SQLAlchemy and its own driver: tested with SQLite only."""

    def __init__(self, connection: Connection, database: Database, url: sa.URL) -> None:
        """Connect; the transaction begins with the first SELECT."""
        self.connection = connection
        self.database = database
        try:
            self._engine = sa.create_engine(url, poolclass=sa.NullPool)
        except (sa.exc.SQLAlchemyError, ImportError, ValueError):
            raise PullError(
                f"连接 {connection.name} 的数据库类型 {url.get_backend_name()} 没有安装驱动或不受支持："
                "本程序实测过的是 PostgreSQL，其他数据库未经测试，请安装该库的 SQLAlchemy 驱动后再试。"
            ) from None
        with self._faults("连不上前置库"):
            self._link = self._engine.connect().execution_options(stream_results=True, max_row_buffer=BATCH_ROWS)
        self._kinds: dict[str, sa.types.TypeEngine[Any]] = {}

    def types(self) -> Mapping[str, sa.types.TypeEngine[Any]]:
        """By SQLAlchemy's inspection."""
        with self._faults("读取中断"):
            try:
                columns = sa.inspect(self._link).get_columns(self.database.table, schema=self.database.schema)
            except sa.exc.NoSuchTableError:
                return {}
        return {column["name"]: column["type"] for column in columns}

    def given(self, name: str, kind: sa.types.TypeEngine[Any]) -> sa.ColumnElement[Any]:
        """A bound parameter of the column's type."""
        self._kinds[name] = kind
        return sa.bindparam(name, type_=kind)

    def read(self, statement: sa.Select[*tuple[Any, ...]], values: Mapping[str, str]) -> Iterator[pa.RecordBatch]:
        """Bind and read in portions."""
        bound = {name: _python(self._kinds[name], text) for name, text in values.items() if name in self._kinds}
        with self._faults("读取中断"):
            result = self._link.execute(statement, bound)
            names = list(result.keys())
            while rows := result.fetchmany(BATCH_ROWS):
                columns = zip(*rows, strict=True)
                arrays = [
                    pa.array([None if cell is None else str(cell) for cell in column], pa.string())
                    for column in columns
                ]
                yield pa.RecordBatch.from_arrays(arrays, names=names)

    def close(self) -> None:
        """End the session."""
        try:
            self._link.close()
            self._engine.dispose()
        except sa.exc.SQLAlchemyError:
            return

    @contextmanager
    def _faults(self, what: str) -> Iterator[None]:
        try:
            yield
        except sa.exc.SQLAlchemyError as error:
            passing = isinstance(error, sa.exc.OperationalError | sa.exc.InterfaceError)
            raise _judged(self.connection, self.database, what, "08000" if passing else "42000", "") from None


def _judged(connection: Connection, database: Database, what: str, state: str | None, words: str) -> Exception:
    """The fault in our words: what may pass, and what a person must change first."""
    lowered = words.lower()
    where = f"连接 {connection.name}（{connection.system}，地址在环境变量 {database.url_env}）{what}"
    if (state and state.startswith("28")) or "authentication" in lowered or "认证失败" in lowered:
        return PullError(f"{where}：账号或口令不被接受，请向该单位核对后改正环境变量。")
    if state == "42501":
        return PullError(f"{where}：账号没有读取表「{database.table}」的权限，请该单位授予只读权限。")
    if state == "57014":
        return PullError(
            f"{where}：一次查询超过 {database.timeout_seconds} 秒，请该单位在更新时间与主键上建索引，或减小 page_rows。"
        )
    if state and not state.startswith(_PASSING):
        return PullError(f"{where}：数据库拒绝查询（SQLSTATE {state}），请核对表名、列名与权限。")
    return Dropped(where)


def _python(kind: sa.types.TypeEngine[Any], text: str) -> object:
    try:
        wanted = kind.python_type
    except NotImplementedError:
        return text
    convert: Mapping[type, Any] = {
        datetime: datetime.fromisoformat,
        date: lambda t: date.fromisoformat(t[:10]),
        int: int,
        Decimal: Decimal,
        float: float,
    }
    return convert.get(wanted, str)(text)


def _no_rows(width: int) -> pa.RecordBatch:
    names = [f"x{index}" for index in range(width)]
    return pa.RecordBatch.from_arrays([pa.array([], pa.string())] * width, names=names)
