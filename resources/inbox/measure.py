"""How big a file may be, and what it is, before anything opens it.

Here: limits with their reasons, the kind of a file by its first bytes, the measuring of archives and Parquet footers.
Not here: reading cells. A workbook's members are unpacked once as a stream (sizes and CRC are thereby true) and the
cell references of its sheets looked at, because a reader allocates the whole rectangle up to the farthest cell.
"""

from __future__ import annotations

import codecs
import re
import stat
import zipfile
from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import pairwise
from pathlib import Path
from typing import IO, Literal

import numpy as np
import pyarrow as pa

from resources.inbox.errors import InboxError

Kind = Literal["xlsx", "xls", "parquet", "text"]

MAX_FILE_BYTES = 2 * 1024**3  # a CSV of 5 million rows has about 1.5 GB
MAX_WORKBOOK_BYTES = 300 * 1024**2  # 1 million rows of 22 columns have about 150 MB
MAX_MEMBERS = 2_000  # a workbook has a few dozen parts
MAX_UNPACKED_BYTES = 2 * 1024**3
MAX_RATIO = 200  # sheets of real tables unpack to 5 to 30 times their size
RATIO_FROM_BYTES = 10 * 1024**2  # small parts may be very repetitive
MAX_COLUMNS = 512
MAX_SHEET_CELLS = 28_000_000
MAX_PARQUET_ROWS = 20_000_000

MAX_CELLS_PER_BYTE = 8  # of the workbook; a real row of cells packs to 8 bytes at the least
MAX_CELL_BYTES = 4 * 131_072  # a cell of text; spreadsheets hold 32,767 characters

_CHUNK = 4 * 1024**2
_OVERLAP = 64
_PROLOGUE = 64 * 1024
_SPARSE_CELLS = 4_000_000
_ROW = re.compile(rb"""row [^>]{0,40}?r=["'](\d{1,7})["']""")
# Cells beyond column Z, or beyond the rows that rows own up to: six digits, and seven once rows have six themselves.
_FAR = re.compile(rb"""r=["'](?:([A-Z]{2,3})(\d{1,7})|[A-Z](\d{6,7}))""")
_FARTHER = re.compile(rb"""r=["'](?:([A-Z]{2,3})(\d{1,7})|[A-Z](\d{7}))""")
_ROOT = re.compile(rb"<[A-Za-z_]")
_WINDOW = MAX_CELL_BYTES
_SIX_DIGITS = 100_000
_ENCRYPTED = 0x1


