"""Mutants of the default policy: each breaks one rule, and the lint names the place and the clause."""

from __future__ import annotations

import copy
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from resources.policy_files import known_names
from supervision.policy import Finding, Policy, lint, lint_validity, parse_policy
from supervision.policy.lint import NAME_RULES, RULES

ROOT = Path(__file__).resolve().parents[2]
DOCUMENT = yaml.safe_load((ROOT / "data_contracts/policies/default-2026.yaml").read_text(encoding="utf-8"))

SMALL = {"rate_e4": 300, "rounding": "at_most", "minimum": 2, "minimum_if_base": 66}


def policy_with(changes: dict[str, Any]) -> Policy:
    document = copy.deepcopy(DOCUMENT)
    for path, value in changes.items():
        parent, *rest = document, *path.split("/")
        for key in rest[:-1]:
            parent = parent[key]
        parent[rest[-1]] = value
    return parse_policy(document)


def findings(changes: dict[str, Any]) -> list[Finding]:
    return lint(policy_with(changes), known_names())


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
    # what the public plan shows
    ({"tasks/EQUIP/object_scope": "使用单位（重点与非重点分层）"}, "tasks.EQUIP.object_scope", "R-38"),
    ({"tasks/GEN/name": "D类企业检查"}, "tasks.GEN.name", "R-38"),
    # minimum, census and rounding: C may not reach more than D, of 6 firms the 50 % of D are 3
    (level("GEN", "C", minimum=4), "tasks.GEN.levels.C.minimum", "R-10"),
    (level("GEN", "D", census_up_to=3), "tasks.GEN.levels.C.minimum", "R-10"),
    (level("GEN", "C", census_up_to=6), "tasks.GEN.levels.C.census_up_to", "R-10"),
    (level("FOOD", "L1", minimum=100_000), "tasks.FOOD.levels.L1.minimum", "R-10"),
    (level("QUAL", "B", census_up_to=500), "tasks.QUAL.levels.B.census_up_to", "R-10"),
    (level("QUAL", "C", minimum=3, minimum_if_base=2), "tasks.QUAL.levels.C.minimum", "R-10"),
    (level("GEN", "D", rounding="at_most"), "tasks.GEN.levels.D.rounding", "R-10"),
    (
        level("CATER", "L3", rounding="half_up") | level("CATER", "L4", rounding="at_most"),
        "tasks.CATER.levels.L4.rounding",
        "R-10",
    ),
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
    ({"cut_order": ["FLAT", "A", "B", "U", "NONKEY", "L1", "C", "L2", "L3", "D", "L4"]}, "cut_order", "DRAW §2"),
    (
        {"cut_order": ["FLAT", "A", "U", "B", "NONKEY", "L1", "C", "L2", "L3", "KEY", "D", "L4", "X"]},
        "cut_order",
        "DRAW §2",
    ),
    (
        {"cut_order": ["FLAT", "A", "U", "B", "KEY", "NONKEY", "L1", "C", "L2", "L3", "D", "L4"]},
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
    (
        level("FPROD", "L1", gap_months=4)
        | level("FPROD", "L2", gap_months=4)
        | level("FPROD", "L3", gap_months=4)
        | level("FPROD", "L4", gap_months=4),
        "tasks.FPROD.levels.L4.gap_months",
        "DRAW §4",
    ),
    (level("GEN", "D", rounding="unbiased"), "tasks.GEN.levels.D.rounding", "DRAW §4"),
    (level("FOOD", "L4", rate_e4=30001, yearly_cap=4, gap_months=3), "tasks.FOOD.levels.L4.gap_months", "DRAW §4"),
    ({"valid_to": "2027-06-30"}, "valid_to", "DRAW §4"),
    ({"valid_from": "2026-06-30", "valid_to": "2026-06-29"}, "valid_to", "DRAW §4"),
    ({"valid_from": "2026-06-02"}, "valid_from", "DRAW §4"),
    ({"valid_to": "2026-06-29"}, "valid_to", "DRAW §4"),
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
    ({"unconfigured": {"drug": "未定"}}, "unconfigured.standard", "R-03"),
    ({"tasks/METRO/lane": "generic"}, "tasks", "R-45"),
    ({"tasks/GEN/lane": "field"}, "tasks", "R-45"),
    ({"tasks/GEN/scope/industries": ["52"]}, "tasks", "R-45"),
    ({"tasks/METRO/lane_owner": "XY"}, "tasks.METRO.lane_owner", "R-45"),
    ({"tasks/SELF/lane_owner": "JL"}, "tasks.SELF.lane_owner", "R-45"),
    ({"tasks/METRO/lane_owner": "JLK"}, "tasks.METRO.lane_owner", "R-45"),
    (level("FOOD", "L4", rate_e4=10001), "tasks.FOOD.levels.L4.yearly_cap", "DOMAIN §5.4"),
    (level("GEN", "D", yearly_cap=5), "tasks.GEN.levels.D.yearly_cap", "DOMAIN §5.4"),
    ({"tasks/CATER/team_size": 1}, "tasks.CATER.team_size", "DOMAIN §2.2"),
    ({"tasks/EQUIP/specialty": None}, "tasks.EQUIP.specialty", "DOMAIN §4.4"),
    ({"yearly_cap/C": 1, "yearly_cap/B": 1, "yearly_cap/A": 1}, "tasks.GEN.levels.C.yearly_cap", "DOMAIN §5.4"),
    (level("FPROD", "L4", yearly_cap=2), "tasks.FPROD.levels.L4.yearly_cap", "DOMAIN §5.4"),
    # the highest risk clearly more often
    (level("METRO", "D", rate_e4=2000), "tasks.METRO.levels.D.rate_e4", "R-28"),
    (level("METRO", "C", rate_e4=4001), "tasks.METRO.levels.D.rate_e4", "R-28"),
    (level("EQUIP", "KEY", rate_e4=1499), "tasks.EQUIP.levels.KEY.rate_e4", "R-28"),
    # key fields are named, and nobody is exempt in them
    (
        {"tasks/METRO/scope/fields": ["food_sales"], "unconfigured/metrology": "未定"},
        "tasks.METRO.key_field",
        "R-09",
    ),
    ({"tasks/QUAL/white_list": True}, "tasks.QUAL.white_list", "R-09"),
    (
        {"tasks/METRO/white_list": True, "tasks/METRO/legal_basis": [{"kind": "FLFG", "text": "计量法"}]},
        "tasks.METRO.white_list",
        "R-34",
    ),
    ({"tasks/PRICE/scope/licences": ["食品经营许可证"]}, "tasks.PRICE.observation", "R-09"),
    (
        {"tasks/CERT/scope/licences": ["药品", "医疗器械经营"], "tasks/CERT/observation": False},
        "tasks.CERT.white_list",
        "R-34",
    ),
    # roles, cause, reasons
    ({"approver_role": "XYK"}, "approver_role", "R-03"),
    ({"approver_role": "JZ"}, "approver_role", "R-03"),
    ({"roles/JJJC/duties": ["sign", "open", "void"], "roles/SJZX/duties": ["sign"]}, "roles", "DRAW §3"),
    ({"roles/JJJC/duties": ["sign", "beacon", "void"]}, "roles", "DRAW §3"),
    ({"roles/SJZX/name": "派驻纪检监察组"}, "roles.SJZX.name", "DRAW §3"),
    ({"roles/LDXZ/duties": ["approve", "void", "open"]}, "roles.LDXZ.duties", "DRAW §3"),
    ({"roles/JJJC/duties": ["approve", "sign", "beacon", "open", "void"]}, "roles.JJJC.duties", "DRAW §3"),
    ({"yearly_cap/U": 5}, "yearly_cap.U", "R-10"),
    ({"yearly_cap/U": 1}, "yearly_cap.U", "R-10"),
    ({"caused_by": "根据工作需要"}, "caused_by", "R-35b"),
    ({"reasons/white_list/state": "blocked"}, "reasons.white_list.state", "DRAW §1"),
    ({"reasons/closed": {"state": "exempt", "name": "停业"}}, "reasons.closed", "DRAW §2"),
    ({"reasons": {"white_list": {"state": "exempt", "name": "白名单内"}}}, "reasons", "DRAW §2"),
    # joint tasks
    ({"tasks/METRO/joint": {"initiating": "YJ", "cooperating": ["YJ"]}}, "tasks.METRO.joint.cooperating", "R-48"),
    ({"tasks/METRO/joint": {"initiating": "YC", "cooperating": ["YJ"]}}, "tasks.METRO.joint.initiating", "R-48"),
    ({"tasks/METRO/joint": {"initiating": "YJ", "cooperating": ["XX"]}}, "tasks.METRO.joint.cooperating[0]", "R-48"),
    ({"tasks/METRO/joint": {"initiating": "YCSJ", "cooperating": ["JL"]}}, "tasks.METRO.joint", "R-48"),
    # names
    ({"tasks/METRO/items": ["C04", "C99"]}, "tasks.METRO.items[1]", "国市监信〔2019〕38号"),
    ({"tasks/METRO/initiator": "JLK"}, "tasks.METRO.initiator", "DOMAIN §4.1"),
    ({"tasks/METRO/cooperating": ["XY", "DAX"]}, "tasks.METRO.cooperating[1]", "DOMAIN §4.1"),
    ({"counties": ["140802", "XY"]}, "counties[1]", "R-43"),
    ({"counties": DOCUMENT["counties"][:-1]}, "counties", "R-43"),
    ({"fields/toys": "玩具", "unconfigured/toys": "未定"}, "fields.toys", "R-14"),
    ({"exploratory_sources": ["platform_signal", "penalty"]}, "exploratory_sources[1]", "R-16"),
]


