"""What Dagster loads: every asset described, owned, grouped and under a contract; the graph as a reviewed text.

Not here: what assets compute (tests/e2e).
"""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import dagster as dg
import pytest

from assets.schema import column_schema
from data_contracts.model import output_contract
from data_contracts.registry import sources
from pipelines.definitions import build_defs

GRAPH = Path(__file__).with_name("asset_graph.txt")
CHINESE = re.compile("[一-鿿]")
GROUPS = ("collected", "validated", "risk", "plan", "reports", "published")
SYSTEM = re.compile("[a-z][a-z0-9_]*")


@pytest.fixture(scope="module")
def defs() -> dg.Definitions:
    return build_defs()


def faults(defs: dg.Definitions) -> list[str]:
    """What an asset lacks that a person in the UI, or an auditor, would look for."""
    found = []
    for spec in defs.resolve_all_asset_specs():
        name = spec.key.to_user_string()
        metadata = spec.metadata
        if not SYSTEM.fullmatch(name):
            found.append(f"{name}: name")
        if not spec.description or not CHINESE.search(spec.description):
            found.append(f"{name}: description")
        if spec.group_name not in GROUPS:
            found.append(f"{name}: group")
        if not any(CHINESE.search(owner) for owner in spec.owners):
            found.append(f"{name}: owner")
        if not spec.kinds:
            found.append(f"{name}: kinds")
        schema = metadata.get("dagster/column_schema")
        columns = (
            schema.value.columns if isinstance(schema, dg.TableSchemaMetadataValue) else getattr(schema, "columns", [])
        )
        if not columns or not all(column.description and CHINESE.search(column.description) for column in columns):
            found.append(f"{name}: columns")
        if "数据契约" not in metadata:
            found.append(f"{name}: contract")
        if not isinstance(spec.partitions_def, dg.MonthlyPartitionsDefinition):
            found.append(f"{name}: partitions")
    return found


def graph_text(defs: dg.Definitions) -> str:
    """group/asset <- upstream, …"""
    specs = sorted(defs.resolve_all_asset_specs(), key=lambda s: (GROUPS.index(s.group_name), s.key))
    return "".join(
        f"{s.group_name}/{s.key.to_user_string()} <- {', '.join(sorted(d.asset_key.to_user_string() for d in s.deps)) or '-'}\n"
        for s in specs
    )


def test_every_asset_is_described_owned_and_under_contract(defs: dg.Definitions) -> None:
    assert faults(defs) == []


@pytest.mark.parametrize(
    ("missing", "complaint"),
    [("owners", "owner"), ("description", "description"), ("metadata", "contract"), ("group_name", "group")],
)
def test_an_asset_that_lacks_something_is_found(missing: str, complaint: str) -> None:
    whole = {
        "group_name": "risk",
        "description": "测试用",
        "owners": ["team:信用科"],
        "kinds": {"duckdb"},
        "metadata": {"dagster/column_schema": column_schema(output_contract("visit")), "数据契约": "x"},
    }
    kept = {key: value for key, value in whole.items() if key != missing}
    partitions = dg.MonthlyPartitionsDefinition("2026-01", fmt="%Y-%m")
    planted = dg.Definitions(assets=[dg.AssetSpec("planted", partitions_def=partitions, **kept)])
    whole_one = dg.Definitions(assets=[dg.AssetSpec("planted", partitions_def=partitions, **whole)])
    assert faults(whole_one) == []
    assert f"planted: {complaint}" in faults(planted)


def test_the_graph_is_the_reviewed_one(defs: dg.Definitions) -> None:
    """A changed arrow is a decision: look at it, then write it down by deleting the file and running this test twice."""
    text = graph_text(defs)
    if not GRAPH.exists():
        GRAPH.write_text(text, encoding="utf-8")
        pytest.fail("asset_graph.txt was missing and has been written: review it and commit it")
    assert text == GRAPH.read_text(encoding="utf-8")


