"""The freeze in SQL and streams against the pure writer and reader: the same bytes, the same verdicts."""

from __future__ import annotations

import csv
import io
import json
import random
import re
import stat
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from resources import freezing
from resources.engines.duckdb_engine import DuckDBEngine, Input
from resources.freezing import FrozenError, check_folder, freeze
from supervision.canonical import CanonicalError, csv_bytes, json_bytes
from supervision.draw.committed import EIGHT, manifest_bytes, parse_committed
from supervision.draw.round_policy import CommittedError
from supervision.draw.rows import CONFLICTS, FRAME, POPULATION, ROSTER, STRATA, TRIGGERS
from supervision.merkle import frame_leaf, root
from supervision.uid import is_uid
from tests.unit.draw_city import City, Subject, level, task, uid
from tests.unit.test_draw_committed import CSV_EDITS, FILES, POLICY, POLICY_EDITS, with_entry
from tests.unit.test_draw_properties import mixed_city
from tests.unit.test_draw_sql import random_city

HEADERS = {"population": (POPULATION, 1), "frame": (FRAME, 2), "strata": (STRATA, 3), "triggers": (TRIGGERS, 1),
           "roster": (ROSTER, 1), "conflicts": (CONFLICTS, 2)}  # fmt: skip
SALT = b"s" * 32
Rows = dict[str, list[list[str]]]


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[DuckDBEngine]:
    with DuckDBEngine(temp_directory=tmp_path / "spill") as opened:
        yield opened


def rows_of(files: Mapping[str, bytes]) -> Rows:
    return {name: list(csv.reader(io.StringIO(files[f"{name}.csv"].decode())))[1:] for name in HEADERS}


def tables(rows: Rows, shuffle: int = 0) -> dict[str, pa.Table]:
    """Columns and rows in any order; whole numbers as integers where all of a column are."""
    found = {}
    for name, (header, _) in HEADERS.items():
        own = list(rows[name])
        random.Random(shuffle).shuffle(own)
        columns: dict[str, pa.Array] = {}
        for place in reversed(range(len(header))):
            values = [row[place] for row in own]
            whole = header[place] in ("base", "eligible", "drawn_ytd", "served_e4", "days", "load_cap") and all(
                re.fullmatch("-?[0-9]+", value) for value in values
            )
            columns[header[place]] = pa.array(map(int, values), pa.int64()) if whole else pa.array(values, pa.string())
        found[name] = pa.table(columns)
    return found


def plain(rows: Rows) -> dict[str, bytes]:
    """The files that a writer without any check of its own would make of the rows."""

    def cell(text: str) -> str:
        return str(int(text)) if re.fullmatch("-?[0-9]{1,3}", text) else text

    return {
        f"{name}.csv": csv_bytes(
            header, sorted((list(map(cell, row)) for row in rows[name]), key=lambda row: row[:keys])
        )
        for name, (header, keys) in HEADERS.items()
    }


def verdict(files: Mapping[str, bytes]) -> bool:
    try:
        parse_committed(files)
    except (CommittedError, CanonicalError):
        return False
    return True


def freezes(
    engine: DuckDBEngine, rows: Rows, policy: Mapping[str, object], context: Mapping[str, object], target: Path
) -> str | None:
    """The sentence of the refusal, None if it was frozen."""
    try:
        freeze(engine, tables(rows), policy, context, SALT, target)
    except FrozenError as error:
        assert not target.exists()
        return str(error)
    return None


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_the_bytes_are_those_of_the_pure_writer(engine: DuckDBEngine, tmp_path: Path) -> None:
    for seed in range(6):
        files = (mixed_city(seed) if seed % 2 else random_city(seed)).files()
        policy, context = json.loads(files["policy.json"]), json.loads(files["context.json"])
        target = tmp_path / str(seed)
        frozen = freeze(engine, tables(rows_of(files), seed + 1), policy, context, SALT, target)
        committed = parse_committed(files)
        tree = root(frame_leaf(SALT, row.task, row.uid) for row in committed.frame).hex()
        found = contents(target)
        assert json.loads(found["context.json"]).items() >= {"frame_merkle_root": tree, **context}.items()
        assert {name: found[name] for name in EIGHT} == {**files, "context.json": found["context.json"]}
        assert found.keys() == {*EIGHT, "manifest.txt"}
        assert found["manifest.txt"] == manifest_bytes(found)
        assert parse_committed(found).manifest_sha256 == frozen.manifest_sha256
        assert (frozen.merkle_root, frozen.frame_rows) == (tree, len(committed.frame))
        assert {stat.S_IMODE(path.stat().st_mode) for path in target.iterdir()} == {0o600}
        assert stat.S_IMODE(target.stat().st_mode) == 0o700
        check_folder(target, frozen.manifest_sha256)


