"""What needs a decision this month: each matter in one sentence, what may be done, and who decides.

Here: the rules (R-07, R-20, R-29, R-35, R-38, R-41, R-42; §1.6 trap ii) over counts by unit. Not here: what changed since
last month (monthly), where the counts come from (assets.monthly_report). No firm is named, no grade by unit.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from supervision.reports.monthly import Item, Urgency, named

_OFFICE = "信用监督管理科"
_LEADER = "分管局领导"
_ORDER: tuple[Urgency, ...] = ("red", "amber", "green", "plain")


_SNAPSHOT = ("snapshot_facts",)


@dataclass(frozen=True, slots=True)
class Cluster:
    """A cell county × industry above the alarm (R-35): what is counted in words, hits among firms, times the city's share."""

    county: str
    industry: str
    measure: str
    hits: int
    firms: int
    ratio: str


@dataclass(frozen=True, slots=True)
class Matters:
    """What may wait for a decision; unit names -> counts, texts as the tables tell them; empty when there is nothing.

    findings: of the grade snapshot, and `settled` when no more is to be decided; migration: the alarms of §4.8; leaks:
    public files beyond their limit; listed: items of the bulletin by unit, and `severe` how many of them are red; questions:
    names of the notice that only a person settles.
    """

    findings: str | None = None
    settled: str | None = None
    migration: Sequence[str] = ()
    leaks: str = ""
    unacknowledged: Mapping[str, int] = field(default_factory=dict)
    unassignable: Mapping[str, int] = field(default_factory=dict)
    listed: Mapping[str, int] = field(default_factory=dict)
    severe: int = 0
    unmet: Mapping[str, int] = field(default_factory=dict)
    unpublished: Mapping[str, int] = field(default_factory=dict)
    clusters: Sequence[Cluster] = ()
    questions: Sequence[tuple[str, str]] = ()


def decisions(matters: Matters) -> tuple[Item, ...]:
    """What needs a decision, the urgent first, else in the order of the rules; empty when nothing waits."""
    rules = (
        _findings, _migration, _leaks, _unacknowledged, _unassignable, _listed, _unmet, _unpublished, _clusters, _questions,
    )  # fmt: skip
    found = [item for rule in rules for item in rule(matters)]
    return tuple(sorted(found, key=lambda item: _ORDER.index(item.urgency)))


def settled(matters: Matters) -> tuple[Item, ...]:
    """What of the month's snapshot is settled already: told beside what changed, since nobody has to decide it again."""
    if matters.findings is None or matters.settled is None:
        return ()
    return (Item("change", "等级快照", "plain", f"{matters.findings}；{matters.settled}", _SNAPSHOT),)


def _counted(units: Mapping[str, int]) -> Mapping[str, int]:
    return {unit: number for unit, number in units.items() if number > 0}


def _findings(m: Matters) -> Sequence[Item]:
    if m.findings is None or m.settled is not None:
        return ()
    return (
        Item(
            "decision", "等级快照", "red", m.findings, _SNAPSHOT, "核对后决定：沿用本月快照，或请省局重新推送（ssj decide）", _LEADER,
        ),
    )  # fmt: skip


def _migration(m: Matters) -> Sequence[Item]:
    if not m.migration:
        return ()
    action = "问明省局是否调整了分类模型；本月计划已经形成，确需更改的，作废批次后重新抽取"
    return (Item("decision", "等级迁移异常", "red", "；".join(m.migration), ("grade_trend",), action, _LEADER),)


def _leaks(m: Matters) -> Sequence[Item]:
    if not m.leaks:
        return ()
    told = f"公开文件可推知等级的概率超过上限：{m.leaks}"
    action = "决定是否停发逐户名单、只公开合计，或调整各档比例"
    return (Item("decision", "公开文件", "red", told, ("leak_meter",), action, _LEADER),)


def _by_unit(
    topic: str,
    urgency: Urgency,
    what: str,
    measure: str,
    units: Mapping[str, int],
    source: str,
    action: str,
    by: str,
) -> Sequence[Item]:
    """One matter of several units: what, how many in all, who has how many."""
    found = _counted(units)
    if not found:
        return ()
    told = f"{what} {sum(found.values()):,} {measure}：{named(found, measure)}"
    return (Item("decision", topic, urgency, told, (source,), action, by),)


def _unacknowledged(m: Matters) -> Sequence[Item]:
    what, action = "回传省级平台后满 3 个工作日没有回执", "与省局平台核对，需要时重新报送"
    return _by_unit("结果回传", "red", what, "条", m.unacknowledged, "return_reconciliation", action, _OFFICE)


def _unassignable(m: Matters) -> Sequence[Item]:
    what, action = "没有合格检查组可派", "由市局统筹抽调人员（市抽），或批准改期"
    return _by_unit("无人可派", "red", what, "户次", m.unassignable, "county_capacity", action, _LEADER)


def _listed(m: Matters) -> Sequence[Item]:
    found = _counted(m.listed)
    if not found:
        return ()
    told = f"按规则列入通报 {sum(found.values()):,} 项，其中严重 {m.severe:,} 项：{named(found, '项')}"
    urgency: Urgency = "red" if m.severe else "amber"
    return (Item("decision", "通报", urgency, told, ("bulletin",), "审定并签发通报，限期说明或整改", _LEADER),)


def _unmet(m: Matters) -> Sequence[Item]:
    what, action = "检查力量不足，缺口", "决定顺延、跨县支援或调减任务"
    return _by_unit("检查力量缺口", "amber", what, "户", m.unmet, "county_capacity", action, _LEADER)


def _unpublished(m: Matters) -> Sequence[Item]:
    what = "检查结果超过 20 个工作日仍未公示"
    return _by_unit("结果公示", "amber", what, "条", m.unpublished, "publication", "督促所列单位公示", _OFFICE)


def _clusters(m: Matters) -> Sequence[Item]:
    if not m.clusters:
        return ()
    first = "、".join(
        f"{c.county}“{c.industry}”{c.measure} {c.hits:,}/{c.firms:,} 户，为全市的 {c.ratio} 倍" for c in m.clusters[:2]
    )
    more = f"等 {len(m.clusters)} 处" if len(m.clusters) > 2 else ""
    told = f"风险聚集：{first}{more}"
    return (Item("decision", "聚集预警", "amber", told, ("cluster_alarm",), "决定是否开展专项检查或约谈行业", _LEADER),)


def _questions(m: Matters) -> Sequence[Item]:
    return [
        Item(
            "decision",
            f"待明确：{name}",
            "amber",
            question,
            ("task_status",),
            "由人明确一次并记录；此前所涉任务不评价",
            _LEADER,
        )
        for name, question in m.questions
    ]
