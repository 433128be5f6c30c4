"""The annual plan: every month's share, and their sum, against the formulas of DRAW.md §4 written out."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from supervision.draw.ceremony import number
from supervision.policy import PolicyError, parse_policy
from supervision.policy.year import AnnualRow, annual_rows

ROOT = Path(__file__).resolve().parents[2]
POLICY = parse_policy(yaml.safe_load((ROOT / "data_contracts/policies/default-2026.yaml").read_text(encoding="utf-8")))
EARLIER = parse_policy(yaml.safe_load((ROOT / "data_contracts/policies/default-2022.yaml").read_text(encoding="utf-8")))
SALT = "5a" * 32
BASES = {
    ("GEN", "140802", "A"): 9_224,
    ("GEN", "140802", "B"): 2_356,
    ("GEN", "140802", "C"): 655,
    ("GEN", "140802", "D"): 365,
    ("GEN", "1408KF", "B"): 3,
    ("GEN", "1408KF", "C"): 7,
    ("GEN", "1408KF", "D"): 4,
    ("FOOD", "140802", "L4"): 11,
    ("EQUIP", "140802", "KEY"): 0,
}


def by_stratum(rows: list[AnnualRow]) -> dict[tuple[str, str, str], list[AnnualRow]]:
    found = defaultdict(list)
    for row in rows:
        found[row.task, row.county, row.stratum].append(row)
    return found


def test_the_months_make_up_the_year() -> None:
    rows = annual_rows(POLICY, 2026, BASES, SALT)
    assert rows == sorted(rows, key=lambda row: (row.task, row.county, row.stratum, row.month))
    plan = by_stratum(rows)
    assert plan.keys() == BASES.keys()
    for (task, _, _), months in plan.items():
        held = POLICY.task(task)
        assert [row.month for row in months] == [f"2026-{n:02d}" for n in range(held.first_month, held.last_month + 1)]
        assert sum(row.due_e4 for row in months) == months[0].annual_visits_e4
        assert max(row.due_e4 for row in months) - min(row.due_e4 for row in months) <= 10_000
    whole = {key: months[0].annual_visits_e4 for key, months in plan.items()}
    assert whole["GEN", "140802", "A"] == 9_224 * 100
    assert whole["GEN", "140802", "C"] == 66 * 10_000  # 65.5 up
    assert whole["GEN", "140802", "D"] == 183 * 10_000
    assert whole["GEN", "1408KF", "C"] == 3 * 10_000  # the minimum
    assert whole["GEN", "1408KF", "D"] == 4 * 10_000  # a census
    assert whole["FOOD", "140802", "L4"] == 11 * 10_000
    assert whole["EQUIP", "140802", "KEY"] == 0


def test_each_month_is_the_difference_of_the_formula() -> None:
    months = by_stratum(annual_rows(POLICY, 2026, BASES, SALT))["GEN", "140802", "C"]
    phase = number(f"{SALT}|GEN|140802|C", 9)
    want = [(66 * k + phase) // 9 - ((66 * (k - 1) + phase) // 9 if k > 1 else 0) for k in range(1, 10)]
    assert [row.due_e4 for row in months] == [10_000 * n for n in want]
    mean = by_stratum(annual_rows(POLICY, 2026, BASES, SALT))["GEN", "1408KF", "B"]
    assert [row.due_e4 for row in mean] == [100] * 9  # three firms at 3 %: 0.09 visits a year


def test_the_phase_moves_single_visits_only() -> None:
    first, other = annual_rows(POLICY, 2026, BASES, SALT), annual_rows(POLICY, 2026, BASES, "6b" * 32)
    assert first != other
    assert [replace(row, due_e4=0) for row in first] == [replace(row, due_e4=0) for row in other]


def test_a_policy_that_begins_in_may_makes_up_for_the_months_before() -> None:
    months = by_stratum(annual_rows(EARLIER, 2022, {("GEN", "140802", "D"): 365}, SALT))["GEN", "140802", "D"]
    assert [row.month for row in months] == [f"2022-{n:02d}" for n in range(5, 12)]
    assert months[0].due_e4 > 2 * months[1].due_e4
    assert sum(row.due_e4 for row in months) == 183 * 10_000


def test_another_year_is_refused() -> None:
    with pytest.raises(PolicyError, match="2025 年没有有效的月份"):
        annual_rows(POLICY, 2025, BASES, SALT)
