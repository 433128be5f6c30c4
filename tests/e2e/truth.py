"""truth.json of the generator held against what a month found: nothing missed, nothing invented.

Here: where each kind of planted fault must show, and by which rule. Not here: running the month (conftest).
"""

from __future__ import annotations

import json
import re
import unicodedata
from pathlib import Path
from typing import Protocol

Place = tuple[str, str, str, int]


class Tables(Protocol):
    """A month's tables by name."""

    def table(self, name: str) -> list[dict]: ...


def planted_faults(inbox: Path) -> list[dict]:
    """What the generator spoiled, from the list beside the inbox."""
    truth: list[dict] = json.loads((inbox.parent / "truth.json").read_text("utf-8"))
    return truth


def missed_faults(month: Tables, truth: list[dict]) -> list[dict]:
    """The planted faults that the month did not find where they were planted, by the rule that they break."""
    rules: dict[Place, set[str]] = {}
    for row in month.table("quarantined"):
        rules.setdefault(place_of(row), set()).update(row["rule_ids"].split(";"))
    repeated = {place_of(row) for row in month.table("duplicates")}
    files = {(row["delivery_id"], row["file_name"]): row["fault_kind"] for row in month.table("received_file")}
    late = {row["delivery_id"] for row in month.table("timeliness") if row["state"] == "late"}
    gaps = month.table("document_gap") if any(fault["kind"] == "missing_number" for fault in truth) else []

    def found(fault: dict) -> bool:
        if fault["kind"] == "late_delivery":
            return fault["delivery_id"] in late
        if fault["kind"] == "missing_number":
            return _is_told(fault, gaps)
        if fault["row_no"] is None:
            return files.get((fault["delivery_id"], fault["file"])) == fault["rule_id"]
        if fault["kind"] == "duplicate_row":
            return bool(places_of(fault) & repeated)
        return any(fault["rule_id"] in rules.get(place, ()) for place in places_of(fault))

    return [fault for fault in truth if not found(fault)]


def wrongly_quarantined(month: Tables, truth: list[dict]) -> list[dict]:
    """The quarantined rows, the duplicates and the files set aside that nobody spoiled."""
    rows = {place for fault in truth for place in places_of(fault)}
    files = {(fault["delivery_id"], fault["file"]) for fault in truth if fault["row_no"] is None}
    return [
        *(row for row in month.table("quarantined") if place_of(row) not in rows),
        *(row for row in month.table("duplicates") if place_of(row) not in rows),
        *(
            row
            for row in month.table("received_file")
            if row["read_state"] != "read" and (row["delivery_id"], row["file_name"]) not in files
        ),
    ]


def place_of(row: dict) -> Place:
    """Where a row of the month stood."""
    return row["delivery_id"], row["file_name"], row["sheet"], row["row_no"]


def places_of(fault: dict) -> set[Place]:
    """Where a fault may show: of two rows with one key either may be the one kept, whatever their order."""
    if fault["row_no"] is None:
        return set()
    places = {(fault["delivery_id"], fault["file"], fault["sheet"] or "", fault["row_no"])}
    if fault["pair_row_no"] is not None:
        places.add((fault["delivery_id"], fault["file"], fault["pair_sheet"] or "", fault["pair_row_no"]))
    return places


def _is_told(fault: dict, gaps: list[dict]) -> bool:
    """Whether the number is in the list of its series; outside of what was delivered nobody can miss one."""
    text = unicodedata.normalize("NFKC", fault["document_number"])
    number = re.search(r"(\d+)号$", text)
    for gap in gaps:
        series = unicodedata.normalize("NFKC", gap["series"])
        if (gap["source"], gap["unit_code"]) == (fault["source"], fault["unit_code"]) and text.startswith(series):
            told = {int(n) for n in re.findall(r"\d+", gap["missing_numbers"] or "")}
            value = int(number[1]) if number else 0
            return value in told or not gap["first_no"] <= value <= gap["last_no"]
    return False
