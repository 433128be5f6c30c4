"""The public CSV files: the drawn list, the totals per county, the rounds; nothing in them tells a grade (R-38, DRAW §3).

Here: order, defusing, the last check before a file exists. Not here: choosing the rows, HTML.

UTF-8 with BOM (so that Excel reads the Chinese), LF, a field quoted only when it must be. A value that a spreadsheet
could run is preceded by an apostrophe. A demonstration says 演示 in its rows. A list of firms is ordered by SHA-256 of
the subject's id, which says nothing of the draw; a numbered table by its numbers, the others by their key.
"""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

import pandas as pd

from data_contracts.model import Contract, public_contract
from resources.lake import write_bytes
from supervision.canonical import csv_bytes
from supervision.personal_numbers import personal_numbers
from supervision.reports.leak import defuse, leak_words

_SUBJECT, _NAME = "uscc", "ent_name"
_FREE = (_NAME, _SUBJECT)  # names and codes are not ours to word
_NUMBER = "row_no_public"


class LeakError(ValueError):
    """A public file would tell more than it may: one Chinese sentence that names the place, never the value."""


def write_public(path: Path, name: str, frame: pd.DataFrame) -> str:
    """Write one public file; returns its SHA-256.

    frame: exactly the columns of the public output contract `name`. Errors: ContractError for a contract that is not public;
    LeakError as `public_rows`; nothing is written then.
    """
    contract = public_contract(name)
    rows = [tuple(defuse(value) for value in row) for row in public_rows(contract, frame)]
    return write_bytes(path, b"\xef\xbb\xbf" + csv_bytes(tuple(column.title for column in contract.columns), rows))


def public_rows(contract: Contract, frame: pd.DataFrame) -> list[tuple[str, ...]]:
    """The rows that may be shown, as text, in the order of publication; an empty value is ''.

    Errors: LeakError on any other column than the contract's, a missing or malformed value, a repeated key, a word of grade
    or stratum in what is ours to word, or an identity or mobile number in it.
    """
    if tuple(frame.columns) != contract.column_names:
        raise LeakError(
            f"“{contract.title}”的列与契约 {contract.name} 不同，只能有规定的 {len(contract.columns)} 列，请改正后再发布。"
        )
    _check(frame, contract)
    order = (_NUMBER,) if _NUMBER in contract.column_names else contract.primary_key
    keys = list(zip(*(_order(column, frame[column].tolist()) for column in order), strict=True))
    columns = [[_shown(column.name, value) for value in frame[column.name].tolist()] for column in contract.columns]
    return [tuple(column[index] for column in columns) for index in sorted(range(len(frame)), key=keys.__getitem__)]


def _order(column: str, values: list[object]) -> list[bytes]:
    if column == _NUMBER:
        return [f"{value!s:0>9}".encode() for value in values]
    texts = [str(value).encode() for value in values]
    return [hashlib.sha256(text).digest() for text in texts] if column == _SUBJECT else texts


def _shown(column: str, value: object) -> str:
    """The value as text; a registered name stays as it is but for the numbers of a person."""
    if _blank(value):
        return ""
    text = str(value)
    for number in personal_numbers(text) if column == _NAME else ():
        text = text.replace(number, "＊" * len(number))
    return text


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
            if column.name not in _FREE and personal_numbers(str(value)):
                raise LeakError(f"{place}含有身份证号或手机号，不得公开，请从来源改正后再发布（R-37）。")
    if frame.duplicated(subset=list(contract.primary_key)).any():
        raise LeakError(f"“{contract.title}”同一项出现两次，请合并后再发布。")
