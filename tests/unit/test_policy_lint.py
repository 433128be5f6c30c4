"""Mutants of the default policy: each breaks one rule, and the lint names the place and the clause."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest
import yaml

from supervision.policy import lint, parse_policy

ROOT = Path(__file__).resolve().parents[2]
DOCUMENT = yaml.safe_load((ROOT / "data_contracts/policies/default-2026.yaml").read_text(encoding="utf-8"))

SMALL = {"rate_e4": 300, "rounding": "at_most", "minimum": 2, "minimum_if_base": 66}


def findings(changes: dict[str, Any]) -> list[str]:
    document = copy.deepcopy(DOCUMENT)
    for path, value in changes.items():
        parent, *rest = document, *path.split("/")
        for key in rest[:-1]:
            parent = parent[key]
        parent[rest[-1]] = value
    return lint(parse_policy(document))


def level(task: str, stratum: str, **values: Any) -> dict[str, Any]:
    return {f"tasks/{task}/levels/{stratum}/{key}": value for key, value in values.items()}


MUTANTS: list[tuple[dict[str, Any], str, str]] = [
    # A ≤ B ≤ C ≤ D
    (level("GEN", "C", rate_e4=200), "tasks.GEN.levels.C.rate_e4", "R-10"),
    (level("METRO", "D", rate_e4=1900), "tasks.METRO.levels.D.rate_e4", "R-10"),
    (level("FOOD", "L2", rate_e4=1100), "tasks.FOOD.levels.L3.rate_e4", "R-10"),
    (level("EQUIP", "KEY", rate_e4=900), "tasks.EQUIP.levels.KEY.rate_e4", "R-10"),
    (level("GEN", "D", floor_e4=1000), "tasks.GEN.levels.D.floor_e4", "R-10"),
    (level("GEN", "D", gap_months=5), "tasks.GEN.levels.D.gap_months", "R-10"),
    (level("GEN", "D", yearly_cap=1), "tasks.GEN.levels.D.yearly_cap", "R-10"),
    (level("GEN", "C", onsite_rule="off_site", yearly_cap=0), "tasks.GEN.levels.C.onsite_rule", "R-10"),
    (level("GEN", "D", onsite_rule="off_site", yearly_cap=0), "tasks.GEN.levels.D.onsite_rule", "R-28"),
    ({"yearly_cap/C": 5}, "yearly_cap", "R-10"),
    # no untriggered on-site visit to grade A but by law
    (level("GEN", "A", onsite_rule="on_site", yearly_cap=1), "tasks.GEN.levels.A.onsite_rule", "R-24"),
    ({"tasks/FOOD/legal_basis": [{"kind": "general", "text": "通知"}]}, "tasks.FOOD.levels.L1.onsite_rule", "R-24"),
    (
        {"tasks/EQUIP/legal_basis": [{"kind": "general", "text": "通知"}]},
        "tasks.EQUIP.levels.NONKEY.onsite_rule",
        "R-24",
    ),
    (level("GEN", "A", yearly_cap=1), "tasks.GEN.levels.A.yearly_cap", "R-24"),
    # key fields
    (level("QUAL", "D", rate_e4=4900), "tasks.QUAL.levels.D.rate_e4", "R-09"),
    (level("QUAL", "U", rate_e4=200), "tasks.QUAL.levels.U.rate_e4", "R-09"),
    (level("CATER", "L1", rate_e4=50), "tasks.CATER.levels.L1.rate_e4", "R-09"),
    (level("CATER", "L4", rate_e4=4999), "tasks.CATER.levels.L4.rate_e4", "R-09"),
    (level("EQUIP", "NONKEY", rate_e4=200), "tasks.EQUIP.levels.NONKEY.rate_e4", "R-09"),
    (level("EQUIP", "KEY", rate_e4=1000) | level("GEN", "C", rate_e4=1001), "tasks.EQUIP.levels.KEY.rate_e4", "R-09"),
    ({"tasks/QUAL/observation": True}, "tasks.QUAL.observation", "R-34"),
    ({"observation/grades": ["A", "C"]}, "observation.grades", "R-34"),
    # DRAW §4
    ({"cut_order": ["A", "B", "U", "NONKEY", "L1", "C", "L2", "L3", "D", "L4"]}, "cut_order", "DRAW §2"),
    ({"cut_order": ["A", "U", "B", "NONKEY", "L1", "C", "L2", "L3", "KEY", "D", "L4", "X"]}, "cut_order", "DRAW §2"),
    (
        {"cut_order": ["A", "U", "B", "KEY", "NONKEY", "L1", "C", "L2", "L3", "D", "L4"]},
        "tasks.EQUIP.levels.NONKEY.rate_e4",
        "DRAW §4",
    ),
    (level("GEN", "U", rate_e4=301), "tasks.GEN.levels.B.rate_e4", "DRAW §4"),
    (level("GEN", "U", floor_e4=1), "tasks.GEN.levels.B.floor_e4", "DRAW §4"),
    (level("GEN", "B", minimum=1), "tasks.GEN.levels.B.rounding", "DRAW §4"),
    (level("GEN", "B", minimum_if_base=1), "tasks.GEN.levels.B.rounding", "DRAW §4"),
    (level("GEN", "B", census_up_to=1), "tasks.GEN.levels.B.rounding", "DRAW §4"),
    (level("GEN", "B", **SMALL), "tasks.GEN.levels.B.minimum", "DRAW §4"),
    # 2000·(31−1) = 5000·12 is the last that is allowed
    (
        level("EQUIP", "NONKEY", rounding="unbiased", rate_e4=2000, gap_months=32),
        "tasks.EQUIP.levels.NONKEY.gap_months",
        "DRAW §4",
    ),
    (level("GEN", "D", rounding="unbiased"), "tasks.GEN.levels.D.rounding", "DRAW §4"),
    (level("FOOD", "L4", rate_e4=30001, yearly_cap=4, gap_months=3), "tasks.FOOD.levels.L4.gap_months", "DRAW §4"),
    ({"valid_to": "2027-06-30"}, "valid_to", "DRAW §4"),
    ({"valid_from": "2026-06-30", "valid_to": "2026-06-29"}, "valid_to", "DRAW §4"),
    # DOMAIN §5.3: the matrix
    ({"combination/matrix/A/D": 2}, "combination.matrix.A.D", "DOMAIN §5.3"),
    ({"combination/matrix/D/A": 1}, "combination.matrix.D.A", "DOMAIN §5.3"),
    ({"combination/matrix/A/B": 4}, "combination.matrix.A.C", "DOMAIN §5.3"),
    # scope, caps, people
    ({"tasks/GEN/scope/types": ["enterprise", "individual"]}, "tasks.GEN.scope.types", "R-46"),
    (
        {"tasks/GEN/scope/types": ["individual"], "subject_types/individual": True},
        "tasks.GEN.scope.types",
        "R-46",
    ),
    ({"subject_types/enterprise": False}, "subject_types.enterprise", "R-01"),
    ({"tasks/FOOD/scope/fields": ["food_sales", "food_production"]}, "tasks.FOOD.scope.fields", "R-03"),
    ({"unconfigured/catering": "未定"}, "unconfigured.catering", "R-03"),
    ({"unconfigured": {"drug": "未定"}}, "unconfigured.food_production", "R-03"),
    ({"tasks/METRO/lane": "generic"}, "tasks", "R-45"),
    ({"tasks/GEN/lane": "field"}, "tasks", "R-45"),
    (level("FOOD", "L4", rate_e4=10001), "tasks.FOOD.levels.L4.yearly_cap", "DOMAIN §5.4"),
    (level("GEN", "D", yearly_cap=5), "tasks.GEN.levels.D.yearly_cap", "DOMAIN §5.4"),
    ({"tasks/CATER/team_size": 1}, "tasks.CATER.team_size", "DOMAIN §2.2"),
    ({"tasks/EQUIP/specialty": None}, "tasks.EQUIP.specialty", "DOMAIN §4.4"),
]


@pytest.mark.parametrize(("changes", "path", "clause"), MUTANTS, ids=[f"{i}:{m[1]}" for i, m in enumerate(MUTANTS)])
def test_mutant_is_named(changes: dict[str, Any], path: str, clause: str) -> None:
    found = [text for text in findings(changes) if text.startswith(f"抽查政策 {path}：") and clause in text]
    assert found, findings(changes)
    assert all(text.endswith("。") and text.count("。") == 1 for text in found)


@pytest.mark.parametrize(
    "changes",
    [
        level("GEN", "D", rounding="unbiased", census_up_to=0, gap_months=3),
        level("GEN", "B", **(SMALL | {"minimum_if_base": 67})),
        level("EQUIP", "NONKEY", rounding="unbiased", rate_e4=2000, gap_months=31),
        level("EQUIP", "NONKEY", gap_months=12) | level("EQUIP", "KEY", rate_e4=10000, gap_months=12),
        level("GEN", "D", yearly_cap=4),
        {"valid_from": "2026-06-30", "valid_to": "2026-06-30"},
        level("FOOD", "L4", rate_e4=30000, yearly_cap=3, gap_months=2),
        {"tasks/EQUIP/scope/types": ["enterprise", "individual"], "subject_types/individual": True},
        {"cut_order": ["A", "U", "B", "C", "D", "L1", "L2", "L3", "L4", "NONKEY", "KEY"]},
    ],
)
def test_what_is_just_allowed(changes: dict[str, Any]) -> None:
    assert findings(changes) == []
