"""`ssj demo`: a sample city generated, one month run, the outcome printed."""

from __future__ import annotations

import shutil
import time
from pathlib import Path

import typer

from pipelines.cli.generate import generate_city
from pipelines.cli.summary import print_summary
from resources.lake import LakeError
from resources.settings import ROOMS, Home, shown

SEED = 20260
DEFECTS = 0.001  # a few planted faults, so that the quarantine has something to show; truth.json lists them
MARKER = "DEMONSTRATION"


def run_demo(month: str, home: Path | None, enterprises: int) -> int:
    """Generate into the data folder's inbox, run the month, print what came out; returns the exit code.

    A data folder made by an earlier demonstration is emptied first; any other that holds deliveries is left alone.
    """
    from pipelines.cli.run import run_month

    started = time.perf_counter()
    folder = Home.at(home).create()
    _empty(folder)
    typer.echo(f"演示：{month}，示例城市 {enterprises} 户（全部虚构）。数据目录 {shown(folder.root)}")
    generate_city(month, enterprises=enterprises, out=folder.inbox, registry=None, seed=SEED, defects=DEFECTS)
    code = run_month(month, folder.root, None)
    if code == 0:
        print_summary(folder, month, typer.echo)
        typer.echo(f"\n用时 {time.perf_counter() - started:.0f} 秒。界面：make ui；状态：ssj status")
    return code


def _empty(home: Home) -> None:
    marker = home.root / MARKER
    if not marker.exists() and any(home.inbox.iterdir()):
        raise LakeError(f"数据目录 {home.root} 中已有交付且不是演示目录：请用 --home 另指一个空目录运行演示")
    if marker.exists():
        for room in ROOMS:
            shutil.rmtree(home.root / room)
        home.create()
    marker.write_text("本目录由 ssj demo 生成，再次运行演示时清空。\n", "utf-8")
