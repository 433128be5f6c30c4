"""The freeze: eight canonical files and their manifest from the month's tables, at any size (DRAW §2, §3.1, §3.5).

For: checking the tables against each other in SQL, writing the files as a stream with their digests and the frame's tree,
a folder that appears whole, and telling later which file has changed. Not for: what the tables hold (assets), the small
tables' own rules (supervision.draw.tables), commitment and ledger (resources.rounds).
A message names file and place, never a subject or a grade.
"""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pacsv
import pyarrow.parquet as pq

from resources.engines.duckdb_engine import DuckDBEngine, sql_text
from resources.lake import sha256_file
from supervision.canonical import CanonicalError
from supervision.draw import writing
from supervision.draw.committed import EIGHT, check_capacity, check_kind, check_place, in_scope
from supervision.draw.round_policy import CommittedError, RoundPolicy, parse_policy_json
from supervision.draw.rows import (
    CONFLICTS,
    FRAME,
    POPULATION,
    ROSTER,
    STRATA,
    TRIGGERS,
    ConflictRow,
    InspectorRow,
    Stratum,
    StratumRow,
    TriggerRow,
)
from supervision.draw.tables import (
    StratumCount,
    parse_conflicts,
    parse_context,
    parse_roster,
    parse_strata,
    parse_triggers,
)
from supervision.merkle import Tree, frame_leaf_hashes
from supervision.uid import is_uid

MANIFEST = "manifest.txt"
Table: TypeAlias = "Path | pa.Table"
_PLAIN = pacsv.WriteOptions(include_header=False, quoting_style="none")  # refuses what would need quotes


class FrozenError(ValueError):
    """The tables cannot be frozen, or a frozen folder has changed; one Chinese sentence with file and place."""


@dataclass(frozen=True, slots=True)
class Frozen:
    """What a frozen folder holds: digest of manifest.txt, head of the frame's tree (hex), rows of frame.csv."""

    manifest_sha256: str
    merkle_root: str
    frame_rows: int


def freeze(
    engine: DuckDBEngine,
    tables: Mapping[str, Table],
    policy: Mapping[str, object],
    context: Mapping[str, object],
    salt_key: bytes,
    target: Path,
) -> Frozen:
    """Write the eight files and manifest.txt into the folder `target`, which appears whole or not at all.

    tables: population (uid, county, type, fields), frame (task, uid, county, stratum, state, reason), strata (columns of
    strata.csv), triggers (trigger_id, uid, county), roster (inspector_id, county, specialties as sorted codes joined by
    `;`, days, load_cap, valid_until as text), conflicts (inspector_id, uid); rows and columns in any order.
    context gets frame_merkle_root and salt_key_sha256. Memory does not grow with the frame.
    Raises FrozenError, naming file and place, for whatever `supervision.draw.committed.parse_committed` would refuse.
    DRAW §2.
    """
    fresh = target.with_name(f".{target.name}.{os.getpid()}.tmp")
    shutil.rmtree(fresh, ignore_errors=True)
    fresh.mkdir(mode=0o700, parents=True)
    try:
        frozen = _freeze(engine, tables, policy, context, salt_key, fresh)
        _appear(fresh, target)
    except (CommittedError, CanonicalError) as error:
        raise FrozenError(str(error)) from None
    finally:
        shutil.rmtree(fresh, ignore_errors=True)
    return frozen


def check_folder(folder: Path, manifest_sha256: str) -> None:
    """Refuse a folder whose files are no longer those of the manifest, or whose manifest is not the committed one.

    Raises FrozenError naming the file that changed. To be run before every draw. DRAW §3.4.
    """
    manifest = folder / MANIFEST
    if not manifest.is_file():
        raise FrozenError(f"目录 {folder.name} 缺少 {MANIFEST}，请恢复冻结时的文件，或作废本批次。")
    if sha256_file(manifest) != manifest_sha256:
        raise FrozenError(f"文件 {MANIFEST} 与承诺时的清单不一致，请恢复冻结时的文件，或作废本批次。")
    stated = {name: digest for digest, _, name in (line.partition("  ") for line in manifest.read_text().splitlines())}
    for name in EIGHT:
        if not (folder / name).is_file():
            raise FrozenError(f"目录 {folder.name} 缺少文件 {name}，请恢复冻结时的文件，或作废本批次。")
        if sha256_file(folder / name) != stated.get(name):
            raise FrozenError(f"文件 {name} 在承诺之后被改动，请恢复冻结时的文件，或作废本批次。")


