"""A year of twelve monthly rounds on 60,000 enterprises whose grades move (issue 4; DRAW.md §4, §8; R-07, R-24, R-34).

Here: what must hold at the year's end, counted anew from the enterprises, the drawn lists and the visits, without the
SQL that set the states. Not here: how the year is lived (tests/unit/year_of_rounds), nor the draw itself (unit).
"""

from __future__ import annotations

import random
from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from resources.engines.duckdb_engine import DuckDBEngine
from resources.reference import policy_for
from supervision.draw import quota
from supervision.draw.rows import DrawnRow, Stratum
from supervision.months import last_day, month_number
from supervision.policy import Policy
from supervision.policy.model import Level, Task
from tests.unit.year_of_rounds import LETTERS, Enterprise, Round, Year, city, live_through

SIZE = 60_000
COUNTED_ANEW = ("2026-01", "2026-03", "2026-06", "2026-11", "2026-12")


def lived(folder: Path, size: int, seed: int) -> Year:
    """The year of a city of that size."""
    policy, _ = policy_for("2026-06")
    rng = random.Random(seed)
    with DuckDBEngine(temp_directory=folder) as engine:
        return live_through(city(policy, size, rng), engine, rng)


@pytest.fixture(scope="module")
def year(tmp_path_factory: pytest.TempPathFactory) -> Year:
    return lived(tmp_path_factory.mktemp("year"), SIZE, 1)


# ---- the rules of the policy, once more and in plain words ----


def in_scope(task: Task, one: Enterprise) -> bool:
    return (
        one.kind in task.types
        and (not task.fields or any(code in one.fields for code in task.fields))
        and (not task.industries or one.industry.startswith(task.industries))
        and (not task.licences or any(word in one.licence for word in task.licences))
        and (not task.counties or one.county in task.counties)
    )


def stratum_of(policy: Policy, task: Task, one: Enterprise, grade: str) -> str:
    mine = [one.fields[code] for code in task.fields if code in one.fields]
    if task.stratum_by == "credit_grade":
        return grade
    if task.stratum_by == "key_unit":
        return "KEY" if any(is_key for _, is_key in mine) else "NONKEY"
    if task.stratum_by == "flat":
        return "FLAT"
    worst = max((letter for letter, _ in mine if letter), default="U")
    row = policy.ungraded_credit if grade == "U" else grade
    column = policy.ungraded_field if worst == "U" else worst
    return f"L{next(level for pair, level in policy.matrix.items() if pair == (row, column))}"


