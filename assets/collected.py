"""归集: what was delivered for a month, as it was received.

Here: `deliveries` (every file and what became of it), `received_file`, `received_sheet` and `header_drift` (what reading
each file gave), and one `delivered_<source>` per source. Not here: judging rows (validated).
"""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import date
from typing import Any

import dagster as dg
import pyarrow as pa

from assets.round_state import keep_lists, round_facts
from assets.schema import asset_arguments, stored_metadata
from assets.stage import Month, Tables, month_of, table_asset, tables_asset
from data_contracts.model import Column, Contract, output_contract, source_contract
from data_contracts.registry import Source, sources
from resources.engines.duckdb_engine import sql_text
from resources.faults import guarded
from resources.lake import Stored
from resources.receipts import basis_of, look_through, record, rows_of
from resources.received import QUARANTINED, READ, Received, Wanted, receive
from supervision.months import last_day

READ_TABLES = ("received_file", "received_sheet", "header_drift")


def build(partitions: dg.PartitionsDefinition[str]) -> list[dg.AssetsDefinition]:
    """The assets of this stage."""
    return [
        table_asset("deliveries", partitions, _deliveries, deps=(), kinds=("python", "parquet")),
        tables_asset(
            "read_files",
            READ_TABLES,
            partitions,
            _read_files,
            deps=["deliveries"],
            checks=[
                dg.AssetCheckSpec(
                    "every_file_read",
                    asset="received_file",
                    description="每份文件都能读取；读不出的整份隔离，只停它自己，按清单逐份退回报送单位",
                ),
                dg.AssetCheckSpec(
                    "no_personal_numbers",
                    asset="received_file",
                    description="单元格中没有公民身份号码和手机号码；有的在读取时隐去，行照常验收，按文件计数告知报送单位（R-37）",
                ),
            ],
            judge=_judge_files,
        ),
        _delivered(partitions),
    ]


def _deliveries(month: Month) -> Stored:
    as_of = date.fromisoformat(month.asked) if month.asked else last_day(month.name)
    receipts = look_through(month.lake.home.inbox, month.name, as_of)
    rows = rows_of(receipts)
    record(month.lake.home, rows)
    facts = round_facts(month.lake.home, month.policy, month.name)
    keep_lists(month.lake.home, month.name, facts["voided_rounds"])
    month.lake.begin(basis_of(month.name, as_of, receipts, facts))
    return month.store_records(output_contract("deliveries"), rows)


def _read_files(month: Month) -> Tables:
    """Every used file read in the sandbox, or kept aside whole with its reason (R-11, R-18)."""
    used = used_files(month)
    answers = receive(month.lake.home, [wanted(row) for row in used])
    return {
        "received_file": [_file_row(row, answer) for row, answer in zip(used, answers, strict=True)],
        "received_sheet": [
            {name: getattr(sheet, name) for name in sheet.__slots__} | place(answer)
            for answer in answers
            if answer.state == READ
            for sheet in answer.sheets
        ],
        "header_drift": [
            place(answer) | {"column_name": drift.column or drift.header, "drift_kind": drift.kind}
            for answer in answers
            for drift in answer.drifts
        ],
    }


def used_files(month: Month) -> list[dict[str, Any]]:
    """The files this month rests on, in the order of their receipt."""
    used = [row for row in month.records("deliveries") if row["state"] == "used"]
    return sorted(used, key=lambda row: (row["received_at"], row["delivery_id"], row["file_name"]))


def wanted(row: dict[str, Any]) -> Wanted:
    """A used file as the reading asks for it."""
    contract = source_contract(row["source"])
    place = (row["delivery_id"], row["file_name"], row["file_sha256"], row["declared_rows"])
    return Wanted(*place, contract, is_withdrawal=row["is_withdrawal"], unit_code=row["unit_code"])


def place(answer: Received) -> dict[str, str]:
    """Which file an answer is about."""
    told = answer.wanted
    return {"delivery_id": told.delivery_id, "file_name": told.file_name, "source": told.contract.name}


def _file_row(row: dict[str, Any], answer: Received) -> dict[str, Any]:
    kept = ("unit_code", "unit_name", "delivery_month", "file_sha256", "received_at", "is_withdrawal", "declared_rows")
    return (
        place(answer)
        | {name: row[name] for name in kept}
        | {
            "read_state": answer.state,
            "fault_kind": answer.kind,
            "fault_reason": answer.reason,
            "delivered_rows": answer.rows,
            "masked_identities": answer.masked.identities,
            "masked_mobiles": answer.masked.mobiles,
        }
    )


