"""60,000 enterprises with two faults in a hundred rows: every planted fault found by its rule, none invented.

Here: collecting, validating and the reports of collection, really run. Not here: plans and draws (test_month).
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.e2e.conftest import MONTH, generate_into
from tests.e2e.truth import missed_faults, planted_faults, wrongly_quarantined

ENTERPRISES = 60_000
GROUPS = ("collected", "validated")
REPORTS = ("collected_record", "timeliness", "document_gap", "completeness", "push_reconciliation")


@dataclass(frozen=True)
class Collected:
    """A month collected and validated: its data folder."""

    home: Path

    def table(self, name: str) -> list[dict]:
        import pyarrow.parquet as pq

        lake = self.home / "lake" / MONTH
        return pq.read_table(lake / (lake / "current").read_text() / f"{name}.parquet").to_pylist()


@pytest.fixture(scope="module")
def collected(tmp_path_factory: pytest.TempPathFactory) -> Collected:
    import dagster as dg

    from pipelines.definitions import build_defs
    from resources.house import House

    home = tmp_path_factory.mktemp("truth")
    generate_into(home / "inbox", enterprises=ENTERPRISES, defects=0.02)
    job = build_defs(house=House(home=str(home))).resolve_implicit_global_asset_job_def()
    wanted = dg.AssetSelection.groups(*GROUPS) | dg.AssetSelection.assets(*REPORTS).upstream()
    keys = wanted.resolve(job.asset_layer.asset_graph)
    loggers = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}
    assert job.execute_in_process(partition_key=MONTH, asset_selection=sorted(keys), run_config=loggers).success
    return Collected(home)


@pytest.fixture(scope="module")
def truth(collected: Collected) -> list[dict]:
    return planted_faults(collected.home / "inbox")


def test_every_planted_fault_is_found_by_its_rule(collected: Collected, truth: list[dict]) -> None:
    assert len(truth) > 5000
    kinds = Counter(fault["kind"] for fault in truth)
    assert len(kinds) >= 20, kinds
    assert missed_faults(collected, truth) == []


def test_nothing_else_is_found(collected: Collected, truth: list[dict]) -> None:
    assert wrongly_quarantined(collected, truth) == []


def test_uncommon_but_right_rows_are_accepted_as_what_they_mean(collected: Collected) -> None:
    basis = Counter(
        (source, row["identity_basis"])
        for source in ("penalty", "licence", "abnormal_listing", "department_penalty")
        for row in collected.table(f"accepted_{source}")
    )
    for source, how in (
        ("penalty", "repaired"), ("penalty", "reg_no"), ("licence", "reg_no"), ("abnormal_listing", "reg_no"),
        ("licence", "name"), ("abnormal_listing", "name"), ("department_penalty", "name"),
    ):  # fmt: skip
        assert basis[source, how] >= 4, (source, how)
    parts = Counter(row["part_no"] for row in collected.table("accepted_penalty"))
    assert parts[2] >= 3
    fines = [row for row in collected.table("accepted_penalty") if row["fine_wan"] is not None]
    assert max(row["fine_wan"] for row in fines) < 100  # what was sent in 元 is no longer
    assert Counter(row["is_withdrawn"] for row in collected.table("accepted_penalty"))[True] >= 3


def test_what_never_left_its_unit_shows_in_the_counts(collected: Collected, truth: list[dict]) -> None:
    short = {
        (row["source"], row["unit_code"])
        for row in collected.table("completeness")
        if row["control_total"] is not None and row["missing_estimated"] > 0
    }
    lost = {
        (f["source"], f["unit_code"])
        for f in truth
        if f["kind"] == "missing_number" and f["source"] != "abnormal_listing"
    }
    assert lost and lost <= short
