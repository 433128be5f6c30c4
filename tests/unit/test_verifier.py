"""The verifier accepts what supervision makes, refuses every change and names the place, whoever resealed it."""

from __future__ import annotations

import ast
import hashlib
import json
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.unit.bundle_making import BEACON, bundle, certify, edit_policy, random_city, sums
from verifier import verify

CHECKOUT = Path(__file__).resolve().parents[2]
GOLDEN = CHECKOUT / "tests" / "golden"
PROGRAM = CHECKOUT / "verifier" / "verify.py"

Files = dict[str, bytes]
Change = Callable[[Files], Files]


@pytest.fixture(scope="module")
def good() -> Files:
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


# ---- changes ----


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


def nothing(files: Files) -> Files:
    return files


def seal(files: Files) -> Files:
    return files | {"SHA256SUMS": sums(files)}


def assert_refused(files: Files, name: str, number: int | None, word: str) -> None:
    said = refusal(files)
    where = f"{name} 第 {number} 行（line {number}）" if number else name
    assert any(one.startswith(where) and word in one for one in said.splitlines()), said


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


# ---- a bundle committed anew, by someone who has the secret and breaks the rules ----

UID = "91140800MA0000001A"  # population.csv line 3
COMMITTED = [
    (drop("population.csv", 3), "frame.csv", 61, "frame is not the population"),
    (repeat("population.csv", 3), "population.csv", 4, "not sorted"),
    (swap("population.csv", 3), "population.csv", 4, "not sorted"),
    (cell("population.csv", 3, 0, UID[:-1] + "B"), "population.csv", 3, "uid"),
    (cell("population.csv", 3, 0, UID.lower()), "population.csv", 3, "uid"),
    (cell("population.csv", 3, 1, "Q"), "population.csv", 3, "county"),
    (cell("population.csv", 3, 2, "shop"), "population.csv", 3, "type"),
    (cell("population.csv", 2, 3, "GEN;FOOD"), "population.csv", 2, "not sorted"),
    (cell("population.csv", 2, 3, "GEN;GEN"), "population.csv", 2, "repeated"),
    (cell("population.csv", 2, 3, "XXX"), "population.csv", 2, "fields"),
    (cell("population.csv", 2, 3, '"GEN"'), "population.csv", 2, "character"),
    (cell("population.csv", 2, 3, "GEN\t"), "population.csv", 2, "character"),
    (cell("population.csv", 2, 3, "食品"), "population.csv", 2, "character"),
    (line("population.csv", 2, lambda row: row + ","), "population.csv", 2, "columns"),
    (line("population.csv", 5, lambda row: [row, ""]), "population.csv", 6, "columns"),
    (whole("population.csv", lambda data: data[:-1]), "population.csv", 57, "final LF"),
    (whole("population.csv", lambda data: data + b"\n"), "population.csv", 58, "columns"),
    (whole("population.csv", lambda data: data.replace(b"\n", b"\r\n")), "population.csv", 1, "character"),
    (whole("population.csv", lambda data: b"\xef\xbb\xbf" + data), "population.csv", 1, "character"),
    (whole("population.csv", lambda data: b""), "population.csv", 1, "header"),
    (text("population.csv", "uid,county", "county,uid"), "population.csv", 1, "header"),
    (drop("frame.csv", 10), "frame.csv", 10, "frame is not the population"),
    (drop("frame.csv", 104), "frame.csv", 103, "left out"),
    (repeat("frame.csv", 10), "frame.csv", 11, "not sorted"),
    (repeat("frame.csv", 104), "frame.csv", 105, "not sorted"),
    (swap("frame.csv", 10), "frame.csv", 10, "frame is not the population"),
    (cell("frame.csv", 3, 2, "Y"), "frame.csv", 3, "county"),
    (cell("frame.csv", 3, 3, "Q"), "frame.csv", 3, "stratum"),
    (cell("frame.csv", 3, 3, "B"), "strata.csv", 3, "counts differ"),
    (cell("frame.csv", 3, 4, "exempt"), "frame.csv", 3, "reason"),
    (cell("frame.csv", 3, 5, "drawn_this_year"), "frame.csv", 3, "reason"),
    (cell("frame.csv", 2, 5, "friend"), "frame.csv", 2, "reason"),
    (cell("frame.csv", 2, 5, ""), "frame.csv", 2, "reason"),
    (cell("frame.csv", 2, 4, "exempt"), "strata.csv", 9, "counts differ"),
    (cell("frame.csv", 2, 4, "visited"), "frame.csv", 2, "state"),
    (cell("strata.csv", 2, 3, "5"), "strata.csv", 2, "counts differ"),
    (cell("strata.csv", 2, 4, "3"), "strata.csv", 2, "counts differ"),
    (cell("strata.csv", 2, 5, "00"), "strata.csv", 2, "integer"),
    (cell("strata.csv", 2, 6, "-1"), "strata.csv", 2, "integer"),
    (cell("strata.csv", 2, 2, "0"), "strata.csv", 2, "unknown stratum"),
    (drop("strata.csv", 2), "strata.csv", 39, "stratum missing"),
    (swap("strata.csv", 2), "strata.csv", 3, "not sorted"),
    (cell("triggers.csv", 2, 2, "X"), "triggers.csv", 2, "one county"),
    (cell("triggers.csv", 2, 1, "R:140800000000000"), "triggers.csv", 2, "uid"),
    (cell("triggers.csv", 2, 0, "T 32"), "triggers.csv", 2, "trigger_id"),
    (cell("roster.csv", 2, 1, "Q"), "roster.csv", 2, "county"),
    (cell("roster.csv", 2, 5, "2027-02-29"), "roster.csv", 2, "valid_until"),
    (cell("roster.csv", 2, 5, "20271231"), "roster.csv", 2, "valid_until"),
    (cell("roster.csv", 2, 4, "4.5"), "roster.csv", 2, "integer"),
    (cell("roster.csv", 2, 3, "01"), "roster.csv", 2, "integer"),
    (cell("roster.csv", 2, 2, "food;boiler"), "roster.csv", 2, "not sorted"),
    (swap("conflicts.csv", 2), "conflicts.csv", 3, "not sorted"),
    (cell("conflicts.csv", 2, 1, "x"), "conflicts.csv", 2, "uid"),
    (policy("capacity.X", 0), "policy.json", 1, "X 的线索与保底户次"),
    (policy("capacity.Y", 1), "policy.json", 1, "Y 的线索与保底户次"),
    (policy("capacity.Y", -1), "policy.json", 1, "capacity 缺少、多余或不合规定"),
    (policy("capacity.Y", True), "policy.json", 1, "capacity 缺少、多余或不合规定"),
    (policy("tasks.GEN", []), "policy.json", 1, "tasks.GEN"),
    (text("policy.json", '"GEN":{', '"G N":{'), "policy.json", 1, "tasks.G N"),
    (policy("beacon.fallback", {"source": "dice", "selector": "20261131"}), "policy.json", 1, "beacon.fallback 缺少"),
    (policy("capacity.Q", 1), "policy.json", 1, "capacity"),
    (policy("comment", 1), "policy.json", 1, "policy"),
    (policy("year", "2026"), "policy.json", 1, "year"),
    (policy("phase_salt", "5" * 63), "policy.json", 1, "phase_salt"),
    (policy("cut_order", ["C", "U", "B", "A"]), "policy.json", 1, "cut_order"),
    (policy("cut_order", ["C", "U", "B", "A", "D", "D"]), "policy.json", 1, "cut_order"),
    (policy("reasons", ["drawn_this_year", "observation_period"]), "frame.csv", 2, "reason"),
    (policy("beacon.selector", "2026008"), "policy.json", 1, "beacon.fallback"),
    (policy("beacon.selector", "26007"), "policy.json", 1, "beacon"),
    (policy("beacon.fallback", {"source": "dice", "selector": "20261103"}), "policy.json", 1, "beacon.fallback"),
    (policy("beacon.fallback", {"source": "lottery", "selector": "1"}), "policy.json", 1, "beacon.fallback"),
    (policy("beacon.not_before", "2026-11-03T16:00:00"), "policy.json", 1, "not_before"),
    (policy("tasks.GEN.batch", 7), "policy.json", 1, "tasks.GEN.batch"),
    (policy("tasks.GEN.batch_prev", 5), "policy.json", 1, "tasks.GEN.batch_prev"),
    (policy("tasks.GEN.team_size", 0), "policy.json", 1, "team_size"),
    (policy("tasks.GEN.window_end", "2026-13-01"), "policy.json", 1, "window_end"),
    (policy("tasks.GEN.specialty", ""), "policy.json", 1, "specialty"),
    (policy("tasks.GEN.scope.types", ["shop"]), "policy.json", 1, "scope.types"),
    (policy("tasks.GEN.scope.fields", ["GEN", "FOOD"]), "frame.csv", 62, "frame is not the population"),
    (policy("tasks.GEN.levels.A.on_site", 2), "policy.json", 1, "levels.A"),
    (policy("tasks.GEN.levels.A.floor_e4", 10_001), "policy.json", 1, "levels.A"),
    (policy("tasks.GEN.levels.A.rounding", "up"), "policy.json", 1, "levels.A.rounding"),
    (policy("tasks.GEN.levels.A.weight", 1), "policy.json", 1, "levels.A"),
    (text("policy.json", "{", "{ "), "policy.json", 1, "not canonical"),
    (text("policy.json", '"batch":5', '"batch":5.0'), "policy.json", 1, "float"),
    (text("policy.json", '"batch":5', '"batch":5,"batch":5'), "policy.json", 1, "duplicate"),
    (whole("policy.json", lambda data: data + b"\n"), "policy.json", 1, "not canonical"),
    (whole("context.json", lambda data: b"[]"), "context.json", 1, "not an object"),
    (text("context.json", '"visit_ledger_sha256"', '"visits_sha256"'), "context.json", 1, "visit_ledger_sha256"),
    (text("context.json", "aaaa", "AAAA"), "context.json", 1, "register_sha256"),
    (text("context.json", '"calendar":"2026.1"', '"calendar":""'), "context.json", 1, "calendar"),
]  # fmt: skip


