"""Who is reminded of what, on a handful of rows: each reason, what is left out and why, earlier months, the three lags.

Not here: rules and texts (test_reminders), the workbook and the letters (test_reminders_files).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from data_contracts.model import source_contract
from resources.calendars import calendar
from resources.engines.duckdb_engine import DuckDBEngine, sql_text
from resources.periods import law, period_rules, periods
from tests.unit.collection_frames import AS_OF, B, D, N, S, T, frame, of, stored, units

SEPTEMBER, OCTOBER = date(2026, 9, 30), AS_OF
FIRM, OTHER = "91140821MA0000001X", "91140821MA0000002X"
MONTH = {
    "month": "2026-10", "after": SEPTEMBER, "as_of": OCTOBER, "new_penalty_days": 90, "new_abnormal_days": 90,
    "licence_days": 90, "apply_days": 30, "three_year_days": 60, "duplicate_days": 30, "repair_yearly": True,
    "annual_stage": None, "annual_due": date(2026, 6, 30),
}  # fmt: skip
EARLIER = MONTH | {"month": "2026-09", "after": date(2026, 8, 31), "as_of": SEPTEMBER}
_MORE = {"row_id": S, "received_at": T, "is_current": B, "is_withdrawn": B, "version_no": N}
_DAYS = ("after", "as_of", "annual_stage", "annual_due")
_SOURCES = ("penalty", "abnormal_listing", "serious_violation", "repair", "licence", "grade_snapshot")


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[DuckDBEngine]:
    with DuckDBEngine(temp_directory=tmp_path) as opened:
        yield opened


def at(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, 9)


def accepted(name: str, rows: Sequence[Mapping[str, Any]]) -> pa.Table:
    plain = {"is_current": True, "is_withdrawn": False, "version_no": 1, "received_at": at(date(2026, 10, 15))}
    given = [{"row_id": f"{name}:{place}"} | plain | dict(row) for place, row in enumerate(rows)]
    return of(source_contract(name), *given, more=_MORE)


def month_rows(months: Sequence[Mapping[str, Any]]) -> pa.Table:
    types = {
        name: D if name in _DAYS else S if name == "month" else B if name == "repair_yearly" else pa.int32()
        for name in MONTH
    }
    return frame(types, months)


def items(
    engine: DuckDBEngine,
    *,
    months: Sequence[Mapping[str, Any]] = (MONTH,),
    subjects: Sequence[Mapping[str, Any]] = (),
    field_records: Sequence[Mapping[str, Any]] = (),
    alarms: Sequence[Mapping[str, Any]] = (),
    **sources: Sequence[Mapping[str, Any]],
) -> list[dict[str, Any]]:
    """The rows of reminder_item; keyword per source: its accepted rows."""
    assert set(sources) <= set(_SOURCES)
    firm = {
        "uid": FIRM, "uscc": FIRM, "party_name": "甲", "subject_type": "enterprise", "is_live": True, "in_jurisdiction": True,
        "county": "140821", "industry_code": "5211", "established_on": date(2020, 1, 1), "row_id": "s1",
    }  # fmt: skip
    known = (
        [firm, *({**firm, **dict(row)} for row in subjects)]
        if subjects
        else [firm, {**firm, "uid": OTHER, "row_id": "s2"}]
    )
    inputs = {
        **{f"accepted_{name}": accepted(name, sources.get(name, ())) for name in _SOURCES},
        "field_record": stored("field_record", *field_records),
        "subject": stored("subject", *{row["uid"]: row for row in known}.values()),
        "cluster_alarm": stored("cluster_alarm", *alarms),
        "reminder_month": month_rows(months),
        "law": law(OCTOBER),
        "field_name": frame({"field_code": S, "field_name": S}, [{"field_code": "catering", "field_name": "餐饮"}]),
        "unit": units(),
    }
    table = engine.select(sql_text("reports/reminder_item"), inputs, {"month": "2026-10"})
    rows: list[dict[str, Any]] = table.to_pylist()
    return rows


def penalty(number: str = "罚1", on: date = date(2026, 10, 8), **changes: Any) -> dict[str, Any]:
    return {
        "decision_no": number, "authority": "临猗县局", "uscc": FIRM, "violation_type": "不按规定明码标价", "legal_basis": "价格法",
        "penalty_type": "罚款", "fine_wan": Decimal(1), "decision_date": on, "published_on": on,
        "publish_until": date(2029, 10, 8), "status": "有效",
    } | changes  # fmt: skip


def listing(on: date = date(2026, 10, 8), **changes: Any) -> dict[str, Any]:
    return {
        "uscc": FIRM, "listing_reason": "通过登记的住所或者经营场所无法联系的", "listed_on": on, "listed_by": "临猗县局",
        "listing_doc_no": "异1",
    } | changes  # fmt: skip


def pick(rows: Sequence[Mapping[str, Any]], reason: str, *names: str) -> list[tuple[Any, ...]]:
    return [tuple(row[name] for name in names) for row in rows if row["reason_code"] == reason]


def left_out(rows: Sequence[Mapping[str, Any]], reason: str) -> list[Any]:
    return [row["suppressed_reason"] for row in rows if row["reason_code"] == reason]


# —— new penalties and listings ——
def test_a_new_penalty_reminds_once_in_the_month_it_became_known(engine: DuckDBEngine) -> None:
    rows = items(engine, penalty=[penalty()], months=(EARLIER, MONTH))
    [row] = [r for r in rows if r["reason_code"] == "NEW_PENALTY"]
    assert (row["month"], row["event_on"], row["ingested_on"], row["known_on"]) == (
        "2026-10", date(2026, 10, 8), date(2026, 10, 15), date(2026, 10, 15),
    )  # fmt: skip
    assert row["reminder_id"] == f"TX-202610-{FIRM}"
    assert row["suppressed_reason"] is None
    late = penalty(received_at=at(date(2026, 11, 2)))
    assert items(engine, penalty=[late]) == []
    stock = penalty(on=date(2026, 3, 1))
    assert left_out(items(engine, penalty=[stock]), "NEW_PENALTY") == []


REPAIRED = {
    "repair_no": "X",
    "uscc": FIRM,
    "record_kind": "penalty",
    "record_no": "罚1",
    "applied_on": date(2026, 10, 16),
}


@pytest.mark.parametrize(
    ("change", "repair", "reason"),
    [
        ({}, None, None),
        ({}, {"outcome": "granted", "decided_on": date(2026, 10, 30)}, "repaired"),
        ({}, {"outcome": "granted", "decided_on": date(2026, 11, 1)}, None),
        ({}, {"outcome": "refused", "decided_on": date(2026, 10, 30)}, None),
        ({"status": "撤销", "withdrawn_on": date(2026, 10, 20)}, None, "withdrawn"),
        ({"status": "撤销", "withdrawn_on": date(2026, 11, 2)}, None, None),
        ({"is_withdrawn": True, "is_current": False}, None, "withdrawn"),
        ({"publish_until": date(2026, 10, 30)}, None, "expired"),
        ({"penalty_type": "警告", "fine_wan": None}, None, "not_public"),
    ],
)
def test_no_reminder_cites_what_is_repaired_expired_or_withdrawn(
    engine: DuckDBEngine, change: dict[str, Any], repair: dict[str, Any] | None, reason: str | None
) -> None:
    """R-36: and the row stays, counted, with its reason."""
    repairs = [REPAIRED | repair] if repair else []
    record = penalty(**change)
    rows = items(engine, penalty=[record], repair=repairs)
    assert left_out(rows, "NEW_PENALTY") == [reason]
    [listed] = reminders(engine, [r for r in rows if r["reason_code"] == "NEW_PENALTY"])
    cited = listed["evidence_record_ids"], listed["suppressed_record_ids"], listed["records"]
    assert cited == (("penalty:0", None, 1) if reason is None else (None, "penalty:0", 0))
    # the same records as the one that all other reports rest on
    accepted_now = {f"accepted_{n}": accepted(n, ()) for n in ("abnormal_listing", "serious_violation")}
    effective = engine.select(
        sql_text("risk/effective_record"),
        accepted_now
        | {
            "accepted_penalty": accepted("penalty", [record]),
            "accepted_repair": accepted("repair", repairs),
            "period_rule": period_rules(AS_OF),
        },
        {"as_of": AS_OF},
    )
    assert effective.num_rows == (reason is None)


def test_a_firm_that_is_gone_gets_no_letter(engine: DuckDBEngine) -> None:
    gone = {"uid": FIRM, "is_live": False, "status_changed_on": date(2026, 10, 20)}
    assert left_out(items(engine, penalty=[penalty()], subjects=[gone]), "NEW_PENALTY") == ["not_live"]
    later = gone | {"status_changed_on": date(2026, 11, 1)}
    assert left_out(items(engine, penalty=[penalty()], subjects=[later]), "NEW_PENALTY") == [None]


def test_the_same_decision_from_two_units_reminds_once(engine: DuckDBEngine) -> None:
    twice = [penalty(), penalty(authority="临猗县市场监督管理局", received_at=at(date(2026, 10, 22)))]
    assert left_out(items(engine, penalty=twice), "NEW_PENALTY") == [None, "duplicate"]
    another = [penalty(), penalty("罚2", received_at=at(date(2026, 10, 22)))]
    assert left_out(items(engine, penalty=another), "NEW_PENALTY") == [None, None]


@pytest.mark.parametrize(("received", "reason"), [(date(2026, 10, 15), "duplicate"), (date(2026, 10, 16), None)])
def test_a_repetition_counts_for_thirty_days(engine: DuckDBEngine, received: date, reason: str | None) -> None:
    first = penalty(on=date(2026, 9, 8), received_at=at(date(2026, 9, 15)))
    again = penalty(on=date(2026, 9, 8), authority="另一写法", received_at=at(received))
    rows = items(engine, penalty=[first, again], months=(EARLIER, MONTH))
    assert pick(rows, "NEW_PENALTY", "month", "suppressed_reason") == [("2026-09", None), ("2026-10", reason)]


def test_an_earlier_month_says_what_it_said_then(engine: DuckDBEngine) -> None:
    """Recomputed at the earlier month's end: what came or happened later changes nothing of it."""
    then = penalty(on=date(2026, 9, 8), received_at=at(date(2026, 9, 15)))
    now = then | {
        "status": "撤销", "withdrawn_on": date(2026, 9, 20), "received_at": at(date(2026, 10, 15)), "version_no": 2,
        "row_id": "penalty:new",
    }  # fmt: skip
    repair = REPAIRED | {"applied_on": date(2026, 9, 20), "decided_on": date(2026, 9, 25), "outcome": "granted"}
    before = items(engine, penalty=[then], months=(EARLIER,))
    after = items(engine, penalty=[then | {"is_current": False}, now], repair=[repair], months=(EARLIER, MONTH))
    assert [row for row in after if row["month"] == "2026-09"] == before != []


