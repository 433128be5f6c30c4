"""The daily pull: one op over every connection of the data folder, and its schedule.

Here: the job `pull` and the schedule `pull_daily`. Not here: how one is pulled (resources/inbox/pulling); what the
deliveries it makes set going (the sensor sees them like any other).
"""

from collections.abc import Iterator

import dagster as dg

from resources.faults import worded
from resources.inbox.connections import Connection
from resources.inbox.errors import InboxError
from resources.inbox.pulling import Pulled, configured, pull
from resources.settings import Home


def pull_each(home: Home, connections: tuple[Connection, ...]) -> Iterator[tuple[Connection, Pulled | InboxError]]:
    """Each connection in turn; one that fails does not stop the others."""
    for connection in connections:
        try:
            yield connection, pull(home, connection)
        except InboxError as error:
            yield connection, error


def build_pull_job() -> dg.JobDefinition:
    """The job `pull`: fails at its end with each sentence when a connection failed, after all were tried."""

    @dg.op(
        name="pull_all", required_resource_keys={"house"}, description="逐个连接取数，每次取数成为收件箱中的一个批次"
    )
    @worded()
    def pull_all(context: dg.OpExecutionContext) -> None:
        home = context.resources.house.folder()
        failures, said = [], {}
        for connection, outcome in pull_each(home, configured(home)):
            if isinstance(outcome, Pulled):
                said[connection.name] = outcome.sentence
                context.log.info(outcome.sentence)
            else:
                failures.append(str(outcome))
                context.log.error(str(outcome))
        if failures:
            raise dg.Failure("；".join(failures), allow_retries=False)
        context.add_output_metadata(said)

    @dg.job(
        name="pull",
        executor_def=dg.in_process_executor,
        description="从各单位的前置库和接口取数（每日），不改动任何月份",
    )
    def pull_job() -> None:
        pull_all()

    return pull_job


def build_pull_schedule(job: dg.JobDefinition) -> dg.ScheduleDefinition:
    """`pull_daily` at 01:00; nothing starts where no connection is configured."""

    @dg.schedule(
        name="pull_daily",
        cron_schedule="0 1 * * *",
        job=job,
        execution_timezone="Asia/Shanghai",
        default_status=dg.DefaultScheduleStatus.RUNNING,
        required_resource_keys={"house"},
        description="每日 1 时从各单位的前置库和接口取数",
    )
    def pull_daily(context: dg.ScheduleEvaluationContext) -> dg.RunRequest | dg.SkipReason:
        if not configured(context.resources.house.folder()):
            return dg.SkipReason("没有配置取数的连接（sources.yaml 或数据目录的 connections.yaml）")
        return dg.RunRequest(run_key=f"{context.scheduled_execution_time:%Y-%m-%d}")

    return pull_daily
