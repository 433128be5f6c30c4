"""Amounts as people write them: read exactly, or refused."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal

import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from resources.engines.amounts import AMOUNT_TEXT, amount_table, amount_texts
from resources.engines.contract_sql import split_sql
from resources.engines.duckdb_engine import DuckDBEngine
from supervision.amounts import amount_wan
from tests.unit.small_contracts import PERMIT, delivered, row

DAILY, FORMAL = "零一二三四五六七八九", "零壹贰叁肆伍陆柒捌玖"


def written(number: int, *, formal: bool) -> str:
    """The inverse: a whole number below 10^12 as a Chinese numeral."""
    digits, units = (FORMAL, ("", "拾", "佰", "仟")) if formal else (DAILY, ("", "十", "百", "千"))
    if number == 0:
        return digits[0]
    text, gap = "", False
    for power, large in ((8, "亿"), (4, "万"), (0, "")):
        section = number // 10**power % 10**4
        if section == 0:
            gap = bool(text)
            continue
        if text and (gap or section < 1000):
            text += digits[0]
        part, skipped = "", False
        for place in (3, 2, 1, 0):
            digit = section // 10**place % 10
            if digit == 0:
                skipped = bool(part)
                continue
            part += (digits[0] if skipped else "") + digits[digit] + units[place]
            skipped = False
        text, gap = text + part + large, False
    return text


@given(number=st.integers(0, 10**12 - 1), formal=st.booleans(), jiao=st.integers(0, 9), fen=st.integers(0, 9))
def test_what_is_written_is_read(number: int, formal: bool, jiao: int, fen: int) -> None:
    digits = FORMAL if formal else DAILY
    text = written(number, formal=formal) + "元"
    text += (f"{digits[jiao]}角" if jiao else "") + (("" if jiao else "零") + f"{digits[fen]}分" if fen else "")
    text += "" if fen else "整"
    assert amount_wan(text, "万元") == (Decimal(number) + Decimal(jiao) / 10 + Decimal(fen) / 100) / 10**4


@given(fen=st.integers(0, 10**14), default_unit=st.sampled_from(["元", "万元"]))
def test_digits_with_a_unit_do_not_depend_on_the_column(fen: int, default_unit: str) -> None:
    yuan = Decimal(fen) / 100
    expected = None if yuan >= 10**16 else yuan / 10**4
    assert amount_wan(f"{yuan}元", default_unit) == expected
    assert amount_wan(f"{yuan:,}元", default_unit) == expected
    assert amount_wan(f"人民币{yuan / 10**4}万元整", default_unit) == expected


@pytest.mark.parametrize(
    ("text", "wan"),
    [
        ("伍仟元整", "0.5"), ("壹万贰仟叁佰肆拾伍元陆角", "1.23456"), ("三万五千元", "3.5"), ("0.5万元", "0.5"),
        ("5000元", "0.5"), ("５０００元", "0.5"), (" 5 000 元 ", "0.5"), ("￥5,000.00元", "0.5"), ("5千元", "0.5"),
        ("3万5千元", "3.5"), ("3万5000元", "3.5"), ("1.5百万元", "150"), ("二亿零五十万元", "20050"), ("零元", "0"),
        ("拾万元整", "10"), ("两千零五十圆", "0.205"), ("一千万零五元", "1000.0005"), ("壹佰元零伍分", "0.010005"),
        ("5000元5角", "0.50005"), ("人民币伍仟元正", "0.5"),
    ],
)  # fmt: skip
def test_read(text: str, wan: str) -> None:
    assert amount_wan(text, "万元") == amount_wan(text, "元") == Decimal(wan)


@pytest.mark.parametrize(
    "text",
    [
        "约五千元", "五千余元", "五千元左右", "5000-8000元", "500元/户", "-5元", "负五元", "5000美元", "元", "千元", "一万五元",
        "一百五元", "一百十五元", "二千五十元", "一千零零五元", "零五元", "1,23元", "1.2.3元", "12.345元", "1.5万3千元",
        "3千5万元", "五千元五千元", "壹佰元拾角", "罚款5000元", "5000元以下", "1,5000元", "1,000,0000元", "", "无", "十五六元", "1000000000001万元",
    ],
)  # fmt: skip
def test_refused(text: str) -> None:
    assert amount_wan(text, "万元") is None
    assert amount_wan(text, "元") is None


def test_without_a_unit_the_column_decides_and_where_both_are_likely_nobody() -> None:
    assert [amount_wan("五", unit) for unit in ("万元", "元")] == [Decimal(5), Decimal("0.0005")]
    assert [amount_wan("5万", unit) for unit in ("万元", "元")] == [None, Decimal(5)]


CONTRACT = replace(
    PERMIT,
    columns=tuple(replace(c, unit="万元") if c.name == "fine_wan" else c for c in PERMIT.columns),
)


@pytest.fixture
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DuckDBEngine]:
    with DuckDBEngine(temp_directory=tmp_path_factory.mktemp("spill")) as opened:
        yield opened


@pytest.mark.parametrize("unit", ["万元", "元"])
def test_amounts_in_the_split(engine: DuckDBEngine, unit: str) -> None:
    columns = tuple(replace(c, unit=unit) if c.name == "fine_wan" else c for c in PERMIT.columns)
    contract = replace(PERMIT, columns=columns)
    cells = ["0.5", "　5000元 ", "伍仟元整", "/", None, "约五千元", "1,234.5"]
    table = delivered([row(n, fine_wan=cell) for n, cell in enumerate(cells)])
    texts = engine.select(str(amount_texts(contract)), {"delivered": table})
    assert texts.column("cell_text").to_pylist() == ["5000元", "伍仟元整", "约五千元"]
    inputs = {"delivered": table, "amount_text": amount_table(texts)}
    made = engine.select_chain(split_sql(contract).steps(), inputs)
    found = {e["row_no"] - 2: e["fine_wan"] for e in pq.read_table(made["accepted"]).to_pylist()}
    said = Decimal("0.5") if unit == "万元" else Decimal(5000)
    assert found == {0: Decimal("0.5"), 1: said, 2: said, 3: None, 4: None, 6: Decimal("1234.5")}
    quarantined = pq.read_table(made["quarantined"]).to_pylist()
    assert [(e["row_no"] - 2, e["rule_ids"]) for e in quarantined] == [(5, "fine_wan.type")]


def test_no_amounts_no_texts(engine: DuckDBEngine) -> None:
    assert amount_texts(PERMIT) is None
    none = engine.select(str(amount_texts(CONTRACT)), {"delivered": delivered([row(1, fine_wan="0.5")])})
    assert amount_table(none).equals(AMOUNT_TEXT.empty_table())
