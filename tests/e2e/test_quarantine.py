"""The quarantine over a month that was really run: corrected rows come back, sheets can be read; a month of 2022.

Here: `ssj quarantine` on the tables that the assets wrote, and effective records of October 2022 by the rules of 2022.
Not here: each verb's refusals (tests/unit/test_quarantine), the look of a sheet (tests/unit/test_quarantine_sheet).
"""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Mapping
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from data_contracts.model import source_contract
from pipelines.cli import app
from resources.clock import SHANGHAI
from resources.inbox import read_file
from resources.periods import periods
from resources.settings import REFERENCE, Home
from supervision.periods import Record
from tests.e2e.conftest import MONTH, Outcome


def carry(home: Path, month: str, job: str, *targets: str) -> None:
    """Run a job's assets, or those that the targets need, in this process; a failure is raised."""
    import dagster as dg

    from pipelines.cli.run import instance_of
    from pipelines.definitions import build_defs
    from resources.house import House

    defs = build_defs(house=House(home=str(home)))
    chosen = None
    if targets:
        graph = defs.resolve_asset_graph()
        chosen = sorted(dg.AssetSelection.assets(*targets).upstream().resolve(graph))
    with instance_of(Home(home).create()) as instance:
        defs.resolve_job_def(job).execute_in_process(
            partition_key=month,
            instance=instance,
            asset_selection=chosen,
            run_config={"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}},
        )


def table(home: Path, month: str, name: str) -> list[dict[str, Any]]:
    version = (home / "lake" / month / "current").read_text()
    rows: list[dict[str, Any]] = pq.read_table(home / "lake" / month / version / f"{name}.parquet").to_pylist()
    return rows


def ssj(home: Path, *words: str) -> str:
    done = CliRunner().invoke(app, ["quarantine", *words, "--home", str(home)], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return done.output


@pytest.fixture
def home(finished: Outcome, tmp_path: Path) -> Path:
    """The finished month of a city with planted faults, in a folder of its own."""
    assert finished.code == 0, finished.errors
    shutil.copytree(finished.home, tmp_path / "home")
    return tmp_path / "home"


def test_corrected_rows_are_released_accepted_and_linked(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in ("correction", "release"):
        moment = datetime(2026, 10, 30, 9, 0, tzinfo=SHANGHAI)
        monkeypatch.setattr(f"resources.quarantine.{module}.now", lambda moment=moment: moment)
    dates = ("decision_date.type", "listed_on.type", "recorded_on.type")
    aside, still_wrong = [], 0
    for row in table(home, MONTH, "quarantined"):
        if row["rule_ids"] in dates and len(aside) < 6:
            title = source_contract(row["source"]).column(row["rule_ids"].removesuffix(".type")).title
            said = ssj(home, "correct", row["row_id"], f"{title}=2026-10-08", "--reason", "按原件核对", "--actor", "王")
            if said.startswith("更正已记录，按契约可以接收"):
                aside.append(row)
            else:  # such as a removal before the new day of listing
                still_wrong += 1
    assert len(aside) >= 2
    said = ssj(home, "release", "--all", "--actor", "王")
    assert sum(int(line.split()[1]) for line in said.splitlines() if line.startswith("已放行")) == len(aside)
    assert said.count("未放行") == still_wrong

    carry(home, MONTH, "collect")
    for row in aside:
        [link] = [a for a in table(home, MONTH, f"accepted_{row['source']}") if a["corrects_row_id"] == row["row_id"]]
        assert str(link["formed_on"]) == "2026-10-08" and "-Q0" in link["delivery_id"]
    assert f"隔离 {len(aside)} 行" in ssj(home, "list", "--state", "resolved").splitlines()[-1]
    assert {row["misplaced_rows"] for row in table(home, MONTH, "conservation")} == {0}


def test_every_correction_sheet_can_be_sent_back_as_it_is(home: Path) -> None:
    ssj(home, "return")
    aside = table(home, MONTH, "quarantined")
    units = {row["delivery_id"]: row["unit_code"] for row in table(home, MONTH, "deliveries")}

    def sheet(row: dict) -> tuple[str, str, str]:
        """Records and withdrawals go back on sheets of their own; `w` in the row id marks a withdrawal."""
        kind = "withdrawal" if row["row_id"].partition(":")[0].endswith("w") else "correction"
        return kind, units[row["delivery_id"]], row["source"]

    wanted = Counter(map(sheet, aside))
    assert sum(wanted.values()) > 50 and {kind for kind, _, _ in wanted} == {"correction", "withdrawal"}
    for (kind, unit, source), count in wanted.items():
        path = home / "outbox" / MONTH / "corrections" / f"{kind}_{unit}_{source}.xlsx"
        read = read_file(path, source_contract(source), rows=count)
        assert sorted(read.table.column("corrects_row_id").to_pylist()) == sorted(
            row["row_id"] for row in aside if sheet(row) == (kind, unit, source)
        )


def test_a_month_of_2022_is_computed_by_the_rules_of_2022(tmp_path: Path) -> None:
    from sample_city import generate

    month, as_of = "2022-10", date(2022, 10, 31)
    (tmp_path / "inbox").mkdir()
    generate(month, tmp_path / "inbox", codes=REFERENCE, enterprises=300, seed=8, defects=0.0)
    carry(tmp_path, month, "monthly", "effective_record")
    found = {
        row["row_id"]: row for row in table(tmp_path, month, "effective_record") if row["record_kind"] == "penalty"
    }
    repaired = {
        row["record_no"]
        for row in table(tmp_path, month, "accepted_repair")
        if row["outcome"] == "granted" and row["is_current"]
    }
    expected = {}
    for row in table(tmp_path, month, "accepted_penalty"):
        record = _record(row)
        last = periods().effective_until(record, as_of)
        stands = row["is_current"] and row["status"] != "撤销" and row["decision_no"] not in repaired
        if (
            stands
            and record.published_from <= as_of
            and periods().is_published(record, as_of)
            and last
            and last >= as_of
        ):
            expected[row["row_id"]] = (last, periods().repair_from(record, as_of))
    assert {place: (row["effective_until"], row["repair_from"]) for place, row in found.items()} == expected
    assert len(expected) >= 10
    assert {row["rule_id"][-4:] for row in found.values()} == {"2021"}
    # The rules of 2026 would end most of these a year after their publication.
    ends = [
        periods().effective_until(_record(row), date(2026, 10, 31))
        for row in table(tmp_path, month, "accepted_penalty")
    ]
    assert sum(1 for end in ends if end is not None and end >= as_of) < len(expected)


def _record(row: Mapping[str, Any]) -> Record:
    words = f"{row['violation_type'] or ''} {row['legal_basis'] or ''}"
    day = row["published_on"] or row["decision_date"]
    return Record("penalty", day, row["penalty_type"], row["fine_wan"], words, row["publish_until"])
