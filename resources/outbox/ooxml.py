"""Same bytes for every xlsx and docx: member order, dates and core properties fixed (DESIGN §3).

Here: normalising a written file. Not here: writing it.
"""

from __future__ import annotations

import re
import struct
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

_FIRST = ("[Content_Types].xml", "_rels/.rels")
_CORE = "docProps/core.xml"
_STAMP = b"2000-01-01T00:00:00Z"
_LOCAL, _CENTRAL, _END = struct.Struct("<4s5H3I2H"), struct.Struct("<4s6H3I5H2I"), struct.Struct("<4s4H2IH")
_NEEDED, _UTF8, _DEFLATED = 20, 0x800, zipfile.ZIP_DEFLATED
_TIME, _DAY = 0, 1 << 5 | 1  # 1980-01-01, midnight
_LEVEL = 6


@dataclass(frozen=True, slots=True)
class _Member:
    """One member as it will stand in the file: name, compressed content, what the headers tell of it."""

    name: bytes
    content: bytes
    crc: int
    size: int

    def fields(self) -> tuple[int, ...]:
        flags = 0 if self.name.isascii() else _UTF8
        return (_NEEDED, flags, _DEFLATED, _TIME, _DAY, self.crc, len(self.content), self.size, len(self.name), 0)


def normalise_ooxml(path: Path) -> None:
    """Rewrite an xlsx or docx in place: members in fixed order, dated 1980, core properties without time and person.

    The same content from the same writer gives the same bytes with the same zlib: what is compressed already is carried
    over as it is, which spares half the time of a long list. The file must not be in use.
    """
    with zipfile.ZipFile(path) as archive, path.open("rb") as file:
        names = sorted(archive.namelist(), key=lambda n: (_FIRST.index(n) if n in _FIRST else len(_FIRST), n))
        members = [_member(archive, archive.getinfo(name), file) for name in names]
    with path.open("wb") as target:
        _write(target, members)


def _member(archive: zipfile.ZipFile, info: zipfile.ZipInfo, file: BinaryIO) -> _Member:
    name = info.filename.encode()
    if info.compress_type == _DEFLATED and info.filename != _CORE:
        file.seek(info.header_offset)
        *_, name_length, extra_length = _LOCAL.unpack(file.read(_LOCAL.size))
        file.seek(name_length + extra_length, 1)
        return _Member(name, file.read(info.compress_size), info.CRC, info.file_size)
    content = archive.read(info)
    if info.filename == _CORE:
        content = _fixed_core(content)
    packer = zlib.compressobj(_LEVEL, zlib.DEFLATED, -zlib.MAX_WBITS)
    return _Member(name, packer.compress(content) + packer.flush(), zlib.crc32(content), len(content))


def _write(target: BinaryIO, members: list[_Member]) -> None:
    directory = []
    for member in members:
        directory.append(
            _CENTRAL.pack(b"PK\x01\x02", _NEEDED, *member.fields(), 0, 0, 0, 0, target.tell()) + member.name
        )
        target.write(_LOCAL.pack(b"PK\x03\x04", *member.fields()) + member.name)
        target.write(member.content)
    start, listed = target.tell(), b"".join(directory)
    target.write(listed)
    target.write(_END.pack(b"PK\x05\x06", 0, 0, len(members), len(members), len(listed), start, 0))


def _fixed_core(xml: bytes) -> bytes:
    """core.xml with fixed times and no author; title and subject stay."""
    xml = re.sub(rb"(<dcterms:(created|modified)\b[^>]*>)[^<]*(</dcterms:\2>)", rb"\g<1>" + _STAMP + rb"\g<3>", xml)
    return re.sub(rb"(<(dc:creator|cp:lastModifiedBy)\b[^>]*>)[^<]*(</\2>)", rb"\g<1>\g<3>", xml)
