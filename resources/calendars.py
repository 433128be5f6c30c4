"""The statutory calendar as files of `data_contracts/calendar/`, and the one reader of small CSV lists.

Light on purpose: `ssj workdays` must answer at once. Not for counting days (supervision.workdays).
"""

from __future__ import annotations

import csv
import hashlib
from functools import lru_cache
from pathlib import Path

from resources.settings import CALENDAR
from supervision.workdays import WorkCalendar


def rows(path: Path) -> list[dict[str, str]]:
    """The rows of a CSV with a header, every value as text."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


@lru_cache(maxsize=1)
def calendar() -> WorkCalendar:
    """The statutory calendar of all announced years."""
    return WorkCalendar.from_rows(row for path in sorted(CALENDAR.glob("*.csv")) for row in rows(path))


def calendar_version() -> str:
    """The announced years and a digest over their files, such as `2021-2026.1a2b3c4d`."""
    files = sorted(CALENDAR.glob("*.csv"))
    digest = hashlib.sha256(b"".join(path.read_bytes() for path in files)).hexdigest()
    return f"{files[0].stem}-{files[-1].stem}.{digest[:8]}"
