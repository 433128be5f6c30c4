"""Sections of a Word document that shall fill one page each: type steps down, size by size, until a section fits.

Here: the room that paragraphs take, by the styles of the template, and which step a section gets. Not here: the styles: the
template has each style of a section once more for every step (正文段, 正文段小三 …), so that an office can change them.
GB/T 9704 sets 三号; only what is too long for one page is smaller. What does not fit at the last step goes on overleaf.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from resources.outbox.cells import text_width

STEPS = ("", "小三", "四号", "小四", "五号", "小五")
_W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_SEAM = re.compile(
    r"(?<=[0-9A-Za-z])(?=[^\x00-\xff])|(?<=[^\x00-\xff])(?=[0-9A-Za-z])"
)  # a quarter of a character of air
_SPARE = 0.97  # lines that end early, since no mark may begin a line


@dataclass(frozen=True, slots=True)
class _Type:
    """A paragraph style in twips: size of type, line, space around, indent of the first line."""

    size: int
    line: int
    around: int
    indent: int

    def height(self, text: str, width: int) -> int:
        room = int(width * _SPARE)
        halves = text_width(text) + (sum(map(str.isupper, text)) + len(_SEAM.findall(text))) // 2
        wide = self.indent + halves * self.size // 2
        return self.around + self.line * max(1, -(-wide // room))


def fit_sections(document: Any) -> None:
    """Give each section of a filled document the largest type at which it stands on one page."""
    types = {style.get(f"{_W}styleId"): made for style in document.styles.element if (made := _type(style))}
    section: list[Any] = []
    for paragraph in document.element.body.iter(f"{_W}p"):
        section.append(paragraph)
        end = paragraph.find(f"{_W}pPr/{_W}sectPr")
        if end is not None:
            _fit(section, types, end)
            section = []


def _fit(section: Sequence[Any], types: Mapping[str, _Type], page: Any) -> None:
    size, margin = page.find(f"{_W}pgSz"), page.find(f"{_W}pgMar")
    width = _twips(size, "w") - _twips(margin, "left") - _twips(margin, "right")
    height = _twips(size, "h") - _twips(margin, "top") - _twips(margin, "bottom")
    named = [
        (style, text) for p in section if (style := p.find(f"{_W}pPr/{_W}pStyle")) is not None for text in [_text(p)]
    ]
    for step in STEPS:
        needed = sum(_of(types, style.get(f"{_W}val"), step)[1].height(text, width) for style, text in named)
        if needed <= height:
            break
    for style, _ in named:
        style.set(f"{_W}val", _of(types, style.get(f"{_W}val"), step)[0])


def _of(types: Mapping[str, _Type], style: str, step: str) -> tuple[str, _Type]:
    """The style of a step; one that has no steps stays."""
    name = style + step if style + step in types else style
    return name, types[name]


def _type(style: Any) -> _Type | None:
    spacing, size = style.find(f"{_W}pPr/{_W}spacing"), style.find(f"{_W}rPr/{_W}sz")
    if spacing is None or size is None or spacing.get(f"{_W}lineRule") != "exact":
        return None
    return _Type(
        _twips(size, "val") * 10,
        _twips(spacing, "line"),
        _twips(spacing, "before") + _twips(spacing, "after"),
        _twips(style.find(f"{_W}pPr/{_W}ind"), "firstLine"),
    )


def _twips(element: Any, name: str) -> int:
    return 0 if element is None else int(element.get(f"{_W}{name}") or 0)


def _text(paragraph: Any) -> str:
    return "".join(part.text or "" for part in paragraph.iter(f"{_W}t"))
