"""A decision that names several parties becomes one row for each, and nothing is guessed."""

from __future__ import annotations

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from resources.inbox.parties import split_parties
from tests.unit.small_contracts import uscc

COLUMNS = ("uscc", "party_name")
A, B, C = uscc(1), uscc(2), uscc(3)


def split(*rows: tuple[str | None, str | None]) -> list[tuple[str | None, str | None, int, int]]:
    """uscc, party_name, row_no, part_no of the rows as they are taken apart."""
    table = pa.table(
        {
            "uscc": pa.array([code for code, _ in rows], pa.string()),
            "party_name": pa.array([name for _, name in rows], pa.string()),
            "row_no": pa.array(range(2, len(rows) + 2), pa.int64()),
        }
    )
    made = split_parties(table, COLUMNS)
    return [tuple(row.values()) for row in made.to_pylist()]


SPLIT = [
    ((f"{A}；{B}", "甲；乙"), [("甲"), ("乙")]),
    ((f"{A},{B}，{C}", "甲,乙，丙"), ["甲", "乙", "丙"]),
    ((f"{A}\n{B}", "甲、乙"), ["甲", "乙"]),
    ((f"{A} / {B}；", "甲 / 乙；"), ["甲", "乙"]),
    ((f"{A}；{B}", "甲、乙店；丙店"), ["甲、乙店", "丙店"]),  # by the separator of the codes
    ((f"{A}\n{B}", "甲、乙店；丙、丁店"), ["甲、乙店", "丙、丁店"]),  # only ； gives two
]


@pytest.mark.parametrize(("row", "names"), SPLIT)
def test_one_row_for_each_party(row: tuple[str, str], names: list[str]) -> None:
    codes = [A, B, C][: len(names)]
    assert split((C, "前"), row, (A, "后")) == [
        (C, "前", 2, 1),
        *((code, name, 3, part) for part, (code, name) in enumerate(zip(codes, names, strict=True), 1)),
        (A, "后", 4, 1),
    ]


LEFT = [
    (A, "甲；乙"),
    (f"{A}；{B}", "甲"),
    (f"{A}；{B}", "甲；乙；丙"),
    (f"{A}；{B}", None),
    (None, "甲；乙"),
    ("N/A", "甲；乙"),
    (f"{A}；", "甲、乙店"),
    (f"{A}；{B}", "甲、乙/丙，丁"),  # as well 甲 | 乙/丙，丁 as 甲、乙/丙 | 丁
]


@pytest.mark.parametrize("row", LEFT)
def test_a_row_whose_lists_differ_stays_whole(row: tuple[str | None, str | None]) -> None:
    assert split(row, (B, "乙")) == [(*row, 2, 1), (B, "乙", 3, 1)]


@given(st.lists(st.integers(1, 4), max_size=6), st.sampled_from("；;、,，/\n"))
def test_no_party_is_lost_and_none_is_made(parties: list[int], separator: str) -> None:
    rows = [
        (separator.join(uscc(10 * row + n) for n in range(count)), separator.join(f"店{row}{n}" for n in range(count)))
        for row, count in enumerate(parties)
    ]
    assert split(*rows) == [
        (uscc(10 * row + n), f"店{row}{n}", row + 2, n + 1) for row, count in enumerate(parties) for n in range(count)
    ]
