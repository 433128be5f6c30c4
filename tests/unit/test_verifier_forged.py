"""Forged bundles that only a careless verifier accepts, and a byte changed in each file in turn (issue 4, "Shown by").

Each forgery is whole: manifest, certificate, results and seal are made anew wherever a forger could.
"""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path

import pytest

from tests.unit.bundle_changes import (
    UID,
    Change,
    Files,
    assert_refused,
    cell,
    drop,
    good_bundle,
    line,
    policy,
    run,
    seal,
    text,
    whole,
    write,
)
from tests.unit.bundle_making import BEACON, bundle, certify
from verifier import verify


@pytest.fixture(scope="module")
def good() -> Files:
    return good_bundle() | {"verify.py": b"print('OK')\n"}


def appended(name: str, row: str) -> Change:
    return whole(name, lambda data: data + row.encode() + b"\n")


def left_out(files: Files) -> Files:
    """A firm taken out of the frame, and the counts of its stratum made to fit."""
    lines = files["frame.csv"].decode().splitlines()
    number = next(i for i, row in enumerate(lines) if row.endswith(",eligible,"))
    code, _, county, stratum, _, _ = lines.pop(number).split(",")
    rows = [row.split(",") for row in files["strata.csv"].decode().splitlines()]
    for row in rows[1:]:
        if row[:3] == [code, county, stratum]:
            row[3:5] = [str(int(row[3]) - 1), str(int(row[4]) - 1)]
    made = {"frame.csv": lines, "strata.csv": [",".join(row) for row in rows]}
    return files | {name: "".join(f"{row}\n" for row in content).encode() for name, content in made.items()}


