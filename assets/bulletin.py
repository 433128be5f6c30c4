"""进展与通报: who has done which of the notice's tasks, and what the bulletin says — as tables and files of the outbox.

Here: `unit_measure`, the registers of duties, fields and meetings, `task_status`, the bulletin with what it rests on. Not
here: rules of status (supervision.tasks), of the bulletin (supervision.bulletin), its inputs (assets.bulletin_inputs),
layout (resources/outbox).
"""

from __future__ import annotations

from typing import Any

import dagster as dg

from assets import bulletin_inputs as given
from assets.documents import facts, frame_of, outbox, senders
from assets.plan import policy_tables
from assets.stage import Month, Tables, sql_asset, table_asset, tables_asset
from data_contracts.model import output_contract
from resources.lake import Stored, sha256_file
from resources.outbox.bulletin import write_bulletin
from resources.outbox.task_registers import Registers, register_sheets
from resources.outbox.task_status import write_task_status
from supervision import bulletin as rules
from supervision import duties
from supervision.bulletin_rules import day_words, edition_on
from supervision.bulletin_year import readings_of_year
from supervision.task_register import Register, Units
from supervision.tasks import Measure, known_evidence, task_status

DUTIES = ("unit_duty", "field_mechanism", "meeting_register")


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
        sql_asset(
            "observation",
            partitions,
            inputs=["frame", "enterprise_month", "subject_field"],
            extra=lambda m: {"policy_key_field": policy_tables(m)["policy_key_field"]},
        ),
        tables_asset("duties", DUTIES, partitions, _duties, deps=["accepted_task_evidence"]),
        table_asset(
            "task_status",
            partitions,
            _task_status,
            deps=["accepted_task_evidence", "unit_measure", "observation", "risk_reminders", *DUTIES],
        ),
        sql_asset(
            "bulletin_figure",
            partitions,
            inputs=[
                "collected_record",
                "inspection_outcome",
                "accepted_inspection_result",
                "accepted_acknowledgement",
                "accepted_grade_snapshot",
                "accepted_trigger",
            ],
            deps=["accepted_task_evidence", "committed_round"],
            extra=given.figure_tables,
        ),
        table_asset(
            "bulletin_reading",
            partitions,
            _bulletin_reading,
            deps=["accepted_task_evidence", "bulletin_figure", "differentiation", "round_bundle"],
        ),
        table_asset(
            "bulletin",
            partitions,
            _bulletin,
            deps=["bulletin_reading", "task_status"],
            kinds=("python", "excel", "word"),
        ),
    ]


def _duties(month: Month) -> Tables:
    known, register = given.units_and_register(month, month.as_of)
    evidence = known_evidence(month.records("accepted_task_evidence"), month.as_of)
    return {
        "unit_duty": duties.unit_duties(register, known, evidence, month.as_of),
        "field_mechanism": duties.field_mechanisms(register, known, month.policy, evidence, month.as_of),
        "meeting_register": duties.meeting_register(known, evidence, month.as_of),
    }


def _task_status(month: Month) -> Stored:
    """Who has done which task of the notice, from countable evidence alone (R-42, §4.7)."""
    known, register = given.units_and_register(month, month.as_of)
    evidence = known_evidence(month.records("accepted_task_evidence"), month.as_of)
    status = task_status(register, known, evidence, _measures(month), month.as_of)
    rows = [{name: getattr(row, name) for name in row.__slots__} for row in status]
    return month.store_records(output_contract("task_status"), rows)


def _measures(month: Month) -> dict[tuple[str, str], Measure]:
    """The figures of the pipeline that tasks are judged by, each with the table where it stands."""
    digest = sha256_file(month.lake.table("unit_measure"))
    found = {
        (row["measure"], row["unit_code"]): Measure(row["numerator"], row["denominator"], "unit_measure", digest)
        for row in month.records("unit_measure")
    }
    digest = sha256_file(month.lake.table("observation"))
    for row in month.records("observation"):
        key = ("observation_in_order", row["unit_code"])
        found[key] = Measure(row["in_order"], row["observed"], "observation", digest)
    digest = sha256_file(month.lake.table("risk_reminders"))
    for unit, (disposed, sent) in given.disposals(month).items():
        found["reminder_disposal_rate", unit] = Measure(disposed, sent, "risk_reminders", digest)
    digest = sha256_file(month.lake.table("unit_duty"))
    having, asked = given.mechanisms(month)
    found["mechanism_coverage", "YCSJ"] = Measure(having, asked, "unit_duty", digest)
    return found


def _bulletin_reading(month: Month) -> Stored:
    """What every rule found at every month end of the year, from the data of this month alone (R-41)."""
    known, ends = given.known(month), given.month_ends(month)
    rows = [
        {
            "bulletin_month": reading.month,
            "unit_code": reading.unit,
            "rule_id": reading.rule_id,
            "subject": reading.subject,
            "measured": reading.measured,
            "finding_level": reading.level,
            "is_measurable": reading.measurable,
            "known_until": reading.known_until,
            "evidence_ref": reading.evidence_ref,
        }
        for reading in readings_of_year(known, ends)
    ]
    keys = ("bulletin_month", "unit_code", "rule_id", "subject")
    contract = output_contract("bulletin_reading")
    return month.store_records(contract, sorted(rows, key=lambda row: [row[name] for name in keys]))


def _bulletin(month: Month) -> Stored:
    known, register = given.units_and_register(month, month.as_of)
    readings = [
        rules.Reading(
            row["bulletin_month"], row["unit_code"], row["rule_id"], row["subject"], row["measured"],
            row["finding_level"], row["known_until"], row["evidence_ref"], row["is_measurable"],
        )
        for row in month.records("bulletin_reading")
    ]  # fmt: skip
    edition = edition_on(given.editions(month), month.as_of)
    by_id = {rule.id: rule for rule in edition.rules}
    digest_of = given.digests(month)
    rows: list[dict[str, Any]] = [
        rules.as_row(item, by_id[item.reading.rule_id], known.by_code[item.reading.unit].name, digest_of(item.reading.evidence_ref))
        for item in rules.items(readings, [end.month for end in given.month_ends(month)], cut=given.reaches_back(month))
        if item.reading.rule_id in by_id
    ]  # fmt: skip
    stored = month.store_records(output_contract("bulletin"), rows)
    _write(month, known, register, f"{day_words(edition.valid_from)}起施行的一版（{edition.version}）")
    return stored


def _write(month: Month, known: Units, register: Register, version: str) -> None:
    cover = facts(month) | {"通报规则版本": version}
    registers = Registers(
        bulletin=frame_of(month, "bulletin"),
        decisions=given.decision_rows(month),
        **{name: frame_of(month, name) for name in DUTIES},
    )
    write_task_status(
        outbox(month, "task_status.xlsx"),
        frame_of(month, "task_status"),
        demonstration=month.demonstration,
        facts=cover,
        more=register_sheets(registers),
    )
    write_bulletin(
        outbox(month, "bulletin.docx"),
        frame_of(month, "bulletin"),
        frame_of(month, "task_status"),
        bureau=known.by_code["YCSJ"].name,
        month=month.name,
        as_of=month.as_of,
        source_document=register.source_document,
        version=version,
        demonstration=month.demonstration,
    )