def _freeze(
    engine: DuckDBEngine,
    tables: Mapping[str, Table],
    policy: Mapping[str, object],
    context: Mapping[str, object],
    salt_key: bytes,
    folder: Path,
) -> Frozen:
    policy_bytes = writing.policy_json(policy)
    rules = parse_policy_json(policy_bytes)
    counties, scope, expected = _check_population(engine, tables["population"], rules)
    digests = {}
    digests["population.csv"], _ = _stream(engine, tables, folder, "population", POPULATION, ("uid",), None)
    counts = _check_frame(engine, tables, rules, scope, expected)
    tree = Tree()

    def grow(batch: pa.RecordBatch) -> None:
        leaves = pc.binary_join_element_wise(batch.column("task"), batch.column("uid"), "|")
        tree.extend(frame_leaf_hashes(salt_key, leaves.cast(pa.binary()).to_pylist()))

    digests["frame.csv"], rows = _stream(engine, tables, folder, "frame", FRAME, ("task", "uid"), grow)
    small = _small_files(engine, tables, rules, counties, counts)
    more = {"frame_merkle_root": tree.root().hex(), "salt_key_sha256": hashlib.sha256(salt_key).hexdigest()}
    small |= {"policy.json": policy_bytes, "context.json": writing.context_json({**context, **more})}
    parse_context(small["context.json"])
    for name, data in small.items():
        digests[name] = _write(folder / name, data)
    manifest = "".join(f"{digests[name]}  {name}\n" for name in EIGHT).encode()
    return Frozen(_write(folder / MANIFEST, manifest), more["frame_merkle_root"], rows)


def _check_population(
    engine: DuckDBEngine, population: Table, policy: RoundPolicy
) -> tuple[set[str], set[tuple[str, str, str]], dict[str, int]]:
    """Its counties; task, type and fields of all that is in scope; how many subjects each task must have."""
    inputs = {"population": population}
    doubtful = engine.select(sql_text("draw/check_uid"), inputs).column("uid").to_pylist()
    broken = sum(not is_uid(uid) for uid in doubtful)
    if broken:
        raise FrozenError(
            f"文件 population.csv 有 {broken} 行的 uid 不是校验有效的统一社会信用代码或 R: 注册号，请更正来源数据后重新冻结。"
        )
    counties, scope = set(), set()
    expected = dict.fromkeys(policy.tasks, 0)
    for kind in engine.select(sql_text("draw/check_kinds"), inputs).to_pylist():
        fields = check_kind(0, kind["county"], kind["type"], kind["fields"], policy)
        counties.add(kind["county"])
        for code, task in policy.tasks.items():
            if in_scope(task, kind["type"], fields):
                scope.add((code, kind["type"], kind["fields"]))
                expected[code] += kind["n"]
    return counties, scope, expected


def _check_frame(
    engine: DuckDBEngine,
    tables: Mapping[str, Table],
    policy: RoundPolicy,
    scope: set[tuple[str, str, str]],
    expected: dict[str, int],
) -> dict[Stratum, StratumCount]:
    """The strata as counted, of a frame that holds every subject in scope if none is there twice (`_stream`)."""
    counts: dict[Stratum, StratumCount] = {}
    for place in engine.select(sql_text("draw/check_places"), {"frame": tables["frame"]}).to_pylist():
        check_place(0, (place["task"], place["stratum"], place["state"], place["reason"]), policy)
        where = (place["task"], place["county"], place["stratum"])
        counts.setdefault(where, StratumCount(0)).add(place["state"], place["n"])
        expected[place["task"]] -= place["n"]
    columns = zip(*sorted(scope), strict=True) if scope else ((), (), ())
    known = pa.table([pa.array(column, pa.string()) for column in columns], names=["task", "type", "fields"])
    inputs = {"population": tables["population"], "frame": tables["frame"], "scope": known}
    wrong = engine.select(sql_text("draw/check_frame"), inputs).column("out_of_scope")
    outside = pc.sum(wrong).as_py() or 0
    if outside:
        raise FrozenError(f"文件 frame.csv 有 {outside} 行的对象不在 population.csv 的该任务范围内，请核对名录的来源。")
    if len(wrong):
        raise FrozenError(f"文件 frame.csv 有 {len(wrong)} 行的 county 与 population.csv 不一致，请核对名录的来源。")
    for code, missing in expected.items():
        if missing > 0:
            raise FrozenError(f"文件 frame.csv 缺少任务 {code} 范围内的 {missing} 户对象，请核对名录的来源。")
    return counts


