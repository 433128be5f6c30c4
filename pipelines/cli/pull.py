"""`ssj pull`: the connections of the data folder pulled now, one line each."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import typer

from resources.inbox.connections import PullError
from resources.inbox.errors import InboxError
from resources.inbox.pulling import configured, pull
from resources.settings import Home


def pull_connections(
    names: Sequence[str],
    home: Path | None,
    *,
    full: bool,
    allow_deletions: bool,
    say: Callable[[str], None] = typer.echo,
) -> int:
    """Pull the named connections (none named: all); 1 when one of them failed, after all were tried."""
    folder = Home.at(home).create()
    found = {connection.name: connection for connection in configured(folder)}
    unknown = [name for name in names if name not in found]
    if unknown:
        raise PullError(f"没有连接 {'、'.join(unknown)}；已配置的有：{'、'.join(found) or '（无）'}。")
    if not found:
        raise PullError(
            "没有配置取数的连接：请对照 deploy/connections.example.yaml 写 connections.yaml，放入数据目录。"
        )
    if allow_deletions and len(names) != 1:
        raise PullError("--allow-deletions 一次只用于一个核对过的连接，请写明它的名称。")
    failed = False
    for name in names or found:
        try:
            say(pull(folder, found[name], full=full, allow_deletions=allow_deletions).sentence)
        except InboxError as error:
            typer.echo(f"未能完成：{error}", err=True)
            failed = True
    return int(failed)
