"""The layouts of files that another office prescribes: `layouts/*.yaml`, read strictly (DOMAIN §4.8).

Here: headers, their order, codes and format of a file as a contract of its own, which version counts in a month, and the
refusal of a layout that asks for a grade: the province has it, and a second copy is not made (R-38). Not here: which rows
the file holds (sql/reports), writing it (resources/outbox).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import Any

from data_contracts.model import ROOT, Column, Contract, output_contract, output_contracts, source_contracts
from data_contracts.odcs import ContractError, parse

FORMATS = ("xlsx", "csv")
ENCODINGS = ("utf-8", "utf-8-sig", "gb18030")
DATES: Mapping[str, str] = {"YYYY-MM-DD": "%Y-%m-%d", "YYYY/MM/DD": "%Y/%m/%d", "YYYYMMDD": "%Y%m%d"}
_KEYS = {
    "layout", "title", "version", "valid_from", "clause", "file", "format", "encoding", "sheet", "date_format", "columns",
}  # fmt: skip
_GRADE = re.compile(r"等级|档次|分层|分类结果|信用风险|\bgrade|\bstrat", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class LayoutColumn:
    """One column of the file: the table's column, the header of the other office, its codes by stored value."""

    column: Column
    header: str
    codes: Mapping[str, str] = field(hash=False)


@dataclass(frozen=True, slots=True)
class Layout:
    """A prescribed file: the output contract it is made of, its name without suffix, format and columns in order."""

    contract: Contract
    title: str
    version: str
    valid_from: date
    file: str
    format: str
    encoding: str
    sheet: str
    date_pattern: str
    columns: tuple[LayoutColumn, ...]

    @property
    def file_name(self) -> str:
        """The name of the file."""
        return f"{self.file}.{self.format}"


def layout_in_force(name: str, day: date, root: Path = ROOT) -> Layout:
    """The layout `name` with the latest valid_from not after `day`; ContractError when there is none, or two of one day."""
    known = sorted((each for each in layouts(root) if each.contract.name == name), key=lambda each: each.valid_from)
    found = [each for each in known if each.valid_from <= day]
    if not found:
        raise ContractError(f"{day} 没有可用的版式 {name}，请在 layouts/ 中补一份，valid_from 不晚于该日。")
    return found[-1]


@lru_cache(maxsize=4)
def layouts(root: Path = ROOT) -> tuple[Layout, ...]:
    """Every layout below `root`, by file name; ContractError says which file and key is at fault."""
    found = tuple(_read(path) for path in sorted((root / "layouts").glob("*.yaml")))
    starts = [(each.contract.name, each.valid_from) for each in found]
    if len(set(starts)) != len(starts):
        raise ContractError("layouts/ 中有两份版式同名且 valid_from 相同，请改正其中一份的 valid_from。")
    return found


def _read(path: Path) -> Layout:
    raw: Mapping[str, Any] = parse(path)
    if set(raw) != _KEYS:
        wrong = "、".join(sorted(set(raw) ^ _KEYS))
        raise _error(path, f"的键不对（{wrong}），应恰为 {'、'.join(sorted(_KEYS))}")
    for key, allowed in (("format", FORMATS), ("encoding", ENCODINGS), ("date_format", tuple(DATES))):
        if raw[key] not in allowed:
            raise _error(path, f"的 {key} 只能是 {'、'.join(allowed)} 之一")
    if not isinstance(raw["valid_from"], date):
        raise _error(path, "的 valid_from 应为日期，形如 2026-01-01")
    if not re.fullmatch(r"[a-z][a-z0-9_]*", str(raw["file"])):
        raise _error(path, "的 file 只能用小写字母、数字和下划线，不带后缀")
    if not isinstance(raw["columns"], list) or not raw["columns"]:
        raise _error(path, "的 columns 应逐列写明 column 和 header")
    contract = output_contract(str(raw["layout"]))
    columns = tuple(_column(path, entry, contract) for entry in raw["columns"])
    headers = [column.header for column in columns]
    repeated = sorted({header for header in headers if headers.count(header) > 1})
    if repeated:
        raise _error(path, f"的表头 {'、'.join(repeated)} 写了两次，请删去一处")
    missing = [name for name in contract.primary_key if name not in {column.column.name for column in columns}]
    if missing:
        raise _error(path, f"缺少 {'、'.join(missing)}：没有这几列，平台的回执对不上结果，请补上")
    return Layout(
        contract=contract,
        title=str(raw["title"]),
        version=str(raw["version"]),
        valid_from=raw["valid_from"],
        file=str(raw["file"]),
        format=str(raw["format"]),
        encoding=str(raw["encoding"]),
        sheet=str(raw["sheet"]),
        date_pattern=DATES[raw["date_format"]],
        columns=columns,
    )


def _column(path: Path, entry: Any, contract: Contract) -> LayoutColumn:
    if not isinstance(entry, dict) or not {"column", "header"} <= set(entry) <= {"column", "header", "codes"}:
        raise _error(path, "的 columns 每项应写 column、header，需要时加 codes")
    name, header, codes = str(entry["column"]), str(entry["header"]).strip(), entry.get("codes") or {}
    if name in _sensitive() or _GRADE.search(header):
        raise _error(path, f"要求 {name}（{header}）：等级和敏感级的列不回填，省局已有，不另存一份（R-38），请删去")
    if name not in contract.column_names:
        raise _error(path, f"要求 {name}，契约 {contract.name} 没有这一列，可用的是 {'、'.join(contract.column_names)}")
    if not header:
        raise _error(path, f"的 {name} 没有表头，请写明")
    if not isinstance(codes, dict) or not all(isinstance(item, str) for pair in codes.items() for item in pair):
        raise _error(path, f"的 {name} 的 codes 应为“存储值: 平台写法”，两边都是文字（数字和 true、false 请加引号）")
    column = contract.column(name)
    stored = {"true", "false"} if column.logical_type == "boolean" else set(column.values.values())
    if codes and stored and stored != set(codes):
        raise _error(path, f"的 {name} 的 codes 应恰好写全 {'、'.join(sorted(stored))}")
    return LayoutColumn(column, header, codes)


@lru_cache(maxsize=1)
def _sensitive() -> frozenset[str]:
    """Names of columns that any contract classes 敏."""
    return frozenset(
        column.name
        for contract in (*source_contracts(), *output_contracts())
        for column in contract.columns
        if column.classification == "sensitive"
    )


def _error(path: Path, what: str) -> ContractError:
    return ContractError(f"版式文件 layouts/{path.name} {what}。")
