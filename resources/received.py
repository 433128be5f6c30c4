"""Received files as Parquet, each read once: known by the digest of its bytes and of the contract it was read by.

For: handing files to the sandbox, keeping what it answered, saying which files stand aside and why.
Not for: reading (inbox), which deliveries belong to a month (receipts), judging rows (engines/contract_sql).
A file that cannot be read is kept aside whole; the others go on.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from data_contracts.model import Contract
from data_contracts.registry import source
from resources.inbox import InboxError, read_delivery
from resources.inbox.errors import Drift
from resources.inbox.masking import Counted
from resources.inbox.reading import SheetCount
from resources.inbox.sandbox import Job, Outcome, Sandbox
from resources.lake import received_path, write_bytes
from resources.settings import Home
from supervision.canonical import json_bytes

READ, QUARANTINED, REPEATED = "read", "quarantined", "repeated"


@dataclass(frozen=True, slots=True)
class Wanted:
    """One file of a delivery to be read under a contract; `rows`: as its manifest announces, None if it does not.

    unit_code: who sent it (None: not asked).
    """

    delivery_id: str
    file_name: str
    sha256: str
    rows: int | None
    contract: Contract
    is_withdrawal: bool = False
    unit_code: str | None = None


@dataclass(frozen=True, slots=True)
class Received:
    """What became of a file: `state` read, quarantined or repeated; `path`: its Parquet when read.

    masked: numbers of persons taken out of its cells (R-37).
    """

    wanted: Wanted
    state: str
    path: Path | None
    kind: str | None = None
    reason: str | None = None
    sheets: tuple[SheetCount, ...] = ()
    drifts: tuple[Drift, ...] = ()
    masked: Counted = field(default_factory=Counted)

    @property
    def rows(self) -> int | None:
        """Rows delivered, further parties of a row included; None when the file was not read."""
        return sum(sheet.delivered_rows for sheet in self.sheets) if self.state == READ else None


def receive(home: Home, files: Sequence[Wanted]) -> list[Received]:
    """Read the files that were not read before; the answers in the order of `files`."""
    answers: dict[int, Received] = {}
    jobs: dict[int, Job] = {}
    for number, wanted in enumerate(files):
        if reason := _stranger(wanted):
            answers[number] = Received(wanted, QUARANTINED, None, "sender", reason)
            continue
        target, kept = _places(home, wanted)
        if kept.exists():
            answers[number] = _from_json(wanted, target, json.loads(kept.read_bytes()))
            continue
        try:
            jobs[number] = Job(_verified(home, wanted), wanted.contract, None, target)
        except InboxError as error:
            # Not kept: the file may be mended by delivering it anew.
            answers[number] = Received(wanted, QUARANTINED, None, "altered", str(error))
    first = {job.target: number for number, job in reversed(jobs.items())}
    unique = {number: job for number, job in jobs.items() if first[job.target] == number}
    if unique:
        with Sandbox() as box:
            for number, outcome in zip(unique, box.read(list(unique.values())), strict=True):
                answers[number] = _answer(files[number], outcome)
                if outcome.state == READ or outcome.kind not in ("timeout", "memory"):
                    # How long a busy machine took is no property of the file: such an answer is not kept.
                    write_bytes(_places(home, files[number])[1], json_bytes(_as_json(answers[number])))
    for number in jobs.keys() - unique.keys():
        answers[number] = replace(answers[first[jobs[number].target]], wanted=files[number])
    return _counted([answers[number] for number in range(len(files))])


def _counted(answers: list[Received]) -> list[Received]:
    """Against the announced rows; the same bytes bring their records once and withdraw them once, for one source."""
    seen: dict[tuple[str, bool], Wanted] = {}
    counted = []
    for answer in answers:
        wanted, rows = answer.wanted, answer.rows
        announced = sum(sheet.data_rows for sheet in answer.sheets)  # a row that names two parties is one row
        if rows is not None and wanted.rows not in (None, announced):
            reason = (
                f"{wanted.delivery_id}/{wanted.file_name} 读到 {announced} 行数据，清单登记 {wanted.rows} 行，"
                "请报送单位核对文件和清单后重新送达。"
            )
            answer = Received(wanted, QUARANTINED, None, "rows_mismatch", reason)
        elif rows:
            earlier = seen.setdefault((wanted.sha256, wanted.is_withdrawal), wanted)
            if earlier.contract.name != wanted.contract.name:
                reason = (
                    f"{wanted.delivery_id}/{wanted.file_name} 与 {earlier.delivery_id}/{earlier.file_name} 一字不差，而后者已作为"
                    f"「{earlier.contract.title}」采用：请核对来源，先送的写错了来源的，请先撤回那一份，再把本文件另存后重新送达。"
                )
                answer = Received(wanted, QUARANTINED, None, "other_source", reason)
            elif earlier is not wanted:
                answer = Received(wanted, REPEATED, None)
        counted.append(answer)
    return counted


def _stranger(wanted: Wanted) -> str | None:
    """Why the unit may not send this source: a county's file must not become the province's grades."""
    entry = source(wanted.contract.name)
    if wanted.unit_code is None or wanted.unit_code in entry.producers:
        return None
    return (
        f"{wanted.delivery_id}/{wanted.file_name} 由 {wanted.unit_code} 报送，而它不是「{entry.contract.title}」的报送单位："
        f"请核对清单中的单位和来源；确应由它报送的，在 data_contracts/sources.yaml 的 {entry.name} 中登记为 producers。"
    )


def _verified(home: Home, wanted: Wanted) -> Path:
    delivery = read_delivery(home.inbox / wanted.delivery_id)
    file = next(f for f in delivery.files if f.name == wanted.file_name)
    file.verify()
    return file.path


def _places(home: Home, wanted: Wanted) -> tuple[Path, Path]:
    path = received_path(home, wanted.sha256, wanted.contract.sha256)
    return path, path.with_suffix(".json")


def _answer(wanted: Wanted, outcome: Outcome) -> Received:
    target = outcome.job.target if outcome.state == READ else None
    return Received(
        wanted, outcome.state, target, outcome.kind, outcome.reason, tuple(outcome.sheets), tuple(outcome.drifts),
        outcome.masked,
    )  # fmt: skip


def _as_json(answer: Received) -> dict[str, Any]:
    return {
        "state": answer.state,
        "kind": answer.kind,
        "reason": answer.reason,
        "sheets": [asdict(sheet) for sheet in answer.sheets],
        "drifts": [asdict(drift) for drift in answer.drifts],
        "masked": asdict(answer.masked),
    }


def _from_json(wanted: Wanted, target: Path, kept: dict[str, Any]) -> Received:
    return Received(
        wanted,
        kept["state"],
        target if kept["state"] == READ else None,
        kept["kind"],
        kept["reason"],
        tuple(SheetCount(**sheet) for sheet in kept["sheets"]),
        tuple(Drift(**drift) for drift in kept["drifts"]),
        Counted(**kept["masked"]),
    )
