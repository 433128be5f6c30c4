"""The data dictionary for people: every contract as Markdown tables, rendered from the contracts alone.

Here: `render()`, whose text is kept as docs/data-dictionary.md and compared with it by a test.
Not here: any word of its own about a column: what is wrong in the dictionary is corrected in the contract.
`python -m data_contracts.dictionary FILE` writes it.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

from data_contracts import model, odcs
from data_contracts.model import CLASS_ZH, Column, Contract

TYPES_ZH = {
    "string": "文字",
    "date": "日期",
    "timestamp": "时间",
    "number": "数",
    "integer": "整数",
    "boolean": "是否",
}
CHECKS_ZH = {"uscc": "校验码（GB 32100）", "reg_no": "15 位的校验码"}
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
    lines += ["", "## 来源", "", *_ignored(root)]
    for contract in sources:
        lines += _contract(contract)
    lines += ["## 产出", ""]
    for contract in outputs:
        lines += _contract(contract)
    return "\n".join(lines).rstrip("\n") + "\n"


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
    if contract.required_source:
        facts.append("每月必需")
    if contract.formed_on:
        facts.append(f"形成日期取 {_codes(contract.formed_on)} 中第一个非空者")
    if contract.clock:
        facts.append(f"时限 `{contract.clock}`")
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
        _accepted(column),
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


def _codes(names: tuple[str, ...]) -> str:
    return "、".join(f"`{name}`" for name in names)


def _row(cells: list[str]) -> str:
    escaped = (" ".join(cell.replace("|", "\\|").split()) for cell in cells)
    return f"| {' | '.join(escaped)} |"


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(render(), "utf-8")
