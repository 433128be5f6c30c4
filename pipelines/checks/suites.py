"""Contract -> Great Expectations suite.

Here: one expectation per promise, its rule id in `meta`. Ids: `required:<column>`, `values:<column>`,
`pattern:<column>`, `unique:<key columns>`, `min_rows`, `max_rows`, and the contract's own rule ids.
Not here: running a suite (judge.py), how a value is read or converted (resources/engines/contract_sql.py).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from data_contracts.model import Contract

if TYPE_CHECKING:
    from great_expectations import ExpectationSuite
    from sqlglot import exp

CURRENT = "is_current"  # accepted tables keep older versions of a record beside the one in force


def suite_of(contract: Contract) -> ExpectationSuite:
    """The suite of one table: an output, or the accepted rows of a source (its key is unique among current rows)."""
    import great_expectations as gx

    return gx.ExpectationSuite(name=contract.name, expectations=list(_expectations(contract)))


def _expectations(contract: Contract) -> Iterator[Any]:
    from great_expectations import expectations as gxe
    from sqlglot import exp

    for column in contract.columns:
        if column.required:
            yield gxe.ExpectColumnValuesToNotBeNull(column=column.name, **_about(f"required:{column.name}"))
        if column.values and column.physical_type == "VARCHAR":
            codes = sorted(set(column.values.values()))
            about = _about(f"values:{column.name}")
            yield gxe.ExpectColumnValuesToBeInSet(column=column.name, value_set=codes, **about)
        if column.pattern and column.physical_type == "VARCHAR":
            matches = exp.func("regexp_full_match", exp.column(column.name), exp.Literal.string(column.pattern))
            yield _no_row(_holds_not(exp.not_(matches)), _about(f"pattern:{column.name}"))
    if contract.primary_key:
        yield _unique(contract)
    for rule in contract.rules:
        yield _no_row(_holds_not(rule.condition), _about(rule.id, rule.severity))
    if contract.min_rows is not None:
        yield gxe.ExpectTableRowCountToBeBetween(min_value=contract.min_rows, **_about("min_rows"))
    if contract.max_rows is not None:
        yield gxe.ExpectTableRowCountToBeBetween(max_value=contract.max_rows, **_about("max_rows", "warning"))


def _about(rule_id: str, severity: str = "error") -> dict[str, Any]:
    return {"meta": {"rule_id": rule_id}, "severity": "critical" if severity == "error" else "warning"}


def _unique(contract: Contract) -> Any:
    """The key is unique, for a source among its current rows.

    GX's expectation for compound keys joins on equality and so never sees two rows with the same gap in their key.
    """
    from great_expectations.expectations import ExpectColumnValuesToBeUnique
    from great_expectations.expectations.row_conditions import Column
    from sqlglot import exp

    key = contract.primary_key
    about = _about(f"unique:{','.join(key)}")
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


def _holds_not(condition: str | exp.Expression) -> exp.Select:
    """The rows for which a DuckDB condition is TRUE."""
    return _violations().from_("batch").where(condition, dialect="duckdb")


def _no_row(select: exp.Select, about: dict[str, Any]) -> Any:
    """The query over the table `batch` finds no row."""
    from pipelines.checks.expectations import ExpectNoRow

    # The text passes through str.format (braces) and sqlalchemy.text (colons) before it reaches DuckDB.
    text = select.sql(dialect="duckdb").replace("{", "{{").replace("}", "}}").replace(":", r"\:")
    return ExpectNoRow(unexpected_rows_query=text.replace(" FROM batch", " FROM {batch}", 1), **about)
