"""The one place that reads the wall clock.

For: receipt times of real deliveries, ledger lines, the creation time of runs.
Not for: any rule. Rules take dates as arguments; a month's `as_of` comes from the month, never from here.
"""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

SHANGHAI = ZoneInfo("Asia/Shanghai")


def now() -> datetime:
    """The present moment in Asia/Shanghai, to the second."""
    return datetime.now(SHANGHAI).replace(microsecond=0)
