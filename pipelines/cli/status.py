"""`ssj status`: how far each month has come, and what it waits for."""

from __future__ import annotations

from pathlib import Path

import typer

from resources.lake import LakeError, MonthLake
from resources.settings import Home

STEPS = (
    ("deliveries", "归集"),
    ("intake", "验收"),
    ("enterprise_month", "比对等级"),
    ("frame", "名录"),
    ("committed_round", "承诺"),
    ("round_bundle", "抽取"),
    ("task_status", "表册"),
    ("evidence", "发布"),
)


def print_status(home: Path | None) -> None:
    """One line a month: the steps done, the version, what it waits for."""
    folder = Home.at(home)  # a verb that reads makes no folders
    if any(place.exists() and not place.is_dir() for place in (folder.root, *folder.root.parents)):
        raise LakeError(f"数据目录 {folder.root} 不能使用：路径中有一处是文件，请核对 --home 或 SSJ_HOME")
    months = sorted(p.parent.name for p in folder.lake.glob("*/current"))
    if not months:
        typer.echo(f"数据目录 {folder.root} 还没有运行过任何月份：先把交付放入 inbox/，再运行 ssj run --month YYYY-MM")
        return
    for month in months:
        lake = MonthLake(folder, month)
        done = [title for table, title in STEPS if lake.path(table).exists()]
        kind = "演示" if lake.basis()["demonstration"] else "正式"
        typer.echo(f"{month}（{kind}，版本 {lake.version.name}）：{' → '.join(done)}")
        for reason in lake.holds().values():
            typer.echo(f"  等待人工：{reason}")
