"""What is pulled, from where and how: the connections of the registry and of the data folder, read strictly.

Here: `Connection`, its reading from `sources.yaml` (key `connection`) and from `<data folder>/connections.yaml`, which
adds to the registry or replaces an entry of the same name. Not here: the pulling (database, http), what has been pulled
before (pulling). Addresses with passwords, and tokens, stand in environment variables only; here stand their names.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, cast
from urllib.parse import urlsplit

import yaml

from data_contracts.model import Contract, source_contract
from data_contracts.registry import source, sources
from resources.inbox.errors import InboxError

FILE = "connections.yaml"
Deleted = Literal["withdraw", "keep"]
_NAME = re.compile(r"[a-z][a-z0-9_-]{0,23}")
_VARIABLE = re.compile(r"[A-Z][A-Z0-9_]{0,63}")
_COMMON = {
    "source", "channel", "unit", "system", "generated", "columns", "constants", "key", "watermark", "overlap", "withdrawn",
    "deleted_rows",
}  # fmt: skip
_DATABASE = {"url_env", "schema", "table", "page_rows", "timeout_seconds"}
_HTTP = {
    "url", "url_env", "token_env", "ca_file", "records", "total", "paging", "parameters", "since", "per_second",
    "timeout_seconds", "max_seconds", "max_response_mb",
}  # fmt: skip


class PullError(InboxError):
    """A connection cannot be used or gave nothing whole: one Chinese sentence, without address, account or token."""


@dataclass(frozen=True, slots=True)
class Database:
    """A table of a front database. `url_env`: the variable that holds the SQLAlchemy URL; `page_rows`: rows a query."""

    url_env: str
    schema: str | None
    table: str
    page_rows: int
    timeout_seconds: int


@dataclass(frozen=True, slots=True)
class Paging:
    """`page`: numbers from `first`, `size` records each; `cursor`: the answer's `next` (a path) is the next parameter."""

    kind: Literal["page", "cursor"]
    parameter: str
    size_parameter: str | None
    size: int
    first: int
    next: str | None


@dataclass(frozen=True, slots=True)
class Http:
    """An interface that answers JSON. `records`, `total`: dotted paths; `since`: parameter of the watermark."""

    url: str | None
    url_env: str | None
    token_env: str | None
    ca_file: Path | None
    records: str
    total: str | None
    paging: Paging
    parameters: Mapping[str, str] = field(hash=False)
    since: str | None
    per_second: float
    timeout_seconds: float
    max_seconds: int
    max_response_mb: int


@dataclass(frozen=True, slots=True)
class Connection:
    """One table or interface that becomes deliveries of one source by one unit.

    columns: their name -> column of the contract; constants: column of the contract -> text; key: their columns that
    name a row; watermark: their column that grows with every change (None: everything is read each time); overlap:
    minutes (numbers: steps) read again before the last watermark; withdrawn: their column and its texts that mean
    revoked; deleted_rows: what a row that is there no more means.
    """

    name: str
    source: str
    channel: Literal["database", "http"]
    unit: str
    system: str
    generated: bool
    columns: Mapping[str, str] = field(hash=False)
    constants: Mapping[str, str] = field(hash=False)
    key: tuple[str, ...]
    watermark: str | None
    overlap: int
    withdrawn: tuple[str, tuple[str, ...]] | None
    deleted_rows: Deleted
    access: Database | Http

    @property
    def contract(self) -> Contract:
        """The contract of its source."""
        return source_contract(self.source)

    @property
    def delivered_columns(self) -> tuple[str, ...]:
        """The contract's columns that its deliveries hold, in the contract's order."""
        brought = {*self.columns.values(), *self.constants}
        return tuple(name for name in self.contract.column_names if name in brought)

    @property
    def theirs(self) -> tuple[str, ...]:
        """Every name of theirs that is read, each once."""
        extra = (self.watermark, self.withdrawn[0] if self.withdrawn else None)
        return tuple(dict.fromkeys([*self.key, *self.columns, *(name for name in extra if name)]))


def connections(home: Path) -> tuple[Connection, ...]:
    """Every connection by name: of the registry, then of `home`/connections.yaml; PullError names file and key."""
    found = {
        entry.name: _read(
            entry.name,
            dict(entry.connection) | {"source": entry.name, "channel": entry.channel},
            f"sources.yaml 的来源 {entry.name}",
        )
        for entry in sources()
        if entry.channel != "file" and entry.connected and entry.connection
    }
    for name, raw in _overlay(home / FILE).items():
        found[str(name)] = _read(str(name), raw, f"{FILE} 的连接 {name}")
    return tuple(found[name] for name in sorted(found))


