"""进展与通报: who has done which of the notice's tasks, and what the bulletin says — as tables and files of the outbox.

Here: the assets `unit_measure`, `task_status` and what they rest on. Not here: rules of status (supervision.tasks), of the
bulletin (supervision.bulletin), layout (resources/outbox).
"""

from __future__ import annotations

import dagster as dg

from assets.documents import facts, frame_of, outbox, senders
from assets.plan import policy_tables
from assets.stage import Month, sql_asset, table_asset
from data_contracts.model import output_contract
from resources.lake import Stored, sha256_file
from resources.outbox.task_status import write_task_status
from resources.reference import task_register, units
from supervision.task_register import parse_units
from supervision.tasks import Evidence, Measure, task_status


def build(partitions: dg.PartitionsDefinition[str]) -> list[dg.AssetsDefinition]:
    """The assets of this stage."""
    return [
        sql_asset(
            "unit_measure",
            partitions,
            inputs=["timeliness_summary", "sampling_plan", "return_reconciliation", "accepted_repair"],
            deps=["collection_kpi", "due_soon"],  # what follows rests on all workbooks of collecting
            extra=lambda m: {"policy_task": policy_tables(m)["policy_task"], "senders": senders(m)},
        ),
        table_asset(
            "task_status",
            partitions,
            _task_status,
            deps=["accepted_task_evidence", "unit_measure"],
            kinds=("python", "excel"),
        ),
    ]


def _task_status(month: Month) -> Stored:
    """Who has done which task of the notice, from countable evidence alone (R-42, §4.7)."""
    known = parse_units(units())
    kept = {name: name for name in Evidence.__slots__} | {"file_sha256": "document_sha256"}
    evidence = [
        Evidence(**{name: row[column] for name, column in kept.items()})
        for row in month.records("accepted_task_evidence")
        if row["is_current"]
    ]
    digest = sha256_file(month.lake.table("unit_measure"))
    measures = {
        (row["measure"], row["unit_code"]): Measure(row["numerator"], row["denominator"], "unit_measure", digest)
        for row in month.records("unit_measure")
    }
    status = task_status(task_register(known), known, evidence, measures, month.as_of)
    stored = month.store_records(
        output_contract("task_status"), [{name: getattr(row, name) for name in row.__slots__} for row in status]
    )
    write_task_status(
        outbox(month, "task_status.xlsx"),
        frame_of(month, "task_status"),
        demonstration=month.demonstration,
        facts=facts(month),
    )
    return stored
