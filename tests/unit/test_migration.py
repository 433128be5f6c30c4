"""Migration's rules at their edges: reconciling, 3σ, clusters, the differentiation index, the thresholds' file."""

from __future__ import annotations

import copy
from datetime import date
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise
from math import comb
from typing import Any

import pytest
import yaml

from data_contracts.model import ROOT
from supervision.alarm_rules import AlarmRuleError, ClusterRule, TrendRule, parse_alarm_rules, rules_on, six_places
from supervision.clusters import judge_clusters, upper_tail
from supervision.migration import differentiation, reconcile, trend, year_back

MONTH = "2026-10"
TREND = TrendRule(3, 12, 6, Decimal("0.001"))
CLUSTER = ClusterRule(30, 5, Decimal("1.5"), Decimal("0.05"))


# —— reconciling ——
CELLS = [
    {"rollup": level, "rollup_key": "x", "from_grade": origin, "to_grade": target, "n": n}
    for level in ("city", "unit", "industry")
    for origin, target, n in (("A", "A", 8), ("A", "C", 1), ("B", "left", 2), ("entered", "A", 3), ("U", "U", 5))
]


def test_a_matrix_that_adds_up() -> None:
    assert reconcile(CELLS, 11, 12) == []
    assert reconcile([], 11, 12) == []  # no snapshot of the month before


@pytest.mark.parametrize(
    ("before", "after", "told"), [(12, 12, "行合计 11 户，上月快照 12 户"), (11, 11, "列合计 12 户，本月快照 11 户")]
)
def test_a_total_that_differs_is_told(before: int, after: int, told: str) -> None:
    [sentence] = reconcile(CELLS, before, after)
    assert told in sentence


@pytest.mark.parametrize(("level", "title"), [("unit", "检查主体"), ("industry", "行业门类")])
def test_parts_that_differ_from_the_city_are_told(level: str, title: str) -> None:
    cells = [dict(cell) for cell in CELLS]
    next(cell for cell in cells if cell["rollup"] == level)["n"] -= 1
    [sentence] = reconcile(cells, 11, 12)
    assert f"按{title}合计与全市不符" in sentence


# —— 3σ ——
def history(shares_of_d: list[int], last: str = MONTH) -> list[dict[str, Any]]:
    """D of 1,000 firms, month by month up to `last`; the others are A."""
    months = [*year_back(f"{int(last[:4]) - 1}{last[4:]}"), *year_back(last)][-len(shares_of_d) :]
    return [
        {"snapshot_month": month, "credit_grade": grade, "n": n}
        for month, d in zip(months, shares_of_d, strict=True)
        for grade, n in (("A", 1000 - d), ("D", d))
    ]


def of_d(counts: list[dict[str, Any]]) -> dict[str, Any]:
    [row] = [r for r in trend(counts, MONTH, TREND) if (r["snapshot_month"], r["credit_grade"]) == (MONTH, "D")]
    return row


def test_a_change_beyond_three_sigma_is_an_alarm() -> None:
    # Seven earlier changes, +2 −2 +2 −2 +2 −2 +2 of 1,000: mean 2/7, σ² = (7·4 − 4/7)/6 = 32/7, 3σ = 6.414 of 1,000.
    before = [30, 32, 30, 32, 30, 32, 30, 32]
    calm, wild = of_d(history([*before, 38])), of_d(history([*before, 39]))
    assert (calm["shift_state"], wild["shift_state"]) == ("normal", "alarm")
    assert (wild["changes"], wild["delta"], wild["sigma"]) == (7, Decimal("0.007"), Decimal("0.002138"))
    assert of_d(history([*before, 25]))["shift_state"] == "alarm"  # downwards as well


def test_too_few_changes_are_not_judged() -> None:
    few, enough = of_d(history([30, 31, 30, 31, 30, 31, 90])), of_d(history([30, 31, 30, 31, 30, 31, 30, 90]))
    assert (few["changes"], few["shift_state"], few["sigma"]) == (5, "not_judged", None)
    assert (enough["changes"], enough["shift_state"]) == (6, "alarm")


def test_long_rest_is_no_reason_to_alarm_at_a_twitch() -> None:
    assert of_d(history([30] * 10 + [33]))["shift_state"] == "normal"  # σ is 0, taken as 0.1 %: 0.3 % is not beyond
    assert of_d(history([30] * 10 + [34]))["shift_state"] == "alarm"


