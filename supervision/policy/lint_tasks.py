"""Rules on each task and its levels: scope, people, key fields, rising strictness, quota modes, gaps, caps.

Not here: rules on the whole (lint_whole.py), on names from outside (lint_names.py).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Final

from supervision.policy.finding import Finding, level_path
from supervision.policy.model import GRADES, ONSITE_RULES, STRATA, UNGRADED, WHOLE, Level, Policy, Task
from supervision.reports.leak import leak_words

_FEWEST_PEOPLE: Final = 2  # §2.2: at least two officers
_GAP_LIMIT: Final = 5_000  # DRAW.md §4: half of a stratum waiting out its gap
_CLEARLY: Final = (3, 2)  # R-28 大幅提高: 1.5 times, by this design
_LICENSED_FIELD: Final = "special_equipment"  # DOMAIN §4.4
# Fields the notice itself calls key ones (R-09, clause 四); medical devices are drugs' like in the law.
_KEY_FIELDS: Final = (
    "food_production",
    "food_sales",
    "catering",
    "drug",
    "medical_device",
    "special_equipment",
    "product_quality",
)
# Words of a licence or certificate that only firms of these fields hold.
_KEY_LICENCES: Final = ("食品", "餐饮", "药品", "医疗器械", "特种设备", "工业产品")
# The generic stratum that each stratum of a key field may not fall below (R-09, DOMAIN §5.2, §5.3).
_GENERIC_OF: Final = {"L1": "A", "L2": "B", "L3": "C", "L4": "D", "NONKEY": "B", "KEY": "C", "FLAT": "B"}


def _levels(policy: Policy) -> Iterator[tuple[Task, Level]]:
    for task in policy.tasks.values():
        for level in task.levels.values():
            yield task, level


def types(policy: Policy) -> Iterator[Finding]:
    """Types without a provincial grade enter no graded stratum, whether they are switched on or not (R-46)."""
    for task in policy.tasks.values():
        path = f"tasks.{task.code}.scope.types"
        for kind in task.types:
            if kind != "enterprise" and task.stratum_by in ("credit_grade", "combined"):
                what = f"省里不给 {kind} 评级，不得进入按等级分层的任务，请另设统一比例（flat）的任务"
                yield Finding(path, what, "R-46")


def one_field(policy: Policy) -> Iterator[Finding]:
    """A field's own grade or key units need exactly that field."""
    for task in policy.tasks.values():
        if task.stratum_by in ("combined", "key_unit") and len(task.fields) != 1:
            what = "按领域等级或重点单位分层的任务须正好有一个专业领域，请改正"
            yield Finding(f"tasks.{task.code}.scope.fields", what, "R-03")


def public_words(policy: Policy) -> Iterator[Finding]:
    """The public plan shows a task's name and scope: no word of grades or strata may stand in them (R-38)."""
    for task in policy.tasks.values():
        for key, text in (("name", task.name), ("object_scope", task.object_scope)):
            if leak_words(text):
                what = "写进公示的抽查计划，不得有等级、分层等字样，请改写"
                yield Finding(f"tasks.{task.code}.{key}", what, "R-38")


def people(policy: Policy) -> Iterator[Finding]:
    """At least two, and a licensed one for special equipment."""
    for task in policy.tasks.values():
        if task.team_size < _FEWEST_PEOPLE:
            yield Finding(f"tasks.{task.code}.team_size", "检查人员不得少于两人，请调高", "DOMAIN §2.2")
        if _LICENSED_FIELD in task.fields and task.specialty != _LICENSED_FIELD:
            what = f"特种设备检查须有持证人员，请填 {_LICENSED_FIELD}"
            yield Finding(f"tasks.{task.code}.specialty", what, "DOMAIN §4.4")


def joint(policy: Policy) -> Iterator[Finding]:
    """A joint task is called by one department and joined by others (R-48)."""
    for task in policy.tasks.values():
        if task.joint is not None and task.joint.initiating in task.joint.cooperating:
            what = "发起部门不能同时是配合部门，请改正"
            yield Finding(f"tasks.{task.code}.joint.cooperating", what, "R-48")


