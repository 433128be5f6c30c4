"""The data dictionary for people: every contract as Markdown tables, rendered from the contracts alone.

Here: `render()`, whose text is kept as docs/data-dictionary.md and compared with it by a test.
Not here: any word of its own about a column: what is wrong in the dictionary is corrected in the contract.
`python -m data_contracts.dictionary FILE` writes it.
"""

from __future__ import annotations

import csv
import sys
from collections.abc import Iterator
from pathlib import Path

from data_contracts import model, odcs
from data_contracts.model import CLASS_ZH, Column, Contract
from data_contracts.registry import Source, coverage, load_registry

TYPES_ZH = {
    "string": "文字",
    "date": "日期",
    "timestamp": "时间",
    "number": "数",
    "integer": "整数",
    "boolean": "是否",
}
CHECKS_ZH = {"uscc": "校验码（GB 32100）", "reg_no": "15 位的校验码"}
KINDS_ZH = {
    "register": "登记",
    "grade": "等级",
    "base": "基础信息",
    "field": "专业领域",
    "department": "其他部门",
    "province_push": "总对总",
    "exploratory": "探索",
    "request": "线索与申请",
    "people": "人员",
    "feedback": "平台回传",
    "control": "对账",
    "evidence": "佐证",
}
CHANNELS_ZH = {"file": "文件", "database": "前置库", "http": "接口"}
CADENCES_ZH = {"daily": "每日", "weekly": "每周", "monthly": "每月", "yearly": "每年", "as_needed": "随时"}
SEVERITY_ZH = {"error": "隔离", "warning": "警告"}


def render(root: Path = model.ROOT) -> str:
    """The whole dictionary as Markdown, ending in one newline; the same contracts give the same text."""
    sources, outputs = model.load_contracts(root, "source"), model.load_contracts(root, "output")
    lines = [
        "# 数据字典",
        "",
        "由 `data_contracts/` 的契约生成（`python -m data_contracts.dictionary docs/data-dictionary.md`），不要手改。",
        "分级：公 可公开，内 内部，敏 敏感（等级、分层及可据以推知者）。违反“隔离”的行进入隔离清单，“警告”的行照收并注明。",
        "",
        "| 类 | 契约 | 中文名 | 责任单位 | 公开属性 | 数据分级 | 主键 |",
        "|---|---|---|---|---|---|---|",
    ]
    for contract in (*sources, *outputs):
        kind = "来源" if contract.kind == "source" else "产出"
        cells = [kind, f"[`{contract.name}`](#{contract.name})", contract.title, contract.responsible_unit]
        cells += [contract.openness, CLASS_ZH[contract.classification], _codes(contract.primary_key)]
        lines.append(_row(cells))
    lines += ["", "## 来源登记", "", *_registry(root), "## 来源", "", *_ignored(root)]
    for contract in sources:
        lines += _contract(contract)
    lines += ["## 产出", ""]
    for contract in outputs:
        lines += _contract(contract)
    return "\n".join(lines).rstrip("\n") + "\n"


def _registry(root: Path) -> Iterator[str]:
    """The registry of sources, and who feeds each domain and indicator class."""
    registry = load_registry(root)
    counties = {unit for unit, kind in _unit_kinds(root).items() if kind == "county"}
    yield "每个来源一项登记（`data_contracts/sources.yaml`）。未接入的写明原因，报表中不作零问题计（R-14）。"
    yield ""
    yield _row(["来源", "类", "产生单位", "渠道", "频次", "时限", "每月必需", "可进抽查计划", "指标类别", "接入"])
    yield "|---|---|---|---|---|---|---|---|---|---|"
    for source in registry.sources:
        yield _row(_entry(source, counties))
    for what, key in (("领域", "domains"), ("指标类别", "indicator_classes")):
        yield ""
        yield _row([what, "来源", "接入"])
        yield "|---|---|---|"
        for entry in coverage(registry, "domains" if key == "domains" else "indicator_classes"):
            names = tuple(source.name for source in entry.sources)
            yield _row([entry.heading.title, _codes(names), _connected(entry.reason)])
    yield ""


