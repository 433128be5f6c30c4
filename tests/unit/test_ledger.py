"""The ledger, the lake and the bundles: what is written stays as written, and a change is seen."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest

from resources.bundles import BundleError, Bundles
from resources.lake import LakeError, MonthLake, write_atomically, write_bytes
from resources.ledger import Ledger, LedgerError
from resources.settings import ROOMS, Home


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home.at(tmp_path / "home").create()


def test_a_ledger_is_read_back_in_order(home: Home) -> None:
    ledger = Ledger(home.ledger, "rounds")
    assert list(ledger.entries()) == []
    ledger.append("commitment", {"round_id": "YC-2026-10"})
    ledger.append_all("sealed", [{"round_id": "YC-2026-10"}, {"round_id": "YC-2026-11"}])
    ledger.append_all("sealed", [])
    entries = list(ledger.entries())
    assert [(e["number"], e["kind"], e["body"]["round_id"]) for e in entries] == [
        (1, "commitment", "YC-2026-10"),
        (2, "sealed", "YC-2026-10"),
        (3, "sealed", "YC-2026-11"),
    ]
    assert entries[0]["at"].endswith("+08:00")


@pytest.mark.parametrize(
    "spoil",
    [
        lambda lines: [lines[0].replace("YC-2026-10", "YC-2026-12"), *lines[1:]],
        lambda lines: [lines[0], lines[2]],
        lambda lines: [lines[1], lines[0], lines[2]],
        lambda lines: [*lines[:2], lines[2].replace('"number":3', '"number":4')],
        lambda lines: [lines[0], lines[0], *lines[1:]],
    ],
)
def test_a_changed_ledger_is_refused_with_the_line(home: Home, spoil: object) -> None:
    ledger = Ledger(home.ledger, "rounds")
    ledger.append_all("sealed", [{"round_id": f"YC-2026-{n}"} for n in (10, 11, 12)])
    lines = ledger.path.read_text("utf-8").splitlines()
    ledger.path.write_text("\n".join(spoil(lines)) + "\n", "utf-8")  # type: ignore[operator]
    with pytest.raises(LedgerError, match=r"第 [123] 行"):
        list(ledger.entries())
    with pytest.raises(LedgerError):
        ledger.append("sealed", {})


def test_a_line_cut_off_by_a_power_failure_is_told(home: Home) -> None:
    ledger = Ledger(home.ledger, "rounds")
    ledger.append_all("sealed", [{"round_id": "YC-2026-10"}, {"round_id": "YC-2026-11"}])
    text = ledger.path.read_text("utf-8")
    ledger.path.write_text(text[:-40], "utf-8")
    with pytest.raises(LedgerError, match="第 2 行不完整"):
        list(ledger.entries())


def test_a_commit_that_changes_no_code_names_no_new_version(home: Home) -> None:
    lake = MonthLake(home, "2026-10")
    first = lake.begin({"as_of": "2026-10-31", "code_commit": "a" * 40})
    assert lake.begin({"as_of": "2026-10-31", "code_commit": "b" * 40}) == first
    assert lake.basis()["code_commit"] == "a" * 40
    (lake.version / "basis.json").write_text("{", "utf-8")
    with pytest.raises(LakeError, match=r"basis\.json"):
        lake.basis()


def test_another_basis_is_another_version_beside_the_old(home: Home) -> None:
    lake = MonthLake(home, "2026-10")
    with pytest.raises(LakeError, match="尚未归集"):
        lake.version  # noqa: B018
    first = lake.begin({"as_of": "2026-10-31"})
    lake.store("visit", lambda path: path.write_bytes(b"one"))
    assert lake.begin({"as_of": "2026-10-30"}) != first
    with pytest.raises(LakeError, match="visit"):
        lake.table("visit")
    assert lake.begin({"as_of": "2026-10-31"}) == first
    assert lake.table("visit").read_bytes() == b"one"
    assert lake.basis() == {"as_of": "2026-10-31"}


def test_holds_are_set_and_lifted(home: Home) -> None:
    lake = MonthLake(home, "2026-10")
    lake.begin({})
    lake.hold("approval", "待审批")
    assert lake.holds() == {"approval": "待审批"}
    lake.hold("approval", None)
    assert lake.holds() == {}


def test_a_failed_write_leaves_nothing(tmp_path: Path) -> None:
    target = tmp_path / "table.parquet"
    write_bytes(target, b"old")

    def fail(path: Path) -> None:
        path.write_bytes(b"half")
        raise RuntimeError

    with pytest.raises(RuntimeError):
        write_atomically(target, fail)
    assert target.read_bytes() == b"old" and [p.name for p in tmp_path.iterdir()] == ["table.parquet"]
    assert target.stat().st_mode & 0o777 == 0o600


def test_a_bundle_is_committed_once_and_sealed_once(home: Home) -> None:
    bundles = Bundles(home)
    with pytest.raises(BundleError, match="尚未冻结"):
        bundles.read("YC-2026-10")
    bundles.commit("YC-2026-10", {"frame.csv": b"a\n"})
    bundles.commit("YC-2026-10", {"frame.csv": b"a\n"})
    with pytest.raises(BundleError, match="不得更改"):
        bundles.commit("YC-2026-10", {"frame.csv": b"b\n"})
    digest = bundles.seal("YC-2026-10", {"drawn.csv": b"x\n"})
    assert bundles.seal("YC-2026-10", {"drawn.csv": b"x\n"}) == digest
    with pytest.raises(BundleError, match="已封装"):
        bundles.seal("YC-2026-10", {"drawn.csv": b"y\n"})
    files = bundles.read("YC-2026-10")
    assert set(files) == {"frame.csv", "drawn.csv", "SHA256SUMS"}
    assert [line.split("  ")[1] for line in files["SHA256SUMS"].decode().splitlines()] == ["drawn.csv", "frame.csv"]


def test_earlier_rounds_in_the_order_in_which_they_were_held(home: Home) -> None:
    bundles = Bundles(home)
    drawn = b"task,county,stratum,rank,uid,ticket,target_e4\nGEN,140802,B,1,F,0,1\n"
    held = ("YC-2025-12", "YC-2026-08", "YC-2026-09", "YC-2026-09.2", "YC-2026-09.10", "YC-2026-10")
    for round_id in reversed(held):
        bundles.commit(round_id, {"drawn.csv": drawn, "certificate.json": json.dumps(round_id).encode()})
        if round_id != "YC-2026-08":  # committed, but not drawn yet
            bundles.seal(round_id, {})
    assert bundles.rounds() == list(held)
    found = bundles.drawn_before("YC-2026-09.10", "2026-01", {"YC-2026-09"})
    assert [(r["round_id"], r["draw_month"], r["uid"], r["is_voided"]) for r in found] == [
        ("YC-2026-09", "2026-09", "F", True),
        ("YC-2026-09.2", "2026-09", "F", False),
    ]
    last = hashlib.sha256(json.dumps("YC-2026-09.10").encode()).hexdigest()
    assert bundles.previous_certificate("YC-2026-10") == last
    assert bundles.previous_certificate("YC-2025-12") is None


def test_a_certificate_is_added_once(home: Home) -> None:
    bundles = Bundles(home)
    with pytest.raises(BundleError, match="尚未冻结"):
        bundles.open("YC-2026-10", b"{}")
    bundles.commit("YC-2026-10", {"frame.csv": b"a\n"})
    bundles.open("YC-2026-10", b"{}")
    bundles.open("YC-2026-10", b"{}")
    with pytest.raises(BundleError, match="已有证书"):
        bundles.open("YC-2026-10", b"{ }")
    assert set(bundles.read("YC-2026-10")) == {"frame.csv", "certificate.json"}


def test_the_data_folder_is_its_owners_alone(home: Home) -> None:
    assert {p.name for p in home.root.iterdir()} == set(ROOMS)
    assert {p.stat().st_mode & 0o777 for p in (home.root, *home.root.iterdir())} == {0o700}