def test_only_the_twelve_months_before_count_and_a_gap_gives_no_change() -> None:
    wild = [30, 300, 30, 300, 30, 300, 30, 300]
    row = of_d(history([*wild, *[30] * 13, 40]))
    assert (row["changes"], row["shift_state"]) == (12, "alarm")
    gap = [r for r in history([30] * 10) if r["snapshot_month"] != "2026-09"]
    assert (of_d(gap)["delta"], of_d(gap)["shift_state"]) == (None, "not_judged")
    months = {r["snapshot_month"] for r in trend(history([30] * 20), MONTH, TREND)}
    assert len(months) == 13


# —— clusters ——
def cell(county: str, n: int, hits: int, division: str = "52", measure: str = "cd_share") -> dict[str, Any]:
    return {
        "cluster_measure": measure, "unit_code": county, "industry_division": division, "unit_name": county,
        "industry_name": division, "n": n, "n_hit": hits,
    }  # fmt: skip


def test_the_tail_is_exact() -> None:
    share = Fraction(3, 40)
    whole = sum(comb(200, k) * share**k * (1 - share) ** (200 - k) for k in range(27, 201))
    assert abs(Fraction(upper_tail(200, 27, share)) - whole) < Fraction(1, 10**30)
    assert upper_tail(5, 5, Fraction(1)) == 1


def test_a_cluster_needs_hits_ratio_and_chance() -> None:
    cells = [cell("a", 200, 40), cell("b", 100, 14), cell("c", 30, 5), cell("d", 29, 29, "51"), cell("e", 5000, 400)]
    cells += [cell("f", 40, 40, "NONE")]
    found = {row["unit_code"]: row for row in judge_clusters(cells, CLUSTER)}
    # City: 528 of 5,399 = 9.78 %; four cells compared, 0.05 ÷ 4 = 0.0125.
    assert {name: row["cluster_state"] for name, row in found.items()} == {
        "a": "alarm",  # 20 %, twice the city
        "b": "normal",  # 14 %: 1.43 times
        "c": "normal",  # 16.7 %, five of thirty: by chance once in six
        "d": "small_cell",  # all 29 of 29: too few firms to judge
        "e": "normal",
        "f": "no_industry",
    }
    assert {row["cells_tested"] for row in found.values()} == {4}
    assert {row["baseline"] for row in found.values()} == {Decimal("0.097796")}
    assert found["d"]["share"] is None and found["d"]["p_value"] is None
    assert found["e"]["p_value"] is None
    assert found["c"]["p_value"] > Decimal("0.0125") > found["a"]["p_value"] >= Decimal("0.000001")


def test_few_hits_and_a_small_excess_are_no_alarm_however_unlikely() -> None:
    four, five = ([cell("a", 30, hits), cell("rest", 20_000, 20)] for hits in (4, 5))
    assert [judge_clusters(cells, CLUSTER)[0]["cluster_state"] for cells in (four, five)] == ["normal", "alarm"]
    [wide, _] = judge_clusters([cell("a", 2000, 280), cell("rest", 8000, 800)], CLUSTER)
    assert (wide["p_value"] < Decimal("0.00001"), wide["cluster_state"]) == (True, "normal")  # 1.3 times the city


def test_more_comparisons_make_the_bound_tighter() -> None:
    lone = [cell("a", 100, 14), cell("rest", 3000, 200)]
    [alone, _] = judge_clusters(lone, CLUSTER)
    crowd = [cell(f"q{number}", 300, 20) for number in range(20)]
    [among, *_] = judge_clusters([cell("a", 100, 14), *crowd], CLUSTER)
    assert (alone["cluster_state"], among["cluster_state"]) == ("alarm", "normal")
    assert among["p_value"] * 2 < CLUSTER.family_error < among["p_value"] * 21


def test_measures_are_compared_apart_and_a_city_without_hits_has_no_ratio() -> None:
    rows = judge_clusters([cell("a", 50, 0, measure="penalty_rate"), cell("a", 50, 20), cell("b", 950, 20)], CLUSTER)
    assert [row["baseline"] for row in rows] == [0, Decimal("0.04"), Decimal("0.04")]
    assert (rows[0]["cluster_ratio"], rows[0]["cluster_state"], rows[0]["cells_tested"]) == (None, "normal", 1)
    assert rows[1]["cluster_state"] == "alarm"


# —— differentiation ——
def drawn(month: str, known: bool = True, **counts: int) -> dict[str, Any]:
    names = [f"{kind}_{grade}" for kind in ("n", "drawn") for grade in "abcd"]
    return {"rollup": "unit", "rollup_key": "140802", "key_name": "盐湖区", "counted_period": month, "has_snapshot": known} | {
        name: counts.get(name, 0) if known else None for name in names
    }  # fmt: skip


