"""From a connection to a delivery: read, compare with what was delivered before, publish, remember.

Here: `pull`, its place in the ledger (chain `pulls`) and the state it compares with (`ledger/pulls/<connection>/`). Not
here: reading (database, http), comparing (changes), publishing (delivering), when it runs (pipelines).

A pull is a delivery like any other or it is nothing: whatever fails before the folder is renamed leaves the watermark
where it was. What is killed between the renaming and the ledger is put right by the next pull, from the note beside the
state.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from resources.clock import now
from resources.engines.duckdb_engine import DuckDBEngine
from resources.inbox import database, http
from resources.inbox.changes import Changes, compare
from resources.inbox.connections import Connection, PullError, connections
from resources.inbox.delivering import Outgoing, Sender, free_number, publish, sha256_of
from resources.inbox.patience import Patience
from resources.inbox.staging import Fetched
from resources.lake import write_bytes
from resources.ledger import Ledger
from resources.settings import Home
from supervision.canonical import json_bytes

CHAIN = "pulls"


@dataclass(frozen=True, slots=True)
class Pulled:
    """One pull that went well. `delivery_id`: None when nothing had changed."""

    connection: str
    delivery_id: str | None
    changes: Changes
    notes: tuple[str, ...]

    @property
    def sentence(self) -> str:
        """What a person reads."""
        found = self.changes
        said = f"连接 {self.connection}：取到 {found.fetched:,} 行，其中 {found.repeats:,} 行与已送的相同"
        if self.delivery_id is None:
            said += "；没有新内容，不生成批次"
        else:
            said += f"；批次 {self.delivery_id}：记录 {found.records:,} 行，撤销 {found.withdrawals:,} 行"
        if found.vanished:
            said += f"（来源中已删除 {found.vanished:,} 行）"
        return "。".join([said, *self.notes]) + "。"


def pull(
    home: Home,
    connection: Connection,
    *,
    full: bool = False,
    allow_deletions: bool = False,
    patience: Patience | None = None,
) -> Pulled:
    """Read one connection and put what changed into the inbox.

    full: everything is read again, not only what grew since the last watermark. allow_deletions: a person has looked at
    rows that are gone. PullError: given up in one sentence; nothing was published and the watermark stays.
    """
    memory = _Memory(home, connection)
    with memory.alone(), _work_folder(home, connection) as folder:
        memory.recover()
        last, before, notes = memory.recall()
        again = full or before is None or last.get("shape") != memory.shape
        after = None if again else last.get("watermark")
        fetched = _fetch(connection, folder, after, before is None, patience)
        with DuckDBEngine(temp_directory=home.lake / ".spill") as engine:
            changes = compare(engine, connection, fetched, before, folder, allow_deletions=allow_deletions)
        at = now()
        body = {
            "connection": connection.name,
            "source": connection.source,
            "unit_code": connection.unit,
            "delivery_id": None,
            "state": last.get("state"),
            "state_sha256": last.get("state_sha256"),
            "shape": memory.shape,
            "key_shape": memory.key_shape,
            "watermark": fetched.watermark,
            **asdict(changes),
        }
        if not changes.records and not changes.withdrawals:
            memory.ledger.append("unchanged", body)
            return Pulled(connection.name, None, changes, (*notes, *fetched.notes))
        delivery_id = free_number(home.inbox, f"{at:%Y-%m-%d}-{connection.unit}-{connection.name}-{at:%H%M%S}")
        memory.prepare(delivery_id, folder / "state.parquet", body)
        publish(
            home.inbox,
            delivery_id,
            Sender(connection.unit, connection.system, connection.generated),
            _files(connection, folder, changes, None if before is None else delivery_id),
            month=f"{at:%Y-%m}",
            received_at=at,
        )
        memory.recover()
        return Pulled(connection.name, delivery_id, changes, (*notes, *fetched.notes))


def configured(home: Home) -> tuple[Connection, ...]:
    """Every connection there is, by name; PullError when one is not readable."""
    return connections(home.root)


def _fetch(connection: Connection, folder: Path, after: str | None, first: bool, patience: Patience | None) -> Fetched:
    if connection.channel == "http":
        return http.fetch(connection, folder, after=after, first=first, patience=patience)
    return database.fetch(connection, folder, after=after, first=first, patience=patience)


def _files(connection: Connection, folder: Path, changes: Changes, named: str | None) -> list[Outgoing]:
    name = connection.source
    if named is not None:
        for path in (folder / "records.parquet", folder / "withdrawals.parquet"):
            _name_inside(path, named)
    files = []
    if changes.records:
        files.append(Outgoing(folder / "records.parquet", f"{name}.parquet", name, changes.records))
    if changes.withdrawals:
        path = folder / "withdrawals.parquet"
        files.append(Outgoing(path, f"{name}.withdrawal.parquet", name, changes.withdrawals, "withdrawal"))
    return files


def _name_inside(path: Path, delivery_id: str) -> None:
    """Write into the file which delivery it is.

    A value that returns (A, B, A again) gives a file with the same rows; known by its digest, it would be the first one
    delivered twice, and B would stand for ever.
    """
    written = path.with_name(f".{path.name}.named")
    with pq.ParquetFile(path) as given:
        schema = given.schema_arrow.with_metadata({"delivery_id": delivery_id})
        with pq.ParquetWriter(written, schema, compression="zstd", use_dictionary=False) as writer:
            for index in range(given.num_row_groups):
                writer.write_table(given.read_row_group(index).replace_schema_metadata(schema.metadata))
    written.replace(path)


class _Memory:
    """What one connection has delivered: its lines of the ledger, and the state beside it."""

    def __init__(self, home: Home, connection: Connection) -> None:
        self.inbox = home.inbox
        self.connection = connection
        self.ledger = Ledger(home.ledger, CHAIN)
        self.folder = home.ledger / CHAIN / connection.name
        self.key_shape = _digest([connection.source, list(connection.key)])
        withdrawn = [connection.withdrawn[0], list(connection.withdrawn[1])] if connection.withdrawn else None
        pairs = sorted([*connection.columns.items(), *connection.constants.items()])
        self.shape = _digest([self.key_shape, pairs, withdrawn, connection.watermark])

    @contextmanager
    def alone(self) -> Iterator[None]:
        """One pull of a connection at a time."""
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with (self.folder / ".lock").open("a") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise PullError(f"连接 {self.connection.name} 正在取数，请等它结束后再试。") from None
            yield

    def recall(self) -> tuple[dict[str, Any], Path | None, tuple[str, ...]]:
        """(last line of the ledger, state to compare with, notes); PullError when the state is not what was kept."""
        last = self._last()
        name = last.get("state")
        if name is None or last["key_shape"] != self.key_shape:
            notes = ("连接的来源或主键改过，按首次取数处理",) if name else ()
            return last | {"state": None, "state_sha256": None}, None, notes
        path = self.folder / name
        if not path.exists():
            return last | {"state": None, "state_sha256": None}, None, (
                f"没有找到上次取数的状态 {name}，按首次取数处理，已送过的行由后续环节认作重复",
            )  # fmt: skip
        if sha256_of(path) != last["state_sha256"]:
            raise PullError(
                f"连接 {self.connection.name} 上次取数的状态 ledger/{CHAIN}/{self.connection.name}/{name} 与台账不符，"
                "可能被改动：请从备份恢复；恢复不了的，删去该文件后重新取数（将全量重取）。"
            )
        return last, path, ()

    def prepare(self, delivery_id: str, state: Path, body: dict[str, Any]) -> None:
        """Lay the state and the ledger's next line beside each other, before anything is published."""
        kept = self.folder / f"{delivery_id}.parquet"
        with state.open("rb") as file:
            os.fsync(file.fileno())
        os.chmod(state, 0o600)
        os.replace(state, kept)
        line = body | {"delivery_id": delivery_id, "state": kept.name, "state_sha256": sha256_of(kept)}
        write_bytes(self.folder / f"{delivery_id}.json", json_bytes(line))

    def recover(self) -> None:
        """Enter what was published and is not in the ledger; forget what was prepared and never published."""
        for note in sorted(self.folder.glob("*.json")):
            body = json.loads(note.read_bytes())
            if not (self.inbox / body["delivery_id"]).is_dir():
                (self.folder / body["state"]).unlink(missing_ok=True)
            elif self._last().get("delivery_id") != body["delivery_id"]:
                self.ledger.append("delivered", body)
            note.unlink()
        current = self._last().get("state")
        for state in self.folder.glob("*.parquet"):
            if state.name != current:
                state.unlink()

    def _last(self) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for entry in self.ledger.entries():
            if entry["body"]["connection"] == self.connection.name:
                found = entry["body"]
        return found


@contextmanager
def _work_folder(home: Home, connection: Connection) -> Iterator[Path]:
    folder = home.lake / ".pulling" / connection.name
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(mode=0o700, parents=True)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _digest(value: Any) -> str:
    return hashlib.sha256(json_bytes(value)).hexdigest()[:16]