def _judge_files(month: Month) -> Iterable[dg.AssetCheckResult]:
    files = month.records("received_file")
    aside = [row for row in files if row["read_state"] == QUARANTINED]
    yield dg.AssetCheckResult(
        asset_key="received_file",
        check_name="every_file_read",
        passed=not aside,
        severity=dg.AssetCheckSeverity.WARN,
        description="；".join(row["fault_reason"] for row in aside) or f"{len(files)} 份文件全部读出",
        metadata={"隔离文件": [f"{row['delivery_id']}/{row['file_name']}" for row in aside]},
    )
    masked = [row for row in files if row["masked_identities"] or row["masked_mobiles"]]
    identities, mobiles = (sum(row[name] for row in masked) for name in ("masked_identities", "masked_mobiles"))
    yield dg.AssetCheckResult(
        asset_key="received_file",
        check_name="no_personal_numbers",
        passed=not masked,
        severity=dg.AssetCheckSeverity.WARN,
        description=(
            f"{len(masked)} 份文件含个人号码，已隐去证件号 {identities} 个、手机号 {mobiles} 个；"
            "请以 ssj quarantine return 告知报送单位，今后报送前删去"
            if masked
            else "没有个人号码"
        ),
        metadata={
            f"{row['delivery_id']}/{row['file_name']}": f"{row['masked_identities']} + {row['masked_mobiles']}"
            for row in masked
        },
    )


def delivered_contract(contract: Contract) -> Contract:
    """The contract of a source's rows as received: the same columns as text, and where each row stood."""
    text = tuple(replace(c, physical_type="VARCHAR", logical_type="string", required=False) for c in contract.columns)
    return replace(
        contract,
        name=f"delivered_{contract.name}",
        group="collected",
        title=f"{contract.title}（交付原样）",
        columns=(*text, *_place_columns()),
        primary_key=("delivery_id", "file_name", "sheet", "row_no", "part_no"),
    )


_PLACE = (
    "delivery_id", "file_name", "file_sha256", "sheet", "row_no", "part_no", "corrects_row_id", "received_at",
    "is_generated", "is_withdrawal",
)  # fmt: skip


def _place_columns() -> tuple[Column, ...]:
    return tuple(output_contract("row_origin").column(name) for name in _PLACE)


def _delivered(partitions: dg.PartitionsDefinition[str]) -> dg.AssetsDefinition:
    contracts = {f"delivered_{s.name}": delivered_contract(s.contract) for s in sources()}

    @dg.multi_asset(
        name="deliver_sources",
        specs=[
            dg.AssetSpec(
                name,
                deps=["deliveries", "received_file"],
                partitions_def=partitions,
                **asset_arguments(contract, kinds=("excel", "parquet")),
            )
            for name, contract in contracts.items()
        ],
        can_subset=True,
        required_resource_keys={"house"},
    )
    @guarded
    def _assets(context: dg.AssetExecutionContext) -> Iterator[dg.MaterializeResult[Any]]:
        month = month_of(context)
        chosen = {key.to_user_string() for key in context.selected_asset_keys}
        files = month.records("received_file")
        for source in sources():
            contract = contracts[f"delivered_{source.name}"]
            if contract.name not in chosen:
                continue
            mine = [row for row in files if row["source"] == source.name]
            stored = _store(month, source, contract, mine)
            metadata = stored_metadata(stored, month.lake, contract)
            metadata["交付文件"] = [
                f"{r['delivery_id']}/{r['file_name']} {r['file_sha256'][:16]} {r['read_state']}" for r in mine
            ]
            yield dg.MaterializeResult(asset_key=contract.name, metadata=metadata)

    return _assets


def _store(month: Month, source: Source, contract: Contract, files: list[dict[str, Any]]) -> Stored:
    """All readable rows of a source, with the place of each."""
    contract_sha256 = source.contract.sha256
    # The same bytes may bring records and later withdraw them: one table, joined to both files.
    digests = dict.fromkeys(r["file_sha256"] for r in files if r["read_state"] == READ)
    paths = [month.lake.received(digest, contract_sha256) for digest in digests]
    inputs = {name: month.lake.table(name) for name in ("received_file", "deliveries")}
    rows = {"received": paths or no_rows(source.contract)}
    with month.house.engine() as engine:
        return month.lake.store(
            contract.name,
            lambda path: engine.select_to_parquet(
                sql_text("collected/delivered"), inputs | rows, {"source": source.name}, path
            ),
        )


def no_rows(contract: Contract) -> pa.Table:
    """No rows, with the columns of a received file: what a source looks like when nothing came."""
    text = [*contract.column_names, "sheet", "corrects_row_id", "file_sha256"]
    fields = [pa.field(name, pa.string()) for name in text]
    return pa.schema([*fields, pa.field("row_no", pa.int64()), pa.field("part_no", pa.int64())]).empty_table()
