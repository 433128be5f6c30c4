"""`ssj decide`: what only a person can decide: that a held plan goes on, or which unit an ambiguous name of the notice means.

Here: the role's duty, the findings in force, the candidates, what to do next. Not here: what is found (supervision.snapshot),
the chain (resources.decisions), approving a round (ssj approve).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import pyarrow.parquet as pq
import typer

from resources import clock
from resources.decisions import DecisionError, Decisions
from resources.lake import MonthLake
from resources.reference import policy_for, task_register, units
from resources.settings import Home
from supervision.months import check_month
from supervision.reports import leak_limits
from supervision.round_steps import APPROVE, check_role
from supervision.snapshot import HOLD
from supervision.task_register import check_choice, parse_units


def decide_hold(month: str, hold: str, reason: str, role: str, home: Path | None) -> None:
    """Enter the decision in the ledger; the next run of the month goes on if it finds the same, and only then.

    Raises DecisionError when the month waits for nothing that can be decided so, RoundError for a role without the duty.
    """
    check_role(policy_for(check_month(month))[0].roles, role, APPROVE)
    folder = Home.at(home)
    lake = MonthLake(folder, month)
    waiting = lake.holds()
    if hold not in _FINDINGS or hold not in waiting:
        others = "、".join(sorted(waiting)) or "无"
        able = "、".join(sorted(_FINDINGS))
        raise DecisionError(
            f"{month} 没有可以这样决定的等待事项“{hold}”（现有：{others}）：可以决定的只有 {able}，进度见 ssj status"
        )
    findings, digest = _FINDINGS[hold](lake)
    Decisions(folder).enter(month, hold, digest, reason=reason, role=role)
    typer.echo(f"已记入台账：{month} {findings}；由 {role} 决定继续")
    typer.echo(f"请重新运行 ssj run --month {month}；快照或发现再有变化，将重新等待决定")


def _snapshot_findings(lake: MonthLake) -> tuple[str, str]:
    """What was found in the grade snapshot, and its digest."""
    [facts] = pq.read_table(lake.table("snapshot_facts"), columns=["findings", "findings_sha256"]).to_pylist()
    return facts["findings"], facts["findings_sha256"]


def _leak_findings(lake: MonthLake) -> tuple[str, str]:
    """Which public files tell more than their limits, and the digest of by how much."""
    rows = pq.read_table(lake.table("leak_meter")).to_pylist()
    return f"公开文件泄密度量超出上限：{leak_limits.told(rows)}", leak_limits.findings_sha256(lake.month, rows)


_FINDINGS: Mapping[str, Callable[[MonthLake], tuple[str, str]]] = {
    HOLD: _snapshot_findings,
    leak_limits.HOLD: _leak_findings,
}


def decide_unit(name: str, means: Sequence[str], reason: str, role: str, home: Path | None) -> None:
    """Enter which units a name of the notice means; the register uses it for months looked at as of today or later.

    Raises DecisionError when the notice leaves no such name open, TaskError for a unit that is no candidate, RoundError for
    a role without the duty.
    """
    check_role(policy_for(f"{clock.now():%Y-%m}")[0].roles, role, APPROVE)
    known = parse_units(units())
    left_open = task_register(known).decisions.values()
    decision = next((each for each in left_open if name in (each.id, each.name)), None)
    if decision is None:
        names = "、".join(each.name for each in left_open)
        raise DecisionError(f"通知中没有待明确的名称“{name}”，可以决定的有：{names}")
    found = [(text, known.resolve(text)) for text in means]
    codes = [text if unit is None else unit.code for text, unit in found]
    check_choice(decision.name, codes, decision.candidates)
    Decisions(Home.at(home)).settle_unit(decision.id, codes, reason=reason, role=role)
    told = "、".join(known.by_code[code].name for code in codes)
    typer.echo(f"已记入台账：通知所写“{decision.name}”指{told}；由 {role} 决定")
    typer.echo("今日及以后截至的月份按此列责任单位，以前的月份不变")