@pytest.mark.parametrize(("changes", "path", "clause"), MUTANTS, ids=[f"{i}:{m[1]}" for i, m in enumerate(MUTANTS)])
def test_mutant_is_named(changes: dict[str, Any], path: str, clause: str) -> None:
    found = findings(changes)
    assert [each for each in found if each.path == path and clause in each.clause], found
    for each in found:
        text = str(each)
        assert text.startswith(f"抽查政策 {each.path}：") and text.endswith("。") and text.count("。") == 1


@pytest.mark.parametrize("rule", range(len(RULES) + len(NAME_RULES)), ids=[f.__name__ for f in (*RULES, *NAME_RULES)])
def test_every_rule_alone_refuses_some_policy(rule: int) -> None:
    """Left out, a policy would pass that must not: for each rule there is one that no other refuses."""
    assert {rule} in _refusing()


@cache
def _refusing() -> list[set[int]]:
    """For each mutant, the rules that refuse it."""
    known, found = known_names(), []
    for changes, _, _ in MUTANTS:
        policy = policy_with(changes)
        told = [*(list(one(policy)) for one in RULES), *(list(one(policy, known)) for one in NAME_RULES)]
        found.append({number for number, each in enumerate(told) if each})
    return found


@pytest.mark.parametrize(
    "changes",
    [
        level("GEN", "D", rounding="unbiased", census_up_to=0, gap_months=3) | level("GEN", "C", minimum=0),
        level("GEN", "C", census_up_to=5),
        level("GEN", "C", minimum=2) | level("GEN", "D", census_up_to=2),
        level("FOOD", "L3", minimum=50) | level("FOOD", "L4", rounding="at_most"),
        level("CATER", "L4", rounding="at_most") | level("CATER", "L3", rounding="unbiased"),
        level("GEN", "B", **(SMALL | {"minimum_if_base": 67})),
        level("EQUIP", "NONKEY", rounding="unbiased", rate_e4=2000, gap_months=31)
        | level("EQUIP", "KEY", rate_e4=3000),
        level("METRO", "C", rate_e4=4000),
        level("FOOD", "L3", rate_e4=9999),
        level("EQUIP", "NONKEY", gap_months=12) | level("EQUIP", "KEY", rate_e4=10000, gap_months=12),
        level("GEN", "D", yearly_cap=4),
        {"valid_from": "2026-06-01", "valid_to": "2026-06-30"},
        level("FOOD", "L4", rate_e4=30000, yearly_cap=3, gap_months=2),
        {"tasks/EQUIP/scope/types": ["enterprise", "individual"], "subject_types/individual": True},
        {"tasks/SELF/scope/types": ["individual"], "subject_types/individual": True},
        {"tasks/METRO/joint": {"initiating": "YCSJ", "cooperating": ["YJ", "XF"]}},
        {"tasks/METRO/scope/counties": ["140802"]},
        {"tasks/PRICE/scope/licences": ["食品经营", "道路运输"]},
        {
            "tasks/PRICE/scope/licences": ["食品经营"],
            "tasks/PRICE/observation": False,
            "tasks/PRICE/white_list": False,
        },
        {"exploratory_sources": ["platform_signal"]},
        {"roles/JJJC/duties": ["approve", "sign", "void"], "roles/ZD": {"name": "某岗", "duties": ["open", "beacon"]}},
        {"yearly_cap/U": 4},
        {"counties": sorted(DOCUMENT["counties"], reverse=True)},
        {"caused_by": "2026-03 盐湖区零售业 C、D 类占比升高"},
        {"cut_order": ["FLAT", "A", "U", "B", "C", "D", "L1", "L2", "L3", "L4", "NONKEY", "KEY"]},
    ],
)
def test_what_is_just_allowed(changes: dict[str, Any]) -> None:
    assert findings(changes) == []


