"""What every contract must keep, beyond what loading needs: `lint()` lists each breach in one Chinese sentence.

Here: ODCS validity, one grammar of names, Chinese titles and reasons, classes, headers, keys, rules, units.
Not here: loading (`model`), whether data keep a contract (the generated SQL and suites), the policies' own lint.
Nothing at run time calls this; tests do, so it may import what is slow (pydantic, jsonschema, sqlglot).
"""

from __future__ import annotations

import csv
import json
import re
import unicodedata
from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache
from importlib.resources import files
from pathlib import Path
from typing import Any

import yaml

from data_contracts import model, odcs
from data_contracts.lint_sources import lint_sources
from data_contracts.model import CLASS_ZH, Column, Contract
from data_contracts.odcs import ContractError, FieldDictionary, Raw

NAME = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")
CHINESE = re.compile(r"[\u4e00-\u9fff]")
CONFIDENTIAL = "confidential"  # files that never enter the lake: in no group of tables
GROUPS = ("collected", "validated", "risk", "plan", "reports", "published", CONFIDENTIAL)
# Columns that reading and validation add to every row; a source contract cannot use these names for its own.
ROW_COLUMNS = (
    "source", "row_id", "delivery_id", "file_name", "file_sha256", "sheet", "row_no", "part_no", "corrects_row_id",
    "received_at", "generated", "is_generated", "is_withdrawal", "formed_on", "identity_basis", "key_text", "version_no",
    "is_withdrawn", "is_current", "warnings",
)  # fmt: skip
# A header that the reader takes in every source: the place of the quarantined row that this one corrects.
ROW_HEADERS = ("原位置号",)
# What a rule may read beside the contract's columns.
RULE_EXTRAS = ("received_at",)
_RANK = {name: rank for rank, name in enumerate(CLASS_ZH)}
_KINDS_ZH: Mapping[model.Kind, str] = {"source": "来源", "output": "产出", "confidential": "保密"}


def lint(root: Path = model.ROOT) -> list[str]:
    """Every breach in the contracts below `root`, one Chinese sentence each, naming file and key; empty when sound."""
    found = [sentence for path in _yaml_files(root) for sentence in _repeated_keys(path)]
    try:
        dictionary = odcs.load_dictionary(root)
        sources, outputs, aside = (model.load_contracts(root, kind) for kind in model.FOLDERS)
    except ContractError as error:
        return [*found, str(error)]
    units = _units(root)
    if not units:
        found.append("缺少 reference/units.csv，无法核对责任单位，请先补上单位表。")
    contracts = (*sources, *outputs, *aside)
    for contract in contracts:
        where = _place(contract)
        path = root / where
        found += [f"契约 {where} {what}" for what in _odcs_errors(odcs.parse(path), dictionary)]
        for check in _CHECKS:
            found += [f"契约 {where} {what}" for what in check(contract)]
        if units and contract.responsible_unit not in units:
            found.append(f"契约 {where} 的责任单位 {contract.responsible_unit} 不在单位表中，请改正（R-37b）。")
        found += [f"契约 {where} {what}" for what in _lowered_classes(contract, dictionary)]
    fields = {code for raw in dictionary.properties.values() if raw["name"] == "field_code" for code in _codes(raw)}
    found += lint_sources(root, sources, units, fields)
    names = [contract.name for contract in contracts]
    found += [
        f"{name} 既是{'又是'.join(_KINDS_ZH[c.kind] for c in contracts if c.name == name)}契约，请改名。"
        for name in sorted({name for name in names if names.count(name) > 1})
    ]
    return found + list(_dictionary_breaches(root, dictionary, contracts))


def _yaml_files(root: Path) -> list[Path]:
    folders = (".", *model.FOLDERS.values(), "fields")
    return sorted(path for folder in folders for path in (root / folder).glob("*.yaml"))


def _place(contract: Contract) -> str:
    """The contract's file, below the folder of all contracts."""
    return f"{model.FOLDERS[contract.kind]}/{contract.name}.yaml"


