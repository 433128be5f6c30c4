"""`ssj status`: how far each month has come, and what it waits for."""

from __future__ import annotations

from pathlib import Path

import typer

from resources.lake import LakeError, MonthLake
from resources.rounds import Rounds
from resources.settings import Home
from supervision.rounds import Round, waiting_for

HOLD = "round"  # set by the assets; the ledger knows better what the round waits for
STEPS = (
    ("deliveries", "归集"),
    ("intake", "验收"),
    ("enterprise_month", "比对等级"),
    ("frame", "名录"),
    ("frozen_round", "冻结"),
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
    rounds = Rounds(folder).all()
    for month in months:
        lake = MonthLake(folder, month)
        done = [title for table, title in STEPS if lake.path(table).exists()]
        kind = "演示" if lake.basis()["demonstration"] else "正式"
        typer.echo(f"{month}（{kind}，版本 {lake.version.name}）：{' → '.join(done)}")
        told = [each for each in rounds.values() if each.month == month]
        for each in told:
            typer.echo(f"  批次 {_standing(each)}")
        waiting = waiting_for(told[-1]) if told else None
        for name, reason in lake.holds().items():
            if name != HOLD or waiting is None:
                typer.echo(f"  等待人工：{reason}")
        if waiting:
            typer.echo(f"  等待人工：{waiting}")


def _standing(state: Round) -> str:
    """A round in a few words: number, beacon, drawn, void."""
    steps = [
        (state.beacon is not None, "已声明信标"),
        (bool(state.approved), "已审批"),
        (state.commitment is not None, f"承诺第 {state.commitment.number if state.commitment else 0} 号"),
        (state.agreed is not None, "信标已录得一致"),
        (bool(state.openings), "密值已开启"),
        (state.sealed is not None, "已封装"),
        (state.void is not None, f"已作废：{state.void.reason if state.void else ''}"),
    ]
    return f"{state.round_id}：{'、'.join(words for reached, words in steps if reached)}"