def test_a_new_listing_and_its_removal(engine: DuckDBEngine) -> None:
    assert left_out(items(engine, abnormal_listing=[listing()]), "NEW_ABNORMAL") == [None]
    removed = listing(removed_on=date(2026, 10, 20))
    assert left_out(items(engine, abnormal_listing=[removed]), "NEW_ABNORMAL") == ["withdrawn"]


# —— dates of the law ——
@pytest.mark.parametrize(
    ("kinds", "fine", "published", "known"),
    [
        ("罚款", 1, date(2026, 7, 20), date(2026, 10, 20)),  # three months since April 2026
        ("罚款", 1, date(2026, 7, 31), date(2026, 10, 31)),
        ("罚款", 1, date(2026, 8, 1), None),  # not before November
        ("罚款", Decimal("0.1"), date(2026, 10, 8), date(2026, 10, 15)),  # light: at once, when it is known
        ("罚款;责令停产停业", 1, date(2025, 10, 12), date(2026, 10, 15)),  # grave: one year
        ("罚款;责令停产停业", 1, date(2026, 7, 20), None),
    ],
)
def test_repair_is_offered_from_the_day_of_the_law(
    engine: DuckDBEngine, kinds: str, fine: Any, published: date, known: date | None
) -> None:
    record = penalty(on=published, penalty_type=kinds, fine_wan=Decimal(fine), publish_until=date(2029, 1, 1))
    rows = items(engine, penalty=[record])
    assert pick(rows, "REPAIR_ELIGIBLE", "known_on", "suppressed_reason") == ([(known, None)] if known else [])