@pytest.mark.parametrize(("change", "name", "number", "word"), COMMITTED)
def test_a_bundle_committed_anew_is_refused(good: Files, change: Change, name: str, number: int, word: str) -> None:
    assert_refused(certify(change(good)), name, number, word)


@pytest.mark.parametrize(
    "change", [cell("strata.csv", 2, 5, "7"), policy("phase_salt", "6" * 64), cell("roster.csv", 3, 2, "food")]
)
def test_results_of_other_files_are_refused(good: Files, change: Change) -> None:
    """The files keep every rule; what was drawn does not follow from them."""
    assert_refused(certify(change(good)), "drawn.csv", 2, "differs")


# ---- what it accepts ----


def test_agreement_with_supervision_on_random_cities() -> None:
    seen: Counter[str] = Counter()
    for seed in range(200):
        files, result, assignment = bundle(random_city(seed))
        r, _ = verify.examine(files)
        seen["cut"] += len(result.cuts) > 0
        seen["restored"] += any(row.lambda_e4 == 10_000 for row in result.cuts)
        seen["unassignable"] += len(assignment.unassignable) > 0
        seen["split"] += any("." in row.visit_uid for row in assignment.rows)
        seen["expert"] += any(row.role == "expert" for row in assignment.rows)
        seen["census"] += any(
            r.level(key)["census_up_to"] >= row[0] > 0 < r.level(key)["rate_e4"] <= verify.E4
            for key, row in r.strata.items()
        )
    assert all(seen[what] >= 3 for what in ("cut", "restored", "unassignable", "split", "expert", "census")), seen