FORGED = {
    "a firm left out of the frame": (left_out, "frame.csv", "frame is not the population"),
    "a state in capitals": (cell("frame.csv", 3, 4, "Eligible"), "frame.csv", "state"),
    "a state of another name": (cell("frame.csv", 2, 4, "excused"), "frame.csv", "state"),
    "a state with a space": (cell("frame.csv", 3, 4, "eligible "), "frame.csv", "state"),
    "eligible with a reason": (cell("frame.csv", 3, 5, "visited_within_gap"), "frame.csv", "reason"),
    "blocked without a reason": (cell("frame.csv", 2, 5, ""), "frame.csv", "reason"),
    "a lower-case twin in the population": (
        line("population.csv", 3, lambda row: [row, row.replace(UID, UID.lower())]),
        "population.csv",
        "uid",
    ),
    "a lower-case twin at its place": (
        appended("population.csv", f"{UID.lower()},X,enterprise,GEN"),
        "population.csv",
        "uid",
    ),
    "a lower-case twin in the frame": (appended("frame.csv", f"GEN,{UID.lower()},X,A,eligible,"), "frame.csv", "frame"),
    "a lower-case twin among the triggers": (appended("triggers.csv", f"Z9,{UID.lower()},X"), "triggers.csv", "uid"),
    "a twin in another county": (
        line("population.csv", 3, lambda row: [row, ",".join([UID, "Z", *row.split(",")[2:]])]),
        "population.csv",
        "repeated",
    ),
    "one firm in two counties of the frame": (cell("frame.csv", 3, 2, "Z"), "frame.csv", "county"),
    "one firm triggered in two counties": (appended("triggers.csv", f"Z9,{UID},Q"), "triggers.csv", "one county"),
    "a county in lower case": (cell("population.csv", 3, 1, "x"), "population.csv", "county"),
    "a doubled JSON key": (text("policy.json", "{", '{"year":2025,'), "policy.json", "duplicate"),
    "a doubled key deep inside": (
        text("policy.json", '"floor_e4":', '"floor_e4":1,"floor_e4":'),
        "policy.json",
        "dupl",
    ),
    "a key doubled by an escape": (text("policy.json", "{", '{"\\u0079ear":2025,'), "policy.json", "duplicate"),
    "CRLF in the frame": (whole("frame.csv", lambda data: data.replace(b"\n", b"\r\n")), "frame.csv", "character"),
    "a lone CR in a cell": (cell("frame.csv", 3, 3, "A\r"), "frame.csv", "character"),
    "a BOM before JSON": (whole("policy.json", lambda data: b"\xef\xbb\xbf" + data), "policy.json", "not JSON"),
    "a BOM before CSV": (whole("strata.csv", lambda data: b"\xef\xbb\xbf" + data), "strata.csv", "character"),
    "digits of another script": (cell("strata.csv", 2, 5, "٣"), "strata.csv", "character"),
    "full-width digits": (cell("roster.csv", 2, 4, "９"), "roster.csv", "character"),
    "digits of another script in JSON": (policy("beacon.selector", "２０２６００７"), "policy.json", "beacon"),
    "a number with a sign": (cell("strata.csv", 2, 5, "+1"), "strata.csv", "integer"),
    "minus nothing": (cell("strata.csv", 2, 6, "-0"), "strata.csv", "integer"),
    "minus nothing in JSON": (text("policy.json", '"floor_e4":0', '"floor_e4":-0'), "policy.json", "not canonical"),
    "an underscore in a number": (cell("strata.csv", 2, 5, "1_0"), "strata.csv", "integer"),
    "a number too long": (cell("strata.csv", 2, 5, "1" + "0" * 18), "strata.csv", "integer"),
    "a huge integer in JSON": (text("policy.json", '"year":2026', '"year":' + "9" * 5000), "policy.json", "not JSON"),
    "an integer beyond 2^53": (text("policy.json", '"year":2026', f'"year":{2**53}'), "policy.json", "not JSON"),
    "NaN": (text("policy.json", '"floor_e4":0', '"floor_e4":NaN'), "policy.json", "float"),
    "Infinity": (text("policy.json", '"floor_e4":0', '"floor_e4":Infinity'), "policy.json", "float"),
    "an exponent": (text("policy.json", '"year":2026', '"year":2026E0'), "policy.json", "float"),
    "true for one": (text("policy.json", '"on_site":1', '"on_site":true'), "policy.json", "levels"),
    "JSON nested without end": (whole("context.json", lambda data: b"[" * 100_000), "context.json", "not JSON"),
    "half a surrogate": (text("context.json", '"2026.1"', '"\\ud800"'), "context.json", "not JSON"),
    "no final LF": (whole("conflicts.csv", lambda data: data[:-1]), "conflicts.csv", "final LF"),
    "an empty last line": (whole("roster.csv", lambda data: data + b"\n"), "roster.csv", "columns"),
    "a space after a cell": (cell("roster.csv", 2, 1, "X "), "roster.csv", "county"),
    "a NUL": (cell("roster.csv", 2, 1, "X\0"), "roster.csv", "character"),
    "a quoted cell": (cell("strata.csv", 2, 1, '"X"'), "strata.csv", "character"),
    "a date of another form": (cell("roster.csv", 2, 5, "2027-W52-5"), "roster.csv", "valid_until"),
    "a moment of another form": (policy("beacon.not_before", "20261103T160000+08:00"), "policy.json", "not_before"),
    "a moment without minutes": (policy("beacon.not_before", "2026-11-03T16+08:00"), "policy.json", "not_before"),
    "a moment and more": (policy("beacon.not_before", "2026-11-03T16:00:00+08:00 or so"), "policy.json", "not_before"),
    "a weak beacon": (policy("beacon.source", "coin"), "policy.json", "beacon"),
    "a certificate that opens by dice": (
        policy("beacon.fallback", {"source": "dice", "selector": "20261103"}),
        "policy.json",
        "fallback",
    ),
    "an integer below -2^53": (text("policy.json", '"year":2026', f'"year":-{2**53}'), "policy.json", "not JSON"),
    "a voided round that never was": (appended("triggers.csv", f"V.YC-2026-08.1,{UID},X"), "triggers.csv", "voided"),
    "a voided round of another month": (
        appended("triggers.csv", f"V.YC-2026-07.1,{UID},X"),
        "triggers.csv",
        "without a voided round",
    ),
}


@pytest.mark.parametrize("forgery", FORGED)
def test_a_forged_bundle_is_refused(good: Files, forgery: str) -> None:
    change, name, word = FORGED[forgery]
    forged = change(good)
    assert forged != good
    assert_refused(certify(forged), name, None, word)


