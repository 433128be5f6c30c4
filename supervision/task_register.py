"""The task register of the notice as typed values (运市监信用〔2022〕4号 第五至九条; DOMAIN R-42 to R-47b, §1.6).

Here: units and their names, tasks, counting rules, decisions left to a person, and strict parsing of all these.
Not here: reading files, and the status of a task (`tasks`).
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

KINDS: Mapping[str, str] = {
    "work_plan": "工作方案", "leading_body": "领导机构文件", "mechanism": "工作机制", "training": "业务培训", "publicity": "宣传",
    "meeting": "专题会议", "security_training": "信息安全培训", "reminder_disposal": "提醒处置", "result_return": "结果回传",
}  # fmt: skip
UNIT_KINDS = ("city", "section", "county", "support", "province", "department", "outside")
PER_FIELD = "per_field"
REQUIRABLE = {"headcount": "人数", "hours": "学时"}


class TaskError(ValueError):
    """A register, unit table or evidence row cannot be used: one Chinese sentence with the place and what to do."""


@dataclass(frozen=True, slots=True)
class Unit:
    """One unit. kind: city, section, county, support or province; county: its county code or ''."""

    code: str
    name: str
    kind: str
    county: str
    aliases: tuple[str, ...]


class Units:
    """All units, by code and by any of their names. A name of two units is refused (DOMAIN §1.6 trap ii)."""

    def __init__(self, units: Iterable[Unit]) -> None:
        """TaskError when a code or a name is used twice."""
        self.by_code: dict[str, Unit] = {}
        self._by_name: dict[str, Unit] = {}
        for unit in units:
            if unit.code in self.by_code:
                raise TaskError(f"单位表 units.csv 的单位代码 {unit.code} 出现两次，请删去一行。")
            self.by_code[unit.code] = unit
            for name in (unit.name, *unit.aliases):
                other = self._by_name.setdefault(name, unit)
                if other is not unit:
                    raise TaskError(f"单位表 units.csv 的名称“{name}”属于 {other.code} 和 {unit.code}，请只留一处。")

    def resolve(self, text: str) -> Unit | None:
        """The unit with this code, name or alias; None when there is none."""
        key = text.strip()
        return self.by_code.get(key) or self._by_name.get(key)


@dataclass(frozen=True, slots=True)
class Settled:
    """What a person decided about a name of the notice: the unit codes, by which role, when, on what basis."""

    chosen: tuple[str, ...]
    role: str
    on: dt.date
    basis: str


@dataclass(frozen=True, slots=True)
class Decision:
    """A name of the notice that only a person can settle; `settled` is None until somebody has (DOMAIN §1.6 trap ii)."""

    id: str
    name: str
    question: str
    candidates: tuple[str, ...]
    settled: Settled | None


@dataclass(frozen=True, slots=True)
class Field:
    """A professional field: the section that answers for it; key: one of those that clause (四) names (R-03, R-09)."""

    code: str
    title: str
    unit: str
    key: bool


@dataclass(frozen=True, slots=True)
class CountRule:
    """At least so many evidence rows of a kind, one per file digest; `standing`: earlier years count too.

    per_field: one row for each field that the unit answers for, in place of `at_least`; filed_under: other tasks whose
    evidence counts here too.
    """

    kind: str
    at_least: int
    standing: bool
    requires: tuple[str, ...]
    per_field: bool = False
    filed_under: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class MeasureRule:
    """A figure of the pipeline that must be at least `at_least`."""

    measure: str
    title: str
    at_least: Fraction


@dataclass(frozen=True, slots=True)
class Task:
    """One row of the register. `dated`: the due date in the notice; None with `yearly` = 全年推进; neither: none stated."""

    task_id: str
    clause: str
    title: str
    content: str
    responsible: tuple[str, ...]
    cooperating: tuple[str, ...]
    dated: dt.date | None
    yearly: bool
    rules: tuple[CountRule | MeasureRule, ...]
    uncountable: str
    note: str
    national_task_ref: str | None

    @property
    def is_once(self) -> bool:
        """Whether what it asks for, once set up, stays: unmet after its date it is overdue, in every later year too."""
        return self.dated is not None and any(isinstance(rule, CountRule) and rule.standing for rule in self.rules)


@dataclass(frozen=True, slots=True)
class Register:
    """The task register: the notice's tasks, its fields and the decisions that it leaves open."""

    source_document: str
    issued_on: dt.date
    tasks: tuple[Task, ...]
    decisions: Mapping[str, Decision]
    fields: tuple[Field, ...]

    def fields_of(self, unit: str) -> tuple[Field, ...]:
        """The fields that a unit answers for."""
        return tuple(field for field in self.fields if field.unit == unit)