def _codes(raw: Raw) -> list[str]:
    """The stored codes of a dictionary entry with a closed list."""
    values = next(entry["value"] for entry in raw["customProperties"] if entry["property"] == "values")
    return [str(code) for code in (values.values() if isinstance(values, dict) else values)]


def _units(root: Path) -> set[str]:
    path = root / "reference" / "units.csv"
    if not path.exists():
        return set()
    with path.open(encoding="utf-8", newline="") as lines:
        return {row["unit_code"] for row in csv.DictReader(lines)}


def _repeated_keys(path: Path) -> Iterator[str]:
    """YAML lets a later key silently replace an earlier one of the same mapping."""

    def walk(node: Any) -> Iterator[str]:
        if isinstance(node, yaml.MappingNode):
            seen: set[str] = set()
            for key, value in node.value:
                if key.value in seen:
                    yield f"{path.parent.name}/{path.name} 第 {key.start_mark.line + 1} 行的键 {key.value} 重复，请删去一处。"
                seen.add(key.value)
                yield from walk(value)
        elif isinstance(node, yaml.SequenceNode):
            for value in node.value:
                yield from walk(value)

    try:
        yield from walk(yaml.compose(path.read_text("utf-8"), Loader=yaml.CSafeLoader))
    except (yaml.YAMLError, UnicodeDecodeError):
        return  # loading says it better


def _odcs_errors(document: Raw, dictionary: FieldDictionary) -> Iterator[str]:
    """The file as written against the package's model; with inheritance done, against the standard's own schema."""
    from open_data_contract_standard.model import OpenDataContractStandard
    from pydantic import ValidationError

    try:
        OpenDataContractStandard(**document)
    except ValidationError as invalid:
        for error in invalid.errors():
            yield f"不符合 ODCS：{'.'.join(str(part) for part in error['loc'])}（{error['msg']}）。"
    for error in _standard().iter_errors(odcs.resolve(document, dictionary)):
        yield f"不符合 ODCS：{'.'.join(str(part) for part in error.absolute_path)}（{error.message[:120]}）。"


@lru_cache(maxsize=1)
def _standard() -> Any:
    """The validator of the standard's own JSON schema, as the package brings it."""
    import jsonschema  # type: ignore[import-untyped]

    schema = json.loads(files("open_data_contract_standard").joinpath("schema.json").read_text("utf-8"))
    return jsonschema.validators.validator_for(schema)(schema)


def _names(contract: Contract) -> Iterator[str]:
    rules = [rule.id for rule in contract.rules]
    for what, names in (("表", [contract.name]), ("字段", list(contract.column_names)), ("规则", rules)):
        for name in names:
            if not NAME.fullmatch(name):
                yield f"的{what}名 {name} 应为小写字母、数字和下划线。"
    for name in sorted({name for name in rules if rules.count(name) > 1}):
        yield f"的规则名 {name} 重复。"
    if contract.kind == "source":
        for name in contract.column_names:
            if name in ROW_COLUMNS:
                yield f"的字段名 {name} 是系统附加列，请改名。"


def _chinese(contract: Contract) -> Iterator[str]:
    texts = [("名称", contract.title), ("说明", contract.description)]
    for column in contract.columns:
        texts += [(f"字段 {column.name} 的中文名", column.title), (f"字段 {column.name} 的说明", column.description)]
        for reason in (column.required_reason, column.type_reason, column.check_reason):
            texts.append((f"字段 {column.name} 的原因", reason))
            if not reason.endswith("。"):
                yield f"的字段 {column.name} 的原因应是完整的一句话，以句号结尾。"
    for rule in contract.rules:
        texts.append((f"规则 {rule.id} 的原因", rule.reason))
        if not rule.reason.endswith("。"):
            yield f"的规则 {rule.id} 的原因应是完整的一句话，以句号结尾。"
    for what, text in texts:
        if not CHINESE.search(text):
            yield f"的{what}应写中文。"


