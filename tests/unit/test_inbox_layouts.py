"""Rows below a header: running numbers made beforehand, content beside the table, merged cells, footers over chunks."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import pytest

from resources.inbox.errors import InboxError
from resources.inbox.raw_table import RawTable
from resources.inbox.sheets import MergedRange, Sheet
from resources.inbox.table_body import sheet_rows
from tests.unit.small_contracts import PERMIT, uscc

HEAD = ["统一社会信用代码", "企业名称", "文书号", "决定日期"]


def firm(number: int) -> list[object]:
    return [uscc(number), f"店{number}", f"文{number}", "2026-09-01"]


def read(rows: Sequence[Sequence[object]], *, chunk: int = 1000, **sheet: Any) -> RawTable:
    """The table of a sheet of these rows, taken in chunks of some size (the header's chunk is the first ten)."""

    def chunks() -> Iterator[list[Sequence[object]]]:
        first = max(chunk, 3)
        yield list(rows[:first])
        for start in range(first, len(rows), chunk):
            yield list(rows[start : start + chunk])

    table = sheet_rows(Sheet("表", chunks(), is_workbook=True, **sheet), PERMIT, "某文件")
    assert table is not None
    return table


def found(raw: RawTable, name: str = "doc_no") -> list[tuple[str, int]]:
    return list(zip(raw.table.column(name).to_pylist(), raw.table.column("row_no").to_pylist(), strict=True))


@pytest.mark.parametrize("chunk", [1, 2, 1000])
def test_running_numbers_made_beforehand_are_blank_rows(chunk: int) -> None:
    rows: list[list[object]] = [["序号", *HEAD], [1.0, *firm(1)], [2.0, *firm(2)]]
    rows += [[3.0, "", "", "", ""], ["4", "", "", "", ""], ["合计", "", "2", "", ""], [5.0, "", "", "", ""]]
    raw = read(rows, chunk=chunk)
    assert found(raw) == [("文1", 2), ("文2", 3)]
    assert (raw.sheets[0].blank_rows, raw.sheets[0].footer_rows, raw.sheets[0].last_row) == (3, 1, 7)


def test_other_words_beside_an_empty_row_are_data() -> None:
    raw = read([["序号", *HEAD], [1.0, *firm(1)], ["以下作废", "", "", "", ""], [2.0, *firm(2)]])
    assert found(raw) == [("文1", 2), (None, 3), ("文2", 4)]


def test_content_beside_the_table_is_refused_footers_there_are_not() -> None:
    rows = [["", *HEAD], ["", *firm(1)]]
    for footer in (["制表人：某某", "", "", "", ""], ["合计", "1户", "", "", ""]):
        assert read([*rows, footer]).sheets[0].footer_rows == 1
        assert read([["序号", *HEAD], [1.0, *firm(1)], footer]).sheets[0].footer_rows == 1
    with pytest.raises(InboxError, match="第 3 行的第 2 格有内容"):
        read([*rows, ["注", *firm(2)]], first_column=1)


@pytest.mark.parametrize("chunk", [1, 2, 1000])
def test_footers_wait_for_the_end_over_chunks(chunk: int) -> None:
    rows: list[list[object]] = [
        HEAD,
        firm(1),
        ["小计", "", "", ""],
        [],
        ["合计", "", "", ""],
        firm(2),
        ["合计", "", "", ""],
        [],
    ]
    raw = read(rows, chunk=chunk)
    assert found(raw) == [("文1", 2), (None, 3), (None, 5), ("文2", 6)]
    (count,) = raw.sheets
    assert (count.data_rows, count.blank_rows, count.footer_rows, count.last_row) == (4, 2, 1, 8)


@pytest.mark.parametrize("chunk", [1, 2, 1000])
def test_a_cell_merged_down_holds_for_each_of_its_rows(chunk: int) -> None:
    rows: list[list[object]] = [
        ["许可", "", "", ""],
        HEAD,
        firm(1),
        [*firm(2)[:2], "", ""],
        [],
        [*firm(3)[:2], "", "2026-09-03"],
    ]
    merged: tuple[MergedRange, ...] = (((0, 0), (0, 3)), ((2, 2), (5, 2)), ((2, 3), (4, 3)))
    raw = read(rows, chunk=chunk, merged=merged)
    assert found(raw) == [("文1", 3), ("文1", 4), ("文1", 6)]
    assert [day for day, _ in found(raw, "signed_on")] == ["2026-09-01", "2026-09-01", "2026-09-03"]
    assert raw.sheets[0].blank_rows == 1
    shifted = [["", *row] for row in rows]
    moved = tuple(((top, left + 1), (bottom, right + 1)) for (top, left), (bottom, right) in merged)
    assert found(read(shifted, chunk=chunk, merged=moved)) == found(raw)
    assert found(read(rows, chunk=chunk, merged=moved, first_column=1)) == found(raw)


def test_a_hidden_sheet_may_hold_no_table() -> None:
    lists = [["甲", "乙"], ["1", "2"]]
    assert sheet_rows(Sheet("表", iter([lists]), is_hidden=True), PERMIT, "某文件") is None
    with pytest.raises(InboxError, match="找不到"):
        sheet_rows(Sheet("表", iter([lists])), PERMIT, "某文件")
    table = sheet_rows(Sheet("表", iter([[HEAD, firm(1)]]), is_hidden=True), replace(PERMIT), "某文件")
    assert table is not None
    assert table.table.num_rows == 1
