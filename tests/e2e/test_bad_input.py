"""Bad input: one clear sentence that names the file, nothing half-published, the other sources not lost.

A file of a required source stops the plan (exit code 1); any other is put aside whole and told, and the month goes on.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from tests.e2e.conftest import MONTH, Outcome, change_manifest, make_real

Run = Callable[..., Outcome]


def folder_of(home: Path, source: str, month: str = MONTH) -> tuple[Path, str]:
    """The first delivery of a month that holds a file of this source, and that file's name."""
    for manifest in sorted((home / "inbox").glob(f"{month}-*/manifest.json")):
        for file in json.loads(manifest.read_text("utf-8"))["files"]:
            if file["source"] == source:
                return manifest.parent, file["name"]
    raise AssertionError(source)


def rewrite(folder: Path, name: str, data: bytes) -> None:
    """Another content under the same name, with the manifest's digest made to fit: the sender's own mistake."""
    (folder / name).write_bytes(data)
    files = json.loads((folder / "manifest.json").read_text("utf-8"))["files"]
    for file in files:
        if file["name"] == name:
            file["sha256"] = hashlib.sha256(data).hexdigest()
    change_manifest(folder, files=files)


def refused(outcome: Outcome, *words: str) -> None:
    """Exit code 1, one line of error that holds all the words, and nothing published; how collecting went may be told."""
    assert outcome.code == 1
    lines = outcome.errors.splitlines()
    assert len(lines) == 1, lines
    for word in words:
        assert word in lines[0], (word, lines[0])
    assert "Traceback" not in lines[0]
    for room in ("bundles", "warehouse", "evidence"):
        assert list((outcome.home / room).iterdir()) == [], room
    assert {path.name for path in outcome.home.glob("outbox/*/*")} <= {"timeliness.xlsx", "due_soon.xlsx"}


def put_aside(outcome: Outcome, folder: Path, name: str, kind: str, *words: str) -> None:
    """The month is done; the one file stands aside with its reason, told in one sentence; its source's others are used."""
    assert (outcome.code, outcome.errors) == (0, "")
    files = {(r["delivery_id"], r["file_name"]): r for r in outcome.table("received_file")}
    file = files.pop((folder.name, name))
    assert (file["read_state"], file["fault_kind"]) == ("quarantined", kind)
    assert {r["read_state"] for r in files.values()} == {"read"}
    told = [line for line in outcome.said if line.startswith("请留意（received_file）")]
    [line] = [line for line in told if "已隐去" not in line]  # the city's canaries are told in a line of their own
    for word in (f"{folder.name}/{name}", *words):
        assert word in line, (word, line)
    intake = {r["source"]: r for r in outcome.table("intake")}
    assert intake[file["source"]]["quarantined_files"] == 1
    assert sum(r["quarantined_files"] for r in intake.values()) == 1


def test_a_missing_source(tiny_home: Path, run_home: Run) -> None:
    folder, _ = folder_of(tiny_home, "register")
    shutil.rmtree(folder)
    outcome = run_home(tiny_home)
    refused(outcome, "市场主体登记", "register", MONTH)
    assert outcome.has_table("accepted_penalty") and outcome.has_table("accepted_licence")


def test_a_missing_grade_snapshot(tiny_home: Path, run_home: Run) -> None:
    folder, name = folder_of(tiny_home, "grade_snapshot")
    files = [f for f in json.loads((folder / "manifest.json").read_text("utf-8"))["files"] if f["name"] != name]
    (folder / name).unlink()
    if files:
        change_manifest(folder, files=files)
    else:
        shutil.rmtree(folder)
    outcome = run_home(tiny_home)
    refused(outcome, "信用风险等级快照", "grade_snapshot")
    assert outcome.has_table("accepted_register")


def test_an_unreadable_file(tiny_home: Path, run_home: Run) -> None:
    folder, name = folder_of(tiny_home, "register")
    rewrite(folder, name, b"PK\x03\x04 this is no workbook" + bytes(100))
    outcome = run_home(tiny_home)
    refused(outcome, f"{folder.name}/{name}")
    assert outcome.has_table("accepted_penalty")


def test_a_file_changed_after_it_was_listed(tiny_home: Path, run_home: Run) -> None:
    folder, name = folder_of(tiny_home, "penalty")
    (folder / name).write_bytes((folder / name).read_bytes() + b"\r\n")
    put_aside(run_home(tiny_home), folder, name, "altered", "sha256")


def test_a_renamed_column_stops_only_its_own_source(tiny_home: Path, run_home: Run) -> None:
    folder, name = folder_of(tiny_home, "field_catering")
    text = (folder / name).read_bytes().decode("utf-8-sig")
    assert "记录类型" in text
    rewrite(folder, name, text.replace("记录类型", "记录之类型", 1).encode())
    outcome = run_home(tiny_home)
    put_aside(outcome, folder, name, "drift", "记录之类型")
    [drift] = outcome.table("schema_drift")
    assert (drift["source"], drift["file_name"], drift["drift_kind"]) == ("field_catering", name, "renamed")
    assert any(line.startswith("请留意（intake）") and "列改名" in line for line in outcome.said)


def test_fewer_rows_than_the_manifest_says(tiny_home: Path, run_home: Run) -> None:
    folder, name = folder_of(tiny_home, "field_catering")
    lines = (folder / name).read_bytes().splitlines(keepends=True)
    rewrite(folder, name, b"".join(lines[:-1]))
    outcome = run_home(tiny_home)
    put_aside(outcome, folder, name, "rows_mismatch", str(len(lines) - 2), str(len(lines) - 1))


