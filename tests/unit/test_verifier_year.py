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
from supervision.draw import ceremony, writing
from supervision.draw.rows import TriggerRow
from supervision.draw.selection import DrawResult
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


def test_a_year_with_a_voided_round_holds(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    made = rounds()
    assert all(len(files["drawn.csv"].splitlines()) > 3 for files in (made[0], made[1], made[3]))
    folders = write(tmp_path, made)
    code, said = run(capsys, folders)
    assert code == 0, said
    each = [word for folder in folders[:-1] for word in ("--previous", folder)]
    assert (verify.main([folders[-1], *each]), capsys.readouterr().out) == (code, said)
    assert "有 4 项次在这些批次之前（before these bundles）" in said and "  - drawn_ytd" not in said
    assert "相接，其中作废（voided）1 个" in said
    assert verify.main(["--previous", *folders[:2], folders[2]]) == 0
    assert "本月在此之前有 1 个批次作废（voided rounds of this month before this one）" in capsys.readouterr().out


def test_a_round_voided_twice_holds_and_one_after_it_may_be_checked_alone(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The third round carries what both voided ones left; given without them, what they left is said to be unknown."""
    made = rounds(batches=(*ROUNDS[:3], ("YC-2026-09.3", 9, 8), ROUNDS[3]))
    rows = made[3]["triggers.csv"].decode()
    assert "V.YC-2026-09.1," in rows and made[2]["drawn.csv"].count(b"\n") == rows.count("V.YC-2026-09.2.") + 1
    folders = write(tmp_path, made)
    code, said = run(capsys, folders)
    assert code == 0 and "其中作废（voided）2 个" in said, said
    code, said = run(capsys, folders[3:])
    assert code == 0, said
    assert verify.main([folders[3]]) == 0
    assert "drawn_ytd, voided rounds" in capsys.readouterr().out


def test_who_was_drawn_off_site_is_no_trigger_of_the_next_round(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    made = rounds(off_site="A")
    assert b",A," in made[1]["drawn.csv"]
    code, said = run(capsys, write(tmp_path, made[:3]))
    assert code == 0, said


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
    ({"forget": "C"}, "YC-2026-09/strata.csv 第 3 行", "drawn_this_year not blocked"),
    ({"forget": "A"}, "YC-2026-09.2/frame.csv", "voided, still eligible"),
    ({"change": {3: reason(15, "drawn_this_year")}}, "YC-2026-10/strata.csv 第 3 行", "but never drawn"),
    ({"change": {3: spent_as("visited_within_gap")}}, "YC-2026-10/strata.csv 第 3 行", "drawn_this_year not blocked"),
    ({"change": {2: trigger_rows(lambda rows: rows[:-1])}}, "YC-2026-09.2/triggers.csv", "缺少或与作废批次不符"),
    ({"change": {2: trigger_rows(lambda rows: [])}}, "YC-2026-09.2/triggers.csv", "缺少或与作废批次不符"),
    ({"change": {2: trigger_rows(another_subject)}}, "YC-2026-09.2/triggers.csv 第 2 行", "differs from the voided"),
    ({"change": {2: trigger_rows(one_more)}}, "YC-2026-09.2/triggers.csv 第 5 行", "缺少或与作废批次不符"),
    (
        {
            "batches": (*ROUNDS[:3], ("YC-2026-09.3", 9, 8)),
            "change": {3: trigger_rows(lambda rows: [row for row in rows if not row[0].startswith("V.YC-2026-09.1")])},
        },
        "YC-2026-09.3/triggers.csv",
        "缺少或与作废批次不符",
    ),
    ({"batches": (*ROUNDS[:2], ("YC-2026-09.3", 9, 8))}, "YC-2026-09.3/context.json", "left out"),
    ({"batches": (ROUNDS[0], ("YC-2026-10.2", 9, 8))}, "YC-2026-10.2/context.json", "left out"),
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

    made = rounds({0: policy(year=2025), 1: new_year}, (("YC-2025-12", 12, 11), ("YC-2026-01", 1, 0)), forget="AC")
    code, said = run(capsys, write(tmp_path, made))
    assert (code == 0) == (beacon == BEACON)
    assert ("phase_salt" in said) == (beacon != BEACON)
