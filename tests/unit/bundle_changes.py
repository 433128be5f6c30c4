"""Changes to a bundle, the seals made anew after them, and what the verifier says: for the tests of the verifier.

Here: one change at a time, by file and line. Not here: which changes there are (the tests).
"""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest

from tests.unit.bundle_making import bundle, edit_policy, random_city, sums
from verifier import verify

Files = dict[str, bytes]
Change = Callable[[Files], Files]
UID = "91140800MA0000001A"  # population.csv line 3 of the bundle


@cache
def good_bundle() -> Files:
    """A bundle with cuts, a restored stratum, teams of two and three, and a visit without a team."""
    files, result, assignment = bundle(random_city(1398))
    assert [cut.lambda_e4 for cut in result.cuts] == [8150, 10_000, 9134]
    assert assignment.unassignable
    return files


def write(folder: Path, files: Files) -> Path:
    folder.mkdir(exist_ok=True)
    for name, data in files.items():
        (folder / name).write_bytes(data)
    return folder


def run(capsys: pytest.CaptureFixture[str], *arguments: object) -> tuple[int, str]:
    code = verify.main([str(each) for each in arguments])
    return code, capsys.readouterr().out


def refusal(files: Files) -> str:
    with pytest.raises(verify.Refused) as refused:
        verify.examine(files)
    return str(refused.value)


def line(name: str, number: int, change: Callable[[str], str | list[str]]) -> Change:
    """One line of a file replaced by what the change makes of it."""

    def apply(files: Files) -> Files:
        lines = files[name].decode().split("\n")
        made = change(lines[number - 1])
        lines[number - 1 : number] = [made] if isinstance(made, str) else made
        return files | {name: "\n".join(lines).encode()}

    return apply


def text(name: str, old: str, new: str) -> Change:
    def apply(files: Files) -> Files:
        assert old in files[name].decode()
        return files | {name: files[name].decode().replace(old, new, 1).encode()}

    return apply


def cell(name: str, number: int, column: int, value: str) -> Change:
    def change(row: str) -> str:
        cells = row.split(",")
        assert cells[column] != value
        return ",".join([*cells[:column], value, *cells[column + 1 :]])

    return line(name, number, change)


def drop(name: str, number: int) -> Change:
    return line(name, number, lambda row: [])


def repeat(name: str, number: int) -> Change:
    return line(name, number, lambda row: [row, row])


def swap(name: str, number: int) -> Change:
    def apply(files: Files) -> Files:
        lines = files[name].split(b"\n")
        lines[number - 1], lines[number] = lines[number], lines[number - 1]
        return files | {name: b"\n".join(lines)}

    return apply


def whole(name: str, change: Callable[[bytes], bytes]) -> Change:
    return lambda files: files | {name: change(files[name])}


def without(name: str) -> Change:
    return lambda files: {key: data for key, data in files.items() if key != name}


def policy(path: str, value: object) -> Change:
    """An entry of policy.json, by its dotted path, set to the value."""

    def apply(files: Files) -> Files:
        held = json.loads(files["policy.json"])
        *above, last = path.split(".")
        inner = held
        for key in above:
            inner = inner[key]
        assert inner.get(last) != value
        inner[last] = value
        return edit_policy(files, **held)

    return apply


def seal(files: Files) -> Files:
    return files | {"SHA256SUMS": sums(files)}


def assert_refused(files: Files, name: str, number: int | None, word: str) -> None:
    said = refusal(files)
    where = f"{name} 第 {number} 行（line {number}）" if number else name
    assert any(one.startswith(where) and word in one for one in said.splitlines()), said
