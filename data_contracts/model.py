"""The typed loader of the contracts: YAML (ODCS v3.1.0) in, frozen dataclasses out.

Here: the shape of a contract and its reading, with errors that name file and key (`ContractError`).
Not here: files and inheritance (`odcs`), judging beyond what loading needs (`lint`), rendering (`dictionary`), data.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal, cast

from data_contracts import odcs, openness, reasons
from data_contracts.odcs import ContractError, FieldDictionary, Raw, load_dictionary

LogicalType = Literal["string", "date", "number", "integer", "boolean", "timestamp"]
Classification = Literal["public", "internal", "sensitive"]
Severity = Literal["error", "warning"]
Kind = Literal["source", "output", "confidential"]

__all__ = [
    "Column", "Contract", "ContractError", "Rule", "confidential_contract", "load_contracts", "output_contract",
    "output_contracts", "public_contract", "rule_columns", "source_contract", "source_contracts",
]  # fmt: skip
ROOT = Path(__file__).resolve().parent
FOLDERS: Mapping[Kind, str] = {"source": "sources", "output": "outputs", "confidential": "confidential"}
API_VERSION = "v3.1.0"
OPENNESS = ("主动公开", "依申请公开", "不予公开")
CLASS_ZH: Mapping[str, str] = {"public": "公", "internal": "内", "sensitive": "敏"}
CHECKS = ("uscc", "reg_no")
UNITS = ("元", "万元")
BOOLEAN_VALUES: Mapping[str, str] = {
    "是": "true", "否": "false", "TRUE": "true", "FALSE": "false",
    "true": "true", "false": "false", "1": "true", "0": "false",
}  # fmt: skip
PHYSICAL_TYPES: Mapping[str, str] = {
    "string": "VARCHAR",
    "date": "DATE",
    "number": "DECIMAL(18,6)",
    "integer": "BIGINT",
    "boolean": "BOOLEAN",
    "timestamp": "TIMESTAMP",
}
_PHYSICAL = {
    "string": r"VARCHAR(\[\])?",
    "date": r"DATE(\[\])?",
    "number": r"DECIMAL\(\d{1,2},\d{1,2}\)|DOUBLE",
    "integer": r"BIGINT(\[\])?",
    "boolean": r"BOOLEAN",
    "timestamp": r"TIMESTAMP",
}


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a table.

    `values` maps accepted source text to the stored code; empty means open. `unit`: what the stored amount counts
    (元, 万元); `unit_headers`: headers that bring another unit; `public_reason`: why it is 公 in a public file, not elsewhere.
    """

    name: str
    title: str
    description: str
    logical_type: LogicalType
    physical_type: str
    required: bool
    classification: Classification
    aliases: tuple[str, ...]
    values: Mapping[str, str] = field(hash=False)
    pattern: str | None
    check: str | None
    required_reason: str
    type_reason: str
    check_reason: str
    unit: str | None = None
    unit_headers: Mapping[str, str] = field(default_factory=dict, hash=False)
    public_reason: str | None = None

    @property
    def headers(self) -> tuple[str, ...]:
        """Every header text under which a delivery may bring this column: the Chinese name first."""
        return (self.title, *self.aliases, *(text for text in self.unit_headers if text not in self.aliases))


@dataclass(frozen=True, slots=True)
class Rule:
    """A row rule: `condition` (DuckDB, over the typed columns) is TRUE for a violating row; NULL is no violation."""

    id: str
    columns: tuple[str, ...]
    severity: Severity
    condition: str
    reason: str


@dataclass(frozen=True, slots=True)
class Contract:
    """What one table promises. `formed_on`: first non-null column starts the clock; `sha256`: of the merged content.

    `identity`: `uscc` is resolved through `reg_no` or `party_name` where the row has no code; `document_number`: the
    column whose gaps are counted; `published_on`: the day the record was made public; `split_parties`: the columns
    that list several parties in one cell, side by side; `sheet`: the one sheet of a workbook of several that is read.
    """

    name: str
    title: str
    kind: Kind
    group: str
    description: str
    responsible_unit: str
    openness: str
    classification: Classification
    columns: tuple[Column, ...]
    primary_key: tuple[str, ...]
    rules: tuple[Rule, ...]
    formed_on: tuple[str, ...]
    ignored_headers: tuple[str, ...]
    min_rows: int | None
    max_rows: int | None
    sha256: str
    identity: bool = False
    document_number: str | None = None
    published_on: str | None = None
    split_parties: tuple[str, ...] = ()
    sheet: str | None = None

    @property
    def column_names(self) -> tuple[str, ...]:
        """The English names in contract order."""
        return tuple(column.name for column in self.columns)

    def column(self, name: str) -> Column:
        """The column of that name; KeyError if the contract has none."""
        for column in self.columns:
            if column.name == name:
                return column
        raise KeyError(name)


