"""Nothing of grades or persons reaches the public, a letter, a page, the event log or the terminal (R-37, R-38).

Here: a real small month scanned for the canaries that departments sent with it, for words of grades, for identity and mobile
numbers, for the names of inspectors. Not here: how much a clean list tells by itself (the leak meter).
"""

from __future__ import annotations

import csv
import io
import sqlite3
import subprocess
import sys
import zipfile
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

from sample_city.canaries import CANARIES
from supervision.personal_numbers import personal_numbers
from supervision.reports.leak import leak_words
from tests.e2e.conftest import Outcome

PUBLIC = {
    "plan_public.csv", "plan_public.html", "drawn_public.csv", "drawn_public.html", "results_public.csv",
    "county_totals_public.csv", "round_public.csv",
}  # fmt: skip
MARKS = tuple(mark for canary in CANARIES for mark in canary.marks)
FREE = ("企业名称", "统一社会信用代码")  # registered names and codes are not ours to word


def members(data: bytes) -> Iterator[bytes]:
    """The bytes themselves, and what archives (xlsx, docx, zip) in them hold, to any depth."""
    yield data
    if zipfile.is_zipfile(io.BytesIO(data)):  # some departments send broken ones
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            for name in archive.namelist():
                yield from members(archive.read(name))


def text_of(path: Path) -> str:
    """Everything readable in a file: UTF-8 and, where departments write so, GB18030; compressed columns decoded."""
    if path.suffix == ".parquet":
        import pyarrow.parquet as pq

        return "\n".join(str(row) for row in pq.read_table(path).to_pylist())
    parts = list(members(path.read_bytes()))
    return "\n".join(part.decode(code, "ignore") for part in parts for code in ("utf-8", "gb18030"))


def found(marks: Iterable[str], text: str) -> list[str]:
    return [mark for mark in marks if mark in text]


def outward(outcome: Outcome) -> list[Path]:
    """Every file that leaves the house or can be read by anyone who opens a page: public files, letters, HTML."""
    files = [path for path in outcome.outbox.rglob("*") if path.is_file()]
    return [p for p in files if "public" in p.name or p.suffix == ".html" or "letter" in p.as_posix()]


def event_log(home: Path) -> str:
    """Every text of every table of Dagster's storage, and the files of captured output."""
    said = []
    for path in sorted((home / "dagster").rglob("*")):
        if path.suffix == ".db":
            with sqlite3.connect(path) as base:
                tables = [name for (name,) in base.execute("select name from sqlite_master where type = 'table'")]
                for table in tables:
                    said += [str(row) for row in base.execute(f'select * from "{table}"')]  # names of its own schema
        elif path.is_file():
            said.append(text_of(path))
    return "\n".join(said)


@pytest.fixture(scope="module")
def delivered(finished: Outcome) -> str:
    return "\n".join(text_of(path) for path in sorted((finished.home / "inbox").rglob("*")) if path.is_file())


def test_the_canaries_are_in_the_deliveries(delivered: str) -> None:
    written = [canary for canary in CANARIES if canary.written]
    assert len(written) > 5 and len(CANARIES) > len(written) + 3
    for canary in written:
        assert found(canary.marks, delivered) == list(canary.marks), (canary.source, canary.column)
        assert leak_words(canary.sentence) and len(personal_numbers(canary.sentence)) == 2
    for canary in CANARIES:
        assert found(canary.marks, delivered), (canary.source, canary.column)


def test_no_number_of_a_person_is_in_the_lake_or_the_warehouse(finished: Outcome, tmp_path: Path) -> None:
    import duckdb

    numbers = [number for canary in CANARIES for number in (canary.identity, canary.mobile)]
    tables = list((finished.home / "lake").rglob("*.parquet"))
    assert len(tables) > 100
    masks = 0
    for path in tables:
        text = text_of(path)
        masks += text.count("『证件号已隐去』")
        assert found(numbers, text) == [], path.name
    assert masks > 10  # the rows are there, the numbers are not
    [warehouse] = (finished.home / "warehouse").glob("*.duckdb")
    with duckdb.connect(str(warehouse), read_only=True) as base:
        for (name,) in base.execute("show tables").fetchall():
            assert found(numbers, str(base.table(name).fetchall())) == [], name
    counted = [row for row in finished.table("received_file") if row["masked_identities"]]
    assert {row["source"] for row in counted} == {canary.source for canary in CANARIES if canary.written}
    assert "隐去证件号" in "\n".join(finished.said)


def test_columns_that_nobody_reads_are_not_in_the_lake(finished: Outcome) -> None:
    unread = [mark for canary in CANARIES if not canary.written for mark in canary.marks]
    rooms = [
        p for room in ("lake", "warehouse", "bundles", "outbox", "evidence") for p in (finished.home / room).rglob("*")
    ]
    for path in rooms:
        if path.is_file() and path.suffix in (".parquet", ".csv", ".json", ".html", ".xlsx", ".docx", ".txt"):
            assert found(unread, text_of(path)) == [], path.name


def test_no_canary_reaches_a_public_file_a_letter_or_a_page(finished: Outcome) -> None:
    names = {path.name for path in outward(finished)}
    assert names >= PUBLIC
    for path in outward(finished):
        assert found(MARKS, text_of(path)) == [], path.name


