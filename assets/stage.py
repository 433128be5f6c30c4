"""How an asset is made: one SQL file, or one function, under one contract.

For: the two factories every stage uses, and the month handed to them. Not for: any table in particular.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import dagster as dg
import pyarrow as pa
import pyarrow.parquet as pq

from assets.schema import asset_arguments, stored_metadata
from data_contracts.model import Contract, output_contract
from resources.engines.duckdb_engine import sql_text
from resources.faults import guarded
from resources.house import House
from resources.lake import MonthLake, Stored
from resources.reference import policy_for
from supervision.policy import Policy

AS_OF_TAG = "ssj/as_of"  # of a run: YYYY-MM-DD; a month still running is looked at as of today


@dataclass(frozen=True, slots=True)
class Month:
    """What an asset may touch: the month, its lake, the engine, the policy in force. `asked`: the as_of of this run."""

    name: str
    house: House
    lake: MonthLake
    asked: str = ""

    @property
    def as_of(self) -> date:
        """The date up to which facts count (never the wall clock)."""
        return date.fromisoformat(self.lake.basis()["as_of"])

    @property
    def first_day(self) -> date:
        """First day of the month."""
        return date.fromisoformat(f"{self.name}-01")

    @property
    def policy(self) -> Policy:
        """The policy in force in this month."""
        return policy_for(self.name)[0]

    @property
    def round_id(self) -> str:
        """The round of the draw that this version of the month is for."""
        return str(self.lake.basis()["round_id"])

    @property
    def voided_rounds(self) -> list[str]:
        """The rounds of this month that were voided before."""
        return list(self.lake.basis()["voided_rounds"])

    @property
    def demonstration(self) -> bool:
        """Whether every delivery of the month was generated: then every output says 演示."""
        return bool(self.lake.basis()["demonstration"])

    def read(self, table: str, columns: Sequence[str] | None = None) -> pa.Table:
        """An existing table of this month."""
        return pq.read_table(self.lake.table(table), columns=None if columns is None else list(columns))

    def records(self, table: str, columns: Sequence[str] | None = None) -> list[dict[str, Any]]:
        """The rows of an existing table as plain objects, in stored order."""
        rows: list[dict[str, Any]] = self.read(table, columns).to_pylist()
        return rows

    def store_records(self, contract: Contract, records: Iterable[Mapping[str, Any]]) -> Stored:
        """Write rows computed by a rule under their contract's columns and types."""
        table = pa.Table.from_pylist([dict(r) for r in records], schema=arrow_schema(contract))
        return self.lake.store(contract.name, lambda path: _write(table, path))

    def select(
        self,
        contract: Contract,
        inputs: Sequence[str],
        parameters: Mapping[str, object],
        extra: Mapping[str, pa.Table],
    ) -> Stored:
        """Run `sql/<group>/<name>.sql` over stored tables (and small ones in memory) into the contract's table."""
        tables = {name: self.lake.table(name) for name in inputs}
        with self.house.engine() as engine:
            return self.lake.store(
                contract.name,
                lambda path: engine.select_to_parquet(
                    sql_text(f"{contract.group}/{contract.name}"), {**tables, **extra}, parameters, path
                ),
            )


_ARROW = {
    "VARCHAR": pa.string(),
    "DATE": pa.date32(),
    "BIGINT": pa.int64(),
    "BOOLEAN": pa.bool_(),
    "TIMESTAMP": pa.timestamp("us"),
}


def arrow_schema(contract: Contract) -> pa.Schema:
    """The contract's columns as an Arrow schema."""
    fields = []
    for column in contract.columns:
        if column.physical_type.startswith("DECIMAL"):
            precision, scale = column.physical_type[8:-1].split(",")
            fields.append(pa.field(column.name, pa.decimal128(int(precision), int(scale))))
        else:
            fields.append(pa.field(column.name, _ARROW[column.physical_type]))
    return pa.schema(fields)


def _write(table: pa.Table, path: Any) -> int:
    pq.write_table(table, path, compression="zstd")
    return int(table.num_rows)


def month_of(context: dg.AssetExecutionContext) -> Month:
    """The month an asset or check is run for."""
    house: House = context.resources.house
    asked = context.run.tags.get(AS_OF_TAG, house.as_of)
    return Month(context.partition_key, house, house.month(context.partition_key), asked)


