"""What was known when: late rows, corrections and withdrawals are versions, and a month replays as of any day.

Here: `ssj run --as-of` before and after further deliveries. Not here: how rows become versions (test_contract_sql).
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
from collections.abc import Callable, Collection
from datetime import date
from pathlib import Path

from tests.e2e.conftest import MONTH, Outcome, copy_city, kept_files

Run = Callable[..., Outcome]
NUMBER = "行政处罚决定书文号"
EARLY, LATE = date(2026, 10, 31), date(2026, 11, 20)


def deliver(
    home: Path, delivery_id: str, received: str, source: str, rows: list[dict[str, str]], **change: str
) -> None:
    """A later delivery of the same unit and month: one CSV with these rows."""
    folder = home / "inbox" / delivery_id
    folder.mkdir()
    text = io.StringIO()
    writer = csv.DictWriter(text, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    data = text.getvalue().encode()
    (folder / "rows.csv").write_bytes(data)
    file = {"name": "rows.csv", "source": source, "sha256": hashlib.sha256(data).hexdigest(), "rows": len(rows)}
    manifest = {
        "spec": "ssj-delivery-v1", "delivery_id": delivery_id, "month": MONTH, "unit_code": "ZHZF",
        "unit_name": "综合行政执法队", "source_system": "测试", "generated": True, "registry_rows": None,
        "received_at": received, "files": [file | change],
    }  # fmt: skip
    (folder / "manifest.json").write_text(json.dumps(manifest, ensure_ascii=False), "utf-8")


def penalty_rows(home: Path, known: Collection[str]) -> list[dict[str, str]]:
    """Two rows of a delivered penalty file as the department wrote them, of decisions that are known."""
    path = max((home / "inbox").glob("*-ZHZF-*/penalty.csv"), key=lambda path: path.stat().st_size)
    with path.open(encoding="gb18030", newline="") as file:
        return [row for row in csv.DictReader(file) if row[NUMBER] in known][:2]


def current(outcome: Outcome) -> dict[str, dict]:
    return {row["decision_no"]: row for row in outcome.table("accepted_penalty") if row["is_current"]}


def test_a_month_is_replayed_as_of_a_day_byte_for_byte(tiny_home: Path, run_home: Run, tmp_path: Path) -> None:
    first = run_home(tiny_home, EARLY)
    assert first.code == 0, first.errors
    kept = kept_files(tiny_home)
    before = current(first)
    changed, withdrawn = penalty_rows(tiny_home, before)
    number, gone = changed[NUMBER], withdrawn[NUMBER]

    fine = {"罚款金额（万元）": "9.75", "处罚类别": "罚款"}
    late = changed | {NUMBER: f"{number}补"}
    deliver(tiny_home, f"{MONTH}-ZHZF-91", "2026-11-10T09:00:00+08:00", "penalty", [changed | fine, late])
    deliver(tiny_home, f"{MONTH}-ZHZF-92", "2026-11-12T09:00:00+08:00", "penalty", [withdrawn], change="withdrawal")

    again = run_home(tiny_home, EARLY)
    assert again.code == 0, again.errors
    assert kept_files(tiny_home) == kept

    # A folder that never saw the early run, with everything in its inbox: as of that day it knows no more.
    other, newest = tmp_path / "other", tmp_path / "newest"
    for home in (other, newest):
        copy_city(tiny_home / "inbox", home)
    replayed = run_home(other, EARLY)
    assert replayed.code == 0, replayed.errors
    assert kept_files(other) == kept

    later = run_home(newest, LATE)
    assert later.code == 0, later.errors
    now = current(later)
    assert str(now[number]["fine_wan"]).startswith("9.75") and now[number]["version_no"] == 2
    assert f"{number}补" in now and gone not in now
    versions = [row for row in later.table("accepted_penalty") if row["decision_no"] == gone]
    assert [row["is_withdrawn"] for row in sorted(versions, key=lambda row: row["version_no"])] == [False, True]
    assert before[number]["version_no"] == 1
