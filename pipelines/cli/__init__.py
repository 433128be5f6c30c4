"""`ssj`: the command line. Each verb imports only what it needs, so that small questions are answered quickly.

Exit codes: 0 done · 1 refused, with the reason in one line · 2 usage · 3 held for a person.
"""

from __future__ import annotations

import os
import sys
from datetime import date, datetime
from pathlib import Path
from typing import Annotated

import typer

from pipelines.cli.quarantine import group as quarantine

OURS = ("assets", "data_contracts", "pipelines", "resources", "sample_city", "supervision")
HELD = 3


def _program() -> typer.Typer:
    """The program with its groups of verbs; single verbs follow below."""
    made = typer.Typer(
        name="ssj",
        help="双随机：信用风险分类月度数据管道",
        no_args_is_help=True,
        add_completion=False,
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
    )
    made.add_typer(quarantine, name="quarantine")
    return made


app = _program()

MonthOption = Annotated[str, typer.Option("--month", help="月份，YYYY-MM")]
HomeOption = Annotated[Path | None, typer.Option("--home", help="数据目录（缺省取 SSJ_HOME，再缺省为 var/）")]


@app.command()
def generate(
    month: MonthOption,
    enterprises: Annotated[int | None, typer.Option(min=1, help="企业户数（缺省 60000；有登记表时为全部）")] = None,
    out: Annotated[Path | None, typer.Option(help="收件箱目录（缺省为数据目录的 inbox/）")] = None,
    registry: Annotated[Path | None, typer.Option(help="真实登记表 CSV 或 CSV.gz，取前 N 行")] = None,
    seed: Annotated[int, typer.Option(help="随机种子，相同则逐字节相同")] = 20260,
    defects: Annotated[float, typer.Option(min=0, max=1, help="植入错误的比例，答案写入 truth.json")] = 0.0,
) -> None:
    """生成一座示例城市一个月的各部门交付（虚构数据，处处标明）。"""
    from pipelines.cli.generate import generate_city

    generate_city(month, enterprises=enterprises, out=out, registry=registry, seed=seed, defects=defects)


@app.command()
def run(
    month: MonthOption,
    home: HomeOption = None,
    as_of: Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], help="截至日期，缺省为该月最后一日")] = None,
) -> None:
    """运行一个月：归集、验收、计划；演示数据接着抽取并出表，正式数据停在审批（退出码 3）。"""
    from pipelines.cli.run import run_month

    raise typer.Exit(run_month(month, home, as_of.date() if as_of else None))


@app.command()
def demo(
    home: HomeOption = None,
    month: Annotated[str, typer.Option(help="月份，YYYY-MM")] = "2026-10",
    enterprises: Annotated[int, typer.Option(min=100, help="企业户数")] = 60_000,
) -> None:
    """演示：生成示例城市，运行一个月，打印结果与文件位置。"""
    from pipelines.cli.demo import run_demo

    raise typer.Exit(run_demo(month, home, enterprises))


@app.command()
def status(home: HomeOption = None) -> None:
    """各月进度：归集、计划、抽取、出表到了哪一步，在等谁。"""
    from pipelines.cli.status import print_status

    print_status(home)


@app.command()
def pull(
    names: Annotated[list[str] | None, typer.Argument(metavar="[连接名]...", help="缺省为全部连接")] = None,
    home: HomeOption = None,
    full: Annotated[bool, typer.Option("--full", help="全量重取，不只取上次之后的")] = False,
    allow_deletions: Annotated[
        bool, typer.Option("--allow-deletions", help="已核对：来源中大量行确已删除，予以撤销")
    ] = False,
) -> None:
    """从各单位的前置库和接口取数，有变化的成为收件箱中的一个批次。"""
    from pipelines.cli.pull import pull_connections

    raise typer.Exit(pull_connections(names or [], home, full=full, allow_deletions=allow_deletions))


@app.command()
def receive(
    files: Annotated[list[Path], typer.Argument(metavar="FILE...", help="没有清单的文件")],
    source: Annotated[str, typer.Option("--source", help="来源的英文名")],
    unit: Annotated[str, typer.Option("--unit", help="报送单位代码")],
    month: Annotated[str | None, typer.Option("--month", help="月份，YYYY-MM（缺省为今日所在月份）")] = None,
    rows: Annotated[int | None, typer.Option("--rows", min=0, help="文件的数据行数（报送单位有申报时）")] = None,
    generated: Annotated[bool, typer.Option("--generated", help="虚构的演示数据")] = False,
    home: HomeOption = None,
) -> None:
    """把没有清单的文件收成一个批次；相同内容送过的不再收。"""
    from pipelines.cli.receive import receive_files

    receive_files(files, home, source=source, unit=unit, month=month, rows=rows, generated=generated)


@app.command()
def workdays(
    day: Annotated[str, typer.Argument(metavar="DATE", help="起算日，YYYY-MM-DD（当日不计）")],
    number: Annotated[int, typer.Argument(metavar="N", min=1, help="工作日数")],
) -> None:
    """DATE 之后第 N 个法定工作日（含调休）；所涉年份尚未公布时在标准错误提示为暂定。"""
    from resources.calendars import calendar

    try:
        start = date.fromisoformat(day)
    except ValueError:
        raise typer.BadParameter(f"日期“{day}”无法识别，请写成 YYYY-MM-DD", param_hint="DATE") from None
    due = calendar().due_on(start, number)
    if due.provisional:
        typer.echo("暂定：所涉年份的放假安排尚未公布", err=True)
    typer.echo(due.day.isoformat())


@app.command()
def redraw(
    folder: Annotated[
        Path, typer.Argument(metavar="DIR", help="含八个承诺文件、manifest.txt、certificate.json 的目录")
    ],
    out: Annotated[Path, typer.Option(help="写出 allocation.csv、cuts.csv、drawn.csv 的目录")],
) -> None:
    """由承诺文件重算抽取结果（DRAW.md），供核对。"""
    from pipelines.cli.redraw import redraw_folder

    redraw_folder(folder, out)


def main() -> None:
    """Entry point: our errors and the file system's are one line and exit code 1; any other is a fault with its traceback."""
    os.umask(0o077)  # whatever a verb writes is its owner's alone (clause 八)
    try:
        app()
    except OSError as error:
        where = f"“{error.filename}”" if error.filename else "数据"
        typer.echo(f"未能完成：{where}无法读写（{error.strerror}），请检查路径、权限与剩余空间", err=True)
        sys.exit(1)
    except Exception as error:
        if type(error).__module__.split(".")[0] not in OURS:
            raise
        typer.echo(f"未能完成：{error}", err=True)
        sys.exit(1)
