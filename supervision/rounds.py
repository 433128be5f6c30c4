"""Where each round of the draw stands, read from its ledger, and what may come next (DRAW.md §3).

Here: the rounds as the ledger's entries tell them, and what they fix for later ones. Not here: whether a step may be
taken now (`supervision.round_steps`), the hash formulas and the grammar of beacons (`supervision.draw.ceremony`), files.
An older ledger that knows only commitments and seals reads as rounds without a ceremony, which demonstrations are.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Final

from supervision.draw.ceremony import Beacon, BeaconChoice

AHEAD: Final = timedelta(hours=2)  # C is out at least so long before the beacon, DRAW.md §3.2

_ROUND_ID = re.compile(r"(?P<prefix>[A-Za-z0-9]+)-(?P<month>[0-9]{4}-[0-9]{2})(?:\.(?P<turn>[1-9][0-9]*))?")


class RoundError(ValueError):
    """A step of the ceremony that is out of order, too early, too late or after a change; one Chinese sentence."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One beacon text as one role typed it."""

    role: str
    text: str


@dataclass(frozen=True, slots=True)
class Commitment:
    """What was committed; number counts all commitments from 1. secret_sha256 is empty in older ledgers."""

    number: int
    manifest_sha256: str
    secret_sha256: str
    commitment: str
    merkle_root: str
    committed_rows: int
    roles: tuple[str, ...]
    at: str


@dataclass(frozen=True, slots=True)
class Void:
    """Why a committed round is void, and who signed that."""

    reason: str
    roles: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Round:
    """One round as the ledger tells it.

    beacon: the declared source; approved: manifest digest -> role, since the last declaration; entries: beacon texts
    typed since the last disagreement; disagreement: the two entries that differed last, until a new pair agrees;
    agreed: the beacon that two roles typed alike; fallback: why the primary was never published; openings: which copy
    of the secret was opened before whom; sealed: digest of SHA256SUMS; last: moment of its last entry.
    """

    round_id: str
    month: str
    turn: int
    demonstration: bool = False
    beacon: Beacon | None = None
    phase_beacon: str | None = None
    approved: Mapping[str, str] = field(default_factory=dict)
    commitment: Commitment | None = None
    fallback: str | None = None
    entries: tuple[Entry, ...] = ()
    disagreement: tuple[Entry, ...] = ()
    agreed: str | None = None
    openings: tuple[tuple[str, tuple[str, ...]], ...] = ()
    sealed: str | None = None
    void: Void | None = None
    last: str = ""

    @property
    def not_before(self) -> datetime | None:
        """The moment from which the beacon may be typed, if one is declared."""
        return datetime.fromisoformat(self.beacon.not_before) if self.beacon else None


def rounds_of(entries: Iterable[Mapping[str, Any]]) -> dict[str, Round]:
    """Every round by its id, in the order in which the ledger first names them; entries of other kinds are passed over.

    entries: lines of the ledger `rounds`, each with kind, at and body. Raises RoundError for a line that no step of
    this program can have written: an id that is none, a second commitment. DRAW.md §3.
    """
    rounds: dict[str, Round] = {}
    commitments = 0
    for entry in entries:
        if entry["kind"] not in _STEPS:
            continue
        body: Mapping[str, Any] = entry["body"]
        name = str(body["round_id"])
        before = rounds.get(name) or _blank(name)
        if entry["kind"] == "commitment":
            commitments += 1
            if before.commitment is not None:
                raise RoundError(f"批次台账中 {name} 有两次承诺，台账不可信：请停止抽取，用备份和已送出的承诺书核对")
            body = {"number": commitments} | dict(body)
        after = _STEPS[entry["kind"]](before, body, str(entry["at"]))
        rounds[name] = replace(after, last=str(entry["at"]))
    return rounds


def _blank(round_id: str) -> Round:
    match = _ROUND_ID.fullmatch(round_id)
    if match is None:
        raise RoundError(f"批次编号“{round_id}”不合写法，应如 YC-2026-11 或作废后的 YC-2026-11.2，请核对批次编号")
    return Round(round_id, match["month"], int(match["turn"] or 1))


def _declared(before: Round, body: Mapping[str, Any], at: str) -> Round:
    told = body["beacon"]
    fallback = BeaconChoice(told["fallback"]["source"], told["fallback"]["selector"])
    beacon = Beacon(BeaconChoice(told["source"], told["selector"]), told["not_before"], fallback)
    return replace(before, beacon=beacon, phase_beacon=body.get("phase_beacon") or before.phase_beacon, approved={})


def _approved(before: Round, body: Mapping[str, Any], at: str) -> Round:
    return replace(before, approved={**before.approved, body["manifest_sha256"]: body["role"]})


def _committed(before: Round, body: Mapping[str, Any], at: str) -> Round:
    made = Commitment(
        number=body["number"],
        manifest_sha256=body["manifest_sha256"],
        secret_sha256=body.get("secret_sha256", ""),
        commitment=body["commitment"],
        merkle_root=body["merkle_root"],
        committed_rows=body["committed_rows"],
        roles=tuple(body.get("roles", ())),
        at=at,
    )
    return replace(before, commitment=made, demonstration=body["demonstration"])


