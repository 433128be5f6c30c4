"""Roster, conflicts and triggers of the plan: each kind of §4.4, the cross-county pool, where a trigger comes from."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from data_contracts.model import output_contract, source_contract
from resources.engines.duckdb_engine import DuckDBEngine, sql_text
from tests.unit.collection_frames import AS_OF, B, D, S, T, accepted, frame, inspections, stored

FIRM, OTHER = "91140802MA0WADM227", "91140802MA0WAY4Y7X"
PERSON = {
    "inspector_id": "I1", "county": "140802", "station": "解州所", "days": 10, "load_cap": 20, "status": "active",
    "valid_until": date(2027, 1, 1), "delivery_id": "D", "file_name": "f",
}  # fmt: skip
LISTED = {"inspector_id": "I1", "county": "140802", "home_county": "140802", "station": "解州所"}
LIVING = [{"uid": FIRM, "county": "140802"}, {"uid": OTHER, "county": "140802"}]
RESULT = {"uscc": FIRM, "mode": "on_site", "inspector_ids": "I1;I2", "task_code": "GEN", "item_code": "A07"}


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[DuckDBEngine]:
    with DuckDBEngine(temp_directory=tmp_path) as opened:
        yield opened


def run(engine: DuckDBEngine, name: str, inputs: Mapping[str, pa.Table], **params: object) -> list[dict[str, Any]]:
    made = engine.select(sql_text(f"plan/{name}"), inputs, params)
    assert tuple(made.schema.names) == output_contract(name).column_names
    rows: list[dict[str, Any]] = made.to_pylist()
    return rows


def roster(engine: DuckDBEngine, **person: Any) -> list[dict[str, Any]]:
    given = accepted("inspector", PERSON | person)
    given = given.append_column("delivery_id", pa.array(["D"])).append_column("file_name", pa.array(["f"]))
    sent = {"delivery_id": "D", "file_name": "f", "delivery_month": "2026-10"}
    return run(engine, "roster", {"accepted_inspector": given, "deliveries": stored("deliveries", sent)}, as_of=AS_OF)


def test_support_for_another_county_counts_there_this_month(engine: DuckDBEngine) -> None:
    [home] = roster(engine)
    assert (home["county"], home["home_county"], home["station"]) == ("140802", "140802", "解州所")
    [away] = roster(engine, support_county="140821")
    assert (away["county"], away["home_county"]) == ("140821", "140802")
    assert roster(engine, support_county="140821", valid_until=AS_OF) == []
    assert roster(engine, support_county="140821", status="inactive") == []


def conflicts(
    engine: DuckDBEngine,
    *,
    declared: list[dict[str, Any]] | None = None,
    results: list[dict[str, Any]] | None = None,
    sent_back: list[dict[str, Any]] | None = None,
    people: list[dict[str, Any]] | None = None,
    cross_station: bool = False,
) -> dict[tuple[str, str], str]:
    told = accepted("inspection_result", *(results or [])), accepted("county_return", *(sent_back or []))
    firms = [{"uscc": FIRM, "station": "解州所"}, {"uscc": OTHER, "station": "东城所"}]
    rows = run(
        engine,
        "conflict",
        {
            "accepted_inspector_conflict": accepted("inspector_conflict", *(declared or [])),
            "inspection": inspections(engine, *told),
            "accepted_register": accepted("register", *firms),
            "roster": stored("roster", *(people or [LISTED])),
            "population": stored("population", *LIVING),
        },
        lead_since=date(2024, 11, 1),
        lead_times=2,
        cross_station=cross_station,
    )
    return {(row["inspector_id"], row["uid"]): row["kinds"] for row in rows}


def test_each_declared_kind_is_a_conflict(engine: DuckDBEngine) -> None:
    kinds = source_contract("inspector_conflict").column("conflict_kind").values
    assert list(kinds) == ["原籍", "亲属", "持股", "曾任职", "其他利害关系"]
    for kind in kinds.values():
        found = conflicts(engine, declared=[{"inspector_id": "I1", "uscc": FIRM, "conflict_kind": kind}])
        assert found == {("I1", FIRM): kind}
    gone = [{"inspector_id": "I9", "uscc": FIRM, "conflict_kind": "kinship"}]
    assert conflicts(engine, declared=gone) == {}
    withdrawn = {"inspector_id": "I1", "uscc": FIRM, "conflict_kind": "kinship", "is_current": False}
    assert conflicts(engine, declared=[withdrawn]) == {}


def test_who_led_often_enough_at_a_firm_is_not_sent_again(engine: DuckDBEngine) -> None:
    first = RESULT | {"inspected_on": date(2024, 11, 1)}
    second = RESULT | {"inspected_on": date(2026, 5, 6)}
    assert conflicts(engine, results=[first, second]) == {("I1", FIRM): "repeated_lead"}
    assert conflicts(engine, results=[first, first | {"item_code": "A08"}]) == {}  # one day, two items
    assert conflicts(engine, results=[first | {"inspected_on": date(2024, 10, 31)}, second]) == {}
    assert conflicts(engine, results=[first, second | {"inspector_ids": "I2；I1"}]) == {}  # not the first named
    assert conflicts(engine, results=[first, second | {"mode": "off_site"}]) == {}
    assert conflicts(engine, results=[first, second | {"is_current": False}]) == {}


def test_visits_told_by_a_county_workbook_count_for_who_led(engine: DuckDBEngine) -> None:
    first = RESULT | {"inspected_on": date(2026, 3, 2), "plan_id": "YC-2026-03-GEN"}
    second = RESULT | {"inspected_on": date(2026, 5, 6), "plan_id": "YC-2026-05-GEN"}
    led = {("I1", FIRM): "repeated_lead"}
    assert conflicts(engine, sent_back=[first, second]) == led
    assert conflicts(engine, results=[first], sent_back=[second]) == led
    again = second | {"plan_id": first["plan_id"]}  # the platform's visit, told on another day
    assert conflicts(engine, results=[first], sent_back=[again]) == {}
    empty = second | {"row_id": "z", "version_no": 2, "inspected_on": None, "is_current": True}
    old = second | {"row_id": "y", "version_no": 1, "is_current": False}
    assert conflicts(engine, results=[first], sent_back=[old, empty]) == led  # a blank row sent later takes none back
    gone = empty | {"inspected_on": second["inspected_on"], "is_withdrawn": True, "is_current": False}
    assert conflicts(engine, results=[first], sent_back=[old, gone]) == {}


def test_stations_cross_only_where_the_policy_says_so(engine: DuckDBEngine) -> None:
    assert conflicts(engine) == {}
    assert conflicts(engine, cross_station=True) == {("I1", FIRM): "same_station"}
    lent = LISTED | {"county": "140821"}
    assert conflicts(engine, people=[lent], cross_station=True) == {("I1", FIRM): "same_station"}
    namesake = LISTED | {"home_county": "140821"}  # a station of that name in another county
    assert conflicts(engine, people=[namesake], cross_station=True) == {}


def test_the_kinds_of_a_pair_stand_in_one_row(engine: DuckDBEngine) -> None:
    declared = [{"inspector_id": "I1", "uscc": FIRM, "conflict_kind": "kinship"}]
    results = [RESULT | {"inspected_on": date(2026, month, 6)} for month in (4, 5, 6)]
    found = conflicts(engine, declared=declared, results=results, cross_station=True)
    assert found == {("I1", FIRM): "kinship;repeated_lead;same_station"}


def test_a_trigger_says_who_approved_it_and_where_it_comes_from(engine: DuckDBEngine) -> None:
    told = {
        "trigger_id": "T1", "uscc": FIRM, "trigger_type": "FC", "evidence_ref": "运市监飞检〔2026〕3号",
        "approval_ref": "运市监审〔2026〕7号", "received_on": date(2026, 10, 5), "received_at": datetime(2026, 10, 8, 9),
    }  # fmt: skip
    signal = {
        "row_id": "s", "uscc": OTHER, "provider": "平台", "signal_no": "9", "observed_on": date(2026, 10, 5),
        "received_at": datetime(2026, 10, 8, 9), "is_current": True,
    }  # fmt: skip
    kinds = {
        "row_id": S, "uscc": S, "provider": S, "signal_no": S, "observed_on": D, "received_at": T, "is_current": B,
    }  # fmt: skip
    inputs = {
        "accepted_trigger": accepted("trigger", told),
        "accepted_signal": frame(kinds, [signal]),
        "population": stored("population", *LIVING),
    }
    found = run(engine, "triggered_inspection", inputs, month_first=date(2026, 10, 1), until=AS_OF)
    assert [(row["uid"], row["source"], row["approval_ref"]) for row in found] == [
        (OTHER, "signal", None),
        (FIRM, "trigger", "运市监审〔2026〕7号"),
    ]
