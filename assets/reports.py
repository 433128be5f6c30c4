"""表册: what the offices receive — plan, lists — as tables and as files of the outbox.

Here: one table per document and the call of its writer. Not here: layout (resources/outbox), rules of status
(assets.bulletin), how collecting went (timeliness), nor the draw. Public files have `public` in their names, all
others do not.
"""

from __future__ import annotations

import dagster as dg
import pyarrow as pa

from assets.documents import facts, frame_of, outbox, unit_table
from assets.plan import policy_tables
from assets.rounds import source_digest
from assets.stage import Month, sql_asset
from resources.calendars import rows
from resources.lake import sha256_file
from resources.ledger import Ledger
from resources.outbox.drawn_internal import DrawnTables, write_drawn_internal
from resources.outbox.sampling_plan import write_sampling_plan
from resources.policy_files import ITEM_LISTS
from resources.reference import record_table, units
from resources.settings import REFERENCE
from supervision import policy as rules
from supervision import rounds
from supervision.months import last_day


def build(partitions: dg.PartitionsDefinition[str]) -> list[dg.AssetsDefinition]:
    """The assets of this stage."""
    return [
        sql_asset(
            "county_capacity",
            partitions,
            inputs=["county_visits", "roster", "cuts", "allocation", "unassignable"],
            parameters=lambda m: {"month": m.name, "needed_until": _needed_until(m)},
            extra=lambda m: plan_tables(m) | {"unit": unit_table()},
        ),
        sql_asset(
            "sampling_plan",
            partitions,
            inputs=["strata", "stratum_quota", "allocation", "cuts", "due", "committed_round"],
            deps=["county_capacity"],
            parameters=_plan_parameters,
            extra=lambda m: plan_tables(m) | {"unit": unit_table()},
            written=_sampling_plan_xlsx,
        ),
        sql_asset(
            "inspector_load",
            partitions,
            inputs=["roster", "team_in_force", "committed_round"],
            extra=lambda m: {"unit": unit_table()},
        ),
        sql_asset(
            "risk_point",
            partitions,
            inputs=[
                "drawn_in_force",
                "round_trigger",
                "triggered_inspection",
                "amendment",
                "effective_record",
                "committed_round",
            ],
        ),
        sql_asset(
            "joint_visit",
            partitions,
            inputs=["drawn_in_force", "round_trigger", "amendment", "committed_round"],
            extra=lambda m: plan_tables(m) | {"unit": unit_table()},
        ),
        sql_asset("visit_team", partitions, inputs=["team_in_force", "unstaffed_visit"]),
        sql_asset(
            "triggered_inspections",
            partitions,
            inputs=[
                "drawn_in_force",
                "round_trigger",
                "triggered_inspection",
                "amendment",
                "visit_team",
                "subject",
                "enterprise_month",
                "committed_round",
            ],
            extra=lambda m: plan_tables(m) | {"unit": unit_table()},
        ),
        sql_asset(
            "drawn_subjects",
            partitions,
            inputs=[
                "drawn_in_force",
                "round_trigger",
                "amendment",
                "risk_point",
                "visit_team",
                "strata",
                "allocation",
                "cuts",
                "subject",
                "enterprise_month",
                "visit",
                "inspection",
            ],
            deps=["inspector_load", "joint_visit", "triggered_inspections", "replacement_by_inspector"],
            parameters=lambda m: {
                "month_first": m.first_day,
                "year": m.first_day.year,
                "voided": is_voided(m),
            },
            extra=lambda m: plan_tables(m) | {"unit": unit_table()},
            written=_drawn_internal_xlsx,
        ),
    ]


def plan_tables(month: Month) -> dict[str, pa.Table]:
    """The policy's tables, with the names of items and cooperating units that a printed plan carries."""
    items = {row["item_code"]: row["item_name"] for name in ITEM_LISTS for row in rows(REFERENCE / name)}
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


def round_facts(month: Month) -> dict[str, str]:
    """The cover of what follows from a round: also its id and commitment."""
    [row] = month.records("committed_round")
    return facts(month) | {"批次": row["round_id"], "承诺值": row["commitment"], "冻结清单摘要": row["manifest_sha256"]}


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
    tables = ("inspector_load", "triggered_inspections", "joint_visit", "amendment", "replacement_by_inspector")
    write_drawn_internal(
        outbox(month, "drawn_internal.xlsx"),
        DrawnTables(drawn, **{name: frame_of(month, name) for name in tables}),
        demonstration=month.demonstration,
        facts=round_facts(month),
    )


def is_voided(month: Month) -> bool:
    """Whether the month's round was voided after its draw; its subjects are visited as triggers of the next (DRAW §3.4)."""
    [committed] = month.records("committed_round")
    known = rounds.rounds_of(Ledger(month.lake.home.ledger, "rounds").entries())
    return known[committed["round_id"]].void is not None


def _plan_parameters(month: Month) -> dict[str, object]:
    basis = month.lake.basis()
    frame_csv = month.lake.home.bundles / month.round_id / "frame.csv"
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
