"""A CSV read the quick way is the CSV read record by record, whatever is in it; and faults name their row."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data_contracts.model import Contract
from resources.inbox import InboxError, RawTable, delimited, delimited_source
from resources.inbox.delimited import DelimitedReader, read_delimited
from resources.inbox.sheets import Sheet
from resources.inbox.table_body import sheet_rows
from tests.unit.small_contracts import PERMIT, column, uscc

HEAD = ["统一社会信用代码", "企业名称", "文书号", "决定日期", "罚款金额（万元）"]
PARTIES = replace(
    PERMIT,
    columns=(
        column("uscc", "代码", required=True),
        column("party_name", "名称", required=True),
        column("fine_wan", "罚款（万元）", "number", unit="万元", unit_headers={"罚款（元）": "元"}),
    ),
    primary_key=("uscc",),
    rules=(),
    formed_on=(),
    split_parties=("uscc", "party_name"),
)


def row(number: int) -> list[str]:
    return [uscc(number), f"样例{number}号店", f"文{number}号", "2026-09-01", str(number)]


def written(path: Path, rows: list[list[str]], *, encoding: str = "utf-8", end: str = "\r\n", quoting: int = 0) -> Path:
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator=end, quoting=quoting).writerows(rows)  # type: ignore[arg-type]
    path.write_bytes(text.getvalue().encode(encoding))
    return path


@pytest.fixture
def small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Blocks of a few rows, so that a small file has many."""
    monkeypatch.setattr(delimited, "LARGEST_BLOCK", 512)
    monkeypatch.setattr(delimited, "SMALLEST_BLOCK", 64)
    monkeypatch.setattr(delimited_source, "_LEAST", 16)


@pytest.fixture
def quick_rows(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[int]]:
    """How many rows each quick block held."""
    seen: list[int] = []
    made = DelimitedReader._quick_table

    def note(*arguments: object) -> object:
        table = made(*arguments)  # type: ignore[arg-type]
        if table is not None:
            seen.append(table.num_rows)
        return table

    monkeypatch.setattr(DelimitedReader, "_quick_table", note)
    yield seen


def by_records(path: Path, contract: Contract) -> RawTable:
    """What the csv module and the reader of sheets make of it: the yardstick."""
    data = path.read_bytes()
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = data.decode("gb18030")
    try:
        rows = list(csv.reader(io.StringIO(text, newline=""), strict=True))
    except csv.Error as error:
        raise InboxError(str(error)) from error
    raw = sheet_rows(Sheet("", iter([rows] if rows else [])), contract, "x")
    assert raw is not None
    return raw


def same(path: Path, contract: Contract) -> RawTable | InboxError:
    """Quick, slow and by the yardstick: the same table or the same kind of refusal."""
    results: list[RawTable | InboxError] = []
    for read in (
        lambda: read_delimited(path, contract, "x"),
        lambda: collected(DelimitedReader(path, contract, "x", quick=False)),
        lambda: by_records(path, contract),
    ):
        try:
            results.append(read())
        except InboxError as error:
            results.append(error)
    quick, slow, yardstick = results
    if isinstance(yardstick, InboxError):
        assert isinstance(quick, InboxError), quick
        assert isinstance(slow, InboxError)
        # Of several faults, which one is told first depends on the pieces.
        assert (type(quick), quick.kind) == (type(slow), slow.kind)
        assert type(quick) is type(yardstick)
        return quick
    for raw in (quick, slow):
        assert isinstance(raw, RawTable), raw
        assert raw.table.schema == yardstick.table.schema
        assert raw.table.to_pylist() == yardstick.table.to_pylist()
        assert (raw.columns, raw.sheets) == (yardstick.columns, yardstick.sheets)
    assert isinstance(quick, RawTable)
    return quick


def collected(reader: DelimitedReader) -> RawTable:
    import pyarrow as pa

    table = pa.concat_tables(reader.parts())
    return RawTable(reader.columns, table, (reader.count,))


@pytest.mark.usefixtures("small_blocks")
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("quoting", [csv.QUOTE_MINIMAL, csv.QUOTE_ALL])
def test_a_sound_file_is_read_the_quick_way(
    tmp_path: Path, quick_rows: list[int], encoding: str, end: str, quoting: int
) -> None:
    rows = [row(n) for n in range(1, 101)]
    rows[50][1] = '他说"好",\n就走了'
    path = written(tmp_path / "a", [["标题"], HEAD, *rows], encoding=encoding, end=end, quoting=quoting)
    raw = same(path, PERMIT)
    assert isinstance(raw, RawTable)
    assert raw.table.num_rows == 100
    assert raw.table.column("row_no").to_pylist() == list(range(3, 103))
    assert raw.table.column("party_name")[50].as_py() == '他说"好",\n就走了'
    assert sum(quick_rows) == 92  # all but what the header was searched in
    assert len(quick_rows) > 5


@pytest.mark.usefixtures("small_blocks")
def test_odd_places_are_read_slowly_and_the_rest_quickly(tmp_path: Path, quick_rows: list[int]) -> None:
    rows = [row(n) for n in range(1, 201)]
    rows[40] = []
    rows[80] = ["合计", "", "", "", "9"]
    rows[120] = rows[120][:3]
    rows += [[], ["合计", "", "", "", "9"], ["制表人：某"], []]
    raw = same(written(tmp_path / "a", [HEAD, *rows]), PERMIT)
    assert isinstance(raw, RawTable)
    (count,) = raw.sheets
    assert (count.data_rows, count.blank_rows, count.footer_rows, count.last_row) == (199, 3, 2, 205)
    assert 120 < sum(quick_rows) < 195


