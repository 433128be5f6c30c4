"""What a pull changes: its rows held against those delivered before, row by row and cell by cell.

Here: the SELECTs (sqlglot trees; columns differ by contract) that drop exact repeats, find rows that are there no more,
and give the records and the withdrawals to deliver and the state to keep. Not here: reading the source, publishing.
State: one row per key ever delivered: k0…, the contract's columns as last delivered, withdrawn.

A record is withdrawn when its primary key was live before and no row has it now: the row was flagged, deleted, or given
another primary key.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from sqlglot import exp

from resources.engines.duckdb_engine import DuckDBEngine, take
from resources.inbox.connections import Connection, PullError
from resources.inbox.staging import Fetched, key_names

# More rows than this gone at once is more likely a fault over there (a table emptied, a filter added) than a decision.
FEW = 20
SHARE = 0.2


@dataclass(frozen=True, slots=True)
class Changes:
    """Counts of one pull. repeats: rows delivered before just so; vanished: rows there no more (part of withdrawals)."""

    fetched: int
    repeats: int
    records: int
    withdrawals: int
    vanished: int


def compare(
    engine: DuckDBEngine,
    connection: Connection,
    fetched: Fetched,
    before: Path | None,
    folder: Path,
    *,
    allow_deletions: bool = False,
) -> Changes:
    """Write records.parquet, withdrawals.parquet (titles as columns) and state.parquet into `folder`; count them.

    A first pull has put its records down already; a pull that changes nothing writes none of the three.
    before: state of the last pull (None: nothing was delivered yet). PullError: the key is not unique; so many rows are
    gone that a person must look (`allow_deletions` says that one has).
    """
    plan = _Plan(connection)
    keys = engine.select(plan.count_keys(), {"pulled": fetched.stage}).column(0)[0].as_py()
    if keys != fetched.rows:
        raise PullError(
            f"连接 {connection.name} 取到 {fetched.rows} 行，其中主键「{'、'.join(connection.key)}」只有 {keys} 个不同的值："
            "主键不唯一，无法辨认哪一行改了。请改正连接的 key 后重新取数。"
        )
    inputs: dict[str, Path | pa.Table] = {"pulled": fetched.stage}
    if before is None:
        engine.select_to_parquet(plan.first_withdrawals(), inputs, None, folder / "withdrawals.parquet")
        fetched.stage.replace(folder / "state.parquet")
        vanished = repeats = 0
    else:
        kept_columns = pq.read_schema(before).names
        inputs["kept" if plan.lacking(kept_columns) else "before"] = before
        inputs["present"] = fetched.present or (fetched.stage if plan.complete else before)
        chain = engine.select_chain(plan.differences(kept_columns), inputs)
        vanished = int(pq.read_metadata(chain["vanished"]).num_rows)
        live = pc.sum(pc.invert(pq.read_table(before, columns=["withdrawn"]).column(0))).as_py() or 0
        if not allow_deletions:
            _look_first(connection, vanished, live)
        repeats = fetched.rows - int(pq.read_metadata(chain["changed"]).num_rows)
        if repeats == fetched.rows and not vanished:
            return Changes(fetched.rows, repeats, 0, 0, 0)
        results = engine.select_chain(plan.results(), {"before": before} | chain)
        for name, path in results.items():
            take(path, folder / f"{name}.parquet")
    records, withdrawals = (
        int(pq.read_metadata(folder / f"{name}.parquet").num_rows) for name in ("records", "withdrawals")
    )
    return Changes(fetched.rows, repeats, records, withdrawals, vanished)


def _look_first(connection: Connection, vanished: int, live: int) -> None:
    if vanished and (vanished == live or (vanished > FEW and vanished > live * SHARE)):
        raise PullError(
            f"连接 {connection.name} 已送过的 {live} 行中有 {vanished} 行在来源中找不到了：可能是来源表被清空或加了筛选条件。"
            "本次取数作废，没有撤销任何记录。请向该单位核对：确已删除的，用 ssj pull "
            f"{connection.name} --allow-deletions 重取；来源只保留近期数据的，在连接中写 deleted_rows: keep。"
        )


class _Plan:
    """The SELECTs over pulled, kept and present for the columns of one connection."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self.contract = connection.contract
        self.keys = key_names(connection)
        self.cells = connection.delivered_columns
        self.everything = (*self.keys, *self.cells, "withdrawn")
        self.primary = [name for name in self.contract.primary_key if name in self.cells]
        # Without watermark everything is read each time: what is not among it is gone.
        self.complete = connection.watermark is None and connection.deleted_rows == "withdraw"

    def lacking(self, kept_columns: Sequence[str]) -> list[str]:
        """Columns that the state of the last pull has not: the connection has been widened since."""
        return [name for name in self.everything if name not in kept_columns]

    def count_keys(self) -> str:
        distinct = exp.select(*map(_column, self.keys)).distinct().from_("pulled")
        return exp.select(exp.alias_(exp.Count(this=exp.Star()), "keys")).from_(distinct.subquery("each")).sql("duckdb")

    def first_withdrawals(self) -> str:
        """The rows that come as withdrawn when nothing was delivered before, in the order of their coming."""
        return exp.select(*self._titled()).from_("pulled").where(_column("withdrawn")).order_by("n").sql("duckdb")

    def differences(self, kept_columns: Sequence[str]) -> dict[str, str]:
        """changed and vanished (and before, with the columns it lacks)."""
        everything = self.everything
        before = exp.select(
            *(
                _column(name) if name in kept_columns else exp.alias_(exp.cast(exp.null(), "VARCHAR"), name)
                for name in everything
            )
        ).from_("kept")
        changed = (
            exp.select(_column("n", "p"), *(_column(name, "p") for name in everything))
            .from_("pulled AS p")
            .join("before AS b", on=_same("p", "b", everything), join_type="anti")
            .order_by(_column("n", "p"))
        )
        vanished = self._without(self._without(_before_rows(everything), "present", "x"), "pulled", "p")
        vanished = vanished.where(exp.not_(_column("withdrawn", "b"))).order_by(*(_column(k, "b") for k in self.keys))
        widened = {"before": before.order_by(*map(_column, self.keys)).sql("duckdb")}
        return (widened if self.lacking(kept_columns) else {}) | {
            "changed": changed.sql("duckdb"),
            "vanished": vanished.sql("duckdb"),
        }

    def results(self) -> dict[str, str]:
        """state, records, withdrawals, from before, changed and vanished."""
        everything = self.everything
        untouched = self._without(self._without(_before_rows(everything), "changed", "c"), "vanished", "v")
        gone = exp.select(
            *(_column(name) for name in (*self.keys, *self.cells)), exp.alias_(exp.true(), "withdrawn")
        ).from_("vanished")
        changed = exp.select(*map(_column, everything)).from_("changed")
        state = exp.union(exp.union(untouched, changed, distinct=False), gone, distinct=False)
        records = exp.select(*self._titled()).from_("changed").where(exp.not_(_column("withdrawn")))
        return {
            "state": state.order_by(*map(_column, self.keys)).sql("duckdb"),
            "records": records.order_by(_column("n")).sql("duckdb"),
            "withdrawals": self._withdrawals().sql("duckdb"),
        }

    def _withdrawals(self) -> exp.Select:
        """One row per primary key that was live or comes as withdrawn, and that no live row has now."""
        renamed = (
            exp.select(*(_column(name, "b") for name in self.cells))
            .from_("before AS b")
            .join("changed AS c", on=_same("b", "c", self.keys))
            .where(exp.not_(_column("withdrawn", "b")), exp.not_(_same("b", "c", self.primary)))
        )
        flagged = exp.select(*map(_column, self.cells)).from_("changed").where(_column("withdrawn"))
        gone = exp.select(*map(_column, self.cells)).from_("vanished")
        all_gone = exp.union(exp.union(flagged, gone, distinct=True), renamed, distinct=True)
        live = exp.select(*map(_column, self.primary)).from_("state").where(exp.not_(_column("withdrawn")))
        place = exp.Window(
            this=exp.RowNumber(),
            partition_by=[_column(name) for name in self.primary],
            order=exp.Order(expressions=[exp.Ordered(this=_column(name)) for name in self.cells]),
        )
        return (
            exp.select(*self._titled("g"))
            .from_(exp.select("*", exp.alias_(place, "place")).from_(all_gone.subquery("a")).subquery("g"))
            .join(live.subquery("l"), on=_same("g", "l", self.primary), join_type="anti")
            .where(_column("place", "g").eq(1))
            .order_by(*(_column(name, "g") for name in self.primary))
        )

    def _without(self, rows: exp.Select, table: str, alias: str) -> exp.Select:
        return rows.join(exp.to_table(table).as_(alias), on=_same("b", alias, self.keys), join_type="anti")

    def _titled(self, table: str | None = None) -> list[exp.Expr]:
        """The contract's columns under their Chinese titles."""
        return [exp.alias_(_column(name, table), self.contract.column(name).title, quoted=True) for name in self.cells]


def _before_rows(names: Sequence[str]) -> exp.Select:
    """Every row of the state before."""
    return exp.select(*(_column(name, "b") for name in names)).from_("before AS b")


def _column(name: str, table: str | None = None) -> exp.Column:
    return exp.column(name, table=table, quoted=True)


def _same(left: str, right: str, names: Sequence[str]) -> exp.Expr:
    return exp.and_(*(exp.NullSafeEQ(this=_column(n, left), expression=_column(n, right)) for n in names))
