"""等级快照把关: whether a plan may rest on the month's grade snapshot, or waits for a person (R-19 to R-21, R-39, §4.8).

Here: `snapshot_facts` — what is counted, the hold `grade_snapshot`, the decision that lifts it. Not here: the rules
(supervision.snapshot), the commands. No grade is counted, told or put into metadata.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import dagster as dg
import pyarrow as pa
import pyarrow.parquet as pq

from assets.stage import Month, table_asset
from data_contracts.model import output_contract
from resources.alarm_rules import alarm_rules
from resources.decisions import Decisions
from resources.engines.duckdb_engine import sql_text
from resources.lake import Stored
from supervision import migration
from supervision import snapshot as rules
from supervision.round_steps import APPROVE
from supervision.snapshot import SnapshotFacts, Used

_INPUTS = (
    "accepted_grade_snapshot", "delivered_grade_snapshot", "grade_of_month", "enterprise_month", "quarantined", "duplicates",
    "deliveries",
)  # fmt: skip


def build(partitions: dg.PartitionsDefinition[str]) -> dg.AssetsDefinition:
    """The one asset of the gate; the population waits for it."""
    return table_asset(
        "snapshot_facts",
        partitions,
        _snapshot_facts,
        deps=_INPUTS,
        kinds=("duckdb", "parquet"),
        checks=[
            dg.AssetCheckSpec(
                "snapshot_usable",
                asset="snapshot_facts",
                description=(
                    "等级快照新鲜、完整、没有不识的等级和重复、没有换过内容、跳级（两级及以上）的不超过百分之五、"
                    "各等级占比的变动不出以往的波动；"
                    "否则计划等待人工决定（R-19 至 R-21、R-39）"
                ),
            )
        ],
        judge=_judge,
    )


def _snapshot_facts(month: Month) -> Stored:
    """Count, judge, and hold the plan or lift the hold; a plan that may go on is remembered with its snapshot.

    A demonstration is not held: nobody is there to decide, and its findings are shown all the same.
    """
    shifted = sum(row["shift_state"] == "alarm" for row in shares(month) if row["snapshot_month"] == month.name)
    counted = _counted(month) | {"shifted_grades": shifted}
    facts = _facts(month, counted)
    findings = rules.judge(facts)
    digest = rules.findings_sha256(facts, findings)
    held = bool(rules.holding(findings)) and not month.demonstration
    decisions = Decisions(month.lake.home)
    if held and decisions.find(month.name, rules.HOLD, digest) is None:
        able = {role.code: role.name for role in month.policy.roles.values() if APPROVE in role.duties}
        month.lake.hold(rules.HOLD, rules.hold_text(facts, findings, able))
    else:
        month.lake.hold(rules.HOLD, None)
        decisions.use_snapshot(month.name, month.as_of, facts.sha256, month.lake.version.name)
    judged = {
        "snapshot_sha256": facts.sha256,
        "findings": rules.told(findings) or None,
        "findings_sha256": digest,
        "needs_decision": bool(rules.holding(findings)),
    }
    return month.store_records(output_contract("snapshot_facts"), [counted | judged])


def shares(month: Month) -> list[dict[str, Any]]:
    """Rows of `grade_trend`: each grade's share of this month's snapshot and of those before it."""
    tables = {"accepted_grade_snapshot": month.lake.table("accepted_grade_snapshot")}
    with month.house.engine() as engine:
        counts = engine.select(sql_text("reports/grade_trend"), tables, {"month": month.name}).to_pylist()
    return migration.trend(counts, month.name, alarm_rules(month.as_of).trend)


def _counted(month: Month) -> dict[str, Any]:
    tables = {name: month.lake.table(name) for name in _INPUTS}
    parameters = {"month": month.name, "jump_levels": rules.JUMP_LEVELS}
    with month.house.engine() as engine:
        [row] = engine.select(sql_text("risk/snapshot_facts"), tables, parameters).to_pylist()
    counted: dict[str, Any] = row
    return counted


def _facts(month: Month, counted: dict[str, Any]) -> SnapshotFacts:
    now = _grades(month.read("grade_of_month", ("uid", "credit_grade")))
    sha256 = rules.content_sha256(month.name, now.items())
    return SnapshotFacts(
        month=month.name,
        as_of=month.as_of,
        received_on=counted["received_on"],
        sha256=sha256,
        rows=counted["snapshot_rows"],
        unknown=counted["unknown_rows"],
        conflicting=counted["conflicting_rows"],
        repeated=counted["repeated_rows"],
        restated=counted["restated_subjects"],
        graded=counted["graded_subjects"],
        missing=counted["missing_subjects"],
        previous_month=counted["previous_month"],
        previous_rows=counted["previous_rows"],
        compared=counted["compared_subjects"],
        jumped=counted["jumped_subjects"],
        shifted=counted["shifted_grades"],
        used=_used(month, sha256, now),
    )


def _grades(table: pa.Table) -> dict[str, str]:
    return dict(zip(table.column("uid").to_pylist(), table.column("credit_grade").to_pylist(), strict=True))


def _used(month: Month, sha256: str, now: dict[str, str]) -> Used | None:
    """What earlier plans of the month rested on, compared firm by firm where it is still there as it was."""
    earlier = Decisions(month.lake.home).earlier_snapshot(month.name, month.as_of, sha256)
    if earlier is None:
        return None
    path = month.lake.folder / earlier.version / "grade_of_month.parquet"
    before = _grades(pq.read_table(path, columns=["uid", "credit_grade"])) if path.exists() else {}
    if rules.content_sha256(month.name, before.items()) != earlier.sha256:
        return Used(earlier.sha256, None, None, None)
    both = now.keys() & before.keys()
    return Used(
        earlier.sha256,
        regraded=sum(now[uid] != before[uid] for uid in both),
        added=len(now) - len(both),
        dropped=len(before) - len(both),
    )


def _judge(month: Month, _: Stored) -> Iterable[dg.AssetCheckResult]:
    [facts] = month.records("snapshot_facts")
    decision = Decisions(month.lake.home).find(month.name, rules.HOLD, facts["findings_sha256"])
    told = facts["findings"] or f"快照 {facts['snapshot_rows']} 户，{facts['received_on']} 收到，未见异常"
    if facts["needs_decision"] and decision is not None:
        told = f"{told}；已由 {decision.role} 于 {decision.at[:10]} 决定继续：{decision.reason}"
    elif facts["needs_decision"] and month.demonstration:
        told = f"{told}；演示数据，照常进行，正式数据须由人决定"
    yield dg.AssetCheckResult(
        check_name="snapshot_usable",
        passed=facts["findings"] is None or (facts["needs_decision"] and decision is not None),
        severity=dg.AssetCheckSeverity.WARN,
        description=told,
        metadata={
            name: facts[name]
            for name in ("snapshot_rows", "previous_rows", "unknown_rows", "conflicting_rows", "repeated_rows")
        }
        | {
            name: facts[name] for name in ("missing_subjects", "compared_subjects", "jumped_subjects", "shifted_grades")
        },
    )
