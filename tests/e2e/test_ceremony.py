"""A round that counts: declared, approved, committed, its beacon typed by two, its secret opened before two, drawn, checked
by the stand-alone verifier, voided and held again — on a generated city and on the real register rows.

Here: the commands in their order and out of it, over real months. Not here: each rule of a step (test_rounds), the parts
(test_sealing, test_commitment_sheet), forged bundles (test_verifier).
"""

from __future__ import annotations

import csv
import hashlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner

from pipelines.cli import HELD, app
from resources.clock import SHANGHAI
from resources.settings import CHECKOUT
from tests.e2e.conftest import MONTH, generate_into, make_real

ROUND = f"YC-{MONTH}"
START = datetime(2026, 11, 6, 9, tzinfo=SHANGHAI)
NOT_BEFORE = datetime(2026, 11, 6, 21, 30, tzinfo=SHANGHAI)
PHASE = "kl8-2025351:03.09.11.17.20.21.24.29.31.36.38.43.47.52.58.61.66.70.74.79"
BEACON = "kl8-2026301:01.05.08.14.19.22.23.30.33.35.41.44.50.55.57.62.68.71.77.80"
SLIP = BEACON.replace("77.80", "76.80")
WORDS = "盐湖 晴空 万里 无云 之一\n河津 黄河 大桥 通车 之二\n"
EIGHT = {
    "conflicts.csv",
    "context.json",
    "frame.csv",
    "policy.json",
    "population.csv",
    "roster.csv",
    "strata.csv",
    "triggers.csv",
}


@dataclass
class Office:
    """A data folder of real deliveries and a clock that people move on."""

    home: Path
    desk: Path  # outside the data folder: what is carried away
    moment: datetime = START

    def say(self, *words: object, typed: str = "") -> tuple[int, str]:
        """One command; returns its exit code and all it said."""
        result = CliRunner().invoke(app, [str(w) for w in (*words, "--home", self.home)], input=typed)
        said = result.output + (f"\n{result.exception}" if result.exception else "")
        return result.exit_code, said

    def do(self, *words: object, typed: str = "") -> str:
        code, said = self.say(*words, typed=typed)
        assert code == 0, said
        return said

    def refused(self, why: str, *words: object, typed: str = "") -> None:
        code, said = self.say(*words, typed=typed)
        assert code == 1, said
        assert why in said, said

    def draw(self, round_id: str, *more: object, typed: str = "") -> str:
        """The drawing of a small city: its list tells a reader more than the limit of leak.yaml, so the leaders decide."""
        code, said = self.say("draw", round_id, "--role", "XYK", "--role", "JJJC", *more, typed=typed)
        assert code == HELD and "泄密度量超出上限" in said, said
        assert not (self.home / "outbox" / MONTH / "drawn_public.csv").exists()
        hold = ("decide", "--month", MONTH, "--hold", "leak_meter", "--reason", "城市小，逐户核对后同意公示")
        self.refused("XYK", *hold, "--role", "XYK")
        self.do(*hold, "--role", "LDXZ")
        told = self.do("draw", round_id, "--role", "XYK", "--role", "JJJC")
        assert "密值此前已开启" in told, told
        return said

    def bundle(self, round_id: str = ROUND) -> Path:
        return self.home / "bundles" / round_id

    def table(self, name: str) -> list[dict]:
        import pyarrow.parquet as pq

        month = self.home / "lake" / MONTH
        return pq.read_table(month / (month / "current").read_text() / f"{name}.parquet").to_pylist()


def plan_words(month: str = MONTH, issue: int = 2026301, moment: datetime = NOT_BEFORE) -> list[str]:
    return [
        *("plan", "--month", month, "--beacon", f"kl8-{issue}", "--not-before", moment.isoformat()),
        *("--fallback", f"kl8-{issue + 1}"),
    ]