def month_of(name: str, after: date, as_of: date) -> dict[str, Any]:
    return MONTH | {"month": name, "after": after, "as_of": as_of}


def test_the_grave_kinds_may_not_ask_early_before_2026(engine: DuckDBEngine) -> None:
    """2021 rules: six months for the others, never for the grave kinds; the new rules open them on their first day."""
    old = {"received_at": at(date(2024, 1, 10)), "publish_until": date(2026, 12, 1)}
    grave = penalty("重", date(2024, 1, 5), penalty_type="罚款;责令停产停业", **old)
    plain = penalty("轻", date(2024, 1, 5), **old)
    months = [
        month_of("2024-07", date(2024, 6, 30), date(2024, 7, 31)),
        month_of("2026-03", date(2026, 2, 28), date(2026, 3, 31)),
        month_of("2026-04", date(2026, 3, 31), date(2026, 4, 30)),
    ]
    rows = items(engine, penalty=[grave, plain], months=months)
    assert pick(rows, "REPAIR_ELIGIBLE", "month", "document_no", "event_on") == [
        ("2024-07", "轻", date(2024, 7, 5)),
        ("2026-04", "重", date(2026, 4, 1)),
    ]


def test_repair_is_offered_again_each_year_until_it_is_done(engine: DuckDBEngine) -> None:
    record = listing(on=date(2024, 10, 12), received_at=at(date(2024, 10, 20)))
    assert pick(items(engine, abnormal_listing=[record]), "REPAIR_ELIGIBLE", "event_on") == [(date(2026, 10, 12),)]
    once = items(engine, abnormal_listing=[record], months=[MONTH | {"repair_yearly": False}])
    assert pick(once, "REPAIR_ELIGIBLE", "event_on") == []
    asked = REPAIRED | {"record_kind": "abnormal_listing", "record_no": "异1"}
    assert left_out(items(engine, abnormal_listing=[record], repair=[asked]), "REPAIR_ELIGIBLE") == ["in_repair"]


