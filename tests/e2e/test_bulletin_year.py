"""A year of bulletins: a task slips, is done late and is recalled; so with data, plans and a decision (R-41, DOMAIN §4.7).

Here: rules and SQL driven over twelve month ends of small data. Not here: single rules (tests/unit/test_bulletin), a month's
run through Dagster (test_month).
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from itertools import pairwise

import pytest

from resources.engines.duckdb_engine import DuckDBEngine
from supervision.bulletin import Item, MonthEnd, items
from supervision.bulletin_year import Known, RoundCount, month_ends, readings_of_year
from supervision.months import last_day
from supervision.task_register import Settled
from tests.unit import bulletin_year as small
from tests.unit.bulletin_year import YEAR, evidence, record

SLIPS, LATE_NEWS, STEADY = "140802", "140821", "140822"
HELD = [month for month in YEAR if "2026-03" <= month <= "2026-11"]


def papers() -> list[dict]:
    """Everybody has the standing papers and this year's training; the plan of the year comes in its own time."""
    rows = []
    for unit in (SLIPS, LATE_NEWS, STEADY):
        for kind, task in (("leading_body", "T7.2"), ("mechanism", "T7.3")):
            rows.append(evidence(f"{kind}-{unit}", unit, kind, "2022-06-20", "2026-01-05", task_id=task))
    # Formed on 10 July, six weeks after the due date, and sent in two days later.
    rows.append(evidence("plan-slips", SLIPS, "work_plan", "2026-07-10", "2026-07-12"))
    # Formed in time, but nobody knew of it before 3 July.
    rows.append(evidence("plan-late-news", LATE_NEWS, "work_plan", "2026-05-20", "2026-07-03"))
    # In time and known in time; withdrawn in August, sent anew in October.
    rows.append(evidence("plan-steady", STEADY, "work_plan", "2026-05-20", "2026-05-25"))
    gone = {"version_no": 2, "is_withdrawn": True}
    rows.append(evidence("plan-steady", STEADY, "work_plan", "2026-05-20", "2026-08-10", **gone))
    rows.append(evidence("plan-steady-2", STEADY, "work_plan", "2026-05-20", "2026-10-09"))
    return rows


def collected() -> list[dict]:
    """Each month's records of two units: STEADY always in time, SLIPS late in March and April."""
    rows = []
    for month in YEAR[:11]:
        late = month in ("2026-03", "2026-04")
        for unit in (SLIPS, STEADY):
            for day in (3, 6, 10):
                sent = f"{month}-28" if late and unit == SLIPS else f"{month}-{day + 2:02d}"
                rows.append(record(unit, f"{month}-{day:02d}", sent))
    return rows


def rounds() -> list[RoundCount]:
    """Nine rounds, of which May's was committed only in June and the one of September rests on no grades."""
    tasks = {unit: ["GEN"] for unit in (SLIPS, LATE_NEWS, STEADY)}
    late = {"2026-05": date(2026, 6, 8)}
    return [
        RoundCount(month, tasks, month != "2026-09", late.get(month, date.fromisoformat(f"{month}-04")))
        for month in HELD
    ]


def shares() -> list[dict]:
    """Drawn alike up to June, by risk from then on; nothing of grade A drawn in November."""
    row = {"rollup": "unit", "rollup_key": SLIPS, "period_kind": "month", "n_a": 1000, "n_d": 50}
    return [
        row
        | {
            "counted_period": month,
            "drawn_a": 0 if month == "2026-11" else 10,
            "drawn_d": 1 if month < "2026-07" else 20,
        }
        for month in HELD
    ]


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DuckDBEngine]:
    with DuckDBEngine(temp_directory=tmp_path_factory.mktemp("bulletin")) as opened:
        yield opened


def bulletin(engine: DuckDBEngine, month: str, as_of: date, *, told: date, settled: tuple = ()) -> list[Item]:
    """The bulletin of a month as of a day, made of what had been delivered by `told`."""
    ends = month_ends(month, as_of, date(2026, 1, 5))
    known = small.known(
        [row for row in papers() if row["received_at"].date() <= told],
        rounds=[held for held in rounds() if held.known_on <= told],
        shares=[row for row in shares() if row["counted_period"] <= f"{told:%Y-%m}"],
        settled=settled,
    )
    figures = small.figures(engine, ends, known, records=[row for row in collected() if row["received_on"] <= told])
    return _items(small.with_figures(known, figures), ends)


def _items(known: Known, ends: list[MonthEnd]) -> list[Item]:
    return items(readings_of_year(known, ends), [end.month for end in ends])


@pytest.fixture(scope="module")
def year(engine: DuckDBEngine) -> dict[str, list[Item]]:
    """Every bulletin of the year as it was written at its own month end."""
    return {month: bulletin(engine, month, last_day(month), told=last_day(month)) for month in YEAR}


def story(year: dict[str, list[Item]], unit: str, rule: str, subject: str = "-") -> dict[int, str]:
    """Month number → what the bulletin says of it; months that say nothing are left out."""
    key = (unit, rule, subject)
    return {
        int(month[5:]): f"{item.state} {item.level or '-'} {item.since[5:]}"
        for month, found in year.items()
        for item in found
        if item.reading.key == key
    }


def test_a_plan_slips_is_done_late_and_is_recalled(year: dict[str, list[Item]]) -> None:
    assert story(year, SLIPS, "a2", "T7.1/2026") == {6: "new red 06", 7: "recalled - 06"}
    [recalled] = [item for item in year["2026-07"] if item.reading.key == (SLIPS, "a2", "T7.1/2026")]
    assert recalled.reading.evidence_ref == "plan-slips"
    assert recalled.reading.measured == "制定出台具体工作方案：工作方案1份，应于2026年5月31日前完成"


