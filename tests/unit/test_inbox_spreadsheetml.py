"""Workbooks written as XML: kinds of cells, encodings, and what is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from resources.inbox import InboxError, RawTable, read_file
from tests.unit.small_contracts import PERMIT, uscc

HEAD = ["统一社会信用代码", "企业名称", "文书号", "决定日期", "天数", "重点单位", "罚款金额（万元）"]


def cell(text: str, kind: str = "String", place: str = "") -> str:
    return f'<Cell{place}><Data ss:Type="{kind}">{text}</Data></Cell>'


def firm(*more: str) -> str:
    return "".join([cell(uscc(1)), cell("甲店"), cell("文1"), cell("2026-09-01T08:30:00.000", "DateTime"), *more])


def book(rows: str, *, before: str = "", encoding: str = "utf-8") -> bytes:
    head = "".join(cell(title) for title in HEAD)
    return (
        f'<?xml version="1.0" encoding="{encoding}"?>\n{before}'
        '<Workbook xmlns="urn:schemas-microsoft-com:office:spreadsheet" '
        'xmlns:ss="urn:schemas-microsoft-com:office:spreadsheet">'
        f'<Worksheet ss:Name="表"><Table><Row>{head}</Row>{rows}</Table></Worksheet></Workbook>'
    ).encode(encoding)


def read(folder: Path, data: bytes) -> RawTable:
    path = folder / "a.xls"
    path.write_bytes(data)
    return read_file(path, PERMIT)


def test_every_kind_of_cell(tmp_path: Path) -> None:
    cells = [cell("12", "Number"), cell("1", "Boolean"), cell("1E-7", "Number")]
    odd = [cell("#DIV/0!", "Error"), cell("0", "Boolean"), cell("123456789012345678", "Number")]
    raw = read(tmp_path, book(f"<Row>{firm(*cells)}</Row><Row>{firm(*odd)}</Row>"))
    assert raw.table.select(["signed_on", "days", "is_key", "fine_wan", "row_no"]).to_pylist() == [
        {"signed_on": "2026-09-01 08:30:00", "days": "12", "is_key": "TRUE", "fine_wan": "0.0000001", "row_no": 2},
        {"signed_on": "2026-09-01 08:30:00", "days": None, "is_key": "FALSE", "fine_wan": "123456789012345678", "row_no": 3},
    ]  # fmt: skip


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "gb2312", "GBK", "gb18030", "big5"])
def test_encodings(tmp_path: Path, encoding: str) -> None:
    head = HEAD if encoding != "big5" else ["uscc", "party_name", "doc_no", "signed_on", "days", "is_key", "fine_wan"]
    data = book(f"<Row>{firm()}</Row>").decode()
    for zh, en in zip(HEAD, head, strict=True):
        data = data.replace(zh, en)
    data = data.replace('encoding="utf-8"', f'encoding="{encoding.removesuffix("-sig")}"')
    if encoding == "big5":
        data = data.replace("甲店", "甲商").replace("表", "一")
    assert read(tmp_path, data.encode(encoding)).table.num_rows == 1


BOMB = "<!DOCTYPE a [" + "".join(f'<!ENTITY e{n + 1} "{f"&e{n};" * 10}">' for n in range(9)) + "]>\n"
REFUSED = [
    (book(f"<Row>{firm()}</Row>", before='<!DOCTYPE a [<!ENTITY e0 "x">]>\n'), "hostile", "文档类型或实体"),
    (book(f"<Row>{cell('&e9;')}</Row>", before=BOMB), "hostile", "文档类型或实体"),
    (
        book(f"<Row>{cell('&x;')}</Row>", before='<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/hostname">]>\n'),
        "hostile",
        "文档类型或实体",
    ),
    (book(f"<Row>{cell('&undefined;')}</Row>"), "unreadable", "XML 已损坏"),
    (book(f'<Row ss:Index="2000000">{firm()}</Row>'), "too_big", "第 2,000,000 行或列"),
    (book(f"<Row>{firm(cell('x', place=' ss:Index=' + chr(34) + '16384' + chr(34)))}</Row>"), "too_big", "第 16,384"),
    (book(f'<Row ss:Index="5">{firm()}</Row><Row ss:Index="3">{firm()}</Row>'), "unreadable", "XML 已损坏"),
    (book(f'<Row ss:Index="x">{firm()}</Row>'), "unreadable", "XML 已损坏"),
    (book(f"<Row>{cell('字' * 40_000)}</Row>"), "hostile", "超过 32,767 个字"),
    (book(f"<Row>{firm()}</Row>").replace(b"utf-8", b"nonsense"), "unreadable", "XML 已损坏"),
    (book(f"<Row>{firm()}</Row>").replace("甲".encode(), b"\xff"), "unreadable", "XML 已损坏"),
    (book("<Row>")[:-40], "unreadable", "XML 已损坏"),
]


@pytest.mark.parametrize(("data", "kind", "words"), REFUSED)
def test_what_is_refused(tmp_path: Path, data: bytes, kind: str, words: str) -> None:
    with pytest.raises(InboxError, match=words) as caught:
        read(tmp_path, data)
    assert caught.value.kind == kind


def test_a_cell_merged_across_takes_the_places_of_the_next(tmp_path: Path) -> None:
    row = "".join([cell(uscc(1)), cell("甲店", place=' ss:MergeAcross="1"'), cell("2026-09-01")])
    raw = read(tmp_path, book(f"<Row>{row}</Row>"))
    assert raw.table.select(["party_name", "doc_no", "signed_on"]).to_pylist() == [
        {"party_name": "甲店", "doc_no": None, "signed_on": "2026-09-01"}
    ]


def test_rows_that_are_left_out_are_counted(tmp_path: Path) -> None:
    raw = read(tmp_path, book(f'<Row ss:Index="100000">{firm()}</Row>'))
    (count,) = raw.sheets
    assert (count.data_rows, count.blank_rows, count.last_row) == (1, 99_998, 100_000)