def test_a_new_listing_is_told_to_mend_before_it_is_told_to_ask(engine: DuckDBEngine) -> None:
    """One letter said of one listing both: mend within thirty days, and you may ask for repair."""
    new = listing(on=date(2026, 10, 12), received_at=at(date(2026, 10, 20)))
    months = [
        month_of("2026-10", date(2026, 9, 30), date(2026, 10, 31)),
        month_of("2026-12", date(2026, 11, 30), date(2026, 12, 31)),
        month_of("2027-01", date(2026, 12, 31), date(2027, 1, 31)),
        month_of("2027-02", date(2027, 1, 31), date(2027, 2, 28)),
    ]
    rows = items(engine, abnormal_listing=[new], months=months)
    told = [(row["month"], row["reason_code"]) for row in rows]
    assert sorted(told) == [("2026-10", "NEW_ABNORMAL"), ("2027-01", "REPAIR_ELIGIBLE")]


@pytest.mark.parametrize(
    ("listed_on", "act_by"),
    [(date(2023, 12, 15), date(2026, 12, 15)), (date(2024, 1, 1), None), (date(2023, 11, 1), None)],
)
def test_three_years_on_the_list_are_told_sixty_days_before(
    engine: DuckDBEngine, listed_on: date, act_by: date | None
) -> None:
    record = listing(on=listed_on, received_at=at(date(2024, 2, 1)))
    rows = items(engine, abnormal_listing=[record])
    assert pick(rows, "ABNORMAL_3Y_APPROACHING", "act_by") == ([(act_by,)] if act_by else [])


