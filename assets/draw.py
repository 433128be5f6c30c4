"""抽取: after approval and beacon — who is drawn, which inspectors go, and the sealed bundle (DRAW §3 to §7).

Here: the draw from the committed files alone, the matching, the bundle. Not here: anything that could change what was
committed: this stage reads the bundle, never the tables it was made from.
"""

from typing import Any

import dagster as dg

from assets.stage import Month, Tables, table_asset, tables_asset
from data_contracts.model import output_contract
from resources.bundles import SUMS, BundleError, Bundles
from resources.lake import Stored
from resources.ledger import Ledger
from resources.settings import CHECKOUT
from supervision import matching
from supervision import policy as rules
from supervision.canonical import csv_bytes, json_bytes
from supervision.draw import ceremony, rows, selection
from supervision.draw.committed import Committed

DRAWN_TABLES = ("allocation", "cuts", "drawn", "reserve", "county_visits")
MATCHED_TABLES = ("assignment", "unassignable")
VERIFIER = CHECKOUT / "verifier" / "verify.py"


def build(partitions: dg.PartitionsDefinition[str]) -> list[dg.AssetsDefinition]:
    """The assets of this stage."""
    return [
        tables_asset("draw_round", DRAWN_TABLES, partitions, _draw, deps=["committed_round"]),
        tables_asset("match_inspectors", MATCHED_TABLES, partitions, _match, deps=["drawn", "committed_round"]),
        table_asset(
            "round_bundle", partitions, _round_bundle, deps=["drawn", "allocation", "cuts", "reserve", "assignment"]
        ),
    ]


def opened(month: Month) -> tuple[str, Committed, dict[str, Any]]:
    """The round's committed files parsed, and its certificate: beacon and secret checked, K computed.

    Beacon and secret of a demonstration come from the policy's demonstration text; no other round gets this far yet.
    """
    round_id = rules.round_id(month.policy, month.name)
    if not month.demonstration:
        raise BundleError(
            f"批次 {round_id} 不是演示：须经审批、承诺、信标和双人开启密值才能抽取，不得用演示的信标和密值"
        )
    parsed = Bundles(month.lake.home).committed(round_id)
    [committed] = month.records("committed_round")
    if committed["manifest_sha256"] != parsed.manifest_sha256:
        raise BundleError(f"批次 {round_id} 冻结的文件与本月度版本的承诺不是同一份：请核对后再抽取")
    beacon = rules.demonstration_beacon(month.policy, month.name, round_id)
    secret = rules.demonstration_secret(month.policy, round_id)
    ceremony.check_beacon(beacon, parsed.policy.beacon)
    commitment = ceremony.commitment(round_id, parsed.manifest_sha256, secret)
    certificate = {
        "spec": ceremony.SPEC,
        "round_id": round_id,
        "beacon": beacon,
        "office_secret": secret,
        "commitment": commitment,
        "key": ceremony.draw_key(commitment, beacon, secret),
        "demonstration": month.demonstration,
    }
    return round_id, parsed, certificate


def _draw(month: Month) -> Tables:
    """The draw of the committed round: allocation, cuts, drawn, reserve and the visits of each county (DRAW §4, §5)."""
    _, parsed, certificate = opened(month)
    result = selection.draw(parsed, certificate["key"])
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
    }


def _plain(row: Any) -> dict[str, Any]:
    return {name: getattr(row, name) for name in row.__slots__}


def _match(month: Month) -> Tables:
    """Two or more inspectors for every visit; what cannot be matched is listed with its reason (DRAW §6)."""
    _, parsed, certificate = opened(month)
    drawn = [rows.DrawnRow(**r) for r in month.records("drawn")]
    assignment = matching.assign(certificate["key"], parsed, drawn)
    unmet = [{"visit_uid": u.visit_uid, "county": u.county, "unmet_reason": u.reason} for u in assignment.unassignable]
    return {"assignment": [_plain(row) for row in assignment.rows], "unassignable": unmet}


def _round_bundle(month: Month) -> Stored:
    """Seal the bundle: certificate, results, verifier and SHA256SUMS beside what was committed; its digest is in the ledger."""
    round_id, _, certificate = opened(month)
    files = {
        "certificate.json": json_bytes(certificate),
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
    ledger = Ledger(month.lake.home.ledger, "rounds")
    if not any(e["kind"] == "sealed" and e["body"]["round_id"] == round_id for e in ledger.entries()):
        ledger.append("sealed", {"round_id": round_id, "sha256sums": digest, "demonstration": month.demonstration})
    sums = bundles.read(round_id)["SHA256SUMS"].decode().splitlines()
    listed = [{"round_id": round_id, "file_name": line[66:], "sha256": line[:64]} for line in sums]
    return month.store_records(output_contract("round_bundle"), listed)
