"""The joins of sql/plan from the candidates to the strata, each rule on a handful of rows.

Not here: roster, conflicts and triggers (test_sql_rules), the quotas (test_draw_quota), a whole year (test_year).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from resources.engines.duckdb_engine import DuckDBEngine, sql_text
from tests.unit.collection_frames import AS_OF, accepted, stored

STRATA = ("A", "B", "C", "D", "U", "L1", "L2", "L3", "L4", "KEY", "NONKEY", "FLAT")
TASK = {
    "task": "GEN",
    "stratum_by": "credit_grade",
    "has_fields": False,
    "has_wider_scope": False,
    "has_industries": False,
    "has_licences": False,
    "has_counties": False,
    "has_observation": True,
    "has_white_list": True,
    "set_by_law": False,
}
ENTERPRISE = {
    "uid": "F",
    "county": "140802",
    "subject_type": "enterprise",
    "is_live": True,
    "in_jurisdiction": True,
    "is_new_form": False,
    "established_on": date(2001, 1, 1),
    "credit_grade": "B",
}
DRAWN = {
    "round_id": "YC-2026-09",
    "draw_month": "2026-09",
    "task": "GEN",
    "county": "140802",
    "stratum": "B",
    "uid": "F",
}
HISTORY = DRAWN | {"is_voided": False}


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[DuckDBEngine]:
    with DuckDBEngine(temp_directory=tmp_path) as opened:
        yield opened


def run(engine: DuckDBEngine, name: str, inputs: Mapping[str, pa.Table], **params: object) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = engine.select(sql_text(f"plan/{name}"), inputs, params).to_pylist()
    return rows


def pick(rows: Sequence[Mapping[str, Any]], *names: str) -> list[tuple[Any, ...]]:
    return [tuple(row[name] for name in names) for row in rows]


def pairs(first: str, second: str, *values: tuple[str, str]) -> pa.Table:
    columns = [[value[place] for value in values] for place in (0, 1)]
    return pa.table({first: pa.array(columns[0], pa.string()), second: pa.array(columns[1], pa.string())})


def policy(task: Mapping[str, Any]) -> dict[str, pa.Table]:
    levels = [
        {"task": "GEN", "stratum": s, "gap_months": 6, "on_site": s != "A", "yearly_cap": None if s == "A" else 1}
        for s in STRATA
    ]
    grades = [("medical_device", "level_4", "D"), ("catering", "D", "D")]
    return {
        "policy_task": pa.Table.from_pylist([dict(task)]),
        "policy_scope_types": pairs("task", "type", ("GEN", "enterprise")),
        "policy_scope_fields": pairs("task", "field_code", ("GEN", "catering"), ("GEN", "medical_device")),
        "policy_level": pa.Table.from_pylist(levels),
        "policy_on_site": pairs("task", "stratum", ("GEN", "B"), ("FOOD", "L4"), ("FOOD2", "B"), ("FOOD2", "L4")),
        "policy_matrix": pa.Table.from_pylist([
            {"credit_grade": "A", "field_grade": "D", "stratum": "L3"},
            {"credit_grade": "D", "field_grade": "U", "stratum": "L4"},
        ]),
        "policy_cap": pa.Table.from_pylist([{"credit_grade": g, "visits": 4 if g == "D" else 2} for g in "ABCDU"]),
        "policy_key_field": pa.table({"field_code": ["catering"]}),
        "policy_observed": pa.Table.from_pylist([{"credit_grade": "A"}, {"credit_grade": "B"}]),
        "ref_field_grades": pa.Table.from_pylist(
            [dict(zip(("field_code", "field_grade", "letter"), row, strict=True)) for row in grades]
        ),
    }  # fmt: skip


def candidates(engine: DuckDBEngine, *, task: Mapping[str, Any] = TASK, **rows: Any) -> list[dict[str, Any]]:
    subject = {"uid": "F", "county": "140802", "type": rows.get("type", "enterprise"), "fields": ""}
    inputs = policy(task) | {
        "population": stored("population", subject),
        "enterprise_month": stored("enterprise_month", ENTERPRISE | rows.get("enterprise", {})),
        "subject_field": stored("subject_field", *rows.get("fields", ())),
        "task_scope": stored("task_scope", *rows.get("scope", ())),
        "visit": stored("visit", *rows.get("visits", ())),
        "draw_history": stored("draw_history", *rows.get("history", ())),
        "accepted_white_list": accepted("white_list", *rows.get("white_list", ())),
    }
    params = {"year": 2026, "year_text": "2026", "month": "2026-10", "month_number": 2026 * 12 + 10, "as_of": AS_OF}
    return run(engine, "frame_candidate", inputs, **params, observed_since=date(2025, 10, 1))


def visited(day: date, task: str = "GEN") -> dict[str, Any]:
    return {"uid": "F", "visited_on": day, "task": task, "month_number": day.year * 12 + day.month}


# —— strata ——
def test_strata_by_credit_grade(engine: DuckDBEngine) -> None:
    assert pick(candidates(engine), "task", "uid", "stratum") == [("GEN", "F", "B")]
    assert pick(candidates(engine, enterprise={"credit_grade": None}), "stratum") == [("U",)]
    assert candidates(engine, type="cooperative") == []


def test_a_field_d_firm_with_credit_a_is_never_at_the_lowest_level(engine: DuckDBEngine) -> None:
    task = TASK | {"stratum_by": "combined", "has_fields": True}
    catering = {"uid": "F", "field_code": "catering", "field_grade": "D", "is_key_unit": False}
    lowest = {"credit_grade": "A"}
    assert pick(candidates(engine, task=task, fields=[catering], enterprise=lowest), "stratum") == [("L3",)]
    device = catering | {"field_code": "medical_device", "field_grade": "level_4"}  # 四级 is the highest risk
    assert pick(candidates(engine, task=task, fields=[device], enterprise=lowest), "stratum") == [("L3",)]
    ungraded = catering | {"field_grade": None}
    found = candidates(engine, task=task, fields=[ungraded], enterprise={"credit_grade": "D"})
    assert pick(found, "stratum") == [("L4",)]
    assert candidates(engine, task=task, fields=[catering | {"field_code": "drug"}]) == []


def test_key_units_are_a_stratum_and_a_flat_task_has_one(engine: DuckDBEngine) -> None:
    task = TASK | {"stratum_by": "key_unit", "has_fields": True}
    catering = {"uid": "F", "field_code": "catering", "is_key_unit": True}
    assert pick(candidates(engine, task=task, fields=[catering]), "stratum") == [("KEY",)]
    assert pick(candidates(engine, task=task, fields=[catering | {"is_key_unit": False}]), "stratum") == [("NONKEY",)]
    assert pick(candidates(engine, task=TASK | {"stratum_by": "flat"}), "stratum") == [("FLAT",)]


# —— what blocks and what exempts ——
def test_the_gap_ends_in_the_month_m_plus_g(engine: DuckDBEngine) -> None:
    assert pick(candidates(engine, visits=[visited(date(2026, 5, 31))]), "within_gap") == [(True,)]
    assert pick(candidates(engine, visits=[visited(date(2026, 4, 30))]), "within_gap") == [(False,)]
    assert pick(candidates(engine, visits=[visited(date(2026, 9, 1), "FOOD")]), "within_gap") == [(False,)]


def test_the_yearly_caps(engine: DuckDBEngine) -> None:
    assert pick(candidates(engine, visits=[visited(date(2026, 1, 5))]), "over_cap") == [(True,)]
    assert pick(candidates(engine, visits=[visited(date(2025, 1, 5))]), "over_cap") == [(False,)]
    twice = [visited(date(2026, 1, 5), "FOOD"), visited(date(2026, 2, 5), "FOOD")]
    assert pick(candidates(engine, visits=twice), "over_cap") == [(True,)]
    same_day = [visited(date(2026, 1, 5), "FOOD"), visited(date(2026, 1, 5), "CATER")]
    assert pick(candidates(engine, visits=same_day), "over_cap") == [(False,)]
    assert pick(candidates(engine, visits=twice, enterprise={"credit_grade": "D"}), "over_cap") == [(False,)]
    by_law = TASK | {"set_by_law": True}
    assert pick(candidates(engine, task=by_law, visits=twice), "over_cap") == [(False,)]
    assert pick(candidates(engine, task=by_law, visits=[visited(date(2026, 1, 5))]), "over_cap") == [(True,)]
    triggered = [visited(date(2026, 1, 5), "TS"), visited(date(2026, 2, 5), "FC")]
    assert pick(candidates(engine, visits=triggered), "over_cap") == [(False,)]
    off_site = {"credit_grade": "A"}
    assert pick(candidates(engine, visits=[visited(date(2026, 1, 5))], enterprise=off_site), "over_cap") == [(False,)]
    assert pick(candidates(engine, visits=twice, enterprise=off_site), "over_cap") == [(False,)]


def test_a_draw_that_awaits_its_visit_counts_as_one(engine: DuckDBEngine) -> None:
    """Else the next month draws the same firm before the first result has come back."""
    assert pick(candidates(engine, history=[HISTORY]), "within_gap", "over_cap") == [(True, True)]
    made = [visited(date(2026, 9, 20))]
    assert pick(candidates(engine, history=[HISTORY], visits=made), "within_gap", "over_cap") == [(True, True)]
    off_site = HISTORY | {"stratum": "A"}
    assert pick(candidates(engine, history=[off_site]), "within_gap", "over_cap") == [(True, False)]
    assert pick(candidates(engine, history=[off_site | {"draw_month": "2026-04"}]), "within_gap") == [(False,)]
    # two tasks of one round are one visit; of two rounds, two
    other = HISTORY | {"task": "FOOD", "stratum": "L4"}
    assert pick(candidates(engine, history=[other, other | {"task": "GEN", "stratum": "A"}]), "over_cap") == [(False,)]
    assert pick(
        candidates(engine, history=[other, other | {"round_id": "x", "draw_month": "2026-08"}]), "over_cap"
    ) == [(True,)]
    # of two tasks of one round one has its result already: still one visit, and with the older one two
    result = [visited(date(2026, 9, 20), "FOOD")]
    two = [other, HISTORY | {"stratum": "B", "task": "FOOD2"}]
    assert pick(candidates(engine, history=two, visits=result), "over_cap") == [(False,)]
    older = other | {"round_id": "x", "draw_month": "2026-08", "task": "FOOD2"}
    assert pick(candidates(engine, history=[*two, older], visits=result), "over_cap") == [(True,)]
    # visited since: the visit counts in its place, under another task's name it does not
    seen = [visited(date(2026, 9, 20), "FOOD")]
    assert pick(candidates(engine, history=[other], visits=seen), "over_cap") == [(False,)]


def test_only_draws_of_the_year_are_drawn_this_year(engine: DuckDBEngine) -> None:
    last = HISTORY | {"round_id": "YC-2025-12", "draw_month": "2025-12"}
    assert pick(candidates(engine, history=[HISTORY]), "drawn_this_year", "drawn_in_voided") == [(True, False)]
    assert pick(candidates(engine, history=[last]), "drawn_this_year") == [(False,)]
    void = HISTORY | {"round_id": "YC-2026-10", "draw_month": "2026-10", "is_voided": True}
    assert pick(candidates(engine, history=[void]), "drawn_this_year", "drawn_in_voided") == [(True, True)]
    before = void | {"draw_month": "2026-08"}
    assert pick(candidates(engine, history=[before]), "drawn_in_voided") == [(False,)]


def test_observation_ends_on_downgrade_with_time_and_for_key_fields(engine: DuckDBEngine) -> None:
    new = {"is_new_form": True, "established_on": date(2025, 10, 2)}
    assert pick(candidates(engine, enterprise=new), "in_observation") == [(True,)]
    for change in (
        {"credit_grade": "C"},
        {"credit_grade": None},
        {"established_on": date(2025, 10, 1)},
        {"is_new_form": False},
    ):
        assert pick(candidates(engine, enterprise=new | change), "in_observation") == [(False,)]
    task = TASK | {"has_observation": False}
    assert pick(candidates(engine, task=task, enterprise=new), "in_observation") == [(False,)]
    caterer = {"uid": "F", "field_code": "catering"}  # a key field, whatever the task
    assert pick(candidates(engine, enterprise=new, fields=[caterer]), "in_observation") == [(False,)]
    dealer = {"uid": "F", "field_code": "medical_device"}
    assert pick(candidates(engine, enterprise=new, fields=[dealer]), "in_observation") == [(True,)]


def test_the_white_list_counts_while_it_is_valid_and_for_its_tasks(engine: DuckDBEngine) -> None:
    entry = {"uscc": "F", "listed_on": date(2026, 1, 1), "expires_on": AS_OF}
    assert pick(candidates(engine, white_list=[entry]), "on_white_list") == [(True,)]
    for change in (
        {"expires_on": date(2026, 10, 30)},
        {"listed_on": date(2026, 11, 1)},
        {"uscc": "G"},
        {"is_current": False},
        {"tasks": "FOOD;GENERAL"},
    ):
        assert pick(candidates(engine, white_list=[entry | change]), "on_white_list") == [(False,)], change
    assert pick(candidates(engine, white_list=[entry | {"tasks": "FOOD;GEN"}]), "on_white_list") == [(True,)]
    task = TASK | {"has_white_list": False}
    assert pick(candidates(engine, task=task, white_list=[entry]), "on_white_list") == [(False,)]


# —— scope ——
WIDER = TASK | {"has_wider_scope": True}


@pytest.mark.parametrize(
    ("limits", "inside"),
    [
        ({}, True),
        ({"has_industries": True}, True),
        ({"has_industries": True, "industry_code": "F5191"}, False),
        ({"has_industries": True, "industry_code": None}, False),
        ({"has_licences": True}, True),
        ({"has_licences": True, "licence_words": "道路运输"}, False),
        ({"has_counties": True}, True),
        ({"has_counties": True, "county": "140821"}, False),
        ({"has_fields": True}, True),
        ({"has_fields": True, "field_code": "drug"}, False),
        ({"is_live": False}, False),
    ],
)
def test_a_wider_scope_asks_for_all_of_its_limits(
    engine: DuckDBEngine, limits: Mapping[str, Any], inside: bool
) -> None:
    task = WIDER | {name: value for name, value in limits.items() if name in TASK}
    fact = {"industry_code": "F5182", "licence_words": "拍卖业务 许可", "county": "140802", "field_code": "catering"}
    fact |= {"is_live": True} | dict(limits)
    inputs = {name: table for name, table in policy(task).items() if name in ("policy_task", "policy_scope_fields")} | {
        "policy_scope_industries": pairs("task", "industry", ("GEN", "5182"), ("GEN", "5183")),
        "policy_scope_licences": pairs("task", "licence", ("GEN", "拍卖")),
        "policy_scope_counties": pairs("task", "county", ("GEN", "140802")),
        "enterprise_month": stored(
            "enterprise_month", ENTERPRISE | {"county": fact["county"], "is_live": fact["is_live"]}
        ),
        "subject": stored("subject", {"uid": "F", "industry_code": fact["industry_code"]}),
        "subject_field": stored("subject_field", {"uid": "F", "field_code": fact["field_code"]}),
        "subject_licence": stored("subject_licence", {"uid": "F", "licence_words": fact["licence_words"]}),
    }
    scope = run(engine, "task_scope", inputs)
    assert pick(scope, "task", "uid") == ([("GEN", "F")] if inside else [])
    assert bool(candidates(engine, task=task, scope=scope)) is inside


def test_the_population_lists_fields_of_the_policy_and_scopes_in_order(engine: DuckDBEngine) -> None:
    inputs = {
        "enterprise_month": stored("enterprise_month", ENTERPRISE, ENTERPRISE | {"uid": "G", "is_live": False}),
        "subject_field": stored(
            "subject_field", *({"uid": "F", "field_code": f} for f in ("price", "catering", "tax"))
        ),
        "policy_field": pa.table({"field_code": ["catering", "price"]}),
        "task_scope": stored("task_scope", {"task": "AUC", "uid": "F"}),
    }
    assert pick(run(engine, "population", inputs), "uid", "fields") == [("F", "catering;price;scope.AUC")]


# —— states, strata and their count ——
@pytest.mark.parametrize(
    ("facts", "blocks", "state", "reason"),
    [
        ((), True, "eligible", ""),
        (("in_observation", "on_white_list", "drawn_this_year", "within_gap"), True, "exempt", "observation_period"),
        (("on_white_list", "drawn_this_year", "within_gap"), True, "exempt", "white_list"),
        (("within_gap", "over_cap", "drawn_this_year", "drawn_in_voided"), True, "blocked", "drawn_this_year"),
        (("within_gap", "over_cap", "drawn_this_year", "drawn_in_voided"), False, "blocked", "voided_round"),
        (("within_gap", "over_cap", "drawn_this_year"), False, "blocked", "visited_within_gap"),
        (("over_cap", "drawn_this_year"), False, "blocked", "yearly_cap_reached"),
        (("drawn_this_year",), False, "eligible", ""),
    ],
)
def test_state_and_reason(engine: DuckDBEngine, facts: tuple[str, ...], blocks: bool, state: str, reason: str) -> None:
    place = {"task": "GEN", "county": "140802", "stratum": "B"}
    names = ("in_observation", "on_white_list", "within_gap", "over_cap", "drawn_this_year", "drawn_in_voided")
    candidate = stored("frame_candidate", place | {"uid": "F"} | {name: name in facts for name in names})
    exempt = ("observation_period", "white_list")
    reasons = ("drawn_this_year", "voided_round", "visited_within_gap", "yearly_cap_reached")
    states = pairs("reason", "state", *((r, "exempt") for r in exempt), *((r, "blocked") for r in reasons))
    frame = run(
        engine,
        "frame",
        {
            "frame_candidate": candidate,
            "stratum_quota": stored("stratum_quota", place | {"base": 1, "blocks_drawn_this_year": blocks}),
            "policy_reason": states,
        },
    )
    assert pick(frame, "state", "reason") == [(state, reason)]
    assert pick(run(engine, "stratum_base", {"frame_candidate": candidate}), "base") == [(int(state != "exempt"),)]
    history = [HISTORY | {"round_id": r, "uid": r} for r in ("r1", "r2")] + [HISTORY | {"draw_month": "2025-12"}]
    due = pa.Table.from_pylist([place | {"target_e4": 7}, place | {"target_e4": 5}])
    strata = run(
        engine,
        "strata",
        {"frame": stored("frame", *frame), "draw_history": stored("draw_history", *history), "voided_due": due},
        year_text="2026",
    )
    counted = (int(state != "exempt"), int(state == "eligible"), 2, 12)
    assert pick(strata, "base", "eligible", "drawn_ytd", "served_e4") == [counted]


def test_the_tally_sees_whoever_is_missing_from_the_frame(engine: DuckDBEngine) -> None:
    subject = {"county": "140802", "type": "enterprise", "fields": "catering;price"}
    place = {"task": "GEN", "county": "140802", "stratum": "B", "state": "eligible", "reason": ""}
    population = [subject | {"uid": uid} for uid in "FGH"] + [subject | {"uid": "I", "fields": "scope.GEN;tax"}]

    def tally(task: Mapping[str, Any], *uids: str) -> list[tuple[Any, ...]]:
        inputs = {
            "frame": stored("frame", *(place | {"uid": uid} for uid in uids)),
            "population": stored("population", *population),
        }
        return pick(run(engine, "frame_tally", policy(task) | inputs), "state", "subjects", "in_scope")

    assert tally(TASK, *"FGHI") == [("eligible", 4, 4)]
    assert tally(TASK, *"FGH") == [("eligible", 3, 4)]
    assert tally(TASK | {"has_fields": True}, *"FGH") == [("eligible", 3, 3)]
    assert tally(WIDER, "I") == [("eligible", 1, 1)]
    assert tally(WIDER) == [("none", 0, 1)]


def test_own_rounds_take_the_place_of_imported_ones(engine: DuckDBEngine) -> None:
    told = {"task_code": "GEN", "is_replacement": False}
    imported = [
        told | {"round_id": "YC-2026-09", "draw_month": "2026-09", "uscc": "OLD"},
        told | {"round_id": "YC-2026-08", "draw_month": "2026-08", "uscc": "KEPT"},
        told | {"round_id": "YC-2026-08", "draw_month": "2026-08", "uscc": "SPARE", "is_replacement": True},
        told | {"round_id": "YC-2025-12", "draw_month": "2025-12", "uscc": "LAST"},
        told | {"round_id": "YC-2025-09", "draw_month": "2025-09", "uscc": "LONG AGO"},
        told | {"round_id": "YC-2026-10", "draw_month": "2026-10", "uscc": "NOW"},
    ]
    void = HISTORY | {"round_id": "YC-2026-10", "draw_month": "2026-10", "uid": "VOID", "is_voided": True}
    own = pa.Table.from_pylist([HISTORY | {"uid": "NEW"}, void])
    inputs = {"accepted_prior_draw": accepted("prior_draw", *imported), "own_draws": own}
    found = run(engine, "draw_history", inputs, month="2026-10", since="2025-10")
    assert pick(found, "uid", "is_voided") == [("LAST", False), ("KEPT", False), ("NEW", False), ("VOID", True)]


def test_a_voided_rounds_subjects_are_triggers_of_the_next(engine: DuckDBEngine) -> None:
    voided = pa.table({"trigger_id": ["V.YC-2026-10.1"], "uid": ["F"], "county": ["140802"]})
    told = stored("triggered_inspection", {"trigger_id": "TS-1", "uid": "G", "county": "140802"})
    found = run(engine, "round_trigger", {"triggered_inspection": told, "voided_visit": voided})
    assert pick(found, "trigger_id", "uid") == [("TS-1", "G"), ("V.YC-2026-10.1", "F")]
