"""What stands aside and what people do about it: states, corrections judged at once, releases, and who may see what.

Not here: the correction sheet (test_quarantine_sheet), the command line in a process (tests/e2e/test_quarantine).
"""

from __future__ import annotations

import hashlib
import json
import re
import shutil
from datetime import datetime
from pathlib import Path
from typing import Any

import openpyxl
import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from pipelines.cli import app
from resources import clock
from resources.inbox import find_deliveries
from resources.quarantine.correction import correct
from resources.quarantine.release import release
from resources.quarantine.rows import AsideRow, Quarantine, QuarantineError
from resources.settings import Home
from tests.unit import quarantine_home as house
from tests.unit.quarantine_home import MONTH, grade, penalty, subject
from tests.unit.small_contracts import uscc

TODAY = datetime(2026, 10, 20, 15, 0, tzinfo=clock.SHANGHAI)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """Two sound penalties, three bad ones of two units, one bad grade; a file nobody can read."""
    home = Home(tmp_path_factory.mktemp("made") / "home").create()
    house.deliver(home, "2026-10-DA-01", "DA", "register", [subject(n) for n in range(1, 8)])
    bad = [penalty(1), penalty(2, decision_date="去年", fine_wan="-1"), penalty(3, uscc=uscc(3)[:-1] + "I")]
    house.deliver(home, "2026-10-140802-01", "140802", "penalty", bad)
    house.deliver(home, "2026-10-140881-01", "140881", "penalty", [penalty(4), penalty(5, publish_until="")])
    house.deliver(home, "2026-10-SJ-PT-01", "SJ-PT", "grade_snapshot", [grade(1), grade(2, credit_grade="戊")])
    unread = house.deliver(home, "2026-10-140802-02", "140802", "penalty", [penalty(6)])
    unread.write_bytes(b"PK\x03\x04 broken")
    _resign(unread)
    house.run(home)
    return home


