"""Versions of a record: withdrawals end it, a later delivery revives it; corrections keep their link; parts of one row."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from data_contracts.model import Contract
from resources.engines.contract_sql import split_sql
from resources.engines.duckdb_engine import DuckDBEngine
from tests.unit.small_contracts import PERMIT, delivered, row, uscc

PARTIES = replace(PERMIT, split_parties=("uscc", "party_name"))


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DuckDBEngine]:
    with DuckDBEngine(temp_directory=tmp_path_factory.mktemp("spill")) as opened:
        yield opened


def split(engine: DuckDBEngine, *tables: pa.Table, contract: Contract = PERMIT) -> dict[str, list[dict[str, Any]]]:
    made = engine.select_chain(split_sql(contract).steps(), {"delivered": pa.concat_tables(tables)})
    return {place: pq.read_table(path).to_pylist() for place, path in made.items()}


def sent(day: int, *rows: dict[str, Any], withdrawal: bool = False, delivery: str | None = None) -> pa.Table:
    """A delivery of that day of October."""
    return delivered(
        rows, delivery=delivery or f"D{day}", received=f"2026-10-{day:02d}T09:00:00", withdrawal=withdrawal
    )


def versions(found: dict[str, list[dict[str, Any]]]) -> list[tuple[Any, ...]]:
    rows = sorted(found["accepted"], key=lambda e: e["version_no"])
    return [(e["delivery_id"], e["version_no"], e["is_withdrawn"], e["is_current"]) for e in rows]


def only_key(number: int) -> dict[str, str | None]:
    """What a withdrawal needs: the key, and nothing else that the contract requires."""
    return {**dict.fromkeys(PERMIT.column_names), "uscc": uscc(number), "doc_no": f"文{number}号"}


def test_a_withdrawal_is_a_version_that_ends_the_record(engine: DuckDBEngine) -> None:
    found = split(engine, sent(1, row(1)), sent(2, only_key(1), withdrawal=True))
    assert versions(found) == [("D1", 1, False, False), ("D2", 2, True, False)]
    assert found["quarantined"] == found["duplicates"] == []
    assert [(e["version_no"], e["is_withdrawn"], e["uid"]) for e in found["record"]] == [
        (1, False, uscc(1)),
        (2, True, uscc(1)),
    ]


def test_a_later_delivery_revives_the_record_even_unchanged(engine: DuckDBEngine) -> None:
    again = sent(3, row(1)), sent(4, row(1))
    found = split(engine, *again, sent(2, only_key(1), withdrawal=True), sent(1, row(1)))
    assert versions(found) == [("D1", 1, False, False), ("D2", 2, True, False), ("D3", 3, False, True)]
    assert [(e["delivery_id"], e["duplicate_of"]) for e in found["duplicates"]] == [
        ("D4", next(e["row_id"] for e in found["accepted"] if e["delivery_id"] == "D3"))
    ]


def test_withdrawn_twice_is_a_duplicate_whatever_the_other_cells_say(engine: DuckDBEngine) -> None:
    twice = sent(2, only_key(1), withdrawal=True), sent(3, {**only_key(1), "days": "许多"}, withdrawal=True)
    found = split(engine, sent(1, row(1)), *twice)
    assert versions(found) == [("D1", 1, False, False), ("D2", 2, True, False)]
    assert [e["delivery_id"] for e in found["duplicates"]] == ["D3"]


def test_a_withdrawal_of_what_never_came_is_quarantined(engine: DuckDBEngine) -> None:
    found = split(engine, sent(1, only_key(1), withdrawal=True), sent(2, row(1)), sent(3, only_key(2), withdrawal=True))
    assert [(e["delivery_id"], e["rule_ids"]) for e in found["quarantined"]] == [
        ("D1", "withdrawal.unknown"),
        ("D3", "withdrawal.unknown"),
    ]
    assert "此前没有收到过" in found["quarantined"][0]["reasons"]
    assert versions(found) == [("D2", 1, False, True)]


def test_a_withdrawal_needs_a_sound_key(engine: DuckDBEngine) -> None:
    bad = {**only_key(1), "doc_no": None, "signed_on": "去年"}
    found = split(engine, sent(1, row(1)), sent(2, bad, withdrawal=True))
    assert [e["rule_ids"] for e in found["quarantined"]] == ["doc_no.required"]


def test_of_one_delivery_the_withdrawals_come_first(engine: DuckDBEngine) -> None:
    """A delivery that withdraws a record and brings it anew corrects it; it is no contradiction."""
    both = sent(2, only_key(1), withdrawal=True, delivery="D2"), sent(2, row(1, days="3"), delivery="D2")
    found = split(engine, sent(1, row(1)), *both)
    assert versions(found) == [("D1", 1, False, False), ("D2", 2, True, False), ("D2", 3, False, True)]
    assert found["quarantined"] == []


def test_the_same_file_may_be_sent_to_deliver_and_to_withdraw(engine: DuckDBEngine) -> None:
    again = sent(2, row(1), withdrawal=True)
    again = again.set_column(again.column_names.index("file_sha256"), "file_sha256", sent(1, row(1))["file_sha256"])
    found = split(engine, sent(1, row(1)), again)
    ids = {e["row_id"] for e in found["accepted"]}
    assert len(ids) == 2
    assert any("w:" in one for one in ids)


def test_a_corrected_row_keeps_its_link(engine: DuckDBEngine) -> None:
    original = split(engine, sent(1, row(1, signed_on="去年")))["quarantined"][0]["row_id"]
    link = {"corrects_row_id": original}
    found = split(
        engine, sent(1, row(1, signed_on="去年")), sent(2, {**row(1), **link}), sent(3, {**row(2, uscc="坏"), **link})
    )
    assert [e["corrects_row_id"] for e in found["accepted"]] == [original]
    assert {e["delivery_id"]: e["corrects_row_id"] for e in found["quarantined"]} == {"D1": None, "D3": original}


def test_parts_of_one_row_have_their_own_ids_and_do_not_conflict(engine: DuckDBEngine) -> None:
    parts = [{**row(n, doc_no="文1号"), "row_no": 2, "part_no": n} for n in (1, 2, 3)]
    found = split(engine, sent(1, *parts), contract=PARTIES)
    assert [e["row_id"].partition("::")[2] for e in found["accepted"]] == ["2", "2#2", "2#3"]
    assert found["quarantined"] == found["duplicates"] == []


def test_one_firm_named_twice_in_a_row_is_said_once(engine: DuckDBEngine) -> None:
    names = ("样例1号商店", "样例一号商店")
    parts = [{**row(1, party_name=name), "row_no": 2, "part_no": n} for n, name in enumerate(names, 1)]
    found = split(engine, sent(1, *parts), contract=PARTIES)
    assert (len(found["accepted"]), len(found["duplicates"]), found["quarantined"]) == (1, 1, [])
    assert found["duplicates"][0]["duplicate_of"] == found["accepted"][0]["row_id"]
    # In two rows it would be a contradiction.
    apart = [{**part, "row_no": n, "part_no": 1} for n, part in enumerate(parts, 2)]
    assert [e["rule_ids"] for e in split(engine, sent(1, *apart), contract=PARTIES)["quarantined"]] == ["key_conflict"]


def test_several_parties_need_a_key_that_tells_them_apart() -> None:
    with pytest.raises(ValueError, match="主键须含当事人的字段"):
        split_sql(replace(PARTIES, primary_key=("doc_no",)))
    with pytest.raises(ValueError, match="须有字段 uscc"):
        columns = tuple(c for c in PERMIT.columns if c.name != "uscc")
        split_sql(replace(PERMIT, identity=True, columns=columns, primary_key=("doc_no",)))


def test_a_quarantined_row_tells_when_it_was_formed(engine: DuckDBEngine) -> None:
    found = split(
        engine, sent(1, row(1, days="多"), row(2, signed_on="去年"), row(3, days="多", ended_on="2026-09-03"))
    )
    assert [str(e["formed_on"]) for e in found["quarantined"]] == ["2026-09-01", "None", "2026-09-03"]
