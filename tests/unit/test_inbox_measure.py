"""A file is measured before it is opened: bombs and far cells are refused without being unpacked into memory."""

from __future__ import annotations

import zipfile
from pathlib import Path

import openpyxl
import pytest

from resources.inbox import InboxError, measure, read_file
from resources.inbox.measure import measure_parquet, measure_workbook
from tests.unit.small_contracts import PERMIT


def archive(path: Path, **members: bytes) -> Path:
    """A zip with the members a workbook must have, and these (`__` stands for `/`)."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        for name, data in {"xl__workbook.xml": b"<workbook/>", **members}.items():
            file.writestr(name.replace("__", "/"), data)
    return path


def test_an_archive_that_unpacks_too_far(tmp_path: Path) -> None:
    path = archive(tmp_path / "a.xlsx", **{"xl__worksheets__sheet1.xml": b" " * (20 * 1024**2)})
    assert path.stat().st_size < 100_000
    with pytest.raises(InboxError, match="压缩炸弹"):
        read_file(path, PERMIT)


@pytest.mark.parametrize(
    ("limit", "value", "sentence"),
    [
        ("MAX_MEMBERS", 1, "内有 2 个文件（应为 1 至 1 个）"),
        ("MAX_UNPACKED_BYTES", 5, "解压后有 15 字节，超过 5 字节"),
        ("MAX_WORKBOOK_BYTES", 5, "工作簿上限"),
    ],
)
def test_each_limit_of_an_archive(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, limit: str, value: int, sentence: str
) -> None:
    path = archive(tmp_path / "a.xlsx", a=b"<a/>")
    measure_workbook(path, "a")
    monkeypatch.setattr(measure, limit, value)
    with pytest.raises(InboxError, match=sentence):
        measure_workbook(path, "a")


def test_a_file_too_big_to_look_at(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a.csv").write_bytes(b"a,b\n1,2\n")
    monkeypatch.setattr(measure, "MAX_FILE_BYTES", 7)
    with pytest.raises(InboxError, match="8 字节，超过上限 7"):
        read_file(tmp_path / "a.csv", PERMIT)


# Twenty-six columns are assumed for a narrow sheet: high alone is too much.
@pytest.mark.parametrize("cell", ["XFD3", "ZZZ1", "B1048576", "AB999999"])
def test_one_far_cell_spans_too_large_a_rectangle(tmp_path: Path, cell: str) -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet["A1"] = "a"
    sheet[cell] = "x"
    book.save(tmp_path / "a.xlsx")
    with pytest.raises(InboxError, match="远处有多余的格"):
        measure_workbook(tmp_path / "a.xlsx", "a")


def test_a_row_number_that_the_row_does_not_own_up_to(tmp_path: Path) -> None:
    sheet = b'<sheetData><row r="1"><c r="A1"/><c r="AZ900000"/></row></sheetData>'
    with pytest.raises(InboxError, match="第 900,000 行、第 52 列"):
        measure_workbook(archive(tmp_path / "a.xlsx", **{"xl__worksheets__sheet1.xml": sheet}), "a")


def test_references_on_the_edge_of_a_chunk_are_seen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sheet = b'<sheetData><row r="1">' + b'<c r="A1"/>' * 50 + b'<c r="AAA1"/></row></sheetData>'
    path = archive(tmp_path / "a.xlsx", **{"xl__worksheets__sheet1.xml": sheet})
    for size in range(64, 96):
        monkeypatch.setattr(measure, "_CHUNK", size)
        with pytest.raises(InboxError, match="第 703 列"):
            measure_workbook(path, "a")


def test_a_size_that_lies_and_an_archive_that_is_no_workbook(tmp_path: Path) -> None:
    path = archive(tmp_path / "a.xlsx", **{"xl__worksheets__sheet1.xml": b"x" * 5000})
    data = path.read_bytes()
    # The central directory claims 50 bytes where 5,000 come out.
    assert data.count((5000).to_bytes(4, "little")) == 2
    path.write_bytes(data.replace((5000).to_bytes(4, "little"), (50).to_bytes(4, "little")))
    with pytest.raises(InboxError, match="已损坏或加密"):
        measure_workbook(path, "a")
    with zipfile.ZipFile(tmp_path / "b.zip", "w") as file:
        file.writestr("a.csv", "x")
    with pytest.raises(InboxError, match="不是 xlsx 工作簿"):
        measure_workbook(tmp_path / "b.zip", "b")


def test_what_a_parquet_footer_may_announce() -> None:
    measure_parquet(measure.MAX_PARQUET_ROWS, measure.MAX_COLUMNS, measure.MAX_UNPACKED_BYTES, "a")
    for more in ((1, 0, 0), (0, 1, 0), (0, 0, 1)):
        with pytest.raises(InboxError, match="超过上限"):
            measure_parquet(
                measure.MAX_PARQUET_ROWS + more[0],
                measure.MAX_COLUMNS + more[1],
                measure.MAX_UNPACKED_BYTES + more[2],
                "a",
            )
