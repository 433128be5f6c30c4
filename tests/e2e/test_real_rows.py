"""Real register rows: every one accepted, duplicate or quarantined with a reason, and in or out of jurisdiction.

No name or code of a real row goes into a message: only counts are compared. Skipped where the rows are absent.
"""

from __future__ import annotations

import csv
import gzip
import re
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import openpyxl
import pytest

from tests.e2e.conftest import Outcome, generate_into

REGISTRIES = {
    "yuncheng": ("yuncheng_registry_1980_2004.csv", 2_975),
    "shanxi": ("shanxi_registry_1980_2004.csv.gz", 33_385),
}


@pytest.fixture(scope="module", params=sorted(REGISTRIES))
def real_month(
    request: pytest.FixtureRequest,
    real_data: Path,
    tmp_path_factory: pytest.TempPathFactory,
    run_home: Callable[..., Outcome],
) -> tuple[Outcome, Path, int]:
    name, rows = REGISTRIES[request.param]
    registry = real_data / "registry_yuncheng" / name
    home = tmp_path_factory.mktemp(request.param)
    generate_into(home / "inbox", registry=registry)
    return run_home(home), registry, rows


def test_all_real_rows_are_accounted_for(real_month: tuple[Outcome, Path, int]) -> None:
    outcome, registry, rows = real_month
    assert outcome.code == 0, outcome.errors
    [register] = [r for r in outcome.table("intake") if r["source"] == "register"]
    assert register["delivered_rows"] == rows == _count(registry)
    assert register["accepted_rows"] + register["quarantined_rows"] + register["duplicates_rows"] == rows
    assert register["accepted_rows"] > rows - 50
    reasons = [r["reasons"] for r in outcome.table("quarantined") if r["source"] == "register"]
    assert len(reasons) == register["quarantined_rows"] and all(reasons)


def test_accepted_ones_are_in_or_out_of_jurisdiction(real_month: tuple[Outcome, Path, int]) -> None:
    outcome, _, _ = real_month
    subjects = outcome.table("subject")
    placed = Counter((r["in_jurisdiction"], r["county_basis"]) for r in subjects)
    assert set(placed) <= {
        (True, "address"), (True, "division_code"), (True, "assigned"), (False, "address"), (False, "none"), (False, "division_code")
    }  # fmt: skip
    assert placed[True, "address"] > 2_000
    assert 2_950 < sum(n for (inside, _), n in placed.items() if inside) < 3_000
    inside = {r["county"] for r in subjects if r["in_jurisdiction"]}
    assert len(inside) == 14
    outside = {r["uid"] for r in subjects if not r["in_jurisdiction"]}
    assert not outside & {r["uid"] for r in outcome.table("population")}
    assert not outside & {r["uid"] for r in outcome.table("quarantined") if "uid" in r}


def test_address_and_credit_code_agree_where_both_speak(real_month: tuple[Outcome, Path, int]) -> None:
    """An independent look at the county: division digits of the code against the place found in the address."""
    outcome, _, _ = real_month
    both = [
        (r["county"], r["uscc"][2:8])
        for r in outcome.table("subject")
        if r["county_basis"] == "address"
        and r["in_jurisdiction"]
        and re.match("1408(0[2-9]|[1-9])", (r["uscc"] or "")[2:])
    ]
    differ = sum(1 for county, division in both if county not in (division, "1408KF"))
    assert len(both) > 1_500 and differ <= 10


def test_every_output_says_what_is_real_and_what_is_not(real_month: tuple[Outcome, Path, int]) -> None:
    outcome, _, _ = real_month
    for name in ("sampling_plan", "drawn_internal", "task_status", "timeliness"):
        cover = openpyxl.load_workbook(outcome.outbox / f"{name}.xlsx", read_only=True).worksheets[0]
        words = "".join(str(value) for row in cover.iter_rows(values_only=True) for value in row if value)
        assert "真实企业" in words and "生成" in words and "演示" in words, name
    assert all("演示" in line for line in (outcome.outbox / "drawn_public.csv").read_text("utf-8-sig").splitlines()[1:])


def _count(registry: Path) -> int:
    opener = gzip.open if registry.suffix == ".gz" else open
    with opener(registry, "rt", encoding="utf-8-sig", newline="") as file:  # type: ignore[operator]
        return sum(1 for _ in csv.reader(file)) - 1
