"""A year of small data for the bulletin: evidence, records, results and rounds of three units, and the SQL over them.

Not here: what must hold (test_bulletin, tests/e2e/test_bulletin_year).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime
from functools import lru_cache
from typing import Any

import pyarrow as pa
import yaml

from resources.engines.duckdb_engine import DuckDBEngine
from resources.reference import bulletin_editions, policy_for, task_register, units
from resources.settings import CHECKOUT
from supervision.bulletin import MonthEnd
from supervision.bulletin_rules import Edition
from supervision.bulletin_year import Known, RoundCount, month_end_rows
from supervision.months import first_day
from supervision.task_register import Register, Settled, Units, parse_units
from tests.unit.collection_frames import B, D, S, T, due_days, frame, run, stored


def months_of(year: int) -> list[str]:
    return [f"{year}-{number:02d}" for number in range(1, 13)]


YEAR = months_of(2026)


@lru_cache(maxsize=1)
def known_units() -> Units:
    return parse_units(units())


@lru_cache(maxsize=4)
def register(settled: tuple[tuple[str, Settled], ...] = ()) -> Register:
    return task_register(known_units(), dict(settled))


@lru_cache(maxsize=1)
def editions() -> tuple[Edition, ...]:
    return bulletin_editions(task.task_id for task in register().tasks)


def rules_document() -> dict[str, Any]:
    text = (CHECKOUT / "data_contracts" / "bulletin.yaml").read_bytes()
    document: dict[str, Any] = yaml.load(text, Loader=yaml.CSafeLoader)
    return document


def evidence(number: str, unit: str, kind: str, formed: str, received: str, **changes: Any) -> dict[str, Any]:
    """One version of a row of accepted task_evidence."""
    return {
        "evidence_no": number, "task_id": "T7.1", "unit_code": unit, "evidence_kind": kind,
        "evidenced_on": date.fromisoformat(formed), "document_sha256": number.encode().hex().ljust(64, "0"),
        "headcount": None, "hours": None, "field_code": None, "title": number, "participant_units": None,
        "received_at": datetime.fromisoformat(f"{received}T09:00"), "version_no": 1, "is_withdrawn": False,
    } | changes  # fmt: skip


def record(unit: str, formed: str, received: str, *, collected: bool = True) -> dict[str, Any]:
    """One collected record of a licence."""
    days = {"formed_on": date.fromisoformat(formed), "received_on": date.fromisoformat(received)}
    return {
        "source": "licence",
        "unit_code": unit,
        "is_collected": collected,
        "row_id": f"{unit}{formed}{received}",
    } | days


def outcome(uid: str, inspected: str, **changes: Any) -> dict[str, Any]:
    """One inspection result that the platform already has."""
    day = date.fromisoformat(inspected)
    return {
        "task_code": "GEN", "item_code": "A07", "uid": uid, "inspected_on": day, "unit_code": "140802", "plan_id": None,
        "mode": "off_site", "received_on": day, "of_voided_round": False, "publish_due_provisional": False,
        "return_state": "on_platform",
    } | changes  # fmt: skip


def figures(
    engine: DuckDBEngine,
    ends: Sequence[MonthEnd],
    known: Known,
    *,
    records: Iterable[Mapping[str, Any]] = (),
    outcomes: Iterable[Mapping[str, Any]] = (),
    grades: Iterable[tuple[str, str, str]] = (),
    triggers: Iterable[tuple[str, str]] = (),
    law: Sequence[str] = (),
    published: Iterable[tuple[str, str]] = (),
    acknowledged: Iterable[tuple[str, str]] = (),
    started: date | None = None,
) -> list[dict[str, Any]]:
    """Rows of bulletin_figure; grades: month, uscc, grade; triggers: uscc, day received; started: when data first came.

    published, acknowledged: uscc and the day on which a delivery told of it; of results inspected on 3 September.
    """
    ends_table = pa.Table.from_pylist(month_end_rows(ends, known, started or first_day(ends[0].month)))
    clock = {"clock": "collect_7wd", "source": "licence", "measured": "received_on"}
    graded = [{"snapshot_month": m, "uscc": u, "credit_grade": g, "is_current": True} for m, u, g in grades]
    told = [{"uscc": u, "received_on": date.fromisoformat(d), "is_current": True} for u, d in triggers]
    key = {"task_code": "GEN", "item_code": "A07", "inspected_on": date(2026, 9, 3), "published_on": date(2026, 10, 9)}
    told_types = {
        "task_code": S,
        "item_code": S,
        "uscc": S,
        "inspected_on": D,
        "published_on": D,
        "ack_status": S,
        "received_at": T,
    }

    def told_of(rows: Iterable[tuple[str, str]]) -> pa.Table:
        given = [{"uscc": u, "received_at": datetime.fromisoformat(d), "ack_status": "accepted"} | key for u, d in rows]
        return frame(told_types, given)

    inputs = {
        "accepted_inspection_result": told_of(published),
        "accepted_acknowledgement": told_of(acknowledged),
        "collected_record": stored("collected_record", *records),
        "inspection_outcome": stored("inspection_outcome", *outcomes),
        "accepted_grade_snapshot": frame({"snapshot_month": S, "uscc": S, "credit_grade": S, "is_current": B}, graded),
        "accepted_trigger": frame({"uscc": S, "received_on": D, "is_current": B}, told),
        "month_end": ends_table,
        "clock_source": frame(dict.fromkeys(clock, S), [clock]),
        "due_day": due_days(),
        "law_task": pa.table({"task": pa.array(law, pa.string())}),
    }
    return run(engine, "bulletin_figure", inputs)


def known(
    rows: Sequence[Mapping[str, Any]] = (),
    *,
    rounds: Sequence[RoundCount] = (),
    shares: Sequence[Mapping[str, Any]] = (),
    settled: tuple[tuple[str, Settled], ...] = (),
) -> Known:
    """What the readings of the year rest on, without figures."""
    policy = policy_for("2026-06")[0]
    return Known(
        units=known_units(),
        register_on=lambda _: register(settled),
        editions=editions(),
        evidence=rows,
        figures=[],
        shares=shares,
        rounds=rounds,
        policies=dict.fromkeys(YEAR, policy),
    )


def with_figures(base: Known, rows: Sequence[Mapping[str, Any]]) -> Known:
    return replace(base, figures=rows)
