"""等级迁移: how grades moved since the month before, where risk gathers, whether D firms are drawn more than A firms (R-35).

Here: the tables of grade_migration.xlsx and the call of its writer. Not here: counting (sql/reports), the rules
(supervision.migration, clusters, snapshot), layout (resources/outbox). No grade is put into metadata or a check's words.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import dagster as dg
import pyarrow as pa

from assets.documents import facts, frame_of, outbox, unit_table
from assets.reports import is_voided
from assets.snapshot import shares
from assets.stage import Month, sql_asset, table_asset
from data_contracts.model import output_contract
from resources.alarm_rules import alarm_rules, industries, industry_table
from resources.engines.duckdb_engine import sql_text
from resources.lake import Stored
from resources.outbox.grade_migration import MigrationTables, write_grade_migration
from resources.reference import record_table, text_table, units
from supervision import clusters, snapshot
from supervision import migration as rules
from supervision.months import first_day, last_day, month_before

TABLES = ("grade_migration", "grade_jump", "grade_trend", "cluster_alarm", "reminder_lag")
_SNAPSHOTS = ("accepted_grade_snapshot", "grade_of_month", "subject")
_CELLS = ("enterprise_month", "subject")
_DRAWS = ("accepted_grade_snapshot", "subject", "draw_history", "drawn")


def build(partitions: dg.PartitionsDefinition[str]) -> list[dg.AssetsDefinition]:
    """The assets of this stage."""
    return [
        sql_asset(
            "grade_migration",
            partitions,
            inputs=[*_SNAPSHOTS, "subject_field"],
            deps=["snapshot_facts"],
            parameters=_months,
            extra=lambda _: {"ref_industry": industry_table(), "rollup_name": rollup_names()},
            checks=[
                dg.AssetCheckSpec(
                    "migration_reconciles",
                    asset="grade_migration",
                    blocking=True,
                    description="行合计等于上月快照户数，列合计等于本月快照户数，各检查主体、各行业合计等于全市（§4.8）",
                )
            ],
            judge=_judge,
        ),
        sql_asset(
            "grade_jump",
            partitions,
            inputs=_SNAPSHOTS,
            parameters=lambda m: {
                "previous_month": month_before(m.name),
                "jump_levels": snapshot.JUMP_LEVELS,
            },
            extra=lambda _: {"ref_industry": industry_table(), "unit": unit_table()},
        ),
        table_asset(
            "grade_trend", partitions, _trend, deps=["accepted_grade_snapshot", "grade_of_month"], kinds=_KINDS
        ),
        table_asset("cluster_alarm", partitions, _clusters, deps=_CELLS, kinds=_KINDS),
        table_asset(
            "differentiation",
            partitions,
            _differentiation,
            deps=[*_DRAWS, *TABLES, "snapshot_facts"],
            kinds=(*_KINDS, "excel"),
        ),
    ]


_KINDS = ("duckdb", "python", "parquet")


def rollup_names() -> pa.Table:
    """Every key of the matrices with its name: the city, its counties, sections of industry, special fields."""
    words: dict[str, str] = {}
    for text, code in output_contract("subject_field").column("field_code").values.items():
        words.setdefault(code, text)
    sections = {row["section"]: row["section_name"] for row in industries()}
    named = {
        "city": {"ALL": "全市"},
        "unit": {u["county"]: u["unit_name"] for u in units() if u["kind"] == "county"} | {"NONE": "属地不明或辖区外"},
        "industry": sections | {"NONE": "行业不明"},
        "field": words,
    }
    records = [
        {"rollup": level, "rollup_key": key, "key_name": name}
        for level, names in named.items()
        for key, name in sorted(names.items())
    ]
    return text_table(records, ("rollup", "rollup_key", "key_name"))


def _months(month: Month) -> dict[str, object]:
    before = month_before(month.name)
    return {"month": month.name, "previous_month": before, "previous_end": last_day(before)}


def _judge(month: Month, _: Stored) -> Iterable[dg.AssetCheckResult]:
    cells = month.records("grade_migration")
    [counted] = month.records("snapshot_facts")
    found = rules.reconcile(cells, counted["previous_rows"], counted["snapshot_rows"])
    told = "；".join(found) or (
        f"与 {month_before(month.name)} 的快照逐户对上"
        if cells
        else f"没有 {month_before(month.name)} 的快照，未作比较"
    )
    yield dg.AssetCheckResult(
        check_name="migration_reconciles", passed=not found, severity=dg.AssetCheckSeverity.ERROR, description=told
    )


def _counted(
    month: Month, table: str, inputs: Iterable[str], parameters: dict[str, object], extra: dict[str, pa.Table]
) -> list[dict[str, Any]]:
    """The counts that a rule judges: sql/reports/<table>.sql."""
    tables = {name: month.lake.table(name) for name in inputs}
    with month.house.engine() as engine:
        rows: list[dict[str, Any]] = engine.select(
            sql_text(f"reports/{table}"), {**tables, **extra}, parameters
        ).to_pylist()
    return rows


def _trend(month: Month) -> Stored:
    return month.store_records(output_contract("grade_trend"), shares(month))


def _clusters(month: Month) -> Stored:
    small = {"ref_industry": industry_table(), "unit": unit_table()}
    cells = _counted(month, "cluster_alarm", _CELLS, {}, small)
    judged = clusters.judge_clusters(cells, alarm_rules(month.as_of).cluster)
    return month.store_records(output_contract("cluster_alarm"), judged)


def _differentiation(month: Month) -> Stored:
    """The index of the last twelve months, and the workbook that all tables of this module make up."""
    window = rules.year_back(month.name)
    days = record_table(
        {"month": each, "month_first": first_day(each), "month_end": min(last_day(each), month.as_of)}
        for each in window
    )
    parameters = {"month": month.name, "since": window[0], "voided": is_voided(month)}
    counts = _counted(month, "differentiation", _DRAWS, parameters, {"month_day": days, "rollup_name": rollup_names()})
    stored = month.store_records(output_contract("differentiation"), rules.differentiation(counts, month.name))
    _grade_migration_xlsx(month)
    return stored


def _grade_migration_xlsx(month: Month) -> None:
    [counted] = month.records("snapshot_facts")
    write_grade_migration(
        outbox(month, "grade_migration.xlsx"),
        MigrationTables(
            differentiation=frame_of(month, "differentiation"), **{name: frame_of(month, name) for name in TABLES}
        ),
        alarm_rules(month.as_of),
        newest_before=counted["previous_month"],
        compared=counted["compared_subjects"],
        demonstration=month.demonstration,
        facts=facts(month),
    )
