"""What the draw promises (DRAW.md §8), by fixed seeds; statistical bounds are four standard deviations or p < 1e-4.

How many seeds, rounds or years is each test's own argument: tests/long asks the same questions over many more.
Where each property of §8 is a test (this file unless named):

inclusion frequencies                 test_every_subject_is_as_likely_as_its_target_says; long: targets_that_are_no_whole_number
second order inside a stratum         test_pairs_inside_a_stratum_are_equally_likely; long: three_of_eight_are_any_three
Horvitz–Thompson with target_e4       test_estimates_with_the_target_are_unbiased
row order changes nothing             test_the_order_of_the_raw_rows_changes_nothing
one row more, at most one replaced    test_one_subject_more_replaces_at_most_one
bounds of §4                          test_draw_quota: test_unbiased_stays_within_one_visit_everywhere, test_rounding_modes_…
unbiased: 1.00 of plan, 3/30/300      test_small_and_large_strata_get_what_was_planned_also_when_the_drawn_change_grade
at_least: 150 of 300; census of 3     test_half_of_three_hundred_…, test_a_census_of_three_reaches_all_three
blocked and exempt never drawn        test_blocked_and_exempt_subjects_are_never_drawn_nor_in_reserve
twelve rounds with a gap              test_twelve_rounds_with_a_gap_keep_equal_yearly_probabilities
λ monotone                            test_draw_capacity: test_sizes_grow_with_lambda
no capacity exceeded, nor on the way back  test_no_county_is_sent_…; test_draw_capacity: test_no_capacity_is_exceeded_…
one visit more lowers no size         true but for ties: test_a_size_falls_only_where_… and its counterexample
matching: marginals, completeness     test_matching, test_matching_oracle (CP-SAT), test_matching_reference
RFC 3797 §6, consistent_sampler       test_draw_published
mutants                               test_draw_golden (draw), test_matching_mutants, test_draw_sql_mutants
"""

from __future__ import annotations

import itertools
import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

import pytest

from supervision.draw.capacity import Claim, cut, distinct_visits, size_under
from supervision.draw.committed import Committed, parse_committed
from supervision.draw.quota import annual_quota, blocks_drawn_this_year
from supervision.draw.rows import FrameRow, Stratum
from supervision.draw.selection import draw
from tests.unit.draw_city import STATE, City, Subject, key, level, one_task, task, uid


def mixed_city(seed: int, subjects: int = 200) -> City:
    """Two tasks, three counties, one of them short of capacity, every state, two triggers."""
    rng = random.Random(seed)
    reasons = ["", "", "", "", *STATE]
    people = [
        Subject(
            i,
            rng.choice("XXYZ"),
            {
                code: (rng.choice("AABBBCD"), rng.choice(reasons))
                for code in rng.choice([("S",), ("T",), ("S", "T"), ("S", "T")])
            },
        )
        for i in range(subjects)
    ]
    tasks = {
        "S": task({name: level(rate) for name, rate in zip("ABCD", (2000, 4000, 9000, 30_000), strict=True)}, batch=4),
        "T": task({name: level(rate, "at_least") for name, rate in zip("ABCD", (500, 1000, 5000, 9000), strict=True)},
                  batch=9),
    }  # fmt: skip
    return City(tasks, people, capacity={"X": 8}, triggers=[0, 1])


def test_the_order_of_the_raw_rows_changes_nothing() -> None:
    city = mixed_city(1)
    files = city.files()
    result = draw(parse_committed(files), key(1))
    for shuffle in range(3):
        again = city.files(shuffle)
        assert again == files
        assert draw(parse_committed(again), key(1)) == result


def test_blocked_and_exempt_subjects_are_never_drawn_nor_in_reserve(seeds: int = 6) -> None:
    seen = 0
    for seed in range(seeds):
        committed = parse_committed(mixed_city(seed).files())
        eligible = {(row.task, row.uid) for row in committed.frame if row.state == "eligible"}
        for number in range(5):
            result = draw(committed, key(number))
            rows = result.drawn + result.reserve
            assert {(row.task, row.uid) for row in rows} <= eligible
            assert len({(row.task, row.uid) for row in rows}) == len(rows)
            seen += len(rows)
    assert seen > 80 * seeds


def test_no_county_is_sent_more_visits_than_it_can_make(seeds: int = 6) -> None:
    cut = 0
    for seed in range(seeds):
        committed = parse_committed(mixed_city(seed).files())
        for number in range(5):
            result = draw(committed, key(number))
            short = next(each for each in result.counties if each.county == "X")
            drawn = {row.uid for row in result.drawn if row.county == "X"}
            drawn |= {row.uid for row in committed.triggers if row.county == "X"}
            assert short.funded == len(drawn) <= 8
            assert [(row.planned, row.size) for row in result.allocation if row.county != "X"] == [
                (row.planned, row.planned) for row in result.allocation if row.county != "X"
            ]
            cut += short.planned > 8
    assert cut > 3 * seeds


