"""The verifier accepts what supervision makes, says what is in it, and runs for someone who has nothing of ours."""

from __future__ import annotations

import ast
import hashlib
import json
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from tests.unit.bundle_changes import (
    UID,
    Files,
    cell,
    good_bundle,
    refusal,
    run,
    seal,
    swap,
    text,
    write,
)
from tests.unit.bundle_making import BEACON, bundle, certify, edit_policy, random_city
from verifier import verify

CHECKOUT = Path(__file__).resolve().parents[2]
GOLDEN = CHECKOUT / "tests" / "golden"
PROGRAM = CHECKOUT / "verifier" / "verify.py"


@pytest.fixture(scope="module")
def good() -> Files:
    return dict(good_bundle())


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
