"""One sheet of a workbook as a document describes it: a frame, the columns it shows and how.

Here: the description and what is refused before anything is written. Not here: writing (workbook, pages).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from data_contracts.model import PHYSICAL_TYPES, Column, LogicalType
from resources.outbox.heat import Heat
from supervision.reports.marks import Mark

MOST_ROWS = 1_000_000
INTERNAL = "内部资料 不得公开"
SENSITIVE = "内部资料 含信用风险分类结果 只在规定范围内作为监管工作参考 不向社会提供查询"


class WorkbookError(ValueError):
    """A workbook cannot be written: one Chinese sentence with the sheet and what to do."""


@dataclass(frozen=True, slots=True)
class Sheet:
    """One sheet: `frame` shown through `columns` (Chinese headers, types, words of coded values).

    formats: number format by column name; marks: sign and tone by stored code, by column name; totals: values of the
    last row by column name; freeze: columns kept in view; widths: width by column name where the content should not decide.
    entries: names of the columns to be filled in, with a rule and a hint each; the other cells are then locked, without a
    password. centred: names of columns of short words. break_on: a new page begins where the value of this column changes.
    heat: how a sheet that is a matrix is shaded. unprinted: names of the last columns, on the sheet but not on paper.
    """

    title: str
    frame: pd.DataFrame
    columns: Sequence[Column]
    note: str | None = None
    heading: str | None = None
    formats: Mapping[str, str] = field(default_factory=dict)
    marks: Mapping[str, Mapping[str, Mark]] = field(default_factory=dict)
    totals: Mapping[str, Any] = field(default_factory=dict)
    freeze: int = 0
    widths: Mapping[str, int] = field(default_factory=dict)
    entries: Collection[str] = ()
    centred: Collection[str] = ()
    break_on: str | None = None
    heat: Heat | None = None
    unprinted: Collection[str] = ()
    empty: str = "本期没有记录"


def own_column(
    name: str, title: str, description: str, kind: LogicalType = "string", *, sensitive: bool = False
) -> Column:
    """A column that only a document has: text or numbers made of contract columns."""
    return Column(
        name=name,
        title=title,
        description=description,
        logical_type=kind,
        physical_type=PHYSICAL_TYPES[kind],
        required=False,
        classification="sensitive" if sensitive else "internal",
        aliases=(),
        values={},
        pattern=None,
        check=None,
        required_reason="",
        type_reason="",
        check_reason="",
    )


def sums(frame: pd.DataFrame, names: Sequence[str]) -> dict[str, int]:
    """Totals of integer columns, for a sheet's last row."""
    return {name: int(frame[name].sum()) for name in names}


def secrecy(sheets: Sequence[Sheet]) -> str:
    """The words on every page: by the highest class of a column that is shown."""
    classes = {column.classification for sheet in sheets for column in sheet.columns}
    return SENSITIVE if "sensitive" in classes else INTERNAL if "internal" in classes else ""


def check(sheets: Sequence[Sheet]) -> None:
    """Errors: WorkbookError for an unusable title, missing columns, too many rows."""
    titles = [sheet.title for sheet in sheets]
    for sheet in sheets:
        name = sheet.title
        if not name or len(name) > 31 or any(char in name for char in "[]:*?/\\'") or titles.count(name) > 1:
            raise WorkbookError(f"工作表名“{name}”不可用（重名、超过 31 字或含特殊字符），请改名。")
        shown = {column.name for column in sheet.columns}
        if not shown.issuperset(sheet.entries) or sheet.break_on not in {None, *sheet.frame.columns}:
            raise WorkbookError(f"工作表“{name}”的填写列或分页列不在表中，请核对列名。")
        last = [column.name for column in sheet.columns][len(sheet.columns) - len(sheet.unprinted) :]
        if set(last) != set(sheet.unprinted):
            raise WorkbookError(f"工作表“{name}”不打印的列应当排在最后，请调整列的次序。")
        missing = [column.name for column in sheet.columns if column.name not in sheet.frame.columns]
        if missing:
            raise WorkbookError(f"工作表“{name}”的数据缺少列 {'、'.join(missing)}，请按产出契约补齐。")
        if len(sheet.frame) > MOST_ROWS:
            raise WorkbookError(f"工作表“{name}”有 {len(sheet.frame)} 行，超过一张表的上限，请分表。")