@pytest.fixture(scope="module", params=["generated", "real rows"])
def office(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    place = tmp_path_factory.mktemp("office")
    office = Office(place / "home", place / "desk")
    office.desk.mkdir()
    if request.param == "generated":
        generate_into(office.home / "inbox", enterprises=600, seed=9, defects=0.0)
    else:
        folder = request.getfixturevalue("real_data")
        generate_into(office.home / "inbox", registry=folder / "registry_yuncheng" / "yuncheng_registry_1980_2004.csv")
    make_real(office.home / "inbox")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("resources.clock.now", lambda: office.moment)
        yield office


def verify(tmp: Path, bundle: Path, *more: str, previous: tuple[Path, ...] = ()) -> tuple[int, str]:
    """The verifier from elsewhere, alone in an empty folder with an empty environment."""
    tmp.mkdir()
    shutil.copy(CHECKOUT / "verifier" / "verify.py", tmp)
    copies = [shutil.copytree(each, tmp / f"bundle-{each.name}") for each in (*previous, bundle)]
    earlier = ["--previous", *(each.name for each in copies[:-1])] if previous else []
    done = subprocess.run(
        [sys.executable, "-I", "verify.py", *more, *earlier, copies[-1].name],
        cwd=tmp,
        env={"PATH": os.defpath},
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout + done.stderr


def left_behind(office: Office, typed: str) -> list[str]:
    """Files of the data folder, Dagster's event log among them, that hold a passphrase; a wrong one is no less secret."""
    phrases = set(typed.splitlines())
    assert len(phrases) >= 2
    files = [path for path in office.home.rglob("*") if path.is_file()]
    assert any(path.suffix == ".db" for path in files)
    return [f"{path.name}: {p}" for path in files for p in phrases if p.encode() in path.read_bytes()]


def test_the_whole_ceremony(office: Office, tmp_path: Path) -> None:
    # nothing is frozen before a beacon is declared, nothing drawn before it is due
    code, said = office.say("run", "--month", MONTH)
    assert code == HELD and "待声明公开随机源" in said
    office.refused("批次台账中没有", "approve", ROUND, "--role", "LDXZ")
    assert not office.bundle().exists()
    code, said = office.say(*plan_words(), "--phase-beacon", PHASE)
    assert code == HELD and "approve" in said, said
    office.refused("", "commit", ROUND, "--role", "XYK", "--role", "JJJC", typed=WORDS)

    # approval by whom it belongs to, of what lies there
    office.refused("XYK", "approve", ROUND, "--role", "XYK")
    office.do("approve", ROUND, "--role", "LDXZ")
    [frozen] = office.table("frozen_round")
    plan = office.home / "lake" / MONTH / (office.home / "lake" / MONTH / "current").read_text() / "round"
    frame = (plan / "frame.csv").read_bytes()
    (plan / "frame.csv").write_bytes(frame.replace(b"eligible", b"blocked", 1))
    second = office.desk / "second.txt"
    commit = ("commit", ROUND, "--role", "XYK", "--role", "JJJC", "--second-copy", second)
    office.refused("改动", *commit, typed=WORDS)
    (plan / "frame.csv").write_bytes(frame)

    # committed at least two hours before the beacon, by two
    office.moment = NOT_BEFORE - timedelta(hours=1)
    office.refused("两小时", *commit, typed=WORDS)
    office.moment = START
    office.refused("", "commit", ROUND, "--role", "XYK", "--role", "XYK", "--second-copy", second, typed=WORDS)
    said = office.do(*commit, typed=WORDS)
    assert frozen["manifest_sha256"] in (office.home / "ledger" / "rounds.jsonl").read_text()
    assert {p.name for p in office.bundle().iterdir()} == EIGHT | {"manifest.txt"}
    secret = second.read_text().strip()
    kept = [p for p in office.home.rglob("*") if p.is_file() and secret.encode() in p.read_bytes()]
    assert kept == []
    assert left_behind(office, WORDS) == []
    [sheet] = (office.home / "outbox" / MONTH).glob("commitment_*.pdf")
    assert sheet.read_bytes().startswith(b"%PDF")

    # what is delivered after the commitment belongs to a later round
    late_delivery(office)
    code, said = office.say("run", "--month", MONTH)
    assert code == HELD and "退回承诺时的版本" in said, said
    assert office.table("frozen_round") == [frozen]

    # the beacon: not early, not another, by two who agree
    enter = ("beacon", ROUND, "--role", "XYK", "--entry")
    office.refused("", *enter, BEACON)
    office.moment = NOT_BEFORE + timedelta(minutes=10)
    office.refused("", "draw", ROUND, "--role", "XYK", "--role", "JJJC", typed=WORDS)
    office.refused("", *enter, BEACON.replace("kl8-2026301", "kl8-2026309"))
    office.refused("", *enter, "dice-20261106:1234")
    office.do(*enter, BEACON)
    office.refused("", *enter, BEACON)
    office.refused("不一致", "beacon", ROUND, "--role", "SJZX", "--entry", SLIP)
    office.do(*enter, BEACON)
    office.do("beacon", ROUND, "--role", "SJZX", "--entry", BEACON)
    assert not (office.bundle() / "drawn.csv").exists()

    # the secret: both passphrases
    office.refused("JJJC", "draw", ROUND, "--role", "XYK", "--role", "JJJC", typed=WORDS.replace("黄河", "长江"))
    frame = (office.bundle() / "frame.csv").read_bytes()
    (office.bundle() / "frame.csv").write_bytes(frame.replace(b"eligible", b"blocked", 1))
    office.refused("frame.csv", "draw", ROUND, "--role", "XYK", "--role", "JJJC", typed=WORDS)
    (office.bundle() / "frame.csv").write_bytes(frame)
    said = office.draw(ROUND, typed=WORDS)
    assert {"drawn.csv", "assignment.csv", "certificate.json", "verify.py"} < {
        p.name for p in office.bundle().iterdir()
    }
    assert not json.loads((office.bundle() / "certificate.json").read_bytes())["demonstration"]
    assert left_behind(office, WORDS + WORDS.replace("黄河", "长江")) == []

    code, told = verify(tmp_path / "auditor", office.bundle())
    assert code == 0 and "通过 OK" in told and "DEMONSTRATION" not in told, told
    expect = next(word for word in said.split() if len(word) == 64)
    assert verify(tmp_path / "again", office.bundle(), "--expect", expect)[0] == 0
    outbox = office.home / "outbox" / MONTH
    assert (outbox / "drawn_public.csv").exists() and "演示" not in (outbox / "drawn_public.csv").read_text("utf-8-sig")


def test_one_byte_changed_in_any_file_is_refused_by_name(office: Office, tmp_path: Path) -> None:
    files = sorted(p.name for p in office.bundle().iterdir() if p.name != "verify.py")
    assert len(files) == 16
    expect = json.loads((office.home / "ledger" / "rounds.jsonl").read_text().splitlines()[-1])["body"]["sha256sums"]
    for name in files:
        copy = shutil.copytree(office.bundle(), tmp_path / name / ROUND)
        data = bytearray((copy / name).read_bytes())
        data[len(data) // 2] ^= 1
        (copy / name).write_bytes(bytes(data))
        code, told = verify(tmp_path / name / "auditor", copy, "--expect", expect)
        assert code == 1 and name in told, (name, told)


def test_a_voided_round_is_visited_all_the_same_and_the_next_takes_its_place(office: Office, tmp_path: Path) -> None:
    office.refused("", "void", ROUND, "--reason", "名录误用上月快照", "--role", "XYK", "--role", "XYK")
    office.do("void", ROUND, "--reason", "名录误用上月快照", "--role", "XYK", "--role", "LDXZ")
    office.refused("", "void", ROUND, "--reason", "再次", "--role", "XYK", "--role", "LDXZ")
    again, later = f"{ROUND}.2", NOT_BEFORE + timedelta(days=1)
    code, said = office.say(*plan_words(issue=2026302, moment=later))
    assert code == HELD and again in said, said
    drawn = {row["uid"] for row in csv_rows(office.bundle() / "drawn.csv") if on_site(office, row)}
    triggers = [row for row in office.table("round_trigger") if row["trigger_id"].startswith("V.")]
    assert [row["trigger_id"] for row in sorted(triggers, key=lambda row: row["uid"])] == [
        f"V.{ROUND}.{n}" for n in range(1, len(drawn) + 1)
    ]
    assert {row["uid"] for row in triggers} == drawn
    states = {(row["task"], row["uid"]): row["reason"] for row in office.table("frame")}
    pairs = {(row["task"], row["uid"]) for row in csv_rows(office.bundle() / "drawn.csv")}
    assert {states[pair] for pair in pairs} <= {"drawn_this_year", "voided_round"}

    office.do("approve", again, "--role", "LDXZ")
    second = office.desk / "second-2.txt"
    office.do("commit", again, "--role", "XYK", "--role", "JJJC", "--second-copy", second, typed=WORDS)
    office.moment = later + timedelta(minutes=1)
    for role in ("XYK", "SJZX"):
        office.do("beacon", again, "--role", role, "--entry", BEACON.replace("2026301", "2026302"))
    office.do("draw", again, "--role", "XYK", "--role", "JJJC", "--second-copy", second)
    listed = {row["meter_state"] for row in office.table("leak_meter") if row["reader"] == "listed"}
    assert listed == {"nobody"}  # the voided round's visits stand for this one's: a list of nobody needs no decision
    code, told = verify(tmp_path / "auditor", office.bundle(again), previous=(office.bundle(),))
    assert code == 0, told
    kept = office.home / "outbox" / MONTH / ROUND  # its subjects are visited by its own lists
    assert len((kept / "drawn_public.csv").read_text("utf-8-sig").splitlines()) > 1
    public = (office.home / "outbox" / MONTH / "round_public.csv").read_text("utf-8-sig")
    assert "作废" in public and again in public


def late_delivery(office: Office) -> None:
    """A visit of the month, delivered within it as far as its manifest says: it would change the frame."""
    row = next(row for row in office.table("frame") if row["state"] == "eligible" and row["uid"][0] != "R")
    county = row["county"]
    data = (
        "抽查任务编号,抽查事项编号,统一社会信用代码,检查主体,检查方式,检查日期,检查结果代码\n"
        f"{row['task']},A07,{row['uid']},{county},现场,{MONTH}-20,1\n"
    ).encode()
    folder = office.home / "inbox" / f"{MONTH}-{county}-95"
    folder.mkdir()
    (folder / "results.csv").write_bytes(data)
    path = next((office.home / "inbox").glob(f"{MONTH}-{county}-*/manifest.json"))
    listed = {
        "name": "results.csv",
        "source": "inspection_result",
        "sha256": hashlib.sha256(data).hexdigest(),
        "rows": 1,
    }
    manifest = json.loads(path.read_text("utf-8")) | {"delivery_id": folder.name, "files": [listed]}
    manifest |= {"received_at": f"{MONTH}-30T17:00:00+08:00"}
    (folder / "manifest.json").write_text(json.dumps(manifest, ensure_ascii=False), "utf-8")


def csv_rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def on_site(office: Office, row: dict[str, str]) -> bool:
    policy = json.loads((office.bundle() / "policy.json").read_bytes())
    return bool(policy["tasks"][row["task"]]["levels"][row["stratum"]]["on_site"])
