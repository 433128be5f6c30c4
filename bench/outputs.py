"""What the offices receive: a list of 200,000 rows against the bare writer, and all outputs of a month.

Run by `python -m bench.outputs`. The list: each writing is a process of its own, ours and the bare one by turns; bare =
XlsxWriter with constant memory, the same cells and formats, a plain loop. Target (issue 5): at most 1.3 × bare. With
`--openpyxl` also openpyxl, which writes the same cells with styles of the same look.
The month (`--enterprises`, not with 0): the three jobs over a generated inbox, each of `--month-runs` in a process and a
home of its own; afterwards every file that docs/outputs.md lists must be there. Two figures. Writing: the writers alone, from
finished tables, the imports they need included; target: at most 10 s and 1 GB. Making: the steps of the group `reports` and
those that write a document in another group, from SQL to the file, Dagster's own work in the step included, checks and the
warehouse not; no target. Not here: the jobs themselves (bench).
Exit code 1 when a target is missed.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from statistics import median

MONTH = "2026-10"
ROOT = Path(__file__).resolve().parents[1]
WAYS = {"ours": "本程序", "bare": "XlsxWriter 直写", "openpyxl": "openpyxl", "openpyxl_stream": "openpyxl 流式"}
MOST_TIMES_BARE, MOST_SECONDS, MOST_GB = 1.3, 10.0, 1.0
WRITTEN_ELSEWHERE = ("annual_plan", "committed_round")  # assets of the group `plan` that write a document
ON_DEMAND = "corrections/"
_NAMED = re.compile(r"`([^`]+)`")


def main() -> None:
    """Print the pair for `--rows`, then the month of `--enterprises`; leave with 1 when a target is missed."""
    parser = argparse.ArgumentParser(prog="python -m bench.outputs")
    parser.add_argument("--rows", type=int, nargs="*", default=[200_000])
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--openpyxl", action="store_true")
    parser.add_argument("--enterprises", type=int, default=60_000)
    parser.add_argument("--month-runs", type=int, default=3)
    options = parser.parse_args()
    print(f"{platform.machine()}，{os.cpu_count()} 核，Python {platform.python_version()}")
    ways = tuple(WAYS) if options.openpyxl else ("ours", "bare")
    met = []
    with tempfile.TemporaryDirectory() as folder:
        for rows in options.rows:
            met.append(lists(Path(folder) / "list.xlsx", rows, options.runs, ways))
        if options.enterprises:
            met.append(month(Path(folder), options.enterprises, options.month_runs))
    if not all(met):
        sys.exit("未达到目标")


def lists(path: Path, rows: int, runs: int, ways: tuple[str, ...]) -> bool:
    """Each way in turn, `runs` times; prints medians, the ratio to the bare writer and peaks; whether the target is met."""
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
    ours = median(each[0] for each in taken["ours"])
    return ours <= MOST_TIMES_BARE * bare


def month(folder: Path, enterprises: int, runs: int) -> bool:
    """A generated month run `runs` times; prints both figures and the longest steps; whether the targets are met."""
    first = folder / "generated"
    program = str(Path(sys.executable).with_name("ssj"))
    words = ["generate", "--month", MONTH, "--enterprises", str(enterprises), "--out", str(first / "inbox")]
    subprocess.run([program, *words], check=True, stdout=subprocess.DEVNULL)
    written, peaks, made, totals = [], [], [], []
    for number in range(runs):
        home = folder / f"run{number}"
        shutil.copytree(first, home)
        seconds, peak, total = _process("bench.output_month", MONTH, str(home))
        steps = making(home)
        written.append(seconds)
        peaks.append(peak)
        made.append(sum(steps.values()))
        totals.append(total)
        longest = sorted(steps.items(), key=lambda item: -item[1])[:8]
        print("  用时最长的步骤：" + "，".join(f"{name} {took:.2f} 秒" for name, took in longest))
        files, size = outbox(home)
        shutil.rmtree(home)
    print(
        f"{enterprises:,} 户一个月的全部产出（{files} 个文件，{size:.1f} MB），{runs} 次\n"
        f"  写出（表已算好，只写文件）：{_spread(written)}，峰值内存 {max(peaks):.2f} GB；目标 {MOST_SECONDS:.0f} 秒、{MOST_GB:.0f} GB\n"
        f"  算出并写出（SQL、规则、存表、写文件；不含校验与数据仓）：{_spread(made)}\n"
        f"  三个作业共：{_spread(totals)}"
    )
    return median(written) <= MOST_SECONDS and max(peaks) < MOST_GB


def making(home: Path) -> dict[str, float]:
    """Seconds of each step that makes an output of the month, by step, as Dagster's log of the home has them."""
    import dagster as dg

    from pipelines.cli.run import instance_of
    from pipelines.definitions import build_defs
    from resources.settings import Home

    graph = build_defs().resolve_asset_graph()
    outputs = {key for key in graph.get_all_asset_keys() if graph.get(key).group_name == "reports"}
    outputs |= {dg.AssetKey(name) for name in WRITTEN_ELSEWHERE}
    taken: dict[str, float] = {}
    with instance_of(Home.at(home)) as instance:
        for record in instance.get_run_records():
            run_id = record.dagster_run.run_id
            logged = instance.all_logs(run_id, of_type=dg.DagsterEventType.ASSET_MATERIALIZATION)
            events = [entry.dagster_event for entry in logged if entry.dagster_event]
            makers = {event.step_key for event in events if event.asset_key in outputs}
            for step in instance.get_run_step_stats(run_id):
                if step.step_key in makers and step.start_time and step.end_time:
                    taken[step.step_key] = taken.get(step.step_key, 0.0) + step.end_time - step.start_time
    return taken


def outbox(home: Path) -> tuple[int, float]:
    """Number and MB of the month's files. RuntimeError when one is missing that docs/outputs.md lists."""
    folder = home / "outbox" / MONTH
    rows = [line.split("|") for line in (ROOT / "docs/outputs.md").read_text().splitlines() if line.startswith("| ")]
    named = [name for row in rows[1:] for name in _NAMED.findall(row[2]) if name != ON_DEMAND]
    missing = [name for name in named if not any(folder.glob(re.sub("<[^>]+>", "*", name)))]
    if missing or not named:
        raise RuntimeError(f"docs/outputs.md 所列的没有写出：{'、'.join(missing) or '表中没有文件'}")
    files = [path for path in folder.rglob("*") if path.is_file()]
    return len(files), sum(path.stat().st_size for path in files) / 1e6


def _spread(seconds: Sequence[float]) -> str:
    return f"{min(seconds):.1f} / {median(seconds):.1f} / {max(seconds):.1f} 秒（最小/中位/最大）"


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