def test_jobs_part_where_law_and_ceremony_part_them(defs: dg.Definitions) -> None:
    names = {name: defs.resolve_job_def(name) for name in ("collect", "monthly", "draw", "close")}
    assets = {name: {k.to_user_string() for k in job.asset_layer.selected_asset_keys} for name, job in names.items()}
    assert (
        assets["collect"] < assets["monthly"] and "due_soon" in assets["collect"] and "frame" not in assets["collect"]
    )
    assert not assets["monthly"] & assets["close"]
    assert "frozen_round" in assets["monthly"] and not {"committed_round", "drawn"} & assets["monthly"]
    assert {"committed_round", "drawn", "assignment", "round_bundle"} <= assets["draw"]
    assert "frozen_round" not in assets["draw"]
    assert "warehouse" in assets["close"] and "evidence" in assets["close"]
    everything = {spec.key.to_user_string() for spec in defs.resolve_all_asset_specs()}
    assert assets["monthly"] | assets["draw"] | assets["close"] == everything


def test_blocking_checks_stand_between_the_stages(defs: dg.Definitions) -> None:
    checks = {
        (spec.asset_key.to_user_string(), spec.name): spec.blocking
        for checks_def in defs.resolve_asset_graph().assets_defs
        for spec in checks_def.check_specs
    }
    for asset, name in (
        ("intake", "nothing_lost"),
        ("intake", "no_delivery_refused"),
        ("enterprise_month", "all_graded_or_explained"),
        ("intake", "required_sources_here"),
        ("frame_tally", "nobody_left_out"),
        ("accepted_register", "contract"),
        ("accepted_penalty", "contract"),
        ("enterprise_month", "contract"),
        ("drawn_public", "contract"),
    ):
        assert checks[asset, name], (asset, name)


def test_no_exploratory_source_reaches_risk_or_plan(defs: dg.Definitions) -> None:
    """Unless a policy names it (R-16); what counts rows over all sources (intake and the like) is no way into a plan."""
    exploratory = {f"accepted_{s.name}" for s in sources() if s.kind == "exploratory"}
    assert len(exploratory) == 3
    counting = {"quarantined", "duplicates", "schema_drift", "record", "conservation", "intake"}
    upstream = {
        s.key.to_user_string(): {d.asset_key.to_user_string() for d in s.deps} - counting
        for s in defs.resolve_all_asset_specs()
    }
    seen: set[str] = set()
    todo = ["committed_round", "enterprise_month", "triggered_inspection", "drawn"]
    while todo:
        name = todo.pop()
        if name not in seen:
            seen.add(name)
            todo += upstream[name]
    assert "accepted_penalty" in seen and not exploratory & seen


def test_the_schedule_runs_the_month_before_in_shanghai(defs: dg.Definitions) -> None:
    schedule = defs.resolve_schedule_def("monthly_on_the_6th")
    assert schedule.cron_schedule == "0 2 6 * *"
    assert schedule.execution_timezone == "Asia/Shanghai"
    from datetime import datetime
    from zoneinfo import ZoneInfo

    context = dg.build_schedule_context(
        scheduled_execution_time=datetime(2026, 11, 6, 2, tzinfo=ZoneInfo("Asia/Shanghai")),
        repository_def=defs.get_repository_def(),
    )
    assert [request.partition_key for request in schedule.evaluate_tick(context).run_requests] == ["2026-10"]


def test_a_webserver_can_load_all_of_it(defs: dg.Definitions) -> None:
    """Building is not loading: a job and a step of one name (both `draw`) passed every other test and broke the UI."""
    defs.get_repository_def().load_all_definitions()


def test_nothing_happens_at_import() -> None:
    """Importing the definitions reads no contract and builds nothing; calling does."""
    program = (
        "import pipelines.definitions, sys\n"
        "from data_contracts import model\n"
        "print(model.load_contracts.cache_info().currsize, 'great_expectations' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["0", "False"]


def test_overrides_are_named() -> None:
    with pytest.raises(TypeError, match="unknown overrides: clock"):
        build_defs(clock=None)