def observed(policy: Policy, task: Task, one: Enterprise, grade: str, month: str) -> bool:
    number = month_number(month) - 1 - policy.observation_months
    since = date(number // 12, number % 12 + 1, 1)
    key = {field for each in policy.tasks.values() if each.key_field for field in each.fields} | set(
        policy.unconfigured
    )
    young = one.is_new_form and one.established_on > since and not key & set(one.fields)
    return task.observation and young and grade in policy.observation_grades


def listed(year: Year, task: Task, one: Enterprise, month: str) -> bool:
    first, last = year.white_list.get(one.uid, (date.max, date.min))
    return task.white_list and first <= last_day(month) <= last


def drawn_rows(year: Year) -> Iterator[tuple[Round, DrawnRow, Task, Level]]:
    for one in year.rounds:
        for row in one.result.drawn:
            task = year.policy.task(row.task)
            yield one, row, task, task.levels[row.stratum]


# ---- the frame ----


def check_the_frame_holds_everyone_in_scope(year: Year) -> None:
    policy = year.policy
    for one in (one for one in year.rounds if one.month in COUNTED_ANEW):
        rows = defaultdict(dict)
        for row in one.committed.frame:
            rows[row.task][row.uid] = row
        for code, frame in rows.items():
            task, base, eligible = policy.task(code), Counter[Stratum](), Counter[Stratum]()
            members = [each for each in year.enterprises if in_scope(task, each)]
            assert frame.keys() == {each.uid for each in members}, code
            for each in members:
                grade, row = one.grades[each.uid], frame[each.uid]
                stratum = stratum_of(policy, task, each, grade)
                assert (row.county, row.stratum) == (each.county, stratum), (one.month, code)
                exempt = observed(policy, task, each, grade, one.month) or listed(year, task, each, one.month)
                assert (row.state == "exempt") == exempt, (one.month, code, row.reason)
                base[code, each.county, stratum] += not exempt
                eligible[code, each.county, stratum] += row.state == "eligible"
            for each in (each for each in one.committed.strata if each.task == code):
                assert (each.base, each.eligible) == (base[each.key], eligible[each.key]), (one.month, each.key)
                assert one.base[each.key] == each.base, (one.month, each.key)
        for each in one.tally:
            assert (
                sum(r["subjects"] for r in one.tally if (r["task"], r["county"]) == (each["task"], each["county"]))
                == each["in_scope"]
            )


def check_nobody_in_observation_is_c_or_d(year: Year) -> None:
    reasons = Counter[str]()
    for one in year.rounds:
        for row in one.committed.frame:
            reasons[row.reason] += 1
            if row.reason == "observation_period":
                assert one.grades[row.uid] in ("A", "B")
                assert not year.policy.task(row.task).key_field
    assert (
        min(reasons[name] for name in ("observation_period", "white_list", "drawn_this_year", "visited_within_gap")) > 0
    )


def check_blocked_and_exempt_are_never_drawn(year: Year) -> None:
    for one, row, task, _ in drawn_rows(year):
        each, grade = year.by_uid[row.uid], one.grades[row.uid]
        assert in_scope(task, each) and row.stratum == stratum_of(year.policy, task, each, grade)
        assert not observed(year.policy, task, each, grade, one.month)
        assert not listed(year, task, each, one.month)


# ---- gaps, caps, grade A ----


def check_no_gap_is_broken(year: Year) -> None:
    """Also by those who missed: a draw stands for the visit until it is made."""
    visited = {(v.uid, v.month): v.visited_on for v in year.visits}
    last: dict[tuple[str, str], int] = {}
    pairs = 0
    for one, row, _, level in drawn_rows(year):
        if not level.on_site:
            continue
        before = last.get((row.task, row.uid))
        assert before is None or month_number(one.month) >= before + level.gap_months, (row.task, one.month)
        pairs += before is not None
        made = visited[row.uid, one.month]
        last[row.task, row.uid] = month_number(f"{made:%Y-%m}" if made else one.month)
    assert pairs > len(year.enterprises) / 6000


def check_no_yearly_cap_is_broken(year: Year) -> None:
    """On-site visits of a task, and doors over all tasks: those of one day or one month's draw are one (R-07, R-26).

    A visit that is due counts as made, until a later one of the task shows that it was missed.
    """
    visited = {(v.uid, v.month): v.visited_on for v in year.visits}
    draws: dict[str, list[tuple[str, str]]] = defaultdict(list)  # uid -> task and month of each on-site draw
    reached = missed = 0
    for one in year.rounds:
        on_site = [row for row in one.result.drawn if year.policy.task(row.task).levels[row.stratum].on_site]
        for row in on_site:
            task = year.policy.task(row.task)
            doors: set[object] = set()
            own: set[object] = set()
            newest: dict[str, str] = {}
            for code, month in reversed(draws[row.uid]):
                made = visited[row.uid, month]
                known = made is not None and made <= last_day(one.month)
                if known or code not in newest:
                    doors.add(made if known else month)
                    own |= {made if known else month} if code == row.task else set()
                else:
                    missed += 1
                if known:
                    newest.setdefault(code, month)
            cap = year.policy.yearly_cap[one.grades[row.uid]]
            assert task.set_by_law or len(doors) < cap, (row.task, one.month)
            assert len(own) < task.levels[row.stratum].yearly_cap, (row.task, one.month)
            reached += len(doors) + 1 == cap
        for row in on_site:
            draws[row.uid].append((row.task, one.month))
    assert reached > len(year.enterprises) / 6000
    assert missed > 0


def check_credit_a_is_visited_only_through_a_trigger_or_a_law(year: Year) -> None:
    grades = {one.month: one.grades for one in year.rounds}
    kinds = Counter[str]()
    for visit in year.visits:
        if grades[visit.month][visit.uid] == "A":
            by_law = any(year.policy.task(code).set_by_law for code in visit.tasks)
            assert visit.triggered or by_law, visit
            assert visit.triggered or all(year.policy.task(code).set_by_law for code in visit.tasks), visit
            kinds["trigger" if visit.triggered else "law"] += 1
    kinds["off site"] = sum(one.grades[row.uid] == "A" and not level.on_site for one, row, _, level in drawn_rows(year))
    assert min(kinds[kind] for kind in ("trigger", "law", "off site")) > 0, kinds


# ---- how many ----


def check_unbiased_levels_get_what_was_planned(year: Year) -> None:
    """Within one visit in every round, 1.00 of the plan over the year, and the plan is base · rate."""
    plan: Counter[tuple[str, str]] = Counter()
    made: Counter[tuple[str, str]] = Counter()
    rated: Counter[tuple[str, str]] = Counter()
    rounds: Counter[tuple[str, str]] = Counter()
    for one in year.rounds:
        planned = {row.key: row.planned for row in one.result.allocation}
        target: Counter[tuple[str, str]] = Counter()
        got: Counter[tuple[str, str]] = Counter()
        for due in one.result.dues:
            if due.level.rounding == "unbiased":
                name = due.row.task, due.row.stratum
                target[name] += due.target_e4 + due.shortfall_e4
                got[name] += 10_000 * planned[due.key] + due.shortfall_e4
                rated[name] += due.row.base * due.level.rate_e4 / year.policy.task(due.row.task).batches
        for name in target:
            assert abs(got[name] - target[name]) < 10_000, (one.month, name)
            rounds[name] += 1
        plan += target
        made += got
    for name, rates in rated.items():
        assert abs(plan[name] - rates) < 14 * 12, name  # each stratum of each round is floored to 1/10000
        assert abs(made[name] - plan[name]) < 4 * (rounds[name] / 4) ** 0.5 * 10_000, name
    assert sum(made.values()) > 10_000 * len(year.enterprises) / 600
    assert 0.99 < sum(made.values()) / sum(rated.values()) < 1.01


def check_quotas_are_reached_or_the_shortfall_is_stated(year: Year) -> None:
    """At the end of its window every quota level has drawn its share in every county, or says what it lacks."""
    done: Counter[Stratum] = Counter()
    met = stated = 0
    for one in year.rounds:
        cut = {(row.county, row.stratum) for row in one.result.cuts if row.lambda_e4 < 10_000}
        sizes = {row.key: row for row in one.result.allocation}
        for due in one.result.dues:
            task, row = year.policy.task(due.row.task), due.row
            assert row.drawn_ytd == done[row.key]
            if due.level.rounding == "unbiased" or last_day(one.month).month != task.last_month:
                continue
            wanted = quota.annual_quota(due.level, row.base)
            exact = row.base * due.level.rate_e4
            assert due.level.rounding != "at_least" or 10_000 * wanted >= exact
            planned, size = sizes[row.key].planned, sizes[row.key].size
            lacking = due.shortfall_e4 // 10_000
            assert done[row.key] + planned + lacking == wanted + due.excess, (one.month, row.key)
            assert size == planned or (row.county, row.stratum) in cut
            met += done[row.key] + size >= wanted
            stated += done[row.key] + size < wanted
        done.update((row.task, row.county, row.stratum) for row in one.result.drawn)
    assert met > 8 * stated > 0, (met, stated)


def check_one_year_draws_different_subjects_where_a_quota_says_so(year: Year) -> None:
    earlier: set[tuple[str, str]] = set()
    again = 0
    for one in year.rounds:
        base = {row.key: row.base for row in one.committed.strata}
        for row in one.result.drawn:
            key = (row.task, row.county, row.stratum)
            if quota.blocks_drawn_this_year(year.policy.task(row.task).levels[row.stratum], base[key]):
                assert (row.task, row.uid) not in earlier, (one.month, key)
            again += (row.task, row.uid) in earlier
        earlier |= {(row.task, row.uid) for row in one.result.drawn}
    assert again > 0  # more than one visit a year, or by rate


def check_no_county_is_sent_more_than_it_can_visit(year: Year) -> None:
    cuts = 0
    for one in year.rounds:
        doors: dict[str, set[str]] = defaultdict(set)
        for row in one.committed.triggers:
            doors[row.county].add(row.uid)
        for row in one.result.drawn:
            if year.policy.task(row.task).levels[row.stratum].on_site:
                doors[row.county].add(row.uid)
        for county, capacity in one.committed.policy.capacity.items():
            assert capacity is None or len(doors[county]) <= capacity, (one.month, county)
        cuts += bool(one.result.cuts)
    assert cuts == 12


def check_the_year_was_lively(year: Year) -> None:
    """Otherwise the checks above would say little."""
    first, last = year.rounds[0].grades, year.rounds[-1].grades
    assert sum(first[name] != last[name] for name in first) > len(first) / 10
    assert any(visit.visited_on is None for visit in year.visits)
    assert len({row.stratum for _, row, _, _ in drawn_rows(year)}) > len(LETTERS)


CHECKS = [value for name, value in sorted(globals().items()) if name.startswith("check_")]


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__.removeprefix("check_"))
def test_after_a_year(check, year: Year) -> None:  # type: ignore[no-untyped-def]
    check(year)