@pytest.mark.usefixtures("small_blocks")
def test_parties_units_and_a_number_before_the_first_column(tmp_path: Path, quick_rows: list[int]) -> None:
    head = ["序号", "代码", "名称", "罚款（元）", "法定代表人", "原位置号", ""]
    rows = [[str(n), f"A{n}", f"店{n}", "5000", "某人", "", ""] for n in range(60)]
    rows[30] = ["30", "A;B", "甲、乙", "五千", "某人", "abc:1:2", ""]
    raw = same(written(tmp_path / "a", [head, *rows]), PARTIES)
    assert isinstance(raw, RawTable)
    assert raw.table.num_rows == 61
    assert sum(quick_rows) == 51
    table = raw.table.to_pylist()
    assert table[0]["fine_wan"] == "5000元"
    assert [(line["uscc"], line["part_no"], line["corrects_row_id"]) for line in table[30:32]] == [
        ("A", 1, "abc:1:2"),
        ("B", 2, "abc:1:2"),
    ]
    assert "某人" not in str(table)


FAULTS = [
    (b'a"b,\xe5\xba\x97,1\n', None),  # a quote inside an unquoted cell is text
    (b'"a" ,x,1\n', "第 42 行的引号不成对"),
    (b'"a" ,x,1,2,3\n', "第 42 行的引号不成对"),
    (b'a,"x"y,1,2,3\n', "第 42 行的引号不成对"),
    (b'a,5" x 7",1,2,3\n', None),
    (b'"a,x,1\n', "第 42 行的引号不成对"),
    (b"a,x,1,2,3,4\n", "第 42 行的第 6 格有内容"),
    (b"a\rb,x\n", None),  # a lone CR ends a record
    (b"a\0,x\n", "第 42 行附近有空字节"),
    (b"x" * 140_000 + b"\n", "第 42 行有一格超过 131,072 个字"),
    (b"," * 600 + b"\n", "第 42 行有 601 格，超过上限 512 列"),
    (b"x" * (5 * 1024**2), "第 42 行过长"),
    (b"\xff\xff\n", "UTF-8 也不是 GB18030"),
]


@pytest.mark.usefixtures("small_blocks")
@pytest.mark.parametrize(("line", "sentence"), FAULTS)
def test_the_slow_way_says_the_exact_fault(tmp_path: Path, line: bytes, sentence: str | None) -> None:
    good = written(tmp_path / "a", [HEAD, *(row(n) for n in range(40))], end="\n").read_bytes()
    path = tmp_path / "b"
    path.write_bytes(good + line + good.partition(b"\n")[2])
    if sentence is None:
        assert isinstance(same(path, PERMIT), RawTable)
        return
    for quick in (True, False):
        with pytest.raises(InboxError, match=sentence):
            collected(DelimitedReader(path, PERMIT, "x", quick=quick))


def test_a_block_that_begins_with_a_mark_keeps_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [[f"\ufeff{uscc(n)}", *row(n)[1:]] for n in range(60)]
    for size in range(100, 400, 7):
        monkeypatch.setattr(delimited, "LARGEST_BLOCK", size)
        monkeypatch.setattr(delimited, "SMALLEST_BLOCK", 50)
        raw = same(written(tmp_path / "a", [HEAD, *rows], encoding="utf-8-sig"), PERMIT)
        assert isinstance(raw, RawTable)
        assert raw.table.column("uscc").to_pylist() == [f"\ufeff{uscc(n)}" for n in range(60)]


PIECE = st.sampled_from(
    ["a", "店", "1.5", '"', '""', ",", ",", ",", "\n", "\n", "\r\n", "\r", " ", "　", "合计", "\ufeff", "\u2028", "\x1c", "𠮷", ";", "\0"]
)  # fmt: skip
CELL = st.text(st.sampled_from('ab店,"\n\r 　合计'), max_size=5)


@settings(max_examples=250, deadline=None)
@given(
    text=st.one_of(
        st.lists(PIECE, max_size=60).map("".join),
        st.lists(st.lists(CELL, min_size=2, max_size=3), max_size=30).map(
            lambda rows: "".join(",".join(f'"{c.replace(chr(34), chr(34) * 2)}"' for c in r) + "\n" for r in rows)
        ),
        st.lists(st.tuples(CELL, CELL), max_size=40).map(
            lambda rows: "\n".join(",".join(c.replace("\n", "").replace("\r", "") for c in r) for r in rows)
        ),
    ),
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "gb18030"]),
    sizes=st.sampled_from([(32, 8), (64, 64), (400, 16)]),
    repeat=st.integers(1, 4),
)
def test_quick_and_slow_are_the_same_for_any_text(
    tmp_path_factory: pytest.TempPathFactory, text: str, encoding: str, sizes: tuple[int, int], repeat: int
) -> None:
    contract = replace(PARTIES, columns=(replace(PARTIES.columns[0], required=False), PARTIES.columns[1]))
    path = tmp_path_factory.mktemp("csv") / "a.csv"
    path.write_bytes(("代码,名称\n" + "甲,乙\n" * 10 + text * repeat).encode(encoding))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(delimited, "LARGEST_BLOCK", sizes[0])
        patch.setattr(delimited, "SMALLEST_BLOCK", sizes[1])
        if "\0" in text:
            with pytest.raises(InboxError, match="NUL"):
                read_delimited(path, contract, "x")
        else:
            same(path, contract)
