"""The three jobs of a month, the one that only collects, and the schedule (DESIGN §3).

`collect` takes in what was delivered, so that departments hear of faults at once. `monthly` collects, validates, joins
and plans, up to the frozen frame; `draw` follows approval, commitment and beacon; `close` writes what the offices receive and
publishes. Law and ceremony part the three; a demonstration runs them in a row.
"""

from __future__ import annotations

from collections.abc import Set

import dagster as dg

from resources.clock import SHANGHAI
from supervision.months import month_before

JOBS = ("monthly", "draw", "close")
COLLECTION_REPORTS = (
    "collected_record", "timeliness", "timeliness_summary", "completeness", "document_gap", "accuracy", "source_coverage",
    "department_coverage", "push_reconciliation", "collection_kpi", "due_soon",
)  # fmt: skip


def build_jobs(hooks: Set[dg.HookDefinition]) -> list[dg.UnresolvedAssetJobDefinition]:
    """The jobs: collecting alone, up to the commitment, from it to the sealed bundle, and what is handed out."""
    planned = dg.AssetSelection.groups("plan")
    # How collecting went is told at once, and not only when the round that waits for a person has been drawn.
    told = dg.AssetSelection.groups("reports") & dg.AssetSelection.assets(*COLLECTION_REPORTS)
    collected = dg.AssetSelection.groups("collected", "validated") | dg.AssetSelection.assets("subject") | told
    drawn = planned & dg.AssetSelection.assets("committed_round").downstream()
    described = (
        (
            "collect",
            collected,
            "归集、验收、归集情况：有新的交付时运行，不形成计划",
        ),
        (
            "monthly",
            collected | dg.AssetSelection.groups("risk") | (planned - drawn),
            "归集、验收、比对等级、形成计划并冻结抽查名录（每月）",
        ),
        ("draw", drawn, "经审批、承诺、见证信标之后：抽取对象、匹配人员、封装抽取包"),
        (
            "close",
            dg.AssetSelection.groups("reports", "published") - told,
            "生成各单位所需的表册，发布数据仓与公开文件",
        ),
    )
    return [
        dg.define_asset_job(
            name,
            selection=selection,
            description=description,
            executor_def=dg.in_process_executor,
            hooks=frozenset(hooks),
        )
        for name, selection, description in described
    ]


def build_schedules(jobs: list[dg.UnresolvedAssetJobDefinition]) -> list[dg.ScheduleDefinition]:
    """`monthly` on the 6th at 02:00 for the month before (DOMAIN §4.9: snapshot by the 5th); the rest wait for people.

    Dagster's own partitioned schedule would take the newest partition, which is the month still running.
    """
    monthly = next(job for job in jobs if job.name == "monthly")

    @dg.schedule(
        name="monthly_on_the_6th",
        cron_schedule="0 2 6 * *",
        job=monthly,
        execution_timezone="Asia/Shanghai",
        description="每月 6 日 2 时运行上月",
    )
    def monthly_on_the_6th(context):  # type: ignore[no-untyped-def]  # Dagster reads this signature
        due = context.scheduled_execution_time.astimezone(SHANGHAI)
        month = month_before(f"{due:%Y-%m}")
        return dg.RunRequest(run_key=month, partition_key=month)

    return [monthly_on_the_6th]
