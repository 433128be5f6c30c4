"""With earlier bundles the verifier sees what none alone can show: each round below holds by itself."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from supervision.canonical import json_bytes
from supervision.draw import ceremony
from tests.unit.bundle_making import BEACON, bundle, edit_policy
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
    forget: bool = False,
    lost: int | None = None,
) -> list[Files]:
    """A year's bundles, each following from those before; change[i] spoils the eight files of round i before its draw.

    forget: whoever was drawn stays eligible; lost: round i is not linked to by the next.
    """
    made: list[Files] = []
    drawn: Counter[tuple[str, str, str]] = Counter()
    subjects: set[str] = set()
    previous: Files | None = None
    targets: dict[tuple[str, str, str], int] = {}
    for i, (round_id, batch, batch_prev) in enumerate(batches):
        people = []
        for number in range(40):
            stratum = "A" if number < 10 else "C"
            again = stratum == "C" and uid(number) in subjects and not forget
            people.append(Subject(number, "X", {"T": (stratum, "drawn_this_year" if again else "")}))
        city = City(
            {"T": task(LEVELS, batch=batch, batch_prev=batch_prev)},
            people,
            drawn_ytd={key: 2 + count for key, count in drawn.items()} or {("T", "X", "A"): 2, ("T", "X", "C"): 2},
            served_e4=targets if round_id.endswith(".2") else {},
        )
        files = city.files()
        link = hashlib.sha256(previous["certificate.json"]).hexdigest() if previous else None
        files = context(previous_certificate_sha256=link)(files)
        files, result, _ = bundle((change or {}).get(i, lambda same: same)(files), round_id)
        for row in result.drawn:
            drawn[row.task, row.county, row.stratum] += 1
            subjects.add(row.uid)
        targets = {(row.task, row.county, row.stratum): row.target_e4 for row in result.drawn}
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


def test_a_year_with_a_voided_round_holds(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    made = rounds()
    assert all(len(files["drawn.csv"].splitlines()) > 3 for files in (made[0], made[1], made[3]))
    folders = write(tmp_path, made)
    code, said = run(capsys, folders)
    assert code == 0, said
    each = [word for folder in folders[:-1] for word in ("--previous", folder)]
    assert (verify.main([folders[-1], *each]), capsys.readouterr().out) == (code, said)
    assert "有 4 项次在其之前（before these bundles）" in said and "  - drawn_ytd" not in said


SPOILT: list[tuple[dict[str, Any], str, str]] = [
    ({"change": {3: stated(2, 5, 1)}}, "YC-2026-10/strata.csv 第 2 行", "drawn_ytd"),
    ({"change": {3: stated(3, 5, -1)}}, "YC-2026-10/strata.csv 第 3 行", "drawn_ytd"),
    ({"change": {1: stated(3, 5, 1)}}, "YC-2026-09/strata.csv 第 3 行", "drawn_ytd"),
    ({"change": {2: stated(2, 6, -1)}}, "YC-2026-09.2/strata.csv 第 2 行", "served_e4"),
    ({"change": {3: stated(2, 6, 1)}}, "YC-2026-10/strata.csv 第 2 行", "served_e4"),
    ({"change": {3: policy(phase_salt="6" * 64)}}, "YC-2026-10/policy.json", "phase_salt changed"),
    ({"change": {3: task_policy(batches=11)}}, "YC-2026-10/policy.json", "M or rates changed"),
    ({"change": {3: task_policy(levels=LEVELS | {"A": level(29_999)})}}, "YC-2026-10/policy.json", "rates changed"),
    ({"batches": (*ROUNDS[:3], ("YC-2026-10", 10, 8))}, "YC-2026-10/policy.json", "k not in sequence"),
    ({"batches": (*ROUNDS[:2], ("YC-2026-09.2", 10, 8), ROUNDS[3])}, "YC-2026-09.2/policy.json", "k not in sequence"),
    ({"batches": (*ROUNDS[:2], ("YC-2026-09.2", 10, 9), ROUNDS[3])}, "YC-2026-09.2/policy.json", "k not in sequence"),
    ({"batches": (ROUNDS[1], ROUNDS[0])}, "YC-2026-08/context.json", "chain broken"),
    ({"change": {0: context(previous_certificate_sha256="0" * 64)}, "lost": 0}, "YC-2026-09/context.json", "chain"),
    ({"lost": 1}, "YC-2026-09.2/context.json", "chain broken"),
    ({"forget": True}, "YC-2026-09/strata.csv 第 3 行", "drawn_this_year not blocked"),
]


@pytest.mark.parametrize(("spoilt", "name", "word"), SPOILT)
def test_what_earlier_rounds_contradict_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], spoilt: dict[str, Any], name: str, word: str
) -> None:
    folders = write(tmp_path, rounds(**spoilt))
    for folder in folders:
        code = verify.main([folder])
        assert code == 0, capsys.readouterr().out
    capsys.readouterr()
    code, said = run(capsys, folders)
    assert code == 1
    assert name in said and word in said, said


def test_a_bundle_left_out_or_given_twice_is_seen(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folders = write(tmp_path, rounds())
    code, said = run(capsys, [folders[0], folders[1], folders[3]])
    assert code == 1 and "left out" in said
    code, said = run(capsys, [*folders, folders[3]])
    assert code == 1 and "given twice" in said
    code, _ = run(capsys, folders[1:])
    assert code == 0, "the later part of a year may be checked alone"


def test_a_spoilt_earlier_bundle_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folders = write(tmp_path, rounds())
    path = Path(folders[1]) / "drawn.csv"
    path.write_bytes(path.read_bytes() + b"\n")
    code, said = run(capsys, folders)
    assert code == 1 and folders[1] in said and "drawn.csv" in said


@pytest.mark.parametrize("beacon", [BEACON, BEACON.replace(".80", ".79")])
def test_the_phase_salt_of_a_new_year_follows_from_the_last_beacon(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], beacon: str
) -> None:
    def new_year(files: Files) -> Files:
        return edit_policy(files, phase_salt=ceremony.phase_salt(2026, beacon))

    made = rounds({0: policy(year=2025), 1: new_year}, (("YC-2025-12", 12, 11), ("YC-2026-01", 1, 0)), forget=True)
    code, said = run(capsys, write(tmp_path, made))
    assert (code == 0) == (beacon == BEACON)
    assert ("phase_salt" in said) == (beacon != BEACON)
