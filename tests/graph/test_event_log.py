"""An error that quotes a cell does not bring the cell into Dagster's event log (R-38)."""

from pathlib import Path
from typing import Any

import dagster as dg
import pyarrow as pa
import pytest

from assets.stage import Month, table_asset, tables_asset
from pipelines.partitions import months
from resources.faults import Fault, worded
from resources.house import House
from resources.lake import LakeError

CELL = "乜云岫14299991987654321X"


def conversion(month: Month) -> Any:
    with month.house.engine() as engine:
        return engine.select("select cast(cell as integer) as n from t", {"t": pa.table({"cell": [CELL]})})


def below_ours(month: Month) -> Any:
    try:
        conversion(month)
    except Exception as error:
        raise LakeError("表读不出来：请从备份恢复") from error


def key_of_a_cell(month: Month) -> Any:
    return {}[CELL]


def arrow(month: Month) -> Any:
    return pa.array([CELL]).cast(pa.int64())


def log_of(asset: dg.AssetsDefinition, home: Path) -> str:
    """Everything in the event log of a run of this asset alone, which must fail."""
    with dg.DagsterInstance.ephemeral() as instance:
        result = dg.materialize(
            [asset],
            partition_key="2026-10",
            resources={"house": House(home=str(home))},
            instance=instance,
            raise_on_error=False,
        )
        assert not result.success
        return "\n".join(str(entry) for entry in instance.all_logs(result.run_id))


@pytest.mark.parametrize("compute", [conversion, below_ours, key_of_a_cell, arrow])
@pytest.mark.parametrize("several", [False, True])
def test_the_event_log_names_the_error_and_not_the_cell(compute: Any, several: bool, tmp_path: Path) -> None:
    if several:
        asset = tables_asset("several", ["received_file"], months(), compute, deps=[])
    else:
        asset = table_asset("received_file", months(), compute, deps=[])
    log = log_of(asset, tmp_path)
    assert CELL not in log and "14299991987654321" not in log
    assert "STEP_FAILURE" in log
    assert ("请从备份恢复" if compute is below_ours else "程序出错（") in log
    assert compute is below_ours or f"{Path(__file__).name} 第 " in log or "duckdb_engine.py 第 " in log


def test_without_the_guard_the_cell_would_be_there(tmp_path: Path) -> None:
    @dg.asset(name="bare", partitions_def=months(), required_resource_keys={"house"})
    def bare(context: dg.AssetExecutionContext) -> None:
        house: House = context.resources.house
        conversion(Month("2026-10", house, house.month("2026-10")))

    assert CELL in log_of(bare, tmp_path)


def test_our_sentence_and_that_of_a_file_pass() -> None:
    with pytest.raises(LakeError, match="缺"), worded():
        raise LakeError("缺表")
    with pytest.raises(FileNotFoundError), worded():
        Path("/nowhere").read_bytes()
    with pytest.raises(Fault, match="程序出错（ValueError"), worded():
        int(CELL)
