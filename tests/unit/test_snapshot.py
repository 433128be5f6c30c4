"""The grade snapshot held against its rules: which numbers hold the plan, and what a decision stands for."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest

from supervision.snapshot import (
    SnapshotFacts,
    Used,
    content_sha256,
    findings_sha256,
    hold_text,
    holding,
    judge,
    told,
)

AS_OF = date(2026, 10, 31)
SOUND = SnapshotFacts(
    month="2026-10", as_of=AS_OF, received_on=AS_OF, sha256="b" * 64, rows=1000, unknown=0, conflicting=0, repeated=0,
    restated=0, graded=980, missing=20, previous_month="2026-09", previous_rows=990, compared=960, jumped=12,
)  # fmt: skip


def codes(**changes: Any) -> list[str]:
    return [finding.code for finding in holding(judge(replace(SOUND, **changes)))]


def test_a_sound_snapshot_has_no_finding() -> None:
    assert judge(SOUND) == ()
    assert judge(replace(SOUND, previous_month=None, previous_rows=0, compared=0, jumped=0)) == ()


@pytest.mark.parametrize(
    ("at_the_limit", "beyond", "code"),
    [
        ({"received_on": AS_OF - timedelta(45)}, {"received_on": AS_OF - timedelta(46)}, "stale"),
        ({"unknown": 0}, {"unknown": 1}, "unknown_grade"),
        ({"conflicting": 0}, {"conflicting": 1}, "conflicting"),
        ({"repeated": 0}, {"repeated": 1}, "repeated"),
        ({"restated": 0}, {"restated": 1}, "restated"),
        ({"rows": 501, "previous_rows": 1000}, {"rows": 500, "previous_rows": 1000}, "few_rows"),
        ({"graded": 950, "missing": 50}, {"graded": 949, "missing": 51}, "missing"),
        ({"compared": 1000, "jumped": 50}, {"compared": 1000, "jumped": 51}, "jumped"),
        ({"shifted": 0}, {"shifted": 1}, "shifted"),
        ({"used": Used("b" * 64, 0, 0, 0)}, {"used": Used("a" * 64, 3, 2, 1)}, "changed"),
    ],
)
def test_each_limit(at_the_limit: dict[str, Any], beyond: dict[str, Any], code: str) -> None:
    assert codes(**at_the_limit) == []
    assert codes(**beyond) == [code]


def test_fewer_rows_are_told_before_they_hold() -> None:
    assert judge(replace(SOUND, rows=900, previous_rows=1000)) == ()
    [finding] = judge(replace(SOUND, rows=899, previous_rows=1000))
    assert not finding.holds and "899" in finding.sentence and "1000" in finding.sentence


def test_the_numbers_are_in_the_sentences() -> None:
    facts = replace(
        SOUND,
        unknown=7,
        conflicting=3,
        repeated=5,
        graded=400,
        missing=600,
        jumped=100,
        used=Used("a" * 64, 41, 42, 43),
    )
    text = told(judge(facts))
    for number in ("7 行", "3 行", "5 行", "600 户", "100 户", "41 户", "42 户", "43 户", "a" * 16, "b" * 16):
        assert number in text, number


def test_a_snapshot_that_can_no_longer_be_compared_is_told_as_such() -> None:
    [finding] = judge(replace(SOUND, used=Used("a" * 64, None, None, None)))
    assert finding.holds and "无从逐户比对" in finding.sentence


def test_restated_rows_are_not_told_twice() -> None:
    assert codes(restated=4, used=Used("a" * 64, 4, 0, 0)) == ["changed"]


def test_a_decision_stands_for_these_findings_of_this_content_only() -> None:
    def digest(**changes: Any) -> str:
        facts = replace(SOUND, **changes)
        return findings_sha256(facts, judge(facts))

    same = digest(unknown=7)
    assert digest(unknown=7) == same
    assert digest(unknown=7, rows=999) == same  # no finding
    others = [digest(unknown=8), digest(unknown=7, repeated=1), digest(unknown=7, sha256="c" * 64), digest()]
    assert len({same, *others}) == 5
    # What is only told, and a day more, is no new question.
    assert digest(unknown=7, rows=800) == same
    old = AS_OF - timedelta(60)
    assert digest(received_on=old) == digest(received_on=old, as_of=AS_OF + timedelta(1))
    assert digest(received_on=old) != digest(received_on=old + timedelta(1))


def test_a_firm_registered_meanwhile_is_no_new_question() -> None:
    def digest(graded: int, missing: int) -> str:
        facts = replace(SOUND, graded=graded, missing=missing)
        return findings_sha256(facts, judge(facts))

    assert digest(500, 500) == digest(500, 501)
    assert digest(500, 500) != digest(500, 600)


def test_the_hold_says_what_to_do_and_who_may() -> None:
    facts = replace(SOUND, unknown=7, rows=800)
    text = hold_text(facts, judge(facts), {"LDXZ": "领导小组负责人"})
    for word in (
        "2026-10",
        "7 行",
        "800 户",
        "ssj decide --month 2026-10 --hold grade_snapshot",
        "LDXZ",
        "领导小组负责人",
    ):
        assert word in text


def test_content_is_known_whatever_the_order_and_the_files() -> None:
    rows = [("91140802X", "A"), ("91140802Y", "B")]
    assert content_sha256("2026-10", rows) == content_sha256("2026-10", rows[::-1])
    others = [
        content_sha256("2026-09", rows),
        content_sha256("2026-10", rows[:1]),
        content_sha256("2026-10", [("91140802X", "A"), ("91140802Y", "C")]),
        content_sha256("2026-10", [("91140802X", "B"), ("91140802Y", "A")]),
    ]
    assert len({content_sha256("2026-10", rows), *others}) == 5
