"""`python -m bench.csv`: a CSV read by us against DuckDB's own read of the same file into Arrow (issue 3: at most 1.3 ×).

Each reading is a process of its own (fresh memory, libraries loaded beforehand), ours and DuckDB's by turns, the median
of `--runs`. Also told: the same in GB18030, which DuckDB cannot read here, and the whole way through the sandbox into
Parquet. Rows have six columns, a tenth of the names quoted.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import median

ROOT = Path(__file__).resolve().parents[1]
HEADER = "序号,统一社会信用代码,企业名称,文书号,决定日期,罚款金额（万元）\n"
OURS = """
import json, resource, sys, time
from pathlib import Path
import pyarrow.compute
from resources.inbox.delimited import read_delimited
from tests.unit.small_contracts import PERMIT
import pyarrow; pyarrow.array(["libraries loaded"])
started = time.perf_counter()
rows = read_delimited(Path(sys.argv[1]), PERMIT, "x").table.num_rows
print(json.dumps([time.perf_counter() - started, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024**2, rows]))
"""
DUCKDB = """
import json, resource, sys, time
import duckdb, pyarrow
connection = duckdb.connect()
connection.execute("SET threads = 2")
connection.execute("SET enable_progress_bar = false")
started = time.perf_counter()
rows = connection.read_csv(sys.argv[1], all_varchar=True).to_arrow_table().num_rows
print(json.dumps([time.perf_counter() - started, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024**2, rows]))
"""
ASIDE = """
import json, sys, time
from pathlib import Path
from resources.inbox.sandbox import Job, Sandbox
from tests.unit.small_contracts import PERMIT
path = Path(sys.argv[1])
with Sandbox(1) as box:
    [outcome] = box.read([Job(path, PERMIT, None, path.with_suffix(".parquet"))])
assert outcome.state == "read", outcome.reason
print(json.dumps([outcome.seconds, outcome.peak_bytes / 1024**3, outcome.rows]))
"""


def main() -> None:
    """Print the pairs for `--rows` (1M and 5M unless told)."""
    parser = argparse.ArgumentParser(prog="python -m bench.csv")
    parser.add_argument("--rows", type=int, nargs="+", default=[1_000_000, 5_000_000])
    parser.add_argument("--runs", type=int, default=3)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        for rows in options.rows:
            path = _file(Path(folder) / "a.csv", rows, "utf-8")
            turns = [(_run(OURS, path, rows), _run(DUCKDB, path, rows)) for _ in range(options.runs)]
            ours, theirs = (median(turn[side][0] for turn in turns) for side in (0, 1))
            print(f"{rows:,} 行（{path.stat().st_size / 1024**2:.0f} MB）：本程序 {_told([turn[0] for turn in turns])}")
            print(f"  DuckDB {_told([turn[1] for turn in turns])}；中位数之比 {ours / theirs:.2f}（目标 ≤ 1.3）")
            print(f"  经沙箱写成 Parquet {_told([_run(ASIDE, path, rows)])}")
            path = _file(path, rows, "gb18030")
            print(f"  GB18030 {_told([_run(OURS, path, rows)])}")


def _file(path: Path, rows: int, encoding: str) -> Path:
    with path.open("w", encoding=encoding, newline="") as file:
        file.write(HEADER)
        for n in range(rows):
            name = f'"样例,第{n}号商店有限公司"' if n % 10 == 0 else f"样例市第{n}号小商店"
            file.write(f"{n},91140800{n:09d}X,{name},晋市监罚〔2026〕{n}号,2026-09-{n % 28 + 1:02d},{n % 1000 / 10}\n")
    return path


def _run(program: str, path: Path, rows: int) -> tuple[float, float]:
    """Seconds and highest memory in GB."""
    words = [sys.executable, "-c", program, str(path)]
    seconds, gigabytes, found = json.loads(subprocess.run(words, check=True, capture_output=True, cwd=ROOT).stdout)
    if found != rows:
        raise RuntimeError(f"{found} rows read of {rows}")
    return seconds, gigabytes


def _told(turns: list[tuple[float, float]]) -> str:
    return f"{median(turn[0] for turn in turns):.2f} 秒，峰值内存 {max(turn[1] for turn in turns):.2f} GB"


if __name__ == "__main__":
    main()
