"""Cuts against a slow reading of §4, and what no cut may do."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Sequence

import pytest

from supervision.draw.capacity import Claim, FloorShortfall, cut, distinct_visits, floor_shortfalls, size_under
from supervision.draw.committed import parse_committed
from supervision.draw.selection import DrawError, draw
from tests.unit.draw_city import City, Subject, key, level, one_task, task

ORDER = "ABC"


def county(seed: int, floors: Sequence[int] = (0, 0, 1000)) -> tuple[list[Claim], set[str]]:
    """Nine claims over subjects that several tasks share, and two triggers."""
    rng = random.Random(seed)
    pool = [f"u{i}" for i in range(rng.choice([10, 30, 60]))]
    claims = [
        Claim((code, "X", name), len(uids), rng.choice(floors), uids)
        for code in "STV"
        for name in ORDER
        for uids in [rng.sample(pool, rng.randrange(min(12, len(pool))))]
    ]
    return claims, set(rng.sample(pool, 2))


def need(claims: Sequence[Claim], triggers: set[str]) -> tuple[int, int]:
    """The least capacity a round may have, and the one at which nothing is cut."""
    least = len(triggers) + sum(-(-claim.planned * claim.floor_e4 // 10_000) for claim in claims)
    return least, len(distinct_visits(claims, {claim.key: claim.planned for claim in claims}, triggers))


def sizes(claims: Sequence[Claim], lambdas: dict[str, int], draw_key: str) -> dict[tuple[str, str, str], int]:
    return {
        claim.key: size_under(claim, lambdas[claim.key[2]], draw_key) if claim.key[2] in lambdas else claim.planned
        for claim in claims
    }


def slow_size(claim: Claim, lambda_e4: int, draw_key: str) -> int:
    text = f"{draw_key}|cut|{claim.key[0]}|{claim.key[1]}|{claim.key[2]}"
    number = int(hashlib.sha256(text.encode()).hexdigest(), 16) % 10_000
    floor = (claim.planned * claim.floor_e4 + 9999) // 10_000
    return max(floor, (claim.planned * lambda_e4 + number) // 10_000)


def slow_cut(claims: Sequence[Claim], triggers: set[str], capacity: int, draw_key: str) -> dict[str, int]:
    """§4 "After", word by word, trying every λ (in steps, which a reader may check against 1)."""
    lambdas: dict[str, int] = {}

    def visits(trial: dict[str, int]) -> int:
        union = set(triggers)
        for claim in claims:
            full = trial.get(claim.key[2])
            union |= set(claim.uids[: claim.planned if full is None else slow_size(claim, full, draw_key)])
        return len(union)

    def largest(name: str) -> int:
        for lambda_e4 in range(10_000, -1, -1):
            if visits(lambdas | {name: lambda_e4}) <= capacity:
                return lambda_e4
        return 0

    for name in ORDER:
        if visits(lambdas) <= capacity:
            break
        lambdas[name] = largest(name)
    for name in [name for name in reversed(ORDER) if name in lambdas][1:]:
        lambdas[name] = largest(name)
    return lambdas


def test_cuts_as_the_words_say() -> None:
    rng = random.Random(11)
    restored = 0
    for seed in range(7):
        claims, triggers = county(seed)
        least, full = need(claims, triggers)
        capacity = rng.randrange(least, max(full, least + 1))
        lambdas = cut(claims, triggers, capacity, ORDER, key(seed))
        assert lambdas == slow_cut(claims, triggers, capacity, key(seed))
        restored += any(lambdas[name] for name in list(lambdas)[:-1])
    assert restored  # some of these rounds need the way back


def test_the_way_back_goes_from_the_last_to_the_first() -> None:
    seen = 0
    for seed in range(300):
        claims, triggers = county(seed, floors=(0,))
        least, full = need(claims, triggers)
        for capacity in range(least, full):
            lambdas = cut(claims, triggers, capacity, ORDER, key(seed))
            if len(lambdas) == 3:
                # B stands before A on the way back: with A at 0 it could not be any larger
                more = lambdas | {"A": 0, "B": lambdas["B"] + 1}
                if lambdas["B"] < 10_000:
                    assert len(distinct_visits(claims, sizes(claims, more, key(seed)), triggers)) > capacity
                seen += 0 < lambdas["B"] < 10_000
    assert seen > 20


def test_no_capacity_is_exceeded_no_floor_broken_and_none_wasted() -> None:
    for seed in range(400):
        claims, triggers = county(seed)
        least, full = need(claims, triggers)
        for capacity in range(least, full + 1, 3):
            lambdas = cut(claims, triggers, capacity, ORDER, key(seed))
            left = sizes(claims, lambdas, key(seed))
            assert len(distinct_visits(claims, left, triggers)) <= capacity
            for claim in claims:
                assert -(-claim.planned * claim.floor_e4 // 10_000) <= left[claim.key] <= claim.planned
            for name in lambdas:
                if lambdas[name] < 10_000:
                    wider = sizes(claims, lambdas | {name: lambdas[name] + 1}, key(seed))
                    assert len(distinct_visits(claims, wider, triggers)) > capacity


def test_sizes_grow_with_lambda() -> None:
    for seed in range(20):
        claims, _ = county(seed)
        for claim in claims:
            grown = [size_under(claim, lambda_e4, key(seed)) for lambda_e4 in range(0, 10_001, 50)]
            assert grown == sorted(grown)
            assert grown[-1] == claim.planned


def test_one_visit_more_never_costs_the_better_protected_level() -> None:
    for seed in range(300):
        claims, triggers = county(seed)
        least, full = need(claims, triggers)
        before: list[int] = []
        for capacity in range(least, full + 1):
            lambdas = cut(claims, triggers, capacity, ORDER, key(seed))
            # from the level that is cut last to the one cut first; uncut counts as 10000
            here = [lambdas.get(name, 10_000) for name in reversed(ORDER)]
            assert here >= before
            before = here


def test_a_cut_is_unbiased_between_whole_visits() -> None:
    claim = Claim(("T", "X", "A"), 5, 0, [f"u{i}" for i in range(5)])
    total = sum(size_under(claim, 3300, key(number)) for number in range(4000))
    assert abs(total - 4000 * 1.65) < 4 * (4000 / 4) ** 0.5


def test_nothing_is_cut_while_all_fits_and_absent_names_are_passed_over() -> None:
    claims, triggers = county(1)
    least, full = need(claims, triggers)
    assert cut(claims, triggers, full, ORDER, key(1)) == {}
    assert set(cut(claims, triggers, least, ("L1", "A", "L2", "B", "C"), key(1))) <= set(ORDER)


def floors_city(capacity: int, on_site: int = 1) -> City:
    levels = {"A": level(0), "D": level(120_000, floor_e4=5000, on_site=on_site)}
    subjects = [Subject(i, "X", {"T": ("D", "")}) for i in range(9)] + [Subject(9, "X", {"T": ("A", "")})]
    return City({"T": task(levels)}, subjects, capacity={"X": capacity}, triggers=[0, 9])


def test_floors_that_do_not_fit_are_told_before_the_commitment() -> None:
    # nine visits, half of them a floor, and two triggers
    assert floor_shortfalls(parse_committed(floors_city(7).files())) == ()
    tight = parse_committed(floors_city(6).files())
    assert floor_shortfalls(tight) == (FloorShortfall("X", 7, 6),)
    with pytest.raises(DrawError, match="X（需 7，可 6）"):
        draw(tight, key(0))
    assert floor_shortfalls(parse_committed(floors_city(2, on_site=0).files())) == ()


def test_triggers_of_one_subject_are_one_visit() -> None:
    files = floors_city(7).files()
    twice = files | {
        "triggers.csv": files["triggers.csv"] + files["triggers.csv"].splitlines(True)[1].replace(b"T0", b"T99")
    }
    assert floor_shortfalls(parse_committed(twice)) == ()


def test_off_site_checks_are_drawn_but_take_no_capacity() -> None:
    city = one_task({("X", "A"): 20, ("X", "B"): 20}, {"A": level(60_000, on_site=0), "B": level(60_000)})
    city.capacity = {"X": 4}
    result = draw(parse_committed(city.files()), key(3))
    assert {row.stratum: (row.planned, row.size) for row in result.allocation} == {"A": (10, 10), "B": (10, 4)}
    assert [(row.county, row.stratum) for row in result.cuts] == [("X", "B")]
    (visits,) = result.counties
    assert (visits.capacity, visits.triggers, visits.planned, visits.funded) == (4, 0, 10, 4)