def secret(variable: str, connection: str, what: str) -> str:
    """The text of an environment variable; PullError when it is not set."""
    value = os.environ.get(variable, "").strip()
    if not value:
        raise PullError(f"连接 {connection} 的{what}应放在环境变量 {variable} 中，现在没有设置：请设置后重新取数。")
    return value


def _overlay(path: Path) -> Mapping[str, Any]:
    if not path.exists():
        return {}
    try:
        document = yaml.load(path.read_bytes(), Loader=yaml.CSafeLoader)
    except (OSError, yaml.YAMLError) as error:
        raise PullError(f"{FILE} 读不出来，不是规范的 YAML：请对照 deploy/connections.example.yaml 改正。") from error
    listed = document.get("connections") if isinstance(document, dict) and set(document) == {"connections"} else None
    if not isinstance(listed, dict):
        raise PullError(
            f"{FILE} 应只有一个键 connections，其下每个连接一项：请对照 deploy/connections.example.yaml 改正。"
        )
    return listed


def _read(name: str, raw: Any, where: str) -> Connection:
    if not _NAME.fullmatch(name):
        raise PullError(f"{where} 的名称只能用小写字母、数字、横线和下划线，以字母开头，不超过 24 个字符。")
    entry = _Entry(raw, where)
    channel = entry.choice("channel", ("database", "http"))
    entry.keys(_COMMON | (_DATABASE if channel == "database" else _HTTP))
    known = {each.name: each for each in sources()}
    about = entry.text("source")
    if about not in known:
        raise entry.wrong("source", f"{about} 不在来源登记中")
    producers = known[about].producers
    unit = entry.text("unit", producers[0] if len(producers) == 1 else None)
    if unit not in producers:
        raise entry.wrong("unit", f"{unit} 不是来源 {about} 的报送单位（应为 {'、'.join(producers)} 之一）")
    made = Connection(
        name=name,
        source=about,
        channel="database" if channel == "database" else "http",
        unit=unit,
        system=entry.text("system"),
        generated=entry.flag("generated"),
        columns=entry.mapping("columns"),
        constants=entry.mapping("constants", required=False),
        key=entry.texts("key"),
        watermark=entry.optional("watermark"),
        overlap=entry.number("overlap", 60, least=0),
        withdrawn=_withdrawn(entry),
        deleted_rows=cast(Deleted, entry.choice("deleted_rows", ("withdraw", "keep"), "withdraw")),
        access=_database(entry) if channel == "database" else _http(entry),
    )
    _check(made, entry)
    return made


def _check(made: Connection, entry: _Entry) -> None:
    contract = source(made.source).contract
    ours = [*made.columns.values(), *made.constants]
    unknown = sorted(set(ours) - set(contract.column_names))
    if unknown:
        raise entry.wrong("columns", f"对应到的 {'、'.join(unknown)} 不是「{contract.title}」契约的列名")
    twice = sorted({name for name in ours if ours.count(name) > 1})
    if twice:
        raise entry.wrong("columns", f"把 {'、'.join(twice)} 对应了两次")
    missing = [column.title for column in contract.columns if column.required and column.name not in ours]
    if missing:
        raise entry.wrong("columns", f"缺少「{contract.title}」的必填列「{'」「'.join(missing)}」")
    access = made.access
    if isinstance(access, Http):
        if bool(access.url) == bool(access.url_env):
            raise entry.wrong("url", "与 url_env 应写且只写一个")
        if access.url and (urlsplit(access.url).scheme not in ("http", "https") or urlsplit(access.url).username):
            raise entry.wrong("url", "应是不含账号口令的 http 或 https 地址（含密的地址放入环境变量，写 url_env）")
        if bool(access.since) != bool(made.watermark):
            raise entry.wrong("since", "与 watermark 应同时写或同时不写")


def _withdrawn(entry: _Entry) -> tuple[str, tuple[str, ...]] | None:
    if entry.raw.get("withdrawn") is None:
        return None
    inner = _Entry(entry.raw["withdrawn"], f"{entry.where} 的 withdrawn")
    inner.keys({"column", "values"})
    return inner.text("column"), inner.texts("values")


def _database(entry: _Entry) -> Database:
    return Database(
        url_env=entry.variable("url_env"),
        schema=entry.optional("schema"),
        table=entry.text("table"),
        page_rows=entry.number("page_rows", 1_000_000, least=1),
        timeout_seconds=entry.number("timeout_seconds", 600, least=1),
    )


