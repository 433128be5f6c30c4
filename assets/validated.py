"""验收: every delivered row accepted, quarantined with its reason, or recognised as a duplicate — and none lost.

Here: `accepted_<source>`, `identity`, the lists over all sources (`quarantined`, `duplicates`, `schema_drift`, `record`),
`conservation` and `intake` with the blocking checks. Not here: what the records mean for a plan (risk).
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from functools import partial
from typing import Any

import dagster as dg
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from assets.schema import asset_arguments, stored_metadata, unit_name
from assets.stage import Month, arrow_schema, month_of, table_asset
from data_contracts.model import Contract, output_contract, source_contract
from data_contracts.registry import Source, sources
from resources.engines.amounts import amount_table, amount_texts
from resources.engines.contract_sql import PRODUCTS, split_sql
from resources.engines.duckdb_engine import DuckDBEngine, sql_text, take
from resources.faults import guarded
from resources.lake import Stored
from resources.received import QUARANTINED
from supervision.conservation import lost_places

# Lists over all sources: the part of each source's split that they unite.
LISTS = ("quarantined", "duplicates", "schema_drift", "record")
PART = {"schema_drift": "drift"}
DRIFT_ZH = {
    "dropped": "列缺失", "new": "新增列", "renamed": "列改名", "retyped": "列类型改变", "all_null": "整列为空",
}  # fmt: skip


def build(partitions: dg.PartitionsDefinition[str]) -> list[dg.AssetsDefinition]:
    """The assets of this stage."""
    return [
        _accepted(partitions),
        _lists(partitions),
        table_asset(
            "conservation", partitions, _conservation, deps=["received_sheet", *LISTS[:2]], kinds=("duckdb", "parquet")
        ),
        table_asset(
            "intake",
            partitions,
            _intake,
            deps=["deliveries", "conservation", "received_file", "received_sheet", "schema_drift"],
            checks=[
                dg.AssetCheckSpec(
                    "nothing_lost",
                    asset="intake",
                    blocking=True,
                    description="守恒：每个交付、文件、表页的每一行恰好落在接收、隔离、重复三者之一，空行表尾另计",
                ),
                dg.AssetCheckSpec(
                    "no_delivery_refused",
                    asset="intake",
                    blocking=True,
                    description="没有清单读不出的交付：不知其中是什么来源，当月不进入计划",
                ),
                dg.AssetCheckSpec(
                    "required_sources_here",
                    asset="intake",
                    blocking=True,
                    description="必需的来源本月都有可读的交付；缺了的，其余来源照常验收，但不形成计划",
                ),
                dg.AssetCheckSpec(
                    "schema_kept",
                    asset="intake",
                    description="各来源的列没有缺失、改名、改类型、新增或整列为空；有变化的只停它自己",
                ),
            ],
            judge=_judge_intake,
        ),
    ]


def accepted_contract(contract: Contract) -> Contract:
    """The contract of a source's accepted rows: its typed columns, their origin, identity, version and warnings."""
    extra = [
        "source",
        "row_id",
        "delivery_id",
        "file_name",
        "sheet",
        "row_no",
        "part_no",
        "corrects_row_id",
        "received_at",
    ]
    extra += ["formed_on"] if contract.formed_on else []
    extra += ["identity_basis"] if contract.identity else []
    extra += ["version_no", "is_withdrawn", "is_current", "warnings"]
    shared = output_contract("row_origin")
    return replace(
        contract,
        name=f"accepted_{contract.name}",
        group="validated",
        title=f"{contract.title}（验收）",
        columns=(*contract.columns, *(shared.column(name) for name in extra)),
        primary_key=("row_id",),
    )


