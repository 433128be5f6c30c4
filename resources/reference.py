"""Reference lists of `data_contracts/`: read as files, handed on as Arrow tables and plain rows.

For: counties and divisions, units, the policy, with their digests; what the code itself is.
Not for: deciding anything with them (supervision), nor for what departments deliver (inbox); the calendar (calendars).
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import lru_cache
from typing import Any

import pyarrow as pa
import yaml

from resources.calendars import rows
from resources.policy_files import read_policy, shipped
from resources.settings import CHECKOUT, REFERENCE
from supervision.bulletin_rules import Edition, parse_editions
from supervision.clocks import Clock, Unpublished, parse_clocks, parse_unpublished
from supervision.months import MonthError, first_day, last_day
from supervision.policy import Policy, PolicyError
from supervision.task_register import Register, Settled, Units, parse_register

CODE_ROOMS = ("assets", "data_contracts", "resources", "sql", "supervision")
CODE_SUFFIXES = (".csv", ".docx", ".html", ".py", ".sql", ".yaml")  # a template words what goes out


@dataclass(frozen=True, slots=True)
class City:
    """The city this checkout serves (`data_contracts/city.yaml`)."""

    name: str
    full_name: str
    division_prefix: str
    seat_county: str
    first_month: str
    not_served: tuple[Mapping[str, str], ...]


@lru_cache(maxsize=1)
def city() -> City:
    """The configured city."""
    text = (CHECKOUT / "data_contracts" / "city.yaml").read_bytes()
    return City(**yaml.load(text, Loader=yaml.CSafeLoader))


@lru_cache(maxsize=1)
def not_served() -> Mapping[str, str]:
    """Month -> why it has no policy, a written decision of `city.yaml`; PolicyError for a period written otherwise."""
    found = {}
    for period in city().not_served:
        try:
            day, last, reason = first_day(period["first_month"]), first_day(period["last_month"]), period["reason"]
        except (KeyError, TypeError, MonthError) as error:
            what = "city.yaml 的 not_served：每项写 first_month、last_month（YYYY-MM）和 reason，请改正"
            raise PolicyError(what) from error
        while day <= last:
            found[f"{day:%Y-%m}"] = reason
            day = last_day(f"{day:%Y-%m}") + timedelta(1)
    return found


def text_table(records: Iterable[Mapping[str, Any]], columns: Iterable[str]) -> pa.Table:
    """Records as an Arrow table of text columns; a missing value is NULL."""
    listed = list(records)
    arrays = {name: [None if r.get(name) in (None, "") else str(r[name]) for r in listed] for name in columns}
    return pa.table({name: pa.array(values, pa.string()) for name, values in arrays.items()})


def record_table(records: Iterable[Mapping[str, Any]]) -> pa.Table:
    """Records of one shape (text, whole numbers, truth values) as an Arrow table; at least one row is needed."""
    return pa.Table.from_pylist([dict(r) for r in records])


def units() -> list[dict[str, str]]:
    """Reporting units: unit_code, unit_name, kind, county, aliases."""
    return rows(REFERENCE / "units.csv")


def county_names() -> pa.Table:
    """Names that place an address: name, county (`OUT` for other places), priority (lower wins)."""
    return text_table(rows(REFERENCE / "county_names.csv"), ("name", "county", "priority"))


def division_counties() -> pa.Table:
    """Division codes, current and retired, to the county of today (`OUT` where it is another city's)."""
    ours = {row["code"]: row["code"] for row in rows(REFERENCE / "yuncheng_divisions.csv")}
    ours |= {row["code"]: row["county"] for row in rows(REFERENCE / "divisions_retired.csv")}
    return text_table(({"code": c, "county": k} for c, k in sorted(ours.items())), ("code", "county"))


def task_register(known: Units, settled: Mapping[str, Settled] | None = None) -> Register:
    """The tasks of the notice (`data_contracts/tasks.yaml`), with what people decided about its names."""
    text = (CHECKOUT / "data_contracts" / "tasks.yaml").read_bytes()
    return parse_register(yaml.load(text, Loader=yaml.CSafeLoader), known, settled)


def bulletin_editions(tasks: Iterable[str]) -> tuple[Edition, ...]:
    """The rules of the bulletin (`data_contracts/bulletin.yaml`); BulletinError when they cannot be used."""
    text = (CHECKOUT / "data_contracts" / "bulletin.yaml").read_bytes()
    return parse_editions(yaml.load(text, Loader=yaml.CSafeLoader), tasks)


@lru_cache(maxsize=1)
def policies() -> tuple[tuple[Policy, str, str], ...]:
    """Every policy with the digest and the name of its file; PolicyError for one that cannot be read."""
    files = [read_policy(path) for path in shipped()]
    return tuple((file.policy, file.sha256, file.name) for file in files)


def policy_for(month: str) -> tuple[Policy, str]:
    """The policy in force in a month and the digest of its file; PolicyError when none or several are."""
    found = [(policy, digest, name) for policy, digest, name in policies() if policy.in_force(month)]
    if len(found) == 1:
        return found[0][0], found[0][1]
    if not found and month in not_served():
        raise PolicyError(f"{month} 没有抽查政策：{not_served()[month]}（data_contracts/city.yaml 的 not_served）")
    names = "、".join(name for _, _, name in found) or "没有"
    raise PolicyError(f"{month} 应恰有一份有效的抽查政策，现有：{names}；请检查 data_contracts/policies 的起止日期")


@lru_cache(maxsize=1)
def code_digest() -> str:
    """Digest of everything that turns deliveries into results: the same code gives the same version of a month."""
    total = hashlib.sha256()
    for room in CODE_ROOMS:
        for path in sorted(p for p in (CHECKOUT / room).rglob("*") if p.suffix in CODE_SUFFIXES):
            total.update(f"{path.relative_to(CHECKOUT).as_posix()}\0".encode())
            total.update(hashlib.sha256(path.read_bytes()).digest())
    return total.hexdigest()


@lru_cache(maxsize=1)
def code_commit() -> str:
    """The commit of the checkout (40 hexadecimal digits), or zeros where it is not a git checkout."""
    git = CHECKOUT / ".git"
    head = git / "HEAD"
    if not head.exists():
        return "0" * 40
    text = head.read_text("ascii").strip()
    if not text.startswith("ref: "):
        return text
    name = text.removeprefix("ref: ")
    loose = git / name
    if loose.exists():
        return loose.read_text("ascii").strip()
    packed = git / "packed-refs"
    lines = packed.read_text("ascii").splitlines() if packed.exists() else []
    return next((line.split()[0] for line in lines if line.endswith(f" {name}")), "0" * 40)


@lru_cache(maxsize=1)
def clocks() -> tuple[Clock, ...]:
    """The clocks of collecting and publishing (`data_contracts/clocks.yaml`); ClockError when it cannot be used."""
    return parse_clocks(_clocks_document())


@lru_cache(maxsize=1)
def unpublished() -> tuple[Unpublished, ...]:
    """Records that by law are not made public (`data_contracts/clocks.yaml`); ClockError when it cannot be used."""
    return parse_unpublished(_clocks_document())


def _clocks_document() -> dict[str, Any]:
    text = (CHECKOUT / "data_contracts" / "clocks.yaml").read_bytes()
    document: dict[str, Any] = yaml.load(text, Loader=yaml.CSafeLoader)
    return document
