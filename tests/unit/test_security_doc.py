"""Each attack of docs/security.md names its test, and every test it names is there."""

from __future__ import annotations

import ast
import re
from pathlib import Path

NAMED = re.compile(r"`(tests/[\w/]+\.py)::(test_\w+)`")


def named(text: str) -> list[tuple[str, str]]:
    return NAMED.findall(text)


def missing(checkout: Path, text: str) -> list[str]:
    """The tests named that do not exist."""
    wrong = []
    for file, test in named(text):
        path = checkout / file
        tree = ast.parse(path.read_text("utf-8")) if path.is_file() else ast.Module([], [])
        if not any(isinstance(node, ast.FunctionDef) and node.name == test for node in tree.body):
            wrong.append(f"{file}::{test}")
    return wrong


def test_every_attack_names_a_test_that_is_there(checkout: Path) -> None:
    text = (checkout / "docs" / "security.md").read_text("utf-8")
    attacks = text.partition("## 攻击清单")[2].partition("\n## ")[0]
    rows = [line for line in attacks.splitlines() if re.match(r"\| \d+ ", line)]
    assert len(rows) >= 20
    assert [line for line in rows if not named(line)] == []
    assert [int(line.split("|")[1]) for line in rows] == list(range(1, len(rows) + 1))
    assert missing(checkout, text) == []


def test_a_test_that_is_gone_is_found(checkout: Path) -> None:
    text = "`tests/unit/test_sbom.py::test_nothing` `tests/unit/test_gone.py::test_x`"
    assert missing(checkout, text) == ["tests/unit/test_sbom.py::test_nothing", "tests/unit/test_gone.py::test_x"]