def parse_units(rows: Iterable[Mapping[str, str]]) -> Units:
    """Units from the rows of `reference/units.csv` (unit_code, unit_name, kind, county, aliases joined by `;`)."""
    units = []
    for row in rows:
        if row["kind"] not in UNIT_KINDS:
            raise TaskError(
                f"单位表 units.csv 中 {row['unit_code']} 的类别 {row['kind']} 不认识，请改为 {'、'.join(UNIT_KINDS)} 之一。"
            )
        aliases = tuple(alias for alias in row["aliases"].split(";") if alias)
        units.append(Unit(row["unit_code"], row["unit_name"], row["kind"], row["county"], aliases))
    return Units(units)


def parse_register(document: Mapping[str, Any], units: Units, settled: Mapping[str, Settled] | None = None) -> Register:
    """The register from the content of `data_contracts/tasks.yaml`; settled: what people decided, by the decision's id.

    Every unit resolves, the notice's wording of a group gives its codes, a unit named twice counts once, an unknown
    key or unit is refused, and a task has a rule or says why nothing can be counted. Errors: TaskError, naming the
    task and the key.
    """
    keys = ("spec", "source_document", "issued_on", "decisions", "fields", "groups", "measures", "tasks")
    top = _take(document, "文件", *keys)
    if top["spec"] != "ssj-tasks-v1":
        raise TaskError("任务清单 tasks.yaml 的 spec 应为 ssj-tasks-v1，请核对文件版本。")
    decisions = {raw["id"]: _decision(raw, units, settled or {}) for raw in top["decisions"]}
    fields = tuple(_field(raw, units) for raw in top["fields"])
    groups = {name: _group(name, raw, units, decisions) for name, raw in top["groups"].items()}
    tasks = tuple(_task(raw, units, decisions, groups, top["measures"]) for raw in top["tasks"])
    if len({task.task_id for task in tasks}) != len(tasks):
        raise TaskError("任务清单 tasks.yaml 有重复的 task_id，请改正。")
    return Register(str(top["source_document"]), _day(top["issued_on"], "issued_on"), tasks, decisions, fields)


def resolve_written(text: str, units: Units, decisions: Mapping[str, Decision]) -> tuple[str, ...]:
    """Codes of the units that a sentence of the notice lists with 、 in between, each once, in its order.

    A name left to a decision gives the decision's id. TaskError on a name that is no unit's.
    """
    named = {decision.name: decision.id for decision in decisions.values()}
    codes: list[str] = []
    for name in text.split("、"):
        unit = units.resolve(name)
        if name not in named and unit is None:
            raise TaskError(f"通知所列“{name}”不是单位表中的名称或简称，请在 units.csv 补上简称。")
        codes.append(named.get(name) or (unit.code if unit else name))
    return tuple(dict.fromkeys(codes))


def _task(
    raw: Mapping[str, Any],
    units: Units,
    decisions: Mapping[str, Decision],
    groups: Mapping[str, tuple[str, ...]],
    measures: Mapping[str, str],
) -> Task:
    where = f"任务 {raw.get('task_id')}"
    needed = ("task_id", "clause", "title", "content", "responsible", "cooperating", "evidence")
    optional = ("due_on", "recurring", "note", "uncountable", "national_task_ref")
    own = _take(raw, where, *needed, optional=optional)
    responsible: list[str] = []
    for entry in own["responsible"]:
        if entry.startswith("@") and entry[1:] not in groups:
            raise TaskError(f"任务清单 tasks.yaml 的{where}引用了不存在的分组 {entry}，请改正。")
        responsible.extend(groups[entry[1:]] if entry.startswith("@") else _codes([entry], units, decisions, where))
    rules = tuple(_evidence_rule(entry, where, measures) for entry in own["evidence"])
    if bool(rules) == bool(own.get("uncountable")):
        raise TaskError(f"任务清单 tasks.yaml 的{where}应恰有其一：evidence 计数规则，或 uncountable 原因。")
    if own.get("recurring") not in (None, "yearly") or (own.get("recurring") and own.get("due_on")):
        raise TaskError(f"任务清单 tasks.yaml 的{where}时限应为 due_on 或 recurring: yearly 之一，或都不写。")
    return Task(
        task_id=own["task_id"],
        clause=own["clause"],
        title=own["title"],
        content=own["content"],
        responsible=tuple(dict.fromkeys(responsible)),
        cooperating=_codes(own["cooperating"], units, {}, where),
        dated=_day(own["due_on"], where) if own.get("due_on") else None,
        yearly=own.get("recurring") == "yearly",
        rules=rules,
        uncountable=own.get("uncountable") or "",
        note=own.get("note") or "",
        national_task_ref=own.get("national_task_ref"),
    )