def kind_of(path: Path, label: str) -> Kind:
    """What the file is by its content; InboxError when it is nothing that is read here or too big."""
    try:
        size = path.stat().st_size
        with path.open("rb") as file:
            head = file.read(4096)
    except OSError as error:
        raise InboxError(f"{label} 读不出来（{error.strerror}），请检查文件后重新送达。") from error
    if not size:
        raise InboxError(f"{label} 是空文件，请报送单位重新导出后送达。")
    if size > MAX_FILE_BYTES:
        raise InboxError(f"{label} 有 {size:,} 字节，超过上限 {MAX_FILE_BYTES:,}，请分成几个文件送达。", kind="too_big")
    if head.startswith(b"PK\x03\x04"):
        return "xlsx"
    if head.startswith(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"):
        return "xls"
    if head.startswith(b"PAR1"):
        return "parquet"
    start = head.removeprefix(b"\xef\xbb\xbf").lstrip().lower()
    if start.startswith((b"<html", b"<!doctype", b"<?xml", b"<table", b"{\\rtf", b"%pdf")) or b"\0" in head:
        raise InboxError(
            f"{label} 不是 xlsx、xls、CSV 或 Parquet（只看内容，不看扩展名），请另存为其中一种后重新送达。"
        )
    return "text"


def measure_workbook(path: Path, label: str) -> None:
    """Refuse a workbook that unpacks too far, is damaged, encrypted, declares entities, or spans too many cells."""
    if path.stat().st_size > MAX_WORKBOOK_BYTES:
        raise InboxError(
            f"{label} 超过工作簿上限 {MAX_WORKBOOK_BYTES:,} 字节，请改送 CSV 或分成几个文件。", kind="too_big"
        )
    try:
        with zipfile.ZipFile(path) as archive:
            members = archive.infolist()
            _measure_members(members, label)
            if "xl/workbook.xml" not in {member.filename for member in members}:
                raise InboxError(f"{label} 是压缩包但不是 xlsx 工作簿，请解压后直接送达其中的表格文件。")
            for member in members:
                with archive.open(member) as stream:
                    _measure_part(stream, member, path.stat().st_size, label)
    except (InboxError, MemoryError):
        raise
    except Exception as error:  # zipfile raises what it likes: struct.error, zlib.error, NotImplementedError ...
        raise InboxError(f"{label} 已损坏或加密，打不开，请报送单位用电子表格软件另存后重新送达。") from error


def _measure_members(members: Sequence[zipfile.ZipInfo], label: str) -> None:
    """Refuse what no honest workbook has: too many or too large parts, names twice, paths, links, passwords, overlaps."""
    again = "请用电子表格软件另存（或重新压缩）后重新送达。"
    if not members or len(members) > MAX_MEMBERS:
        raise InboxError(
            f"{label} 内有 {len(members):,} 个文件（应为 1 至 {MAX_MEMBERS:,} 个），{again}", kind="too_big"
        )
    names = Counter(member.filename.casefold() for member in members)
    (name, times) = names.most_common(1)[0]
    if times > 1:
        raise InboxError(f"{label} 内有 {times} 个部件都叫 {_shown(name)}，{again}", kind="hostile")
    for member in members:
        if _leads_elsewhere(member.filename):
            raise InboxError(
                f"{label} 内有路径「{_shown(member.filename)}」，可能指向别处，已拒收，{again}", kind="hostile"
            )
        if stat.S_ISLNK(member.external_attr >> 16):
            raise InboxError(
                f"{label} 内的 {_shown(member.filename)} 是链接，不是文件，已拒收，{again}", kind="hostile"
            )
        if member.flag_bits & _ENCRYPTED:
            raise InboxError(f"{label} 设有密码，打不开，请报送单位去掉密码后重新送达。")
        if member.file_size > max(RATIO_FROM_BYTES, MAX_RATIO * member.compress_size):
            raise InboxError(f"{label} 的压缩比超过 {MAX_RATIO} 倍，疑似压缩炸弹，已拒收，{again}", kind="hostile")
    total = sum(member.file_size for member in members)
    if total > MAX_UNPACKED_BYTES:
        raise InboxError(
            f"{label} 解压后有 {total:,} 字节，超过 {MAX_UNPACKED_BYTES:,} 字节，请改送 CSV 或分成几个文件。",
            kind="too_big",
        )
    refuse_overlaps(members, label)


def refuse_overlaps(members: Sequence[zipfile.ZipInfo], label: str) -> None:
    """Refuse an archive of which one member lies in another: a few bytes that unpack again and again."""
    placed = sorted((member.header_offset, member.header_offset + member.compress_size) for member in members)
    if placed[0][0] < 0 or any(end > start for (_, end), (start, _) in pairwise(placed)):
        raise InboxError(
            f"{label} 的内部文件互相重叠，疑似压缩炸弹，已拒收，请重新压缩（或用电子表格软件另存）后重新送达。",
            kind="hostile",
        )


def _leads_elsewhere(name: str) -> bool:
    parts = name.removesuffix("/").split("/")
    return any(part in ("", ".", "..") for part in parts) or bool(set(name) & set("\\:")) or not name.isprintable()


def _shown(name: str) -> str:
    return "".join(letter if letter.isprintable() else "?" for letter in name[:60])


def _measure_part(stream: IO[bytes], member: zipfile.ZipInfo, packed: int, label: str) -> None:
    """Unpack one part of a workbook, a piece at a time; its size and check sum are thereby true."""
    name = member.filename
    is_sheet = name.startswith("xl/worksheets/") and name.endswith(".xml")
    is_text = is_sheet or name.casefold() == "xl/sharedstrings.xml"
    is_xml = is_text or name.endswith((".xml", ".rels", ".vml"))
    height, width = 0, 26
    rest = b""
    first = True
    told = member.file_size
    while chunk := stream.read(_CHUNK):
        told -= len(chunk)
        if first and is_xml:
            _refuse_entities(chunk, name, label)
            first = False
        if not is_text:
            continue
        text = rest + chunk
        if _has_long_cell(text, is_sheet):
            raise InboxError(
                f"{label} 的 {_shown(name)} 中有一格超过 {MAX_CELL_BYTES:,} 字节，不像表格的格，请核对后重新送达。",
                kind="hostile",
            )
        rest = text[-_OVERLAP:]
        if not is_sheet:
            continue
        # Rows ascend: the last one of each piece is enough (where they do not, the sandbox's memory is the limit).
        if row := _ROW.search(text, max(0, text.rfind(b"row ", 0, -_OVERLAP))):
            height = max(height, int(row[1]))
        for letters, beside, below in set((_FAR if height < _SIX_DIGITS else _FARTHER).findall(text)):
            height = max(height, int(beside or below))
            width = max(width, _column_number(letters))
    if told:
        raise InboxError(
            f"{label} 的 {_shown(name)} 与压缩包目录所写的大小不符，请用电子表格软件另存后重新送达。", kind="hostile"
        )
    cells = height * width
    if width > MAX_COLUMNS or cells > MAX_SHEET_CELLS or cells > max(_SPARSE_CELLS, MAX_CELLS_PER_BYTE * packed):
        raise InboxError(
            f"{label} 的工作表用到第 {height:,} 行、第 {width:,} 列，超过上限（{MAX_COLUMNS} 列、{MAX_SHEET_CELLS:,} 格）："
            "多半是远处有多余的格，请删去空行空列后重新送达。",
            kind="too_big",
        )


def _refuse_entities(chunk: bytes, name: str, label: str) -> None:
    """A document type, and with it every entity, can stand before the first element only."""
    head = chunk[:_PROLOGUE]
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) or b"\0" in head[:4]:
        head = head.replace(b"\0", b"")
    root = _ROOT.search(head)
    if b"<!DOCTYPE" in head[: root.start() if root else None] or (root is None and len(head) == _PROLOGUE):
        raise InboxError(
            f"{label} 的 {_shown(name)} 声明了文档类型或实体，可能使读取程序无限展开，已拒收，"
            "请用电子表格软件另存后重新送达。",
            kind="hostile",
        )


