"""Shaded matrices: tones by size, told apart in black and white too.

Here: the tones and where they lie. Not here: which sheet is a matrix and of what (one module per document), the pages
themselves (pages). A sign says the direction, the depth of the ground the size; the number stays a number.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

# Shares of a row from which a ground deepens; lightness falls evenly, so that a grey copy keeps the order.
_STEPS = ((0.20, "#8FA7C4"), (0.05, "#B9C9DD"), (0.01, "#DCE5F0"))
_SAME = "#D9D9D9"


@dataclass(frozen=True, slots=True)
class Heat:
    """row: the column that names the row's class; order: the classes, best first; columns: shaded column → its class.

    The cell where both are the same is grey; beyond it to the right the step is upwards (▲), to the left downwards (▽).
    """

    row: str
    order: Sequence[str]
    columns: Mapping[str, str]


def tones(book: Any) -> dict[str, Any]:
    """Formats of a workbook by sign and step."""
    made = {"=": book.add_format({"bg_color": _SAME, "bold": True})}
    for sign in ("▲", "▽"):
        for place, (_, colour) in enumerate(_STEPS):
            made[f"{sign}{place}"] = book.add_format({"bg_color": colour, "num_format": f'"{sign}"0.0%_ '})
        made[sign] = book.add_format({"num_format": f'"{sign}"0.0%_ '})
    return made


def shade(
    page: Any, heat: Heat, classes: Sequence[Any], names: Sequence[str], first: int, tones: Mapping[str, Any]
) -> None:
    """Shade an open sheet. classes: of the rows, in order; names: of the columns; first: row of the first class."""
    places = {code: place for place, code in enumerate(heat.order)}
    for row, code in enumerate(classes, start=first):
        for name, target in heat.columns.items():
            if target not in places or code not in places:
                continue
            at = (row, names.index(name)) * 2
            if code == target:
                page.conditional_format(*at, {"type": "no_blanks", "format": tones["="]})
                continue
            sign = "▲" if places[target] > places[code] else "▽"
            for place, (least, _) in enumerate(_STEPS):
                rule = {"type": "cell", "criteria": ">=", "value": least, "stop_if_true": True}
                page.conditional_format(*at, {**rule, "format": tones[f"{sign}{place}"]})
            page.conditional_format(*at, {"type": "no_blanks", "format": tones[sign]})