def test_allocation_drawn_and_reserve_agree() -> None:
    committed = parse_committed(mixed_city(2).files())
    result = draw(committed, key(2))
    eligible = {row.key: row.eligible for row in committed.strata}
    assert [row.key for row in result.allocation] == [row.key for row in committed.strata]
    drawn = Counter((row.task, row.county, row.stratum) for row in result.drawn)
    reserve = Counter((row.task, row.county, row.stratum) for row in result.reserve)
    for row in result.allocation:
        assert drawn[row.key] == row.size <= row.planned <= eligible[row.key]
        assert reserve[row.key] == min(max(5, row.size), eligible[row.key] - row.size)


def test_samples_of_two_tasks_overlap_as_much_as_they_can(keys: int = 5) -> None:
    people = [Subject(i, "X", {"S": ("A", ""), "T": ("A", "")}) for i in range(100)]
    tasks = {"S": task({"A": level(24_000)}), "T": task({"A": level(12_000)})}
    committed = parse_committed(City(tasks, people).files())
    for number in range(keys):
        result = draw(committed, key(number))
        drawn = {code: {row.uid for row in result.drawn if row.task == code} for code in "ST"}
        assert (len(drawn["S"]), len(drawn["T"])) == (20, 10)
        assert drawn["T"] < drawn["S"]


def test_one_subject_more_replaces_at_most_one(keys: int = 60) -> None:
    # 12 at each size: at_least with a minimum and a zero rate keeps the number fixed
    levels = {"A": level(0, "at_least", minimum=12)}
    replaced = 0
    for number in range(keys):
        small = one_task({("X", "A"): 40}, levels, batch=12)
        large = one_task({("X", "A"): 41}, levels, batch=12)
        before = {row.uid for row in draw(parse_committed(small.files()), key(number)).drawn}
        after = {row.uid for row in draw(parse_committed(large.files()), key(number)).drawn}
        assert len(before) == len(after) == 12
        assert after - before <= {uid(40)}
        replaced += uid(40) in after
    share = 12 / 41
    assert abs(replaced - keys * share) < 4 * (keys * share * (1 - share)) ** 0.5


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


def squares(counts: Sequence[int]) -> float:
    """Sum of squares about the mean."""
    return sum(count * count for count in counts) - sum(counts) ** 2 / len(counts)


def chi_square(counts: list[int], expected: float) -> float:
    return sum((count - expected) ** 2 for count in counts) / expected


def test_every_subject_is_as_likely_as_its_target_says(rounds: int = 800) -> None:
    committed = parse_committed(
        one_task({("X", "A"): 30, ("Y", "A"): 20, ("X", "B"): 25}, {"A": level(24_000), "B": level(42_000)}).files()
    )
    members = {row.uid: (row.task, row.county, row.stratum) for row in committed.frame}
    drawn: Counter[str] = Counter()
    for number in range(rounds):
        drawn.update(row.uid for row in draw(committed, key(number)).drawn)
    for place, probability in {("T", "X", "A"): 0.2, ("T", "Y", "A"): 0.2, ("T", "X", "B"): 0.35}.items():
        counts = [drawn[name] for name, where in members.items() if where == place]
        # drawn without replacement: the variance of a count is rounds · p · (1 − p), one degree of freedom short
        scaled = chi_square(counts, rounds * probability) / (1 - probability)
        freedom = len(counts) - 1
        assert freedom - 4 * (2 * freedom) ** 0.5 < scaled < freedom + 5 * (2 * freedom) ** 0.5
        assert abs(sum(counts) / rounds - probability * len(counts)) < 4 * (0.25 / rounds) ** 0.5


def test_pairs_inside_a_stratum_are_equally_likely(rounds: int = 1500) -> None:
    committed = parse_committed(one_task({("X", "A"): 8}, {"A": level(45_000)}).files())  # three of eight
    pairs: Counter[tuple[str, ...]] = Counter()
    for number in range(rounds):
        pairs.update(itertools.combinations(sorted(row.uid for row in draw(committed, key(number)).drawn), 2))
    counts = [pairs[pair] for pair in itertools.combinations(sorted(row.uid for row in committed.frame), 2)]
    expected = rounds * (3 * 2) / (8 * 7)
    assert sum(counts) == rounds * 3
    assert chi_square(counts, expected) < 65  # 27 degrees of freedom, p < 1e-4


