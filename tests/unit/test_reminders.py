"""Rules, texts and letters of the reminders: what is refused at load, what a letter says, that none tells a grade.

Not here: who is reminded (test_reminders_sql).
"""

from __future__ import annotations

import copy
import re
import zipfile
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import yaml
from python_calamine import CalamineWorkbook

from data_contracts.model import output_contract
from resources.outbox.letters import TEMPLATE, check_template, write_letters
from resources.outbox.one_page import STEPS
from resources.outbox.reminders import ReminderTables, write_reminders
from resources.outbox.templating import TEMPLATES
from resources.periods import periods
from resources.reminder_rules import reminder_rules
from resources.settings import CHECKOUT
from supervision.reminder_letters import NOT_TOLD, Letter, letters, notices
from supervision.reminders import REASONS, Document, ReminderError, parse_reminders
from supervision.reports.leak import leak_words

FIRM, UNIT = "91140821MA0000001X", ("140821", "临猗县市场监督管理局")
RAW = yaml.safe_load((CHECKOUT / "data_contracts" / "reminders.yaml").read_text("utf-8"))
CITED = {r.id: Document(r.document.issuer, r.document.number, r.document.title).cited for r in periods().rules}


def item(reason: str, row_id: str = "r1", uid: str = FIRM, **changes: Any) -> dict[str, Any]:
    return {
        "month": "2026-10", "reminder_id": f"TX-202610-{uid}", "reason_code": reason, "row_id": row_id, "uid": uid,
        "unit_code": UNIT[0], "unit_name": UNIT[1], "document_no": "临市监罚〔2026〕1号", "issued_by": "临猗县市场监督管理局",
        "summary": "不按规定明码标价", "formed_on": date(2026, 10, 8), "event_on": date(2026, 10, 8),
        "ingested_on": date(2026, 10, 9), "known_on": date(2026, 10, 9), "reminded_on": date(2026, 10, 31), "act_by": None,
        "effective_until": date(2027, 10, 8), "repair_from": date(2027, 1, 8), "rule_id": None, "suppressed_reason": None,
    } | changes  # fmt: skip


def made(*rows: dict[str, Any], name: str = "甲商贸有限公司") -> list[Letter]:
    return letters(rows, {row["uid"]: name for row in rows}, reminder_rules(), CITED)


def said(letter: Letter) -> str:
    parts = [text for s in letter.sections for text in (s.heading, *s.items, *s.todo, s.cites)]
    return "\n".join(
        [letter.title, letter.number, letter.opening, *parts, letter.asking, letter.contact, *letter.terms]
    )


# —— rules ——
def change(path: str, value: Any) -> Callable[[dict[str, Any]], None]:
    def apply(raw: dict[str, Any]) -> None:
        *keys, last = path.split(".")
        at: Any = raw
        for key in keys:
            at = at[int(key)] if isinstance(at, list) else at[key]
        at[int(last) if isinstance(at, list) else last] = value

    return apply


PENALTY = "reasons.0.versions.0"


@pytest.mark.parametrize(
    ("path", "value", "words"),
    [
        (f"{PENALTY}.text.todo", "贵单位为D类企业，请整改。", "D类"),
        (f"{PENALTY}.text.item", "{issued_by}认定贵单位信用风险高。", "信用风险高"),
        (f"{PENALTY}.text.heading", "列入高风险名单", "高风险"),
        ("reasons.1.versions.0.text.cures.0.text", "监管档次调整，请补报。", "监管档次"),
        ("letter.opening", "贵单位信用风险等级有变化。", "信用风险等级"),
        ("letter.terms.0", "Ａ类：无事不扰。", "Ａ类"),
        (f"{PENALTY}.text.item", "{credit_grade}", "credit_grade"),
        (f"{PENALTY}.text.item", "{", "括号"),
        (f"{PENALTY}.text.todo", " ", "空的"),
        ("reasons.7.channel", "letter", "只能内部跟踪"),
        ("reasons.7.channel", "notice", "只能内部跟踪"),
        ("reasons.0.channel", "internal", "text"),
        ("reasons.0.code", "GRADE_UP", "GRADE_UP"),
        ("reasons", RAW["reasons"][:-1], "GRADE_DOWN"),
        (f"{PENALTY}.parameters", {}, "new_within_days"),
        (f"{PENALTY}.parameters", {"new_within_days": 0}, "new_within_days"),
        ("reasons.2.versions.0.parameters.remind_on", ["13-01"], "remind_on"),
        (f"{PENALTY}.cites", ["另一文件"], "另一文件"),
        (f"{PENALTY}.valid_from", "2022", "日期"),
        ("tracking.0.duplicate_days", -1, "duplicate_days"),
        ("spec", "v0", "spec"),
    ],
)
def test_a_bad_rule_or_text_is_refused_at_load(path: str, value: Any, words: str) -> None:
    raw = copy.deepcopy(RAW)
    change(path, value)(raw)
    with pytest.raises(ReminderError, match=r"。$") as refused:
        parse_reminders(raw)
    assert words in str(refused.value)


