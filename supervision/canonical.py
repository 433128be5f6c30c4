"""The one written form of a CSV and of a JSON file, so that equal content is equal bytes (DRAW.md §2).

Here: the writers and the parsers that refuse a file which differs from its own canonical form.
Not here: what any file means (`supervision.draw.committed`), nor lenient reading of deliveries (`resources.inbox`).
"""

from __future__ import annotations

import io
import json
import re
from collections.abc import Iterable, Iterator, Sequence
from typing import NoReturn

import rfc8785

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_INTEGER = re.compile(r"0|[1-9][0-9]{0,17}")
_FIELD = re.compile(r'"((?:[^"]|"")*)"|([^",]*)')


class CanonicalError(ValueError):
    """A file is not in its canonical form, or a value has none; one Chinese sentence with file and line."""


def _refuse(name: str, line: int, what: str) -> NoReturn:
    raise CanonicalError(f"文件 {name} 第 {line} 行{what}，请用本系统重新生成该文件，不要手工改动。")


def _quote(field: str) -> str:
    if "," in field or '"' in field:
        return '"' + field.replace('"', '""') + '"'
    return field


def csv_bytes(header: Sequence[str], rows: Iterable[Sequence[str]]) -> bytes:
    """The canonical CSV: UTF-8, LF, a field quoted only if it holds a comma or a quote, rows in the order given.

    Raises CanonicalError for a row of another width or a control character. DRAW.md §2.
    """
    out = io.BytesIO()
    width = len(header)
    out.write(_csv_line(header, width, 1))
    for number, row in enumerate(rows, start=2):
        out.write(_csv_line(row, width, number))
    return out.getvalue()


def _csv_line(row: Sequence[str], width: int, number: int) -> bytes:
    if len(row) != width:
        raise CanonicalError(f"要写出的第 {number} 行有 {len(row)} 列，表头有 {width} 列，请核对生成该行的程序。")
    line = ",".join(row)
    if _CONTROL.search(line):
        raise CanonicalError(f"要写出的第 {number} 行含控制字符（如换行、制表符），请先在来源数据中清除。")
    if line.count(",") != width - 1 or '"' in line:
        line = ",".join(map(_quote, row))
    return line.encode("utf-8") + b"\n"


def iter_csv(name: str, data: bytes, header: Sequence[str]) -> Iterator[tuple[str, ...]]:
    """The rows after the header, one by one; the first is line 2. See parse_csv."""
    if not data.endswith(b"\n"):
        _refuse(name, data.count(b"\n") + 1, "末尾缺少换行符")
    expected = ",".join(header)
    width = len(header)
    text = io.TextIOWrapper(io.BytesIO(data), encoding="utf-8", errors="strict", newline="\n")
    number = 0
    try:
        for raw in text:
            number += 1
            line = raw[:-1]
            if not line.isprintable() and _CONTROL.search(line):
                _refuse(name, number, "含控制字符或回车符")
            if number == 1:
                if line != expected:
                    _refuse(name, 1, f"的表头不是“{expected}”")
                continue
            cells = tuple(line.split(",")) if '"' not in line else _quoted_cells(name, number, line)
            if len(cells) != width:
                _refuse(name, number, f"有 {len(cells)} 列，应为 {width} 列")
            yield cells
    except UnicodeDecodeError:
        _refuse(name, _bad_utf8_line(data), "不是有效的 UTF-8 文本")


def _bad_utf8_line(data: bytes) -> int:
    try:
        data.decode("utf-8")
    except UnicodeDecodeError as error:
        return data.count(b"\n", 0, error.start) + 1
    return 1


def _quoted_cells(name: str, number: int, line: str) -> tuple[str, ...]:
    cells: list[str] = []
    position = 0
    while True:
        match = _FIELD.match(line, position)
        assert match is not None  # the second alternative matches the empty string
        quoted, plain = match.groups()
        cells.append(plain if quoted is None else quoted.replace('""', '"'))
        position = match.end()
        if position == len(line):
            break
        if line[position] != ",":
            _refuse(name, number, "的引号用法不规范")
        position += 1
    if ",".join(map(_quote, cells)) != line:
        _refuse(name, number, "的引号用法不规范")
    return tuple(cells)


def parse_csv(name: str, data: bytes, header: Sequence[str]) -> list[tuple[str, ...]]:
    """The rows of a canonical CSV, without the header.

    Raises CanonicalError, naming file and line, for any byte that csv_bytes would have written otherwise. DRAW.md §2.
    """
    return list(iter_csv(name, data, header))


def integer(name: str, line: int, column: str, text: str) -> int:
    """The value of an integer cell `0|[1-9][0-9]*` (at most 18 digits); raises CanonicalError. DRAW.md §2."""
    if not _INTEGER.fullmatch(text):
        _refuse(name, line, f"的 {column} 不是规范的非负整数")
    return int(text)


def json_bytes(obj: object) -> bytes:
    """The RFC 8785 form: sorted keys, no blanks, integers only, ASCII keys, no final newline.

    Raises CanonicalError for anything else (a float, an integer beyond 2^53, a key that is not ASCII). DRAW.md §2.
    """
    _check_json(obj)
    try:
        return rfc8785.dumps(obj)  # type: ignore[arg-type]  # _check_json has just narrowed it
    except (rfc8785.CanonicalizationError, UnicodeEncodeError) as error:
        raise CanonicalError("要写出的 JSON 含超出范围的整数或无效文字，请核对生成该文件的程序。") from error


def _check_json(obj: object) -> None:
    if isinstance(obj, dict):
        for key, value in obj.items():
            if not isinstance(key, str) or not key.isascii():
                raise CanonicalError("要写出的 JSON 含非 ASCII 的键，请改用英文键名。")
            _check_json(value)
    elif isinstance(obj, list | tuple):
        for value in obj:
            _check_json(value)
    elif not (obj is None or isinstance(obj, str | int)):
        raise CanonicalError("要写出的 JSON 只能含对象、数组、文字、整数、真假值和空值，请核对生成该文件的程序。")


def load_json(name: str, data: bytes) -> object:
    """A JSON document of any layout, but with integers only and no duplicate key; raises CanonicalError."""

    def unique(pairs: list[tuple[str, object]]) -> dict[str, object]:
        result = dict(pairs)
        if len(result) != len(pairs):
            raise ValueError("duplicate key")
        return result

    def no_float(text: str) -> NoReturn:
        raise ValueError(text)

    try:
        value: object = json.loads(
            data.decode("utf-8"), object_pairs_hook=unique, parse_float=no_float, parse_constant=no_float
        )
    except json.JSONDecodeError as error:
        _refuse(name, error.lineno, f"第 {error.colno} 个字符处不是有效的 JSON")
    except UnicodeDecodeError:
        _refuse(name, _bad_utf8_line(data), "不是有效的 UTF-8 文本")
    except (ValueError, RecursionError):
        _refuse(name, 1, "起含重复的键、小数、过大的数或过深的嵌套")
    return value


def parse_json(name: str, data: bytes) -> object:
    """The value of a canonical JSON file; raises CanonicalError, naming file and place, for any other byte. §2."""
    value = load_json(name, data)
    try:
        canonical = json_bytes(value)
    except (CanonicalError, RecursionError):
        _refuse(name, 1, "起含非 ASCII 的键、过大的整数、无效文字或过深的嵌套")
    if canonical != data:
        place = next((i for i, (a, b) in enumerate(zip(data, canonical, strict=False)) if a != b), len(canonical))
        _refuse(name, data.count(b"\n", 0, place) + 1, f"（第 {place + 1} 个字节处）不是 RFC 8785 规范形式")
    return value