Compute = Callable[[Month], Stored]
Tables = Mapping[str, Iterable[Mapping[str, Any]]]
Held = Callable[[Month], bool]
Judge = Callable[[Month, Stored], Iterable[dg.AssetCheckResult]]
JudgeTables = Callable[[Month], Iterable[dg.AssetCheckResult]]


def table_asset(
    name: str,
    partitions: dg.PartitionsDefinition[str],
    compute: Compute,
    *,
    deps: Iterable[str],
    checks: Sequence[dg.AssetCheckSpec] = (),
    judge: Judge | None = None,
    kinds: Iterable[str] = ("python", "parquet"),
    held: Held | None = None,
    pool: str | None = None,
) -> dg.AssetsDefinition:
    """An asset whose one table is written by `compute` under the output contract `name`.

    While `held` says so, nothing is written and everything downstream waits: held, not failed (DESIGN §3).
    """
    contract = output_contract(name)

    @dg.asset(
        name=name,
        partitions_def=partitions,
        deps=list(deps),
        check_specs=list(checks),
        required_resource_keys={"house"},
        output_required=held is None,
        pool=pool,
        **asset_arguments(contract, kinds=kinds),
    )
    @guarded
    def _asset(context: dg.AssetExecutionContext) -> Iterator[dg.MaterializeResult[Any]]:
        month = month_of(context)
        if held is not None and held(month):
            return
        stored = compute(month)
        yield dg.MaterializeResult(
            metadata=stored_metadata(stored, month.lake, contract),
            check_results=list(judge(month, stored)) if judge else [],
        )

    return _asset


def sql_asset(
    name: str,
    partitions: dg.PartitionsDefinition[str],
    *,
    inputs: Sequence[str],
    deps: Iterable[str] = (),
    parameters: Callable[[Month], Mapping[str, object]] = lambda _: {},
    extra: Callable[[Month], Mapping[str, pa.Table]] = lambda _: {},
    checks: Sequence[dg.AssetCheckSpec] = (),
    judge: Judge | None = None,
    held: Held | None = None,
    written: Callable[[Month], None] | None = None,
) -> dg.AssetsDefinition:
    """An asset that is exactly one SQL file over the named tables, and the document `written` from it."""
    contract = output_contract(name)

    def compute(month: Month) -> Stored:
        stored = month.select(contract, inputs, parameters(month), extra(month))
        if written is not None:
            written(month)
        return stored

    return table_asset(
        name,
        partitions,
        compute,
        deps=[*inputs, *deps],
        checks=checks,
        judge=judge,
        held=held,
        kinds=("duckdb", "parquet"),
    )


def tables_asset(
    name: str,
    tables: Sequence[str],
    partitions: dg.PartitionsDefinition[str],
    compute: Callable[[Month], Tables],
    *,
    deps: Iterable[str],
    checks: Sequence[dg.AssetCheckSpec] = (),
    judge: JudgeTables | None = None,
    held: Held | None = None,
) -> dg.AssetsDefinition:
    """Several assets that one rule brings forth together, each under its own output contract; `judge` names its assets.

    While `held` says so, none is written and everything downstream waits.
    """
    contracts = {table: output_contract(table) for table in tables}
    upstream = list(deps)

    @dg.multi_asset(
        name=name,
        specs=[
            dg.AssetSpec(
                table,
                deps=upstream,
                partitions_def=partitions,
                skippable=held is not None,
                **asset_arguments(contract, kinds=("python", "parquet")),
            )
            for table, contract in contracts.items()
        ],
        check_specs=list(checks),
        required_resource_keys={"house"},
    )
    @guarded
    def _asset(context: dg.AssetExecutionContext) -> Iterator[dg.MaterializeResult[Any] | dg.AssetCheckResult]:
        month = month_of(context)
        if held is not None and held(month):
            return
        computed = compute(month)
        for table, contract in contracts.items():
            stored = month.store_records(contract, computed[table])
            yield dg.MaterializeResult(asset_key=table, metadata=stored_metadata(stored, month.lake, contract))
        if judge is not None:
            yield from judge(month)

    return _asset
