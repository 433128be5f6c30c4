"""A year's bundles, each following from those before, and ways to spoil one before its draw.

Here: the chain of made-up rounds and the changes that keep a bundle whole by itself. Not here: what the verifier says.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from supervision.canonical import json_bytes
from supervision.draw import writing
from supervision.draw.rows import TriggerRow
from supervision.draw.selection import DrawResult
from tests.unit.bundle_making import bundle, edit_policy
from tests.unit.draw_city import City, Subject, level, task, uid
from verifier import verify

Files = dict[str, bytes]
Change = Callable[[Files], Files]

# round, batch, the batch before; the first round of September is voided
ROUNDS = (("YC-2026-08", 8, 7), ("YC-2026-09", 9, 8), ("YC-2026-09.2", 9, 8), ("YC-2026-10", 10, 9))
LEVELS = {"A": level(30_000), "C": level(3000, "at_least")}


def rounds(
    change: dict[int, Change] | None = None,
    batches: Sequence[tuple[str, int, int]] = ROUNDS,
    forget: str = "",
    lost: int | None = None,
    off_site: str = "",
) -> list[Files]:
    """A year's bundles, each following from those before; change[i] spoils the eight files of round i before its draw.

    forget: whoever of this stratum was drawn, also in a voided round, stays eligible; lost: round i is not linked to;
    off_site: strata that are drawn and not visited.
    """
    made: list[Files] = []
    outside = 2  # draws of the first year before its first round
    levels = {name: each | {"on_site": int(name not in off_site)} for name, each in LEVELS.items()}
    drawn: Counter[tuple[str, str, str]] = Counter()
    subjects: set[str] = set()
    voided: list[tuple[str, DrawResult]] = []
    previous: Files | None = None
    for i, (round_id, batch, batch_prev) in enumerate(batches):
        if i and batches[i - 1][0][:7] != round_id[:7]:
            outside, drawn, subjects = 0, Counter(), set()
        voided = [each for each in voided if each[0][:10] == round_id[:10]]
        in_voided = {row.uid for _, result in voided for row in result.drawn}
        people = []
        for number in range(40):
            stratum = "A" if number < 10 else "C"
            if stratum in forget:
                reason = ""
            elif stratum == "C":
                reason = "drawn_this_year" if uid(number) in subjects else ""
            else:
                reason = "visited_within_gap" if uid(number) in in_voided else ""
            people.append(Subject(number, "X", {"T": (stratum, reason)}))
        served: Counter[tuple[str, str, str]] = Counter()
        for _, result in voided:
            served.update({due.key: due.target_e4 for due in result.dues})
        city = City(
            {"T": task(levels, batch=batch, batch_prev=batch_prev)},
            people,
            drawn_ytd={("T", "X", name): outside + drawn["T", "X", name] for name in levels},
            served_e4=served,
        )
        files = city.files()
        files["triggers.csv"] = writing.triggers_csv(
            [
                TriggerRow(f"V.{old}.{n}", each, "X")
                for old, result in voided
                for n, each in enumerate(sorted({row.uid for row in result.drawn if row.stratum not in off_site}), 1)
            ]
        )
        link = hashlib.sha256(previous["certificate.json"]).hexdigest() if previous else None
        files = context(previous_certificate_sha256=link)(files)
        files, result, _ = bundle((change or {}).get(i, lambda same: same)(files), round_id)
        for row in result.drawn:
            drawn[row.task, row.county, row.stratum] += 1
            subjects.add(row.uid)
        voided.append((round_id, result))
        previous = previous if i == lost else files
        made.append(files)
    return made


def context(**changes: Any) -> Change:
    return lambda files: files | {"context.json": json_bytes(json.loads(files["context.json"]) | changes)}


def policy(**changes: Any) -> Change:
    return lambda files: edit_policy(files, **changes)


def task_policy(**changes: Any) -> Change:
    def apply(files: Files) -> Files:
        held = json.loads(files["policy.json"])["tasks"]["T"]
        return edit_policy(files, tasks={"T": held | changes})

    return apply


def stated(row: int, column: int, by: int) -> Change:
    """A number of strata.csv raised."""

    def apply(files: Files) -> Files:
        lines = [line.split(",") for line in files["strata.csv"].decode().splitlines()]
        lines[row - 1][column] = str(int(lines[row - 1][column]) + by)
        return files | {"strata.csv": "".join(",".join(line) + "\n" for line in lines).encode()}

    return apply


def cells_of(files: Files, name: str) -> list[list[str]]:
    return [row.split(",") for row in files[name].decode().splitlines()]


def joined(lines: Sequence[Sequence[str]]) -> bytes:
    return "".join(",".join(line) + "\n" for line in lines).encode()


def reason(number: int, said: str) -> Change:
    """An eligible subject of frame.csv blocked for a reason, and counted so; number: the first that is eligible from here."""

    def apply(files: Files) -> Files:
        lines = cells_of(files, "frame.csv")
        line = next(line for line in lines[number:] if line[4] == "eligible")
        line[4:] = ["blocked", said]
        return stated({"A": 2, "C": 3}[line[3]], 4, -1)(files | {"frame.csv": joined(lines)})

    return apply


def spent_as(said: str) -> Change:
    """Whoever is drawn_this_year gets another reason."""
    return lambda files: files | {"frame.csv": files["frame.csv"].replace(b"drawn_this_year", said.encode())}


def trigger_rows(change: Callable[[list[list[str]]], list[list[str]]]) -> Change:
    """The rows of triggers.csv after the change."""

    def apply(files: Files) -> Files:
        header, *lines = cells_of(files, "triggers.csv")
        return files | {"triggers.csv": joined([header, *change(lines)])}

    return apply


def another_subject(lines: list[list[str]]) -> list[list[str]]:
    return [[lines[0][0], uid(0), "X"], *lines[1:]]


def one_more(lines: list[list[str]]) -> list[list[str]]:
    return [*lines, [f"V.YC-2026-09.{len(lines) + 1}", uid(39), "X"]]


def write(folder: Path, made: Sequence[Files]) -> list[str]:
    folders = []
    for i, files in enumerate(made):
        (folder / str(i)).mkdir(parents=True)
        for name, data in files.items():
            (folder / str(i) / name).write_bytes(data)
        folders.append(str(folder / str(i)))
    return folders


def run(capsys: pytest.CaptureFixture[str], folders: Sequence[str]) -> tuple[int, str]:
    """The last bundle against the others, given in the wrong order."""
    code = verify.main(["--previous", *reversed(folders[:-1]), folders[-1]])
    return code, capsys.readouterr().out
