"""Files made to harm a reader, or broken on their way: one maker each.

Here: how each is made. Not here: what becomes of them (test_inbox_sandbox).
"""

from __future__ import annotations

import io
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path

import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq

MB = 1024**2
HUGE = 300  # MB, of one cell
HEAD = ["统一社会信用代码", "企业名称", "文书号", "决定日期"]
ROW = ["91140800000000001X", "甲店", "文1", "2026-09-01"]
LAUGHS = (
    '<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "ha">'
    + "".join(f'<!ENTITY {after} "{f"&{before};" * 10}">' for before, after in zip("abcdefgh", "bcdefghi", strict=True))
    + "]>"
)
BOOK_2003 = '<Workbook xmlns="urn:schemas-microsoft-com:office:spreadsheet" xmlns:ss="urn:schemas-microsoft-com:office:spreadsheet">'

Maker = Callable[[Path], object]


def workbook(rows: list[list[str]]) -> bytes:
    """A sound xlsx."""
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    for row in rows:
        sheet.append(row)
    made = io.BytesIO()
    book.save(made)
    return made.getvalue()


def csv_bytes(rows: list[list[str]]) -> bytes:
    return "".join(",".join(row) + "\n" for row in rows).encode()


def changed(path: Path, **parts: bytes | None) -> None:
    """A sound workbook with some parts replaced, added (`__` stands for `/`) or left out (None)."""
    new = {name.replace("__", "/"): data for name, data in parts.items()}
    with zipfile.ZipFile(io.BytesIO(workbook([HEAD, ROW]))) as sound, zipfile.ZipFile(path, "w", 8) as made:
        for name in sound.namelist():
            data = new.pop(name, sound.read(name))
            if data is not None:
                made.writestr(name, data)
        for name, added in new.items():
            assert added is not None
            made.writestr(name, added)


def part(name: str) -> bytes:
    with zipfile.ZipFile(io.BytesIO(workbook([HEAD, ROW]))) as sound:
        return sound.read(name)


def streamed(path: Path, name: str, before: bytes, block: bytes, after: bytes, times: int = HUGE) -> None:
    """A sound workbook in which one part is `before`, many times a block, `after`."""
    with (
        zipfile.ZipFile(io.BytesIO(workbook([HEAD, ROW]))) as sound,
        zipfile.ZipFile(path, "w", 8, compresslevel=1) as made,
    ):
        for other in sound.namelist():
            if other != name:
                made.writestr(other, sound.read(other))
        with made.open(name, "w") as stream:
            stream.write(before)
            for _ in range(times):
                stream.write(block)
            stream.write(after)


def long_text(path: Path, before: bytes, after: bytes, block: bytes = b"x" * MB, times: int = HUGE) -> None:
    with path.open("wb") as file:
        file.write(before)
        for _ in range(times):
            file.write(block)
        file.write(after)


# Not so even that the ratio alone would give it away.
UNEVEN = b"".join(struct.pack("<Q", n * 2654435761 % 2**64).hex().encode() for n in range(4096)).ljust(MB, b"x")
SHEET = "xl/worksheets/sheet1.xml"
STRINGS = "xl/sharedStrings.xml"
SHEET_HEAD = b'<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>'
SHEET_TAIL = b"</sheetData></worksheet>"
STRINGS_HEAD = b'<sst xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" count="1" uniqueCount="1">'


def zipped(path: Path, name: str, data: bytes = csv_bytes([HEAD, ROW]), *, flags: int = 0, attributes: int = 0) -> None:
    with zipfile.ZipFile(path, "w", 8) as made:
        made.writestr("good.csv", csv_bytes([HEAD, ROW]))
        info = zipfile.ZipInfo("x" * len(name.encode()))
        info.external_attr = attributes
        made.writestr(info, data, compress_type=8)
    packed = path.read_bytes().replace(b"x" * len(name.encode()), name.encode())
    if flags:
        for mark, at in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
            place = packed.rfind(mark) + at
            packed = packed[:place] + bytes([packed[place] | flags]) + packed[place + 1 :]
    path.write_bytes(packed)