def indices(*rows: dict[str, Any]) -> dict[str, tuple[Any, str]]:
    return {
        row["counted_period"]: (row["differentiation_index"], row["comparability"])
        for row in differentiation(rows, MONTH)
    }


def test_the_index_is_the_rate_of_d_over_the_rate_of_a() -> None:
    found = indices(drawn(MONTH, n_a=9224, drawn_a=10, n_d=365, drawn_d=20))
    assert found[MONTH] == (six_places(Fraction(20, 365) / Fraction(10, 9224)), "comparable")
    assert indices(drawn(MONTH, n_a=100, drawn_a=1, n_d=10))[MONTH] == (0, "comparable")


@pytest.mark.parametrize(
    "counts",
    [
        {"n_a": 100, "drawn_a": 0, "n_d": 10, "drawn_d": 5},
        {"n_a": 0, "drawn_a": 0, "n_d": 10, "drawn_d": 5},
        {"n_a": 100, "drawn_a": 3, "n_d": 0, "drawn_d": 0},
    ],
)
def test_what_cannot_be_divided_is_not_comparable_and_never_infinite(counts: dict[str, int]) -> None:
    assert set(indices(drawn(MONTH, **counts)).values()) == {(None, "not_comparable")}


def test_the_year_to_date_sums_the_months_with_a_snapshot() -> None:
    rows = [
        drawn("2025-12", n_a=100, drawn_a=100, n_d=10, drawn_d=1),  # another year
        drawn("2026-08", known=False),
        drawn("2026-09", n_a=100, drawn_a=0, n_d=10, drawn_d=4),
        drawn(MONTH, n_a=100, drawn_a=1, n_d=30, drawn_d=4),
    ]
    found = {row["counted_period"]: row for row in differentiation(rows, MONTH)}
    year = found["2026"]
    assert (year["months_counted"], year["months_left_out"], year["n_d"], year["drawn_d"]) == (2, 1, 40, 8)
    assert year["differentiation_index"] == 40  # (8/40) ÷ (1/200)
    assert found["2026-08"]["comparability"] == "no_snapshot"
    assert found["2026-08"]["n_a"] is None
    assert found["2026-09"]["comparability"] == "not_comparable"


# —— thresholds ——
def document() -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load((ROOT / "alarms.yaml").read_text("utf-8"))
    return loaded


def test_the_thresholds_in_force_on_a_day() -> None:
    text = document()
    later = copy.deepcopy(text["versions"][0]) | {"valid_from": date(2026, 7, 1), "caused_by": "2026-06 盐湖区零售业"}
    later["cluster"]["smallest_cell"] = 50
    text["versions"].append(later)
    versions = parse_alarm_rules(text)
    assert [rules_on(versions, date(2026, *day)).cluster.smallest_cell for day in ((6, 30), (7, 1))] == [30, 50]
    with pytest.raises(AlarmRuleError, match="没有 2021-12-31 有效的界限"):
        rules_on(versions, date(2021, 12, 31))


@pytest.mark.parametrize(
    ("place", "value", "told"),
    [
        (("spec",), "x", "spec"),
        (("versions",), [], "至少一版"),
        (("versions", 0, "caused_by"), " ", "R-35b"),
        (("versions", 0, "valid_from"), "2022", "日期 valid_from"),
        (("versions", 0, "extra"), 1, "键应为"),
        (("versions", 0, "trend", "sigmas"), 0, "sigmas"),
        (("versions", 0, "trend", "months"), True, "months"),
        (("versions", 0, "trend", "fewest_changes"), 13, "不得多于"),
        (("versions", 0, "trend", "least_sigma"), 0.001, "加引号"),
        (("versions", 0, "cluster", "family_error"), "1", "小于 1"),
        (("versions", 0, "cluster", "least_ratio"), "x", "least_ratio"),
    ],
)
def test_a_wrong_threshold_is_told_in_one_sentence(place: tuple[Any, ...], value: Any, told: str) -> None:
    text = document()
    target: Any = text
    for step in place[:-1]:
        target = target[step]
    target[place[-1]] = value
    with pytest.raises(AlarmRuleError, match=told):
        parse_alarm_rules(text)


def test_versions_stand_in_order() -> None:
    text = document()
    text["versions"].append(text["versions"][0])
    with pytest.raises(AlarmRuleError, match="由早到晚"):
        parse_alarm_rules(text)


def test_a_year_back() -> None:
    months = year_back("2026-03")
    assert (months[0], months[-1], len(months)) == ("2025-04", "2026-03", 12)
    assert all(a < b for a, b in pairwise(months))
