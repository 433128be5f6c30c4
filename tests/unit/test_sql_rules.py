"""The joins of sql/, each rule on a handful of rows: what goes in, what must come out.

Not here: the plan (test_sql_plan), collecting and its clocks (test_collection_reports), the form of the files (test_sql_files), the whole month
(tests/e2e).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from data_contracts.model import output_contract, source_contract
from resources.engines.duckdb_engine import DuckDBEngine, sql_text
from resources.periods import period_rules
from resources.reference import county_names, division_counties

NOON = datetime(2026, 10, 8, 12)
AS_OF = date(2026, 10, 31)
_TYPES = {
    "VARCHAR": pa.string(), "DATE": pa.date32(), "BIGINT": pa.int64(), "BOOLEAN": pa.bool_(), "TIMESTAMP": pa.timestamp("us"),
}  # fmt: skip
ORIGIN = {
    "row_id": pa.string(), "delivery_id": pa.string(), "file_name": pa.string(), "sheet": pa.string(), "row_no": pa.int64(),
    "received_at": pa.timestamp("us"), "formed_on": pa.date32(), "is_current": pa.bool_(),
    "is_withdrawn": pa.bool_(),
}  # fmt: skip


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[DuckDBEngine]:
    with DuckDBEngine(temp_directory=tmp_path) as opened:
        yield opened


def _column_types(contract: Any) -> dict[str, pa.DataType]:
    return {c.name: _TYPES.get(c.physical_type, pa.decimal128(18, 6)) for c in contract.columns}


def accepted(source: str, *rows: Mapping[str, Any]) -> pa.Table:
    """Accepted rows of a source: what is not given is NULL; current, received on 8 October, with a row id."""
    types = _column_types(source_contract(source)) | ORIGIN | {"version_no": pa.int64()}
    filled = [
        {"row_id": f"{source}:{number}", "delivery_id": "d", "received_at": NOON}
        | {"version_no": 1, "is_current": True, "is_withdrawn": False}
        | dict(row)
        for number, row in enumerate(rows)
    ]
    return pa.Table.from_pylist(filled, schema=pa.schema(list(types.items())))


def stored(name: str, *rows: Mapping[str, Any]) -> pa.Table:
    """Rows of an output table; what is not given is NULL."""
    return pa.Table.from_pylist(
        [dict(r) for r in rows], schema=pa.schema(list(_column_types(output_contract(name)).items()))
    )


def run(engine: DuckDBEngine, path: str, inputs: Mapping[str, pa.Table], **params: object) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = engine.select(sql_text(path), inputs, params).to_pylist()
    return rows


def pick(rows: Sequence[Mapping[str, Any]], *names: str) -> list[tuple[Any, ...]]:
    return [tuple(row[name] for name in names) for row in rows]


# —— subject ——
CITY = {"city_prefix": "1408", "city_name": "运城", "seat_county": "140802"}


def subjects(engine: DuckDBEngine, *rows: Mapping[str, Any]) -> list[dict[str, Any]]:
    inputs = {
        "accepted_register": accepted("register", *rows),
        "ref_county_names": county_names(),
        "ref_division_counties": division_counties(),
    }
    return run(engine, "risk/subject", inputs, **CITY)


@pytest.mark.parametrize(
    ("row", "county", "basis"),
    [
        ({"uscc": "91140802X", "local_adm": "1408KF", "address": "盐湖区某街"}, "1408KF", "local_adm"),
        ({"uscc": "91140800X", "address": "新绛县龙兴镇"}, "140825", "address"),
        ({"uscc": "91140800X", "address": "山西省运城市绛县古绛镇"}, "140826", "address"),
        ({"uscc": "91140802X", "address": "夏县瑶峰镇"}, "140828", "address"),
        ({"uscc": "91140802X", "address": "运城经济技术开发区机场路"}, "1408KF", "address"),
        ({"uscc": "91140881X", "address": "某路一号"}, "140881", "division_code"),
        ({"reg_no": "142702000000000"}, "140882", "division_code"),
        ({"uscc": "91140800X", "address": "红旗街"}, "140802", "assigned"),
        ({"uscc": "91140000X", "address": "山西运城红旗街"}, "140802", "assigned"),
        ({"uscc": "91140800X", "address": "太原市小店区"}, None, "address"),
        ({"uscc": "91141024X", "address": "玉峰东街"}, None, "none"),
    ],
)
def test_the_county_of_a_subject(engine: DuckDBEngine, row: dict[str, Any], county: str | None, basis: str) -> None:
    [subject] = subjects(engine, row | {"status": "in_operation"})
    assert (subject["county"], subject["county_basis"]) == (county, basis)
    assert subject["in_jurisdiction"] == (county is not None)


def test_a_row_with_only_a_registration_number_is_its_alias(engine: DuckDBEngine) -> None:
    found = subjects(
        engine,
        {"uscc": "91140802A", "reg_no": "140802000000001", "status": "in_operation"},
        {"reg_no": "140802000000001", "status": "in_operation"},
        {"reg_no": "140802000000002", "status": "in_operation"},
        {"uscc": "91140802B", "status": "revoked", "is_current": False},
    )
    assert pick(found, "uid", "uscc") == [("91140802A", "91140802A"), ("R:140802000000002", None)]


# —— effective records ——
def effective(engine: DuckDBEngine, **tables: Sequence[Mapping[str, Any]]) -> list[tuple[Any, ...]]:
    names = ("penalty", "abnormal_listing", "serious_violation", "repair")
    inputs = {f"accepted_{name}": accepted(name, *tables.get(name, ())) for name in names}
    inputs["period_rule"] = period_rules(AS_OF)
    return pick(run(engine, "risk/effective_record", inputs, as_of=AS_OF), "uid", "record_kind", "record_no")


PENALTY = {"uscc": "F", "decision_no": "P1", "decision_date": date(2026, 5, 1), "publish_until": date(2027, 5, 1)}


def test_a_penalty_counts_while_it_is_published(engine: DuckDBEngine) -> None:
    assert effective(engine, penalty=[PENALTY]) == [("F", "penalty", "P1")]
    assert effective(engine, penalty=[PENALTY | {"publish_until": AS_OF}]) == [("F", "penalty", "P1")]


@pytest.mark.parametrize(
    "change",
    [
        {"publish_until": date(2026, 10, 30)},
        {"status": "撤销"},
        {"decision_date": date(2026, 11, 1)},
        {"is_current": False},
    ],
)
def test_a_penalty_that_does_not_count(engine: DuckDBEngine, change: dict[str, Any]) -> None:
    assert effective(engine, penalty=[PENALTY | change]) == []


def test_a_repair_counts_from_its_decision(engine: DuckDBEngine) -> None:
    repair = {"uscc": "F", "record_kind": "penalty", "record_no": "P1", "outcome": "granted", "decided_on": AS_OF}
    assert effective(engine, penalty=[PENALTY], repair=[repair]) == []
    for change in ({"decided_on": date(2026, 11, 1)}, {"outcome": "refused"}, {"record_no": "P2"}, {"uscc": "G"}):
        assert effective(engine, penalty=[PENALTY], repair=[repair | change]) == [("F", "penalty", "P1")]


def test_a_listing_counts_until_it_is_removed(engine: DuckDBEngine) -> None:
    listing = {"uscc": "F", "listed_on": date(2026, 7, 1), "listing_doc_no": "L1", "listing_reason": "未年报"}
    for kind in ("abnormal_listing", "serious_violation"):
        assert effective(engine, **{kind: [listing]}) == [("F", kind, "L1")]
        assert effective(engine, **{kind: [listing | {"removed_on": date(2026, 11, 2)}]}) == [("F", kind, "L1")]
        assert effective(engine, **{kind: [listing | {"removed_on": AS_OF}]}) == []


# —— grades ——
@pytest.mark.parametrize(
    ("change", "state"),
    [
        ({}, "missing_from_snapshot"),
        ({"established_on": date(2026, 10, 1)}, "newly_established"),
        ({"enterprise_kind": "有限责任公司分公司"}, "branch_not_matched"),
        ({"subject_type": "cooperative"}, "type_not_graded"),
        ({"uscc": None}, "no_credit_code"),
        ({"in_jurisdiction": False}, "out_of_jurisdiction"),
        ({"is_live": False}, "not_live"),
    ],
)
def test_an_ungraded_subject_has_its_reason(engine: DuckDBEngine, change: dict[str, Any], state: str) -> None:
    subject = {
        "uid": "F", "uscc": "F", "subject_type": "enterprise", "enterprise_kind": "有限责任公司", "is_live": True,
        "in_jurisdiction": True, "established_on": date(2001, 1, 1), "county": "140802",
    }  # fmt: skip
    inputs = {
        "subject": stored("subject", subject | change, {"uid": "G", "uscc": "G", "is_live": True}),
        "grade_of_month": stored("grade_of_month", {"uid": "G", "credit_grade": "B", "row_id": "g"}),
        "effective_record": stored("effective_record", {"uid": "G", "record_kind": "penalty", "formed_on": AS_OF}),
        "visit": stored("visit"),
    }
    ours, graded = run(engine, "risk/enterprise_month", inputs, month="2026-10", new_since=date(2026, 9, 16))
    assert (ours["grade_state"], ours["credit_grade"], ours["penalties"]) == (state, None, 0)
    assert (graded["grade_state"], graded["credit_grade"], graded["penalties"]) == ("graded", "B", 1)


def test_only_the_snapshot_of_the_month_is_read(engine: DuckDBEngine) -> None:
    grades = accepted(
        "grade_snapshot",
        {"uscc": "F", "snapshot_month": "2026-10", "credit_grade": "D"},
        {"uscc": "F", "snapshot_month": "2026-09", "credit_grade": "A"},
        {"uscc": "G", "snapshot_month": "2026-10", "credit_grade": "B", "is_current": False},
    )
    found = run(engine, "risk/grade_of_month", {"accepted_grade_snapshot": grades}, month="2026-10")
    assert pick(found, "uid", "credit_grade") == [("F", "D")]


def test_the_field_of_a_subject_is_its_latest_standing_with_a_grade(engine: DuckDBEngine) -> None:
    base = {"uscc": "F", "field_code": "catering", "record_kind": "admission", "recorded_on": date(2026, 8, 1)}
    graded = base | {"record_kind": "grading", "recorded_on": date(2026, 3, 1), "field_grade": "C"}
    older = graded | {"recorded_on": date(2025, 3, 1), "field_grade": "B"}
    gone = base | {"field_code": "food_sales", "valid_to": date(2026, 10, 30)}
    visit = base | {"field_code": "metrology", "record_kind": "inspection"}
    later = base | {"field_code": "drug", "recorded_on": date(2026, 11, 1)}
    closed = base | {"field_code": "testing", "recorded_on": date(2026, 2, 1)}
    closing = closed | {"record_kind": "cancellation", "recorded_on": date(2026, 9, 1)}
    reopened = base | {"field_code": "certification", "recorded_on": date(2026, 9, 2)}
    closed_before = reopened | {"record_kind": "cancellation", "recorded_on": date(2026, 9, 1)}
    rows = (base, graded, older, gone, visit, later, closed, closing, reopened, closed_before)
    found = run(engine, "risk/subject_field", {"field_record": stored("field_record", *rows)}, as_of=AS_OF)
    assert pick(found, "field_code", "field_grade", "is_key_unit") == [
        ("catering", "C", False),
        ("certification", None, False),
    ]


def test_a_source_of_one_field_need_not_name_it(engine: DuckDBEngine) -> None:
    row = {
        "uscc": "F",
        "record_kind": "grading",
        "recorded_on": date(2026, 8, 1),
        "field_grade": "C",
        "is_current": True,
    }
    shape = pa.schema([
        *((name, pa.string()) for name in ("row_id", "source", "uscc", "field_code", "field_grade", "record_kind")),
        ("is_key_unit", pa.bool_()), ("recorded_on", pa.date32()), ("valid_to", pa.date32()),
        ("received_at", pa.timestamp("us")), ("is_current", pa.bool_()),
    ])  # fmt: skip
    parts = pa.Table.from_pylist(
        [
            row | {"row_id": "a", "source": "field_catering"},
            row | {"row_id": "b", "source": "field_food_drug", "field_code": "drug"},
            row | {"row_id": "c", "source": "field_catering", "is_current": False},
        ],
        schema=shape,
    )
    fields = pa.table({"source": ["field_catering", "field_food_drug"], "field_code": ["catering", None]})
    found = run(engine, "risk/field_record", {"parts": parts, "source_field": fields})
    assert pick(found, "row_id", "field_code") == [("a", "catering"), ("b", "drug")]


# —— people and triggers ——
def test_last_months_inspectors_are_no_longer_on_duty(engine: DuckDBEngine) -> None:
    person = {"county": "140802", "days": 9, "load_cap": 9, "valid_until": date(2027, 1, 1), "status": "active"}
    rows = [
        person | {"inspector_id": "GONE", "delivery_id": "sep", "file_name": "f"},
        person | {"inspector_id": "HERE", "delivery_id": "oct", "file_name": "f"},
        person | {"inspector_id": "OLD", "delivery_id": "oct", "file_name": "f", "valid_until": AS_OF},
        person | {"inspector_id": "OUT", "delivery_id": "oct", "file_name": "f", "status": "inactive"},
    ]
    sent = [
        {"delivery_id": "sep", "file_name": "f", "delivery_month": "2026-09"},
        {"delivery_id": "oct", "file_name": "f", "delivery_month": "2026-10"},
    ]
    inputs = {"accepted_inspector": accepted("inspector", *rows), "deliveries": stored("deliveries", *sent)}
    assert pick(run(engine, "plan/roster", inputs, as_of=AS_OF), "inspector_id") == [("HERE",)]


SIGNAL = {"row_id": "x:S:1", "uscc": "F", "provider": "某平台", "signal_no": "7", "observed_on": date(2026, 10, 2)}


def triggered(
    engine: DuckDBEngine, triggers: Sequence[Mapping[str, Any]], *signals: Mapping[str, Any]
) -> list[dict[str, Any]]:
    shape = {name: pa.string() for name in ("row_id", "uscc", "provider", "signal_no")}
    shape |= {"observed_on": pa.date32(), "received_at": pa.timestamp("us"), "is_current": pa.bool_()}
    told = [{"received_at": NOON, "is_current": True} | dict(signal) for signal in signals]
    inputs = {
        "accepted_trigger": accepted("trigger", *triggers),
        "accepted_signal": pa.Table.from_pylist(told, schema=pa.schema(list(shape.items()))),
        "population": stored("population", {"uid": "F", "county": "140802"}),
    }
    return run(engine, "plan/triggered_inspection", inputs, month_first=date(2026, 10, 1), until=AS_OF)


def test_a_trigger_counts_in_the_month_in_which_it_was_delivered(engine: DuckDBEngine) -> None:
    old = {"trigger_id": "T1", "uscc": "F", "received_on": date(2026, 9, 29)}
    unknown = old | {"trigger_id": "T2", "uscc": "G"}
    later = old | {"trigger_id": "T3", "received_at": datetime(2026, 11, 2, 9)}
    assert pick(triggered(engine, [old, unknown, later]), "trigger_id", "county") == [("T1", "140802")]


def test_a_signal_that_a_policy_lets_in_is_a_trigger_of_its_kind(engine: DuckDBEngine) -> None:
    """Which sources are let in is the policy's; by default none, and `accepted_signal` is empty (R-16)."""
    [row] = triggered(engine, [], SIGNAL, SIGNAL | {"row_id": "x:S:2", "is_current": False})
    assert (row["trigger_type"], row["evidence_ref"], row["uid"]) == ("DSJ", "某平台 7", "F")
    assert re.fullmatch(r"DSJ-[0-9a-f]{16}", row["trigger_id"])
    assert triggered(engine, []) == []
