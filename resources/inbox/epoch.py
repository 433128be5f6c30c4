"""From which day a workbook counts its dates: 1900, or 1904 as workbooks begun on a Macintosh do.

Here: the flag as it stands in xlsx and xls. Not here: turning numbers into dates (text_array).
Cells formatted as dates come out right from the library; this is for plain numbers in columns of dates.
"""

from __future__ import annotations

import struct
import zipfile
from pathlib import Path
from xml.etree.ElementTree import ParseError

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring

_MAX_WORKBOOK_PART = 4 * 1024**2
_BOF, _DATEMODE, _EOF = 0x0809, 0x0022, 0x000A
_GLOBALS = b"\x09\x08\x10\x00\x00\x06\x05\x00"  # a BIFF8 stream begins so; the flag follows among its first records
_SEARCHED = 64 * 1024


def counts_from_1904(path: Path) -> bool:
    """Whether serial 0 of the workbook is 1904-01-01. False where the file does not say."""
    with path.open("rb") as file:
        is_xlsx = file.read(2) == b"PK"
    return _xlsx(path) if is_xlsx else _xls(path)


def _xlsx(path: Path) -> bool:
    try:
        with zipfile.ZipFile(path) as archive, archive.open("xl/workbook.xml") as part:
            root = fromstring(part.read(_MAX_WORKBOOK_PART), forbid_dtd=True)
    except (LookupError, ValueError, zipfile.BadZipFile, ParseError, DefusedXmlException):
        return False
    flags = [node.get("date1904", "") for node in root if node.tag.endswith("}workbookPr")]
    return any(flag in ("1", "true", "on") for flag in flags)


def _xls(path: Path) -> bool:
    data = path.read_bytes()
    at = data.find(_GLOBALS)
    if at < 0:
        return False
    end = min(len(data) - 4, at + _SEARCHED)
    while at <= end:
        kind, length = struct.unpack_from("<HH", data, at)
        if kind == _DATEMODE and length == 2:
            return data[at + 4 : at + 6] == b"\x01\x00"
        if kind == _EOF:
            return False
        at += 4 + length
    return False
