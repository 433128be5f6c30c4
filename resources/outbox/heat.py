"""Shaded matrices: a workbook in which sheets that are matrices get tones by size, told apart in black and white too.

Here: the tones and where they lie. Not here: which sheet is a matrix and of what (one module per document), the pages
themselves (pages). A sign says the direction, the depth of the ground the size; the number stays a number.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import xlsxwriter

from resources.lake import sha256_file, write_atomically
from resources.outbox.ooxml import normalise_ooxml
from resources.outbox.pages import Pages
from resources.outbox.sheet import Sheet, check, secrecy
from resources.outbox.styles import Styles

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


def write_shaded(
    path: Path,
    sheets: Sequence[Sheet],
    heats: Mapping[str, Heat],
    *,
    title: str,
    demonstration: bool,
    facts: Mapping[str, str],
    terms: Mapping[str, str],
) -> str:
    """As `write_workbook`, in memory, with the sheets named in `heats` shaded; returns the file's SHA-256."""
    check(sheets)

    def write(temporary: Path) -> None:
        book = xlsxwriter.Workbook(str(temporary), {"strings_to_formulas": False, "strings_to_urls": False})
        book.set_properties({"title": title})
        pages = Pages(book, Styles(book), title, demonstration, secrecy(sheets))
        pages.cover(sheets, facts)
        tones = _tones(book)
        for sheet in sheets:
            pages.sheet(sheet)
            if sheet.title in heats:
                _shade(book.get_worksheet_by_name(sheet.title), sheet, heats[sheet.title], tones, demonstration)
        pages.legend(sheets, terms)
        book.close()
        normalise_ooxml(temporary)

    write_atomically(path, write)
    return sha256_file(path)


def _tones(book: Any) -> dict[str, Any]:
    """Formats by sign and step."""
    made = {"=": book.add_format({"bg_color": _SAME, "bold": True})}
    for sign in ("▲", "▽"):
        for place, (_, colour) in enumerate(_STEPS):
            made[f"{sign}{place}"] = book.add_format({"bg_color": colour, "num_format": f'"{sign}"0.0%_ '})
        made[sign] = book.add_format({"num_format": f'"{sign}"0.0%_ '})
    return made


def _shade(page: Any, sheet: Sheet, heat: Heat, tones: Mapping[str, Any], demonstration: bool) -> None:
    first = 1 + demonstration + (sheet.note is not None) + 1  # title, banner, note, header
    names = [column.name for column in sheet.columns]
    places = {code: place for place, code in enumerate(heat.order)}
    for offset, code in enumerate(sheet.frame[heat.row].tolist()):
        for name, target in heat.columns.items():
            if target not in places or code not in places:
                continue
            at = (first + offset, names.index(name)) * 2
            if code == target:
                page.conditional_format(*at, {"type": "no_blanks", "format": tones["="]})
                continue
            sign = "▲" if places[target] > places[code] else "▽"
            for place, (least, _) in enumerate(_STEPS):
                rule = {"type": "cell", "criteria": ">=", "value": least, "stop_if_true": True}
                page.conditional_format(*at, {**rule, "format": tones[f"{sign}{place}"]})
            page.conditional_format(*at, {"type": "no_blanks", "format": tones[sign]})
