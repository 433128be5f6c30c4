"""Files of every kind become the same table of text, and every row below the header is counted."""

from __future__ import annotations

import csv
import io
import subprocess
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path

import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data_contracts.model import Contract
from resources.inbox import InboxError, RawTable, read_file
from resources.inbox.cells import cell_text
from resources.inbox.raw_table import SheetCount
from tests.unit.small_contracts import PERMIT, column, uscc

HEAD = ["统一社会信用代码", "企业名称", "文书号", "决定日期", "罚款金额（万元）"]
ROWS = [[uscc(1), "甲店", "文1", "2026-09-01", "1.5"], [uscc(2), "乙,店", "文\n2", "2026/9/2", ""]]


def workbook(path: Path, rows: Sequence[Sequence[object]], first_cell: tuple[int, int] = (1, 1)) -> Path:
    """A real xlsx with the rows placed from `first_cell` (row, column)."""
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.title = "表"
    for down, row in enumerate(rows):
        for right, value in enumerate(row):
            sheet.cell(first_cell[0] + down, first_cell[1] + right, value)
    book.save(path)
    return path


def csv_file(path: Path, rows: Sequence[Sequence[object]], encoding: str = "utf-8") -> Path:
    """A CSV as spreadsheets write it."""
    text = io.StringIO(newline="")
    csv.writer(text).writerows(rows)
    path.write_bytes(text.getvalue().encode(encoding))
    return path


def cells(raw: RawTable, *names: str) -> list[tuple[str | None, ...]]:
    return list(zip(*(raw.table.column(name).to_pylist() for name in names), strict=True))


KINDS: dict[str, Callable[[Path], Path]] = {
    "xlsx": lambda path: workbook(path, [HEAD, *ROWS]),
    "utf-8": lambda path: csv_file(path, [HEAD, *ROWS]),
    "utf-8 with BOM": lambda path: csv_file(path, [HEAD, *ROWS], "utf-8-sig"),
    "gb18030": lambda path: csv_file(path, [HEAD, *ROWS], "gb18030"),
}


@pytest.mark.parametrize("kind", KINDS)
def test_the_kind_is_found_by_content_not_by_extension(tmp_path: Path, kind: str) -> None:
    raw = read_file(KINDS[kind](tmp_path / "wrong.txt"), PERMIT, rows=2)
    assert cells(raw, "uscc", "party_name", "doc_no", "fine_wan", "reg_no", "row_no") == [
        (uscc(1), "甲店", "文1", "1.5", None, 2),
        (uscc(2), "乙,店", "文\n2", None, None, 3),
    ]
    assert raw.table.column_names == [*PERMIT.column_names, "sheet", "row_no", "part_no", "corrects_row_id"]
    assert set(raw.table.column("sheet").to_pylist()) == {"表" if kind == "xlsx" else ""}
    assert raw.columns == ("uscc", "party_name", "doc_no", "signed_on", "fine_wan")
    assert raw.sheets == (SheetCount("表" if kind == "xlsx" else "", 1, 2, 0, 0, 2, 3),)


@pytest.mark.needs("soffice")
def test_an_xls_whatever_it_is_called(tmp_path: Path, machine: Callable[[str], Path]) -> None:
    path = workbook(tmp_path / "a.xlsx", [["标题"], HEAD, *ROWS, ["合计", None, None, None, 1.5]])
    command = [machine("soffice"), f"-env:UserInstallation=file://{tmp_path}/profile", "--headless"]
    subprocess.run([*command, "--convert-to", "xls", "--outdir", tmp_path, path], check=True, capture_output=True)
    old = (tmp_path / "a.xls").rename(tmp_path / "b.csv")
    raw = read_file(old, PERMIT, rows=2)
    assert cells(raw, "uscc", "doc_no", "row_no") == [(uscc(1), "文1", 3), (uscc(2), "文\n2", 4)]
    assert raw.sheets[0].footer_rows == 1
    old.write_bytes(old.read_bytes()[:1000])
    with pytest.raises(InboxError, match="已损坏"):
        read_file(old, PERMIT)


def test_titles_above_a_table_at_b2_blank_rows_and_footers(tmp_path: Path) -> None:
    rows: list[list[object]] = [["许可情况表"], ["单位：万元"], HEAD, ROWS[0], [], ["　"], ROWS[1]]
    rows += [[], ["合计", None, None, None, 1.5], ["制表人：某某　审核人：某某"], []]
    for path in (workbook(tmp_path / "a.xlsx", rows, (2, 2)), csv_file(tmp_path / "a.csv", [[], *rows])):
        raw = read_file(path, PERMIT, rows=2)
        assert cells(raw, "doc_no", "row_no") == [("文1", 5), ("文\n2", 8)]
        # openpyxl does not store the empty last row of the sheet; the CSV has it.
        blank = 3 if path.suffix == ".xlsx" else 4
        assert raw.sheets == (SheetCount(raw.sheets[0].sheet, 4, 2, blank, 2, 2, 8 + blank),)


