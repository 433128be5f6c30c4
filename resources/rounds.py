"""The ledger of the rounds: read, and added to only under the checks of the ceremony (DRAW.md §3).

For: the one place where a step is checked and recorded together, under the ledger's lock, so that commands, assets and
tests cannot differ and a second process cannot slip between; and the frozen plan as it lies on disk. Not for: which
step may follow which (supervision.round_steps), keeping the secret (sealing), what people are told (pipelines.cli).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from resources import clock
from resources.lake import MonthLake, sha256_file
from resources.ledger import Ledger
from resources.settings import Home
from supervision import round_steps as steps
from supervision import rounds as reading
from supervision.canonical import json_bytes
from supervision.draw import ceremony
from supervision.draw.ceremony import Beacon
from supervision.draw.committed import EIGHT
from supervision.draw.round_policy import parse_policy_json
from supervision.rounds import Round, RoundError

MANIFEST = "manifest.txt"
OFFICE, SECOND = "office", "second"

Lines = Sequence[tuple[str, Mapping[str, Any]]]


@dataclass(frozen=True, slots=True)
class FrozenPlan:
    """The eight files of a round as they lie on disk now; the manifest is made afresh from their bytes."""

    round_id: str
    folder: Path
    manifest: bytes
    beacon: Beacon
    merkle_root: str
    committed_rows: int
    previous_certificate_sha256: str | None

    @property
    def manifest_sha256(self) -> str:
        """Digest of manifest.txt, what is approved and committed."""
        return hashlib.sha256(self.manifest).hexdigest()

    def files(self) -> dict[str, bytes]:
        """The eight files and manifest.txt by name."""
        return {name: (self.folder / name).read_bytes() for name in EIGHT} | {MANIFEST: self.manifest}


def manifest_of(folder: Path) -> bytes:
    """manifest.txt of the eight files in a folder, file by file; RoundError names one that is missing. DRAW.md §2."""
    lacking = [name for name in EIGHT if not (folder / name).is_file()]
    if lacking:
        raise RoundError(f"冻结的计划缺少文件 {'、'.join(lacking)}：请先运行 ssj plan 形成并冻结计划")
    return "".join(f"{sha256_file(folder / name)}  {name}\n" for name in EIGHT).encode()


def frozen_plan(home: Home, month: str) -> FrozenPlan:
    """The month's frozen plan. RoundError: none yet, or a demonstration's, or changed since it was frozen."""
    lake = MonthLake(home, month)
    basis = lake.basis()
    if basis["demonstration"]:
        raise RoundError(f"{month} 全部是演示数据，由 ssj run 自行走完全程，不经审批和承诺")
    folder = lake.version / "round"
    if not folder.is_dir():
        raise RoundError(f"{month} 的计划尚未冻结：请先运行 ssj plan --month {month}，并办结提示的待办事项")
    manifest = manifest_of(folder)
    kept = folder / MANIFEST
    if not kept.is_file() or kept.read_bytes() != manifest:
        raise RoundError(f"{month} 冻结的计划与其 manifest.txt 不符，冻结后被改动：请删去该文件夹后重新运行 ssj plan")
    context = json.loads((folder / "context.json").read_bytes())
    with (folder / "frame.csv").open("rb") as frame:
        lines = sum(chunk.count(b"\n") for chunk in iter(lambda: frame.read(1 << 20), b""))
    return FrozenPlan(
        round_id=basis["round_id"],
        folder=folder,
        manifest=manifest,
        beacon=parse_policy_json((folder / "policy.json").read_bytes()).beacon,
        merkle_root=str(context["frame_merkle_root"]),
        committed_rows=lines - 1,
        previous_certificate_sha256=context["previous_certificate_sha256"],
    )


def return_to_committed(lake: MonthLake, manifest_sha256: str) -> bool:
    """Make the version whose frozen plan was committed current again; whether another one was.

    What is delivered between commitment and draw belongs to a later round: nothing may be changed after C (DRAW.md §3.4).
    """
    found = [
        path.parent.parent.name
        for path in sorted(lake.folder.glob(f"*/round/{MANIFEST}"))
        if sha256_file(path) == manifest_sha256
    ]
    if lake.version.name in found or not found:
        return False
    lake.return_to(found[0])
    return True


class Rounds:
    """All rounds of a data folder, and every step that may be added to them."""

    def __init__(self, home: Home) -> None:
        """`home` is the data folder."""
        self._ledger = Ledger(home.ledger, "rounds")

    def all(self) -> dict[str, Round]:
        """Every round by id; LedgerError or RoundError when the ledger cannot be trusted."""
        return reading.rounds_of(self._ledger.entries())

    def get(self, round_id: str) -> Round:
        """One round; RoundError when the ledger does not know it."""
        return _known(self.all(), round_id)

    def current(self, prefix: str, month: str) -> str:
        """Id of the month's round at work (supervision.rounds.current_round_id)."""
        return reading.current_round_id(self.all(), prefix, month)

    def declare(self, prefix: str, month: str, beacon: Beacon, phase_beacon: str | None) -> Round:
        """Declare the beacon of the month's round at work; a later declaration replaces it and voids its approvals."""
        chosen = ""

        def decide(rounds: dict[str, Round]) -> Lines:
            nonlocal chosen
            chosen = reading.current_round_id(rounds, prefix, month)
            steps.check_declare(rounds, rounds.get(chosen), month, beacon, phase_beacon, clock.now())
            told = {
                "source": beacon.primary.source,
                "selector": beacon.primary.selector,
                "not_before": steps.parse_moment(beacon.not_before).isoformat(timespec="seconds"),
                "fallback": {"source": beacon.fallback.source, "selector": beacon.fallback.selector},
            }
            body = {"round_id": chosen, "month": month, "beacon": told, "phase_beacon": phase_beacon}
            return [("declaration", body)]

        return self._add(decide)[chosen]

    def approve(self, round_id: str, plan: FrozenPlan, role: str, roles: Mapping[str, steps.Role]) -> Round:
        """Record that a role approves this frozen plan."""

        def decide(rounds: dict[str, Round]) -> Lines:
            state = _planned(rounds, round_id, plan)
            steps.check_approve(state, plan.manifest_sha256, plan.beacon, role, roles, clock.now())
            return [("approval", {"round_id": round_id, "manifest_sha256": plan.manifest_sha256, "role": role})]

        return self._add(decide)[round_id]

    def check_commit(
        self, round_id: str, plan: FrozenPlan, codes: Sequence[str], roles: Mapping[str, steps.Role]
    ) -> None:
        """RoundError unless the plan could be committed now; asked before anybody types a passphrase."""
        state = _planned(self.all(), round_id, plan)
        steps.check_commit(state, plan.manifest_sha256, plan.beacon, codes, roles, clock.now())

    def commit(
        self,
        round_id: str,
        plan: FrozenPlan,
        codes: Sequence[str],
        roles: Mapping[str, steps.Role],
        secret: str,
        keep: Callable[[], None],
    ) -> Round:
        """Commit the approved plan with the secret, whose copies `keep` writes before the commitment is recorded.

        What `keep` raises leaves the round uncommitted.
        """

        def decide(rounds: dict[str, Round]) -> Lines:
            state = _planned(rounds, round_id, plan)
            digest = plan.manifest_sha256
            steps.check_commit(state, digest, plan.beacon, codes, roles, clock.now())
            steps.check_turn(rounds, state)
            keep()
            body = {
                "number": _next_number(rounds),
                "round_id": round_id,
                "month": state.month,
                "manifest_sha256": digest,
                "secret_sha256": ceremony.sha256_hex(secret),
                "commitment": ceremony.commitment(round_id, digest, secret),
                "merkle_root": plan.merkle_root,
                "committed_rows": plan.committed_rows,
                "demonstration": False,
                "roles": list(codes),
            }
            return [("commitment", body)]

        return self._add(decide)[round_id]

    def enter_beacon(
        self, round_id: str, text: str, role: str, roles: Mapping[str, steps.Role], evidence: str | None = None
    ) -> Round:
        """Record the beacon as one role types it, with the evidence that the primary was never published, if given.

        Entries that disagree are both recorded; then RoundError names the two roles.
        """

        def decide(rounds: dict[str, Round]) -> Lines:
            state = _known(rounds, round_id)
            now = clock.now()
            lines: list[tuple[str, Mapping[str, Any]]] = []
            if evidence is not None:
                steps.check_fallback(state, evidence, role, roles, now)
                lines.append(("fallback", {"round_id": round_id, "evidence": evidence.strip(), "role": role}))
                state = reading.with_fallback(state, evidence.strip())
            steps.check_beacon_entry(state, text, role, roles, now)
            return [*lines, ("beacon_entry", {"round_id": round_id, "text": text, "role": role})]

        state = self._add(decide)[round_id]
        steps.check_agreement(state)
        return state

    def check_openable(self, round_id: str, codes: Sequence[str], roles: Mapping[str, steps.Role]) -> Round:
        """The round, if its secret may be opened before these roles; asked before anybody types a passphrase."""
        state = self.get(round_id)
        steps.check_openable(state, codes, roles, clock.now())
        return state

    def open(
        self,
        round_id: str,
        copy: str,
        codes: Sequence[str],
        roles: Mapping[str, steps.Role],
        *,
        secret: str,
        folder: Path,
    ) -> bytes:
        """Record the opening of the secret (copy: OFFICE or SECOND); returns certificate.json. folder: the bundle's."""
        digest = hashlib.sha256(manifest_of(folder)).hexdigest()

        def decide(rounds: dict[str, Round]) -> Lines:
            state = _known(rounds, round_id)
            steps.check_openable(state, codes, roles, clock.now())
            steps.check_open(state, secret, digest)
            return [("opened", {"round_id": round_id, "copy": copy, "roles": list(codes)})]

        return certificate(self._add(decide)[round_id], secret)

    def void(self, round_id: str, reason: str, codes: Sequence[str], roles: Mapping[str, steps.Role]) -> Round:
        """Void a committed round; it is computed and archived all the same."""

        def decide(rounds: dict[str, Round]) -> Lines:
            steps.check_void(rounds, _known(rounds, round_id), reason, codes, roles, clock.now())
            return [("void", {"round_id": round_id, "reason": reason.strip(), "roles": list(codes)})]

        return self._add(decide)[round_id]

    def commit_demonstration(self, body: Mapping[str, Any]) -> Round:
        """Record the commitment of a demonstration, once: the same again changes nothing, another is refused.

        body: round_id, month, manifest_sha256, secret_sha256, commitment, merkle_root, committed_rows.
        """
        round_id = str(body["round_id"])

        def decide(rounds: dict[str, Round]) -> Lines:
            held = rounds[round_id].commitment if round_id in rounds else None
            if held is not None:
                if held.commitment != body["commitment"]:
                    raise RoundError(f"批次 {round_id} 已承诺另一份计划，不能再次承诺：演示可换一个数据目录重新运行")
                return []
            mine = {"number": _next_number(rounds), "demonstration": True, "roles": []}
            return [("commitment", dict(body) | mine)]

        return self._add(decide)[round_id]

    def seal(self, round_id: str, sha256sums: str, *, demonstration: bool) -> Round:
        """Record the digest of the sealed bundle, once: the same again changes nothing, another is refused."""

        def decide(rounds: dict[str, Round]) -> Lines:
            held = _known(rounds, round_id).sealed
            if held is not None:
                if held != sha256sums:
                    raise RoundError(f"批次 {round_id} 已封装，重新抽取的结果与之不同：请停止使用并核对程序版本")
                return []
            body = {"round_id": round_id, "sha256sums": sha256sums, "demonstration": demonstration}
            return [("sealed", body)]

        return self._add(decide)[round_id]

    def _add(self, decide: Callable[[dict[str, Round]], Lines]) -> dict[str, Round]:
        """Check and record under the lock; returns all rounds afterwards."""
        self._ledger.append_checked(lambda entries: decide(reading.rounds_of(entries)))
        return self.all()


