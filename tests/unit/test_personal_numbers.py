"""Numbers of persons are found and masked; codes, plans, documents and amounts that look like them stay (R-37)."""

from __future__ import annotations

import pyarrow as pa
import pytest

from data_contracts.model import source_contract, source_contracts
from resources.inbox.masking import Counted, mask_table, refuse_named_after_persons
from resources.inbox.raw_table import SheetCount
from sample_city.canaries import CANARIES, identity_number
from supervision.personal_numbers import IDENTITY_MASK, MOBILE_MASK, masked, personal_numbers
from supervision.uid import is_reg_no, is_uscc

BORN_1981 = identity_number("14999919810112021")
BORN_2018 = identity_number("14999920180112021")
MOBILE = "14212345678"
ID, PHONE = IDENTITY_MASK, MOBILE_MASK


def subject_like_a_person() -> str:
    """A valid credit code of digits whose middle is a day and whose end fits the rule of identity numbers too."""
    codes = (f"91330219810112{number:04d}" for number in range(10_000))
    return next(code for code in codes if is_uscc(code) and personal_numbers(code))


def registration_like_a_person() -> str:
    return next(text for n in range(1000) if is_reg_no(text := f"330200850112{n:03d}"))


@pytest.mark.parametrize(
    ("text", "made"),
    [
        (f"当事人身份证号{BORN_1981}。", f"当事人身份证号{ID}。"),
        (f"（{BORN_1981[:-1]}{BORN_1981[-1].lower()}）", f"（{ID}）"),
        (f"{BORN_1981[:6]} {BORN_1981[6:14]} {BORN_1981[14:]}", ID),
        (f"{BORN_1981}、{BORN_1981}，{MOBILE}", f"{ID}、{ID}，{PHONE}"),
        ("手机１４２１２３４５６７８", f"手机{PHONE}"),
        ("电话142-1234-5678", f"电话{PHONE}"),
        ("+86 14212345678转", f"{PHONE}转"),
        ("李某/14212345678", f"李某/{PHONE}"),
        ("（李某）14212345678", f"（李某）{PHONE}"),
        ("旧证330203560112021持有人", f"旧证{ID}持有人"),
        (f"身份证{BORN_2018}", f"身份证{ID}"),
        (f"证件号码：{registration_like_a_person()}", f"证件号码：{ID}"),
        # And what stays.
        (f"依据计划{BORN_2018}实施", None),
        ("罚款14212345678元", None),
        ("罚款14212345678.50元", None),
        ("合计14212345678 万元", None),
        ("云市监罚〔2026〕14212345678号", None),
        ("第14212345678号", None),
        ("批次2026-14212345678", None),
        ("编号ABC14212345678", None),
        (f"注册号{registration_like_a_person()}", None),
        (f"代码{subject_like_a_person()}", None),
        (f"{BORN_1981[:-1]}{(int(BORN_1981[-1].replace('X', '0')) + 1) % 10}", None),  # wrong check character
        ("2026-10-11 12:30:00", None),
        ("食品经营许可证JY13302030012345", None),
    ],
)
def test_a_cell_of_free_text(text: str, made: str | None) -> None:
    assert masked(text).text == (text if made is None else made)


def test_what_is_masked_is_counted() -> None:
    found = masked(f"{BORN_1981}，{MOBILE}，{MOBILE}")
    assert (found.identities, found.mobiles) == (1, 2)


def test_the_numbers_of_every_canary_are_masked() -> None:
    for canary in CANARIES:
        found = masked(canary.sentence)
        assert (found.identities, found.mobiles) == (1, 1) and not personal_numbers(found.text)
        assert found.text.startswith(f"（联系{canary.name}，身份证号{ID}，手机{PHONE}")


def delivered(source: str, **cells: str) -> tuple[dict[str, str | None], Counted]:
    contract = source_contract(source)
    none = dict.fromkeys(contract.column_names)
    assert cells.keys() <= none.keys()
    schema = pa.schema([pa.field(name, pa.string()) for name in none])
    table = pa.Table.from_pylist([none | {"party_name": "甲"}, none | cells], schema=schema)
    counted = Counted()
    made = mask_table(table, contract, counted)
    assert made.schema == table.schema and made.num_rows == 2
    assert made.slice(0, 1).equals(table.slice(0, 1))
    return made.slice(1).to_pylist()[0], counted


def test_a_row_keeps_its_other_words_and_its_codes() -> None:
    row, counted = delivered(
        "penalty",
        uscc=subject_like_a_person(),
        decision_no=f"2026{MOBILE}",
        violation_facts=f"{BORN_1981}无照经营，电话{MOBILE}",
        remark=f"见{BORN_2018}",
    )
    assert row["violation_facts"] == f"{ID}无照经营，电话{PHONE}"
    assert row["uscc"] == subject_like_a_person() and row["decision_no"] == f"2026{MOBILE}"
    assert row["remark"] == f"见{BORN_2018}"
    assert (counted.identities, counted.mobiles) == (1, 1)


@pytest.mark.parametrize(
    ("column", "text", "made"),
    [
        ("uscc", BORN_1981, ID),  # a person in the place of a firm: the row goes to quarantine without the number
        ("uscc", BORN_2018, ID),
        ("uscc", MOBILE, PHONE),
        ("uscc", registration_like_a_person(), None),
        ("decision_no", BORN_1981, ID),
        ("decision_no", BORN_2018, None),
        ("decision_no", MOBILE, None),
        ("fine_wan", MOBILE, None),
        ("fine_wan", BORN_1981, ID),
        ("decision_date", MOBILE, PHONE),  # a shifted row
        ("decision_date", "2026-10-11", None),
        ("party_name", f"王某{BORN_1981}", f"王某{ID}"),
    ],
)
def test_each_kind_of_column(column: str, text: str, made: str | None) -> None:
    assert delivered("penalty", **{column: text})[0][column] == (made or text)


def test_a_code_with_a_pattern_stays_and_what_is_none_is_masked() -> None:
    patterned = [(c, column) for c in source_contracts() for column in c.columns if column.pattern]
    assert patterned
    for contract, column in patterned:
        assert delivered(contract.name, **{column.name: f"李某{MOBILE}"})[0][column.name] == f"李某{PHONE}"


def test_no_column_of_any_source_may_bring_a_number_of_a_person() -> None:
    kept = {("number", MOBILE), ("integer", MOBILE), ("string", MOBILE)}  # amounts; names of numbers and codes
    for contract in source_contracts():
        for column in contract.columns:
            for text in (BORN_1981, MOBILE):
                made = delivered(contract.name, **{column.name: text})[0][column.name]
                assert made in (ID, PHONE) or (column.logical_type, text) in kept, (contract.name, column.name)


def test_a_sheet_named_by_a_number_is_refused_without_saying_it() -> None:
    count = SheetCount(f"张{MOBILE}", 1, 1, 0, 0, 1, 2)
    with pytest.raises(Exception, match="以证件号或手机号命名") as told:
        refuse_named_after_persons([count], "批次/文件")
    assert MOBILE not in str(told.value)


def test_no_source_contract_reads_a_field_of_a_person() -> None:
    """The allow-list: what is not a column of the contract is never read, and none of these is one."""
    words = ("法定代表人", "负责人", "联系人", "联系电话", "手机", "身份证", "证件号码", "姓名", "出生", "家庭")
    for contract in source_contracts():
        for column in contract.columns:
            for header in column.headers:
                assert not any(word in header for word in words), (contract.name, header)
