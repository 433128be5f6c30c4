"""The quarantined rows and files of a month with their units, their state and what was done about them.

Here: reading the month's tables and the ledger together. Not here: changing anything.
State of a row: open → corrected (a correction is kept) → released (it went out as a delivery), or returned (sent back
to its producer); resolved once a run of the month has accepted a row of the same unit that names it as its original, or
has known it for the repetition of one accepted before.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import pyarrow.parquet as pq

from data_contracts.model import Contract, source_contract
from data_contracts.registry import sources
from resources.lake import MonthLake
from resources.ledger import Ledger
from resources.settings import Home

if TYPE_CHECKING:
    from resources.quarantine.findings import Finding

LEDGER = "quarantine"
STATES = ("open", "corrected", "released", "returned", "resolved")
CORRECTED, RELEASED, RETURNED, VIEWED = "corrected", "released", "returned", "viewed"


class QuarantineError(Exception):
    """Something cannot be done with a quarantined row: one Chinese sentence with what to do instead."""


@dataclass(frozen=True, slots=True)
class Action:
    """What a person did: kind corrected, released, returned or viewed; `body` as the ledger keeps it."""

    kind: str
    at: str
    body: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Origin:
    """The delivery that brought a row or file."""

    unit_code: str
    unit_name: str
    source_system: str
    is_generated: bool
    registry_rows: str | None


@dataclass(frozen=True, slots=True)
class AsideRow:
    """One quarantined row. cells: contract column → text as delivered (None: empty). resolved_by: the accepted row.

    is_withdrawal: the row came to withdraw a record, and what corrects it must do so too.
    """

    source: str
    row_id: str
    delivery_id: str
    file_name: str
    sheet: str
    row_no: int
    corrects_row_id: str | None
    is_withdrawal: bool
    rule_ids: tuple[str, ...]
    reasons: str
    raw_cells: str
    candidates: str | None
    origin: Origin
    actions: tuple[Action, ...]
    resolved_by: str | None

    @property
    def contract(self) -> Contract:
        """What the row should have kept to."""
        return source_contract(self.source)

    @property
    def cells(self) -> dict[str, str | None]:
        """The raw cells in the order of the contract."""
        raw = json.loads(self.raw_cells)
        return {name: raw.get(name) for name in self.contract.column_names}

    @property
    def corrected_cells(self) -> dict[str, str | None]:
        """The raw cells with every kept correction laid over them."""
        cells = self.cells
        for action in self.actions:
            if action.kind == CORRECTED:
                cells |= action.body["cells"]
        return cells

    @property
    def findings(self) -> tuple[Finding, ...]:
        """What is wrong, rule by rule."""
        from resources.quarantine.findings import findings  # the rules' words come with sqlglot; a list needs none

        return findings(self.contract, self.rule_ids, self.reasons)

    @property
    def state(self) -> str:
        """One of STATES."""
        done = [action.kind for action in self.actions if action.kind != VIEWED]
        return "resolved" if self.resolved_by else done[-1] if done else "open"


@dataclass(frozen=True, slots=True)
class AsideFile:
    """One file that could not be read and stands aside whole."""

    file_id: str
    delivery_id: str
    file_name: str
    source: str
    kind: str
    reason: str
    origin: Origin
    actions: tuple[Action, ...]

    @property
    def state(self) -> str:
        """open or returned; a file is mended by delivering it anew."""
        return RETURNED if any(action.kind == RETURNED for action in self.actions) else "open"


@dataclass(frozen=True, slots=True)
class MaskedFile:
    """A file that was used, and how many numbers of persons were taken out of it."""

    delivery_id: str
    file_name: str
    source: str
    identities: int
    mobiles: int
    origin: Origin


class Quarantine:
    """What stands aside in one month, the newest that has been validated where none is named."""

    def __init__(self, home: Home, month: str | None = None) -> None:
        """QuarantineError when no month has been validated yet; LakeError when the named one has not."""
        self.home = home
        self.ledger = Ledger(home.ledger, LEDGER)
        self.lake = MonthLake(home, month or _newest(home))
        self.lake.table("quarantined")

    @property
    def month(self) -> str:
        """The month, YYYY-MM."""
        return self.lake.month

    def rows(
        self, *, source: str | None = None, unit: str | None = None, rule: str | None = None, state: str | None = None
    ) -> Iterator[AsideRow]:
        """The rows that fit, in the order of the month's table; a rule fits by its id or the column it is about."""
        for row in self._table:
            made = self._row(row)
            if (
                source in (None, made.source)
                and unit in (None, made.origin.unit_code)
                and (rule is None or any(rule in (each, each.split(".")[0]) for each in made.rule_ids))
                and state in (None, made.state)
            ):
                yield made

    def row(self, row_id: str) -> AsideRow:
        """The row of that id; QuarantineError when the month has none."""
        for row in self._table:
            if row["row_id"] == row_id:
                return self._row(row)
        if any(file.file_id == row_id for file in self.files()):
            raise QuarantineError(
                f"{row_id} 是整份隔离的文件，不能逐行更正或放行：请用 ssj quarantine return 退回，由报送单位重新送达。"
            )
        raise QuarantineError(
            f"{self.month} 的隔离清单中没有 {row_id}：请用 ssj quarantine list 核对位置号，或用 --month 指定月份。"
        )

    def files(self, *, source: str | None = None, unit: str | None = None) -> list[AsideFile]:
        """The files that stand aside whole, by delivery and name."""
        aside = [row for row in self._read_files() if row["read_state"] == "quarantined"]
        return [
            AsideFile(
                file_id=row["file_sha256"][:16],
                delivery_id=row["delivery_id"],
                file_name=row["file_name"],
                source=row["source"],
                kind=row["fault_kind"] or "",
                reason=row["fault_reason"] or "",
                origin=self._origins[row["delivery_id"]],
                actions=self._actions.get(row["file_sha256"][:16], ()),
            )
            for row in aside
            if source in (None, row["source"]) and unit in (None, row["unit_code"])
        ]

    def masked_files(self, *, source: str | None = None, unit: str | None = None) -> list[MaskedFile]:
        """The files that held numbers of persons, by delivery and name; none in a month of an earlier release."""
        return [
            MaskedFile(
                delivery_id=row["delivery_id"],
                file_name=row["file_name"],
                source=row["source"],
                identities=row["masked_identities"],
                mobiles=row["masked_mobiles"],
                origin=self._origins[row["delivery_id"]],
            )
            for row in self._read_files()
            if (row.get("masked_identities") or row.get("masked_mobiles"))
            and source in (None, row["source"])
            and unit in (None, row["unit_code"])
        ]

    def _read_files(self) -> list[dict[str, Any]]:
        path = self.lake.path("received_file")
        rows: list[dict[str, Any]] = pq.read_table(path).to_pylist() if path.exists() else []
        return rows

    @property
    def demonstration(self) -> bool:
        """Whether everything the month rests on was generated."""
        return bool(self.lake.basis()["demonstration"])

    def record(self, kind: str, bodies: list[dict[str, Any]]) -> None:
        """Append what was done, one entry a row."""
        self.ledger.append_all(kind, bodies)
        self.__dict__.pop("_actions", None)

    def _row(self, row: Mapping[str, Any]) -> AsideRow:
        return AsideRow(
            source=row["source"],
            row_id=row["row_id"],
            delivery_id=row["delivery_id"],
            file_name=row["file_name"],
            sheet=row["sheet"] or "",
            row_no=row["row_no"],
            corrects_row_id=row.get("corrects_row_id"),
            is_withdrawal=(row["delivery_id"], row["file_name"]) in self._withdrawing,
            rule_ids=tuple(row["rule_ids"].split(";")),
            reasons=row["reasons"],
            raw_cells=row["raw_cells"],
            candidates=row.get("candidates"),
            origin=self._origins[row["delivery_id"]],
            actions=self._actions.get(row["row_id"], ()),
            resolved_by=self._resolved.get((row["row_id"], self._origins[row["delivery_id"]].unit_code)),
        )

    @cached_property
    def _table(self) -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = pq.read_table(self.lake.table("quarantined")).to_pylist()
        return rows

    @cached_property
    def _origins(self) -> dict[str, Origin]:
        rows = pq.read_table(self.lake.table("deliveries")).to_pylist()
        return {
            row["delivery_id"]: Origin(
                row["unit_code"], row["unit_name"], row["source_system"], row["is_generated"], row["registry_rows"]
            )
            for row in rows
            if row["state"] != "refused"
        }

    @cached_property
    def _withdrawing(self) -> set[tuple[str, str]]:
        """The files whose rows withdraw records."""
        files = pq.read_table(self.lake.table("deliveries")).to_pylist()
        return {(row["delivery_id"], row["file_name"]) for row in files if row.get("is_withdrawal")}

    @cached_property
    def _actions(self) -> dict[str, tuple[Action, ...]]:
        found: dict[str, list[Action]] = {}
        for entry in self.ledger.entries():
            action = Action(entry["kind"], entry["at"], entry["body"])
            found.setdefault(entry["body"]["row_id"], []).append(action)
        return {row_id: tuple(actions) for row_id, actions in found.items()}

    @cached_property
    def _resolved(self) -> dict[tuple[str, str], str]:
        """(original row, unit) → the accepted row that settles it; a unit cannot settle the rows of another."""
        found = {}
        tables = [("duplicates", "duplicate_of"), *((f"accepted_{source.name}", "row_id") for source in sources())]
        for name, settling in tables:
            path = self.lake.path(name)
            if not path.exists() or "corrects_row_id" not in pq.read_schema(path).names:
                continue
            links = pq.read_table(path, columns=["corrects_row_id", settling, "delivery_id"])
            for row in links.filter(links.column("corrects_row_id").is_valid()).to_pylist():
                found[row["corrects_row_id"], self._origins[row["delivery_id"]].unit_code] = row[settling]
        return found


def _newest(home: Home) -> str:
    months = [path.parent.name for path in sorted(home.lake.glob("*/current"))]
    for month in reversed(months):
        if MonthLake(home, month).path("quarantined").exists():
            return month
    raise QuarantineError("还没有验收过任何月份，没有隔离清单：请先运行 ssj run --month YYYY-MM。")
