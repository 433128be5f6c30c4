"""Results of platform and counties: merged, published, returned, reconciled — the SQL on a handful of rows.

Not here: the return file, its layout and the workbook (test_results_files), which county rows count (test_county).
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from data_contracts.model import source_contract
from resources.engines.duckdb_engine import DuckDBEngine, sql_text
from supervision.bulletin_year import month_ends
from tests.unit import bulletin_year
from tests.unit import collection_frames as f
from tests.unit.collection_frames import B, D, N, S, T, day_numbers, due_days, frame, of, run, stored

AS_OF = date(2026, 10, 31)
PLAN = "YC-2026-09-GEN"
SEEN = date(2026, 9, 29)
KEY = {"task_code": "GEN", "item_code": "A07", "uscc": "F1", "inspected_on": SEEN}
RESULT = KEY | {"plan_id": PLAN, "unit_code": "140821", "mode": "on_site", "result_code": "1", "inspector_ids": "P1;P2"}
MORE = {
    "row_id": S, "delivery_id": S, "file_name": S, "sheet": S, "row_no": N, "received_at": T, "version_no": N,
    "is_current": B, "is_withdrawn": B,
}  # fmt: skip
RESULT_WORDS = frame(
    {"result_code": S, "result_words": S},
    [{"result_code": c, "result_words": w} for c, w in (("1", "未发现问题"), ("E", "已改正"), ("6", "无法联系"))],
)
TASK_WORDS = frame({"task_code": S, "task_name": S}, [{"task_code": "GEN", "task_name": "登记事项抽查"}])
MONTH = {"month_first": date(2026, 10, 1), "month_last": AS_OF}


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[DuckDBEngine]:
    with DuckDBEngine(temp_directory=tmp_path) as opened:
        yield opened


def came(day: date, row_id: str, **changes: Any) -> dict[str, Any]:
    """A result (or answer) as it came on a day."""
    fixed = {"delivery_id": "d", "file_name": "f", "sheet": "结果录入", "row_no": 3, "version_no": 1}
    flags = {"is_current": True, "is_withdrawn": False}
    return fixed | flags | {"row_id": row_id, "received_at": datetime(day.year, day.month, day.day, 12)} | changes


def platform(*rows: Mapping[str, Any]) -> pa.Table:
    return of(source_contract("inspection_result"), *rows, more=MORE)


def county(*rows: Mapping[str, Any]) -> pa.Table:
    return of(source_contract("county_return"), *rows, more=MORE)


def answers(*rows: Mapping[str, Any]) -> pa.Table:
    return of(source_contract("acknowledgement"), *rows, more=MORE)


def answer(day: date, ack_id: str = "HZ-1", status: str = "accepted", **changes: Any) -> dict[str, Any]:
    said = {"ack_id": ack_id, "ack_status": status, "acknowledged_on": day}
    return KEY | said | came(day, ack_id) | changes


def verdicts(rows: pa.Table, **said: str) -> pa.Table:
    given = ({"row_id": r["row_id"], "return_verdict": said.get(r["row_id"], "taken")} for r in rows.to_pylist())
    return stored("county_return_verdict", *given)


def file_days(*days: date, provisional: bool = False) -> pa.Table:
    rows = [{"day": d, "ack_due_on": d + timedelta(days=4), "ack_provisional": provisional} for d in days]
    return frame({"day": D, "ack_due_on": D, "ack_provisional": B}, rows)


BOTH = file_days(date(2026, 9, 30), AS_OF)


def paired(engine: DuckDBEngine, inputs: dict[str, pa.Table], as_of: date = AS_OF) -> dict[str, pa.Table]:
    """The inputs with the rows that tell the same result."""
    names = ("accepted_inspection_result", "accepted_county_return", "county_return_verdict")
    rows = run(engine, "result_pair", {name: inputs[name] for name in names}, as_of=as_of)
    return inputs | {"result_pair": stored("result_pair", *rows)}


def outcomes(
    engine: DuckDBEngine,
    *,
    of_platform: pa.Table | None = None,
    of_county: pa.Table | None = None,
    acks: pa.Table | None = None,
    verdict: pa.Table | None = None,
    files: pa.Table = BOTH,
    voided: tuple[str, ...] = (),
    **params: Any,
) -> list[dict[str, Any]]:
    sent = county() if of_county is None else of_county
    inputs = {
        "accepted_inspection_result": platform() if of_platform is None else of_platform,
        "accepted_county_return": sent,
        "county_return_verdict": verdicts(sent) if verdict is None else verdict,
        "accepted_acknowledgement": answers() if acks is None else acks,
        "subject": stored("subject", {"uid": "F1", "party_name": "甲店", "county": "140821"}),
        "due_day": due_days(date(2026, 8, 1)),
        "file_day": files,
        "voided_round": frame({"round_id": S}, [{"round_id": name} for name in voided]),
    }
    dated = MONTH | {"as_of": AS_OF} | params
    return run(engine, "inspection_outcome", paired(engine, inputs, dated["as_of"]), **dated)


def difference(engine: DuckDBEngine, of_platform: pa.Table, of_county: pa.Table) -> list[tuple[str, str, str]]:
    inputs = {
        "accepted_inspection_result": of_platform,
        "accepted_county_return": of_county,
        "county_return_verdict": verdicts(of_county),
        "subject": stored("subject", {"uid": "F1", "party_name": "甲店"}),
        "unit": f.units(),
        "result_word": RESULT_WORDS,
        "task_word": TASK_WORDS,
    }
    rows = run(engine, "outcome_difference", paired(engine, inputs))
    assert {(row["task_name"], row["ent_name"]) for row in rows} <= {("登记事项抽查", "甲店")}
    return [(row["differing_column"], row["platform_value"], row["county_value"]) for row in rows]


# —— one result, told twice ——
def test_the_same_result_from_both_is_one_and_the_platform_wins(engine: DuckDBEngine) -> None:
    first = RESULT | came(date(2026, 10, 9), "p", result_code="E", problem_desc="平台")
    later = RESULT | came(
        date(2026, 10, 5),
        "c",
        inspected_on=date(2026, 9, 30),
        problem_desc="县",
        measures="责令改正",
        next_action="复查",
    )
    [row] = outcomes(engine, of_platform=platform(first), of_county=county(later))
    assert (row["origin"], row["inspected_on"], row["result_code"], row["problem_desc"]) == (
        "platform",
        SEEN,
        "E",
        "平台",
    )
    assert (row["measures"], row["next_action"]) == ("责令改正", "复查")  # what the platform does not say
    assert (row["ent_name"], row["received_on"], row["return_state"]) == ("甲店", date(2026, 10, 5), "on_platform")
    assert difference(engine, platform(first), county(later)) == [
        ("inspected_on", "2026-09-29", "2026-09-30"),
        ("result_code", "已改正", "未发现问题"),
    ]


def test_every_column_that_differs_is_told_in_words(engine: DuckDBEngine) -> None:
    ninth = date(2026, 10, 9)
    told = {"unit_code": "ZHZF", "mode": "off_site", "inspector_ids": "P1;P3"}
    given = platform(RESULT | came(ninth, "p"))
    assert difference(engine, given, county(RESULT | told | came(ninth, "c"))) == [
        ("inspector_ids", "P1;P2", "P1;P3"),
        ("mode", "现场", "非现场"),
        ("unit_code", "临猗县市场监督管理局", "综合行政执法队"),
    ]
    same = RESULT | came(ninth, "c", inspector_ids="P1；P2", mode="on_site")
    assert difference(engine, given, county(same, same | {"row_id": "c2", "inspector_ids": None, "uscc": "F9"})) == []


def test_another_item_or_another_plan_on_another_day_is_another_result(engine: DuckDBEngine) -> None:
    first = platform(RESULT | came(date(2026, 10, 9), "p"))
    others = county(
        RESULT | came(date(2026, 10, 9), "c1", item_code="A08"),
        RESULT | came(date(2026, 10, 9), "c2", plan_id="YC-2026-08-GEN", inspected_on=date(2026, 9, 1)),
    )
    rows = outcomes(engine, of_platform=first, of_county=others)
    assert sorted(row["origin"] for row in rows) == ["county", "county", "platform"]
    assert difference(engine, first, others) == []
    # One of the same plan goes before one of the same day.
    two = platform(
        RESULT | came(date(2026, 10, 9), "p1", inspected_on=date(2026, 9, 28), result_code="E"),
        RESULT | came(date(2026, 10, 9), "p2", plan_id="YC-2026-08-GEN"),
    )
    sent = county(RESULT | came(SEEN, "c", next_action="复查"))
    assert ("result_code", "已改正", "未发现问题") in difference(engine, two, sent)
    merged = outcomes(engine, of_platform=two, of_county=sent)
    assert [(row["origin_row_id"], row["next_action"]) for row in merged] == [("p1", "复查"), ("p2", None)]
    same_day = county(RESULT | came(date(2026, 10, 9), "c", plan_id="YC-2026-08-GEN"))
    assert len(outcomes(engine, of_platform=first, of_county=same_day)) == 1


def test_a_row_not_filled_in_not_taken_or_of_later_is_no_result(engine: DuckDBEngine) -> None:
    rows = county(
        RESULT | came(date(2026, 10, 9), "empty", inspected_on=None, result_code=None),
        RESULT | came(date(2026, 10, 9), "wrong", uscc="F2"),
        RESULT | came(date(2026, 10, 9), "late", uscc="F4", inspected_on=date(2026, 11, 2)),
    )
    assert outcomes(engine, of_county=rows, verdict=verdicts(rows, wrong="set_aside")) == []
    assert [row["origin_row_id"] for row in outcomes(engine, of_county=rows)] == ["wrong"]


def test_a_blank_row_sent_later_takes_no_result_back(engine: DuckDBEngine) -> None:
    filled = RESULT | came(date(2026, 10, 9), "c", is_current=False)
    blank = RESULT | came(date(2026, 10, 20), "b", version_no=2, inspected_on=None, result_code=None)
    sent = county(filled, blank)
    said = verdicts(county(filled))  # the verdict names one row of a key
    assert [row["origin_row_id"] for row in outcomes(engine, of_county=sent, verdict=said)] == ["c"]
    given = platform(RESULT | came(date(2026, 10, 9), "p", result_code="E"))
    assert difference(engine, given, sent) == [("result_code", "已改正", "未发现问题")]
    assert visits(engine, platform(), sent) == [("F1", SEEN, "GEN")]
    # A later result stands for the earlier one; a withdrawal takes it back, and what was filled in since stands again.
    moved = RESULT | came(date(2026, 10, 21), "m", version_no=3, inspected_on=date(2026, 10, 6))
    assert visits(engine, platform(), county(filled, blank, moved)) == [("F1", date(2026, 10, 6), "GEN")]
    gone = RESULT | came(date(2026, 10, 20), "g", version_no=2, is_withdrawn=True, is_current=False)
    assert visits(engine, platform(), county(filled, gone)) == []
    assert visits(engine, platform(), county(filled, gone, moved)) == [("F1", date(2026, 10, 6), "GEN")]


# —— the return to the province ——
def state(engine: DuckDBEngine, **changes: Any) -> tuple[Any, ...]:
    [row] = outcomes(engine, **changes)
    return row["return_state"], row["returned_on"], row["ack_id"]


SENT = county(RESULT | came(date(2026, 9, 29), "c"))


def test_a_result_stands_in_the_file_of_the_month_in_which_it_came(engine: DuckDBEngine) -> None:
    now = county(RESULT | came(date(2026, 10, 9), "c"))
    assert state(engine, of_county=now) == ("to_return", AS_OF, None)
    # September closed: its file held it; until the third working day the answer is awaited, then it is red.
    september = date(2026, 9, 30)
    assert state(engine, of_county=SENT) == ("overdue", september, None)
    waiting = {"as_of": date(2026, 10, 4), "files": BOTH}
    assert state(engine, of_county=SENT, **waiting)[0] == "returned"
    assert state(engine, of_county=SENT, as_of=date(2026, 10, 5))[0] == "overdue"
    # A month that was never closed made no file: the next one holds it.
    assert state(engine, of_county=SENT, files=file_days(AS_OF)) == ("to_return", AS_OF, None)
    # The calendar of the deadline's year is not out: never red.
    unknown = file_days(september, AS_OF, provisional=True)
    assert state(engine, of_county=SENT, files=unknown)[0] == "returned"


def test_acknowledged_rejected_and_returned_again_after_the_correction(engine: DuckDBEngine) -> None:
    september, tenth = date(2026, 9, 30), date(2026, 10, 10)
    assert state(engine, of_county=SENT, acks=answers(answer(tenth))) == ("acknowledged", september, "HZ-1")
    refused = answers(answer(tenth, status="rejected", reject_reason="检查人员少于两人"))
    assert state(engine, of_county=SENT, acks=refused) == ("rejected", september, "HZ-1")
    versions = county(
        RESULT | came(date(2026, 9, 29), "c", is_current=False),
        RESULT | came(date(2026, 10, 12), "c2", version_no=2, inspector_ids="P1;P2;P3"),
    )
    assert state(engine, of_county=versions, acks=refused) == ("to_return", AS_OF, None)
    again = answers(*refused.to_pylist(), answer(date(2026, 10, 20), "HZ-2"))
    assert state(engine, of_county=SENT, acks=again) == ("acknowledged", september, "HZ-2")  # the last word counts


def test_what_is_on_the_platform_is_not_returned(engine: DuckDBEngine) -> None:
    given = platform(RESULT | came(date(2026, 10, 9), "p"))
    assert state(engine, of_platform=given) == ("on_platform", None, None)
    assert state(engine, of_platform=given, acks=answers(answer(date(2026, 10, 2)))) == ("acknowledged", None, "HZ-1")
    # The county's came first and stood in September's file; the export of October shows that it arrived.
    assert state(engine, of_platform=given, of_county=SENT) == ("on_platform", date(2026, 9, 30), None)
    # Both came in October: the platform had it before the file was made.
    also = county(RESULT | came(date(2026, 10, 12), "c"))
    assert state(engine, of_platform=given, of_county=also) == ("on_platform", None, None)
    # Entered on the platform by the county itself, which answered before the month's file was made.
    entered = county(RESULT | came(date(2026, 10, 9), "c"))
    assert state(engine, of_county=entered, acks=answers(answer(date(2026, 10, 14))))[:2] == ("acknowledged", None)


def returned(engine: DuckDBEngine, rows: list[dict[str, Any]], acks: pa.Table | None = None) -> list[dict[str, Any]]:
    inputs = {
        "inspection_outcome": stored("inspection_outcome", *rows),
        "accepted_acknowledgement": answers() if acks is None else acks,
        "unit": f.units(),
    }
    return run(engine, "platform_return", inputs, as_of=AS_OF, demonstration=False)


def test_the_return_holds_what_waits_with_a_digest_of_each_row(engine: DuckDBEngine) -> None:
    waiting = county(
        RESULT | came(date(2026, 10, 9), "c", problem_desc="无", inspector_ids="P1；P2"),
        RESULT | came(date(2026, 9, 9), "old", uscc="F2", inspected_on=date(2026, 9, 1)),
        RESULT | came(date(2026, 10, 9), "v", uscc="F3", plan_id="YC-2026-08-GEN"),
    )
    rows = returned(engine, outcomes(engine, of_county=waiting, voided=("YC-2026-08",)))
    assert [(row["uscc"], row["plan_id"]) for row in rows] == [("F1", PLAN), ("F3", None)]  # no plan of a voided round
    first = rows[0]
    assert (first["unit_name"], first["inspector_ids"], first["publish_flag"]) == (
        "临猗县市场监督管理局",
        "P1;P2",
        True,
    )
    assert first["publish_due_on"] == date(2026, 11, 2)
    shown = [
        "GEN", PLAN, "F1", "甲店", "A07", "2026-09-29", "140821", "临猗县市场监督管理局", "P1;P2", "on_site", "1", "无", "", "",
        "true", "2026-11-02",
    ]  # fmt: skip
    assert first["row_sha256"] == hashlib.sha256("\x1f".join(shown).encode()).hexdigest()


def test_a_row_returned_again_names_the_rejection(engine: DuckDBEngine) -> None:
    versions = county(
        RESULT | came(date(2026, 9, 29), "c", is_current=False), RESULT | came(date(2026, 10, 12), "c2", version_no=2)
    )
    acks = answers(answer(date(2026, 10, 10), status="rejected"))
    [row] = returned(engine, outcomes(engine, of_county=versions, acks=acks), acks)
    assert (row["ack_id"], row["acknowledged_on"]) == ("HZ-1", date(2026, 10, 10))


# —— reconciliation ——
def issues(engine: DuckDBEngine, rows: list[dict[str, Any]], acks: pa.Table | None = None) -> list[dict[str, Any]]:
    inputs = {
        "inspection_outcome": stored("inspection_outcome", *rows),
        "accepted_acknowledgement": answers() if acks is None else acks,
        "subject": stored("subject", {"uid": "F1", "party_name": "甲店", "county": "140821"}),
        "unit": f.units(),
        "day_number": day_numbers(),
        "task_word": TASK_WORDS,
    }
    return run(engine, "return_issue", inputs, as_of=AS_OF)


def reconciled(
    engine: DuckDBEngine, rows: list[dict[str, Any]], found: list[dict[str, Any]]
) -> dict[str, dict[str, Any]]:
    ends = month_ends("2026-10", AS_OF, date(2026, 1, 5))
    figures = bulletin_year.figures(engine, ends, bulletin_year.known(), outcomes=rows)
    inputs = {
        "inspection_outcome": stored("inspection_outcome", *rows),
        "return_issue": stored("return_issue", *found),
        "bulletin_figure": stored("bulletin_figure", *figures),
        "unit": f.units(),
        "day_number": day_numbers(),
    }
    told = {"year_first": date(2026, 1, 1), "month": "2026-10", "return_days": 3}
    made = run(engine, "return_reconciliation", inputs, **MONTH | told)
    return {row["unit_code"]: row for row in made}


def test_every_answer_and_every_result_is_accounted_for(engine: DuckDBEngine) -> None:
    rows = county(
        RESULT | came(date(2026, 9, 29), "ok"),
        RESULT | came(date(2026, 9, 29), "no", uscc="F2"),
        RESULT | came(date(2026, 9, 29), "silent", uscc="F3"),
        RESULT | came(date(2026, 10, 20), "new", uscc="F4"),
    )
    entered = platform(RESULT | came(date(2026, 10, 9), "p", uscc="F5"))
    ninth = date(2026, 10, 9)
    acks = answers(
        answer(ninth),
        answer(ninth, "HZ-2", "rejected", uscc="F2", reject_reason="检查日期早于计划"),
        answer(ninth, "HZ-3", item_code="X99"),
        answer(ninth, "HZ-4", uscc="GONE"),
    )
    known = outcomes(engine, of_platform=entered, of_county=rows, acks=acks)
    found = issues(engine, known, acks)
    names = ("issue_kind", "issue_ref", "unit_code", "reject_reason", "waiting_wd")
    assert [tuple(row[name] for name in names) for row in found] == [
        ("overdue", "silent", "140821", None, 18),
        ("rejected", "HZ-2", "140821", "检查日期早于计划", 16),
        ("unknown_ack", "HZ-3", "140821", None, 16),
        ("unknown_ack", "HZ-4", "-", None, 16),
    ]
    units = reconciled(engine, known, found)
    row = units["140821"]
    counts = ("on_platform", "to_return", "returned", "acknowledged", "rejected", "overdue", "unknown_ack")
    assert [row[f"count_{name}"] for name in counts] == [1, 1, 0, 1, 1, 1, 1]
    assert (row["results_known"], row["ack_received"], row["ack_expected"], float(row["ack_rate"])) == (5, 1, 4, 0.25)
    assert units["-"]["count_unknown_ack"] == 1
    # Reached in October: F1 acknowledged on the 9th, F4 in the file of the month.
    assert (row["lag_results"], row["lag_median_wd"], row["lag_p95_wd"], row["lag_over"]) == (2, 3, 19, 1)


def test_a_county_without_results_is_shown_and_an_unknown_unit_is_not_lost(engine: DuckDBEngine) -> None:
    known = outcomes(engine, of_platform=platform(RESULT | came(date(2026, 10, 9), "p", unit_code="QQ")))
    units = reconciled(engine, known, [])
    assert (units["140821"]["results_known"], units["140821"]["ack_rate"]) == (0, None)
    assert (units["QQ"]["results_known"], units["QQ"]["unit_name"]) == (1, "QQ")
    assert "ZHZF" not in units


def test_the_measure_of_the_bulletin_is_the_rate_of_the_reconciliation(engine: DuckDBEngine) -> None:
    given = {"unit_code": "140821", "ack_expected": 4, "ack_received": 1}
    inputs = {
        "timeliness_summary": stored("timeliness_summary"),
        "sampling_plan": stored("sampling_plan"),
        "policy_task": frame({"task": S, "initiator": S}, []),
        "return_reconciliation": stored("return_reconciliation", given, {"unit_code": "140802", "ack_expected": 0}),
        "accepted_repair": of(source_contract("repair"), more=MORE),
        "senders": frame({"delivery_id": S, "unit_code": S}, []),
    }
    rows = engine.select(sql_text("reports/unit_measure"), inputs, {}).to_pylist()
    assert rows == [{"measure": "return_ack_rate", "unit_code": "140821", "numerator": 1, "denominator": 4}]


# —— publication ——
def public(engine: DuckDBEngine, rows: list[dict[str, Any]], *, demonstration: bool = False) -> list[dict[str, Any]]:
    inputs = {
        "inspection_outcome": stored("inspection_outcome", *rows),
        "unit": f.units(),
        "result_word": RESULT_WORDS,
        "task_word": TASK_WORDS,
    }
    return run(engine, "results_public", inputs, as_of=AS_OF, demonstration=demonstration)


def test_what_is_published_is_the_category_never_the_problem_nor_who_looked(engine: DuckDBEngine) -> None:
    ninth = date(2026, 10, 9)
    told = {"problem_desc": "张三健康证过期", "measures": "约谈"}
    rows = outcomes(
        engine,
        of_platform=platform(
            RESULT | came(ninth, "p1"),
            RESULT | told | came(ninth, "p2", item_code="A08", result_code="E"),
            RESULT | told | came(ninth, "p3", item_code="A09", result_code="6"),
            RESULT | came(ninth, "p4", uscc="F2"),
            RESULT | came(ninth, "p0", uscc="F0", published_on=SEEN),  # online before this month
            RESULT | came(ninth, "p5", uscc="F2", item_code="A08"),
        ),
    )
    made = public(engine, rows)
    assert {(row["uscc"], row["result_words"]) for row in made} == {("F1", "已改正；无法联系"), ("F2", "未发现问题")}
    assert [row["uscc"] for row in made] == sorted(("F1", "F2"), key=lambda uid: hashlib.sha256(uid.encode()).digest())
    assert set(made[0]) == {"task_name", "ent_name", "uscc", "unit", "inspected_on", "result_words", "public_on"}
    assert "张三" not in str(made) and "P1" not in str(made) and "on_site" not in str(made)
    assert {row["task_name"] for row in public(engine, rows, demonstration=True)} == {"【演示】登记事项抽查"}


def test_neither_a_trigger_nor_a_voided_round_is_named(engine: DuckDBEngine) -> None:
    ninth = date(2026, 10, 9)
    given = platform(
        RESULT | came(ninth, "p1"),
        RESULT | came(ninth, "p2", uscc="F2", task_code="TS", plan_id=None),
        RESULT | came(ninth, "p3", uscc="F3", plan_id="YC-2026-09.2-GEN"),
    )
    rows = outcomes(engine, of_platform=given, voided=("YC-2026-09",))
    assert {(row["uscc"], row["task_name"]) for row in public(engine, rows)} == {
        ("F1", "触发检查"), ("F2", "触发检查"), ("F3", "登记事项抽查"),
    }  # fmt: skip


def listed(engine: DuckDBEngine, *rows: Mapping[str, Any], **changes: Any) -> list[tuple[Any, ...]]:
    made = outcomes(engine, of_platform=platform(*rows), **changes)
    return [(row["in_public_file"], row["published_on"]) for row in made]


def test_each_result_is_published_in_the_month_in_which_it_came(engine: DuckDBEngine) -> None:
    fifth, ninth = date(2026, 10, 5), date(2026, 10, 9)
    assert listed(engine, RESULT | came(ninth, "p")) == [(True, None)]
    assert listed(engine, RESULT | came(ninth, "p", published_on=fifth)) == [(True, fifth)]
    assert listed(engine, RESULT | came(ninth, "p", published_on=SEEN)) == [(False, SEEN)]  # online before October
    september = RESULT | came(date(2026, 9, 29), "p")
    assert listed(engine, september) == [(False, date(2026, 9, 30))]
    assert listed(engine, september | {"published_on": SEEN}) == [(False, SEEN)]  # online before September's list
    assert listed(engine, september, files=file_days(AS_OF)) == [(True, None)]  # September was never closed
    corrected = RESULT | came(ninth, "p2", version_no=2, result_code="E")
    assert listed(engine, september | {"is_current": False}, corrected) == [(True, date(2026, 9, 30))]


def rates(engine: DuckDBEngine, *rows: Mapping[str, Any], **params: Any) -> dict[str, Any]:
    inputs = {"inspection_outcome": stored("inspection_outcome", *rows), "unit": f.units()}
    made = run(engine, "publication", inputs, **MONTH | {"month": "2026-10", "as_of": AS_OF} | params)
    [row] = [row for row in made if row["unit_code"] == "140821"]
    return row


def due(day: date, published: date | None = None, *, provisional: bool = False) -> dict[str, Any]:
    return {
        "unit_code": "140821", "publish_due_on": day, "published_on": published, "publish_due_provisional": provisional,
        "in_public_file": published is None,
    }  # fmt: skip


def test_the_rate_counts_what_fell_due_and_nothing_provisional(engine: DuckDBEngine) -> None:
    mid, before, after = date(2026, 10, 15), date(2026, 9, 15), date(2026, 11, 9)
    row = rates(
        engine, due(mid, mid), due(mid, mid + timedelta(days=1)), due(mid), due(before), due(before, before), due(after),
        due(after, mid), due(date(2027, 1, 20), provisional=True), due(mid, provisional=True),
        due(mid, mid, provisional=True),
    )  # fmt: skip
    assert (row["publication_due"], row["published_in_time"], row["published_late"], row["unpublished_overdue"]) == (
        3,
        1,
        1,
        1,
    )
    assert round(float(row["publication_rate"]), 4) == 0.3333
    assert (row["publication_pending"], row["publication_provisional"], row["unpublished_before"]) == (3, 2, 1)
    assert row["publication_listed"] == 5
    assert rates(engine)["publication_rate"] is None


def test_a_list_at_the_end_of_the_month_is_too_late_for_its_first_days_and_says_so(engine: DuckDBEngine) -> None:
    """September 2026: 20 working days from the 1st end before the 30th, on which the list comes out."""
    september = {"month_first": date(2026, 9, 1), "month_last": date(2026, 9, 30), "as_of": date(2026, 9, 30)}
    first = RESULT | came(date(2026, 9, 3), "p", inspected_on=date(2026, 9, 1))
    shown = {}
    for told in (None, date(2026, 9, 20)):  # the platform may have it before the list
        [row] = outcomes(engine, of_platform=platform(first | {"published_on": told}), **september)
        assert date(2026, 9, 1) < row["publish_due_on"] < date(2026, 9, 30) and row["in_public_file"]
        rate = rates(engine, row, **september, month="2026-09")
        shown[told] = (rate["publication_due"], rate["published_in_time"], rate["unpublished_overdue"])
    assert shown == {None: (1, 0, 1), date(2026, 9, 20): (1, 1, 0)}
    [later] = outcomes(engine, of_platform=platform(first))
    assert later["published_on"] == date(2026, 9, 30) > later["publish_due_on"]  # in October: published, late


def test_a_deadline_beyond_the_calendar_is_provisional(engine: DuckDBEngine) -> None:
    winter = {"month_first": date(2026, 12, 1), "month_last": date(2026, 12, 31), "as_of": date(2026, 12, 31)}
    given = platform(RESULT | came(date(2026, 12, 20), "p", inspected_on=date(2026, 12, 18)))
    [row] = outcomes(engine, of_platform=given, files=file_days(date(2026, 12, 31)), **winter)
    assert (row["publish_due_on"].year, row["publish_due_provisional"]) == (2027, True)


# —— the visits that gaps and caps rest on ——
def visits(engine: DuckDBEngine, of_platform: pa.Table, of_county: pa.Table) -> list[tuple[Any, ...]]:
    known = f.inspections(engine, of_platform, of_county)
    made = engine.select(sql_text("risk/visit"), {"inspection": known}, {})
    return [(row["uid"], row["visited_on"], row["task"]) for row in made.to_pylist()]


def test_a_visit_told_by_both_counts_once(engine: DuckDBEngine) -> None:
    ninth = date(2026, 10, 9)
    one = RESULT | came(ninth, "p")
    twice = county(
        RESULT | came(ninth, "c1"),
        RESULT | came(ninth, "c2", item_code="A08", inspected_on=date(2026, 9, 30)),  # another day: still that visit
        RESULT | came(ninth, "c3", uscc="F2"),
        RESULT | came(ninth, "c4", uscc="F3", inspected_on=None, result_code=None),
        RESULT | came(ninth, "c5", uscc="F4", mode="off_site"),
    )
    assert visits(engine, platform(one), twice) == [("F1", SEEN, "GEN"), ("F2", SEEN, "GEN")]
    desk = platform(one | {"mode": "off_site"})
    assert visits(engine, desk, twice) == [("F2", SEEN, "GEN")]  # the platform says that nobody went
    assert visits(engine, platform(one | {"plan_id": None}), twice)[0] == ("F1", SEEN, "GEN")
