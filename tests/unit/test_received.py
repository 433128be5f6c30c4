"""What is sent again: the same bytes change nothing, but damage, a wrong source and a withdrawal are not repetitions.

Here: which deliveries are used and what reading them gives, up to the rows of a source. Not here: judging the rows.
"""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import pytest

from data_contracts.model import source_contract
from resources.receipts import look_through, rows_of
from resources.received import QUARANTINED, READ, REPEATED, Received, Wanted, receive
from resources.settings import Home
from tests.unit.quarantine_home import MONTH, deliver, grade, penalty, write_xlsx

DAY = "2026-10-{}T09:00:00+08:00"
ROWS = [penalty(1), penalty(2)]


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path / "home").create()


UNIT = {"grade_snapshot": "SJ-PT", "field_consumer": "XB", "field_price": "JJ"}


def send(
    home: Home, day: int, rows: list[dict[str, str]] | Path, source: str = "penalty", change: str = "", unit: str = ""
) -> Path:
    """One delivery on that day of October."""
    path = deliver(
        home,
        f"D{day:02d}",
        unit or UNIT.get(source, "140802"),
        source,
        rows,
        received_at=DAY.format(f"{day:02d}"),
        count=len(ROWS),
    )
    if change:
        manifest = json.loads((path.parent / "manifest.json").read_text("utf-8"))
        manifest["files"][0]["change"] = change
        (path.parent / "manifest.json").write_text(json.dumps(manifest, ensure_ascii=False), "utf-8")
    return path


def states(home: Home) -> dict[str, str]:
    return {row["delivery_id"]: row["state"] for row in rows_of(look_through(home.inbox, MONTH, date(2026, 10, 31)))}


def read(home: Home) -> dict[str, Received]:
    """What became of each file that is used."""
    used = [row for row in rows_of(look_through(home.inbox, MONTH, date(2026, 10, 31))) if row["state"] == "used"]
    wanted = [
        Wanted(
            row["delivery_id"],
            row["file_name"],
            row["file_sha256"],
            row["declared_rows"],
            source_contract(row["source"]),
            is_withdrawal=row["is_withdrawal"],
            unit_code=row["unit_code"],
        )
        for row in sorted(used, key=lambda row: row["received_at"])
    ]
    return {answer.wanted.delivery_id: answer for answer in receive(home, wanted)}


def test_the_same_file_again_is_repeated(home: Home) -> None:
    path = send(home, 1, ROWS)
    send(home, 2, path)
    assert states(home) == {"D01": "used", "D02": "repeated"}
    assert read(home)["D01"].rows == 2


def test_the_same_file_with_another_count_is_taken_in_once(home: Home) -> None:
    path = send(home, 1, ROWS)
    again = send(home, 2, path).parent / "manifest.json"
    again.write_text(again.read_text("utf-8").replace('"rows": 2', '"rows": null'), "utf-8")
    assert {name: answer.state for name, answer in read(home).items()} == {"D01": READ, "D02": REPEATED}


def test_what_was_damaged_on_the_way_is_taken_when_it_is_sent_again(home: Home) -> None:
    first = send(home, 1, ROWS)
    send(home, 2, first)
    first.write_bytes(first.read_bytes()[:-100])
    assert states(home) == {"D01": "used", "D02": "used"}
    found = read(home)
    assert (found["D01"].state, found["D01"].kind, found["D02"].state) == (QUARANTINED, "altered", READ)


def test_what_was_sent_as_another_source_is_taken_under_the_right_one(home: Home, tmp_path: Path) -> None:
    file = tmp_path / "penalty.xlsx"
    write_xlsx(file, source_contract("penalty"), ROWS)
    send(home, 1, file, source="grade_snapshot")
    send(home, 2, file, source="penalty")
    found = read(home)
    assert (found["D01"].state, found["D01"].kind, found["D02"].state) == (QUARANTINED, "drift", READ)


def test_what_was_taken_as_one_source_is_not_silently_taken_as_another(home: Home) -> None:
    """The two could not be told apart by their rows' places."""
    rows = [{"uscc": "91140802MA0XXXXX0X", "record_kind": "投诉", "recorded_on": "2026-10-08"}] * 2
    send(home, 2, send(home, 1, rows, source="field_consumer"), source="field_price")
    found = read(home)
    assert (found["D01"].state, found["D02"].state, found["D02"].kind) == (READ, QUARANTINED, "other_source")
    assert "D01" in (found["D02"].reason or "") and "撤回" in (found["D02"].reason or "")


def test_the_same_bytes_may_withdraw_what_they_brought(home: Home) -> None:
    path = send(home, 1, ROWS)
    send(home, 2, path, change="withdrawal")
    send(home, 3, path, change="withdrawal")
    assert states(home) == {"D01": "used", "D02": "used", "D03": "repeated"}
    assert {name: answer.state for name, answer in read(home).items()} == {"D01": READ, "D02": READ}


def test_only_its_producers_send_a_source(home: Home) -> None:
    """Else a county's file would become the province's grades."""
    send(home, 1, [grade(1), grade(2)], source="grade_snapshot", unit="140802")
    send(home, 2, [grade(1), grade(3)], source="grade_snapshot")
    found = read(home)
    assert (found["D01"].state, found["D01"].kind, found["D02"].state) == (QUARANTINED, "sender", READ)
    assert "140802" in (found["D01"].reason or "") and "信用风险等级快照" in (found["D01"].reason or "")
