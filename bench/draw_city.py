"""A made-up round of any size for the bench of the draw: 14 counties × 12 tasks × 4 grades, each subject in four tasks.

Here: tables as a month would hold them (Parquet) and the round's policy. Not here: what is timed (draw).
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

COUNTIES = tuple(f"1408{number:02d}" for number in range(1, 15))
TASKS = tuple(f"T{number:02d}" for number in range(1, 13))
GRADES = ("A", "B", "C", "D")
_SHARE = (0.30, 0.45, 0.20, 0.05)
_ALPHABET = np.frombuffer(b"0123456789ABCDEFGHJKLMNPQRTUWXY", dtype=np.uint8)
_STRATA = """
SELECT task, county, stratum, count(*) FILTER (WHERE state <> 'exempt') AS base,
       count(*) FILTER (WHERE state = 'eligible') AS eligible, 0 AS drawn_ytd, 0 AS served_e4
FROM frame GROUP BY ALL ORDER BY ALL
"""


def make(rows: int, folder: Path) -> dict[str, Path | pa.Table]:
    """The tables of `resources.freezing.freeze` with so many frame rows; population and frame are files in `folder`."""
    subjects = rows // 4
    rng = np.random.default_rng(4)
    uid = _uids(subjects)
    county, grade = rng.integers(0, len(COUNTIES), subjects), rng.choice(len(GRADES), subjects, p=_SHARE)
    member = np.zeros((subjects, len(TASKS)), bool)
    np.put_along_axis(member, np.argsort(rng.random((subjects, len(TASKS))), axis=1)[:, :4], True, 1)
    codes = np.array(TASKS)
    population = {
        "uid": uid,
        "county": pa.array(np.array(COUNTIES)[county]),
        "type": pa.array(np.repeat("enterprise", subjects)),
        "fields": pa.array([";".join(codes[row]) for row in member]),
    }
    pq.write_table(pa.table(population), folder / "population.parquet", compression="zstd", row_group_size=40_960)
    parts = []
    for number, code in enumerate(TASKS):
        own = np.flatnonzero(member[:, number])
        state = rng.choice(3, len(own), p=(0.90, 0.06, 0.04))
        part = {
            "task": pa.array(np.repeat(code, len(own))),
            "uid": uid.take(pa.array(own)),
            "county": pa.array(np.array(COUNTIES)[county[own]]),
            "stratum": pa.array(np.array(GRADES)[grade[own]]),
            "state": pa.array(np.array(("eligible", "blocked", "exempt"))[state]),
            "reason": pa.array(np.array(("", "visited_within_gap", "observation_period"))[state]),
        }
        parts.append(pa.table(part))
    pq.write_table(pa.concat_tables(parts), folder / "frame.parquet", compression="zstd", row_group_size=40_960)
    with duckdb.connect() as connection:
        connection.read_parquet(str(folder / "frame.parquet")).create_view("frame")
        strata = connection.sql(_STRATA).to_arrow_table()
    some = [uid[place].as_py() for place in range(0, min(subjects, 1_400), 7)]
    return {
        "population": folder / "population.parquet",
        "frame": folder / "frame.parquet",
        "strata": strata,
        "triggers": pa.table(
            {
                "trigger_id": [f"C{place:06d}" for place in range(len(some))],
                "uid": some,
                "county": [COUNTIES[county[7 * place]] for place in range(len(some))],
            }
        ),
        "roster": pa.table(
            {
                "inspector_id": [f"I{place:04d}" for place in range(560)],
                "county": [COUNTIES[place % 14] for place in range(560)],
                "specialties": ["" for _ in range(560)],
                "days": [20] * 560,
                "load_cap": [40] * 560,
                "valid_until": ["2027-12-31"] * 560,
            }
        ),
        "conflicts": pa.table({"inspector_id": ["I0001"] * len(some), "uid": some}),
    }


def _uids(subjects: int) -> pa.StringArray:
    """So many valid credit codes in ascending order."""
    signs = np.zeros((subjects, 18), dtype=np.int64)
    signs[:, :10] = (9, 1, 1, 4, 0, 8, 0, 2, 21, 10)
    left = np.arange(subjects)
    for place in range(16, 9, -1):
        left, signs[:, place] = left // 31, left % 31
    weights = np.array([pow(3, place, 31) for place in range(17)])
    signs[:, 17] = -(signs[:, :17] @ weights) % 31
    offsets = np.arange(0, 18 * (subjects + 1), 18, dtype=np.int32)
    return pa.StringArray.from_buffers(subjects, pa.py_buffer(offsets), pa.py_buffer(_ALPHABET[signs]))


def policy(capacity: dict[str, int | None]) -> dict[str, Any]:
    """The object of policy.json: rates by grade as by default, no floors, month 2 of 12."""

    def level(rate_e4: int, rounding: str, census_up_to: int = 0) -> dict[str, Any]:
        plain = {"on_site": 1, "minimum": 0, "minimum_if_base": 0, "floor_e4": 0}
        return {**plain, "rate_e4": rate_e4, "rounding": rounding, "census_up_to": census_up_to}

    levels = {
        "A": level(100, "unbiased"),
        "B": level(300, "unbiased"),
        "C": level(1000, "at_least"),
        "D": level(5000, "at_least", 5),
    }
    return {
        "year": 2026,
        "phase_salt": "5" * 64,
        "types": ["enterprise"],
        "fields": list(TASKS),
        "reasons": ["observation_period", "visited_within_gap"],
        "beacon": {
            "source": "kl8",
            "selector": "2026150",
            "not_before": "2026-06-08T21:30:00+08:00",
            "fallback": {"source": "kl8", "selector": "2026151"},
        },
        "capacity": capacity,
        "cut_order": list(GRADES),
        "tasks": {
            code: {
                "batch": 2,
                "batch_prev": 1,
                "batches": 12,
                "levels": levels,
                "scope": {"fields": [code], "types": ["enterprise"]},
                "specialty": None,
                "team_size": 2,
                "window_end": "2026-06-30",
            }
            for code in TASKS
        },
    }


def context() -> dict[str, Any]:
    """The object of context.json."""
    return {
        "register_sha256": "a" * 64,
        "grade_snapshot_sha256": "b" * 64,
        "visit_ledger_sha256": None,
        "previous_certificate_sha256": None,
        "calendar": "2026.1",
        "code_commit": "c" * 40,
    }
