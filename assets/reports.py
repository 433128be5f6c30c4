"""表册: what the offices receive — plan, lists, timeliness, task status — as tables and as files of the outbox.

Here: one table per document and the call of its writer. Not here: layout (resources/outbox), rules of status
(supervision.tasks), nor the draw. Public files have `public` in their names, all others do not.
"""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import dagster as dg
import pandas as pd
import pyarrow as pa

from assets.plan import policy_tables, source_digest
from assets.stage import Month, sql_asset, table_asset
from data_contracts.model import output_contract, source_contracts
from resources.calendars import calendar, rows
from resources.lake import Stored, sha256_file
from resources.outbox.drawn_internal import write_drawn_internal
from resources.outbox.public_csv import write_drawn_public
from resources.outbox.sampling_plan import write_sampling_plan
from resources.outbox.task_status import write_task_status
from resources.outbox.timeliness import write_timeliness
from resources.reference import record_table, task_register, text_table, units
from resources.settings import REFERENCE
from supervision import policy as rules
from supervision.months import first_day, last_day, month_before
from supervision.task_register import parse_units
from supervision.tasks import Evidence, Measure, task_status

COLLECT_DAYS = 7  # notice (五): within 7 working days
UNIT_COLUMNS = ("unit_code", "unit_name", "kind", "county")


