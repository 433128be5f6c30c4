"""The figures of a report as plain words, boxes and fills, for SVG and for shaded tables of Word alike.

Here: grades and their migration, the schematic county map, the heat map of units; shades and signs that also work in black
and white. Not here: geometry (supervision.reports.figures), SVG and Word markup (templates).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from supervision.reports.figures import Box, extent, flows, rows_of, tiles
from supervision.reports.marks import RATING_MARKS, Mark, timeliness_rating
from supervision.reports.monthly import GRADES, Share, percent

FILLS: Final = {"good": "E2EFDA", "warn": "FFE699", "bad": "F4B6A6", "plain": "FFFFFF"}
_SHADES: Final = ("FFFFFF", "E4ECF5", "CADAEC", "A9C3E0")  # fewer … more visits
_STATES: Final = {"A": "A类", "B": "B类", "C": "C类", "D": "D类", "U": "未分类", "entered": "新增", "left": "退出"}
_FROM: Final = (*GRADES, "U", "entered")
_TO: Final = (*GRADES, "U", "left")
_FLOW_AREA: Final = Box(98, 16, 156, 164)
_TILE: Final = (66.0, 42.0)
_TILE_GAP: Final = 4.0
_UNIT: Final = (85.0, 27.0)
_UNIT_GAP: Final = 3.0
_WORD_UNITS_A_ROW: Final = 7


@dataclass(frozen=True, slots=True)
class County:
    """One tile: its schematic place, firm × task drawn, firms to be visited, firms not covered, visits without a team."""

    name: str
    row: int
    column: int
    drawn: int
    visits: int
    unmet: int
    unassignable: int


@dataclass(frozen=True, slots=True)
class UnitRate:
    """One cell of the heat map: a unit's short name, its group, its share in time and last month's."""

    name: str
    group: str
    share: Share
    before: Share | None


def states_of_migration() -> tuple[dict[str, str], dict[str, str]]:
    """The states before and now, code -> words, in the order of the matrix."""
    return {code: _STATES[code] for code in _FROM}, {code: _STATES[code] for code in _TO}


def marked(mark: Mark) -> dict[str, str]:
    """A mark as its sign, tone and fill."""
    return {"sign": mark.sign, "tone": mark.tone, "fill": FILLS[mark.tone]}


def flow_figure(migration: Mapping[tuple[str, str], int]) -> dict[str, Any]:
    """Only firms that moved are drawn: those that stayed would hide them."""
    moved = {pair: n for pair, n in migration.items() if pair[0] != pair[1]}
    laid = flows(moved, _FROM, _TO, _FLOW_AREA, slot=13)
    before = {state: sum(n for (source, _), n in migration.items() if source == state) for state in _FROM}
    after = {state: sum(n for (_, target), n in migration.items() if target == state) for state in _TO}
    return {
        "stayed": sum(migration.values()) - sum(moved.values()),
        "moved": sum(moved.values()),
        "known": bool(migration),
        "width": 352,
        "height": _FLOW_AREA.y + _FLOW_AREA.height + 4,
        "links": [
            {
                "path": link.path,
                "count": link.count,
                "kind": _kind(link.source, link.target),
                "words": f"{_STATES[link.source]}→{_STATES[link.target]} {link.count:,} 户",
            }
            for link in laid.links
        ],
        "nodes": [
            {
                "side": node.side,
                "bar": node.bar,
                "at": node.slot.middle,
                "words": _STATES[node.state],
                "firms": before[node.state] if node.side == "left" else after[node.state],
            }
            for node in laid.nodes
        ],
    }


def _kind(source: str, target: str) -> str:
    if source not in GRADES or target not in GRADES:
        return "other"
    return "worse" if target > source else "better"


def matrix(migration: Mapping[tuple[str, str], int]) -> dict[str, Any]:
    """Rows: last month; columns: this month; with sums. A cell above the diagonal got worse."""
    rows = []
    for source in _FROM:
        counts = [migration.get((source, target), 0) for target in _TO]
        cells = [
            {"text": f"{n:,}" if n else "0", "fill": _matrix_fill(source, target, n)}
            for target, n in zip(_TO, counts, strict=True)
        ]
        rows.append({"head": _STATES[source], "cells": cells, "total": f"{sum(counts):,}"})
    totals = [sum(n for (_, t), n in migration.items() if t == target) for target in _TO]
    return {
        "heads": [_STATES[target] for target in _TO],
        "rows": rows,
        "totals": [f"{total:,}" for total in totals],
        "all": f"{sum(totals):,}",
    }


def _matrix_fill(source: str, target: str, number: int) -> str:
    if source == target:
        return "E7E6E6"
    if not number or _kind(source, target) == "other":
        return "FFFFFF"
    return FILLS["bad"] if _kind(source, target) == "worse" else FILLS["good"]


def county_map(counties: Sequence[County]) -> dict[str, Any]:
    """Tiles roughly as the counties lie; the darker the more visits."""
    boxes = tiles({county.name: (county.row, county.column) for county in counties}, _TILE, _TILE_GAP)
    width, height = extent(boxes.values())
    most = max((county.drawn for county in counties), default=0)
    placed = [
        {
            "name": county.name,
            "box": boxes[county.name],
            "drawn": county.drawn,
            "visits": county.visits,
            "short": "　".join(
                words
                for number, words in (
                    (county.unmet, f"× 缺口 {county.unmet:,}"),
                    (county.unassignable, f"× 无人 {county.unassignable:,}"),
                )
                if number
            ),
            "fill": _SHADES[0] if not most else _SHADES[min(3, 4 * county.drawn // (most + 1))],
        }
        for county in counties
    ]
    by_place = {(county.row, county.column): tile for county, tile in zip(counties, placed, strict=True)}
    rows, columns = (max((place[axis] for place in by_place), default=0) for axis in (0, 1))
    return {
        "tiles": placed,
        "width": width,
        "height": height,
        "grid": [[by_place.get((r, c)) for c in range(1, columns + 1)] for r in range(1, rows + 1)],
        "total": sum(county.drawn for county in counties),
        "shades": _SHADES,
    }


def heat_map(group: str, units: Sequence[UnitRate], columns: int) -> dict[str, Any]:
    """The units of one group as cells, so many columns wide, in the order given: name, sign, rate, counts, trend."""
    boxes = tiles(rows_of((unit.name for unit in units), columns), _UNIT, _UNIT_GAP)
    width, height = extent(boxes.values())
    cells = [
        marked(RATING_MARKS[timeliness_rating(*unit.share)])
        | {
            "name": unit.name,
            "box": boxes[unit.name],
            "rate": percent(unit.share),
            "counts": f"{unit.share[0]:,}/{unit.share[1]:,}" if unit.share[1] else "无应计",
            "brief": unit.share[1] < 1_000,  # more digits do not fit into a cell
            "trend": _trend(unit),
        }
        for unit in units
    ]
    step = _WORD_UNITS_A_ROW
    padded = [*cells, *([None] * (-len(cells) % step))]
    return {
        "group": group,
        "cells": cells,
        "width": width,
        "height": height,
        "grid": [padded[at : at + step] for at in range(0, len(padded), step)],
    }


def _trend(unit: UnitRate) -> str:
    """↑ or ↓ against last month's rate, by a tenth of a point or more."""
    if unit.before is None or not unit.before[1] or not unit.share[1]:
        return ""
    old, new = (1000 * n // d for n, d in (unit.before, unit.share))
    return "" if old == new else "↑" if new > old else "↓"
