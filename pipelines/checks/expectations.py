"""The one expectation of ours: no row breaks a condition, and only their number is asked for.

Imported by suites.py inside functions only, for it needs Great Expectations. GX's own UnexpectedRowsExpectation also
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