def _http(entry: _Entry) -> Http:
    inner = _Entry(entry.raw.get("paging"), f"{entry.where} 的 paging")
    inner.keys({"kind", "parameter", "size_parameter", "size", "first", "next"})
    kind = inner.choice("kind", ("page", "cursor"))
    return Http(
        url=entry.optional("url"),
        url_env=entry.variable("url_env") if entry.raw.get("url_env") else None,
        token_env=entry.variable("token_env") if entry.raw.get("token_env") else None,
        ca_file=Path(entry.text("ca_file")) if entry.raw.get("ca_file") else None,
        records=entry.text("records"),
        total=entry.optional("total"),
        paging=Paging(
            kind="page" if kind == "page" else "cursor",
            parameter=inner.text("parameter"),
            size_parameter=inner.optional("size_parameter"),
            size=inner.number("size", 500, least=1),
            first=inner.number("first", 1, least=0),
            next=inner.text("next") if kind == "cursor" else None,
        ),
        parameters=entry.mapping("parameters", required=False),
        since=entry.optional("since"),
        per_second=entry.number("per_second", 5, least=1),
        timeout_seconds=entry.number("timeout_seconds", 30, least=1),
        max_seconds=entry.number("max_seconds", 3600, least=1),
        max_response_mb=entry.number("max_response_mb", 20, least=1),
    )


class _Entry:
    """One mapping of the file, read key by key; every fault is a sentence with the place."""

    def __init__(self, raw: Any, where: str) -> None:
        if not isinstance(raw, Mapping):
            raise PullError(f"{where} 不是键值结构，请对照 deploy/connections.example.yaml 补全。")
        self.raw: Mapping[str, Any] = raw
        self.where = where

    def wrong(self, key: str, what: str) -> PullError:
        return PullError(f"{self.where} 的 {key} {what}，请改正。")

    def keys(self, known: set[str]) -> None:
        unknown = sorted(str(key) for key in set(self.raw) - known)
        if unknown:
            raise PullError(f"{self.where} 有不认识的键 {'、'.join(unknown)}，请改正拼写或删去。")

    def text(self, key: str, default: str | None = None) -> str:
        value = self.raw.get(key, default)
        if not isinstance(value, str) or not value.strip():
            raise self.wrong(key, "必须写明，是一段文字（代码请加引号）")
        return value.strip()

    def optional(self, key: str) -> str | None:
        return None if self.raw.get(key) is None else self.text(key)

    def texts(self, key: str) -> tuple[str, ...]:
        value = self.raw.get(key)
        if not isinstance(value, Sequence) or isinstance(value, str) or not value:
            raise self.wrong(key, "应是文字的列表")
        if not all(isinstance(each, str) for each in value) or len(set(value)) != len(value):
            raise self.wrong(key, "应是不重复的文字（代码请加引号）")
        return tuple(value)

    def mapping(self, key: str, *, required: bool = True) -> Mapping[str, str]:
        value = self.raw.get(key)
        if value is None and not required:
            return {}
        if not isinstance(value, Mapping) or not value:
            raise self.wrong(key, "应逐项写明，是“名称: 文字”")
        if not all(isinstance(left, str) and isinstance(right, str) for left, right in value.items()):
            raise self.wrong(key, "的每一项都应是文字（代码请加引号）")
        return dict(value)

    def choice(self, key: str, allowed: Sequence[str], default: str | None = None) -> str:
        value = self.raw.get(key, default)
        if value not in allowed:
            raise self.wrong(key, f"只能是 {'、'.join(allowed)} 之一")
        return str(value)

    def flag(self, key: str) -> bool:
        value = self.raw.get(key, False)
        if not isinstance(value, bool):
            raise self.wrong(key, "只能是 true 或 false")
        return value

    def number(self, key: str, default: int, *, least: int) -> int:
        value = self.raw.get(key, default)
        if isinstance(value, bool) or not isinstance(value, int) or value < least:
            raise self.wrong(key, f"应是不小于 {least} 的整数")
        return value

    def variable(self, key: str) -> str:
        value = self.text(key)
        if not _VARIABLE.fullmatch(value):
            # What stands here may be the secret itself: it is not repeated.
            raise PullError(f"{self.where} 的 {key} 应是环境变量的名称（大写字母、数字、下划线），不是地址或口令本身。")
        return value
