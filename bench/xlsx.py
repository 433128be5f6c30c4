"""A workbook of a million rows: read as a delivery, and read by the library alone.

Run by `python -m bench.xlsx`. Whole processes, in turn; bare = python-calamine opening the file and giving every cell to
Python. Target (issue 3): at most 1.3 × bare, peak below 2 GB. Not here: other files, judging rows.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from datetime import datetime, timedelta
from pathlib import Path
from statistics import median

import xlsxwriter

SOURCE = "abnormal_listing"
HEAD = ("统一社会信用代码", "企业名称", "列入原因", "列入日期", "列入机关", "未年报年度")
BARE = """
import sys, python_calamine
with python_calamine.load_workbook(sys.argv[1]) as book:
    print(len(book.get_sheet_by_index(0).to_python()) - 1)
"""
READ = """
import sys
from pathlib import Path
from data_contracts.model import source_contract
from resources.inbox import read_file
print(read_file(Path(sys.argv[1]), source_contract(sys.argv[2])).table.num_rows)
"""


def main() -> None:
    """Print the pair for a workbook of `--rows`."""
    parser = argparse.ArgumentParser(prog="python -m bench.xlsx")
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--runs", type=int, default=3)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "delivery" / "list.xlsx"
        path.parent.mkdir()
        workbook(path, options.rows)
        compare(path, options.rows, options.runs)


def workbook(path: Path, rows: int) -> None:
    """Six columns: codes, names, a reason, dates as dates, an authority, years as numbers."""
    first = datetime(2026, 1, 1)
    with xlsxwriter.Workbook(str(path), {"constant_memory": True}) as book:
        sheet = book.add_worksheet("名录")
        day = book.add_format({"num_format": "yyyy-mm-dd"})
        sheet.write_row(0, 0, HEAD)
        for number in range(1, rows + 1):
            sheet.write_string(number, 0, f"91140800{number:09d}X")
            sheet.write_string(number, 1, f"样例{number}号商店有限公司")
            sheet.write_string(number, 2, "未依照规定期限公示年度报告")
            sheet.write_datetime(number, 3, first + timedelta(days=number % 250), day)
            sheet.write_string(number, 4, "样例县市场监督管理局")
            sheet.write_number(number, 5, 2020 + number % 5)


def compare(path: Path, rows: int, runs: int) -> None:
    """Both ways in turn, `runs` times; prints medians, their ratio and peaks."""
    found: dict[str, list[tuple[float, float, float]]] = {"bare": [], "read": []}
    for _ in range(runs):
        found["bare"].append(_run(BARE, rows, str(path)))
        found["read"].append(_run(READ, rows, str(path), SOURCE))
    seconds = {way: median(wall for wall, _, _ in taken) for way, taken in found.items()}
    busy = {way: median(processor for _, processor, _ in taken) for way, taken in found.items()}
    print(f"{rows:,} 行 × {len(HEAD)} 列，{path.stat().st_size / 1e6:.0f} MB 的 xlsx，整个进程，{runs} 次的中位数")
    for way, title in (("bare", "只用读取库"), ("read", "按契约读取")):
        peak = max(peak for _, _, peak in found[way])
        print(f"  {title}：{seconds[way]:.1f} 秒（处理器 {busy[way]:.1f} 秒），峰值内存 {peak:.2f} GB")
    print(
        f"  比值 {seconds['read'] / seconds['bare']:.2f}，处理器时间 {busy['read'] / busy['bare']:.2f}"
        "（目标不超过 1.3，峰值不超过 2 GB）"
    )


def _run(program: str, rows: int, *arguments: str) -> tuple[float, float, float]:
    """Wall seconds, processor seconds and peak resident GB of one process, which must count `rows`."""
    started = time.perf_counter()
    with subprocess.Popen([sys.executable, "-c", program, *arguments], stdout=subprocess.PIPE, text=True) as process:
        said = process.stdout.read() if process.stdout else ""
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode or said.strip() != str(rows):
        raise RuntimeError(f"the process ended with {process.returncode} and counted {said.strip() or 'nothing'}")
    return time.perf_counter() - started, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024**2


if __name__ == "__main__":
    main()
