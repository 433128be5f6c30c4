"""Which deliveries a month rests on: the inbox looked through once, each receipt kept in the ledger.

For: choosing the deliveries of a month up to its as_of, telling repeated, later and refused ones apart, and fixing
the month's basis. Not for: reading rows (inbox readers) or judging them (contracts).
A file is known by its digest under its source: delivered twice, it changes nothing. One that is sent again because its
bytes were damaged on the way, or because its source was written wrongly, is taken. A folder that cannot be read is
refused with its reason and stops the month before anything is planned; the others are taken in all the same.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from data_contracts.model import output_contracts, source_contracts
from resources.calendars import calendar_version
from resources.inbox import Delivery, InboxError, delivery_folders, read_delivery
from resources.inbox.manifest import DeliveredFile
from resources.ledger import Ledger
from resources.reference import code_commit, code_digest, policy_for
from resources.settings import Home


@dataclass(frozen=True, slots=True)
class Receipt:
    """One file of one delivery and what became of it: used, repeated, later, other_month or refused."""

    delivery: Delivery | None
    delivery_id: str
    file_name: str
    state: str
    reason: str | None
    index: int = 0


def look_through(inbox: Path, month: str, as_of: date) -> list[Receipt]:
    """Every file of every delivery folder with its state; InboxError when nothing belongs to `month`."""
    receipts: list[Receipt] = []
    deliveries: list[Delivery] = []
    sources = {contract.name for contract in source_contracts()}
    for entry in delivery_folders(inbox):
        try:
            deliveries.append(read_delivery(entry, sources=sources))
        except InboxError as error:
            receipts.append(Receipt(None, entry.name, "manifest.json", "refused", str(error)))
    if not any(d.month == month for d in deliveries) and not receipts:
        known = "、".join(sorted({d.month for d in deliveries})) or "没有任何交付"
        raise InboxError(
            f"收件箱 {inbox.name} 中没有 {month} 的交付（现有：{known}）；请核对月份，或先放入该月的交付文件夹"
        )
    seen: dict[tuple[str, str, str, int | None], DeliveredFile] = {}
    for delivery in sorted(deliveries, key=lambda d: (d.received_at, d.delivery_id)):
        for index, file in enumerate(delivery.files):
            if delivery.month > month:
                state = "other_month"
            elif delivery.received_at.date() > as_of:
                state = "later"
            elif (told := (file.sha256, file.source, file.change, file.rows)) in seen and _is_whole(seen[told]):
                state = "repeated"
            else:
                state = "used"
                seen[told] = file
            receipts.append(Receipt(delivery, delivery.delivery_id, file.name, state, None, index))
    return receipts


def _is_whole(file: DeliveredFile) -> bool:
    """Whether its bytes are those its manifest announces; asked only of what was sent again."""
    try:
        file.verify()
    except InboxError:
        return False
    return True


def rows_of(receipts: Iterable[Receipt]) -> list[dict[str, Any]]:
    """Receipts as rows of the contract `deliveries`.

    What came after as_of was not known then: a month replayed as of a day must not tell of it.
    """
    result = []
    for receipt in receipts:
        if receipt.state in ("later", "other_month"):
            continue
        row: dict[str, Any] = {
            "delivery_id": receipt.delivery_id,
            "file_name": receipt.file_name,
            "state": receipt.state,
            "refusal": receipt.reason,
        }
        if receipt.delivery is not None:
            delivery, file = receipt.delivery, receipt.delivery.files[receipt.index]
            row |= {
                "delivery_month": delivery.month,
                "unit_code": delivery.unit_code,
                "unit_name": delivery.unit_name,
                "source_system": delivery.source_system,
                "source": file.source,
                "file_sha256": file.sha256,
                "is_withdrawal": file.change == "withdrawal",
                "declared_rows": file.rows,
                "received_at": delivery.received_at.replace(tzinfo=None),
                "is_generated": delivery.generated,
                "registry_rows": delivery.registry_rows,
            }
        result.append(row)
    return sorted(result, key=lambda r: (r["delivery_id"], r["file_name"]))


def basis_of(
    month: str, as_of: date, receipts: Iterable[Receipt], round_facts: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """What the month's result depends on; the same basis gives the same bytes. round_facts: which round of the month."""
    policy, policy_sha256 = policy_for(month)
    used = [r for r in receipts if r.state == "used" and r.delivery is not None]
    contracts = hashlib.sha256("".join(c.sha256 for c in (*source_contracts(), *output_contracts())).encode())
    return {
        "month": month,
        "as_of": as_of.isoformat(),
        "deliveries": [
            {"delivery_id": r.delivery_id, "file": r.file_name, "sha256": f.sha256, "rows": f.rows, "change": f.change}
            for r in used
            if r.delivery is not None
            for f in (r.delivery.files[r.index],)
        ],
        "refused": sorted(r.delivery_id for r in receipts if r.state == "refused"),
        "demonstration": bool(used) and all(r.delivery is not None and r.delivery.generated for r in used),
        "registry_rows": _registry_rows(used),
        "code_digest": code_digest(),
        "code_commit": code_commit(),
        "contracts": contracts.hexdigest(),
        "policy": policy.version,
        "policy_sha256": policy_sha256,
        "calendar": calendar_version(),
        **(round_facts or {}),
    }


def _registry_rows(used: Iterable[Receipt]) -> str:
    return "real" if any(r.delivery is not None and r.delivery.registry_rows == "real" for r in used) else "generated"


def record(home: Home, rows: Iterable[Mapping[str, Any]]) -> None:
    """Append the receipts not yet in the ledger, one line a file, so that a delivery once seen is never forgotten."""
    ledger = Ledger(home.ledger, "deliveries")
    known = {(e["body"]["delivery_id"], e["body"]["file_name"], e["body"]["sha256"]) for e in ledger.entries()}
    fresh = []
    for row in rows:
        if row["state"] == "refused":
            continue
        key = (row["delivery_id"], row["file_name"], row["file_sha256"])
        if key not in known:
            known.add(key)
            fresh.append(
                {
                    "delivery_id": key[0],
                    "file_name": key[1],
                    "sha256": key[2],
                    "source": row["source"],
                    "unit_code": row["unit_code"],
                    "received_at": row["received_at"].isoformat(),
                }
            )
    ledger.append_all("delivery", fresh)
