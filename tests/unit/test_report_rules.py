"""The joins of sql/reports after the draw, each rule on a handful of rows: risk points, joint visits, shortfalls, lists."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from data_contracts.model import output_contract
from resources.engines.duckdb_engine import DuckDBEngine
from resources.reference import record_table
from tests.unit.collection_frames import inspections, staffed
from tests.unit.test_sql_rules import accepted, run, stored

ROUND = "YC-2026-10"
DAY = date(2026, 10, 31)


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[DuckDBEngine]:
    with DuckDBEngine(temp_directory=tmp_path) as opened:
        yield opened


def select(engine: DuckDBEngine, name: str, inputs: Mapping[str, pa.Table], **params: object) -> list[dict[str, Any]]:
    """The rows of a report, with exactly the columns of its contract."""
    rows = run(engine, f"reports/{name}", inputs, **params)
    assert all(tuple(row) == output_contract(name).column_names for row in rows)
    return rows


ROUNDS = stored("committed_round", {"round_id": ROUND, "month": "2026-10", "demonstration": False, "commitment": "c"})
UNITS = record_table(
    [
        {"unit_code": "140802", "unit_name": "盐湖区局", "kind": "county", "county": "140802"},
        {"unit_code": "140821", "unit_name": "临猗县局", "kind": "county", "county": "140821"},
        {"unit_code": "XY", "unit_name": "信用科", "kind": "section", "county": ""},
    ]
)


def standing(task: str, uid: str, stratum: str = "C", county: str = "140802", **changes: Any) -> dict[str, Any]:
    row = {
        "round_id": ROUND,
        "task": task,
        "uid": uid,
        "county": county,
        "stratum": stratum,
        "rank": 1,
        "target_e4": 20_000,
    }
    return row | {"from_reserve": False} | changes


def late(uid: str, outcome: str = "new_visit") -> dict[str, Any]:
    return {
        "round_id": ROUND, "request_no": 7, "request_kind": "late_trigger", "requested_at": "2026-11-05T09:00:00+08:00",
        "uid": uid, "unit_code": "140802", "trigger_id": "L1", "trigger_type": "TS", "evidence": "E9", "outcome": outcome,
    }  # fmt: skip


# —— risk points ——
def points(engine: DuckDBEngine, **changes: pa.Table) -> list[dict[str, Any]]:
    inputs = {
        "drawn_in_force": stored("drawn_in_force", standing("GEN", "D1"), standing("FOOD", "D1"), standing("GEN", "D2")),
        "round_trigger": stored("round_trigger", {"trigger_id": "T1", "uid": "D1"}, {"trigger_id": "V.YC-1.1", "uid": "D3"}),
        "triggered_inspection": stored(
            "triggered_inspection",
            {"trigger_id": "T1", "uid": "D1", "trigger_type": "TS", "evidence_ref": "GD-1", "received_on": date(2026, 10, 3)},
            {"trigger_id": "T5", "uid": "D9", "trigger_type": "TS", "evidence_ref": "GD-2"},
        ),
        "amendment": stored("amendment", late("D4"), late("D5", "refused")),
        "effective_record": stored(
            "effective_record",
            {"uid": "D1", "record_kind": "penalty", "record_no": "罚1", "formed_on": date(2026, 3, 2), "summary": "虚假宣传", "row_id": "p:1"},
            {"uid": "D9", "record_kind": "penalty", "record_no": "罚9", "formed_on": date(2026, 3, 2), "row_id": "p:9"},
        ),
        "committed_round": ROUNDS,
    }  # fmt: skip
    return select(engine, "risk_point", inputs | changes)


def test_each_visited_subject_names_its_risk_points_the_newest_first(engine: DuckDBEngine) -> None:
    rows = points(engine)
    assert [(r["uid"], r["point_no"], r["point_kind"], r["document_no"], r["point_summary"]) for r in rows] == [
        ("D1", 1, "trigger", "GD-1", "投诉举报"),
        ("D1", 2, "penalty", "罚1", "虚假宣传"),
        ("D2", 1, "none", None, "未见具体风险点"),
        ("D3", 1, "none", None, "未见具体风险点"),  # of a voided round: a visit, but no point
        ("D4", 1, "trigger", "E9", "投诉举报"),  # came after the draw
    ]
    assert rows[1]["row_id"] == "p:1"


def test_a_record_that_no_longer_counts_is_no_risk_point(engine: DuckDBEngine) -> None:
    rows = points(engine, effective_record=stored("effective_record"), amendment=stored("amendment"))
    assert [(r["uid"], r["point_kind"]) for r in rows] == [("D1", "trigger"), ("D2", "none"), ("D3", "none")]


# —— joint visits (§5.4) ——
LEVELS = record_table(
    [
        {"task": task, "stratum": stratum, "on_site": rule == "on_site", "onsite_rule": rule, "yearly_cap": 2, "rate_e4": 1000,
         "rounding": "at_least", "minimum": 0}
        for task in ("FOOD", "GEN")
        for stratum, rule in (("A", "off_site"), ("B", "on_site_if_triggered"), ("C", "on_site"))
    ]
)  # fmt: skip


def joint(engine: DuckDBEngine, *amendments: Mapping[str, Any], drawn: pa.Table) -> dict[str, dict[str, Any]]:
    triggers = [
        {"trigger_id": f"T{n}", "uid": uid, "county": "140802"} for n, uid in enumerate(("S2", "S5", "S6", "S7"))
    ]
    inputs = {
        "drawn_in_force": drawn,
        "round_trigger": stored("round_trigger", *triggers, {"trigger_id": "T9", "uid": "S7", "county": "140802"}),
        "amendment": stored("amendment", *amendments),
        "committed_round": ROUNDS,
        "policy_level": LEVELS,
        "unit": UNITS,
    }
    return {row["unit_code"]: row for row in select(engine, "joint_visit", inputs)}


DRAWN = stored(
    "drawn_in_force",
    standing("GEN", "S1"), standing("FOOD", "S1"),  # two tasks at once
    standing("GEN", "S2"),  # a task and a trigger
    standing("GEN", "S3"),  # one task
    standing("GEN", "S4", "A"),  # off-site
    standing("GEN", "S5", "A"),  # off-site and a trigger: the visit is for the trigger alone
    standing("GEN", "S6", "B"),  # on site because there is a trigger
    standing("GEN", "S8", replaced_reason="deregistered"), standing("GEN", "S9", replaced_reason="not_found"),
)  # fmt: skip


def test_joint_visits_are_counted_by_subject_and_off_site_checks_apart(engine: DuckDBEngine) -> None:
    rows = joint(engine, drawn=DRAWN)
    county = rows["140802"]
    names = (
        "onsite_visits", "onsite_items", "multi_task_visits", "task_and_trigger_visits", "trigger_only_visits", "joint_visits",
        "off_site_checks",
    )  # fmt: skip
    assert [county[name] for name in names] == [7, 11, 1, 2, 2, 3, 1]
    assert (float(county["joint_share"]), float(county["joint_target"])) == (pytest.approx(3 / 7, abs=1e-6), 0.6)
    assert [rows["CITY"][name] for name in names] == [county[name] for name in names]
    assert (rows["140821"]["onsite_visits"], rows["140821"]["joint_share"], rows["140821"]["off_site_checks"]) == (
        0,
        None,
        0,
    )


def test_a_late_trigger_makes_a_visit_joint_and_a_refused_one_nothing(engine: DuckDBEngine) -> None:
    assert joint(engine, late("S3"), drawn=DRAWN)["140802"]["joint_visits"] == 4
    assert joint(engine, late("S3", "refused"), drawn=DRAWN)["140802"]["joint_visits"] == 3


# —— the shortfall table ——
def capacity(engine: DuckDBEngine, **changes: Any) -> dict[str, dict[str, Any]]:
    given = {"planned": 6, "size": 6, "batch": 3, "by_law": False, "unassignable": 0, "lambda_e4": 10_000} | changes
    cut = given["planned"] - given["size"]
    inputs = {
        "county_visits": stored(
            "county_visits",
            {"county": "140802", "capacity": 20, "triggers": 1, "visits_planned": 10, "visits_funded": 10 - cut},
            {"county": "140821", "capacity": None, "triggers": 0, "visits_planned": 3, "visits_funded": 3},
        ),
        "roster": stored(
            "roster",
            *({"inspector_id": f"P{n}", "county": "140802", "days": 5, "valid_until": until}
              for n, until in enumerate((date(2026, 11, 30), date(2026, 11, 29)))),
        ),
        "cuts": stored("cuts", {"county": "140802", "stratum": "A", "lambda_e4": 10_000},
                       {"county": "140802", "stratum": "C", "lambda_e4": given["lambda_e4"]}),
        "allocation": stored("allocation", {"task": "GEN", "county": "140802", "stratum": "C", "planned": given["planned"], "size": given["size"]}),
        "unassignable": stored("unassignable", *({"visit_uid": f"U{n}", "county": "140802"} for n in range(given["unassignable"]))),
        "policy_task": record_table([{"task": "GEN", "batch": given["batch"], "batches": 9, "set_by_law": given["by_law"]}]),
        "unit": UNITS,
    }  # fmt: skip
    rows = select(engine, "county_capacity", inputs, month="2026-10", needed_until=date(2026, 11, 30))
    return {row["unit_code"]: row for row in rows}


@pytest.mark.parametrize(
    ("changes", "action"),
    [
        ({}, "none"),
        ({"size": 4, "lambda_e4": 6667}, "defer"),
        ({"size": 4, "lambda_e4": 6667, "batch": 9}, "escalate"),  # no batch is left to make it up
        ({"size": 4, "lambda_e4": 6667, "by_law": True}, "escalate"),
        ({"unassignable": 2}, "escalate"),
    ],
)
def test_a_shortfall_is_stated_with_what_to_do(engine: DuckDBEngine, changes: dict[str, Any], action: str) -> None:
    rows = capacity(engine, **changes)
    row = rows["140802"]
    assert row["shortfall_action"] == action
    assert (row["cut_strata"], row["unassignable_visits"]) == (
        "C:6667" if "size" in changes else None, changes.get("unassignable", 0),
    )  # fmt: skip
    assert row["capacity_required_visits"] == row["funded_visits"] + row["unmet_visits"] == 10
    assert (row["inspectors"], row["inspector_days"]) == (1, 5)  # the other's licence ends before the window does
    assert (rows["140821"]["capacity_available_visits"], rows["140821"]["shortfall_action"]) == (None, "none")


def test_the_plan_states_what_too_few_eligible_subjects_make_impossible(engine: DuckDBEngine) -> None:
    key = {"task": "GEN", "county": "140802", "stratum": "C"}
    inputs = {
        "strata": stored("strata", key | {"base": 9, "eligible": 1, "drawn_ytd": 4, "served_e4": 2500}),
        "stratum_quota": stored("stratum_quota", key | {"annual_quota": 3}),
        "allocation": stored("allocation", key | {"planned": 1, "size": 1}),
        "cuts": stored("cuts"),
        "due": stored("due", key | {"target_e4": 10_000, "shortfall_e4": 15_000, "excess": 1}),
        "committed_round": ROUNDS,
        "policy_task": record_table(
            [
                {
                    "task": "GEN", "task_name": "登记", "item_codes": "A07", "item_names": "公示信息", "item_category": "一般",
                    "draw_type": "不定向", "object_scope": "企业", "initiator": "XY", "coop_names": "", "mode": "市抽县查",
                    "window_end": "2026-11-30", "field_code": None, "stratum_by": "credit_grade", "legal_basis": "x",
                    "set_by_law": False, "batch": 8, "batches": 9,
                }
            ]
        ),
        "policy_level": LEVELS,
        "unit": UNITS,
    }  # fmt: skip
    params = dict.fromkeys(("policy_version", "policy_sha256", "snapshot_sha256", "frame_sha256"), "x")
    [row] = select(engine, "sampling_plan", inputs, month="2026-10", month_first=date(2026, 10, 1), **params)
    assert (float(row["n_short"]), row["n_excess"], row["served_e4"], row["onsite_rule"]) == (1.5, 1, 2500, "on_site")
    assert row["shortfall_action"] == "none"  # capacity cut nothing


# —— the lists ——
def subjects(engine: DuckDBEngine, *, voided: bool = False, **changes: pa.Table) -> dict[str, dict[str, Any]]:
    uids = ("S1", "S2", "S3", "S4")
    inputs = {
        "drawn_in_force": stored(
            "drawn_in_force",
            standing("GEN", "S1", replaced_reason="not_found", replaced_by="S3"),
            standing("FOOD", "S1", target_e4=2500),
            standing("GEN", "S2", replaced_reason="deregistered"),
            standing("GEN", "S3", rank=4, from_reserve=True, request_no=1),
            standing("GEN", "S4", "B"),
        ),
        "round_trigger": stored("round_trigger", {"trigger_id": "T1", "uid": "S4"}),
        "amendment": stored("amendment", late("S3")),
        "risk_point": stored(
            "risk_point",
            *({"round_id": ROUND, "uid": u, "point_no": 1, "point_kind": "none", "point_summary": "未见具体风险点"} for u in uids[1:]),
            {"round_id": ROUND, "uid": "S1", "point_no": 1, "point_kind": "penalty", "document_no": "罚1", "formed_on": DAY}
            | {"point_summary": "虚假宣传"},
        ),
        "team_in_force": stored(
            "team_in_force",
            *({"visit_uid": u, "inspector_id": f"P{n}", "role": ("lead", "member")[n]} for u in ("S1", "S3", "S4") for n in range(2)),
        ),
        "unstaffed_visit": stored("unstaffed_visit"),
        "strata": stored(
            "strata",
            *({"task": t, "county": "140802", "stratum": s, "base": 9, "eligible": 8} for t in ("GEN", "FOOD") for s in "BC"),
        ),
        "allocation": stored(
            "allocation",
            *({"task": t, "county": "140802", "stratum": s, "planned": 2, "size": 1} for t in ("GEN", "FOOD") for s in "BC"),
        ),
        "cuts": stored("cuts"),
        "subject": stored("subject", *({"uid": u, "party_name": u, "uscc": u} for u in uids)),
        "enterprise_month": stored("enterprise_month", *({"uid": u, "credit_grade": "D"} for u in uids)),
        "visit": stored("visit", {"uid": "S1", "visited_on": date(2026, 2, 2), "task": "GEN"}),
        "policy_task": record_table(
            [{"task": t, "task_name": t, "item_names": t, "window_end": "2026-11-30"} for t in ("GEN", "FOOD")]
        ),
        "policy_level": LEVELS,
        "policy_cap": record_table([{"credit_grade": g, "visits": 2} for g in "ABCDU"]),
        "unit": UNITS,
    }  # fmt: skip
    told = [changes.pop(f"accepted_{name}", accepted(name)) for name in ("inspection_result", "county_return")]
    inputs["inspection"] = inspections(engine, *told, as_of=DAY)
    params = {"year": 2026, "month_first": date(2026, 10, 1), "voided": voided}
    rows = select(engine, "drawn_subjects", staffed(engine, inputs | changes), **params)
    return {row["uid"]: row for row in rows}


def test_the_list_holds_replaced_subjects_and_who_came_instead(engine: DuckDBEngine) -> None:
    rows = subjects(engine)
    assert {u: (r["status"], r["replaced_by"], r["reserve_ranks"]) for u, r in rows.items()} == {
        "S1": ("assigned", "GEN:S3", None),  # still drawn for FOOD
        "S2": ("replaced", "GEN:候补已用尽", None),
        "S3": ("assigned", None, "GEN:4"),
        "S4": ("assigned", None, None),
    }
    assert (rows["S2"]["assignment_state"], rows["S2"]["lead_inspector"]) == ("not_needed", None)
    assert rows["S3"]["trigger_ids"] == "L1"
    assert rows["S4"]["mode_planned"] == "on_site"  # on site because there is a trigger
    assert subjects(engine, round_trigger=stored("round_trigger"))["S4"]["mode_planned"] == "off_site"
    assert {r["status"] for r in subjects(engine, voided=True).values()} == {"void"}


def result(uid: str, task: str = "GEN", **changes: Any) -> dict[str, Any]:
    known = {"uscc": uid, "plan_id": f"{ROUND}-{task}", "inspected_on": date(2026, 10, 20), "result_code": "1"}
    return known | changes


def test_who_has_a_result_of_every_task_of_the_round_is_inspected(engine: DuckDBEngine) -> None:
    told = {
        "accepted_inspection_result": accepted(
            "inspection_result",
            result("S1"),  # replaced for that task; the other has none yet
            result("S2"),
            result("S3", plan_id="YC-2026-09-GEN"),
        ),
        "accepted_county_return": accepted(
            "county_return", result("S4"), result("S1", "FOOD", inspected_on=None, result_code=None)
        ),
    }
    states = {"S1": "assigned", "S2": "replaced", "S3": "assigned", "S4": "inspected"}
    assert {u: r["status"] for u, r in subjects(engine, **told).items()} == states
    later = accepted("county_return", result("S4", inspected_on=date(2026, 11, 2)), result("S1", "FOOD"))
    found = subjects(engine, accepted_county_return=later)
    assert (found["S4"]["status"], found["S1"]["status"]) == ("assigned", "inspected")
    first = result("S4", item_code="A07", is_current=False)
    blank = result("S4", item_code="A07", version_no=2, inspected_on=None, result_code=None)
    resent = accepted("county_return", first, blank)
    assert subjects(engine, accepted_county_return=resent)["S4"]["status"] == "inspected"  # takes no result back
    taken_back = accepted("county_return", first, blank | {"is_withdrawn": True})
    assert subjects(engine, accepted_county_return=taken_back)["S4"]["status"] == "assigned"
    both = stored("drawn_in_force", standing("GEN", "S4", "B"), standing("FOOD", "S4"))
    assert subjects(engine, **told, drawn_in_force=both)["S4"]["status"] == "assigned"  # one of two tasks
    assert {r["status"] for r in subjects(engine, voided=True, **told).values()} == {"void"}


def test_a_task_that_was_replaced_leaves_the_row_of_who_is_still_drawn_for_another(engine: DuckDBEngine) -> None:
    rows = subjects(engine)
    names = ("plan_ids", "task_names", "item_names", "strata", "ranks")
    assert [rows["S1"][n] for n in names] == [f"{ROUND}-FOOD", "FOOD", "FOOD", "FOOD:C", "FOOD:1"]
    assert [rows["S2"][n] for n in names] == [f"{ROUND}-GEN", "GEN", "GEN", "GEN:C", "GEN:1"]  # all of it: as it was


def test_the_public_list_tells_a_replacement_from_an_insertion(engine: DuckDBEngine) -> None:
    drawn = stored(
        "drawn_in_force",
        standing("GEN", "S1", replaced_reason="moved_out", replaced_by="S3"), standing("FOOD", "S1"),
        standing("GEN", "S2", replaced_reason="deregistered", replaced_by="S4"),
        standing("FOOD", "S2", replaced_reason="deregistered"),
        standing("GEN", "S3", from_reserve=True), standing("FOOD", "S3"),
        standing("GEN", "S4", from_reserve=True),
    )  # fmt: skip
    for voided in (False, True):
        rows = subjects(engine, voided=voided, drawn_in_force=drawn)
        listed = select(
            engine, "drawn_public", {"drawn_subjects": stored("drawn_subjects", *rows.values())}, demonstration=False
        )
        assert {r["uscc"]: (r["tasks"], r["public_note"]) for r in listed} == {
            "S1": ("FOOD", "部分任务已替换"),
            "S2": ("FOOD;GEN", "已由补抽替代"),
            "S3": ("FOOD;GEN", "部分任务补抽"),
            "S4": ("GEN", "补抽"),
        }
    totals = select(engine, "county_totals_public", {"drawn_in_force": drawn, "committed_round": ROUNDS, "unit": UNITS})
    gone = [r for r in listed if r["public_note"] in ("已由补抽替代", "已退出")]
    assert [(r["drawn_count"], r["task_count"]) for r in totals] == [(0, 0), (len(listed) - len(gone), 4)]
    alone = subjects(engine)
    listed = select(
        engine, "drawn_public", {"drawn_subjects": stored("drawn_subjects", *alone.values())}, demonstration=False
    )
    assert {r["uscc"]: r["public_note"] for r in listed}["S2"] == "已退出"  # nobody came instead
    assert {r["uscc"]: r["public_note"] for r in listed}["S4"] is None


def test_the_list_states_inclusion_probabilities_and_risk_points(engine: DuckDBEngine) -> None:
    rows = subjects(engine)
    assert rows["S1"]["pi"] == "FOOD:0.031250"  # GEN has passed to another
    assert rows["S1"]["targets_e4"] == "FOOD:2500"
    assert rows["S4"]["pi"] == "GEN:0.250000"
    assert rows["S3"]["pi"] is None  # who came as a replacement has none
    assert rows["S1"]["risk_points"] == "2026-10-31 行政处罚 罚1 虚假宣传"
    assert rows["S2"]["risk_points"] == "未见具体风险点"
    cut = stored("cuts", {"county": "140802", "stratum": "C", "lambda_e4": 5000})
    assert subjects(engine, cuts=cut)["S1"]["pi"] == "FOOD:0.125000"  # size / eligible
    assert subjects(engine, cuts=cut)["S4"]["pi"] == "GEN:0.250000"
    off_site = stored("cuts", {"county": "140802", "stratum": "B", "lambda_e4": 5000})
    assert (
        subjects(engine, cuts=off_site)["S4"]["pi"] == "GEN:0.250000"
    )  # another task's cut: off-site checks are never cut


def test_the_trigger_list_holds_late_ones_and_those_of_a_voided_round(engine: DuckDBEngine) -> None:
    inputs = {
        "drawn_in_force": stored("drawn_in_force", standing("GEN", "S1")),
        "round_trigger": stored(
            "round_trigger",
            {"trigger_id": "T1", "uid": "S1", "county": "140802"}, {"trigger_id": "V.YC-1.1", "uid": "S2", "county": "140821"},
        ),
        "triggered_inspection": stored(
            "triggered_inspection", {"trigger_id": "T1", "uid": "S1", "trigger_type": "FC", "evidence_ref": "文1"}
        ),
        "amendment": stored("amendment", late("S3"), late("S4", "refused") | {"trigger_id": "L2"}),
        "team_in_force": stored("team_in_force", {"visit_uid": "S1", "inspector_id": "P1", "role": "lead"}),
        "unstaffed_visit": stored("unstaffed_visit", {"visit_uid": "S2", "uid": "S2", "unmet_reason": "无人"}),
        "subject": stored("subject", {"uid": "S1", "party_name": "甲"}),
        "enterprise_month": stored("enterprise_month", {"uid": "S1", "credit_grade": "A"}),
        "committed_round": ROUNDS,
        "policy_task": record_table([{"task": "GEN", "task_name": "登记"}]),
        "unit": UNITS,
    }  # fmt: skip
    rows = {row["trigger_id"]: row for row in select(engine, "triggered_inspections", staffed(engine, inputs))}
    names = (
        "trigger_type",
        "counts_toward_cap",
        "is_late",
        "task_names",
        "lead_inspector",
        "unmet_reason",
        "onsite_allowed",
    )
    assert {t: tuple(row[n] for n in names) for t, row in rows.items()} == {
        "L1": ("TS", False, True, None, None, None, True),
        "T1": ("FC", False, False, "登记", "P1", None, True),
        "V.YC-1.1": (None, True, False, None, None, "无人", True),
    }
    assert rows["T1"]["credit_grade"] == "A"


def test_replacements_are_counted_by_who_led_and_who_asked(engine: DuckDBEngine) -> None:
    """By the lead of the matching, whoever leads by then; a visit counts once however many of its tasks pass to others."""
    asked = {"round_id": ROUND, "request_kind": "replacement", "asked_by": "P2", "former_lead": "P9", "stratum": "C"}
    new = asked | {"task": "GEN", "outcome": "new_visit"}
    rows = [
        new | {"uid": "U0", "amend_reason": "not_found"},
        new | {"uid": "U0", "amend_reason": "not_found", "task": "FOOD"},
        new | {"uid": "U1", "amend_reason": "moved_out", "outcome": "reserve_exhausted", "former_lead": None},
        new | {"uid": "U2", "amend_reason": "not_found", "outcome": "refused"},
        new | {"uid": "U3", "amend_reason": "not_found", "stratum": "A"},  # off-site: no visit of his is replaced
        new | {"uid": "U8", "amend_reason": "moved_out", "task": "FOOD"},  # split: the food part alone
        asked | {"uid": "U4", "request_kind": "late_conflict", "outcome": "team_changed"},
    ]
    teams = [(f"U{n}", "P1") for n in range(8)] + [("U8.food", "P3"), ("U8.lift", "P1")]
    inputs = {
        "amendment": stored("amendment", *(row | {"request_no": n} for n, row in enumerate(rows))),
        "assignment": stored(
            "assignment",
            *({"visit_uid": visit, "inspector_id": p, "role": role}
              for visit, lead in teams for p, role in ((lead, "lead"), ("P2", "member"))),
        ),
        "policy_task": record_table([{"task": "GEN", "specialty": None}, {"task": "FOOD", "specialty": "food"}]),
        "policy_level": LEVELS,
        "roster": stored("roster", {"inspector_id": "P1", "county": "140802"}),
        "committed_round": ROUNDS,
        "unit": UNITS,
    }  # fmt: skip
    rows = {r["inspector_id"]: r for r in select(engine, "replacement_by_inspector", inputs)}
    names = ("lead_visits", "replaced_visits", "replaced_not_found", "replaced_share", "replacements_asked")
    told = {p: tuple(None if r[n] is None else float(r[n]) for n in names) for p, r in rows.items()}
    assert told == {"P1": (9, 2, 1, pytest.approx(2 / 9, abs=1e-6), 0), "P2": (0, 0, 0, None, 5), "P3": (1, 1, 0, 1, 0)}


def test_totals_per_county_name_no_task_stratum_or_subject(engine: DuckDBEngine) -> None:
    inputs = {
        "drawn_in_force": stored(
            "drawn_in_force", standing("GEN", "S1"), standing("FOOD", "S1"), standing("GEN", "S2", "A")
        ),
        "committed_round": ROUNDS,
        "unit": UNITS,
    }
    rows = select(engine, "county_totals_public", inputs)
    assert [(r["unit"], r["drawn_count"], r["task_count"], r["round_kind"]) for r in rows] == [
        ("临猗县局", 0, 0, "正式"), ("盐湖区局", 2, 3, "正式"),
    ]  # fmt: skip


def test_the_public_list_is_in_the_order_of_hashes(engine: DuckDBEngine) -> None:
    uids = [f"S{n}" for n in range(9)]
    rows = [
        {"round_id": ROUND, "uid": u, "ent_name": u, "task_names": "登记", "plan_ids": "x", "unit_name": "局"}
        for u in uids
    ]
    listed = select(engine, "drawn_public", {"drawn_subjects": stored("drawn_subjects", *rows)}, demonstration=True)
    assert [r["uscc"] for r in listed] == sorted(uids, key=lambda uid: hashlib.sha256(uid.encode()).hexdigest())
    assert {r["tasks"] for r in listed} == {"【演示】登记"}
