"""Whether Great Expectations still needs our dialect, and that the dialect reaches nothing but its tables."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import duckdb
import pytest
import sqlalchemy

from resources.engines import gx_dialect


@pytest.fixture
def table(tmp_path: Path) -> Path:
    """Three rows, one of them empty."""
    path = tmp_path / "t.parquet"
    duckdb.sql("select * from (values (1), (2), (null)) t(a)").write_parquet(str(path))
    return path


JUDGE = """
import sys
import great_expectations as gx
from resources.engines import gx_dialect

gx_dialect.register()
url, options = (gx_dialect.URL, {"connect_args": {"tables": {"t": sys.argv[2]}}}) if sys.argv[1] == "ours" else (sys.argv[1], {})
source = gx.get_context(mode="ephemeral").data_sources.add_sql("s", connection_string=url, kwargs=options)
batch = source.add_table_asset("t", table_name="t").add_batch_definition_whole_table("all").get_batch()
result = batch.validate(gx.expectations.ExpectColumnValuesToNotBeNull(column="a"))
print("raised" if "list index out of range" in str(result.exception_info) else result.result["unexpected_count"])
"""


def judged(url: str, table: Path, checkout: Path) -> str:
    """GX's count of empty cells, in a process of its own: the plain dialect leaves noise behind when that ends."""
    command = [sys.executable, "-c", JUDGE, url, str(table)]
    done = subprocess.run(command, cwd=checkout, capture_output=True, text=True, check=True)
    return done.stdout.strip()


def test_with_our_dialect_the_count_is_right(table: Path, checkout: Path) -> None:
    assert judged("ours", table, checkout) == "1"


def test_our_dialect_is_still_needed(table: Path, checkout: Path) -> None:
    """When this fails, GX or duckdb_engine has mended itself: take resources/engines/gx_dialect.py out."""
    database = table.with_suffix(".duckdb")
    with duckdb.connect(str(database)) as connection:
        connection.read_parquet(str(table)).create("t")
    assert judged(f"duckdb:///{database}", table, checkout) == "raised"


def test_only_its_tables_can_be_reached(table: Path, tmp_path: Path) -> None:
    gx_dialect.register()
    other = tmp_path / "other.csv"
    other.write_text("a\n1\n", encoding="utf-8")
    engine = sqlalchemy.create_engine(gx_dialect.URL, connect_args={"tables": {"t": str(table)}})
    with engine.connect() as connection:
        assert connection.execute(sqlalchemy.text("select count(*) from t")).scalar() == 3
        with pytest.raises(sqlalchemy.exc.DBAPIError, match="disabled"):
            connection.execute(sqlalchemy.text("select * from read_csv(:path)"), {"path": str(other)})
    engine.dispose()


def test_a_result_outlives_its_connection(table: Path) -> None:
    gx_dialect.register()
    engine = sqlalchemy.create_engine(gx_dialect.URL, connect_args={"tables": {"t": str(table)}})
    connection = engine.raw_connection()
    cursor = connection.cursor()
    cursor.execute("select a from t order by a nulls last")
    connection.close()
    assert cursor.fetchone() == (1,)
    assert cursor.fetchmany() == [(2,)]
    assert cursor.fetchall() == [(None,)]
    assert cursor.fetchone() is None
    engine.dispose()
