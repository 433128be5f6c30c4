"""What the offices receive: a list of 200,000 rows against the bare writer, and all outputs of a month.

Run by `python -m bench.outputs`. The list: each writing is a process of its own, ours and the bare one by turns; bare =
XlsxWriter with constant memory, the same cells and formats, a plain loop. Target (issue 5): at most 1.3 × bare. With
`--openpyxl` also openpyxl, which writes the same cells with styles of the same look.
The month (`--enterprises`, not with 0): the three jobs over a generated inbox, and in them the writing of workbooks,
documents and pages. Target: at most 10 s and 1 GB. Not here: the jobs themselves (bench).
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

MONTH = "2026-10"
ROOT = Path(__file__).resolve().parents[1]
WAYS = {"ours": "本程序", "bare": "XlsxWriter 直写", "openpyxl": "openpyxl", "openpyxl_stream": "openpyxl 流式"}


def main() -> None:
    """Print the pair for `--rows`, then the month of `--enterprises`."""
    parser = argparse.ArgumentParser(prog="python -m bench.outputs")
    parser.add_argument("--rows", type=int, nargs="+", default=[200_000])
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--openpyxl", action="store_true")
    parser.add_argument("--enterprises", type=int, default=60_000)
    options = parser.parse_args()
    print(f"{platform.machine()}，{os.cpu_count()} 核，Python {platform.python_version()}")
    ways = tuple(WAYS) if options.openpyxl else ("ours", "bare")
    with tempfile.TemporaryDirectory() as folder:
        for rows in options.rows:
            lists(Path(folder) / "list.xlsx", rows, options.runs, ways)
        if options.enterprises:
            month(Path(folder) / "home", options.enterprises)


def lists(path: Path, rows: int, runs: int, ways: tuple[str, ...]) -> None:
    """Each way in turn, `runs` times; prints medians, the ratio to the bare writer and peaks."""
    taken: dict[str, list[list[float]]] = {way: [] for way in ways}
    for _ in range(runs):
        for way in ways:
            taken[way].append(_process("bench.output_lists", way, str(path), str(rows)))
    bare, bare_busy = (median(each[place] for each in taken["bare"]) for place in (0, 1))
    print(f"{rows:,} 行的清单，{runs} 次的中位数")
    for way, runs_taken in taken.items():
        seconds, busy = (median(each[place] for each in runs_taken) for place in (0, 1))
        peak, size = max(each[2] for each in runs_taken), runs_taken[0][3]
        print(
            f"  {WAYS[way]}：{seconds:.2f} 秒（{seconds / bare:.2f} 倍），处理器 {busy:.2f} 秒（{busy / bare_busy:.2f} 倍），"
            f"峰值内存 {peak:.2f} GB，文件 {size:.1f} MB"
        )


def month(home: Path, enterprises: int) -> None:
    """A generated month run in a process of its own, every writer timed."""
    program = str(Path(sys.executable).with_name("ssj"))
    words = ["generate", "--month", MONTH, "--enterprises", str(enterprises), "--out", str(home / "inbox")]
    subprocess.run([program, *words], check=True, stdout=subprocess.DEVNULL)
    written, peak, total = _process("bench.output_month", MONTH, str(home))
    print(
        f"{enterprises:,} 户一个月的全部产出：写出 {written:.1f} 秒，峰值内存 {peak:.2f} GB（三个作业共 {total:.1f} 秒）"
    )


def _process(module: str, *words: str) -> list[float]:
    """The figures that a process of its own prints last."""
    started = time.perf_counter()
    command = [sys.executable, "-m", module, *words]
    done = subprocess.run(command, check=False, capture_output=True, cwd=ROOT, text=True)
    if done.returncode:
        raise RuntimeError(
            f"{module} {words[0]} failed after {time.perf_counter() - started:.0f} s:\n{done.stderr[-2000:]}"
        )
    *told, figures = done.stdout.splitlines()
    print(*told, sep="\n", end="\n" * bool(told))
    return [float(figure) for figure in json.loads(figures)]


if __name__ == "__main__":
    main()
