"""Whether a policy may be used: what the notice, the rules and the draw ask of its figures.

Here: one function per rule, each citing its clause; every finding is one Chinese sentence with the path in the file.
Not here: the form of the file (parse.py) and what a round makes of it (round.py).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Final

from supervision.policy.model import (
    GRADES,
    ONSITE_RULES,
    STRATA,
    UNGRADED,
    WHOLE,
    CreditGrade,
    FieldGrade,
    Level,
    Policy,
    Task,
)

_FEWEST_PEOPLE: Final = 2  # §2.2: at least two officers
_OBSERVED: Final = ("A", "B")
_GAP_LIMIT: Final = 5_000  # DRAW.md §4: half of a stratum waiting out its gap
_LICENSED_FIELD: Final = "special_equipment"  # DOMAIN §4.4
# The generic stratum that each stratum of a key field may not fall below (R-09, DOMAIN §5.2, §5.3).
_GENERIC_OF: Final = {"L1": "A", "L2": "B", "L3": "C", "L4": "D", "NONKEY": "B", "KEY": "C"}


def lint(policy: Policy) -> list[str]:
    """What forbids the use of a policy, as Chinese sentences in a fixed order; empty = it may be used."""
    findings = [*_whole(policy), *_combination(policy), *_cut_names(policy), *_key_fields(policy)]
    for task in policy.tasks.values():
        findings += [*_scope(policy, task), *_people(task), *_rising(task), *_cut_rising(policy, task)]
        for level in task.levels.values():
            findings += [*_quota(task, level), *_foretold(task, level), *_visits(policy, task, level)]
    return findings


def _say(path: str, what: str, clause: str) -> str:
    return f"抽查政策 {path}：{what}（{clause}）。"


def _at(task: Task, level: Level, key: str = "") -> str:
    return f"tasks.{task.code}.levels.{level.stratum}" + (f".{key}" if key else "")


def _whole(policy: Policy) -> Iterator[str]:
    if policy.valid_to < policy.valid_from:
        yield _say("valid_to", "早于 valid_from，请改正有效期", "DRAW §4")
    if policy.valid_from.year != policy.valid_to.year:
        yield _say("valid_to", "有效期跨年，比例和批数以一年为准，请每年一个文件", "DRAW §4")
    if not policy.subject_types["enterprise"]:
        yield _say("subject_types.enterprise", "企业不得关闭，请改为 true", "R-01")
    if not set(policy.observation_grades) <= set(_OBSERVED):
        yield _say("observation.grades", "观察期只给 A、B 类企业，请删去其他等级", "R-34")
    caps = [policy.yearly_cap[grade] for grade in GRADES]
    if caps != sorted(caps):
        yield _say("yearly_cap", "每户每年检查上限应按 A≤B≤C≤D 排列，请调整", "R-10")
    covered = {field for task in policy.tasks.values() for field in task.fields}
    for field, title in policy.fields.items():
        if (field in covered) == (field in policy.unconfigured):
            what = f"{title}须要么有抽查任务，要么列入 unconfigured 并写明原因，二者只居其一"
            yield _say(f"unconfigured.{field}", what, "R-03，DOMAIN §5.2")
    generic = [task for task in policy.tasks.values() if task.lane == "generic"]
    if len(generic) != 1 or generic[0].fields or generic[0].stratum_by != "credit_grade":
        what = "须正好有一个通用型（lane: generic）任务，不限专业领域、按信用风险等级（credit_grade）分层"
        yield _say("tasks", what, "R-45")


def _combination(policy: Policy) -> Iterator[str]:
    def cell(row: int, column: int) -> int:
        return policy.matrix[CreditGrade(GRADES[row]), FieldGrade(GRADES[column])]

    for row, credit in enumerate(GRADES):
        for column, field in enumerate(GRADES):
            path, value = f"combination.matrix.{credit}.{field}", cell(row, column)
            if (row and value < cell(row - 1, column)) or (column and value < cell(row, column - 1)):
                yield _say(path, "风险升高而档次下降，请改为不低于左方和上方的档次", "R-10，DOMAIN §5.3")
            if value < column:
                yield _say(path, "信用好最多降一档，领域 D 级不低于 3，请调高", "DOMAIN §5.3")


def _cut_names(policy: Policy) -> Iterator[str]:
    used = {stratum for task in policy.tasks.values() for stratum in task.levels}
    missing, unknown = sorted(used - set(policy.cut_order)), sorted(set(policy.cut_order) - used)
    if missing or unknown:
        what = f"须把每个监管档次正好列一次，缺少 {'、'.join(missing) or '无'}，多出 {'、'.join(unknown) or '无'}"
        yield _say("cut_order", what, "DRAW §2")


def _key_fields(policy: Policy) -> Iterator[str]:
    key_tasks = [task for task in policy.tasks.values() if task.key_field]
    for task in key_tasks:
        if task.observation:
            yield _say(f"tasks.{task.code}.observation", "重点领域不得适用观察期，请改为 false", "R-09，R-34")
    generic = next((t for t in policy.tasks.values() if t.lane == "generic" and t.stratum_by == "credit_grade"), None)
    if generic is None:  # found by _whole
        return
    for task in key_tasks:
        for level in task.levels.values():
            floor = generic.levels[_GENERIC_OF.get(level.stratum, level.stratum)]
            if level.rate_e4 < floor.rate_e4:
                what = f"重点领域比例 {level.rate_e4} 低于通用型 {floor.stratum} 的 {floor.rate_e4}，请调高"
                yield _say(_at(task, level, "rate_e4"), what, "R-09，DOMAIN §5.2")


def _scope(policy: Policy, task: Task) -> Iterator[str]:
    path = f"tasks.{task.code}"
    for kind in task.types:
        if not policy.subject_types[kind] and not policy.dormant(task):
            yield _say(f"{path}.scope.types", f"{kind} 在 subject_types 中未打开，请删去或先打开", "R-46")
        if kind != "enterprise" and task.stratum_by in ("credit_grade", "combined"):
            yield _say(f"{path}.scope.types", f"省里不给 {kind} 评级，不得进入按等级分层的任务，请另设任务", "R-46")
    if task.stratum_by in ("combined", "key_unit") and len(task.fields) != 1:
        yield _say(f"{path}.scope.fields", "按领域等级或重点单位分层的任务须正好有一个专业领域", "R-03")


def _people(task: Task) -> Iterator[str]:
    path = f"tasks.{task.code}"
    if task.team_size < _FEWEST_PEOPLE:
        yield _say(f"{path}.team_size", "检查人员不得少于两人，请调高", "DOMAIN §2.2")
    if _LICENSED_FIELD in task.fields and task.specialty != _LICENSED_FIELD:
        yield _say(f"{path}.specialty", f"特种设备检查须有持证人员，请填 {_LICENSED_FIELD}", "DOMAIN §4.4")


def _rising(task: Task) -> Iterator[str]:
    """Ratio, frequency and strictness never fall as the risk rises (R-10, R-24 to R-28)."""
    strata = [task.levels[name] for name in STRATA[task.stratum_by] if name != UNGRADED]
    for low, high in pairwise(strata):
        for key, rising, word in (
            ("rate_e4", low.rate_e4 <= high.rate_e4, "比例"),
            ("floor_e4", low.floor_e4 <= high.floor_e4, "保留份额"),
            (
                "onsite_rule",
                ONSITE_RULES.index(low.onsite_rule) <= ONSITE_RULES.index(high.onsite_rule),
                "现场检查要求",
            ),
            ("gap_months", low.gap_months >= high.gap_months, "频次（间隔月数反向）"),
            ("yearly_cap", low.yearly_cap <= high.yearly_cap, "频次上限"),
        ):
            if not rising:
                yield _say(
                    _at(task, high, key), f"风险高于 {low.stratum} 而{word}更松，请改为逐级不降", "R-10，R-24 至 R-28"
                )
    if task.stratum_by != "flat" and not strata[-1].on_site:
        yield _say(_at(task, strata[-1], "onsite_rule"), "风险最高一层须主动实施现场检查，请改为 on_site", "R-28")


def _cut_rising(policy: Policy, task: Task) -> Iterator[str]:
    ordered: Sequence[Level] = [task.levels[name] for name in policy.cut_order if name in task.levels]
    for first, then in pairwise(ordered):
        for key, rising in (("rate_e4", first.rate_e4 <= then.rate_e4), ("floor_e4", first.floor_e4 <= then.floor_e4)):
            if not rising:
                what = f"沿 cut_order 从 {first.stratum} 到 {then.stratum} 下降，请调整数值或次序"
                yield _say(_at(task, then, key), what, "DRAW §4")


def _quota(task: Task, level: Level) -> Iterator[str]:
    if level.rounding == "unbiased" and (level.minimum or level.minimum_if_base or level.census_up_to):
        what = "unbiased 不得带 minimum、minimum_if_base 或 census_up_to，请改为 0 或换取整方式"
        yield _say(_at(task, level, "rounding"), what, "DRAW §4")
    if level.rounding == "at_most" and level.minimum > level.minimum_if_base * level.rate_e4 // WHOLE:
        what = "“不超过”的层，minimum 不得大于 minimum_if_base×rate_e4÷10000，请调低"
        yield _say(_at(task, level, "minimum"), what, "DRAW §4")


def _foretold(task: Task, level: Level) -> Iterator[str]:
    """A gap so long that the next visit can be foretold."""
    bound = level.rounding == "unbiased" or level.rate_e4 > WHOLE
    if bound and level.rate_e4 * (level.gap_months - 1) > _GAP_LIMIT * task.batches:
        what = f"间隔 {level.gap_months} 个月对这一比例太长，下一次检查能被猜到，请缩短间隔或降低比例"
        yield _say(_at(task, level, "gap_months"), what, "DRAW §4")


def _visits(policy: Policy, task: Task, level: Level) -> Iterator[str]:
    if not level.on_site:
        if level.yearly_cap:
            yield _say(_at(task, level, "yearly_cap"), "非现场核查不上门，现场检查上限应为 0", "R-24，DOMAIN §5.1")
        return
    if level.yearly_cap * WHOLE < level.rate_e4:
        yield _say(_at(task, level, "yearly_cap"), "每年上限低于比例所需次数，请调高上限或降低比例", "DOMAIN §5.4")
    if level.yearly_cap > max(policy.yearly_cap.values()):
        yield _say(_at(task, level, "yearly_cap"), "高于一户一年的总上限 yearly_cap，请调低", "DOMAIN §5.4")
    graded = "enterprise" in task.types
    holds_grade_a = graded and (level.stratum == "A" or task.stratum_by != "credit_grade")
    if holds_grade_a and not task.set_by_law:
        what = "没有“法律法规另有规定”（kind: FLFG）的依据，不得对 A 类企业主动现场检查，请改为 off_site 或补依据"
        yield _say(_at(task, level, "onsite_rule"), what, "R-24")
