"""County workbooks and task sheets: a county's own rows, names from the personnel file alone, no grade on paper."""

from __future__ import annotations

import re
import zipfile
from datetime import date
from pathlib import Path

import openpyxl
import pyarrow as pa
import pytest

from data_contracts.model import confidential_contract, output_contract, source_contract
from resources.engines.duckdb_engine import DuckDBEngine, sql_text
from resources.outbox.county_task_sheets import write_task_sheets
from resources.outbox.county_workbook import ENTERED, write_county_workbook
from resources.personnel import Person, Personnel, masked, read_personnel
from resources.settings import Home
from supervision.reports.leak import leak_words
from tests.unit.collection_frames import staffed
from tests.unit.county_samples import NAMED, ROUND, UNIT, County, Filled, county, entry, two_visits, visit

TRIGGER = {
    "round_id": ROUND, "trigger_id": "TS-140826-1", "trigger_type": "TS", "evidence_ref": "12315-14080001",
    "received_on": date(2026, 10, 12), "uid": "U9", "ent_name": "样例9号商贸有限公司", "unit_code": UNIT,
    "unit_name": "绛县市场监督管理局", "credit_grade": "C", "onsite_allowed": True, "counts_toward_cap": False,
    "is_late": False, "lead_inspector": "140826-ZF-001", "other_inspectors": "140826-ZF-002",
}  # fmt: skip


def cells(path: Path, sheet: str) -> list[list[object]]:
    page = openpyxl.load_workbook(path)[sheet]
    return [list(row) for row in page.iter_rows(values_only=True)]


def text_of(path: Path) -> str:
    """All words of a docx, headers and footers included."""
    with zipfile.ZipFile(path) as archive:
        parts = [
            archive.read(name).decode()
            for name in archive.namelist()
            if name.startswith("word/") and name.endswith(".xml")
        ]
    return "\n".join(parts)


def written(folder: Path, made: County, personnel: Personnel = NAMED) -> Path:
    path = folder / "140826.xlsx"
    write_county_workbook(path, made, personnel, demonstration=False, facts={"批次": ROUND})
    return path


def test_visits_name_the_inspectors_and_show_the_stratum_to_the_county(tmp_path):
    rows = cells(written(tmp_path, two_visits()), "检查户次")
    said = str(rows)
    assert "郑样例（140826-ZF-001，执法证 14*******01）" in said
    assert "D类（信用风险高）" in said
    assert "执法人员名册中没有工号 140826-ZF-002，只列工号" in said


def test_tasks_stand_by_name_and_lists_by_full_width_semicolons(tmp_path):
    both = visit(
        1, strata="GEN:C;FOOD:L1", task_names="登记抽查;食品销售监督检查", trigger_ids="TS-1;TS-2", trigger_count=2
    )
    off_site = entry(both, "B03", task="FOOD", task_name="食品销售监督检查", mode_planned="off_site")
    path = written(tmp_path, county([both], [entry(both), off_site], triggers=[TRIGGER | {"task_names": "甲;乙"}]))
    shown = {sheet: cells(path, sheet) for sheet in ("检查户次", "触发检查", "升级市局")}
    levels = "登记事项与公示信息抽查：\n　C类（信用风险较高）\n食品销售监督检查：\n　1级监管"
    assert levels in shown["检查户次"][-1] and "公示信息抽查；登记事项检查" in shown["检查户次"][-1]
    assert "TS-1；TS-2" in shown["检查户次"][-1] and "甲；乙" in shown["触发检查"][-1]
    assert not re.search(r"GEN|FOOD|;", str(shown))


def test_the_legend_explains_the_terms(tmp_path):
    terms = {row[1] for row in cells(written(tmp_path, two_visits()), "图例与说明") if row[0] == "术语"}
    assert terms >= {"监管档次", "现场与非现场", "触发检查", "户次"}


def test_a_visit_without_a_team_is_the_citys_to_staff(tmp_path):
    alone = visit(3, inspector_team=None, visit_state="escalated", visit_state_reason="本县没有特种设备专长的人员")
    rows = cells(written(tmp_path, county([visit(1), alone], [])), "升级市局")
    assert [row[1] for row in rows if row[0] in ("001", "002")] == ["样例3号商贸有限公司"]
    assert "本县没有特种设备专长的人员" in str(rows)


def test_triggers_stand_on_a_sheet_of_their_own_with_the_team(tmp_path):
    rows = cells(written(tmp_path, county([visit(1)], [], triggers=[TRIGGER])), "触发检查")
    assert "12315-14080001" in str(rows) and "郑样例" in str(rows)


