"""One month from deliveries to files: nothing lost, every planted fault found, the draw recomputed, nothing leaked."""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import subprocess
import sys
import zipfile
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import duckdb
import openpyxl
import pytest

from resources.ledger import Ledger
from supervision.draw import EIGHT, redraw
from tests.e2e.conftest import MONTH, Outcome, copy_city, kept_files, missed_faults, planted_faults, wrongly_quarantined

WORKBOOKS = (
    "annual_plan.xlsx", "sampling_plan.xlsx", "drawn_internal.xlsx", "task_status.xlsx", "timeliness.xlsx", "due_soon.xlsx",
    "grade_migration.xlsx", "leak_meter.xlsx", "platform_return.xlsx", "reminders.xlsx", "returns.xlsx",
)  # fmt: skip
PAGES = ("bulletin.docx", "drawn_public.html", "monthly_report.docx", "monthly_report.html", "plan_public.html")
PUBLIC = ("county_totals_public.csv", "drawn_public.csv", "plan_public.csv", "results_public.csv", "round_public.csv")
SHEET = f"commitment_YC-{MONTH}.pdf"
UNITS = (
    "140802", "140821", "140822", "140823", "140824", "140825", "140826", "140827", "140828", "140829", "140830", "140881",
    "140882", "1408KF",
)  # fmt: skip
# The province's platform takes no other cell: a demonstration says so in the title and the printed header.
NO_OTHER_CELL = "platform_return.xlsx"


def test_the_month_is_done(finished: Outcome) -> None:
    assert (finished.code, finished.errors) == (0, "")
    reminders = [row for row in finished.table("risk_reminders") if row["suppressed_reason"] is None]
    written_to = {row["unit_code"] for row in reminders if row["channel"] == "letter"}
    assert written_to
    made = {p.relative_to(finished.outbox).as_posix() for p in finished.outbox.rglob("*") if p.is_file()}
    assert made == {
        *WORKBOOKS, *PAGES, *PUBLIC, SHEET,
        *(f"counties/{unit}{what}" for unit in UNITS for what in (".xlsx", "-任务单.docx")),
        *(f"letters/letters-{unit}.docx" for unit in written_to),
    }  # fmt: skip
    for stage in ("归集", "验收", "风险比对", "抽查计划", "随机抽取", "表册", "发布"):
        assert any(line.strip().startswith(stage) for line in finished.said), stage


def test_every_delivered_row_is_in_exactly_one_place(finished: Outcome, city_inbox: Path) -> None:
    aside = {(r["delivery_id"], r["file_name"]) for r in finished.table("received_file") if r["read_state"] != "read"}
    declared: Counter[str] = Counter()
    for manifest in city_inbox.glob("*/manifest.json"):
        for file in json.loads(manifest.read_text("utf-8"))["files"]:
            if (manifest.parent.name, file["name"]) not in aside:
                declared[file["source"]] += file["rows"]
    counted: Counter[str] = Counter()
    parties: Counter[str] = Counter()
    for sheet in finished.table("received_sheet"):
        counted[sheet["source"]] += sheet["data_rows"]
        parties[sheet["source"]] += sheet["delivered_rows"] - sheet["data_rows"]
    assert counted == declared and parties.total() > 0
    for row in finished.table("intake"):
        places = row["accepted_rows"] + row["quarantined_rows"] + row["duplicates_rows"]
        assert row["delivered_rows"] == declared[row["source"]] + parties[row["source"]] == places, row["source"]
    seen = Counter(r["row_id"] for name in ("quarantined", "duplicates") for r in finished.table(name))
    assert max(seen.values()) == 1
    assert sum(r["footer_rows"] for r in finished.table("intake")) > 0
    accepted = {r["row_id"] for source in declared for r in finished.table(f"accepted_{source}")}
    assert not accepted & set(seen)
    assert len(accepted) + len(seen) == declared.total() + parties.total()


def test_every_planted_fault_is_found_where_it_was_planted(finished: Outcome, city_inbox: Path) -> None:
    truth = planted_faults(city_inbox)
    assert len(truth) > 50
    assert len({fault["kind"] for fault in truth}) > 8
    assert missed_faults(finished, truth) == []


def test_what_was_not_planted_is_not_quarantined(finished: Outcome, city_inbox: Path) -> None:
    assert wrongly_quarantined(finished, planted_faults(city_inbox)) == []


def test_a_quarantined_row_keeps_its_cells_its_place_and_a_reason(finished: Outcome) -> None:
    rows = finished.table("quarantined")
    assert rows
    for row in rows:
        assert row["reasons"].endswith("。") and row["rule_ids"]
        assert any(value for value in json.loads(row["raw_cells"]).values())


