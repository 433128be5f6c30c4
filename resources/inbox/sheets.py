"""A workbook (xlsx, xls) as sheets of rows of cells.

Here: opening, which sheets are read, what is told of each. Not here: what the cells mean (header, table_body), CSV
(delimited), sizes (measure), workbooks written as XML (spreadsheetml).
"""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import chain, islice
from pathlib import Path

import python_calamine

from resources.inbox.epoch import counts_from_1904
from resources.inbox.errors import InboxError

Row = Sequence[object]
MergedRange = tuple[tuple[int, int], tuple[int, int]]  # (first row, first column), (last row, last column), 0-based
CHUNK_ROWS = 4_000  # small enough for the cache: chunks of 50,000 took twice the time
# Sheets that explain how to fill in the others; every other sheet with content must hold the table.
EXPLAINING_SHEETS = ("说明", "填表说明", "填报说明", "填写说明", "使用说明", "数据字典", "字典", "代码表", "代码")
MAX_XLS_BYTES = 200 * 1024**2  # 65,536 rows of 256 columns a sheet are the format's own bound


@dataclass(frozen=True, slots=True)
class Sheet:
    """One sheet: its rows in chunks from physical row 1, cells from `first_column` (0-based) on.

    is_workbook: numbers are numbers (in a CSV all is text), counted as dates from 1904 if `epoch_1904`. is_hidden: it
    may hold no table at all (lists for choosing from).
    """

    name: str
    chunks: Iterator[list[Row]]
    first_column: int = 0
    merged: tuple[MergedRange, ...] = ()
    is_workbook: bool = False
    epoch_1904: bool = False
    is_hidden: bool = False


def workbook_sheets(path: Path, label: str) -> Iterator[Sheet]:
    """Every sheet with content, explaining sheets left out."""
    with _one_sentence(label), _no_collection(), python_calamine.load_workbook(str(path)) as book:
        epoch_1904 = counts_from_1904(path)
        for entry in book.sheets_metadata:
            if entry.typ != python_calamine.SheetTypeEnum.WorkSheet or explains(entry.name):
                continue
            sheet = book.get_sheet_by_name(entry.name)
            if sheet.start is not None:
                yield Sheet(
                    name=entry.name,
                    chunks=_slices(sheet, label),
                    first_column=sheet.start[1],
                    merged=tuple(sheet.merged_cell_ranges or ()),
                    is_workbook=True,
                    epoch_1904=epoch_1904,
                    is_hidden=entry.visible != python_calamine.SheetVisibleEnum.Visible,
                )


def named_sheets(
    sheets: Iterable[Sheet], name: str, is_table: Callable[[list[Row]], bool], label: str
) -> Iterator[Sheet]:
    """Of a workbook of several sheets the one that is read: that of this name, or one that `is_table` by its first rows.

    The other sheets are not read: a written decision of the contract (`sheet`). InboxError when none is it.
    """
    found = False
    for sheet in sheets:
        first = next(sheet.chunks, [])
        if sheet.name.strip() == name or is_table(first):
            found = True
            yield replace(sheet, chunks=chain([first], sheet.chunks))
    if not found:
        raise InboxError(f"{label} 中没有工作表「{name}」，请核对送的是不是填好的工作簿，不要删去或改动这张表的表头。")


def explains(name: str) -> bool:
    """Whether a sheet of that name explains the others and is not read."""
    return name.strip() in EXPLAINING_SHEETS


def _slices(sheet: python_calamine.CalamineSheet, label: str) -> Iterator[list[Row]]:
    with _one_sentence(label):
        rows = sheet.iter_rows()
        while chunk := list(islice(rows, CHUNK_ROWS)):
            yield list(chunk)


@contextmanager
def _one_sentence(label: str) -> Iterator[None]:
    try:
        yield
    except python_calamine.PasswordError as error:
        raise InboxError(f"{label} 设有密码，打不开，请报送单位去掉密码后重新送达。") from error
    except (python_calamine.CalamineError, OSError, ValueError) as error:
        raise InboxError(f"{label} 已损坏，读不出表格，请报送单位用电子表格软件另存后重新送达。") from error
    except BaseException as error:
        # The reader is compiled; a file that breaks its assumptions surfaces as a panic, which is no Exception.
        if type(error).__name__ == "PanicException":
            raise InboxError(f"{label} 已损坏，读不出表格，请报送单位用电子表格软件另存后重新送达。") from error
        raise


@contextmanager
def _no_collection() -> Iterator[None]:
    """Without cyclic garbage collection: rows of cells hold no cycles, and looking for some takes a third of the time."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()