def test_estimates_with_the_target_are_unbiased(rounds: int = 1200) -> None:
    committed = parse_committed(
        one_task({("X", "A"): 40, ("X", "B"): 17, ("Y", "A"): 3}, {"A": level(3100), "B": level(10_100)}).files()
    )
    value = {row.uid: 1 + int(row.uid[10:17]) % 7 for row in committed.frame}
    eligible = {(row.task, row.county, row.stratum): row.eligible for row in committed.strata}
    estimates = []
    for number in range(rounds):
        rows = draw(committed, key(number)).drawn
        estimates.append(
            sum(value[row.uid] * 10_000 * eligible[row.task, row.county, row.stratum] / row.target_e4 for row in rows)
        )
    mean = sum(estimates) / len(estimates)
    variance = sum((each - mean) ** 2 for each in estimates) / (len(estimates) - 1)
    assert abs(mean - sum(value.values())) < 4 * (variance / len(estimates)) ** 0.5


def month(committed: Committed, batch: int, drawn: dict[str, int], strata: dict[str, str] | None = None) -> Committed:
    """The round of a later month: who was drawn this year is blocked where the quota says so; strata may change."""
    (code,) = committed.policy.tasks
    one = replace(committed.policy.tasks[code], batch=batch, batch_prev=batch - 1)
    where = {row.uid: (row.county, (strata or {}).get(row.uid, row.stratum)) for row in committed.frame}
    base: Counter[Stratum] = Counter((code, *place) for place in where.values())
    frame = []
    for row in committed.frame:
        county, name = where[row.uid]
        once = row.uid in drawn and blocks_drawn_this_year(one.levels[name], base[code, county, name])
        state, reason = ("blocked", "drawn_this_year") if once else ("eligible", "")
        frame.append(FrameRow(code, row.uid, county, name, state, reason))
    eligible = Counter((row.task, row.county, row.stratum) for row in frame if row.state == "eligible")
    done = Counter((code, *where[name]) for name, times in drawn.items() for _ in range(times))
    some = committed.strata[0]
    counted = tuple(
        replace(some, task=place[0], county=place[1], stratum=place[2],
                base=base[place], eligible=eligible[place], drawn_ytd=done[place])
        for place in sorted(base)
    )  # fmt: skip
    policy = replace(committed.policy, tasks={code: one})
    return replace(committed, frame=tuple(frame), strata=counted, policy=policy)


def year(committed: Committed, seed: int) -> dict[str, int]:
    """Visits by subject in the twelve rounds of a year."""
    drawn: Counter[str] = Counter()
    for batch in range(1, 13):
        result = draw(month(committed, batch, drawn), key(100 * seed + batch))
        drawn.update(row.uid for row in result.drawn)
    return dict(drawn)


def test_half_of_three_hundred_is_150_different_subjects(seeds: int = 3) -> None:
    committed = parse_committed(one_task({("X", "D"): 300}, {"D": level(5000, "at_least")}).files())
    for seed in range(seeds):
        visits = year(committed, seed)
        assert len(visits) == 150
        assert set(visits.values()) == {1}


@pytest.mark.parametrize("rate_e4", [100, 10_000])
def test_a_census_of_three_reaches_all_three(rate_e4: int, seeds: int = 5) -> None:
    committed = parse_committed(
        one_task({("X", "D"): 3, ("Y", "D"): 3}, {"D": level(rate_e4, "at_least", census_up_to=3)}).files()
    )
    for seed in range(seeds):
        assert sorted(year(committed, seed).items()) == [(uid(i), 1) for i in range(6)]


def test_a_quota_in_force_is_met_by_each_county() -> None:
    committed = parse_committed(
        one_task({("X", "C"): 33, ("Y", "C"): 7, ("Z", "C"): 1}, {"C": level(1000, "at_least")}).files()
    )
    visits = year(committed, 1)
    county = {row.uid: row.county for row in committed.frame}
    found = Counter(county[name] for name in visits)
    one = committed.policy.tasks["T"].levels["C"]
    assert found == {name: annual_quota(one, base) for name, base in (("X", 33), ("Y", 7), ("Z", 1))}


