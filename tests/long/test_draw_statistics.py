"""What the draw promises (DRAW.md §8) over so many seeds that a small bias would show; all seeds are fixed.

Here: the properties of tests/unit/test_draw_properties.py at length, and those that need length to be asked at all.
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

from supervision.draw.committed import Committed, parse_committed
from supervision.draw.rows import Stratum
from supervision.draw.selection import draw
from tests.unit import test_draw_properties as short
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
    "changing grades": partial(
        short.test_small_and_large_strata_get_what_was_planned_also_when_the_drawn_change_grade, years=600
    ),
}


def z(square: float, freedom: int) -> float:
    """How many standard deviations a chi-square value lies from what chance gives."""
    spread = 2 / (9 * freedom)
    return ((square / freedom) ** (1 / 3) - 1 + spread) / spread**0.5


def unequal(counts: Sequence[int], within: float) -> float:
    """z of counts of exchangeable members against equality; `within` = sum over rounds of a round's own squares.

    In one round the squares about the round's mean sum to `within`'s share; rounds are independent, so the squares of
    the totals about their mean have the same expectation.
    """
    mean = sum(counts) / len(counts)
    freedom = len(counts) - 1
    return z(freedom * sum((count - mean) ** 2 for count in counts) / within, freedom)


def trend(counts: Sequence[int], within: float) -> float:
    """z of a drift of the counts along the order of uids; `within` as for `unequal`."""
    steps = [2 * number - len(counts) + 1 for number in range(len(counts))]
    drift = sum(step * count for step, count in zip(steps, counts, strict=True))
    return drift / (sum(step * step for step in steps) * within / (len(counts) - 1)) ** 0.5


def squares(counts: Sequence[int]) -> float:
    """Sum of squares about the mean."""
    return sum(count * count for count in counts) - sum(counts) ** 2 / len(counts)


def test_the_yardstick_sees_a_bias_of_three_in_a_hundred() -> None:
    rng = random.Random(1)
    for weights, seen in (([100] * 20, False), ([103] * 10 + [97] * 10, True)):
        counts = Counter(rng.choices(range(20), weights, k=60_000))
        assert (abs(z(short.chi_square([counts[i] for i in range(20)], 3_000), 19)) > 4) == seen
        assert (abs(unequal([counts[i] for i in range(20)], 60_000 * (1 - 1 / 20))) > 4) == seen


@pytest.mark.parametrize("name", AT_LENGTH)
def test_at_length(name: str) -> None:
    AT_LENGTH[name]()


def test_three_of_eight_are_any_three() -> None:
    committed = parse_committed(one_task({("X", "A"): 8}, {"A": level(45_000)}).files())
    rounds = 120_000
    threes = Counter(tuple(sorted(row.uid for row in draw(committed, key(i)).drawn)) for i in range(rounds))
    every = list(itertools.combinations(sorted(row.uid for row in committed.frame), 3))
    assert threes.keys() == set(every)
    assert abs(z(short.chi_square([threes[three] for three in every], rounds / len(every)), len(every) - 1)) < 4


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
            assert abs(unequal(counts, within[place])) < 4, place
            drifts.append(trend(counts, within[place]))
    assert abs(sum(drifts)) < 4 * len(drifts) ** 0.5


def test_twelve_rounds_with_a_gap_keep_equal_yearly_probabilities() -> None:
    """One static stratum whose members rest three months after a visit."""
    committed = parse_committed(one_task({("X", "A"): 40}, {"A": level(20_000)}).files())
    uids = [row.uid for row in committed.frame]
    years, visits, within = 3_000, Counter[str](), 0.0
    for number in range(years):
        last: dict[str, int] = {}
        year: Counter[str] = Counter()
        for batch in range(1, 13):
            resting = {uid for uid, month in last.items() if batch < month + 3}
            found = [row.uid for row in draw(_rested(committed, batch, resting), key(100 * number + batch)).drawn]
            assert not resting & set(found)
            last |= dict.fromkeys(found, batch)
            year.update(found)
        assert abs(sum(year.values()) - 80) < 12  # each round within one visit of its share
        visits += year
        within += squares([year[uid] for uid in uids])
    counts = [visits[uid] for uid in uids]
    assert abs(sum(counts) / years - 80) < 4 * (12 / 4 / years) ** 0.5
    assert abs(unequal(counts, within)) < 4


def _rested(committed: Committed, batch: int, resting: set[str]) -> Committed:
    """The round of that month: resting subjects blocked, the base unchanged."""
    frame = tuple(
        replace(row, state="blocked", reason="visited_within_gap") if row.uid in resting else row
        for row in committed.frame
    )
    strata = tuple(replace(row, eligible=row.base - len(resting)) for row in committed.strata)
    (code,) = committed.policy.tasks
    task = replace(committed.policy.tasks[code], batch=batch, batch_prev=batch - 1)
    return replace(committed, frame=frame, strata=strata, policy=replace(committed.policy, tasks={code: task}))


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
