"""The split of a source: every row in exactly one place, whatever the order of rows, and versions as they were said."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from data_contracts.model import Rule, source_contracts
from resources.engines.amounts import AMOUNT_TEXT, amount_texts
from resources.engines.contract_sql import Split, split_sql
from resources.engines.dialect import lint
from resources.engines.duckdb_engine import DuckDBEngine, Step
from resources.engines.split_columns import IDENTITY, VERSIONS
from tests.unit.small_contracts import PERMIT, column, delivered, row, uscc

SPLIT = split_sql(PERMIT)
IDENTIFIED = split_sql(replace(PERMIT, identity=True, document_number="doc_no", published_on="signed_on"))
LOOKUPS = {"identity": IDENTITY.empty_table(), "amount_text": AMOUNT_TEXT.empty_table()}
KEYS = {
    "identified": ("identified_id",),
    "repeated": ("key_text",),
    "rivals": ("rival_id",),
    "suspects": ("suspect",),
    "drift": ("delivery_id", "file_name", "column_name", "drift_kind"),
}
PLACES = ("accepted", "quarantined", "duplicates")
Rows = list[dict[str, Any]]


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DuckDBEngine]:
    with DuckDBEngine(temp_directory=tmp_path_factory.mktemp("spill")) as opened:
        yield opened


def split(engine: DuckDBEngine, *tables: pa.Table) -> dict[str, Rows]:
    """The three places of the rows of these deliveries."""
    made = engine.select_chain(SPLIT.steps(), {"delivered": pa.concat_tables(tables)})
    return {place: pq.read_table(made[place]).to_pylist() for place in PLACES}


def ids(rows: Iterable[dict[str, Any]]) -> list[str]:
    return [entry["row_id"] for entry in rows]


def rid(delivery: str, row_no: int) -> str:
    return f"{delivery.encode().hex().ljust(64, '0')[:16]}::{row_no}"


def test_an_accepted_row_is_typed_and_knows_its_place(engine: DuckDBEngine) -> None:
    cells = {"fine_wan": "1,234.5", "days": "40", "is_key": "是", "kind": "特许", "ended_on": "2026年9月3日"}
    found = split(engine, delivered([row(1, **cells)]))
    (entry,) = found["accepted"]
    place = {k: entry.pop(k) for k in ("row_id", "delivery_id", "file_name", "sheet", "row_no", "received_at")}
    assert {k: str(v) for k, v in place.items()} == {
        "row_id": rid("D1", 2), "delivery_id": "D1", "file_name": "a.csv", "sheet": "", "row_no": "2",
        "received_at": "2026-10-08 09:30:00",
    }  # fmt: skip
    assert {k: str(v) for k, v in entry.items() if v is not None} == {
        "uscc": uscc(1), "party_name": "样例1号商店", "doc_no": "文1号", "kind": "special", "signed_on": "2026-09-01",
        "ended_on": "2026-09-03", "fine_wan": "1234.500000", "days": "40", "is_key": "True", "formed_on": "2026-09-03",
        "source": "permit", "part_no": "1", "version_no": "1", "is_withdrawn": "False", "is_current": "True",
        "warnings": "days_many",
    }  # fmt: skip
    own = ["source", "part_no", "corrects_row_id", "formed_on", "version_no", "is_withdrawn", "is_current", "warnings"]
    assert list(entry) == [*PERMIT.column_names, *own]
    assert found["quarantined"] == found["duplicates"] == []


def test_a_quarantined_row_keeps_its_cells_and_says_every_reason(engine: DuckDBEngine) -> None:
    bad = row(1, uscc="１２３", party_name=" — ", signed_on="去年", fine_wan="-1", kind="别的", ticket="a b")
    found = split(engine, delivered([row(2), bad]))
    (entry,) = found["quarantined"]
    assert entry["source"] == "permit"
    assert entry["row_id"] == rid("D1", 3)
    assert entry["rule_ids"] == ("uscc.check;party_name.required;kind.check;signed_on.type;ticket.check;fine_negative")
    assert entry["reasons"] == (
        "「统一社会信用代码」不对；「企业名称」为空；「类别」不对；「决定日期」不能换算；「编号」不对；罚款金额为负"
    )
    assert json.loads(entry["raw_cells"]) == bad
    assert ids(found["accepted"]) == [rid("D1", 2)]


def test_a_rule_may_compare_with_the_day_of_receipt(engine: DuckDBEngine) -> None:
    rows = [row(1, signed_on="2026-10-08"), row(2, signed_on="2026-10-09")]
    found = split(engine, delivered(rows))
    assert [entry["rule_ids"] for entry in found["quarantined"]] == ["signed_in_future"]
    assert [entry["doc_no"] for entry in found["accepted"]] == ["文1号"]


def test_the_same_said_again_is_a_duplicate_of_the_first(engine: DuckDBEngine) -> None:
    again = row(1, signed_on="2026/9/1", party_name=" 样例1号商店 ")
    first = delivered([row(1), again, row(2)])
    later = delivered([row(1)], delivery="D2", received="2026-10-09T00:00:00")
    found = split(engine, later, first)
    assert ids(found["accepted"]) == [rid("D1", 2), rid("D1", 4)]
    assert {entry["row_id"]: entry["duplicate_of"] for entry in found["duplicates"]} == {
        rid("D1", 3): rid("D1", 2),
        rid("D2", 2): rid("D1", 2),
    }
    assert {entry["source"] for entry in found["duplicates"]} == {"permit"}


def test_later_content_is_a_new_version_and_a_value_may_return(engine: DuckDBEngine) -> None:
    """存续, 注销 by mistake, 存续 again: the last is current, not a duplicate of the first."""
    tables = [
        delivered([row(1, days=days)], delivery=f"D{n}", received=f"2026-10-0{n}T00:00:00")
        for n, days in enumerate(["1", "2", "2", "1"], 1)
    ]
    found = split(engine, *reversed(tables))
    versions = [(e["delivery_id"], e["days"], e["version_no"], e["is_current"]) for e in found["accepted"]]
    assert versions == [("D1", 1, 1, False), ("D2", 2, 2, False), ("D4", 1, 3, True)]
    assert [(e["delivery_id"], e["duplicate_of"]) for e in found["duplicates"]] == [("D3", rid("D2", 2))]


def test_received_at_decides_before_the_name_of_the_delivery(engine: DuckDBEngine) -> None:
    early = delivered([row(1, days="1")], delivery="Z", received="2026-10-01T00:00:00")
    late = delivered([row(1, days="2")], delivery="A", received="2026-10-02T00:00:00")
    found = split(engine, late, early)
    assert {e["delivery_id"]: e["is_current"] for e in found["accepted"]} == {"Z": False, "A": True}


def test_one_key_two_contents_in_one_delivery(engine: DuckDBEngine) -> None:
    rows = [row(1, days="1"), row(1, days="2"), row(1, days="2"), row(2)]
    kept = set()
    for order in (rows, rows[::-1]):
        found = split(engine, delivered(order))
        days = {e["days"] for e in found["accepted"] if e["uscc"] == uscc(1)}
        assert len(days) == 1
        kept |= days
        assert {e["rule_ids"] for e in found["quarantined"]} == {"key_conflict"}
        assert all("「文书号、统一社会信用代码」相同而内容不同" in e["reasons"] for e in found["quarantined"])
        assert sum(map(len, found.values())) == 4
    assert len(kept) == 1


def test_a_quarantined_row_is_no_rival(engine: DuckDBEngine) -> None:
    found = split(engine, delivered([row(1, signed_on="去年"), row(1, signed_on="前年"), row(1)]))
    assert [e["rule_ids"] for e in found["quarantined"]] == ["signed_on.type"] * 2
    assert [(e["version_no"], e["is_current"]) for e in found["accepted"]] == [(1, True)]


def test_texts_that_join_alike_are_not_the_same(engine: DuckDBEngine) -> None:
    """Contents are told apart by their cells, not by their concatenation; neighbours in time are compared."""
    pairs = [("AB", "C"), ("A", "BC"), (None, "BC"), (None, "1:BC")]
    tables = [
        delivered([row(1, reg_no=one, party_name=two)], delivery=f"D{n}", received=f"2026-10-0{n}T00:00:00")
        for n, (one, two) in enumerate(pairs, 1)
    ]
    assert len(split(engine, *tables)["accepted"]) == len(pairs)


def test_no_rows_give_no_rows_of_the_same_types(engine: DuckDBEngine) -> None:
    """A step that is not run leaves what it would have left: rows or none, run or not, the columns are the same."""
    bad = [row(1), row(1, days="2"), row(1), row(2, uscc=None), row(3, party_name="无", reg_no="1")]
    tables = delivered(bad), delivered([])
    both = [engine.select_chain(IDENTIFIED.steps(), {"delivered": table, **LOOKUPS}) for table in tables]
    both.append(engine.select_chain(forced(IDENTIFIED), {"delivered": delivered([]), **LOOKUPS}))
    for place in IDENTIFIED.steps():
        # Only names and types: DuckDB also writes down which columns happened to have no gap.
        types = [[(field.name, field.type) for field in pq.read_schema(made[place])] for made in both]
        assert types[0] == types[1] == types[2]
    assert pq.read_metadata(both[0]["quarantined"]).num_rows > 0


CELLS = st.fixed_dictionaries(
    {
        "uscc": st.sampled_from([uscc(1), uscc(2), uscc(1).lower(), "坏", None]),
        "doc_no": st.sampled_from(["文1", "文2", " 文1", ""]),
        "days": st.sampled_from(["1", "2", "40", "x", None]),
        "signed_on": st.sampled_from(["2026-09-01", "2026/9/1", "20260901", "无", "2099-01-01"]),
    }
)
SHIPMENT = st.tuples(
    st.lists(CELLS, max_size=5), st.sampled_from(["2026-10-01T00:00:00", "2026-10-02T00:00:00"]), st.randoms()
)


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(shipments=st.lists(SHIPMENT, min_size=1, max_size=4))
def test_nothing_is_lost_and_the_order_of_rows_decides_nothing(
    engine: DuckDBEngine, shipments: Sequence[tuple[list[dict[str, str | None]], str, Any]]
) -> None:
    straight, shuffled = [], []
    for n, (cells, received, random) in enumerate(shipments):
        rows = [row(1, **cell) for cell in cells]
        straight.append(delivered(rows, delivery=f"D{n}", received=received))
        random.shuffle(rows)
        shuffled.append(delivered(rows, delivery=f"D{n}", received=received))
    one, other = split(engine, *straight), split(engine, *reversed(shuffled))
    all_ids = [rid(f"D{n}", 2 + k) for n, (cells, _, _) in enumerate(shipments) for k in range(len(cells))]
    assert sorted(ids(entry for place in PLACES for entry in one[place])) == sorted(all_ids)
    assert all(ids(one[place]) == sorted(ids(one[place])) for place in PLACES)
    assert contents(one["accepted"]) == contents(other["accepted"])
    assert {entry["duplicate_of"] for entry in one["duplicates"]} <= set(ids(one["accepted"]))
    current = [(entry["doc_no"], entry["uscc"]) for entry in one["accepted"] if entry["is_current"]]
    assert sorted(current) == sorted({(entry["doc_no"], entry["uscc"]) for entry in one["accepted"]})


def contents(rows: Rows) -> list[str]:
    """What was accepted, without where it stood."""
    return sorted(str({k: v for k, v in entry.items() if k not in ("row_id", "row_no")}) for entry in rows)


def test_the_bytes_are_the_same_again(engine: DuckDBEngine) -> None:
    table = pa.concat_tables(
        [delivered([row(n % 7, days=str(n % 3)) for n in range(50)], delivery=f"D{d}") for d in "ab"]
    )
    copies = (table, table.take(pa.array(range(99, -1, -1))))
    both = [engine.select_chain(SPLIT.steps(), {"delivered": copy}) for copy in copies]
    for place in SPLIT.steps():
        assert both[0][place].read_bytes() == both[1][place].read_bytes()


def test_a_contract_that_cannot_be_split_is_refused() -> None:
    for rule in ("unknown > 1", "uscc IN (SELECT 1)", "max(days) > 1", "row_number() over () > 1"):
        spoilt = replace(PERMIT, rules=(Rule("r", (), "error", rule, "x"),))
        with pytest.raises(ValueError, match="规则 r 只能逐行读取"):
            split_sql(spoilt)
    for contract in (
        replace(PERMIT, kind="output"),
        replace(PERMIT, primary_key=()),
        replace(PERMIT, columns=(*PERMIT.columns, column("row_id", "行号"))),
        replace(PERMIT, columns=(*PERMIT.columns, column("x__text", "行号"))),
    ):
        with pytest.raises(ValueError, match="permit 不能拆分"):
            split_sql(contract)
    with pytest.raises(ValueError, match="不能是 string"):
        split_sql(replace(PERMIT, columns=(*PERMIT.columns, column("many", "多值", physical_type="VARCHAR[]"))))


def forced(split: Split, *names: str) -> dict[str, str | Step]:
    """The steps as texts, so that they run though nothing calls for them; of a whole chain, or the named ones."""
    steps = split.steps()
    chosen = {name: steps[name] for name in names or steps if name in steps}
    return {name: step.sql() if isinstance(step, Step) else step for name, step in chosen.items()}


def test_every_step_keeps_to_the_subset_in_a_total_order() -> None:
    """Of a contract with everything: identity, amounts, several parties, a clock."""
    contract = replace(
        IDENTIFIED.contract,
        split_parties=("uscc", "party_name"),
        columns=tuple(replace(c, unit="元") if c.name == "fine_wan" else c for c in PERMIT.columns),
    )
    for name, sql in forced(split_sql(contract)).items():
        assert lint(str(sql), name=name, unique_key=KEYS.get(name, ("row_id",))) == []
    assert lint(str(amount_texts(contract)), name="texts", unique_key=("cell_text", "default_unit")) == []


def test_every_source_contract_can_be_split(engine: DuckDBEngine) -> None:
    """DuckDB binds every rule and every type of every contract."""
    for contract in source_contracts():
        made_of = split_sql(contract)
        needed = {"delivered": delivered([], contract=contract), **{name: LOOKUPS[name] for name in made_of.inputs}}
        versions = {"versions": VERSIONS.empty_table()}
        made = engine.select_chain(forced(made_of, "identified", "judged", "accepted"), needed | versions)
        assert {pq.read_metadata(path).num_rows for path in made.values()} == {0}
