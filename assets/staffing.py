"""检查力量清点: county by county, whether there are the people for the month's visits, told before the draw (R-07, DRAW §6).

Here: the newest roster with its expired and inactive people, what the strata of the month ask of it, the warning. Not
here: the rules (supervision.staffing), the roster as committed (plan), which inspector visits whom (draw).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import asdict
from typing import Any

import dagster as dg

from assets.schema import unit_name
from assets.stage import Month, table_asset
from data_contracts.model import output_contract, source_contract
from resources.lake import Stored
from supervision import policy as policies
from supervision import staffing as rules
from supervision.policy.model import WHOLE
from supervision.staffing import Need, Person


def build(partitions: dg.PartitionsDefinition[str]) -> list[dg.AssetsDefinition]:
    """The one asset of this part."""
    return [
        table_asset(
            "staffing",
            partitions,
            _staffing,
            deps=["accepted_inspector", "deliveries", "roster", "strata", "round_trigger"],
            checks=[
                dg.AssetCheckSpec(
                    "staffed",
                    asset="staffing",
                    description="各检查主体的人数、证件、专长和检查力量够本月之用；不够的在抽取之前逐县列出（R-07）",
                )
            ],
            judge=_judge,
        )
    ]


def _staffing(month: Month) -> Stored:
    roster = [
        row | {"valid_until": row["valid_until"].isoformat()}
        for row in month.records("roster", ["county", "days", "load_cap", "valid_until"])
    ]
    triggered = defaultdict(set)
    for row in month.records("round_trigger", ["uid", "county"]):
        triggered[row["county"]].add(row["uid"])
    rows = rules.staffing(
        _people(month),
        _needs(month),
        as_of=month.as_of,
        capacity=policies.county_capacity(roster, month.policy, month.name),
        triggers={county: len(uids) for county, uids in triggered.items()},
        names=month.policy.fields,
    )
    return month.store_records(output_contract("staffing"), [asdict(row) | {"month": month.name} for row in rows])


def _people(month: Month) -> list[Person]:
    """The roster as it was last delivered, whole: those who cannot be sent too."""
    codes = source_contract("task_evidence").column("field_code").values
    months = {(r["delivery_id"], r["file_name"]): r["delivery_month"] for r in month.records("deliveries")}
    wanted = ["delivery_id", "file_name", "county", "specialties", "status", "valid_until", "is_current"]
    rows: list[dict[str, Any]] = [row for row in month.records("accepted_inspector", wanted) if row["is_current"]]
    newest = max((months[row["delivery_id"], row["file_name"]] for row in rows), default="")
    return [
        Person(
            county=row["county"],
            specialties=rules.specialty_codes(row["specialties"], codes),
            is_active=row["status"] == "active",
            valid_until=row["valid_until"],
        )
        for row in rows
        if months[row["delivery_id"], row["file_name"]] == newest
    ]


def _needs(month: Month) -> list[Need]:
    """What each task asks of each county on site: the batch's share of the yearly rate, at most all that are eligible."""
    tasks = {task.code: task for task in policies.tasks_in_month(month.policy, month.name)}
    subjects: dict[tuple[str, str], int] = defaultdict(int)
    visits: dict[tuple[str, str], int] = defaultdict(int)
    floors: dict[tuple[str, str], int] = defaultdict(int)
    for row in month.records("strata"):
        task = tasks[row["task"]]
        level = task.levels[row["stratum"]]
        if level.on_site:
            key = row["task"], row["county"]
            due_e4 = min(row["base"] * level.rate_e4 // task.batches, row["eligible"] * WHOLE)
            subjects[key] += row["base"]
            visits[key] += due_e4
            floors[key] += due_e4 * level.floor_e4 // WHOLE
    return [
        Need(
            task=code,
            county=county,
            subjects=subjects[code, county],
            visits_e4=visits[code, county],
            floor_e4=floors[code, county],
            team_size=tasks[code].team_size,
            specialty=tasks[code].specialty,
            window_end=policies.window_end(tasks[code], month.name),
        )
        for code, county in sorted(subjects)
    ]


def _judge(month: Month, _: Stored) -> Iterable[dg.AssetCheckResult]:
    rows = [
        rules.Staffing(**{name: value for name, value in row.items() if name != "month"})
        for row in month.records("staffing")
    ]
    names = {row.county: unit_name(row.county) for row in rows}
    told = rules.county_sentences(rows, names)
    yield dg.AssetCheckResult(
        check_name="staffed",
        passed=not told,
        severity=dg.AssetCheckSeverity.WARN,
        description="；".join(told) or f"{len(names)} 个检查主体的人员、证件、专长够用",
        metadata={"有问题的检查主体": len(told), "检查主体": len(names)},
    )
