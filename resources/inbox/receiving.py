"""Bare files made into deliveries: given to `ssj receive`, or dropped by SFTP into the unit's own folder.

Here: `receive`, and `take_dropped` for `inbox/.drop/<unit_code>/<source>/<file>`: taken in when nothing has touched it for
20 s. Not here: deliveries that come whole with their manifest (manifest), what is in the files (reading).
The same bytes of the same source, once delivered, are not delivered again.
"""

from __future__ import annotations

import stat
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from data_contracts.model import ContractError
from data_contracts.registry import source
from resources.clock import now
from resources.inbox.delivering import Outgoing, Sender, free_number, publish, sha256_of
from resources.inbox.errors import InboxError
from resources.inbox.manifest import MANIFEST, delivery_folders, plain_name, read_delivery
from supervision.months import check_month

DROP = ".drop"
QUIET_SECONDS = 20
SYSTEM = "文件报送"
# What programs that upload or save write before a file is whole.
_UNFINISHED = (".part", ".filepart", ".tmp", ".crdownload", ".swp")


@dataclass(frozen=True, slots=True)
class Received:
    """What became of some files: `delivery_id` (None: nothing new), the files delivered, and those known already."""

    delivery_id: str | None
    delivered: tuple[str, ...]
    known: tuple[tuple[str, str], ...]

    @property
    def sentences(self) -> list[str]:
        """What a person reads, one line each."""
        said = [f"{name} 的内容已在批次 {delivery} 中送达过，不再收。" for name, delivery in self.known]
        if self.delivery_id:
            said.append(f"批次 {self.delivery_id}：收下 {'、'.join(self.delivered)}。")
        return said


@dataclass(frozen=True, slots=True)
class Dropped:
    """One look into the drop folder: what was taken in, and what stays there with the reason."""

    received: tuple[Received, ...]
    refused: tuple[str, ...]


def receive(
    inbox: Path,
    files: Sequence[Path],
    *,
    source_name: str,
    unit_code: str,
    month: str | None = None,
    rows: int | None = None,
    generated: bool = False,
) -> Received:
    """Make one delivery of bare files; what was delivered before just so is said and left out.

    month: default that of today. rows: data rows of the one file. InboxError: source, unit, month or a file cannot be
    taken, in one sentence; nothing is written then.
    """
    _known_sender(source_name, unit_code)
    at = now()
    if month is not None:
        check_month(month)
        if month > f"{at:%Y-%m}":
            raise InboxError(f"月份 {month} 还没有到，请核对 --month。")
    if rows is not None and len(files) != 1:
        raise InboxError("--rows 只说明一个文件的行数：请逐个送达，或不写 --rows。")
    before = _delivered(inbox, source_name)
    outgoing: dict[str, Outgoing] = {}
    known: list[tuple[str, str]] = []
    for path in files:
        _ordinary(path)
        digest = sha256_of(path)
        if digest in before:
            known.append((path.name, before[digest]))
        elif digest not in outgoing:
            taken = {each.name for each in outgoing.values()}
            if path.name in taken:
                raise InboxError(f"有两个不同的文件都叫 {path.name}，请改名后一起送达，或分开送达。")
            outgoing[digest] = Outgoing(path, path.name, source_name, rows)
    if not outgoing:
        return Received(None, (), tuple(known))
    delivery_id = free_number(inbox, f"{at:%Y-%m-%d}-{unit_code}-{source_name[:24]}-{at:%H%M%S}")
    sender = Sender(unit_code, SYSTEM, generated)
    sent = list(outgoing.values())
    publish(inbox, delivery_id, sender, sent, month=month or f"{at:%Y-%m}", received_at=at)
    return Received(delivery_id, tuple(file.name for file in sent), tuple(known))


