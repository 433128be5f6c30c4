"""drawn_public.csv: the drawn list as the public sees it, six columns and nothing that tells a grade (R-38, DRAW §3).

Here: order, defusing, the last check before the file exists. Not here: choosing the rows, HTML.

UTF-8 with BOM (so that Excel reads the Chinese), LF, a field quoted only when it must be. A value that a spreadsheet
could run is preceded by an apostrophe. A demonstration says 演示 in its tasks. Rows are ordered by SHA-256 of the
subject's id, which says nothing of the draw.
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

_FREE = ("ent_name", "uscc")


class LeakError(ValueError):
    """The public list would tell more than it may: one Chinese sentence that names the place, never the value."""


def write_drawn_public(path: Path, drawn: pd.DataFrame) -> str:
    """Write the public list; returns its SHA-256.

    drawn: exactly the columns of contract `drawn_public`, one row per subject. Errors: LeakError on any other column, a
    missing or malformed value, or a word of grade or stratum in what is ours to word; nothing is written then.
    """
    contract = output_contract("drawn_public")
    if tuple(drawn.columns) != contract.column_names:
        raise LeakError("公示名单的列与契约 drawn_public 不同，只能有规定的六列，请改正后再发布。")
    _check(drawn, contract)
    order = sorted(
        range(len(drawn)), key=lambda index: hashlib.sha256(str(drawn["uscc"].iloc[index]).encode()).digest()
    )
    columns = [[defuse(str(value)) for value in drawn[name].tolist()] for name in contract.column_names]
    rows = [tuple(column[index] for column in columns) for index in order]
    header = tuple(column.title for column in contract.columns)
    return write_bytes(path, b"\xef\xbb\xbf" + csv_bytes(header, rows))


def _check(drawn: pd.DataFrame, contract: Contract) -> None:
    for column in contract.columns:
        for number, value in enumerate(drawn[column.name].tolist(), start=1):
            place = f"公示名单第 {number} 行的“{column.title}”"
            if not isinstance(value, str) or not value:
                raise LeakError(f"{place}为空，请补齐后再发布。")
            if column.pattern and not re.fullmatch(column.pattern, value):
                raise LeakError(f"{place}格式不符，请按契约 drawn_public 改正后再发布。")
            if column.name not in _FREE and leak_words(value):
                raise LeakError(f"{place}含有等级或分层字样，不得公开，请改正后再发布。")
    if drawn["uscc"].duplicated().any():
        raise LeakError("公示名单同一主体出现两次，请合并各项任务后再发布。")