@pytest.mark.parametrize("name", ["draw_example_1", "draw_example_2"])
def test_published_vectors(name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, said = run(capsys, "--draw-only", GOLDEN / name)
    assert code == 0 and "DEMONSTRATION" in said and "drawn_this_year" in said
    files = {path.name: path.read_bytes() for path in (GOLDEN / name).iterdir()}
    for each in ("allocation.csv", "cuts.csv", "drawn.csv", "frame.csv"):
        code, said = run(capsys, "--draw-only", write(tmp_path / "spoilt", swap(each, 2)(files)))
        assert code == 1 and f"\n{each}" in said
    (tmp_path / "spoilt" / "cuts.csv").unlink()
    code, said = run(capsys, "--draw-only", tmp_path / "spoilt")
    assert code == 1 and "cuts.csv" in said and "missing" in said
    code, said = run(capsys, GOLDEN / name)
    assert code == 1 and "SHA256SUMS" in said


def test_a_declared_fallback_is_announced(good: Files) -> None:
    files, _, _ = bundle(good, beacon=BEACON.replace("2026007", "2026008"))
    _, said = verify.examine(files)
    assert any("FALLBACK USED" in one for one in said)
    assert not any("FALLBACK USED" in one for one in verify.examine(good)[1])


@pytest.mark.parametrize(
    ("selector", "value", "accepted"),
    [
        ("dice-20261103", "0" * 20, True),
        ("dice-20261103", "0" * 19, False),
        (f"drand-{'a' * 64}-12", "f" * 64, True),
        (f"drand-{'a' * 64}-12", "F" * 64, False),
    ],
)
def test_grammar_of_dice_and_drand(good: Files, selector: str, value: str, accepted: bool) -> None:
    source, _, rest = selector.partition("-")
    rule = {"source": source, "selector": rest, "not_before": "2026-11-03T16:00:00+08:00"}
    changed = edit_policy(good, beacon=rule | {"fallback": {"source": "kl8", "selector": "2026008"}})
    if accepted:
        verify.examine(bundle(changed, beacon=f"{selector}:{value}")[0])
    else:
        files = text("certificate.json", BEACON, f"{selector}:{value}")(certify(changed))
        assert "beacon grammar" in refusal(seal(files))


def test_a_certificate_of_any_layout_and_a_listed_extra_file(good: Files) -> None:
    held = json.loads(good["certificate.json"])
    loose = json.dumps(held | {"demonstration": True, "note": "演示"}, indent=1).encode()
    _, said = verify.examine(seal(good | {"certificate.json": loose, "verify.py": b"#"}))
    assert any("DEMONSTRATION" in one for one in said)
    assert any("not examined" in one and "verify.py" in one for one in said)


def test_subjects_are_counted(good: Files) -> None:
    _, said = verify.examine(good)
    states = [row.split(",") for row in good["frame.csv"].decode().splitlines()[1:]]
    for state, reason in {(row[4], row[5]) for row in states} - {("eligible", "")}:
        subjects = {row[1] for row in states if row[4:] == [state, reason]}
        assert f"  {state} {reason}：{len(subjects)} 户（subjects）" in said
    population = good["population.csv"].count(b"\n") - 1
    assert any(f"{population} 户" in one and "（in no task）0 户" in one for one in said)
    _, said = verify.examine(bundle(without_task(good, UID))[0])
    assert any(f"{population} 户" in one and "（in no task）1 户" in one for one in said)


def without_task(files: Files, uid: str) -> Files:
    """The files with a subject that is exempt in its one task taken out of it; no stratum counts it."""
    [row] = [row for row in files["frame.csv"].decode().splitlines() if uid in row]
    code, _, county, _, state, _ = row.split(",")
    assert state == "exempt"
    files = text("population.csv", f"{uid},{county},enterprise,{code}", f"{uid},{county},enterprise,")(files)
    return text("frame.csv", row + "\n", "")(files)


# ---- the command line ----


def test_the_expected_digest(good: Files, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = write(tmp_path / "b", good)
    digest = hashlib.sha256(good["SHA256SUMS"]).hexdigest()
    code, said = run(capsys, "--expect", digest, folder)
    assert code == 0 and digest in said and "OK" in said
    assert all(word in said for word in ("register", "grades", "drawn_ytd", "before the beacon", "genuine", "other C"))
    code, said = run(capsys, "--expect", "0" * 64, folder)
    assert code == 1 and digest in said and "--expect" in said


@pytest.mark.parametrize(
    "arguments", [[], ["--expect", "abc", "."], ["no-such-folder"], ["--draw-only", "--previous", ".", "."]]
)
def test_wrong_use(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        verify.main(arguments)
    assert stopped.value.code == 2


def test_an_auditor_runs_it_alone(good: Files, tmp_path: Path) -> None:
    """A copy elsewhere, isolated, with -O and no way to write UTF-8: the checks hold and nothing breaks."""
    program = tmp_path / "verify.py"
    program.write_bytes(PROGRAM.read_bytes())
    command = [sys.executable, "-I", "-O", "-X", "utf8=0", program]
    done = subprocess.run([*command, write(tmp_path / "b", good)], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    spoilt = write(tmp_path / "c", seal(cell("drawn.csv", 2, 6, "1")(good)))
    done = subprocess.run([*command, spoilt], capture_output=True, text=True, check=False, env={"LC_ALL": "POSIX"})
    assert (done.returncode, done.stderr) == (1, "")
    assert "drawn.csv" in done.stdout and "line 2" in done.stdout
    assert sorted(path.name for path in (tmp_path / "b").iterdir()) == sorted(good)


def test_it_has_no_assert_and_runs_on_python_3_9() -> None:
    tree = ast.parse(PROGRAM.read_text(encoding="utf-8"), feature_version=(3, 9))
    assert not [node for node in ast.walk(tree) if isinstance(node, ast.Assert)]
