"""A department's front database (前置库): one table read page by page into a stage.

Here: the SELECTs (SQLAlchemy, every name quoted, every value bound), paging by (watermark, key) or key, going on after a dropped
connection from the last key, and the count that must be reached. Not here: sessions (fronts), what changed (changes).

A pull reads up to the greatest watermark it finds at its start, so that no row comes twice in two shapes. The next pull
starts at the greatest watermark that is not in the future, less the overlap: rows of transactions that were committed
late come then, and a row dated 2099 does not end the pulling for ever. Rows without watermark are read each time.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import sqlalchemy as sa

from resources.inbox.connections import Connection, Database, PullError
from resources.inbox.fronts import Front, open_front
from resources.inbox.patience import Dropped, Patience, given_up
from resources.inbox.staging import Fetched, Stage, key_names, write_keys

_TIMES = (sa.DateTime, sa.TIMESTAMP, sa.Date)
_NUMBERS = (sa.Integer, sa.Numeric)


def fetch(
    connection: Connection, folder: Path, *, after: str | None, first: bool, patience: Patience | None = None
) -> Fetched:
    """Read the table into `folder`.

    after: watermark of the last pull (None: everything). first: nothing was delivered yet, so the records are put down at
    once; otherwise every key now in the table is listed too, where deletions count. PullError: given up, in one sentence;
    what was read so far is worth nothing then.
    """
    pull = _Pull(connection, patience or Patience())
    try:
        stage_path, present = folder / "stage.parquet", folder / "present.parquet"
        pull.open()
        limit, watermark = pull.limits()
        with Stage(connection, stage_path, folder / "records.parquet" if first else None) as stage:
            pull.rows(stage, after, limit)
        if not first and connection.watermark is not None and connection.deleted_rows == "withdraw":
            pull.keys(present)
        notes = pull.notes
        return Fetched(stage.rows, stage_path, present if present.exists() else None, watermark or after, notes)
    except Dropped as error:
        raise given_up(error, pull.patience) from None
    finally:
        pull.close()


class _Pull:
    """One pull: its session, made anew when it drops, and the statements over the table."""

    def __init__(self, connection: Connection, patience: Patience) -> None:
        self.connection = connection
        self.patience = patience
        assert isinstance(connection.access, Database)
        self.database = connection.access
        names = connection.theirs
        self.table = sa.table(self.database.table, *map(sa.column, names), schema=self.database.schema)
        self.kinds: Mapping[str, sa.types.TypeEngine[Any]] = {}
        self.notes: tuple[str, ...] = ()
        self._front: Front | None = None

    @property
    def front(self) -> Front:
        if self._front is None:
            self._front = open_front(self.connection)
        return self._front

    def close(self) -> None:
        if self._front is not None:
            self._front.close()
            self._front = None

    def open(self) -> None:
        """The table's columns, and whether they are those of the connection."""
        self.kinds = self._again(self._types)
        where = f"连接 {self.connection.name} 的表「{self.database.table}」"
        if not self.kinds:
            raise PullError(f"{where}不存在，或账号无权看到它：请核对 schema 与 table，并请该单位授权。")
        missing = [name for name in self.connection.theirs if name not in self.kinds]
        if missing:
            raise PullError(
                f"{where}没有列「{'」「'.join(missing)}」（表结构有变？）：请向该单位核对，改正连接的 columns、key 等项。"
            )
        for name in self._order():
            if isinstance(self.kinds[name], sa.types.NullType):
                raise PullError(f"{where}的列「{name}」类型特殊，不能用作主键或更新标记：请换一列。")
        others = [name for name in self.kinds if name not in self.connection.theirs]
        self.notes = (f"表中另有未取的列：{'、'.join(others)}",) if others else ()

    def _types(self) -> Mapping[str, sa.types.TypeEngine[Any]]:
        return self.front.types()  # asked of whichever session is open now

    def limits(self) -> tuple[str | None, str | None]:
        """(greatest watermark now in the table, greatest of them that is not in the future), as text."""
        if self.connection.watermark is None:
            return None, None
        mark = self.table.c[self.connection.watermark]
        past: sa.ColumnElement[Any] = mark
        if isinstance(self.kinds[mark.name], _TIMES):
            past = sa.case((mark <= sa.func.current_timestamp(), mark))
        statement = sa.select(_text(sa.func.max(mark)).label("x0"), _text(sa.func.max(past)).label("x1"))
        [row] = self._again(lambda: _pylist(self.front.read(statement, {})))
        return row["x0"], row["x1"]

    def rows(self, stage: Stage, after: str | None, limit: str | None) -> None:
        """Every row to be read.

        What grew since the last pull comes in the order of (watermark, key), then the rows without watermark. Everything
        comes in the order of the key alone, which a server has an index for and keeps its rows near.
        """
        key = self.connection.key
        until = {"until": limit} if limit is not None else {}
        if after is None:
            self._part(stage, key, until)
            return
        if limit is not None:
            self._part(stage, self._order(), until | {"since": self._less_overlap(after)})
        self._part(stage, key, {})

    def keys(self, path: Path) -> None:
        """Every key now in the table."""
        columns = [_text(self.table.c[name]).label(f"x{i}") for i, name in enumerate(self.connection.key)]
        tables = self._again(lambda: list(self.front.read(sa.select(*columns), {})))
        names = key_names(self.connection)
        write_keys(path, names, [pa.Table.from_batches([batch]).rename_columns(list(names)) for batch in tables])

    def _part(self, stage: Stage, order: Sequence[str], bounds: Mapping[str, str]) -> None:
        """The rows within the bounds, page after page from the last key.

        since and until: from one watermark to another. until: everything up to it, rows without watermark too. Neither:
        the rows without watermark.
        """
        part = _Part(self, stage, order, bounds)
        while self._again(part.page) == self.database.page_rows:
            continue
        part.check()

    def _again(self, what: Any) -> Any:
        for attempt in self.patience.retrying():
            with attempt:
                try:
                    return what()
                except Dropped:
                    self.close()
                    raise
        raise AssertionError("tenacity ends with a result or an error")

    def _order(self) -> tuple[str, ...]:
        mark = self.connection.watermark
        return (*((mark,) if mark else ()), *self.connection.key)

    def _less_overlap(self, after: str) -> str:
        mark = str(self.connection.watermark)
        kind, overlap = self.kinds[mark], self.connection.overlap
        try:
            if isinstance(kind, sa.Date):
                return str(date.fromisoformat(after[:10]) - timedelta(days=math.ceil(overlap / 1440)))
            if isinstance(kind, _TIMES):
                return (datetime.fromisoformat(after) - timedelta(minutes=overlap)).isoformat(sep=" ")
            if isinstance(kind, _NUMBERS):
                return str(Decimal(after) - overlap)
        except (ValueError, ArithmeticError):
            raise PullError(
                f"连接 {self.connection.name} 的列「{mark}」类型变了，接不上上次的位置 {after}：请用 --full 全量重取一次。"
            ) from None
        if overlap:
            raise PullError(
                f"连接 {self.connection.name} 的列「{mark}」是文字，不能往前重叠：请换用时间或数字列，或写 overlap: 0。"
            )
        return after


