"""The months: one asset partition is one month of Asia/Shanghai."""

from __future__ import annotations

import dagster as dg

from resources.reference import city


def months() -> dg.MonthlyPartitionsDefinition:
    """Every month from the first with a policy to the one now running."""
    return dg.MonthlyPartitionsDefinition(
        start_date=city().first_month, fmt="%Y-%m", timezone="Asia/Shanghai", end_offset=1
    )