def build(partitions: dg.PartitionsDefinition[str]) -> list[dg.AssetsDefinition]:
    """The assets of this stage."""
    clocked = [f"accepted_{c.name}" for c in source_contracts() if c.clock == "collect_7wd"]
    return [
        sql_asset(
            "timeliness",
            partitions,
            inputs=clocked,
            deps=["intake"],
            parameters=lambda m: {"month": m.name, "month_first": m.first_day, "month_last": last_day(m.name)},
            extra=lambda m: {"due_day": due_days(m), "day_number": day_numbers(m), "senders": senders(m)},
        ),
        sql_asset(
            "timeliness_summary",
            partitions,
            inputs=["timeliness"],
            parameters=lambda m: {"month": m.name},
            written=_timeliness_xlsx,
        ),
        sql_asset(
            "county_capacity",
            partitions,
            inputs=["county_visits", "roster"],
            parameters=lambda m: {"month": m.name, "needed_until": _needed_until(m)},
            extra=lambda m: {"unit": unit_table()},
        ),
        sql_asset(
            "sampling_plan",
            partitions,
            inputs=["strata", "stratum_quota", "allocation", "cuts", "committed_round"],
            deps=["county_capacity"],
            parameters=_plan_parameters,
            extra=lambda m: plan_tables(m) | {"unit": unit_table()},
            written=_sampling_plan_xlsx,
        ),
        sql_asset(
            "inspector_load",
            partitions,
            inputs=["roster", "assignment", "committed_round"],
            extra=lambda m: {"unit": unit_table()},
        ),
        sql_asset(
            "drawn_subjects",
            partitions,
            inputs=[
                "drawn",
                "committed_round",
                "subject",
                "enterprise_month",
                "triggered_inspection",
                "assignment",
                "unassignable",
                "visit",
            ],
            deps=["inspector_load"],
            parameters=lambda m: {"month_first": m.first_day, "year": m.first_day.year},
            extra=lambda m: plan_tables(m) | {"unit": unit_table()},
            written=_drawn_internal_xlsx,
        ),
        sql_asset(
            "drawn_public",
            partitions,
            inputs=["drawn_subjects"],
            parameters=lambda m: {"demonstration": m.demonstration},
            written=_drawn_public_csv,
        ),
        sql_asset(
            "unit_measure",
            partitions,
            inputs=[
                "timeliness_summary",
                "sampling_plan",
                "accepted_inspection_result",
                "accepted_acknowledgement",
                "accepted_repair",
            ],
            parameters=_answer_window,
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


def due_days(month: Month) -> pa.Table:
    """For every day a record may have been formed on: the last day in time, and whether it is provisional."""
    due = calendar().due_table(_clock_start(month), last_day(month.name), COLLECT_DAYS)
    return pa.table(
        {
            "formed_on": pa.array([d[0] for d in due], pa.date32()),
            "due_on": pa.array([d[1] for d in due], pa.date32()),
            "is_provisional": pa.array([d[2] for d in due], pa.bool_()),
        }
    )


def day_numbers(month: Month) -> pa.Table:
    """Each day's count of working days, so that a delay is a difference of two numbers."""
    numbered = calendar().number_table(_clock_start(month), last_day(month.name) + timedelta(days=60))
    return pa.table(
        {"day": pa.array([r[0] for r in numbered], pa.date32()), "number": pa.array([r[1] for r in numbered])}
    )


def _clock_start(month: Month) -> date:
    """Records older than six years have no due day any more: they come with a first stock delivery."""
    return month.first_day - timedelta(days=366 * 6)


def senders(month: Month) -> pa.Table:
    """The unit that sent each delivery: lateness is attributed to the producer (R-13)."""
    names = {unit["unit_code"]: unit["unit_name"] for unit in units()}
    sent = {(r["delivery_id"], r["unit_code"]) for r in month.records("deliveries") if r["state"] == "used"}
    records = [{"delivery_id": d, "unit_code": u, "unit_name": names.get(u, u)} for d, u in sorted(sent)]
    return text_table(records, ("delivery_id", "unit_code", "unit_name"))


def unit_table() -> pa.Table:
    """The units of the city: code, name, kind, county."""
    return text_table(units(), UNIT_COLUMNS)


def plan_tables(month: Month) -> dict[str, pa.Table]:
    """The policy's tables, with the names of items and cooperating units that a printed plan carries."""
    items = {row["item_code"]: row["item_name"] for row in rows(REFERENCE / "zj_2017_inspection_items_36.csv")}
    names = {unit["unit_code"]: unit["unit_name"] for unit in units()}
    tasks = [
        {
            **row,
            "item_names": ";".join(items.get(code, code) for code in str(row["item_codes"]).split(";")),
            "coop_names": "、".join(names.get(code, code) for code in str(row["coop_depts"]).split(";") if code),
        }
        for row in rules.task_rows(month.policy, month.name)
    ]
    return policy_tables(month) | {"policy_task": record_table(tasks)}


def facts(month: Month) -> dict[str, str]:
    """What stands on the cover of every workbook: what it rests on, by digest (R-23)."""
    basis = month.lake.basis()
    made = (
        "登记表为真实企业；等级、处罚等其余数据均为生成（虚构）"
        if basis["registry_rows"] == "real"
        else "全部为生成（虚构）"
    )
    return {
        "月份": month.name,
        "截至日期": basis["as_of"],
        "数据性质": made if month.demonstration else "各单位交付",
        "登记表摘要": source_digest(month, "register"),
        "等级快照摘要": source_digest(month, "grade_snapshot"),
        "政策版本": basis["policy"],
        "政策摘要": basis["policy_sha256"],
        "日历版本": basis["calendar"],
        "月度版本": month.lake.version.name,
        "程序提交": basis["code_commit"],
    }


def round_facts(month: Month) -> dict[str, str]:
    """The cover of what follows from a round: also its id and commitment."""
    [row] = month.records("committed_round")
    return facts(month) | {"批次": row["round_id"], "承诺值": row["commitment"], "冻结清单摘要": row["manifest_sha256"]}


def outbox(month: Month, name: str) -> Path:
    """Where a file of the month's outbox lies."""
    return month.lake.home.outbox / month.name / name


def frame_of(month: Month, table: str) -> pd.DataFrame:
    """A report's table as pandas, in stored order; dates stay dates, a missing value is None."""
    return month.read(table).to_pandas(date_as_object=True, types_mapper=_NULLABLE.get)


_NULLABLE: dict[pa.DataType, pd.api.extensions.ExtensionDtype] = {
    pa.int64(): pd.Int64Dtype(),
    pa.bool_(): pd.BooleanDtype(),
}


def _timeliness_xlsx(month: Month) -> None:
    write_timeliness(
        outbox(month, "timeliness.xlsx"),
        frame_of(month, "timeliness_summary"),
        frame_of(month, "timeliness"),
        demonstration=month.demonstration,
        facts=facts(month),
    )


def _sampling_plan_xlsx(month: Month) -> None:
    write_sampling_plan(
        outbox(month, "sampling_plan.xlsx"),
        frame_of(month, "sampling_plan"),
        frame_of(month, "county_capacity"),
        demonstration=month.demonstration,
        facts=round_facts(month),
    )


def _drawn_internal_xlsx(month: Month) -> None:
    drawn = frame_of(month, "drawn_subjects").sort_values(["unit_code", "uid"], kind="stable", ignore_index=True)
    write_drawn_internal(
        outbox(month, "drawn_internal.xlsx"),
        drawn,
        frame_of(month, "inspector_load"),
        demonstration=month.demonstration,
        facts=round_facts(month),
    )


def _drawn_public_csv(month: Month) -> None:
    write_drawn_public(outbox(month, "drawn_public.csv"), frame_of(month, "drawn_public"))


def _plan_parameters(month: Month) -> dict[str, object]:
    basis = month.lake.basis()
    frame_csv = month.lake.home.bundles / rules.round_id(month.policy, month.name) / "frame.csv"
    return {
        "month": month.name,
        "month_first": month.first_day,
        "policy_version": basis["policy"],
        "policy_sha256": basis["policy_sha256"],
        "snapshot_sha256": source_digest(month, "grade_snapshot"),
        "frame_sha256": sha256_file(frame_csv),
    }


def _needed_until(month: Month) -> object:
    tasks = rules.tasks_in_month(month.policy, month.name)
    return max((rules.window_end(task, month.name) for task in tasks), default=last_day(month.name))


def _answer_window(month: Month) -> dict[str, object]:
    """Results of the month before: their acknowledgements come back in this month."""
    before = month_before(month.name)
    return {"answer_from": first_day(before), "answer_until": last_day(before)}


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
