"""The files as rows of cells: sheets of a workbook, records of a CSV.

Here: opening by content, encodings, which sheets are read. Not here: what the cells mean (header, reading), Parquet
(it has no rows of cells), sizes (measure).
"""

from __future__ import annotations

import codecs
import csv
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path

import python_calamine

from resources.inbox.errors import InboxError

Row = Sequence[object]
CHUNK_ROWS = 4_000  # small enough for the cache: chunks of 50,000 took twice the time
# Sheets that explain how to fill in the others; every other sheet with content must hold the table.
EXPLAINING_SHEETS = ("说明", "填表说明", "填报说明", "填写说明", "使用说明", "数据字典", "字典", "代码表", "代码")
MAX_XLS_BYTES = 200 * 1024**2  # 65,536 rows of 256 columns a sheet are the format's own bound


def workbook_sheets(path: Path, label: str) -> Iterator[tuple[str, Iterator[list[Row]]]]:
    """Name and rows (in chunks, from physical row 1) of every sheet with content, explaining sheets left out."""
    try:
        with python_calamine.load_workbook(str(path)) as book:
            tables = [
                sheet.name
                for sheet in book.sheets_metadata
                if sheet.typ == python_calamine.SheetTypeEnum.WorkSheet and sheet.name.strip() not in EXPLAINING_SHEETS
            ]
            for name in tables:
                rows = book.get_sheet_by_name(name).to_python(skip_empty_area=False)
                if rows:
                    yield name, _slices(rows)
    except python_calamine.PasswordError as error:
        raise InboxError(f"{label} 设有密码，打不开，请报送单位去掉密码后重新送达。") from error
    except (python_calamine.CalamineError, OSError, ValueError) as error:
        raise InboxError(f"{label} 已损坏，读不出表格，请报送单位用电子表格软件另存后重新送达。") from error
    except BaseException as error:
        # The reader is compiled; a file that breaks its assumptions surfaces as a panic, which is no Exception.
        if type(error).__name__ == "PanicException":
            raise InboxError(f"{label} 已损坏，读不出表格，请报送单位用电子表格软件另存后重新送达。") from error
        raise


def _slices(rows: Sequence[Row]) -> Iterator[list[Row]]:
    for start in range(0, len(rows), CHUNK_ROWS):
        yield list(rows[start : start + CHUNK_ROWS])


def csv_rows(path: Path, label: str) -> Iterator[list[Row]]:
    """Records of a CSV in chunks; the n-th record is row n as a spreadsheet shows it, blank lines included."""
    encoding = _encoding(path)
    done = 0
    try:
        with path.open(encoding=encoding, newline="") as file:
            records = csv.reader(file, strict=True)
            while chunk := list(islice(records, CHUNK_ROWS)):
                done += len(chunk)
                yield list(chunk)
    except UnicodeDecodeError as error:
        raise InboxError(f"{label} 既不是 UTF-8 也不是 GB18030 编码，请另存为 UTF-8 的 CSV 后重新送达。") from error
    except csv.Error as error:
        raise InboxError(
            f"{label} 第 {done + 1} 行以后有不成对的引号或过长的格（{error}），请重新导出为标准 CSV 后送达。"
        ) from error


def _encoding(path: Path) -> str:
    """UTF-8 (with or without BOM) when every byte is, else GB18030 (which includes GBK and GB2312)."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        with path.open("rb") as file:
            while block := file.read(1 << 20):
                decoder.decode(block)
            decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return "gb18030"
    return "utf-8-sig"
