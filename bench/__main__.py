"""`make bench`: the demonstration city's three jobs as a whole process, and the bare work inside them.

Bare = the same SELECTs by DuckDB alone with the same ORDER BY, the spreadsheets and text files read and the workbooks'
cells written by their libraries alone. Target (issue 2): at most 40 s and 1.5 GB, and at most 1.5 × bare + 15 s.
"""

from __future__ import annotations

import argparse
import os
import platform
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

from bench.bare import bare_seconds, recorded_run

MONTH = "2026-10"


def main() -> None:
    """Print the figures of `--runs` runs over a city of `--enterprises`."""
    parser = argparse.ArgumentParser(prog="python -m bench")
    parser.add_argument("--enterprises", type=int, default=60_000)
    parser.add_argument("--runs", type=int, default=3)
    options = parser.parse_args()
    print(f"{platform.machine()}，{os.cpu_count()} 核，Python {platform.python_version()}")
    with tempfile.TemporaryDirectory() as folder:
        first = Path(folder) / "first"
        started = time.perf_counter()
        _ssj("generate", "--month", MONTH, "--enterprises", str(options.enterprises), "--out", str(first / "inbox"))
        print(f"生成 {options.enterprises:,} 户：{time.perf_counter() - started:.1f} 秒")
        walls = []
        for number in range(options.runs):
            home = Path(folder) / f"run{number}"
            home.mkdir()
            (home / "inbox").symlink_to(first / "inbox")
            started = time.perf_counter()
            _ssj("run", "--month", MONTH, "--home", str(home))
            walls.append(time.perf_counter() - started)
        peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024**2
        print(f"三个作业（整个进程，{options.runs} 次）：{_spread(walls)}，峰值内存 {peak:.2f} GB")
        home = Path(folder) / "recorded"
        home.mkdir()
        (home / "inbox").symlink_to(first / "inbox")
        recorded = recorded_run(home, MONTH)
        bare = [bare_seconds(recorded) for _ in range(options.runs)]
        for part in bare[0]:
            print(f"  纯 {part}：{_spread([run[part] for run in bare])}")
        total = median(sum(run.values()) for run in bare)
        print(
            f"纯工作合计 {total:.1f} 秒；1.5 × 纯工作 + 15 秒 = {1.5 * total + 15:.1f} 秒；实际中位数 {median(walls):.1f} 秒"
        )


def _ssj(*arguments: str) -> None:
    program = Path(sys.executable).with_name("ssj")
    subprocess.run([str(program), *arguments], check=True, stdout=subprocess.DEVNULL)


def _spread(seconds: list[float]) -> str:
    return f"{min(seconds):.1f} / {median(seconds):.1f} / {max(seconds):.1f} 秒（最小/中位/最大）"


if __name__ == "__main__":
    main()