def _accepted(partitions: dg.PartitionsDefinition[str]) -> dg.AssetsDefinition:
    """One step for all sources; the register first, for the others are identified by it."""
    contracts = {f"accepted_{s.name}": accepted_contract(s.contract) for s in sources()}
    identity = output_contract("identity")
    specs = [
        dg.AssetSpec(
            name,
            deps=[f"delivered_{name.removeprefix('accepted_')}", *(["identity"] if contract.identity else [])],
            partitions_def=partitions,
            **asset_arguments(contract),
        )
        for name, contract in contracts.items()
    ]
    specs.append(
        dg.AssetSpec("identity", deps=["accepted_register"], partitions_def=partitions, **asset_arguments(identity))
    )

    @dg.multi_asset(name="accept_sources", specs=specs, can_subset=True, required_resource_keys={"house"})
    @guarded
    def _assets(context: dg.AssetExecutionContext) -> Iterator[dg.MaterializeResult[Any]]:
        month = month_of(context)
        chosen = {key.to_user_string() for key in context.selected_asset_keys}
        with month.house.engine() as engine:
            for source in sorted(sources(), key=lambda s: s.kind != "register"):
                contract = contracts[f"accepted_{source.name}"]
                if contract.name in chosen:
                    stored = _split(month, source.contract, engine)
                    metadata = stored_metadata(stored["accepted"], month.lake, contract)
                    metadata |= {"隔离行数": stored["quarantined"].rows, "重复行数": stored["duplicates"].rows}
                    yield dg.MaterializeResult(asset_key=contract.name, metadata=metadata)
                if source.kind == "register" and "identity" in chosen:
                    made = month.select(identity, ["accepted_register"], {}, {})
                    yield dg.MaterializeResult(
                        asset_key="identity", metadata=stored_metadata(made, month.lake, identity)
                    )

    return _assets


def _split(month: Month, contract: Contract, engine: DuckDBEngine) -> dict[str, Stored]:
    """Every delivered row of a source into one of three places, and what is told of them, stored side by side."""
    delivered = month.lake.table(f"delivered_{contract.name}")
    split = split_sql(contract)
    inputs: dict[str, Any] = {"delivered": delivered}
    if "identity" in split.inputs:
        inputs["identity"] = month.lake.table("identity")
    if "amount_text" in split.inputs:
        texts = amount_texts(contract)
        assert texts is not None
        inputs["amount_text"] = amount_table(engine.select(texts, {"delivered": delivered}))
    made = engine.select_chain(split.steps(), inputs)
    return {
        place: month.lake.store(f"{place}_{contract.name}", partial(take, made[place]))
        for place in PRODUCTS
        if place in made
    }


def _lists(partitions: dg.PartitionsDefinition[str]) -> dg.AssetsDefinition:
    accepted = [f"accepted_{s.name}" for s in sources()]
    upstream = {name: [*accepted, *(["header_drift"] if name == "schema_drift" else [])] for name in LISTS}

    @dg.multi_asset(
        name="list_sources",
        specs=[
            dg.AssetSpec(name, deps=upstream[name], partitions_def=partitions, **asset_arguments(output_contract(name)))
            for name in LISTS
        ],
        can_subset=True,
        required_resource_keys={"house"},
    )
    @guarded
    def _assets(context: dg.AssetExecutionContext) -> Iterator[dg.MaterializeResult[Any]]:
        month = month_of(context)
        for key in sorted(context.selected_asset_keys, key=lambda key: LISTS.index(key.to_user_string())):
            name = key.to_user_string()
            stored = _union(month, name)
            yield dg.MaterializeResult(
                asset_key=name, metadata=stored_metadata(stored, month.lake, output_contract(name))
            )

    return _assets


def _union(month: Month, name: str) -> Stored:
    """All sources' rows of one place, in the order of their origin."""
    part = PART.get(name, name)
    paths = [month.lake.path(f"{part}_{source.name}") for source in sources()]
    parts = [path for path in paths if path.exists()]
    if name == "schema_drift":
        parts.append(month.lake.table("header_drift"))
    with month.house.engine() as engine:
        return month.lake.store(
            name, lambda path: engine.select_to_parquet(sql_text(f"validated/{name}"), {"parts": parts}, {}, path)
        )


def _conservation(month: Month) -> Stored:
    """Delivered = accepted + quarantined + duplicates, by delivery, file and sheet."""
    contract = output_contract("conservation")
    parts = []
    with month.house.engine() as engine:
        for source in sources():
            tables = {
                place: month.lake.table(f"{place}_{source.name}")
                for place in ("delivered", "accepted", "quarantined", "duplicates")
            }
            if any(pq.read_metadata(path).num_rows for path in tables.values()):
                parts.append(engine.select(sql_text("validated/conservation"), tables, {"source": source.name}))
    table = pa.concat_tables(parts).cast(arrow_schema(contract)) if parts else arrow_schema(contract).empty_table()
    order = [(name, "ascending") for name in contract.primary_key]
    return month.store_records(contract, table.sort_by(order).to_pylist())


