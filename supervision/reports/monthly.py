"""What the monthly report tells a leader: what needs a decision, what changed since last month, how it is rated.

Here: the rules and the sentences, over counts of the whole city or of a unit (notice 五 to 九; R-05, R-06, R-18, R-29, R-35,
R-41, R-42). Not here: which tables the counts come from (assets.monthly_report), figures, layout. Grades appear as totals of
the whole city only, and no firm at all.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Final, Literal

from supervision.reports.marks import AMBER, RED, Mark, timeliness_rating

Urgency = Literal["red", "amber", "green", "plain"]
Section = Literal["decision", "change", "figure"]
Share = tuple[int, int]  # numerator, denominator

URGENCY_MARKS: Final[Mapping[str, Mark]] = {
    "red": Mark("×", "bad"),
    "amber": Mark("▲", "warn"),
    "green": Mark("●", "good"),
    "plain": Mark("—", "plain"),
}
GRADES: Final = ("A", "B", "C", "D")
UNGRADED: Final = "U"
NAMED: Final = 4  # units told by name in one sentence; the rest are counted


@dataclass(frozen=True, slots=True)
class Item:
    """One sentence of the report. action, decided_by: only where a person has to decide; sources: tables it rests on."""

    section: Section
    topic: str
    urgency: Urgency
    told: str
    sources: tuple[str, ...]
    action: str | None = None
    decided_by: str | None = None


@dataclass(frozen=True, slots=True)
class Standing:
    """The city at the end of one month, as known on that day; None where it was not measured.

    grades: A…D and U -> firms; drawn: firm × task drawn; collected: unit -> (in time, due) by the 7-day clock; published:
    results public within 20 working days of those due; listed: items of the bulletin by level (red, amber); overdue:
    tasks of the notice not done in time; unacknowledged: rows returned to the province without answer beyond the time.
    """

    month: str
    grades: Mapping[str, int] | None
    drawn: int | None
    collected: Mapping[str, Share] | None
    published: Share | None
    listed: Mapping[str, int] | None
    overdue: int | None
    unacknowledged: int | None


def changes(before: Standing, now: Standing) -> tuple[Item, ...]:
    """What changed from the month before, each as it was known at its month's end; what was not measured is said so."""
    rules: tuple[Callable[[Standing, Standing], Sequence[Item]], ...] = (
        _grades_changed, _drawn_changed, _collected_changed, _units_changed, _published_changed, _listed_changed,
        _overdue_changed, _unacknowledged_changed,
    )  # fmt: skip
    found = [item for rule in rules for item in rule(before, now)]
    unknown = [item for item in found if not item.told]
    if not unknown:
        return tuple(found)
    told = f"{'、'.join(item.topic for item in unknown)}：没有上月或本月可比的数"
    sources = tuple(dict.fromkeys(name for item in unknown for name in item.sources))
    return (*(item for item in found if item.told), Item("change", "无从比较", "plain", told, sources))


def city_share(shares: Mapping[str, Share] | None) -> Share | None:
    """The units' shares added up; None when nothing was measured."""
    if shares is None:
        return None
    return sum(n for n, _ in shares.values()), sum(d for _, d in shares.values())


def percent(share: Share | None) -> str:
    """A share such as 94.9% or 100%, rounded down so that no share under a limit looks like the limit; — when nothing was due."""
    if share is None or share[1] == 0:
        return "—"
    tenths = 1000 * share[0] // share[1]
    return "100%" if tenths == 1000 else f"{tenths // 10}.{tenths % 10}%"


def share_urgency(share: Share | None) -> Urgency:
    """green, amber under 95 %, red under 85 % (DOMAIN §4.7 c), plain when nothing was due."""
    if share is None:
        return "plain"
    rating = timeliness_rating(*share)
    return {"达标": "green", "关注": "amber", "偏低": "red", "无应计": "plain"}[rating]  # type: ignore[return-value]


def task_urgency(counts: Mapping[str, int]) -> Urgency:
    """A task by the states of its units: red with one overdue, amber with one late or not begun, green, or not judged."""
    judged = {state for state, number in counts.items() if number and state != "n/a"}
    if "overdue" in judged:
        return "red"
    if judged & {"done_late", "not_started"}:
        return "amber"
    return "green" if judged else "plain"


def named(units: Mapping[str, int], measure: str = "") -> str:
    """Units with their counts, the greatest first: at most NAMED, then how many more."""
    ranked = sorted((unit for unit in units if units[unit]), key=lambda unit: (-units[unit], unit))
    told = "、".join(f"{unit} {units[unit]:,}{measure}" for unit in ranked[:NAMED])
    return f"{told}等 {len(ranked)} 个单位" if len(ranked) > NAMED else told


def _step(before: int, now: int, unit: str) -> str:
    if now == before:
        return "持平"
    return f"{'增' if now > before else '减'} {abs(now - before):,} {unit}"


def _rising(before: int, now: int) -> Urgency:
    """Of something that should be few."""
    return "plain" if now == before else "amber" if now > before else "green"


