"""The months: one asset partition is one month of Asia/Shanghai."""

from __future__ import annotations

import dagster as dg

FIRST_MONTH = "2022-05"  # the notice is of 2022-05-10


def months() -> dg.MonthlyPartitionsDefinition:
    """Every month from the notice's own to the one now running."""
    return dg.MonthlyPartitionsDefinition(
        start_date=FIRST_MONTH, fmt="%Y-%m", timezone="Asia/Shanghai", end_offset=1
    )
