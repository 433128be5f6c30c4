"""Columns of cells become text by the quick ways exactly as cell by cell."""

from __future__ import annotations

from datetime import date, datetime, time

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from resources.inbox.cells import cell_text
from resources.inbox.text_array import dates_from_serials, text_array, with_unit

CELL = st.one_of(
    st.just(""),
    st.text(st.characters(codec="utf-8"), max_size=4),
    st.booleans(),
    st.integers(-(10**20), 10**20),
    st.floats(),
    st.dates(),
    st.datetimes(),
    st.sampled_from([time(8, 30), 2.0**53, -(2.0**60), 0.0, -0.0, datetime(2026, 9, 1)]),
)
KINDS = st.sampled_from([st.just(""), st.text(max_size=3), st.booleans(), st.integers(), st.floats(), st.dates(), CELL])


@given(st.one_of(st.lists(CELL), KINDS.flatmap(lambda kind: st.lists(st.one_of(st.just(""), kind)))))
def test_a_column_is_what_its_cells_are(values: list[object]) -> None:
    assert text_array(values).to_pylist() == [cell_text(value) for value in values]


SERIALS = [
    (46266.0, "2026-09-01", "2030-09-02"),
    (44804, "2022-08-31", "2026-09-01"),
    (44804.375, "2022-08-31 09:00:00", "2026-09-01 09:00:00"),
    ("44804", "44804", "2026-09-01"),
    (20260901.0, "20260901", "20260901"),
    (2026.0, "2026", "2026"),
    (True, "TRUE", "TRUE"),
    (date(2026, 9, 1), "2026-09-01", "2026-09-01"),
    ("2026年9月1日", "2026年9月1日", "2026年9月1日"),
    ("", None, None),
]


@pytest.mark.parametrize(("cell", "of_1900", "of_1904"), SERIALS)
def test_serial_numbers_of_both_epochs(cell: object, of_1900: str | None, of_1904: str | None) -> None:
    for epoch_1904, wanted in ((False, of_1900), (True, of_1904)):
        assert text_array(dates_from_serials([cell], epoch_1904=epoch_1904)).to_pylist() == [wanted]


def test_the_unit_of_a_header_goes_to_plain_numbers_only() -> None:
    cells = ["5000", " 5,000.50 ", "-3", "５０００", "0.5万元", "5000元", "伍仟元整", "/", "1.2.", None]
    wanted = ["5000元", "5,000.50元", "-3元", "５０００元", "0.5万元", "5000元", "伍仟元整", "/", "1.2.元", None]
    assert with_unit(pa.array(cells, pa.string()), "元").to_pylist() == wanted
