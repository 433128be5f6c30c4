"""Corrected rows on their way back in: an ordinary delivery in the inbox, each row with its original's place.

Here: choosing the rows that pass, writing the delivery folder whole. Not here: judging (correction), reading it again
(the next run: from then on it is a delivery like any other).
"""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from data_contracts.model import Contract
from resources.clock import now
from resources.inbox.header import CORRECTS
from resources.inbox.manifest import MANIFEST, SPEC
from resources.lake import sha256_file
from resources.quarantine.correction import Judgement, changeable, judge
from resources.quarantine.rows import CORRECTED, RELEASED, AsideRow, Origin, Quarantine, QuarantineError
from supervision.canonical import json_bytes


@dataclass(frozen=True, slots=True)
class Released:
    """One delivery made of corrected rows of one unit and source."""

    delivery_id: str
    unit_name: str
    source: str
    rows: int


def release(
    quarantine: Quarantine, row_ids: Sequence[str] | None, *, actor: str, reason: str
) -> tuple[list[Released], dict[str, str]]:
    """Deliver the named rows (None: every corrected one that passes); what was delivered, and why others were not.

    QuarantineError when a named row is not corrected or does not pass yet: then nothing is released.
    """
    rows = [quarantine.row(row_id) for row_id in dict.fromkeys(row_ids)] if row_ids is not None else None
    for row in rows or ():
        changeable(row)
        if row.state != CORRECTED:
            raise QuarantineError(f"{row.row_id} 还没有更正，不能放行：请先用 ssj quarantine correct 更正。")
    chosen = rows if rows is not None else list(quarantine.rows(state=CORRECTED))
    judged = _judged(quarantine, chosen)
    wrong = {row.row_id: verdict.reasons for row, verdict in judged if not verdict.accepted}
    if rows is not None and wrong:
        first = next(iter(wrong))
        raise QuarantineError(f"{first} 更正后仍有问题，没有放行任何一行：{wrong[first]}")
    groups: dict[tuple[str, str, bool, Origin], list[AsideRow]] = {}
    for row, verdict in judged:
        if verdict.accepted:
            groups.setdefault((row.origin.unit_code, row.source, row.is_withdrawal, row.origin), []).append(row)
    made = []
    for (_, source, _, origin), members in sorted(groups.items(), key=lambda each: each[0][:3]):
        delivery_id = _deliver(quarantine, members, origin)
        quarantine.record(
            RELEASED,
            [
                {
                    "row_id": row.row_id,
                    "source": source,
                    "delivery_id": delivery_id,
                    "actor": actor,
                    "reason": reason.strip(),
                }
                for row in members
            ],
        )
        made.append(Released(delivery_id, origin.unit_name, source, len(members)))
    return made, wrong


def _judged(quarantine: Quarantine, rows: Sequence[AsideRow]) -> list[tuple[AsideRow, Judgement]]:
    """Each row with its judgement; the rows of one unit and source are judged together, as they would be delivered."""
    groups: dict[tuple[str, str, bool], list[AsideRow]] = {}
    for row in rows:
        groups.setdefault((row.origin.unit_code, row.source, row.is_withdrawal), []).append(row)
    judged: list[tuple[AsideRow, Judgement]] = []
    for members in groups.values():
        verdicts = judge(quarantine, members[0].contract, [row.corrected_cells for row in members])
        judged.extend(zip(members, verdicts, strict=True))
    return judged


def _deliver(quarantine: Quarantine, rows: Sequence[AsideRow], origin: Origin) -> str:
    """Write the folder aside and rename it: a run sees a whole delivery or none."""
    received = now()
    month = min(quarantine.month, f"{received:%Y-%m}")
    delivery_id = _free_id(quarantine.home.inbox, f"{month}-{origin.unit_code}-Q")
    contract = rows[0].contract
    folder = quarantine.home.inbox / f".{delivery_id}.tmp"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(mode=0o700, parents=True)
    name = f"{contract.name}.parquet"
    pq.write_table(_table(contract, rows), folder / name, compression="zstd")
    change = {"change": "withdrawal"} if rows[0].is_withdrawal else {}
    manifest = {
        "spec": SPEC,
        "delivery_id": delivery_id,
        "month": month,
        "unit_code": origin.unit_code,
        "unit_name": origin.unit_name,
        "source_system": f"{origin.source_system.removesuffix('（隔离更正）')}（隔离更正）",
        "generated": origin.is_generated,
        "registry_rows": origin.registry_rows,
        "received_at": received.isoformat(),
        "files": [
            {"name": name, "source": contract.name, "sha256": sha256_file(folder / name), "rows": len(rows)} | change,
        ],
    }
    (folder / MANIFEST).write_bytes(json_bytes(manifest))
    folder.rename(quarantine.home.inbox / delivery_id)
    return delivery_id


def _table(contract: Contract, rows: Sequence[AsideRow]) -> pa.Table:
    """All text, under the Chinese headers, in the order of the original places; the first column is the original's."""
    ordered = sorted(rows, key=lambda row: row.row_id)
    cells = [row.corrected_cells for row in ordered]
    arrays = {CORRECTS: pa.array([row.row_id for row in ordered], pa.string())}
    for column in contract.columns:
        arrays[column.title] = pa.array([each[column.name] for each in cells], pa.string())
    return pa.table(arrays)


def _free_id(inbox: Path, prefix: str) -> str:
    for number in range(1, 1000):
        name = f"{prefix}{number:02d}"
        if not (inbox / name).exists():
            return name
    raise QuarantineError(f"{prefix} 的更正批次已有 999 个，请检查收件箱。")
