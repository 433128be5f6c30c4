"""The day a grade snapshot came: of the rows the platform sent, not of one row put right after the quarantine."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any, cast

import pytest

from assets import risk
from assets.stage import Month

SENT, CORRECTED = datetime(2026, 10, 8, 9), datetime(2026, 11, 24, 9)


class Tables:
    """The two tables that are asked for; `rows`: (row, corrects, received)."""

    def __init__(self, *rows: tuple[str, str | None, datetime]) -> None:
        self.rows = rows

    def records(self, table: str, columns: list[str]) -> list[dict[str, Any]]:
        names = ("row_id", "corrects_row_id", "received_at")
        return [{name: cell for name, cell in zip(names, row, strict=True) if name in columns} for row in self.rows]


@pytest.mark.parametrize(
    ("rows", "day"),
    [
        ([("a", None, SENT), ("b", "x", CORRECTED)], SENT),
        ([("a", None, SENT), ("b", None, CORRECTED)], CORRECTED),  # the platform sent again
        ([("b", "x", CORRECTED)], CORRECTED),  # all of it was put right
    ],
)
def test_a_row_put_right_makes_no_snapshot_newer(rows: list[tuple[str, str | None, datetime]], day: datetime) -> None:
    found: date = risk._snapshot_received(cast(Month, Tables(*rows)))
    assert found == day.date()