def _grades_changed(before: Standing, now: Standing) -> Sequence[Item]:
    if before.grades is None or now.grades is None:
        return [_unknown("信用风险等级", "grade_migration")]
    told = "，".join(f"{g}类 {now.grades[g]:,} 户（{_step(before.grades[g], now.grades[g], '户')}）" for g in GRADES)
    steps = [_rising(sum(before.grades[g] for g in high), sum(now.grades[g] for g in high)) for high in ("D", "CD")]
    urgency: Urgency = "amber" if "amber" in steps else "green" if "green" in steps else "plain"
    return (Item("change", "信用风险等级", urgency, told, ("grade_migration",)),)


def _drawn_changed(before: Standing, now: Standing) -> Sequence[Item]:
    if before.drawn is None or now.drawn is None:
        return [_unknown("抽查", "draw_history")]
    told = f"抽查 {now.drawn:,} 户次，上月 {before.drawn:,} 户次，{_step(before.drawn, now.drawn, '户次')}"
    return (Item("change", "抽查", "plain", told, ("sampling_plan", "draw_history")),)


def _collected_changed(before: Standing, now: Standing) -> Sequence[Item]:
    old, new = city_share(before.collected), city_share(now.collected)
    return [_share_changed("归集及时率", old, new, "collected_record")]


def _published_changed(before: Standing, now: Standing) -> Sequence[Item]:
    return [_share_changed("结果公示率", before.published, now.published, "publication")]


def _share_changed(topic: str, old: Share | None, new: Share | None, source: str) -> Item:
    if old is None or new is None or not old[1] or not new[1]:
        return _unknown(topic, source)
    points = Fraction(100 * new[0], new[1]) - Fraction(100 * old[0], old[1])
    step = "持平" if not round(points, 1) else f"{'升' if points > 0 else '降'} {abs(float(points)):.1f} 个百分点"
    worse: Urgency = "red" if share_urgency(new) == "red" else "amber"
    urgency: Urgency = "plain" if step == "持平" else "green" if points > 0 else worse
    told = f"{topic} {percent(new)}（{new[0]:,}/{new[1]:,}），上月 {percent(old)}，{step}"
    return Item("change", topic, urgency, told, (source,))


def _units_changed(before: Standing, now: Standing) -> Sequence[Item]:
    """Units that crossed a limit in either direction."""
    if before.collected is None or now.collected is None:
        return ()
    rank = {"偏低": 0, "关注": 1, "达标": 2}
    both = [
        (unit, rank.get(timeliness_rating(*before.collected[unit])), rank.get(timeliness_rating(*share)))
        for unit, share in sorted(now.collected.items())
        if unit in before.collected
    ]
    moved = [(unit, old, new) for unit, old, new in both if old is not None and new is not None and old != new]
    fell = [unit for unit, old, new in moved if new < old]
    rose = [unit for unit, old, new in moved if new > old]
    items = []
    for units, words, urgency in ((fell, "及时率降档", "amber"), (rose, "及时率升档", "green")):
        if units:
            more = f"等 {len(units)} 个单位" if len(units) > NAMED else ""
            told = f"{words}：{'、'.join(units[:NAMED])}{more}"
            items.append(Item("change", words, urgency, told, ("collected_record",)))  # type: ignore[arg-type]
    return items


def _listed_changed(before: Standing, now: Standing) -> Sequence[Item]:
    if before.listed is None or now.listed is None:
        return [_unknown("通报事项", "bulletin_reading")]
    old, new = sum(before.listed.values()), sum(now.listed.values())
    told = f"通报事项 {new:,} 项（严重 {now.listed.get('red', 0):,} 项），上月 {old:,} 项，{_step(old, new, '项')}"
    return (Item("change", "通报事项", _rising(old, new), told, ("bulletin_reading",)),)


def _overdue_changed(before: Standing, now: Standing) -> Sequence[Item]:
    if before.overdue is None or now.overdue is None:
        return [_unknown("重点任务", "task_status")]
    told = f"重点任务逾期未完成 {now.overdue:,} 项次，上月 {before.overdue:,} 项次，{_step(before.overdue, now.overdue, '项次')}"
    return (Item("change", "重点任务", _rising(before.overdue, now.overdue), told, ("task_status",)),)


def _unacknowledged_changed(before: Standing, now: Standing) -> Sequence[Item]:
    if before.unacknowledged is None or now.unacknowledged is None:
        return [_unknown("结果回传", "inspection_outcome")]
    old, new = before.unacknowledged, now.unacknowledged
    told = f"回传逾期无回执 {new:,} 条，上月 {old:,} 条，{_step(old, new, '条')}"
    return (Item("change", "结果回传", _rising(old, new), told, ("inspection_outcome",)),)


def _unknown(topic: str, source: str) -> Item:
    """Nothing to compare: `changes` tells all such topics in one sentence."""
    return Item("change", topic, "plain", "", (source,))


LIMITS: Final = f"及时率不低于 {float(AMBER * 100):g}% 为达标（●），低于 {float(AMBER * 100):g}% 为关注（▲），低于 {float(RED * 100):g}% 为偏低（×）"
