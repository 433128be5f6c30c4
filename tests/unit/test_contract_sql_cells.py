"""One cell from text to its type: each listed spelling is understood, everything else goes to quarantine."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from stdnum.cn import uscc as oracle
from stdnum.iso7064 import mod_11_10

from resources.engines.contract_sql import split_sql
from resources.engines.duckdb_engine import DuckDBEngine
from tests.unit.small_contracts import ALPHABET, PERMIT, column, delivered, row, uscc

SPLIT = split_sql(PERMIT)
NO_END = date(9999, 12, 31)


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DuckDBEngine]:
    with DuckDBEngine(temp_directory=tmp_path_factory.mktemp("spill")) as opened:
        yield opened


def converted(engine: DuckDBEngine, name: str, cells: list[str | None]) -> list[Any]:
    """The typed value of each cell of a column, or the rule that quarantined its row."""
    rows = [row(n, **{name: cell}) for n, cell in enumerate(cells, 1)]
    made = engine.select_chain(SPLIT.steps(), {"delivered": delivered(rows)})
    good, bad = (pq.read_table(made[place]).to_pylist() for place in ("accepted", "quarantined"))
    found = {entry["row_no"]: entry[name] for entry in good} | {entry["row_no"]: entry["rule_ids"] for entry in bad}
    assert len(found) == len(cells)
    return [found[n] for n in range(2, len(cells) + 2)]


DAY = date(2022, 5, 1)
DATES: list[tuple[str | None, Any]] = [
    ("2022-05-01", DAY),
    ("2022-5-1", DAY),
    ("2022/5/1", DAY),
    ("2022.05.01", DAY),
    ("20220501", DAY),
    ("2022年5月1日", DAY),
    ("2022-05-01 00:00:00", DAY),
    ("2022/5/1 8:30", DAY),
    ("2022-05-01T23:59:59.5", DAY),
    ("44682", DAY),
    ("　２０２２－０５－０１\t", DAY),
    ("长期", NO_END),
    ("2099-12-31", NO_END),
    ("9999/9/9", NO_END),
    ("99991231", NO_END),
    ("", None),
    ("——", None),
    (None, None),
    *((bad, "ended_on.type") for bad in (
        "2022-02-30", "2022-13-01", "20221301", "2022年5月", "2022-05", "22-05-01", "2022-05/01", "1/5/2022",
        "0202-05-01", "1899-12-31", "2200-01-01", "2022-05-01x", "4468", "446820", "明年", "2022-05-01 x",
        "2022-05-01+08:00",
    )),
]  # fmt: skip

NUMBERS: list[tuple[str | None, Any]] = [
    ("1.5", Decimal("1.5")),
    ("1,234,567.25", Decimal("1234567.25")),
    ("１，２３４", Decimal("1234")),
    ("+3", Decimal("3")),
    (".5", Decimal("0.5")),
    ("3.", Decimal("3")),
    ("0.0000005", Decimal("0.000001")),
    ("-0.5", "fine_negative"),
    ("/", None),
    *(
        (bad, "fine_wan.type")
        for bad in ("1,23", "12,34.5", "1.2.3", "1e3", "5万", "￥5", "五", "1234567890123456", "--1")
    ),
]

INTEGERS: list[tuple[str | None, Any]] = [
    ("12", 12),
    ("12.0", 12),
    ("1,200", 1200),
    ("-3", -3),
    ("N/A", None),
    *((bad, "days.type") for bad in ("12.5", "1e3", "", "99999999999999999999", "十") if bad),
]

BOOLEANS: list[tuple[str | None, Any]] = [("是", True), ("否 ", False), ("无", None), ("对", "is_key.check")]
CODES: list[tuple[str | None, Any]] = [
    ("普通", "ordinary"), (" 特许　", "special"), (None, None), ("空", None), ("ordinary", "kind.check"),
]  # fmt: skip
PATTERNS: list[tuple[str | None, Any]] = [
    ("A-1_b.", "A-1_b."), ("Ａ１", "A1"), ("a b", "ticket.check"), ("a;", "ticket.check"), ("-", None),
]  # fmt: skip
NAMES: list[tuple[str | None, Any]] = [
    ("　甲（北京）店 \r\n", "甲（北京）店"), ("A B", "A B"), ("无名", "无名"), ("null", "party_name.required"), ("　", "party_name.required"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "cases"),
    [
        ("ended_on", DATES),
        ("fine_wan", NUMBERS),
        ("days", INTEGERS),
        ("is_key", BOOLEANS),
        ("kind", CODES),
        ("ticket", PATTERNS),
        ("party_name", NAMES),
    ],
)
def test_each_spelling(engine: DuckDBEngine, name: str, cases: list[tuple[str | None, Any]]) -> None:
    found = converted(engine, name, [cell for cell, _ in cases])
    assert dict(zip(cases, found, strict=True)) == {case: case[1] for case in cases}


def test_a_word_for_nothing_is_a_value_where_the_contract_lists_it(tmp_path: Path) -> None:
    answer = column("answer", "答复", values={"无": "none", "有": "some"})
    contract = replace(PERMIT, columns=(*PERMIT.columns, answer))
    table = delivered([row(1), row(2)]).append_column("answer", pa.array(["无", "/"]))
    with DuckDBEngine(temp_directory=tmp_path) as engine:
        found = pq.read_table(engine.select_chain(split_sql(contract).steps(), {"delivered": table})["accepted"])
    assert found.column("answer").to_pylist() == ["none", None]


def test_credit_codes_against_another_implementation(engine: DuckDBEngine) -> None:
    good = [uscc(n) for n in range(1, 200, 7)]
    wrong = [
        code[:place] + letter + code[place + 1 :] for place, code in enumerate(good[:18]) for letter in ALPHABET[:3]
    ]
    swapped = [code[:9] + code[10] + code[9] + code[11:] for code in good]
    shapes = ["9114080000000000", good[0] + "0", good[0][:17] + "I", "", "９" + good[0][1:], good[1].lower()]
    cells: list[str | None] = [*good, *wrong, *swapped, *shapes]
    found = converted(engine, "uscc", cells)
    expected = []
    for cell in cells:
        text = (cell or "").replace("９", "9").upper()
        sound = text == oracle.compact(text) and oracle.is_valid(text)
        expected.append(text if sound else "uscc.check" if cell else "uscc.required")
    assert found == expected
    assert found.count("uscc.check") > 40


def test_registration_numbers_against_another_implementation(engine: DuckDBEngine) -> None:
    bodies = [f"1408{n * 104729 % 10**10:010d}" for n in range(1, 40)]
    good = [body + mod_11_10.calc_check_digit(body) for body in bodies]
    wrong = [number[:-1] + str((int(number[-1]) + 1) % 10) for number in good]
    slipped = [
        number[:place] + str((int(number[place]) + 1) % 10) + number[place + 1 :]
        for place, number in enumerate(good[:14])
    ]
    other = ["1408001234567", "企合晋总字第0001", "331022NA001053X", "无"]
    found = converted(engine, "reg_no", [*good, *wrong, *slipped, *other])
    assert found == [*good, *["reg_no.check"] * (len(wrong) + len(slipped)), *other[:3], None]
