"""`ssj why`: one subject in one month, from the register row to the inspectors, for those entitled to it.

For: printing what resources.explaining puts together, aligned. Not for: files; nothing of it may leave the office (R-38).
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import typer

from pipelines.cli.asked import subject_of
from resources.explaining import Section, explain
from resources.outbox.cells import text_width
from resources.settings import Home
from supervision.months import check_month

WARNING = "内部资料，不得外传"


def print_why(text: str, month: str, home: Path | None) -> None:
    """Print everything known of the subject in the month; LakeError when the month or the subject is not there."""
    check_month(month)
    uid = subject_of(text)
    sections = explain(Home.at(home), month, uid)
    typer.echo(f"{WARNING}\n{uid} 在 {month}")
    for section in sections:
        typer.echo("\n" + "\n".join(laid_out(section)))


def laid_out(section: Section) -> Iterator[str]:
    """The heading, then the lines with their labels in one column."""
    yield section.title
    width = max((text_width(label) for label, _ in section.lines), default=0)
    for label, text in section.lines:
        yield f"  {label}{' ' * (width - text_width(label))}  {text}"
