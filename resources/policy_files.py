"""Policy files as they lie in a folder: read once, with the line every entry stands on and the names they may use.

For: the shipped files and any other a person is working on, their lint with line numbers.
Not for: the rules (supervision.policy), which policy a month has (reference), the tables of a month (assets).
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import yaml

from data_contracts import registry
from resources.calendars import rows
from resources.settings import POLICIES, REFERENCE
from supervision.policy import Finding, Known, Policy, PolicyError, lint, lint_validity, parse_policy

ITEM_LISTS = ("zj_2017_inspection_items_36.csv", "own_inspection_items.csv")


class PolicyFileError(PolicyError):
    """A file that cannot be read as a policy; the message says where, line is the line it stands on."""

    def __init__(self, message: str, line: int) -> None:
        super().__init__(message)
        self.line = line


@dataclass(frozen=True, slots=True)
class PolicyFile:
    """A policy, the name and digest of its file, and the line of every path in it."""

    name: str
    sha256: str
    policy: Policy
    lines: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Told:
    """A finding, where a person finds it."""

    name: str
    line: int
    sentence: str


def shipped() -> tuple[Path, ...]:
    """The policy files of this checkout, by name."""
    return tuple(sorted(POLICIES.glob("*.yaml")))


def read_policy(path: Path) -> PolicyFile:
    """The policy of a file. Raises PolicyFileError with the line for whatever keeps it from being read."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise PolicyFileError(f"抽查政策 文件：{path.name} 无法读取，请核对路径（DRAW §2）。", 0) from error
    lines = _lines(data)
    try:
        policy = parse_policy(yaml.load(data, Loader=yaml.CSafeLoader))
    except PolicyError as error:
        raise PolicyFileError(str(error), line_of(lines, error.path)) from error
    return PolicyFile(path.name, hashlib.sha256(data).hexdigest(), policy, lines)


def line_of(lines: Mapping[str, int], path: str) -> int:
    """The line of a path, or of the nearest entry above it that there is."""
    while path and path not in lines:
        path = path[: max(path.rfind("."), path.rfind("["), 0)]
    return lines.get(path, 1)


def _lines(data: bytes) -> dict[str, int]:
    """Path -> line, from 1; keys joined by dots, places in a list in brackets. A repeated key is refused."""
    try:
        root = yaml.compose(data, Loader=yaml.CSafeLoader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark else 1
        what = f"抽查政策 文件：第 {line} 行不合 YAML 写法（冒号后空一格、缩进对齐、引号成对），请改正（DRAW §2）。"
        raise PolicyFileError(what, line) from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise PolicyFileError("抽查政策 文件：不是 UTF-8 文字，请另存为 UTF-8（DRAW §2）。", 1) from error
    found: dict[str, int] = {}
    if root is not None:
        _walk(root, "", found)
    return found


def _walk(node: yaml.Node, path: str, found: dict[str, int]) -> None:
    found.setdefault(path, node.start_mark.line + 1)
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            inner, line = f"{path}.{key.value}".lstrip("."), key.start_mark.line + 1
            if inner in found:
                what = (
                    f"抽查政策 {inner}：这个键写了两次（第 {found[inner]} 行和第 {line} 行），请只留一个（DRAW §2）。"
                )
                raise PolicyFileError(what, line)
            found[inner] = line
            _walk(value, inner, found)
    elif isinstance(node, yaml.SequenceNode):
        for place, value in enumerate(node.value):
            _walk(value, f"{path}[{place}]", found)


@lru_cache(maxsize=1)
def known_names() -> Known:
    """The names a policy may use: `reference/` and the registry of sources."""
    units = rows(REFERENCE / "units.csv")
    sources = registry.sources()
    return Known(
        items=frozenset(row["item_code"] for name in ITEM_LISTS for row in rows(REFERENCE / name)),
        units=frozenset(row["unit_code"] for row in units),
        counties=frozenset(row["unit_code"] for row in units if row["kind"] == "county"),
        departments=frozenset(row["dept_code"] for row in rows(REFERENCE / "departments.csv")),
        fields=frozenset(field for source in sources for field in source.fields),
        exploratory_sources=frozenset(source.name for source in sources if source.kind == "exploratory"),
    )


def findings(policy: Policy) -> list[Finding]:
    """Everything that forbids the use of a policy in this city."""
    return lint(policy, known_names())


def judge(paths: Sequence[Path], not_served: Mapping[str, str]) -> list[Told]:
    """What is wrong with these files, each by itself and their validity together, in the order of file and line.

    not_served: month -> why it has no policy.
    """
    return sorted(_judge(paths, not_served), key=lambda told: (told.name, told.line))


def _judge(paths: Sequence[Path], not_served: Mapping[str, str]) -> Iterator[Told]:
    read: dict[str, PolicyFile] = {}
    for path in paths:
        try:
            file = read[str(path)] = read_policy(path)
        except PolicyFileError as error:
            yield Told(path.name, error.line, str(error))
            continue
        for finding in findings(file.policy):
            yield Told(file.name, line_of(file.lines, finding.path), str(finding))
    for name, finding in lint_validity({name: file.policy for name, file in read.items()}, not_served):
        yield Told(read[name].name, line_of(read[name].lines, finding.path), str(finding))