def key_named(policy: Policy) -> Iterator[Finding]:
    """The notice's key fields are marked as such."""
    for task in policy.tasks.values():
        if not task.key_field and set(task.fields) & set(_KEY_FIELDS):
            yield Finding(f"tasks.{task.code}.key_field", "通知所列的重点领域，请改为 true", "R-09")


def key_exempt(policy: Policy) -> Iterator[Finding]:
    """Nobody is exempt in a key field; by white list also not where a law sets the frequency."""
    for task in policy.tasks.values():
        if task.key_field and task.observation:
            what = "重点领域不得适用观察期，请改为 false"
            yield Finding(f"tasks.{task.code}.observation", what, "R-09，R-34")
        if task.white_list and (task.key_field or task.set_by_law):
            what = "重点领域和法定任务不得适用白名单，请改为 false"
            yield Finding(f"tasks.{task.code}.white_list", what, "R-09，R-34")


def key_by_licence(policy: Policy) -> Iterator[Finding]:
    """A task not marked as of a key field, but reaching only holders of such a field's licence, exempts nobody either."""
    for task in policy.tasks.values():
        held = task.licences and all(any(key in word for key in _KEY_LICENCES) for word in task.licences)
        if task.key_field or not held:
            continue
        for key, given, title in (
            ("observation", task.observation, "观察期"),
            ("white_list", task.white_list, "白名单"),
        ):
            if given:
                what = f"范围内都是重点领域的持证企业（{'、'.join(task.licences)}），不得适用{title}，请改为 false"
                yield Finding(f"tasks.{task.code}.{key}", what, "R-09，R-34")


def key_floor(policy: Policy) -> Iterator[Finding]:
    """A key field is not inspected less than the generic lane asks (R-09)."""
    generic = next((t for t in policy.tasks.values() if t.lane == "generic" and t.stratum_by == "credit_grade"), None)
    if generic is None:  # found by lanes
        return
    for task, level in _levels(policy):
        floor = generic.levels[_GENERIC_OF.get(level.stratum, level.stratum)]
        if task.key_field and level.rate_e4 < floor.rate_e4:
            what = f"重点领域比例 {level.rate_e4} 低于通用型 {floor.stratum} 的 {floor.rate_e4}，请调高"
            yield Finding(level_path(task, level, "rate_e4"), what, "R-09，DOMAIN §5.2")


def rising(policy: Policy) -> Iterator[Finding]:
    """Ratio, frequency and strictness never fall as the risk rises (R-10, R-24 to R-28)."""
    for task in policy.tasks.values():
        strata = [task.levels[name] for name in STRATA[task.stratum_by] if name != UNGRADED]
        for low, high in pairwise(strata):
            for key, holds, word in (
                ("rate_e4", low.rate_e4 <= high.rate_e4, "比例"),
                ("floor_e4", low.floor_e4 <= high.floor_e4, "保留份额"),
                ("onsite_rule", _strictness(low) <= _strictness(high), "现场检查要求"),
                ("gap_months", low.gap_months >= high.gap_months, "频次（间隔月数反向）"),
                ("yearly_cap", low.yearly_cap <= high.yearly_cap, "频次上限"),
            ):
                if not holds:
                    what = f"风险高于 {low.stratum} 而{word}更松，请改为逐级不降"
                    yield Finding(level_path(task, high, key), what, "R-10，R-24 至 R-28")


def _strictness(level: Level) -> int:
    return ONSITE_RULES.index(level.onsite_rule)


def highest(policy: Policy) -> Iterator[Finding]:
    """The highest risk is visited, and clearly more often than the one below, unless either is already complete."""
    for task in policy.tasks.values():
        if task.stratum_by == "flat":
            continue
        below, top = [task.levels[name] for name in STRATA[task.stratum_by] if name != UNGRADED][-2:]
        if not top.on_site:
            what = "风险最高一层须主动实施现场检查，请改为 on_site"
            yield Finding(level_path(task, top, "onsite_rule"), what, "R-28")
        if top.rate_e4 < WHOLE and top.rate_e4 * _CLEARLY[1] < below.rate_e4 * _CLEARLY[0]:
            what = f"风险最高一层应比 {below.stratum} 大幅提高：不到其 1.5 倍（倍数为本设计，满 10000 的不限），请调高"
            yield Finding(level_path(task, top, "rate_e4"), what, "R-28")


