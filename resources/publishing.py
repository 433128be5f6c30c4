"""Publishing the warehouse: one fresh DuckDB file per version, a pointer to the newest (DESIGN §3).

For: writing `warehouse-<month>-<digest>.duckdb` whole and moving `current-<month>`. Not for: working in it.
A name is never reused, so that a reader who has an older file open keeps it; DuckDB's lock is two-way between processes.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path

import duckdb

from resources.lake import write_atomically, write_bytes
from supervision.canonical import json_bytes


def publish(
    folder: Path, month: str, tables: Mapping[str, Path], digests: Mapping[str, str], titles: Mapping[str, str]
) -> dict[str, int]:
    """Publish the Parquet tables under their names (with Chinese comments); returns the rows of each."""
    digest = hashlib.sha256(json_bytes(dict(digests))).hexdigest()[:16]
    target = folder / f"warehouse-{month}-{digest}.duckdb"
    if not target.exists():
        write_atomically(target, lambda path: _write(path, tables, titles))
    write_bytes(folder / f"current-{month}.txt", f"{target.name}\n".encode())
    with duckdb.connect(str(target), read_only=True) as connection:
        return {name: _count(connection, name) for name in tables}


def _write(path: Path, tables: Mapping[str, Path], titles: Mapping[str, str]) -> None:
    with duckdb.connect(str(path)) as connection:
        # Paths first, then nothing else, then for good: the other order refuses what is allowed (as duckdb_engine).
        connection.execute("SET allowed_paths = $value", {"value": [str(tables[name]) for name in sorted(tables)]})
        connection.execute("SET enable_external_access = false")
        connection.execute("SET lock_configuration = true")
        for name in sorted(tables):
            connection.read_parquet(str(tables[name])).create(name)
            connection.execute(_comment(name, titles[name]))


def _comment(name: str, title: str) -> str:
    """COMMENT takes no parameters; the syntax tree quotes the words."""
    from sqlglot import exp

    statement = exp.Comment(this=exp.to_table(name), kind="TABLE", expression=exp.Literal.string(title))
    return statement.sql(dialect="duckdb")


def _count(connection: duckdb.DuckDBPyConnection, name: str) -> int:
    [row] = connection.table(name).aggregate("count(*)").fetchall()
    return int(row[0])
