"""The few shapes of SQL tree that every generated SELECT is made of.

Here: select, alias, window, order, the texts made of several columns, the chain of named steps ended by a total order.
Not here: what any of them means for a source (conversion, identity_sql, versions_sql, drift_sql, contract_sql).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from sqlglot import exp

Steps = dict[str, exp.Query]

SHARD = 16  # characters of a file's digest in a row's id


def alias(value: exp.Expr, name: str) -> exp.Expr:
    """`value AS name`."""
    return exp.Alias(this=value, alias=exp.to_identifier(name))


def select(columns: Iterable[str | exp.Expr], source: str) -> exp.Select:
    """`SELECT columns FROM source`."""
    expressions = [exp.column(column) if isinstance(column, str) else column for column in columns]
    return exp.Select(expressions=expressions).from_(source, copy=False)


def finish(steps: Mapping[str, exp.Query], final: exp.Select, *key: str) -> str:
    """The SQL text (DuckDB) of the steps as WITH and of the last SELECT, in the total order of its key."""
    query = final.order_by(*(ascending(exp.column(name)) for name in key), copy=False)
    for name, step in steps.items():
        query = query.with_(name, as_=step, copy=False)
    return query.sql(dialect="duckdb", pretty=True, copy=False) + "\n"


def ascending(value: exp.Expr) -> exp.Ordered:
    """`value`, smallest first and NULL last."""
    return exp.Ordered(this=value, nulls_first=False)


def window(function: exp.Expr, partition: Iterable[str], order: Iterable[str]) -> exp.Expr:
    """`function OVER (PARTITION BY … ORDER BY …)`; names beginning with `-` descend."""
    keys = [
        exp.Ordered(this=exp.column(name.removeprefix("-")), desc=name.startswith("-"), nulls_first=False)
        for name in order
    ]
    return exp.Window(
        this=function,
        partition_by=[exp.column(name) for name in partition],
        order=exp.Order(expressions=keys),
        over="OVER",
    )


def literal(value: str | int) -> exp.Expr:
    """A text or a whole number."""
    return exp.Literal.number(value) if isinstance(value, int) else exp.Literal.string(value)


def equal(one: exp.Expr, other: exp.Expr) -> exp.Expr:
    """`one = other`."""
    return exp.EQ(this=one, expression=other)


def differs(one: str, other: str) -> exp.Expr:
    """`one <> other`, of two columns."""
    return exp.NEQ(this=exp.column(one), expression=exp.column(other))


def is_null(value: exp.Expr | str) -> exp.Expr:
    """`value IS NULL`, of a tree or of a column's name."""
    return exp.Is(this=exp.column(value) if isinstance(value, str) else value.copy(), expression=exp.null())


def not_null(value: exp.Expr | str) -> exp.Expr:
    """`value IS NOT NULL`."""
    return exp.Not(this=is_null(value))


def negated(value: exp.Expr | str) -> exp.Expr:
    """`NOT value`."""
    return exp.Not(this=exp.Paren(this=exp.column(value) if isinstance(value, str) else value))


def both(*values: exp.Expr) -> exp.Expr:
    """`a AND b …`."""
    return exp.and_(*values, copy=False)


def either(*values: exp.Expr) -> exp.Expr:
    """`a OR b …`; FALSE without any."""
    return exp.or_(*values, copy=False) if values else exp.false()


def case(*pairs: tuple[exp.Expr, exp.Expr], otherwise: exp.Expr | None = None) -> exp.Expr:
    """`CASE WHEN condition THEN value … ELSE otherwise END`."""
    return exp.Case(ifs=[exp.If(this=condition, true=value) for condition, value in pairs], default=otherwise)


def coalesce(*values: exp.Expr) -> exp.Expr:
    """The first that is not NULL."""
    return exp.func("COALESCE", *values)


def concat(*values: exp.Expr) -> exp.Expr:
    """The texts one after another, NULL counting as nothing."""
    return exp.func("CONCAT", *values, dialect="duckdb")


def listed(name: str, column: str, source: str) -> exp.Expr:
    """`name IN (SELECT column FROM source)`."""
    return exp.In(this=exp.column(name), query=exp.Subquery(this=select([column], source)))


def row_id() -> exp.Expr:
    """The id of a delivered row: digest of its file, sheet, row, and the part of the row from the second on.

    A `w` after the digest tells a withdrawal: a file may be sent once as records and once, unchanged, to withdraw them.
    """
    digest = exp.Substring(this=exp.column("file_sha256"), start=literal(1), length=literal(SHARD))
    mark = case((exp.column("is_withdrawal"), literal("w:")), otherwise=literal(":"))
    row_no, part_no = (exp.cast(exp.column(name), "VARCHAR") for name in ("row_no", "part_no"))
    further = exp.GT(this=exp.column("part_no"), expression=literal(1))
    part = case((further, concat(literal("#"), part_no)), otherwise=literal(""))
    return concat(digest, mark, exp.column("sheet"), literal(":"), row_no, part)


def netstring(names: Iterable[str]) -> exp.Expr:
    """The values as one text that no other values give: each with its length before it, NULL as a dash."""
    parts = []
    for name in names:
        text = exp.cast(exp.column(name), "VARCHAR")
        length = exp.cast(exp.Length(this=text), "VARCHAR")
        counted = exp.DPipe(
            this=exp.DPipe(this=length, expression=literal(":"), safe=True), expression=text.copy(), safe=True
        )
        parts.append(coalesce(counted, literal("-")))
    return concat(*parts)