def test_live_enterprises_are_graded_or_explained(finished: Outcome) -> None:
    states = Counter(
        (r["grade_state"], r["credit_grade"] is not None) for r in finished.table("enterprise_month") if r["is_live"]
    )
    assert all((state == "graded") == has_grade for state, has_grade in states)
    assert states["graded", True] > 1000
    population = {r["uid"] for r in finished.table("population")}
    live = {r["uid"] for r in finished.table("enterprise_month") if r["is_live"] and r["in_jurisdiction"]}
    assert population == live


def test_an_auditor_recomputes_the_draw_from_the_bundle_alone(finished: Outcome, tmp_path: Path) -> None:
    files = {p.name: p.read_bytes() for p in finished.bundle.iterdir()}
    again = redraw({name: files[name] for name in (*EIGHT, "manifest.txt", "certificate.json")})
    for name in ("allocation.csv", "cuts.csv", "drawn.csv", "reserve.csv"):
        assert again[name] == files[name], name
    assert json.loads(files["certificate.json"])["demonstration"] is True
    for sums in ("manifest.txt", "SHA256SUMS"):
        subprocess.run(["sha256sum", "--check", "--strict", "--quiet", sums], cwd=finished.bundle, check=True)
    listed = {line.split("  ")[1] for line in files["SHA256SUMS"].decode().splitlines()}
    assert listed == set(files) - {"SHA256SUMS"}


