"""Sound files of every kind, changed a little: bytes flipped, put in, taken out, cut off, or mixed with another file.

Here: the seeds (the files of tests/fixtures/collection and some made here) and the changes. Not here: what must come of
them (test_inbox_mutations, tests/long/test_mutations). Parts of archives are changed inside, too, and packed anew: else
the check sums would catch nearly every change before a reader sees it.
"""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from data_contracts.model import Contract, source_contract
from tests.unit.hostile_files import HEAD, ROW, csv_bytes, sound_2003, sound_parquet, workbook
from tests.unit.small_contracts import PERMIT

COLLECTION = Path(__file__).resolve().parents[1] / "fixtures" / "collection"
TOKENS = (
    b"\0", b'"', b"'", b",", b"\n", b"\r", b"<", b">", b"/>", b"&", b"&#0;", b"&amp;", b"]]>", b"<!DOCTYPE a>", b"\xff\xfe",
    b"\xef\xbb\xbf", b"\x81", b"\xff\xff\xff\xff", b"\x7f\xff\xff\xff", b"99999999999999999999", b"-1", b"1e999", b"NaN",
    b"XFD1048576", b'r="A0"', b's="99999"', b't="s"', b't="e"', b't="d"', b"PK\x03\x04", b"PK\x01\x02", b"PAR1",
    "合计".encode(), "合计".encode("gb18030"), "；".encode(), b"2026-02-30", b"0000-00-00", b"\xed\xa0\x80", b" " * 300,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Seed:
    """A sound file and the contract by which it is read."""

    name: str
    data: bytes
    contract: Contract


@dataclass(frozen=True, slots=True)
class Change:
    """One change; `place` and `length` are shares of the file, `inside` of a part of an archive (0: of the whole)."""

    kind: str
    place: float
    length: float
    token: int
    inside: int


KINDS = ("flip", "flip", "insert", "token", "delete", "double", "truncate", "splice")


@cache
def seeds() -> tuple[Seed, ...]:
    """The seeds, in the order of their names."""
    made = [
        Seed("csv", csv_bytes([HEAD, *[ROW] * 5]), PERMIT),
        Seed("gb18030", csv_bytes([HEAD, *[ROW] * 5]).decode().encode("gb18030"), PERMIT),
        Seed("xlsx", workbook([HEAD, *[ROW] * 5]), PERMIT),
        Seed("2003", sound_2003(), PERMIT),
        Seed("parquet", sound_parquet(), PERMIT),
    ]
    for folder in sorted(path.parent for path in COLLECTION.glob("*/expected.json")):
        contract = source_contract(json.loads((folder / "expected.json").read_text("utf-8"))["contract"])
        for path in sorted(folder.iterdir()):
            if path.name != "expected.json" and path.stat().st_size < 300_000:
                made.append(Seed(f"{folder.name}/{path.name}", path.read_bytes(), contract))
    return tuple(made)


def mutated(seed: Seed, changes: Sequence[Change], other: Seed) -> bytes:
    """The seed's bytes after the changes; `other` gives what is spliced in."""
    data = seed.data
    for change in changes:
        data = _inside(data, change, other.data) if change.inside else _changed(data, change, other.data)
    return data


def _inside(data: bytes, change: Change, other: bytes) -> bytes:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            members = [(member.filename, archive.read(member)) for member in archive.infolist()]
    except Exception:
        return _changed(data, change, other)
    if not members:
        return data
    place = change.inside % len(members)
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        for number, (name, content) in enumerate(members):
            archive.writestr(name, _changed(content, change, other) if number == place else content)
    return made.getvalue()


def _changed(data: bytes, change: Change, other: bytes) -> bytes:
    at = int(change.place * len(data))
    end = min(len(data), at + 1 + int(change.length**3 * len(data)))
    token = TOKENS[change.token % len(TOKENS)]
    match change.kind:
        case "flip":
            return data[:at] + bytes(byte ^ (1 << change.token % 8) for byte in data[at : at + 1]) + data[at + 1 :]
        case "insert":
            return data[:at] + bytes((change.token * n) % 256 for n in range(1, 9)) + data[at:]
        case "token":
            return data[:at] + token + data[at + (len(token) if change.token % 2 else 0) :]
        case "delete":
            return data[:at] + data[end:]
        case "double":
            return data[:end] + data[at:end] * (1 + change.token % 3) + data[end:]
        case "truncate":
            return data[:at]
        case "splice":
            return data[:at] + other[int(change.place * len(other)) :]
    raise ValueError(change.kind)
