"""Counting of migration, jumps, clusters and draws by grade, on hand-computed rows (§4.8, R-06, R-35)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any

import pyarrow as pa
import pytest

from resources.alarm_rules import industry_table
from resources.engines.duckdb_engine import DuckDBEngine
from resources.reference import record_table, text_table
from tests.unit.test_sql_rules import accepted, engine, pick, run, stored

__all__ = ["engine"]
MONTH, BEFORE = "2026-10", "2026-09"
NAMES = text_table(
    [
        {"rollup": level, "rollup_key": key, "key_name": f"{level}:{key}"}
        for level, keys in {
            "city": ("ALL",), "unit": ("140802", "140821", "NONE"), "industry": ("F", "C", "NONE"), "field": ("catering",),
        }.items()
        for key in keys
    ],
    ("rollup", "rollup_key", "key_name"),
)  # fmt: skip
UNITS = text_table(
    [{"unit_code": "140802", "unit_name": "盐湖区局"}, {"unit_code": "140821", "unit_name": "临猗县局"}],
    ("unit_code", "unit_name"),
)
FIRM = {
    "subject_type": "enterprise", "in_jurisdiction": True, "is_live": True, "established_on": date(2020, 1, 1),
    "county": "140802", "industry_code": "5211", "party_name": "某",
}  # fmt: skip
GONE = {"is_live": False, "status": "deregistered", "status_changed_on": date(2026, 10, 9)}
# uid, grade of September, grade of October, what is different in the register (None: not in it)
CITY: tuple[tuple[str, str | None, str | None, Mapping[str, Any] | None], ...] = (
    ("stays", "A", "A", {}),
    ("worse", "A", "B", {"county": "140821"}),
    ("jumps", "A", "C", {"industry_code": "C1411"}),
    ("falls", "D", "B", {"county": "140821", "industry_code": None}),
    ("gone", "B", None, GONE),
    ("gone_yet_listed", "C", "C", GONE),
    ("dropped", "B", None, {}),  # alive, but the province no longer lists it
    ("new", None, "A", {"established_on": date(2026, 9, 30)}),  # founded by the end of September: was unclassified
    ("newer", None, "A", {"established_on": date(2026, 10, 1)}),
    ("newest", None, None, {"established_on": date(2026, 10, 2)}),
    ("waiting", None, None, {}),
    ("waited", None, None, GONE),
    ("stranger", "D", "D", None),  # in both snapshots, in no register
    ("moved_off", "C", None, {"in_jurisdiction": False, "county": None}),
    ("shop", None, None, {"subject_type": "individual"}),
    ("long_gone", None, None, GONE | {"status_changed_on": date(2026, 9, 30)}),
)
EXPECTED = Counter(
    [
        ("A", "A"), ("A", "B"), ("A", "C"), ("D", "B"), ("B", "left"), ("C", "C"), ("B", "U"), ("U", "A"), ("entered", "A"),
        ("entered", "U"), ("U", "U"), ("U", "left"), ("D", "D"), ("C", "left"),
    ]
)  # fmt: skip


def tables(rows: Any = CITY) -> dict[str, pa.Table]:
    graded = [
        (name, month, grade) for name, was, now, _ in rows for month, grade in ((BEFORE, was), (MONTH, now)) if grade
    ]
    # Beside what counts: an earlier month, and a version that was replaced.
    noise = [{"snapshot_month": "2026-08", "uscc": "stays", "credit_grade": "D"},
             {"snapshot_month": BEFORE, "uscc": "stays", "credit_grade": "D", "is_current": False}]  # fmt: skip
    return {
        "accepted_grade_snapshot": accepted(
            "grade_snapshot", *({"snapshot_month": m, "uscc": u, "credit_grade": g} for u, m, g in graded), *noise
        ),
        "grade_of_month": stored(
            "grade_of_month",
            *({"uid": u, "snapshot_month": m, "credit_grade": g} for u, m, g in graded if m == MONTH),
        ),
        "subject": stored("subject", *({"uid": u, **FIRM, **more} for u, _, _, more in rows if more is not None)),
        "ref_industry": industry_table(),
    }


def migrated(engine: DuckDBEngine, rows: Any = CITY) -> list[dict[str, Any]]:
    inputs = tables(rows) | {
        "subject_field": stored("subject_field", {"uid": "stays", "field_code": "catering"}, {"uid": "jumps", "field_code": "catering"}),
        "rollup_name": NAMES,
    }  # fmt: skip
    return run(
        engine, "reports/grade_migration", inputs, month=MONTH, previous_month=BEFORE, previous_end=date(2026, 9, 30)
    )


def cells(rows: list[dict[str, Any]], level: str, key: str) -> Counter[tuple[str, str]]:
    return Counter(
        {(r["from_grade"], r["to_grade"]): r["n"] for r in rows if (r["rollup"], r["rollup_key"]) == (level, key)}
    )


def test_the_matrix_of_the_city_is_the_one_computed_by_hand(engine: DuckDBEngine) -> None:
    found = cells(migrated(engine), "city", "ALL")
    assert found == EXPECTED
    of_before = Counter(was for _, was, _, _ in CITY if was)
    of_now = Counter(now for _, _, now, _ in CITY if now)
    for grade in "ABCD":
        assert sum(n for (origin, _), n in found.items() if origin == grade) == of_before[grade]
        assert sum(n for (_, target), n in found.items() if target == grade) == of_now[grade]


def test_units_industries_and_fields_are_parts_of_the_city(engine: DuckDBEngine) -> None:
    rows = migrated(engine)
    assert cells(rows, "unit", "140821") == Counter([("A", "B"), ("D", "B")])
    assert cells(rows, "unit", "NONE") == Counter([("D", "D"), ("C", "left")])
    assert cells(rows, "industry", "C") == Counter([("A", "C")])
    assert cells(rows, "industry", "NONE") == Counter([("D", "B"), ("D", "D")])
    assert cells(rows, "field", "catering") == Counter([("A", "A"), ("A", "C")])
    for level in ("unit", "industry"):
        keys = {r["rollup_key"] for r in rows if r["rollup"] == level}
        assert sum((cells(rows, level, key) for key in keys), Counter()) == EXPECTED


def test_a_share_is_of_its_row(engine: DuckDBEngine) -> None:
    shares = {(r["from_grade"], r["to_grade"]): r["share"] for r in migrated(engine) if r["rollup"] == "city"}
    assert str(shares["A", "C"]) == "0.333333"
    assert str(shares["B", "U"]) == str(shares["B", "left"]) == "0.500000"


def test_without_last_months_snapshot_there_is_no_row_rather_than_zeros(engine: DuckDBEngine) -> None:
    assert migrated(engine, [(u, None, now, more) for u, _, now, more in CITY]) == []


def test_jumps_are_two_levels_or_more_the_worse_first(engine: DuckDBEngine) -> None:
    inputs = {**tables(), "unit": UNITS}
    found = run(engine, "reports/grade_jump", inputs, previous_month=BEFORE, jump_levels=2)
    assert pick(found, "uid", "from_grade", "to_grade", "steps", "unit_name", "industry_name") == [
        ("jumps", "A", "C", 2, "盐湖区局", "食品制造业"),
        ("falls", "D", "B", -2, "临猗县局", "行业不明"),
    ]


def test_the_trend_counts_what_is_current(engine: DuckDBEngine) -> None:
    found = run(engine, "reports/grade_trend", tables(), month=BEFORE)
    assert pick(found, "snapshot_month", "credit_grade", "n") == [
        ("2026-08", "D", 1), (BEFORE, "A", 3), (BEFORE, "B", 2), (BEFORE, "C", 2), (BEFORE, "D", 2),
    ]  # fmt: skip


def test_clusters_count_live_enterprises_only(engine: DuckDBEngine) -> None:
    firm = {"is_live": True, "in_jurisdiction": True, "subject_type": "enterprise", "county": "140802", "penalties": 0}
    listed: tuple[dict[str, Any], ...] = (
        {"uid": "a", "credit_grade": "A", "penalties": 2}, {"uid": "d", "credit_grade": "D"}, {"uid": "u"},
        {"uid": "c", "credit_grade": "C", "county": "140821"}, {"uid": "x", "credit_grade": "D", "is_live": False},
        {"uid": "s", "subject_type": "individual", "penalties": 1}, {"uid": "o", "in_jurisdiction": False, "county": None},
    )  # fmt: skip
    inputs = {
        "enterprise_month": stored("enterprise_month", *(firm | row for row in listed)),
        "subject": stored("subject", *({"uid": row["uid"], "industry_code": "5211"} for row in listed)),
        "ref_industry": industry_table(),
        "unit": UNITS,
    }
    found = run(engine, "reports/cluster_alarm", inputs)
    assert pick(found, "cluster_measure", "unit_code", "industry_division", "n", "n_hit") == [
        ("cd_share", "140802", "52", 2, 1), ("cd_share", "140821", "52", 1, 1),
        ("penalty_rate", "140802", "52", 3, 1), ("penalty_rate", "140821", "52", 1, 0),
    ]  # fmt: skip


@pytest.fixture
def drawn_year() -> Iterator[dict[str, pa.Table]]:
    """September with a snapshot, August without; `gone` died in October: still there when October's draw was made."""
    grades = [(BEFORE, "a1", "A"), (BEFORE, "d1", "D"), (MONTH, "a1", "A"), (MONTH, "a2", "A"), (MONTH, "gone", "D")]
    history = [("2026-08", "a1", False), (BEFORE, "d1", False), (BEFORE, "a1", True), (MONTH, "a2", True)]
    yield {
        "accepted_grade_snapshot": accepted(
            "grade_snapshot", *({"snapshot_month": m, "uscc": u, "credit_grade": g} for m, u, g in grades)
        ),
        "subject": stored(
            "subject", *({"uid": u, **FIRM} for u in ("a1", "d1")), {"uid": "a2", **FIRM, "county": "140821"},
            {"uid": "gone", **FIRM, **GONE},
        ),
        "draw_history": stored(
            "draw_history",
            *({"round_id": f"R-{m}", "draw_month": m, "task": t, "uid": u, "is_voided": v} for m, u, v in history for t in ("GEN", "FOOD")),
        ),
        "drawn": stored("drawn", {"task": "GEN", "uid": "gone"}, {"task": "FOOD", "uid": "gone"}, {"task": "GEN", "uid": "a1"}),
        "rollup_name": NAMES,
        "month_day": record_table(
            {"month": m, "month_first": date(2026, n, 1), "month_end": date(2026, n, 30)} for n, m in ((8, "2026-08"), (9, BEFORE), (10, MONTH))
        ),
    }  # fmt: skip


