"""Requests that change who is visited after the draw, as they stand in the request ledger (DRAW.md §5, §6).

Here: their kinds and closed lists, and reading one ledger body. Not here: whether a request can be granted (`applying`).
A body is never refused for its form: what lacks is empty, and the rules say why it is not granted.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

REPLACEMENT: Final = "replacement"
LATE_TRIGGER: Final = "late_trigger"
LATE_CONFLICT: Final = "late_conflict"
KINDS: Final[Mapping[str, str]] = {REPLACEMENT: "补抽", LATE_TRIGGER: "后到线索", LATE_CONFLICT: "后报回避"}

NOT_FOUND: Final = "not_found"
REASONS: Final[Mapping[str, str]] = {"deregistered": "注销", "moved_out": "迁出", NOT_FOUND: "查无"}
# The eight kinds of trigger (DOMAIN §4.3, R-25).
TRIGGER_TYPES: Final = ("TS", "DSJ", "ZBJB", "FLFG", "FC", "XK", "CJ", "FCZG")


@dataclass(frozen=True, slots=True)
class Request:
    """One line of the request ledger; number: its place there; asked_by: a role or the inspector who asks.

    Of a kind that has no such field, or where it was left out, a text is empty.
    """

    number: int
    at: str
    kind: str
    round_id: str
    uid: str
    task: str = ""
    reason: str = ""
    evidence: str = ""
    asked_by: str = ""
    trigger_id: str = ""
    trigger_type: str = ""
    inspector_id: str = ""


_TEXTS = ("uid", "task", "reason", "evidence", "asked_by", "trigger_id", "trigger_type", "inspector_id")


def requests_of(entries: Iterable[Mapping[str, object]], round_id: str) -> tuple[Request, ...]:
    """The requests of one round in the order of the ledger; entries: number, at, kind, body (resources.ledger)."""
    found = []
    for entry in entries:
        body = entry["body"]
        if not isinstance(body, Mapping) or body.get("round_id") != round_id:
            continue
        texts = {name: str(body.get(name) or "").strip() for name in _TEXTS}
        found.append(
            Request(int(str(entry["number"])), str(entry["at"]), str(entry["kind"]), round_id=round_id, **texts)
        )
    return tuple(found)
