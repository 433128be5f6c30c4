"""What starts by itself when something arrives: dropped files taken in, new deliveries collected.

Here: the sensor `new_deliveries`. Not here: the schedule of the pulls (pipelines/pulls), what a run does (jobs, assets).

A delivery is known by its digest: delivered twice, under whatever name, it starts nothing. Its month's `collect` runs if
no later month is finished; what is finished is not touched.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

import dagster as dg

from assets.stage import AS_OF_TAG
from pipelines.partitions import months
from resources.clock import now
from resources.inbox.arrivals import arrivals
from resources.inbox.receiving import take_dropped
from resources.lake import MonthLake
from resources.settings import Home
from supervision.months import first_day, last_day

EVERY_SECONDS = 30
JOB = "collect"


@dataclass(frozen=True, slots=True)
class Look:
    """One look at the data folder: what to run (month -> run key), what is known now, and what a person should read."""

    runs: Mapping[str, str]
    seen: tuple[str, ...]
    taken: tuple[str, ...]
    said: tuple[str, ...] = field(default=())


def look(home: Home, seen: Sequence[str], partitions: Sequence[str]) -> Look:
    """Take in what was dropped, then find the months that new deliveries call for."""
    dropped = take_dropped(home.inbox)
    taken = [line for received in dropped.received for line in received.sentences]
    found = arrivals(home.inbox, seen)
    said = [*dropped.refused, *found.waiting]
    by_month: dict[str, list[str]] = {}
    settled = max((month for month in partitions if MonthLake(home, month).finished() is not None), default="")
    for digest, delivery in found.fresh:
        month = delivery.month
        if month not in partitions:
            said.append(f"批次 {delivery.delivery_id} 属于 {month}，不在可运行的月份内，计入其后首个月份的运行。")
        elif month <= settled:
            # The stock that came before the first month is such a case: its own month was never to be run.
            said.append(f"{settled} 已办结，{month} 不再改动：批次 {delivery.delivery_id} 计入其后月份的运行。")
        else:
            by_month.setdefault(month, []).append(digest)
    runs = {month: _run_key(month, digests) for month, digests in sorted(by_month.items())}
    return Look(runs, found.known, tuple(taken), tuple(said))


def _run_key(month: str, digests: Sequence[str]) -> str:
    if len(digests) == 1:
        return f"{month}:{digests[0]}"
    return f"{month}:{hashlib.sha256(''.join(sorted(digests)).encode()).hexdigest()[:32]}"


def as_of_tags(month: str, today: date) -> dict[str, str]:
    """A month still running is judged as of today, not as of an end that has not come: else nothing would fall due."""
    return {AS_OF_TAG: today.isoformat()} if first_day(month) <= today < last_day(month) else {}


def build_sensors(jobs: Sequence[dg.UnresolvedAssetJobDefinition | dg.JobDefinition]) -> list[dg.SensorDefinition]:
    """The sensor over the job `collect`, running from the start."""
    collect = next(job for job in jobs if job.name == JOB)

    @dg.sensor(
        name="new_deliveries",
        job=collect,
        minimum_interval_seconds=EVERY_SECONDS,
        default_status=dg.DefaultSensorStatus.RUNNING,
        required_resource_keys={"house"},
        description="每半分钟看一次收件箱：收下投递的文件，新批次到达即归集验收其所属月份；重复送达的不再运行",
    )
    def new_deliveries(context: dg.SensorEvaluationContext) -> dg.SensorResult | dg.SkipReason:
        found = look(
            context.resources.house.folder(),
            json.loads(context.cursor) if context.cursor else [],
            months().get_partition_keys(),
        )
        for line in (*found.taken, *found.said):
            context.log.info(line)
        context.update_cursor(json.dumps(found.seen))
        if not found.runs:
            return dg.SkipReason("；".join(found.said) or "没有新批次")
        requests = [
            dg.RunRequest(run_key=key, partition_key=month, tags=as_of_tags(month, now().date()))
            for month, key in found.runs.items()
        ]
        return dg.SensorResult(run_requests=requests)

    return [new_deliveries]