def test_no_canary_reaches_the_event_log_or_the_terminal(finished: Outcome) -> None:
    log = event_log(finished.home)
    assert "drawn_public" in log and len(log) > 100_000  # it was read
    assert found(MARKS, log) == []
    assert found(MARKS, "\n".join([*finished.said, finished.errors])) == []


def test_no_number_of_a_person_is_in_anything_a_run_leaves(finished: Outcome) -> None:
    numbers = [number for canary in CANARIES for number in (canary.identity, canary.mobile)]
    read = 0
    for path in sorted(finished.home.rglob("*")):
        room = path.relative_to(finished.home).parts[0]
        if path.is_file() and not path.is_symlink() and room not in ("inbox", "confidential"):
            read += 1
            assert found(numbers, text_of(path)) == [], path.relative_to(finished.home)
    assert read > 300
    rooms = {path.name for path in finished.home.iterdir() if any(path.rglob("*"))}
    assert rooms >= {"lake", "ledger", "warehouse", "bundles", "outbox", "dagster"}


def test_whatever_a_run_writes_is_its_owners_alone(finished: Outcome) -> None:
    """The umask of whoever started the run does not matter: pytest has the machine's own."""
    loose = []
    for path in [finished.home, *finished.home.rglob("*")]:
        parts = path.relative_to(finished.home).parts
        copied = parts[:1] in (("inbox",), ("confidential",))  # laid there by the test
        if not path.is_symlink() and not copied and path.stat().st_mode & 0o077:
            loose.append(f"{path.relative_to(finished.home)} {path.stat().st_mode & 0o777:o}")
    assert loose == []


def test_what_a_command_generates_is_its_owners_alone(tmp_path: Path) -> None:
    words = ["generate", "--month", "2026-10", "--enterprises", "100", "--out", str(tmp_path / "home" / "inbox")]
    start = "import os, sys; os.umask(0); from pipelines.cli import main; sys.argv = ['ssj', *sys.argv[1:]]; main()"
    subprocess.run([sys.executable, "-c", start, *words], check=True, capture_output=True)
    made = [tmp_path / "home", *(tmp_path / "home").rglob("*")]
    assert len(made) > 20
    assert [str(path) for path in made if path.stat().st_mode & 0o077] == []


def test_public_files_hold_no_word_of_grades_and_no_number_of_a_person(finished: Outcome) -> None:
    for name in sorted(PUBLIC):
        text = (finished.outbox / name).read_text("utf-8-sig")
        if name.endswith(".csv"):
            rows = list(csv.DictReader(io.StringIO(text)))
            assert rows or name == "results_public.csv", name
            cells = [value for row in rows for title, value in row.items() if title not in FREE]
            words = [*(rows[0] if rows else ()), *cells]
        else:
            firms = {row["ent_name"] for row in finished.table("drawn_public")}
            words = [part for part in text.split("<") if part.partition(">")[2] not in firms]
        for text in words:
            assert (leak_words(text), personal_numbers(text)) == ([], []), name


def test_letters_hold_no_word_of_grades_and_no_number_of_a_person(finished: Outcome) -> None:
    import docx

    firms = {row["party_name"] for row in finished.table("enterprise_month") if row["party_name"]}
    letters = [path for path in outward(finished) if path.suffix == ".docx"]
    assert letters
    for path in letters:
        document = docx.Document(str(path))
        texts = [p.text for p in document.paragraphs]
        texts += [cell.text for table in document.tables for row in table.rows for cell in row.cells]
        for text in texts:
            for firm in firms if leak_words(text) else ():
                text = text.replace(firm, "")
            assert (leak_words(text), personal_numbers(text)) == ([], []), path.name


def test_the_names_of_inspectors_are_in_no_outward_file_log_or_lake(finished: Outcome) -> None:
    with (finished.home / "confidential" / "personnel.csv").open(encoding="utf-8-sig", newline="") as file:
        names = {row["姓名"] for row in csv.DictReader(file)}
    assert len(names) > 20 and all(names)
    books = "".join(text_of(path) for path in sorted((finished.outbox / "counties").glob("*.xlsx")))
    assert len(found(names, books)) > 20  # they are used, and the scan finds them where they are
    log = event_log(finished.home)
    assert found(names, log) == []
    assert found(names, "\n".join([*finished.said, finished.errors])) == []
    firms = {row["party_name"] or "" for row in finished.table("enterprise_month")}
    seen = [name for name in names if not any(name in firm for firm in firms)]  # a firm may be called like a person
    for path in [*outward(finished), *(finished.home / "lake").rglob("*.parquet")]:
        assert found(seen, text_of(path)) == [], path.name


def test_the_scan_finds_a_leak(tmp_path: Path) -> None:
    canary = CANARIES[0]
    with zipfile.ZipFile(tmp_path / "letter.docx", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("word/document.xml", f"<w:t>{canary.name}</w:t>")
    assert found(MARKS, text_of(tmp_path / "letter.docx")) == [canary.name]
    assert personal_numbers(f"联系{canary.identity}，{canary.mobile}") == [canary.identity, canary.mobile]
