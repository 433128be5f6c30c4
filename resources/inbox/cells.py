"""One cell as text, one row as data, blank or footer.

Here: text without loss (whole numbers without ".0", dates in ISO), and the words with which footers begin.
Not here: what a text means (engines/contract_sql converts by contract).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal

_FOOTER_WORDS = (
    "合计", "总计", "小计", "共计", "累计", "制表", "制表人", "制表单位", "制表日期", "制表时间", "填表", "填表人", "填表日期",
    "填报人", "填报单位", "填报日期", "报送人", "报送单位", "报送日期", "审核", "审核人", "复核", "复核人", "审批人", "负责人",
    "单位负责人", "经办人", "联系人", "联系电话", "备注", "注", "说明", "导出时间", "导出人", "打印时间", "打印日期", "以下空白",
)  # fmt: skip
_FOOTER = re.compile(
    rf"(?:{'|'.join(_FOOTER_WORDS)})\s*(?::.*)?"
    r"|(?:合计|总计|小计|共计|累计|共)\s*[\d,.]*\s*(?:条|户|家|行|件|项)?(?:记录)?[。.]?"
    r"|第\s*\d+\s*页.*",
    re.DOTALL,
)
# A row whose first cell begins with none of these is data; only the others are looked at closely.
_WHITE = "\t\n\v\f\r\x1c\x1d\x1e\x1f \x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u2028\u2029\u202f\u205f\u3000"
LOOK_CLOSER = frozenset((*(word[0] for word in _FOOTER_WORDS), "第", "共", "", *_WHITE))


def cell_text(value: object) -> str | None:
    """The text of a cell without loss; an empty cell is None. Instants at midnight become dates, 3.0 becomes 3."""
    if value is None or value == "":
        return None
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, float):
        # Decimal of the shortest text, so that 1e-07 is written 0.0000001; nan and inf stay words and fail later.
        return str(int(value)) if value.is_integer() else f"{Decimal(repr(value)):f}"
    if isinstance(value, datetime):
        text = value.isoformat(sep=" ")
        return text.removesuffix(" 00:00:00")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Decimal):
        return f"{value:f}"
    return str(value)


def is_blank(value: object) -> bool:
    """Whether a cell shows nothing: empty or white space only."""
    return value is None or (isinstance(value, str) and not value.strip())


def cell_is_number(value: object) -> bool:
    """Whether a cell shows a whole number, as a row's running number does."""
    return not isinstance(value, bool) and (
        isinstance(value, int | float) or (isinstance(value, str) and value.strip().isdecimal())
    )


def look_closer(values: Sequence[object], places: Sequence[int] | range) -> list[int]:
    """Which of `values` (a row's first cells) may belong to a blank row or a footer, as entries of `places`."""
    return [
        place
        for place, value in zip(places, values, strict=True)
        if value is None or (value.__class__ is str and value[:1] in LOOK_CLOSER)
    ]


def reads_as_footer(row: Sequence[object]) -> bool:
    """Whether the first filled cell is a footer's word (合计, 制表人：…); only the tail of a table may be one."""
    first = next((cell for cell in row if not is_blank(cell)), None)
    return isinstance(first, str) and _FOOTER.fullmatch(unicodedata.normalize("NFKC", first).strip()) is not None
