"""Equal content is equal bytes, and every other byte is refused with its place."""

from __future__ import annotations

import random

import pytest

from supervision.canonical import CanonicalError, csv_bytes, integer, json_bytes, load_json, parse_csv, parse_json

HEADER = ("uid", "name")


def test_csv_comes_back_as_it_went() -> None:
    pool = ["", "a", ",", '"', '""', "运城", " ", "a,b", 'x"y', "'", ";", "　", "-1"]
    rng = random.Random(1)
    rows = [tuple(rng.choices(pool, k=3)) for _ in range(500)]
    data = csv_bytes(("a", "b", "c"), rows)
    assert parse_csv("x.csv", data, ("a", "b", "c")) == rows
    assert csv_bytes(("a", "b", "c"), parse_csv("x.csv", data, ("a", "b", "c"))) == data


def test_csv_quotes_only_what_must_be_quoted() -> None:
    assert csv_bytes(HEADER, [("a b", "c;d"), ('e"', "f,g")]) == b'uid,name\na b,c;d\n"e""","f,g"\n'


def test_csv_without_rows() -> None:
    assert parse_csv("x.csv", b"uid,name\n", HEADER) == []


@pytest.mark.parametrize(
    ("data", "line"),
    [
        (b"uid,name\na,b", 2),  # no final LF
        (b"", 1),
        (b"uid,name\r\na,b\r\n", 1),  # CRLF
        (b"uid,name\na,b\r\n", 2),
        (b"\xef\xbb\xbfuid,name\na,b\n", 1),  # byte order mark
        (b"name,uid\na,b\n", 1),
        (b"uid,name\na\n", 2),
        (b"uid,name\na,b\na,b,c\n", 3),
        (b"uid,name\n\n", 2),  # blank line
        (b'uid,name\n"a",b\n', 2),  # needless quotes
        (b'uid,name\na"b,c\n', 2),  # a bare quote
        (b'uid,name\n"a,b,c\n', 2),  # quote never closed
        (b'uid,name\n"a,b"c,d\n', 2),  # text after the closing quote
        (b"uid,name\na,b\tc\n", 2),
        (b"uid,name\na,b\x7f\n", 2),
        ("uid,name\na,b\u0085\n".encode(), 2),
        (b"uid,name\na,b\n\xff,c\n", 3),  # not UTF-8
        ("uid,name\na,运城\n".encode("gb18030"), 2),
    ],
)
def test_csv_in_any_other_form_is_refused_with_its_line(data: bytes, line: int) -> None:
    with pytest.raises(CanonicalError, match=rf"^文件 x\.csv 第 {line} 行.*。$"):
        parse_csv("x.csv", data, HEADER)


@pytest.mark.parametrize("row", [("a",), ("a", "b\n"), ("a", "b\x00"), ("a", "\u009f")])
def test_csv_does_not_write_what_it_would_not_read(row: tuple[str, ...]) -> None:
    with pytest.raises(CanonicalError, match="第 3 行"):
        csv_bytes(HEADER, [("a", "b"), row])


@pytest.mark.parametrize("text", ["", "01", "-1", "+1", " 1", "1.0", "１", "1_0", "9" * 19])
def test_integers_have_one_spelling(text: str) -> None:
    with pytest.raises(CanonicalError, match=r"文件 x\.csv 第 7 行的 base"):
        integer("x.csv", 7, "base", text)
    assert integer("x.csv", 7, "base", "0") == 0
    assert integer("x.csv", 7, "base", "120") == 120


def test_json_is_sorted_and_tight() -> None:
    data = json_bytes({"b": [1, None, True], "a": 1, "c": "运"})
    assert data == '{"a":1,"b":[1,null,true],"c":"运"}'.encode()
    assert parse_json("x.json", data) == {"a": 1, "b": [1, None, True], "c": "运"}


@pytest.mark.parametrize(
    "data",
    [
        b'{"a": 1}',
        b'{"a":1}\n',
        b'{"b":1,"a":1}',
        b'{"a":1,"a":1}',
        b'{"a":1.0}',
        b'{"a":1e3}',
        b'{"a":NaN}',
        b'{"a":9007199254740993}',
        b'{"a":-0}',
        '{"名":1}'.encode(),
        b'{"a":"\\u8fd0"}',
        b'{"a":"\\ud800"}',
        b"\xef\xbb\xbf{}",
        b'{"a":',
        b"\xff",
        b"[" * 100_000,
        b"[" * 500 + b"]" * 500 + b" ",
        b"1" * 5000,
    ],
)
def test_json_in_any_other_form_is_refused_with_its_place(data: bytes) -> None:
    with pytest.raises(CanonicalError, match=r"^文件 x\.json 第 1 行.*。$"):
        parse_json("x.json", data)


def test_json_of_any_layout_keeps_the_rules_of_its_content() -> None:
    assert load_json("x.json", b'{\n "b": 1,\n "a": [2]\n}\n') == {"b": 1, "a": [2]}
    with pytest.raises(CanonicalError, match="第 2 行"):
        load_json("x.json", b'{"a": 1,\n oops}')
    with pytest.raises(CanonicalError, match="重复"):
        load_json("x.json", b'{"a": 1, "a": 2}')


@pytest.mark.parametrize("value", [1.5, {"名": 1}, {1: 2}, [object()], 2**60, "\ud800"])
def test_json_does_not_write_what_it_would_not_read(value: object) -> None:
    with pytest.raises(CanonicalError):
        json_bytes(value)
