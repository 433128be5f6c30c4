"""Coverage: what has no feed is 未接入 with its reason and has no counts; a silent source is not a clean one."""

from __future__ import annotations

from datetime import date
from typing import Any

from data_contracts.registry import domains, indicator_classes, sources
from supervision.coverage import (
    Group,
    Received,
    SourceEntry,
    department_coverage,
    field_coverage,
    group_coverage,
    source_coverage,
)

NAMES = {"SP-LT": "食品流通科", "CY": "餐饮监督管理科"}
GOT = Received({"SP-LT": 2}, {"SP-LT": 1}, ("甲文件读不出。",), 90, 10)


def entry(name: str, **changes: Any) -> SourceEntry:
    given: dict[str, Any] = {
        "name": name, "title": f"《{name}》", "producers": ("SP-LT", "CY"), "connected": True, "reason": None,
        "as_needed": False, "domains": (), "fields": (), "indicator_class": None,
    }  # fmt: skip
    return SourceEntry(**(given | changes))


ROWS = source_coverage(
    [
        entry("a"),
        entry("b"),
        entry("c"),
        entry("d", connected=False, reason="尚无批量导出权限。"),
        entry("e", as_needed=True),
    ],
    {"a": GOT, "c": Received({}, {"CY": 1}, ("列缺失：许可日期。", "列缺失：许可日期。"), 0, 0)},
    NAMES,
)


def test_the_four_states_of_a_source() -> None:
    assert [(r.code, r.coverage, r.coverage_reason) for r in ROWS] == [
        ("a", "normal", "甲文件读不出"),
        ("b", "silent", None),
        ("c", "suspended", "列缺失：许可日期"),
        ("d", "unconnected", "尚无批量导出权限。"),
        ("e", "silent", "按需报送，本月没有不等于缺报"),
    ]
    assert [(r.units_expected, r.units_delivered, r.silent_units) for r in ROWS] == [
        (2, 1, "餐饮监督管理科"),
        (2, 0, "食品流通科、餐饮监督管理科"),
        (2, 0, "食品流通科、餐饮监督管理科"),
        (None, None, None),
        (2, 0, None),
    ]
    assert [(r.files, r.quarantined_files, r.accepted_rows, r.quarantined_rows) for r in ROWS[:4]] == [
        (2, 1, 90, 10),
        (0, 0, 0, 0),
        (0, 1, 0, 0),
        (None, None, None, None),
    ]


def test_groups_take_the_best_state_and_tell_the_rest() -> None:
    groups = [
        Group(code, code, reason) for code, reason in (("x", None), ("y", None), ("z", None), ("none", "省局计算。"))
    ]
    found = group_coverage("domain", groups, {"x": ["a", "b", "d"], "y": ["d"], "z": ["b", "c"]}, ROWS)
    assert [(r.code, r.coverage, r.coverage_reason, r.accepted_rows) for r in found] == [
        ("x", "normal", "《b》本月无交付；《d》未接入：尚无批量导出权限", 90),
        ("y", "unconnected", "尚无批量导出权限", None),
        ("z", "suspended", "《b》本月无交付；《c》停用：列缺失：许可日期", 0),
        ("none", "unconnected", "省局计算", None),
    ]
    assert [r.source_names for r in found] == ["《a》、《b》、《d》", "《d》", "《b》、《c》", None]


def test_a_group_that_nobody_brings_has_a_reason_all_the_same() -> None:
    [row] = group_coverage("domain", [Group("x", "x", None)], {}, ROWS)
    assert (row.coverage, row.coverage_reason) == ("unconnected", "尚无登记的来源")


def test_a_field_without_rows_is_silent_although_its_source_came() -> None:
    groups = [Group(code, code, None) for code in ("food", "drug", "alone")]
    members = {"food": ["a"], "drug": ["a"], "alone": ["c"]}
    found = field_coverage(groups, members, ROWS, {("a", "food"): 90, ("a", "drug"): 0})
    assert [(r.code, r.coverage, r.accepted_rows, r.quarantined_rows) for r in found] == [
        ("food", "normal", 90, None),
        ("drug", "silent", 0, None),
        ("alone", "suspended", 0, 0),
    ]
    assert found[1].coverage_reason and "没有记录" in found[1].coverage_reason


def test_every_department_is_listed_for_every_stream() -> None:
    found = department_coverage(
        {"SW": "税务局", "HB": "生态环境局"},
        [("department_penalty", True), ("department_licence", False)],
        {("SW", "department_penalty"): 9, ("HB", "department_penalty"): 2},
        {("SW", "department_penalty"): 3},
        {("SW", "department_penalty"): date(2026, 10, 8)},
    )
    assert [(r.dept_code, r.source, r.dept_state, r.accepted_rows, r.rows_ever) for r in found] == [
        ("HB", "department_penalty", "silent", 0, 2),
        ("HB", "department_licence", "unconnected", None, None),
        ("SW", "department_penalty", "delivered", 3, 9),
        ("SW", "department_licence", "unconnected", None, None),
    ]
    [never] = department_coverage({"GA": "公安局"}, [("department_penalty", True)], {}, {}, {})
    assert (never.dept_state, never.last_received_on) == ("never", None)


def test_the_registered_fields_and_classes_all_get_a_row() -> None:
    rows = source_coverage([entry(s.name, connected=s.connected, reason=s.reason) for s in sources()], {}, NAMES)
    for level, headings, codes in (
        ("domain", domains(), {s.name: s.domains for s in sources()}),
        ("indicator_class", indicator_classes(), {s.name: (s.indicator_class,) for s in sources()}),
    ):
        groups = [Group(h.code, h.title, h.reason) for h in headings]
        members = {g.code: [name for name, held in codes.items() if g.code in held] for g in groups}
        found = group_coverage(level, groups, members, rows)  # type: ignore[arg-type]
        assert len(found) == {"domain": 12, "indicator_class": 5}[level]
        unconnected = [row for row in found if row.coverage == "unconnected"]
        assert unconnected and all(row.coverage_reason and row.accepted_rows is None for row in unconnected)
