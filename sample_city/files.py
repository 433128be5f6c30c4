"""Deliveries on disk: spreadsheets, CSV and Parquet with the same bytes every time, and their manifests.

Not here: what the cells say, nor how a department lays out its table (layouts).
"""

from __future__ import annotations

import datetime as dt
import hashlib
import io
import json
import zipfile
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import xlsxwriter

from sample_city.columns import join, same
from sample_city.departments import EARLIER, EXTRA, STOCK, UNITS, WEEK_4, Calendar, CityError, Places, unit_name
from sample_city.layouts import DATES, SHEET, TITLES, Layout

CREATED = dt.datetime(2020, 1, 1)
SYSTEM = "国家企业信用信息公示系统（山西）"
PLATFORM = "山西省市场监管智能指挥平台"
_XML = "urn:schemas-microsoft-com:office:spreadsheet"
_ISO = "^([0-9]{4})-([0-9]{2})-([0-9]{2})$"
_STYLES = {"/": r"\1/\2/\3", "": r"\1\2\3", "年": r"\1年\2月\3日"}


def dressed(table: Any, source: str, how: Layout) -> Any:
    """The table with the department's headers, date style and additional column; no empty cell is NULL in a file."""
    for title in DATES.get(source, ()):
        if how.date_style != "-":
            index = table.column_names.index(title)
            table = table.set_column(
                index, title, pc.replace_substring_regex(table.column(title), _ISO, _STYLES[how.date_style])
            )
    if how.masked:
        table = table.add_column(1, "法定代表人", same("***", table.num_rows))
    return table.rename_columns([how.renamed.get(name, name) for name in table.column_names])


def write(path: Path, table: Any, source: str, how: Layout) -> None:
    """One file of text cells, already dressed."""
    if how.kind == "xlsx":
        _write_xlsx(path, table, source, how)
    elif how.kind == "xml":
        path.write_bytes(xml_bytes(table))
    elif how.kind == "zip":
        _write_zip(path, table, source, how)
    elif how.kind == "csv":
        path.write_bytes(csv_bytes(table, how.encoding))
    else:
        pq.write_table(table, path, compression="zstd")


def _write_zip(path: Path, table: Any, source: str, how: Layout) -> None:
    """Half of the rows as csv, the others as xlsx."""
    (first, _, _), (second, half, _) = how.places(source, table.num_rows)
    book = io.BytesIO()
    _write_xlsx(book, table.slice(half), source, replace(how, kind="xlsx"))
    members = {first: csv_bytes(table.slice(0, half), how.encoding), str(second).split("/")[0]: book.getvalue()}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(zipfile.ZipInfo(str(name), CREATED.timetuple()[:6]), data, zipfile.ZIP_DEFLATED)


def xml_bytes(table: Any) -> bytes:
    """An Excel 2003 workbook of one sheet, every cell text."""

    def row(cells: Any) -> str:
        return (
            "<Row>" + "".join(f'<Cell><Data ss:Type="String">{escape(c or "")}</Data></Cell>' for c in cells) + "</Row>"
        )

    rows = [row(table.column_names), *(row(cells) for cells in zip(*table.to_pydict().values(), strict=True))]
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n<?mso-application progid="Excel.Sheet"?>\n'
        f'<Workbook xmlns="{_XML}" xmlns:ss="{_XML}">\n<Worksheet ss:Name="{SHEET}"><Table>\n'
        + "\n".join(rows)
        + "\n</Table></Worksheet>\n</Workbook>\n"
    ).encode()


def csv_bytes(table: Any, encoding: str) -> bytes:
    """Header and rows, LF, a cell quoted only if it holds a comma, a quote or a line break."""
    cells = []
    for column in table.columns:
        needs = pc.match_substring_regex(column, '[,"\r\n]')
        if pc.any(needs).as_py():
            column = pc.if_else(needs, join('"', pc.replace_substring(column, '"', '""'), '"'), column)
        cells.append(pc.fill_null(column, ""))
    header = ",".join(f'"{name}"' if "," in name else name for name in table.column_names)
    lines = pc.binary_join_element_wise(*cells, ",")
    out = [f"{header}\n"]
    chunks = lines.chunks if isinstance(lines, pa.ChunkedArray) else [lines]
    for chunk in chunks:
        for start in range(0, len(chunk), 100_000):
            out.append("\n".join(chunk.slice(start, 100_000).to_pylist()) + "\n")
    return b"".join(part.encode("utf-8" if encoding == "utf-8-sig" else encoding) for part in _with_bom(out, encoding))


def _with_bom(parts: list[str], encoding: str) -> list[str]:
    return ["\ufeff", *parts] if encoding == "utf-8-sig" else parts


