"""The registry of sources: who sends each contract's data, by which channel, how often, under which clocks.

Here: `sources.yaml` as typed entries (`Source`), the notice's domains and indicator classes with why one has no feed.
Not here: what a row must look like (the contracts), what a clock counts (`clocks.yaml`), how a channel is read.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

from data_contracts import model, odcs
from data_contracts.model import Contract
from data_contracts.odcs import ContractError, Raw

KINDS = (
    "register", "grade", "base", "field", "department", "province_push", "exploratory", "request", "people", "feedback",
    "control", "evidence",
)  # fmt: skip
CHANNELS = ("file", "database", "http")
CADENCES = ("daily", "weekly", "monthly", "yearly", "as_needed")
COUNTIES = "COUNTIES"
FILE = "sources.yaml"
_ENTRY = {
    "kind", "producers", "channel", "connection", "cadence", "clocks", "required", "connected", "reason", "domains",
    "fields", "indicator_class", "reaches_plan",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Source:
    """One source: its contract has the same name. `reason`: why it is 未接入, when it is not connected.

    `producers`: codes of units.csv; `fields`: codes of the special fields it brings (a single one is the default of
    its rows); `domains`: of the notice's twelve (R-14); `indicator_class`: of the five of R-18b; `reaches_plan`:
    whether its rows may reach a plan without a policy that says so (R-16).
    """

    name: str
    kind: str
    producers: tuple[str, ...]
    channel: str
    connection: Mapping[str, Any] = field(hash=False)
    cadence: str
    clocks: tuple[str, ...]
    required: bool
    connected: bool
    reason: str | None
    domains: tuple[str, ...]
    fields: tuple[str, ...]
    indicator_class: str | None
    reaches_plan: bool

    @property
    def contract(self) -> Contract:
        """What its rows promise."""
        return model.source_contract(self.name)


@dataclass(frozen=True, slots=True)
class Heading:
    """A domain of R-14 or an indicator class of R-18b; `reason`: why no connected source brings it."""

    code: str
    title: str
    reason: str | None


@dataclass(frozen=True, slots=True)
class Coverage:
    """A heading, its sources, those of them that are connected, and why there is none (未接入)."""

    heading: Heading
    sources: tuple[Source, ...]
    feeds: tuple[Source, ...]
    reason: str | None


@dataclass(frozen=True, slots=True)
class Registry:
    """Everything `sources.yaml` says."""

    sources: tuple[Source, ...]
    domains: tuple[Heading, ...]
    indicator_classes: tuple[Heading, ...]


def sources() -> tuple[Source, ...]:
    """Every source, by name."""
    return load_registry(model.ROOT).sources


def source(name: str) -> Source:
    """The source of that name; ContractError names the known ones."""
    for entry in sources():
        if entry.name == name:
            return entry
    known = "、".join(entry.name for entry in sources())
    raise ContractError(f"{FILE} 中没有来源 {name}，请改用以下之一：{known}。")


def domains() -> tuple[Heading, ...]:
    """The twelve domains of clause (五), in the notice's order (R-14)."""
    return load_registry(model.ROOT).domains


def indicator_classes() -> tuple[Heading, ...]:
    """The five first-level classes of the indicator system (R-18b)."""
    return load_registry(model.ROOT).indicator_classes


def domain_coverage() -> tuple[Coverage, ...]:
    """For each of the twelve domains, who feeds it; `reason` where nobody does (R-14)."""
    return coverage(load_registry(model.ROOT), "domains")


def class_coverage() -> tuple[Coverage, ...]:
    """For each of the five indicator classes, who feeds it; `reason` where nobody does (R-18b)."""
    return coverage(load_registry(model.ROOT), "indicator_classes")


def coverage(registry: Registry, what: Literal["domains", "indicator_classes"]) -> tuple[Coverage, ...]:
    """The headings with their sources: the reason is the heading's own, else that of its unconnected sources."""
    found = []
    for heading in registry.domains if what == "domains" else registry.indicator_classes:
        code = heading.code
        mine = [s for s in registry.sources if code in (s.domains if what == "domains" else (s.indicator_class,))]
        feeds = tuple(entry for entry in mine if entry.connected)
        said = [text for text in (heading.reason, *(entry.reason for entry in mine)) if text]
        found.append(Coverage(heading, tuple(mine), feeds, None if feeds else "".join(said) or None))
    return tuple(found)


