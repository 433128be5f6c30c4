"""The leak meter: how surely a reader of a public file can tell that a firm is graded D, or C or D (DOMAIN §0.4, R-38).

Here: the arithmetic, from the round's chances and the population; docs/leak-meter.md derives it. Not here: limits and what
follows (leak_limits), several rounds of a year (leak_year), reading tables.

One round: a firm's ticket is one number u, the same for all tasks, and the firm is listed for the tasks whose chance
(size ÷ eligible of its county and stratum) is above u. So all is exact: fractions, no sampling, no rounding. What is taken
as given: tickets are uniform; replacements and triggered visits are left out; the reader knows rates and totals.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise

Place = tuple[str, str]  # task, stratum
Chances = Mapping[tuple[str, str, str], Fraction]  # by task, county, stratum: size ÷ eligible
Cell = tuple[str, ...]  # what the reader sees of a listed firm
_ZERO = Fraction(0)


@dataclass(frozen=True, slots=True)
class Profile:
    """`firms` subjects of one county and grade (A…D, U) that can be drawn in the same places; none: cannot be drawn.

    scope: those places and the ones where they only wait for their turn (blocked).
    """

    county: str
    grade: str
    places: tuple[Place, ...]
    firms: int
    scope: tuple[Place, ...] = ()


@dataclass(frozen=True, slots=True)
class Reading:
    """What a reader learns: the probability given, on average, to a listed D firm of being D; to a C or D firm of being
    C or D; the same before reading; the share of the listed D firms that are certain to be D; firms expected in the list.
    """

    p_d: Fraction
    p_cd: Fraction
    base_d: Fraction
    base_cd: Fraction
    named_d: Fraction
    listed: Fraction


@dataclass(slots=True)
class Weights:
    """Expected firms, by what they are: all of a cell, those graded D, those graded C or D."""

    every: Fraction = _ZERO
    d: Fraction = _ZERO
    cd: Fraction = _ZERO

    def add(self, grade: str, weight: Fraction) -> None:
        """Add firms of a grade."""
        self.every += weight
        self.d += weight if grade == "D" else _ZERO
        self.cd += weight if grade in "CD" else _ZERO


def posterior(shares: Mapping[str, Fraction], rates: Mapping[str, Fraction]) -> dict[str, Fraction]:
    """P(grade | drawn) from each grade's share of the population and its chance of being drawn; empty if none is drawn."""
    drawn = {grade: share * rates.get(grade, _ZERO) for grade, share in shares.items()}
    total = sum(drawn.values(), _ZERO)
    return {grade: part / total for grade, part in drawn.items()} if total else {}


def no_names(profiles: Iterable[Profile]) -> Reading:
    """A file that names no firm: what it says of any one firm is what was known before."""
    base = _base(profiles)
    p_d, p_cd = _share(base.d, base.every), _share(base.cd, base.every)
    return Reading(p_d, p_cd, p_d, p_cd, _ZERO, _ZERO)


def of_list(profiles: Sequence[Profile], chances: Chances) -> Reading:
    """The reader sees that a firm is listed, and nothing else of it."""
    whole = Weights()
    for profile in profiles:
        steps = _steps(profile, chances)
        whole.add(profile.grade, profile.firms * (steps[0][0] if steps else _ZERO))
    return _reading([whole], _base(profiles))


def of_task(profiles: Sequence[Profile], chances: Chances, task: str) -> Reading:
    """The reader sees that a firm is listed for this task; the base is the firms that can be drawn for it."""
    inside = [profile for profile in profiles if any(name == task for name, _ in profile.places)]
    whole = Weights()
    for profile in inside:
        chance = next(chances.get((task, profile.county, s), _ZERO) for name, s in profile.places if name == task)
        whole.add(profile.grade, profile.firms * chance)
    return _reading([whole], _base(inside))


