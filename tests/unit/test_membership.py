"""A proof of membership shows a firm that it was in the frame, and nothing else; whatever was changed is refused."""

from __future__ import annotations

import ast
import json
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from pipelines.cli import app
from pipelines.cli.asked import subject_of
from pipelines.cli.proof import CHECKER, proof_bytes
from resources.lake import LakeError
from resources.rounds import Rounds
from resources.settings import Home
from supervision.merkle import frame_leaf, inclusion_proof, root
from tests.unit.bundle_changes import UID
from tests.unit.proof_home import MONTH, ROUND, make_home, round_files, salt
from verifier import membership


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    return make_home(tmp_path_factory.mktemp("home"))


@pytest.fixture(scope="module")
def proof(home: Home) -> dict[str, Any]:
    made: dict[str, Any] = json.loads(proof_bytes(home, Rounds(home).get(ROUND), _of_several_tasks()))
    return made


def _of_several_tasks() -> str:
    rows = [line.split(",") for line in round_files()["frame.csv"].decode().splitlines()[1:]]
    uids = [row[1] for row in rows]
    return next(uid for uid in uids if uids.count(uid) >= 2)


def published() -> str:
    return str(json.loads(round_files()["context.json"])["frame_merkle_root"])


def test_it_holds_and_names_task_and_round(proof: dict[str, Any]) -> None:
    said = "\n".join(membership.check(json.dumps(proof).encode(), published()))
    assert ROUND in said and proof["uid"] in said and "DEMONSTRATION" in said
    assert len(proof["entries"]) >= 2 and all(entry["task"] in said for entry in proof["entries"])


def test_what_the_root_does_not_bind_is_said_to_be_claimed(proof: dict[str, Any]) -> None:
    """Round and demonstration can be rewritten by anyone: nothing before the line of claims may rest on them."""
    claimed = json.dumps(proof | {"round_id": "YC-2027-01", "demonstration": False}).encode()
    before, _, after = "\n".join(membership.check(claimed, published())).partition("证明中自述，未经核对")
    assert (
        "YC-2027-01" in after
        and f"（rows）{proof['frame_rows']}；" in after
        and "是否演示（demonstration）：否" in after
    )
    assert "YC-2027-01" not in before and str(proof["frame_rows"]) not in before.replace(published(), "")
    assert proof["uid"] in before and all(entry["task"] in before for entry in proof["entries"])


def test_it_holds_neither_ticket_nor_stratum_nor_key(proof: dict[str, Any]) -> None:
    """Entry by entry, not only by name: no digest of the bundle but the root is in the file."""
    text = json.dumps(proof)
    files = round_files()
    assert set(proof) == membership.TOP and all(set(entry) == membership.ENTRY for entry in proof["entries"])
    told = set(re.findall("[0-9a-f]{32,64}", b"".join(files.values()).decode())) - {published()}
    assert not told & set(re.findall("[0-9a-f]{32,64}", text))
    assert salt().hex() not in text and not {"eligible", "blocked", "exempt"} & set(re.findall("[a-z_]+", text))


def changed(change: Callable[[dict[str, Any]], object]) -> Callable[[dict[str, Any]], bytes]:
    def apply(proof: dict[str, Any]) -> bytes:
        copy = json.loads(json.dumps(proof))
        change(copy)
        return json.dumps(copy).encode()

    return apply


def _first(proof: dict[str, Any]) -> dict[str, Any]:
    entry: dict[str, Any] = proof["entries"][0]
    return entry


def _flip(digest: str) -> str:
    return ("1" if digest[0] == "0" else "0") + digest[1:]


