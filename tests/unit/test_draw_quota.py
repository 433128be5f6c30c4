"""The arithmetic of §4 without capacity: quotas by hand, bounds, exact expectations."""

from __future__ import annotations

import random
from dataclasses import replace
from fractions import Fraction
from math import ceil, floor
from typing import Literal

import pytest

from supervision.draw.committed import Committed, parse_committed
from supervision.draw.quota import E4, Due, annual_quota, blocks_drawn_this_year, due, planned, systematic
from supervision.draw.round_policy import Level
from supervision.draw.rows import StratumRow
from tests.unit.draw_city import City, Subject, key, level, one_task, task


def quota_level(
    rate_e4: int,
    rounding: Literal["at_least", "at_most", "half_up", "unbiased"],
    minimum: int = 0,
    minimum_if_base: int = 0,
    census_up_to: int = 0,
) -> Level:
    return Level(True, rate_e4, rounding, minimum, minimum_if_base, census_up_to, 0)


@pytest.mark.parametrize(
    ("one", "base", "quota"),
    [
        (quota_level(300, "at_least"), 100, 3),
        (quota_level(300, "at_least"), 101, 4),
        (quota_level(300, "at_least"), 0, 0),
        (quota_level(300, "at_most"), 133, 3),
        (quota_level(300, "half_up"), 116, 3),
        (quota_level(300, "half_up"), 117, 4),
        (quota_level(5000, "half_up"), 1, 1),
        (quota_level(30_000, "at_least"), 7, 21),
        (quota_level(100, "at_most", minimum=2, minimum_if_base=50), 49, 0),
        (quota_level(100, "at_most", minimum=2, minimum_if_base=50), 50, 2),
        (quota_level(100, "at_least", minimum=4), 3, 3),  # the minimum never exceeds the base
        (quota_level(100, "at_least", census_up_to=5), 5, 5),
        (quota_level(100, "at_least", census_up_to=5), 6, 1),
        (quota_level(0, "at_least", census_up_to=5), 5, 0),
        (quota_level(30_000, "at_least", census_up_to=5), 5, 15),  # more than one visit a year is no census
    ],
)
def test_annual_quota(one: Level, base: int, quota: int) -> None:
    assert annual_quota(one, base) == quota
    assert blocks_drawn_this_year(one, base) == (quota <= base)


def test_a_rate_of_visits_has_no_quota_and_no_memory() -> None:
    with pytest.raises(ValueError, match="unbiased"):
        annual_quota(quota_level(300, "unbiased"), 100)
    assert not blocks_drawn_this_year(quota_level(300, "unbiased"), 100)


def test_rounding_modes_bound_the_year() -> None:
    rng = random.Random(5)
    for _ in range(2000):
        base, rate = rng.randrange(5000), rng.randrange(E4 + 1)
        exact = Fraction(base * rate, E4)
        assert annual_quota(quota_level(rate, "at_least"), base) == ceil(exact)
        assert annual_quota(quota_level(rate, "at_most"), base) == floor(exact)
        assert annual_quota(quota_level(rate, "half_up"), base) == floor(exact + Fraction(1, 2))


def test_over_all_starting_points_the_mean_is_exactly_the_target() -> None:
    targets = [300, 9999, 0, 12_345, 1, 10_000, 5000, 70_001]
    totals = [0] * len(targets)
    for offset in range(E4):
        visits = systematic(targets, offset)
        totals = [a + b for a, b in zip(totals, visits, strict=True)]
    assert totals == targets  # the sum over E4 offsets of n is E4 · t / E4


def random_round(seed: int) -> Committed:
    rng = random.Random(seed)
    levels = {name: level(rng.choice([100, 300, 500, 2500, 30_000])) for name in "ABCD"}
    subjects = [
        Subject(i, rng.choice("XYZW"), {code: (rng.choice("AABBBCD"), rng.choice(["", "", "", "visited_within_gap"]))})
        for i, code in enumerate("ST" * rng.randrange(30, 150))
    ]
    tasks = {code: task(levels, batch=rng.randrange(3, 12), batch_prev=rng.randrange(3)) for code in "ST"}
    return parse_committed(City(tasks, subjects, served_e4={("T", "X", "A"): 1500}).files())


def off_target(dues: tuple[Due, ...], visits: dict[tuple[str, str, str], int], of: tuple[str, ...]) -> int:
    """E4·n − t summed over the strata that match (task, stratum name) as far as given."""
    return sum(
        E4 * visits[each.key] - each.target_e4 for each in dues if (each.row.task, each.row.stratum)[: len(of)] == of
    )


