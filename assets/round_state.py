"""Which round of the month this is, and what earlier rounds leave to it.

Here: the facts of the ledger and of earlier bundles that a month's version rests on, and the tables made of them.
Not here: the rules of the ceremony (supervision.rounds), freezing and committing (rounds).
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa

from assets.stage import Month
from resources.bundles import Bundles
from resources.drawing import count_folder
from resources.rounds import Rounds
from resources.sealing import salt_key
from resources.settings import Home
from supervision import policy as rules
from supervision import rounds
from supervision.draw import ceremony
from supervision.draw.ceremony import Beacon
from supervision.draw.quota import due
from supervision.policy import Policy

COUNTIES = "counties"  # the folder of the outbox with one workbook and the task sheets of each county
LETTERS = "letters"  # and the one with the letters to enterprises
KEPT_FOLDERS = (COUNTIES, LETTERS)
_HISTORY = ("round_id", "draw_month", "task", "county", "stratum", "uid")


def round_facts(home: Home, policy: Policy, month: str) -> dict[str, Any]:
    """What the month's version rests on besides its deliveries: the round, those voided before it, the declared beacon."""
    known = Rounds(home).all()
    round_id = rounds.current_round_id(known, policy.round_prefix, month)
    beacon = known[round_id].beacon if round_id in known else None
    return {
        "round_id": round_id,
        "voided_rounds": list(rounds.voided_of_month(known, month, before=round_id)),
        "previous_certificate_sha256": Bundles(home).previous_certificate(round_id),
        "beacon": beacon and declared_rule(beacon),
        "phase_beacon": beacon and rounds.phase_beacon(known, int(month[:4])),
    }


def keep_lists(home: Home, month: str, voided: Sequence[str]) -> None:
    """Lay the lists of the month's last voided round in a folder of its own, before those of the next take their names.

    Its subjects are visited all the same, by its own lists (DRAW §3.4); what was published stays published.
    """
    outbox = home.outbox / month
    if not voided or not outbox.is_dir() or (outbox / voided[-1]).exists():
        return
    folder = outbox / voided[-1]
    folder.mkdir(mode=0o700)
    for path in sorted(p for p in outbox.iterdir() if p.is_file() or p.name in KEPT_FOLDERS):
        path.rename(folder / path.name)


def is_output(path: Path) -> bool:
    """Whether a path of the outbox is a finished file: not a folder, not half written."""
    return path.is_file() and not path.name.startswith(".")


def declared_rule(beacon: Beacon) -> dict[str, Any]:
    """The beacon entry of policy.json as declared (DRAW §2)."""
    primary, spare = beacon.primary, beacon.fallback
    return {
        "source": primary.source,
        "selector": primary.selector,
        "not_before": beacon.not_before,
        "fallback": {"source": spare.source, "selector": spare.selector},
    }


def earlier_draws(month: Month, since: str) -> pa.Table:
    """Who this system drew in earlier rounds from the month `since` on, also in this month's voided ones."""
    known = Rounds(month.lake.home).all()
    voided = {name for name, each in known.items() if each.void}
    drawn = Bundles(month.lake.home).drawn_before(month.round_id, since, voided)
    columns = {name: pa.array([row[name] for row in drawn], pa.string()) for name in _HISTORY}
    return pa.table(columns | {"is_voided": pa.array([row["is_voided"] for row in drawn], pa.bool_())})


def voided_dues(month: Month) -> pa.Table:
    """task, county, stratum, target_e4 of the month's voided rounds: what they have served already (DRAW §2)."""
    bundles = Bundles(month.lake.home)
    with month.house.engine() as engine:
        counted = [count_folder(engine, bundles.path(round_id)) for round_id in month.voided_rounds]
    found = [each for counts in counted for each in due(counts)]
    columns = {
        name: pa.array([getattr(each.row, name) for each in found], pa.string())
        for name in ("task", "county", "stratum")
    }
    return pa.table(columns | {"target_e4": pa.array([each.target_e4 for each in found], pa.int64())})


def voided_visits(month: Month) -> pa.Table:
    """trigger_id, uid, county: the subjects that the month's voided rounds drew on site are visited all the same (DRAW §3.4)."""
    bundles, rows = Bundles(month.lake.home), []
    for round_id in month.voided_rounds:
        policy = bundles.policy(round_id)
        homes = {
            row.uid: row.county for row in bundles.drawn(round_id) if policy.tasks[row.task].levels[row.stratum].on_site
        }
        rows += [(f"V.{round_id}.{n}", uid, homes[uid]) for n, uid in enumerate(sorted(homes), start=1)]
    names = ("trigger_id", "uid", "county")
    return pa.table({name: pa.array([row[i] for row in rows], pa.string()) for i, name in enumerate(names)})


def salt_of(month: Month) -> bytes:
    """The key that salts the tree over the frame: known to the office alone; a demonstration's to anyone."""
    if month.demonstration:
        return bytes.fromhex(rules.demonstration_secret(month.policy, f"salt|{month.name[:4]}"))
    return salt_key(month.lake.home, int(month.name[:4]))


def phase_salt_of(month: Month) -> str:
    """What spreads single visits over the year (DRAW §4); while a real year's beacon is not declared, a plan's guess."""
    year = int(month.name[:4])
    beacon = None if month.demonstration else month.lake.basis()["phase_beacon"]
    return ceremony.phase_salt(year, beacon or rules.demonstration_phase_beacon(month.policy, year))
