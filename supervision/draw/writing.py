"""The bytes of each committed file from its rows, in any order (DRAW.md §2).

Here: sorting and canonical form. Not here: what the rows must hold (`committed` checks it when they are read back).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import pairwise
from operator import attrgetter
from typing import Protocol

from supervision.canonical import csv_bytes, json_bytes
from supervision.draw.round_policy import CommittedError
from supervision.draw.rows import (
    CONFLICTS,
    FRAME,
    POPULATION,
    ROSTER,
    STRATA,
    TRIGGERS,
    ConflictRow,
    FrameRow,
    InspectorRow,
    PopulationRow,
    StratumRow,
    TriggerRow,
)


class _Row(Protocol):
    @property
    def key(self) -> tuple[str, ...]: ...

    def cells(self) -> tuple[str, ...]: ...


def _table(name: str, header: tuple[str, ...], rows: Iterable[_Row]) -> bytes:
    ordered = sorted(rows, key=attrgetter("key"))
    for number, (row, after) in enumerate(pairwise(ordered), start=3):
        if row.key == after.key:
            raise CommittedError(f"要写出的 {name} 第 {number} 行与上一行的键重复，请先在来源数据中去重。")
    return csv_bytes(header, (row.cells() for row in ordered))


def population_csv(rows: Iterable[PopulationRow]) -> bytes:
    """population.csv: uid,county,type,fields by uid. Raises CommittedError for a duplicate key. DRAW.md §2."""
    return _table("population.csv", POPULATION, rows)


def frame_csv(rows: Iterable[FrameRow]) -> bytes:
    """frame.csv: task,uid,county,stratum,state,reason by task, uid. CommittedError for a duplicate key. DRAW.md §2."""
    return _table("frame.csv", FRAME, rows)


def strata_csv(rows: Iterable[StratumRow]) -> bytes:
    """strata.csv: task,county,stratum and counts, sorted. Raises CommittedError for a duplicate key. DRAW.md §2."""
    return _table("strata.csv", STRATA, rows)


def triggers_csv(rows: Iterable[TriggerRow]) -> bytes:
    """triggers.csv: trigger_id,uid,county by trigger_id. Raises CommittedError for a duplicate key. DRAW.md §2."""
    return _table("triggers.csv", TRIGGERS, rows)


def roster_csv(rows: Iterable[InspectorRow]) -> bytes:
    """roster.csv: by inspector_id; load_cap in visits. Raises CommittedError for a duplicate key. DRAW.md §2."""
    return _table("roster.csv", ROSTER, rows)


def conflicts_csv(rows: Iterable[ConflictRow]) -> bytes:
    """conflicts.csv: inspector_id,uid, sorted. Raises CommittedError for a duplicate key. DRAW.md §2."""
    return _table("conflicts.csv", CONFLICTS, rows)


def policy_json(policy: Mapping[str, object]) -> bytes:
    """policy.json in RFC 8785 form; raises CanonicalError for a value that has none. DRAW.md §2."""
    return json_bytes(policy)


def context_json(context: Mapping[str, object]) -> bytes:
    """context.json in RFC 8785 form; raises CanonicalError for a value that has none. DRAW.md §2."""
    return json_bytes(context)