def cut_rising(policy: Policy) -> Iterator[Finding]:
    """Along the order of cuts neither rate nor floor falls."""
    for task in policy.tasks.values():
        ordered: Sequence[Level] = [task.levels[name] for name in policy.cut_order if name in task.levels]
        for first, then in pairwise(ordered):
            for key, holds in (
                ("rate_e4", first.rate_e4 <= then.rate_e4),
                ("floor_e4", first.floor_e4 <= then.floor_e4),
            ):
                if not holds:
                    what = f"沿 cut_order 从 {first.stratum} 到 {then.stratum} 下降，请调整数值或次序"
                    yield Finding(level_path(task, then, key), what, "DRAW §4")


def unbiased(policy: Policy) -> Iterator[Finding]:
    """A plain rate knows neither minimum nor census."""
    for task, level in _levels(policy):
        if level.rounding == "unbiased" and (level.minimum or level.minimum_if_base or level.census_up_to):
            what = "unbiased 不得带 minimum、minimum_if_base 或 census_up_to，请改为 0 或换取整方式"
            yield Finding(level_path(task, level, "rounding"), what, "DRAW §4")


def at_most(policy: Policy) -> Iterator[Finding]:
    """A minimum does not break 不超过."""
    for task, level in _levels(policy):
        if level.rounding == "at_most" and level.minimum > level.minimum_if_base * level.rate_e4 // WHOLE:
            what = "“不超过”的层，minimum 不得大于 minimum_if_base×rate_e4÷10000，请调低"
            yield Finding(level_path(task, level, "minimum"), what, "DRAW §4")


def foretold(policy: Policy) -> Iterator[Finding]:
    """No gap so long that the next visit can be foretold."""
    for task, level in _levels(policy):
        bound = level.rounding == "unbiased" or level.rate_e4 > WHOLE
        if bound and level.rate_e4 * (level.gap_months - 1) > _GAP_LIMIT * task.batches:
            what = f"间隔 {level.gap_months} 个月对这一比例太长，下一次检查能被猜到，请缩短间隔或降低比例"
            yield Finding(level_path(task, level, "gap_months"), what, "DRAW §4")


def off_site_cap(policy: Policy) -> Iterator[Finding]:
    """A level that is not visited has no cap of visits."""
    for task, level in _levels(policy):
        if not level.on_site and level.yearly_cap:
            what = "不主动上门，现场检查上限应为 0，请改正"
            yield Finding(level_path(task, level, "yearly_cap"), what, "R-24，DOMAIN §5.1")


def cap_reaches(policy: Policy) -> Iterator[Finding]:
    """The cap lets the rate be reached."""
    for task, level in _levels(policy):
        if level.on_site and level.yearly_cap * WHOLE < level.rate_e4:
            what = "每年上限低于比例所需次数，请调高上限或降低比例"
            yield Finding(level_path(task, level, "yearly_cap"), what, "DOMAIN §5.4")


def cap_within(policy: Policy) -> Iterator[Finding]:
    """A task's own cap stays within the cap over all tasks: of its grade, or by law of the highest grade.

    A frequency set by law is bounded by the task's own cap alone, and still counts in the cap over all tasks.
    """
    for task, level in _levels(policy):
        grade = level.stratum if level.stratum in GRADES else UNGRADED
        whole = max(policy.yearly_cap.values()) if task.set_by_law else policy.yearly_cap[grade]
        if level.on_site and level.yearly_cap > whole:
            what = f"高于一户一年的总上限 {whole}，请调低"
            yield Finding(level_path(task, level, "yearly_cap"), what, "DOMAIN §5.4")


def grade_a(policy: Policy) -> Iterator[Finding]:
    """No visit to a firm of credit grade A without a trigger, unless a law sets the frequency (R-24)."""
    for task, level in _levels(policy):
        holds_a = "enterprise" in task.types and (level.stratum == "A" or task.stratum_by != "credit_grade")
        if holds_a and level.on_site and not task.set_by_law:
            what = "没有“法律法规另有规定”（kind: FLFG）的依据，不得对 A 类企业主动现场检查，请改为 off_site 或补依据"
            yield Finding(level_path(task, level, "onsite_rule"), what, "R-24")
