"""The periods of the law: the same records on three days under three states of the law, worked out by hand.

Not here: the other joins of effective_record (test_sql_rules).
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from resources.engines.duckdb_engine import DuckDBEngine, sql_text
from resources.periods import period_rules, periods
from resources.settings import CHECKOUT
from supervision.periods import STOPS, PeriodError, Record, add_months, parse_periods
from tests.unit.test_sql_rules import accepted

OCT_2022, DEC_2025, OCT_2026 = date(2022, 10, 31), date(2025, 12, 31), date(2026, 10, 31)
FAR = date(2099, 12, 31)


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[DuckDBEngine]:
    with DuckDBEngine(temp_directory=tmp_path) as opened:
        yield opened


def effective(engine: DuckDBEngine, as_of: date, **tables: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    names = ("penalty", "abnormal_listing", "serious_violation", "repair")
    inputs = {f"accepted_{name}": accepted(name, *tables.get(name, ())) for name in names}
    inputs["period_rule"] = period_rules(as_of)
    rows = engine.select(sql_text("risk/effective_record"), inputs, {"as_of": as_of}).to_pylist()
    return {row["record_no"]: row for row in rows}


def penalty(number: str, kinds: str, day: date, **more: Any) -> dict[str, Any]:
    base = {"uscc": "F", "decision_no": number, "penalty_type": kinds, "decision_date": day, "publish_until": FAR}
    return base | {"violation_type": "无照经营", "legal_basis": "条例第五条"} | more


PENALTIES = [
    penalty("警告", "警告", date(2022, 9, 1)),
    penalty("通报", "通报批评", date(2022, 9, 30)),
    penalty("小额", "罚款", date(2022, 7, 31), fine_wan=Decimal("0.3")),
    penalty("大额", "罚款", date(2022, 10, 8), fine_wan=Decimal("0.300001")),
    penalty("警告加罚", "警告;罚款", date(2022, 5, 10), fine_wan=Decimal("5"), published_on=date(2022, 6, 1)),
    penalty("食品", "罚款", date(2022, 8, 1), fine_wan=Decimal("5"), legal_basis="食品安全法第一百二十四条"),
    penalty("吊销", "没收违法所得;吊销许可证件", date(2024, 2, 29)),
    penalty("二五年", "没收违法所得", date(2025, 9, 30)),
    penalty("撤销", "罚款", date(2025, 11, 20), fine_wan=Decimal("5"), status="撤销", withdrawn_on=date(2026, 1, 5)),
    penalty("修复", "责令关闭", date(2025, 1, 1)),
    penalty("早停", "暂扣许可证件", date(2022, 3, 1), publish_until=date(2022, 10, 31)),
    penalty("未公示", "责令停产停业", date(2022, 10, 20), published_on=date(2022, 11, 1)),
]
REPAIRS = [
    {"uscc": "F", "record_kind": "penalty", "record_no": "修复", "outcome": "granted", "decided_on": date(2026, 7, 1)}
]
LISTINGS = [
    {"uscc": "F", "listed_on": date(2022, 1, 31), "listing_doc_no": "异常", "listing_reason": "未年报"},
    {"uscc": "F", "listed_on": date(2022, 3, 1), "listing_doc_no": "移出", "removed_on": date(2023, 3, 1)},
]
SERIOUS = [
    {"uscc": "F", "listed_on": date(2021, 12, 31), "listing_doc_no": "严重一"},
    {"uscc": "F", "listed_on": date(2024, 8, 31), "listing_doc_no": "严重二"},
]
TABLES = {"penalty": PENALTIES, "repair": REPAIRS, "abnormal_listing": LISTINGS, "serious_violation": SERIOUS}

# Worked out by hand from the texts: last day of publication, first day on which repair may be asked for.
BY_HAND = {
    OCT_2022: {
        "通报": (date(2022, 12, 30), None),
        "小额": (date(2022, 10, 31), None),
        "大额": (date(2025, 10, 8), date(2023, 4, 8)),
        "警告加罚": (date(2025, 6, 1), date(2022, 12, 1)),
        "食品": (date(2025, 8, 1), date(2023, 8, 1)),
        "早停": (date(2022, 10, 31), date(2022, 9, 1)),
        "异常": (None, date(2022, 1, 31)),
        "移出": (None, date(2022, 3, 1)),
        "严重一": (date(2024, 12, 31), date(2022, 12, 31)),
    },
    DEC_2025: {
        "吊销": (date(2027, 2, 28), None),
        "二五年": (date(2028, 9, 30), date(2026, 3, 30)),
        "撤销": (date(2028, 11, 20), date(2026, 5, 20)),
        "修复": (date(2028, 1, 1), None),
        "异常": (None, date(2022, 1, 31)),
        "严重二": (date(2027, 8, 31), date(2025, 8, 31)),
    },
    OCT_2026: {
        "吊销": (date(2027, 2, 28), date(2025, 2, 28)),
        "异常": (None, date(2022, 1, 31)),
        "严重二": (date(2027, 8, 31), date(2025, 8, 31)),
    },
}


@pytest.mark.parametrize("as_of", BY_HAND)
def test_the_same_records_by_the_rules_of_the_day(engine: DuckDBEngine, as_of: date) -> None:
    # 未公示: its publication began on 2022-11-01 and ended on 2025-11-01, so it counts on none of the three days.
    found = effective(engine, as_of, **TABLES)
    assert {name: (row["effective_until"], row["repair_from"]) for name, row in found.items()} == BY_HAND[as_of]


def test_the_rule_that_decided_is_named(engine: DuckDBEngine) -> None:
    old = effective(engine, OCT_2022, penalty=PENALTIES)
    assert (old["小额"]["rule_id"], old["食品"]["rule_id"]) == (
        "penalty_publication_light_2021",
        "penalty_publication_other_2021",
    )
    assert effective(engine, OCT_2026, penalty=PENALTIES)["吊销"]["rule_id"] == "penalty_publication_grave_2026"


def test_the_law_changes_between_two_days(engine: DuckDBEngine) -> None:
    fine = [penalty("P", "罚款", date(2024, 9, 1), fine_wan=Decimal("5"))]
    assert effective(engine, date(2026, 3, 31), penalty=fine)["P"]["effective_until"] == date(2027, 9, 1)
    assert effective(engine, date(2026, 4, 1), penalty=fine) == {}, "一般失信信息最长公示一年"


def test_after_a_repair_the_record_is_no_longer_shared_nor_used_since_2026() -> None:
    stops = {
        day: next(r.stops for r in periods().in_force(day) if r.about == "after_repair")
        for day in (date(2026, 3, 31), date(2026, 4, 1))
    }
    assert stops == {date(2026, 3, 31): ("publication",), date(2026, 4, 1): STOPS}


KINDS = (
    "警告",
    "通报批评",
    "罚款",
    "没收违法所得",
    "暂扣许可证件",
    "吊销许可证件",
    "降低资质等级",
    "责令停产停业",
    "其他",
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    as_of=st.dates(date(2021, 9, 1), date(2027, 12, 31)),
    drawn=st.lists(
        st.tuples(
            st.lists(st.sampled_from(KINDS), min_size=1, max_size=3, unique=True),
            st.none() | st.decimals(0, 2, places=1),
            st.sampled_from(("无照经营", "经营过期食品", "特种设备未检验")),
            st.dates(date(2018, 1, 1), date(2027, 12, 31)),
            st.none() | st.dates(date(2021, 1, 1), date(2030, 12, 31)),
        ),
        min_size=1,
        max_size=40,
    ),
)
def test_the_sql_and_the_rules_agree(engine: DuckDBEngine, as_of: date, drawn: list[Any]) -> None:
    rows, expected = [], {}
    for number, (kinds, fine, violation, day, until) in enumerate(drawn):
        rows.append(
            penalty(str(number), ";".join(kinds), day, fine_wan=fine, violation_type=violation, publish_until=until)
        )
        record = Record("penalty", day, ";".join(kinds), fine, violation, until)
        last = periods().effective_until(record, as_of)
        if day <= as_of and periods().is_published(record, as_of) and (last is None or last >= as_of):
            expected[str(number)] = (last, periods().repair_from(record, as_of))
    found = effective(engine, as_of, penalty=rows)
    assert {name: (row["effective_until"], row["repair_from"]) for name, row in found.items()} == expected


@pytest.mark.parametrize(
    ("day", "months", "end"),
    [
        (date(2022, 11, 30), 3, date(2023, 2, 28)),
        (date(2023, 11, 30), 3, date(2024, 2, 29)),
        (date(2024, 2, 29), 36, date(2027, 2, 28)),
        (date(2022, 12, 31), 0, date(2022, 12, 31)),
        (date(2022, 9, 30), 3, date(2022, 12, 30)),
    ],
)
def test_months_end_on_the_same_day_or_the_last_one(day: date, months: int, end: date) -> None:
    assert add_months(day, months) == end


def test_before_the_first_rule_nothing_is_guessed() -> None:
    with pytest.raises(PeriodError, match="没有 2021-08-31 有效的公示期限"):
        periods().in_force(date(2021, 8, 31))


def test_every_rule_cites_a_numbered_document_and_no_page_of_others() -> None:
    text = (CHECKOUT / "data_contracts" / "periods.yaml").read_text("utf-8")
    assert "http" not in text and "www" not in text
    for rule in periods().rules:
        assert any(mark in rule.document.number for mark in ("号",)) and rule.document.issuer and rule.article


def _raw() -> dict[str, Any]:
    text = (CHECKOUT / "data_contracts" / "periods.yaml").read_bytes()
    raw: dict[str, Any] = yaml.safe_load(text)
    return raw


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"id": "penalty_publication_warning"}, "写了两次"),
        ({"valid_from": date(2026, 1, 1)}, "分不出以哪条为准"),
        ({"rank": None}, "须写明序号"),
        ({"mark": "X"}, "V、M、D"),
        ({"document": "elsewhere"}, "document"),
        ({"figure": 3.5}, "整数"),
        ({"unit": "weeks"}, "unit"),
        ({"valid_to": date(2020, 1, 1)}, "早于 valid_from"),
        ({"valid_from": "2026-04-01"}, "应是日期"),
        ({"colour": 1}, "colour"),
        ({"when": [{"kinds": ["罚款"], "fine_over_wan": 0.3}]}, "加引号"),
        ({"stops": ["use"]}, "stops"),
        ({"article": ""}, "条款"),
    ],
)
def test_a_wrong_rule_is_refused(change: dict[str, Any], words: str) -> None:
    raw = _raw()
    rule = next(r for r in raw["rules"] if r["id"] == "penalty_publication_light_2026")
    rule |= change
    with pytest.raises(PeriodError, match=words):
        parse_periods(raw)
