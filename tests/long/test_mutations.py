"""Changed files without end: SSJ_MUTATIONS of them (20,000 unless told), each read aside; a seed per run of the loop.

Here: length. Not here: the changes and the seeds (tests/unit/mutations), the short run (tests/unit/test_inbox_mutations).
A file that crashes the reader is kept beside the printed name, to become a fixture.
"""

from __future__ import annotations

import os
import random
from collections import Counter
from pathlib import Path

from resources.inbox.sandbox import Job, Sandbox
from tests.unit.mutations import KINDS, Change, mutated, seeds

TOTAL = int(os.environ.get("SSJ_MUTATIONS", "20000"))
FIRST = int(os.environ.get("SSJ_MUTATIONS_SEED", "1"))
BATCH = 500


def change(rng: random.Random) -> Change:
    return Change(rng.choice(KINDS), rng.random(), rng.random(), rng.randrange(256), rng.randrange(13))


def test_no_changed_file_crashes_the_reader(tmp_path: Path) -> None:
    counted: Counter[str] = Counter()
    crashed = []
    with Sandbox() as box:
        for start in range(0, TOTAL, BATCH):
            rng = random.Random(FIRST * 1_000_003 + start)
            jobs = []
            for number in range(min(BATCH, TOTAL - start)):
                seed = rng.choice(seeds())
                path = tmp_path / f"{start + number}.dat"
                path.write_bytes(mutated(seed, [change(rng) for _ in range(rng.randint(1, 5))], rng.choice(seeds())))
                jobs.append(Job(path, seed.contract, None, tmp_path / "lake" / f"{number}.parquet"))
            for outcome in box.read(jobs):
                counted[outcome.kind or "read"] += 1
                if outcome.kind in ("crashed", "timeout"):
                    crashed.append(f"{outcome.job.path}：{outcome.reason}")
                else:
                    outcome.job.path.unlink()
                assert outcome.seconds < 12
                assert outcome.peak_bytes < 512 * 1024**2
    print(dict(counted))
    assert not crashed, "\n".join(crashed)
    assert counted["read"] > TOTAL / 20