def source_contracts() -> tuple[Contract, ...]:
    """Every source contract, by name."""
    return load_contracts(ROOT, "source")


def output_contracts() -> tuple[Contract, ...]:
    """Every output contract, by name."""
    return load_contracts(ROOT, "output")


def source_contract(name: str) -> Contract:
    """The source contract of that name; ContractError names the known ones."""
    return _one(source_contracts(), name, "来源")


def output_contract(name: str) -> Contract:
    """The output contract of that name; ContractError names the known ones."""
    return _one(output_contracts(), name, "产出")


def public_contract(name: str) -> Contract:
    """The output contract of a public file; ContractError for any other, so that no writer can be made for one."""
    contract = output_contract(name)
    if contract.openness != openness.PUBLIC:
        raise ContractError(f"产出契约 {name} 不是主动公开的，不能写成公开文件（R-38），请改用 …_public 的契约。")
    return contract


def confidential_contract(name: str) -> Contract:
    """The contract of a file that never enters the lake; ContractError names the known ones."""
    return _one(load_contracts(ROOT, "confidential"), name, "保密")


@lru_cache(maxsize=8)
def load_contracts(root: Path, kind: Kind) -> tuple[Contract, ...]:
    """The contracts below `root` of one kind, by name; ContractError says which file and key is at fault."""
    dictionary = load_dictionary(root)
    files = sorted((root / FOLDERS[kind]).glob("*.yaml"))
    contracts = tuple(_read(path, kind, dictionary) for path in files)
    if kind == "output":  # nothing is loaded when a public file could be built from anything but 公 columns
        others = (*load_contracts(root, "source"), *load_contracts(root, "confidential"), *contracts)
        for breach in openness.breaches(dictionary.properties, contracts, others):
            raise ContractError(f"契约文件 outputs/{breach}（R-38）。")
    return contracts


def _read(path: Path, kind: Kind, dictionary: FieldDictionary) -> Contract:
    try:
        return _Reader(path, kind, dictionary).contract()
    except (KeyError, TypeError, AttributeError) as error:
        raise ContractError(
            f"契约文件 {path.parent.name}/{path.name} 的结构不对（{error}），请对照其他契约改正。"
        ) from error


def _one(contracts: tuple[Contract, ...], name: str, what: str) -> Contract:
    for contract in contracts:
        if contract.name == name:
            return contract
    known = "、".join(contract.name for contract in contracts)
    raise ContractError(f"没有名为 {name} 的{what}契约，请改用以下之一：{known}。")


