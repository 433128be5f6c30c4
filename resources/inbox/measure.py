"""How big a file may be, and what it is, before anything opens it.

Here: limits with their reasons, the kind of a file by its first bytes, the measuring of archives and Parquet footers.
Not here: reading cells. A workbook's members are unpacked once as a stream (sizes and CRC are thereby true) and the
cell references of its sheets looked at, because a reader allocates the whole rectangle up to the farthest cell.
"""

from __future__ import annotations

import re
import zipfile
from pathlib import Path
from typing import IO, Literal

from resources.inbox.errors import InboxError

Kind = Literal["xlsx", "xls", "parquet", "text"]

MAX_FILE_BYTES = 2 * 1024**3  # a CSV of 5 million rows has about 1.5 GB
MAX_WORKBOOK_BYTES = 300 * 1024**2  # 1 million rows of 22 columns have about 150 MB
MAX_MEMBERS = 2_000  # a workbook has a few dozen parts
MAX_UNPACKED_BYTES = 2 * 1024**3
MAX_RATIO = 200  # sheets of real tables unpack to 5 to 30 times their size
RATIO_FROM_BYTES = 10 * 1024**2  # small parts may be very repetitive
MAX_COLUMNS = 512
MAX_SHEET_CELLS = 25_000_000  # the rectangle; the reader holds about 32 bytes for each
MAX_PARQUET_ROWS = 20_000_000

_CHUNK = 4 * 1024**2
_OVERLAP = 64
_ROW = re.compile(rb'<row [^>]{0,40}?r="(\d{1,7})"')
_FAR_ROW = re.compile(rb'r="[A-Z]{1,3}(\d{6,7})"')
_FAR_COLUMN = re.compile(rb'r="([A-Z]{2,3})\d')


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
        raise InboxError(f"{label} 有 {size:,} 字节，超过上限 {MAX_FILE_BYTES:,}，请分成几个文件送达。")
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
    """Refuse a workbook that unpacks too far, is damaged, encrypted, or spans too large a rectangle of cells."""
    if path.stat().st_size > MAX_WORKBOOK_BYTES:
        raise InboxError(f"{label} 超过工作簿上限 {MAX_WORKBOOK_BYTES:,} 字节，请改送 CSV 或分成几个文件。")
    try:
        with zipfile.ZipFile(path) as archive:
            members = archive.infolist()
            names = {member.filename for member in members}
            if len(members) > MAX_MEMBERS or len(names) != len(members):
                raise InboxError(f"{label} 的内部部件过多或重名，不像正常的工作簿，请用电子表格软件另存后重新送达。")
            if "xl/workbook.xml" not in names:
                raise InboxError(f"{label} 是压缩包但不是 xlsx 工作簿，请解压后直接送达其中的表格文件。")
            if sum(member.file_size for member in members) > MAX_UNPACKED_BYTES:
                raise InboxError(f"{label} 解压后超过 {MAX_UNPACKED_BYTES:,} 字节，请改送 CSV 或分成几个文件。")
            for member in members:
                if member.file_size > max(RATIO_FROM_BYTES, MAX_RATIO * member.compress_size):
                    raise InboxError(
                        f"{label} 的压缩比超过 {MAX_RATIO} 倍，疑似压缩炸弹，已拒收，请用电子表格软件另存后重新送达。"
                    )
            for member in members:
                with archive.open(member) as stream:
                    if member.filename.startswith("xl/worksheets/") and member.filename.endswith(".xml"):
                        _measure_sheet(stream, label)
                    else:
                        while stream.read(_CHUNK):
                            pass
    except (zipfile.BadZipFile, RuntimeError, NotImplementedError, EOFError, OSError, ValueError) as error:
        raise InboxError(f"{label} 已损坏或加密，打不开，请报送单位用电子表格软件另存后重新送达。") from error
    except Exception as error:
        if type(error).__module__ == "zlib":
            raise InboxError(f"{label} 已损坏，解不开，请报送单位重新导出后送达。") from error
        raise


def _measure_sheet(stream: IO[bytes], label: str) -> None:
    height, width = 0, 26
    rest = b""
    while chunk := stream.read(_CHUNK):
        text = rest + chunk
        rows = [int(found) for found in _ROW.findall(text)] + [int(found) for found in _FAR_ROW.findall(text)]
        height = max([height, *rows])
        for letters in set(_FAR_COLUMN.findall(text)):
            width = max(width, _column_number(letters))
        rest = text[-_OVERLAP:]
    if width > MAX_COLUMNS or height * width > MAX_SHEET_CELLS:
        raise InboxError(
            f"{label} 的工作表用到第 {height:,} 行、第 {width:,} 列，超过上限（{MAX_COLUMNS} 列、{MAX_SHEET_CELLS:,} 格）："
            "多半是远处有多余的格，请删去空行空列后重新送达。"
        )


def _column_number(letters: bytes) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + letter - 64
    return number


def measure_parquet(rows: int, columns: int, unpacked: int, label: str) -> None:
    """Refuse a Parquet file whose footer announces more than a delivery can hold (`unpacked` in bytes)."""
    if rows > MAX_PARQUET_ROWS or columns > MAX_COLUMNS or unpacked > MAX_UNPACKED_BYTES:
        raise InboxError(
            f"{label} 有 {rows:,} 行 {columns} 列、解压后 {unpacked:,} 字节，超过上限"
            f"（{MAX_PARQUET_ROWS:,} 行、{MAX_COLUMNS} 列、{MAX_UNPACKED_BYTES:,} 字节），请分成几个文件送达。"
        )