def test_every_shipped_text_is_free_of_grades_and_every_reason_has_words_in_the_contract() -> None:
    rules = parse_reminders(RAW)
    texts = [v.text for reason in rules.reasons for v in reason.versions if v.text]
    assert len(texts) >= 7
    frame = rules.frame
    every = [
        frame.title,
        frame.opening,
        frame.asking,
        frame.contact,
        frame.notice_title,
        frame.notice_opening,
        *frame.terms,
    ]
    every += [part for t in texts for part in (t.heading, t.item, t.todo, *(text for _, text in t.cures))]
    assert leak_words("\n".join(every)) == []
    assert set(output_contract("risk_reminders").column("reason_code").values.values()) == set(REASONS)


def test_the_version_of_the_day_decides() -> None:
    rules = reminder_rules()
    texts = [rules.on("REPAIR_ELIGIBLE", day).text for day in (date(2026, 3, 31), date(2026, 4, 1))]
    assert [text.id for text in texts if text] == ["repair_eligible_1", "repair_eligible_2"]
    with pytest.raises(ReminderError, match="2022-05-09"):
        rules.on("NEW_PENALTY", date(2022, 5, 9))


# —— letters ——
def test_one_letter_per_firm_says_what_to_do_by_when_whom_to_ask_and_by_which_rule() -> None:
    [letter] = made(
        item("REPAIR_ELIGIBLE", "r2", rule_id="penalty_repair_general_2026", repair_from=date(2026, 10, 8)),
        item("NEW_PENALTY"),
        item(
            "LICENSE_EXPIRING",
            "r3",
            summary="食品经营许可证",
            act_by=date(2026, 12, 10),
            effective_until=date(2027, 1, 9),
        ),
    )
    assert letter.addressee == "甲商贸有限公司"
    assert [s.heading for s in letter.sections] == ["新作出的行政处罚决定", "许可即将到期", "可以申请信用修复"]
    text = said(letter)
    assert "临市监罚〔2026〕1号" in text
    assert "公示至2027年10月8日，自2027年1月8日起可以申请提前停止公示" in text
    assert "请在2026年12月10日以前向原发证单位提出延续申请" in text
    assert "咨询电话（临猗县市场监督管理局）" in letter.contact
    assert "国家发展和改革委员会令第36号" in letter.sections[2].cites
    assert "国家市场监督管理总局令第45号" in letter.sections[0].cites
    assert letter.dated == "2026年10月31日"
    assert [term.split("：")[0] for term in letter.terms] == ["公示", "信用修复", "提示编号"]


def test_a_drop_of_the_grade_and_what_is_left_out_bring_no_letter() -> None:
    down = item("GRADE_DOWN", "g", document_no=None, issued_by=None, summary=None)
    gone = item("NEW_PENALTY", suppressed_reason="repaired")
    assert made(down, gone) == []
    alone = made(item("REPAIR_ELIGIBLE", "r2"))
    assert made(item("REPAIR_ELIGIBLE", "r2"), down, gone) == alone
    assert len(alone) == 1