def test_an_auditor_verifies_the_bundle_with_the_independent_program(finished: Outcome, tmp_path: Path) -> None:
    """The bundle's own verifier, run elsewhere on a bare interpreter, against the digest in the ledger."""
    program = tmp_path / "verify.py"
    program.write_bytes((finished.bundle / "verify.py").read_bytes())
    digest = next(
        e["body"]["sha256sums"] for e in Ledger(finished.home / "ledger", "rounds").entries() if e["kind"] == "sealed"
    )
    command = [sys.executable, "-I", "-O", str(program), "--expect", digest]
    done = subprocess.run([*command, str(finished.bundle)], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert "DEMONSTRATION" in done.stdout and digest in done.stdout
    spoilt = shutil.copytree(finished.bundle, tmp_path / "spoilt")
    (spoilt / "drawn.csv").write_bytes((spoilt / "drawn.csv").read_bytes().replace(b",1,", b",2,", 1))
    done = subprocess.run([*command, str(spoilt)], capture_output=True, text=True, check=False)
    assert done.returncode == 1 and "drawn.csv" in done.stdout


def test_the_bundle_is_the_only_place_of_the_certificate(finished: Outcome) -> None:
    found = {p.relative_to(finished.home).parts[0] for p in finished.home.rglob("*certificate*.json")}
    assert found == {"bundles", "evidence"}


def test_everyone_drawn_was_eligible_and_is_visited_by_two(finished: Outcome) -> None:
    eligible = {(r["task"], r["uid"]) for r in finished.table("frame") if r["state"] == "eligible"}
    drawn = finished.table("drawn")
    assert drawn and all((r["task"], r["uid"]) in eligible for r in drawn)
    teams: dict[str, set[str]] = {}
    for row in finished.table("assignment"):
        teams.setdefault(row["visit_uid"], set()).add(row["inspector_id"])
    assert teams and all(len(team) >= 2 for team in teams.values())
    off_site = {r["uid"] for r in finished.table("drawn_subjects") if r["mode_planned"] == "off_site"}
    triggered = {r["uid"] for r in finished.table("triggered_inspection")}
    assert off_site and not (off_site - triggered) & {visit.split(".")[0] for visit in teams}


def test_the_public_list_says_nothing_of_grades(finished: Outcome) -> None:
    text = (finished.outbox / "drawn_public.csv").read_text("utf-8-sig")
    lines = text.splitlines()
    assert lines[0].split(",") == [
        "计划编号",
        "企业名称",
        "统一社会信用代码",
        "抽查任务",
        "检查起止时间",
        "检查主体",
        "备注",
    ]
    assert len(lines) - 1 == len({r["uid"] for r in finished.table("drawn")})
    assert all("演示" in line for line in lines[1:])
    ours = [re.sub(r"^[^,]*,[^,]*,[^,]*,", "", line) for line in lines]
    assert not [line for line in ours if re.search("[A-D]类|风险|等级|档次|名次|stratum|grade", line)]
    codes = [line.split(",")[2] for line in lines[1:]]
    assert codes == sorted(codes, key=lambda uid: hashlib.sha256(uid.encode()).hexdigest())
    assert sorted(p.name for p in finished.outbox.glob("*public*.csv")) == list(PUBLIC)


def test_the_round_and_its_totals_are_public_and_say_nothing_of_grades(finished: Outcome) -> None:
    [committed] = finished.table("committed_round")
    said = (finished.outbox / "round_public.csv").read_text("utf-8-sig")
    assert committed["commitment"] in said and committed["merkle_root"] in said and "演示" in said
    totals = (finished.outbox / "county_totals_public.csv").read_text("utf-8-sig").splitlines()
    drawn = {r["uid"] for r in finished.table("drawn")}
    assert sum(int(line.split(",")[3]) for line in totals[1:]) == len(drawn)
    for text in (said, *totals):
        assert not re.search("[A-D]类|风险|等级|档次|名次|stratum|grade", text)


def test_every_file_says_that_it_is_a_demonstration(finished: Outcome) -> None:
    for path in sorted(finished.outbox.rglob("*")):
        if path.suffix == ".docx" or path.name == NO_OTHER_CELL:
            said = "".join(text for text in _members(path) if "演示" in text)
        elif path.suffix in (".csv", ".html"):
            said = path.read_text("utf-8-sig")
        elif path.suffix == ".xlsx":
            page = openpyxl.load_workbook(path).worksheets[0]
            said = "".join(str(cell.value) for row in page.iter_rows() for cell in row if cell.value)
        else:
            continue
        assert "演示" in said, path.name


def _members(path: Path) -> list[str]:
    with zipfile.ZipFile(path) as archive:
        return [archive.read(name).decode("utf-8") for name in archive.namelist() if name.endswith(".xml")]


def test_no_workbook_holds_a_formula(finished: Outcome) -> None:
    for name in (*WORKBOOKS, *(f"counties/{unit}.xlsx" for unit in UNITS)):
        book = openpyxl.load_workbook(finished.outbox / name)
        for sheet in book.worksheets:
            assert not [c.coordinate for row in sheet.iter_rows() for c in row if c.data_type == "f"], (
                name,
                sheet.title,
            )


def test_the_warehouse_is_published_whole(finished: Outcome) -> None:
    pointer = (finished.home / "warehouse" / f"current-{MONTH}.txt").read_text().strip()
    with duckdb.connect(str(finished.home / "warehouse" / pointer), read_only=True) as connection:
        [(count,)] = connection.execute("select count(*) from enterprise_month").fetchall()
        [(comment,)] = connection.execute(
            "select comment from duckdb_tables() where table_name = 'enterprise_month'"
        ).fetchall()
    assert count == len(finished.table("enterprise_month"))
    assert comment == "企业月度表"


def test_the_evidence_names_every_file_by_its_digest(finished: Outcome) -> None:
    named = json.loads((finished.home / "evidence" / MONTH / "manifest.json").read_text("utf-8"))["files"]
    manifest = {row["file_path"]: row["sha256"] for row in named}
    for name, digest in manifest.items():
        assert hashlib.sha256((finished.home / name).read_bytes()).hexdigest() == digest, name
    made = [path for path in finished.outbox.rglob("*") if path.is_file()]
    for path in [*made, *finished.bundle.iterdir()]:
        assert path.relative_to(finished.home).as_posix() in manifest


def test_the_same_deliveries_give_the_same_bytes(
    finished: Outcome, city_inbox: Path, tmp_path: Path, run_home: Callable[..., Outcome]
) -> None:
    before = kept_files(finished.home)
    copy_city(city_inbox, tmp_path)
    elsewhere = run_home(tmp_path)
    assert elsewhere.code == 0, elsewhere.errors
    assert kept_files(tmp_path) == before
    again = run_home(finished.home)
    assert again.code == 0, again.errors
    assert kept_files(finished.home) == before
    assert {Path(name).suffix for name in before} >= {".parquet", ".csv", ".xlsx", ".docx", ".html", ".pdf", ".json"}
    assert {f"outbox/{MONTH}/{name}" for name in (*WORKBOOKS, *PAGES, *PUBLIC, SHEET)} <= before.keys()


def test_data_folders_are_their_owners_alone(finished: Outcome) -> None:
    for room in finished.home.iterdir():
        if room.is_dir() and room.name != "inbox":
            assert room.stat().st_mode & 0o077 == 0, room.name


@pytest.mark.parametrize("place", ["dagster", "ledger"])
def test_no_grade_ticket_or_secret_in_what_dagster_and_the_ledger_keep(finished: Outcome, place: str) -> None:
    """Canaries: the secret, K, tickets of drawn subjects, and the credit codes of D firms (R-38)."""
    certificate = json.loads((finished.bundle / "certificate.json").read_text())
    canaries = [certificate["office_secret"], certificate["key"]]
    canaries += [row["ticket"] for row in finished.table("drawn")[:50]]
    canaries += [r["uid"] for r in finished.table("enterprise_month") if r["credit_grade"] == "D"][:50]
    kept = b"".join(p.read_bytes() for p in (finished.home / place).rglob("*") if p.is_file())
    assert len(kept) > 10_000
    assert [canary for canary in canaries if canary.encode() in kept] == []