def test_a_plan_known_late_was_listed_while_nobody_knew_of_it(year: dict[str, list[Item]]) -> None:
    assert story(year, LATE_NEWS, "a2", "T7.1/2026") == {6: "new red 06", 7: "recalled - 06"}


def test_a_withdrawn_plan_is_listed_until_another_comes(year: dict[str, list[Item]]) -> None:
    assert story(year, STEADY, "a2", "T7.1/2026") == {8: "new red 08", 9: "continuing red 08", 10: "recalled - 08"}


def test_two_late_months_running_are_listed_and_one_good_month_recalls(year: dict[str, list[Item]]) -> None:
    assert story(year, SLIPS, "c1") == {4: "new red 04", 5: "recalled - 04"}
    assert story(year, STEADY, "c1") == {}


def test_a_round_committed_late_or_without_grades_is_told_as_long_as_it_is_among_the_last_three(
    year: dict[str, list[Item]],
) -> None:
    # Before the first round at all each month lacks its own.
    said = {
        1: "new red 01", 2: "continuing red 01", 3: "recalled - 01", 5: "new red 05", 6: "recalled - 05",
        9: "new red 09", 10: "continuing red 09", 11: "continuing red 09", 12: "continuing red 09",
    }  # fmt: skip
    assert {unit: story(year, unit, "b1") for unit in (SLIPS, STEADY)} == {SLIPS: said, STEADY: said}


def test_an_even_draw_is_told_until_the_risky_are_drawn_more_often(year: dict[str, list[Item]]) -> None:
    # (3/150)÷(30/3000) = 2 is enough; a lower share of D is seen only where it is measured.
    assert story(year, SLIPS, "b2") == {}
    tight = [row | {"drawn_d": 0} if row["counted_period"] < "2026-07" else row for row in shares()]
    stories = {
        month: _items(small.known(rounds=rounds(), shares=[r for r in tight if r["counted_period"] <= month]), ends)
        for month in YEAR
        for ends in [month_ends(month, last_day(month), date(2026, 1, 5))]
    }
    assert story(stories, SLIPS, "b2") == {
        3: "new red 03", 4: "continuing red 03", 5: "continuing red 03", 6: "continuing red 03", 7: "recalled - 03",
    }  # fmt: skip


def test_the_year_closes_with_what_was_never_done(year: dict[str, list[Item]]) -> None:
    assert story(year, SLIPS, "d1", "T7.4/2026") == {12: "new amber 12"}
    assert story(year, SLIPS, "d1", "T7.2/2026") == {}, "the leading body stands"


def test_what_was_never_done_is_told_in_the_next_year_until_it_is() -> None:
    done = {"task_id": "T7.4", "headcount": 30, "hours": 3}
    rows = [
        *papers(),
        evidence("training-slips", SLIPS, "training", "2027-02-20", "2027-02-24", **done),
        evidence("training-late-news", LATE_NEWS, "training", "2026-11-20", "2027-01-08", **done),
    ]
    stories: dict[str, list[Item]] = {}
    for month in ("2026-11", "2026-12", "2027-01", "2027-02", "2027-03"):
        end = last_day(month)
        known = small.known([row for row in rows if row["received_at"].date() <= end])
        stories[month] = _items(known, month_ends(month, end, date(2026, 1, 5)))
    told = {12: "new amber 12", 1: "continuing amber 12", 2: "recalled - 12"}
    assert story(stories, SLIPS, "d1", "T7.4/2026") == told
    assert story(stories, LATE_NEWS, "d1", "T7.4/2026") == {12: "new amber 12", 1: "recalled - 12"}
    assert story(stories, STEADY, "d1", "T7.4/2026") == {
        12: "new amber 12", 1: "continuing amber 12", 2: "continuing amber 12", 3: "continuing amber 12",
    }  # fmt: skip
    [recalled] = [item for item in stories["2027-02"] if item.reading.key == (SLIPS, "d1", "T7.4/2026")]
    assert recalled.reading.evidence_ref == "training-slips"


def test_a_month_looked_back_at_says_what_it_said(engine: DuckDBEngine, year: dict[str, list[Item]]) -> None:
    """Recomputed in the next year with all that came since: the cut-off alone decides."""
    for month in ("2026-06", "2026-08", "2026-10"):
        assert bulletin(engine, month, last_day(month), told=date(2026, 12, 31)) == year[month], month


def test_a_later_month_recomputes_the_earlier_ones_as_they_were(
    engine: DuckDBEngine, year: dict[str, list[Item]]
) -> None:
    """A recall needs the month before: what July recalls is what June listed, seen from July's data alone."""
    for before, month in pairwise(YEAR[4:]):
        listed = {item.reading.key for item in year[before] if item.state != "recalled"}
        carried = {item.reading.key for item in year[month] if item.state != "new"}
        assert carried == listed, month


def test_the_ambiguous_section_is_listed_only_once_a_person_has_decided(engine: DuckDBEngine) -> None:
    end = date(2026, 12, 31)
    decided = (("ZLK", Settled(("ZLFZ",), "LDXZ", date(2026, 11, 2), "局发〔2026〕1号")),)
    for settled, listed in (((), set()), (decided, {"ZLFZ"})):
        found = bulletin(engine, "2026-12", end, told=end, settled=settled)
        units = {item.reading.unit for item in found if item.reading.rule_id in ("a3", "d1")}
        assert units & {"ZLK", "ZLFZ"} == listed