def _typed(before: Round, body: Mapping[str, Any], at: str) -> Round:
    entry = Entry(body["role"], body["text"])
    earlier = [each for each in before.entries if each.role != entry.role]
    if before.agreed is not None or not earlier:
        return replace(before, entries=(entry,)) if before.agreed is None else before
    pair = (earlier[-1], entry)
    if earlier[-1].text == entry.text:
        return replace(before, entries=pair, agreed=entry.text, disagreement=())
    return replace(before, entries=(), disagreement=pair)


def with_fallback(before: Round, evidence: str) -> Round:
    """The round once the evidence is on record that its primary beacon was never published."""
    return replace(before, fallback=evidence)


def _unpublished(before: Round, body: Mapping[str, Any], at: str) -> Round:
    return with_fallback(before, body["evidence"])


def _opened(before: Round, body: Mapping[str, Any], at: str) -> Round:
    return replace(before, openings=(*before.openings, (body["copy"], tuple(body["roles"]))))


def _sealed(before: Round, body: Mapping[str, Any], at: str) -> Round:
    return replace(before, sealed=body["sha256sums"])


def _voided(before: Round, body: Mapping[str, Any], at: str) -> Round:
    return replace(before, void=Void(body["reason"], tuple(body["roles"])))


_STEPS: Final = {
    "declaration": _declared,
    "approval": _approved,
    "commitment": _committed,
    "fallback": _unpublished,
    "beacon_entry": _typed,
    "opened": _opened,
    "sealed": _sealed,
    "void": _voided,
}


def _of_month(rounds: Mapping[str, Round], month: str) -> list[Round]:
    return sorted((each for each in rounds.values() if each.month == month), key=lambda each: each.turn)


def current_round_id(rounds: Mapping[str, Round], prefix: str, month: str) -> str:
    """The id of the month's round at work: the newest, or the next one once that is void, computed and sealed. §3.4.

    prefix: of the policy in force; it names only a month's first round, later ones follow the first.
    """
    known = _of_month(rounds, month)
    if not known:
        return f"{prefix}-{month}"
    newest = known[-1]
    if newest.void is None or newest.sealed is None:
        return newest.round_id
    return f"{newest.round_id.removesuffix(f'.{newest.turn}')}.{newest.turn + 1}"


def voided_of_month(rounds: Mapping[str, Round], month: str, before: str) -> tuple[str, ...]:
    """The month's void rounds before the one named, in order: their subjects become its triggers (DRAW.md §3.4)."""
    turn = _blank(before).turn
    return tuple(each.round_id for each in _of_month(rounds, month) if each.void is not None and each.turn < turn)


def phase_beacon(rounds: Mapping[str, Round], year: int) -> str | None:
    """The beacon that makes the phase salt of a year: of the last round of the year before (DRAW.md §4).

    A void round counts like any other, for it is computed like any other; a year without rounds is passed over. Where
    no earlier year has a committed round, the one declared: by the first round committed in the year, else by the last
    declaration; None if there is none yet.
    Demonstrations, whose beacons anyone can compute, are passed over. Raises RoundError while the last round of the year
    before has no agreed beacon.
    """
    real = sorted(
        (each for each in rounds.values() if not each.demonstration), key=lambda each: (each.month, each.turn)
    )
    before = [each for each in real if int(each.month[:4]) < year and each.commitment is not None]
    if before:
        if before[-1].agreed is None:
            raise RoundError(
                f"{year} 年的相位盐取自此前年度最末批次 {before[-1].round_id} 的公开随机源，该批次尚未录得一致："
                "请先完成该批次的信标录入"
            )
        return before[-1].agreed
    told = [each for each in real if each.month[:4] == str(year) and each.phase_beacon is not None]
    committed = [each for each in told if each.commitment is not None]
    if committed:
        return min(committed, key=lambda each: each.commitment.number if each.commitment else 0).phase_beacon
    return max(told, key=lambda each: each.last).phase_beacon if told else None


def waiting_for(state: Round) -> str | None:
    """Who must do what next, one Chinese sentence; None for a round that waits for nobody. DRAW.md §3."""
    name = state.round_id
    if state.sealed is not None:
        return f"批次 {name} 已作废并归档，待另起批次：ssj plan --month {state.month}" if state.void else None
    if state.demonstration:
        return None
    if state.beacon is None:
        return f"批次 {name} 待声明公开随机源：ssj plan --month {state.month} --beacon … --not-before … --fallback …"
    moment = state.beacon.not_before
    if state.commitment is None:
        latest = (datetime.fromisoformat(moment) - AHEAD).isoformat()
        if not state.approved:
            return f"批次 {name} 待计划冻结后审批：ssj approve {name} --role …；承诺须在 {latest} 之前完成"
        return f"批次 {name} 已审批，待两个签署角色在 {latest} 之前承诺：ssj commit {name} --role … --role … --second-copy …"
    if state.agreed is None:
        if state.disagreement and not state.entries:
            who = "、".join(entry.role for entry in state.disagreement)
            return f"批次 {name} 的两次信标录入（{who}）不一致，待两个角色各自对照公告重新录入"
        if state.entries:
            return f"批次 {name} 已由 {state.entries[-1].role} 录入信标，待另一角色录入：ssj beacon {name} --entry … --role …"
        return f"批次 {name} 已承诺，承诺书须在信标公布前送出；{moment} 之后待两个角色各录入一次信标：ssj beacon {name}"
    if not state.openings:
        return f"批次 {name} 的信标已录得一致，待两个角色到场开启密值并抽取：ssj draw {name} --role … --role …"
    return f"批次 {name} 的密值已开启，待完成抽取和封装：再次运行 ssj draw {name} --role … --role …"
