"""What draw and matching promise (DRAW.md §8) over so many seeds that a small bias would show; all seeds are fixed.

Here: the properties that tests/unit/test_draw_properties.py lists, at length, and those that need length to be asked at all.
Not here: vectors and mutants (unit). A bound is |z| < 4 for chi-square by the cube root of Wilson and Hilferty.
"""

from __future__ import annotations

import itertools
import random
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial

import pytest

from supervision.draw.committed import parse_committed
from supervision.draw.rows import Stratum
from supervision.draw.selection import draw
from tests.unit import test_draw_properties as short
from tests.unit import test_matching as matching
from tests.unit import test_matching_oracle as oracle
from tests.unit import test_matching_reference as second
from tests.unit.draw_city import Subject, key, level, one_task

AT_LENGTH: dict[str, Callable[[], None]] = {
    "blocked and exempt": partial(short.test_blocked_and_exempt_subjects_are_never_drawn_nor_in_reserve, seeds=400),
    "capacity": partial(short.test_no_county_is_sent_more_visits_than_it_can_make, seeds=400),
    "inclusion": partial(short.test_every_subject_is_as_likely_as_its_target_says, rounds=60_000),
    "pairs": partial(short.test_pairs_inside_a_stratum_are_equally_likely, rounds=100_000),
    "estimates": partial(short.test_estimates_with_the_target_are_unbiased, rounds=80_000),
    "one subject more": partial(short.test_one_subject_more_replaces_at_most_one, keys=4_000),
    "half of 300": partial(short.test_half_of_three_hundred_is_150_different_subjects, seeds=500),
    "census, low rate": partial(short.test_a_census_of_three_reaches_all_three, rate_e4=100, seeds=2_000),
    "census, high rate": partial(short.test_a_census_of_three_reaches_all_three, rate_e4=10_000, seeds=2_000),
    "twelve rounds": partial(short.test_twelve_rounds_with_a_gap_keep_equal_yearly_probabilities, years=3_000),
    "one visit more": partial(
        short.test_a_size_falls_only_where_two_better_protected_visits_come_at_once, counties=300
    ),
    "overlap": partial(short.test_samples_of_two_tasks_overlap_as_much_as_they_can, keys=2_000),
    "alike inspectors": partial(matching.test_everyone_is_equally_likely, keys=60_000),
    "full assignments, tried": partial(matching.test_complete_whenever_a_full_assignment_exists, seeds=60_000),
    "full assignments, solved": partial(
        oracle.test_complete_whenever_the_solver_finds_a_full_assignment, block=0, rounds=12_000
    ),
    "second matching": partial(second.test_a_second_program_finds_the_same_teams, seeds=120_000),
    "changing grades": partial(
        short.test_small_and_large_strata_get_what_was_planned_also_when_the_drawn_change_grade, years=600
    ),
}


def trend(counts: Sequence[int], within: float) -> float:
    """z of a drift of the counts along the order of uids; `within` as for `unequal`."""
    steps = [2 * number - len(counts) + 1 for number in range(len(counts))]
    drift = sum(step * count for step, count in zip(steps, counts, strict=True))
    return drift / (sum(step * step for step in steps) * within / (len(counts) - 1)) ** 0.5


def test_the_yardstick_sees_a_bias_of_three_in_a_hundred() -> None:
    rng = random.Random(1)
    for weights, seen in (([100] * 20, False), ([103] * 10 + [97] * 10, True)):
        counts = Counter(rng.choices(range(20), weights, k=60_000))
        assert (abs(short.z(short.chi_square([counts[i] for i in range(20)], 3_000), 19)) > 4) == seen
        assert (abs(short.unequal([counts[i] for i in range(20)], 60_000 * (1 - 1 / 20))) > 4) == seen


@pytest.mark.parametrize("name", AT_LENGTH)
def test_at_length(name: str) -> None:
    AT_LENGTH[name]()


def test_three_of_eight_are_any_three() -> None:
    committed = parse_committed(one_task({("X", "A"): 8}, {"A": level(45_000)}).files())
    rounds = 120_000
    threes = Counter(tuple(sorted(row.uid for row in draw(committed, key(i)).drawn)) for i in range(rounds))
    every = list(itertools.combinations(sorted(row.uid for row in committed.frame), 3))
    assert threes.keys() == set(every)
    assert abs(short.z(short.chi_square([threes[three] for three in every], rounds / len(every)), len(every) - 1)) < 4


def test_targets_that_are_no_whole_number() -> None:
    """Numbers within one visit everywhere, right on average; inside a stratum nobody is favoured, by order of uid neither."""
    sizes = {("X", "A"): 31, ("Y", "A"): 19, ("Z", "A"): 2, ("X", "B"): 26, ("Z", "B"): 1}
    committed = parse_committed(one_task(sizes, {"A": level(23_000), "B": level(41_000)}).files())
    rounds = 60_000
    target = {row.key: row.base * {"A": 23_000, "B": 41_000}[row.stratum] // 12 / 10_000 for row in committed.strata}
    total: Counter[Stratum] = Counter()
    within: dict[Stratum, float] = defaultdict(float)
    drawn: Counter[str] = Counter()
    for i in range(rounds):
        result = draw(committed, key(i))
        visits = {row.key: row.size for row in result.allocation}
        for group in (
            [[place] for place in target] + [[p for p in target if p[2] == name] for name in "AB"] + [list(target)]
        ):
            assert abs(sum(visits[place] for place in group) - sum(target[place] for place in group)) < 1
        for place, n in visits.items():
            total[place] += n
            within[place] += n * (1 - n / sizes[place[1:]])
        drawn.update(row.uid for row in result.drawn)
    members = defaultdict(list)
    for row in committed.frame:
        members[row.task, row.county, row.stratum].append(row.uid)
    drifts = []
    for place, wanted in target.items():
        part = wanted % 1
        assert abs(total[place] / rounds - wanted) <= 4 * (part * (1 - part) / rounds) ** 0.5, place
        if len(members[place]) > 2:
            counts = [drawn[uid] for uid in members[place]]
            assert abs(short.unequal(counts, within[place])) < 4, place
            drifts.append(trend(counts, within[place]))
    assert abs(sum(drifts)) < 4 * len(drifts) ** 0.5


def test_more_capacity_never_costs_the_best_protected_and_none_is_exceeded() -> None:
    """Random small counties with two tasks, under every capacity from the triggers alone to enough for all."""
    seen = cuts = 0
    for seed in range(150):
        city = short.mixed_city(seed, subjects=60)
        city.subjects = [Subject(each.number, "X", each.places) for each in city.subjects]
        city.capacity = {"X": None}
        free = parse_committed(city.files())
        [all_of_it] = draw(free, key(seed)).counties
        previous: dict[Stratum, int] = {}
        for capacity in range(2, all_of_it.planned + 2):
            policy = replace(free.policy, capacity={"X": capacity})
            result = draw(replace(free, policy=policy), key(seed))
            [county] = result.counties
            assert county.planned == all_of_it.planned
            assert county.funded <= capacity
            sizes = {row.key: row.size for row in result.allocation}
            best = next(name for name in reversed(city.cut_order) if any(place[2] == name for place in sizes))
            for place, size in sizes.items():
                if place[2] == best:
                    assert size >= previous.get(place, 0), (seed, capacity, place)
            previous = sizes
            seen += 1
            cuts += county.funded < county.planned
        assert previous == {row.key: row.planned for row in draw(free, key(seed)).allocation}
    assert seen > 1_500 and cuts > 1_000
