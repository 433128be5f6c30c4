"""Append-only, hash-chained records: deliveries received, rounds committed and drawn.

For: facts that must not be rewritten without it being seen. One JSON object a line; each names the digest of the
line before (R-39). Not for: tables (the lake), nor for anything that can be computed again.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from resources import clock
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
            try:
                entry = json.loads(line)
            except ValueError as error:
                raise LedgerError(
                    f"台账 {self.path.name} 第 {number} 行不完整（可能是写入时断电）：请核对后删去该行，再重新运行"
                ) from error
            digest = entry.pop("digest", None)
            if entry.get("previous") != previous or entry.get("number") != number or digest != _digest(entry):
                raise LedgerError(
                    f"台账 {self.path.name} 第 {number} 行与前一行的摘要不相接，可能被改动；请用备份核对后再运行"
                )
            previous = digest
            yield entry

    def append(self, kind: str, body: Mapping[str, Any]) -> None:
        """Add one line."""
        self.append_all(kind, [body])

    def append_all(self, kind: str, bodies: Sequence[Mapping[str, Any]]) -> None:
        """Add one line for each body and fsync once; two writers take turns by a file lock."""
        if bodies:
            self.append_checked(lambda _: [(kind, body) for body in bodies])

    def append_checked(self, decide: Callable[[list[dict[str, Any]]], Sequence[tuple[str, Mapping[str, Any]]]]) -> None:
        """Add the lines (kind, body) that `decide` makes of all entries so far, under the lock: nobody writes between.

        What `decide` raises leaves the ledger as it was. For steps whose order matters, such as a single commitment.
        """
        self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with self.path.open("ab") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            entries = list(self.entries())
            number, previous = (entries[-1]["number"], _digest(entries[-1])) if entries else (0, FIRST)
            for kind, body in decide(entries):
                number += 1
                line = {
                    "number": number,
                    "previous": previous,
                    "at": clock.now().isoformat(),
                    "kind": kind,
                    "body": dict(body),
                }
                previous = _digest(line)
                file.write(json_bytes(line | {"digest": previous}) + b"\n")
            file.flush()
            os.fsync(file.fileno())


def _digest(entry: Mapping[str, Any]) -> str:
    return hashlib.sha256(json_bytes(dict(entry))).hexdigest()
