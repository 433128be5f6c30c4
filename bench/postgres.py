"""`python -m bench.postgres`: a front table pulled into a delivery, against a bare ADBC fetch of the same table.

Bare = connect and `fetch_arrow_table` of every column, in the server's own order. Ours = the first pull of the connection:
text by contract, ordered by (watermark, key), compared at the door, Parquet with its manifest in the inbox. Also the next
pull, when nothing and when 1 % has changed. Target (issue 3): at most 3 times bare, peak below 2 GB. Each run is a process
of its own; needs PostgreSQL's `postgres` on this machine.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

import yaml

from tests.front_database import CONNECTION, CREATE_TABLE, Cluster, cluster, fill

TABLE = '"前置"."行政处罚决定"'
CHANGE = f"""update {TABLE} set "内容" = "内容" || '（更正）', "更新时间" = now() where "记录编号" % 100 = 7"""  # noqa: S608
FETCHED = ", ".join(f'"{name}"' for name in [*CONNECTION["columns"], "记录编号", "更新时间", "删除标志"])


def main() -> None:
    """Print the medians of `--runs` runs over `--rows` rows; exit code 1 when the target is missed."""
    parser = argparse.ArgumentParser(prog="python -m bench.postgres")
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--server", default=shutil.which("postgres") or "", help="Debian's postgres")
    parser.add_argument("--part", choices=("bare", "pull"), help=argparse.SUPPRESS)
    parser.add_argument("--home", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.part:
        print(json.dumps(_measured(options.part, options.home)))
        return
    found = options.server or next(
        (str(path) for path in sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"), reverse=True)), ""
    )
    if not found:
        sys.exit("这台机器上没有 postgres，请先运行 make system-deps")
    print(f"{platform.machine()}，{os.cpu_count()} 核，Python {platform.python_version()}")
    with cluster(Path(found)) as server, tempfile.TemporaryDirectory() as folder:
        server.run(CREATE_TABLE, fill(1, options.rows), "vacuum analyze")
        print(f"{options.rows:,} 行 × {len(FETCHED.split(','))} 列")
        worst = 0.0
        for name, index in (("无索引", None), ("更新时间与主键上有索引", '"更新时间", "记录编号"')):
            if index:
                server.run(f"create index on {TABLE} ({index})")
            worst = max(worst, _compare(server, Path(folder), name, options))
    sys.exit(int(worst > 3))


def _compare(server: Cluster, folder: Path, name: str, options: argparse.Namespace) -> float:
    homes = [folder / f"{number}-{name}" for number in range(options.runs)]
    # In turns, so that what else the machine does meets both alike.
    pairs = [(_run(server, "bare", home), _run(server, "pull", home)) for home in homes]
    bare, first = [run for run, _ in pairs], [run for _, run in pairs]
    again = [_run(server, "pull", home) for home in homes]
    server.run(CHANGE)
    some = [_run(server, "pull", home) for home in homes]
    times = {kind: median(run["seconds"] for run in runs) for kind, runs in
             (("bare", bare), ("first", first), ("again", again), ("some", some))}  # fmt: skip
    peak = max(run["peak"] for runs in (first, again, some) for run in runs)
    print(
        f"{name}：纯 ADBC {times['bare']:.2f} 秒；首次取数成批 {times['first']:.2f} 秒（{times['first'] / times['bare']:.2f} 倍）；"
        f"再取无变化 {times['again']:.2f} 秒；再取 1% 有变化 {times['some']:.2f} 秒；峰值内存 {peak:.2f} GB"
    )
    return times["first"] / times["bare"] if peak < 2 else float("inf")


def _run(server: Cluster, part: str, home: Path) -> dict[str, float]:
    words = [sys.executable, "-m", "bench.postgres", "--part", part, "--home", str(home)]
    environment = os.environ | {"SSJ_FRONT_ZHZF": server.url}
    done = subprocess.run(words, env=environment, check=True, capture_output=True, text=True)
    figures: dict[str, float] = json.loads(done.stdout)
    return figures


def _measured(part: str, home: Path) -> dict[str, float]:
    if part == "bare":
        import adbc_driver_postgresql.dbapi as adbc

        started = time.perf_counter()
        with adbc.connect(os.environ["SSJ_FRONT_ZHZF"]) as link, link.cursor() as cursor:
            cursor.execute(f"select {FETCHED} from {TABLE}")  # noqa: S608 -- names of this file
            cursor.fetch_arrow_table()
    else:
        from resources.inbox.pulling import configured, pull
        from resources.settings import Home

        place = Home.at(home).create()
        listed = {"connections": {"zhzf-penalty": CONNECTION}}
        (home / "connections.yaml").write_text(yaml.safe_dump(listed, allow_unicode=True), "utf-8")
        [connection] = [each for each in configured(place) if each.name == "zhzf-penalty"]
        started = time.perf_counter()
        pull(place, connection)
    seconds = time.perf_counter() - started
    return {"seconds": seconds, "peak": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024**2}


if __name__ == "__main__":
    main()