REFUSED: dict[str, tuple[Callable[[dict[str, Any]], bytes], str]] = {
    "another firm": (changed(lambda p: p.update(uid="91140800MA00000007")), "path"),
    "another task": (changed(lambda p: _first(p).update(task="ADS")), "path"),
    "another salt": (changed(lambda p: _first(p).update(salted=_flip(_first(p)["salted"]))), "path"),
    "another place": (changed(lambda p: _first(p).update(index=_first(p)["index"] ^ 1)), "path"),
    "a place beyond the end": (changed(lambda p: _first(p).update(index=p["frame_rows"])), "path"),
    "another size": (changed(lambda p: p.update(frame_rows=p["frame_rows"] * 2)), "path"),
    "an empty frame": (changed(lambda p: p.update(frame_rows=0)), "path"),
    "a shorter path": (changed(lambda p: _first(p)["path"].pop()), "path"),
    "a longer path": (changed(lambda p: _first(p)["path"].append("0" * 64)), "path"),
    "a changed path": (changed(lambda p: _first(p)["path"].__setitem__(0, _flip(_first(p)["path"][0]))), "path"),
    "a last entry that is wrong": (changed(lambda p: p["entries"][-1]["path"].reverse()), "path"),
    "another root in the file": (changed(lambda p: p.update(frame_merkle_root="0" * 64)), "another root"),
    "no entry": (changed(lambda p: p.update(entries=[])), "no entry"),
    "the same entry twice": (changed(lambda p: p["entries"].append(_first(p))), "twice"),
    "a stratum added": (changed(lambda p: _first(p).update(stratum="D")), "entry"),
    "a word added": (changed(lambda p: p.update(ticket="0" * 64)), "superfluous"),
    "a word missing": (changed(lambda p: p.pop("round_id")), "missing"),
    "another format": (changed(lambda p: p.update(spec="ssj-membership-v2")), "spec"),
    "a place as a text": (changed(lambda p: _first(p).update(index="1")), "index"),
    "a place that is true": (changed(lambda p: _first(p).update(index=True)), "index"),
    "a negative place": (changed(lambda p: _first(p).update(index=-1)), "index"),
    "a path in capitals": (changed(lambda p: _first(p)["path"].__setitem__(0, "A" * 64)), "path"),
    "a firm in lower case": (changed(lambda p: p.update(uid=p["uid"].lower())), "uid"),
    "a firm and a task that run into each other": (changed(lambda p: _first(p).update(task="A|B")), "task"),
    "no object": (lambda p: b"[]", "missing"),
    "no JSON": (lambda p: b"{", "not JSON"),
    "a key twice": (lambda p: json.dumps(p).replace("{", '{"uid":"x",', 1).encode(), "twice"),
    "no UTF-8": (lambda p: b"\xff", "not JSON"),
}


@pytest.mark.parametrize("what", REFUSED)
def test_whatever_was_changed_is_refused_in_one_sentence(proof: dict[str, Any], what: str) -> None:
    change, word = REFUSED[what]
    with pytest.raises(membership.Refused) as refused:
        membership.check(change(proof), published())
    assert word in str(refused.value) and "\n" not in str(refused.value)


@pytest.mark.parametrize("size", [1, 2, 3, 5, 8, 13])
def test_every_leaf_of_small_trees(size: int) -> None:
    leaves = [frame_leaf(b"k" * 32, "T", str(n)) for n in range(size)]
    for index, data in enumerate(leaves):
        path = inclusion_proof(leaves, index)
        assert membership.head(data, index, size, path) == root(leaves)
        for other in range(4 * size):
            assert (membership.head(data, other, size, path) == root(leaves)) == (other == index)
        for wrong in ([*path, b"0" * 32], path[:-1]):
            if wrong != path:  # its length is settled by place and size (RFC 6962 §2.1.1)
                assert membership.head(data, index, size, wrong) is None


def test_a_path_longer_than_the_tree_it_claims_is_refused() -> None:
    """The last leaf has only left neighbours: it could pass for the only leaf of a smaller tree."""
    leaves = [frame_leaf(b"k" * 32, "T", str(n)) for n in range(8)]
    path = inclusion_proof(leaves, 7)
    assert membership.head(leaves[7], 7, 8, path) == root(leaves)
    assert membership.head(leaves[7], 0, 1, path) is None and membership.head(leaves[7], 1, 2, path) is None


