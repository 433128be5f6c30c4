"""What a policy comes to, and the comparison of two, against figures worked out by hand."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import pytest
import yaml

from supervision.policy import PolicyError, parse_policy
from supervision.policy.effect import Change, Member, Total, compare, effects, for_year_of

ROOT = Path(__file__).resolve().parents[2]
POLICY = parse_policy(yaml.safe_load((ROOT / "data_contracts/policies/default-2026.yaml").read_text(encoding="utf-8")))
SALT = "5a" * 32
SUBJECTS: dict[Member, int] = {
    ("GEN", "140802", "A", "A"): 9_000,
    ("GEN", "140802", "D", "D"): 365,
    ("GEN", "1408KF", "D", "D"): 90,
    ("CATER", "140802", "L2", "A"): 300,
    ("CATER", "140802", "L2", "B"): 900,
}


def with_rate(task: str, stratum: str, rate_e4: int) -> object:
    changed = POLICY.task(task)
    levels = dict(changed.levels) | {stratum: replace(changed.levels[stratum], rate_e4=rate_e4)}
    return replace(POLICY, tasks=dict(POLICY.tasks) | {task: replace(changed, levels=levels)})


def test_visits_and_checks() -> None:
    found = {(e.task, e.county, e.credit_grade): e for e in effects(POLICY, "2026-10", SUBJECTS, SALT)}
    assert len(found) == len(SUBJECTS)
    generic = found["GEN", "140802", "D"]
    assert (generic.year_e4, generic.checks_e4) == (183 * 10_000, 0)
    assert generic.month_e4 in (20 * 10_000, 21 * 10_000)
    low = found["GEN", "140802", "A"]
    assert (low.month_e4, low.year_e4, low.checks_e4) == (0, 0, 9_000 * 100)  # off-site: no visit
    first, second = found["CATER", "140802", "A"], found["CATER", "140802", "B"]
    assert first.year_e4 == Fraction(1_200 * 500, 4) and second.year_e4 == 3 * first.year_e4
    assert first.month_e4 * 12 == first.year_e4


def test_a_change_stands_where_it_was_made() -> None:
    new = with_rate("CATER", "L2", 800)
    before, after = (effects(policy, "2026-10", SUBJECTS, SALT) for policy in (POLICY, new))  # type: ignore[arg-type]
    changes = {change.name: change for change in compare(before, after, "credit_grade")}
    assert {name for name, change in changes.items() if change.old != change.new} == {"A", "B"}
    assert changes["B"].new.year_e4 - changes["B"].old.year_e4 == 900 * 300
    by_task = {change.name: change.new.year_e4 - change.old.year_e4 for change in compare(before, after, "task")}
    assert by_task == {"CATER": 1_200 * 300, "GEN": 0}
    by_county = {change.name: change.new.year_e4 - change.old.year_e4 for change in compare(before, after, "county")}
    assert by_county == {"140802": 1_200 * 300, "1408KF": 0}


def test_a_task_that_only_one_policy_has_counts_from_nothing() -> None:
    fewer = {member: number for member, number in SUBJECTS.items() if member[0] == "GEN"}
    changes = compare(effects(POLICY, "2026-10", fewer, SALT), effects(POLICY, "2026-10", SUBJECTS, SALT), "task")
    assert changes[0] == Change("CATER", Total(), changes[0].new)
    assert changes[0].new.year_e4 == 1_200 * 500


def test_a_draft_of_another_year_can_be_tried() -> None:
    with pytest.raises(PolicyError, match="2025 年没有有效的月份"):
        effects(POLICY, "2025-10", SUBJECTS, SALT)
    assert len(effects(for_year_of(POLICY, "2025-10"), "2025-10", SUBJECTS, SALT)) == len(SUBJECTS)
    winter = effects(POLICY, "2026-12", SUBJECTS, SALT)  # outside the window of GEN
    assert {effect.task for effect in winter if effect.month_e4} == {"CATER"}
    assert sum(effect.year_e4 for effect in winter if effect.task == "GEN") == (183 + 45) * 10_000
