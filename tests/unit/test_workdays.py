"""The working-day calendar against two libraries, day by day, and the worked dates of DOMAIN §4.5."""

from __future__ import annotations

import re
from datetime import date, timedelta

import chinese_calendar
import holidays
import pytest
from hypothesis import given
from hypothesis import strategies as st

from resources.calendars import calendar, rows
from resources.settings import CALENDAR as FOLDER
from supervision.workdays import CalendarError, DueDate, WorkCalendar

CALENDAR = calendar()
DAYS = [date(2021, 1, 1) + timedelta(days=i) for i in range((date(2027, 1, 1) - date(2021, 1, 1)).days)]


def test_every_day_of_2021_to_2026_agrees_with_chinesecalendar_and_holidays() -> None:
    by_holidays = holidays.country_holidays("CN", years=range(2021, 2027))
    assert {day.year for day in DAYS} == set(CALENDAR.years)
    wrong = [
        day
        for day in DAYS
        if not CALENDAR.is_working_day(day) == chinese_calendar.is_workday(day) == by_holidays.is_working_day(day)
    ]
    assert wrong == []


def test_make_up_working_days_of_2026() -> None:
    weekend_work = [day for day in DAYS if day.year == 2026 and day.weekday() > 4 and CALENDAR.is_working_day(day)]
    assert [f"{day:%m-%d}" for day in weekend_work] == ["01-04", "02-14", "02-28", "05-09", "09-20", "10-10"]


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
def test_worked_dates(formed: str, seven: str, twenty: str) -> None:
    for n, due in ((7, seven), (20, twenty)):
        assert CALENDAR.due_on(date.fromisoformat(formed), n) == DueDate(date.fromisoformat(due), False)


def test_a_date_that_crosses_an_unannounced_year_is_provisional() -> None:
    assert CALENDAR.due_on(date(2026, 12, 22), 7) == DueDate(date(2026, 12, 31), False)
    assert CALENDAR.due_on(date(2026, 12, 23), 7) == DueDate(date(2027, 1, 1), True)
    assert CALENDAR.due_on(date(2026, 12, 31), 1).provisional
    assert CALENDAR.due_on(date(2020, 12, 28), 3).provisional  # before the first file as well
    assert not CALENDAR.due_on(date(2020, 12, 31), 1).provisional  # only days counted over matter
    assert not CALENDAR.is_announced(date(2027, 1, 1))


@given(st.dates(date(2020, 1, 1), date(2027, 12, 31)), st.integers(1, 40))
def test_due_date_lies_exactly_n_working_days_later(formed: date, n: int) -> None:
    due = CALENDAR.due_on(formed, n).day
    assert CALENDAR.is_working_day(due)
    assert CALENDAR.working_days_between(formed, due) == n
    assert CALENDAR.working_days_between(due, formed) == -n


def test_tables_say_the_same_as_the_functions() -> None:
    first, last = date(2026, 9, 1), date(2027, 1, 10)
    table = CALENDAR.due_table(first, last, 7)
    assert [row[0] for row in table] == [first + timedelta(days=i) for i in range((last - first).days + 1)]
    assert all(CALENDAR.due_on(formed, 7) == DueDate(due, provisional) for formed, due, provisional in table)
    numbers = dict(CALENDAR.number_table(first, last))
    for start, end in [(date(2026, 9, 30), date(2026, 10, 15)), (first, last), (last, first)]:
        assert numbers[end] - numbers[start] == CALENDAR.working_days_between(start, end)


@pytest.mark.parametrize(
    ("bad", "sentence"),
    [
        ([{"day": "2026/01/01", "kind": "rest"}], "“2026/01/01”无法识别"),
        ([{"day": "2026-01-01", "kind": "holiday"}], "类型“holiday”无法识别"),
        ([{"day": "2026-01-01", "kind": "rest"}] * 2, "出现了两次"),
    ],
)
def test_a_bad_calendar_is_refused(bad: list[dict[str, str]], sentence: str) -> None:
    with pytest.raises(CalendarError, match=re.escape(sentence)):
        WorkCalendar.from_rows(bad)


def test_questions_without_an_answer_are_refused() -> None:
    with pytest.raises(CalendarError, match="1 或更大"):
        CALENDAR.due_on(date(2026, 1, 1), 0)
    with pytest.raises(CalendarError, match="9999-12-31"):
        CALENDAR.due_on(date(9999, 12, 31), 1)


def test_each_file_holds_the_days_of_its_year_in_order() -> None:
    for path in sorted(FOLDER.glob("*.csv")):
        days = [row["day"] for row in rows(path)]
        assert days == sorted(days)
        assert {day[:4] for day in days} == {path.stem}
