"""The SQL of collecting on a handful of rows: what counts as a record, when it is late, what is missing, what falls due.

Not here: the rules in Python (test_clocks, test_coverage), workbooks (test_outbox_documents), whole months (tests/e2e).
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from resources.calendars import calendar
from resources.engines.duckdb_engine import DuckDBEngine
from resources.reference import clocks
from supervision.clocks import delay, judge
from tests.unit import collection_frames as f
from tests.unit.collection_frames import AS_OF, NOON, B, D, S, accepted, frame, run, stored

SENT = [
    {"delivery_id": u, "unit_code": u, "unit_name": n} for u, n in (("SP-LT", "食品流通科"), ("140821", "临猗县局"))
]
FORMED = date(2026, 9, 30)  # due 15 October to collect, 3 November to publish


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[DuckDBEngine]:
    with DuckDBEngine(temp_directory=tmp_path) as opened:
        yield opened


def pick(rows: Sequence[Mapping[str, Any]], *names: str) -> list[tuple[Any, ...]]:
    return [tuple(row[name] for name in names) for row in rows]


# —— what counts as a record ——
def record(row_id: str, key: str = "k", **changes: Any) -> dict[str, Any]:
    return {
        "source": "licence", "row_id": row_id, "delivery_id": "SP-LT", "key_text": key, "formed_on": FORMED,
        "received_at": NOON, "version_no": 1, "is_withdrawn": False, "is_current": True,
    } | changes  # fmt: skip


def refused(row_id: str, **changes: Any) -> dict[str, Any]:
    return {
        "source": "licence", "row_id": row_id, "delivery_id": "SP-LT", "formed_on": FORMED, "received_at": NOON,
        "raw_cells": json.dumps({"licence_doc_no": row_id}),
    } | changes  # fmt: skip


def collected(
    engine: DuckDBEngine,
    *records: Mapping[str, Any],
    quarantined: Sequence[Mapping[str, Any]] = (),
    corrected: Sequence[str] = (),
    facts: Sequence[Mapping[str, Any]] = (),
    subjects: Sequence[Mapping[str, Any]] = (),
    not_public: Sequence[str] = (),
) -> list[dict[str, Any]]:
    clocked = [("licence", False), ("abnormal_listing", True)]
    inputs = {
        "record": frame(f.RECORD, records),
        "quarantined": frame(f.QUARANTINED, quarantined),
        "subject": stored("subject", *subjects),
        "received_file": stored("received_file", {"delivery_id": "SP-LT", "file_name": "gone", "is_withdrawal": True}),
        "clocked_source": frame({"source": S, "is_event_dated": B}, [{"source": s, "is_event_dated": e} for s, e in clocked]),
        "corrected": frame({"row_id": S}, [{"row_id": name} for name in corrected]),
        "not_public": frame({"row_id": S}, [{"row_id": name} for name in not_public]),
        "refused_row": frame(f.REFUSED, facts),
        "senders": pa.Table.from_pylist(SENT),
        "unit": f.units(),
    }  # fmt: skip
    return run(engine, "collected_record", inputs)


def test_a_correction_is_the_same_record_at_its_first_receipt(engine: DuckDBEngine) -> None:
    later = NOON + timedelta(days=9)
    found = collected(
        engine,
        record("a1", is_current=False, formed_on=date(2026, 9, 1)),
        record("a2", version_no=2, is_current=False, received_at=later, uid="F", published_on=date(2026, 10, 2)),
        record("a3", version_no=3, received_at=later + timedelta(days=1), uid="F"),
        record("b1", "other", source="exploratory"),
    )
    # Received with the first version; what it says is what the newest says, and a day of publication stays told.
    assert pick(found, "row_id", "received_on", "formed_on", "uid", "published_on") == [
        ("a1", date(2026, 10, 8), FORMED, "F", date(2026, 10, 2))
    ]


def test_the_newest_version_says_whether_to_publish(engine: DuckDBEngine) -> None:
    rows = [record("a1", is_current=False), record("a2", version_no=2), record("b", "b"), record("c", "c")]
    found = collected(engine, *rows, not_public=["a1", "b"])
    assert pick(found, "row_id", "must_publish") == [("a1", True), ("b", False), ("c", True)]


def test_a_removal_is_a_record_of_its_own(engine: DuckDBEngine) -> None:
    listing = {"source": "abnormal_listing", "key": "l"}
    found = collected(
        engine,
        record("l1", **listing, is_current=False, formed_on=date(2026, 7, 1)),
        record("l2", **listing, version_no=2, is_current=False, formed_on=date(2026, 7, 1), document_number="L"),
        record("l3", **listing, version_no=3),
    )
    assert pick(found, "row_id", "formed_on", "document_number") == [
        ("l1", date(2026, 7, 1), "L"),
        ("l3", FORMED, None),
    ]


def test_a_withdrawal_ends_a_record_and_is_none(engine: DuckDBEngine) -> None:
    gone = record("a2", version_no=2, is_withdrawn=True, is_current=False)
    found = collected(
        engine,
        record("a1", is_current=False),
        gone,
        record("b1", "b", is_current=False),
        gone | {"row_id": "b2", "key_text": "b"},
        record("b3", "b", version_no=3),
        gone | {"row_id": "c1", "key_text": "never seen", "version_no": 1},
    )
    assert pick(found, "row_id", "is_collected", "is_withdrawn") == [("a1", True, True), ("b1", True, False)]


def test_a_quarantined_row_is_open_until_it_comes(engine: DuckDBEngine) -> None:
    again = {"raw_cells": json.dumps({"licence_doc_no": "q1"}), "received_at": NOON + timedelta(days=7)}
    names = ("q1", "q2", "q3", "q4", "q5")
    rows = [*map(refused, names), refused("q6", **again), refused("q7", source="utility_signal")]
    keys = {"q3": "k", "q4": "k4", "q5": None}
    facts = [{"row_id": name, "key_text": key, "document_number": name.upper()} for name, key in keys.items()]
    found = collected(engine, record("a1", "k"), quarantined=rows, corrected=["q2"], facts=facts)
    # q2 was corrected, q3 came under its own key, q6 is q1 sent once more, q7 has no clock.
    assert pick(found, "row_id", "is_collected", "received_on", "document_number") == [
        ("a1", True, date(2026, 10, 8), None),
        ("q1", False, date(2026, 10, 8), None),
        ("q4", False, date(2026, 10, 8), "Q4"),
        ("q5", False, date(2026, 10, 8), "Q5"),
    ]  # fmt: skip


def test_a_refused_row_of_a_withdrawal_is_no_record(engine: DuckDBEngine) -> None:
    rows = [refused("q1", file_name="gone"), refused("q2", file_name="here")]
    assert pick(collected(engine, quarantined=rows), "row_id") == [("q2",)]


def test_correcting_one_copy_of_a_wrong_row_settles_all(engine: DuckDBEngine) -> None:
    copies = [refused(name, raw_cells="{}") for name in ("q1", "q2")]
    assert collected(engine, quarantined=copies, corrected=["q2"]) == []


def test_a_refused_removal_stays_open_although_the_listing_came(engine: DuckDBEngine) -> None:
    listing = {"source": "abnormal_listing", "key": "l", "formed_on": date(2026, 7, 1)}
    removal = refused("q1", source="abnormal_listing", formed_on=FORMED)
    again = refused("q2", source="abnormal_listing", formed_on=date(2026, 7, 1))
    facts = [{"row_id": name, "key_text": "l"} for name in ("q1", "q2")]
    found = collected(engine, record("l1", **listing), quarantined=[removal, again], facts=facts)
    assert pick(found, "row_id", "is_collected") == [("l1", True), ("q1", False)]


def test_the_county_is_the_subjects_then_the_senders(engine: DuckDBEngine) -> None:
    found = collected(
        engine,
        record("a", "a", uid="F", delivery_id="140821"),
        record("b", "b", uid="G", delivery_id="140821"),
        record("c", "c"),
        subjects=[{"uid": "F", "county": "140802"}, {"uid": "G", "county": None}],
    )
    assert pick(found, "unit_code", "record_county") == [("140821", "140802"), ("140821", "140821"), ("SP-LT", "-")]


# —— the clocks ——
def one(row_id: str, **changes: Any) -> dict[str, Any]:
    return {
        "source": "licence", "row_id": row_id, "key_text": row_id, "unit_code": "SP-LT", "unit_name": "食品流通科",
        "record_county": "-", "formed_on": FORMED, "received_on": date(2026, 10, 9), "is_collected": True,
        "is_withdrawn": False, "must_publish": True, "delivery_id": "d", "file_name": "f", "row_no": 1,
    } | changes  # fmt: skip


CLOCK_SOURCES = [
    {"clock": "collect_7wd", "source": "licence", "measured": "received_on"},
    {"clock": "double_publicity_7wd", "source": "licence", "measured": "published_on"},
    {"clock": "publish_20wd", "source": "penalty", "measured": "published_on"},
    {"clock": "collect_7wd", "source": "penalty", "measured": "received_on"},
]
PERIODIC = dict.fromkeys(
    ("clock", "source", "row_id", "unit_code", "unit_name", "record_county", "delivery_id", "file_name"), S
) | dict.fromkeys(("formed_on", "due_on", "received_on"), D)


def timely(
    engine: DuckDBEngine, *records: Mapping[str, Any], as_of: date = AS_OF, periodic: Sequence[Mapping[str, Any]] = ()
) -> list[dict[str, Any]]:
    inputs = {
        "collected_record": stored("collected_record", *records),
        "clock_source": pa.Table.from_pylist(CLOCK_SOURCES),
        "due_day": f.due_days(),
        "day_number": f.day_numbers(),
        "periodic": frame(PERIODIC, periodic),
    }
    days = {"month_first": date(2026, 10, 1), "month_last": date(2026, 10, 31)}
    return run(engine, "timeliness", inputs, month="2026-10", as_of=as_of, **days)


def states(rows: Sequence[Mapping[str, Any]], clock: str) -> list[tuple[Any, ...]]:
    return pick([row for row in rows if row["clock"] == clock], "row_id", "month", "state", "delay_wd")


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"received_on": date(2026, 10, 15)}, ("2026-10", "on_time", None)),
        ({"received_on": date(2026, 10, 16)}, ("2026-10", "late", 1)),
        ({"received_on": date(2026, 10, 17)}, ("2026-10", "late", 1)),
        ({"received_on": date(2026, 10, 22)}, ("2026-10", "late", 5)),
        ({"is_collected": False}, ("2026-10", "overdue_open", 11)),
        ({"is_collected": False, "formed_on": date(2026, 10, 28)}, ("2026-10", "not_yet_due", None)),
        ({"is_collected": False, "formed_on": None}, ("2026-10", "undeterminable", None)),
        ({"formed_on": None}, ("2026-10", "undeterminable", None)),
        ({"formed_on": date(2021, 12, 31)}, ("2026-10", "undeterminable", None)),
        ({"formed_on": date(2026, 9, 1)}, ("2026-09", "late", 16)),
        ({"formed_on": date(2026, 9, 1), "is_collected": False}, ("2026-09", "overdue_open", 32)),
    ],
)
def test_the_state_of_a_record_under_the_clock_of_collecting(
    engine: DuckDBEngine, change: dict[str, Any], expected: tuple[Any, ...]
) -> None:
    [row] = states(timely(engine, one("a", **change)), "collect_7wd")
    assert row == ("a", *expected)


@pytest.mark.parametrize(
    ("formed", "collect", "publish"),
    [
        ("2022-04-29", "2022-05-12", "2022-05-31"),
        ("2025-09-26", "2025-10-13", "2025-10-30"),
        ("2026-02-13", "2026-03-02", "2026-03-19"),
        ("2026-03-02", "2026-03-11", "2026-03-30"),
        ("2026-09-30", "2026-10-15", "2026-11-03"),
    ],
)
def test_the_worked_dates_in_sql(engine: DuckDBEngine, formed: str, collect: str, publish: str) -> None:
    told = one("b", source="penalty", received_on=date(2022, 1, 4), published_on=date(2022, 1, 4))
    record = one("a", source="penalty", formed_on=date.fromisoformat(formed), is_collected=True)
    found = timely(engine, record | {"received_on": date(2026, 10, 31)}, told)
    due = {row["clock"]: str(row["due_on"]) for row in found if row["row_id"] == "a"}
    assert due == {"collect_7wd": collect, "publish_20wd": publish}


def test_what_was_told_before_or_belongs_to_a_later_month_is_not_told_again(engine: DuckDBEngine) -> None:
    before = one("a", formed_on=date(2026, 9, 1), received_on=date(2026, 9, 15))
    later = one("b", formed_on=date(2026, 10, 28), received_on=date(2026, 10, 30))
    unknown = one("c", formed_on=None, received_on=date(2026, 9, 30))
    assert states(timely(engine, before, later, unknown), "collect_7wd") == []


def test_publication_has_clocks_of_its_own(engine: DuckDBEngine) -> None:
    found = timely(
        engine,
        one("a", published_on=date(2026, 10, 15)),
        one("b", published_on=date(2026, 10, 16)),
        one("c"),
        one("d", published_on=date(2026, 11, 2)),
        one("e", formed_on=date(2026, 10, 28)),
        one("f", is_withdrawn=True),
        one("g", is_collected=False),
        one("w", must_publish=False),
        one("h", formed_on=date(2026, 9, 1)),
        one("i", formed_on=date(2026, 9, 1), published_on=date(2026, 10, 8)),
    )
    late = {"formed_on": date(2026, 9, 1), "published_on": date(2026, 9, 29)}
    known = timely(
        engine,
        one("j", **late),
        one("k", **late, received_on=date(2026, 9, 29)),
        one("l", **late | {"published_on": date(2026, 9, 8)}),
    )
    # Told in the month in which both the publication and the record are known, and only when it was late.
    assert states(known, "double_publicity_7wd") == [("j", "2026-09", "late", 13)]
    # Published late counts although it was collected in time; in the future is not yet; withdrawn need not be.
    assert states(found, "double_publicity_7wd") == [
        ("a", "2026-10", "on_time", None),
        ("b", "2026-10", "late", 1),
        ("c", "2026-10", "overdue_open", 11),
        ("d", "2026-10", "overdue_open", 11),
        ("e", "2026-10", "not_yet_due", None),
        ("h", "2026-09", "overdue_open", 32),
        ("i", "2026-09", "late", 15),
    ]
    assert {row["state"] for row in found if row["clock"] == "collect_7wd" and row["row_id"] in "abcd"} == {"on_time"}
    assert not [row for row in found if row["clock"] == "publish_20wd"]


def test_a_unit_that_never_tells_when_it_published_cannot_be_judged(engine: DuckDBEngine) -> None:
    other = {"unit_code": "140821", "unit_name": "临猗县局"}
    found = timely(engine, one("a"), one("b", **other), one("c", **other, published_on=date(2026, 10, 9)))
    assert states(found, "double_publicity_7wd") == [
        ("a", "2026-10", "undeterminable", None),
        ("b", "2026-10", "overdue_open", 11),
        ("c", "2026-10", "on_time", None),
    ]


def test_a_provisional_day_is_never_overdue(engine: DuckDBEngine) -> None:
    formed = {"formed_on": date(2026, 12, 30), "is_collected": False}
    [waiting] = timely(engine, one("a", **formed), as_of=date(2027, 1, 4))[:1]
    assert (waiting["state"], waiting["due_provisional"]) == ("not_yet_due", True)
    due = {"month": "2027-01", "month_first": date(2027, 1, 1), "month_last": date(2027, 1, 31)}
    inputs = {
        "collected_record": stored("collected_record", one("a", **formed), one("b", formed_on=date(2026, 12, 30), received_on=date(2027, 1, 29))),
        "clock_source": pa.Table.from_pylist(CLOCK_SOURCES[:1]), "due_day": f.due_days(), "day_number": f.day_numbers(),
        "periodic": frame(PERIODIC, []),
    }  # fmt: skip
    found = run(engine, "timeliness", inputs, as_of=date(2027, 1, 31), **due)
    assert states(found, "collect_7wd") == [
        ("a", "2027-01", "undeterminable", None),
        ("b", "2027-01", "undeterminable", None),
    ]


def test_a_monthly_snapshot_is_due_by_the_end_of_the_month(engine: DuckDBEngine) -> None:
    snapshot = {
        "clock": "grade_monthly", "source": "grade_snapshot", "row_id": "g", "unit_code": "SJ-PT", "unit_name": "省局平台",
        "record_county": "-", "formed_on": date(2026, 10, 1), "due_on": AS_OF,
    }  # fmt: skip
    for received, as_of, state in (
        (date(2026, 10, 8), AS_OF, "on_time"),
        (None, AS_OF, "not_yet_due"),
        (None, date(2026, 11, 5), "overdue_open"),
        (date(2026, 11, 3), date(2026, 11, 5), "late"),
    ):
        [row] = timely(engine, as_of=as_of, periodic=[snapshot | {"received_on": received}])
        assert (row["clock"], row["state"], row["row_place"]) == (
            "grade_monthly", state, "accepted" if received else "missing",
        )  # fmt: skip


def test_sql_and_rule_give_the_same_states(engine: DuckDBEngine) -> None:
    days = [date(2026, 9, 20) + timedelta(days=n) for n in range(40)]
    records = [
        one(f"{formed}{came}", formed_on=formed, received_on=came or date(2026, 10, 1), is_collected=came is not None)
        for formed in days[::3]
        for came in (None, *days[::4])
    ]
    collect = next(clock for clock in clocks() if clock.name == "collect_7wd")
    found = timely(engine, *records, as_of=date(2026, 10, 20))
    told = {row["row_id"]: (row["state"], row["delay_wd"]) for row in found if row["clock"] == "collect_7wd"}
    seen: Counter[str] = Counter()
    for row in records:
        if row["row_id"] in told:
            due, came = (
                collect.due_on(row["formed_on"], calendar()),
                row["received_on"] if row["is_collected"] else None,
            )
            expected = (judge(came, due, date(2026, 10, 20)), delay(came, due, date(2026, 10, 20), calendar()))
            assert told[row["row_id"]] == expected, row
            seen[expected[0]] += 1
    assert min(seen[state] for state in ("on_time", "late", "overdue_open", "not_yet_due")) > 3


def test_states_sum_up_and_counties_sum_to_the_unit(engine: DuckDBEngine) -> None:
    base = {
        "source": "licence",
        "unit_code": "SP-LT",
        "unit_name": "食品流通科",
        "month": "2026-10",
        "clock": "collect_7wd",
    }
    kinds = ["on_time"] * 3 + ["late", "overdue_open", "not_yet_due", "undeterminable"]
    rows = [
        base | {"row_id": str(n), "state": s, "record_county": "140802" if n % 2 else "-"} for n, s in enumerate(kinds)
    ]
    rows.append(base | {"row_id": "old", "state": "overdue_open", "month": "2026-09", "record_county": "140821"})
    rows.append(base | {"row_id": "told", "state": "late", "month": "2026-09", "record_county": "140821"})
    rows.append(base | {"row_id": "0", "state": "late", "clock": "publish_20wd", "record_county": "-"})
    found = run(engine, "timeliness_summary", {"timeliness": stored("timeliness", *rows)}, month="2026-10")
    assert pick(found, "clock", "record_county", "records", "denominator", "on_time", "overdue_before", "rate") == [
        ("collect_7wd", "-", 4, 3, 2, 0, Decimal("0.666667")),
        ("collect_7wd", "140802", 3, 2, 1, 0, Decimal("0.500000")),
        ("collect_7wd", "140821", 0, 0, 0, 1, None),
        ("publish_20wd", "-", 1, 1, 0, 0, Decimal("0.000000")),
    ]
    for row in found:
        assert row["denominator"] + row["not_yet_due"] + row["undeterminable"] == row["records"]


# —— completeness ——
def complete(
    engine: DuckDBEngine, records: Sequence[Mapping[str, Any]], *totals: Mapping[str, Any]
) -> list[dict[str, Any]]:
    due = [("2026-09", date(2026, 9, 10), date(2026, 10, 15)), ("2026-10", date(2026, 10, 15), date(2026, 11, 10))]
    inputs = {
        "collected_record": stored("collected_record", *records),
        "accepted_control_total": accepted("control_total", *totals),
        "month_due": frame(
            {"formed_month": S, "first_due_on": D, "last_due_on": D, "is_provisional": B},
            [{"formed_month": m, "first_due_on": a, "last_due_on": b, "is_provisional": False} for m, a, b in due],
        ),
        "clock_source": pa.Table.from_pylist(CLOCK_SOURCES),
        "unit": f.units(),
    }
    return run(engine, "completeness", inputs, as_of=AS_OF)


def total(records: int, month: str = "2026-09", **changes: Any) -> dict[str, Any]:
    return {"unit_code": "SP-LT", "counted_source": "licence", "formed_month": month, "records": records} | changes


COUNTED = (
    "unit_code", "record_county", "formed_month", "control_total", "collected", "missing_estimated", "refused",
    "never_delivered", "surplus", "is_settled",
)  # fmt: skip


def test_what_was_never_delivered_shows_against_the_ledger(engine: DuckDBEngine) -> None:
    records = [
        one("a"), one("b", record_county="140802"), one("c", is_collected=False), one("d", is_withdrawn=True),
        one("e", formed_on=date(2026, 10, 9)), one("f", formed_on=None),
    ]  # fmt: skip
    found = complete(
        engine, records, total(5), total(1, county="140802"), total(9, "2026-10"), total(7, "2026-08"),
        total(9, is_current=False), total(3, unit_code="ZHZF"),
    )  # fmt: skip
    # What lies in quarantine was delivered: it is missing, but not never delivered.
    assert pick(found, *COUNTED) == [
        ("SP-LT", "-", "2026-09", 5, 2, 3, 1, 2, 0, True),
        ("SP-LT", "-", "2026-10", 9, 1, 8, 0, 8, 0, False),
        ("SP-LT", "140802", "2026-09", 1, 1, 0, 0, 0, 0, True),
        ("ZHZF", "-", "2026-09", 3, 0, 3, 0, 3, 0, True),
    ]
    assert found[0]["rate"] == Decimal("0.400000")


def test_without_a_ledger_nothing_is_claimed(engine: DuckDBEngine) -> None:
    found = complete(engine, [one("a")])
    assert pick(found, *COUNTED) == [("SP-LT", "-", "2026-09", None, 1, None, 0, None, None, True)]


def test_a_ledger_that_is_too_small_is_a_surplus_and_never_above_one(engine: DuckDBEngine) -> None:
    [row] = complete(engine, [one("a"), one("b")], total(1))
    assert (row["missing_estimated"], row["surplus"], row["rate"]) == (0, 1, Decimal(1))


# —— document numbers ——
def gaps(engine: DuckDBEngine, *numbers: str | None, **changes: Any) -> list[tuple[Any, ...]]:
    records = [one(str(n), document_number=text, **changes) for n, text in enumerate(numbers)]
    return gaps_of(engine, records)


def gaps_of(engine: DuckDBEngine, records: Sequence[Mapping[str, Any]]) -> list[tuple[Any, ...]]:
    inputs = {"collected_record": stored("collected_record", *records), "due_day": f.due_days()}
    found = run(engine, "document_gap", inputs, as_of=AS_OF, year=2026)
    return pick(
        found, "unit_code", "series", "first_no", "last_no", "numbers_seen", "missing", "missing_due", "missing_numbers"
    )


def test_numbers_that_never_came_between_those_that_did(engine: DuckDBEngine) -> None:
    found = gaps(engine, *(f"运市监罚〔2026〕{n}号" for n in (3, 4, 8, 9, 11, 11)))
    assert found == [("SP-LT", "运市监罚〔2026〕", 3, 11, 5, 4, 4, "05至07、10")]


def test_one_document_with_sub_numbers_and_any_brackets_is_one_series(engine: DuckDBEngine) -> None:
    texts = (
        "浙工商异入〔2026〕第23号-1",
        "浙工商异入(2026)第23号-167",
        "浙工商异入［2026］第０024号",
        "浙工商异入【2026】 第25号",
        None,
    )
    assert gaps(engine, *texts) == [("SP-LT", "浙工商异入(2026)第", 23, 25, 3, 0, 0, None)]


def test_series_are_apart_by_prefix_and_year_and_old_or_shapeless_ones_are_left(engine: DuckDBEngine) -> None:
    found = gaps(
        engine,
        "甲〔2026〕1号",
        "甲〔2026〕3号",
        "甲〔2025〕2号",
        "乙〔2026〕2号",
        "甲〔2024〕1号",
        "甲〔2024〕9号",
        "JY11408",
        "自动移出",
    )
    assert [(row[1], row[5], row[7]) for row in found] == [
        ("乙〔2026〕", 0, None),
        ("甲〔2025〕", 0, None),
        ("甲〔2026〕", 1, "2"),
    ]


def test_a_number_that_came_from_another_unit_or_lies_in_quarantine_came(engine: DuckDBEngine) -> None:
    other = {"unit_code": "140821", "unit_name": "临猗县局"}
    rows = [
        one("a", document_number="甲〔2026〕1号"),
        one("b", document_number="甲〔2026〕2号", **other),
        one("c", document_number="甲〔2026〕3号", is_collected=False),
        one("d", document_number="甲〔2026〕5号"),
    ]
    assert [(row[0], row[5], row[7]) for row in gaps_of(engine, rows)] == [("140821", 0, None), ("SP-LT", 1, "4")]


def test_a_gap_below_a_number_not_yet_due_is_not_yet_owed(engine: DuckDBEngine) -> None:
    rows = [
        one("a", document_number="甲〔2026〕1号"),
        one("b", document_number="甲〔2026〕5号", formed_on=date(2026, 10, 29)),
    ]
    assert [row[5:7] for row in gaps_of(engine, rows)] == [(3, 0)]


# —— accuracy and the three indicators ——
def test_accuracy_counts_what_was_delivered_this_month(engine: DuckDBEngine) -> None:
    file = {
        "source": "licence",
        "unit_code": "SP-LT",
        "unit_name": "食品流通科",
        "delivery_month": "2026-10",
        "read_state": "read",
    }
    files = [
        file | {"delivery_id": "d1", "file_name": "a"},
        file | {"delivery_id": "d2", "file_name": "a", "read_state": "quarantined"},
        file | {"delivery_id": "d0", "file_name": "a", "delivery_month": "2026-09"},
        file | {"delivery_id": "d3", "file_name": "a", "unit_code": "ZHZF", "read_state": "quarantined"},
    ]
    place = {"source": "licence", "file_name": "a", "delivered_rows": 100, "quarantined_rows": 3}
    sheets = [place | {"delivery_id": d, "sheet": s} for d, s in (("d1", "1"), ("d1", "2"), ("d0", "1"))]
    inputs = {
        "received_file": stored("received_file", *files),
        "conservation": stored("conservation", *sheets),
        "unit": f.units(),
    }
    found = run(engine, "accuracy", inputs, month="2026-10")
    assert pick(found, "unit_code", "files", "quarantined_files", "delivered_rows", "quarantined_rows", "rate") == [
        ("SP-LT", 2, 1, 200, 6, Decimal("0.970000")),
        ("ZHZF", 1, 1, 0, 0, None),
    ]


def test_three_indicators_with_numerator_and_denominator(engine: DuckDBEngine) -> None:
    unit = {"unit_code": "SP-LT", "unit_name": "食品流通科", "source": "licence"}
    timely = unit | {"clock": "collect_7wd", "on_time": 8, "denominator": 10, "record_county": "-"}
    due = {"last_due_on": date(2026, 10, 15), "record_county": "-", "formed_month": "2026-09"}
    inputs = {
        "timeliness_summary": stored("timeliness_summary", timely, timely | {"record_county": "140802"}, timely | {"clock": "publish_20wd"}),
        "completeness": stored(
            "completeness",
            unit | due | {"control_total": 5, "collected": 7},
            unit | due | {"control_total": 9, "collected": 1, "record_county": "140802"},
            unit | due | {"control_total": 9, "collected": 1, "last_due_on": date(2026, 11, 10), "formed_month": "2026-10"},
            unit | due | {"control_total": 4, "collected": 3, "unit_code": "ZHZF", "record_county": "140802"},
            unit | due | {"control_total": None, "collected": 3, "unit_code": "140821"},
        ),
        "accuracy": stored(
            "accuracy",
            unit | {"delivered_rows": 50, "quarantined_rows": 1},
            unit | {"unit_code": "XY", "delivered_rows": 0, "quarantined_rows": 0},
        ),
    }  # fmt: skip
    found = run(engine, "collection_kpi", inputs, month="2026-10")
    parts = [f"{kind}_{part}" for kind in ("complete", "timely", "accurate") for part in ("numerator", "denominator")]
    # The whole of a unit goes before its counties; only months whose last day to collect lay in this one.
    assert pick(found, "unit_code", *parts) == [
        ("SP-LT", 5, 5, 16, 20, 49, 50),
        ("XY", None, None, None, None, None, None),
        ("ZHZF", 3, 4, None, None, None, None),
    ]
    assert (found[0]["complete_rate"], found[0]["timely_rate"], found[0]["accurate_rate"]) == (
        1,
        Decimal("0.8"),
        Decimal("0.98"),
    )
    assert found[1]["accurate_rate"] is None


# —— the province's push ——
def test_a_push_reconciles_or_says_how_not(engine: DuckDBEngine) -> None:
    def push(batch: str, kind: str = "penalty") -> dict[str, Any]:
        return {"batch_no": batch, "record_kind": kind}

    manifest = [push(b) | {"expected_rows": n} for b, n in (("B1", 4), ("B2", 4), ("B3", 2))]
    manifest.append(push("B2", "tax") | {"expected_rows": 1})  # the platform did not count its repeated row
    rows = [push("B1"), push("B1"), push("B2"), push("B4"), push("B2") | {"is_withdrawn": True}, push("B2", "tax")]
    inputs = {
        "accepted_province_push_manifest": accepted("province_push_manifest", *manifest, push("B1") | {"expected_rows": 9, "is_current": False}),
        "accepted_province_push": accepted("province_push", *rows),
        "duplicates": frame(
            {"row_id": S, "duplicate_of": S},
            [{"row_id": "x", "duplicate_of": "province_push:0"}, {"row_id": "y", "duplicate_of": "licence:0"},
             {"row_id": "z", "duplicate_of": "province_push:5"}],
        ),
        "refused_push": frame({"batch_no": S, "record_kind": S}, [push("B1"), push("", "")]),
    }  # fmt: skip
    found = run(engine, "push_reconciliation", inputs)
    assert pick(found, "batch_no", "declared", "loaded", "rejected", "repeated", "difference", "push_state") == [
        ("", None, 0, 1, 0, None, "no_manifest"),
        ("B1", 4, 2, 1, 1, 0, "matched"),
        ("B2", 4, 1, 0, 0, 3, "differs"),
        ("B2", 1, 1, 0, 1, 0, "matched"),
        ("B3", 2, 0, 0, 0, 2, "not_arrived"),
        ("B4", None, 1, 0, 0, None, "no_manifest"),
    ]


# —— what falls due ——
def test_what_falls_due_within_two_working_days(engine: DuckDBEngine) -> None:
    base = {
        "source": "licence",
        "unit_code": "SP-LT",
        "unit_name": "食品流通科",
        "record_county": "-",
        "clock": "collect_7wd",
        "state": "not_yet_due",
        "due_provisional": False,
    }
    waiting = base | {"row_place": "quarantined", "formed_on": date(2026, 10, 22)}
    rows = [
        waiting | {"row_id": "a", "due_on": date(2026, 11, 2)},
        waiting | {"row_id": "b", "due_on": date(2026, 11, 3)},
        waiting | {"row_id": "c", "due_on": date(2026, 11, 4)},
        waiting | {"row_id": "d", "due_on": AS_OF, "clock": "publish_20wd", "row_place": "accepted"},
        waiting | {"row_id": "e", "due_on": AS_OF, "clock": "grade_monthly", "row_place": "missing"},
        waiting | {"row_id": "f", "due_on": AS_OF, "state": "overdue_open"},
    ]
    short = base | {
        "formed_month": "2026-10",
        "missing_estimated": 8,
        "is_settled": False,
        "first_due_on": date(2026, 10, 15),
        "last_due_on": date(2026, 11, 10),
    }
    lacking = [short, short | {"unit_code": "a", "is_settled": True}, short | {"unit_code": "b", "missing_estimated": 0},
               short | {"unit_code": "c", "first_due_on": date(2026, 11, 9)}]  # fmt: skip
    columns = {
        "formed_month",
        "missing_estimated",
        "is_settled",
        "first_due_on",
        "last_due_on",
        "source",
        "unit_code",
        "unit_name",
        "record_county",
    }
    inputs = {
        "timeliness": stored("timeliness", *rows),
        "completeness": stored("completeness", *({k: v for k, v in row.items() if k in columns} for row in lacking)),
        "day_number": f.day_numbers(),
    }
    found = run(engine, "due_soon", inputs, as_of=AS_OF, horizon=calendar().due_on(AS_OF, 2).day)
    assert pick(found, "clock", "row_id", "item", "days_left", "records") == [
        ("collect_7wd", "a", "uncorrected", 1, 1),
        ("collect_7wd", "b", "uncorrected", 2, 1),
        ("collect_7wd", "control:licence:SP-LT:-:2026-10", "shortfall", 7, 8),
        ("grade_monthly", "e", "undelivered", 0, 1),
        ("publish_20wd", "d", "unpublished", 0, 1),
    ]


def test_the_measure_of_a_task_is_the_clock_of_collecting_alone(engine: DuckDBEngine) -> None:
    row = {"source": "licence", "unit_code": "SP-LT", "clock": "collect_7wd", "on_time": 3, "denominator": 4}
    inputs = {
        "timeliness_summary": stored("timeliness_summary", row, row | {"clock": "publish_20wd", "on_time": 0}),
        "sampling_plan": stored("sampling_plan"),
        "policy_task": pa.Table.from_pylist([{"task": "GEN", "initiator": "XY"}]),
        "senders": pa.Table.from_pylist(SENT),
        "return_reconciliation": stored("return_reconciliation"),
        "accepted_repair": f.of(f.source_contract("repair"), more={"is_current": B, "delivery_id": S}),
    }
    found = run(engine, "unit_measure", inputs)
    assert pick(found, "measure", "unit_code", "numerator", "denominator") == [("timeliness_rate", "SP-LT", 3, 4)]


def test_noon_is_the_day(engine: DuckDBEngine) -> None:
    night = record("a", received_at=datetime(2026, 10, 8, 23, 59))
    assert pick(collected(engine, night), "received_on") == [(date(2026, 10, 8),)]