@dataclass(slots=True)
class _Reader:
    """Reads one contract file; every message carries the file name."""

    path: Path
    kind: Kind
    dictionary: FieldDictionary

    def contract(self) -> Contract:
        document = odcs.parse(self.path)
        odcs.check_keys(document, odcs.TOP, self.path, "文件")
        if document.get("apiVersion") != API_VERSION or document.get("kind") != "DataContract":
            raise self._error("apiVersion", f"必须是 {API_VERSION}（kind: DataContract）")
        objects = document.get("schema") or []
        if len(objects) != 1:
            raise self._error("schema", "必须恰好描述一张表")
        table: Raw = objects[0]
        odcs.check_keys(table, odcs.OBJECT, self.path, "schema")
        name = self._text(document, "name")
        if name != self.path.stem or table.get("name") != name:
            raise self._error("name", f"必须与文件名、schema 的 name 相同（{self.path.stem}）")
        custom = self._custom(document, odcs.CUSTOM_TOP, "文件")
        merged = odcs.resolve(document, self.dictionary)
        table = merged["schema"][0]
        properties: list[Raw] = table["properties"]
        columns = tuple(self._column(raw) for raw in properties)
        names = tuple(column.name for column in columns)
        if len(set(names)) != len(names):
            raise self._error("properties", "有重名字段，请删去一处")
        minimum, maximum = self._bounds(table)
        formed_on = tuple(custom.get("formedOn") or ())
        split = tuple(custom.get("splitParties") or ())
        single = {key: custom[key] for key in ("documentNumber", "publishedOn") if custom.get(key)}
        named = [("formedOn", name) for name in formed_on] + [("splitParties", name) for name in split]
        for key, column in (*named, *single.items()):
            if column not in names:
                raise self._error(key, f"引用了不存在的字段 {column}")
        digest = hashlib.sha256(json.dumps(merged, ensure_ascii=False, sort_keys=True, default=str).encode())
        return Contract(
            name=name,
            title=self._text(table, "businessName"),
            kind=self.kind,
            group=self._choice(custom, "group", None),
            description=self._text(table, "description"),
            responsible_unit=self._choice(custom, "responsibleUnit", None),
            openness=self._choice(custom, "openness", OPENNESS),
            classification=cast(Classification, self._choice(custom, "classification", tuple(CLASS_ZH))),
            columns=columns,
            primary_key=self._primary_key(properties),
            rules=tuple(self._rule(raw, names) for raw in table.get("quality") or [] if raw.get("type") == "custom"),
            formed_on=formed_on,
            ignored_headers=self._ignored(custom, columns),
            min_rows=minimum,
            max_rows=maximum,
            sha256=digest.hexdigest(),
            identity=custom.get("identity", False) is True,
            document_number=single.get("documentNumber"),
            published_on=single.get("publishedOn"),
            split_parties=split,
            sheet=custom.get("sheet"),
        )

    def _error(self, key: str, what: str) -> ContractError:
        return ContractError(f"契约文件 {self.path.parent.name}/{self.path.name} 的 {key} {what}，请改正。")

    def _text(self, raw: Raw, key: str) -> str:
        value = raw.get(key)
        if not isinstance(value, str) or not value.strip():
            raise self._error(key, f"缺少文字（{raw.get('name', '文件')}）")
        return value.strip()

    def _choice(self, custom: Raw, key: str, allowed: tuple[str, ...] | None) -> str:
        value = custom.get(key)
        if not isinstance(value, str) or (allowed is not None and value not in allowed):
            raise self._error(key, "必须写明" if allowed is None else f"只能是 {'、'.join(allowed)} 之一")
        return value

    def _custom(self, raw: Raw, allowed: set[str], where: str) -> Raw:
        found: Raw = {}
        for entry in raw.get("customProperties") or []:
            odcs.check_keys(entry, {"property", "value", "description"}, self.path, f"{where} customProperties")
            found[str(entry.get("property"))] = entry.get("value")
        odcs.check_keys(found, allowed, self.path, f"{where} customProperties")
        return found

    def _ignored(self, custom: Raw, columns: tuple[Column, ...]) -> tuple[str, ...]:
        if self.kind == "output":
            return ()
        read = {header for column in columns for header in column.headers}
        own = [*self.dictionary.ignored_headers, *(custom.get("ignoredHeaders") or ())]
        return tuple(header for header in dict.fromkeys(own) if header not in read)

    def _primary_key(self, properties: list[Raw]) -> tuple[str, ...]:
        keys = [raw for raw in properties if raw.get("primaryKey")]
        positions = sorted(int(raw.get("primaryKeyPosition", 0)) for raw in keys)
        if not keys or positions != list(range(1, len(keys) + 1)):
            raise self._error("primaryKeyPosition", "必须从 1 起连续编号，至少一个主键字段")
        return tuple(str(raw["name"]) for raw in sorted(keys, key=lambda raw: int(raw["primaryKeyPosition"])))

    def _bounds(self, table: Raw) -> tuple[int | None, int | None]:
        minimum: int | None = None
        maximum: int | None = None
        for raw in table.get("quality") or []:
            if raw.get("metric") == "rowCount":
                odcs.check_keys(raw, odcs.ROW_COUNT, self.path, f"quality {raw.get('name', '')}")
                minimum = raw.get("mustBeGreaterOrEqualTo", minimum)
                maximum = raw.get("mustBeLessOrEqualTo", maximum)
            elif raw.get("type") != "custom":
                raise self._error("quality", f"的 {raw.get('name')} 只能是 metric: rowCount 或 type: custom 的行规则")
        return minimum, maximum

    def _rule(self, raw: Raw, names: tuple[str, ...]) -> Rule:
        rule_id = self._text(raw, "name")
        odcs.check_keys(raw, odcs.RULE, self.path, f"quality {rule_id}")
        if raw.get("severity") not in ("error", "warning") or raw.get("engine") != "duckdb":
            raise self._error(f"quality {rule_id}", "必须写 severity: error 或 warning 和 engine: duckdb")
        condition = self._text(raw, "implementation")
        return Rule(
            id=rule_id,
            columns=rule_columns(condition, names),
            severity=cast(Severity, raw["severity"]),
            condition=condition,
            reason=self._text(raw, "description"),
        )

    def _column(self, raw: Raw) -> Column:
        name = self._text(raw, "name")
        where = f"字段 {name}"
        odcs.check_keys(raw, odcs.PROPERTY, self.path, where)
        custom = self._custom(raw, odcs.CUSTOM_COLUMN, where)
        title = self._text(raw, "businessName")
        logical = str(raw.get("logicalType"))
        if logical not in PHYSICAL_TYPES:
            raise self._error(f"{where} 的 logicalType", f"只能是 {'、'.join(PHYSICAL_TYPES)} 之一")
        physical = str(raw.get("physicalType") or PHYSICAL_TYPES[logical])
        if not re.fullmatch(_PHYSICAL[logical], physical):
            raise self._error(f"{where} 的 physicalType", f"与 logicalType {logical} 不符")
        if raw.get("classification") not in CLASS_ZH:
            raise self._error(f"{where} 的 classification", f"只能是 {'、'.join(CLASS_ZH)} 之一")
        check = custom.get("check")
        if check is not None and check not in CHECKS:
            raise self._error(f"{where} 的 check", f"只能是 {'、'.join(CHECKS)} 之一")
        values = _values(custom.get("values"), logical)
        options = raw.get("logicalTypeOptions") or {}
        odcs.check_keys(options, {"pattern"}, self.path, f"{where} logicalTypeOptions")
        said = {"required": f"「{title}」为空，应填写。", "type": reasons.type_reason(title, logical), "check": ""}
        for quality in raw.get("quality") or []:
            odcs.check_keys(quality, odcs.REASON, self.path, where)
            if quality.get("name") not in odcs.REASONS:
                raise self._error(
                    f"{where} 的 quality", f"只能名为 {'、'.join(odcs.REASONS)}，行规则写在表的 quality 下"
                )
            said[quality["name"]] = self._text(quality, "description")
        pattern = options.get("pattern")
        unit = custom.get("unit")
        unit_headers = {str(text): str(other) for text, other in (custom.get("unitHeaders") or {}).items()}
        for found in ({unit} - {None}) | set(unit_headers.values()):
            if found not in UNITS:
                raise self._error(f"{where} 的 unit、unitHeaders", f"只能是 {'、'.join(UNITS)} 之一")
        return Column(
            name=name,
            title=title,
            description=self._text(raw, "description"),
            logical_type=cast(LogicalType, logical),
            physical_type=physical,
            required=bool(raw.get("required", False)),
            classification=cast(Classification, raw["classification"]),
            aliases=tuple(alias for alias in custom.get("aliases") or () if alias != title),
            values=values,
            pattern=pattern,
            check=check,
            required_reason=said["required"],
            type_reason=said["type"],
            check_reason=said["check"] or reasons.check_reason(title, logical, check, values),
            unit=unit,
            unit_headers=unit_headers,
            public_reason=self._text({"name": name, **custom}, "publicReason") if "publicReason" in custom else None,
        )


def rule_columns(condition: str, names: tuple[str, ...]) -> tuple[str, ...]:
    """The contract's columns that a condition reads, in order of appearance (text in quotes does not count)."""
    words = re.findall(r"[A-Za-z_][A-Za-z0-9_]*", re.sub(r"'[^']*'", "''", condition))
    return tuple(dict.fromkeys(word for word in words if word in names))


def _values(raw: Any, logical: str) -> dict[str, str]:
    if raw is None:
        return dict(BOOLEAN_VALUES) if logical == "boolean" else {}
    if isinstance(raw, list):
        return {str(value): str(value) for value in raw}
    return {str(text): str(code) for text, code in raw.items()}
