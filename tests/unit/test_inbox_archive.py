"""Archives: what is refused before anything is unpacked, and that no more is unpacked than announced."""

from __future__ import annotations

import stat
import struct
import warnings
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from resources.inbox import InboxError, read_file
from resources.inbox.archive import MAX_MEMBERS
from tests.unit.small_contracts import PERMIT, uscc

CSV = f"统一社会信用代码,企业名称,文书号,决定日期\n{uscc(1)},甲店,文1,2026-09-01\n".encode()


def archive(path: Path, *members: tuple[zipfile.ZipInfo | str, bytes]) -> Path:
    """A zip, members stored as given."""
    with warnings.catch_warnings(), zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as made:
        warnings.simplefilter("ignore")  # double names are wanted
        for member, data in members:
            made.writestr(member, data)
    return path


def test_members_are_read_from_any_archive(tmp_path: Path) -> None:
    raw = read_file(archive(tmp_path / "a.bin", ("一.csv", CSV), ("二.csv", CSV)), PERMIT, rows=2)
    assert raw.table.column("sheet").to_pylist() == ["一.csv", "二.csv"]
    assert [sheet.sheet for sheet in raw.sheets] == ["一.csv", "二.csv"]


def link() -> zipfile.ZipInfo:
    info = zipfile.ZipInfo("list.csv")
    info.external_attr = (stat.S_IFLNK | 0o777) << 16
    return info


def encrypted(path: Path) -> None:
    """The flag of encryption in both headers of the only member."""
    data = bytearray(path.read_bytes())
    for signature, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        data[data.index(signature) + offset] |= 1
    path.write_bytes(data)


def announced(path: Path, size: int) -> None:
    """Another unpacked size, in both headers of the only member."""
    data = bytearray(path.read_bytes())
    for signature, offset in ((b"PK\x03\x04", 22), (b"PK\x01\x02", 24)):
        struct.pack_into("<I", data, data.index(signature) + offset, size)
    path.write_bytes(data)


def overlapping(path: Path) -> None:
    """The second member's entry says that it stands where the first does."""
    data = bytearray(path.read_bytes())
    second = data.index(b"PK\x01\x02", data.index(b"PK\x01\x02") + 1)
    struct.pack_into("<I", data, second + 42, 5)
    path.write_bytes(data)


def cut(path: Path) -> None:
    data = path.read_bytes()
    at = 60  # in the middle of the first member
    path.write_bytes(data[:at] + b"\xff\xff\xff\xff" + data[at + 4 :])


REFUSED: list[tuple[list[tuple[zipfile.ZipInfo | str, bytes]], str, str, Callable[[Path], None] | None]] = [
    ([("a/b.csv", CSV)], "hostile", "文件夹或路径「a/b.csv」", None),
    ([("a\\b.csv", CSV)], "hostile", "文件夹或路径", None),
    ([("C:b.csv", CSV)], "hostile", "文件夹或路径", None),
    ([("/etc/passwd", CSV)], "hostile", "文件夹或路径", None),
    ([("..", CSV)], "hostile", "文件夹或路径", None),
    ([("a.csv", CSV), ("a.csv", CSV)], "hostile", "两个文件都叫 a.csv", None),
    ([(link(), b"list2.csv")], "hostile", "list.csv 是链接", None),
    ([("a.csv", b"0" * 20_000_000)], "hostile", "压缩比超过", None),
    ([(f"{n}.csv", CSV) for n in range(MAX_MEMBERS + 1)], "too_big", f"内有 {MAX_MEMBERS + 1} 个文件", None),
    ([], "unreadable", "空压缩包", None),
    ([("a.csv", CSV)], "unreadable", "设有密码", encrypted),
    ([("a.csv", CSV)], "unreadable", "已损坏", cut),
    ([("a.csv", CSV), ("b.csv", CSV)], "hostile", "互相重叠", overlapping),
    ([("a.csv", CSV), ("b.txt", b"")], "unreadable", "中的 b.txt 是空文件", None),
]


@pytest.mark.parametrize(("members", "kind", "words", "spoil"), REFUSED)
def test_what_is_refused(
    tmp_path: Path,
    members: list[tuple[zipfile.ZipInfo | str, bytes]],
    kind: str,
    words: str,
    spoil: Callable[[Path], None] | None,
) -> None:
    path = archive(tmp_path / "a.zip", *members)
    if spoil is not None:
        spoil(path)
    with pytest.raises(InboxError, match=words) as caught:
        read_file(path, PERMIT)
    assert caught.value.kind == kind
    assert f"{tmp_path.name}/a.zip" in str(caught.value)


@pytest.mark.parametrize(("size", "words"), [(10, "已损坏"), (len(CSV) + 1, "更小")])
def test_no_more_is_unpacked_than_announced_and_no_less(tmp_path: Path, size: int, words: str) -> None:
    path = archive(tmp_path / "a.zip", ("a.csv", CSV))
    announced(path, size)
    with pytest.raises(InboxError, match=words):
        read_file(path, PERMIT)
