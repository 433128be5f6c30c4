"""The writing of a month's outputs, measured while the month runs; prints a line a document, then seconds, peak GB, all seconds.

Run by bench.outputs: `python -m bench.output_month MONTH HOME`. Every `write_…` of resources/outbox is timed, the
outermost alone, and the peak memory of the process is taken while one of them runs (Linux: the mark is set back before).
"""

from __future__ import annotations

import importlib
import json
import pkgutil
import re
import sys
import time
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import wraps
from pathlib import Path
from typing import Any

import resources.outbox
from pipelines.cli.run import run_month

_PEAK = re.compile(r"VmHWM:\s+(\d+) kB")


@dataclass
class Clock:
    """Seconds and highest memory of each writer."""

    seconds: dict[str, float] = field(default_factory=lambda: defaultdict(float))
    peaks: dict[str, float] = field(default_factory=lambda: defaultdict(float))
    running: bool = False

    def timed(self, name: str, write: Callable[..., Any]) -> Callable[..., Any]:
        """The same writer, measured unless another one calls it."""

        @wraps(write)
        def measured(*args: Any, **options: Any) -> Any:
            if self.running:
                return write(*args, **options)
            self.running = True
            Path("/proc/self/clear_refs").write_text("5")
            started = time.perf_counter()
            try:
                return write(*args, **options)
            finally:
                self.running = False
                self.seconds[name] += time.perf_counter() - started
                peak = _PEAK.search(Path("/proc/self/status").read_text())
                self.peaks[name] = max(self.peaks[name], int(peak[1]) / 1024**2 if peak else 0)

        return measured


def main(month: str, home: Path) -> None:
    """Run the month with every writer measured."""
    clock = Clock()
    for module in pkgutil.iter_modules(resources.outbox.__path__, "resources.outbox."):
        importlib.import_module(module.name)
    writers: dict[Any, Callable[..., Any]] = {}
    for name, module in list(sys.modules.items()):
        if name.startswith(("resources.outbox.", "assets.")):
            for attribute, value in list(vars(module).items()):
                if attribute.startswith("write_") and str(getattr(value, "__module__", "")).startswith(
                    "resources.outbox."
                ):
                    writers.setdefault(value, clock.timed(f"{value.__module__.rsplit('.', 1)[-1]}", value))
                    setattr(module, attribute, writers[value])
    started = time.perf_counter()
    if run_month(month, home, None, lambda _: None):
        raise RuntimeError("the month did not finish")
    total = time.perf_counter() - started
    for name, seconds in sorted(clock.seconds.items(), key=lambda item: -item[1]):
        print(f"  {name}：{seconds:.2f} 秒，峰值内存 {clock.peaks[name]:.2f} GB")
    print(json.dumps([sum(clock.seconds.values()), max(clock.peaks.values()), total]))


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
