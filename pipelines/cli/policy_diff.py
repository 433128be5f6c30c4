"""`ssj policy diff`: what a change of policy does to one month's subjects, by task, county and credit grade.

Here: running the plan's own SQL under each policy over the month's stored tables, and printing both. Not here: the
arithmetic (supervision.policy.effect). Internal: the figures stand by grade and go to the terminal only.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import typer

from assets import policy_tables as tables
from resources.engines.duckdb_engine import DuckDBEngine, sql_text
from resources.lake import LakeError, MonthLake
from resources.policy_files import PolicyFile, PolicyFileError, findings, line_of, read_policy
from resources.reference import units
from resources.settings import Home
from supervision.draw.ceremony import phase_salt
from supervision.months import check_month
from supervision.policy import Policy, demonstration_phase_beacon
from supervision.policy.effect import Change, Effect, Member, Total, compare, effects, for_year_of

VIEWS = (("task", "任务"), ("county", "检查主体"), ("credit_grade", "信用风险等级"))
# What the two SELECTs read of the month; a test runs them, so a table that they come to need is noticed.
SCOPE_INPUTS = ("enterprise_month", "subject", "subject_field", "subject_licence")
CANDIDATE_INPUTS = ("population", "enterprise_month", "subject_field", "visit", "draw_history", "accepted_white_list")
GRADE_NAMES = {"U": "未分类"}


def print_diff(old: Path, new: Path, month: str, home: Path | None) -> None:
    """Print the comparison. Raises PolicyFileError for a policy that cannot be used, LakeError for a month without tables."""
    check_month(month)
    before, after = _usable(old), _usable(new)
    folder = Home.at(home)
    if not folder.lake.is_dir():
        raise LakeError(f"数据目录 {folder.root} 还没有运行过任何月份：请先运行 ssj run --month {month}")
    lake = MonthLake(folder, month)
    with DuckDBEngine(temp_directory=folder.lake / ".spill") as engine:
        found = [_effects(engine, lake, for_year_of(file.policy, month)) for file in (before, after)]
    if lake.basis()["demonstration"]:
        typer.echo("演示数据")
    typer.echo(f"{month}：{before.name}（{before.policy.version}）→ {after.name}（{after.policy.version}）")
    typer.echo("内部使用。按当月主体推算，各任务分别计户次，同一户几项任务一次上门的未合并。")
    names = {
        "task": {t.code: t.name for file in (before, after) for t in file.policy.tasks.values()},
        "county": {row["unit_code"]: row["unit_name"] for row in units()},
        "credit_grade": GRADE_NAMES,
    }
    for view, title in VIEWS:
        _print_view(title, compare(*found, by=view), names[view])


def _usable(path: Path) -> PolicyFile:
    file = read_policy(path)
    for finding in findings(file.policy):
        line = line_of(file.lines, finding.path)
        raise PolicyFileError(f"{file.name}:{line}: {finding}", line)
    return file


def _effects(engine: DuckDBEngine, lake: MonthLake, policy: Policy) -> list[Effect]:
    basis = lake.basis()
    wide = tables.all_year(policy)
    given = tables.policy_tables(wide, lake.month)
    scope = engine.select(sql_text("plan/task_scope"), _stored(lake, SCOPE_INPUTS) | given)
    candidates = engine.select(
        sql_text("plan/frame_candidate"),
        _stored(lake, CANDIDATE_INPUTS) | given | {"task_scope": scope},
        tables.candidate_parameters(wide, lake.month, date.fromisoformat(basis["as_of"])),
    )
    year = int(lake.month[:4])
    beacon = None if basis["demonstration"] else basis.get("phase_beacon")
    salt = phase_salt(year, beacon or demonstration_phase_beacon(policy, year))
    return effects(policy, lake.month, _subjects(lake, candidates), salt)


def _stored(lake: MonthLake, names: Iterable[str]) -> dict[str, Any]:
    return {name: lake.table(name) for name in names}


def _subjects(lake: MonthLake, candidates: pa.Table) -> Mapping[Member, int]:
    """How many subjects count in the base of each stratum, by credit grade."""
    keys = ("task", "county", "stratum", "credit_grade")
    grades = pq.read_table(lake.table("enterprise_month"), columns=["uid", "credit_grade"])
    counted = candidates.select(["task", "uid", "county", "stratum", "in_observation", "on_white_list"])
    joined = (
        counted.join(grades, "uid").group_by([*keys, "in_observation", "on_white_list"]).aggregate([([], "count_all")])
    )
    found: dict[Member, int] = {}
    for row in joined.to_pylist():
        if not row["in_observation"] and not row["on_white_list"]:
            member = (row["task"], row["county"], row["stratum"], row["credit_grade"] or "U")
            found[member] = found.get(member, 0) + row["count_all"]
    return found


def _print_view(title: str, changes: list[Change], names: Mapping[str, str]) -> None:
    typer.echo(f"\n按{title}：现场检查户次 本月 旧→新（差），全年 旧→新（差）；非现场核查 全年 旧→新（差）")
    old, new = Total(), Total()
    for change in changes:
        typer.echo(
            f"  {change.name} {names.get(change.name, '')}：{_figures(change.old, change.new)}".replace(" ：", "：")
        )
        old, new = _add(old, change.old), _add(new, change.new)
    typer.echo(f"  合计：{_figures(old, new)}")


def _add(one: Total, other: Total) -> Total:
    return Total(one.month_e4 + other.month_e4, one.year_e4 + other.year_e4, one.checks_e4 + other.checks_e4)


def _figures(old: Total, new: Total) -> str:
    pairs = ((old.month_e4, new.month_e4), (old.year_e4, new.year_e4), (old.checks_e4, new.checks_e4))
    month, year, checks = (
        f"{float(a) / 10_000:.1f}→{float(b) / 10_000:.1f}（{float(b - a) / 10_000:+.1f}）" for a, b in pairs
    )
    return f"本月 {month}，全年 {year}；非现场 {checks}"
