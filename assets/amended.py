"""抽取之后: replacements, late triggers and late conflicts of the month's round, as tables (DRAW §5, §6).

Here: the request ledger applied to the sealed round, and what the reports read of it. Not here: the rules
(supervision.amendments), entering a request (ssj amend), documents (reports).
"""

from __future__ import annotations

from typing import Any

import dagster as dg

from assets.documents import unit_table
from assets.policy_tables import policy_tables
from assets.stage import Month, Tables, sql_asset, tables_asset
from resources.amending import AmendingError, drawn_round, requests
from supervision import amendments

AMENDED_TABLES = ("amendment", "drawn_in_force", "team_in_force", "unstaffed_visit")


def build(partitions: dg.PartitionsDefinition[str]) -> list[dg.AssetsDefinition]:
    """The assets of this stage."""
    return [
        tables_asset(
            "amend_round", AMENDED_TABLES, partitions, _amend, deps=["round_bundle", "unassignable", "committed_round"]
        ),
        sql_asset(
            "replacement_by_inspector",
            partitions,
            inputs=["amendment", "assignment", "roster", "committed_round"],
            extra=lambda m: policy_tables(m.policy, m.name) | {"unit": unit_table()},
        ),
    ]


def _amend(month: Month) -> Tables:
    """The round as it stands after its requests; checked by rules of their own before anyone relies on it."""
    [committed] = month.records("committed_round")
    round_id = committed["round_id"]
    unmet = {row["visit_uid"]: row["unmet_reason"] for row in month.records("unassignable")}
    drawn, asked = drawn_round(month.lake.home, round_id, unmet), requests(month.lake.home, round_id)
    amended = amendments.amend(drawn, asked)
    for fault in amendments.check_amended(drawn, asked, amended):
        raise AmendingError(f"批次 {round_id} 抽取之后的补抽换人未通过复核：{fault}请停止使用并报告")
    return {
        "amendment": [_amendment(*pair) for pair in zip(asked, amended.decisions, strict=True)],
        "drawn_in_force": [_standing(round_id, each) for each in amended.standing],
        "team_in_force": [
            {"visit_uid": p.visit_uid, "inspector_id": p.inspector_id, "role": p.role, "request_no": p.request}
            for p in amended.posts
        ],
        "unstaffed_visit": [
            {"visit_uid": u.visit_uid, "uid": u.uid, "county": u.county, "unmet_reason": u.reason}
            for u in amended.unstaffed
        ],
    }


def _amendment(request: amendments.Request, decision: amendments.Decision) -> dict[str, Any]:
    return {
        "round_id": request.round_id,
        "request_no": request.number,
        "requested_at": request.at,
        "request_kind": request.kind,
        "task": request.task or None,
        "uid": request.uid or None,
        "unit_code": decision.county,
        "stratum": decision.stratum,
        "amend_reason": request.reason or None,
        "evidence": request.evidence or None,
        "asked_by": request.asked_by or None,
        "trigger_id": request.trigger_id or None,
        "trigger_type": request.trigger_type or None,
        "inspector_id": request.inspector_id or None,
        "outcome": decision.outcome,
        "outcome_reason": decision.why,
        "new_uid": decision.new_uid,
        "new_rank": decision.rank,
        "former_lead": decision.former_lead,
        "lead_inspector": decision.team[0] if decision.team else None,
        "team": ";".join(decision.team) or None,
    }


def _standing(round_id: str, each: amendments.Standing) -> dict[str, Any]:
    row = each.row
    return {
        "round_id": round_id,
        "task": row.task,
        "uid": row.uid,
        "county": row.county,
        "stratum": row.stratum,
        "rank": row.rank,
        "target_e4": row.target_e4,
        "from_reserve": each.from_reserve,
        "request_no": each.request,
        "replaced_reason": each.replaced_reason,
        "replaced_by": each.replaced_by,
    }
