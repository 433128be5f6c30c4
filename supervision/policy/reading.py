"""Reading one mapping of a policy file: every key once, of its kind, nothing left over.

Here: the reader and its refusals. Not here: which keys a policy has (parse.py).
Clause: DRAW.md §1 for codes.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from datetime import date
from typing import Final

from supervision.policy.model import PolicyError

_CODE: Final = re.compile(r"[A-Za-z0-9._-]+")  # DRAW.md §1
_MOST: Final = 1_000_000  # no figure of a policy is larger; keeps a slip of the keyboard out


class Reader:
    """One mapping of the file. Every key is taken once; close() refuses what is left over."""

    def __init__(self, value: object, path: str, clause: str) -> None:
        self.path, self.clause = path, clause
        if not isinstance(value, Mapping):
            raise self.error("", "应是“键: 值”的列表，请改正")
        self._left: dict[object, object] = dict(value)

    def error(self, key: str, what: str) -> PolicyError:
        where = ".".join(part for part in (self.path, key) if part)
        return PolicyError(f"抽查政策 {where or '文件'}：{what}（{self.clause}）。", where)

    def take(self, key: str) -> object:
        if key not in self._left:
            raise self.error(key, "缺少这一项，请补上")
        return self._left.pop(key)

    def empty(self, key: str) -> bool:
        """Whether the key says null; then it is taken."""
        if key in self._left and self._left[key] is None:
            self.take(key)
            return True
        return False

    def close(self) -> None:
        for key in self._left:
            raise self.error(str(key), "不认识的键，请删除或改正拼写")

    def text(self, key: str) -> str:
        value = self.take(key)
        if not isinstance(value, str) or not value.strip():
            raise self.error(key, "应是非空文字（数字编码须加引号），请改正")
        return value.strip()

    def code(self, key: str) -> str:
        value = self.text(key)
        if not _CODE.fullmatch(value):
            raise self.error(key, f"“{value}”不是编码，只能用字母、数字、点、下划线和连字符")
        return value

    def choice(self, key: str, allowed: Collection[str]) -> str:
        value = self.text(key)
        if value not in allowed:
            raise self.error(key, f"“{value}”不在允许的取值（{'、'.join(allowed)}）之内，请改正")
        return value

    def integer(self, key: str, low: int = 0, high: int = _MOST) -> int:
        value = self.take(key)
        if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
            raise self.error(key, f"应是 {low} 到 {high} 的整数，请改正")
        return value

    def boolean(self, key: str) -> bool:
        value = self.take(key)
        if not isinstance(value, bool):
            raise self.error(key, "应是 true 或 false，请改正")
        return value

    def day(self, key: str) -> date:
        value = self.take(key)
        if type(value) is date:
            return value
        try:
            return date.fromisoformat(value if isinstance(value, str) else "")
        except ValueError:
            raise self.error(key, "应是 YYYY-MM-DD 的日期，请改正") from None

    def codes(self, key: str, allowed: Collection[str] | None = None, *, empty: bool = False) -> tuple[str, ...]:
        value = self.take(key)
        if not isinstance(value, list | tuple) or not (value or empty):
            raise self.error(key, "应是列表，请改正")
        for item in value:
            if not isinstance(item, str) or not _CODE.fullmatch(item):
                raise self.error(key, f"“{item}”不是编码（数字编码须加引号），请改正")
            if allowed is not None and item not in allowed:
                raise self.error(key, f"“{item}”不在允许的取值（{'、'.join(allowed)}）之内，请改正")
            if value.count(item) > 1:
                raise self.error(key, f"“{item}”重复，请只保留一个")
        return tuple(value)

    def words(self, key: str, pattern: re.Pattern[str], what: str) -> tuple[str, ...]:
        """A list of different texts of one form, possibly empty; what: the form in Chinese."""
        value = self.take(key)
        if not isinstance(value, list | tuple):
            raise self.error(key, "应是列表（没有则写 []），请改正")
        for item in value:
            if not isinstance(item, str) or not pattern.fullmatch(item):
                raise self.error(key, f"“{item}”不是{what}（数字编码须加引号），请改正")
            if value.count(item) > 1:
                raise self.error(key, f"“{item}”重复，请只保留一个")
        return tuple(value)

    def child(self, key: str, clause: str = "") -> Reader:
        return Reader(self.take(key), f"{self.path}.{key}".lstrip("."), clause or self.clause)

    def names(self) -> tuple[str, ...]:
        for key in self._left:
            if not isinstance(key, str) or not _CODE.fullmatch(key):
                raise self.error(str(key), "键应是编码（数字编码须加引号），请改正")
        return tuple(str(key) for key in self._left)

    def complete(self, wanted: Collection[str]) -> None:
        """Refuse unless the keys are exactly these."""
        if set(self.names()) != set(wanted):
            raise self.error("", f"应当正好列出 {'、'.join(wanted)}，请补齐或删去多余的")
