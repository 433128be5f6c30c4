"""A workbook written as one XML file (Excel 2003, SpreadsheetML), whatever its name says (.xls, .xml, .xlsx).

Here: telling such a file, its sheets as rows of cells. Not here: what the cells mean (header, table_body), xlsx (sheets).
Parsed with defusedxml: a document type, and with it every entity, is refused before it is expanded.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from xml.etree.ElementTree import ParseError

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import DefusedXMLParser

from resources.inbox.errors import InboxError
from resources.inbox.measure import MAX_COLUMNS
from resources.inbox.sheets import CHUNK_ROWS, MergedRange, Row, Sheet, explains

MAX_XML_BYTES = 300 * 1024**2  # 65,536 rows of 40 columns have about 200 MB
MAX_ROWS = 1_048_576  # as in xlsx
MAX_CELL_TEXT = 32_767  # characters, as in any spreadsheet
_SPACE = "urn:schemas-microsoft-com:office:spreadsheet"
_SS = f"{{{_SPACE}}}"
_EXCEL = "{urn:schemas-microsoft-com:office:excel}"
_WHOLE = re.compile(r"[+-]?\d{1,18}")
_CHUNK = 1 << 20
_DECLARED = re.compile(rb"""^<\?xml[^>]*?encoding\s*=\s*["']([A-Za-z0-9._-]{1,40})["']""")


def is_spreadsheetml(path: Path) -> bool:
    """Whether the file begins as such a workbook does."""
    try:
        with path.open("rb") as file:
            head = file.read(4096)
    except OSError:
        return False
    text = head.removeprefix(codecs.BOM_UTF8).removeprefix(codecs.BOM_UTF16_LE).removeprefix(codecs.BOM_UTF16_BE)
    text = text.replace(b"\0", b"").lstrip()
    return text.startswith((b"<?xml", b"<Workbook", b"<ss:Workbook")) and _SPACE.encode() in text


def spreadsheetml_sheets(path: Path, label: str) -> list[Sheet]:
    """Every sheet with content, explaining sheets left out; InboxError: damaged, entities, too big."""
    if path.stat().st_size > MAX_XML_BYTES:
        raise InboxError(
            f"{label} 超过 XML 工作簿的上限 {MAX_XML_BYTES:,} 字节，请另存为 xlsx 或 CSV 后送达。", kind="too_big"
        )
    reader = _Reader(label)
    parser = DefusedXMLParser(target=reader, forbid_dtd=True)
    try:
        with path.open("rb") as file:
            decoder = codecs.getincrementaldecoder(_encoding(file.read(4096)))()
            file.seek(0)
            while block := file.read(_CHUNK):
                if len(block) == _CHUNK and b"<" not in block:
                    raise InboxError(
                        f"{label} 的 XML 中有一段文字超过 {_CHUNK:,} 字节，不像表格的格，请核对后重新送达。",
                        kind="hostile",
                    )
                parser.feed(decoder.decode(block))
            parser.feed(decoder.decode(b"", final=True))
            parser.close()
    except DefusedXmlException as error:
        raise InboxError(
            f"{label} 的 XML 内声明了文档类型或实体，已拒收，请用电子表格软件另存为 xlsx 后重新送达。", kind="hostile"
        ) from error
    except (ParseError, ValueError, LookupError, OSError) as error:
        raise InboxError(f"{label} 的 XML 已损坏，读不出表格，请用电子表格软件另存为 xlsx 后重新送达。") from error
    return [table.sheet(reader.epoch_1904) for table in reader.tables if table.rows and not explains(table.name)]


def _encoding(head: bytes) -> str:
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    declared = _DECLARED.match(head.removeprefix(codecs.BOM_UTF8))
    name = declared.group(1).decode().lower() if declared else "utf-8"
    if name in ("gb2312", "gbk", "gb18030", "gb_2312-80"):
        return "gb18030"
    return "utf-8-sig" if name in ("utf-8", "utf8") else name


@dataclass(slots=True)
class _Table:
    name: str
    rows: list[tuple[int, list[object]]] = field(default_factory=list)  # physical row, cells from the first column on
    merged: list[MergedRange] = field(default_factory=list)
    is_hidden: bool = False

    def sheet(self, epoch_1904: bool) -> Sheet:
        return Sheet(
            name=self.name,
            chunks=self._chunks(),
            merged=tuple(self.merged),
            is_workbook=True,
            epoch_1904=epoch_1904,
            is_hidden=self.is_hidden,
        )

    def _chunks(self) -> Iterator[list[Row]]:
        chunk: list[Row] = []
        done = 0
        for number, cells in self.rows:
            for _ in range(done + 1, number):
                chunk.append([])
                if len(chunk) == CHUNK_ROWS:
                    yield chunk
                    chunk = []
            chunk.append(cells)
            done = number
            if len(chunk) == CHUNK_ROWS:
                yield chunk
                chunk = []
        if chunk:
            yield chunk


class _Reader:
    """Target of the parser: sheets, rows and cells as they come, nothing else kept."""

    def __init__(self, label: str) -> None:
        self.label = label
        self.tables: list[_Table] = []
        self.epoch_1904 = False
        self.row = 0
        self.column = 0
        self.cells: list[object] = []
        self.kind: str | None = None  # type of the cell whose text is being read
        self.text: list[str] = []
        self.length = 0
        self.aside = 0  # depth inside a comment, which has texts of its own
        self.hidden_text = False

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        if self.aside or tag in (f"{_SS}Comment", f"{_SS}PhoneticText"):
            self.aside += 1
        elif tag == f"{_SS}Worksheet":
            self.tables.append(_Table(attributes.get(f"{_SS}Name", "")))
            self.row = 0
        elif tag == f"{_SS}Row":
            self.row = self._index(attributes, self.row + 1, MAX_ROWS)
            self.column, self.cells = 0, []
        elif tag == f"{_SS}Cell":
            self._cell(attributes)
        elif tag == f"{_SS}Data":
            self.kind, self.text, self.length = attributes.get(f"{_SS}Type", "String"), [], 0
        elif tag == f"{_EXCEL}Date1904":
            self.epoch_1904 = True
        elif tag == f"{_EXCEL}Visible":
            self.hidden_text, self.text, self.length = True, [], 0

    def _cell(self, attributes: dict[str, str]) -> None:
        place = self._index(attributes, self.column + 1, MAX_COLUMNS)
        self.cells.extend([""] * (place - 1 - len(self.cells)))
        self.cells.append("")
        across = _count(attributes.get(f"{_SS}MergeAcross"))
        down = _count(attributes.get(f"{_SS}MergeDown"))
        if down and self.tables:
            self.tables[-1].merged.append(((self.row - 1, place - 1), (self.row - 1 + down, place - 1 + across)))
        self.column = place + across

    def _index(self, attributes: dict[str, str], follows: int, limit: int) -> int:
        given = attributes.get(f"{_SS}Index")
        index = int(given) if given is not None else follows
        if index < follows:
            raise ValueError("行号或列号倒退")
        if index > limit:
            raise InboxError(
                f"{self.label} 的工作表用到第 {index:,} 行或列，超过上限（{MAX_ROWS:,} 行、{MAX_COLUMNS} 列）："
                "多半是远处有多余的格，请删去空行空列后重新送达。",
                kind="too_big",
            )
        return index

    def data(self, text: str) -> None:
        if self.aside or (self.kind is None and not self.hidden_text):
            return
        self.length += len(text)
        if self.length > MAX_CELL_TEXT:
            raise InboxError(
                f"{self.label} 第 {self.row} 行有一格超过 {MAX_CELL_TEXT:,} 个字，不像表格的格，请核对后重新送达。",
                kind="hostile",
            )
        self.text.append(text)

    def end(self, tag: str) -> None:
        if self.aside:
            self.aside -= 1
        elif tag == f"{_SS}Data" and self.kind is not None:
            if self.cells:
                self.cells[-1] = _value(self.kind, "".join(self.text))
            self.kind = None
        elif tag == f"{_SS}Row" and self.tables:
            if any(cell != "" for cell in self.cells):
                self.tables[-1].rows.append((self.row, self.cells))
        elif tag == f"{_EXCEL}Visible":
            self.hidden_text = False
            if self.tables and "".join(self.text).strip() in ("SheetHidden", "SheetVeryHidden"):
                self.tables[-1].is_hidden = True

    def close(self) -> None:
        """Called by the parser at the end of the file."""


def _count(text: str | None) -> int:
    return min(max(int(text), 0), MAX_ROWS) if text else 0


def _value(kind: str, text: str) -> object:
    """A cell as the other readers give it: numbers as numbers, instants as dates, errors of formulas as empty."""
    if kind == "Number":
        with suppress(ValueError):
            return int(text) if _WHOLE.fullmatch(text.strip()) else float(text)
    if kind == "DateTime":
        with suppress(ValueError):
            moment = datetime.fromisoformat(text.strip())
            return date(moment.year, moment.month, moment.day) if moment.time() == datetime.min.time() else moment
    if kind == "Boolean":
        return text.strip() == "1"
    return "" if kind == "Error" else text