def test_rows_that_were_not_taken_come_back_with_their_reason(tmp_path):
    aside = {"file_name": "a.xlsx", "sheet": "结果录入", "row_no": 7, "received_on": date(2026, 10, 20),
             "plan_id": f"{ROUND}-GEN", "item_code": "A07", "uscc": "U1", "return_reason": "没有抽中这一户。"}  # fmt: skip
    assert "没有抽中这一户。" in str(cells(written(tmp_path, county([], [], set_aside=[aside])), "退回事项"))


def test_what_is_to_be_filled_in_has_the_contracts_headers_and_lists(tmp_path):
    filled = Filled(tmp_path)
    contract = source_contract("county_return")
    known = {header for column in contract.columns for header in column.headers}
    assert {title for title in filled.at if title not in known} <= set(contract.ignored_headers)
    assert {contract.column(name).title for name in ENTERED} - set(filled.at) == {"检查结果代码"}  # there as 检查结果
    checked = {
        str(rule.sqref).partition(":")[0][:-1].rstrip("0123456789")
        for rule in filled.page.data_validations.dataValidation
    }
    assert openpyxl.utils.get_column_letter(filled.at["检查结果"]) in checked
    assert not filled.page.cell(filled.head + 1, filled.at["检查日期"]).protection.locked
    assert filled.page.cell(filled.head + 1, filled.at["统一社会信用代码"]).protection.locked


def test_a_task_sheet_tells_the_firm_no_grade_and_nothing_that_gives_one_away(tmp_path):
    path = tmp_path / "单.docx"
    off_site = visit(2, strata="GEN:A", mode_planned="off_site", visit_state="remote", inspector_team=None)
    both = visit(1, strata="FOOD:L4;GEN:D", trigger_ids="TS-140826-1", trigger_count=1)
    entries = [entry(both), entry(both, "B03", task="FOOD", mode_planned="off_site"), entry(off_site)]
    write_task_sheets(path, county([both, off_site], entries), NAMED, round_id=ROUND, demonstration=False)
    said = text_of(path)
    assert leak_words(re.sub(r"<[^>]*>", "\n", said)) == []
    for hidden in ("TS-140826-1", "12315", "FOOD", "GEN", "GEN:D", "样例2号", "上限", "未见具体风险点", "B03"):
        assert hidden not in said
    for shown in ("检查码", "扫码时间", "签名", "回避", "□", "已对你单位实施现场检查 1 次", "郑样例", "样例1号商贸有限公司", "专项核查",
                  f"{ROUND}-{UNIT}-001"):  # fmt: skip
        assert shown in said


def test_the_task_sheet_offers_the_very_results_that_are_entered(tmp_path):
    path = tmp_path / "单.docx"
    made = two_visits()
    write_task_sheets(path, made, NAMED, round_id=ROUND, demonstration=False)
    said = re.sub(r"<w:(tab|br)/>|</w:p>", "\n", text_of(path))
    lines = re.sub(r"<[^>]*>", "", said).split("\n")
    offered = [line for line in lines if re.fullmatch(r"[0-9A-G]+ \D+", line)]
    words = source_contract("county_return").column("result_code").values
    assert set(words.values()) == {line.partition(" ")[0] for line in offered}
    assert {line.partition(" ")[2] for line in offered} <= set(words)
    assert len(offered) == len(set(offered)) * 2  # on both sheets
    for gone in ("待后续处理", "其他：", "有无问题"):
        assert gone not in said


def test_one_sheet_of_paper_for_each_visit_still_to_be_made(tmp_path):
    path = tmp_path / "单.docx"
    visits = [visit(1), visit(2), visit(3, is_gone=True), visit(4, mode_planned="off_site")]
    write_task_sheets(path, county(visits, [entry(each) for each in visits]), NAMED, round_id=ROUND, demonstration=True)
    assert text_of(path).count("<w:pageBreakBefore/>") == 2
    assert "演示数据" in text_of(path)


def test_the_same_rows_give_the_same_bytes(tmp_path):
    made = two_visits()
    paths = [tmp_path / name for name in ("a", "b")]
    for path in paths:
        write_county_workbook(path.with_suffix(".xlsx"), made, NAMED, demonstration=True, facts={"批次": ROUND})
        write_task_sheets(path.with_suffix(".docx"), made, NAMED, round_id=ROUND, demonstration=True)
    for suffix in (".xlsx", ".docx"):
        first, second = (path.with_suffix(suffix).read_bytes() for path in paths)
        assert first == second


