"""The four clocks: the worked dates of DOMAIN §4.5, every state, versions by date, and what a clock file may say."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from data_contracts.registry import source, sources
from resources.calendars import calendar
from resources.reference import clocks, unpublished
from supervision.clocks import STATES, ClockError, clock_faults, delay, judge, parse_clocks, parse_unpublished
from supervision.workdays import DueDate

CLOCKS = {clock.name: clock for clock in clocks()}
DUE = DueDate(date(2026, 10, 19), False)
BEFORE, AFTER = date(2026, 10, 18), date(2026, 10, 20)


def day(text: str) -> date:
    return date.fromisoformat(text)


@pytest.mark.parametrize(
    ("formed", "seven", "twenty"),
    [
        ("2022-04-29", "2022-05-12", "2022-05-31"),
        ("2025-09-26", "2025-10-13", "2025-10-30"),
        ("2026-02-13", "2026-03-02", "2026-03-19"),
        ("2026-03-02", "2026-03-11", "2026-03-30"),
        ("2026-09-30", "2026-10-15", "2026-11-03"),
    ],
)
def test_the_worked_dates_of_each_clock(formed: str, seven: str, twenty: str) -> None:
    due = {name: clock.due_on(day(formed), calendar()) for name, clock in CLOCKS.items() if clock.starts == "formed_on"}
    assert due == {
        "collect_7wd": DueDate(day(seven), False),
        "double_publicity_7wd": DueDate(day(seven), False),
        "publish_20wd": DueDate(day(twenty), False),
    }


def test_four_clocks_are_kept_apart() -> None:
    assert [(c.name, c.starts, c.measured, c.versions[-1].working_days) for c in clocks()] == [
        ("collect_7wd", "formed_on", "received_on", 7),
        ("double_publicity_7wd", "formed_on", "published_on", 7),
        ("publish_20wd", "formed_on", "published_on", 20),
        ("grade_monthly", "month", "received_on", None),
    ]
    assert all(version.clause for clock in clocks() for version in clock.versions)


def test_a_monthly_clock_ends_with_the_month() -> None:
    assert CLOCKS["grade_monthly"].due_on(day("2026-02-01"), calendar()) == DueDate(day("2026-02-28"), False)


def test_a_day_before_the_rule_has_no_due_day() -> None:
    assert CLOCKS["collect_7wd"].due_on(day("2021-12-31"), calendar()) is None
    rows = CLOCKS["collect_7wd"].due_rows(day("2021-12-31"), day("2022-01-01"), calendar())
    assert [row[:2] for row in rows] == [("collect_7wd", day("2022-01-01"))]


def test_a_new_rule_holds_from_its_day() -> None:
    [clock] = parse_clocks(
        {"clocks": [entry(versions=[version(), version(valid_from=day("2026-03-02"), working_days=5)])]}
    )
    assert clock.due_on(day("2026-03-01"), calendar()) == DueDate(day("2026-03-10"), False)
    assert clock.due_on(day("2026-03-02"), calendar()) == DueDate(day("2026-03-09"), False)


@pytest.mark.parametrize(
    ("done", "due", "as_of", "state", "late_by"),
    [
        (DUE.day, DUE, AFTER, "on_time", None),
        (AFTER, DUE, AFTER, "late", 1),
        (date(2026, 10, 24), DUE, date(2026, 10, 31), "late", 4),
        (None, DUE, DUE.day, "not_yet_due", None),
        (None, DUE, AFTER, "overdue_open", 1),
        (None, None, AFTER, "undeterminable", None),
        (AFTER, None, AFTER, "undeterminable", None),
        (AFTER, DueDate(DUE.day, True), AFTER, "undeterminable", None),
        (None, DueDate(DUE.day, True), AFTER, "undeterminable", None),
        (None, DueDate(DUE.day, True), BEFORE, "not_yet_due", None),
        (BEFORE, DueDate(DUE.day, True), AFTER, "on_time", None),
    ],
)
def test_every_state_and_its_delay(done: Any, due: Any, as_of: date, state: str, late_by: int | None) -> None:
    assert judge(done, due, as_of) == state
    assert delay(done, due, as_of, calendar()) == late_by


def test_a_weekend_after_the_due_day_is_late_by_one() -> None:
    assert delay(date(2026, 10, 24), DueDate(date(2026, 10, 23), False), date(2026, 10, 31), calendar()) == 1


@given(
    done=st.none() | st.dates(date(2026, 1, 1), date(2026, 12, 31)),
    due=st.none() | st.builds(DueDate, st.dates(date(2026, 1, 1), date(2026, 12, 31)), st.booleans()),
    as_of=st.dates(date(2026, 1, 1), date(2026, 12, 31)),
)
def test_what_is_provisional_or_not_yet_due_is_never_overdue(done: Any, due: Any, as_of: date) -> None:
    state = judge(done, due, as_of)
    assert state in STATES
    if due is None or due.provisional or (done is None and as_of <= due.day):
        assert state not in ("late", "overdue_open")
    assert (delay(done, due, as_of, calendar()) is not None) == (state in ("late", "overdue_open"))


def test_every_source_has_clocks_that_can_run() -> None:
    facts = [(s.name, s.clocks, bool(s.contract.formed_on), bool(s.contract.published_on)) for s in sources()]
    assert clock_faults(clocks(), facts) == []
    assert {
        s.name for s in sources() if s.kind in ("base", "field", "department") and "collect_7wd" not in s.clocks
    } == set()


def test_a_clock_that_cannot_run_is_named() -> None:
    facts = [
        ("a", ("collect_1wd",), True, True),
        ("b", ("collect_7wd",), False, True),
        ("c", ("publish_20wd",), True, False),
        ("d", ("grade_monthly",), False, False),
    ]
    found = clock_faults(clocks(), facts)
    assert [text.split("来源 ")[1][0] for text in found] == ["a", "b", "c"]
    assert "collect_1wd" in found[0] and "formedOn" in found[1] and "publishedOn" in found[2]


@pytest.mark.parametrize(
    ("cell", "formed", "covered"),
    [
        ("警告", "2021-09-01", True),
        (" 警告； ", "2026-01-05", True),
        ("警告;罚款", "2026-01-05", False),
        ("通报批评", "2026-01-05", False),
        ("警告", "2021-08-31", False),
        ("", "2026-01-05", False),
        (None, "2026-01-05", False),
    ],
)
def test_a_warning_alone_is_not_made_public(cell: str | None, formed: str, covered: bool) -> None:
    [rule] = unpublished()
    assert source(rule.source).contract.column(rule.column).title == "处罚类别"
    assert rule.covers(cell, day(formed)) == covered
    assert not rule.covers(cell, None)


@pytest.mark.parametrize(
    "change", [{"only": []}, {"only": "警告"}, {"valid_from": "2021"}, {"clause": None}, {"more": 1}]
)
def test_an_exemption_without_its_rule_is_refused(change: dict[str, Any]) -> None:
    sound = {
        "source": "penalty",
        "column": "penalty_type",
        "only": ["警告"],
        "valid_from": date(2021, 9, 1),
        "clause": "第二条",
    }
    assert parse_unpublished({"unpublished": [sound]})[0].only == {"警告"}
    with pytest.raises(ClockError, match="unpublished"):
        parse_unpublished({"unpublished": [sound | change]})


def version(**changes: Any) -> dict[str, Any]:
    return {"valid_from": date(2022, 1, 1), "working_days": 7, "clause": "通知（五）"} | changes


def entry(**changes: Any) -> dict[str, Any]:
    return {"name": "x", "title": "归集", "from": "formed_on", "to": "received_on", "versions": [version()]} | changes


@pytest.mark.parametrize(
    ("document", "words"),
    [
        ({}, "列表 clocks"),
        ({"clocks": [entry()], "more": 1}, "列表 clocks"),
        ({"clocks": [entry(), entry()]}, "写了两次"),
        ({"clocks": [{"name": "x"}]}, "应写明"),
        ({"clocks": [entry(to="seen_on")]}, "to 只能是"),
        ({"clocks": [entry(versions=[])]}, "至少一条"),
        ({"clocks": [entry(versions=[version(), version()])]}, "不得重复"),
        ({"clocks": [entry(versions=[version(working_days=0)])]}, "正整数"),
        ({"clocks": [entry(versions=[version(valid_from="2022")])]}, "valid_from（日期）"),
        ({"clocks": [entry(versions=[version(clause="")])]}, "clause"),
        ({"clocks": [entry(**{"from": "month"})]}, "until: month_end"),
    ],
)
def test_a_clock_file_that_cannot_be_used_is_refused(document: Any, words: str) -> None:
    with pytest.raises(ClockError, match=words):
        parse_clocks(document)
