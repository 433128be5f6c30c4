"""Cities of 60,000, 200,000 and a million enterprises, each program a process of its own, its time and memory printed.

Here: that size changes nothing that is promised, and the bounds of memory. Time is printed, never judged (bench).
"""

from __future__ import annotations

import json
import shutil
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pytest

from tests.e2e.conftest import (
    MONTH,
    Outcome,
    kept_files,
    missed_faults,
    planted_faults,
    wrongly_quarantined,
)
from tests.long.conftest import Watch, Watched

PROGRAM = Path(sys.executable).with_name("ssj")
# What `monthly` does first, for one source alone, under the engine's own limit.
ONE_SOURCE = """
import sys
import dagster as dg
from pipelines.definitions import build_defs
from resources.house import House
home, month, source = sys.argv[1:]
house = House(home=home)
assert house.memory_limit == "1GB", house.memory_limit
job = build_defs(house=house).resolve_implicit_global_asset_job_def()
read = ("deliveries", "received_file", "received_sheet", "header_drift", f"delivered_{source}")
accepted = (f"accepted_{source}", *(("identity",) if source == "register" else ()))
assets = [dg.AssetKey(name) for name in (*read, *accepted)]
loggers = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}
job.execute_in_process(partition_key=month, asset_selection=assets, run_config=loggers)
"""


@dataclass
class City:
    """A generated city, and the month run over it."""

    home: Path
    made: Watched
    run: Watched

    @property
    def outcome(self) -> Outcome:
        return Outcome(self.home, self.run.code)


def generated(watch: Watch, home: Path, enterprises: int, defects: float) -> Watched:
    options = ("--month", MONTH, "--enterprises", enterprises, "--defects", defects, "--out", home / "inbox")
    return watch(f"生成 {enterprises:,} 户", PROGRAM, "generate", *options)


def month_of(watch: Watch, home: Path, enterprises: int) -> Watched:
    return watch(f"{enterprises:,} 户的一个月", PROGRAM, "run", "--month", MONTH, "--home", home)


@pytest.fixture(scope="module", params=[60_000, 200_000])
def city(request: pytest.FixtureRequest, watch: Watch, tmp_path_factory: pytest.TempPathFactory) -> Iterator[City]:
    """A city with two faults in a thousand rows, its month run."""
    home = tmp_path_factory.mktemp("city") / "home"
    made = generated(watch, home, request.param, 0.002)
    yield City(home, made, month_of(watch, home, request.param))
    shutil.rmtree(home)


@pytest.fixture(scope="module")
def million(watch: Watch, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, Watched]]:
    """The deliveries of a city of a million enterprises."""
    home = tmp_path_factory.mktemp("million") / "home"
    yield home, generated(watch, home, 1_000_000, 0)
    shutil.rmtree(home)


def lost(home: Path) -> list[tuple[str, str]]:
    """The delivered files whose rows are not each in one place, counted against their manifests; not those set aside."""
    version = home / "lake" / MONTH / (home / "lake" / MONTH / "current").read_text()
    aside = {
        (row["delivery_id"], row["file_name"])
        for row in Outcome(home, 0).table("received_file")
        if row["read_state"] != "read"
    }
    declared = {
        place: file["rows"]
        for manifest in (home / "inbox").glob("*/manifest.json")
        for file in json.loads(manifest.read_text("utf-8"))["files"]
        if (place := (manifest.parent.name, file["name"])) not in aside
    }
    tables = [*version.glob("accepted_*.parquet"), version / "quarantined.parquet", version / "duplicates.parquet"]
    counted = duckdb.execute(
        """
        select delivery_id, file_name, count(distinct (sheet, row_no)), count(*) - count(distinct row_id)
        from read_parquet($tables, union_by_name = true) group by all
        """,
        {"tables": [str(path) for path in tables]},
    ).fetchall()
    assert len(tables) > 35 and sum(declared.values()) > 200_000
    placed = {(delivery, name): counts for delivery, name, *counts in counted}
    return sorted(
        file for file in declared.keys() | placed.keys() if placed.get(file, [0, 0]) != [declared.get(file, 0), 0]
    )


def test_the_month_is_done_within_its_memory(city: City) -> None:
    assert (city.made.code, city.made.errors) == (0, "")
    assert (city.run.code, city.run.errors) == (0, "")
    assert city.run.gigabytes < 1.5


def test_no_row_is_lost(city: City) -> None:
    assert lost(city.home) == []


def test_every_planted_fault_is_found_and_nothing_else(city: City) -> None:
    truth = planted_faults(city.home / "inbox")
    kinds = Counter(fault["kind"] for fault in truth)
    assert len(truth) > 500 and len(kinds) >= 18, kinds
    assert missed_faults(city.outcome, truth) == []
    assert wrongly_quarantined(city.outcome, truth) == []


def test_the_draw_is_drawn_again_from_its_bundle(city: City, watch: Watch, tmp_path: Path) -> None:
    again = tmp_path / "again"
    done = watch("重算抽取", PROGRAM, "redraw", city.outcome.bundle, "--out", again)
    assert (done.code, done.errors) == (0, "")
    for path in again.iterdir():
        assert path.read_bytes() == (city.outcome.bundle / path.name).read_bytes(), path.name
    assert len(list(again.iterdir())) == 3


@pytest.mark.parametrize("city", [60_000], indirect=True)
def test_two_threads_over_many_row_groups_give_the_same_bytes(city: City, watch: Watch, tmp_path: Path) -> None:
    """Small tables lie in one row group, which one thread reads: only here can the order of threads show."""
    (tmp_path / "inbox").symlink_to(city.home / "inbox")
    again = month_of(watch, tmp_path, 60_000)
    assert (again.code, again.errors) == (0, "")
    assert kept_files(tmp_path) == kept_files(city.home)


def test_a_million_enterprises_are_generated_within_four_gigabytes(million: tuple[Path, Watched]) -> None:
    home, made = million
    assert (made.code, made.errors) == (0, "")
    assert made.gigabytes < 4
    assert "1000000 户" in made.output
    assert len(list((home / "inbox").glob("*/register.parquet"))) == 1


@pytest.mark.parametrize("source", ["register", "grade_snapshot"])
def test_a_million_rows_are_read_and_split_within_the_engine_s_gigabyte(
    million: tuple[Path, Watched], watch: Watch, tmp_path: Path, source: str
) -> None:
    (tmp_path / "inbox").symlink_to(million[0] / "inbox")
    done = watch(f"一百万户的 {source} 读取与验收", Path(sys.executable), "-c", ONE_SOURCE, tmp_path, MONTH, source)
    assert (done.code, done.errors) == (0, "")
    assert done.gigabytes < 2.5
    outcome = Outcome(tmp_path, 0)
    version = tmp_path / "lake" / MONTH / (tmp_path / "lake" / MONTH / "current").read_text()
    counts = [
        duckdb.execute(
            "select count(*) from read_parquet($path)", {"path": str(version / f"{name}.parquet")}
        ).fetchone()[0]
        for name in (f"delivered_{source}", f"accepted_{source}")
    ]
    assert counts[0] == counts[1] > 1_000_000
    assert outcome.table(f"quarantined_{source}") == outcome.table(f"duplicates_{source}") == []


def test_the_month_of_a_million_enterprises(million: tuple[Path, Watched], watch: Watch) -> None:
    home, _ = million
    done = month_of(watch, home, 1_000_000)
    assert (done.code, done.errors) == (0, "")
    assert done.gigabytes < 4
    assert lost(home) == []
