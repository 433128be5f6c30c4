"""What is counted of a grade snapshot, and the licences in force, each on a handful of rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

import pyarrow as pa
import pytest

from resources.engines.duckdb_engine import DuckDBEngine
from tests.unit.test_sql_rules import AS_OF, CITY, NOON, accepted, engine, pick, run, stored, subjects

__all__ = ["CITY", "engine"]
Rows = Sequence[Mapping[str, Any]]
NOW, BEFORE = "2026-10", "2026-09"


def with_columns(table: pa.Table, rows: Rows, columns: Mapping[str, pa.DataType]) -> pa.Table:
    for name, kind in columns.items():
        table = table.append_column(name, pa.array([row.get(name) for row in rows], kind))
    return table


def snapshot(rows: Rows) -> pa.Table:
    """Accepted rows of snapshots: (month, uscc, grade) and what else is given."""
    plain = [{k: v for k, v in row.items() if k != "corrects_row_id"} for row in rows]
    return with_columns(accepted("grade_snapshot", *plain), rows, {"corrects_row_id": pa.string()})


def graded(month: str, *pairs: str, **more: Any) -> list[dict[str, Any]]:
    return [
        {"snapshot_month": month, "uscc": pair[:-1], "credit_grade": pair[-1], "row_id": f"{month}:{pair}"} | more
        for pair in pairs
    ]


def facts(
    engine: DuckDBEngine,
    rows: Rows,
    *,
    quarantined: Rows = (),
    duplicates: Rows = (),
    delivered: Rows = (),
    states: Sequence[str] = (),
) -> dict[str, Any]:
    accepted_rows = snapshot(rows)
    current = [
        {"uid": row["uscc"], "snapshot_month": NOW} | {k: row[k] for k in ("credit_grade", "received_at", "row_id")}
        for row in accepted_rows.to_pylist()
        if row["is_current"] and row["snapshot_month"] == NOW
    ]
    place = ("delivery_id", "file_name", "sheet", "row_no", "part_no", "snapshot_month")
    kinds = {name: pa.int64() if name.endswith("_no") else pa.string() for name in place}
    rows_delivered = [{"file_name": "g.csv", "sheet": "", "part_no": 0} | dict(row) for row in delivered]
    [row] = run(
        engine,
        "risk/snapshot_facts",
        {
            "accepted_grade_snapshot": accepted_rows,
            "grade_of_month": stored("grade_of_month", *current),
            "enterprise_month": stored(
                "enterprise_month", *({"uid": str(n), "grade_state": s, "is_live": True} for n, s in enumerate(states))
            ),
            "quarantined": stored("quarantined", *quarantined),
            "duplicates": stored("duplicates", *duplicates),
            "deliveries": stored(
                "deliveries",
                {"delivery_id": "d", "file_name": "g.csv", "delivery_month": NOW},
                {"delivery_id": "old", "file_name": "g.csv", "delivery_month": BEFORE},
            ),
            "delivered_grade_snapshot": pa.Table.from_pylist(rows_delivered, schema=pa.schema(list(kinds.items()))),
        },
        month=NOW,
        jump_levels=2,
    )
    return row


def aside(rule_ids: str, row_no: int, delivery_id: str = "d", source: str = "grade_snapshot") -> dict[str, Any]:
    place = {"delivery_id": delivery_id, "file_name": "g.csv", "sheet": "", "row_no": row_no, "part_no": 0}
    return place | {"source": source, "row_id": f"{delivery_id}:{row_no}", "rule_ids": rule_ids}


def test_firms_two_levels_apart_are_counted_in_both_directions(engine: DuckDBEngine) -> None:
    rows = graded(BEFORE, "1A", "2A", "3B", "4D", "5D", "6C", "8A") + graded(
        NOW, "1A", "2C", "3D", "4B", "5C", "6C", "7D"
    )
    row = facts(engine, rows)
    assert (row["previous_month"], row["previous_rows"], row["snapshot_rows"]) == (BEFORE, 7, 7)
    assert (row["compared_subjects"], row["jumped_subjects"]) == (6, 3)


def test_the_newest_earlier_snapshot_is_compared_with(engine: DuckDBEngine) -> None:
    rows = graded("2026-07", "1D", "2D") + graded("2026-08", "1A") + graded("2026-11", "1D") + graded(NOW, "1A", "2A")
    row = facts(engine, rows)
    assert (row["previous_month"], row["previous_rows"], row["compared_subjects"], row["jumped_subjects"]) == (
        "2026-08",
        1,
        1,
        0,
    )
    alone = facts(engine, graded(NOW, "1A"))
    assert (alone["previous_month"], alone["previous_rows"], alone["compared_subjects"]) == (None, 0, 0)


def test_what_was_set_aside_of_this_months_snapshot(engine: DuckDBEngine) -> None:
    row = facts(
        engine,
        graded(NOW, "1A"),
        quarantined=[
            aside("credit_grade.check", 1),
            aside("uscc.check;credit_grade.required", 2),
            aside("key_conflict", 3),
            aside("uscc.check", 4),
            aside("credit_grade.check", 5),  # of another snapshot, delivered together
            aside("credit_grade.check;snapshot_month.check", 6),  # cannot say of which month
            aside("credit_grade.check", 1, "old"),
            aside("credit_grade.check;snapshot_month.check", 2, "old"),
            aside("credit_grade.check", 1, source="register"),
        ],
        delivered=[
            *({"delivery_id": "d", "row_no": n, "snapshot_month": NOW} for n in (1, 2, 3, 4)),
            {"delivery_id": "d", "row_no": 5, "snapshot_month": BEFORE},
            {"delivery_id": "d", "row_no": 6, "snapshot_month": "十月"},
            {"delivery_id": "old", "row_no": 1, "snapshot_month": BEFORE},
            {"delivery_id": "old", "row_no": 2, "snapshot_month": "九月"},
        ],
    )
    assert (row["unknown_rows"], row["conflicting_rows"]) == (3, 1)


def test_a_row_put_right_is_no_longer_aside(engine: DuckDBEngine) -> None:
    row = facts(
        engine,
        graded(NOW, "1A") + graded(NOW, "2B", corrects_row_id="d:1", received_at=datetime(2026, 10, 20)),
        quarantined=[aside("credit_grade.check", 1)],
        delivered=[{"delivery_id": "d", "row_no": 1, "snapshot_month": NOW}],
    )
    assert row["unknown_rows"] == 0
    assert row["received_on"] == NOON.date(), "one row put right does not make the others newer"


def test_rows_repeated_in_one_delivery_and_a_snapshot_sent_again(engine: DuckDBEngine) -> None:
    rows = graded(NOW, "1A", "2A") + graded(BEFORE, "1A")
    twice = {"source": "grade_snapshot", "delivery_id": "d", "file_name": "g.csv"}
    row = facts(
        engine,
        rows,
        duplicates=[
            twice | {"row_id": "x", "duplicate_of": f"{NOW}:1A"},
            twice | {"row_id": "y", "duplicate_of": f"{NOW}:2A", "delivery_id": "again"},
            twice | {"row_id": "z", "duplicate_of": f"{BEFORE}:1A"},
        ],
    )
    assert row["repeated_rows"] == 1


def test_firms_that_a_later_delivery_graded_otherwise(engine: DuckDBEngine) -> None:
    old = {"is_current": False, "row_id": "old"}
    rows = graded(NOW, "1A", **old) + graded(NOW, "1B", "2A", "3C") + graded(BEFORE, "2D")
    row = facts(engine, rows)
    assert (row["restated_subjects"], row["snapshot_rows"]) == (1, 3)
    withdrawn = graded(NOW, "1A", **old, is_withdrawn=True) + graded(NOW, "1B")
    assert facts(engine, withdrawn)["restated_subjects"] == 0


def test_live_firms_in_the_snapshot_and_missing_from_it(engine: DuckDBEngine) -> None:
    states = ["graded", "graded", "missing_from_snapshot", "newly_established", "not_live"]
    row = facts(engine, graded(NOW, "1A"), states=states)
    assert (row["graded_subjects"], row["missing_subjects"]) == (2, 1)


@pytest.mark.parametrize(
    ("change", "found"),
    [
        ({}, True),
        ({"valid_to": AS_OF}, True),
        ({"valid_to": date(2026, 10, 30)}, False),
        ({"valid_from": date(2026, 11, 1)}, False),
        ({"status": "无效"}, False),
        ({"status": "有效"}, True),
        ({"is_current": False}, False),
    ],
)
def test_the_words_of_a_licence_in_force(engine: DuckDBEngine, change: dict[str, Any], found: bool) -> None:
    licence = {
        "uscc": "91140802A", "licence_content": "危险化学品经营", "licence_cert_name": "危险化学品经营许可证", "licence_type": "普通",
        "valid_from": date(2025, 1, 1), "valid_to": date(2028, 1, 1),
    }  # fmt: skip
    inputs = {"accepted_licence": accepted("licence", licence | change, licence | change | {"row_id": "twin"})}
    rows = run(engine, "risk/subject_licence", inputs, as_of=AS_OF)
    assert pick(rows, "uid", "licence_words") == [("91140802A", "危险化学品经营；危险化学品经营许可证；普通")] * found


def test_a_licence_without_a_certificate_name(engine: DuckDBEngine) -> None:
    licence = {
        "uscc": "91140802A", "licence_content": "食品销售", "licence_type": "登记",
        "valid_from": date(2025, 1, 1), "valid_to": date(2028, 1, 1),
    }  # fmt: skip
    [row] = run(engine, "risk/subject_licence", {"accepted_licence": accepted("licence", licence)}, as_of=AS_OF)
    assert row["licence_words"] == "食品销售；；登记"


def test_a_subject_keeps_its_industry_and_its_station(engine: DuckDBEngine) -> None:
    row = {"uscc": "91140802A", "status": "in_operation", "industry_code": "F5211", "station": "夏县城关所"}
    assert pick(subjects(engine, row), "industry_code", "station") == [("F5211", "夏县城关所")]
