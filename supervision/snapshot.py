"""The province's grade snapshot: whether a plan may rest on it. It is read, never written (R-19 to R-21)."""

from __future__ import annotations

from datetime import date

FRESH_DAYS = 45


class SnapshotError(ValueError):
    """There is no snapshot of the month to rest on; the message says what to ask for."""


def hold_reason(received_on: date, as_of: date) -> str | None:
    """Why the plan must wait for a person, or None: the snapshot is older than 45 days on the month's as_of."""
    age = (as_of - received_on).days
    if age <= FRESH_DAYS:
        return None
    return f"等级快照于 {received_on} 收到，距截至日期 {as_of} 已 {age} 天，超过 {FRESH_DAYS} 天：请向省局索取新快照，或由信用科决定"