BEACONS = {
    "a beacon nobody announced": (BEACON.replace("2026007", "2026009"), "not the declared beacon"),
    "a weak beacon": ("coin-2026007:0110", "not the declared beacon"),
    "a kl8 of nineteen": (BEACON.replace("01.", "", 1), "beacon grammar"),
    "a kl8 with one number twice": (BEACON.replace("05", "01", 1), "beacon grammar"),
    "a kl8 out of order": (BEACON.replace("01.05", "05.01"), "beacon grammar"),
    "a kl8 in full-width digits": (BEACON.replace("01", "０１"), "beacon grammar"),
    "a beacon with a space": (BEACON + " ", "beacon grammar"),
    "a beacon with a line more": (BEACON + "\n", "beacon grammar"),
}


@pytest.mark.parametrize("forgery", BEACONS)
def test_a_beacon_of_ones_own_is_refused(good: Files, forgery: str) -> None:
    """Commitment, key and results follow from it: only its grammar and its announcement speak against it."""
    beacon, word = BEACONS[forgery]
    assert_refused(opened(good, beacon), "certificate.json", 1, word)


def opened(files: Files, beacon: str) -> Files:
    """Certificate and seal anew for a beacon that our own ceremony would not take."""
    held = json.loads(files["certificate.json"])
    manifest = hashlib.sha256(files["manifest.txt"]).hexdigest()
    hashed = hashlib.sha256(held["office_secret"].encode()).hexdigest()
    commitment = hashlib.sha256(f"ssj-commit-v1|{held['round_id']}|{manifest}|{hashed}".encode()).hexdigest()
    key = hashlib.sha256(f"ssj-draw-v1|{commitment}|{beacon}|{held['office_secret']}".encode()).hexdigest()[:32]
    changed = held | {"beacon": beacon, "commitment": commitment, "key": key}
    return seal(files | {"certificate.json": json.dumps(changed).encode()})


def test_the_forgers_tool_makes_what_holds(good: Files) -> None:
    verify.examine(opened(good, BEACON))
    manifest = good["manifest.txt"].replace(b"\n", b"\r\n")
    assert_refused(opened(good | {"manifest.txt": manifest}, BEACON), "conflicts.csv", None, "not listed")


def test_a_secret_in_capitals_is_refused(good: Files) -> None:
    """Its digest is another one, so someone could hold two secrets for one set of bytes."""
    secret = hashlib.sha256(b"YC-2026-08").hexdigest()
    assert_refused(seal(text("certificate.json", secret, secret.upper())(good)), "certificate.json", 1, "secret")


def test_tickets_of_another_key_are_refused(good: Files) -> None:
    """A whole draw under a key of one's own liking, the certificate left as it was."""
    other, _, _ = bundle({name: good[name] for name in verify.COMMITTED}, round_id="YC-2026-09")
    taken = {name: other[name] for name in (*verify.DRAW_FILES, "reserve.csv")}
    assert_refused(seal(good | taken), "drawn.csv", None, "differs")


@pytest.mark.parametrize("name", ["allocation.csv", "cuts.csv", "drawn.csv", "reserve.csv", "assignment.csv"])
def test_results_in_capitals_are_refused(good: Files, name: str) -> None:
    assert_refused(seal(good | {name: good[name].upper()}), name, None, "")


def test_an_inspector_of_another_county_is_refused(good: Files) -> None:
    """Found without the matching, in the assignment itself."""
    counties = {row.split(",")[0]: row.split(",")[1] for row in good["roster.csv"].decode().splitlines()[1:]}
    here = good["assignment.csv"].decode().splitlines()[1].split(",")[1]
    there = next(person for person, county in counties.items() if county != counties[here])
    assert_refused(seal(cell("assignment.csv", 2, 1, there)(good)), "assignment.csv", 2, "licence")


