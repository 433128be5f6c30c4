"""A data folder as version 0.1.0 left it (tests/fixtures): readable, unharmed, and of no machine in particular.

Here: what every later version must still find in it. Not here: how it was made (tests/fixtures/README.md).
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import re
import shutil
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from resources.ledger import Ledger, LedgerError

ARCHIVE = Path(__file__).resolve().parents[1] / "fixtures" / "home-0.1.0.tar.gz"
PROGRAM = Path(sys.executable).with_name("ssj")
MONTH = "2026-10"
LEDGERS = ("deliveries", "rounds")
# Written so that this file does not match itself.
MACHINE = re.compile(rb"/(?:wor[k]|roo[t]|tm[p]|hom[e]/[a-z][a-z0-9_-]*)/[A-Za-z0-9_.]")


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The archive unpacked."""
    assert ARCHIVE.is_file(), f"{ARCHIVE.name} 不在 tests/fixtures/ 中，做法见 tests/fixtures/README.md"
    folder = tmp_path_factory.mktemp("fixture") / "data"
    with tarfile.open(ARCHIVE) as archive:
        archive.extractall(folder, filter="data")
    return folder


def _ssj(*arguments: object) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if name != "SSJ_HOME"}
    words = [str(PROGRAM), *map(str, arguments)]
    return subprocess.run(words, env=environment, capture_output=True, text=True, timeout=60, check=False)


def test_status_tells_a_finished_demonstration(home: Path) -> None:
    done = _ssj("status", "--home", home)
    assert (done.returncode, done.stderr) == (0, "")
    line, drawn = done.stdout.splitlines()
    assert line.startswith(MONTH) and "演示" in line
    assert line.endswith("归集 → 验收 → 比对等级 → 名录 → 承诺 → 抽取 → 表册 → 发布")
    assert drawn.strip() == f"批次 YC-{MONTH}：承诺第 1 号、已封装"


def test_both_ledgers_hold(home: Path, tmp_path: Path) -> None:
    assert sorted(path.stem for path in (home / "ledger").iterdir()) == sorted(LEDGERS)
    for name in LEDGERS:
        entries = list(Ledger(home / "ledger", name).entries())
        assert entries, name
        text = (home / "ledger" / f"{name}.jsonl").read_text("utf-8")
        (tmp_path / f"{name}.jsonl").write_text(text.replace('"number":1,', '"number":2,', 1), "utf-8")
        with pytest.raises(LedgerError, match="第 1 行"):
            list(Ledger(tmp_path, name).entries())
    deliveries = {entry["body"]["delivery_id"] for entry in Ledger(home / "ledger", "deliveries").entries()}
    assert deliveries == {path.name for path in (home / "inbox").iterdir()}


def test_its_draw_is_drawn_again(home: Path, tmp_path: Path) -> None:
    [bundle] = (home / "bundles").iterdir()
    done = _ssj("redraw", bundle, "--out", tmp_path / "again")
    assert (done.returncode, done.stderr) == (0, "")
    for name in ("allocation.csv", "cuts.csv", "drawn.csv"):
        assert (tmp_path / "again" / name).read_bytes() == (bundle / name).read_bytes(), name
    assert len((bundle / "drawn.csv").read_bytes().splitlines()) > 10


def test_every_file_that_the_evidence_names_has_its_digest(home: Path) -> None:
    named = json.loads((home / "evidence" / MONTH / "manifest.json").read_text("utf-8"))
    assert {name: hashlib.sha256((home / name).read_bytes()).hexdigest() for name in named} == named
    tables = [name for name in named if name.endswith(".parquet")]
    assert len(tables) > 50
    assert sum(pq.read_metadata(home / name).num_rows for name in tables) > 5_000


def _texts(path: str, data: bytes) -> Iterator[tuple[str, bytes]]:
    """The bytes of a file, and what lies compressed in it."""
    yield path, data
    if path.endswith(".parquet"):
        table = pq.read_table(io.BytesIO(data))
        yield (
            f"{path} (cells)",
            "\n".join(str(value) for column in table.columns for value in column.to_pylist()).encode(),
        )
    if zipfile.is_zipfile(io.BytesIO(data)):
        with zipfile.ZipFile(io.BytesIO(data)) as book:
            for name in book.namelist():
                yield f"{path} ({name})", book.read(name)


def _places(root: Path) -> list[str]:
    """Files below root that name a place on somebody's machine."""
    files = [path for path in sorted(root.rglob("*")) if path.is_file()]
    every = (text for path in files for text in _texts(path.relative_to(root).as_posix(), path.read_bytes()))
    return [name for name, data in every if MACHINE.search(data)]


def test_it_is_small_and_names_no_machine(home: Path, tmp_path: Path) -> None:
    assert ARCHIVE.stat().st_size <= 2_000_000
    with tarfile.open(ARCHIVE) as archive:
        members = archive.getmembers()
    assert [member.name for member in members if not (member.isfile() or member.isdir())] == []
    assert {(member.uid, member.gid, member.uname, member.gname) for member in members} <= {
        (0, 0, "", ""),
        (0, 0, "root", "root"),
    }
    assert _places(home) == []
    [workbook, *_] = sorted((home / "outbox").rglob("*.xlsx"))
    with zipfile.ZipFile(tmp_path / "told.xlsx", "w", zipfile.ZIP_DEFLATED) as book:
        book.writestr("docProps/app.xml", "/".join(["", "wor" + "k", "main"]))
    shutil.copy(workbook, tmp_path / "clean.xlsx")
    assert _places(tmp_path) == ["told.xlsx (docProps/app.xml)"]