def _write_xlsx(target: Path | io.BytesIO, table: Any, source: str, how: Layout) -> None:
    options = {"constant_memory": True, "default_date_format": "yyyy-mm-dd", "date_1904": how.from_1904}
    book = xlsxwriter.Workbook(str(target) if isinstance(target, Path) else target, options)
    book.set_properties({"created": CREATED, "title": TITLES[source]})
    sheet = book.add_worksheet(SHEET)
    names = table.column_names
    row = 0
    if how.titled:
        heading = book.add_format({"bold": True, "align": "center", "font_size": 14})
        sheet.merge_range(0, how.left, 0, how.left + len(names) - 1, TITLES[source], heading)
        row = 1
    elif how.left:
        row = 1
    bold = book.add_format({"bold": True})
    for index, name in enumerate(names):
        sheet.write_string(row, how.left + index, name, bold)
    reverse = {used: name for name, used in how.renamed.items()}
    dated = set(DATES.get(source, ())) if how.excel_dates else set()
    typed = {i for i, name in enumerate(names) if reverse.get(name, name) in how.typed}
    days = {i for i, name in enumerate(names) if reverse.get(name, name) in dated}
    day_format = book.add_format({"num_format": "yyyy-mm-dd"})
    text = sheet.write_string
    for start in range(0, table.num_rows, 20_000):
        block = [column.to_pylist() for column in table.slice(start, 20_000).columns]
        for cells in zip(*block, strict=True):
            row += 1
            for index, cell in enumerate(cells):
                if not cell:
                    continue
                if index in typed and (number := _number(cell)) is not None:
                    sheet.write_number(row, how.left + index, number)
                elif index in days and (date := _date(cell)) is not None:
                    sheet.write_datetime(row, how.left + index, date, day_format)
                else:
                    text(row, how.left + index, cell)
    if how.footer:
        sheet.write_string(row + 2, how.left, f"合计 {table.num_rows} 条")
    book.close()


def _number(cell: str) -> float | None:
    try:
        return float(cell)
    except ValueError:
        return None


def _date(cell: str) -> dt.datetime | None:
    try:
        date = dt.datetime.strptime(cell, "%Y-%m-%d")
    except ValueError:
        return None
    return date if date.year < 2099 else None


@dataclass(slots=True)
class Outbox:
    """The delivery folders being written; `close` adds the manifests and returns the delivery ids."""

    out: Path
    when: Calendar
    where: Places
    registry_rows: str
    delayed: frozenset[tuple[int, int]] = frozenset()
    _files: dict[tuple[int, int], list[dict[str, object]]] = field(default_factory=dict)

    def refuse_if_taken(self) -> None:
        """CityError if a delivery of the month, or in a city's first month of the one before, is there already."""
        months = [self.when.month, *([] if self.when.start else [self.when.previous])]
        if self.out.is_dir():
            for folder in sorted(self.out.iterdir()):
                if folder.name.startswith(tuple(f"{month}-" for month in months)):
                    raise CityError(
                        f"{folder.name} 已在 {self.out.name} 中，送达的文件不得改动；请换一个输出文件夹，"
                        "或用同样的参数接着生成下一个月"
                    )

    def delivery_id(self, unit: int, slot: int) -> str:
        """`2026-10-DA-01`: numbered by sending day, extra ones from 90.

        Two slots of the month before: only SJ-PT sends in both, the others have one number there.
        """
        code = UNITS[unit]
        number = slot - STOCK if slot > STOCK else (1 if slot == EARLIER or code != "SJ-PT" else 2)
        return f"{self.when.month_of(slot)}-{code}-{number if slot < EXTRA else 90 + slot - EXTRA:02d}"

    def folder(self, unit: int, slot: int) -> Path:
        """The delivery's folder, made if need be."""
        folder = self.out / self.delivery_id(unit, slot)
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    def add(self, unit: int, slot: int, path: Path, source: str, rows: int | None, *, withdraws: bool = False) -> None:
        """Note a file that has been written; `withdraws`: its rows take records back."""
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        entry: dict[str, object] = {"name": path.name, "source": source, "sha256": digest, "rows": rows}
        if withdraws:
            entry["change"] = "withdrawal"
        self._files.setdefault((unit, slot), []).append(entry)

    def close(self) -> tuple[str, ...]:
        """Write every manifest."""
        for (unit, slot), files in self._files.items():
            days = self.when.sent[min(slot, WEEK_4)] + (2 if (unit, slot) in self.delayed else 0)
            received = dt.datetime(1970, 1, 1) + dt.timedelta(
                days=days, hours=9 + max(0, slot - WEEK_4), minutes=10 + unit
            )
            code = UNITS[unit]
            manifest = {
                "spec": "ssj-delivery-v1",
                "delivery_id": self.delivery_id(unit, slot),
                "month": self.when.month_of(slot),
                "unit_code": code,
                "unit_name": unit_name(code, self.where),
                "source_system": PLATFORM if code == "SJ-PT" else SYSTEM,
                "generated": True,
                "registry_rows": self.registry_rows if any(f["source"] == "register" for f in files) else None,
                "received_at": f"{received:%Y-%m-%dT%H:%M:%S}+08:00",
                "files": sorted(files, key=lambda f: str(f["name"])),
            }
            text = json.dumps(manifest, ensure_ascii=False, indent=2)
            (self.folder(unit, slot) / "manifest.json").write_text(f"{text}\n", encoding="utf-8")
        return tuple(sorted(self.delivery_id(*key) for key in self._files))