def test_a_firm_runs_it_alone(proof: dict[str, Any], tmp_path: Path) -> None:
    program = tmp_path / "membership.py"
    program.write_bytes(CHECKER.read_bytes())
    (tmp_path / "p.json").write_text(json.dumps(proof))
    command = [sys.executable, "-I", "-O", "-X", "utf8=0", program, tmp_path / "p.json", "--root"]
    done = subprocess.run([*command, published().upper()], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "") and "SHOWN" in done.stdout
    done = subprocess.run([*command, "0" * 64], capture_output=True, text=True, check=False, env={"LC_ALL": "POSIX"})
    assert (done.returncode, done.stderr) == (1, "") and "NOT SHOWN" in done.stdout
    done = subprocess.run([*command, "xyz"], capture_output=True, text=True, check=False)
    assert done.returncode == 2
    tree = ast.parse(CHECKER.read_text(encoding="utf-8"), feature_version=(3, 9))
    assert not [node for node in ast.walk(tree) if isinstance(node, ast.Assert)]


def test_a_missing_or_endless_file_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert membership.main([str(tmp_path / "none.json"), "--root", "0" * 64]) == 1
    (tmp_path / "big.json").write_bytes(b" " * (membership.MOST + 1))
    assert membership.main([str(tmp_path / "big.json"), "--root", "0" * 64]) == 1
    said = capsys.readouterr().out
    assert "cannot be read" in said and "too large" in said


# ---- ssj proof ----


@pytest.mark.parametrize("typed", [UID.lower(), f" {UID} ", "９" + UID[1:], f"{UID[:8]} {UID[8:]}"])
def test_people_type_a_code_as_they_like(home: Home, tmp_path: Path, typed: str) -> None:
    out = tmp_path / "p.json"
    done = CliRunner().invoke(app, ["proof", typed, "--month", MONTH, "--home", str(home.root), "--out", str(out)])
    assert done.exit_code == 0, done.output
    assert published() in done.output and json.loads(out.read_bytes())["uid"] == UID
    assert membership.main([str(out), "--root", published()]) == 0


def test_an_old_number_needs_no_prefix() -> None:
    assert subject_of("140825200010674") == subject_of("r：140825200010674") == "R:140825200010674"
    for wrong in ("", "91140800MA0000001B", "140825200010675"):
        with pytest.raises(LakeError, match="校验码"):
            subject_of(wrong)


def test_one_task_or_none(home: Home) -> None:
    state, uid = Rounds(home).get(ROUND), _of_several_tasks()
    assert [entry["task"] for entry in json.loads(proof_bytes(home, state, uid, "GEN"))["entries"]] == ["GEN"]
    with pytest.raises(LakeError, match="不在批次"):
        proof_bytes(home, state, uid, "ADS")
    with pytest.raises(LakeError, match="不在批次"):
        proof_bytes(home, state, "R:140825200010674")


def test_another_frame_or_key_than_the_committed_one_proves_nothing(tmp_path: Path) -> None:
    made = make_home(tmp_path)
    path = made.bundles / ROUND / "frame.csv"
    path.write_bytes(path.read_bytes().replace(b",X,A,", b",X,B,", 1).replace(b"GEN,", b"GXN,", 1))
    with pytest.raises(LakeError, match="树根与承诺的不同"):
        proof_bytes(made, Rounds(made).get(ROUND), UID)


def test_before_the_commitment_there_is_no_proof(tmp_path: Path) -> None:
    made = make_home(tmp_path, committed=False)
    done = CliRunner().invoke(app, ["proof", UID, "--month", MONTH, "--home", str(made.root)])
    assert done.exit_code == 1 and "还没有承诺" in str(done.exception)


@pytest.mark.parametrize(
    "arguments", [["proof"], ["proof", UID], ["proof", "--root", "0" * 64], ["proof", "--check", "p"]]
)
def test_wrong_use_is_told(arguments: list[str]) -> None:
    assert CliRunner().invoke(app, arguments).exit_code == 2
