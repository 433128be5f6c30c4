"""县级工作簿: what each county does this month, and which of the rows it sent back count (DOMAIN §4.3, §4.4, R-22, R-29).

Here: visits and entry rows by county, the verdict on returned rows, one workbook and one file of task sheets a county.
Not here: layout (resources.outbox.county_workbook), results as one list (results), what is public.
Names of inspectors are read here, written into the workbooks and kept nowhere: no table, metadata or log has one.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from typing import Any

import dagster as dg
import pandas as pd
import pyarrow as pa

from assets.documents import frame_of, outbox, senders, unit_table
from assets.policy_tables import policy_tables
from assets.reports import round_facts
from assets.round_state import COUNTIES
from assets.stage import Month, sql_asset, table_asset
from data_contracts.model import output_contract
from resources.amending import drawn_round, requests
from resources.bundles import Bundles, place_of
from resources.calendars import rows
from resources.lake import Stored
from resources.outbox.county_task_sheets import TRIGGER_TASK, needs_sheet, write_task_sheets
from resources.outbox.county_workbook import County, write_county_workbook
from resources.personnel import read_personnel
from resources.policy_files import ITEM_LISTS
from resources.reference import policy_for, record_table, text_table, units
from resources.settings import REFERENCE
from supervision import amendments
from supervision import policy as rules
from supervision.amendments.requests import LATE_TRIGGER
from supervision.months import last_day

TRIGGERED = {"task": TRIGGER_TASK, "task_name": "触发检查", "item_code": TRIGGER_TASK, "item_name": "线索核查"}


def build(partitions: dg.PartitionsDefinition[str]) -> list[dg.AssetsDefinition]:
    """The assets of this part."""
    return [
        sql_asset(
            "county_visit",
            partitions,
            inputs=[
                "drawn_subjects",
                "drawn_in_force",
                "triggered_inspections",
                "visit_team",
                "subject",
                "visit",
            ],
            parameters=lambda m: {
                "month_first": m.first_day,
                "month_last": last_day(m.name),
                "year": m.first_day.year,
            },
        ),
        sql_asset(
            "county_entry",
            partitions,
            inputs=["county_visit", "drawn_in_force"],
            extra=lambda m: {
                "policy_level": policy_tables(m.policy, m.name)["policy_level"],
                "policy_item": record_table(_items(m.name)),
            },
        ),
        sql_asset(
            "county_return_verdict",
            partitions,
            inputs=["accepted_county_return"],
            deps=["draw_history", "drawn_in_force", "triggered_inspections"],
            extra=lambda m: known_rounds(m) | {"senders": senders(m), "unit": unit_table()},
        ),
        table_asset(
            "county_workbook",
            partitions,
            _county_workbook,
            deps=["county_visit", "county_entry", "county_return_verdict", "triggered_inspections", "committed_round"],
            kinds=("python", "excel"),
        ),
    ]


def known_rounds(month: Month) -> dict[str, pa.Table]:
    """known_draw (round_id, task, uid, county: who is in which round, replacements and triggers included) and known_item
    (plan_id, item_code: by the policy of the round's month), of this round and every earlier one."""
    drawn = {
        (row["round_id"], row["task"], row["uid"], row["county"])
        for table in ("draw_history", "drawn_in_force")
        for row in month.records(table, ["round_id", "task", "uid", "county"])
    }
    drawn |= {
        (row["round_id"], TRIGGER_TASK, row["uid"], row["unit_code"])
        for row in month.records("triggered_inspections", ["round_id", "uid", "unit_code"])
    }
    home = month.lake.home
    for round_id in Bundles(home).before(month.round_id):
        sealed, asked_for = drawn_round(home, round_id), requests(home, round_id)
        amended = amendments.amend(sealed, asked_for)
        drawn |= {(round_id, each.row.task, each.row.uid, each.row.county) for each in amended.standing}
        late = {request.number for request in asked_for if request.kind == LATE_TRIGGER}
        came = [each for each in amended.decisions if each.number in late and each.outcome != "refused"]
        homes = {(row.uid, row.county) for row in sealed.triggers} | {(row.uid, row.county or "") for row in came}
        drawn |= {(round_id, TRIGGER_TASK, uid, county) for uid, county in homes}
    names = ("round_id", "task", "uid", "county")
    returned = month.read("accepted_county_return", ["plan_id"]).column("plan_id").to_pylist()
    asked = {plan_id.rpartition("-")[0] for plan_id in returned} & {row[0] for row in drawn}
    items = [
        {"plan_id": f"{round_id}-{item['task']}", "item_code": item["item_code"]}
        for round_id in sorted(asked)
        for item in _items(place_of(round_id)[0])
    ]
    return {
        "known_draw": text_table([dict(zip(names, row, strict=True)) for row in sorted(drawn)], names),
        "known_item": text_table(items, ("plan_id", "item_code")),
    }


def _items(month: str) -> list[dict[str, Any]]:
    """Each task of a month with its items: task, task_name, item_code, item_name, window_end."""
    names = {row["item_code"]: row["item_name"] for file in ITEM_LISTS for row in rows(REFERENCE / file)}
    policy = policy_for(month)[0]
    return [
        {
            "task": task.code,
            "task_name": task.name,
            "item_code": item,
            "item_name": names.get(item, item),
            "window_end": rules.window_end(task, month),
        }
        for task in rules.tasks_in_month(policy, month)
        for item in task.items
    ] + [TRIGGERED | {"window_end": last_day(month)}]


def _county_workbook(month: Month) -> Stored:
    """One workbook and one file of task sheets per county, its own rows alone; the table says how many of each."""
    personnel = read_personnel(month.lake.home)
    tables = {
        name: frame_of(month, name)
        for name in ("county_visit", "triggered_inspections", "county_entry", "county_return_verdict")
    }
    verdict = tables["county_return_verdict"]
    since = pd.Series([day >= month.first_day for day in verdict["received_on"]], dtype=bool)
    tables["county_return_verdict"] = verdict[(verdict["return_verdict"] == "set_aside") & since]
    shared = round_facts(month)
    made = []
    for unit in units():
        if unit["kind"] != "county":
            continue
        county = _county(tables, unit["unit_code"], unit["unit_name"])
        path = outbox(month, f"{COUNTIES}/{county.unit_code}.xlsx")
        write_county_workbook(
            path, county, personnel, demonstration=month.demonstration, facts=shared | {"检查主体": county.unit_name}
        )
        write_task_sheets(
            path.with_name(f"{county.unit_code}-任务单.docx"),
            county,
            personnel,
            round_id=month.round_id,
            demonstration=month.demonstration,
        )
        made.append(_counted(month.round_id, county))
    return month.store_records(output_contract("county_workbook"), made)


def _county(tables: dict[str, pd.DataFrame], code: str, name: str) -> County:
    """The county's rows of each table; those it sent back itself, whoever they were about."""
    mine = {
        table: frame[frame["sent_by" if table == "county_return_verdict" else "unit_code"] == code].reset_index(
            drop=True
        )
        for table, frame in tables.items()
    }
    return County(
        unit_code=code,
        unit_name=name,
        visits=mine["county_visit"],
        triggers=mine["triggered_inspections"],
        entries=mine["county_entry"],
        set_aside=mine["county_return_verdict"],
    )


def _counted(round_id: str, county: County) -> dict[str, object]:
    visits: Sequence[Mapping[Hashable, Any]] = county.visits.to_dict("records")
    return {
        "round_id": round_id,
        "unit_code": county.unit_code,
        "unit_name": county.unit_name,
        "workbook_visits": len(visits),
        "workbook_escalated": sum(row["visit_state"] == "escalated" for row in visits),
        "workbook_triggers": len(county.triggers),
        "workbook_entries": len(county.entries),
        "workbook_task_sheets": sum(map(needs_sheet, visits)),
        "workbook_set_aside": len(county.set_aside),
    }
