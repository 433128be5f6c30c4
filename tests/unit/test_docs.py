"""The documents say what is there: links lead somewhere, commands exist, dependencies and decisions are all listed."""

from __future__ import annotations

import importlib.metadata
import itertools
import re
import tomllib
from pathlib import Path

import pytest


def documents(root: Path) -> list[Path]:
    return [*sorted(root.glob("*.md")), *sorted((root / "docs").rglob("*.md"))]


def dead_links(root: Path) -> list[str]:
    return [
        f"{path.relative_to(root)}: {target}"
        for path in documents(root)
        for target in re.findall(r"\]\(([^)#:]+)\)", path.read_text(encoding="utf-8"))
        if not (path.parent / target).exists()
    ]


def test_every_link_leads_somewhere(checkout: Path, tmp_path: Path) -> None:
    assert dead_links(checkout) == []
    (tmp_path / "a.md").write_text("[x](gone.md) [y](a.md#here)", encoding="utf-8")
    assert dead_links(tmp_path) == ["a.md: gone.md"]


@pytest.mark.parametrize("name", ["README.md", "README.zh-CN.md"])
def test_the_readme_opens_with_the_two_commands_and_names_only_targets_that_exist(checkout: Path, name: str) -> None:
    text = (checkout / name).read_text(encoding="utf-8")
    blocks = re.findall(
        r"^```\n(.*?)^```", re.sub(r"<!-- demo:begin -->.*<!-- demo:end -->", "", text, flags=re.S), re.M | re.S
    )
    assert blocks[:2] == ["make demo\n", "make test\n"]
    targets = set(re.findall(r"^([a-z-]+):.*## ", (checkout / "Makefile").read_text(encoding="utf-8"), re.M))
    assert {"demo", "test", "ui", "help"} <= set(re.findall(r"(?:^|`)make ([a-z-]+)", text, re.M)) <= targets
    for folder in re.findall(r"^\| (`.*?`) \|", text, re.M):
        for one in re.findall(r"`([a-z_]+)/`", folder):
            assert (checkout / one).is_dir(), one


def test_every_dependency_has_its_bound_and_licence(checkout: Path) -> None:
    project = tomllib.loads((checkout / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = project["optional-dependencies"]
    declared = dict(
        re.fullmatch(r"([\w-]+)(.*)", line).groups()  # type: ignore[union-attr]
        for line in itertools.chain(project["dependencies"], *extras.values())
    )
    page = (checkout / "docs" / "dependencies.md").read_text(encoding="utf-8")
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in page.splitlines() if "| `" in line]
    assert {name: bound.strip("`") for name, bound, *_ in rows} == declared
    for name, _, reason, why_bound, licence in rows:
        assert reason and why_bound, name
        stated = importlib.metadata.metadata(name)
        said = " ".join(
            [stated.get("License-Expression") or "", stated.get("License") or "", *stated.get_all("Classifier", [])]
        )
        family = licence.split("-")[0].split(" ")[0]
        assert family in said, f"{name}: {licence}"


def test_every_decision_is_listed_and_names_what_was_rejected(checkout: Path) -> None:
    folder = checkout / "docs" / "adr"
    index = (folder / "README.md").read_text(encoding="utf-8")
    records = sorted(path for path in folder.glob("0*.md"))
    assert [path.name[:4] for path in records] == [f"{n:04d}" for n in range(1, len(records) + 1)]
    for path in records:
        text = path.read_text(encoding="utf-8")
        assert path.name in index, path.name
        assert all(part in text for part in ("**Decision.**", "**Why.**", "**Rejected.**")), path.name


def gone(root: Path, page: str) -> list[str]:
    """What a page names in backquotes and is not there: a file or folder of the checkout, or an output's table."""
    text = (root / "docs" / page).read_text(encoding="utf-8")
    tables = {path.stem for path in (root / "data_contracts" / "outputs").glob("*.yaml")}
    data = ("bundles/", "ledger/")  # folders of the data, not of the checkout
    return [
        name
        for name in dict.fromkeys(re.findall(r"`([^`\n]+)`", text))
        if not (any(root.glob(name)) or name.startswith(data) if "/" in name else name.partition(".")[0] in tables)
    ]


def test_every_clause_leads_to_files_and_tables_that_exist(checkout: Path, tmp_path: Path) -> None:
    assert gone(checkout, "clauses.md") == []
    for folder in ("docs", "data_contracts/outputs", "sql"):
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / "data_contracts" / "outputs" / "frame.yaml").touch()
    (tmp_path / "sql" / "a.sql").touch()
    (tmp_path / "docs" / "page.md").write_text("`sql/a.sql` `sql/gone.sql` `frame.reason` `lost`", encoding="utf-8")
    assert gone(tmp_path, "page.md") == ["sql/gone.sql", "lost"]