# —— licences, annual report ——
def licence(to: date, number: str = "许1", **changes: Any) -> dict[str, Any]:
    return {
        "licence_doc_no": number, "authority": "临猗县局", "uscc": FIRM, "licence_cert_name": "食品经营许可证", "licence_no": "JY1",
        "decision_date": date(2022, 1, 10), "valid_from": date(2022, 1, 10), "valid_to": to, "status": "有效",
        "received_at": at(date(2022, 1, 20)),
    } | changes  # fmt: skip


def test_a_licence_is_told_ninety_days_before_its_end(engine: DuckDBEngine) -> None:
    rows = items(engine, licence=[licence(date(2027, 1, 9))])
    assert pick(rows, "LICENSE_EXPIRING", "event_on", "act_by", "suppressed_reason") == [
        (date(2026, 10, 11), date(2026, 12, 10), None)
    ]
    assert items(engine, licence=[licence(date(2027, 2, 9))]) == []
    assert items(engine, licence=[licence(date(9999, 12, 31))]) == []
    renewed = [licence(date(2027, 1, 9)), licence(date(2032, 1, 9), "许2")]
    assert left_out(items(engine, licence=renewed), "LICENSE_EXPIRING") == ["renewed"]
    gone = licence(date(2027, 1, 9), status="无效")
    assert left_out(items(engine, licence=[gone]), "LICENSE_EXPIRING") == ["withdrawn"]


def test_one_licence_told_by_two_sources_is_one_reminder(engine: DuckDBEngine) -> None:
    row = {
        "row_id": "f1", "source": "field_catering", "uscc": FIRM, "field_code": "catering", "record_kind": "admission",
        "recorded_on": date(2022, 1, 10), "valid_to": date(2027, 1, 9), "received_at": at(date(2022, 1, 20)),
    }  # fmt: skip
    assert pick(items(engine, field_records=[row]), "LICENSE_EXPIRING", "summary") == [("餐饮许可或者备案",)]
    both = items(engine, field_records=[row], licence=[licence(date(2027, 1, 9))])
    assert pick(both, "LICENSE_EXPIRING", "summary") == [("食品经营许可证",)]


def test_the_annual_report_is_told_to_first_timers_and_those_still_listed(engine: DuckDBEngine) -> None:
    march = month_of("2026-03", date(2026, 2, 28), date(2026, 3, 31)) | {"annual_stage": date(2026, 3, 1)}
    young = {"uid": OTHER, "established_on": date(2025, 5, 1), "row_id": "s2"}
    unreported = listing(
        on=date(2025, 7, 8), listing_reason="未依照《企业信息公示暂行条例》第八条规定的期限公示年度报告的", received_at=at(date(2025, 7, 9))
    )  # fmt: skip
    rows = items(engine, abnormal_listing=[unreported], subjects=[young], months=[march])
    assert pick(rows, "ANNUAL_REPORT_DUE", "uid", "act_by") == [(FIRM, date(2026, 6, 30)), (OTHER, date(2026, 6, 30))]
    cured = unreported | {"removed_on": date(2025, 9, 1)}
    rows = items(engine, abnormal_listing=[cured], months=[march])
    assert left_out(rows, "ANNUAL_REPORT_DUE") == ["withdrawn"]
    assert items(engine, subjects=[young]) == []


# —— grades and clusters ——
def graded(month: str, grade: str, day: date) -> dict[str, Any]:
    return {
        "snapshot_month": month, "uscc": FIRM, "credit_grade": grade, "graded_on": date.fromisoformat(f"{month}-01"),
        "received_at": at(day), "row_id": f"g{month}",
    }  # fmt: skip


@pytest.mark.parametrize(("before", "now", "found"), [("A", "B", 1), ("B", "D", 1), ("C", "C", 0), ("D", "A", 0)])
def test_a_drop_of_the_grade_is_followed_inside_the_house(
    engine: DuckDBEngine, before: str, now: str, found: int
) -> None:
    snapshots = [graded("2026-09", before, date(2026, 9, 8)), graded("2026-10", now, date(2026, 10, 8))]
    rows = items(engine, grade_snapshot=snapshots)
    assert pick(rows, "GRADE_DOWN", "uid", "document_no", "summary") == [(FIRM, None, None)] * found
    assert {row["channel"] for row in reminders(engine, rows)} <= {"internal"}
    assert all("DOWN" not in row["reminder_id"] and row["reminder_id"] == f"TX-202610-{FIRM}" for row in rows)


