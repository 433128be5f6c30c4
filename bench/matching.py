"""`python -m bench.matching`: inspectors for 20,000 visits out of 600 people in 14 counties (issue 4).

(a) ordinary: nobody near the cap; (b) in earnest: the caps are what one full assignment, drawn at random, needs, so that
everyone ends at the cap and pass 2 augments; (c) too few: as (b), every twentieth place taken away.
Target: (a) under 3 s, (b) under 30 s. Beside it the independent check and the verifier's own matcher on the same round.
"""

from __future__ import annotations

import argparse
import os
import platform
import random
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from types import SimpleNamespace
from typing import Final, TypeVar

from supervision.matching import Inspector, Visit, check_assignment, match
from verifier import verify

KEY: Final = "0123456789abcdef0123456789abcdef"
EARLY: Final = "2026-11-30"
END: Final = "2026-12-31"
FIELDS: Final = ("catering", "food_sales", "metrology", "product_quality", "special_equipment")

_T = TypeVar("_T")
Round = tuple[list[Visit], list[Inspector], set[tuple[str, str]]]


def ordinary(visits: int, people: int, counties: int, seed: int = 1) -> Round:
    """A round in which nobody is near the cap; a few visits need two specialties, a few conflicts stand in the way."""
    rng = random.Random(seed)
    places = [f"1408{number:02d}" for number in range(1, counties + 1)]
    inspectors = [
        Inspector(f"ZF{number:05d}", (places[number % counties],), tuple(sorted(rng.sample(FIELDS, rng.choice((0, 1, 2))))),
                  10 * visits // people, END)
        for number in range(people)
    ]  # fmt: skip
    wanted = []
    for number in range(visits):
        specialties = tuple(sorted(rng.sample(FIELDS, rng.choices((0, 1, 2), (50, 45, 5))[0])))
        wanted.append(
            Visit(f"91140800MA{number:08d}", places[number % counties], rng.choice((2, 2, 2, 3)), specialties, END)
        )
    pools: dict[str, list[str]] = {}
    for person in inspectors:
        pools.setdefault(person.counties[0], []).append(person.inspector_id)
    conflicts = {(name, visit.uid) for visit in wanted for name in pools[visit.county] if rng.random() < 0.005}
    return wanted, inspectors, conflicts


def in_earnest(visits: int, people: int, counties: int, seed: int = 2) -> Round:
    """A round that one assignment serves in full and that leaves nobody a visit to spare.

    That assignment sends those whose certificates end early to the early visits only, which the passes cannot know: they
    give early visits to anyone, and thousands of late ones must win their people back. Caps are unequal, every visit
    needs a field that one in two holds, one pair in ten stands in conflict.
    """
    rng = random.Random(seed)
    places = [f"1408{number:02d}" for number in range(1, counties + 1)]
    held = [
        (FIELDS[number // counties // 2 % len(FIELDS)],) if number // counties % 4 > 1 else ()
        for number in range(people)
    ]
    ends = [EARLY if number // counties % 2 else END for number in range(people)]
    pools = {place: range(start, people, counties) for start, place in enumerate(places)}
    share = [rng.choice((1, 2, 4)) for _ in range(people)]
    loads: Counter[int] = Counter()
    wanted, conflicts = [], set()
    for number in range(visits):
        place, uid, end = places[number % counties], f"91140800MA{number:08d}", (EARLY, END)[number // counties % 2]
        free = [who for who in pools[place] if rng.random() < 0.9]
        planned = [who for who in free if ends[who] == end]
        holders = [who for who in planned if held[who]]
        (lead,) = rng.choices(holders, [share[who] for who in holders])
        team = {lead}
        while len(team) < 2:
            team.update(rng.choices(planned, [share[who] for who in planned]))
        loads.update(team)
        wanted.append(Visit(uid, place, 2, held[lead], end))
        conflicts |= {(f"ZF{who:05d}", uid) for who in pools[place] if who not in free}
    inspectors = [
        Inspector(f"ZF{who:05d}", (places[who % counties],), held[who], loads[who], ends[who]) for who in range(people)
    ]
    return wanted, inspectors, conflicts


def too_few(visits: int, people: int, counties: int) -> Round:
    """The tight round, every twentieth place taken away."""
    wanted, inspectors, conflicts = in_earnest(visits, people, counties)
    return wanted, [replace(person, load_cap=person.load_cap * 19 // 20) for person in inspectors], conflicts


def verifier_rows(visits: Sequence[Visit], inspectors: Sequence[Inspector], conflicts: set[tuple[str, str]]) -> bytes:
    """assignment.csv by the verifier's matcher, from the same round."""
    roster = {
        person.inspector_id: SimpleNamespace(
            county=person.counties[0], skills=set(person.specialties), cap=person.load_cap, until=person.valid_until
        )
        for person in inspectors
    }
    matcher = verify.Matcher(SimpleNamespace(roster=roster, conflicts=conflicts), KEY)
    return matcher.run(
        {v.uid: verify.Visit(v.uid, v.county, v.team_size, list(v.specialties), v.valid_to) for v in visits}
    )


def _timed(work: Callable[[], _T]) -> tuple[float, _T]:
    started = time.perf_counter()
    result = work()
    return time.perf_counter() - started, result


def main() -> None:
    """Print the seconds of each round."""
    parser = argparse.ArgumentParser(prog="python -m bench.matching")
    parser.add_argument("--visits", type=int, default=20_000)
    parser.add_argument("--inspectors", type=int, default=600)
    parser.add_argument("--counties", type=int, default=14)
    parser.add_argument("--no-verifier", action="store_true")
    options = parser.parse_args()
    print(f"{platform.machine()}，{os.cpu_count()} 核，Python {platform.python_version()}")
    size = (options.visits, options.inspectors, options.counties)
    for name, make in (("平常", ordinary), ("全员到上限", in_earnest), ("力量不足", too_few)):
        visits, inspectors, conflicts = make(*size)
        seconds, assignment = _timed(lambda: match(KEY, visits, inspectors, conflicts))  # noqa: B023
        checked, faults = _timed(lambda: check_assignment(assignment, visits, inspectors, conflicts))  # noqa: B023
        loads = Counter(row.inspector_id for row in assignment.rows)
        full = sum(loads[person.inspector_id] == person.load_cap for person in inspectors)
        print(
            f"{name}：{len(visits):,} 户次 × {len(inspectors)} 人，匹配 {seconds:.1f} 秒，复核 {checked:.1f} 秒；"
            f"{full} 人到上限，{len(assignment.unassignable):,} 户次无法派人；差错 {len(faults)}"
        )
        if not options.no_verifier:
            again, data = _timed(lambda: verifier_rows(visits, inspectors, conflicts))  # noqa: B023
            print(f"  验证程序的匹配 {again:.1f} 秒，结果{'相同' if data == assignment.assignment_csv else '不同'}")


if __name__ == "__main__":
    main()
