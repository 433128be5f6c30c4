"""`ssj receive`: bare files, as SFTP or a stick leaves them, made into a delivery."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import typer

from resources.inbox.receiving import receive
from resources.settings import Home


def receive_files(
    files: Sequence[Path],
    home: Path | None,
    *,
    source: str,
    unit: str,
    month: str | None,
    rows: int | None,
    generated: bool,
    say: Callable[[str], None] = typer.echo,
) -> None:
    """Say what became of the files."""
    inbox = Home.at(home).create().inbox
    done = receive(inbox, files, source_name=source, unit_code=unit, month=month, rows=rows, generated=generated)
    for line in done.sentences:
        say(line)
