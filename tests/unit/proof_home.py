"""A data folder with one made-up month and its sealed round, for the tests of proofs and explanations.

Here: the bundle of `bundle_changes` with a Merkle root in its context, its ledger, and the few tables of the month.
Not here: anything run through the pipeline.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from resources.lake import MonthLake
from resources.ledger import Ledger
from resources.reference import policy_for
from resources.settings import Home
from supervision import policy as rules
from supervision.canonical import json_bytes
from supervision.merkle import frame_leaf, root
from tests.unit.bundle_changes import UID, Files
from tests.unit.bundle_making import bundle, random_city

MONTH, ROUND = "2026-08", "YC-2026-08"
SEED = 844  # a stratum cut, an off-site one of its name, certificates that end too early
DRAWN_TABLES = (
    "SHA256SUMS",
    "certificate.json",
    "allocation.csv",
    "cuts.csv",
    "drawn.csv",
    "reserve.csv",
    "assignment.csv",
)


def salt() -> bytes:
    """The salt key of the demonstration."""
    return bytes.fromhex(rules.demonstration_secret(policy_for(MONTH)[0], f"salt|{MONTH[:4]}"))


def round_files() -> Files:
    """A sealed bundle whose context holds the root of its frame."""
    eight = random_city(SEED)
    rows = [line.split(",")[:2] for line in eight["frame.csv"].decode().splitlines()[1:]]
    head = root(frame_leaf(salt(), *row) for row in rows).hex()
    context = json.loads(eight["context.json"]) | {"frame_merkle_root": head}
    return bundle(eight | {"context.json": json_bytes(context)}, ROUND)[0]


def make_home(folder: Path, *, drawn: bool = True, committed: bool = True) -> Home:
    """The data folder; without `drawn` the round stops at its commitment, without `committed` at the plan."""
    home, files = Home(folder), round_files()
    certificate = json.loads(files["certificate.json"])
    if committed:
        home.bundles.joinpath(ROUND).mkdir(parents=True)
        for name, data in files.items():
            if drawn or name not in DRAWN_TABLES:
                (home.bundles / ROUND / name).write_bytes(data)
        body = {
            "round_id": ROUND,
            "month": MONTH,
            "manifest_sha256": hashlib.sha256(files["manifest.txt"]).hexdigest(),
            "commitment": certificate["commitment"],
            "merkle_root": json.loads(files["context.json"])["frame_merkle_root"],
            "committed_rows": files["frame.csv"].count(b"\n") - 1,
            "demonstration": True,
        }
        ledger = Ledger(home.ledger, "rounds")
        ledger.append("commitment", body)
        if drawn:
            sums = hashlib.sha256(files["SHA256SUMS"]).hexdigest()
            ledger.append("sealed", {"round_id": ROUND, "sha256sums": sums, "demonstration": True})
    policy, digest = policy_for(MONTH)
    basis = {"demonstration": True, "as_of": "2026-08-31", "policy": policy.version, "policy_sha256": digest}
    lake = MonthLake(home, MONTH)
    lake.begin(basis)
    for table, rows_of in tables(files).items():
        store(lake, table, rows_of)
    return home


def store(lake: MonthLake, table: str, rows: list[dict[str, Any]]) -> None:
    """Write a table of the month."""
    lake.store(table, lambda path: (pq.write_table(pa.Table.from_pylist(rows), path), len(rows))[1])


def tables(files: Files) -> Mapping[str, list[dict[str, Any]]]:
    """The month's tables: every subject of the population is graded, registered and at home somewhere."""
    population = [line.split(",") for line in files["population.csv"].decode().splitlines()[1:]]
    frame = [line.split(",") for line in files["frame.csv"].decode().splitlines()[1:]]
    strata = [line.split(",") for line in files["strata.csv"].decode().splitlines()[1:]]
    grades = {row[1]: row[3] for row in frame if row[3] != "U"}
    counts = ("base", "eligible", "drawn_ytd", "served_e4")
    received = {"delivery_id": "2026-08-DA-01", "received_at": datetime(2026, 8, 8, 9, 24)}
    return {
        "enterprise_month": [
            {
                "uid": uid,
                "party_name": f"虚构商行{n}",
                "subject_type": "enterprise",
                "county": county,
                "county_basis": "local_adm",
                "status": "in_operation",
                "established_on": date(2020, 1, 2),
                "credit_grade": grades.get(uid),
                "grade_state": "graded" if uid in grades else "missing_from_snapshot",
                "register_row_id": f"r:{n}",
                "grade_row_id": f"g:{n}" if uid in grades else None,
            }
            for n, (uid, county, *_) in enumerate(population)
        ],
        "subject": [
            {
                "uid": uid,
                "reg_no": "140825200010674" if uid == UID else None,
                "address": "虚构街1号",
                "status_changed_on": None,
            }
            for uid, *_ in population
        ],
        "population": [{"uid": uid} for uid, *_ in population],
        "accepted_register": [
            {
                "row_id": f"r:{n}",
                "uscc": uid,
                "reg_no": None,
                "file_name": "register.xlsx",
                "sheet": "Sheet1",
                "row_no": n + 2,
            }
            | {"is_withdrawn": False}
            | received
            for n, (uid, *_) in enumerate(population)
        ],
        "accepted_grade_snapshot": [
            {
                "row_id": f"g:{n}",
                "file_name": "grade_snapshot.csv",
                "sheet": "",
                "row_no": n + 2,
                "snapshot_month": MONTH,
            }
            | {"graded_on": date(2026, 8, 1)}
            | received
            for n, _ in enumerate(population)
        ],
        "deliveries": [received | {"file_name": "grade_snapshot.csv", "file_sha256": "e" * 64}],
        "frame": [
            dict(zip(("task", "uid", "county", "stratum", "state", "reason"), row, strict=True)) for row in frame
        ],
        "strata": [
            dict(zip(("task", "county", "stratum"), row[:3], strict=True))
            | {name: int(value) for name, value in zip(counts, row[3:], strict=True)}
            for row in strata
        ],
    }
