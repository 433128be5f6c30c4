"""Requests after the draw and the sealed round they speak of: from bundle and ledger to the amended round.

Here: reading a sealed bundle (its bytes against SHA256SUMS and the ledger), the request ledger, entering a request that
the rules grant. Not here: the rules (supervision.amendments), tables and documents (assets.amended, assets.reports).
Nothing here changes a file of the bundle.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

from resources.bundles import SUMS, Bundles, place_of
from resources.ledger import Ledger
from resources.reference import policy_for
from resources.settings import Home
from supervision import matching
from supervision.amendments import Decision, DrawnRound, Request, amend, requests_of
from supervision.canonical import integer, load_json, parse_csv
from supervision.draw.round_policy import parse_policy_json
from supervision.draw.rows import (
    CONFLICTS,
    DRAWN,
    POPULATION,
    ROSTER,
    TRIGGERS,
    ConflictRow,
    DrawnRow,
    InspectorRow,
    TriggerRow,
)

LEDGER = "requests"
_READ = (
    "assignment.csv", "certificate.json", "conflicts.csv", "drawn.csv", "policy.json", "population.csv", "reserve.csv",
    "roster.csv", "triggers.csv",
)  # fmt: skip


class AmendingError(ValueError):
    """A request that is not entered, or a round that cannot be amended: one Chinese sentence."""


def requests(home: Home, round_id: str) -> tuple[Request, ...]:
    """The requests of a round in the order of the ledger. Raises LedgerError."""
    return requests_of(Ledger(home.ledger, LEDGER).entries(), round_id)


def drawn_round(home: Home, round_id: str, unmet: Mapping[str, str] | None = None) -> DrawnRound:
    """The sealed round; unmet: visit_uid -> reason of the visits without a team, where known.

    Raises AmendingError for a round that is not sealed or whose bundle is not the one that was sealed.
    """
    files = _sealed_files(home, round_id)
    certificate = load_json("certificate.json", files["certificate.json"])
    if not isinstance(certificate, dict) or not isinstance(certificate.get("key"), str):
        raise AmendingError(f"批次 {round_id} 的 certificate.json 没有抽取密钥：请用备份核对抽取包")
    return DrawnRound(
        round_id=round_id,
        key=str(certificate["key"]),
        policy=parse_policy_json(files["policy.json"]),
        triggers=tuple(TriggerRow(*row) for row in parse_csv("triggers.csv", files["triggers.csv"], TRIGGERS)),
        roster=tuple(_inspector(row) for row in parse_csv("roster.csv", files["roster.csv"], ROSTER)),
        conflicts=tuple(ConflictRow(*row) for row in parse_csv("conflicts.csv", files["conflicts.csv"], CONFLICTS)),
        drawn=_drawn("drawn.csv", files),
        reserve=_drawn("reserve.csv", files),
        assignment=tuple(
            matching.AssignmentRow(*row)
            for row in parse_csv("assignment.csv", files["assignment.csv"], matching.ASSIGNMENT)
        ),
        county_of={row[0]: row[1] for row in parse_csv("population.csv", files["population.csv"], POPULATION)},
        unmet=unmet or {},
    )


def enter(home: Home, round_id: str, kind: str, body: Mapping[str, str]) -> Decision:
    """Enter a request in the ledger if the rules grant it, and say what became of it; nobody else enters one meanwhile.

    Raises AmendingError with the reason of a request that is not granted: nothing is entered then.
    """
    if "void" in _said_of(home, round_id):
        raise AmendingError(f"批次 {round_id} 已作废，其对象在下一批次作为触发检查办理，不再补抽换人")
    drawn, entered = drawn_round(home, round_id), {"round_id": round_id, **body}
    _check_asked_by(drawn, body.get("asked_by", ""))
    made: list[Decision] = []

    def decide(entries: list[dict[str, object]]) -> list[tuple[str, Mapping[str, str]]]:
        entry = {"number": len(entries) + 1, "at": "", "kind": kind, "body": entered}
        decision = amend(drawn, requests_of([*entries, entry], round_id)).decisions[-1]
        if decision.outcome == "refused":
            raise AmendingError(str(decision.why))
        made.append(decision)
        return [(kind, entered)]

    Ledger(home.ledger, LEDGER).append_checked(decide)
    return made[0]


def _check_asked_by(drawn: DrawnRound, asked_by: str) -> None:
    """Who asks is counted by name (replacement_by_inspector), so it must be somebody: an inspector or a role."""
    roles = policy_for(place_of(drawn.round_id)[0])[0].roles
    if asked_by not in roles and asked_by not in {row.inspector_id for row in drawn.roster}:
        known = "、".join(f"{code}（{role.name}）" for code, role in sorted(roles.items()))
        raise AmendingError(
            f"申请人“{asked_by}”不是批次 {drawn.round_id} 名录中的检查人员工号，也不是岗位代码：请写工号，或 {known}"
        )


def _said_of(home: Home, round_id: str) -> dict[str, Mapping[str, object]]:
    """What the ledger of the rounds says of this one: the last body of each kind."""
    entries = Ledger(home.ledger, "rounds").entries()
    return {entry["kind"]: entry["body"] for entry in entries if entry["body"].get("round_id") == round_id}


def _sealed_files(home: Home, round_id: str) -> dict[str, bytes]:
    kinds = _said_of(home, round_id)
    if "sealed" not in kinds:
        raise AmendingError(
            f"批次 {round_id} 尚未抽取封装，不能申请补抽、补登线索或回避：请先完成抽取（ssj draw {round_id}）"
        )
    files = Bundles(home).read(round_id)
    sums = files.get(SUMS, b"")
    listed = {line[66:]: line[:64] for line in sums.decode("utf-8", "replace").splitlines()}
    for name, digest in ((SUMS, kinds["sealed"]["sha256sums"]), *((name, listed.get(name)) for name in _READ)):
        if name not in files or hashlib.sha256(files[name]).hexdigest() != digest:
            raise AmendingError(f"批次 {round_id} 抽取包的 {name} 与封装时不是同一份：请停止使用并用备份核对")
    return files


def _drawn(name: str, files: Mapping[str, bytes]) -> tuple[DrawnRow, ...]:
    rows = parse_csv(name, files[name], DRAWN)
    return tuple(
        DrawnRow(
            task,
            county,
            stratum,
            integer(name, line, "rank", rank),
            uid,
            ticket,
            integer(name, line, "target_e4", target),
        )
        for line, (task, county, stratum, rank, uid, ticket, target) in enumerate(rows, start=2)
    )


def _inspector(row: tuple[str, ...]) -> InspectorRow:
    inspector_id, county, specialties, days, load_cap, valid_until = row
    held = tuple(specialties.split(";")) if specialties else ()
    return InspectorRow(inspector_id, county, held, int(days), int(load_cap), valid_until)