def test_a_footer_word_is_a_footer_only_at_the_end_and_only_where_data_is_missing(tmp_path: Path) -> None:
    party = replace(PERMIT, columns=(PERMIT.column("party_name"), PERMIT.column("doc_no")), primary_key=("doc_no",))
    head = ["企业名称", "文书号"]
    raw = read_file(csv_file(tmp_path / "a", [head, ["合计", ""], ["小计", ""], ["甲", "1"], ["合计", "9"]]), party)
    assert cells(raw, "party_name", "row_no") == [("合计", 2), ("小计", 3), ("甲", 4), ("合计", 5)]
    assert raw.sheets[0].footer_rows == 0
    raw = read_file(csv_file(tmp_path / "b", [head, ["甲", "1"], ["备注：含补报", ""], ["共 1 户", ""]]), party, rows=1)
    assert raw.sheets[0].footer_rows == 2


def test_columns_in_any_order_under_any_known_name(tmp_path: Path) -> None:
    head = ["序号", "*文 书 号", "信用代码（必填）", "行政相对人名称", "法定代表人", "决定\n日期", "days", ""]
    raw = read_file(
        csv_file(tmp_path / "a", [head, ["1", "文1", uscc(1), "甲", "某人", "2026-09-01", "3", ""]]), PERMIT
    )
    assert cells(raw, "uscc", "party_name", "doc_no", "signed_on", "days") == [
        (uscc(1), "甲", "文1", "2026-09-01", "3")
    ]
    assert "某人" not in str(raw.table.to_pylist())


HEADERS = [
    ([*HEAD, "新列"], "表头「新列」不在「许可样表」的契约中"),
    ([*HEAD, "新列", "又一列"], "「新列」「又一列」"),
    (HEAD[:3], "缺少必填列「决定日期」"),
    ([*HEAD, "信用代码"], "有两列都是「统一社会信用代码」"),
    (["甲", "乙", "丙"], "找不到「许可样表」的表头"),
]


@pytest.mark.parametrize(("head", "sentence"), HEADERS)
def test_a_header_that_does_not_fit_names_file_and_remedy(tmp_path: Path, head: list[str], sentence: str) -> None:
    with pytest.raises(InboxError, match=sentence) as caught:
        read_file(csv_file(tmp_path / "fine.csv", [head, ["x"] * len(head)]), PERMIT)
    assert f"{tmp_path.name}/fine.csv" in str(caught.value)
    assert str(tmp_path.parent) not in str(caught.value)


def test_cells_outside_the_table_are_not_dropped(tmp_path: Path) -> None:
    with pytest.raises(InboxError, match="第 3 行的第 6 格有内容，但该列没有表头"):
        read_file(csv_file(tmp_path / "a", [HEAD, ROWS[0], [*ROWS[1], "多出"]]), PERMIT)
    with pytest.raises(InboxError, match="第 2 行的第 6 格"):
        read_file(csv_file(tmp_path / "b", [[*HEAD, "", "天数"], [*ROWS[0], "无头", "3"]]), PERMIT)
    short = read_file(csv_file(tmp_path / "c", [HEAD, ROWS[0][:2], [*ROWS[1], "", ""]]), PERMIT, rows=2)
    assert cells(short, "party_name", "doc_no") == [("甲店", None), ("乙,店", "文\n2")]


def test_another_row_count_than_announced(tmp_path: Path) -> None:
    with pytest.raises(InboxError, match="读到 2 行数据，清单登记 3 行"):
        read_file(csv_file(tmp_path / "a", [HEAD, *ROWS]), PERMIT, rows=3)
    assert read_file(csv_file(tmp_path / "b", [HEAD]), PERMIT, rows=0).table.num_rows == 0