def certificate(state: Round, secret: str) -> bytes:
    """certificate.json of a committed round with an agreed beacon, K computed (DRAW.md §7)."""
    if state.commitment is None or state.agreed is None:
        raise RoundError(f"批次 {state.round_id} 尚未承诺或信标尚未录得一致，不能出具证书")
    made = state.commitment.commitment
    return json_bytes(
        {
            "spec": ceremony.SPEC,
            "round_id": state.round_id,
            "beacon": state.agreed,
            "office_secret": secret,
            "commitment": made,
            "key": ceremony.draw_key(made, state.agreed, secret),
            "demonstration": state.demonstration,
        }
    )


def _known(rounds: Mapping[str, Round], round_id: str) -> Round:
    if round_id not in rounds:
        raise RoundError(
            f"批次台账中没有 {round_id}（现有：{'、'.join(rounds) or '无'}）：请核对批次编号，或先运行 ssj plan 声明公开随机源"
        )
    return rounds[round_id]


def _planned(rounds: Mapping[str, Round], round_id: str, plan: FrozenPlan) -> Round:
    if plan.round_id != round_id:
        raise RoundError(
            f"现在冻结的是批次 {plan.round_id} 的计划，不是 {round_id} 的：请核对批次编号，或先运行 ssj plan"
        )
    return _known(rounds, round_id)


def _next_number(rounds: Mapping[str, Round]) -> int:
    return 1 + sum(each.commitment is not None for each in rounds.values())
