"""Identity: by code, by number through the register, by the exact name of exactly one subject — or quarantined with candidates."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import sqlglot
from sqlglot import exp
from stdnum.iso7064 import mod_11_10

from resources.engines.contract_sql import split_sql
from resources.engines.duckdb_engine import DuckDBEngine, sql_text
from resources.engines.identity_sql import name_core, name_key
from resources.engines.split_columns import IDENTITY
from tests.unit.small_contracts import PERMIT, delivered, row, uscc

CONTRACT = replace(PERMIT, identity=True)
SPLIT = split_sql(CONTRACT)
LETTERED = next(n for n in range(50, 90) if uscc(n)[-1].isalpha())


def number(n: int) -> str:
    """The n-th valid registration number of 15 digits."""
    body = f"1408{n:010d}"
    return body + str(mod_11_10.calc_check_digit(body))


REGISTER = [
    (uscc(1), number(1), "样例甲商贸有限公司"),
    (uscc(2), None, "样例乙（运城）商店"),
    (uscc(3), None, "样例丙有限公司"),
    (uscc(4), None, "样例丙有限公司"),  # two of one name
    (None, number(5), "样例戊商店"),  # known by its number alone
    (uscc(6), "331022NA001053X", "样例己专业合作社"),
    (uscc(7), number(7), "山西省运城市样例庚食品有限公司"),
    (uscc(8), None, "样例丙有限公司"),
    *((uscc(20 + n), None, f"{'子丑寅卯辰巳'[n]}省样例辛有限公司") for n in range(6)),
]


def register(
    rows: list[tuple[str | None, str | None, str]], *withdrawn: tuple[str | None, str | None, str]
) -> pa.Table:
    both = [*rows, *withdrawn]
    names = ("uscc", "reg_no", "party_name")
    table = pa.table({name: pa.array([r[n] for r in both], pa.string()) for n, name in enumerate(names)})
    return table.append_column("is_withdrawn", pa.array([False] * len(rows) + [True] * len(withdrawn)))


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DuckDBEngine]:
    with DuckDBEngine(temp_directory=tmp_path_factory.mktemp("spill")) as opened:
        yield opened


@pytest.fixture(scope="module")
def identity(engine: DuckDBEngine) -> pa.Table:
    return engine.select(sql_text("validated/identity"), {"accepted_register": register(REGISTER)})


def split(engine: DuckDBEngine, identity: pa.Table, *rows: dict[str, Any]) -> dict[str, list[dict[str, Any]]]:
    made = engine.select_chain(SPLIT.steps(), {"delivered": delivered(rows), "identity": identity})
    return {place: pq.read_table(path).to_pylist() for place, path in made.items()}


def named(name: str | None, n: int = 90, **cells: str | None) -> dict[str, Any]:
    """A row without a code."""
    return row(n, **{"uscc": None, "party_name": name, **cells})


def test_the_table_of_identity(identity: pa.Table) -> None:
    assert [(f.name, f.type) for f in identity.schema] == [(f.name, f.type) for f in IDENTITY]
    rows = {(r["basis"], r["key_text"], r["uid"]): (r["uscc"], r["matches"]) for r in identity.to_pylist()}
    assert rows["reg_no", number(1), uscc(1)] == (uscc(1), 1)
    assert rows["name", "样例乙(运城)商店", uscc(2)] == (uscc(2), 1)
    assert rows["name", "样例丙有限公司", uscc(3)] == (uscc(3), 3)
    assert rows["name", "样例戊商店", f"R:{number(5)}"] == (None, 1)
    assert rows["core", "样例庚食品", uscc(7)] == (uscc(7), 1)


def test_a_former_name_makes_a_name_doubtful_and_a_withdrawn_row_does_not(engine: DuckDBEngine) -> None:
    renamed = register(
        [(uscc(1), None, "旧名"), (uscc(1), None, "新名"), (uscc(2), None, "旧名")], (uscc(3), None, "新名")
    )
    rows = engine.select(sql_text("validated/identity"), {"accepted_register": renamed}).to_pylist()
    assert {(r["key_text"], r["matches"]) for r in rows if r["basis"] == "name"} == {("旧名", 2), ("新名", 1)}


def test_a_number_registered_with_and_without_a_code_is_one_subject(engine: DuckDBEngine) -> None:
    both = register([(None, number(1), "甲"), (uscc(1), number(1), "甲")])
    rows = engine.select(sql_text("validated/identity"), {"accepted_register": both}).to_pylist()
    assert {(r["basis"], r["uid"], r["matches"]) for r in rows} == {(b, uscc(1), 1) for b in ("name", "reg_no", "core")}


@pytest.mark.parametrize(
    ("cells", "found", "basis"),
    [
        ({"uscc": uscc(50)}, uscc(50), "code"),  # a good code needs no register
        ({"uscc": uscc(LETTERED).lower()}, uscc(LETTERED), "repaired"),
        ({"uscc": uscc(50).translate({ord("1"): "１"})}, uscc(50), "repaired"),
        ({"uscc": f"　{uscc(50)} "}, uscc(50), "repaired"),
        ({"uscc": number(1)}, uscc(1), "reg_no"),
        ({"uscc": f" {number(1)}  "}, uscc(1), "reg_no"),  # 18 letters, and still no code
        ({"uscc": "/", "reg_no": number(1)}, uscc(1), "reg_no"),
        ({"uscc": None, "reg_no": "331022NA001053X"}, uscc(6), "reg_no"),
        ({"uscc": None, "party_name": "样例乙(运城)商店"}, uscc(2), "name"),
        ({"uscc": "无", "party_name": " 样例甲 商贸有限公司　"}, uscc(1), "name"),
    ],
)
def test_found(engine: DuckDBEngine, identity: pa.Table, cells: dict[str, str | None], found: str, basis: str) -> None:
    made = split(engine, identity, row(90, **cells))
    assert [(e["uscc"], e["identity_basis"]) for e in made["accepted"]] == [(found, basis)]
    assert made["quarantined"] == []


@pytest.mark.parametrize(
    ("cells", "rule", "candidates"),
    [
        # Not one letter is guessed, and a number that the register does not know is not overruled by a name.
        ({"party_name": "样例甲商贸公司"}, "uscc.unmatched", f"{uscc(1)}（样例甲商贸有限公司）"),
        ({"party_name": "样例丙有限公司"}, "uscc.unmatched", "；".join(f"{uscc(n)}（样例丙有限公司）" for n in (3, 4, 8))),
        ({"party_name": "样例甲商贸有限公司", "reg_no": number(2)}, "uscc.unmatched", f"{uscc(1)}（样例甲商贸有限公司）"),
        ({"uscc": number(2), "party_name": "样例甲商贸有限公司"}, "uscc.unmatched", f"{uscc(1)}（样例甲商贸有限公司）"),
        ({"party_name": "样例戊商店"}, "uscc.unmatched", f"R:{number(5)}（样例戊商店）"),
        ({"party_name": "样例庚食品"}, "uscc.unmatched", f"{uscc(7)}（山西省运城市样例庚食品有限公司）"),
        ({"party_name": "从来没有这一户"}, "uscc.unmatched", None),
        ({"party_name": None}, "uscc.required;party_name.required", None),
        ({"uscc": number(1)[:-1] + str((int(number(1)[-1]) + 1) % 10)}, "uscc.check", None),
        ({"uscc": uscc(1)[:-1] + ("0" if uscc(1)[-1] != "0" else "1"), "party_name": "样例甲商贸有限公司"}, "uscc.check", None),
    ],
)  # fmt: skip
def test_not_found(
    engine: DuckDBEngine, identity: pa.Table, cells: dict[str, str | None], rule: str, candidates: str | None
) -> None:
    made = split(engine, identity, named(**{"name": "样例90号商店", **_names(cells)}))
    assert made["accepted"] == []
    assert [(e["rule_ids"], e["candidates"]) for e in made["quarantined"]] == [(rule, candidates)]
    assert ("未作猜测" in made["quarantined"][0]["reasons"]) == (rule == "uscc.unmatched")


def _names(cells: dict[str, str | None]) -> dict[str, Any]:
    return {("name" if key == "party_name" else key): value for key, value in cells.items()}


def test_at_most_five_candidates_in_a_fixed_order(engine: DuckDBEngine, identity: pa.Table) -> None:
    (entry,) = split(engine, identity, named("样例辛商店公司"), named("样例甲商贸公司", 91))["quarantined"][:1]
    assert entry["candidates"] is None  # 样例辛商店 is another name
    (entry,) = split(engine, identity, named("午省样例辛公司"))["quarantined"]
    shown = entry["candidates"].split("；")
    assert len(shown) == 5
    assert shown == sorted(shown)


def test_a_row_identified_later_is_the_same_record(engine: DuckDBEngine, identity: pa.Table) -> None:
    """The key is the subject, however it was written."""
    first = delivered([row(1, doc_no="文", party_name="样例甲商贸有限公司")])
    later = delivered(
        [row(1, uscc=number(1), doc_no="文", party_name="样例甲商贸有限公司")],
        delivery="D2",
        received="2026-10-09T00:00:00",
    )
    inputs = {"delivered": pa.concat_tables([first, later]), "identity": identity}
    made = engine.select_chain(SPLIT.steps(), inputs)
    assert pq.read_metadata(made["accepted"]).num_rows == 1
    assert pq.read_metadata(made["duplicates"]).num_rows == 1


def test_plain_codes_ask_the_register_nothing(engine: DuckDBEngine, identity: pa.Table) -> None:
    made = split(engine, identity, *(row(n) for n in range(1, 30)))
    assert made["identified"] == []
    assert {e["identity_basis"] for e in made["accepted"]} == {"code"}


def test_an_empty_register_is_a_register(engine: DuckDBEngine, tmp_path: Path) -> None:
    none = engine.select(sql_text("validated/identity"), {"accepted_register": register([])})
    assert none.num_rows == 0
    assert [e["rule_ids"] for e in split(engine, none, named("样例甲"))["quarantined"]] == ["uscc.unmatched"]


def test_the_register_and_the_rows_write_names_alike() -> None:
    """sql/validated/identity.sql holds the same expressions as the generated side."""
    tree = sqlglot.parse_one(sql_text("validated/identity"), dialect="duckdb")
    found = {e.alias: e.this for e in tree.find_all(exp.Alias)}
    assert found["name_key"] == parsed(name_key(exp.column("party_name")))
    cores = [e.this for e in tree.find_all(exp.Alias) if e.alias == "key_text"]
    assert parsed(name_core(exp.column("name_key"))) in cores


def parsed(tree: exp.Expr) -> exp.Expr:
    return sqlglot.parse_one(tree.sql(dialect="duckdb"), dialect="duckdb")