def years(*spans: tuple[str, str]) -> dict[str, Policy]:
    return {first: policy_with({"valid_from": first, "valid_to": last}) for first, last in spans}


def test_validity_over_several_policies() -> None:
    whole = ("2026-01-01", "2026-12-31")
    assert lint_validity(years(whole), {}) == []
    assert lint_validity(years(("2025-01-01", "2025-12-31"), whole), {}) == []
    ((name, overlap),) = lint_validity(years(whole, ("2026-12-01", "2026-12-31")), {})
    assert (name, overlap.path) == ("2026-12-01", "valid_from") and "重叠" in overlap.what
    ((name, gap),) = lint_validity(years(("2024-05-01", "2024-12-31"), whole), {})
    assert (name, gap.path) == ("2026-01-01", "valid_from") and "2025-01 至 2025-12 没有政策" in gap.what
    declared = {f"2025-{month:02d}": "未提供" for month in range(1, 13)}
    assert lint_validity(years(("2024-05-01", "2024-12-31"), whole), declared) == []
    ((_, part),) = lint_validity(years(("2024-05-01", "2024-12-31"), whole), declared | {"2026-01": "未提供"})
    assert "2026-01 已在 city.yaml 的 not_served 中" in part.what
    del declared["2025-06"]
    ((_, hole),) = lint_validity(years(("2024-05-01", "2024-12-31"), whole), declared)
    assert "2025-06 至 2025-06 没有政策" in hole.what
    inner = years(("2024-01-01", "2024-12-31"), ("2024-03-01", "2024-04-30"), ("2025-01-01", "2025-12-31"))
    assert [name for name, _ in lint_validity(inner, {})] == ["2024-03-01"]
