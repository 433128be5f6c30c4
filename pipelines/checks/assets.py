"""The contracts as blocking asset checks: every table of a stage judged by Great Expectations before the next stage.

Here: which tables are judged, and the answer as a check result: rule ids and counts, never a value (R-38). Not here:
the suites (suites), the judging (judge), the conservation law (assets.validated).
"""

import dagster as dg

from data_contracts.model import Contract, output_contract, source_contracts
from resources.house import House

CHECK = "contract"
# Stage -> tables judged there: what leaves a stage. What is committed and drawn is checked when it is parsed, more
# strictly than any suite could (supervision.draw.committed); a suite costs a quarter of a second.
OUTPUTS = {
    "risk": ("enterprise_month",),
    "reports": ("timeliness", "sampling_plan", "county_capacity", "drawn_subjects", "drawn_public", "task_status"),
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
    def _check(context: dg.AssetCheckExecutionContext):  # type: ignore[no-untyped-def]  # Dagster reads this signature
        from pipelines.checks.judge import judging

        house: House = context.resources.house
        lake = house.month(context.op_execution_context.partition_key)
        keys = {key.asset_key.to_user_string(): key for key in context.selected_asset_check_keys}
        with judging({contracts[asset].name: lake.table(asset) for asset in keys}) as judge:
            for asset, key in sorted(keys.items()):
                result = judge(contracts[asset])
                found = {f.rule_id: f.rows for f in (*result.failed, *result.warned)}
                yield dg.AssetCheckResult(
                    asset_key=key.asset_key,
                    check_name=key.name,
                    passed=result.success,
                    description=result.sentence(),
                    metadata={"约定项数": result.evaluated, **found},
                )

    return _check