def test_a_register_that_cannot_be_read_is_delivered_anew(tiny_home: Path, run_home: Run) -> None:
    """The sentence says what to do; doing it finishes the month."""
    folder, name = folder_of(tiny_home, "register")
    sound = (folder / name).read_bytes()
    rewrite(folder, name, sound[: len(sound) // 2])
    outcome = run_home(tiny_home)
    refused(outcome, f"{folder.name}/{name}", "register")
    again = folder.with_name(f"{folder.name}B")
    shutil.copytree(folder, again)
    rewrite(again, name, sound)
    change_manifest(again, delivery_id=again.name)
    outcome = run_home(tiny_home)
    assert (outcome.code, outcome.errors) == (0, "")


def test_a_snapshot_of_another_month(tiny_home: Path, run_home: Run) -> None:
    folder, name = folder_of(tiny_home, "grade_snapshot")
    text = (folder / name).read_bytes().decode("utf-8-sig")
    rewrite(folder, name, text.replace(MONTH, "2026-08").encode())
    refused(run_home(tiny_home), MONTH, "grade_snapshot")


def test_a_month_without_deliveries(tiny_home: Path) -> None:
    from pipelines.cli.run import run_month

    for folder in list((tiny_home / "inbox").glob(f"{MONTH}-*")):
        shutil.rmtree(folder)
    errors = []
    import typer

    echo, typer.echo = typer.echo, lambda m="", **_: errors.append(str(m))  # type: ignore[assignment]
    try:
        assert run_month(MONTH, tiny_home, None, lambda _: None) == 1
    finally:
        typer.echo = echo  # type: ignore[assignment]
    assert len(errors) == 1 and MONTH in errors[0] and "2026-09" in errors[0]


@pytest.mark.parametrize(
    "spoil",
    [
        lambda folder: (folder / "manifest.json").write_text("{not json", "utf-8"),
        lambda folder: (folder / "manifest.json").unlink(),
        lambda folder: change_manifest(folder, month="2026-13"),
        lambda folder: change_manifest(folder, surprise=1),
    ],
)
def test_a_delivery_whose_manifest_cannot_be_read(
    tiny_home: Path, run_home: Run, spoil: Callable[[Path], object]
) -> None:
    """The month stops before the plan; the other deliveries are taken in."""
    folder, _ = folder_of(tiny_home, "penalty")
    spoil(folder)
    outcome = run_home(tiny_home)
    refused(outcome, folder.name)
    assert outcome.has_table("accepted_register") and not outcome.has_table("population")


def test_real_deliveries_wait_for_people(tiny_home: Path, run_home: Run) -> None:
    folder, _ = folder_of(tiny_home, "penalty")
    change_manifest(folder, generated=False)
    outcome = run_home(tiny_home)
    assert (outcome.code, outcome.errors) == (3, "")
    assert any("待声明公开随机源" in line for line in outcome.said)
    assert outcome.has_table("frame") and not outcome.has_table("frozen_round")
    assert list((tiny_home / "bundles").iterdir()) == []
    # Nor can the draw be started from the UI with the demonstration's beacon.
    from pipelines.cli.run import instance_of
    from pipelines.definitions import build_defs
    from resources.house import House
    from resources.settings import Home

    with instance_of(Home.at(tiny_home)) as instance:
        job = build_defs(house=House(home=str(tiny_home))).resolve_job_def("draw")
        drawn = job.execute_in_process(partition_key=MONTH, instance=instance, raise_on_error=False)
    assert not drawn.success and not outcome.has_table("drawn")
    assert list((tiny_home / "bundles").iterdir()) == []


def test_a_stale_snapshot_holds_the_plan(tiny_home: Path, run_home: Run) -> None:
    make_real(tiny_home / "inbox")
    outcome = run_home(tiny_home, date(2026, 12, 31))
    assert (outcome.code, outcome.errors) == (3, "")
    assert any("45" in line and "快照" in line for line in outcome.said)
    assert outcome.has_table("enterprise_month") and not outcome.has_table("population")


def test_delivered_twice_changes_nothing(tiny_home: Path, run_home: Run) -> None:
    folder, name = folder_of(tiny_home, "penalty")
    twin = folder.with_name(f"{folder.name}B")
    shutil.copytree(folder, twin)
    change_manifest(twin, delivery_id=twin.name)
    outcome = run_home(tiny_home)
    assert outcome.code == 0, outcome.errors
    states = {(r["delivery_id"], r["file_name"]): r["state"] for r in outcome.table("deliveries")}
    assert states[folder.name, name] == "used" and states[twin.name, name] == "repeated"
    assert {r["duplicates_rows"] for r in outcome.table("intake")} == {0}


def test_a_committed_round_is_not_replaced(tiny_home: Path, run_home: Run) -> None:
    assert run_home(tiny_home).code == 0
    before = {p.name: p.read_bytes() for p in (tiny_home / "bundles" / f"YC-{MONTH}").iterdir()}
    folder, _ = folder_of(tiny_home, "inspector")
    shutil.rmtree(folder)
    outcome = run_home(tiny_home)
    assert outcome.code == 1 and len(outcome.errors.splitlines()) == 1
    assert outcome.has_table("evidence"), "a refused run must not undo a finished month"
    assert before == {p.name: p.read_bytes() for p in (tiny_home / "bundles" / f"YC-{MONTH}").iterdir()}
