"""What the counties can visit: the floors that must fit before C, and the cuts after the beacon (DRAW.md §4).

Here: counting distinct subjects on site, λ per county and stratum name. Not here: how many visits are planned (`quota`).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from supervision.draw.ceremony import number
from supervision.draw.counts import Counted
from supervision.draw.quota import E4, due
from supervision.draw.rows import Stratum


@dataclass(frozen=True, slots=True)
class FloorShortfall:
    """A county whose triggers and floors alone exceed its capacity, in visits. DRAW.md §4."""

    county: str
    needed: int
    capacity: int


@dataclass(frozen=True, slots=True)
class Claim:
    """The visits a stratum claims on site: `uids` are its first `planned` in rank order, `floor_e4` may not be cut."""

    key: Stratum
    planned: int
    floor_e4: int
    uids: Sequence[str]


def _ceil_e4(amount: int) -> int:
    return (amount + E4 - 1) // E4


def trigger_uids(counted: Counted) -> dict[str, set[str]]:
    """The distinct subjects with a trigger, by county; every county of the policy has an entry."""
    result: dict[str, set[str]] = {county: set() for county in counted.policy.capacity}
    for row in counted.triggers:
        result[row.county].add(row.uid)
    return result


def floor_shortfalls(counted: Counted) -> tuple[FloorShortfall, ...]:
    """The counties where |triggers| + Σ ⌈⌈t/10⁴⌉·floor_e4/10⁴⌉ exceeds V, sorted; if any, the round is not committed.

    Strata off site do not count; triggers count by distinct subject. DRAW.md §4, "Before C".
    """
    needed = {county: len(uids) for county, uids in trigger_uids(counted).items()}
    for each in due(counted):
        if each.level.on_site:
            needed[each.row.county] += _ceil_e4(_ceil_e4(each.target_e4) * each.level.floor_e4)
    return tuple(
        FloorShortfall(county, needed[county], capacity)
        for county, capacity in sorted(counted.policy.capacity.items())
        if capacity is not None and needed[county] > capacity
    )


def _bounds(claim: Claim, key: str) -> tuple[int, int]:
    """The floor of a stratum in visits, and the fraction (1/10000) by which its cut size is rounded."""
    return _ceil_e4(claim.planned * claim.floor_e4), number(f"{key}|cut|{'|'.join(claim.key)}", E4)


def size_under(claim: Claim, lambda_e4: int, key: str) -> int:
    """The size of a stratum whose name is cut to λ (10000 = not at all), never under its floor. DRAW.md §4."""
    floor, fraction = _bounds(claim, key)
    return max(floor, (claim.planned * lambda_e4 + fraction) // E4)


def distinct_visits(claims: Sequence[Claim], sizes: Mapping[Stratum, int], triggers: Collection[str]) -> set[str]:
    """The union of the selected prefixes and the triggers."""
    return set(triggers).union(*(claim.uids[: sizes[claim.key]] for claim in claims))


def _largest(own: Sequence[Claim], others: Collection[str], capacity: int, key: str) -> int:
    """The largest λ of 0…10000 at which `own` visits fit beside `others`, 0 if none does.

    A subject comes in at the least λ at which one of the claims holds it; the first one too many sets the bound.
    """
    least: dict[str, int] = {}
    for claim in own:
        floor, fraction = _bounds(claim, key)
        for place, uid in enumerate(claim.uids[: claim.planned]):
            if uid not in others:
                enters = 0 if place < floor else max(-((fraction - (place + 1) * E4) // claim.planned), 0)
                least[uid] = min(enters, least.get(uid, E4))
    room = capacity - len(others)
    if room < 0:
        return 0
    return E4 if len(least) <= room else max(sorted(least.values())[room] - 1, 0)


def cut(
    claims: Sequence[Claim], triggers: Collection[str], capacity: int, cut_order: Sequence[str], key: str
) -> dict[str, int]:
    """λ in 1/10000 of every stratum name ever cut in one county, in the order of the cuts. DRAW.md §4, "After".

    A name that no claim of the county bears is passed over. Nothing is cut while all fits.
    """
    names = [name for name in cut_order if any(claim.key[2] == name for claim in claims)]
    sizes = {claim.key: claim.planned for claim in claims}
    lambdas: dict[str, int] = {}

    def widen(name: str) -> None:
        """Give the name its largest λ that fits beside all others as they are now, 0 if none does."""
        own = [claim for claim in claims if claim.key[2] == name]
        others = distinct_visits([claim for claim in claims if claim.key[2] != name], sizes, triggers)
        lambdas[name] = _largest(own, others, capacity, key)
        sizes.update({claim.key: size_under(claim, lambdas[name], key) for claim in own})

    for name in names:
        if len(distinct_visits(claims, sizes, triggers)) <= capacity:
            break
        widen(name)
    for name in list(lambdas)[-2::-1]:
        widen(name)
    return lambdas
