"""What may be said of a failure: our own sentence, or which kind of error and where, never a library's own words (R-38).

For: everything Dagster runs, because it keeps the text of an error, of its cause and of its context in the event log, where
a conversion that failed would show the cell. Not for: wording our own errors (they are raised where they happen).
"""

from __future__ import annotations

import functools
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

OURS = ("assets", "data_contracts", "pipelines", "resources", "sample_city", "supervision")
_TOLD = (*OURS, "dagster")


class Fault(Exception):
    """An error that nobody foresaw: its kind and place, not its words."""


@contextmanager
def worded() -> Iterator[None]:
    """Let our errors and those of files through without what lies below them; any other becomes a Fault.

    Also a decorator of a function that returns (for one that yields: `guarded`).
    """
    try:
        yield
    except Exception as error:
        if type(error).__module__.split(".")[0] in _TOLD or isinstance(error, OSError):
            error.__cause__, error.__context__, error.__suppress_context__ = None, None, True
            raise
        raise Fault(f"程序出错（{type(error).__name__}，{_place(error)}），请把 Dagster 运行记录交给开发人员") from None


def guarded(step: Callable[[Any], Iterator[Any]]) -> Callable[[Any], Iterator[Any]]:
    """A step that yields its results, its errors `worded`."""

    @functools.wraps(step)
    def run(context: Any) -> Iterator[Any]:
        with worded():
            yield from step(context)

    return run


def _place(error: Exception) -> str:
    """The innermost line of ours, and the one that raised."""
    frames = traceback.extract_tb(error.__traceback__)
    root = Path(__file__).resolve().parents[1]
    ours = [f for f in frames if Path(f.filename).is_relative_to(root) and ".venv" not in f.filename]
    places = dict.fromkeys(f"{Path(f.filename).name} 第 {f.lineno} 行" for f in (*ours[-1:], *frames[-1:]))
    return "，".join(places)
