"""With earlier bundles the verifier sees what none alone can show: each round below holds by itself."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from supervision.draw import ceremony
from tests.unit.bundle_making import BEACON, edit_policy
from tests.unit.bundle_year import (
    LEVELS,
    ROUNDS,
    Files,
    another_subject,
    context,
    one_more,
    policy,
    reason,
    rounds,
    run,
    spent_as,
    stated,
    task_policy,
    trigger_rows,
    write,
)
from tests.unit.draw_city import level
from verifier import verify


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
