"""What people decided — about a held plan, about a unit's name — and which grade snapshots plans have rested on (R-39).

For: the chain `decisions` of the ledger: kind `decision` {month, hold, findings_sha256, reason, role}, kind `unit` {id,
units, reason, role} and kind `snapshot` {month, as_of, sha256, version}. Not for: what is found (supervision.snapshot),
which units may be meant (supervision.task_register), the steps of a round (resources.rounds).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from resources.ledger import Ledger
from resources.settings import Home
from supervision.task_register import Settled

LEDGER = "decisions"
DECISION, SNAPSHOT, UNIT = "decision", "snapshot", "unit"
MIN_REASON = 4  # characters; a reason says something


class DecisionError(Exception):
    """The decision cannot be entered; the message says why and what to do."""


@dataclass(frozen=True, slots=True)
class Decision:
    """A person's decision to go on in spite of exactly the findings of this digest; role: code; at: ISO time."""

    month: str
    hold: str
    findings_sha256: str
    reason: str
    role: str
    at: str


@dataclass(frozen=True, slots=True)
class UsedSnapshot:
    """A snapshot's content that a plan of the month rested on: its digest, and the month's version that holds it."""

    sha256: str
    version: str


class Decisions:
    """The chain `decisions` of one data folder."""

    def __init__(self, home: Home) -> None:
        """Nothing is read until asked for."""
        self._ledger = Ledger(home.ledger, LEDGER)

    def find(self, month: str, hold: str, findings_sha256: str) -> Decision | None:
        """The newest decision about exactly these findings. Raises LedgerError."""
        found = None
        for at, body in self._bodies(DECISION, month):
            if (body["hold"], body["findings_sha256"]) == (hold, findings_sha256):
                found = Decision(month, hold, findings_sha256, body["reason"], body["role"], at)
        return found

    def enter(self, month: str, hold: str, findings_sha256: str, *, reason: str, role: str) -> None:
        """Add a decision. Raises DecisionError for an empty reason or findings that were decided before."""
        _check_reason(reason, "核对了什么、为何可以继续")
        earlier = self.find(month, hold, findings_sha256)
        if earlier is not None:
            raise DecisionError(
                f"{month} 的同样情形已由 {earlier.role} 于 {earlier.at[:16]} 决定继续：请直接重新运行 ssj run --month {month}"
            )
        body = {
            "month": month,
            "hold": hold,
            "findings_sha256": findings_sha256,
            "reason": reason.strip(),
            "role": role,
        }
        self._ledger.append(DECISION, body)

    def settled_units(self, day: date) -> dict[str, Settled]:
        """What the ambiguous names of the notice were decided to mean by the end of `day`: by id, the newest each.

        A month looked at as of an earlier day stays as it was: it knows nothing of what was decided later.
        """
        found = {}
        for entry in self._ledger.entries():
            on = date.fromisoformat(entry["at"][:10])
            if entry["kind"] == UNIT and on <= day:
                body = entry["body"]
                found[body["id"]] = Settled(tuple(body["units"]), body["role"], on, body["reason"])
        return found

    def settle_unit(self, name: str, units: Sequence[str], *, reason: str, role: str) -> None:
        """Add what a name of the notice means, by its id. Raises DecisionError for an empty reason or the same once more.

        Another choice replaces the one before from its own day on; both stay in the ledger.
        """
        _check_reason(reason, "依据，如文号")
        earlier = self.settled_units(date.max).get(name)
        if earlier is not None and set(earlier.chosen) == set(units):
            raise DecisionError(f"{name} 已由 {earlier.role} 于 {earlier.on} 作同样的决定，不再重复录入")
        self._ledger.append(UNIT, {"id": name, "units": list(units), "reason": reason.strip(), "role": role})

    def earlier_snapshot(self, month: str, as_of: date, sha256: str) -> UsedSnapshot | None:
        """What the plans of the month rested on before they first rested on this content, seen from as_of.

        None: on nothing else. A month looked at as of an earlier day knows nothing of what was used later.
        """
        used = [body for _, body in self._bodies(SNAPSHOT, month) if body["as_of"] <= as_of.isoformat()]
        used.sort(key=lambda body: str(body["as_of"]))  # stable: of one day, as entered
        first = next((place for place, body in enumerate(used) if body["sha256"] == sha256), len(used))
        return UsedSnapshot(used[first - 1]["sha256"], used[first - 1]["version"]) if first else None

    def use_snapshot(self, month: str, as_of: date, sha256: str, version: str) -> None:
        """Remember that a plan of the month rests on this content; once for each day it is looked at."""
        body = {"month": month, "as_of": as_of.isoformat(), "sha256": sha256}
        known = (each for _, each in self._bodies(SNAPSHOT, month))
        if not any(body.items() <= each.items() for each in known):
            self._ledger.append(SNAPSHOT, body | {"version": version})

    def _bodies(self, kind: str, month: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
        for entry in self._ledger.entries():
            if entry["kind"] == kind and entry["body"]["month"] == month:
                yield entry["at"], entry["body"]


def _check_reason(reason: str, what: str) -> None:
    if len(reason.strip()) < MIN_REASON:
        raise DecisionError(f"理由过短：请写明{what}（--reason）")
