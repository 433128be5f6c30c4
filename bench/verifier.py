"""`python -m bench.verifier`: the stand-alone verifier over a bundle of a million frame rows; under 30 s (issue 4).

Here: a made-up round frozen, drawn, matched and sealed by the program, then verified as a child process in the way of an
auditor. Not here: whether the verifier is right (tests/unit/test_verifier*).
"""

from __future__ import annotations

import argparse
import hashlib
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from bench import draw_city
from resources.bundles import Bundles
from resources.drawing import draw_folder
from resources.engines.duckdb_engine import DuckDBEngine
from resources.freezing import freeze
from resources.settings import CHECKOUT, Home
from supervision import matching
from supervision.canonical import json_bytes
from supervision.draw import ceremony

ROUND = "BENCH-2026-02"
BEACON = "kl8-2026150:01.05.09.13.17.21.25.29.33.37.41.45.49.53.57.61.65.69.73.80"
TARGET = 30


def main() -> None:
    """Print time and peak of the verifier for `--rows`."""
    parser = argparse.ArgumentParser(prog="python -m bench.verifier")
    parser.add_argument("--rows", type=int, default=1_000_000)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        bundle = seal(options.rows, Path(name))
        started = time.perf_counter()
        done = subprocess.run(
            [sys.executable, "-I", str(CHECKOUT / "verifier" / "verify.py"), str(bundle)],
            capture_output=True,
            text=True,
            check=False,
        )
        seconds = time.perf_counter() - started
    if done.returncode:
        raise SystemExit(done.stdout + done.stderr)
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024**2
    print(
        f"独立核对 {options.rows:,} 行名录：{seconds:.1f} 秒（不超过 {TARGET} 秒），峰值 {peak:.2f} GB，{os.cpu_count()} 核"
    )


def seal(rows: int, place: Path) -> Path:
    """The folder of a complete bundle with so many frame rows."""
    home, work = Home(place / "home").create(), place / "work"
    work.mkdir()
    tables = draw_city.make(rows, work)
    secret = hashlib.sha256(ROUND.encode()).hexdigest()
    bundles = Bundles(home)
    folder = bundles.path(ROUND)
    with DuckDBEngine(memory_limit="2GB", temp_directory=work) as engine:
        capacity: dict[str, int | None] = dict.fromkeys(draw_city.COUNTIES)
        frozen = freeze(engine, tables, draw_city.policy(capacity), draw_city.context(), b"s" * 32, folder)
        commitment = ceremony.commitment(ROUND, frozen.manifest_sha256, secret)
        key = ceremony.draw_key(commitment, BEACON, secret)
        result = draw_folder(engine, folder, key)
    certificate = {"spec": ceremony.SPEC, "round_id": ROUND, "beacon": BEACON, "office_secret": secret}
    certificate |= {"commitment": commitment, "key": key, "demonstration": False}
    bundles.open(ROUND, json_bytes(certificate))
    results = {name: getattr(result, f"{name}_csv") for name in ("allocation", "cuts", "drawn", "reserve")}
    assignment = matching.assign(key, bundles.staffed(ROUND), result.drawn)
    files = {f"{name}.csv": data for name, data in results.items()} | {"assignment.csv": assignment.assignment_csv}
    files["verify.py"] = (CHECKOUT / "verifier" / "verify.py").read_bytes()
    bundles.seal(ROUND, files)
    return folder


if __name__ == "__main__":
    main()
