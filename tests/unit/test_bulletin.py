"""The rules of the bulletin at their edges, its counting SQL on a handful of rows, and the document (DOMAIN §4.7).

Not here: a whole year (tests/e2e/test_bulletin_year), the status of tasks (test_tasks), a month's run (tests/e2e).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import docx
import pandas as pd
import pytest

from data_contracts.model import output_contract
from resources.engines.duckdb_engine import DuckDBEngine
from resources.outbox.bulletin import write_bulletin
from resources.outbox.evidence_words import evidence_words
from supervision import bulletin as rules
from supervision import duties
from supervision.bulletin import Figure, MonthEnd, Reading, items
from supervision.bulletin_rules import BulletinError, Rule, edition_on, parse_editions, percent
from supervision.bulletin_year import (
    RoundCount,
    disposals_due,
    grade_shares,
    is_cut,
    month_ends,
    plan_references,
    plan_window,
    readings_of_year,
    rounds_known,
)
from supervision.months import last_day
from supervision.reports.marks import ITEM_MARKS, LEVEL_MARKS
from supervision.tasks import Evidence, known_evidence
from tests.unit import bulletin_year as small
from tests.unit.collection_frames import S, frame, run, stored

OCT = MonthEnd("2026-10", dt.date(2026, 10, 31))


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[DuckDBEngine]:
    with DuckDBEngine(temp_directory=tmp_path) as opened:
        yield opened


def rule(name: str) -> Rule:
    return next(each for each in small.editions()[-1].rules if each.id == name)


# —— the rules as values ——


def test_every_rule_says_what_must_be_reached():
    assert {each.id: each.threshold for each in small.editions()[-1].rules} == {
        "a1": "2023年12月31日前登记", "a2": "按期完成", "a3": "2022年12月31日前登记", "b1": "不低于100%", "b2": "不低于2",
        "b3": "不多于0户次", "c1": "不低于95%，低于85%为严重，连续2个月", "c2": "不低于98%，低于90%为严重",
        "c3": "不低于100%，低于95%为严重", "d1": "按期完成",
    }  # fmt: skip


def test_a_later_edition_takes_over_on_its_first_day():
    document = small.rules_document()
    document["editions"].append(document["editions"][0] | {"version": "v2", "valid_from": "2026-07-01"})
    editions = parse_editions(document, [t.task_id for t in small.register().tasks])
    assert [edition_on(editions, dt.date(2026, m, d)).version for m, d in ((6, 30), (7, 1))] == ["default-2022.1", "v2"]
    with pytest.raises(BulletinError, match="没有有效的通报规则"):
        edition_on(editions, dt.date(2022, 5, 9))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"kind": "opinion"}, "kind 应为"),
        ({"amber": "95%"}, "分数"),
        ({"red": "99/100"}, "red 不应高于 amber"),
        ({"running": 0}, "不小于 1"),
        ({"figure": "mood"}, "figure 应为"),
        ({"extra": 1}, "不认识的键 extra"),
        ({"kind": "overdue_tasks", "tasks": ["T0"], "level": "red"}, "不认识的键|没有的任务"),
    ],
)
def test_a_faulty_rule_is_refused_with_its_number(change, message):
    document = small.rules_document()
    at = next(i for i, raw in enumerate(document["editions"][0]["rules"]) if raw["id"] == "c1")
    document["editions"][0]["rules"][at] |= change
    with pytest.raises(BulletinError, match=message) as caught:
        parse_editions(document, [task.task_id for task in small.register().tasks])
    assert "c1" in str(caught.value)


def test_a_share_is_rounded_down():
    assert [percent(Fraction(n, 10_000)) for n in (9499, 9500, 10_000, 0)] == ["94.9%", "95%", "100%", "0%"]


# —— one rule each ——


def _rates(*pairs: tuple[int, int], name: str = "timeliness") -> list[Figure]:
    months = ("2026-09", "2026-10")[-len(pairs) :]
    return [Figure("2026-10", name, "140802", month, *pair) for month, pair in zip(months, pairs, strict=True)]


@pytest.mark.parametrize(
    ("pairs", "level", "measurable"),
    [
        ([(94, 100), (94, 100)], "amber", True),
        ([(95, 100), (94, 100)], None, True),
        ([(94, 100), (95, 100)], None, True),
        ([(84, 100), (84, 100)], "red", True),
        ([(84, 100), (85, 100)], "amber", True),
        ([(0, 100)], None, False),  # one month says nothing of two running
    ],
)
def test_timeliness_two_months_running(pairs, level, measurable):
    [reading] = rules.rate(rule("c1"), _rates(*pairs), OCT, "bulletin_figure")
    assert (reading.level, reading.measurable) == (level, measurable)


def test_a_rate_without_due_cases_is_no_reading():
    assert rules.rate(rule("c2"), _rates((0, 0), name="return_ack"), OCT, "x") == []


@pytest.mark.parametrize(("acknowledged", "level"), [(98, None), (97, "amber"), (90, "amber"), (89, "red")])
def test_acknowledgements_below_98_percent(acknowledged, level):
    [reading] = rules.rate(rule("c2"), _rates((acknowledged, 100), name="return_ack"), OCT, "x")
    assert (reading.level, reading.measured) == (level, f"回执率{acknowledged}/100（{acknowledged}%）")


def _index(drawn_d: int, n_d: int, drawn_a: int, n_a: int) -> Reading:
    shares = [
        Figure("2026-10", "differentiation", "140802", "A", drawn_a, n_a),
        Figure("2026-10", "differentiation", "140802", "D", drawn_d, n_d),
    ]
    [reading] = rules.index(rule("b2"), shares, OCT, "differentiation")
    return reading


def test_the_differentiation_index_below_two_is_listed():
    assert [_index(2, 100, 1, 100).level, _index(199, 10_000, 1, 100).level] == [None, "red"]
    assert _index(0, 100, 1, 100).level == "red"


@pytest.mark.parametrize("counts", [(1, 10, 0, 100), (1, 10, 0, 0), (0, 0, 1, 100)])
def test_an_index_that_cannot_be_formed_is_not_comparable_and_never_infinite(counts):
    reading = _index(*counts)
    assert (reading.measured, reading.level, reading.measurable) == ("差异化指数不可比", None, False)


def test_one_untriggered_visit_is_one_too_many():
    figures = [
        Figure("2026-10", "untriggered_visit", unit, "2026-10", n, 5) for unit, n in (("140802", 0), ("140821", 1))
    ]
    assert [r.level for r in rules.count(rule("b3"), figures, OCT, "x")] == [None, "red"]


def _evidence(**changes) -> Evidence:
    fields = {
        "evidence_no": "M1", "task_id": "T7.3", "unit_code": "JL", "evidence_kind": "mechanism",
        "evidenced_on": dt.date(2023, 6, 1), "file_sha256": "ab" * 32, "field_code": "metrology",
    }  # fmt: skip
    return Evidence(**(fields | changes))


def test_a_key_field_needs_mechanism_and_policy_rule_another_only_the_mechanism():
    register, policy = small.register(), duties.field_rules(small.known().policies["2026-06"])
    every = [_evidence(evidence_no=f.code, unit_code=f.unit, field_code=f.code) for f in register.fields]

    def levels(evidence, end=OCT):
        found = rules.field_mechanism(rule("a1"), register.fields, policy, evidence, end)
        return {r.subject: r.level for r in found if r.level}

    assert levels(every) == {"药品": "red"}  # the policy has no rule for it
    lacking = [row for row in every if row.field_code not in ("metrology", "catering")]
    assert levels(lacking) == {"药品": "red", "计量": "amber", "餐饮": "red"}
    assert levels([], MonthEnd("2023-12", dt.date(2023, 12, 31))) == {}
    assert levels([replace(row, unit_code="XY") for row in every])["餐饮"] == "red", "another section's paper"


def _mechanisms(rows: list[Evidence], end: MonthEnd = OCT) -> dict[str, Reading]:
    status = rules.statuses(small.register(), small.known_units(), rows, end.known_until)
    return {reading.unit: reading for reading in rules.unit_mechanism(rule("a3"), status.values(), end)}


def test_a_unit_without_any_mechanism_is_listed():
    found = _mechanisms([_evidence()])
    assert [(found[unit].level, found[unit].evidence_ref) for unit in ("JL", "140828")] == [
        (None, "M1"),
        ("red", "unit_duty"),
    ]
    assert _mechanisms([], MonthEnd("2022-12", dt.date(2022, 12, 31))) == {}


def test_a_mechanism_of_a_field_filed_for_the_fields_is_not_the_units():
    """As the task list judges it: evidence counts where it is filed."""
    rows = [_evidence(task_id="T2.2", unit_code="SP-SC", field_code="food_production")]
    assert _mechanisms(rows)["SP-SC"].level == "red"
    duty = {
        r["unit_code"]: r for r in duties.unit_duties(small.register(), small.known_units(), rows, OCT.known_until)
    }["SP-SC"]
    assert duty["mechanism_on"] is None and "工作机制" in duty["lacking"]
    assert _mechanisms([replace(row, task_id="T7") for row in rows])["SP-SC"].level is None, "filed under the clause"


def test_plans_of_the_last_three_plan_months_without_a_snapshot_or_without_a_round():
    def held(month: str, *, snapshot: bool = True) -> RoundCount:
        return RoundCount(
            month, {"140802": ["GEN", "FOOD"], "140821": ["GEN"]}, snapshot, dt.date.fromisoformat(f"{month}-05")
        )

    late = replace(held("2026-09"), known_on=dt.date(2026, 10, 9))
    known = small.known(rounds=[held("2026-08"), late])
    for end, months, lacking in (
        ("2026-09", ["2026-08", "2026-09"], ["2026-09"]),
        ("2026-10", ["2026-08", "2026-09", "2026-10"], ["2026-10"]),
    ):
        seen = rounds_known(known, MonthEnd(end, last_day(end)))
        assert sorted(each.month for each in seen) == months, end
        assert [each.month for each in seen if not each.has_snapshot] == lacking, end
    assert "GEN" in seen[-1].tasks["140802"]
    rounds = [held("2026-06", snapshot=False), held("2026-08"), held("2026-09", snapshot=False), held("2026-09")]
    window = plan_window((each.month for each in [*rounds, held("2026-10")]), "2026-10", 3)
    assert window == ["2026-08", "2026-09", "2026-10"]
    counted = plan_references("2026-10", window, [*rounds, held("2026-10", snapshot=False)], ["140802", "140821"])
    assert [(f.unit, f.numerator, f.denominator) for f in counted] == [("140802", 4, 6), ("140821", 2, 3)]
    [first, _] = rules.rate(rule("b1"), counted, OCT, "rounds:2026-10")
    assert first.level == "red"


def test_shares_are_summed_over_the_window_and_missing_months_are_no_zero():
    row = {"rollup": "unit", "rollup_key": "140802", "period_kind": "month", "counted_period": "2026-09"}
    row |= {"drawn_a": 1, "n_a": 100, "drawn_d": 5, "n_d": 10}
    blank = row | {"counted_period": "2026-10", "drawn_a": None, "n_a": None, "drawn_d": None, "n_d": None}
    outside = row | {"counted_period": "2026-05", "drawn_d": 0}
    total = row | {"period_kind": "year_to_date", "counted_period": "2026"}
    found = grade_shares("2026-10", ["2026-08", "2026-09", "2026-10"], [row, blank, outside, total])
    assert [(f.period, f.numerator, f.denominator) for f in found] == [("A", 1, 100), ("D", 5, 10)]


def test_a_round_committed_late_has_drawn_nobody_before():
    rounds = [
        RoundCount("2026-03", {"140802": ["GEN"]}, True, dt.date(2026, 3, 4)),
        RoundCount("2026-04", {"140802": ["GEN"]}, True, dt.date(2026, 5, 8)),
    ]
    row = {"rollup": "unit", "rollup_key": "140802", "period_kind": "month", "n_a": 100, "n_d": 10, "drawn_a": 1}
    shares = [row | {"counted_period": "2026-03", "drawn_d": 5}, row | {"counted_period": "2026-04", "drawn_d": 0}]
    ends = month_ends("2026-05", dt.date(2026, 5, 31), dt.date(2026, 3, 1))
    readings = readings_of_year(small.known(rounds=rounds, shares=shares), ends)
    said = {r.month: r.measured for r in readings if r.rule_id == "b2" and r.unit == "140802"}
    assert said == {"2026-03": "差异化指数50.0", "2026-04": "差异化指数50.0", "2026-05": "差异化指数25.0"}


# —— states ——


def test_months_begin_where_evidence_first_came_and_each_knows_its_own_last_day():
    ends = month_ends("2026-03", dt.date(2026, 4, 6), dt.date(2025, 12, 9))
    assert [(end.month, end.known_until.isoformat()) for end in ends] == [
        ("2025-12", "2025-12-31"), ("2026-01", "2026-01-31"), ("2026-02", "2026-02-28"), ("2026-03", "2026-04-06"),
    ]  # fmt: skip
    assert not is_cut(ends, dt.date(2025, 12, 9))
    longer = month_ends("2026-03", dt.date(2026, 4, 6), dt.date(2022, 6, 1))
    assert (longer[0].month, len(longer)) == ("2024-04", 24)
    assert is_cut(longer, dt.date(2022, 6, 1))
    assert [e.month for e in month_ends("2026-03", dt.date(2026, 3, 31), dt.date(2026, 2, 20))] == [
        "2026-02",
        "2026-03",
    ]


def _months(*levels: str | None, measurable: str = "") -> list[tuple[str, str | None, str]]:
    """The items of each month of readings r(ed), a(mber), None; `?` in `measurable` marks months without a measure."""
    names = small.YEAR[: len(levels)]
    readings = [
        Reading(month, "140802", "c1", "-", "x", level, dt.date(2026, 1, 1), "t", measurable[i : i + 1] != "?")
        for i, (month, level) in enumerate(zip(names, levels, strict=True))
        if level != "gone"
    ]
    found = items(readings, names)
    return [(item.state, item.level, item.since) for item in found]


def test_new_continuing_recalled_and_new_again():
    assert _months("red") == [("new", "red", "2026-01")]
    assert _months("red", "amber") == [("continuing", "amber", "2026-01")]
    assert _months("red", "red", None) == [("recalled", None, "2026-01")]
    assert _months("red", None, None) == []
    assert _months("red", None, "amber") == [("new", "amber", "2026-03")]


def test_what_cannot_be_measured_neither_lists_nor_recalls():
    assert _months("red", None, measurable=" ?") == [("continuing", "red", "2026-01")]
    assert _months(None, None, measurable=" ?") == []
    assert _months("red", None, None, measurable=" ? ") == [("recalled", None, "2026-01")]


def _listed(
    rule_id: str, month: str, *figures: tuple[str, int, int], first: str = "2026-06"
) -> list[tuple[str, str | None]]:
    """What the bulletin of a month says of a unit by a rule of figures, from month, numerator and denominator."""
    name = rule(rule_id).figure
    rows = [
        {
            "bulletin_month": m,
            "figure": name,
            "unit_code": "140802",
            "figure_month": m,
            "numerator": n,
            "denominator": d,
        }
        for m, n, d in figures
    ]
    ends = month_ends(month, last_day(month), dt.date.fromisoformat(f"{first}-01"))
    found = items(readings_of_year(small.with_figures(small.known(), rows), ends), [end.month for end in ends])
    return [(i.state, i.since) for i in found if i.reading.key == ("140802", rule_id, "-")]


def test_a_month_without_cases_keeps_what_was_listed():
    figures = [("2026-07", 5, 10), ("2026-09", 10, 10)]
    assert _listed("c2", "2026-07", *figures) == [("new", "2026-07")]
    assert _listed("c2", "2026-08", *figures) == [("continuing", "2026-07")]
    assert _listed("c2", "2026-09", *figures) == [("recalled", "2026-07")]
    assert _listed("c2", "2026-10", *figures) == []
    assert _listed("c2", "2026-08", ("2026-07", 5, 10), ("2026-08", 0, 0)) == [("continuing", "2026-07")]


def test_a_month_without_visits_has_no_untriggered_one():
    assert _listed("b3", "2026-08", ("2026-07", 1, 3)) == [("recalled", "2026-07")]


def test_an_item_begins_where_it_began_and_further_back_than_we_look_it_says_earlier():
    months = [month for year in (2024, 2025, 2026) for month in small.months_of(year)]
    bad = [(month, 0, 9) for month in months if month >= "2025-03"]
    assert _listed("c2", "2026-10", *bad, first="2025-01") == [("continuing", "2025-03")]
    always = [(month, 0, 9) for month in months]
    ends = month_ends("2026-10", last_day("2026-10"), dt.date(2023, 1, 1))
    rows = [
        {"bulletin_month": m, "figure": "return_ack", "unit_code": "140802", "figure_month": m, "numerator": n, "denominator": d}
        for m, n, d in always
    ]  # fmt: skip
    readings = readings_of_year(small.with_figures(small.known(), rows), ends)
    [found] = [i for i in items(readings, [e.month for e in ends], cut=True) if i.reading.key == ("140802", "c2", "-")]
    assert found.since == "2024-11以前"


def test_what_nobody_asks_for_any_more_is_dropped():
    assert _months("red", "gone") == []


def test_signs_of_states():
    contract = output_contract("bulletin")
    assert set(ITEM_MARKS) == set(contract.column("state").values.values())
    assert set(LEVEL_MARKS) == set(contract.column("finding_level").values.values())


# —— counting ——


def _figures(engine: DuckDBEngine, months: list[str], **data) -> dict[tuple[str, str, str], tuple[int, int]]:
    ends = month_ends(months[-1], dt.date(2026, 10, 31), dt.date.fromisoformat(f"{months[0]}-01"))
    rows = small.figures(engine, ends, small.known(), **data)
    return {
        (r["bulletin_month"], r["figure"], r["figure_month"]): (r["numerator"], r["denominator"])
        for r in rows
        if r["unit_code"] == "140802"
    }


def test_records_count_in_the_month_they_are_due_as_far_as_they_were_known(engine):
    records = [
        small.record("140802", "2026-08-03", "2026-08-05"),
        small.record("140802", "2026-08-03", "2026-08-25"),  # late
        small.record("140802", "2026-08-03", "2026-09-02"),  # late, and not known in August
        small.record("140802", "2026-08-04", "2026-08-05", collected=False),  # in quarantine: not collected
        small.record("140802", "2026-08-28", "2026-08-29", collected=False),  # due in September
        small.record("140802", "2026-07-01", "2026-08-05"),  # due before the first month
    ]
    found = _figures(engine, ["2026-08", "2026-09"], records=records)
    assert found["2026-08", "timeliness", "2026-08"] == (1, 3)
    assert found["2026-09", "timeliness", "2026-08"] == (1, 4)
    assert found["2026-09", "timeliness", "2026-09"] == (0, 1)
    assert ("2026-08", "timeliness", "2026-07") not in found


def test_acknowledgements_count_when_they_are_due(engine):
    day = dt.date
    waiting = {"return_state": "overdue", "returned_on": day(2026, 9, 30), "ack_due_on": day(2026, 10, 12)}
    taken = {"return_state": "acknowledged", "acknowledged_on": day(2026, 10, 8)}
    outcomes = [
        small.outcome("u1", "2026-09-03"),  # on the platform, never acknowledged
        small.outcome("u2", "2026-09-03", **waiting),
        small.outcome("u3", "2026-09-03", **waiting | taken),
        small.outcome("u4", "2026-09-03", **waiting | {"return_state": "rejected", "reject_reason": "缺项"}),
        small.outcome(
            "u5", "2026-09-03", **waiting | {"ack_due_on": day(2026, 10, 31)}
        ),  # the day itself has not passed
        small.outcome("u6", "2026-09-03", **waiting | {"of_voided_round": True}),
        small.outcome("u7", "2026-09-03", **waiting | {"return_state": "returned"}),  # its term is only provisional
        small.outcome("u8", "2026-10-01"),  # asked for from November on
    ]
    assert _figures(engine, ["2026-10"], outcomes=outcomes)["2026-10", "return_ack", "2026-10"] == (1, 4)
    known_later = _figures(engine, ["2026-10"], outcomes=outcomes, acknowledged=[("u3", "2026-11-02")])
    assert known_later["2026-10", "return_ack", "2026-10"] == (0, 4), "told of after the month's end"


def test_what_the_platform_sent_back_is_not_acknowledged(engine):
    rejected = {"return_state": "rejected", "reject_reason": "缺项", "acknowledged_on": dt.date(2026, 10, 8)}
    taken = {"return_state": "acknowledged", "acknowledged_on": dt.date(2026, 10, 8)}
    outcomes = [small.outcome(f"u{i}", "2026-09-03", **(rejected if i < 8 else taken)) for i in range(10)]
    assert _figures(engine, ["2026-10"], outcomes=outcomes)["2026-10", "return_ack", "2026-10"] == (2, 10)


def test_what_is_still_open_counts_until_it_is_settled(engine):
    day = dt.date
    late = {"return_state": "overdue", "ack_due_on": day(2026, 9, 4)}
    good = {"return_state": "acknowledged", "ack_due_on": day(2026, 10, 14), "acknowledged_on": day(2026, 10, 9)}
    settled = late | {"return_state": "acknowledged", "acknowledged_on": day(2026, 10, 20)}
    outcomes = [small.outcome(f"u{i}", "2026-08-20", **late) for i in range(5)]
    outcomes += [small.outcome(f"s{i}", "2026-08-20", **settled) for i in range(3)]
    outcomes += [
        small.outcome(f"t{i}", "2026-08-20", **settled | {"acknowledged_on": day(2026, 9, 2)}) for i in range(2)
    ]
    outcomes += [small.outcome(f"v{i}", "2026-09-20", **good) for i in range(10)]
    found = _figures(engine, ["2026-08", "2026-09", "2026-10"], outcomes=outcomes)
    assert [found[m, "return_ack", m] for m in ("2026-09", "2026-10")] == [(2, 10), (13, 18)]
    before = _figures(engine, ["2026-10"], outcomes=outcomes)
    assert before["2026-10", "return_ack", "2026-10"] == (10, 10), "due before there was data"


def test_what_was_not_published_counts_until_it_is(engine):
    day = dt.date
    outcomes = [
        small.outcome("u1", "2026-08-06", publish_due_on=day(2026, 9, 3)),
        small.outcome("u2", "2026-08-06", publish_due_on=day(2026, 9, 3), published_on=day(2026, 10, 15)),
        small.outcome("u3", "2026-08-06", publish_due_on=day(2026, 9, 3), published_on=day(2026, 9, 10)),  # late
        small.outcome("u4", "2026-08-06", publish_due_on=day(2026, 9, 3), published_on=day(2026, 9, 3)),
        small.outcome("u5", "2026-09-10", publish_due_on=day(2026, 9, 30), published_on=day(2026, 9, 30)),
    ]
    found = _figures(engine, ["2026-08", "2026-09", "2026-10"], outcomes=outcomes)
    assert [found[m, "publication", m] for m in ("2026-09", "2026-10")] == [(1, 4), (2, 3)]


def test_reminders_are_due_for_disposal_once_sent_and_their_term_is_over():
    day = dt.date(2026, 10, 31)
    row = {
        "unit_code": "140802", "channel": "letter", "sent_at": dt.date(2026, 10, 3), "disposed_at": None,
        "disposal_due_on": dt.date(2026, 10, 20), "suppressed_reason": None,
    }  # fmt: skip
    changes = {
        "R1": [{}],
        "R2": [{"disposed_at": day}, {"disposed_at": day, "reason_code": "CLUSTER"}],  # two reasons, one reminder
        "R3": [{"disposal_due_on": day}],  # its last day
        "R4": [{"disposal_due_on": day, "disposed_at": day}],
        "R5": [{"disposal_due_on": dt.date(2026, 11, 20), "disposed_at": day}],
        "R6": [{"sent_at": None}],
        "R7": [{"channel": "internal"}],
        "R8": [{"suppressed_reason": "repaired"}],
    }
    rows = [row | {"reminder_id": name} | change for name, each in changes.items() for change in each]
    assert disposals_due(rows, day) == {"140802": (2, 3)}


def test_publication_counts_by_the_day_it_is_due(engine):
    day = dt.date
    outcomes = [
        small.outcome("u1", "2026-09-03", publish_due_on=day(2026, 10, 9), published_on=day(2026, 10, 9)),
        small.outcome("u2", "2026-09-03", publish_due_on=day(2026, 10, 9), published_on=day(2026, 10, 10)),
        small.outcome("u3", "2026-09-03", publish_due_on=day(2026, 10, 9)),
        small.outcome("u4", "2026-09-03", publish_due_on=day(2026, 10, 31)),  # the day itself has not passed
        small.outcome("u5", "2026-09-03", publish_due_on=day(2026, 10, 9), publish_due_provisional=True),
    ]
    assert _figures(engine, ["2026-10"], outcomes=outcomes)["2026-10", "publication", "2026-10"] == (1, 3)
    known_later = _figures(engine, ["2026-10"], outcomes=outcomes, published=[("u1", "2026-11-02")])
    assert known_later["2026-10", "publication", "2026-10"] == (0, 3), "told of after the month's end"


def test_visits_to_low_risk_firms_without_trigger_or_law(engine):
    visit = {"mode": "on_site"}
    outcomes = [
        small.outcome("u1", "2026-10-08", **visit),
        small.outcome("u2", "2026-10-08", **visit),  # with a trigger
        small.outcome("u3", "2026-10-08", **visit | {"task_code": "FOOD"}),  # a law sets the frequency
        small.outcome("u4", "2026-10-08", **visit),  # not graded A
        small.outcome("u5", "2026-10-08", **visit | {"plan_id": "YC-2026-09-GEN"}),  # A only in October, planned before
        small.outcome("u6", "2026-10-08"),  # off-site
        small.outcome("u7", "2026-10-08", **visit),  # its trigger is older than a year
    ]
    grades = [("2026-10", uid, "A") for uid in ("u1", "u2", "u3", "u5", "u6", "u7")]
    grades += [("2026-10", "u4", "B"), ("2026-09", "u5", "B")]
    triggers = [("u2", "2026-10-01"), ("u7", "2025-09-30"), ("u1", "2026-10-09")]
    found = _figures(engine, ["2026-10"], outcomes=outcomes, grades=grades, triggers=triggers, law=["FOOD"])
    assert found["2026-10", "untriggered_visit", "2026-10"] == (2, 4)


def test_firms_in_observation_are_counted_once_and_told_apart_by_grade_and_key_field(engine):
    state = {"task": "GEN", "state": "exempt", "reason": "observation_period", "county": "140802"}
    frame_rows = [state | {"uid": uid} for uid in ("u1", "u2", "u3")]
    frame_rows += [state | {"uid": "u1", "task": "ADV"}, state | {"uid": "u4", "reason": "white_list"}]
    graded = [("u1", "A"), ("u2", "C"), ("u3", "B"), ("u4", "A")]
    inputs = {
        "frame": stored("frame", *frame_rows),
        "enterprise_month": stored("enterprise_month", *({"uid": u, "credit_grade": g} for u, g in graded)),
        "subject_field": stored("subject_field", {"uid": "u3", "field_code": "catering"}),
        "policy_key_field": frame({"field_code": S}, [{"field_code": "catering"}]),
    }
    assert run(engine, "observation", inputs) == [{"unit_code": "140802", "observed": 3, "in_order": 1}]


# —— registers ——


def test_units_without_body_or_mechanism_are_listed_with_what_they_lack():
    rows = [
        small.evidence("E1", "140802", "leading_body", "2022-06-01", "2026-01-05"),
        small.evidence("E2", "140802", "training", "2026-03-01", "2026-03-05", headcount=20, hours=3),
        small.evidence("E3", "140802", "training", "2026-03-02", "2026-03-05"),  # without headcount
    ]
    evidence = known_evidence(rows, OCT.known_until)
    found = {
        r["unit_code"]: r for r in duties.unit_duties(small.register(), small.known_units(), evidence, OCT.known_until)
    }
    mine = found["140802"]
    assert (mine["body_on"], mine["trainings"], mine["trained"]) == (dt.date(2022, 6, 1), 1, 20)
    assert mine["lacking"] == "工作机制、本年方案、信息安全培训、宣传"
    assert found["SPXT"]["responsible_for"] is None, "in the task force, in no task list"
    assert found["ZLK"]["unit_kind"] == "undecided"
    assert {"SJ-PT", "BM"}.isdisjoint(found)
    assert all(set(row) == set(output_contract("unit_duty").column_names) for row in found.values())


def test_meetings_by_quarter_name_units_and_say_where_there_was_none():
    rows = [
        small.evidence("H2", "140802", "meeting", "2026-06-30", "2026-07-05", participant_units="140802；XY"),
        small.evidence("H1", "XY", "meeting", "2026-04-01", "2026-07-05"),
        small.evidence("H0", "XY", "meeting", "2025-12-31", "2026-07-05"),
    ]
    found = duties.meeting_register(small.known_units(), known_evidence(rows, OCT.known_until), dt.date(2026, 7, 31))
    assert [(r["quarter"], r["meeting_ref"]) for r in found] == [
        ("2026-Q1", "-"), ("2026-Q2", "H1"), ("2026-Q2", "H2"), ("2026-Q3", "-"),
    ]  # fmt: skip
    assert found[2]["participants"] == "盐湖区市场监督管理局、信用监督管理科"


# —— the document ——


def _item(unit: str, rule_id: str, state: str, **changes) -> dict:
    each = rule(rule_id)
    return {
        "bulletin_month": "2026-10", "unit_code": unit, "unit_name": small.known_units().by_code[unit].name,
        "rule_id": rule_id, "subject": "-", "clause": each.clause, "rule": each.title, "measured": "实测",
        "threshold": each.threshold, "finding_level": None if state == "recalled" else "red", "state": state,
        "since_month": "2026-08", "evidence_ref": "bulletin_figure", "evidence_sha256": "ab" * 32, "reply": None,
    } | changes  # fmt: skip


def _write(path: Path, *rows: dict) -> str:
    status = pd.DataFrame([{"is_history": False, "status": "done"}, {"is_history": True, "status": "n/a"}])
    frame = pd.DataFrame(rows, columns=list(output_contract("bulletin").column_names), dtype=object)
    return write_bulletin(
        path, frame, status, bureau="运城市市场监督管理局", month="2026-10", as_of=dt.date(2026, 10, 31),
        source_document="运市监信用〔2022〕4号", version="某版", demonstration=True,
    )  # fmt: skip


def test_the_bulletin_is_a_document_with_its_table_by_unit_and_what_is_recalled(tmp_path):
    rows = [
        _item("140802", "c1", "new"),
        _item("140802", "a2", "continuing", evidence_ref="E1;E2", evidence_sha256=";".join(("cd" * 32, "ef" * 32))),
        _item("140821", "a1", "recalled", subject="计量", evidence_ref="rounds:2026-08;2026-09"),
    ]
    digest = _write(tmp_path / "a.docx", *rows)
    assert _write(tmp_path / "b.docx", *rows) == digest
    document = docx.Document(str(tmp_path / "a.docx"))
    text = "\n".join(paragraph.text for paragraph in document.paragraphs)
    for words in (
        "关于2026年10月企业信用风险分类管理",
        "各县（市、区）市场监督管理局",
        "演示数据",
        "新增1项，持续1项",
        "销号1项",
        "附件2",
    ):
        assert words in text
    assert "{" not in text
    listed, recalled = ([[cell.text for cell in row.cells] for row in table.rows] for table in document.tables)
    assert listed[0] == ["事项及依据", "实测值", "标准", "状态", "证据及摘要（前12位）", "说明/整改"]
    assert listed[1][0] == "盐湖区市场监督管理局（2项）"
    assert listed[2][1:] == [
        "实测",
        rule("c1").threshold,
        "严重，新增\n始于2026年8月",
        "通报所用的数\nabababababab",
        "",
    ]
    assert listed[3][4] == "E1等2份\ncdcdcdcdcdcd"
    assert len(listed) == 4
    assert recalled[1][0] == "临猗县市场监督管理局"
    assert recalled[1][5] == "抽取包 2026-08、2026-09\nabababababab"


def test_a_month_without_items_says_so(tmp_path):
    _write(tmp_path / "a.docx")
    document = docx.Document(str(tmp_path / "a.docx"))
    text = "\n".join(paragraph.text for paragraph in document.paragraphs)
    assert "本月没有列入通报的事项" in text
    assert "本月没有销号的事项" in text
    assert "附件2" not in text
    assert len(document.tables) == 1


def test_evidence_is_named_in_words():
    assert evidence_words("unit_measure;E7") == "单位指标;E7"
    assert evidence_words(None) is None
