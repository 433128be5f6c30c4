"""`ssj run`: the jobs of a month, in this process, over the Dagster instance of the data folder."""

from __future__ import annotations

import gc
import getpass
import logging
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any

import dagster as dg
import typer

from pipelines.cli import HELD
from pipelines.coordinator import USER
from pipelines.definitions import build_defs
from pipelines.jobs import JOBS
from pipelines.partitions import months
from pipelines.progress import Progress
from resources.house import House
from resources.lake import MonthLake, clear_left_behind
from resources.reference import city
from resources.rounds import Rounds, return_to_committed
from resources.settings import CHECKOUT, Home
from supervision.months import MonthError, check_month, first_day
from supervision.reports import leak_limits

CONTRACT = "contract"  # row by row: its place is the quarantine list and the checks in the UI
BLOCKED = "DagsterAssetCheckFailedError"
CHINESE = re.compile("[一-鿿]")


def run_month(month: str, home: Path | None, as_of: date | None, say: Callable[[str], None] = typer.echo) -> int:
    """Run `monthly`, then `draw` and `close` unless a person must act first; returns the exit code."""
    return run_jobs(month, home, as_of, JOBS, say)


def check_can_run(month: str, as_of: date | None = None) -> None:
    """MonthError for a month that has not come, that no policy knows, or with an as_of before its first day."""
    check_month(month)
    if as_of is not None and as_of < first_day(month):
        raise MonthError(f"截至日期 {as_of} 早于 {month} 的第一天，请改正 --as-of")
    if not months().has_partition_key(month):
        raise MonthError(f"{month} 尚未到来，或早于第一份抽查政策的首月 {city().first_month}，不能运行；请核对月份")


def run_jobs(
    month: str, home: Path | None, as_of: date | None, jobs: Sequence[str], say: Callable[[str], None] = typer.echo
) -> int:
    """Run these jobs of a month one after the other, until one fails or a person must act; returns the exit code."""
    # Dagster and sqlglot make millions of short-lived objects: collecting them less often took a tiny city from 14.1 to
    # 11.5 s of CPU, the demonstration from 22.3 to 20.5.
    gc.set_threshold(20_000, 10, 100)
    check_can_run(month, as_of)
    folder = Home.at(home).create()
    clear_left_behind(folder)
    progress = Progress(say)
    house = House(home=str(folder.root), as_of=as_of.isoformat() if as_of else "")
    defs = build_defs(house=house, hooks={progress.hook()})
    progress.expect(defs)
    lake = MonthLake(folder, month)
    finished = lake.finished()
    with instance_of(folder) as instance:
        for name in jobs:
            result = defs.resolve_job_def(name).execute_in_process(
                partition_key=month,
                instance=instance,
                raise_on_error=False,
                tags={USER: getpass.getuser()},
                run_config={"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}},
            )
            _remind(result, say)
            if not result.success:
                _explain(result)
                if finished is not None:
                    lake.return_to(finished)  # a refused run does not undo a finished month
                return 1
            _keep_committed(folder, lake, say)
            # The list's hold is judged by close: the one left from before the decision stops no drawing.
            holds = {k: v for k, v in lake.holds().items() if k != leak_limits.HOLD or name == "close"}
            if holds:
                for reason in holds.values():
                    say(f"等待人工：{reason}")
                if finished is not None and lake.round_of(finished) == lake.basis()["round_id"]:
                    lake.return_to(finished)  # nor does a held one, unless it plans the round after a voided one
                return HELD
    return 0


def _keep_committed(home: Home, lake: MonthLake, say: Callable[[str], None]) -> None:
    """A committed round that is not drawn yet stays as it was committed, whatever has been delivered since."""
    state = Rounds(home).all().get(str(lake.basis()["round_id"]))
    if state is None or state.commitment is None or state.sealed is not None or state.demonstration:
        return
    if return_to_committed(lake, state.commitment.manifest_sha256):
        say(f"批次 {state.round_id} 已承诺，此后的交付不进入本批次；已退回承诺时的版本")


class InstanceError(Exception):
    """Dagster's instance cannot be opened; the message says where to look, and never holds what the error said."""


@contextmanager
def instance_of(home: Home) -> Iterator[dg.DagsterInstance]:
    """The Dagster instance of the data folder, quiet on the terminal; a dagster.yaml that a person put there stays.

    Otherwise it is a link to ours, as `make ui` makes it, so that it does not grow old. InstanceError when the storage
    cannot be opened.
    """
    logging.getLogger().setLevel(logging.ERROR)  # a database that does not answer is told once, by us
    logging.getLogger("dagster").setLevel(logging.CRITICAL)
    target = home.dagster / "dagster.yaml"
    if target.is_symlink() or not target.exists():
        target.unlink(missing_ok=True)
        target.symlink_to(CHECKOUT / "dagster.yaml")
    try:
        opened = dg.DagsterInstance.from_config(str(home.dagster))
    except Exception as error:  # what goes wrong here depends on the storage; its words may hold a password
        raise InstanceError(
            f"Dagster 的存储无法打开（{type(error).__name__}）：请核对 {target}、其中引用的环境变量，以及数据库能否连接"
        ) from error
    with opened as instance:
        yield instance


def _remind(result: Any, say: Callable[[str], None]) -> None:
    """What a person should look at though it stops nothing: files kept aside, changed columns, unplaced triggers."""
    for evaluation in result.get_asset_check_evaluations():
        if not evaluation.passed and evaluation.check_name != CONTRACT:
            say(f"请留意（{evaluation.asset_key.to_user_string()}）：{evaluation.description}")


def _explain(result: Any) -> None:
    """One line a failed step or blocking check: our sentence where it is ours, else the error's own words."""
    error = dg.AssetCheckSeverity.ERROR
    evaluations = result.get_asset_check_evaluations()
    failed_checks = [e for e in evaluations if not e.passed and e.blocking and e.severity == error]
    for evaluation in failed_checks:
        typer.echo(f"未能完成（{evaluation.asset_key.to_user_string()} 的检查）：{evaluation.description}", err=True)
    for event in result.all_events:
        if event.is_step_failure:
            error = event.step_failure_data.error
            # Dagster wraps what was raised; what lies below ours is a library's own cause.
            while error is not None and error.cls_name.startswith("Dagster") and error.cause is not None:
                error = error.cause
            if error is None or error.cls_name != BLOCKED:
                typer.echo(f"未能完成（{event.step_key}）：{_sentence(error)}", err=True)


def _sentence(error: Any) -> str:
    if error is None:
        return "未知错误，请查看 Dagster 运行记录"
    sentence = str(error.message).strip().split(": ", 1)[-1]
    if CHINESE.search(sentence):
        return sentence
    # A library's own words may quote a cell.
    return f"程序出错（{error.cls_name}），请把 Dagster 运行记录交给开发人员"