def test_small_and_large_strata_get_what_was_planned_also_when_the_drawn_change_grade(years: int = 12) -> None:
    sizes = {(f"K{i:02d}", name): 3 for i in range(10) for name in "AB"} | {("L1", "A"): 30, ("L2", "A"): 300}
    committed = parse_committed(one_task(sizes, {"A": level(2000), "B": level(6000)}).files())
    county = {row.uid: row.county for row in committed.frame}
    visits: Counter[str] = Counter()
    plan: Counter[str] = Counter()
    for seed in range(years):
        strata = {row.uid: row.stratum for row in committed.frame}
        drawn: Counter[str] = Counter()
        for batch in range(1, 13):
            here = month(committed, batch, drawn, strata)
            for row in here.strata:
                rate = here.policy.tasks["T"].levels[row.stratum].rate_e4
                product = row.base * rate
                plan[row.county] += product * batch // 12 - product * (batch - 1) // 12
            for found in draw(here, key(7000 + 100 * seed + batch)).drawn:
                drawn[found.uid] += 1
                visits[county[found.uid]] += 1
                strata[found.uid] = {"A": "B", "B": "A"}[strata[found.uid]]
    for group in (["L1"], ["L2"], [name for name in plan if name.startswith("K")]):
        planned = sum(plan[name] for name in group) / 10_000
        made = sum(visits[name] for name in group)
        assert planned > 50
        # each stratum of each round is off by a chance of at most 1/4 in variance, small strata by t itself
        spread = sum(min(plan[name] / 10_000, years * 12 * 2 / 4) for name in group) ** 0.5
        assert abs(made - planned) < 4 * spread


def test_twelve_rounds_with_a_gap_keep_equal_yearly_probabilities(years: int = 120) -> None:
    """One static stratum whose members rest three months after a visit."""
    committed = parse_committed(one_task({("X", "A"): 40}, {"A": level(20_000)}).files())
    uids = [row.uid for row in committed.frame]
    visits, within = Counter[str](), 0.0
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


def crowded(seed: int) -> list[Claim]:
    """Twelve claims of four tasks over the same firms, so many that some enter at the same λ."""
    rng = random.Random(seed)
    firms = [f"u{i}" for i in range(300)]
    claims = []
    for code in "STVW":
        names = {firm: rng.choice("AABC") for firm in firms if rng.random() < 0.5}
        for name in "ABC":
            uids = [firm for firm in firms if names.get(firm) == name]
            claims.append(Claim((code, "X", name), len(uids), rng.choice((0, 0, 1000)), uids))
    return claims


def funded(claims: list[Claim], capacity: int, number: int) -> tuple[dict[Stratum, int], dict[str, set[str]]]:
    """The size of every stratum, and the subjects visited by stratum name."""
    lambdas = cut(claims, (), capacity, "ABC", key(number))
    sizes = {
        each.key: size_under(each, lambdas[each.key[2]], key(number)) if each.key[2] in lambdas else each.planned
        for each in claims
    }
    names = {name: distinct_visits([each for each in claims if each.key[2] == name], sizes, ()) for name in "ABC"}
    return sizes, names


def test_a_size_falls_only_where_two_better_protected_visits_come_at_once(counties: int = 3) -> None:
    """DRAW §8 has it that one visit more of capacity lowers no size. It holds but for ties of λ, and this is all."""
    steps = falls = 0
    for seed in range(counties):
        claims = crowded(seed)
        least = sum(-(-each.planned * each.floor_e4 // 10_000) for each in claims)
        full = len(distinct_visits(claims, {each.key: each.planned for each in claims}, ()))
        before, had = funded(claims, least, seed)
        for capacity in range(least + 1, full + 1):
            sizes, names = funded(claims, capacity, seed)
            assert len(set().union(*names.values())) >= len(set().union(*had.values()))
            for place in (place for place in sizes if sizes[place] < before[place]):
                better = "ABC"[("ABC").index(place[2]) + 1 :]
                assert any(len(names[name] - had[name]) > 1 for name in better), (seed, capacity, place)
                falls += 1
            before, had = sizes, names
            steps += 1
    assert steps > 80 * counties
    assert 0 < falls < steps / 50


def test_one_visit_more_of_capacity_can_lower_a_size_where_two_strata_share_a_threshold() -> None:
    """The counterexample: both strata of B get their first visit at λ = 1710, so one visit is A's until there are two."""
    claims = [
        Claim(("S", "X", "A"), 2, 0, ["u5", "u1"]),
        Claim(("S", "X", "B"), 1, 0, ["u3"]),
        Claim(("T", "X", "A"), 1, 0, ["u7"]),
        Claim(("T", "X", "B"), 2, 0, ["u0", "u4"]),
    ]
    one, two = funded(claims, 1, 1680)[0], funded(claims, 2, 1680)[0]
    assert [one[each.key] for each in claims] == [1, 0, 0, 0]
    assert [two[each.key] for each in claims] == [0, 1, 0, 1]