def _classes(contract: Contract) -> Iterator[str]:
    strictest = max(contract.columns, key=lambda column: _RANK[column.classification])
    if _RANK[contract.classification] < _RANK[strictest.classification]:
        yield f"的 classification 低于字段 {strictest.name}（{CLASS_ZH[strictest.classification]}），请提高。"
    if contract.openness == "主动公开" and strictest.classification == "sensitive":
        yield f"主动公开，却含敏感字段 {strictest.name}，请去掉该字段或改为不予公开（R-38）。"
    if contract.group not in GROUPS or (contract.kind == "source" and contract.group != "collected"):
        yield f"的 group {contract.group} 不在规定的分组内（来源一律 collected）。"
    if (contract.kind == CONFIDENTIAL) != (contract.group == CONFIDENTIAL):
        yield f"的 group {contract.group} 与所在文件夹不符：{CONFIDENTIAL} 只用于 {CONFIDENTIAL}/ 下的契约（R-37）。"
    if contract.kind == CONFIDENTIAL and (contract.classification, contract.openness) != ("sensitive", "不予公开"):
        yield "是保密契约，应为敏感（sensitive）、不予公开（R-37）。"


def _lowered_classes(contract: Contract, dictionary: FieldDictionary) -> Iterator[str]:
    for column in contract.columns:
        shared = dictionary.properties.get(column.name)
        if shared and _RANK[column.classification] < _RANK[shared["classification"]]:
            yield f"的字段 {column.name} 把数据字典的级别降低了，请改名或恢复。"


def _keys(contract: Contract) -> Iterator[str]:
    for name in contract.primary_key:
        weighed = any(f"{name} IS NULL" in rule.condition for rule in contract.rules)
        if not contract.column(name).required and not weighed:
            yield f"的主键字段 {name} 应必填，或有一条规则说明何时可空（{name} IS NULL）。"
    for name in contract.formed_on:
        if contract.column(name).logical_type != "date":
            yield f"的 formedOn 字段 {name} 应为日期。"


def _columns(contract: Contract) -> Iterator[str]:
    for column in contract.columns:
        yield from _column(column)


def _column(column: Column) -> Iterator[str]:
    where = f"的字段 {column.name}"
    if column.pattern is not None:
        try:
            re.compile(column.pattern)
        except re.error:
            yield f"{where} 的 pattern 不是可用的正则式。"
    constraints = [column.pattern is not None, column.check is not None, bool(column.values)]
    if sum(constraints) > 1:
        yield f"{where} 的 values、pattern、check 只能写一个。"
    if column.logical_type == "boolean":
        if set(column.values.values()) != {"true", "false"}:
            yield f"{where} 是布尔值，values 只能对应 true 和 false。"
    elif any(constraints) and column.logical_type != "string":
        yield f"{where} 不是文字，不能写 values、pattern 或 check。"
    for code in column.values.values():
        if code != code.strip() or not code:
            yield f"{where} 的取值代码有空白。"


def _headers(contract: Contract) -> Iterator[str]:
    owner: dict[str, str] = {}
    for column in contract.columns:
        for header in column.headers:
            key = _folded(header)
            if owner.setdefault(key, column.name) != column.name:
                yield f"的表头“{header}”同时指向 {owner[key]} 和 {column.name}，请删去一处别名。"
            if contract.kind == "source" and header in ROW_HEADERS:
                yield f"的表头“{header}”由读取程序统一采集（更正行指回原行），字段 {column.name} 不能用，请改名。"
    for header in contract.ignored_headers:
        if header in ROW_HEADERS:
            yield f"的表头“{header}”由读取程序统一采集（更正行指回原行），不能忽略，请删去。"
        if _folded(header) in owner:
            yield f"的表头“{header}”既采集又忽略，请删去一处。"


def _folded(header: str) -> str:
    return re.sub(r"\s", "", unicodedata.normalize("NFKC", header)).casefold()


