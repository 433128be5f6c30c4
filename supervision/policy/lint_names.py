"""Rules on names from outside the policy: 抽查事项, units, departments, special fields, exploratory sources.

Not here: where those lists come from (resources.reference), rules that need the policy alone (lint_whole, lint_tasks).
"""

from __future__ import annotations

from collections.abc import Collection, Iterator

from supervision.policy.finding import Finding, Known
from supervision.policy.model import Policy


def _unknown(path: str, codes: Collection[str], known: Collection[str], what: str, clause: str) -> Iterator[Finding]:
    for place, code in enumerate(codes):
        if code not in known:
            yield Finding(f"{path}[{place}]" if isinstance(codes, tuple) else path, what.format(code), clause)


def items(policy: Policy, known: Known) -> Iterator[Finding]:
    """Every 抽查事项 is on the list."""
    for task in policy.tasks.values():
        what = "“{}”不在抽查事项清单中，请改正编号或先把事项补入清单"
        yield from _unknown(f"tasks.{task.code}.items", task.items, known.items, what, "国市监信〔2019〕38号")


def units(policy: Policy, known: Known) -> Iterator[Finding]:
    """Lane owner, initiator and cooperating sections are units; counties are 检查主体."""
    what = "“{}”不是单位代码，请对照 units.csv 改正"
    for task in policy.tasks.values():
        path = f"tasks.{task.code}"
        yield from _unknown(f"{path}.lane_owner", [task.lane_owner], known.units, what, "R-45")
        yield from _unknown(f"{path}.initiator", [task.initiator], known.units, what, "DOMAIN §4.1")
        yield from _unknown(f"{path}.cooperating", task.cooperating, known.units, what, "DOMAIN §4.1")
    yield from _unknown(
        "counties", policy.counties, known.counties, "“{}”不是县级检查主体，请对照 units.csv 改正", "R-43"
    )


def all_counties(policy: Policy, known: Known) -> Iterator[Finding]:
    """No 检查主体 is left out: the subjects of one that is would be in no frame (R-43)."""
    missing = sorted(set(known.counties) - set(policy.counties))
    if missing:
        what = f"缺少 {'、'.join(missing)}，须正好列出 units.csv 的全部县级检查主体，请补上（只在部分单位开展的，写在任务的 scope.counties）"
        yield Finding("counties", what, "R-43")


def departments(policy: Policy, known: Known) -> Iterator[Finding]:
    """A joint task names departments, or units of the house, and at least one other department."""
    for task in policy.tasks.values():
        if task.joint is None:
            continue
        path, listed = f"tasks.{task.code}.joint", {*known.departments, *known.units}
        what = "“{}”不是部门代码，请对照 departments.csv 改正"
        yield from _unknown(f"{path}.initiating", [task.joint.initiating], listed, what, "R-48")
        yield from _unknown(f"{path}.cooperating", task.joint.cooperating, listed, what, "R-48")
        if not {task.joint.initiating, *task.joint.cooperating} & set(known.departments):
            yield Finding(path, "没有其他部门参加，不是部门联合，请补上部门或写 null", "R-48")


def fields(policy: Policy, known: Known) -> Iterator[Finding]:
    """Every special field is one that the sources can bring."""
    for field in policy.fields:
        if field not in known.fields:
            yield Finding(f"fields.{field}", "不是来源字典中的专业领域，请改正代码", "R-14")


def sources(policy: Policy, known: Known) -> Iterator[Finding]:
    """Only exploratory sources are let in by name."""
    what = "“{}”不是登记的探索性来源，请对照 sources.yaml 改正"
    yield from _unknown("exploratory_sources", policy.exploratory_sources, known.exploratory_sources, what, "R-16")