@pytest.fixture
def home(made: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
    """A copy of the data folder of its own, on 20 October."""
    for module in ("resources.clock", "resources.quarantine.correction", "resources.quarantine.release"):
        monkeypatch.setattr(f"{module}.now", lambda: TODAY)
    shutil.copytree(made.root, tmp_path / "home")
    return Home(tmp_path / "home")


def _resign(path: Path) -> None:
    """The manifest names the bytes as they are now."""
    manifest = json.loads((path.parent / "manifest.json").read_text("utf-8"))
    manifest["files"][0] |= {"sha256": hashlib.sha256(path.read_bytes()).hexdigest()}
    (path.parent / "manifest.json").write_text(json.dumps(manifest, ensure_ascii=False), "utf-8")


def row_of(home: Home, number: int, source: str = "penalty") -> AsideRow:
    """The quarantined row of the enterprise with that number."""
    wanted = f"样例{number}号商店"
    [row] = [row for row in Quarantine(home).rows(source=source) if row.cells["party_name"] == wanted]
    return row


def put_right(home: Home, row: AsideRow, **cells: str) -> bool:
    return correct(Quarantine(home), row.row_id, cells, actor="王", reason="按原件核对")[1].accepted


def ssj(home: Home, *words: str) -> Any:
    return CliRunner().invoke(app, ["quarantine", *words, "--home", str(home.root)])


def test_every_bad_row_and_file_is_listed_by_place_and_problem(home: Home) -> None:
    quarantine = Quarantine(home)
    assert quarantine.month == MONTH
    found = {(row.origin.unit_code, row.source, row.sheet, row.row_no, row.state) for row in quarantine.rows()}
    assert found == {
        ("140802", "penalty", "报送", 4, "open"),
        ("140802", "penalty", "报送", 5, "open"),
        ("140881", "penalty", "报送", 4, "open"),
        ("SJ-PT", "grade_snapshot", "报送", 4, "open"),
    }
    [file] = quarantine.files()
    assert (file.origin.unit_code, file.delivery_id, file.state) == ("140802", "2026-10-140802-02", "open")
    assert "penalty.xlsx" in file.reason


def test_the_list_is_chosen_by_unit_source_rule_and_state(home: Home) -> None:
    quarantine = Quarantine(home)
    assert {r.row_no for r in quarantine.rows(unit="140802")} == {4, 5}
    assert [r.source for r in quarantine.rows(source="grade_snapshot")] == ["grade_snapshot"]
    assert [r.row_no for r in quarantine.rows(rule="uscc")] == [5]
    assert [r.row_no for r in quarantine.rows(rule="fine_negative")] == [4]
    assert list(quarantine.rows(state="corrected")) == []


def test_findings_name_cells_and_reasons(home: Home) -> None:
    found = {f.rule: (f.columns, f.reason) for f in row_of(home, 2).findings}
    assert set(found) == {"decision_date.type", "fine_negative"}
    assert found["decision_date.type"] == (
        ("decision_date",),
        row_of(home, 2).contract.column("decision_date").type_reason,
    )
    assert found["fine_negative"][0] == ("fine_wan",)


def test_a_correction_is_judged_at_once_and_the_original_stays(home: Home) -> None:
    before = {path: path.read_bytes() for path in (home.lake / MONTH).rglob("*.parquet")}
    row = row_of(home, 2)
    _, judgement = correct(
        Quarantine(home), row.row_id, {"处罚决定日期": "2026年10月9日"}, actor="王", reason="按决定书原件核对"
    )
    assert not judgement.accepted and "罚款金额为负" in judgement.reasons and "日期" not in judgement.reasons
    after, judgement = correct(Quarantine(home), row.row_id, {"罚款金额(万元)": "1"}, actor="李", reason="同上")
    assert judgement.accepted
    assert (after.state, after.cells["fine_wan"], after.corrected_cells["fine_wan"]) == ("corrected", "-1", "1")
    assert [(a.kind, a.body["actor"], a.body["cells"]) for a in after.actions] == [
        ("corrected", "王", {"decision_date": "2026年10月9日"}),
        ("corrected", "李", {"fine_wan": "1"}),
    ]
    assert {path: path.read_bytes() for path in (home.lake / MONTH).rglob("*.parquet")} == before


@pytest.mark.parametrize(
    ("cells", "reason", "words"),
    [
        ({"决定日": "2026-10-09"}, "核对", "没有「决定日」这一列，请改用：行政相对人名称"),
        ({"法定代表人": "某"}, "核对", "没有「法定代表人」这一列"),
        ({"处罚决定日期": "2026-10-09", "decision_date": "2026-10-10"}, "核对", "同一列给了两个值"),
        ({"处罚决定日期": "2026-10-09"}, " ", "--reason"),
        ({"罚款金额（万元）": "-1"}, "核对", "没有更正"),
    ],
)
def test_a_correction_that_is_refused(home: Home, cells: dict[str, str], reason: str, words: str) -> None:
    with pytest.raises(QuarantineError, match=re.escape(words)):
        correct(Quarantine(home), row_of(home, 2).row_id, cells, actor="王", reason=reason)
    assert row_of(home, 2).state == "open"


def test_released_rows_come_back_accepted_and_linked(home: Home) -> None:
    two, three, five = row_of(home, 2), row_of(home, 3), row_of(home, 5)
    assert put_right(home, two, decision_date="2026-10-09", fine_wan="1")
    assert put_right(home, three, uscc=uscc(3))
    assert put_right(home, five, publish_until="2027-01-01")
    made, wrong = release(Quarantine(home), None, actor="王", reason="放行")
    assert [(r.delivery_id, r.source, r.rows) for r in made] == [
        ("2026-10-140802-Q01", "penalty", 2),
        ("2026-10-140881-Q01", "penalty", 1),
    ]
    assert wrong == {} and {row_of(home, n).state for n in (2, 3, 5)} == {"released"}
    [delivery] = [d for d in find_deliveries(home.inbox) if d.delivery_id == "2026-10-140802-Q01"]
    assert (delivery.unit_code, delivery.unit_name, delivery.month) == ("140802", "盐湖区市场监督管理局", MONTH)
    assert delivery.received_at == TODAY and delivery.generated
    table = pq.read_table(delivery.files[0].path)
    assert table.column_names[:3] == ["原位置号", "行政相对人名称", "行政相对人类别"]
    assert {str(field.type) for field in table.schema} == {"string"}

    lake = house.run(home)
    accepted = pq.read_table(lake.table("accepted_penalty")).to_pylist()
    links = {r["corrects_row_id"]: r for r in accepted if r["corrects_row_id"]}
    assert set(links) == {two.row_id, three.row_id, five.row_id}
    assert (str(links[two.row_id]["decision_date"]), links[two.row_id]["delivery_id"]) == (
        "2026-10-09",
        "2026-10-140802-Q01",
    )
    settled = row_of(home, 2)
    assert (settled.state, settled.resolved_by) == ("resolved", links[two.row_id]["row_id"])
    assert [row.cells["party_name"] for row in Quarantine(home).rows(state="open")] == ["样例2号商店"]  # the grade
    with pytest.raises(QuarantineError, match=r"已由 .* 更正并接收"):
        put_right(home, settled, fine_wan="2")


@pytest.mark.parametrize("words", [("list", "--unit", "ZZZZ"), ("return", "--source", "penalties")])
def test_a_name_written_wrongly_is_told(home: Home, words: tuple[str, ...]) -> None:
    told = ssj(home, *words)
    assert told.exit_code == 1 and words[-1] in str(told.exception) and "请改用" in str(told.exception)


def test_a_cell_does_not_steer_the_terminal(home: Home) -> None:
    text = "去\x1b[2J年\u202e"
    lake = Quarantine(home).lake
    table = pq.read_table(lake.table("quarantined"))
    cells = [raw.replace("去年", text.replace("\x1b", "\\u001b")) for raw in table.column("raw_cells").to_pylist()]
    place = table.column_names.index("raw_cells")
    pq.write_table(table.set_column(place, table.field(place), [cells]), lake.path("quarantined"))
    shown = ssj(home, "show", row_of(home, 2).row_id)
    assert "去␛[2J年�" in shown.output and "\x1b" not in shown.output


def test_a_corrected_withdrawal_withdraws(home: Home) -> None:
    """Sent back as an ordinary row it would become the record that it was to withdraw."""
    house.deliver(
        home,
        "2026-10-140802-09",
        "140802",
        "penalty",
        [penalty(1, decision_no="写错的文号")],
        received_at="2026-10-15T09:00:00+08:00",
        withdrawal=True,
    )
    house.run(home)
    row = row_of(home, 1)
    assert row.is_withdrawal and row.rule_ids == ("withdrawal.unknown",)
    ssj(home, "return")
    [sheet] = (home.outbox / MONTH / "corrections").glob("withdrawal_*.xlsx")
    texts = [str(cell.value) for line in openpyxl.load_workbook(sheet).active.iter_rows(max_row=5) for cell in line]
    assert any("撤回更正表" in text for text in texts) and any('"change": "withdrawal"' in text for text in texts)
    assert put_right(home, row, decision_no=penalty(1)["decision_no"])
    release(Quarantine(home), None, actor="王", reason="")
    accepted = pq.read_table(house.run(home).table("accepted_penalty")).to_pylist()
    told = [(r["version_no"], r["is_withdrawn"], r["is_current"]) for r in accepted if r["uscc"] == uscc(1)]
    assert sorted(told) == [(1, False, False), (2, True, False)]
    assert row_of(home, 1).state == "resolved"


def test_a_correction_that_says_what_is_known_already_settles_its_row(home: Home) -> None:
    five = row_of(home, 5)
    house.deliver(home, "2026-10-140881-02", "140881", "penalty", [penalty(5)])
    assert put_right(home, five, publish_until=penalty(5)["publish_until"])
    release(Quarantine(home), None, actor="王", reason="")
    lake = house.run(home)
    [known] = [r for r in pq.read_table(lake.table("accepted_penalty")).to_pylist() if r["uscc"] == uscc(5)]
    assert known["corrects_row_id"] is None
    assert (row_of(home, 5).state, row_of(home, 5).resolved_by) == ("resolved", known["row_id"])


def test_only_what_passes_is_released(home: Home) -> None:
    two, three = row_of(home, 2), row_of(home, 3)
    with pytest.raises(QuarantineError, match="还没有更正，不能放行"):
        release(Quarantine(home), [two.row_id], actor="王", reason="")
    assert not put_right(home, two, fine_wan="1")
    assert put_right(home, three, uscc=uscc(3))
    with pytest.raises(QuarantineError, match="更正后仍有问题，没有放行任何一行"):
        release(Quarantine(home), [three.row_id, two.row_id], actor="王", reason="")
    assert not list(home.inbox.glob("*Q0*"))
    made, wrong = release(Quarantine(home), None, actor="王", reason="")
    assert [r.rows for r in made] == [1] and set(wrong) == {two.row_id}
    ssj(home, "show", three.row_id, "--sensitive")  # looking at a row changes nothing of its state
    with pytest.raises(QuarantineError, match="已放行（批次 2026-10-140802-Q01）"):
        release(Quarantine(home), [three.row_id], actor="王", reason="")
    assert put_right(home, two, decision_date="2026-10-09")
    assert [r.delivery_id for r in release(Quarantine(home), None, actor="王", reason="")[0]] == ["2026-10-140802-Q02"]


def test_two_corrections_to_one_key_do_not_both_pass(home: Home) -> None:
    two, three = row_of(home, 2), row_of(home, 3)
    assert put_right(home, two, decision_date="2026-10-09", fine_wan="1")
    assert put_right(home, three, uscc=uscc(2), decision_no=two.cells["decision_no"] or "")
    made, wrong = release(Quarantine(home), None, actor="王", reason="")
    assert sum(r.rows for r in made) == 1 and len(wrong) == 1


def test_a_unit_cannot_settle_the_rows_of_another(home: Home) -> None:
    contract_rows = [penalty(5, decision_no="冒名")]
    path = house.deliver(home, "2026-10-140802-03", "140802", "penalty", contract_rows)
    _link(path, row_of(home, 5).row_id, contract_rows[0])
    house.run(home)
    assert row_of(home, 5).state == "open"


def _link(path: Path, row_id: str, cells: dict[str, str]) -> None:
    """Write the file anew with the column 原位置号."""
    import pyarrow as pa

    from data_contracts.model import source_contract

    contract = source_contract("penalty")
    columns = {contract.column(name).title: [text] for name, text in cells.items()}
    pq.write_table(pa.table({"原位置号": [row_id]} | columns), path)
    _resign(path)


def test_a_sheet_goes_back_is_put_right_in_place_and_settles_the_rows(home: Home, tmp_path: Path) -> None:
    said = ssj(home, "return", "--actor", "王", "--reason", "请核对")
    assert said.exit_code == 0 and "盐湖区市场监督管理局，penalty，2 行" in said.output
    folder = home.outbox / MONTH / "corrections"
    names = ["correction_140802_penalty.xlsx", "correction_140881_penalty.xlsx", "correction_SJ-PT_grade_snapshot.xlsx"]
    assert sorted(path.name for path in folder.iterdir()) == [*names, "unread_140802.xlsx"]
    two, three = row_of(home, 2), row_of(home, 3)
    assert {row.state for row in Quarantine(home).rows()} == {"returned"} and Quarantine(home).files()[
        0
    ].state == "returned"
    assert (two.actions[0].body["actor"], two.actions[0].body["file"]) == ("王", names[0])

    book = openpyxl.load_workbook(folder / names[0])
    page = book.worksheets[0]
    head = next(row for row in page.iter_rows() if row[0].value == "原位置号")
    place = {cell.value: cell.column for cell in head}
    for row in page.iter_rows(min_row=head[0].row + 1):
        bad = {page.cell(head[0].row, cell.column).value for cell in row if cell.comment is not None}
        if row[0].value == two.row_id:
            assert bad == {"处罚决定日期", "罚款金额（万元）"}
            page.cell(row[0].row, place["处罚决定日期"]).value = datetime(2026, 10, 9)  # typed as a date, not as text
            page.cell(row[0].row, place["罚款金额（万元）"]).value = 1.5
        else:
            assert bad == {"行政相对人代码_1(统一社会信用代码)"}
            page.cell(row[0].row, place["行政相对人代码_1(统一社会信用代码)"]).value = uscc(3)
    mended = tmp_path / "改好的表.xlsx"
    book.save(mended)
    house.deliver(home, "2026-10-140802-09", "140802", "penalty", mended, count=2)
    accepted = pq.read_table(house.run(home).table("accepted_penalty")).to_pylist()
    links = {
        r["corrects_row_id"]: (str(r["decision_date"]), str(r["fine_wan"]), r["uscc"])
        for r in accepted
        if r["corrects_row_id"]
    }
    assert links == {
        two.row_id: ("2026-10-09", "1.500000", uscc(2)),
        three.row_id: ("2026-10-08", "0.500000", uscc(3)),
    }
    assert {row_of(home, n).state for n in (2, 3)} == {"resolved"} and row_of(home, 5).state == "returned"


def test_returning_again_gives_the_same_bytes_and_no_second_note(home: Home) -> None:
    def give_back_all() -> dict[str, bytes]:
        ssj(home, "return")
        return {path.name: path.read_bytes() for path in (home.outbox / MONTH / "corrections").iterdir()}

    first = give_back_all()
    noted = len(list(Quarantine(home).ledger.entries()))
    assert noted == 5 and give_back_all() == first
    assert len(list(Quarantine(home).ledger.entries())) == noted


def test_only_what_is_asked_for_and_still_waits_goes_back(home: Home) -> None:
    assert put_right(home, row_of(home, 3), uscc=uscc(3))
    said = ssj(home, "return", "--unit", "140802", "--source", "penalty").output
    assert "penalty，1 行" in said and "140881" not in said
    assert {row_of(home, n).state for n in (2, 3, 5)} == {"returned", "corrected", "open"}
    assert "没有待退回的行或文件" in ssj(home, "return", "--unit", "140829").output


def test_the_list_shows_no_cell(home: Home) -> None:
    done = ssj(home, "list")
    assert done.exit_code == 0, done.output
    assert "隔离 4 行、1 份文件" in done.output and "整份" in done.output
    for text in ("样例2号商店", "戊", "去年", uscc(3)[:-1]):
        assert text not in done.output
    assert ssj(home, "list", "--limit", "1").output.count("\n") == 3
    assert "隔离 1 行" in ssj(home, "list", "--source", "grade_snapshot").output


def test_sensitive_cells_are_shown_only_on_demand_and_that_is_kept(home: Home) -> None:
    row = row_of(home, 2, "grade_snapshot")
    plain = ssj(home, "show", row.row_id)
    assert plain.exit_code == 0 and "戊" not in plain.output and "（敏感，未显示）" in plain.output
    assert "样例2号商店" in plain.output and "credit_grade.check" in plain.output and "第 4 行" in plain.output
    assert row_of(home, 2, "grade_snapshot").actions == ()
    full = ssj(home, "show", row.row_id, "--sensitive", "--actor", "王")
    assert "戊" in full.output and "查看敏感内容  王" in full.output
    assert row_of(home, 2, "grade_snapshot").state == "open"


def test_a_file_that_stands_aside_whole_is_shown(home: Home) -> None:
    [file] = Quarantine(home).files()
    shown = ssj(home, "show", file.file_id).output
    assert "2026-10-140802-02/penalty.xlsx" in shown and file.reason in shown
    with pytest.raises(QuarantineError, match="整份隔离的文件"):
        Quarantine(home).row(file.file_id)


def test_the_verbs_answer_in_one_line(home: Home) -> None:
    row = row_of(home, 3)
    corrected = ssj(home, "correct", row.row_id, f"行政相对人代码_1(统一社会信用代码)={uscc(3)}", "--reason", "核对")
    assert corrected.output.strip() == "更正已记录，按契约可以接收：请用 ssj quarantine release 放行"
    wrong = ssj(home, "correct", row_of(home, 2).row_id, "罚款金额（万元）=0", "--reason", "核对")
    assert wrong.output.startswith("更正已记录，但仍有问题：") and wrong.output.count("\n") == 1
    released = ssj(home, "release", row.row_id, "--actor", "王")
    assert released.output.startswith("已放行 1 行：批次 2026-10-140802-Q01（盐湖区市场监督管理局，penalty）\n")
    shown = ssj(home, "show", row.row_id).output
    assert "已放行" in shown and "放行  王  2026-10-140802-Q01" in shown and uscc(3) in shown
    for words in (["release"], ["release", "--all", row.row_id]):
        assert "二者取一" in str(ssj(home, *words).exception)
    assert "列名=值" in str(ssj(home, "correct", row.row_id, "罚款", "--reason", "x").exception)
    assert "没有状态" in str(ssj(home, "list", "--state", "x").exception)
    assert "没有 nowhere" in str(ssj(home, "show", "nowhere").exception)


def test_no_month_yet(tmp_path: Path) -> None:
    with pytest.raises(QuarantineError, match="还没有验收过任何月份"):
        Quarantine(Home(tmp_path))
