"""公开: what the public receives — the plan, the drawn list, totals, rounds — and how much it gives away.

Here: one table per public file and the call of its writer; the leak meter that lets the list go out or not. Not here: the
internal tables they are made of (reports), the results (results), what a public file may hold (data_contracts.openness).
A public writer can be made for a public contract only: `public_csv` refuses any other when definitions are built.
"""

from __future__ import annotations

from collections.abc import Callable

import dagster as dg

from assets.documents import frame_of, outbox, unit_table
from assets.plan import policy_tables
from assets.stage import Month, sql_asset, table_asset
from data_contracts.model import public_contract
from resources.bundles import Bundles
from resources.lake import Stored
from resources.ledger import Ledger
from resources.outbox.public_csv import write_public
from supervision import rounds
from supervision.reports.rounds import beacon_of, public_round


def build(partitions: dg.PartitionsDefinition[str]) -> list[dg.AssetsDefinition]:
    """The assets of this stage."""
    return [
        sql_asset(
            "plan_public",
            partitions,
            inputs=["sampling_plan"],
            parameters=lambda m: {"demonstration": m.demonstration},
            extra=lambda m: {"policy_task": policy_tables(m)["policy_task"]},
            written=public_csv("plan_public"),
        ),
        sql_asset(
            "drawn_public",
            partitions,
            inputs=["drawn_subjects"],
            parameters=lambda m: {"demonstration": m.demonstration},
            written=public_csv("drawn_public"),
        ),
        sql_asset(
            "county_totals_public",
            partitions,
            inputs=["drawn_in_force", "committed_round"],
            extra=lambda m: {"unit": unit_table()},
            written=public_csv("county_totals_public"),
        ),
        table_asset("round_public", partitions, _round_public, deps=["round_bundle"], kinds=("python", "parquet")),
    ]


def public_csv(name: str) -> Callable[[Month], None]:
    """The writer of one public CSV file; ContractError at once when the contract is not a public one."""
    contract = public_contract(name)
    return lambda month: _write_csv(month, contract.name)


def _write_csv(month: Month, name: str) -> None:
    write_public(outbox(month, f"{name}.csv"), name, frame_of(month, name))


def _round_public(month: Month) -> Stored:
    """The rounds of the year up to this month, as far as they are committed: the void ones stay in sight (DRAW §3.4)."""
    known = rounds.rounds_of(Ledger(month.lake.home.ledger, "rounds").entries())
    bundles = Bundles(month.lake.home)
    listed = [
        public_round(each, bundles.policy(each.round_id).beacon, beacon_of(bundles.read(each.round_id)))
        for each in known.values()
        if each.commitment is not None and month.name[:4] == each.month[:4] and each.month <= month.name
    ]
    stored = month.store_records(public_contract("round_public"), sorted(listed, key=lambda row: row["round_id"]))
    public_csv("round_public")(month)
    return stored
