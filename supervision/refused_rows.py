"""What can be known of a quarantined row from its raw cells: its key, its document number, its subject.

Here: the same canonical spelling that the splitting gives a sound row, so that a refused row is recognised when the
record comes after all. A cell that cannot be read gives no key: then nothing is guessed and the row stays open.
Not here: why it was refused (the contracts), what that means for a clock (sql/reports/collected_record.sql).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date

from supervision.uid import canonical_uscc

_DATE = re.compile(r"(\d{4})[-/.年]?(\d{1,2})[-/.月]?(\d{1,2})日?(?:[ T].*)?")
_NOTHING = {"", "N/A", "NULL", "/", "无", "—", "——", "-", "--", "空"}


@dataclass(frozen=True, slots=True)
class RefusedRow:
    """key_text: as `record.key_text`; document_number: as delivered, trimmed; uid: a credit code whose check holds."""

    key_text: str | None
    document_number: str | None
    uid: str | None


def refused_row(
    cells: Mapping[str, str | None],
    *,
    key: Mapping[str, bool],
    dates: Collection[str],
    codes: Collection[str],
    words: Mapping[str, Mapping[str, str]],
    document_number: str | None,
    subject: str | None,
) -> RefusedRow:
    """The facts of one row. cells: raw text by column; key: the primary key's columns in order, and whether each must
    be filled; dates, codes: columns that hold dates and credit codes; words: the stored code of each accepted text, by
    column with a closed list; document_number, subject: the columns with 文号 and with the subject's code.
    """
    values = [_canonical(cells.get(name), name in dates, name in codes, words.get(name)) for name in key]
    unknown = any(
        value is None and (must or _says_something(cells.get(name)))
        for value, (name, must) in zip(values, key.items(), strict=True)
    )
    number = _canonical(cells.get(document_number), False, False, None) if document_number else None
    code = cells.get(subject) if subject else None
    return RefusedRow(
        None if unknown else key_text(values),
        number,
        canonical_uscc(code) if code else None,
    )


def key_text(values: Iterable[str | None]) -> str:
    """The values of a key as the one text that no other values give: each after its length, an empty one as a dash."""
    return "".join("-" if value is None else f"{len(value)}:{value}" for value in values)


def _trimmed(cell: str | None) -> str:
    return (cell or "").strip(" \t\r\n\u00a0\u3000\u200b\ufeff")


def _says_something(cell: str | None) -> bool:
    return _trimmed(cell).upper() not in _NOTHING


def _canonical(cell: str | None, is_date: bool, is_code: bool, words: Mapping[str, str] | None) -> str | None:
    text = _trimmed(cell)
    if not _says_something(text):
        return None
    if words is not None:
        return words.get(unicodedata.normalize("NFKC", text))
    if is_code:
        return canonical_uscc(text)
    if not is_date:
        return text
    found = _DATE.fullmatch(unicodedata.normalize("NFKC", text))
    try:
        return date(*(int(part) for part in found.groups())).isoformat() if found else None
    except ValueError:
        return None
