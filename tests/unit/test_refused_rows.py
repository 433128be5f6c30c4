"""What a quarantined row still tells: the same key as the splitting gives, or none; never a guess."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from data_contracts.model import source_contract
from resources.engines.building import netstring
from resources.engines.duckdb_engine import DuckDBEngine
from supervision.refused_rows import RefusedRow, key_text, refused_row

GOOD = "911408000000000017"


def facts(cells: dict[str, str | None], **changes: Any) -> RefusedRow:
    given: dict[str, Any] = {
        "key": {"doc": True, "on": True, "uscc": True, "note": False},
        "dates": ("on",),
        "codes": ("uscc",),
        "words": {"kind": {"许可准入": "admission"}},
        "document_number": "doc",
        "subject": "uscc",
    }
    return refused_row(cells, **(given | changes))


CELLS: dict[str, str | None] = {"doc": " 甲〔2026〕1号 ", "on": "2026年5月1日", "uscc": GOOD.lower(), "note": "/"}


def test_a_readable_key_is_canonical() -> None:
    found = facts(CELLS)
    assert found == RefusedRow(f"9:甲〔2026〕1号10:2026-05-0118:{GOOD}-", "甲〔2026〕1号", GOOD)


@pytest.mark.parametrize(
    "text", ["2026-05-01", "2026/5/1", "20260501", "2026.5.1", "２０２６-05-01", "2026-05-01 09:30:00"]
)
def test_every_spelling_of_a_day(text: str) -> None:
    assert facts(CELLS | {"on": text}).key_text == facts(CELLS).key_text


@pytest.mark.parametrize(
    "change",
    [
        {"doc": None},
        {"doc": "无"},
        {"on": "2026-13-01"},
        {"on": "上月"},
        {"uscc": GOOD[:-1] + "1"},
        {"uscc": f"{GOOD};{GOOD}"},
    ],
)
def test_a_key_that_cannot_be_read_is_none(change: dict[str, str | None]) -> None:
    assert facts(CELLS | change).key_text is None


def test_an_optional_cell_that_says_something_unreadable_is_no_key() -> None:
    optional = {"key": {"doc": True, "on": False}}
    assert facts(CELLS | {"on": ""}, **optional).key_text == "9:甲〔2026〕1号-"
    assert facts(CELLS | {"on": "上月"}, **optional).key_text is None


def test_a_word_of_a_closed_list_is_its_code_and_any_other_is_no_key() -> None:
    coded = {"key": {"kind": True}}
    assert facts(CELLS | {"kind": "许可准入 "}, **coded).key_text == "9:admission"
    assert facts(CELLS | {"kind": "其他"}, **coded).key_text is None


def test_the_key_is_the_one_of_the_splitting(tmp_path: Path) -> None:
    values = ["甲〔2026〕1号", None, "2026-05-01", "1:1"]
    names = [f"c{n}" for n in range(len(values))]
    tree = f"SELECT {netstring(names).sql(dialect='duckdb')} AS key_text FROM rows ORDER BY key_text"
    row = pa.table({name: pa.array([value], pa.string()) for name, value in zip(names, values, strict=True)})
    with DuckDBEngine(temp_directory=tmp_path) as engine:
        assert engine.select(tree, {"rows": row})["key_text"].to_pylist() == [key_text(values)]


def test_licences_have_a_key_that_can_be_read() -> None:
    contract = source_contract("licence")
    cells = {"licence_doc_no": "1", "authority": "某局", "uscc": GOOD}
    found = refused_row(
        cells,
        key={name: contract.column(name).required for name in contract.primary_key},
        dates=(),
        codes=("uscc",),
        words={},
        document_number=contract.document_number,
        subject="uscc",
    )
    assert found.key_text is not None
    assert found.document_number == "1"