def overlapping(path: Path, member: str, data: bytes) -> None:
    """Two entries of the directory that point to the same bytes."""
    with zipfile.ZipFile(path, "w", 8) as made:
        for name in ("a.csv", "b.csv") if member == "a.csv" else ("a.xml", "b.xml", "xl/workbook.xml"):
            made.writestr(name, data)
    packed = path.read_bytes()
    second = packed.find(b"PK\x01\x02", packed.find(b"PK\x01\x02") + 4)
    path.write_bytes(packed[: second + 42] + struct.pack("<I", 0) + packed[second + 46 :])


def false_sizes(path: Path, real: int, told: int, *, zip64: bool = False) -> None:
    """A directory that tells another size than comes out."""
    with zipfile.ZipFile(path, "w", 8) as made:
        made.writestr("a.csv", csv_bytes([HEAD, ROW]) + b"x" * real)
    packed = path.read_bytes()
    place = packed.rfind(b"PK\x01\x02")
    if zip64:  # the size stands in an extra field of 64 bits
        name_length, extra = 5, struct.pack("<HHQ", 1, 8, told)
        entry = packed[place : place + 24] + b"\xff" * 4 + packed[place + 28 : place + 30]
        entry += struct.pack("<H", len(extra)) + packed[place + 32 : place + 46 + name_length] + extra
        end = packed.rfind(b"PK\x05\x06")
        tail = bytearray(packed[end:])
        struct.pack_into("<I", tail, 12, len(entry))
        path.write_bytes(packed[:place] + entry + bytes(tail))
    else:
        path.write_bytes(packed[: place + 24] + struct.pack("<I", told) + packed[place + 28 :])


def parquet(path: Path, columns: dict[str, list[str]], **options: object) -> None:
    pq.write_table(pa.table(columns), path, use_dictionary=False, write_statistics=False, **options)


def columns_of(rows: list[list[str]]) -> dict[str, list[str]]:
    return {name: [row[place] for row in rows] for place, name in enumerate(HEAD)}


def cut(path: Path, data: bytes, share: float) -> None:
    path.write_bytes(data[: int(len(data) * share)])


def sound_parquet() -> bytes:
    made = io.BytesIO()
    pq.write_table(pa.table(columns_of([ROW] * 1000)), made)
    return made.getvalue()


def sound_2003(inside: str = "", before: str = "") -> bytes:
    rows = "".join(
        "<Row>" + "".join(f'<Cell><Data ss:Type="String">{cell}</Data></Cell>' for cell in row) + "</Row>"
        for row in (HEAD, ROW)
    )
    start = before or '<?xml version="1.0"?>'
    return f'{start}{BOOK_2003}<Worksheet ss:Name="表"><Table>{rows}{inside}</Table></Worksheet></Workbook>'.encode()


def halves_2003(mark: str = "@") -> tuple[bytes, bytes]:
    before, _, after = sound_2003(f'<Row><Cell><Data ss:Type="String">{mark}</Data></Cell></Row>').rpartition(
        mark.encode()
    )
    return before, after


