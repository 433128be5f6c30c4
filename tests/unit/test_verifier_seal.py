"""Whoever changes a sealed bundle, or seals it anew without the power to commit it anew, is refused by name."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.bundle_changes import (
    Change,
    Files,
    assert_refused,
    cell,
    drop,
    good_bundle,
    repeat,
    run,
    seal,
    swap,
    text,
    whole,
    without,
    write,
)
from verifier import verify


@pytest.fixture(scope="module")
def good() -> Files:
    return dict(good_bundle())


# ---- the seal ----

SEAL = [
    (cell("drawn.csv", 2, 3, "2"), "drawn.csv", "digest differs"),
    (whole("population.csv", lambda data: data[:40] + bytes([data[40] ^ 1]) + data[41:]), "population.csv", "differs"),
    (whole("certificate.json", lambda data: data + b"\n"), "certificate.json", "digest differs"),
    (lambda files: files | {"extra.txt": b""}, "extra.txt", "not listed"),
    (lambda files: files | {".hidden": b"x"}, ".hidden", "not listed"),
    (without("reserve.csv"), "reserve.csv", "file missing"),
    (without("assignment.csv"), "assignment.csv", "file missing"),
    (without("SHA256SUMS"), "SHA256SUMS", "file missing"),
    (lambda files: seal(without("cuts.csv")(files)), "cuts.csv", "file missing"),
    (drop("SHA256SUMS", 1), "allocation.csv", "not listed"),
    (swap("SHA256SUMS", 3), "SHA256SUMS 第 3 行", "not sorted"),
    (repeat("SHA256SUMS", 3), "SHA256SUMS 第 4 行", "repeated"),
    (whole("SHA256SUMS", lambda data: data[:-1]), "SHA256SUMS 第 16 行", "superfluous"),
    (whole("SHA256SUMS", lambda data: data + b"0" * 64 + b"  SHA256SUMS\n"), "SHA256SUMS 第 16 行", "superfluous"),
    (whole("SHA256SUMS", bytes.upper), "allocation.csv", "not listed"),
    (whole("SHA256SUMS", lambda data: data.replace(b"  drawn", b" *drawn")), "drawn.csv", "differs"),
    (whole("SHA256SUMS", lambda data: data.replace(b"\n", b"\r\n")), "allocation.csv", "not listed"),
]


@pytest.mark.parametrize(("change", "name", "word"), SEAL)
def test_a_broken_seal_is_refused(good: Files, change: Change, name: str, word: str) -> None:
    assert_refused(change(good), name, None, word)


def test_links_and_folders_are_refused(good: Files, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = write(tmp_path / "b", good)
    (folder / "drawn.csv").rename(tmp_path / "elsewhere")
    (folder / "drawn.csv").symlink_to(tmp_path / "elsewhere")
    code, said = run(capsys, folder)
    assert (code, "drawn.csv" in said, "not a regular file" in said) == (1, True, True)
    (folder / "drawn.csv").unlink()
    write(folder, good)
    (folder / "more").mkdir()
    code, said = run(capsys, folder)
    assert (code, "more 第" in said) == (1, True)


# ---- a bundle sealed anew, by someone who cannot change what was committed ----

SEALED = [
    (swap("manifest.txt", 2), "manifest.txt", 2, "not sorted"),
    (cell("frame.csv", 3, 3, "B"), "frame.csv", None, "manifest.txt 第 3 行（line 3）的摘要不符"),
    (text("certificate.json", "YC-2026-08", "YC-2026-09"), "certificate.json", 1, "commitment differs"),
    (text("certificate.json", "YC-2026-08", "YC-2027-08"), "certificate.json", 1, "year"),
    (text("certificate.json", "YC-2026-08", "YC-2026-08.1"), "certificate.json", 1, "round_id"),
    (text("certificate.json", '"key":"', '"key":"0'), "certificate.json", 1, "key differs"),
    (text("certificate.json", ":01.05", ":02.05"), "certificate.json", 1, "key differs"),
    (text("certificate.json", ":01.05", ":05.01"), "certificate.json", 1, "beacon grammar"),
    (text("certificate.json", ":01.05", ":05.05"), "certificate.json", 1, "beacon grammar"),
    (text("certificate.json", ":01.05", ":00.05"), "certificate.json", 1, "beacon grammar"),
    (text("certificate.json", ".80", ".81"), "certificate.json", 1, "beacon grammar"),
    (text("certificate.json", ".80", ""), "certificate.json", 1, "beacon grammar"),
    (text("certificate.json", "kl8-2026007", "kl8-2026009"), "certificate.json", 1, "not the declared beacon"),
    (text("certificate.json", '"ssj-draw-v1"', '"ssj-draw-v2"'), "certificate.json", 1, "spec"),
    (text("certificate.json", '"demonstration":false,', ""), "certificate.json", 1, "demonstration"),
    (text("certificate.json", '"commitment":', '"committed":'), "certificate.json", 1, "commitment（missing）"),
    (text("certificate.json", "false", "0"), "certificate.json", 1, "demonstration"),
    (text("certificate.json", "{", '{"key":"",'), "certificate.json", 1, "duplicate"),
    (text("certificate.json", "false", "1.0"), "certificate.json", 1, "float"),
    (text("certificate.json", '"office_secret":"', '"office_secret":"F'), "certificate.json", 1, "secret"),
    (cell("allocation.csv", 3, 3, "2"), "allocation.csv", 3, "differs"),
    (drop("allocation.csv", 2), "allocation.csv", 2, "differs"),
    (drop("allocation.csv", 40), "allocation.csv", 40, "differs"),
    (cell("cuts.csv", 2, 2, "8151"), "cuts.csv", 2, "differs"),
    (drop("cuts.csv", 4), "cuts.csv", 4, "differs"),
    (cell("drawn.csv", 3, 6, "10000"), "drawn.csv", 3, "differs"),
    (swap("drawn.csv", 4), "drawn.csv", 4, "differs"),
    (drop("drawn.csv", 30), "drawn.csv", 30, "differs"),
    (repeat("drawn.csv", 30), "drawn.csv", 31, "differs"),
    (whole("drawn.csv", lambda data: data.replace(b"\n", b"\r\n")), "drawn.csv", 1, "differs"),
    (whole("drawn.csv", lambda data: data[:-1]), "drawn.csv", 31, "differs"),
    (swap("reserve.csv", 2), "reserve.csv", 2, "differs"),
    (drop("reserve.csv", 40), "reserve.csv", 40, "differs"),
    (cell("assignment.csv", 6, 2, "expert"), "assignment.csv", 6, "differs"),
    (lambda files: cell("assignment.csv", 28, 2, "member")(cell("assignment.csv", 29, 2, "lead")(files)), "assignment.csv", 28, "differs"),
    (lambda files: drop("assignment.csv", 32)(drop("assignment.csv", 33)(files)), "assignment.csv", 32, "differs"),
    (cell("assignment.csv", 6, 2, "lead"), "assignment.csv", 6, "team"),
    (drop("assignment.csv", 5), "assignment.csv", 5, "team"),
    (drop("assignment.csv", 6), "assignment.csv", 5, "team"),
    (repeat("assignment.csv", 6), "assignment.csv", 7, "repeated"),
    (swap("assignment.csv", 5), "assignment.csv", 6, "not sorted"),
    (cell("assignment.csv", 5, 2, "boss"), "assignment.csv", 5, "role"),
    (cell("assignment.csv", 2, 1, "I00"), "assignment.csv", 2, "licence"),
    (cell("assignment.csv", 7, 1, "I99"), "assignment.csv", 7, "person"),
    (cell("assignment.csv", 2, 0, "91140800MA00000007"), "assignment.csv", 2, "no such visit"),
    (cell("assignment.csv", 4, 0, "91140800MA00000093.boiler"), "assignment.csv", 4, "no such visit"),
    (text("assignment.csv", "52J,I00,lead", "52J,I03,lead"), "assignment.csv", 38, "conflict"),
    (text("assignment.csv", "34N,I01,member", "34N,I04,member"), "assignment.csv", 23, "load cap"),
]  # fmt: skip


@pytest.mark.parametrize(("change", "name", "number", "word"), SEALED)
def test_a_bundle_sealed_anew_is_refused(good: Files, change: Change, name: str, number: int | None, word: str) -> None:
    assert_refused(seal(change(good)), name, number, word)


def test_an_expired_licence_is_seen_in_the_assignment_itself(good: Files) -> None:
    """Judged without the matching: the files below hold but for the licence, so the digests are left out."""
    r, _ = verify.examine(good)
    r.roster["I11"].until = "2026-11-29"
    with pytest.raises(verify.Refused, match=r"line 4.*licence"):
        verify.check_teams(r, verify.visits_of(r))