def test_a_fallback_that_was_used_is_told_and_a_primary_is_not(good: Files) -> None:
    files, _, _ = bundle({n: good[n] for n in verify.COMMITTED}, beacon=BEACON.replace("2026007", "2026008"))
    assert any(each.startswith("FALLBACK USED") for each in verify.examine(files)[1])
    assert not any("FALLBACK" in each for each in verify.examine(good_bundle())[1])


@pytest.mark.parametrize("twin", ["Drawn.csv", "drawn.CSV", "drawn.csv ", "ｄrawn.csv"])
def test_a_file_of_a_similar_name_is_no_substitute(good: Files, twin: str) -> None:
    files = {name: data for name, data in good.items() if name != "drawn.csv"} | {twin: good["drawn.csv"]}
    assert_refused(seal(files), "drawn.csv", None, "file missing")
    assert_refused(good | {twin: good["drawn.csv"]}, twin, None, "not listed")


@pytest.mark.parametrize("name", sorted({*good_bundle(), "verify.py"}))
@pytest.mark.parametrize("where", ["first", "middle", "last"])
def test_one_byte_changed_anywhere_is_refused_by_name(
    good: Files, name: str, where: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """With the digest of the ledger every file is covered, the list of digests and the copy of the verifier too."""
    sealed = seal(good)
    digest = hashlib.sha256(sealed["SHA256SUMS"]).hexdigest()
    at = {"first": 0, "middle": len(sealed[name]) // 2, "last": -1}[where]
    data = bytearray(sealed[name])
    data[at] ^= 1
    code, said = run(capsys, "--expect", digest, write(tmp_path / "b", sealed | {name: bytes(data)}))
    assert code == 1 and any(each.startswith(name) for each in said.splitlines()[1:]), said
    code, said = run(capsys, write(tmp_path / "b", sealed | {name: bytes(data)}))
    assert code == 1, said
    code, said = run(capsys, "--expect", digest, write(tmp_path / "b", sealed))
    assert code == 0, said


@pytest.mark.parametrize("kind", ["link", "dangling", "folder", "pipe", "extra", "hidden"])
def test_what_is_no_listed_file_is_refused(
    good: Files, kind: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = write(tmp_path / "b", seal(good))
    (tmp_path / "elsewhere").write_bytes(b"x")
    path = folder / (".odd" if kind == "hidden" else "odd")
    if kind in ("link", "dangling"):
        path.symlink_to(tmp_path / ("elsewhere" if kind == "link" else "nowhere"))
    elif kind == "folder":
        path.mkdir()
    elif kind == "pipe":
        os.mkfifo(path)
    else:
        path.write_bytes(b"x")
    code, said = run(capsys, folder)
    assert code == 1 and path.name in said, said


def test_a_replaced_verifier_is_not_believed(good: Files, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Sealed anew it is only a listed file: the program says that it did not look into it."""
    files = seal(good | {"verify.py": b"print('OK')"})
    code, said = run(capsys, write(tmp_path / "b", files))
    assert code == 0 and "verify.py" in said and "not examined" in said


def test_a_second_round_names_only_earlier_rounds_of_its_month(good: Files) -> None:
    """Whose rows they are only the voided bundle tells (test_verifier_year); that there was such a round, the id."""
    eight = {name: good[name] for name in verify.COMMITTED}
    rows = [row.split(",") for row in good["population.csv"].decode().splitlines()[1:]]
    free = next(row[0] for row in rows if row[1] == "Z")  # Z has no limit of capacity

    def named(round_id: str) -> Files:
        added = good["triggers.csv"] + f"V.{round_id}.1,{free},Z\n".encode()
        return bundle(eight | {"triggers.csv": added}, "YC-2026-08.2")[0]

    _, said = verify.examine(named("YC-2026-08"))
    assert any("voided rounds of this month" in each for each in said)
    for wrong in ("YC-2026-08.2", "YC-2026-08.3", "YC-2026-07", "YC-2026-8", "YC-2025-08"):
        assert_refused(named(wrong), "triggers.csv", None, "without a voided round")


def test_a_frame_with_one_line_less_is_named_even_at_its_end(good: Files) -> None:
    number = good["frame.csv"].count(b"\n")
    assert_refused(certify(drop("frame.csv", number)(good)), "frame.csv", None, "left out")
