"""The folders of the rounds: what is committed is frozen, what is drawn is added once (DRAW §3, §7).

For: writing, reading and listing `bundles/<round_id>/`, the only place of a round's certificate. Not for: what the
files say (supervision.draw). A folder appears whole or not at all, and what was committed is never replaced.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from resources.settings import Home
from supervision.canonical import parse_csv
from supervision.draw.round_policy import RoundPolicy, parse_policy_json
from supervision.draw.rows import (
    CONFLICTS,
    DRAWN,
    ROSTER,
    TRIGGERS,
    ConflictRow,
    DrawnRow,
    InspectorRow,
    TriggerRow,
)

SUMS = "SHA256SUMS"
CERTIFICATE = "certificate.json"
_ROUND = re.compile(r"[A-Za-z0-9]+-(\d{4}-\d{2})(?:\.(\d+))?")


class BundleError(Exception):
    """A round's folder is missing, or would change after its commitment."""


def place_of(round_id: str) -> tuple[str, int]:
    """Month of a round and its number within the month, from 1: rounds sort by it (DRAW §1)."""
    found = _ROUND.fullmatch(round_id)
    if found is None:
        raise BundleError(f"批次编号“{round_id}”不合写法，应形如 YC-2026-11 或 YC-2026-11.2，请核对")
    return found[1], int(found[2] or 1)


@dataclass(frozen=True, slots=True)
class Staffed:
    """The small committed files of a round, as the matching takes them (DRAW §6)."""

    policy: RoundPolicy
    triggers: tuple[TriggerRow, ...]
    roster: tuple[InspectorRow, ...]
    conflicts: tuple[ConflictRow, ...]


class Bundles:
    """All rounds of a data folder."""

    def __init__(self, home: Home) -> None:
        """`home` is the data folder."""
        self.folder = home.bundles

    def path(self, round_id: str) -> Path:
        """Folder of a round."""
        return self.folder / round_id

    def read(self, round_id: str) -> dict[str, bytes]:
        """Every file of a round by name; BundleError when the round has not been committed."""
        path = self.path(round_id)
        if not path.is_dir():
            raise BundleError(f"批次 {round_id} 尚未冻结和承诺：请先完成当月 monthly 作业与审批")
        return {file.name: file.read_bytes() for file in sorted(path.iterdir()) if file.is_file()}

    def commit(self, round_id: str, files: Mapping[str, bytes]) -> None:
        """Freeze the committed files; the same bytes again change nothing, others are refused."""
        if self.path(round_id).is_dir():
            held = self.read(round_id)
            if any(held.get(name) != data for name, data in files.items()):
                raise BundleError(
                    f"批次 {round_id} 已承诺，冻结的文件不得更改（DRAW §3）：数据或程序有变时应作废后另起批次；"
                    "演示可换一个数据目录重新运行"
                )
            return
        self._write(round_id, files)

    def seal(self, round_id: str, results: Mapping[str, bytes]) -> str:
        """Add the results and `SHA256SUMS`; returns the digest of `SHA256SUMS`. Only a not yet sealed round changes."""
        held = self.read(round_id)
        files = {name: data for name, data in held.items() if name != SUMS} | dict(results)
        lines = (f"{hashlib.sha256(data).hexdigest()}  {name}\n" for name, data in sorted(files.items()))
        files[SUMS] = "".join(lines).encode()
        if SUMS in held:
            if files != held:
                raise BundleError(f"批次 {round_id} 已封装，重新抽取的结果与之不同：请停止使用并核对程序版本")
        else:
            self._write(round_id, files)
        return hashlib.sha256(files[SUMS]).hexdigest()

    def open(self, round_id: str, certificate: bytes) -> None:
        """Add the certificate of a committed round: beacon and secret are known. The same bytes again change nothing."""
        held = self.read(round_id)
        if CERTIFICATE not in held:
            self._write(round_id, held | {CERTIFICATE: certificate})
        elif held[CERTIFICATE] != certificate:
            raise BundleError(f"批次 {round_id} 已有证书，与本次的不同：信标和密值只开启一次，请核对台账")

    def rounds(self) -> list[str]:
        """The rounds there are, in the order in which they were held."""
        found = [path.name for path in self.folder.glob("*") if _ROUND.fullmatch(path.name)]
        return sorted(found, key=place_of)

    def before(self, round_id: str) -> list[str]:
        """The rounds held before this one that have been sealed, in order."""
        return [r for r in self.rounds() if place_of(r) < place_of(round_id) and (self.path(r) / SUMS).exists()]

    def drawn(self, round_id: str) -> Iterator[DrawnRow]:
        """The rows of a sealed round's drawn.csv."""
        for task, county, stratum, rank, uid, ticket, target in parse_csv(
            "drawn.csv", self.file(round_id, "drawn.csv"), DRAWN
        ):
            yield DrawnRow(task, county, stratum, int(rank), uid, ticket, int(target))

    def policy(self, round_id: str) -> RoundPolicy:
        """The policy.json of a round."""
        return parse_policy_json(self.file(round_id, "policy.json"))

    def staffed(self, round_id: str) -> Staffed:
        """What the matching needs of a round whose files have been checked: policy, triggers, roster, conflicts."""
        triggers = parse_csv("triggers.csv", self.file(round_id, "triggers.csv"), TRIGGERS)
        roster = parse_csv("roster.csv", self.file(round_id, "roster.csv"), ROSTER)
        conflicts = parse_csv("conflicts.csv", self.file(round_id, "conflicts.csv"), CONFLICTS)
        return Staffed(
            policy=self.policy(round_id),
            triggers=tuple(TriggerRow(*cells) for cells in triggers),
            roster=tuple(
                InspectorRow(name, county, tuple(skills.split(";")) if skills else (), int(days), int(cap), until)
                for name, county, skills, days, cap, until in roster
            ),
            conflicts=tuple(ConflictRow(*cells) for cells in conflicts),
        )

    def drawn_before(self, round_id: str, since: str, voided: Collection[str]) -> list[dict[str, Any]]:
        """Who earlier rounds drew from the month `since` on: round_id, draw_month, task, county, stratum, uid, is_voided."""
        return [
            {"round_id": each, "draw_month": place_of(each)[0], "task": row.task, "county": row.county}
            | {"stratum": row.stratum, "uid": row.uid, "is_voided": each in voided}
            for each in self.before(round_id)
            if place_of(each)[0] >= since
            for row in self.drawn(each)
        ]

    def file(self, round_id: str, name: str) -> bytes:
        """One file of a round."""
        return (self.path(round_id) / name).read_bytes()

    def previous_certificate(self, round_id: str) -> str | None:
        """Digest of the certificate of the round before, if there is one."""
        earlier = self.before(round_id)
        return hashlib.sha256(self.file(earlier[-1], CERTIFICATE)).hexdigest() if earlier else None

    def _write(self, round_id: str, files: Mapping[str, bytes]) -> None:
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        fresh, old = self.folder / f".{round_id}.new", self.folder / f".{round_id}.old"
        shutil.rmtree(fresh, ignore_errors=True)
        fresh.mkdir(mode=0o700)
        for name, data in files.items():
            with (fresh / name).open("wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            os.chmod(fresh / name, 0o600)
        path = self.path(round_id)
        if path.exists():
            os.replace(path, old)
        os.replace(fresh, path)
        shutil.rmtree(old, ignore_errors=True)