def test_a_record_without_a_number_or_with_telling_words_is_worded_around() -> None:
    [letter] = made(
        item("NEW_ABNORMAL", document_no=None, summary="通过登记的住所或者经营场所无法联系的"),
        item("NEW_PENALTY", "p", summary="生产D类产品", issued_by="临猗县局（14200000000）", repair_from=None),
    )
    text = said(letter)
    assert "（）" not in text
    assert "请在收到本函之日起30日内办理住所（经营场所）变更登记" in text
    assert f"事由为{NOT_TOLD}" in text
    assert "14200000000" not in text
    assert "不适用提前停止公示" in text
    assert leak_words(text) == []


def test_a_notice_goes_to_the_industry_not_to_a_firm() -> None:
    rows = [
        item("CLUSTER", "cluster:140821:52", uid=uid, summary="零售业", document_no=None, formed_on=None)
        for uid in (FIRM, "91140821MA0000002X")
    ]
    [notice] = notices(rows, reminder_rules())
    assert (notice.addressee, notice.number) == ("辖区零售业各企业", "TX-202610-140821-52")
    assert FIRM not in said(notice)
    assert leak_words(said(notice)) == []
    assert made(*rows) == []


# —— files ——
def text_of(path: Path) -> str:
    with zipfile.ZipFile(path) as package:
        return package.read("word/document.xml").decode()


def test_letters_by_unit_same_bytes_one_page_each(tmp_path: Path) -> None:
    second = {"unit_code": "140822", "unit_name": "万荣县市场监督管理局", "uid": "91140822MA0000009X"}
    rows = [item("NEW_PENALTY"), item("NEW_PENALTY", uid="91140821MA0000002X"), item("NEW_PENALTY") | second]
    rows[2]["reminder_id"] = "TX-202610-91140822MA0000009X"
    everyone = made(*rows, name="甲 & <乙> 公司")
    written = write_letters(tmp_path, everyone, reminder_rules().frame, demonstration=True)
    assert list(written) == ["letters-140821.docx", "letters-140822.docx"]
    again = write_letters(tmp_path / "again", everyone, reminder_rules().frame, demonstration=True)
    assert again == written
    write_letters(tmp_path / "again", everyone[:2], reminder_rules().frame, demonstration=True)
    assert [path.name for path in (tmp_path / "again").iterdir()] == ["letters-140821.docx"]
    xml = text_of(tmp_path / "letters-140821.docx")
    assert xml.count("甲 &amp; &lt;乙&gt; 公司") == 2
    assert xml.count('<w:pgNumType w:start="1"/>') == 2
    assert "{{" not in xml
    assert "{%" not in xml


@pytest.mark.parametrize("number", ["13800138000", "身份证号 142701199001011237"])
@pytest.mark.parametrize("place", ["addressee", "contact", "heading", "items", "todo"])
def test_a_letter_with_the_number_of_a_person_is_not_written(tmp_path: Path, place: str, number: str) -> None:
    good = made(item("NEW_PENALTY"))
    [section] = good[0].sections
    changes: dict[str, Any] = {place: number if place in ("addressee", "contact", "heading") else (number,)}
    bad = replace(good[0], **changes if hasattr(good[0], place) else {"sections": (replace(section, **changes),)})
    with pytest.raises(ReminderError, match=r"提示函 TX-202610-.*R-37") as refused:
        write_letters(tmp_path, [*good, bad], reminder_rules().frame, demonstration=True)
    assert not re.search(r"13800138000|142701", str(refused.value))
    assert not list(tmp_path.iterdir())


def test_the_type_of_a_letter_steps_down_with_its_length(tmp_path: Path) -> None:
    """三号 while it fits (GB/T 9704); each letter by itself, the wording untouched."""
    sizes = {}
    for count in (1, 3, 8):
        rows = [item("NEW_PENALTY", f"r{n}", document_no=f"临市监罚〔2026〕{n}号") for n in range(count)]
        write_letters(tmp_path / str(count), made(*rows), reminder_rules().frame, demonstration=False)
        xml = text_of(tmp_path / str(count) / "letters-140821.docx")
        assert xml.count("作出行政处罚决定") == count
        [sizes[count]] = set(re.findall(r'w:val="正文段([^"]*)"', xml))
    assert [STEPS.index(sizes[count]) for count in (1, 3, 8)] == sorted({STEPS.index(s) for s in sizes.values()})
    short = replace(made(item("NEW_PENALTY"))[0], sections=())
    write_letters(tmp_path / "short", [short], reminder_rules().frame, demonstration=False)
    assert 'w:val="正文段"' in text_of(tmp_path / "short" / "letters-140821.docx")


