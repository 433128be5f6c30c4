"""The draw in SQL against the draw in Python: the plain query, the prefilter, and the prefilter that is too narrow."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator, Mapping, Sequence
from math import isqrt, sqrt
from pathlib import Path

import pyarrow as pa
import pytest

from resources import drawing
from resources.drawing import draw_folder
from resources.engines.duckdb_engine import CanonicalCsv, DuckDBEngine, sql_text
from supervision.draw.ceremony import ticket
from supervision.draw.committed import parse_committed
from supervision.draw.prefilter import first_digits
from supervision.draw.rows import FRAME, FrameRow
from supervision.draw.selection import DrawError, draw, redraw
from tests.unit.draw_city import City, Subject, key, level, one_task, task

GOLDEN = Path(__file__).resolve().parents[1] / "golden"
LEVELS = {
    "A": level(700, on_site=0),
    "B": level(3000),
    "C": level(2000, "at_least", minimum=2),
    "D": level(5000, "half_up", census_up_to=6, floor_e4=2000),
}


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[DuckDBEngine]:
    with DuckDBEngine(temp_directory=tmp_path / "spill") as opened:
        yield opened


def random_city(seed: int) -> City:
    """Strata from a single subject to some hundred, in three tasks, some of them all blocked, some of them a census."""
    rng = random.Random(seed)
    states = [["", "", "", "drawn_this_year", "visited_within_gap", "observation_period"], [""], ["drawn_this_year"]]
    state_of = {(county, name): rng.choice(states[:2] + states) for county in "XYZ" for name in LEVELS}
    people = []
    for number in range(rng.choice([20, 120, 500])):
        county = rng.choice("XXXXXYYZ")
        places = {}
        for code in rng.sample("STV", rng.randrange(1, 4)):
            name = rng.choice("AABBBBCCD")
            places[code] = (name, rng.choice(state_of[county, name]))
        people.append(Subject(number, county, places))
    tasks = {code: task(LEVELS, batch=rng.randrange(1, 13), batch_prev=0) for code in "STV"}
    used = {code: one for code, one in tasks.items() if any(code in each.places for each in people)}
    triggers = [people[0].number] if rng.random() < 0.5 else []
    return City(used, people, capacity={"X": rng.choice([20, 30, 45])} if rng.random() < 0.7 else {}, triggers=triggers)


def laid(files: Mapping[str, bytes], folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for name, data in files.items():
        (folder / name).write_bytes(data)
    return folder


@pytest.mark.parametrize("too_narrow", [False, True])
def test_sql_draws_as_python_does(
    engine: DuckDBEngine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, too_narrow: bool
) -> None:
    asked: list[str] = []
    if too_narrow:
        monkeypatch.setattr(drawing, "first_digits", lambda wanted, eligible: first_digits(wanted // 3, 30 * eligible))
    monkeypatch.setattr(drawing, "sql_text", lambda name: (asked.append(name), sql_text(name))[1])
    drawn = cut = 0
    for seed in range(30):
        files = random_city(seed).files()
        committed = parse_committed(files)
        folder = laid(files, tmp_path / str(seed))
        try:
            right = draw(committed, key(seed))
        except DrawError as error:
            with pytest.raises(DrawError, match=str(error)[:20]):
                draw_folder(engine, folder, key(seed))
            continue
        found = draw_folder(engine, folder, key(seed))
        assert found == right
        assert found.dues
        drawn, cut = drawn + len(right.drawn), cut + len(right.cuts)
    assert drawn > 600
    assert cut > 3
    assert "draw/drawn_this_year" in asked
    assert ("draw/ranked" in asked) == too_narrow


@pytest.mark.parametrize("query", ["draw/ranked", "draw/prefiltered"])
def test_each_query_is_the_specification(engine: DuckDBEngine, tmp_path: Path, query: str) -> None:
    rows = 0
    for seed in range(12):
        files = random_city(seed).files()
        committed = parse_committed(files)
        frame = CanonicalCsv(laid(files, tmp_path / str(seed)) / "frame.csv", FRAME)
        places = {
            row.key: (row.eligible, random.Random(f"{seed}{row.key}").randrange(0, 12)) for row in committed.strata
        }
        table = pa.table(
            {
                "task": [t for t, _, _ in places],
                "county": [c for _, c, _ in places],
                "stratum": [s for _, _, s in places],
                "wanted": pa.array([n for _, n in places.values()], pa.int64()),
                "first_digits": [first_digits(n, eligible) for eligible, n in places.values()],
            }
        )
        found = engine.select(sql_text(query), {"frame": frame, "wanted": table}, {"key": key(seed)})
        right = drawing_by_hand(committed.frame, {place: n for place, (_, n) in places.items()}, key(seed))
        assert [tuple(row.values()) for row in found.to_pylist()] == right
        rows += len(right)
    assert rows > 500


def drawing_by_hand(
    frame: Sequence[FrameRow], wanted: Mapping[tuple[str, str, str], int], draw_key: str
) -> list[tuple[object, ...]]:
    result: list[tuple[object, ...]] = []
    for place, n in sorted(wanted.items()):
        here = [r.uid for r in frame if (r.task, r.county, r.stratum) == place and r.state == "eligible"]
        order = sorted((ticket(draw_key, uid), uid) for uid in here)[:n]
        result += [(*place, number, uid, digest) for number, (digest, uid) in enumerate(order, start=1)]
    return result


@pytest.mark.parametrize("example", ["draw_example_1", "draw_example_2"])
def test_the_published_vectors_in_sql(engine: DuckDBEngine, example: str) -> None:
    files = {path.name: path.read_bytes() for path in (GOLDEN / example).iterdir()}
    found = draw_folder(engine, GOLDEN / example, json.loads(files["certificate.json"])["key"])
    assert (found.allocation_csv, found.cuts_csv, found.drawn_csv) == tuple(
        files[name] for name in ("allocation.csv", "cuts.csv", "drawn.csv")
    )
    assert found.reserve_csv == redraw(files)["reserve.csv"]


def test_strata_that_promise_more_than_the_frame_holds_are_refused(engine: DuckDBEngine, tmp_path: Path) -> None:
    files = one_task({("X", "B"): 3}, LEVELS).files()
    files["strata.csv"] = files["strata.csv"].replace(b"T,X,B,3,3,", b"T,X,B,3,4,")
    with pytest.raises(DrawError, match=r"strata\.csv 的 eligible 多于"):
        draw_folder(engine, laid(files, tmp_path / "x"), key(1))


def test_the_bound_is_rounded_up_from_integers() -> None:
    for wanted in [*range(40), 10**4, 10**6 + 1]:
        for eligible in [1, 7, 1000, 10**7]:
            exact = (wanted + 6 * sqrt(wanted) + 20) / eligible * 2**32
            found = int(first_digits(wanted, eligible), 16)
            assert found >= min(int(exact), 2**32 - 1)
            assert found <= exact + 2 * 2**32 / eligible
    assert first_digits(10, 10) == "ffffffff"
    assert first_digits(4, 2**32) == f"{4 + isqrt(36 * 4) + 20:08x}"