def take_dropped(inbox: Path) -> Dropped:
    """Take in every dropped file that has come to rest, one delivery per unit and source; what is taken is removed.

    A folder or file that cannot be taken stays where it is, with one sentence; the others go on.
    """
    received: list[Received] = []
    refused: list[str] = []
    for unit_code, source_name, files in _dropped(inbox / DROP, refused):
        at_rest = [path for path in files if _at_rest(path)]
        if not at_rest:
            continue
        before = {path: path.stat() for path in at_rest}
        try:
            done = receive(inbox, at_rest, source_name=source_name, unit_code=unit_code)
        except (InboxError, ContractError, OSError) as error:
            what = error.strerror if isinstance(error, OSError) else error
            refused.append(f"投递夹 {unit_code}/{source_name}：{what}")
            continue
        received.append(done)
        for path in at_rest:
            with suppress(OSError):
                after = path.stat()
                # Written to again meanwhile: it stays, and is another file next time.
                if (after.st_ino, after.st_size, after.st_mtime_ns) == (
                    before[path].st_ino, before[path].st_size, before[path].st_mtime_ns,
                ):  # fmt: skip
                    path.unlink()
    return Dropped(tuple(received), tuple(refused))


def _dropped(drop: Path, refused: list[str]) -> Iterator[tuple[str, str, list[Path]]]:
    """(unit, source, files) of the drop folder by name; what is not at its place is refused."""
    if not drop.is_dir():
        return
    for unit in _visible(drop):
        if unit.is_symlink() or not unit.is_dir():
            refused.append(f"投递夹中的 {unit.name} 不在“单位代码/来源/”之下，请放进对应的文件夹。")
            continue
        for folder in _visible(unit):
            if folder.is_symlink() or not folder.is_dir():
                refused.append(f"投递夹中的 {unit.name}/{folder.name} 不在“单位代码/来源/”之下，请放进对应的文件夹。")
                continue
            files = []
            for path in _visible(folder):
                if path.suffix.lower() in _UNFINISHED:
                    continue
                if path.is_symlink() or not path.is_file():
                    refused.append(f"投递夹中的 {unit.name}/{folder.name}/{path.name} 不是普通文件，请移走。")
                else:
                    files.append(path)
            if files:
                yield unit.name, folder.name, files


def _visible(folder: Path) -> list[Path]:
    return sorted((path for path in folder.iterdir() if not path.name.startswith(".")), key=lambda path: path.name)


def _at_rest(path: Path) -> bool:
    """Whether neither content nor name changed lately (a copy may keep an old time of content, never of the entry)."""
    try:
        found = path.stat()
    except OSError:
        return False
    return now().timestamp() - max(found.st_mtime, found.st_ctime) >= QUIET_SECONDS


def _known_sender(source_name: str, unit_code: str) -> None:
    producers = source(source_name).producers
    if unit_code not in producers:
        raise InboxError(f"{unit_code} 不是来源 {source_name} 的报送单位（应为 {'、'.join(producers)} 之一），请核对。")


def _ordinary(path: Path) -> None:
    try:
        mode = path.lstat().st_mode
    except OSError as error:
        raise InboxError(f"找不到文件 {path.name}（{error.strerror}），请核对路径。") from error
    if not stat.S_ISREG(mode):
        raise InboxError(f"{path.name} 不是普通文件，请送文件本身。")
    if not plain_name(path.name) or path.name == MANIFEST:
        raise InboxError(f"文件名 {path.name!r} 不能用（含控制字符、以点开头、过长或与清单同名），请改名后重新送达。")


def _delivered(inbox: Path, source_name: str) -> dict[str, str]:
    """Digest of every file of the source delivered so far -> its delivery; a delivery that cannot be read has none."""
    found: dict[str, str] = {}
    if not inbox.is_dir():
        return found
    for folder in delivery_folders(inbox):
        with suppress(InboxError):
            delivery = read_delivery(folder)
            for file in delivery.files:
                if file.source == source_name:
                    found.setdefault(file.sha256, delivery.delivery_id)
    return found
