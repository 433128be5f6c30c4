"""`ssj decide`: a person lets a held plan go on, in spite of exactly what was found.

Here: the role's duty, the findings in force, what to do next. Not here: what is found (supervision.snapshot), the chain
(resources.decisions), approving a round (ssj approve).
"""

from __future__ import annotations

from pathlib import Path

import pyarrow.parquet as pq
import typer

from resources.decisions import DecisionError, Decisions
from resources.lake import MonthLake
from resources.reference import policy_for
from resources.settings import Home
from supervision.months import check_month
from supervision.round_steps import APPROVE, check_role
from supervision.snapshot import HOLD


def decide_hold(month: str, hold: str, reason: str, role: str, home: Path | None) -> None:
    """Enter the decision in the ledger; the next run of the month goes on if it finds the same, and only then.

    Raises DecisionError when the month waits for nothing that can be decided so, RoundError for a role without the duty.
    """
    check_role(policy_for(check_month(month))[0].roles, role, APPROVE)
    folder = Home.at(home)
    lake = MonthLake(folder, month)
    waiting = lake.holds()
    if hold != HOLD or hold not in waiting:
        others = "、".join(sorted(waiting)) or "无"
        raise DecisionError(
            f"{month} 没有可以这样决定的等待事项“{hold}”（现有：{others}）：可以决定的只有 {HOLD}，进度见 ssj status"
        )
    [facts] = pq.read_table(lake.table("snapshot_facts"), columns=["findings", "findings_sha256"]).to_pylist()
    Decisions(folder).enter(month, hold, facts["findings_sha256"], reason=reason, role=role)
    typer.echo(f"已记入台账：{month} {facts['findings']}；由 {role} 决定继续")
    typer.echo(f"请重新运行 ssj run --month {month}；快照或发现再有变化，将重新等待决定")
