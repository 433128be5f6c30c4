"""The public CSV files: the drawn list, the totals per county, the rounds; nothing in them tells a grade (R-38, DRAW §3).

Here: order, defusing, the last check before a file exists. Not here: choosing the rows, HTML.

UTF-8 with BOM (so that Excel reads the Chinese), LF, a field quoted only when it must be. A value that a spreadsheet
could run is preceded by an apostrophe. A demonstration says 演示 in its rows. A list of firms is ordered by SHA-256 of
the subject's id, which says nothing of the draw; the others by their key.
"""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

import pandas as pd

from data_contracts.model import Contract, output_contract
from resources.lake import write_bytes
from supervision.canonical import csv_bytes
from supervision.reports.leak import defuse, leak_words

_FREE = ("ent_name", "uscc")  # names and codes are not ours to word
_SUBJECT = "uscc"


class LeakError(ValueError):
    """A public file would tell more than it may: one Chinese sentence that names the place, never the value."""


def write_public(path: Path, name: str, frame: pd.DataFrame) -> str:
    """Write one public file; returns its SHA-256.

    frame: exactly the columns of the output contract `name`, whose columns are all public. Errors: LeakError on any other
    column, a missing or malformed value, a repeated key, or a word of grade or stratum in what is ours to word; nothing
    is written then.
    """
    contract = output_contract(name)
    if tuple(frame.columns) != contract.column_names:
        raise LeakError(
            f"“{contract.title}”的列与契约 {name} 不同，只能有规定的 {len(contract.columns)} 列，请改正后再发布。"
        )
    _check(frame, contract)
    keys = list(zip(*(_order(column, frame[column].tolist()) for column in contract.primary_key), strict=True))
    columns = [
        ["" if _blank(v) else defuse(str(v)) for v in frame[column].tolist()] for column in contract.column_names
    ]
    rows = [tuple(column[index] for column in columns) for index in sorted(range(len(frame)), key=keys.__getitem__)]
    header = tuple(column.title for column in contract.columns)
    return write_bytes(path, b"\xef\xbb\xbf" + csv_bytes(header, rows))


def _order(column: str, values: list[object]) -> list[bytes]:
    texts = [str(value).encode() for value in values]
    return [hashlib.sha256(text).digest() for text in texts] if column == _SUBJECT else texts


def _blank(value: object) -> bool:
    return value is None or value == "" or value != value


def _check(frame: pd.DataFrame, contract: Contract) -> None:
    for column in contract.columns:
        if column.classification != "public":
            raise LeakError(f"“{contract.title}”的“{column.title}”不是可以公开的列，请改正契约后再发布。")
        for number, value in enumerate(frame[column.name].tolist(), start=1):
            place = f"“{contract.title}”第 {number} 行的“{column.title}”"
            if _blank(value):
                if column.required:
                    raise LeakError(f"{place}为空，请补齐后再发布。")
                continue
            if column.pattern and not re.fullmatch(column.pattern, str(value)):
                raise LeakError(f"{place}格式不符，请按契约 {contract.name} 改正后再发布。")
            if column.name not in _FREE and leak_words(str(value)):
                raise LeakError(f"{place}含有等级或分层字样，不得公开，请改正后再发布。")
    if frame.duplicated(subset=list(contract.primary_key)).any():
        raise LeakError(f"“{contract.title}”同一项出现两次，请合并后再发布。")
