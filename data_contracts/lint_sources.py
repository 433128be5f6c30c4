"""What the registry of sources must keep beyond what loading needs: `lint_sources()` lists each breach in Chinese.

Here: entries against contracts, units, clocks, special fields, the notice's domains and indicator classes.
Not here: loading (`registry`), the contracts' own lint (`lint`), which calls this.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from data_contracts import odcs
from data_contracts.model import Contract, ContractError
from data_contracts.registry import FILE, Registry, Source, coverage, load_registry

CLOCKS = "clocks.yaml"
COLLECTION = "collect_7wd"
# Clause (五) of the notice and the first level of the indicator system (R-18b).
DOMAINS = (
    "食品药品", "餐饮", "特种设备", "工业产品质量", "侵权假冒", "价格", "反垄断和反不正当竞争", "消费者权益", "计量", "标准",
    "检验检测", "认证认可",
)  # fmt: skip
CLASSES = ("基础属性", "动态", "监管", "关联关系", "社会评价")


def lint_sources(root: Path, contracts: tuple[Contract, ...], units: set[str], fields: set[str]) -> list[str]:
    """Every breach in `sources.yaml` of `root`; `units`: known unit codes, `fields`: known codes of special fields."""
    if not (root / FILE).exists():
        return [f"缺少 {FILE}，没有一个来源登记在册，请补上。"]
    try:
        registry = load_registry(root)
        clocks = _clocks(root)
    except ContractError as error:
        return [str(error)]
    by_name = {contract.name: contract for contract in contracts}
    found = list(_matching(registry, by_name))
    for source in registry.sources:
        contract = by_name.get(source.name)
        where = f"{FILE} 的来源 {source.name} "
        found += [where + what for what in _producing(source, units)]
        found += [where + what for what in _clocked(source, contract, clocks)]
        found += [where + what for what in _kind(source)]
        found += [where + what for what in _fields(source, contract, fields)]
    return [*found, *_headings(registry), *_each_field_once(registry, fields), *_counted(registry, by_name)]


def _clocks(root: Path) -> dict[str, str]:
    """The clocks by name, with what ends each (`to`)."""
    path = root / CLOCKS
    if not path.exists():
        raise ContractError(f"缺少 {CLOCKS}，无法核对来源的时限，请补上。")
    return {str(clock["name"]): str(clock.get("to")) for clock in odcs.parse(path).get("clocks") or []}


def _matching(registry: Registry, by_name: dict[str, Contract]) -> Iterator[str]:
    names = {source.name for source in registry.sources}
    for name in sorted(set(by_name) - names):
        yield f"契约 sources/{name}.yaml 没有登记，请在 {FILE} 补一项。"
    for name in sorted(names - set(by_name)):
        yield f"{FILE} 的来源 {name} 没有契约，请补 sources/{name}.yaml 或删去该项。"


def _producing(source: Source, units: set[str]) -> Iterator[str]:
    if not source.producers:
        yield "没有 producers，迟报无从归属，请写明产生单位（R-13）。"
    for code in source.producers:
        if code not in units:
            yield f"的产生单位 {code} 不在 reference/units.csv 中，请改正或补上单位。"


def _clocked(source: Source, contract: Contract | None, clocks: dict[str, str]) -> Iterator[str]:
    for clock in source.clocks:
        if clock not in clocks:
            yield f"的时限 {clock} 不在 {CLOCKS} 中，只能是 {'、'.join(clocks)}。"
        elif contract and source.kind != "grade" and not contract.formed_on:
            yield f"有时限 {clock}，契约却没有 formedOn，无法计时，请补上。"
        elif contract and clocks[clock] == "published_on" and not contract.published_on:
            yield f"有公示时限 {clock}，契约却没有 publishedOn，无法计时，请补上。"
    if source.kind in ("base", "field", "department") and COLLECTION not in source.clocks:
        yield f"应有时限 {COLLECTION}（通知五，R-12、R-14、R-15），请补上。"


def _kind(source: Source) -> Iterator[str]:
    if source.kind == "exploratory" and source.reaches_plan:
        yield "是探索性来源，登记中不得写 reaches_plan: true，要用须由抽查政策写明（R-16）。"
    if source.required and not source.connected:
        yield "每月必需却未接入，请改其中一项。"
    if source.channel == "file" and source.connection:
        yield "的渠道是文件，不用 connection，请删去。"
    if source.channel != "file" and source.connected and not source.connection:
        yield f"的渠道是 {source.channel}，请写 connection（口令只写环境变量名）。"


def _fields(source: Source, contract: Contract | None, fields: set[str]) -> Iterator[str]:
    for code in source.fields:
        if code not in fields:
            yield f"的专业领域 {code} 不在数据字典 field_code 的取值中，请改正。"
    if source.kind == "field" and not (source.fields and source.domains):
        yield "是专业领域来源，请写 fields 和 domains（R-14）。"
    if contract is None or source.kind != "field":
        return
    column = next((column for column in contract.columns if column.name == "field_code"), None)
    if len(source.fields) > 1 and (column is None or set(column.values.values()) != set(source.fields)):
        yield "有几个专业领域，契约的 field_code 字段应恰好列出这几个，请改正。"


def _headings(registry: Registry) -> Iterator[str]:
    titles = tuple(heading.title for heading in registry.domains)
    if titles != DOMAINS:
        yield f"{FILE} 的 domains 应是通知第（五）条所列十二个领域：{'、'.join(DOMAINS)}，请改正（R-14）。"
    if tuple(heading.code for heading in registry.indicator_classes) != CLASSES:
        yield f"{FILE} 的 indicator_classes 应是指标体系的五类：{'、'.join(CLASSES)}，请改正（R-18b）。"
    domains = {heading.code for heading in registry.domains}
    for source in registry.sources:
        for code in source.domains:
            if code not in domains:
                yield f"{FILE} 的来源 {source.name} 的领域 {code} 不在 domains 中，请改正。"
        if source.indicator_class is not None and source.indicator_class not in CLASSES:
            yield f"{FILE} 的来源 {source.name} 的 indicator_class 只能是 {'、'.join(CLASSES)} 之一，请改正。"
    for entry in (*coverage(registry, "domains"), *coverage(registry, "indicator_classes")):
        name = entry.heading.title
        if not entry.feeds and not entry.reason:
            yield f"{FILE} 的“{name}”没有已接入的来源，也没有 reason，请接入或写明未接入的原因（R-14、R-18b）。"
        if entry.feeds and entry.heading.reason:
            yield f"{FILE} 的“{name}”已有来源 {entry.feeds[0].name}，却写了未接入的 reason，请删去。"


def _each_field_once(registry: Registry, fields: set[str]) -> Iterator[str]:
    users: dict[str, list[str]] = {}
    for source in registry.sources:
        for code in source.fields if source.kind == "field" else ():
            users.setdefault(code, []).append(source.name)
    for code in sorted(fields):
        if len(users.get(code, [])) != 1:
            named = "、".join(users.get(code, [])) or "没有"
            yield f"{FILE} 中专业领域 {code} 应恰好由一个来源提供（现为：{named}），请改正。"


def _counted(registry: Registry, by_name: dict[str, Contract]) -> Iterator[str]:
    """Control totals can be sent for every source under the collection clock, and for no other."""
    if "control_total" not in by_name:
        return
    counted = set(by_name["control_total"].column("counted_source").values.values())
    clocked = {source.name for source in registry.sources if COLLECTION in source.clocks}
    for name in sorted(counted ^ clocked):
        yield f"契约 sources/control_total.yaml 的 counted_source 与 {FILE} 中有 {COLLECTION} 时限的来源不一致：{name}，请改正。"
