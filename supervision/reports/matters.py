"""What needs a decision this month: each matter in one sentence, what may be done, and who decides.

Here: the rules (R-07, R-20, R-29, R-35, R-38, R-41, R-42; §1.6 trap ii) over counts by unit. Not here: what changed since
last month (monthly), where the counts come from (assets.monthly_report). No firm is named, no grade by unit.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from supervision.reports.monthly import NAMED, Item, Urgency, named

_OFFICE = "信用监督管理科"
_LEADER = "分管局领导"
_ORDER: tuple[Urgency, ...] = ("red", "amber", "green", "plain")


@dataclass(frozen=True, slots=True)
class Cluster:
    """A cell county × industry above the alarm (R-35): firms of grade C or D among those graded, and the city's share."""

    county: str
    industry: str
    high: int
    firms: int
    ratio: str


@dataclass(frozen=True, slots=True)
class Matters:
    """What may wait for a decision; unit names -> counts, texts as the tables tell them; empty when there is nothing.

    findings: of the grade snapshot that a person must look at, and `settled` how it was decided; migration: the alarm of
    §4.8; questions: names of the notice that only a person settles; listed: bulletin items of the month by unit, red ones;
    indices: units whose differentiation index is below the threshold; leaks: public files beyond the limit.
    """

    findings: str | None = None
    settled: str | None = None
    migration: str | None = None
    questions: Sequence[tuple[str, str]] = ()
    unassignable: Mapping[str, int] | None = None
    unmet: Mapping[str, int] | None = None
    unacknowledged: Mapping[str, int] | None = None
    unpublished: Mapping[str, int] | None = None
    clusters: Sequence[Cluster] = ()
    leaks: Sequence[str] = ()
    listed: Mapping[str, int] | None = None
    overdue: Mapping[str, int] | None = None
    indices: Sequence[str] = ()


def decisions(matters: Matters) -> tuple[Item, ...]:
    """What needs a decision, the urgent first, else in the order of the rules; empty when nothing waits."""
    rules = (
        _findings, _migration, _leaks, _unacknowledged, _unassignable, _listed, _unmet, _unpublished, _overdue, _clusters, _indices,
        _questions,
    )  # fmt: skip
    found = [item for rule in rules for item in rule(matters)]
    return tuple(sorted(found, key=lambda item: _ORDER.index(item.urgency)))


def _counted(units: Mapping[str, int] | None) -> Mapping[str, int]:
    return {unit: number for unit, number in (units or {}).items() if number > 0}


def _findings(m: Matters) -> Sequence[Item]:
    if m.findings is None:
        return ()
    sources = ("snapshot_facts",)
    if m.settled is not None:
        return (
            Item("decision", "等级快照", "plain", f"{m.findings}；{m.settled}", sources, "无须再定，仅作告知", _OFFICE),
        )
    return (
        Item(
            "decision", "等级快照", "red", m.findings, sources, "核对后决定：沿用本月快照，或请省局重新推送（ssj decide）", _LEADER,
        ),
    )  # fmt: skip


def _migration(m: Matters) -> Sequence[Item]:
    if m.migration is None:
        return ()
    action = "问明省局是否调整了分类模型，再定是否按本月等级形成计划"
    return (Item("decision", "等级迁移异常", "red", m.migration, ("grade_migration",), action, _LEADER),)


def _leaks(m: Matters) -> Sequence[Item]:
    action = "决定是否停发逐户名单、只公开合计，或调整各档比例"
    return [Item("decision", "公开文件泄密度量", "red", told, ("leak_meter",), action, _LEADER) for told in m.leaks]


def _unacknowledged(m: Matters) -> Sequence[Item]:
    found = _counted(m.unacknowledged)
    if not found:
        return ()
    told = f"回传省级平台后超过 3 个工作日没有回执 {sum(found.values()):,} 条：{named(found, '条')}"
    return (
        Item(
            "decision",
            "结果回传",
            "red",
            told,
            ("inspection_outcome",),
            "由信用科与省局平台核对，需要时重新报送",
            _OFFICE,
        ),
    )


def _unassignable(m: Matters) -> Sequence[Item]:
    found = _counted(m.unassignable)
    if not found:
        return ()
    told = f"没有合格检查组可派 {sum(found.values()):,} 户次：{named(found, '户次')}"
    action = "由市局统筹抽调人员（市抽），或批准改期"
    return (Item("decision", "无人可派", "red", told, ("county_capacity",), action, _LEADER),)


def _listed(m: Matters) -> Sequence[Item]:
    found = _counted(m.listed)
    if not found:
        return ()
    told = f"按规则应予通报（严重）{sum(found.values()):,} 项：{named(found, '项')}"
    return (Item("decision", "通报", "red", told, ("bulletin",), "审定并签发通报，限期说明或整改", _LEADER),)


def _unmet(m: Matters) -> Sequence[Item]:
    found = _counted(m.unmet)
    if not found:
        return ()
    told = f"检查力量不足，缺口 {sum(found.values()):,} 户：{named(found, '户')}"
    return (
        Item("decision", "检查力量缺口", "amber", told, ("county_capacity",), "决定顺延、跨县支援或调减任务", _LEADER),
    )


def _unpublished(m: Matters) -> Sequence[Item]:
    found = _counted(m.unpublished)
    if not found:
        return ()
    told = f"检查结果超过 20 个工作日仍未公示 {sum(found.values()):,} 条：{named(found, '条')}"
    return (Item("decision", "结果公示", "amber", told, ("inspection_outcome",), "督促所列单位公示", _OFFICE),)


def _overdue(m: Matters) -> Sequence[Item]:
    found = _counted(m.overdue)
    if not found:
        return ()
    told = f"重点任务逾期未完成 {sum(found.values()):,} 项次：{named(found, '项')}"
    return (Item("decision", "重点任务", "amber", told, ("task_status",), "约谈或书面督办，写明新的期限", _LEADER),)


def _clusters(m: Matters) -> Sequence[Item]:
    if not m.clusters:
        return ()
    first = "、".join(f"{c.county}{c.industry}（{c.high}/{c.firms} 户，为全市的 {c.ratio} 倍）" for c in m.clusters[:2])
    more = f"等 {len(m.clusters)} 处" if len(m.clusters) > 2 else ""
    told = f"C、D类企业集中：{first}{more}"
    return (Item("decision", "聚集预警", "amber", told, ("cluster_alarm",), "决定是否开展专项检查或约谈行业", _LEADER),)


def _indices(m: Matters) -> Sequence[Item]:
    if not m.indices:
        return ()
    listed = "、".join(m.indices[:NAMED]) + (f"等 {len(m.indices)} 个单位" if len(m.indices) > NAMED else "")
    told = f"差异化程度不足（指数低于标准）：{listed}"
    return (Item("decision", "差异化监管", "amber", told, ("differentiation",), "核对抽查比例，下月起调整", _OFFICE),)


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
