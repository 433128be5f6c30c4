"""The draw from the committed files of a bundle alone, counted and ranked in SQL (DRAW §2, §4, §5, §9).

For: a round of any size in bounded memory: only the first ranks of each stratum come to Python. Not for: the arithmetic
(supervision.draw), whether the files are those committed (resources.freezing), writing the results (resources.bundles).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import groupby
from pathlib import Path

import pyarrow as pa

from resources.engines.duckdb_engine import CanonicalCsv, DuckDBEngine, Input, sql_text
from supervision.canonical import integer, iter_csv
from supervision.draw.counts import Counts
from supervision.draw.prefilter import first_digits
from supervision.draw.quota import is_census
from supervision.draw.round_policy import NAME, parse_policy_json
from supervision.draw.rows import FRAME, STRATA, TRIGGERS, Stratum, StratumRow, TriggerRow
from supervision.draw.selection import DrawError, DrawResult, settle

Ranking = dict[Stratum, list[tuple[str, str]]]


def draw_folder(engine: DuckDBEngine, folder: Path, key: str) -> DrawResult:
    """Who is drawn, from the frozen files in `folder` under the key K; the same as `supervision.draw.selection.draw`.

    The files must be the committed ones (`check_folder`). Raises DrawError for a bad key, floors beyond a capacity, and
    a strata.csv that does not count frame.csv.
    """
    return draw_frame(engine, CanonicalCsv(folder / "frame.csv", FRAME), folder, key)


def draw_frame(engine: DuckDBEngine, frame: Input, folder: Path, key: str) -> DrawResult:
    """The same with the frame held elsewhere (Parquet with the columns of frame.csv); the bench compares the two."""
    counts = _counts(engine, frame, folder)
    eligible = {row.key: row.eligible for row in counts.strata}
    return settle(counts, key, lambda wanted: ranked(engine, frame, eligible, wanted, key))


def ranked(
    engine: DuckDBEngine, frame: Input, eligible: Mapping[Stratum, int], wanted: Mapping[Stratum, int], key: str
) -> Ranking:
    """(ticket, uid) of the first `wanted` of the `eligible` subjects of every stratum, in the order of the draw.

    By the prefilter, and by the plain query where a stratum comes out too short. Raises DrawError if that is still so:
    then strata.csv states more eligible subjects than the frame holds.
    """
    table = pa.table(
        {
            "task": pa.array([task for task, _, _ in wanted], pa.string()),
            "county": pa.array([county for _, county, _ in wanted], pa.string()),
            "stratum": pa.array([stratum for _, _, stratum in wanted], pa.string()),
            "wanted": pa.array(wanted.values(), pa.int64()),
            "first_digits": pa.array([first_digits(n, eligible[key]) for key, n in wanted.items()], pa.string()),
        }
    )
    for query in ("draw/prefiltered", "draw/ranked"):
        found = engine.select(sql_text(query), {"frame": frame, "wanted": table}, {"key": key})
        ranking = _by_stratum(found, wanted)
        if all(len(ranking[stratum]) >= min(n, eligible[stratum]) for stratum, n in wanted.items()):
            return ranking
    raise DrawError("文件 strata.csv 的 eligible 多于 frame.csv 中可抽的户数，请核对抽取包是否为已承诺的文件。")


def _by_stratum(found: pa.Table, wanted: Mapping[Stratum, int]) -> Ranking:
    ranking: Ranking = {stratum: [] for stratum in wanted}
    columns = (found.column(name).to_pylist() for name in ("task", "county", "stratum", "ticket", "uid"))
    for stratum, rows in groupby(zip(*columns, strict=True), key=lambda row: row[:3]):
        ranking[stratum] = [(ticket, uid) for _, _, _, ticket, uid in rows]
    return ranking


def count_folder(engine: DuckDBEngine, folder: Path) -> Counts:
    """A frozen round counted: what the arithmetic of quota and capacity needs of it (DRAW §4)."""
    return _counts(engine, CanonicalCsv(folder / "frame.csv", FRAME), folder)


def _counts(engine: DuckDBEngine, frame: Input, folder: Path) -> Counts:
    """Policy, strata and triggers as frozen; the frame is only asked where a census needs it."""
    policy = parse_policy_json((folder / NAME).read_bytes())
    strata = [
        StratumRow(
            task, county, stratum, *(integer("strata.csv", line, *c) for c in zip(STRATA[3:], counts, strict=True))
        )
        for line, (task, county, stratum, *counts) in _rows(folder, "strata.csv", STRATA)
    ]
    triggers = [TriggerRow(*cells) for _, cells in _rows(folder, "triggers.csv", TRIGGERS)]
    drawn: dict[Stratum, int] = {}
    if any(is_census(policy.tasks[row.task].levels[row.stratum], row.base) for row in strata):
        found = engine.select(sql_text("draw/drawn_this_year"), {"frame": frame})
        drawn = {(r["task"], r["county"], r["stratum"]): r["drawn_this_year"] for r in found.to_pylist()}
    return Counts(policy, strata, triggers, drawn)


def _rows(folder: Path, name: str, header: Sequence[str]) -> Sequence[tuple[int, tuple[str, ...]]]:
    return list(enumerate(iter_csv(name, (folder / name).read_bytes(), header), start=2))