def _intake(month: Month) -> Stored:
    """Counts per source: files, rows by place, and what below the headers holds no record."""
    sheets, kept = month.records("received_sheet"), month.records("conservation")
    files = month.records("received_file")
    rows = [
        {
            "source": source.name,
            "source_title": source.contract.title,
            "files": sum(1 for f in files if f["source"] == source.name and f["read_state"] == "read"),
            "quarantined_files": sum(
                1 for f in files if f["source"] == source.name and f["read_state"] == "quarantined"
            ),
        }
        | _summed(sheets, source, ("blank_rows", "footer_rows"))
        | _summed(
            kept, source, ("delivered_rows", "accepted_rows", "quarantined_rows", "duplicates_rows", "misplaced_rows")
        )
        for source in sources()
    ]
    return month.store_records(output_contract("intake"), rows)


def _summed(rows: Iterable[Mapping[str, Any]], source: Source, names: Iterable[str]) -> dict[str, int]:
    mine = [row for row in rows if row["source"] == source.name]
    return {name: sum(row[name] for row in mine) for name in names}


def _judge_intake(month: Month, _: Stored) -> Iterable[dg.AssetCheckResult]:
    kept = month.records("conservation")
    lost = lost_places(month.records("received_sheet"), kept)
    refused = [r for r in month.records("deliveries") if r["state"] == "refused"]
    drifts = month.records("schema_drift")
    yield dg.AssetCheckResult(
        check_name="nothing_lost",
        passed=not lost,
        description=(
            f"以下表页有行未恰好落在一处：{'；'.join(lost[:20])}；请勿继续，联系开发人员"
            if lost
            else f"交付 {sum(r['delivered_rows'] for r in kept)} 行全部有去处"
        ),
        metadata={r["source"]: r["delivered_rows"] for r in month.records("intake")},
    )
    yield dg.AssetCheckResult(
        check_name="no_delivery_refused",
        passed=not refused,
        description="；".join(r["refusal"] for r in refused) or "全部交付均可读取",
    )
    missing = missing_sources(month)
    yield dg.AssetCheckResult(
        check_name="required_sources_here",
        passed=not missing,
        description="；".join(missing) or "必需的来源都已送达",
    )
    yield dg.AssetCheckResult(
        check_name="schema_kept",
        passed=not drifts,
        severity=dg.AssetCheckSeverity.WARN,
        description="；".join(_told(drift) for drift in drifts[:20]) or "各来源的列均与契约相符",
    )


def deliveries_of_records(month: Month, source: Source) -> set[str]:
    """Deliveries with a row that is no correction: a row put right after the quarantine is not the month's delivery."""
    rows = month.read(f"delivered_{source.name}", ["delivery_id", "corrects_row_id"])
    return set(rows.filter(pc.is_null(rows.column("corrects_row_id"))).column("delivery_id").unique().to_pylist())


def missing_sources(month: Month) -> list[str]:
    """Each required source without one readable file of this month: why it is missing, and whom to ask."""
    files = month.records("received_file")
    refused = [r["refusal"] for r in month.records("deliveries") if r["state"] == "refused"]
    told = []
    for source in sources():
        mine = [row for row in files if row["source"] == source.name]
        if not source.required:
            continue
        whole = deliveries_of_records(month, source)
        here = any(row["delivery_month"] == month.name and row["delivery_id"] in whole for row in mine)
        if not here:
            faults = [row["fault_reason"] for row in mine if row["read_state"] == QUARANTINED] + refused
            title, unit = source.contract.title, unit_name(source.contract.responsible_unit)
            told.append(
                (f"有交付未能读取：{'；'.join(faults)}因此 " if faults else "")
                + f"{month.name} 缺少必需来源「{title}」（{source.name}）的交付：请向{unit}催交，放入收件箱后重新运行"
            )
    return told


def _told(drift: Mapping[str, Any]) -> str:
    titles = {column.name: column.title for column in source_contract(drift["source"]).columns}
    name = titles.get(drift["column_name"], drift["column_name"])  # a new column has its header only
    return f"{drift['delivery_id']}/{drift['file_name']} {DRIFT_ZH[drift['drift_kind']]}「{name}」"
