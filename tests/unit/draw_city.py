"""Small committed rounds for the tests of the draw: subjects with a stratum per task, nothing else.

Here: the eight files of a made-up city. Not here: any arithmetic of the draw, nor a real name or code.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from stdnum.cn.uscc import calc_check_digit

from supervision.draw import writing
from supervision.draw.rows import FrameRow, InspectorRow, PopulationRow, StratumRow, TriggerRow

STATE = {
    "": "eligible",
    "drawn_this_year": "blocked",
    "visited_within_gap": "blocked",
    "observation_period": "exempt",
}
COUNTED = ("eligible", "blocked")


def uid(number: int) -> str:
    """The uid of the made-up subject of that number."""
    stem = f"91140800MA{number:07d}"
    return stem + calc_check_digit(stem)


def level(rate_e4: int, rounding: str = "unbiased", **other: int) -> dict[str, Any]:
    """A level of policy.json."""
    plain = {"on_site": 1, "minimum": 0, "minimum_if_base": 0, "census_up_to": 0, "floor_e4": 0}
    return plain | other | {"rate_e4": rate_e4, "rounding": rounding}


def task(levels: Mapping[str, Any], batch: int = 1, batches: int = 12, batch_prev: int | None = None) -> dict[str, Any]:
    """A task of policy.json without its scope, which `City` adds."""
    return {
        "batch": batch,
        "batch_prev": batch - 1 if batch_prev is None else batch_prev,
        "batches": batches,
        "levels": dict(levels),
        "specialty": None,
        "team_size": 2,
        "window_end": "2026-12-31",
    }


@dataclass
class Subject:
    """A made-up subject; `places` holds stratum and reason ('' = eligible) by task."""

    number: int
    county: str
    places: dict[str, tuple[str, str]]


@dataclass
class City:
    """A round to be: `files()` are its eight committed files."""

    tasks: Mapping[str, dict[str, Any]]
    subjects: Sequence[Subject]
    capacity: Mapping[str, int | None] = field(default_factory=dict)
    triggers: Iterable[int] = ()
    drawn_ytd: Mapping[tuple[str, str, str], int] = field(default_factory=dict)
    served_e4: Mapping[tuple[str, str, str], int] = field(default_factory=dict)
    cut_order: Sequence[str] = ("A", "B", "C", "D", "U")

    def files(self, shuffle: int | None = None) -> dict[str, bytes]:
        people = list(self.subjects)
        county_of = {each.number: each.county for each in people}
        frame = [
            FrameRow(code, uid(each.number), each.county, stratum, STATE[reason], reason)
            for each in people
            for code, (stratum, reason) in each.places.items()
        ]
        population = [
            PopulationRow(uid(each.number), each.county, "enterprise", tuple(sorted(each.places))) for each in people
        ]
        triggers = [TriggerRow(f"T{number}", uid(number), county_of[number]) for number in self.triggers]
        counts: dict[tuple[str, str, str], list[int]] = {}
        for row in frame:
            count = counts.setdefault((row.task, row.county, row.stratum), [0, 0])
            count[0] += row.state in COUNTED
            count[1] += row.state == "eligible"
        strata = [
            StratumRow(*key, base, eligible, self.drawn_ytd.get(key, 0), self.served_e4.get(key, 0))
            for key, (base, eligible) in counts.items()
        ]
        counties = sorted({each.county for each in people})
        roster = [InspectorRow(f"I{i}", county, (), 10, 30, "2027-12-31") for i, county in enumerate(counties)]
        if shuffle is not None:
            for rows in (frame, population, triggers, strata, roster):
                random.Random(shuffle).shuffle(rows)
        return {
            "population.csv": writing.population_csv(population),
            "frame.csv": writing.frame_csv(frame),
            "strata.csv": writing.strata_csv(strata),
            "triggers.csv": writing.triggers_csv(triggers),
            "roster.csv": writing.roster_csv(roster),
            "conflicts.csv": writing.conflicts_csv([]),
            "policy.json": writing.policy_json(self.policy(counties)),
            "context.json": writing.context_json(
                {
                    "register_sha256": "a" * 64,
                    "grade_snapshot_sha256": "b" * 64,
                    "visit_ledger_sha256": None,
                    "previous_certificate_sha256": None,
                    "calendar": "2026.1",
                    "code_commit": "c" * 40,
                }
            ),
        }

    def policy(self, counties: Sequence[str]) -> dict[str, Any]:
        return {
            "year": 2026,
            "phase_salt": "5" * 64,
            "types": ["enterprise"],
            "fields": sorted(self.tasks),
            "reasons": [reason for reason in STATE if reason],
            "beacon": {
                "source": "kl8",
                "selector": "2026007",
                "not_before": "2026-11-03T16:00:00+08:00",
                "fallback": {"source": "kl8", "selector": "2026008"},
            },
            "capacity": {county: self.capacity.get(county) for county in counties},
            "cut_order": list(self.cut_order),
            "tasks": {
                code: one | {"scope": {"fields": [code], "types": ["enterprise"]}} for code, one in self.tasks.items()
            },
        }


def one_task(sizes: Mapping[tuple[str, str], int], levels: Mapping[str, Any], **more: Any) -> City:
    """A city with the one task `T` and so many eligible subjects per (county, stratum)."""
    places = [place for place, size in sizes.items() for _ in range(size)]
    subjects = [Subject(i, county, {"T": (stratum, "")}) for i, (county, stratum) in enumerate(places)]
    return City({"T": task(levels, **more)}, subjects)


def key(number: int) -> str:
    """A draw key for a seed."""
    return f"{random.Random(number).getrandbits(128):032x}"
