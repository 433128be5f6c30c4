"""The lake: immutable Parquet by month, and received files by digest (DESIGN §3).

For: where a month's tables lie, which version of the month is current, and writing so that a reader never sees half
a file. Not for: SQL (engines), reading deliveries (inbox), or publishing (warehouse).

A month's *basis* is what its result depends on: as_of, the digests of the deliveries, code, contracts, policy and
calendar. Its digest names the version; another basis is another version beside the old one, never an overwrite.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from resources.settings import Home
from supervision.canonical import json_bytes
from supervision.personal_numbers import RULES


class LakeError(Exception):
    """A table that should be there is not, or a stored month would change; the message says what to do."""


@dataclass(frozen=True, slots=True)
class Stored:
    """One stored file: path, bytes' digest, rows (where counted)."""

    path: Path
    sha256: str
    rows: int


def sha256_file(path: Path) -> str:
    """Digest of a file's bytes, lower-case hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def write_atomically(target: Path, write: Callable[[Path], Any]) -> Any:
    """Call `write` on a temporary name beside `target`, fsync it, rename it; a failure leaves nothing behind."""
    target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    temporary = target.with_name(f".{target.name}.{os.getpid()}.tmp")
    try:
        result = write(temporary)
        with temporary.open("rb") as file:
            os.fsync(file.fileno())
        os.chmod(temporary, 0o600)
        os.replace(temporary, target)
    finally:
        temporary.unlink(missing_ok=True)
    return result


def clear_left_behind(home: Home) -> None:
    """Remove temporary files and spill folders of processes that are gone: killed, they could not tidy up."""
    for path in [*home.root.rglob(".*.tmp"), *(home.lake / ".spill").glob("duckdb-*")]:
        number = next((part for part in reversed(re.split(r"[.-]", path.name)) if part.isdigit()), "")
        if not number or not _alive(int(number)):
            shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def write_bytes(target: Path, data: bytes) -> str:
    """Write bytes atomically; returns their digest."""
    write_atomically(target, lambda path: path.write_bytes(data))
    return hashlib.sha256(data).hexdigest()


class MonthLake:
    """The tables of one month in its current version."""

    def __init__(self, home: Home, month: str) -> None:
        """`month` is `YYYY-MM`; nothing is read until asked for."""
        self.home = home
        self.month = month
        self.folder = home.lake / month

    def begin(self, basis: Mapping[str, Any]) -> str:
        """Make the version named by this basis current and return its id (16 hexadecimal digits).

        The commit is told but does not name the version (the digest of the code does): a commit that changes only a text
        must not make a finished month another one. The commit that ran first stays.
        """
        named = {key: value for key, value in basis.items() if key != "code_commit"}
        basis_id = hashlib.sha256(json_bytes(named)).hexdigest()[:16]
        kept = self.folder / basis_id / "basis.json"
        if not kept.exists():
            write_bytes(kept, json_bytes(dict(basis)))
        write_bytes(self.folder / "current", basis_id.encode())
        return basis_id

    @property
    def version(self) -> Path:
        """Folder of the current version; LakeError when the month has not been begun."""
        pointer = self.folder / "current"
        if not pointer.exists():
            raise LakeError(f"{self.month} 尚未归集：请先物化 deliveries（或运行 ssj run --month {self.month}）")
        return self.folder / pointer.read_text("ascii")

    def basis(self) -> dict[str, Any]:
        """What the current version rests on."""
        path = self.version / "basis.json"
        try:
            basis: dict[str, Any] = json.loads(path.read_bytes())
        except (OSError, ValueError) as error:
            raise LakeError(
                f"{self.month} 的月度版本 {path.parent.name} 的 basis.json 读不出来：请从备份恢复，或删去该版本后重新运行"
            ) from error
        return basis

    def finished(self) -> str | None:
        """The current version's id if the month has been carried to its end in it."""
        pointer = self.folder / "current"
        done = pointer.exists() and self.path("evidence").exists()
        return pointer.read_text("ascii") if done else None

    def round_of(self, version: str) -> str:
        """The round of the draw that a version of the month was for."""
        return str(json.loads((self.folder / version / "basis.json").read_bytes())["round_id"])

    def return_to(self, version: str) -> None:
        """Make an earlier version current again, after a run that was refused."""
        write_bytes(self.folder / "current", version.encode())

    def path(self, table: str) -> Path:
        """Where a table of this version lies, whether or not it is there yet."""
        return self.version / f"{table}.parquet"

    def table(self, table: str) -> Path:
        """Path of an existing table; LakeError names the asset to materialise first."""
        path = self.path(table)
        if not path.exists():
            raise LakeError(f"{self.month} 缺少表 {table}：请先物化资产 {table}")
        return path

    def store(self, table: str, write: Callable[[Path], int]) -> Stored:
        """Write one table through `write(path) -> rows`, atomically."""
        path = self.path(table)
        rows: int = write_atomically(path, write)
        return Stored(path, sha256_file(path), rows)

    def hold(self, name: str, reason: str | None) -> None:
        """Record (or, with None, lift) that the month waits for a person."""
        path = self.version / "holds" / f"{name}.txt"
        if reason is None:
            path.unlink(missing_ok=True)
        else:
            write_bytes(path, reason.encode())

    def holds(self) -> dict[str, str]:
        """What the month waits for: name -> reason."""
        folder = self.version / "holds"
        return {p.stem: p.read_text("utf-8") for p in sorted(folder.glob("*.txt"))} if folder.exists() else {}

    def received(self, sha256: str, contract_sha256: str) -> Path:
        """Parquet of one received file."""
        return received_path(self.home, sha256, contract_sha256)


def received_path(home: Home, sha256: str, contract_sha256: str) -> Path:
    """Parquet of one received file, known by its digest, that of its contract, and the rules by which it was masked.

    What an earlier release read without masking is therefore never used again.
    """
    return home.lake / "received" / f"{sha256}-{contract_sha256[:12]}-{RULES}.parquet"