def _entry(source: Source, counties: set[str]) -> list[str]:
    own = [code for code in source.producers if code not in counties]
    return [
        f"[`{source.name}`](#{source.name})",
        KINDS_ZH[source.kind],
        "、".join(own + (["各县（市、区）局"] if counties & set(source.producers) else [])),
        CHANNELS_ZH[source.channel],
        CADENCES_ZH[source.cadence],
        _codes(source.clocks),
        "是" if source.required else "",
        "是" if source.reaches_plan else "",
        source.indicator_class or "",
        _connected(source.reason),
    ]


def _connected(reason: str | None) -> str:
    return f"未接入：{reason}" if reason else "已接入"


def _unit_kinds(root: Path) -> dict[str, str]:
    with (root / "reference" / "units.csv").open(encoding="utf-8", newline="") as lines:
        return {row["unit_code"]: row["kind"] for row in csv.DictReader(lines)}


def _ignored(root: Path) -> Iterator[str]:
    """The headers that no source reads, by reason: each a written decision."""
    by_reason: dict[str, list[str]] = {}
    for header, reason in odcs.load_dictionary(root).ignored_headers.items():
        by_reason.setdefault(reason, []).append(header)
    yield "各来源一律忽略的表头（已采集的除外）："
    yield ""
    for reason, headers in by_reason.items():
        yield f"- {'、'.join(headers)}：{reason}"
    yield ""


def _contract(contract: Contract) -> Iterator[str]:
    yield f'### <a id="{contract.name}"></a>{contract.title} `{contract.name}`'
    yield ""
    yield contract.description
    yield ""
    facts = [f"分组 `{contract.group}`", f"主键 {_codes(contract.primary_key)}"]
    if contract.formed_on:
        facts.append(f"形成日期取 {_codes(contract.formed_on)} 中第一个非空者")
    if contract.published_on:
        facts.append(f"公示日期取 `{contract.published_on}`")
    if contract.document_number:
        facts.append(f"文号 `{contract.document_number}`（断号计数）")
    if contract.identity:
        facts.append("主体按信用代码、注册号、名称依次认定")
    if contract.split_parties:
        facts.append(f"一格多个当事人的按 {_codes(contract.split_parties)} 拆成几行")
    if contract.min_rows is not None:
        facts.append(f"至少 {contract.min_rows} 行")
    if contract.max_rows is not None:
        facts.append(f"至多 {contract.max_rows} 行（超出警告）")
    yield "；".join(facts) + "。"
    yield ""
    yield _row(["中文名", "字段", "类型", "必填", "分级", "说明", "取值", "其他表头"])
    yield "|---|---|---|---|---|---|---|---|"
    for column in contract.columns:
        yield _row(_cells(contract, column))
    yield ""
    if contract.rules:
        yield _row(["规则", "字段", "违反时", "条件", "原因"])
        yield "|---|---|---|---|---|"
        for rule in contract.rules:
            cells = [
                f"`{rule.id}`",
                _codes(rule.columns),
                SEVERITY_ZH[rule.severity],
                f"`{rule.condition}`",
                rule.reason,
            ]
            yield _row(cells)
        yield ""


def _cells(contract: Contract, column: Column) -> list[str]:
    required = "主键" if column.name in contract.primary_key else "是" if column.required else ""
    return [
        column.title,
        f"`{column.name}`",
        f"{TYPES_ZH[column.logical_type]} `{column.physical_type}`",
        required,
        CLASS_ZH[column.classification],
        column.description,
        _accepted(column) + _units(column),
        "、".join(column.aliases) if contract.kind == "source" else "",
    ]


def _accepted(column: Column) -> str:
    if column.check:
        return CHECKS_ZH[column.check]
    if column.pattern:
        return f"`{column.pattern}`"
    if column.logical_type == "boolean":
        return "是、否"
    return "、".join(text if text == code else f"{text}→{code}" for text, code in column.values.items())


def _units(column: Column) -> str:
    if column.unit is None:
        return ""
    other = "、".join(f"{header} 为{unit}" for header, unit in column.unit_headers.items() if unit != column.unit)
    return f"单位{column.unit}" + (f"；{other}" if other else "")


def _codes(names: tuple[str, ...]) -> str:
    return "、".join(f"`{name}`" for name in names)


def _row(cells: list[str]) -> str:
    escaped = (" ".join(cell.replace("|", "\\|").split()) for cell in cells)
    return f"| {' | '.join(escaped)} |"


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(render(), "utf-8")