WIDE = [f"列{n}" for n in range(16_384)]
HOSTILE: dict[str, Maker] = {
    # archives
    "xlsx: a part of 300 MB of blanks": lambda p: streamed(p, SHEET, b"", b" " * MB, b""),
    "xlsx: a shared string of 300 MB": lambda p: streamed(
        p, STRINGS, STRINGS_HEAD + b"<si><t>", UNEVEN, b"</t></si></sst>"
    ),
    "xlsx: a shared string of many runs": lambda p: streamed(
        p, STRINGS, STRINGS_HEAD + b"<si>", b"".join(b"<r><t>%s</t></r>" % UNEVEN[n : n + 999] for n in range(0, MB, 999)), b"</si></sst>"
    ),
    "xlsx: an inline string of 300 MB": lambda p: streamed(
        p, SHEET, SHEET_HEAD + b'<row r="1"><c r="A1" t="inlineStr"><is><t>', UNEVEN, b"</t></is></c></row>" + SHEET_TAIL
    ),
    "xlsx: a header of 16,384 columns": lambda p: p.write_bytes(workbook([WIDE])),
    "xlsx: a cell far away": lambda p: changed(
        p, **{SHEET: SHEET_HEAD + b'<row r="1"><c r="A1"/></row><row r="1048576"><c r="XFD1048576"><v>1</v></c></row>' + SHEET_TAIL}
    ),
    "xlsx: rows far away that do not own up": lambda p: changed(
        p, **{SHEET: SHEET_HEAD + b'<row r="1048576"><c><v>1</v></c></row>' + b'<row r="2"><c r="KZ2"><v>1</v></c></row>' * 9 + SHEET_TAIL}
    ),
    "xlsx: entities in the strings": lambda p: changed(
        p, **{STRINGS: LAUGHS.encode() + STRINGS_HEAD + b"<si><t>&i;</t></si></sst>"}
    ),
    "xlsx: entities in the sheet, UTF-16": lambda p: changed(
        p, **{SHEET: (LAUGHS + SHEET_HEAD.decode() + "&i;" + SHEET_TAIL.decode()).encode("utf-16")}
    ),
    "xlsx: entities behind a long comment": lambda p: changed(
        p, **{SHEET: b"<!--" + b"x" * 100_000 + b"-->" + LAUGHS.encode() + SHEET_HEAD + b"&i;" + SHEET_TAIL}
    ),
    "xlsx: entities in the workbook part": lambda p: changed(
        p, **{"xl/workbook.xml": LAUGHS.encode() + part("xl/workbook.xml").partition(b"?>")[2]}
    ),
    "xlsx: a path that leads up": lambda p: changed(p, **{"xl/../../evil.xml": b"<a/>"}),
    "xlsx: an absolute path": lambda p: changed(p, **{"/etc/evil.xml": b"<a/>"}),
    "xlsx: 5,000 parts": lambda p: changed(p, **{f"xl/{n}.xml": b"<a/>" for n in range(5000)}),
    "xlsx: parts that overlap": lambda p: overlapping(p, "a.xml", b"<a/>" * 1000),
    "xlsx: a truncated file": lambda p: cut(p, workbook([HEAD, *[ROW] * 500]), 0.6),
    "xlsx: without its sheet": lambda p: changed(p, **{SHEET: None}),
    "xlsx: depth of a million elements": lambda p: changed(p, **{SHEET: SHEET_HEAD + b"<row>" * 1_000_000}),
    "zip: a path that leads up": lambda p: zipped(p, "../../evil.csv"),
    "zip: an absolute path": lambda p: zipped(p, "/etc/evil.csv"),
    "zip: a drive": lambda p: zipped(p, "C:evil.csv"),
    "zip: a backslash": lambda p: zipped(p, "..\\evil.csv"),
    "zip: a link": lambda p: zipped(p, "link.csv", b"/etc/passwd", attributes=0o120777 << 16),
    "zip: the same name twice": lambda p: zipped(p, "good.csv"),
    "zip: a password": lambda p: zipped(p, "a.csv", flags=1),
    "zip: an archive inside": lambda p: zipped(p, "a.zip", _zip_of(csv_bytes([HEAD, ROW]))),
    "zip: a bomb of 300 MB": lambda p: zipped(p, "a.csv", bytes(HUGE * MB)),
    "zip: members that overlap": lambda p: overlapping(p, "a.csv", csv_bytes([HEAD, *[ROW] * 100])),
    "zip: a size told too small": lambda p: false_sizes(p, 5000, 50),
    "zip: a size told too large": lambda p: false_sizes(p, 5000, 50_000),
    "zip: a false size of 64 bits": lambda p: false_sizes(p, 5000, 2**62, zip64=True),
    "zip: 1,000 members": lambda p: _many(p, 1000),
    "zip: a truncated file": lambda p: cut(p, _zip_of(csv_bytes([HEAD, *[ROW] * 500])), 0.7),
    # text
    "csv: a cell of 300 MB": lambda p: long_text(p, csv_bytes([HEAD]), b",1,2,3\n"),
    "csv: a quoted cell of 300 MB with line breaks": lambda p: long_text(
        p, csv_bytes([HEAD]) + b'"', b'",1,2,3\n', b"x" * (MB - 1) + b"\n"
    ),
    "csv: 300 MB of commas": lambda p: long_text(p, csv_bytes([HEAD]), b"\n", b"," * MB),
    "csv: 300 MB of empty lines in a quote": lambda p: long_text(p, csv_bytes([HEAD]) + b'"', b"", b"\n" * MB),
    "csv: a header of 16,384 columns": lambda p: p.write_bytes(csv_bytes([WIDE])),
    "csv: NUL bytes": lambda p: p.write_bytes(csv_bytes([HEAD, *[ROW] * 1000]) + b"a\0b,c,d,e\n"),
    "csv: NUL bytes at once": lambda p: p.write_bytes(b"\0" * 5000),
    "csv: truncated inside quotes": lambda p: p.write_bytes(csv_bytes([HEAD, ROW]) + '"甲'.encode()),
    "csv: a quote that never ends, 300 MB": lambda p: long_text(
        p, csv_bytes([HEAD]) + b'a,"b', b"", (b"x" * 63 + b"\n") * (MB // 64)
    ),
    # columns
    "parquet: a cell of 300 MB": lambda p: parquet(
        p, columns_of([ROW, ["x" * (HUGE * MB), *ROW[1:]]]), compression="none"
    ),
    "parquet: a cell of 300 MB among 10,000": lambda p: parquet(
        p, columns_of([*[ROW] * 10_000, ["x" * (HUGE * MB), *ROW[1:]]]), compression="zstd"
    ),
    "parquet: a header of 16,384 columns": lambda p: parquet(p, {name: ["x"] for name in WIDE}),
    "parquet: 21 million rows of one value": lambda p: pq.write_table(
        pa.table({name: pa.DictionaryArray.from_arrays(pa.repeat(pa.scalar(0, pa.int8()), 21_000_000), pa.array(["x"])) for name in HEAD[:1]}), p
    ),
    "parquet: truncated": lambda p: cut(p, sound_parquet(), 0.5),
    "parquet: without its footer": lambda p: p.write_bytes(sound_parquet()[:-8]),
    "parquet: a footer that is nonsense": lambda p: p.write_bytes(sound_parquet()[:-60] + b"\xff" * 52 + sound_parquet()[-8:]),
    # Excel 2003 XML
    "xml: a cell of 300 MB": lambda p: _filled_2003(p, UNEVEN),
    "xml: entities": lambda p: p.write_bytes(sound_2003("<Row><Cell><Data>&i;</Data></Cell></Row>", LAUGHS)),
    "xml: a header of 16,384 columns": lambda p: p.write_bytes(
        sound_2003("<Row>" + "".join(f"<Cell><Data>{name}</Data></Cell>" for name in WIDE) + "</Row>")
    ),
    "xml: depth of a million elements": lambda p: p.write_bytes(sound_2003("<Row>" * 1_000_000)),
    "xml: an attribute of 100 MB": lambda p: p.write_bytes(sound_2003(f'<Row ss:Height="{"1" * (100 * MB)}"/>')),
    "xml: truncated": lambda p: cut(p, sound_2003("<Row/>" * 100), 0.8),
    "xml: NUL bytes": lambda p: p.write_bytes(sound_2003("<Row>\0</Row>")),
    # workbooks of before 2007
    "xls: the first sector alone": lambda p: p.write_bytes(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(504)),
    "xls: sectors in a circle": lambda p: p.write_bytes(_circle()),
    # nothing at all
    "empty": lambda p: p.write_bytes(b""),
    "missing": lambda p: None,
    "a folder": lambda p: p.mkdir(),
}  # fmt: skip


def _zip_of(data: bytes) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", 8) as archive:
        archive.writestr("a.csv", data)
    return made.getvalue()


def _many(path: Path, count: int) -> None:
    with zipfile.ZipFile(path, "w") as made:
        for number in range(count):
            made.writestr(f"{number}.csv", csv_bytes([HEAD, ROW]))


def _filled_2003(path: Path, block: bytes) -> None:
    before, after = halves_2003()
    long_text(path, before, after, block, HUGE - 1)  # a file of more than 300 MB is not even opened


def _circle() -> bytes:
    """A compound file whose table of sectors points to itself."""
    head = bytearray(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(504))
    struct.pack_into("<HHHHH", head, 24, 0x3E, 3, 0xFFFE, 9, 6)
    struct.pack_into("<IIIIIIIII", head, 44, 1, 1, 0, 4096, 0, 1, 0, 1, 0)
    return bytes(head) + struct.pack("<I", 0) * 128 * 4
