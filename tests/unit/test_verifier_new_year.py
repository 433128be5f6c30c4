"""A chain of bundles over the new year, and what may not change, or is told, from one round to the next."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from pipelines.cli.verify import previous_rounds, verify_bundle
from resources.ledger import Ledger
from resources.settings import Home
from supervision.canonical import json_bytes
from supervision.draw import ceremony
from tests.unit.bundle_making import BEACON
from tests.unit.bundle_year import (
    LEVELS,
    ROUNDS,
    Change,
    Files,
    cells_of,
    joined,
    policy,
    rounds,
    run,
    stated,
    task_policy,
    write,
)
from tests.unit.draw_city import level, uid
from verifier import verify

# ---- a chain that reaches back into the year before: nothing was drawn before its first round ----

OVER = (("YC-2025-12", 12, 11), ("YC-2026-01", 1, 0), ("YC-2026-02", 2, 1))


def over_new_year(
    change: dict[int, Change] | None = None, batches: Sequence[tuple[str, int, int]] = OVER
) -> list[Files]:
    """Bundles of December, January and February, phase_salt as it must be."""
    given = change or {}

    def of_2026(i: int) -> Change:
        salt = policy(phase_salt=ceremony.phase_salt(2026, BEACON))
        return lambda files: given.get(i, lambda same: same)(salt(files))

    return rounds({0: policy(year=2025), **{i: of_2026(i) for i in range(1, len(batches))}}, batches)


def without(number: int, then: Change = lambda same: same) -> Change:
    """A subject of stratum C taken out of population, frame and counts."""

    def apply(files: Files) -> Files:
        files = stated(3, 3, -1)(stated(3, 4, -1)(files))
        for name in ("population.csv", "frame.csv"):
            kept = [row for row in cells_of(files, name) if uid(number) not in row]
            files = files | {name: joined(kept)}
        return then(files)

    return apply


def spent(number: int) -> Change:
    """The eligible subject of that number blocked as drawn this year."""

    def apply(files: Files) -> Files:
        lines = cells_of(files, "frame.csv")
        [line] = [line for line in lines if line[1] == uid(number)]
        assert line[4] == "eligible"
        line[4:] = ["blocked", "drawn_this_year"]
        return stated({"A": 2, "C": 3}[line[3]], 4, -1)(files | {"frame.csv": joined(lines)})

    return apply


def test_a_chain_over_the_new_year_holds(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    made = over_new_year()
    assert all(files["drawn.csv"].count(b"\n") > 1 for files in made[:2])
    code, said = run(capsys, write(tmp_path, made))
    assert code == 0 and "有 0 项次在这些批次之前" in said and "不在其中的 0 项次" in said, said
    assert "任务变动" not in said


BEFORE_THE_YEAR: list[tuple[dict[int, Change], Sequence[tuple[str, int, int]], str, str]] = [
    ({1: stated(2, 5, 1)}, OVER[:2], "YC-2026-01/strata.csv 第 2 行", "drawn_ytd differs"),
    ({1: spent(15)}, OVER[:2], "YC-2026-01/strata.csv 第 3 行", "but never drawn"),
    ({}, (OVER[0], ("YC-2026-01", 7, 6)), "YC-2026-01/policy.json", "k not in sequence"),
    ({}, (OVER[0], OVER[1], ("YC-2026-01.2", 1, 0), ("YC-2026-02", 2, 0)), "YC-2026-02/policy.json", "k not in"),
    ({1: without(39), 2: spent(39)}, OVER, "YC-2026-02/strata.csv 第 3 行", "but never drawn"),
]  # fmt: skip


@pytest.mark.parametrize(("change", "batches", "name", "word"), BEFORE_THE_YEAR)
def test_nothing_was_drawn_before_the_first_round_of_a_year(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    change: dict[int, Change],
    batches: Sequence[tuple[str, int, int]],
    name: str,
    word: str,
) -> None:
    folders = write(tmp_path, over_new_year(change, batches))
    code, said = run(capsys, folders)
    assert code == 1 and name in said and word in said, said
    if len(batches) == 2:  # draws before our system: legitimate where no bundle of the year before is given
        assert verify.main([folders[1]]) == 0


def test_a_firm_said_to_be_drawn_before_the_bundles_is_counted(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    made = rounds({0: without(39), 1: spent(39)}, ROUNDS[:2])
    code, said = run(capsys, write(tmp_path, made))
    assert code == 0 and "列为本年已抽而不在其中的 1 项次（drawn by none of them）" in said, said


# ---- what may not change in the year, and what is told ----


def levels(**changes: Any) -> Change:
    return task_policy(levels=LEVELS | {"C": LEVELS["C"] | changes})


def renamed(files: Files) -> Files:
    """Level C called C2, of a hundredth of the rate."""
    held = json.loads(files["policy.json"])
    held["tasks"]["T"]["levels"]["C2"] = held["tasks"]["T"]["levels"].pop("C") | {"rate_e4": 30}
    held["cut_order"].append("C2")
    for name in ("frame.csv", "strata.csv"):
        files = files | {name: files[name].replace(b",C,", b",C2,")}
    return files | {"policy.json": json_bytes(held)}


def one_level_more(files: Files) -> Files:
    return task_policy(levels=LEVELS | {"B": level(1)})(files)


def one_level_less(files: Files) -> Files:
    """Its subjects in the other one."""
    files = task_policy(levels={"A": LEVELS["A"]})(files)
    frame = files["frame.csv"].replace(b",C,", b",A,")
    header, first, second = cells_of(files, "strata.csv")
    sums = [str(int(a) + int(b)) for a, b in zip(first[3:], second[3:], strict=True)]
    return files | {"frame.csv": frame, "strata.csv": joined([header, first[:3] + sums])}


@pytest.mark.parametrize(
    ("change", "word"),
    [
        (levels(rounding="half_up"), "quota rules changed"),
        (levels(minimum=1), "quota rules changed"),
        (levels(minimum_if_base=1), "quota rules changed"),
        (levels(census_up_to=1), "quota rules changed"),
        (renamed, "levels changed"),
        (one_level_more, "levels changed"),
        (one_level_less, "levels changed"),
    ],
)
def test_a_quota_rule_that_changes_in_the_year_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], change: Change, word: str
) -> None:
    folders = write(tmp_path, rounds({1: change}, ROUNDS[:2]))
    assert verify.main([folders[1]]) == 0
    capsys.readouterr()
    code, said = run(capsys, folders)
    assert code == 1 and "YC-2026-09/policy.json" in said and word in said, said


def called(name: str, **changes: Any) -> Change:
    """The one task under another name, nobody drawn for it yet."""

    def apply(files: Files) -> Files:
        held = json.loads(files["policy.json"])
        held["tasks"] = {name: held["tasks"]["T"] | changes}
        header, *strata = cells_of(files, "strata.csv")
        strata = [[name, *row[1:4], row[3], "0", row[6]] for row in strata]
        frame = files["frame.csv"].replace(b"\nT,", f"\n{name},".encode())
        frame = frame.replace(b"blocked,drawn_this_year", b"eligible,")
        return files | {"frame.csv": frame, "strata.csv": joined([header, *strata]), "policy.json": json_bytes(held)}

    return apply


def rescoped(files: Files) -> Files:
    return task_policy(scope={"fields": [], "types": ["enterprise"]})(files)


@pytest.mark.parametrize(
    ("change", "batches", "told"),
    [
        (called("T2"), OVER, "YC-2026-02 T 窗口未满而取消（gone）；T2 新增，范围同 T（new, same scope）；T2 新增，自称已有 1 批"),
        (rescoped, OVER, "YC-2026-02 T 范围变动（scope）"),
        (lambda same: same, (*OVER[:2], ("YC-2026-02", 9, 1)), "YC-2026-02 T 批次由 1 到 9（k jumps）"),
    ],
)  # fmt: skip
def test_a_change_of_tasks_is_told(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    change: Change,
    batches: Sequence[tuple[str, int, int]],
    told: str,
) -> None:
    made = over_new_year({2: change}, batches)
    code, said = run(capsys, write(tmp_path, made))
    assert code == 0 and f"任务变动（tasks changed）：{told}" in said, said


def test_a_task_whose_window_has_ended_goes_unsaid(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    made = over_new_year({1: task_policy(window_end="2026-01-31"), 2: called("T2", batch_prev=0)})
    code, said = run(capsys, write(tmp_path, made))
    assert code == 0 and "new, same scope" in said and "gone" not in said, said


# ---- bundles not given ----


def test_a_voided_round_not_given_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folders = write(tmp_path, rounds())
    code, said = run(capsys, folders[2:])
    assert code == 0 and "YC-2026-09.2 之前的作废批次：未给出（voided round before it not given）" in said, said
    code, said = run(capsys, folders)
    assert code == 0 and "not given" not in said


def test_the_rounds_of_the_year_and_of_the_last_month_before_it_are_the_earlier_ones() -> None:
    assert previous_rounds(["YC-2025-11", "YC-2025-12", "YC-2025-12.2", "YC-2026-01"], "YC-2026-02") == [
        "YC-2025-12",
        "YC-2025-12.2",
        "YC-2026-01",
    ]
    assert previous_rounds(["YC-2024-10"], "YC-2026-01") == ["YC-2024-10"]
    assert previous_rounds([], "YC-2026-01") == []


@pytest.mark.parametrize("salt", [ceremony.phase_salt(2026, BEACON), "6" * 64])
def test_a_round_of_the_data_folder_is_checked_with_the_last_round_of_the_year_before(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], salt: str
) -> None:
    """Whose beacon made its phase_salt: one made up is refused, which the round alone does not show."""
    home = Home(tmp_path)
    made = rounds({0: policy(year=2025), 1: policy(phase_salt=salt)}, OVER[:2])
    for (round_id, _, _), files in zip(OVER, made, strict=False):
        (home.bundles / round_id).mkdir(parents=True)
        for name, data in files.items():
            (home.bundles / round_id / name).write_bytes(data)
        body = {
            "round_id": round_id,
            "month": round_id[3:],
            "manifest_sha256": hashlib.sha256(files["manifest.txt"]).hexdigest(),
            "commitment": json.loads(files["certificate.json"])["commitment"],
            "merkle_root": "0" * 64,
            "committed_rows": 40,
            "demonstration": False,
        }
        ledger = Ledger(home.ledger, "rounds")
        ledger.append("commitment", body)
        sums = hashlib.sha256(files["SHA256SUMS"]).hexdigest()
        ledger.append("sealed", {"round_id": round_id, "sha256sums": sums, "demonstration": False})
    code = verify_bundle("YC-2026-01", None, [], tmp_path)
    said = capfd.readouterr().out
    assert (code, "phase_salt differs" in said) == ((1, True) if salt == "6" * 64 else (0, False)), said
