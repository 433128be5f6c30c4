"""验收: every delivered row accepted, quarantined with its reason, or recognised as a duplicate — and none lost.

Here: `accepted_<source>`, `quarantined`, `duplicates`, `intake` (the counts and the blocking checks).
Not here: what the records mean for a plan (risk).
"""

from collections.abc import Iterable
from dataclasses import asdict, replace
from functools import partial
from typing import Any

import dagster as dg
import pyarrow.parquet as pq

from assets.schema import asset_arguments, stored_metadata
from assets.stage import Month, month_of, table_asset
from data_contracts.model import Contract, output_contract, source_contracts
from resources.engines.contract_sql import split_sql
from resources.engines.duckdb_engine import sql_text, take
from resources.lake import Stored


def build(partitions: dg.PartitionsDefinition[str]) -> list[dg.AssetsDefinition]:
    """The assets of this stage."""
    names = [c.name for c in source_contracts()]
    accepted = [f"accepted_{name}" for name in names]
    return [
        *(_accepted(contract, partitions) for contract in source_contracts()),
        table_asset("quarantined", partitions, lambda m: _union(m, "quarantined"), deps=accepted, kinds=("duckdb",)),
        table_asset("duplicates", partitions, lambda m: _union(m, "duplicates"), deps=accepted, kinds=("duckdb",)),
        table_asset(
            "intake",
            partitions,
            _intake,
            deps=["deliveries", "quarantined", "duplicates"],
            checks=[
                dg.AssetCheckSpec(
                    "nothing_lost",
                    asset="intake",
                    blocking=True,
                    description="守恒：每个文件、每张表页的每一行恰好落在接收、隔离、重复三者之一",
                ),
                dg.AssetCheckSpec(
                    "no_delivery_refused",
                    asset="intake",
                    blocking=True,
                    description="没有无法读取的交付：清单或文件有问题的，当月不进入计划",
                ),
            ],
            judge=_judge_intake,
        ),
    ]


def accepted_contract(contract: Contract) -> Contract:
    """The contract of a source's accepted rows: its typed columns, their origin, version and warnings."""
    extra = ["row_id", "delivery_id", "file_name", "sheet", "row_no", "received_at"]
    extra += ["formed_on"] if contract.formed_on else []
    extra += ["version_no", "is_current", "warnings"]
    shared = output_contract("row_origin")
    return replace(
        contract,
        name=f"accepted_{contract.name}",
        group="validated",
        title=f"{contract.title}（验收）",
        columns=(*contract.columns, *(shared.column(name) for name in extra)),
        primary_key=("row_id",),
    )


def _accepted(source: Contract, partitions: dg.PartitionsDefinition[str]) -> dg.AssetsDefinition:
    contract = accepted_contract(source)

    @dg.asset(
        name=contract.name,
        partitions_def=partitions,
        deps=[f"delivered_{source.name}"],
        required_resource_keys={"house"},
        **asset_arguments(contract),
    )
    def _asset(context: dg.AssetExecutionContext) -> dg.MaterializeResult[Any]:
        month = month_of(context)
        delivered = {"delivered": month.lake.table(f"delivered_{source.name}")}
        with month.house.engine() as engine:
            made = engine.select_chain(asdict(split_sql(source)), delivered)
            stored = {
                place: month.lake.store(f"{place}_{source.name}", partial(take, made[place]))
                for place in ("accepted", "quarantined", "duplicates")
            }
        metadata = stored_metadata(stored["accepted"], month.lake, contract)
        metadata |= {"隔离行数": stored["quarantined"].rows, "重复行数": stored["duplicates"].rows}
        return dg.MaterializeResult(metadata=metadata)

    return _asset


def _union(month: Month, place: str) -> Stored:
    """All sources' rows of one place, in the order of their origin."""
    parts = [month.lake.table(f"{place}_{c.name}") for c in source_contracts()]
    with month.house.engine() as engine:
        return month.lake.store(
            place,
            lambda path: engine.select_to_parquet(sql_text(f"validated/{place}"), {"parts": parts}, {}, path),
        )


def _intake(month: Month) -> Stored:
    """Counts per source: delivered = accepted + quarantined + duplicates, and the rows that break it (none)."""
    rows = []
    with month.house.engine() as engine:
        for source in source_contracts():
            tables = {
                "delivered": month.lake.table(f"delivered_{source.name}"),
                "accepted": month.lake.table(f"accepted_{source.name}"),
                "quarantined": month.lake.table(f"quarantined_{source.name}"),
                "duplicates": month.lake.table(f"duplicates_{source.name}"),
            }
            counts = {f"{name}_rows": pq.read_metadata(path).num_rows for name, path in tables.items()}
            counts |= _declared_blank(month, source)
            misplaced = engine.select(sql_text("checks/conservation"), tables).num_rows
            rows.append({"source": source.name, "source_title": source.title, **counts, "misplaced_rows": misplaced})
    return month.store_records(output_contract("intake"), rows)


def _declared_blank(month: Month, source: Contract) -> dict[str, int]:
    """Rows below the headers that hold no record: blank ones, and footers such as 合计."""
    files = [r for r in month.records("deliveries") if r["source"] == source.name and r["state"] == "used"]
    said = [pq.read_schema(month.lake.received(r["file_sha256"], source.sha256)).metadata for r in files]
    return {name: sum(int(each[name.encode()]) for each in said) for name in ("blank_rows", "footer_rows")}


def _judge_intake(month: Month, _: Stored) -> Iterable[dg.AssetCheckResult]:
    rows = month.records("intake")
    lost = {r["source"]: r["misplaced_rows"] for r in rows if r["misplaced_rows"]}
    refused = [r for r in month.records("deliveries") if r["state"] == "refused"]
    yield dg.AssetCheckResult(
        check_name="nothing_lost",
        passed=not lost,
        description=(
            f"以下来源有行未恰好落在一处：{lost}；请勿继续，联系开发人员"
            if lost
            else f"交付 {sum(r['delivered_rows'] for r in rows)} 行全部有去处"
        ),
        metadata={r["source"]: r["delivered_rows"] for r in rows},
    )
    yield dg.AssetCheckResult(
        check_name="no_delivery_refused",
        passed=not refused,
        description="；".join(r["refusal"] for r in refused) or "全部交付均可读取",
    )
