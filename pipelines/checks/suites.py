"""Contract -> Great Expectations suite.

Here: the promises of a contract, each with its rule id, and the expectations that judge them. Ids: `required:<column>`, `values:<column>`,
`pattern:<column>`, `unique:<key columns>`, `min_rows`, `max_rows`, and the contract's own rule ids.
Not here: running a suite (judge.py), how a value is read or converted (resources/engines/contract_sql.py).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from data_contracts.model import Contract

if TYPE_CHECKING:
    from great_expectations import ExpectationSuite
    from sqlglot import exp

CURRENT = "is_current"  # accepted tables keep older versions of a record beside the one in force


@dataclass(frozen=True, slots=True)
class Promise:
    """What holds for every row by itself: `broken` (DuckDB condition) is TRUE for a row that breaks it.

    `reason`: what is wrong with such a row and what to do, in the contract's words.
    """

    rule_id: str
    severity: str
    broken: exp.Expr
    reason: str


def suite_of(contract: Contract, *, apart: bool = False) -> ExpectationSuite:
    """The suite of one table: an output, or the accepted rows of a source (its key is unique among current rows).

    The promises about single rows are one expectation per severity, its `meta` naming them; `apart` makes one of each,
    so that one that cannot be evaluated does not hide the others.
    """
    import great_expectations as gx

    return gx.ExpectationSuite(name=contract.name, expectations=list(_expectations(contract, apart)))


def _expectations(contract: Contract, apart: bool) -> Iterator[Any]:
    from great_expectations import expectations as gxe

    promises = list(promises_of(contract))
    if apart:
        for promise in promises:
            yield _no_row(
                _violations().from_("batch").where(promise.broken),
                _about(promise.rule_id, promise.severity, promise.reason),
            )
    else:
        for severity in ("error", "warning"):
            if together := [promise for promise in promises if promise.severity == severity]:
                yield _all_zero(together, severity)
    if contract.primary_key:
        yield _unique(contract)
    if contract.min_rows is not None:
        yield gxe.ExpectTableRowCountToBeBetween(
            min_value=contract.min_rows, **_about("min_rows", told=f"不少于 {contract.min_rows} 行")
        )
    if contract.max_rows is not None:
        yield gxe.ExpectTableRowCountToBeBetween(
            max_value=contract.max_rows, **_about("max_rows", "warning", f"不多于 {contract.max_rows} 行")
        )


def promises_of(contract: Contract) -> Iterator[Promise]:
    """What every single row of the table keeps, in the order of columns and rules."""
    import sqlglot
    from sqlglot import exp

    for column in contract.columns:
        value = exp.column(column.name)
        if column.required:
            yield Promise(f"required:{column.name}", "error", value.is_(exp.null()), column.required_reason)
        if column.values and column.physical_type == "VARCHAR":
            codes = sorted(set(column.values.values()))
            yield Promise(f"values:{column.name}", "error", exp.not_(value.isin(*codes)), column.check_reason)
        if column.pattern and column.physical_type == "VARCHAR":
            matches = exp.func("regexp_full_match", value, exp.Literal.string(column.pattern))
            yield Promise(f"pattern:{column.name}", "error", exp.not_(matches), column.check_reason)
    for rule in contract.rules:
        yield Promise(rule.id, rule.severity, sqlglot.parse_one(rule.condition, dialect="duckdb"), rule.reason)


def _about(rule_id: str | list[str], severity: str = "error", told: str | None = None) -> dict[str, Any]:
    named = {"rule_id": rule_id} if isinstance(rule_id, str) else {"rule_ids": rule_id}
    about = {"meta": named, "severity": "critical" if severity == "error" else "warning"}
    return about | ({"description": f"{rule_id}：{told}"} if told else {})


def _unique(contract: Contract) -> Any:
    """The key is unique, for a source among its current rows.

    GX's expectation for compound keys joins on equality and so never sees two rows with the same gap in their key.
    """
    from great_expectations.expectations import ExpectColumnValuesToBeUnique
    from great_expectations.expectations.row_conditions import Column
    from sqlglot import exp

    key = contract.primary_key
    titles = "、".join(contract.column(name).title for name in key)
    about = _about(f"unique:{','.join(key)}", told=f"「{titles}」不重复")
    current = contract.kind == "source"
    if len(key) == 1:
        condition = {"row_condition": Column(CURRENT) == True} if current else {}  # noqa: E712  builds a condition
        return ExpectColumnValuesToBeUnique(column=key[0], **about, **condition)
    copies = exp.Window(this=exp.Count(this=exp.Star()), partition_by=[exp.column(name) for name in key])
    keys = exp.select(exp.alias_(copies, "copies")).from_("batch")
    if current:
        keys = keys.where(exp.column(CURRENT))
    return _no_row(_violations().from_(keys.subquery("keys")).where("copies > 1"), about)


def _violations() -> exp.Select:
    """SELECT of a constant: rows are counted, and no value leaves the table."""
    from sqlglot import exp

    return exp.select(exp.alias_(exp.Literal.number(1), "violation"))


def _all_zero(promises: list[Promise], severity: str) -> Any:
    """How many rows break each of the promises, named n0, n1 …; none does."""
    from sqlglot import exp

    from pipelines.checks.expectations import ExpectEveryCountZero

    counts = [
        exp.alias_(exp.Filter(this=exp.Count(this=exp.Star()), expression=exp.Where(this=promise.broken)), f"n{number}")
        for number, promise in enumerate(promises)
    ]
    about = _about([promise.rule_id for promise in promises], severity)
    return ExpectEveryCountZero(unexpected_rows_query=_query(exp.select(*counts).from_("batch")), **about)


def _no_row(select: exp.Select, about: dict[str, Any]) -> Any:
    """The query over the table `batch` finds no row."""
    from pipelines.checks.expectations import ExpectNoRow

    return ExpectNoRow(unexpected_rows_query=_query(select), **about)


def _query(select: exp.Select) -> str:
    """The text for GX: it passes through str.format (braces) and sqlalchemy.text (colons) before it reaches DuckDB."""
    text = select.sql(dialect="duckdb").replace("{", "{{").replace("}", "}}").replace(":", r"\:")
    return text.replace(" FROM batch", " FROM {batch}", 1)
