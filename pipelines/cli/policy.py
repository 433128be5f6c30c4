"""`ssj policy`: judge a policy before it is used, and show what a change of policy does.

Here: printing findings with file and line, and the comparison of two policies. Not here: the rules (supervision.policy).
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

group = typer.Typer(name="policy", help="抽查政策：检查、比较", no_args_is_help=True, rich_markup_mode=None)


@group.command("lint")
def lint_files(
    files: Annotated[list[Path] | None, typer.Argument(metavar="[FILE]...", help="缺省为全部在用的政策")] = None,
) -> None:
    """检查抽查政策：逐条列出文件、行号、问题与条款；有问题时退出码 1。"""
    from resources.policy_files import judge, shipped
    from resources.reference import not_served

    paths = files or shipped()
    told = judge(paths, not_served())
    for each in told:
        typer.echo(f"{each.name}:{each.line}: {each.sentence}")
    if told:
        raise typer.Exit(1)
    typer.echo(f"{len(paths)} 份抽查政策可以使用：{'、'.join(path.name for path in paths)}")


@group.command("diff")
def diff_policies(
    old: Annotated[Path, typer.Argument(metavar="OLD", help="现行的政策文件")],
    new: Annotated[Path, typer.Argument(metavar="NEW", help="改后的政策文件")],
    month: Annotated[str, typer.Option("--month", help="按哪个月的主体推算，YYYY-MM（须已运行）")],
    home: Annotated[Path | None, typer.Option("--home", help="数据目录（缺省取 SSJ_HOME，再缺省为 var/）")] = None,
) -> None:
    """政策改动的影响：两份政策下，各任务、检查主体、信用风险等级的户次（内部使用）。"""
    from pipelines.cli.policy_diff import print_diff

    print_diff(old, new, month, home)
