"""The default policy: read strictly, and what a round takes from it."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from supervision.canonical import json_bytes
from supervision.draw.ceremony import check_beacon, commitment, phase_salt
from supervision.draw.round_policy import parse_policy_json
from supervision.policy import (
    CreditGrade,
    FieldGrade,
    PolicyError,
    batch_of,
    batches_before,
    cap_rows,
    combined_level,
    county_capacity,
    demonstration_beacon,
    demonstration_beacon_rule,
    demonstration_phase_beacon,
    demonstration_secret,
    level_rows,
    lint,
    matrix_rows,
    observed_rows,
    on_site_rows,
    parse_policy,
    reason_rows,
    round_id,
    round_policy,
    scope_county_rows,
    scope_field_rows,
    scope_industry_rows,
    scope_licence_rows,
    scope_type_rows,
    task_rows,
    tasks_in_month,
)

ROOT = Path(__file__).resolve().parents[2]
DOCUMENT = yaml.safe_load((ROOT / "data_contracts/policies/default-2026.yaml").read_text(encoding="utf-8"))
POLICY = parse_policy(DOCUMENT)
CAPACITY = dict.fromkeys(POLICY.counties, 10)
SALT = "0" * 64
# Lists of which an entry may be taken away and leave a policy that can be used.
MONTHLY = {"CATER", "EQUIP", "FOOD", "FPROD", "MEDEV"}
SEASONAL = {"ADS", "AUCT", "CERT", "COMP", "CONS", "GEN", "INFR", "METRO", "NET", "PRICE", "QUAL", "TEST"}
OPEN_MAPPINGS = {"reasons", "roles", "tasks"}


def made(month: str = "2026-10", **changes: Any) -> dict[str, Any]:
    given: dict[str, Any] = {
        "capacity": CAPACITY,
        "phase_salt": SALT,
        "beacon": demonstration_beacon_rule(month),
        "batch_prev": {},
    }
    return round_policy(POLICY, month, **(given | changes))


def walk(node: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[tuple[str | int, ...], Any]]:
    yield path, node
    pairs = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    for key, value in pairs:
        yield from walk(value, (*path, key))


def changed(path: tuple[str | int, ...], change: Any) -> Any:
    """A copy of the document, with change() applied to (parent, last key)."""
    document = copy.deepcopy(DOCUMENT)
    parent = document
    for key in path[:-1]:
        parent = parent[key]
    change(parent, path[-1])
    return document


def is_refused(document: Any) -> bool:
    try:
        return bool(lint(parse_policy(document)))
    except PolicyError as error:
        text = str(error)
        assert "\n" not in text and text.endswith("。") and text.count("。") == 1
        return True


def test_default_policy_passes_its_lint() -> None:
    assert lint(POLICY) == []


def test_unknown_key_is_refused_everywhere() -> None:
    mappings = [path for path, node in walk(DOCUMENT) if isinstance(node, dict)]
    assert len(mappings) > 60
    for path in mappings:
        document = copy.deepcopy(DOCUMENT)
        node = document
        for key in path:
            node = node[key]
        node["no_such_key"] = 1
        with pytest.raises(PolicyError, match=r"no_such_key|应当正好列出"):
            parse_policy(document)


def test_missing_entry_is_refused_everywhere() -> None:
    named = [path for path, _ in walk(DOCUMENT) if path and isinstance(path[-1], str)]
    leaves = [path for path in named if path[0] not in OPEN_MAPPINGS or len(path) != 2]
    accepted = [path for path in leaves if not is_refused(changed(path, lambda parent, key: parent.pop(key)))]
    assert accepted == []


def test_value_of_another_kind_is_refused_everywhere() -> None:
    leaves = [path for path, node in walk(DOCUMENT) if not isinstance(node, dict | list)]
    for wrong in ({"x": 1}, 3.5, ["a b"], -1):
        for path in leaves:
            with pytest.raises(PolicyError) as caught:
                parse_policy(changed(path, lambda parent, key, wrong=wrong: parent.__setitem__(key, wrong)))
            assert str(path[0]) in str(caught.value)


@pytest.mark.parametrize(
    ("path", "value", "said"),
    [
        (("counties", 0), 140802, "counties：“140802”不是编码（数字编码须加引号）"),
        (("cut_order", 2), "A", "cut_order：“A”重复"),
        (("tasks", "GEN", "levels", "A", "rounding"), "up", "tasks.GEN.levels.A.rounding：“up”不在允许的取值"),
        (("tasks", "GEN", "levels", "A", "floor_e4"), 10001, "tasks.GEN.levels.A.floor_e4：应是 0 到 10000 的整数"),
        (("tasks", "GEN", "levels", "A", "rate_e4"), True, "tasks.GEN.levels.A.rate_e4：应是 0 到"),
        (("tasks", "GEN", "window", "last_month"), 2, "tasks.GEN.window.last_month：应是 3 到 12 的整数"),
        (("tasks", "FOOD", "specialty"), "food", "tasks.FOOD.specialty：应为空（null）或 fields 里的专业领域"),
        (("tasks", "FOOD", "scope", "fields", 0), "food", "tasks.FOOD.scope.fields：“food”不在允许的取值"),
        (("tasks", "EQUIP", "stratum_by"), "credit_grade", "tasks.EQUIP.levels：应当正好列出 A、B、C、D、U"),
        (("tasks", "GEN", "scope", "industries"), ["F52"], "tasks.GEN.scope.industries：“F52”不是国民经济行业代码"),
        (("tasks", "GEN", "scope", "industries"), [5182], "tasks.GEN.scope.industries：“5182”不是国民经济行业代码"),
        (("tasks", "GEN", "scope", "industries"), ["52", "52"], "tasks.GEN.scope.industries：“52”重复"),
        (("tasks", "GEN", "scope", "licences"), ["酒;茶"], "tasks.GEN.scope.licences：“酒;茶”不是许可内容"),
        (("tasks", "GEN", "scope", "counties"), ["140100"], "tasks.GEN.scope.counties：“140100”不在允许的取值"),
        (("tasks", "GEN", "levels", "A", "onsite_rule"), "any", "tasks.GEN.levels.A.onsite_rule：“any”不在允许"),
        (("tasks", "GEN", "joint"), {"initiating": "YJ"}, "tasks.GEN.joint.cooperating：缺少这一项"),
        (("roles", "XYK", "duties"), ["rule"], "roles.XYK.duties：“rule”不在允许的取值"),
        (("recusal", "lead_years"), 0, "recusal.lead_years：应是 1 到 10 的整数"),
        (("combination", "matrix", "A", "A"), 5, "combination.matrix.A.A：应是 1 到 4 的整数"),
        (("valid_from",), "2026-1-1", "valid_from：应是 YYYY-MM-DD 的日期"),
        (("spec",), "ssj-policy-v2", "spec：“ssj-policy-v2”不在允许的取值"),
    ],
)
def test_refusal_names_the_place(path: tuple[str | int, ...], value: object, said: str) -> None:
    with pytest.raises(PolicyError) as caught:
        parse_policy(changed(path, lambda parent, key: parent.__setitem__(key, value)))
    assert str(caught.value).startswith(f"抽查政策 {said}")


def test_a_document_that_is_no_mapping_is_refused() -> None:
    with pytest.raises(PolicyError, match="抽查政策 文件：应是"):
        parse_policy(["GEN"])


def test_round_policy_is_read_by_the_draw() -> None:
    parsed = parse_policy_json(json_bytes(made(batch_prev={"GEN": 7, "FOOD": 9})))
    assert parsed.year == 2026
    assert parsed.types == ("cooperative", "enterprise", "individual")
    assert parsed.reasons == tuple(sorted(parsed.reasons))
    assert parsed.capacity == CAPACITY
    assert list(parsed.tasks) == sorted(MONTHLY | SEASONAL)
    generic, food = parsed.tasks["GEN"], parsed.tasks["FOOD"]
    assert (generic.batch, generic.batch_prev, generic.batches, generic.window_end) == (8, 7, 9, "2026-11-30")
    assert (food.batch, food.batch_prev, food.batches, food.window_end) == (10, 9, 12, "2026-12-31")
    assert (generic.types, generic.fields, generic.specialty) == (("enterprise",), (), None)
    assert (food.fields, food.specialty, food.team_size) == (("food_sales",), "food_sales", 2)
    assert {name: level.rate_e4 for name, level in generic.levels.items()} == {
        "A": 100,
        "B": 300,
        "C": 1000,
        "D": 5000,
        "U": 300,
    }
    assert [name for name, level in generic.levels.items() if not level.on_site] == ["A"]
    assert generic.levels["D"].census_up_to == 5
    assert parsed.cut_order == tuple(name for name in POLICY.cut_order if name != "FLAT")


def test_only_the_tasks_of_the_month() -> None:
    assert [task.code for task in tasks_in_month(POLICY, "2026-02")] == sorted(MONTHLY)
    for month, generic in (("02", False), ("03", True), ("11", True), ("12", False)):
        assert ("GEN" in [task.code for task in tasks_in_month(POLICY, f"2026-{month}")]) is generic
    assert made("2026-02")["cut_order"] == ["NONKEY", "L1", "L2", "L3", "KEY", "L4"]
    assert {row["task"] for row in task_rows(POLICY, "2026-02")} == MONTHLY
    assert {row["task"] for row in level_rows(POLICY, "2026-02")} == MONTHLY
    assert [batch_of(POLICY.task("GEN"), f"2026-{month:02d}") for month in (3, 11)] == [1, 9]
    with pytest.raises(PolicyError, match=r"tasks\.GEN\.window：2026-12"):
        batch_of(POLICY.task("GEN"), "2026-12")
    with pytest.raises(PolicyError, match="不含 2027-01"):
        tasks_in_month(POLICY, "2027-01")
    assert POLICY.in_force("2026-12") and not POLICY.in_force("2025-12")


def test_round_policy_refuses_what_it_is_given() -> None:
    with pytest.raises(PolicyError, match="capacity"):
        made(capacity={"140802": 10})
    with pytest.raises(PolicyError, match=r"batch_prev\.GEN：上一批 8 应小于本批 8"):
        made(batch_prev={"GEN": 8})
    broken = parse_policy(changed(("tasks", "GEN", "team_size"), lambda parent, key: parent.__setitem__(key, 1)))
    with pytest.raises(PolicyError, match=r"tasks\.GEN\.team_size"):
        round_policy(
            broken,
            "2026-10",
            capacity=CAPACITY,
            phase_salt=SALT,
            beacon=demonstration_beacon_rule("2026-10"),
            batch_prev={},
        )


def test_combined_levels() -> None:
    want = {"A": "1233", "B": "1234", "C": "2344", "D": "3444"}  # DOMAIN §5.3
    for credit, levels in want.items():
        got = [combined_level(POLICY, CreditGrade(credit), FieldGrade(field)) for field in "ABCD"]
        assert got == [f"L{level}" for level in levels]
    assert [combined_level(POLICY, CreditGrade("U"), FieldGrade(field)) for field in "ABCDU"] == [
        "L1",
        "L2",
        "L3",
        "L4",
        "L2",
    ]
    assert combined_level(POLICY, CreditGrade("D"), FieldGrade("U")) == "L4"
    with pytest.raises(PolicyError):
        combined_level(POLICY, CreditGrade("E"), FieldGrade("A"))
    rows = matrix_rows(POLICY)
    assert len(rows) == 25
    assert {"credit_grade": "A", "field_grade": "D", "stratum": "L3"} in rows


def test_tables_for_the_joins() -> None:
    levels = {(row["task"], row["stratum"]): row for row in level_rows(POLICY, "2026-10")}
    assert len(levels) == 12 * 5 + 4 * 4 + 2
    assert levels["GEN", "A"]["yearly_cap"] is None and levels["GEN", "B"]["yearly_cap"] == 1
    assert [levels["GEN", grade]["gap_months"] for grade in "ABCDU"] == [6, 6, 4, 3, 6]
    assert {row["credit_grade"]: row["visits"] for row in cap_rows(POLICY)} == {"A": 2, "B": 2, "C": 2, "D": 4, "U": 2}
    assert observed_rows(POLICY) == [{"credit_grade": "A"}, {"credit_grade": "B"}]
    tasks = {row["task"]: row for row in task_rows(POLICY, "2026-10")}
    assert {code for code, row in tasks.items() if not row["has_observation"]} == MONTHLY | {"QUAL", "AUCT"}
    assert all(row["has_white_list"] == row["has_observation"] for row in tasks.values())
    assert {code for code, row in tasks.items() if not (row["has_fields"] or row["has_wider_scope"])} == {"GEN"}
    assert (tasks["GEN"]["window_start"], tasks["GEN"]["window_end"]) == ("2026-03-01", "2026-11-30")
    assert tasks["GEN"]["item_codes"] == "A07;A08"
    assert {"task": "EQUIP", "type": "enterprise"} in scope_type_rows(POLICY, "2026-10")
    assert {row["task"] for row in scope_field_rows(POLICY, "2026-10")} == MONTHLY | {"METRO", "QUAL", "TEST", "CERT"}
    assert {"task": "AUCT", "industry": "5182"} in scope_industry_rows(POLICY, "2026-10")
    assert {row["state"] for row in reason_rows(POLICY)} == {"blocked", "exempt"}


# DOMAIN §5.1 and §5.2: rates in 1/10000 by task, A…D and U, L1…L4 or NONKEY, KEY.
RATES = {
    "GEN": (100, 300, 1000, 5000, 300),
    "FPROD": (5000, 10000, 20000, 30000),
    "FOOD": (300, 300, 1000, 10000),
    "CATER": (300, 500, 2500, 5000),
    "MEDEV": (2500, 5000, 10000, 10000),
    "EQUIP": (1000, 2000),
    "QUAL": (1000, 1000, 2000, 6000, 1000),
    "METRO": (1000, 1000, 2000, 6000, 1000),
    "AUCT": (10000,) * 5,
    "SELF": (500,),
} | dict.fromkeys(("PRICE", "ADS", "NET", "CONS", "INFR", "COMP", "TEST", "CERT"), (300, 500, 1000, 5000, 500))


def test_the_default_figures_are_those_of_the_table() -> None:
    assert {code: tuple(lv.rate_e4 for lv in task.levels.values()) for code, task in POLICY.tasks.items()} == RATES
    assert all(level.cites for task in POLICY.tasks.values() for level in task.levels.values())
    assert dict(POLICY.yearly_cap) == {"A": 2, "B": 2, "C": 2, "D": 4, "U": 2}
    assert {level.gap_months for task in POLICY.tasks.values() if task.key_field for level in task.levels.values()} == {
        2
    }
    for code in ("PRICE", "ADS", "NET", "CONS", "INFR", "COMP", "TEST", "CERT"):
        rules = [level.onsite_rule for level in POLICY.task(code).levels.values()]
        assert rules == ["off_site", "off_site", "on_site_if_triggered", "on_site", "off_site"]
    assert [POLICY.task("FPROD").levels[name].yearly_cap for name in ("L1", "L2", "L3", "L4")] == [1, 1, 2, 3]


def test_fields_without_a_task_are_said() -> None:
    assert set(POLICY.unconfigured) == {"drug", "standard"}


def inspector(county: str, days: int, load_cap: int, valid_until: str = "2027-06-30") -> dict[str, object]:
    return {"county": county, "days": days, "load_cap": load_cap, "valid_until": valid_until}


def test_county_capacity() -> None:
    rows = [
        inspector("140802", 10, 12),  # 12: the cap binds
        inspector("140802", 3, 30),  # 6: the days bind
        inspector("140802", 1, 1),  # 1
        inspector("140802", 9, 9, "2026-12-30"),  # ends before the window
        inspector("1408KF", 5, 5, "2026-12-31"),
    ]
    got = county_capacity(rows, POLICY, "2026-10")
    assert got == dict.fromkeys(POLICY.counties, 0) | {"140802": 9, "1408KF": 2}
    threes = parse_policy(changed(("tasks", "CATER", "team_size"), lambda parent, key: parent.__setitem__(key, 3)))
    assert county_capacity(rows, threes, "2026-10")["140802"] == 6
    with pytest.raises(PolicyError, match="140100"):
        county_capacity([inspector("140100", 1, 1)], POLICY, "2026-10")


def test_demonstration_texts() -> None:
    month, first = "2026-10", round_id(POLICY, "2026-10")
    assert first == "YC-2026-10"
    rule = parse_policy_json(json_bytes(made())).beacon
    text = demonstration_beacon(POLICY, month, first)
    assert check_beacon(text, rule) is False
    assert text == demonstration_beacon(parse_policy(DOCUMENT), month, first)
    assert text != demonstration_beacon(POLICY, month, f"{first}.2")
    secret = demonstration_secret(POLICY, first)
    assert commitment(first, "0" * 64, secret) != commitment(
        first, "0" * 64, demonstration_secret(POLICY, f"{first}.2")
    )
    assert (rule.primary.selector, rule.fallback.selector) == ("20261031", "20261101")
    phase = demonstration_phase_beacon(POLICY, 2026)
    assert phase.startswith("dice-20251231:") and phase != demonstration_phase_beacon(POLICY, 2027)
    assert len(phase_salt(2026, phase)) == 64
    other = parse_policy(changed(("demonstration", "seed_text"), lambda parent, key: parent.__setitem__(key, "另一句")))
    assert demonstration_secret(other, first) != secret


@pytest.mark.parametrize(
    ("month", "rounds", "general", "catering"),
    [
        ("2026-10", {"2026-09", "2026-03"}, 7, 9),
        ("2026-10", {"2026-10", "2026-11", "2025-12"}, 0, 0),
        ("2026-03", {"2026-02"}, 0, 2),
        ("2026-10", set(), 0, 0),
    ],
)
def test_an_empty_batch_is_a_batch(month: str, rounds: set[str], general: int, catering: int) -> None:
    """Counted by those drawn, a batch that drew nobody would be drawn again with the next (found by the verifier)."""
    before = batches_before(POLICY, month, rounds)
    assert (before["GEN"], before["CATER"]) == (general, catering)
    assert set(before) == {task.code for task in tasks_in_month(POLICY, month)}


def test_no_policy_lets_an_exploratory_source_into_a_plan_by_default() -> None:
    assert POLICY.exploratory_sources == ()


def altered(changes: dict[tuple[str | int, ...], Any]) -> Any:
    """The policy with several values set."""
    document = copy.deepcopy(DOCUMENT)
    for path, value in changes.items():
        parent = document
        for key in path[:-1]:
            parent = parent[key]
        parent[path[-1]] = value
    return parse_policy(document)


def test_a_wider_scope_is_one_code_in_policy_json() -> None:
    scope = ("tasks", "METRO", "scope")
    policy = altered(
        {
            (*scope, "industries"): ["52", "5182"],
            (*scope, "licences"): ["成品油零售"],
            (*scope, "counties"): ["140802", "1408KF"],
        }
    )
    assert policy.task("METRO").has_wider_scope and not policy.task("GEN").has_wider_scope
    beacon = demonstration_beacon_rule("2026-10")
    written = round_policy(policy, "2026-10", capacity=CAPACITY, phase_salt=SALT, beacon=beacon, batch_prev={})
    parsed = parse_policy_json(json_bytes(written))
    assert parsed.tasks["METRO"].fields == ("scope.METRO",)
    assert parsed.tasks["QUAL"].fields == ("product_quality",)
    assert {code for code in parsed.fields if code.startswith("scope.")} - {
        f"scope.{code}" for code in SEASONAL
    } == set()
    assert {*policy.fields, "scope.METRO", "scope.AUCT"} <= set(parsed.fields) and "scope.QUAL" not in parsed.fields
    assert parsed.capacity == CAPACITY  # a task of two counties leaves the counties of the round as they are
    before = round_policy(
        policy,
        "2026-02",
        capacity=CAPACITY,
        phase_salt=SALT,
        beacon=demonstration_beacon_rule("2026-02"),
        batch_prev={},
    )
    assert "scope.METRO" not in before["fields"]  # type: ignore[operator]
    industries = [row["industry"] for row in scope_industry_rows(policy, "2026-10") if row["task"] == "METRO"]
    assert industries == ["52", "5182"]
    assert {"task": "METRO", "licence": "成品油零售"} in scope_licence_rows(policy, "2026-10")
    assert {"task": "METRO", "county": "1408KF"} in scope_county_rows(policy, "2026-10")
    row = next(row for row in task_rows(policy, "2026-10") if row["task"] == "METRO")
    assert [row[f"has_{name}"] for name in ("wider_scope", "fields", "industries", "licences", "counties")] == [
        True
    ] * 5


def test_how_a_level_is_inspected() -> None:
    policy = altered(
        {
            ("tasks", "GEN", "levels", "B", "onsite_rule"): "on_site_if_triggered",
            ("tasks", "GEN", "levels", "B", "yearly_cap"): 0,
        }
    )
    level = policy.task("GEN").levels["B"]
    assert not level.on_site
    assert {"task": "GEN", "stratum": "B"} not in on_site_rows(policy)
    assert {"task": "GEN", "stratum": "B"} in on_site_rows(POLICY)
    row = next(row for row in level_rows(policy, "2026-10") if (row["task"], row["stratum"]) == ("GEN", "B"))
    assert (row["on_site"], row["onsite_rule"], row["yearly_cap"]) == (False, "on_site_if_triggered", None)


def test_a_task_of_types_that_are_off_is_dormant() -> None:
    switched = {("tasks", "METRO", "scope", "types"): ["individual", "cooperative"]}
    asleep = altered(switched)
    assert asleep.dormant(asleep.task("METRO"))
    assert "METRO" not in {task.code for task in tasks_in_month(asleep, "2026-10")}
    awake = altered(switched | {("subject_types", "individual"): True})
    assert "METRO" in {task.code for task in tasks_in_month(awake, "2026-10")}
    drawn = [row["type"] for row in scope_type_rows(awake, "2026-10") if row["task"] == "METRO"]
    assert drawn == ["individual"]  # a type that is off is never drawn from


def test_individuals_and_cooperatives_are_off_and_flat() -> None:
    task = POLICY.task("SELF")
    assert POLICY.dormant(task) and set(task.types) == {"individual", "cooperative"} and list(task.levels) == ["FLAT"]
    assert {row["type"] for row in scope_type_rows(POLICY, "2026-10")} == {"enterprise"}
    awake = altered({("subject_types", "individual"): True, ("subject_types", "cooperative"): True})
    assert lint(awake) == []
    parsed = parse_policy_json(
        json_bytes(
            round_policy(
                awake,
                "2026-10",
                capacity=CAPACITY,
                phase_salt=SALT,
                beacon=demonstration_beacon_rule("2026-10"),
                batch_prev={},
            )
        )
    )
    assert parsed.tasks["SELF"].types == ("cooperative", "individual")
    assert [each for each in parsed.cut_order if each == "FLAT"] == ["FLAT"]


def test_roles_and_recusal() -> None:
    assert POLICY.roles["XYK"].duties == ("sign", "beacon", "open", "void")
    assert (POLICY.recusal.lead_years, POLICY.recusal.lead_times, POLICY.recusal.cross_station) == (2, 2, False)
