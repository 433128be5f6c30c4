"""Deliveries: one folder per department and sending day, known by its manifest.json.

For: finding the folders, reading manifests strictly (a field nobody reads is refused), checking names and digests.
Not for: what is in the files (reading), nor which deliveries a month uses (assets).
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any, Literal

from resources.inbox.errors import InboxError

Change = Literal["record", "withdrawal"]

SPEC = "ssj-delivery-v1"
MANIFEST = "manifest.json"
MAX_MANIFEST_BYTES = 1_000_000
# What file managers leave behind and what is still being copied in (a name with a leading dot) is not a delivery.
NOT_DELIVERED = ("Thumbs.db", "desktop.ini")

_FIELDS = (
    "spec", "delivery_id", "month", "unit_code", "unit_name", "source_system", "generated", "registry_rows",
    "received_at", "files",
)  # fmt: skip
_FILE_FIELDS = ("name", "source", "sha256", "rows")
_FILE_OPTIONS = ("change",)
_DELIVERY_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_MONTH = re.compile(r"\d{4}-(0[1-9]|1[0-2])")
_UNIT = re.compile(r"[A-Z0-9][A-Z0-9-]{0,15}")
_SOURCE = re.compile(r"[a-z][a-z0-9_]{0,63}")
_SHANGHAI = timezone(timedelta(hours=8))
_SHA256 = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class DeliveredFile:
    """One file as its manifest announces it.

    `rows`: data rows, without titles, header, footers and blank rows (None: not declared). `sha256`: of the bytes,
    lower-case hexadecimal. `change`: a row brings a record, or withdraws the record that has its primary key.
    """

    name: str
    source: str
    sha256: str
    rows: int | None
    path: Path
    change: Change = "record"

    def verify(self) -> None:
        """Compare the bytes with the announced digest; InboxError when they differ or cannot be read."""
        label = f"{self.path.parent.name}/{self.name}"
        try:
            with self.path.open("rb") as file:
                actual = hashlib.file_digest(file, "sha256").hexdigest()
        except OSError as error:
            raise InboxError(f"{label} 读不出来（{error.strerror}），请检查文件后重新送达。") from error
        if actual != self.sha256:
            raise InboxError(
                f"{label} 与清单登记的 sha256 不符（登记 {self.sha256[:16]}…，实为 {actual[:16]}…）："
                "文件在登记后被改动或传输不完整，请报送单位重新送达。"
            )


@dataclass(frozen=True, slots=True)
class Delivery:
    """One delivery folder. `month`: YYYY-MM it belongs to; `received_at`: aware, +08:00."""

    delivery_id: str
    month: str
    unit_code: str
    unit_name: str
    source_system: str
    generated: bool
    registry_rows: str | None
    received_at: datetime
    files: tuple[DeliveredFile, ...]
    folder: Path

    @property
    def digest(self) -> str:
        """What was delivered, whatever the folder is called and whenever it came (64 hexadecimal digits).

        The same unit's same files for the same month are the same delivery: sent twice, they change nothing.
        """
        files = sorted([file.source, file.change, file.sha256] for file in self.files)
        said = json.dumps([self.unit_code, self.month, files], ensure_ascii=False)
        return hashlib.sha256(said.encode()).hexdigest()


def find_deliveries(inbox: Path, *, sources: Collection[str] | None = None) -> list[Delivery]:
    """Every delivery of the inbox, by (received_at, delivery_id).

    InboxError: the first fault found, in one sentence. Who wants the others all the same calls `read_delivery` for
    each entry of `delivery_folders`.
    """
    deliveries = [read_delivery(entry, sources=sources) for entry in delivery_folders(inbox)]
    return sorted(deliveries, key=lambda delivery: (delivery.received_at, delivery.delivery_id))


def delivery_folders(inbox: Path) -> list[Path]:
    """Everything in the inbox that claims to be a delivery, by name; InboxError when there is no inbox."""
    if not inbox.is_dir():
        raise InboxError(f"收件夹 {inbox.name} 不存在，请先建立并放入各单位的报送批次。")
    return _listed(inbox)


def read_delivery(folder: Path, *, sources: Collection[str] | None = None) -> Delivery:
    """One delivery by its manifest; contents are not read, digests are compared by `DeliveredFile.verify`.

    With `sources`, a file announced for another source is refused instead of silently never being read.
    InboxError: what is wrong, in one sentence.
    """
    if folder.is_symlink() or not folder.is_dir():
        raise InboxError(
            f"收件夹中的 {folder.name} 不是报送批次：只收文件夹，"
            f"请把文件连同 {MANIFEST} 放进以批次号命名的文件夹，或移走。"
        )
    manifest = folder / MANIFEST
    if manifest.is_symlink() or not manifest.is_file():
        raise InboxError(f"收件夹中的 {folder.name} 缺少 {MANIFEST}，请报送单位补送清单，或移走该文件夹。")
    delivery = _read(folder)
    if folder.name != delivery.delivery_id:
        raise InboxError(
            f"文件夹 {folder.name} 的清单写的批次号是 {delivery.delivery_id}，两者必须相同（同一批次号只能送一次），"
            "请改正文件夹名或清单。"
        )
    for file in delivery.files:
        if sources is not None and file.source not in sources:
            raise InboxError(
                f"{delivery.delivery_id}/{file.name} 的来源 {file.source} 没有数据契约，"
                f"请改为以下之一：{'、'.join(sorted(sources))}。"
            )
    return delivery


def _listed(folder: Path) -> list[Path]:
    names = sorted(folder.iterdir(), key=lambda path: path.name)
    return [path for path in names if not path.name.startswith(".") and path.name not in NOT_DELIVERED]


def _read(folder: Path) -> Delivery:
    where = f"{folder.name}/{MANIFEST}"
    raw = _parse(folder / MANIFEST, where)
    fields = _take(raw, _FIELDS, where)
    if fields["spec"] != SPEC:
        raise _wrong(where, "spec", f"必须是 {SPEC}")
    registry_rows = fields["registry_rows"]
    if registry_rows not in (None, "real", "generated"):
        raise _wrong(where, "registry_rows", "只能是 real、generated 或 null")
    if not isinstance(fields["generated"], bool):
        raise _wrong(where, "generated", "只能是 true 或 false")
    month = _match(fields, "month", _MONTH, "必须形如 2026-10", where)
    received_at = _moment(fields["received_at"], where)
    if month > f"{received_at:%Y-%m}":
        raise InboxError(
            f"{where} 的月份 {month} 晚于收到时间 {received_at:%Y-%m-%d} 所在的月份：月份写错了，请报送单位改正后重新送达。"
        )
    return Delivery(
        delivery_id=_match(fields, "delivery_id", _DELIVERY_ID, "只能用字母、数字、点、横线和下划线", where),
        month=month,
        unit_code=_match(fields, "unit_code", _UNIT, "必须是单位代码", where),
        unit_name=_text(fields, "unit_name", where),
        source_system=_text(fields, "source_system", where),
        generated=fields["generated"],
        registry_rows=registry_rows,
        received_at=received_at,
        files=_files(folder, fields["files"], where),
        folder=folder,
    )


def _parse(path: Path, where: str) -> object:
    try:
        if path.stat().st_size > MAX_MANIFEST_BYTES:
            raise InboxError(f"{where} 超过 {MAX_MANIFEST_BYTES:,} 字节，不像清单，请报送单位核对后重新送达。")
        return json.loads(path.read_bytes().decode("utf-8-sig"), object_pairs_hook=_unique)
    except (OSError, ValueError, RecursionError) as error:
        raise InboxError(f"{where} 不是可读的 UTF-8 JSON（{error}），请报送单位重新生成清单。") from error


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("有重复的键")
    return found


def _take(raw: object, names: tuple[str, ...], where: str, options: tuple[str, ...] = ()) -> dict[str, object]:
    if not isinstance(raw, dict):
        raise InboxError(f"{where} 不是键值结构，请按 {SPEC} 重新生成。")
    unknown, missing = sorted(set(raw) - {*names, *options}), [name for name in names if name not in raw]
    if unknown:
        raise InboxError(f"{where} 有不认识的键 {'、'.join(unknown)}，请改正拼写或删去。")
    if missing:
        raise InboxError(f"{where} 缺少 {'、'.join(missing)}，请报送单位补全。")
    return raw


def _wrong(where: str, name: str, what: str) -> InboxError:
    return InboxError(f"{where} 的 {name} {what}，请报送单位改正后重新送达。")


def _match(fields: Mapping[str, object], name: str, pattern: re.Pattern[str], what: str, where: str) -> str:
    value = fields[name]
    if not isinstance(value, str) or not pattern.fullmatch(value):
        raise _wrong(where, name, what)
    return value


def _text(fields: Mapping[str, object], name: str, where: str) -> str:
    value = fields[name]
    if not isinstance(value, str) or not value.strip():
        raise _wrong(where, name, "必须是文字")
    return value.strip()


def _moment(value: object, where: str) -> datetime:
    try:
        moment = datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        moment = None
    if moment is None or moment.utcoffset() is None:
        raise _wrong(where, "received_at", "必须是带时区的时间，形如 2026-10-08T09:30:00+08:00")
    return moment.astimezone(_SHANGHAI)


def _files(folder: Path, raw: object, where: str) -> tuple[DeliveredFile, ...]:
    if not isinstance(raw, list) or not raw:
        raise _wrong(where, "files", "必须列出至少一个文件")
    files = tuple(_file(folder, entry, where) for entry in raw)
    names = [file.name for file in files]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise InboxError(f"{where} 把文件 {'、'.join(twice)} 列了两次，请报送单位改正。")
    by_digest: dict[str, str] = {}
    for file in files:
        other = by_digest.setdefault(file.sha256, file.name) if file.rows != 0 else file.name
        if other != file.name:
            raise InboxError(
                f"{where} 的 {other} 与 {file.name} 是同一份文件（sha256 相同），请报送单位核对后只送一份。"
            )
    unlisted = [path.name for path in _listed(folder) if path.name not in {*names, MANIFEST}]
    if unlisted:
        raise InboxError(f"{folder.name} 中的 {'、'.join(unlisted)} 没有列入 {MANIFEST}，请补进清单或移走。")
    return files


def _file(folder: Path, raw: object, where: str) -> DeliveredFile:
    fields = _take(raw, _FILE_FIELDS, f"{where} 的 files", _FILE_OPTIONS)
    name = fields["name"]
    if not isinstance(name, str) or not plain_name(name):
        raise _wrong(where, f"文件名 {name!r}", "必须是本文件夹内的普通文件名（不含路径、不以点开头）")
    rows = fields["rows"]
    if rows is not None and (isinstance(rows, bool) or not isinstance(rows, int) or rows < 0):
        raise _wrong(where, f"{name} 的 rows", "必须是不小于 0 的整数（数据行数），未申报时写 null")
    change = fields.get("change", "record")
    if change not in ("record", "withdrawal"):
        raise _wrong(where, f"{name} 的 change", "只能是 record（记录）或 withdrawal（撤销），不写即为记录")
    path = folder / name
    if path.is_symlink() or not path.is_file():
        raise InboxError(f"{where} 列出的 {name} 不在文件夹 {folder.name} 中，请报送单位补送。")
    return DeliveredFile(
        name=name,
        source=_match(fields, "source", _SOURCE, f"（{name}）必须是来源的英文名", where),
        sha256=_match(fields, "sha256", _SHA256, f"（{name}）必须是 64 位小写十六进制", where),
        rows=rows,
        path=path,
        change="withdrawal" if change == "withdrawal" else "record",
    )


def plain_name(name: str) -> bool:
    """Whether a name is that of an ordinary file in a delivery folder: no path, not hidden, printable, not too long."""
    return (
        0 < len(name) <= 200
        and name.isprintable()
        and not name.startswith(".")
        and not set(name) & set('/\\:*?"<>|')
        and name != MANIFEST
    )