def _evidence_rule(raw: Mapping[str, Any], where: str, measures: Mapping[str, str]) -> CountRule | MeasureRule:
    if "measure" in raw:
        own = _take(raw, where, "measure", "at_least")
        share = re.fullmatch(r"([1-9]\d*)/([1-9]\d*)", str(own["at_least"]))
        if own["measure"] not in measures or share is None:
            raise TaskError(f"任务清单 tasks.yaml 的{where}指标 {own['measure']} 未说明或 at_least 不是分数，请改正。")
        return MeasureRule(own["measure"], measures[own["measure"]], Fraction(int(share[1]), int(share[2])))
    own = _take(raw, where, "kind", "at_least", "counts", optional=("requires", "filed_under"))
    requires = tuple(own.get("requires") or ())
    per_field = own["at_least"] == PER_FIELD
    if per_field:
        own["at_least"] = 1
    usable = own["kind"] in KINDS and own["counts"] in ("year", "standing") and set(requires) <= set(REQUIRABLE)
    if not usable or not isinstance(own["at_least"], int) or own["at_least"] < 1:
        raise TaskError(f"任务清单 tasks.yaml 的{where}计数规则 {dict(raw)} 不合要求，请对照文件开头的说明改正。")
    return CountRule(
        kind=own["kind"],
        at_least=own["at_least"],
        standing=own["counts"] == "standing",
        requires=requires,
        per_field=per_field,
        filed_under=tuple(own.get("filed_under") or ()),
    )


def _group(name: str, raw: Mapping[str, Any], units: Units, decisions: Mapping[str, Decision]) -> tuple[str, ...]:
    own = _take(raw, f"分组 {name}", "title", "as_written", "units")
    if resolve_written(own["as_written"], units, decisions) != tuple(own["units"]):
        raise TaskError(f"任务清单 tasks.yaml 的分组 {name} 的 units 与通知原文 as_written 所列不符，请逐一核对。")
    return _codes(own["units"], units, decisions, f"分组 {name}")


def _field(raw: Mapping[str, Any], units: Units) -> Field:
    where = f"专业领域 {raw.get('code')}"
    own = _take(raw, where, "code", "title", "unit", "key")
    [unit] = _codes([own["unit"]], units, {}, where)
    return Field(own["code"], own["title"], unit, bool(own["key"]))


def _decision(raw: Mapping[str, Any], units: Units, settled: Mapping[str, Settled]) -> Decision:
    where = f"待定事项 {raw.get('id')}"
    own = _take(raw, where, "id", "name", "question", "candidates")
    candidates = _codes(own["candidates"], units, {}, where)
    made = settled.get(own["id"])
    if made is not None:
        check_choice(own["name"], made.chosen, candidates)
    return Decision(own["id"], own["name"], own["question"], candidates, made)


def check_choice(name: str, chosen: Sequence[str], candidates: Sequence[str]) -> None:
    """TaskError unless the chosen units are some of the candidates, each once."""
    if not chosen or len(set(chosen)) != len(chosen) or not set(chosen) <= set(candidates):
        raise TaskError(f"“{name}”只能决定为 {'、'.join(candidates)} 中的一个或几个，每个写一次，请改正。")


def _codes(raw: Sequence[str], units: Units, decisions: Mapping[str, Decision], where: str) -> tuple[str, ...]:
    codes: list[str] = []
    for code in raw:
        if code in decisions:
            made = decisions[code].settled
            codes.extend(made.chosen if made else (code,))
        elif code in units.by_code:
            codes.append(code)
        else:
            raise TaskError(f"任务清单 tasks.yaml 的{where}中 {code} 不是单位代码，请按 reference/units.csv 改正。")
    return tuple(dict.fromkeys(codes))


def _day(text: Any, where: str) -> dt.date:
    try:
        return dt.date.fromisoformat(str(text))
    except ValueError:
        raise TaskError(f"任务清单 tasks.yaml 的{where}日期 {text} 应形如 2022-05-31，请改正。") from None


def _take(raw: Mapping[str, Any], where: str, *needed: str, optional: Sequence[str] = ()) -> dict[str, Any]:
    missing = [key for key in needed if key not in raw]
    unknown = [key for key in raw if key not in needed and key not in optional]
    if missing or unknown:
        problem = f"缺少 {'、'.join(missing)}" if missing else f"有不认识的键 {'、'.join(map(str, unknown))}"
        raise TaskError(f"任务清单 tasks.yaml 的{where}{problem}，请改正。")
    return dict(raw)
