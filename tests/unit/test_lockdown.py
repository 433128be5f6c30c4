"""The DuckDB connections that we really use reach their inputs and targets and nothing else, and cannot be opened again."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from resources import publishing
from resources.engines.duckdb_engine import DuckDBEngine
from resources.engines.gx_dialect import BufferedDialect

Connect = Callable[[], duckdb.DuckDBPyConnection]
ATTACKS = [
    "copy n to 'PLACE/stolen.csv'",
    "copy (select 1) to 'PLACE/stolen.parquet'",
    "copy n from 'PLACE/other.csv'",
    "attach 'PLACE/other.duckdb' as other",
    "export database 'PLACE/all'",
    "select * from read_csv('PLACE/other.csv')",
    "select * from read_parquet('PLACE/other.parquet')",
    "select * from read_text('PLACE/other.csv')",
    "select * from glob('PLACE/*')",
    "select * from 'PLACE/other.parquet'",
    "install httpfs",
    "load httpfs",
    "load 'PLACE/evil.duckdb_extension'",
    "set enable_external_access = true",
    "set allowed_directories = ['PLACE']",
    "set allowed_paths = ['PLACE/other.csv']",
    "set lock_configuration = false",
    "reset lock_configuration",
    "set memory_limit = '1TB'",
    "pragma enable_external_access",
    "select * from secret_frame",
    "create secret s (type http, bearer_token 'x')",
]


@pytest.fixture
def place(tmp_path: Path) -> Path:
    (tmp_path / "out").mkdir()
    table = pa.table({"a": [1, 2]})
    pq.write_table(table, tmp_path / "n.parquet")
    pq.write_table(table, tmp_path / "out" / "other.parquet")
    (tmp_path / "out" / "other.csv").write_text("a\n1\n", "utf-8")
    duckdb.connect(str(tmp_path / "out" / "other.duckdb")).close()
    return tmp_path / "out"


@pytest.fixture(params=["engine", "great expectations", "warehouse"])
def connection(
    request: pytest.FixtureRequest, place: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[duckdb.DuckDBPyConnection]:
    """The connection as the program opens it, caught on its way."""
    numbers = place.parent / "n.parquet"
    if request.param == "engine":
        with DuckDBEngine(temp_directory=place.parent / "spill") as engine, engine._open({"n": numbers}) as opened:
            yield opened
    elif request.param == "great expectations":
        wrapped = BufferedDialect().connect(tables={"n": str(numbers)})
        yield wrapped._connection
        wrapped._connection.close()
    else:
        held: list[duckdb.DuckDBPyConnection] = []
        comment = publishing._comment

        class Caught(Exception):
            """Stops the publishing while its connection is open."""

        def catch(name: str, title: str) -> str:
            return comment(name, title)

        connect = duckdb.connect

        def keep(*args: object, **kwargs: object) -> duckdb.DuckDBPyConnection:
            held.append(connect(*args, **kwargs))  # type: ignore[arg-type]
            return held[-1].cursor()  # what the with-statement closes

        monkeypatch.setattr(publishing.duckdb, "connect", keep)
        publishing._write(place.parent / "w.duckdb", {"n": numbers}, {"n": "数"})
        monkeypatch.undo()
        yield held[0]
        held[0].close()


@pytest.mark.parametrize("sql", ATTACKS)
def test_nothing_outside_is_reached_and_nothing_is_unlocked(
    connection: duckdb.DuckDBPyConnection, place: Path, sql: str
) -> None:
    secret_frame = pa.table({"a": [1]})  # a variable of the caller is no table
    assert secret_frame.num_rows == 1
    before = {path.name: path.read_bytes() for path in place.iterdir()}
    with pytest.raises(duckdb.Error) as told:
        connection.execute(sql.replace("PLACE", str(place))).fetchall()
    assert isinstance(
        told.value,
        duckdb.PermissionException | duckdb.InvalidInputException | duckdb.CatalogException | duckdb.IOException,
    ), told.value
    assert {path.name: path.read_bytes() for path in place.iterdir()} == before


def test_what_it_is_for_still_works(connection: duckdb.DuckDBPyConnection) -> None:
    assert connection.execute("select sum(a) from n").fetchall() == [(3,)]
    [(external, locked)] = connection.execute(
        "select current_setting('enable_external_access'), current_setting('lock_configuration')"
    ).fetchall()
    assert (external, locked) == (False, True)