def test_draws_by_grade_count_a_firm_once_a_month(engine: DuckDBEngine, drawn_year: dict[str, pa.Table]) -> None:
    found = run(engine, "reports/differentiation", drawn_year, month=MONTH, since="2026-01", voided=False)
    names = ("rollup_key", "counted_period", "has_snapshot", "n_a", "drawn_a", "n_d", "drawn_d")
    assert pick(found, *names) == [
        ("ALL", "2026-08", False, None, None, None, None),
        ("ALL", BEFORE, True, 1, 0, 1, 1),
        ("ALL", MONTH, True, 2, 1, 1, 1),
        ("140802", "2026-08", False, None, None, None, None),
        ("140802", BEFORE, True, 1, 0, 1, 1),
        ("140802", MONTH, True, 1, 1, 1, 1),
        ("140821", "2026-08", False, None, None, None, None),
        ("140821", BEFORE, True, 0, 0, 0, 0),
        ("140821", MONTH, True, 1, 0, 0, 0),
    ]


def test_a_voided_round_draws_nobody(engine: DuckDBEngine, drawn_year: dict[str, pa.Table]) -> None:
    found = run(engine, "reports/differentiation", drawn_year, month=MONTH, since="2026-01", voided=True)
    assert [r["drawn_a"] for r in found if r["counted_period"] == MONTH] == [0, 0, 0]
