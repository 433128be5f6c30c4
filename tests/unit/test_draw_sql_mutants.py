"""Wrong SQL of the draw that must not pass (DRAW.md §8): one text of a file in sql/draw replaced.

Here: the published vectors, and cities with a census, through `resources.drawing`. Not here: what is right (test_draw_sql),
wrong programs in Python (test_draw_golden).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from resources import drawing
from resources.engines.duckdb_engine import DuckDBEngine, EngineError, sql_text
from supervision.canonical import CanonicalError
from supervision.draw.committed import parse_committed
from supervision.draw.selection import DrawError, draw
from tests.unit.draw_city import City, Subject, key, level, task
from tests.unit.test_draw_sql import GOLDEN, laid

EXAMPLES = ("draw_example_1", "draw_example_2")

TICKET = "sha256($key || '|' || {uid})"
RANKED = [
    ("ranked", TICKET.format(uid="f.uid"), wrong)
    for wrong in (
        "lpad(cast(hash($key || '|' || f.uid) as varchar), 64, '0')",
        "sha256(substr($key, 1, 0) || f.uid)",
        "sha256(substr($key, 1, 8) || '|' || f.uid)",
        "sha256($key || f.uid)",
        "sha256($key || '|' || f.task || f.uid)",
        "sha256(f.uid || '|' || $key)",
        "md5($key || '|' || f.uid)",
        "upper(sha256($key || '|' || f.uid))",
    )
] + [
    ("ranked", "order by ticket, uid)", "order by uid, ticket)"),
    ("ranked", "order by ticket, uid)", "order by ticket desc, uid)"),
    ("ranked", "order by ticket, uid)", "order by substr(ticket, 1, 1), uid)"),
    ("ranked", "where f.state = 'eligible'", ""),
    ("ranked", "where f.state = 'eligible'", "where f.state <> 'exempt'"),
    ("ranked", "partition by task, county, stratum", "partition by task, stratum"),
    ("ranked", "partition by task, county, stratum", "partition by county, stratum"),
    ("ranked", "partition by task, county, stratum", "partition by task, county"),
    ("ranked", "f.task = w.task and f.county = w.county and", "f.task = w.task and"),
    ("ranked", "f.task = w.task and f.county = w.county and", "f.county = w.county and"),
    ("ranked", "where place <= wanted", "where place < wanted"),
    ("ranked", "order by task, county, stratum, place", "order by task, county, stratum, uid"),
]  # fmt: skip
PREFILTERED = [
    ("prefiltered", TICKET.format(uid="uid"), wrong)
    for wrong in (
        "lpad(cast(hash($key || '|' || uid) as varchar), 64, '0')",
        "sha256(substr($key, 1, 0) || uid)",
        "sha256($key || '|' || task || uid)",
        "sha256($key || '|' || stratum || uid)",
    )
] + [
    ("prefiltered", "order by n.ticket, n.uid)", "order by n.uid, n.ticket)"),
    ("prefiltered", "order by n.ticket, n.uid)", "order by n.ticket desc, n.uid)"),
    ("prefiltered", "    where state = 'eligible'\n", ""),
    ("prefiltered", "where state = 'eligible'", "where state <> 'exempt'"),
    ("prefiltered", "partition by n.task, n.county, n.stratum", "partition by n.task, n.stratum"),
    ("prefiltered", "n.task = w.task and n.county = w.county and", "n.task = w.task and"),
    ("prefiltered", "    where substr(t.ticket, 1, 8) <= w.first_digits\n", "    where substr(t.ticket, 1, 8) > w.first_digits\n"),
    ("prefiltered", "order by task, county, stratum, place", "order by task, county, stratum, uid"),
]  # fmt: skip
COUNTED = [
    (
        "drawn_this_year",
        "where state = 'blocked' and reason = 'drawn_this_year'",
        "where reason = 'visited_within_gap'",
    ),
    ("drawn_this_year", "where state = 'blocked' and reason = 'drawn_this_year'", "where state = 'blocked'"),
    ("drawn_this_year", "where state = 'blocked' and reason = 'drawn_this_year'", ""),
    ("drawn_this_year", "group by task, county, stratum", "group by task, county, stratum, uid"),
]


def census() -> City:
    """Firms few enough for a census, some drawn already, others at rest, in two tasks and counties."""
    levels = {"D": level(5000, "at_least", census_up_to=20), "C": level(2000, "at_least")}
    reasons = ["", "drawn_this_year", "", "visited_within_gap"]
    people = [
        Subject(i, "XY"[i % 2], {code: ("DC"[i % 3 == 0], reasons[(i // 2 + len(code)) % 4]) for code in ("S", "TT")})
        for i in range(36)
    ]
    return City({"S": task(levels, batch=11), "TT": task(levels, batch=12)}, people)


@pytest.fixture
def draws(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., bool]]:
    """Whether the SQL, with one text of a file replaced, still draws what is right.

    ranked is asked alone; a prefilter that needs ranked to make up for it is wrong too.
    """

    def right(file: str, text: str, other: str) -> bool:
        asked: list[str] = []

        def read(name: str) -> str:
            sql = sql_text(name)
            asked.append(name)
            if name != f"draw/{file}":
                return sql
            assert sql.count(text) == 1, f"{file}: {text!r} stands there {sql.count(text)} times"
            return sql.replace(text, other)

        monkeypatch.setattr(drawing, "sql_text", read)
        if file == "ranked":
            monkeypatch.setattr(drawing, "first_digits", lambda wanted, eligible: "00000000")
        rounds = [
            (GOLDEN / name, json.loads((GOLDEN / name / "certificate.json").read_bytes())["key"]) for name in EXAMPLES
        ]
        rounds.append((laid(census().files(), tmp_path / "census"), key(1)))
        with DuckDBEngine(temp_directory=tmp_path / "spill") as engine:
            for folder, draw_key in rounds:
                committed = parse_committed({path.name: path.read_bytes() for path in folder.iterdir()})
                try:
                    if drawing.draw_folder(engine, folder, draw_key) != draw(committed, draw_key):
                        return False
                except (CanonicalError, DrawError, EngineError, LookupError):
                    return False
        return file == "ranked" or "draw/ranked" not in asked

    yield right


@pytest.mark.parametrize("file", ["ranked", "prefiltered", "drawn_this_year"])
def test_the_files_as_they_are_draw_what_is_right(draws: Callable[..., bool], file: str) -> None:
    assert draws(file, "from frame", "from frame")


@pytest.mark.parametrize(("file", "right", "wrong"), RANKED + PREFILTERED + COUNTED)
def test_wrong_sql_is_caught(draws: Callable[..., bool], file: str, right: str, wrong: str) -> None:
    assert not draws(file, right, wrong)
