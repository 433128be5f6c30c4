"""归集: what came in time, what is missing, what is wrong, which source brought nothing — as tables and two workbooks.

Here: the assets of the clocks (`collected_record`, `timeliness`, …), of the three indicators, of coverage, of the
province's push, and `due_soon`. Not here: the rules (supervision.clocks, coverage, refused_rows), the joins (sql/reports),
the inputs made of registry and calendar (assets.clock_inputs), layout (resources/outbox).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from datetime import date
from typing import Any

import dagster as dg

from assets import clock_inputs as given
from assets.documents import facts, frame_of, outbox, senders, unit_table
from assets.stage import Month, sql_asset, tables_asset
from data_contracts.model import output_contract
from data_contracts.registry import Source, domains, indicator_classes, sources
from data_contracts.registry import source as registered
from resources.calendars import rows
from resources.lake import Stored
from resources.outbox.due_soon import write_due_soon
from resources.outbox.timeliness import CollectionTables, write_timeliness
from resources.reference import units
from resources.settings import REFERENCE
from supervision import coverage as rules

REPORTED = (
    "timeliness_summary", "timeliness", "completeness", "document_gap", "accuracy", "collection_kpi", "source_coverage",
    "department_coverage", "push_reconciliation",
)  # fmt: skip
READABLE = ("read", "repeated")


def build(partitions: dg.PartitionsDefinition[str]) -> list[dg.AssetsDefinition]:
    """The assets of this stage."""
    clocked = [f"accepted_{name}" for name in given.clocked_sources()]
    departments = [f"accepted_{s.name}" for s in sources() if s.kind == "department"]
    shared = [f"accepted_{s.name}" for s in sources() if len(s.fields) > 1]
    return [
        sql_asset(
            "collected_record",
            partitions,
            inputs=["record", "quarantined", "subject", "received_file"],
            deps=["intake", *clocked],
            extra=lambda m: {
                "clocked_source": given.clocked_source_table(),
                "corrected": given.corrected(m),
                "not_public": given.not_public(m),
                "refused_row": given.refused_rows(m),
                "senders": senders(m),
                "unit": unit_table(),
            },
        ),
        sql_asset(
            "timeliness",
            partitions,
            inputs=["collected_record"],
            deps=["received_file"],
            parameters=lambda m: given.month_days(m) | {"month": m.name, "as_of": m.as_of},
            extra=lambda m: {
                "clock_source": given.clock_sources(),
                "due_day": given.due_days(m),
                "day_number": given.day_numbers(m),
                "periodic": given.periodic(m),
            },
        ),
        sql_asset("timeliness_summary", partitions, inputs=["timeliness"], parameters=lambda m: {"month": m.name}),
        sql_asset(
            "completeness",
            partitions,
            inputs=["collected_record", "accepted_control_total"],
            parameters=lambda m: {"as_of": m.as_of},
            extra=lambda m: {
                "month_due": given.month_dues(m),
                "clock_source": given.clock_sources(),
                "unit": unit_table(),
            },
        ),
        sql_asset(
            "document_gap",
            partitions,
            inputs=["collected_record"],
            parameters=lambda m: {"as_of": m.as_of, "year": m.first_day.year},
            extra=lambda m: {"due_day": given.due_days(m)},
        ),
        sql_asset(
            "accuracy",
            partitions,
            inputs=["conservation", "received_file"],
            parameters=lambda m: {"month": m.name},
            extra=lambda m: {"unit": unit_table()},
        ),
        sql_asset(
            "push_reconciliation",
            partitions,
            inputs=["accepted_province_push_manifest", "accepted_province_push", "duplicates"],
            deps=["quarantined"],
            extra=lambda m: {"refused_push": given.refused_push(m)},
            checks=[
                dg.AssetCheckSpec(
                    "push_reconciles",
                    asset="push_reconciliation",
                    description="总对总：每批每类，清单应有的条数等于收下与隔离之和（R-17）",
                )
            ],
            judge=_judge_push,
        ),
        tables_asset(
            "coverage",
            ("source_coverage", "department_coverage"),
            partitions,
            _coverage,
            deps=["received_file", "conservation", *departments, *shared],
        ),
        sql_asset(
            "collection_kpi",
            partitions,
            inputs=["timeliness_summary", "completeness", "accuracy"],
            deps=[
                name
                for name in REPORTED
                if name not in ("timeliness_summary", "completeness", "accuracy", "collection_kpi")
            ],
            parameters=lambda m: {"month": m.name},
            written=_timeliness_xlsx,
        ),
        sql_asset(
            "due_soon",
            partitions,
            inputs=["timeliness", "completeness"],
            parameters=lambda m: {"as_of": m.as_of, "horizon": given.horizon(m)},
            extra=lambda m: {"day_number": given.day_numbers(m)},
            written=_due_soon_xlsx,
        ),
    ]


def _timeliness_xlsx(month: Month) -> None:
    write_timeliness(
        outbox(month, "timeliness.xlsx"),
        CollectionTables(**{name: frame_of(month, name) for name in REPORTED}),
        demonstration=month.demonstration,
        facts=facts(month),
    )


def _due_soon_xlsx(month: Month) -> None:
    write_due_soon(
        outbox(month, "due_soon.xlsx"),
        frame_of(month, "due_soon"),
        demonstration=month.demonstration,
        facts=facts(month) | {"提醒至": f"{given.horizon(month)}（截至日期后第 {given.SOON_DAYS} 个工作日）"},
    )


def _judge_push(month: Month, _: Stored) -> Iterable[dg.AssetCheckResult]:
    """Not blocking: a push that does not reconcile is the platform's to clear, the month goes on."""
    batches = month.records("push_reconciliation")
    wrong = [row for row in batches if row["push_state"] != "matched"]
    words = {code: text for text, code in output_contract("push_reconciliation").column("push_state").values.items()}
    kinds = {code: text for text, code in registered(given.PUSH).contract.column("record_kind").values.items()}
    told = "；".join(
        f"批次 {row['batch_no'] or '（不明）'} {kinds.get(row['record_kind'], row['record_kind']) or '（类别不明）'}：{words[row['push_state']]}，"
        f"应有 {'—' if row['declared'] is None else row['declared']}，收下 {row['loaded']}，隔离 {row['rejected']}，"
        f"重复 {row['repeated']}"
        for row in wrong
    )
    yield dg.AssetCheckResult(
        check_name="push_reconciles",
        passed=not wrong,
        severity=dg.AssetCheckSeverity.ERROR,
        description=f"{told}；请与省局平台核对" if wrong else f"{len(batches)} 个批次类别全部对上",
        metadata={"批次类别": len(batches), "不符": len(wrong)},
    )