def personnel(tmp_path: Path, text: str, *, mode: int = 0o600) -> Personnel:
    home = Home.at(tmp_path).create()
    path = home.confidential / "personnel.csv"
    path.write_text(text, "utf-8")
    path.chmod(mode)
    read = read_personnel(home)
    assert [each.name for each in home.confidential.iterdir()] == ["personnel.csv"]  # nothing is left of the reading
    return read


HEAD = "人员工号,姓名,执法证编号\n"


def test_names_are_read_and_certificates_masked(tmp_path):
    read = personnel(tmp_path, HEAD + "140826-ZF-001, 郑样例 ,14082600001\n140826-ZF-002,王样例,\n")
    assert read.notes == ()
    assert dict(read.people) == {
        "140826-ZF-001": Person("郑样例", "14*******01"), "140826-ZF-002": Person("王样例", None),
    }  # fmt: skip
    assert "郑样例" not in repr(read)


@pytest.mark.parametrize(
    ("text", "mode", "says"),
    [
        (HEAD + "1,郑样例,\n1,王样例,\n", 0o600, "工号 1 有两种写法"),
        (HEAD + "1,郑样例,\n,王样例,\n", 0o600, "第 3 行缺工号或姓名"),
        (HEAD + "1,郑样例,\n", 0o644, "权限改为 0600"),
        ("甲,乙\n郑样例,王样例\n", 0o600, "名册读不出"),
    ],
)
def test_what_is_wrong_with_the_file_is_one_sentence_without_a_name(tmp_path, text, mode, says):
    [note] = personnel(tmp_path, text, mode=mode).notes
    assert says in note and note.count("。") == 1
    assert "样例" not in note


def test_without_a_file_ids_alone_are_shown_and_the_sheet_says_so(tmp_path):
    absent = read_personnel(Home.at(tmp_path).create())
    said = str(cells(written(tmp_path, two_visits(), absent), "检查户次"))
    assert "没有执法人员名册" in said and "140826-ZF-001" in said and "郑样例" not in said


def test_two_files_are_none(tmp_path):
    home = Home.at(tmp_path).create()
    for name in ("personnel.csv", "personnel.xlsx"):
        (home.confidential / name).touch(mode=0o600)
    assert "两份" in read_personnel(home).notes[0]


def test_short_certificates_are_hidden_whole():
    assert (masked("1234567"), masked("12345678"), masked(None)) == ("*******", "12****78", None)


def test_names_are_sensitive_by_contract():
    classes = {c.name: c.classification for c in confidential_contract("personnel").columns}
    assert classes["person_name"] == classes["cert_no"] == "sensitive"


def lists(tmp_path: Path) -> tuple[list[dict[str, object]], list[dict[str, object]]]:
    """The visits and entry rows that the SQL makes of one drawn round: U1 by a team, U2 off site, U3 replaced before the
    visit, U4 gone when visited, U5 triggered alone and without a team."""
    drawn = [("U1", None), ("U2", None), ("U3", "deregistered"), ("U4", "not_found")]
    modes = {"U2": "off_site"}
    subjects = [
        {"round_id": ROUND, "uid": uid, "unit_code": UNIT, "unit_name": "绛县", "plan_ids": f"{ROUND}-GEN", "task_names": "登记",
         "item_names": "公示", "strata": "GEN:B", "mode_planned": modes.get(uid, "on_site"), "risk_points": "无",
         "window_start": date(2026, 10, 1), "window_end": date(2026, 11, 30), "status": "replaced" if gone else "assigned"}
        for uid, gone in drawn
    ]  # fmt: skip
    in_force = [
        {"round_id": ROUND, "task": "GEN", "uid": uid, "county": UNIT, "stratum": "A" if uid in modes else "B", "replaced_reason": gone}
        for uid, gone in drawn
    ]  # fmt: skip
    people = [
        {"visit_uid": uid, "inspector_id": who, "role": role}
        for uid in ("U1", "U4")
        for who, role in (("Z9", "lead"), ("Z1", "member"))
    ]
    inputs = {
        "drawn_subjects": pa.Table.from_pylist(subjects),
        "drawn_in_force": pa.Table.from_pylist(in_force),
        "triggered_inspections": pa.Table.from_pylist(
            [
                {"round_id": ROUND, "trigger_id": f"TS-{n}", "uid": f"U{n}", "unit_code": UNIT, "unit_name": "绛县"}
                for n in (1, 5)  # one of a drawn firm: no row of its own
            ]
        ),
        "team_in_force": pa.Table.from_pylist(people),
        "unstaffed_visit": pa.Table.from_pylist([{"uid": "U5", "unmet_reason": "没有可派的人员"}]),
        "subject": pa.Table.from_pylist(
            [
                {"uid": f"U{n}", "party_name": f"样例{n}号", "uscc": f"U{n}", "reg_no": "", "address": "路"}
                for n in range(1, 6)
            ]
        ),
        "visit": pa.Table.from_pylist(
            [{"uid": "U1", "visited_on": date(2026, 3, 2)}, {"uid": "U1", "visited_on": date(2025, 3, 2)}]
        ),
    }
    levels = [
        {"task": "GEN", "stratum": "B", "on_site": True, "onsite_rule": "on_site"},
        {"task": "GEN", "stratum": "A", "on_site": False, "onsite_rule": "off_site"},
    ]
    items = [
        {"task": "GEN", "task_name": "登记", "item_code": code, "item_name": code, "window_end": date(2026, 11, 30)}
        for code in ("A07", "A08")
    ] + [
        {
            "task": "TRG",
            "task_name": "触发检查",
            "item_code": "TRG",
            "item_name": "线索核查",
            "window_end": date(2026, 10, 31),
        }
    ]
    with DuckDBEngine(temp_directory=tmp_path) as engine:
        months = {"month_first": date(2026, 10, 1), "month_last": date(2026, 10, 31), "year": 2026}
        visits = engine.select(sql_text("reports/county_visit"), staffed(engine, inputs), months)
        tables = {"county_visit": visits, "drawn_in_force": inputs["drawn_in_force"]}
        policy = {"policy_level": pa.Table.from_pylist(levels), "policy_item": pa.Table.from_pylist(items)}
        entries = engine.select(sql_text("reports/county_entry"), tables | policy, {})
    assert tuple(visits.column_names) == output_contract("county_visit").column_names
    assert tuple(entries.column_names) == output_contract("county_entry").column_names
    return visits.to_pylist(), entries.to_pylist()