def test_a_cluster_is_told_to_every_firm_of_the_industry_whatever_its_grade(engine: DuckDBEngine) -> None:
    cell = {"unit_code": "140821", "industry_division": "52", "industry_name": "零售业", "cluster_measure": "cd_share"}
    others = [
        {"uid": OTHER, "industry_code": "F5299", "row_id": "s2"},
        {"uid": "91140821MA0000003X", "industry_code": "6210", "row_id": "s3"},
    ]
    rows = items(engine, subjects=others, alarms=[cell | {"cluster_state": "alarm"}])
    assert pick(rows, "CLUSTER", "uid", "summary") == [(FIRM, "零售业"), (OTHER, "零售业")]
    assert items(engine, subjects=others, alarms=[cell | {"cluster_state": "normal"}]) == []


# —— the list and the lags ——
def reminders(
    engine: DuckDBEngine, rows: Sequence[Mapping[str, Any]], evidence: Sequence[Mapping[str, Any]] = ()
) -> list[dict[str, Any]]:
    codes = sorted({(row["month"], row["reason_code"]) for row in rows})
    rules = [
        {
            "month": month, "reason_code": code, "channel": "internal" if code == "GRADE_DOWN" else "letter",
            "text_template_id": f"{code}_1", "disposal_due_on": date(2026, 11, 27),
        }
        for month, code in codes
    ]  # fmt: skip
    numbers = calendar().number_table(date(2023, 1, 1), OCTOBER + timedelta(60))
    inputs = {
        "reminder_item": stored("reminder_item", *rows),
        "subject": stored(
            "subject", *({"uid": uid, "uscc": uid, "party_name": "甲"} for uid in {r["uid"] for r in rows})
        ),
        "accepted_task_evidence": accepted("task_evidence", evidence),
        "reminder_rule": frame(
            {"month": S, "reason_code": S, "channel": S, "text_template_id": S, "disposal_due_on": D}, rules
        ),
        "day_number": frame({"day": D, "number": N}, [{"day": day, "number": n} for day, n in numbers]),
    }
    found: list[dict[str, Any]] = engine.select(
        sql_text("reports/risk_reminders"), inputs, {"as_of": OCTOBER}
    ).to_pylist()
    return found


def item(reason: str, row_id: str, event: date, ingested: date, **changes: Any) -> dict[str, Any]:
    month = changes.get("month", "2026-10")
    return {
        "month": month, "reminder_id": f"TX-{month.replace('-', '')}-{FIRM}", "reason_code": reason, "row_id": row_id, "uid": FIRM,
        "unit_code": "140821", "unit_name": "临猗县市场监督管理局", "event_on": event, "ingested_on": ingested,
        "known_on": max(event, ingested), "reminded_on": OCTOBER,
    } | changes  # fmt: skip


def test_one_row_for_a_reason_with_its_records_and_lags_in_statutory_working_days(engine: DuckDBEngine) -> None:
    """30 September to 9 October 2026: 8 and 9 October only; 10 October is a make-up workday."""
    rows = reminders(engine, [
        item("NEW_PENALTY", "p2", date(2026, 9, 30), date(2026, 10, 9)),
        item("NEW_PENALTY", "p1", date(2026, 10, 20), date(2026, 10, 22)),
        item("NEW_PENALTY", "p0", date(2026, 9, 1), date(2026, 10, 9), suppressed_reason="repaired"),
    ])  # fmt: skip
    [row] = rows
    assert (row["evidence_record_ids"], row["suppressed_record_ids"], row["records"]) == ("p1;p2", "p0", 2)
    assert row["suppressed_reason"] is None
    assert row["lag_event_to_ingested_wd"] == 2
    assert row["lag_ingested_to_reminder_wd"] == 16
    assert row["lag_event_to_reminder_wd"] == 18


