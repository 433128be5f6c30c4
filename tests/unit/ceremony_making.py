"""A made-up round on its way through the ceremony, for the tests of ledger, sheet and commands.

Here: roles, a clock that a test sets, a frozen plan on disk. Not here: any rule.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import pytest

from resources import clock
from resources.lake import MonthLake
from resources.rounds import FrozenPlan, frozen_plan
from resources.settings import Home
from supervision.canonical import json_bytes
from supervision.draw.ceremony import Beacon, BeaconChoice
from supervision.draw.committed import EIGHT, manifest_bytes
from tests.unit.bundle_making import edit_policy, random_city

MONTH = "2026-10"
ROUND = "YC-2026-10"
SECRET = "0f" * 32
BALLS = ".".join(f"{n:02d}" for n in range(61, 81))
PRIMARY = f"kl8-2026311:{BALLS}"
OTHER = "kl8-2026311:" + BALLS.replace("61.", "60.")
CHAIN = "52db9ba70e0cc0f6eaf7803dd07447a1f5477735fd3f661792ba94600c84e971"
SPARE = f"drand-{CHAIN}-34645013:{'cd' * 32}"
BEACON = Beacon(BeaconChoice("kl8", "2026311"), "2026-11-08T21:30:00+08:00", BeaconChoice("drand", f"{CHAIN}-34645013"))
PHASE = f"kl8-2025300:{BALLS}"
EARLY, AFTER = "2026-11-08T09:00:00+08:00", "2026-11-08T22:00:00+08:00"


@dataclass(frozen=True)
class Role:
    name: str
    duties: frozenset[str]


def roles() -> Mapping[str, Role]:
    """Two who sign, type and open; one who approves; one who may do nothing of it."""
    office = frozenset({"sign", "beacon", "open", "void"})
    return {
        "CREDIT": Role("信用监管科科长", office),
        "LEADER": Role("分管局领导", office | {"approve"}),
        "CLERK": Role("经办人", frozenset({"beacon"})),
        "GUEST": Role("旁听", frozenset()),
    }


def set_clock(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    """Let the wall clock show this moment."""
    monkeypatch.setattr(clock, "now", lambda: datetime.fromisoformat(text))


def eight_files(seed: int = 3, beacon: Beacon = BEACON) -> dict[str, bytes]:
    """The eight files of a made-up city that declare the beacon and state a Merkle root."""
    files = random_city(seed)
    told = {
        "source": beacon.primary.source,
        "selector": beacon.primary.selector,
        "not_before": beacon.not_before,
        "fallback": {"source": beacon.fallback.source, "selector": beacon.fallback.selector},
    }
    files["context.json"] = json_bytes(json.loads(files["context.json"]) | {"frame_merkle_root": "5e" * 32})
    return {name: edit_policy(files, beacon=told)[name] for name in EIGHT}


def freeze(home: Home, files: Mapping[str, bytes], month: str = MONTH, round_id: str = ROUND) -> FrozenPlan:
    """Lay the files out as the frozen plan of a real month."""
    lake = MonthLake(home, month)
    lake.begin({"demonstration": False, "as_of": "2026-10-31", "round_id": round_id})
    folder: Path = lake.version / "round"
    folder.mkdir(exist_ok=True)
    for name, data in files.items():
        (folder / name).write_bytes(data)
    (folder / "manifest.txt").write_bytes(manifest_bytes(files))
    return frozen_plan(home, month)


def digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
