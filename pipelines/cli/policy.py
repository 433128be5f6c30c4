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
