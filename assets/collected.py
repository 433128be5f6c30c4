"""归集: what was delivered for a month, as it was received.

Here: `deliveries` (every file and what became of it) and one `delivered_<source>` per source contract.
Not here: judging rows (validated).
"""

from dataclasses import replace
from datetime import date
from typing import Any

import dagster as dg
import pyarrow as pa
import pyarrow.parquet as pq

from assets.schema import asset_arguments, stored_metadata, unit_name
from assets.stage import Month, month_of, table_asset
from data_contracts.model import Column, Contract, output_contract, source_contracts
from resources.engines.duckdb_engine import ROW_GROUP_SIZE, sql_text
from resources.inbox import InboxError, read_delivery, read_file
from resources.lake import Stored, write_atomically
from resources.receipts import basis_of, look_through, record, rows_of
from supervision.months import last_day


def build(partitions: dg.PartitionsDefinition[str]) -> list[dg.AssetsDefinition]:
    """The assets of this stage."""
    return [
        table_asset("deliveries", partitions, _deliveries, deps=(), kinds=("python", "parquet")),
        *(_delivered(contract, partitions) for contract in source_contracts()),
    ]


def _deliveries(month: Month) -> Stored:
    as_of = date.fromisoformat(month.house.as_of) if month.house.as_of else last_day(month.name)
    receipts = look_through(month.lake.home.inbox, month.name, as_of)
    rows = rows_of(receipts)
    record(month.lake.home, rows)
    month.lake.begin(basis_of(month.name, as_of, receipts))
    return month.store_records(output_contract("deliveries"), rows)


def delivered_contract(contract: Contract) -> Contract:
    """The contract of a source's rows as received: the same columns as text, and where each row stood."""
    text = tuple(replace(c, physical_type="VARCHAR", logical_type="string", required=False) for c in contract.columns)
    return replace(
        contract,
        name=f"delivered_{contract.name}",
        group="collected",
        title=f"{contract.title}（交付原样）",
        columns=(*text, *_place_columns()),
        primary_key=("delivery_id", "file_name", "sheet", "row_no"),
    )


def _place_columns() -> tuple[Column, ...]:
    names = ("delivery_id", "file_name", "file_sha256", "sheet", "row_no", "received_at", "is_generated")
    return tuple(output_contract("row_origin").column(name) for name in names)


def _delivered(source: Contract, partitions: dg.PartitionsDefinition[str]) -> dg.AssetsDefinition:
    contract = delivered_contract(source)

    @dg.asset(
        name=contract.name,
        partitions_def=partitions,
        deps=["deliveries"],
        required_resource_keys={"house"},
        **asset_arguments(contract, kinds=("excel", "parquet")),
    )
    def _asset(context: dg.AssetExecutionContext) -> dg.MaterializeResult[Any]:
        month = month_of(context)
        deliveries = month.records("deliveries")
        sent = [r for r in deliveries if r["source"] == source.name and r["state"] in ("used", "repeated")]
        files = [r for r in sent if r["state"] == "used"]
        if source.required_source and not any(r["delivery_month"] == month.name for r in sent):
            refused = "；".join(r["refusal"] for r in deliveries if r["state"] == "refused")
            raise InboxError(
                (f"有交付未能读取：{refused}因此 " if refused else "")
                + f"{month.name} 缺少必需来源「{source.title}」（{source.name}）的交付："
                f"请向{unit_name(source.responsible_unit)}催交，放入收件箱后重新运行"
            )
        paths = [_received(month, source, row) for row in files]
        inputs = {"received": paths or contract_rows(source), "deliveries": month.lake.table("deliveries")}
        with month.house.engine() as engine:
            stored = month.lake.store(
                contract.name,
                lambda path: engine.select_to_parquet(
                    sql_text("collected/delivered"), inputs, {"source": source.name}, path
                ),
            )
        metadata = stored_metadata(stored, month.lake, contract)
        metadata["交付文件"] = [f"{r['delivery_id']}/{r['file_name']} {r['file_sha256'][:16]}" for r in files]
        return dg.MaterializeResult(metadata=metadata)

    return _asset


def contract_rows(source: Contract) -> Any:
    """No rows, with the columns of a received file: what an optional source looks like when nothing came."""
    fields = [pa.field(c.name, pa.string()) for c in source.columns]
    fields += [pa.field("sheet", pa.string()), pa.field("row_no", pa.int64()), pa.field("file_sha256", pa.string())]
    return pa.schema(fields).empty_table()


def _received(month: Month, source: Contract, row: dict[str, Any]) -> Any:
    """Parquet of one received file, read once and kept under the digest of its bytes and of the contract."""
    target = month.lake.received(row["file_sha256"], source.sha256)
    if target.exists():
        return target
    delivery = read_delivery(month.lake.home.inbox / row["delivery_id"])
    file = next(f for f in delivery.files if f.name == row["file_name"])
    file.verify()
    raw = read_file(file.path, source, rows=file.rows)
    table = raw.table.append_column("file_sha256", pa.repeat(pa.scalar(file.sha256), raw.table.num_rows))
    table = table.replace_schema_metadata({"blank_rows": str(raw.blank_rows), "footer_rows": str(raw.footer_rows)})
    write_atomically(
        target, lambda path: pq.write_table(table, path, compression="zstd", row_group_size=ROW_GROUP_SIZE)
    )
    return target