def test_dates_of_what_the_offices_report(engine: DuckDBEngine) -> None:
    number = f"TX-202609-{FIRM}"
    sent = item("NEW_PENALTY", "p", date(2026, 9, 8), date(2026, 9, 15), month="2026-09", reminded_on=SEPTEMBER)
    told = [
        {"evidence_kind": "reminder_sent", "reference_no": number, "evidenced_on": date(2026, 10, 8), "evidence_no": "1"},
        {"evidence_kind": "reminder_ack", "reference_no": number, "evidenced_on": date(2026, 10, 9), "evidence_no": "2"},
        {
            "evidence_kind": "reminder_disposal", "reference_no": number, "evidenced_on": date(2026, 10, 12), "evidence_no": "4",
            "title": "已整改",
        },
        {
            "evidence_kind": "reminder_disposal", "reference_no": number, "evidenced_on": date(2026, 10, 13), "evidence_no": "3",
            "title": "再报",
        },
        {"evidence_kind": "training", "reference_no": number, "evidenced_on": date(2026, 10, 1), "evidence_no": "5"},
    ]  # fmt: skip
    [row] = reminders(engine, [sent], told)
    assert (row["sent_at"], row["ack_at"], row["disposed_at"], row["disposal"]) == (
        date(2026, 10, 8), date(2026, 10, 9), date(2026, 10, 12), "已整改",
    )  # fmt: skip
    assert row["lag_reminder_to_disposal_wd"] == 4  # 8, 9, 10 (make-up), 12 October
    [silent] = reminders(engine, [sent | {"suppressed_reason": "repaired"}], told)
    assert (silent["sent_at"], silent["disposed_at"]) == (None, None)
    [unknown] = reminders(engine, [sent], [told[2] | {"reference_no": "TX-202609-别户"}])
    assert unknown["disposed_at"] is None


def test_median_and_p95_of_the_three_lags_by_unit_and_city(engine: DuckDBEngine) -> None:
    def row(place: int, unit: str, **changes: Any) -> dict[str, Any]:
        return {
            "month": "2026-10", "reminder_id": f"r{place}", "reason_code": "NEW_PENALTY", "uid": FIRM, "unit_code": unit,
            "unit_name": unit, "lag_event_to_ingested_wd": place, "lag_ingested_to_reminder_wd": 5,
            "lag_reminder_to_disposal_wd": None, "disposed_at": None, "records": 1, "channel": "letter",
        } | changes  # fmt: skip

    rows = [row(n, "140821") for n in range(1, 21)]
    rows += [
        row(100, "140802"),
        row(200, "140802", suppressed_reason="repaired"),
        row(300, "140802", month="2026-09", disposed_at=date(2026, 10, 9), lag_reminder_to_disposal_wd=7),
    ]
    table = engine.select(
        sql_text("reports/reminder_lag"), {"risk_reminders": stored("risk_reminders", *rows)}, {"month": "2026-10"}
    )
    found = {
        (r["unit_code"], r["lag_kind"]): (r["records"], r["pending"], r["median_wd"], r["p95_wd"])
        for r in table.to_pylist()
    }
    assert found["140821", "event_to_ingested"] == (20, 0, 10, 19)
    assert found["140802", "event_to_ingested"] == (1, 0, 100, 100)
    assert found["CITY", "event_to_ingested"] == (21, 0, 11, 20)
    assert found["140802", "reminder_to_disposal"] == (1, 1, 7, 7)
    assert found["CITY", "reminder_to_disposal"] == (1, 21, 7, 7)


def test_the_times_of_the_law_follow_one_another_without_a_gap() -> None:
    times = periods().regimes(date(2026, 12, 31))
    assert times[0][0] == date(2021, 9, 1)
    assert times[-1][1] == date.max
    assert all(before[1] + timedelta(1) == after[0] for before, after in pairwise(times))
    assert date(2026, 4, 1) in [first for first, _ in times]
    assert periods().regimes(date(2026, 3, 31))[-1][0] < date(2026, 4, 1)