def test_many_batches_are_one_file(engine: DuckDBEngine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stream = engine.stream
    batches: list[int] = []

    @contextmanager
    def small(sql: str, inputs: Mapping[str, Input]) -> Iterator[Iterator[pa.RecordBatch]]:
        with stream(sql, inputs, None, 7) as reader:
            yield (batches.append(batch.num_rows) or batch for batch in reader)

    files = mixed_city(3).files()
    policy, context = json.loads(files["policy.json"]), json.loads(files["context.json"])
    rows = rows_of(files)
    whole = freeze(engine, tables(rows), policy, context, SALT, tmp_path / "whole")
    monkeypatch.setattr(engine, "stream", small)
    assert freeze(engine, tables(rows), policy, context, SALT, tmp_path / "parts") == whole
    assert contents(tmp_path / "parts") == contents(tmp_path / "whole")
    assert len(batches) > 50
    assert max(batches) == 7
    for place in (7, 8, 13):  # inside a batch, and over its border
        doubled = rows | {"population": [*rows["population"], sorted(rows["population"])[place - 1]]}
        with pytest.raises(FrozenError, match=rf"population\.csv 第 {place + 2} 行与上一行的键重复"):
            freeze(engine, tables(doubled), policy, context, SALT, tmp_path / "twin")


def test_parquet_is_taken_as_a_table_is(engine: DuckDBEngine, tmp_path: Path) -> None:
    files = mixed_city(4).files()
    policy, context = json.loads(files["policy.json"]), json.loads(files["context.json"])
    paths: dict[str, Path | pa.Table] = {}
    for name, table in tables(rows_of(files)).items():
        paths[name] = tmp_path / f"{name}.parquet"
        pq.write_table(table.append_column("more", pa.array(["x"] * table.num_rows)), paths[name])
    frozen = freeze(engine, paths, policy, context, SALT, tmp_path / "a")
    assert frozen == freeze(engine, tables(rows_of(files)), policy, context, SALT, tmp_path / "b")


@pytest.mark.parametrize(("name", "edit"), [(name, edit) for name, edit, _, _ in CSV_EDITS])
def test_a_broken_table_has_the_verdict_of_the_reader(
    engine: DuckDBEngine, tmp_path: Path, name: str, edit: Callable[[bytes], bytes]
) -> None:
    rows = rows_of(FILES | {name: edit(FILES[name])})
    header, _ = HEADERS[name.removesuffix(".csv")]
    if any(len(row) != len(header) for row in rows[name.removesuffix(".csv")]):
        return  # a comma too many is no table; a cell that holds one stands below
    right = verdict(FILES | plain(rows))
    sentence = freezes(engine, rows, POLICY, json.loads(FILES["context.json"]), tmp_path / "x")
    assert (sentence is None) == right
    if sentence is not None:
        assert re.match(r"(文件|要写出的) ?(population|frame|strata|triggers|roster|conflicts)\.csv ", sentence)
        assert sentence.count("。") == 1
        assert not re.search(r"91140|observation_period|,[A-U],", sentence)


WORDS = ["a,b", 'a"b', "a\nb", "a\tb", "", "中", "a b"]
CELLS = [(name, column) for name, (header, _) in HEADERS.items() for column in range(len(header))]
SPELLINGS = [(*cell, WORDS[(i + more) % len(WORDS)]) for i, cell in enumerate(CELLS) for more in (0, 3)]


@pytest.mark.parametrize(("name", "column", "word"), SPELLINGS)
def test_a_cell_of_another_spelling_has_the_verdict_of_the_reader(
    engine: DuckDBEngine, tmp_path: Path, name: str, column: int, word: str
) -> None:
    rows = SMALL_ROWS | {name: [list(row) for row in SMALL_ROWS[name]]}
    rows[name][-1][column] = word
    try:
        right = verdict(SMALL | plain(rows))
    except CanonicalError:
        right = False
    sentence = freezes(engine, rows, SMALL_POLICY, json.loads(FILES["context.json"]), tmp_path / "x")
    assert (sentence is None) == right, sentence


SMALL = mixed_city(5, subjects=25).files()
SMALL |= {"conflicts.csv": b"inspector_id,uid\nI0," + uid(1).encode() + b"\n"}
SMALL_ROWS = rows_of(SMALL)
SMALL_POLICY = json.loads(SMALL["policy.json"])


ALONE = City(  # two tasks by field; the last subject is in neither
    {"S": task({"A": level(300)}), "T": task({"A": level(300)})},
    [
        Subject(1, "X", {"S": ("A", ""), "T": ("A", "")}),
        Subject(2, "X", {"S": ("A", "observation_period")}),
        Subject(3, "Y", {"T": ("A", "observation_period")}),
        Subject(4, "Y", {}),
    ],
).files()
ONE_FAULT = [  # file, edit, words: nothing else may tell of the fault
    ("frame", lambda own: own.remove(["S", uid(2), "X", "A", "exempt", "observation_period"]), "缺少任务 S 范围内的 1 户"),
    ("frame", lambda own: own.append(["T", uid(2), "X", "A", "exempt", "observation_period"]), "1 行的对象不在 population"),
    ("frame", lambda own: own.append(["S", uid(9), "X", "A", "exempt", "observation_period"]), "1 行的对象不在 population"),
    ("frame", lambda own: own[-1].__setitem__(2, "X"), r"1 行的 county 与 population\.csv 不一致"),
    ("frame", lambda own: own.append(own[-1]), r"frame\.csv 第 \d 行与上一行的键重复"),
    ("population", lambda own: own[-1].__setitem__(0, uid(4)[:-1] + "0"), "1 行的 uid 不是校验有效"),
    ("population", lambda own: own[-1].__setitem__(0, "R:140800000000001"), "1 行的 uid 不是校验有效"),
    ("population", lambda own: own.append(own[-1]), r"population\.csv 第 6 行与上一行的键重复"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "edit", "words"), ONE_FAULT)
def test_a_single_fault_is_told(
    engine: DuckDBEngine, tmp_path: Path, name: str, edit: Callable[[list[list[str]]], None], words: str
) -> None:
    rows = rows_of(ALONE)
    policy, context = json.loads(ALONE["policy.json"]), json.loads(ALONE["context.json"])
    assert freezes(engine, rows, policy, context, tmp_path / "right") is None
    edit(rows[name])
    sentence = freezes(engine, rows, policy, context, tmp_path / "wrong")
    assert sentence is not None
    assert re.search(words, sentence)


def test_an_old_registration_number_is_a_uid(engine: DuckDBEngine, tmp_path: Path) -> None:
    rows = rows_of(ALONE)
    number = next(f"R:14080000000{i:04d}" for i in range(9999) if is_uid(f"R:14080000000{i:04d}"))
    rows["population"][-1][0] = number
    policy, context = json.loads(ALONE["policy.json"]), json.loads(ALONE["context.json"])
    assert freezes(engine, rows, policy, context, tmp_path / "x") is None
    assert number.encode() in (tmp_path / "x" / "population.csv").read_bytes()


def test_random_changes_have_the_verdict_of_the_reader(engine: DuckDBEngine, tmp_path: Path) -> None:
    rng = random.Random(8)
    seen: dict[bool, int] = {True: 0, False: 0}
    for number in range(32):
        rows = {name: [list(row) for row in own] for name, own in SMALL_ROWS.items()}
        for _ in range(rng.choice([1, 1, 2])):
            own = rows[rng.choice(["population", "frame", "frame", "strata", "triggers", "roster", "conflicts"])]
            if not own:
                continue
            change, row = rng.randrange(4), rng.randrange(len(own))
            if change == 0:
                own.pop(row)
            elif change == 1:
                own.append(list(own[row]))
            else:
                column = rng.randrange(len(own[row]))
                own[row][column] = rng.choice(own)[column]
        right = verdict(SMALL | plain(rows))
        sentence = freezes(engine, rows, SMALL_POLICY, json.loads(SMALL["context.json"]), tmp_path / str(number))
        assert (sentence is None) == right, sentence
        seen[right] += 1
    assert min(seen.values()) > 5


@pytest.mark.parametrize(("path", "value"), [(path, value) for path, value, _ in POLICY_EDITS])
def test_a_broken_policy_is_not_frozen(
    engine: DuckDBEngine, tmp_path: Path, path: tuple[str, ...], value: object
) -> None:
    policy = json.loads(with_entry(POLICY, path, value))
    assert freezes(engine, rows_of(FILES), policy, json.loads(FILES["context.json"]), tmp_path / "x")


def test_a_context_that_lacks_a_digest_is_not_frozen(engine: DuckDBEngine, tmp_path: Path) -> None:
    context = json.loads(FILES["context.json"])
    del context["register_sha256"]
    sentence = freezes(engine, rows_of(FILES), POLICY, context, tmp_path / "x")
    assert sentence is not None and "register_sha256" in sentence
    assert not list(tmp_path.glob(".x*"))


@pytest.mark.parametrize(("name", "column"), [(name, column) for name, (h, _) in HEADERS.items() for column in h])
def test_an_empty_cell_is_not_taken_for_an_empty_text(
    engine: DuckDBEngine, tmp_path: Path, name: str, column: str
) -> None:
    given = tables(SMALL_ROWS)
    values = given[name].column(column).to_pylist()
    place = given[name].schema.get_field_index(column)
    given[name] = given[name].set_column(
        place, column, pa.array([None, *values[1:]], given[name].schema.field(place).type)
    )
    if column in ("fields", "reason"):
        return  # an empty list, and no reason, as Parquet may hold them
    with pytest.raises(FrozenError, match=rf"{name}\.csv|population\.csv"):
        freeze(engine, given, SMALL_POLICY, json.loads(SMALL["context.json"]), SALT, tmp_path / "x")


def test_a_freeze_replaces_an_earlier_one_and_a_failed_one_leaves_it(
    engine: DuckDBEngine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    context = json.loads(SMALL["context.json"])
    target = tmp_path / "round"
    first = freeze(engine, tables(SMALL_ROWS), SMALL_POLICY, context, SALT, target)
    second = freeze(engine, tables(SMALL_ROWS), SMALL_POLICY, context, b"t" * 32, target)
    assert first.manifest_sha256 != second.manifest_sha256
    check_folder(target, second.manifest_sha256)
    monkeypatch.setattr(freezing, "_small_files", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        freeze(engine, tables(SMALL_ROWS), SMALL_POLICY, context, SALT, target)
    check_folder(target, second.manifest_sha256)
    assert [path.name for path in tmp_path.iterdir() if path.name != "spill"] == ["round"]


@pytest.mark.parametrize("name", [*EIGHT, "manifest.txt"])
def test_a_change_after_the_freeze_is_named(engine: DuckDBEngine, tmp_path: Path, name: str) -> None:
    target = tmp_path / "round"
    frozen = freeze(engine, tables(SMALL_ROWS), SMALL_POLICY, json.loads(SMALL["context.json"]), SALT, target)
    data = (target / name).read_bytes()
    (target / name).write_bytes(data[:-2] + bytes([data[-2] ^ 1]) + data[-1:])
    with pytest.raises(FrozenError, match=f"文件 {re.escape(name)} "):
        check_folder(target, frozen.manifest_sha256)
    (target / name).unlink()
    with pytest.raises(FrozenError, match=f"缺少(文件)? {re.escape(name)}"):
        check_folder(target, frozen.manifest_sha256)


def test_json_of_the_small_city_is_canonical() -> None:
    assert json_bytes(SMALL_POLICY) == SMALL["policy.json"]
