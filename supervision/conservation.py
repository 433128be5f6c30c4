"""Nothing lost: what was read from a sheet against what became of its rows.

Here: the law and the places where it does not hold. Not here: counting (sql/validated/conservation.sql), reading.
Clause: notice (五), R-18; DESIGN §3.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

KEY = ("delivery_id", "file_name", "sheet")


def lost_places(sheets: Iterable[Mapping[str, Any]], kept: Iterable[Mapping[str, Any]]) -> list[str]:
    """Sheets where the law does not hold: rows unread below the header, or not in exactly one of the three places."""
    counted = {tuple(row[name] for name in KEY): row for row in kept}
    lost = []
    for sheet in sheets:
        place = tuple(sheet[name] for name in KEY)
        row = counted.pop(place, None)
        rows = row["delivered_rows"] if row else 0
        parts = sheet["header_rows"] + sheet["data_rows"] + sheet["blank_rows"] + sheet["footer_rows"]
        placed = row["accepted_rows"] + row["quarantined_rows"] + row["duplicates_rows"] if row else 0
        sound = parts == sheet["last_row"] and rows == sheet["delivered_rows"] == placed
        if not sound or (row and row["misplaced_rows"]):
            lost.append("/".join(filter(None, place)))
    return lost + ["/".join(filter(None, place)) for place in counted]
