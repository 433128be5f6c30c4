"""Numbers of persons taken out of a delivered table before anything of it is stored (R-37).

Here: which columns may hold which numbers, by their contract, and finding the few cells fast. Not here: what such a
number looks like (supervision.personal_numbers), columns that no contract names (header: they are never read).
A row is never lost for it: the cell keeps its other words. The delivered file itself stays as it came in the inbox.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from data_contracts.model import Column, Contract
from resources.inbox.errors import InboxError
from resources.inbox.raw_table import SheetCount
from supervision.personal_numbers import Masked, masked, masked_identities

# Every cell that a rule could touch, and few others: searched in C++, the rules see only what is found.
_FREE = r"1[3-9][0-9][ -]?[0-9]{4}[ -]?[0-9]{4}|[1-9][0-9]{5}[ -]?[0-9]{9}|[０-９]{4}"
_CODE = r"[1-9][0-9]{5}[ -]?(?:19|20)[0-9]{6}|[０-９]{4}"
_WHOLE = r"^\s*(?:\+?86[ -]?)?1[3-9][0-9][ -]?[0-9]{4}[ -]?[0-9]{4}\s*$"
_IDENTIFIER = re.compile(r"(^|_)(id|ids|no|ref|code)$")


@dataclass(slots=True)
class Counted:
    """How many numbers were taken out of a file."""

    identities: int = 0
    mobiles: int = 0


@dataclass(frozen=True, slots=True)
class _Looked:
    pattern: str
    rule: Callable[[str], Masked]


def mask_table(table: pa.Table, contract: Contract, counted: Counted) -> pa.Table:
    """The table of a file with its contract's columns masked; adds to `counted`."""
    for column in contract.columns:
        cells = table.column(column.name)
        if cells.null_count == len(cells):
            continue
        looked = _looked(column)
        places = pc.indices_nonzero(pc.fill_null(pc.match_substring_regex(cells, looked.pattern), False)).to_pylist()
        changed: dict[int, str] = {}
        for place in places:
            text = cells[place].as_py()
            found = looked.rule(text)
            if found.text != text:
                changed[place] = found.text
                counted.identities += found.identities
                counted.mobiles += found.mobiles
        if changed:
            texts = cells.to_pylist()
            for place, text in changed.items():
                texts[place] = text
            table = table.set_column(table.column_names.index(column.name), column.name, pa.array(texts, cells.type))
    return table


def refuse_named_after_persons(sheets: list[SheetCount], label: str) -> None:
    """InboxError when the name of a sheet is or holds the number of a person: places are told everywhere."""
    if any(masked(sheet.sheet).text != sheet.sheet for sheet in sheets):
        raise InboxError(
            f"{label} 有工作表以证件号或手机号命名，请报送单位改名另存后重新送达。", kind="personal_number"
        )


def _looked(column: Column) -> _Looked:
    """Codes and amounts may look like anything; what may be written freely is looked at for every number."""
    if column.check is not None:
        return _Looked(f"{_CODE}|{_WHOLE}", _code)
    if column.logical_type in ("number", "integer"):
        return _Looked(_CODE, masked_identities)
    if column.pattern is not None:
        kept = re.compile(column.pattern)
        return _Looked(_FREE, lambda text: (masked_identities if kept.fullmatch(text.strip()) else masked)(text))
    if column.logical_type == "string" and not column.values and _IDENTIFIER.search(column.name):
        return _Looked(_CODE, masked_identities)
    return _Looked(_FREE, masked)


def _code(text: str) -> Masked:
    """A credit code or registration number is neither; a person's number in its place is taken out."""
    found = masked_identities(text, before=9999)
    return found if found.identities or not re.fullmatch(_WHOLE, text) else masked(text)
