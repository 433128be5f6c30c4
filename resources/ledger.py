"""Append-only, hash-chained records: deliveries received, rounds committed and drawn.

For: facts that must not be rewritten without it being seen. One JSON object a line; each names the digest of the
line before (R-39). Not for: tables (the lake), nor for anything that can be computed again.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from resources.clock import now
from supervision.canonical import json_bytes

FIRST = "0" * 64


class LedgerError(Exception):
    """A line of the ledger was changed, dropped or reordered."""


class Ledger:
    """One chained file under `ledger/`."""

    def __init__(self, folder: Path, name: str) -> None:
        """`folder` is `Home.ledger`, `name` the chain, such as `deliveries` or `rounds`."""
        self.path = folder / f"{name}.jsonl"

    def entries(self) -> Iterator[dict[str, Any]]:
        """Every line in order, each checked against the one before; LedgerError names the first that does not fit."""
        previous = FIRST
        if not self.path.exists():
            return
        for number, line in enumerate(self.path.read_text("utf-8").splitlines(), start=1):
            entry = json.loads(line)
            digest = entry.pop("digest", None)
            if entry.get("previous") != previous or entry.get("number") != number or digest != _digest(entry):
                raise LedgerError(f"台账 {self.path.name} 第 {number} 行与前一行的摘要不相接，可能被改动；请用备份核对后再运行")
            previous = digest
            yield entry

    def append(self, kind: str, body: Mapping[str, Any]) -> dict[str, Any]:
        """Add one line (fsynced) and return it; two writers take turns by a file lock."""
        self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with self.path.open("a+b") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            last = FIRST
            number = 1
            for entry in self.entries():
                number, last = entry["number"] + 1, _digest(entry)
            line = {"number": number, "previous": last, "at": now().isoformat(), "kind": kind, "body": dict(body)}
            data = json_bytes(line | {"digest": _digest(line)}) + b"\n"
            file.seek(0, os.SEEK_END)
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        return line


def _digest(entry: Mapping[str, Any]) -> str:
    return hashlib.sha256(json_bytes(dict(entry))).hexdigest()
