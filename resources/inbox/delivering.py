"""How anything becomes a delivery: an immutable folder with its manifest, made under a hidden name and renamed when whole.

Here: `publish`, for pulls and for bare files alike. Not here: reading manifests (manifest), where the files come from.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import BinaryIO

from resources.clock import now
from resources.inbox.errors import InboxError
from resources.inbox.manifest import MANIFEST, SPEC, Change, plain_name
from resources.reference import units
from supervision.canonical import json_bytes

_HIDDEN = ".making-"
_CHUNK = 1 << 20
_LEFT_SECONDS = 86_400


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A file to deliver: copied from `path` under `name`. `rows`: data rows, None when nobody counted them."""

    path: Path
    name: str
    source: str
    rows: int | None
    change: Change = "record"


@dataclass(frozen=True, slots=True)
class Sender:
    """Who sends, by what system, and whether the data are invented (then every output says so)."""

    unit_code: str
    system: str
    generated: bool = False


def publish(
    inbox: Path, delivery_id: str, sender: Sender, files: Sequence[Outgoing], *, month: str, received_at: datetime
) -> Path:
    """Put a delivery into the inbox, whole or not at all; returns its folder.

    InboxError: the unit or a name is unknown, a file changes while it is copied, the number is taken.
    """
    unit_name = next((unit["unit_name"] for unit in units() if unit["unit_code"] == sender.unit_code), None)
    if unit_name is None:
        raise InboxError(f"没有单位代码 {sender.unit_code}，请改用 reference/units.csv 中的代码。")
    inbox.mkdir(mode=0o700, parents=True, exist_ok=True)
    with _hidden(inbox, delivery_id) as folder:
        listed = []
        for file in files:
            if not plain_name(file.name):
                raise InboxError(f"文件名 {file.name!r} 不能用（含路径、控制字符，或以点开头），请改名后重新送达。")
            entry = {"name": file.name, "source": file.source, "sha256": _copy(file.path, folder / file.name)}
            change = {} if file.change == "record" else {"change": file.change}
            listed.append(entry | {"rows": file.rows} | change)
        manifest = {
            "spec": SPEC,
            "delivery_id": delivery_id,
            "month": month,
            "unit_code": sender.unit_code,
            "unit_name": unit_name,
            "source_system": sender.system,
            "generated": sender.generated,
            "registry_rows": None,
            "received_at": received_at.isoformat(),
            "files": listed,
        }
        _write(folder / MANIFEST, json_bytes(manifest))
        _sync(folder)
        target = inbox / delivery_id
        try:
            os.rename(folder, target)
        except OSError as error:
            raise InboxError(f"收件夹中已有批次 {delivery_id}，请稍后重试。") from error
    _sync(inbox)
    return target


def free_number(inbox: Path, wanted: str) -> str:
    """The number wanted, or the first of it with -2, -3 … that no delivery has."""
    return next(
        number
        for number in (wanted, *(f"{wanted}-{place}" for place in range(2, 1000)))
        if not (inbox / number).exists()
    )


def sha256_of(path: Path) -> str:
    """Digest of a file's bytes."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@contextmanager
def _hidden(inbox: Path, delivery_id: str) -> Iterator[Path]:
    """A folder that nobody takes for a delivery; gone afterwards unless it has been renamed."""
    for left in inbox.glob(f"{_HIDDEN}*"):  # of a process that was killed
        if now().timestamp() - left.stat().st_mtime > _LEFT_SECONDS:
            shutil.rmtree(left, ignore_errors=True)
    folder = Path(tempfile.mkdtemp(prefix=f"{_HIDDEN}{delivery_id}-", dir=inbox))  # mode 0700
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _copy(source: Path, target: Path) -> str:
    before, total = source.stat(), hashlib.sha256()
    with source.open("rb") as reading, _new(target) as writing:
        while chunk := reading.read(_CHUNK):
            total.update(chunk)
            writing.write(chunk)
        writing.flush()
        os.fsync(writing.fileno())
    after = source.stat()
    if (before.st_size, before.st_mtime_ns) != (after.st_size, after.st_mtime_ns):
        raise InboxError(f"{source.name} 正在写入，请等传完后重新送达。")
    return total.hexdigest()


def _write(target: Path, data: bytes) -> None:
    with _new(target) as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def _new(path: Path) -> BinaryIO:
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb")


def _sync(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
