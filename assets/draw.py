"""抽取: after approval and beacon — who is drawn, which inspectors go, and the sealed bundle (DRAW §3 to §7).

Here: the draw from the committed files alone, the matching, the bundle. Not here: anything that could change what was
committed: this stage reads the bundle, never the tables it was made from.
"""

from typing import Any

import dagster as dg

from assets.rounds import HOLD, round_of
from assets.stage import Month, Tables, table_asset, tables_asset
from data_contracts.model import output_contract
from resources.bundles import CERTIFICATE, SUMS, Bundles
from resources.drawing import draw_folder
from resources.freezing import check_folder
from resources.lake import Stored
from resources.rounds import Rounds
from resources.settings import CHECKOUT
from supervision import matching, rounds
from supervision import policy as rules
from supervision.canonical import csv_bytes, json_bytes, load_json
from supervision.draw import ceremony, rows

DRAWN_TABLES = ("allocation", "cuts", "drawn", "reserve", "county_visits", "due")
MATCHED_TABLES = ("assignment", "unassignable")
VERIFIER = CHECKOUT / "verifier" / "verify.py"


def build(partitions: dg.PartitionsDefinition[str]) -> list[dg.AssetsDefinition]:
    """The assets of this stage."""
    return [
        tables_asset("draw_round", DRAWN_TABLES, partitions, _draw, deps=["committed_round"], held=_awaits_opening),
        tables_asset("match_inspectors", MATCHED_TABLES, partitions, _match, deps=["drawn", "committed_round"]),
        table_asset(
            "round_bundle", partitions, _round_bundle, deps=["drawn", "allocation", "cuts", "reserve", "assignment"]
        ),
    ]


def opened(month: Month) -> dict[str, Any]:
    """The round's certificate: beacon and secret checked, K computed; the committed files are what was committed.

    Beacon and secret of a demonstration come from the policy's demonstration text; a real round's were typed in by two
    roles and opened before two (ssj beacon, ssj draw), and its certificate lies in the bundle.
    """
    bundles, round_id = Bundles(month.lake.home), month.round_id
    [committed] = month.records("committed_round")
    check_folder(bundles.path(round_id), committed["manifest_sha256"])
    if not month.demonstration:
        return load_json(CERTIFICATE, bundles.file(round_id, CERTIFICATE))
    beacon = rules.demonstration_beacon(month.policy, month.name, round_id)
    secret = rules.demonstration_secret(month.policy, round_id)
    ceremony.check_beacon(beacon, bundles.policy(round_id).beacon)
    commitment = ceremony.commitment(round_id, committed["manifest_sha256"], secret)
    return {
        "spec": ceremony.SPEC,
        "round_id": round_id,
        "beacon": beacon,
        "office_secret": secret,
        "commitment": commitment,
        "key": ceremony.draw_key(commitment, beacon, secret),
        "demonstration": True,
    }


def _awaits_opening(month: Month) -> bool:
    """Nothing is drawn before the beacon is out and the secret has been opened before two roles."""
    bundles = Bundles(month.lake.home)
    if month.demonstration or CERTIFICATE in bundles.read(month.round_id):
        month.lake.hold(HOLD, None)
        return False
    state = round_of(month)
    month.lake.hold(HOLD, rounds.waiting_for(state) if state else None)
    return True


def _draw(month: Month) -> Tables:
    """The draw of the committed round: allocation, cuts, drawn, reserve and the visits of each county (DRAW §4, §5)."""
    certificate = opened(month)
    with month.house.engine() as engine:
        result = draw_folder(engine, Bundles(month.lake.home).path(month.round_id), certificate["key"])
    visits = [
        {
            "county": c.county,
            "capacity": c.capacity,
            "triggers": c.triggers,
            "visits_planned": c.planned,
            "visits_funded": c.funded,
        }
        for c in result.counties
    ]
    return {
        "allocation": [_plain(row) for row in result.allocation],
        "cuts": [_plain(row) for row in result.cuts],
        "drawn": [_plain(row) for row in result.drawn],
        "reserve": [_plain(row) for row in result.reserve],
        "county_visits": visits,
        "due": [
            dict(zip(("task", "county", "stratum"), each.key, strict=True))
            | {"target_e4": each.target_e4, "shortfall_e4": each.shortfall_e4, "excess": each.excess}
            for each in result.dues
        ],
    }


def _plain(row: Any) -> dict[str, Any]:
    return {name: getattr(row, name) for name in row.__slots__}


def _match(month: Month) -> Tables:
    """Two or more inspectors for every visit; what cannot be matched is listed with its reason (DRAW §6)."""
    key = opened(month)["key"]
    drawn = [rows.DrawnRow(**r) for r in month.records("drawn")]
    assignment = matching.assign(key, Bundles(month.lake.home).staffed(month.round_id), drawn)
    unmet = [{"visit_uid": u.visit_uid, "county": u.county, "unmet_reason": u.reason} for u in assignment.unassignable]
    return {"assignment": [_plain(row) for row in assignment.rows], "unassignable": unmet}


def _round_bundle(month: Month) -> Stored:
    """Seal the bundle: certificate, results, verifier and SHA256SUMS beside what was committed; its digest is in the ledger."""
    round_id = month.round_id
    files = {
        CERTIFICATE: json_bytes(opened(month)),
        "allocation.csv": csv_bytes(
            rows.ALLOCATION, (rows.AllocationRow(**r).cells() for r in month.records("allocation"))
        ),
        "cuts.csv": csv_bytes(rows.CUTS, (rows.CutRow(**r).cells() for r in month.records("cuts"))),
        "drawn.csv": csv_bytes(rows.DRAWN, (rows.DrawnRow(**r).cells() for r in month.records("drawn"))),
        "reserve.csv": csv_bytes(rows.DRAWN, (rows.DrawnRow(**r).cells() for r in month.records("reserve"))),
        "assignment.csv": csv_bytes(
            matching.ASSIGNMENT,
            ((r["visit_uid"], r["inspector_id"], r["role"]) for r in month.records("assignment")),
        ),
    }
    bundles = Bundles(month.lake.home)
    if SUMS not in bundles.read(round_id):  # a sealed bundle keeps the verifier it was sealed with
        files["verify.py"] = VERIFIER.read_bytes()
    digest = bundles.seal(round_id, files)
    Rounds(month.lake.home).seal(round_id, digest, demonstration=month.demonstration)
    sums = bundles.read(round_id)["SHA256SUMS"].decode().splitlines()
    listed = [{"round_id": round_id, "file_name": line[66:], "sha256": line[:64]} for line in sums]
    return month.store_records(output_contract("round_bundle"), listed)
