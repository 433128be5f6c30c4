"""The contract files as documents: parsing, strict keys, inheritance from the field dictionary.

Here: which ODCS v3.1.0 keys this project reads, and how a property inherits. Not here: what they mean (`model`).

Inheritance: a property of a contract takes every key it does not state from the entry of the same name in
`fields/*.yaml`; `customProperties` and `quality` are taken entry by entry; header aliases add up. A row rule of a
contract takes every key it does not state from the entry of the same name under `rules:` there.
Reading is strict: a key that nobody reads is an error, so that a misspelt one cannot be silently without effect.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml

Raw = dict[str, Any]

TOP = {"apiVersion", "kind", "id", "name", "version", "status", "schema", "customProperties"}
OBJECT = {"name", "businessName", "physicalType", "description", "properties", "quality"}
PROPERTY = {
    "name", "businessName", "description", "logicalType", "physicalType", "logicalTypeOptions", "required",
    "primaryKey", "primaryKeyPosition", "classification", "quality", "customProperties",
}  # fmt: skip
RULE = {"name", "type", "engine", "implementation", "severity", "description"}
ROW_COUNT = {"name", "metric", "mustBeGreaterOrEqualTo", "mustBeLessOrEqualTo", "severity", "description"}
REASON = {"name", "type", "description"}
REASONS = ("required", "type", "check")
CUSTOM_TOP = {
    "group", "responsibleUnit", "openness", "classification", "formedOn",
    "ignoredHeaders", "identity", "documentNumber", "publishedOn", "splitParties", "sheet",
}  # fmt: skip
CUSTOM_COLUMN = {"aliases", "values", "check", "unit", "unitHeaders", "publicReason"}


class ContractError(ValueError):
    """A contract file cannot be used: one Chinese sentence with the file, the key and what to do."""


@dataclass(frozen=True, slots=True)
class FieldDictionary:
    """The shared columns (raw properties by name, their file), the shared row rules, the headers ignored everywhere."""

    properties: Mapping[str, Raw]
    files: Mapping[str, str]
    ignored_headers: Mapping[str, str]
    rules: Mapping[str, Raw]


@lru_cache(maxsize=8)
def load_dictionary(root: Path) -> FieldDictionary:
    """`fields/*.yaml` of `root`; a name described twice is an error."""
    properties: dict[str, Raw] = {}
    files: dict[str, str] = {}
    ignored: dict[str, str] = {}
    rules: dict[str, Raw] = {}
    for path in sorted((root / "fields").glob("*.yaml")):
        document = parse(path)
        check_keys(document, {"fields", "ignoredHeaders", "rules"}, path, "文件")
        for entry in document.get("fields") or []:
            name = str(entry.get("name", ""))
            if name in properties:
                raise ContractError(
                    f"数据字典 {path.name} 的字段 {name} 已在 {files[name]} 中描述：每个字段只描述一次，请删去一处。"
                )
            check_keys(entry, PROPERTY, path, f"字段 {name}")
            properties[name], files[name] = entry, path.name
        for entry in document.get("rules") or []:
            name = str(entry.get("name", ""))
            if name in rules:
                raise ContractError(f"数据字典 {path.name} 的规则 {name} 已经写过：每条规则只写一次，请删去一处。")
            check_keys(entry, RULE, path, f"规则 {name}")
            rules[name] = entry
        for entry in document.get("ignoredHeaders") or []:
            ignored.update({str(header): str(entry["reason"]) for header in entry["headers"]})
    return FieldDictionary(properties, files, ignored, rules)


def parse(path: Path) -> Raw:
    """The document in a YAML file; ContractError with the line when it is not one."""
    try:
        document = yaml.load(path.read_bytes(), Loader=yaml.CSafeLoader)
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        mark = getattr(error, "problem_mark", None)
        place = f"第 {mark.line + 1} 行附近" if mark else "编码不是 UTF-8"
        raise ContractError(f"契约文件 {path.name} 不是可读的 YAML（{place}），请改正。") from error
    if not isinstance(document, dict):
        raise ContractError(f"契约文件 {path.name} 是空的或不是键值结构，请补全。")
    return document


def check_keys(raw: Raw, allowed: set[str], path: Path, where: str) -> None:
    """ContractError when `raw` has a key that nobody would read."""
    unknown = sorted(set(raw) - allowed)
    if unknown:
        raise ContractError(f"契约文件 {path.name} 的{where}有不认识的键 {'、'.join(unknown)}，请改正拼写或删去。")


def resolve(document: Raw, dictionary: FieldDictionary) -> Raw:
    """The document with every property and row rule complete: what the contract says once inheritance is done."""
    return {**document, "schema": [_complete(table, dictionary) for table in document.get("schema") or []]}


def _complete(table: Raw, dictionary: FieldDictionary) -> Raw:
    shared = dictionary.properties
    properties = [merge(shared.get(str(raw.get("name")), {}), raw) for raw in table["properties"]]
    if "quality" not in table:
        return {**table, "properties": properties}
    quality = [{**dictionary.rules.get(str(raw.get("name")), {}), **raw} for raw in table["quality"] or []]
    return {**table, "quality": quality, "properties": properties}


def merge(base: Raw, own: Raw) -> Raw:
    """`own` over `base`; customProperties and quality entry by entry, aliases added up (with the base's title)."""
    merged = {**base, **own}
    custom = {entry["property"]: entry for entry in base.get("customProperties") or []}
    aliases = list(custom.get("aliases", {}).get("value") or [])
    if base.get("businessName") and base["businessName"] != merged.get("businessName"):
        aliases.append(base["businessName"])
    for entry in own.get("customProperties") or []:
        if entry["property"] == "aliases":
            aliases.extend(entry["value"])
        else:
            custom[entry["property"]] = entry
    if aliases:
        custom["aliases"] = {"property": "aliases", "value": list(dict.fromkeys(aliases))}
    if custom:
        merged["customProperties"] = list(custom.values())
    quality = {_quality_key(entry): entry for entry in base.get("quality") or []}
    quality.update({_quality_key(entry): entry for entry in own.get("quality") or []})
    if quality:
        merged["quality"] = list(quality.values())
    return merged


def _quality_key(entry: Raw) -> str:
    return str(entry.get("name"))
