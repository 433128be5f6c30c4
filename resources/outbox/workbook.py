"""The one writer of workbooks: cover, sheets, legend, in a form that can be printed, signed and filed.

Here: the file. Not here: a sheet's description (sheet) and layout (pages), what a document holds (one module per document
beside this one), words and marks (supervision/reports).

XlsxWriter writes all sizes: one code path, one look; above ROWS_IN_MEMORY rows it streams (ADR 0008). Text is written as
text (number format @, quote prefix), so a code keeps its digits and a name that begins with = + - @ is never a formula.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import xlsxwriter

from resources.lake import sha256_file, write_atomically
from resources.outbox.ooxml import normalise_ooxml
from resources.outbox.pages import BANNER, Pages
from resources.outbox.sheet import INTERNAL, SENSITIVE, Sheet, WorkbookError, check, own_column, secrecy, sums
from resources.outbox.styles import Styles

__all__ = ["BANNER", "INTERNAL", "SENSITIVE", "Sheet", "WorkbookError", "own_column", "sums", "write_workbook"]
ROWS_IN_MEMORY = 50_000


def write_workbook(
    path: Path,
    sheets: Sequence[Sheet],
    *,
    title: str,
    demonstration: bool,
    facts: Mapping[str, str],
    terms: Mapping[str, str] | None = None,
) -> str:
    """Write cover, sheets and legend to `path`, atomically; returns the file's SHA-256.

    `facts` (Chinese name → value: month, as_of, policy, digests) stand on the cover; `terms` (word → sentence)
    at the head of the legend. The same input gives the same bytes. Errors: WorkbookError when a sheet lacks a column, holds a wrong value or is too
    long for a sheet.
    """
    check(sheets)
    streaming = sum(len(sheet.frame) for sheet in sheets) > ROWS_IN_MEMORY

    def write(temporary: Path) -> None:
        options = {"constant_memory": streaming, "strings_to_formulas": False, "strings_to_urls": False}
        book = xlsxwriter.Workbook(str(temporary), options)
        book.set_properties({"title": title})
        pages = Pages(book, Styles(book), title, demonstration, secrecy(sheets))
        pages.cover(sheets, facts)
        for sheet in sheets:
            pages.sheet(sheet)
        pages.legend(sheets, terms or {})
        pages.options.write(book, pages.styles.bare)
        book.close()
        normalise_ooxml(temporary)

    write_atomically(path, write)
    return sha256_file(path)