BROKEN = [
    (b"", "空文件"),
    (b"\xff\xfe\x00\x01 binary", "不是 xlsx、xls、CSV 或 Parquet"),
    (b"<html><table></table></html>", "不是 xlsx、xls、CSV 或 Parquet"),
    (b"PK\x03\x04 broken", "已损坏或加密"),
    (b"PAR1 broken", "读不出 Parquet"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1 broken", "已损坏"),
    ("统一社会信用代码,企业名称\n".encode() + b'"x', "引号不成对"),
    ("企业名称,文书号\n".encode("gb18030") + b"\x81\x20", "UTF-8 也不是 GB18030"),
    (b"\xef\xbb\xbf", "没有任何内容"),
]


@pytest.mark.parametrize(("data", "sentence"), BROKEN)
def test_what_cannot_be_read_is_refused_in_one_sentence(tmp_path: Path, data: bytes, sentence: str) -> None:
    path = tmp_path / "a.xlsx"
    path.write_bytes(data)
    with pytest.raises(InboxError, match=sentence):
        read_file(path, PERMIT)


def test_several_sheets_are_one_table_and_explanations_are_none(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    for title, rows in (
        ("一", [HEAD, ROWS[0]]),
        ("填表说明", [["怎样填"]]),
        ("空", []),
        ("二", [["题"], HEAD, ROWS[1]]),
    ):
        sheet = book.create_sheet(title)
        for entry in rows:
            sheet.append(entry)
    book.save(tmp_path / "a.xlsx")
    raw = read_file(tmp_path / "a.xlsx", PERMIT, rows=2)
    assert cells(raw, "sheet", "row_no", "doc_no") == [("一", 2, "文1"), ("二", 3, "文\n2")]
    book.create_sheet("别的").append(["甲", "乙"])
    book.save(tmp_path / "a.xlsx")
    with pytest.raises(InboxError, match="工作表「别的」"):
        read_file(tmp_path / "a.xlsx", PERMIT)


def test_typed_cells_become_text_without_loss(tmp_path: Path) -> None:
    head = [*HEAD, "天数", "重点单位", "编号"]
    values: list[object] = [uscc(1), "甲", "001", date(2026, 9, 1), 0.1, 12.0, True, 123456789012345.0]
    other: list[object] = ["911408000000000017", "乙", 7, datetime(2026, 9, 1, 8, 30), 1e-7, 3, False, " x "]
    raw = read_file(workbook(tmp_path / "a.xlsx", [head, values, other]), PERMIT)
    assert cells(raw, "doc_no", "signed_on", "fine_wan", "days", "is_key", "ticket") == [
        ("001", "2026-09-01", "0.1", "12", "TRUE", "123456789012345"),
        ("7", "2026-09-01 08:30:00", "0.0000001", "3", "FALSE", " x "),
    ]


def test_parquet_of_any_simple_type_by_chinese_or_english_name(tmp_path: Path) -> None:
    table = pa.table(
        {
            "天数": pa.array([3, None], pa.int32()),
            "uscc": pa.array([uscc(1), ""]).dictionary_encode(),
            "企业名称": pa.array(["甲", "乙"], pa.large_string()),
            "doc_no": pa.array([1.0, 2.5]),
            "决定日期": pa.array([date(2026, 9, 1), None]),
            "撤销日期": pa.array([datetime(2026, 9, 1), datetime(2026, 9, 1, 1, 2, 3)], pa.timestamp("us")),
            "fine_wan": pa.array([Decimal("1.50"), None], pa.decimal128(10, 2)),
            "重点单位": pa.array([True, False]),
            "序号": pa.array([[1], [2]]),
        }
    )
    pq.write_table(table, tmp_path / "a.csv")
    raw = read_file(tmp_path / "a.csv", PERMIT, rows=2)
    names = ("uscc", "party_name", "doc_no", "signed_on", "ended_on", "fine_wan", "days", "is_key", "row_no")
    assert cells(raw, *names) == [
        (uscc(1), "甲", "1", "2026-09-01", "2026-09-01", "1.50", "3", "TRUE", 1),
        (None, "乙", "2.5", None, "2026-09-01 01:02:03", None, None, "FALSE", 2),
    ]
    assert raw.sheets == (SheetCount("", 0, 2, 0, 0, 2, 2),)
    pq.write_table(table.rename_columns([*table.column_names[:-1], "编号"]), tmp_path / "b.parquet")
    with pytest.raises(InboxError, match="「编号」 不是文字、数、日期或是否"):
        read_file(tmp_path / "b.parquet", PERMIT)


TWO: Contract = replace(
    PERMIT, columns=(column("a", "甲列"), column("b", "乙列")), primary_key=("a",), rules=(), formed_on=()
)
TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=6)


@settings(max_examples=60, deadline=None)
@given(
    rows=st.lists(st.lists(TEXT, min_size=2, max_size=2), max_size=8), encoding=st.sampled_from(["utf-8", "gb18030"])
)
def test_every_record_of_a_csv_is_data_blank_or_footer(
    tmp_path_factory: pytest.TempPathFactory, rows: list[list[str]], encoding: str
) -> None:
    path = tmp_path_factory.mktemp("csv") / "a.csv"
    csv_file(path, [["甲列", "乙列"], *rows], encoding)
    raw = read_file(path, TWO)
    (count,) = raw.sheets
    assert count.data_rows + count.blank_rows + count.footer_rows == len(rows) == count.last_row - 1
    for a, b, number in cells(raw, "a", "b", "row_no"):
        assert number is not None
        assert [a or "", b or ""] == rows[int(number) - 2]


@settings(max_examples=200, deadline=None)
@given(st.floats(allow_nan=False, allow_infinity=False))
def test_a_number_loses_nothing_as_text(value: float) -> None:
    text = cell_text(value)
    assert text is not None
    assert float(text) == value
    assert "e" not in text
    assert not text.endswith(".0")
