"""What the counties can visit: the floors that must fit before C, and the cuts after the beacon (DRAW.md §4).

Here: counting distinct subjects on site, λ per county and stratum name. Not here: how many visits are planned (`quota`).
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from supervision.draw.ceremony import number
from supervision.draw.committed import Committed
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


def trigger_uids(committed: Committed) -> dict[str, set[str]]:
    """The distinct subjects with a trigger, by county; every county of the policy has an entry."""
    result: dict[str, set[str]] = {county: set() for county in committed.policy.capacity}
    for row in committed.triggers:
        result[row.county].add(row.uid)
    return result


def floor_shortfalls(committed: Committed) -> tuple[FloorShortfall, ...]:
    """The counties where |triggers| + Σ ⌈⌈t/10⁴⌉·floor_e4/10⁴⌉ exceeds V, sorted; if any, the round is not committed.

    Strata off site do not count; triggers count by distinct subject. DRAW.md §4, "Before C".
    """
    needed = {county: len(uids) for county, uids in trigger_uids(committed).items()}
    for each in due(committed):
        if each.level.on_site:
            needed[each.row.county] += _ceil_e4(_ceil_e4(each.target_e4) * each.level.floor_e4)
    return tuple(
        FloorShortfall(county, needed[county], capacity)
        for county, capacity in sorted(committed.policy.capacity.items())
        if capacity is not None and needed[county] > capacity
    )


def size_under(claim: Claim, lambda_e4: int, key: str) -> int:
    """The size of a stratum whose name is cut to λ (10000 = not at all), never under its floor. DRAW.md §4."""
    fraction = number(f"{key}|cut|{'|'.join(claim.key)}", E4)
    return max(_ceil_e4(claim.planned * claim.floor_e4), (claim.planned * lambda_e4 + fraction) // E4)


def distinct_visits(claims: Sequence[Claim], sizes: Mapping[Stratum, int], triggers: Collection[str]) -> set[str]:
    """The union of the selected prefixes and the triggers."""
    return set(triggers).union(*(claim.uids[: sizes[claim.key]] for claim in claims))


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

        def visits(lambda_e4: int) -> int:
            return len(others.union(*(claim.uids[: size_under(claim, lambda_e4, key)] for claim in own)))

        lambdas[name] = max(bisect_right(range(E4 + 1), capacity, key=visits) - 1, 0)
        sizes.update({claim.key: size_under(claim, lambdas[name], key) for claim in own})

    for name in names:
        if len(distinct_visits(claims, sizes, triggers)) <= capacity:
            break
        widen(name)
    for name in list(lambdas)[-2::-1]:
        widen(name)
    return lambdas
