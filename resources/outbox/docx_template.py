"""docxtpl's template with three passes done otherwise: two for speed with the same result, one for a valid result.

Here: what replaces docxtpl's own. Not here: writing files (docx), what a document says.
"""

from __future__ import annotations

import re
from typing import Any

from docxtpl import DocxTemplate
from lxml import etree  # type: ignore[import-untyped]  # docxtpl's own parser

W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
# Children of w:tcPr in the order of the schema (ECMA-376, CT_TcPr); Word refuses a file with another order when strict.
CELL_ORDER = (
    "cnfStyle", "tcW", "gridSpan", "hMerge", "vMerge", "tcBorders", "shd", "noWrap", "tcMar", "textDirection", "tcFitText",
    "vAlign", "hideMark",
)  # fmt: skip
_PLACES = {name: place for place, name in enumerate(CELL_ORDER)}
_CELL = re.compile(r"(<w:tcPr>)(.*?)(</w:tcPr>)", re.DOTALL)
_CHILD = re.compile(r'<w:(\w+)((?:\s[\w:]+="[^"]*")*)\s*(?:/>|>.*?</w:\1>)', re.DOTALL)
_LISTING = re.compile(r"[\t\n\a\f]")
_PARAGRAPH_END = "</w:p>"
_VARYING = re.compile(r"\{[%{]tc\b|\{%\s*(?:colspan|hm)\b")


class Template(DocxTemplate):  # type: ignore[misc]
    """One template to be filled once."""

    def patch_xml(self, src_xml: str) -> str:
        """The template's XML for jinja2, with w:tcPr in order: cellbg and colspan put theirs before w:tcW."""
        return _CELL.sub(_ordered, super().patch_xml(src_xml))

    def resolve_listing(self, xml: str) -> str:
        """Tabs, line breaks and page breaks in texts, looked for in paragraphs that have some."""
        pieces = xml.split(_PARAGRAPH_END)
        for place, piece in enumerate(pieces[:-1]):
            if _LISTING.search(piece):
                pieces[place] = super().resolve_listing(piece + _PARAGRAPH_END)[: -len(_PARAGRAPH_END)]
        return _PARAGRAPH_END.join(pieces)

    def fix_tables(self, xml: str) -> Any:
        """The body as a tree; the columns of its tables are counted anew where the template lets their number vary."""
        if _columns_vary(self.docx.element.body):  # still the unfilled one
            return super().fix_tables(xml)
        return etree.fromstring(xml, etree.XMLParser(recover=True))


def _columns_vary(body: Any) -> bool:
    """Whether cells are repeated, or some row of the template does not fill its table's columns."""
    return _VARYING.search("".join(body.itertext(f"{W}t"))) is not None or any(
        _cells(row) != len(table.find(f"{W}tblGrid")) for table in body.iter(f"{W}tbl") for row in table.iter(f"{W}tr")
    )


def _cells(row: Any) -> int:
    spans = (cell.find(f"{W}tcPr/{W}gridSpan") for cell in row.findall(f"{W}tc"))
    return sum(1 if span is None else int(span.get(f"{W}val")) for span in spans)


def _ordered(match: re.Match[str]) -> str:
    head, inner, tail = match.groups()
    children = sorted(_CHILD.finditer(inner), key=lambda child: _PLACES.get(child.group(1), len(_PLACES)))
    ordered = "".join(child.group(0) for child in children)
    return f"{head}{ordered}{tail}" if len(ordered) == len(inner) else match.group(0)
