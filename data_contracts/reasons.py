"""The Chinese sentences a contract gives for a cell when it states none of its own.

Here: defaults made of the column's title. Not here: when they apply (the generated SQL).
"""

from __future__ import annotations

from collections.abc import Mapping


def type_reason(title: str, logical: str) -> str:
    """Why a cell of that logical type could not be read."""
    shapes = {
        "date": "不是可识别的日期，应形如 2026-10-08。",
        "timestamp": "不是可识别的时间，应形如 2026-10-08 09:30:00。",
        "number": "不是可识别的数，应只填数字。",
        "integer": "不是整数，应只填数字。",
        "boolean": "应填“是”或“否”。",
    }
    return f"「{title}」{shapes.get(logical, '不是可用的文字。')}"


def check_reason(title: str, logical: str, check: str | None, values: Mapping[str, str]) -> str:
    """Why a cell that reads well is still not acceptable: not in the list, a wrong check character, another form."""
    if logical == "boolean":
        return type_reason(title, logical)
    if check == "uscc":
        return f"「{title}」不是有效的统一社会信用代码（18 位，字符或校验码不符），应按营业执照核对。"
    if check == "reg_no":
        return f"「{title}」是 15 位注册号但校验码不符，应按营业执照核对。"
    if values:
        shown = "、".join(dict.fromkeys(values))
        return f"「{title}」不在规定的取值内，应为：{shown}。"
    return f"「{title}」格式不符，应按数据字典填写。"