@pytest.mark.parametrize("seed", range(8))
def test_unbiased_stays_within_one_visit_everywhere(seed: int) -> None:
    dues = due(random_round(seed))
    for number in range(40):
        visits = planned(dues, key(number))
        for each in dues:
            assert abs(E4 * visits[each.key] - each.target_e4) < E4
            assert 0 <= visits[each.key] <= each.row.eligible
            assert abs(off_target(dues, visits, (each.row.task, each.row.stratum))) < E4
        for code in "ST":
            assert abs(off_target(dues, visits, (code,))) < E4


def test_unbiased_means_what_it_plans_over_many_keys() -> None:
    committed = parse_committed(
        one_task({(f"K{i:02d}", name): size for i in range(12) for name, size in (("A", 3), ("B", 30), ("C", 300))},
                 {"A": level(300), "B": level(1000), "C": level(2500)}).files()
    )  # fmt: skip
    dues = due(committed)
    totals = dict.fromkeys("ABC", 0)
    rounds = 1000
    for number in range(rounds):
        for (_, _, name), n in planned(dues, key(number)).items():
            totals[name] += n
    for name in "ABC":
        target = sum(each.target_e4 for each in dues if each.row.stratum == name) * rounds
        # a stratum name over all counties is off by less than one, so the variance of a round is at most 1/4
        assert abs(E4 * totals[name] - target) < 4 * E4 * (rounds / 4) ** 0.5


PLAIN = parse_committed(one_task({("X", "A"): 1}, {"A": level(0)}).files())


def due_of(row: StratumRow, one: Level, batch: int, batch_prev: int, batches: int) -> Due:
    """What the stratum `T`, `A` of any county is owed, given its counts and level."""
    changed = replace(PLAIN.policy.tasks["T"], batch=batch, batch_prev=batch_prev, batches=batches, levels={"A": one})
    (found,) = due(replace(PLAIN, strata=(row,), frame=(), policy=replace(PLAIN.policy, tasks={"T": changed})))
    return found


def test_targets_of_a_year_add_up_to_the_rate_whatever_the_months_left_out() -> None:
    rng = random.Random(9)
    for _ in range(200):
        base, rate, batches = rng.randrange(1, 400), rng.randrange(1, 9000), rng.choice([9, 12])
        total, before = 0, 0
        for batch in [*sorted(rng.sample(range(1, batches), rng.randrange(batches - 1))), batches]:
            row = StratumRow("T", "X", "A", base, base, 0, 0)
            total += due_of(row, quota_level(rate, "unbiased"), batch, before, batches).target_e4
            before = batch
        assert total == base * rate


def test_a_voided_round_is_deducted_once() -> None:
    row = StratumRow("T", "X", "A", 100, 90, 0, 0)
    one = quota_level(1200, "unbiased")
    assert due_of(row, one, 3, 2, 12).target_e4 == 10_000
    served = StratumRow("T", "X", "A", 100, 90, 0, 7000)
    assert due_of(served, one, 3, 2, 12).target_e4 == 3000
    assert due_of(StratumRow("T", "X", "A", 100, 90, 0, 10_001), one, 3, 2, 12).target_e4 == 0


def test_what_cannot_be_done_is_stated() -> None:
    short = due_of(StratumRow("T", "X", "A", 100, 2, 0, 0), quota_level(5000, "at_least"), 12, 11, 12)
    assert (short.target_e4, short.shortfall_e4, short.excess) == (2 * E4, 48 * E4, 0)
    over = due_of(StratumRow("T", "X", "A", 10, 10, 8, 0), quota_level(5000, "at_least"), 6, 5, 12)
    assert (over.target_e4, over.shortfall_e4, over.excess) == (0, 0, 3)
    rate = due_of(StratumRow("T", "X", "A", 100, 1, 0, 0), quota_level(30_000, "unbiased"), 1, 0, 12)
    assert (rate.target_e4, rate.shortfall_e4) == (E4, 24 * E4)


def test_single_visits_are_spread_over_the_year_and_all_come() -> None:
    months = []
    for county in range(60):
        name = f"K{county}"
        for batch in range(1, 13):
            row = StratumRow("T", name, "A", 10, 10, 0, 0)
            if due_of(row, quota_level(1000, "at_least"), batch, batch - 1, 12).target_e4:
                months.append(batch)
                break
    assert len(months) == 60
    assert len(set(months)) > 8  # without the phase all would come in the last month


def test_a_census_counts_members_not_visits_made_under_the_level() -> None:
    # three were drawn here and have moved away; of today's three one was drawn this year, under another level
    people = [Subject(i, "X", {"T": ("A", "drawn_this_year" if i == 0 else "")}) for i in range(3)]
    levels = {"A": level(1000, "at_least", census_up_to=3)}
    city = City({"T": task(levels, batch=12)}, people, drawn_ytd={("T", "X", "A"): 3})
    (found,) = due(parse_committed(city.files()))
    assert (found.target_e4, found.excess) == (2 * E4, 0)