def _coverage(month: Month) -> Mapping[str, Iterable[Mapping[str, Any]]]:
    """Sources, fields, indicator classes and departments: what each brought, or why nothing (R-14, R-15, R-18b)."""
    names = {unit["unit_code"]: unit["unit_name"] for unit in units()}
    files = [row for row in month.records("received_file") if row["delivery_month"] == month.name]
    deliveries = {row["delivery_id"] for row in files}
    by_source = rules.source_coverage([_entry(s) for s in sources()], _received(month, files), names)
    field_titles = {code: text for text, code in output_contract("field_record").column("field_code").values.items()}
    covered = [
        *by_source,
        *rules.group_coverage("domain", _groups(domains()), _members(lambda s: s.domains), by_source),
        *rules.field_coverage(
            [rules.Group(code, title, None) for code, title in field_titles.items()],
            _members(lambda s: s.fields),
            by_source,
            _field_rows(month, deliveries),
        ),
        *rules.group_coverage(
            "indicator_class",
            _groups(indicator_classes()),
            _members(lambda s: (s.indicator_class,) if s.indicator_class else ()),
            by_source,
        ),
    ]
    return {
        "source_coverage": [asdict(row) for row in covered],
        "department_coverage": [asdict(row) for row in _departments(month, deliveries)],
    }


def _entry(source: Source) -> rules.SourceEntry:
    return rules.SourceEntry(
        source.name,
        source.contract.title,
        source.producers,
        source.connected,
        source.reason,
        source.cadence == "as_needed",
        source.domains,
        source.fields,
        source.indicator_class,
    )


def _groups(headings: Iterable[Any]) -> list[rules.Group]:
    return [rules.Group(heading.code, heading.title, heading.reason) for heading in headings]


def _members(codes: Any) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for source in sources():
        for code in codes(source):
            found.setdefault(code, []).append(source.name)
    return found


def _received(month: Month, files: list[dict[str, Any]]) -> dict[str, rules.Received]:
    read: dict[str, Counter[str]] = {}
    aside: dict[str, Counter[str]] = {}
    faults: dict[str, list[str]] = {}
    for row in files:
        counted = read if row["read_state"] in READABLE else aside
        counted.setdefault(row["source"], Counter())[row["unit_code"]] += 1
        if row["fault_reason"]:
            faults.setdefault(row["source"], []).append(row["fault_reason"])
    places = {(row["delivery_id"], row["file_name"]) for row in files}
    accepted: Counter[str] = Counter()
    quarantined: Counter[str] = Counter()
    for row in month.records("conservation"):
        if (row["delivery_id"], row["file_name"]) in places:
            accepted[row["source"]] += row["accepted_rows"]
            quarantined[row["source"]] += row["quarantined_rows"]
    return {
        name: rules.Received(
            read.get(name, {}), aside.get(name, {}), tuple(faults.get(name, ())), accepted[name], quarantined[name]
        )
        for name in {*read, *aside}
    }


def _field_rows(month: Month, deliveries: set[str]) -> dict[tuple[str, str], int]:
    """Accepted rows of the month by field, for sources of several fields; each such source has an entry a field."""
    counted: Counter[tuple[str, str]] = Counter()
    for source in (s for s in sources() if len(s.fields) > 1 and s.connected):
        counted.update({(source.name, code): 0 for code in source.fields})
        for row in month.records(f"accepted_{source.name}", ["delivery_id", "field_code"]):
            if row["delivery_id"] in deliveries:
                counted[source.name, row["field_code"]] += 1
    return dict(counted)


def _departments(month: Month, deliveries: set[str]) -> list[rules.DepartmentCoverage]:
    known = {row["dept_code"]: row["dept_name"] for row in rows(REFERENCE / "departments.csv")}
    ever: Counter[tuple[str, str]] = Counter()
    now: Counter[tuple[str, str]] = Counter()
    last: dict[tuple[str, str], date] = {}
    streams = [source for source in sources() if source.kind == "department"]
    for source in streams:
        for row in month.records(f"accepted_{source.name}", ["dept_code", "delivery_id", "received_at"]):
            key = (row["dept_code"], source.name)
            known.setdefault(row["dept_code"], row["dept_code"])
            ever[key] += 1
            now[key] += row["delivery_id"] in deliveries
            last[key] = max(last.get(key, date.min), row["received_at"].date())
    return rules.department_coverage(known, [(s.name, s.connected) for s in streams], ever, now, last)