def _rules(contract: Contract) -> Iterator[str]:
    import sqlglot
    from sqlglot import exp

    forbidden = (exp.Subquery, exp.Select, exp.AggFunc, exp.Window, exp.CurrentDate, exp.CurrentTimestamp)
    allowed = (*contract.column_names, *RULE_EXTRAS)
    for rule in contract.rules:
        try:
            tree = sqlglot.parse_one(rule.condition, dialect="duckdb")
        except sqlglot.errors.ParseError:
            yield f"的规则 {rule.id} 不是可解析的条件。"
            continue
        read = [column.name for column in tree.find_all(exp.Column)]
        for name in sorted(set(read) - set(allowed)):
            yield f"的规则 {rule.id} 引用了不存在的字段 {name}。"
        if tree.find(*forbidden) or not isinstance(tree, exp.Condition) or isinstance(tree, exp.Column | exp.Literal):
            yield f"的规则 {rule.id} 只能是逐行的条件，不得有子查询、汇总或当前时间。"
        if set(rule.columns) != set(read) - set(RULE_EXTRAS):
            yield f"的规则 {rule.id} 的字段识别有误，请把字段名写成独立的词。"
        if not rule.columns:
            yield f"的规则 {rule.id} 没有引用任何字段。"


def _additions(contract: Contract) -> Iterator[str]:
    """Identity, publication, parties and units: each needs columns of the right kind."""
    names = contract.column_names
    if contract.identity and ("uscc" not in names or contract.column("uscc").check != "uscc"):
        yield "写了 identity，却没有按信用代码核对的字段 uscc，请补上或删去 identity。"
    if contract.identity and not contract.column("uscc").required:
        yield "写了 identity，uscc 即认定后的代码，应必填。"
    if contract.published_on and contract.column(contract.published_on).logical_type != "date":
        yield f"的 publishedOn 字段 {contract.published_on} 应为日期。"
    if contract.split_parties and not (contract.identity and "uscc" in contract.split_parties):
        yield "的 splitParties 应含 uscc，且须写 identity：分出的每个当事人都要认定。"
    for name in contract.split_parties:
        if contract.column(name).logical_type != "string":
            yield f"的 splitParties 字段 {name} 不是文字，不能拆分。"
    for column in contract.columns:
        if column.unit_headers and column.unit is None:
            yield f"的字段 {column.name} 写了 unitHeaders 却没有 unit，不知换算成什么，请补上。"
        if column.unit and column.logical_type != "number":
            yield f"的字段 {column.name} 有 unit，应为数（number）。"


_CHECKS: tuple[Callable[[Contract], Iterator[str]], ...] = (
    _names,
    _chinese,
    _classes,
    _keys,
    _columns,
    _headers,
    _additions,
    _rules,
)


def _dictionary_breaches(root: Path, dictionary: FieldDictionary, contracts: tuple[Contract, ...]) -> Iterator[str]:
    """A shared column is described once, in the dictionary; an entry nobody uses is dead."""
    users: dict[str, list[str]] = {}
    for contract in contracts:
        for name in contract.column_names:
            users.setdefault(name, []).append(_place(contract))
    for name, file in dictionary.files.items():
        if name not in users:
            yield f"数据字典 {file} 的字段 {name} 没有契约使用，请删去。"
    for name, where in users.items():
        if len(where) > 1 and name not in dictionary.properties:
            yield f"字段 {name} 在 {'、'.join(where)} 中各自描述，请移入数据字典，只描述一次。"
    used = {rule.id for contract in contracts for rule in contract.rules}
    for name in sorted(set(dictionary.rules) - used):
        yield f"数据字典的规则 {name} 没有契约使用，请删去。"
    for contract in contracts:
        table = odcs.parse(root / _place(contract))["schema"][0]
        for raw in table["properties"]:
            yield from _repeated(contract, "字段", raw, dictionary.properties, ("businessName", "description"))
        for raw in table.get("quality") or []:
            yield from _repeated(contract, "规则", raw, dictionary.rules, ("implementation", "description"))


def _repeated(
    contract: Contract, what: str, raw: Raw, shared: Mapping[str, Raw], keys: tuple[str, ...]
) -> Iterator[str]:
    base = shared.get(raw["name"], {})
    for key in keys:
        if key in raw and raw[key] == base.get(key):
            yield f"契约 {_place(contract)} 的{what} {raw['name']} 重复了数据字典的 {key}，请删去。"
