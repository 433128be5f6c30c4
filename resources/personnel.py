"""执法人员名册: the names behind the inspectors' ids, for the county workbooks alone (R-37).

Here: reading `confidential/personnel.xlsx` or `.csv` in the sandbox, under its own contract; masking certificates. Not
here: which inspector visits whom. Names go from here into a workbook and nowhere else: not the lake, not a log, not an
error; what is wrong with the file is said with ids alone.
"""

from __future__ import annotations

import os
import stat
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from data_contracts.model import confidential_contract
from resources.inbox.sandbox import Job, Sandbox
from resources.settings import Home

FILES = ("personnel.xlsx", "personnel.csv")
_SHOWN = 5  # ids named in a sentence


@dataclass(frozen=True, slots=True)
class Person:
    """Name and masked certificate number of an inspector."""

    name: str
    masked_cert: str | None


@dataclass(frozen=True, slots=True)
class Personnel:
    """Who is behind which id; `notes`: sentences for whoever reads the workbook, without names."""

    people: Mapping[str, Person] = field(default_factory=dict, repr=False)
    notes: tuple[str, ...] = ()

    def shown(self, inspector_id: str) -> str:
        """Id, name and masked certificate; the id alone where the name is not known."""
        person = self.people.get(inspector_id)
        if person is None:
            return inspector_id
        cert = f"，执法证 {person.masked_cert}" if person.masked_cert else ""
        return f"{person.name}（{inspector_id}{cert}）"

    def told(self, inspector_ids: Iterable[str]) -> tuple[str, ...]:
        """The notes, with one more about those of these ids that the file does not have."""
        unknown = sorted(set(inspector_ids) - set(self.people))
        if not self.people or not unknown:
            return self.notes
        return (*self.notes, f"执法人员名册中没有工号 {_few(unknown)}，只列工号；请信用科补齐名册。")


def read_personnel(home: Home) -> Personnel:
    """The personnel file of the data folder; without a usable one nobody is named, and `notes` says why."""
    found = [home.confidential / name for name in FILES if (home.confidential / name).exists()]
    if not found:
        return Personnel(notes=("没有执法人员名册（confidential/personnel.xlsx），只列工号。",))
    if len(found) > 1:
        return Personnel(
            notes=("执法人员名册有 personnel.xlsx 和 personnel.csv 两份，不知以哪份为准，只列工号；请留一份。",)
        )
    [path] = found
    if not path.is_file() or path.is_symlink() or stat.S_IMODE(path.stat().st_mode) & 0o077:
        return Personnel(notes=(f"执法人员名册 {path.name} 旁人可读，未予采用，只列工号；请把文件权限改为 0600。",))
    rows, fault = _rows(path)
    if fault is not None:
        return Personnel(notes=(f"执法人员名册读不出，只列工号：{fault}",))
    return _people(rows)


def _rows(path: Path) -> tuple[list[dict[str, Any]], str | None]:
    """The rows as text, read aside; what the reading leaves behind is gone afterwards."""
    contract = confidential_contract("personnel")
    ending = f".{os.getpid()}.tmp"  # a name that the lake tidies up after
    with tempfile.TemporaryDirectory(ending, ".personnel-", path.parent) as folder, Sandbox(1) as sandbox:
        target = Path(folder) / "table.parquet"
        [outcome] = sandbox.read([Job(path, contract, None, target)])
        if outcome.state != "read":
            return [], outcome.reason
        return pq.read_table(target, columns=["row_no", *contract.column_names]).to_pylist(), None


def _people(rows: list[dict[str, Any]]) -> Personnel:
    said: dict[str, set[tuple[str, str | None]]] = {}
    incomplete = []
    for row in rows:
        number, name, cert = (str(row[key] or "").strip() for key in ("inspector_id", "person_name", "cert_no"))
        if number and name:
            said.setdefault(number, set()).add((name, cert or None))
        else:
            incomplete.append(str(row["row_no"]))
    twice = sorted(number for number, people in said.items() if len(people) > 1)
    notes = []
    if twice:
        notes.append(f"执法人员名册中工号 {_few(twice)} 有两种写法，不知是谁，只列工号；请信用科核对名册。")
    if incomplete:
        notes.append(f"执法人员名册第 {_few(incomplete)} 行缺工号或姓名，未采用；请信用科补齐名册。")
    people = {
        number: Person(name, masked(cert))
        for number, [(name, cert)] in ((n, list(p)) for n, p in sorted(said.items()) if len(p) == 1)
    }
    return Personnel(people, tuple(notes))


def masked(cert: str | None) -> str | None:
    """A certificate number with its first and last two characters alone; a short one is hidden whole."""
    if cert is None:
        return None
    return "*" * len(cert) if len(cert) < 8 else cert[:2] + "*" * (len(cert) - 4) + cert[-2:]


def _few(texts: list[str]) -> str:
    more = f" 等 {len(texts)} 个" if len(texts) > _SHOWN else ""
    return "、".join(texts[:_SHOWN]) + more