def test_drawn_and_triggered_firms_are_one_list_of_visits(tmp_path):
    visits, entries = lists(tmp_path)
    told = {v["uid"]: (v["visit_state"], v["inspector_team"], v["is_gone"], v["visits_ytd_before"]) for v in visits}
    assert told == {
        "U1": ("staffed", "Z9;Z1", False, 1),
        "U2": ("remote", None, False, 0),
        "U4": ("staffed", "Z9;Z1", True, 0),
        "U5": ("escalated", None, False, 0),
    }
    [alone] = [v for v in visits if v["uid"] == "U5"]
    assert (alone["visit_state_reason"], alone["trigger_ids"], alone["mode_planned"]) == (
        "没有可派的人员",
        "TS-5",
        "on_site",
    )
    assert [(e["uid"], e["item_code"], e["mode_planned"], e["inspector_team"]) for e in entries] == [
        ("U1", "A07", "on_site", "Z9;Z1"), ("U2", "A07", "off_site", None), ("U4", "A07", "on_site", "Z9;Z1"),
        ("U1", "A08", "on_site", "Z9;Z1"), ("U2", "A08", "off_site", None), ("U4", "A08", "on_site", "Z9;Z1"),
        ("U5", "TRG", "on_site", None),
    ]  # fmt: skip
    assert {v["uid"] for v in visits} == {e["uid"] for e in entries}  # every visit can be reported back
    assert entries[-1]["plan_id"] == f"{ROUND}-TRG"


def test_a_firm_has_one_name_in_workbook_and_task_sheet(tmp_path):
    odd = visit(1, ent_name="甲\x0b乙\x0c丙\uffff丁")
    made = county([odd], [entry(odd)])
    path = tmp_path / "单.docx"
    write_task_sheets(path, made, NAMED, round_id=ROUND, demonstration=False)
    assert "甲�乙�丙�丁" in cells(written(tmp_path, made), "检查户次")[-1]
    assert "甲�乙�丙�丁" in text_of(path)


def test_the_task_sheet_of_a_trigger_alone_names_no_code(tmp_path):
    path = tmp_path / "单.docx"
    alone = visit(1, plan_ids=None, task_names=None, item_names=None, strata=None, trigger_ids="TS-1", trigger_count=1)
    row = entry(alone, "TRG", "TRG", task_name="触发检查", item_name="线索核查")
    write_task_sheets(path, county([alone], [row]), NAMED, round_id=ROUND, demonstration=False)
    said = text_of(path)
    assert said.count("专项核查") == 1
    assert "TRG" not in said and "线索核查" not in said.replace("依检查人员所持线索核查", "")
