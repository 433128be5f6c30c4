"""The contracts as blocking asset checks: every table of a stage judged by Great Expectations before the next stage.

Here: which tables are judged, and the answer as a check result: rules, counts, places and what to do, never a value
(R-38). Not here: the suites (suites), the judging (judge), the conservation law (assets.validated).
"""

from dataclasses import replace
from typing import Any

import dagster as dg
import pyarrow.parquet as pq

from data_contracts.model import Contract, output_contract, source_contracts
from resources.faults import guarded
from resources.house import House

CHECK = "contract"
# Stage -> tables judged there: what leaves a stage. What is committed and drawn is checked when it is parsed, more
# strictly than any suite could (supervision.draw.committed); a suite costs a quarter of a second.
OUTPUTS = {
    "risk": ("enterprise_month",),
    "reports": (
        "timeliness_summary",
        "completeness",
        "collection_kpi",
        "due_soon",
        "timeliness",
        "sampling_plan",
        "county_capacity",
        "drawn_subjects",
        "drawn_public",
        "task_status",
    ),
}


def build_checks() -> list[dg.AssetChecksDefinition]:
    """One check step a stage, with one blocking check a table."""
    accepted = {f"accepted_{contract.name}": contract for contract in source_contracts()}
    stages = {"validated": accepted} | {
        stage: {name: output_contract(name) for name in names} for stage, names in OUTPUTS.items()
    }
    return [_stage_check(stage, contracts) for stage, contracts in stages.items()]


def _stage_check(stage: str, contracts: dict[str, Contract]) -> dg.AssetChecksDefinition:
    @dg.multi_asset_check(
        name=f"{stage}_contracts",
        specs=[
            dg.AssetCheckSpec(
                CHECK,
                asset=asset,
                blocking=True,
                description=f"《{contract.title}》符合数据契约：必填、主键、取值、行规则（Great Expectations 评判）",
            )
            for asset, contract in contracts.items()
        ],
        can_subset=True,
        required_resource_keys={"house"},
    )
    @guarded
    def _check(context: dg.AssetCheckExecutionContext):  # type: ignore[no-untyped-def]  # Dagster reads this signature
        from pipelines.checks.docs import write_docs
        from pipelines.checks.examples import places
        from pipelines.checks.judge import judging

        house: House = context.resources.house
        lake = house.month(context.op_execution_context.partition_key)
        keys = {key.asset_key.to_user_string(): key for key in context.selected_asset_check_keys}
        tables = {contracts[asset].name: lake.table(asset) for asset in keys}
        judged = []
        with judging(tables) as judge, house.engine() as engine:
            for asset, key in sorted(keys.items()):
                contract = contracts[asset]
                if contract.kind == "source" and not pq.read_metadata(tables[contract.name]).num_rows:
                    contract = replace(contract, min_rows=None)  # a missing source is told by its own check (intake)
                result = judge(contract)
                judged.append((contract, result))
                found = {finding.rule_id: finding.rows for finding in (*result.failed, *result.warned)}
                where = places(engine, contract, tables[contract.name], found) if found else {}
                yield dg.AssetCheckResult(
                    asset_key=key.asset_key,
                    check_name=key.name,
                    passed=result.success and not result.warned,
                    # A warning is shown and stops nothing; only an error blocks what comes after.
                    severity=dg.AssetCheckSeverity.WARN if result.success else dg.AssetCheckSeverity.ERROR,
                    description=result.sentence(),
                    metadata={"约定项数": result.evaluated} | _what_to_do(contract, found, where),
                )
        write_docs(lake.version / "data_docs", judged)

    return _check


def _what_to_do(contract: Contract, found: dict[str, int], where: dict[str, list[str]]) -> dict[str, Any]:
    """Each broken promise: rows, some places, what to do."""
    from pipelines.checks.suites import promises_of

    if not found:
        return {}
    reasons = {promise.rule_id: promise.reason for promise in promises_of(contract)}
    lines = ["| 规则 | 行数 | 位置（举例） | 怎么办 |", "|---|---:|---|---|"]
    for rule_id, rows in sorted(found.items()):
        places = "<br>".join(where.get(rule_id, [])) or "—"
        lines.append(f"| {rule_id} | {rows} | {places} | {reasons.get(rule_id, '行数或主键不合契约，请核对该表。')} |")
    return {"不符": dg.MetadataValue.md("\n".join(lines)), **found}
