"""A zip of delivered files: every member is read by its own content, as one more part of the same file.

Here: telling an archive from a workbook, limits before anything is unpacked, names of members. Not here: reading the
members (reading). Refused: folders and paths inside, archives inside archives, passwords, and what measures too big.
"""

from __future__ import annotations

import stat
import zipfile
from collections.abc import Iterator
from pathlib import Path

from resources.inbox.errors import FaultKind, InboxError
from resources.inbox.measure import MAX_FILE_BYTES, MAX_RATIO, RATIO_FROM_BYTES, refuse_overlaps

MAX_MEMBERS = 200
_UTF8_NAME = 0x800
_ENCRYPTED = 0x1
_CHUNK = 4 * 1024**2
# What makes a zip something else than a parcel of files: parts of xlsx/docx, of OpenDocument.
_PARTS = ("[Content_Types].xml", "xl/workbook.xml", "mimetype")


def is_archive(path: Path) -> bool:
    """Whether the file is a zip that is no office document; a damaged zip is left to the workbook's reader."""
    try:
        with path.open("rb") as file:
            if file.read(4) not in (b"PK\x03\x04", b"PK\x05\x06"):
                return False
        with zipfile.ZipFile(path) as archive:
            names = set(archive.namelist())
    except (OSError, zipfile.BadZipFile, ValueError, NotImplementedError):
        return False
    return not names.intersection(_PARTS)


def unpacked(path: Path, folder: Path, label: str) -> Iterator[tuple[str, Path]]:
    """Name and unpacked file of each member, in the order of the archive, one after another; InboxError names what is refused."""
    try:
        with zipfile.ZipFile(path) as archive:
            members = _measured(archive.infolist(), label)
            for number, (name, member) in enumerate(members):
                target = folder / str(number)
                _unpack(archive, member, target, f"{label} 中的 {name}")
                with target.open("rb") as file:
                    head = file.read(4)
                if head in (b"PK\x03\x04", b"PK\x05\x06") and is_archive(target):
                    raise InboxError(f"{label} 中的 {name} 又是压缩包，请解开一层后重新送达。", kind="hostile")
                yield name, target
                target.unlink()
    except (zipfile.BadZipFile, RuntimeError, NotImplementedError, EOFError, OSError, ValueError) as error:
        raise InboxError(f"{label} 已损坏，解不开，请报送单位重新压缩后送达。") from error


def _measured(members: list[zipfile.ZipInfo], label: str) -> list[tuple[str, zipfile.ZipInfo]]:
    named = [(_name(member), member) for member in members]
    names = [name for name, _ in named]
    if not named:
        raise InboxError(f"{label} 是空压缩包，请报送单位重新压缩后送达。")
    if len(named) > MAX_MEMBERS:
        raise _refused(label, f"内有 {len(named)} 个文件，超过上限 {MAX_MEMBERS} 个，请分成几个压缩包", "too_big")
    for name, member in named:
        if set(name) & set("/\\:") or name in ("", ".", "..") or not name.isprintable():
            raise _refused(label, f"内有文件夹或路径「{name[:60]}」，请把文件直接压缩（不带文件夹）", "hostile")
        if stat.S_ISLNK(member.external_attr >> 16):
            raise _refused(label, f"内的 {name} 是链接，不是文件，请压缩文件本身", "hostile")
        if names.count(name) > 1:
            raise _refused(label, f"内有两个文件都叫 {name}，请改名", "hostile")
        if member.flag_bits & _ENCRYPTED:
            raise _refused(label, "设有密码，请去掉密码", "unreadable")
        if member.file_size > max(RATIO_FROM_BYTES, MAX_RATIO * member.compress_size):
            raise _refused(label, f"内的 {name} 压缩比超过 {MAX_RATIO} 倍，疑似压缩炸弹，请重新压缩", "hostile")
    total = sum(member.file_size for _, member in named)
    if total > MAX_FILE_BYTES:
        raise _refused(label, f"解压后有 {total:,} 字节，超过上限 {MAX_FILE_BYTES:,}，请分成几个压缩包", "too_big")
    refuse_overlaps(members, label)
    return named


def _unpack(archive: zipfile.ZipFile, member: zipfile.ZipInfo, target: Path, where: str) -> None:
    """Write one member; zipfile gives no more than its entry announces, and an error if that is not all."""
    left = member.file_size
    try:
        with archive.open(member) as stream, target.open("wb") as file:
            while block := stream.read(_CHUNK):
                left -= len(block)
                file.write(block)
        if left:
            raise _refused(where, "比压缩包目录所写的更小，请重新压缩", "hostile")
    except Exception as error:
        if type(error).__module__ in ("zlib", "lzma"):
            raise InboxError(f"{where} 已损坏，解不开，请报送单位重新压缩后送达。") from error
        raise


def _name(member: zipfile.ZipInfo) -> str:
    """The member's name; Windows writes Chinese names in GBK without saying so."""
    if member.flag_bits & _UTF8_NAME:
        return member.filename
    try:
        return member.filename.encode("cp437").decode("gb18030")
    except (UnicodeEncodeError, UnicodeDecodeError):
        return member.filename


def _refused(label: str, what: str, kind: FaultKind) -> InboxError:
    return InboxError(f"{label} {what}后重新送达。", kind=kind)