@lru_cache(maxsize=8)
def load_registry(root: Path) -> Registry:
    """`sources.yaml` of `root`; ContractError names the file, the entry and what to do."""
    path = root / FILE
    document = odcs.parse(path)
    odcs.check_keys(document, {"sources", "domains", "indicator_classes"}, path, "文件")
    counties = _counties(root)
    entries = document.get("sources")
    if not isinstance(entries, dict) or not entries:
        raise ContractError(f"{FILE} 没有 sources，请逐个写明来源。")
    return Registry(
        tuple(_source(path, str(name), raw, counties) for name, raw in sorted(entries.items())),
        _headings(path, document, "domains"),
        _headings(path, document, "indicator_classes"),
    )


def _counties(root: Path) -> tuple[str, ...]:
    path = root / "reference" / "units.csv"
    if not path.exists():
        raise ContractError("缺少 reference/units.csv，不知县级单位有哪些，请先补上单位表。")
    with path.open(encoding="utf-8", newline="") as lines:
        return tuple(row["unit_code"] for row in csv.DictReader(lines) if row["kind"] == "county")


def _source(path: Path, name: str, raw: Any, counties: tuple[str, ...]) -> Source:
    where = f"来源 {name} "
    if not isinstance(raw, dict):
        raise ContractError(f"{FILE} 的{where}不是键值结构，请对照其他来源补全。")
    odcs.check_keys(raw, _ENTRY, path, where)
    connected = _flag(raw, "connected", True, where)
    reason = raw.get("reason")
    if not connected and not (isinstance(reason, str) and reason.strip()):
        raise ContractError(f"{FILE} 的{where}未接入（connected: false）却没有 reason，请写明原因（R-14）。")
    if connected and reason is not None:
        raise ContractError(f"{FILE} 的{where}已接入却写了未接入的 reason，请删去 reason 或改为 connected: false。")
    connection = raw.get("connection") or {}
    if not isinstance(connection, dict):
        raise ContractError(f"{FILE} 的{where}的 connection 不是键值结构，请改正。")
    listed = _list(raw, "producers", where)
    return Source(
        name=name,
        kind=_choice(raw, "kind", KINDS, where),
        producers=tuple(code for entry in listed for code in (counties if entry == COUNTIES else (entry,))),
        channel=_choice(raw, "channel", CHANNELS, where),
        connection=connection,
        cadence=_choice(raw, "cadence", CADENCES, where),
        clocks=_list(raw, "clocks", where),
        required=_flag(raw, "required", False, where),
        connected=connected,
        reason=reason.strip() if isinstance(reason, str) else None,
        domains=_list(raw, "domains", where),
        fields=_list(raw, "fields", where),
        indicator_class=str(raw["indicator_class"]) if raw.get("indicator_class") else None,
        reaches_plan=_flag(raw, "reaches_plan", False, where),
    )


def _choice(raw: Raw, key: str, allowed: tuple[str, ...], where: str) -> str:
    value = raw.get(key)
    if value not in allowed:
        raise ContractError(f"{FILE} 的{where}的 {key} 只能是 {'、'.join(allowed)} 之一，请改正。")
    return str(value)


def _flag(raw: Raw, key: str, default: bool, where: str) -> bool:
    value = raw.get(key, default)
    if not isinstance(value, bool):
        raise ContractError(f"{FILE} 的{where}的 {key} 只能是 true 或 false，请改正。")
    return value


def _list(raw: Raw, key: str, where: str) -> tuple[str, ...]:
    value = raw.get(key) or []
    if not isinstance(value, list) or not all(isinstance(entry, str) for entry in value):
        raise ContractError(f"{FILE} 的{where}的 {key} 应是文字的列表（代码请加引号），请改正。")
    if len(set(value)) != len(value):
        raise ContractError(f"{FILE} 的{where}的 {key} 有重复，请删去一处。")
    return tuple(value)


def _headings(path: Path, document: Raw, key: str) -> tuple[Heading, ...]:
    found = []
    for raw in document.get(key) or []:
        if not isinstance(raw, dict) or not raw.get("code") or not raw.get("title"):
            raise ContractError(f"{FILE} 的 {key} 每项都要写 code 和 title，请补全。")
        odcs.check_keys(raw, {"code", "title", "reason"}, path, f" {key} {raw['code']} ")
        found.append(Heading(str(raw["code"]), str(raw["title"]), raw.get("reason")))
    return tuple(found)
