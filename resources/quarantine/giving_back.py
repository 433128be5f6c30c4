"""Back to the producer: one correction sheet per unit and source (withdrawals on one of their own), one list of the files
nobody could read, one of those that held numbers of persons.

Here: what is given back and that it was. Not here: the sheet's layout (outbox/correction_sheet).
The sheet holds every row that waits for the producer, those given back before included, so that the same rows give the
same bytes and the newest sheet is always the whole one.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from data_contracts.model import source_contract
from resources.outbox.correction_sheet import (
    MOST_ROWS,
    BadCell,
    BadRow,
    write_correction_sheet,
    write_masked_files,
    write_unread_files,
)
from resources.quarantine.rows import RETURNED, AsideFile, AsideRow, MaskedFile, Quarantine


@dataclass(frozen=True, slots=True)
class Sheet:
    """One document for one unit: its path, what it is about (None: whole files), how many rows or files.

    is_notice: the files were used; nothing is to be sent again.
    """

    path: Path
    unit_name: str
    source: str | None
    rows: int
    is_notice: bool = False


def give_back(quarantine: Quarantine, *, source: str | None, unit: str | None, actor: str, reason: str) -> list[Sheet]:
    """Write the sheets into outbox/<month>/corrections/ and note each row as returned; nothing waiting: no sheets."""
    folder = quarantine.home.outbox / quarantine.month / "corrections"
    made, noted = [], []
    rows: dict[tuple[str, str, bool], list[AsideRow]] = {}
    for row in quarantine.rows(source=source, unit=unit):
        if row.state in ("open", RETURNED):
            rows.setdefault((row.origin.unit_code, row.source, row.is_withdrawal), []).append(row)
    for (code, name, withdrawal), members in sorted(rows.items()):
        for part, start in enumerate(range(0, len(members), MOST_ROWS), start=1):
            chosen = members[start : start + MOST_ROWS]
            kind = "withdrawal" if withdrawal else "correction"
            path = folder / f"{kind}_{code}_{name}{'' if part == 1 else f'_{part}'}.xlsx"
            write_correction_sheet(
                path,
                source_contract(name),
                [_bad_row(row) for row in chosen],
                month=quarantine.month,
                unit_name=members[0].origin.unit_name,
                demonstration=all(row.origin.is_generated for row in chosen),
                withdrawal=withdrawal,
            )
            made.append(Sheet(path, members[0].origin.unit_name, name, len(chosen)))
            noted += [(row.row_id, name, path.name) for row in chosen if row.state == "open"]
    files: dict[str, list[AsideFile]] = {}
    for file in quarantine.files(source=source, unit=unit):
        files.setdefault(file.origin.unit_code, []).append(file)
    for code, aside in sorted(files.items()):
        path = folder / f"unread_{code}.xlsx"
        write_unread_files(
            path,
            [(f.delivery_id, f.file_name, source_contract(f.source).title, f.reason) for f in aside],
            month=quarantine.month,
            unit_name=aside[0].origin.unit_name,
            demonstration=all(f.origin.is_generated for f in aside),
        )
        made.append(Sheet(path, aside[0].origin.unit_name, None, len(aside)))
        noted += [(f.file_id, f.source, path.name) for f in aside if f.state == "open"]
    masked: dict[str, list[MaskedFile]] = {}
    for held in quarantine.masked_files(source=source, unit=unit):
        masked.setdefault(held.origin.unit_code, []).append(held)
    for code, told in sorted(masked.items()):
        path = folder / f"personal_numbers_{code}.xlsx"
        write_masked_files(
            path,
            [(f.delivery_id, f.file_name, source_contract(f.source).title, f.identities, f.mobiles) for f in told],
            month=quarantine.month,
            unit_name=told[0].origin.unit_name,
            demonstration=all(f.origin.is_generated for f in told),
        )
        made.append(Sheet(path, told[0].origin.unit_name, None, len(told), is_notice=True))
    quarantine.record(
        RETURNED,
        [
            {"row_id": row_id, "source": name, "file": file_name, "actor": actor, "reason": reason.strip()}
            for row_id, name, file_name in noted
        ],
    )
    return made


def _bad_row(row: AsideRow) -> BadRow:
    """The row with each marked cell's reasons; a reason without a column stands in the column of problems alone."""
    marked: dict[str, list[str]] = {}
    for finding in row.findings:
        for column in finding.columns:
            marked.setdefault(column, []).append(finding.reason)
    problems = list(dict.fromkeys(finding.reason for finding in row.findings))
    if row.candidates:
        problems.append(f"可能是：{row.candidates}")
    cells = row.cells
    return BadRow(
        row_id=row.row_id,
        file_name=row.file_name,
        sheet=row.sheet,
        row_no=row.row_no,
        problems=tuple(problems),
        cells=tuple(BadCell(cells[name], tuple(marked.get(name, ()))) for name in row.contract.column_names),
    )
