"""Where the parts of a drawn figure lie, as plain numbers: flows between two columns, and tiles in a grid.

Here: geometry in the units of the picture, the same numbers for the same input. Not here: what a figure is about, words,
colours, SVG (resources/outbox/templates).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

Side = Literal["left", "right"]

_THINNEST = 1.5  # a flow of one firm among sixty thousand is still seen


class FigureError(ValueError):
    """A figure cannot be laid out; one Chinese sentence with what to mend."""


@dataclass(frozen=True, slots=True)
class Box:
    """Where something lies: left edge, upper edge, width, height."""

    x: float
    y: float
    width: float
    height: float

    @property
    def middle(self) -> tuple[float, float]:
        """The centre."""
        return _round(self.x + self.width / 2), _round(self.y + self.height / 2)


@dataclass(frozen=True, slots=True)
class Node:
    """The bar of one state on one side; total: the sum of its flows, slot: the room for its label."""

    side: Side
    state: str
    total: int
    bar: Box
    slot: Box


@dataclass(frozen=True, slots=True)
class Link:
    """A flow as an SVG path (closed); `at`: the middle of its left end."""

    source: str
    target: str
    count: int
    path: str
    at: tuple[float, float]
    width: float


@dataclass(frozen=True, slots=True)
class Flows:
    """A laid-out flow figure."""

    nodes: tuple[Node, ...]
    links: tuple[Link, ...]


def flows(
    counts: Mapping[tuple[str, str], int], left: Sequence[str], right: Sequence[str], area: Box, *, slot: float
) -> Flows:
    """Flows from the states `left` to the states `right` (both from the top down) within `area`.

    counts: (left state, right state) -> number; zero is not drawn. Widths are to scale, but never below a hairline. Every
    state gets a slot of at least `slot`, so that its label has room. Raises FigureError for a state that is not listed.
    """
    strange = sorted({s for s, _ in counts} - set(left) | {t for _, t in counts} - set(right))
    if strange:
        raise FigureError(f"流向图里有未列出的类别 {'、'.join(strange)}：请核对等级迁移表")
    drawn = {
        (source, target): counts[source, target]
        for source in left
        for target in right
        if counts.get((source, target), 0) > 0
    }
    room = area.height - slot * max(len(left), len(right))
    if room <= 0:
        raise FigureError("流向图的高度放不下全部类别：请加高")
    scale = room / (sum(drawn.values()) or 1)
    thickness = {pair: max(count * scale, _THINNEST) for pair, count in drawn.items()}
    squeeze = min(1.0, room / (sum(thickness.values()) or 1))
    thickness = {pair: width * squeeze for pair, width in thickness.items()}
    bar = 9.0
    starts = _column("left", left, drawn, thickness, Box(area.x, area.y, bar, area.height), slot)
    ends = _column("right", right, drawn, thickness, Box(area.x + area.width - bar, area.y, bar, area.height), slot)
    used: dict[tuple[Side, str], float] = {}
    links = []
    for (source, target), count in drawn.items():
        width = thickness[source, target]
        begin, end = starts[source].bar, ends[target].bar
        y0 = begin.y + used.get(("left", source), 0.0)
        y1 = end.y + used.get(("right", target), 0.0)
        used["left", source] = y0 - begin.y + width
        used["right", target] = y1 - end.y + width
        links.append(
            Link(
                source,
                target,
                count,
                _ribbon(begin.x + begin.width, y0, end.x, y1, width),
                (_round(begin.x + begin.width), _round(y0 + width / 2)),
                _round(width),
            )
        )
    return Flows((*starts.values(), *ends.values()), tuple(links))


def _column(
    side: Side,
    states: Sequence[str],
    drawn: Mapping[tuple[str, str], int],
    thickness: Mapping[tuple[str, str], float],
    column: Box,
    slot: float,
) -> dict[str, Node]:
    """The bars of one side, each in the middle of its slot; what is over is shared between the slots."""
    place = 0 if side == "left" else 1
    widths = {state: sum(w for pair, w in thickness.items() if pair[place] == state) for state in states}
    spare = (column.height - sum(widths.values()) - slot * len(states)) / len(states)
    nodes, y = {}, column.y
    for state in states:
        height = widths[state] + slot + spare
        nodes[state] = Node(
            side,
            state,
            sum(count for pair, count in drawn.items() if pair[place] == state),
            Box(column.x, _round(y + (height - widths[state]) / 2), column.width, _round(widths[state])),
            Box(column.x, _round(y), column.width, _round(height)),
        )
        y += height
    return nodes


def _ribbon(x0: float, y0: float, x1: float, y1: float, width: float) -> str:
    """A band of constant height from (x0, y0) to (x1, y1), upper edges given."""
    half = (x0 + x1) / 2
    a, b, c, d = (_round(y) for y in (y0, y1, y1 + width, y0 + width))
    x0, x1, half = _round(x0), _round(x1), _round(half)
    return f"M{x0} {a}C{half} {a} {half} {b} {x1} {b}L{x1} {c}C{half} {c} {half} {d} {x0} {d}Z"


def tiles(places: Mapping[str, tuple[int, int]], size: tuple[float, float], gap: float) -> dict[str, Box]:
    """Each name's tile; places: name -> (row, column), from 1. Raises FigureError when two share a place."""
    if len(set(places.values())) < len(places):
        raise FigureError("方格图里有两个单位同在一格：请核对 reference/county_tiles.csv")
    width, height = size
    return {
        name: Box(_round((column - 1) * (width + gap)), _round((row - 1) * (height + gap)), width, height)
        for name, (row, column) in places.items()
    }


def rows_of(names: Iterable[str], columns: int) -> dict[str, tuple[int, int]]:
    """Names in reading order into (row, column) places, so many to a row."""
    return {name: (number // columns + 1, number % columns + 1) for number, name in enumerate(names)}


def shared_columns(sizes: Sequence[int], columns: int) -> tuple[int, ...]:
    """So many columns shared by blocks of these sizes so that the longest is as short as can be; at least one each."""
    shares = [1] * len(sizes)
    for _ in range(columns - len(sizes)):
        rows = [-(-size // share) for size, share in zip(sizes, shares, strict=True)]
        shares[rows.index(max(rows))] += 1
    return tuple(shares)


def extent(boxes: Iterable[Box]) -> tuple[float, float]:
    """Width and height that hold all boxes; (0, 0) for none."""
    held = list(boxes)
    if not held:
        return 0.0, 0.0
    return _round(max(box.x + box.width for box in held)), _round(max(box.y + box.height for box in held))


def _round(number: float) -> float:
    """One digit after the point: enough for print, and the same text everywhere."""
    return round(number, 1)
