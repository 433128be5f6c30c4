"""`python -m bench.draw`: freezing and drawing a frame of 1M and of 10M rows, against the bare work in it (issue 4).

Bare draw = SHA-256 of key|uid over every row, by DuckDB alone from the same file. Bare freeze = an ordered COPY of both
large tables and SHA-256 of the files. Targets: draw at most 2.5 × bare and < 2 GB at 1M rows, < 4 GB at 10M; freeze
(files and digests; its checks and the hash tree apart) at most 1.5 × bare; cuts in every county at most as long again.
Each case is a process of its own and its least time of `--runs`; the peak is that of the whole process.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import platform
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from unittest.mock import patch

import duckdb

from bench import draw_city
from resources import freezing
from resources.drawing import draw_frame
from resources.engines.duckdb_engine import CanonicalCsv, DuckDBEngine
from resources.freezing import check_folder, freeze
from resources.lake import sha256_file, write_bytes
from supervision.canonical import json_bytes
from supervision.draw.counts import Counts
from supervision.draw.quota import due, planned
from supervision.draw.round_policy import parse_policy_json
from supervision.draw.rows import FRAME, StratumRow
from supervision.draw.selection import DrawResult

KEY = "0123456789abcdef0123456789abcdef"
RESULTS = ("allocation", "cuts", "drawn", "reserve")
_BARE = "SELECT min(sha256($key || '|' || uid)) FROM frame"


def main() -> None:
    """Print the figures for each `--rows`."""
    parser = argparse.ArgumentParser(prog="python -m bench.draw")
    parser.add_argument("--rows", type=int, nargs="+", default=[1_000_000, 10_000_000])
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--case", choices=sorted(CASES), help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.case:
        seconds = [_timed(CASES[options.case], options.folder) for _ in range(options.runs)]
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024**2
        print(json.dumps([{name: min(run[name] for run in seconds) for name in seconds[0]}, peak]))
        return
    print(f"{platform.machine()}，{os.cpu_count()} 核，Python {platform.python_version()}，DuckDB {duckdb.__version__}")
    for rows in options.rows:
        with tempfile.TemporaryDirectory() as name:
            _compare(rows, options.runs, Path(name))


def _compare(rows: int, runs: int, folder: Path) -> None:
    def case(name: str) -> tuple[dict[str, float], float]:
        command = [sys.executable, "-m", "bench.draw", "--case", name, "--folder", str(folder), "--runs", str(runs)]
        seconds, peak = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)
        return seconds, peak

    def line(what: str, name: str, *bare: float) -> float:
        seconds, peak = case(name)
        total = seconds.pop("")
        parts = "".join(f"；{part} {value:,.0f}" for part, value in seconds.items())
        ratio = "".join(f"（{total / each:.2f} 倍）" for each in bare)
        print(f"  {what}：{total:.2f} 秒{ratio}，峰值 {peak:.2f} GB{parts}", flush=True)
        return float(total)

    print(f"名录 {rows:,} 行（{rows // 4:,} 户）")
    subprocess.run([sys.executable, "-m", "bench.draw", "--case", "make", "--folder", str(folder), "--runs", "1",
                    "--rows", str(rows)], check=True, stdout=subprocess.DEVNULL)  # fmt: skip
    bare = line("按序 COPY 加文件摘要", "copy")
    line("冻结：文件与摘要", "freeze_files", bare)
    line("冻结：连同核对与默克尔树", "freeze", bare)
    csv = line("仅 SHA-256，读 CSV", "bare_csv")
    parquet = line("仅 SHA-256，读 Parquet", "bare_parquet")
    plain = line("抽取，读冻结的 CSV", "draw_csv", csv)
    line("抽取，读 Parquet", "draw_parquet", parquet)
    line("抽取，读 CSV，各县都压减", "draw_cut", csv, plain)
    line("抽取前核对冻结文件的摘要", "check")
    if find_spec("polars"):
        line("Polars + hashlib，读 CSV", "polars", csv)
    else:
        print("  Polars + hashlib：没有安装 polars，未测")
    line("pandas + hashlib，读 CSV", "pandas", csv)


def _timed(case: Callable[[Path], dict[str, float] | None], folder: Path) -> dict[str, float]:
    started = time.perf_counter()
    parts = case(folder) or {}
    return {"": time.perf_counter() - started} | parts


def _engine(folder: Path) -> DuckDBEngine:
    return DuckDBEngine(temp_directory=folder / "spill")


def _tables(folder: Path) -> dict[str, Any]:
    made: dict[str, Any] = {name: folder / f"{name}.parquet" for name in ("population", "frame")}
    return made | {name: folder / f"{name}.parquet" for name in ("strata", "triggers", "roster", "conflicts")}


def _make(folder: Path) -> None:
    """The tables as Parquet, the frozen round, and the same with a capacity that cuts in every county."""
    import pyarrow.parquet as pq

    rows = int(sys.argv[sys.argv.index("--rows") + 1])
    for name, table in draw_city.make(rows, folder).items():
        if not isinstance(table, Path):
            pq.write_table(table, folder / f"{name}.parquet")
    _freeze(folder)
    result = _draw(folder, CanonicalCsv(folder / "round" / "frame.csv", FRAME), "round")
    cut = folder / "round-cut"
    cut.mkdir()
    for path in (folder / "round").iterdir():
        os.link(path, cut / path.name)
    capacity = {each.county: each.planned * 7 // 10 for each in result.counties}
    (cut / "policy.json").unlink()
    (cut / "policy.json").write_bytes(json_bytes(draw_city.policy(dict(capacity))))
    (folder / "manifest_sha256").write_text(sha256_file(folder / "round" / "manifest.txt"))


def _freeze(folder: Path) -> None:
    capacity = dict.fromkeys(draw_city.COUNTIES)
    with _engine(folder) as engine:
        freeze(engine, _tables(folder), draw_city.policy(capacity), draw_city.context(), b"s" * 32, folder / "round")


def _freeze_files(folder: Path) -> None:
    """Without the checks between the large tables and without the tree: what the bare COPY does, and the small files."""
    counts, none = freezing.StratumCount, {}
    with (
        patch.object(freezing, "_check_population", lambda *_: (set(draw_city.COUNTIES), set(), {})),
        patch.object(freezing, "_check_frame", lambda *_: none),
        patch.object(freezing, "parse_strata", lambda *_: counts),
        patch.object(freezing, "frame_leaf_hashes", lambda *_: []),
    ):
        _freeze(folder)


def _copy(folder: Path) -> None:
    with duckdb.connect() as connection:
        connection.execute("SET threads = 2")
        for name, key in (("population", "uid"), ("frame", "task, uid")):
            target = folder / f"copied-{name}.csv"
            connection.read_parquet(str(folder / f"{name}.parquet")).order(key).write_csv(str(target), header=True)
            sha256_file(target)


def _bare(folder: Path, frame: Path | CanonicalCsv) -> None:
    with _engine(folder) as engine:
        engine.select(_BARE, {"frame": frame}, {"key": KEY})


def _draw(folder: Path, frame: Path | CanonicalCsv, name: str) -> DrawResult:
    with _engine(folder) as engine:
        result = draw_frame(engine, frame, folder / name, KEY)
    for each in RESULTS:
        write_bytes(folder / "results" / f"{each}.csv", getattr(result, f"{each}_csv"))
    return result


def _drawn(folder: Path, frame: Path | CanonicalCsv, name: str) -> dict[str, float]:
    result = _draw(folder, frame, name)
    return {"户次": len(result.drawn), "压减的县": len({row.county for row in result.cuts})}


def _draw_csv(folder: Path) -> dict[str, float]:
    return _drawn(folder, CanonicalCsv(folder / "round" / "frame.csv", FRAME), "round")


def _draw_parquet(folder: Path) -> dict[str, float]:
    return _drawn(folder, folder / "frame.parquet", "round")


def _draw_cut(folder: Path) -> dict[str, float]:
    return _drawn(folder, CanonicalCsv(folder / "round-cut" / "frame.csv", FRAME), "round-cut")


def _wanted(folder: Path) -> dict[tuple[str, str, str], int]:
    """Ranks of every stratum that are drawn or wait, for those who rank by other means."""
    import csv

    with (folder / "round" / "strata.csv").open(newline="") as file:
        rows = [StratumRow(*row[:3], *map(int, row[3:])) for row in list(csv.reader(file))[1:]]
    counted = Counts(parse_policy_json((folder / "round" / "policy.json").read_bytes()), rows, (), {})
    return {stratum: n + max(5, n) for stratum, n in planned(due(counted), KEY).items()}


def _tickets(uids: list[str]) -> list[str]:
    prefix, sha256 = f"{KEY}|".encode(), hashlib.sha256
    return [sha256(prefix + uid.encode()).hexdigest() for uid in uids]


def _pandas(folder: Path) -> dict[str, float]:
    import pandas as pd

    place = ["task", "county", "stratum"]
    frame = pd.read_csv(folder / "round" / "frame.csv", dtype=str, keep_default_na=False)
    frame = frame[frame["state"] == "eligible"]
    frame["ticket"] = _tickets(frame["uid"].tolist())
    frame = frame.sort_values([*place, "ticket", "uid"])
    wanted = pd.Series(_wanted(folder)).rename_axis(place).rename("wanted").reset_index()
    frame["place"] = frame.groupby(place).cumcount() + 1
    frame = frame.merge(wanted, on=place)
    frame = frame[frame["place"] <= frame["wanted"]]
    frame.to_csv(folder / "pandas.csv", index=False)
    return {"名次": len(frame)}


def _polars(folder: Path) -> dict[str, float]:
    import polars as pl

    place = ["task", "county", "stratum"]
    frame = pl.read_csv(folder / "round" / "frame.csv", infer_schema=False).filter(pl.col("state") == "eligible")
    frame = frame.with_columns(pl.Series("ticket", _tickets(frame["uid"].to_list())))
    wanted = _wanted(folder)
    table = {name: [key[i] for key in wanted] for i, name in enumerate(place)} | {"wanted": list(wanted.values())}
    frame = frame.join(pl.DataFrame(table), on=place).sort([*place, "ticket", "uid"])
    frame = frame.filter(pl.int_range(pl.len()).over(place) < pl.col("wanted"))
    frame.write_csv(folder / "polars.csv")
    return {"名次": frame.height}


CASES: dict[str, Callable[[Path], dict[str, float] | None]] = {
    "make": _make,
    "copy": _copy,
    "freeze_files": _freeze_files,
    "freeze": _freeze,
    "bare_csv": lambda folder: _bare(folder, CanonicalCsv(folder / "round" / "frame.csv", FRAME)),
    "bare_parquet": lambda folder: _bare(folder, folder / "frame.parquet"),
    "draw_csv": _draw_csv,
    "draw_parquet": _draw_parquet,
    "draw_cut": _draw_cut,
    "check": lambda folder: check_folder(folder / "round", (folder / "manifest_sha256").read_text()),
    "polars": _polars,
    "pandas": _pandas,
}

if __name__ == "__main__":
    main()