def _has_long_cell(text: bytes, is_sheet: bool) -> bool:
    """Whether somewhere no cell (in a sheet) or shared string ends for as long as a window."""
    for start in range(0, len(text) - _WINDOW, _WINDOW):
        end = start + _WINDOW
        if text.find(b"<", start, end) < 0:
            return True
        if is_sheet:
            if text.find(b"<c", start, end) < 0 and text.find(b"<t", start, end) >= 0:
                return True
        elif text.find(b"si>", start, end) < 0:
            return True
    return False


def _column_number(letters: bytes) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + letter - 64
    return number


def measure_columns(columns: Iterable[pa.ChunkedArray], label: str) -> None:
    """Refuse a table of text with a cell that no spreadsheet could hold."""
    for column in columns:
        for chunk in column.chunks:
            ends = np.frombuffer(chunk.buffers()[1], np.int32)[chunk.offset : chunk.offset + len(chunk) + 1]
            longest = int(np.diff(ends).max(initial=0))
            if longest > MAX_CELL_BYTES:
                raise InboxError(
                    f"{label} 有一格长 {longest:,} 字节，超过 {MAX_CELL_BYTES:,}，不像表格的格，请核对后重新送达。",
                    kind="hostile",
                )


def measure_parquet(rows: int, columns: int, unpacked: int, label: str) -> None:
    """Refuse a Parquet file whose footer announces more than a delivery can hold (`unpacked` in bytes)."""
    if rows and unpacked / rows > MAX_CELL_BYTES * 2:
        raise InboxError(
            f"{label} 每行平均有 {unpacked // rows:,} 字节，不像表格（多半有一格过长），请核对后重新送达。",
            kind="hostile",
        )
    if rows > MAX_PARQUET_ROWS or columns > MAX_COLUMNS or unpacked > MAX_UNPACKED_BYTES:
        raise InboxError(
            f"{label} 有 {rows:,} 行 {columns} 列、解压后 {unpacked:,} 字节，超过上限"
            f"（{MAX_PARQUET_ROWS:,} 行、{MAX_COLUMNS} 列、{MAX_UNPACKED_BYTES:,} 字节），请分成几个文件送达。",
            kind="too_big",
        )
