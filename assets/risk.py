"""风险: who there is, how the province graded them, which records count, which fields they are in.

Here: the subjects of the register with their county and licences, the month's grades as delivered, `enterprise_month`.
Not here: any grading — the city only reads grades (R-19) —, whether a plan may rest on them (snapshot), nor that plan.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import Any

import dagster as dg

from assets import snapshot
from assets.stage import Month, sql_asset, table_asset
from data_contracts.registry import Source, sources
from resources.engines.duckdb_engine import sql_text
from resources.lake import Stored
from resources.periods import period_rules
from resources.reference import city, county_names, division_counties, text_table
from supervision.snapshot import SnapshotError

NEW_SUBJECT_DAYS = 45  # a firm this new may not be in the province's monthly snapshot yet


def build(partitions: dg.PartitionsDefinition[str]) -> list[dg.AssetsDefinition]:
    """The assets of this stage."""
    return [
        sql_asset(
            "subject",
            partitions,
            inputs=["accepted_register"],
            deps=["intake"],
            parameters=_city,
            extra=lambda _: {"ref_county_names": county_names(), "ref_division_counties": division_counties()},
        ),
        sql_asset(
            "subject_licence",
            partitions,
            inputs=["accepted_licence"],
            deps=["intake"],
            parameters=lambda m: {"as_of": m.as_of},
        ),
        sql_asset(
            "grade_of_month",
            partitions,
            inputs=["accepted_grade_snapshot"],
            deps=["intake"],
            parameters=lambda m: {"month": m.name},
            judge=_judge_snapshot,
        ),
        sql_asset(
            "effective_record",
            partitions,
            inputs=[
                "accepted_penalty",
                "accepted_abnormal_listing",
                "accepted_serious_violation",
                "accepted_repair",
            ],
            deps=["intake"],
            parameters=lambda m: {"as_of": m.as_of},
            extra=lambda m: {"period_rule": period_rules(m.as_of)},
        ),
        table_asset(
            "field_record",
            partitions,
            _field_record,
            deps=["intake", *(f"accepted_{s.name}" for s in _field_sources())],
            kinds=("duckdb", "parquet"),
        ),
        sql_asset(
            "subject_field",
            partitions,
            inputs=["field_record"],
            parameters=lambda m: {"as_of": m.as_of},
        ),
        sql_asset(
            "inspection",
            partitions,
            inputs=["accepted_inspection_result", "accepted_county_return"],
            deps=["intake"],
            parameters=lambda m: {"as_of": m.as_of},
        ),
        sql_asset("visit", partitions, inputs=["inspection"]),
        sql_asset(
            "enterprise_month",
            partitions,
            inputs=["subject", "grade_of_month", "effective_record", "visit"],
            parameters=lambda m: {"month": m.name, "new_since": m.as_of - timedelta(days=NEW_SUBJECT_DAYS)},
            checks=[
                dg.AssetCheckSpec(
                    "all_graded_or_explained",
                    asset="enterprise_month",
                    blocking=True,
                    description="每个存续主体要么有省局等级，要么有未分类原因，且不是全无等级（R-01）",
                )
            ],
            judge=_judge_coverage,
        ),
        snapshot.build(partitions),
    ]


def _field_sources() -> list[Source]:
    return [source for source in sources() if source.kind == "field"]


def _field_record(month: Month) -> Stored:
    """The special fields' sources in one table; a source of one field need not name it in every row (R-14)."""
    listed = _field_sources()
    fields = [{"source": s.name, "field_code": s.fields[0] if len(s.fields) == 1 else None} for s in listed]
    inputs = {
        "parts": [month.lake.table(f"accepted_{s.name}") for s in listed],
        "source_field": text_table(fields, ("source", "field_code")),
    }
    with month.house.engine() as engine:
        return month.lake.store(
            "field_record",
            lambda path: engine.select_to_parquet(sql_text("risk/field_record"), inputs, {}, path),
        )


def _city(_: Month) -> Mapping[str, object]:
    ours = city()
    return {"city_prefix": ours.division_prefix, "city_name": ours.name, "seat_county": ours.seat_county}


def _judge_snapshot(month: Month, stored: Stored) -> Iterable[dg.AssetCheckResult]:
    """No snapshot of the month stops the run; one that cannot be trusted holds the plan (snapshot)."""
    if not stored.rows:
        raise SnapshotError(
            f"{month.name} 没有标为本月的等级快照行（grade_snapshot）：请核对快照文件的快照月份，或请省局重新推送"
        )
    return ()


def _judge_coverage(month: Month, _: Stored) -> Iterable[dg.AssetCheckResult]:
    states: dict[str, int] = {}
    for row in month.records("enterprise_month", ["grade_state"]):
        states[row["grade_state"]] = states.get(row["grade_state"], 0) + 1
    graded, missing = states.get("graded", 0), states.get("missing_from_snapshot", 0)
    metadata: dict[str, Any] = dict(sorted(states.items()))
    yield dg.AssetCheckResult(
        check_name="all_graded_or_explained",
        passed=graded > 0,
        description=f"有等级 {graded} 户，快照漏列 {missing} 户（已逐户列入 enterprise_month，供向省局核对）",
        metadata=metadata,
    )