@pytest.mark.parametrize("part", ["word/document.xml", "word/footer1.xml"])
def test_a_template_that_tells_a_grade_is_refused(tmp_path: Path, part: str) -> None:
    good = TEMPLATES / f"{TEMPLATE}.docx"
    check_template(good)
    bad = tmp_path / "bad.docx"
    with zipfile.ZipFile(good) as source, zipfile.ZipFile(bad, "w") as target:
        for name in source.namelist():
            data = source.read(name)
            if name == part:
                data = data.replace(
                    b"</w:p>", "<w:r><w:t>信用</w:t></w:r><w:r><w:t>风险高</w:t></w:r></w:p>".encode(), 1
                )
            target.writestr(name, data)
    with pytest.raises(ReminderError, match="信用风险高"):
        check_template(bad)


def test_the_workbook_counts_what_goes_out_and_what_is_left_out(tmp_path: Path) -> None:
    base = {
        "uscc": FIRM, "party_name": "=甲公司", "station": "城关所", "evidence_record_ids": "r1", "suppressed_record_ids": None,
        "records": 1, "channel": "letter", "disposal_due_on": date(2026, 11, 27), "sent_at": None, "ack_at": None,
        "disposal": None, "disposed_at": None, "lag_reminder_to_disposal_wd": None,
    }  # fmt: skip
    old = {"month": "2026-09", "reminder_id": "TX-202609-x", "disposal_due_on": date(2026, 10, 30)}
    rows = [
        item("NEW_PENALTY") | base,
        item("REPAIR_ELIGIBLE", "r2") | base,
        item("GRADE_DOWN", "g") | base | {"channel": "internal"},
        item("NEW_ABNORMAL", "a", suppressed_reason="withdrawn") | base,
        item("NEW_PENALTY") | base | old,
    ]
    tables = ReminderTables(
        pd.DataFrame(rows),
        pd.DataFrame([item("REPAIR_ELIGIBLE", "r2"), item("NEW_PENALTY")]),
        pd.DataFrame(
            [
                {"unit_code": code, "unit_name": name, "lag_kind": "event_to_ingested", "records": 1, "pending": 0, "median_wd": 2, "p95_wd": 3}
                for code, name in (UNIT, ("CITY", "全市"))
            ]
        ),
    )  # fmt: skip
    path = tmp_path / "reminders.xlsx"
    digest = write_reminders(path, tables, demonstration=True, facts={"月份": "2026-10"})
    assert write_reminders(tmp_path / "b.xlsx", tables, demonstration=True, facts={"月份": "2026-10"}) == digest
    book = CalamineWorkbook.from_path(str(path))
    sheets = {name: book.get_sheet_by_name(name).to_python() for name in book.sheet_names}
    assert list(sheets) == ["封面", "总览", "本月名单", "可修复", "不再提醒", "办理情况", "用时", "图例与说明"]
    [overview] = [row for row in sheets["总览"] if row[0] == UNIT[1]]
    assert overview[1:] == [1, 0, 0, 0, 1, 0, 0, 1, 1, 1]  # one letter for two reasons, one left out
    assert sum(UNIT[1] == row[0] for row in sheets["本月名单"]) == 3
    assert [row[5] for row in sheets["不再提醒"] if row[0] == UNIT[1]] == ["已撤销或移出"]
    states = {(row[2], row[4]): row[5] for row in sheets["办理情况"] if row[0] == UNIT[1]}
    assert states["TX-202609-x", "新增行政处罚"] == "× 逾期未报"
    assert states[f"TX-202610-{FIRM}", "等级下降"] == "— 内部跟踪"
    assert states[f"TX-202610-{FIRM}", "新增行政处罚"] == "△ 待发出"
    lags = [row for row in sheets["用时"] if row[0] in ("全市", UNIT[1])]
    assert [row[:4] for row in lags] == [["全市", 1, 2, 3], [UNIT[1], 1, 2, 3]]
