"""What starts by itself: a real daemon over a data folder, a delivery put into it, its records materialised in a minute.

Here: the sensor and the daily pull as Dagster runs them. Not here: what a look finds (tests/unit/test_pulling_arrivals.py),
how a connection is pulled (test_front_database, test_http_channel).
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
import yaml

from resources.clock import SHANGHAI
from resources.settings import CHECKOUT
from tests.e2e.conftest import MONTH

BIN = Path(sys.executable).parent
WORKSPACE = CHECKOUT / "workspace.yaml"


@contextmanager
def daemon(home: Path) -> Iterator[Path]:
    """`dagster-daemon` over a data folder, as `make ui` starts it; yields its log."""
    (home / "dagster").mkdir(parents=True, exist_ok=True)
    (home / "dagster" / "dagster.yaml").symlink_to(CHECKOUT / "dagster.yaml")
    environment = os.environ | {"SSJ_HOME": str(home), "DAGSTER_HOME": str(home / "dagster")}
    log = home.parent / "daemon.log"
    with log.open("wb") as out:
        process = subprocess.Popen(
            [str(BIN / "dagster-daemon"), "run", "-w", str(WORKSPACE)],
            env=environment, cwd=CHECKOUT, stdout=out, stderr=subprocess.STDOUT,
        )  # fmt: skip
        try:
            yield log
        finally:
            process.terminate()
            process.wait(timeout=60)


def runs(home: Path, job: str) -> list[dg.DagsterRun]:
    with dg.DagsterInstance.from_config(str(home / "dagster")) as instance:
        return list(instance.get_runs(dg.RunsFilter(job_name=job)))


def ticks(home: Path) -> list[Any]:
    with dg.DagsterInstance.from_config(str(home / "dagster")) as instance:
        [state] = [s for s in instance.all_instigator_state() if s.instigator_name == "new_deliveries"]
        return list(instance.get_ticks(state.instigator_origin_id, state.selector_id))


def wait_for(what: Any, seconds: float, log: Path) -> float:
    """Seconds until `what()` is true."""
    started = time.monotonic()
    while not what():
        if time.monotonic() - started > seconds:
            pytest.fail(log.read_text("utf-8")[-4000:])
        time.sleep(0.5)
    return time.monotonic() - started


def has(home: Path, table: str) -> bool:
    pointer = home / "lake" / MONTH / "current"
    return pointer.exists() and (home / "lake" / MONTH / pointer.read_text() / f"{table}.parquet").exists()


def test_a_delivery_is_seen_within_a_minute_materialised_and_once_only(tiny_inbox: Path, tmp_path: Path) -> None:
    home = tmp_path / "home"
    (home / "inbox").mkdir(parents=True)
    sent = few(tiny_inbox)
    with daemon(home) as log:
        wait_for(lambda: tried(home), 90, log)
        # As a careful sender does it: under hidden names, then renamed.
        for folder in sent:
            shutil.copytree(folder, home / "inbox" / f".{folder.name}")
        for folder in sent:
            (home / "inbox" / f".{folder.name}").rename(home / "inbox" / folder.name)
        seconds = wait_for(lambda: any(of_month(run) for run in runs(home, "collect")), 60, log)
        assert seconds <= 60
        wait_for(lambda: has(home, "accepted_penalty"), 240, log)
        wait_for(lambda: all(run.is_finished for run in runs(home, "collect")), 240, log)
        asked = runs(home, "collect")
        assert {run.status for run in asked if of_month(run)} == {dg.DagsterRunStatus.SUCCESS}
        # The same delivery under another name and another time: it starts nothing.
        name = sent[0].name
        again = home / "inbox" / ".again"
        shutil.copytree(tiny_inbox / name, again)
        manifest = json.loads((again / "manifest.json").read_bytes())
        manifest["delivery_id"] = f"{name}-again"
        (again / "manifest.json").write_text(json.dumps(manifest, ensure_ascii=False), "utf-8")
        again.rename(home / "inbox" / f"{name}-again")
        # And a bare file as SFTP leaves it: taken in when it has been quiet for 20 s.
        dropped = home / "inbox" / ".drop" / "XY" / "commitment"
        dropped.mkdir(parents=True)
        header = "承诺编号,统一社会信用代码,企业名称,承诺类型,承诺日期,受理单位"
        (dropped / "承诺.csv").write_text(header + "\n", "utf-8")
        wait_for(lambda: not list(dropped.iterdir()), 90, log)
        [taken] = [path for path in (home / "inbox").iterdir() if "-XY-commitment-" in path.name]
        assert (taken / "manifest.json").exists() and (taken / "承诺.csv").read_text("utf-8").strip() == header
        month = json.loads((taken / "manifest.json").read_bytes())["month"]
        wait_for(lambda: len(runs(home, "collect")) > len(asked), 60, log)
        [fresh] = [run for run in runs(home, "collect") if run.run_id not in {each.run_id for each in asked}]
        assert fresh.tags["dagster/partition"] == month


def few(inbox: Path) -> list[Path]:
    """The deliveries of the month that it cannot do without, and those with penalties."""
    chosen = []
    for folder in sorted(inbox.iterdir()):
        manifest = json.loads((folder / "manifest.json").read_bytes())
        sources = {file["source"] for file in manifest["files"]}
        if manifest["month"] == MONTH and sources & {"register", "grade_snapshot", "penalty"}:
            chosen.append(folder)
    return chosen


def of_month(run: dg.DagsterRun) -> bool:
    return run.tags["dagster/partition"] == MONTH


def tried(home: Path) -> bool:
    try:
        return bool(ticks(home))
    except ValueError:
        return False


def test_the_daily_pull_tries_every_connection_and_fails_at_its_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from pipelines.pulls import build_pull_job, build_pull_schedule
    from resources.house import House
    from tests.e2e.json_interface import Interface, serving
    from tests.e2e.test_http_channel import CONNECTION, record

    house = House(home=str(tmp_path / "home"))
    home = house.folder()
    job = build_pull_job()
    schedule = build_pull_schedule(job)
    moment = datetime(2026, 10, 8, 1, tzinfo=SHANGHAI)

    def tick() -> Any:
        context = dg.build_schedule_context(scheduled_execution_time=moment, resources={"house": house})
        return schedule.evaluate_tick(context)

    assert (schedule.cron_schedule, schedule.execution_timezone) == ("0 1 * * *", "Asia/Shanghai")
    assert "没有配置" in tick().skip_message
    monkeypatch.setenv("SSJ_TOKEN_PLATFORM", "geheimes-Wort")
    with serving(Interface(records=[record(number) for number in range(1, 11)])) as interface:
        good = CONNECTION | {"url": interface.url}
        listed = {"a-bad": good | {"records": "data.items"}, "b-good": good, "c-bad": good | {"token_env": "SSJ_NONE"}}
        (home.root / "connections.yaml").write_text(
            yaml.safe_dump({"connections": listed}, allow_unicode=True), "utf-8"
        )
        assert [request.run_key for request in tick().run_requests] == ["2026-10-08"]
        with dg.instance_for_test() as instance:
            result = job.execute_in_process(instance=instance, resources={"house": house}, raise_on_error=False)
            assert not result.success
            [failed] = [event for event in result.all_events if event.is_step_failure]
            message = failed.step_failure_data.user_failure_data.description
            assert (
                "a-bad" in message and "不是记录列表" in message and "SSJ_NONE" in message and "b-good" not in message
            )
            [taken] = home.inbox.iterdir()
            assert "-b-good-" in taken.name
            told = "".join(str(event) for event in instance.all_logs(result.run_id))
            assert "b-good" in told and "geheimes-Wort" not in told and str(interface.port) not in told


def test_a_finished_month_is_not_touched_and_others_are_told(tmp_path: Path) -> None:
    from pipelines.sensors import look
    from resources.inbox.receiving import receive
    from resources.lake import write_bytes
    from resources.settings import Home

    home = Home.at(tmp_path / "home").create()
    months = ["2026-08", "2026-09", "2026-10"]
    bare = tmp_path / "承诺.csv"
    numbers = {}
    for month in ("2025-12", "2026-08", "2026-09", "2026-10"):
        bare.write_text(month, "utf-8")
        numbers[month] = receive(home.inbox, [bare], source_name="commitment", unit_code="XY", month=month).delivery_id
    write_bytes(home.lake / "2026-09" / "current", b"v1")
    assert set(look(home, [], months).runs) == {"2026-08", "2026-09", "2026-10"}  # begun is not finished
    write_bytes(home.lake / "2026-09" / "v1" / "evidence.parquet", b"")
    found = look(home, [], months)
    assert list(found.runs) == ["2026-10"] and found.runs["2026-10"].startswith("2026-10:")
    told = "".join(found.said)
    assert f"2026-09 已办结，2026-09 不再改动：批次 {numbers['2026-09']} 计入其后月份的运行" in told
    # Nor is a month before it begun anew: the stock of the first delivery belongs to a month that was never to be run.
    assert f"2026-09 已办结，2026-08 不再改动：批次 {numbers['2026-08']} 计入其后月份的运行" in told
    assert f"批次 {numbers['2025-12']} 属于 2025-12" in told
    again = look(home, found.seen, months)
    assert again.runs == {} and again.said == () and again.seen == found.seen
    # Two more for one month ask for one run; its key is theirs, whatever their order.
    for text in ("a", "b"):
        bare.write_text(text, "utf-8")
        receive(home.inbox, [bare], source_name="commitment", unit_code="XY", month="2026-10")
    both = look(home, found.seen, months)
    assert list(both.runs) == ["2026-10"] and both.runs != found.runs
    assert look(home, found.seen, months).runs == both.runs
