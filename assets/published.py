"""发布: the warehouse file that analysts open, and the month's evidence for auditors.

Here: publishing what earlier stages made. Not here: computing anything new.
"""

from __future__ import annotations

import dagster as dg

from assets.round_state import KEPT_FOLDERS, is_output
from assets.stage import Month, table_asset
from data_contracts.model import output_contract
from resources.lake import Stored, sha256_file, write_bytes
from resources.publishing import publish
from resources.sbom import sbom_bytes
from supervision.canonical import json_bytes

TABLES = (
    "deliveries",
    "received_file",
    "conservation",
    "intake",
    "quarantined",
    "duplicates",
    "schema_drift",
    "subject",
    "effective_record",
    "subject_field",
    "enterprise_month",
    "timeliness",
    "timeliness_summary",
    "completeness",
    "document_gap",
    "accuracy",
    "collection_kpi",
    "source_coverage",
    "department_coverage",
    "push_reconciliation",
    "due_soon",
    "snapshot_facts",
    "staffing",
    "annual_plan",
    "frame_tally",
    "sampling_plan",
    "county_capacity",
    "joint_visit",
    "triggered_inspections",
    "risk_point",
    "drawn_subjects",
    "assignment",
    "inspector_load",
    "amendment",
    "replacement_by_inspector",
    "round_public",
    "county_totals_public",
    "inspection_outcome",
    "outcome_difference",
    "publication",
    "platform_return",
    "return_issue",
    "return_reconciliation",
    "results_public",
    "plan_public",
    "leak_meter",
    "risk_reminders",
    "reminder_lag",
    "grade_migration",
    "grade_jump",
    "grade_trend",
    "cluster_alarm",
    "differentiation",
    "task_status",
    "bulletin",
    "monthly_report",
)


def build(partitions: dg.PartitionsDefinition[str]) -> list[dg.AssetsDefinition]:
    """The assets of this stage."""
    return [
        table_asset("warehouse", partitions, _warehouse, deps=TABLES, kinds=("duckdb",), pool="publish"),
        table_asset(
            "evidence",
            partitions,
            _evidence,
            deps=["warehouse", "round_bundle", "county_workbook"],
        ),
    ]


def _warehouse(month: Month) -> Stored:
    """A fresh DuckDB file, named by the digest of its tables, and the pointer moved to it (DESIGN §3)."""
    tables = {name: month.lake.table(name) for name in TABLES}
    digests = {name: sha256_file(path) for name, path in tables.items()}
    titles = {name: output_contract(name).title for name in TABLES}
    counted = publish(month.lake.home.warehouse, month.name, tables, digests, titles)
    rows = [{"table_name": n, "n_rows": counted[n], "sha256": digests[n]} for n in sorted(tables)]
    return month.store_records(output_contract("warehouse"), rows)


def _evidence(month: Month) -> Stored:
    """The digests of everything the month brought forth, a copy of its certificate, the software it ran on (R-39)."""
    home, round_id = month.lake.home, month.round_id
    folder = home.evidence / month.name
    # The month's files, those of the counties and the letters; correction sheets come and go with what departments
    # mend, and the lists of a voided round were named by its own evidence.
    outbox = home.outbox / month.name
    folders = (outbox, *(outbox / name for name in KEPT_FOLDERS))
    made = [path for folder in folders if folder.is_dir() for path in sorted(folder.iterdir()) if is_output(path)]
    made += sorted(home.bundles.joinpath(round_id).iterdir())
    made += sorted(p for p in month.lake.version.glob("*.parquet") if p.stem != "evidence")
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    software = folder / "sbom.json"
    write_bytes(software, sbom_bytes())
    made.append(software)
    rows = [{"file_path": p.relative_to(home.root).as_posix(), "sha256": sha256_file(p)} for p in made]
    rows.sort(key=lambda row: row["file_path"])
    write_bytes(folder / f"certificate-{round_id}.json", (home.bundles / round_id / "certificate.json").read_bytes())
    write_bytes(folder / "basis.json", json_bytes(month.lake.basis()))
    write_bytes(folder / "manifest.json", json_bytes({"files": rows}))
    return month.store_records(output_contract("evidence"), rows)
