"""Grade snapshots that must hold a plan: the delivered file of a month spoiled, its manifest made to fit.

For tests of the gate, on an inbox of the sample city. Not here: what the gate makes of them.
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
from collections.abc import Callable
from pathlib import Path

Rows = list[dict[str, str]]
UNKNOWN, TWICE, JUMPED = 7, 5, 0.06
_UP = {"A": "C", "B": "D", "C": "A", "D": "B"}


def _unknown_letters(rows: Rows) -> Rows:
    return [row | ({"信用风险等级": "E"} if n < UNKNOWN else {}) for n, row in enumerate(rows)]


def _duplicates(rows: Rows) -> Rows:
    """Five firms a second time, with another letter."""
    again = [row | {"信用风险等级": "B" if row["信用风险等级"] == "A" else "A"} for row in rows[:TWICE]]
    return [*rows, *again]


def _half(rows: Rows) -> Rows:
    return rows[::2]


def _jumps(rows: Rows) -> Rows:
    """Six in a hundred two levels away."""
    jumped = round(len(rows) * JUMPED)
    return [row | ({"信用风险等级": _UP[row["信用风险等级"]]} if n < jumped else {}) for n, row in enumerate(rows)]


def _shifted(rows: Rows) -> Rows:
    """Eight months alike before it, and now one in twenty of A in B: no jump, but a share that never moved so far."""
    now = [row for row in rows if row["快照月份"] == max(r["快照月份"] for r in rows)]
    year, month = map(int, now[0]["快照月份"].split("-"))
    before = [
        row | {"快照月份": f"{year}-{month - back:02}", "分类日期": f"{year}-{month - back:02}-02"}
        for back in range(2, 10)
        for row in now
    ]
    low = [n for n, row in enumerate(now) if row["信用风险等级"] == "A"]
    moved = set(low[: len(low) // 20])
    return [*before, *(row | ({"信用风险等级": "B"} if n in moved else {}) for n, row in enumerate(now))]


KINDS: dict[str, Callable[[Rows], Rows]] = {
    "unknown_letters": _unknown_letters,
    "duplicates": _duplicates,
    "half_missing": _half,
    "two_levels": _jumps,
    "share_shifted": _shifted,
}


def spoil_snapshot(inbox: Path, month: str, kind: str) -> int:
    """Spoil the month's grade snapshot in one of the ways of KINDS; the rows that it has now."""
    folder = inbox / f"{month}-SJ-PT-01"
    path = folder / "grade_snapshot.csv"
    with path.open(encoding="utf-8", newline="") as file:
        reader = csv.DictReader(file)
        rows, header = list(reader), list(reader.fieldnames or ())
    spoiled = KINDS[kind](rows)
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, header, lineterminator="\n")
    writer.writeheader()
    writer.writerows(spoiled)
    data = text.getvalue().encode()
    path.write_bytes(data)
    manifest = json.loads((folder / "manifest.json").read_text("utf-8"))
    [entry] = [file for file in manifest["files"] if file["name"] == path.name]
    entry |= {"sha256": hashlib.sha256(data).hexdigest(), "rows": len(spoiled)}
    (folder / "manifest.json").write_text(json.dumps(manifest, ensure_ascii=False, indent=2) + "\n", "utf-8")
    return len(spoiled)
