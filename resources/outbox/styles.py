"""The look of all workbooks: fonts, borders, number formats, tones that differ in black and white too.

Here: XlsxWriter formats, made once per workbook. Not here: what is written where.
"""

from __future__ import annotations

from typing import Any

from data_contracts.model import Column

SONG, HEI, MONO = "宋体", "黑体", "Consolas"
_NUMBER_FORMATS = {
    "integer": "#,##0",
    "number": "#,##0.00",
    "date": "yyyy-mm-dd",
    "timestamp": "yyyy-mm-dd hh:mm",
}
_ALIGN = {"integer": "right", "number": "right", "date": "center", "timestamp": "center", "boolean": "center"}


class Styles:
    """The formats of one workbook."""

    def __init__(self, book: Any) -> None:
        """Formats of `book`, an open XlsxWriter workbook."""
        self._book = book
        self._made: dict[tuple[Any, ...], Any] = {}
        lined = {"border": 1, "border_color": "#808080", "valign": "vcenter", "text_wrap": True, "font_size": 10}
        self._lined = lined
        self.title = self._make(font_name=HEI, font_size=16, bold=True, align="center", valign="vcenter")
        self.banner = self._make(
            font_name=HEI, font_size=12, bold=True, align="center", valign="vcenter", border=2, bg_color="#FFF2CC"
        )
        self.note = self._make(font_name=SONG, font_size=10, valign="vcenter", text_wrap=True)
        header = {**lined, "font_name": HEI, "bold": True, "align": "center", "border_color": "#404040"}
        self.header = self._make(**header, bg_color="#D9E2F3")
        self.entry_header = self._make(**{**header, "bg_color": "#FFE9A8", "bottom": 6})
        self.empty = self._make(**{**lined, "font_name": SONG, "align": "center", "italic": True})
        self.bare = self._make(font_name=SONG)
        self.fact_name = self._make(**{**lined, "font_name": HEI, "font_size": 11, "bg_color": "#F2F2F2"})
        self.fact = self._make(**{**lined, "font_name": SONG, "font_size": 11, "num_format": "@"})
        self.signed = self._make(font_name=SONG, font_size=12, valign="vcenter")
        self.plain_text = self._make(**{**lined, "font_name": SONG, "num_format": "@"})
        self.tones = {
            "good": self._make(bg_color="#E2EFDA"),
            "warn": self._make(bg_color="#FFE699", bold=True),
            "bad": self._make(bg_color="#F4B6A6", bold=True, underline=1),
        }

    def data(self, column: Column, number_format: str | None, *, entry: bool = False, centred: bool = False) -> Any:
        """The format of a data cell: text as @ with quote prefix, numbers and dates by type or as told.

        entry: a cell to be filled in, unlocked, on a light ground; what is typed into it stays text by its format @.
        """
        return self._cell(column, number_format, entry=entry, centred=centred)

    def total(self, column: Column, number_format: str | None) -> Any:
        """The format of a cell in the row of totals."""
        return self._cell(column, number_format, total=True)

    def _cell(
        self,
        column: Column,
        number_format: str | None,
        *,
        total: bool = False,
        entry: bool = False,
        centred: bool = False,
    ) -> Any:
        kind = column.logical_type
        shown = number_format or _NUMBER_FORMATS.get(kind, "@")
        if _ALIGN.get(kind) == "right":
            shown += "_ "  # a space of air before the next column
        align = "center" if centred else _ALIGN.get(kind, "left")
        key = (shown, align, total, entry)
        if key not in self._made:
            settings = {**self._lined, "font_name": SONG, "num_format": shown, "align": align}
            if entry:
                settings |= {"bg_color": "#FFF9E0", "locked": False}
            elif shown == "@":
                settings["quote_prefix"] = True
            if total:
                settings |= {"bold": True, "bg_color": "#F2F2F2", "top": 6}
            self._made[key] = self._make(**settings)
        return self._made[key]

    def _make(self, **settings: Any) -> Any:
        return self._book.add_format(settings)
