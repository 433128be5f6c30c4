"""The cells of a delivered file, read by means that are not ours: for the tests of the generator alone.

Here: csv, xlsx, Excel 2003 XML, Parquet and zip of them, as text. Not here: any judgement.
"""

from __future__ import annotations

import csv
import datetime as dt
import io
import zipfile
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pyarrow.parquet as pq
import python_calamine

_SS = "{urn:schemas-microsoft-com:office:spreadsheet}"


@dataclass(frozen=True)
class Part:
    """One sheet: its name as truth.json says it, header, data rows, and the physical row of the first of them."""

    sheet: str | None
    header: list[str]
    rows: list[list[str]]
    first_row: int

    def at(self, row_no: int) -> list[str]:
        return self.rows[row_no - self.first_row]


@lru_cache(maxsize=64)
def parts_of(path: Path) -> list[Part]:
    """The sheets of a file."""
    if path.suffix == ".parquet":
        table = pq.read_table(path)
        assert {str(field.type) for field in table.schema} == {"string"}
        return [
            Part(
                None,
                table.column_names,
                [[c or "" for c in row] for row in zip(*table.to_pydict().values(), strict=True)],
                1,
            )
        ]
    if path.suffix == ".zip":
        with zipfile.ZipFile(path) as archive:
            return [_member(name, archive.read(name)) for name in archive.namelist()]
    return [_sheet(path.suffix, path.read_bytes())]


def part_of(path: Path, sheet: str | None) -> Part:
    """The sheet of that name."""
    return next(part for part in parts_of(path) if part.sheet == sheet)


def _member(name: str, data: bytes) -> Part:
    part = _sheet(Path(name).suffix, data)
    return Part(name if part.sheet is None else f"{name}/{part.sheet}", part.header, part.rows, part.first_row)


def _sheet(suffix: str, data: bytes) -> Part:
    if suffix == ".csv":
        header, *rows = csv.reader(io.StringIO(_decoded(data), newline=""))
        return Part(None, header, rows, 2)
    if suffix == ".xls":
        [sheet] = ElementTree.fromstring(data).iter(f"{_SS}Worksheet")
        header, *rows = [[cell.text or "" for cell in row.iter(f"{_SS}Data")] for row in sheet.iter(f"{_SS}Row")]
        return Part(sheet.get(f"{_SS}Name"), header, rows, 2)
    book = python_calamine.CalamineWorkbook.from_filelike(io.BytesIO(data))
    [name] = book.sheet_names
    raw = [[_text(cell) for cell in row] for row in book.get_sheet_by_index(0).to_python(skip_empty_area=False)]
    top = next(i for i, row in enumerate(raw) if sum(map(bool, row)) > 2)
    left = next(i for i, cell in enumerate(raw[top]) if cell)
    header, *body = [row[left:] for row in raw[top:]]
    while body and (not any(body[-1]) or body[-1][0].startswith("合计")):
        body.pop()
    return Part(name, header, body, top + 2)


def _decoded(data: bytes) -> str:
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("gb18030")


def _text(cell: Any) -> str:
    if isinstance(cell, dt.datetime | dt.date):
        return cell.isoformat()[:10]
    return str(int(cell)) if isinstance(cell, float) and cell.is_integer() else str(cell)