def _stream(
    engine: DuckDBEngine,
    tables: Mapping[str, Table],
    folder: Path,
    name: str,
    header: Sequence[str],
    key: Sequence[str],
    look: Callable[[pa.RecordBatch], None] | None,
) -> tuple[str, int]:
    """Write one large table in its order; its digest and rows. Refuses a twin."""
    digest, rows = hashlib.sha256(), 0
    last: tuple[Any, ...] = ()
    with (folder / f"{name}.csv").open("xb") as file:
        os.fchmod(file.fileno(), 0o600)

        def put(data: bytes | pa.Buffer) -> None:
            file.write(data)
            digest.update(data)

        put((",".join(header) + "\n").encode())
        with engine.stream(sql_text(f"draw/frozen_{name}"), {name: tables[name]}) as batches:
            for batch in batches:
                if not batch.num_rows:
                    continue
                keys = [batch.column(column) for column in key]
                twin = 0 if tuple(values[0].as_py() for values in keys) == last else _twin(keys)
                if twin >= 0:
                    raise FrozenError(
                        f"文件 {name}.csv 第 {rows + twin + 2} 行与上一行的键重复，请先在来源数据中去重。"
                    )
                last = tuple(values[-1].as_py() for values in keys)
                sink = pa.BufferOutputStream()
                pacsv.write_csv(batch, sink, _PLAIN)
                put(sink.getvalue())
                if look is not None:
                    look(batch)
                rows += batch.num_rows
        file.flush()
        os.fsync(file.fileno())
    return digest.hexdigest(), rows


def _twin(keys: Sequence[pa.Array]) -> int:
    """Place of the first row with the key of the row before it, -1 if there is none."""
    same = pc.equal(keys[0][1:], keys[0][:-1])
    for values in keys[1:]:
        same = pc.and_(same, pc.equal(values[1:], values[:-1]))
    place: int = pc.index(same, True).as_py()
    return place + 1 if place >= 0 else -1


def _small_files(
    engine: DuckDBEngine,
    tables: Mapping[str, Table],
    policy: RoundPolicy,
    counties: set[str],
    counts: Mapping[Stratum, StratumCount],
) -> dict[str, bytes]:
    """The four small tables in canonical form, each held against its rules."""
    strata = writing.strata_csv(StratumRow(*row) for row in _rows(tables, "strata", STRATA))
    parse_strata(strata, counts, policy)
    triggers = writing.triggers_csv(TriggerRow(*row) for row in _rows(tables, "triggers", TRIGGERS))
    homes = engine.select(sql_text("draw/trigger_homes"), {name: tables[name] for name in ("population", "triggers")})
    home = dict(zip(homes.column("uid").to_pylist(), homes.column("county").to_pylist(), strict=True))
    named = {row.county for row in parse_triggers(triggers, home.get, policy)}
    roster = writing.roster_csv(
        InspectorRow(person, county, tuple(codes.split(";")) if codes else (), *rest)
        for person, county, codes, *rest in _rows(tables, "roster", ROSTER)
    )
    named |= {row.county for row in parse_roster(roster, policy)}
    conflicts = writing.conflicts_csv(ConflictRow(*row) for row in _rows(tables, "conflicts", CONFLICTS))
    parse_conflicts(conflicts)
    check_capacity(counties | named, policy)
    return {"strata.csv": strata, "triggers.csv": triggers, "roster.csv": roster, "conflicts.csv": conflicts}


def _rows(tables: Mapping[str, Table], name: str, header: Sequence[str]) -> list[tuple[Any, ...]]:
    table = tables[name]
    columns = (pq.read_table(table) if isinstance(table, Path) else table).select(list(header)).columns
    if any(column.null_count for column in columns):
        raise FrozenError(f"文件 {name}.csv 有空值，请更正来源数据后重新冻结。")
    return list(zip(*(column.to_pylist() for column in columns), strict=True))


def _write(path: Path, data: bytes) -> str:
    with path.open("xb") as file:
        os.fchmod(file.fileno(), 0o600)
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    return hashlib.sha256(data).hexdigest()


def _appear(fresh: Path, target: Path) -> None:
    """Rename the finished folder to its name; an earlier one of that name gives way to it."""
    _fsync(fresh)
    old = target.with_name(f".{target.name}.old.{os.getpid()}.tmp")
    if target.exists():
        os.replace(target, old)
    os.replace(fresh, target)
    _fsync(target.parent)
    shutil.rmtree(old, ignore_errors=True)


def _fsync(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
