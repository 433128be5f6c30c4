"""The two expectations of ours: no row breaks a condition, and only the number of such rows is asked for.

Imported by suites.py inside functions only, for they need Great Expectations. GX's own UnexpectedRowsExpectation also
fetches the rows: a second query per rule, and values of the table in memory for nothing.
"""

from __future__ import annotations

from typing import Any, ClassVar

from great_expectations.expectations.core.unexpected_rows_expectation import UnexpectedRowsExpectation


class ExpectNoRow(UnexpectedRowsExpectation):
    """The query finds no row; `observed_value` is their number."""

    metric_dependencies: ClassVar[tuple[str, ...]] = ("unexpected_rows_query.row_count",)

    def _validate(
        self, metrics: dict[str, Any], runtime_configuration: Any = None, execution_engine: Any = None
    ) -> dict[str, Any]:
        rows = metrics["unexpected_rows_query.row_count"]
        return {"success": rows == 0, "result": {"observed_value": rows}}


class ExpectEveryCountZero(UnexpectedRowsExpectation):
    """The query's one row holds nothing but zeros: how many rows break each promise, all counted in one reading.

    `observed_value` is the row: name of the count -> rows. Twenty promises cost as much as one.
    """

    metric_dependencies: ClassVar[tuple[str, ...]] = ("unexpected_rows_query.table",)

    def _validate(
        self, metrics: dict[str, Any], runtime_configuration: Any = None, execution_engine: Any = None
    ) -> dict[str, Any]:
        (counts,) = metrics["unexpected_rows_query.table"]
        return {"success": not any(counts.values()), "result": {"observed_value": dict(counts)}}