def of_rows(profiles: Sequence[Profile], chances: Chances) -> dict[Cell, Reading]:
    """The reader sees unit and tasks of each row: one reading for each county and set of tasks, by `(county, task, …)`."""
    cells: dict[Cell, Weights] = defaultdict(Weights)
    for profile in profiles:
        for cell, low, high in _intervals(profile, chances):
            cells[cell].add(profile.grade, profile.firms * (high - low))
    base = _base(profiles)  # one for all: a month has a thousand cells
    return {cell: _reading([weights], base) for cell, weights in sorted(cells.items())}


def of_all_rows(profiles: Sequence[Profile], chances: Chances) -> Reading:
    """The same reader over the whole list: the mean over the listed D firms."""
    cells: dict[Cell, Weights] = defaultdict(Weights)
    for profile in profiles:
        for cell, low, high in _intervals(profile, chances):
            cells[cell].add(profile.grade, profile.firms * (high - low))
    return _reading(cells.values(), _base(profiles))


def of_tickets(profiles: Sequence[Profile], chances: Chances, *, knows_scope: bool) -> Reading:
    """The reader also knows the ticket of a listed firm, and the thresholds, which follow from rates and totals.

    knows_scope: also for which tasks the firm could be drawn at all, as one may who holds the key and computes every
    firm's ticket: licences and trades are public.
    """
    ends: dict[Cell, list[tuple[Fraction, str, int]]] = defaultdict(list)
    for profile in profiles:
        scope = tuple(sorted(name for name, _ in profile.scope or profile.places)) if knows_scope else ()
        for cell, low, high in _intervals(profile, chances):
            ends[(*cell, "|", *scope)] += [(low, profile.grade, profile.firms), (high, profile.grade, -profile.firms)]
    pieces: list[Weights] = []
    for events in ends.values():
        counts: dict[str, int] = defaultdict(int)
        events.sort(key=lambda event: event[0])
        for (place, grade, firms), (following, _, _) in pairwise([*events, (events[-1][0], "", 0)]):
            counts[grade] += firms
            if following > place:
                piece = Weights()
                for each, number in counts.items():
                    piece.add(each, number * (following - place))
                pieces.append(piece)
    return _reading(pieces, _base(profiles))


def _steps(profile: Profile, chances: Chances) -> list[tuple[Fraction, str]]:
    """Chance and task of each place with a chance, the highest first."""
    found = [(chances.get((task, profile.county, stratum), _ZERO), task) for task, stratum in profile.places]
    return sorted((step for step in found if step[0]), key=lambda step: (-step[0], step[1]))


def _intervals(profile: Profile, chances: Chances) -> list[tuple[Cell, Fraction, Fraction]]:
    """For each set of tasks that the firm may be listed for: the tickets, from low to high, that bring it about."""
    steps = _steps(profile, chances)
    found = []
    for number, ((high, _), (low, _)) in enumerate(pairwise([*steps, (_ZERO, "")]), start=1):
        if high > low:
            found.append(((profile.county, *sorted(task for _, task in steps[:number])), low, high))
    return found


def _base(profiles: Iterable[Profile]) -> Weights:
    base = Weights()
    for profile in profiles:
        base.add(profile.grade, Fraction(profile.firms))
    return base


def _reading(cells: Iterable[Weights], base: Weights) -> Reading:
    """The mean over listed D (C or D) firms of the probability that their cell gives them."""
    total = Weights()
    given_d = given_cd = certain = _ZERO
    for cell in cells:
        if not cell.every:
            continue
        total.every += cell.every
        total.d += cell.d
        total.cd += cell.cd
        given_d += cell.d * cell.d / cell.every
        given_cd += cell.cd * cell.cd / cell.every
        certain += cell.d if cell.d == cell.every else _ZERO
    return Reading(
        _share(given_d, total.d),
        _share(given_cd, total.cd),
        _share(base.d, base.every),
        _share(base.cd, base.every),
        _share(certain, total.d),
        total.every,
    )


def _share(part: Fraction, whole: Fraction) -> Fraction:
    return part / whole if whole else _ZERO