class _Part:
    """One ordered walk through part of the table; it knows how many rows the session's state of the table still has."""

    def __init__(self, pull: _Pull, stage: Stage, order: Sequence[str], bounds: Mapping[str, str]) -> None:
        self.pull = pull
        self.stage = stage
        self.order = order
        self.bounds = bounds
        self.last: tuple[str, ...] | None = None
        self.left = 0
        self._counted: Front | None = None
        self._labels = {name: f"x{index}" for index, name in enumerate(pull.connection.theirs)}

    def page(self) -> int:
        """Read one page behind the last row seen; Dropped leaves the place at the last whole batch."""
        front = self.pull.front
        if self._counted is not front:
            count = (
                sa.select(_text(sa.func.count()).label("x0")).select_from(self.pull.table).where(*self._where(front))
            )
            self.left = int(_pylist(front.read(count, self._values()))[0]["x0"])
            self._counted = front
        table, dates = self.pull.table, self._dates()
        labels = {name: label for name, label in self._labels.items() if name in self._as_they_are(dates)}
        columns = [_text(table.c[name]).label(label) for name, label in labels.items()]
        columns += [_text(sa.cast(table.c[name], sa.DATE)).label(f"d_{ours}") for ours, name in dates.items()]
        statement = (
            sa.select(*columns)
            .where(*self._where(front))
            .order_by(*(table.c[name] for name in self.order))
            .limit(front.given("page", sa.BigInteger()))
        )
        got = 0
        for batch in front.read(statement, self._values()):
            theirs = {name: batch.column(label) for name, label in labels.items()}
            self.stage.put(theirs, {ours: batch.column(f"d_{ours}") for ours in dates}, batch.num_rows)
            self.last = tuple(str(theirs[name][-1].as_py()) for name in self.order)
            self.left -= batch.num_rows
            got += batch.num_rows
        return got

    def check(self) -> None:
        """PullError unless every row that was counted has come."""
        if self.left:
            raise PullError(
                f"连接 {self.pull.connection.name} 的表「{self.pull.database.table}」还有 {self.left} 行没有取到："
                f"主键「{'、'.join(self.pull.connection.key)}」不唯一，或取数期间表被改动。本次取数作废，请核对主键后重新取数。"
            )

    def _dates(self) -> Mapping[str, str]:
        """Our date columns that stand in a column of times there: the day is what counts."""
        contract = self.pull.connection.contract
        return {
            ours: theirs
            for theirs, ours in self.pull.connection.columns.items()
            if contract.column(ours).logical_type == "date"
            and isinstance(self.pull.kinds[theirs], sa.DateTime | sa.TIMESTAMP)
        }

    def _as_they_are(self, dates: Mapping[str, str]) -> set[str]:
        """Their columns whose own text is needed."""
        connection = self.pull.connection
        others = {theirs for theirs, ours in connection.columns.items() if ours not in dates}
        return {*self.order, *connection.key, *others, *((connection.withdrawn[0],) if connection.withdrawn else ())}

    def _where(self, front: Front) -> list[sa.ColumnElement[bool]]:
        table, kinds = self.pull.table, self.pull.kinds
        found: list[sa.ColumnElement[bool]] = []
        mark = self.pull.connection.watermark
        if mark is not None and not self.bounds:
            found.append(table.c[mark].is_(None))
        elif mark is not None:
            until = table.c[mark] <= front.given("until", kinds[mark])
            if "since" in self.bounds:
                found += [until, table.c[mark] >= front.given("since", kinds[mark])]
            else:
                found.append(sa.or_(until, table.c[mark].is_(None)))
        if self.last is not None:
            given = [front.given(f"last{index}", kinds[name]) for index, name in enumerate(self.order)]
            found.append(sa.tuple_(*(table.c[name] for name in self.order)) > sa.tuple_(*given))
        return found

    def _values(self) -> dict[str, str]:
        page = {"page": str(self.pull.database.page_rows)}
        return page | dict(self.bounds) | {f"last{index}": text for index, text in enumerate(self.last or ())}


def _text(value: Any) -> sa.ColumnElement[Any]:
    return sa.cast(value, sa.TEXT)


def _pylist(batches: Any) -> list[dict[str, Any]]:
    return [row for batch in batches for row in batch.to_pylist()]
