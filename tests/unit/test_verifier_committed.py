"""A bundle committed anew by someone who has the secret and breaks a rule of §2 is refused with file and line."""

from __future__ import annotations

import pytest

from tests.unit.bundle_changes import (
    UID,
    Change,
    Files,
    assert_refused,
    cell,
    drop,
    good_bundle,
    line,
    policy,
    repeat,
    swap,
    text,
    whole,
)
from tests.unit.bundle_making import certify


@pytest.fixture(scope="module")
def good() -> Files:
    return dict(good_bundle())


# ---- a bundle committed anew, by someone who has the secret and breaks the rules ----

COMMITTED = [
    (drop("population.csv", 3), "frame.csv", 61, "frame is not the population"),
    (repeat("population.csv", 3), "population.csv", 4, "not sorted"),
    (swap("population.csv", 3), "population.csv", 4, "not sorted"),
    (cell("population.csv", 3, 0, UID[:-1] + "B"), "population.csv", 3, "uid"),
    (cell("population.csv", 3, 0, UID.lower()), "population.csv", 3, "uid"),
    (cell("population.csv", 3, 1, "Q"), "population.csv", 3, "county"),
    (cell("population.csv", 3, 2, "shop"), "population.csv", 3, "type"),
    (cell("population.csv", 2, 3, "GEN;FOOD"), "population.csv", 2, "not sorted"),
    (cell("population.csv", 2, 3, "GEN;GEN"), "population.csv", 2, "repeated"),
    (cell("population.csv", 2, 3, "XXX"), "population.csv", 2, "fields"),
    (cell("population.csv", 2, 3, '"GEN"'), "population.csv", 2, "character"),
    (cell("population.csv", 2, 3, "GEN\t"), "population.csv", 2, "character"),
    (cell("population.csv", 2, 3, "食品"), "population.csv", 2, "character"),
    (line("population.csv", 2, lambda row: row + ","), "population.csv", 2, "columns"),
    (line("population.csv", 5, lambda row: [row, ""]), "population.csv", 6, "columns"),
    (whole("population.csv", lambda data: data[:-1]), "population.csv", 57, "final LF"),
    (whole("population.csv", lambda data: data + b"\n"), "population.csv", 58, "columns"),
    (whole("population.csv", lambda data: data.replace(b"\n", b"\r\n")), "population.csv", 1, "character"),
    (whole("population.csv", lambda data: b"\xef\xbb\xbf" + data), "population.csv", 1, "character"),
    (whole("population.csv", lambda data: b""), "population.csv", 1, "header"),
    (text("population.csv", "uid,county", "county,uid"), "population.csv", 1, "header"),
    (drop("frame.csv", 10), "frame.csv", 10, "frame is not the population"),
    (drop("frame.csv", 104), "frame.csv", 103, "left out"),
    (repeat("frame.csv", 10), "frame.csv", 11, "not sorted"),
    (repeat("frame.csv", 104), "frame.csv", 105, "not sorted"),
    (swap("frame.csv", 10), "frame.csv", 10, "frame is not the population"),
    (cell("frame.csv", 3, 2, "Y"), "frame.csv", 3, "county"),
    (cell("frame.csv", 3, 3, "Q"), "frame.csv", 3, "stratum"),
    (cell("frame.csv", 3, 3, "B"), "strata.csv", 3, "counts differ"),
    (cell("frame.csv", 3, 4, "exempt"), "frame.csv", 3, "reason"),
    (cell("frame.csv", 3, 5, "drawn_this_year"), "frame.csv", 3, "reason"),
    (cell("frame.csv", 2, 5, "friend"), "frame.csv", 2, "reason"),
    (cell("frame.csv", 2, 5, ""), "frame.csv", 2, "reason"),
    (cell("frame.csv", 2, 4, "exempt"), "strata.csv", 9, "counts differ"),
    (cell("frame.csv", 2, 4, "visited"), "frame.csv", 2, "state"),
    (cell("strata.csv", 2, 3, "5"), "strata.csv", 2, "counts differ"),
    (cell("strata.csv", 2, 4, "3"), "strata.csv", 2, "counts differ"),
    (cell("strata.csv", 2, 5, "00"), "strata.csv", 2, "integer"),
    (cell("strata.csv", 2, 6, "-1"), "strata.csv", 2, "integer"),
    (cell("strata.csv", 2, 2, "0"), "strata.csv", 2, "unknown stratum"),
    (drop("strata.csv", 2), "strata.csv", 39, "stratum missing"),
    (swap("strata.csv", 2), "strata.csv", 3, "not sorted"),
    (cell("triggers.csv", 2, 2, "X"), "triggers.csv", 2, "one county"),
    (cell("triggers.csv", 2, 1, "R:140800000000000"), "triggers.csv", 2, "uid"),
    (cell("triggers.csv", 2, 0, "T 32"), "triggers.csv", 2, "trigger_id"),
    (cell("roster.csv", 2, 1, "Q"), "roster.csv", 2, "county"),
    (cell("roster.csv", 2, 5, "2027-02-29"), "roster.csv", 2, "valid_until"),
    (cell("roster.csv", 2, 5, "20271231"), "roster.csv", 2, "valid_until"),
    (cell("roster.csv", 2, 4, "4.5"), "roster.csv", 2, "integer"),
    (cell("roster.csv", 2, 3, "01"), "roster.csv", 2, "integer"),
    (cell("roster.csv", 2, 2, "food;boiler"), "roster.csv", 2, "not sorted"),
    (swap("conflicts.csv", 2), "conflicts.csv", 3, "not sorted"),
    (cell("conflicts.csv", 2, 1, "x"), "conflicts.csv", 2, "uid"),
    (policy("capacity.X", 0), "policy.json", 1, "X 的线索与保底户次"),
    (policy("capacity.Y", 1), "policy.json", 1, "Y 的线索与保底户次"),
    (policy("capacity.Y", -1), "policy.json", 1, "capacity 缺少、多余或不合规定"),
    (policy("capacity.Y", True), "policy.json", 1, "capacity 缺少、多余或不合规定"),
    (policy("tasks.GEN", []), "policy.json", 1, "tasks.GEN"),
    (text("policy.json", '"GEN":{', '"G N":{'), "policy.json", 1, "tasks.G N"),
    (policy("beacon.fallback", {"source": "dice", "selector": "20261131"}), "policy.json", 1, "beacon.fallback 缺少"),
    (policy("capacity.Q", 1), "policy.json", 1, "capacity"),
    (policy("comment", 1), "policy.json", 1, "policy"),
    (policy("year", "2026"), "policy.json", 1, "year"),
    (policy("phase_salt", "5" * 63), "policy.json", 1, "phase_salt"),
    (policy("cut_order", ["C", "U", "B", "A"]), "policy.json", 1, "cut_order"),
    (policy("cut_order", ["C", "U", "B", "A", "D", "D"]), "policy.json", 1, "cut_order"),
    (policy("reasons", ["drawn_this_year", "observation_period"]), "frame.csv", 2, "reason"),
    (policy("beacon.selector", "2026008"), "policy.json", 1, "beacon.fallback"),
    (policy("beacon.selector", "26007"), "policy.json", 1, "beacon"),
    (policy("beacon.fallback", {"source": "dice", "selector": "20261103"}), "policy.json", 1, "beacon.fallback"),
    (policy("beacon.fallback", {"source": "lottery", "selector": "1"}), "policy.json", 1, "beacon.fallback"),
    (policy("beacon.not_before", "2026-11-03T16:00:00"), "policy.json", 1, "not_before"),
    (policy("tasks.GEN.batch", 7), "policy.json", 1, "tasks.GEN.batch"),
    (policy("tasks.GEN.batch_prev", 5), "policy.json", 1, "tasks.GEN.batch_prev"),
    (policy("tasks.GEN.team_size", 0), "policy.json", 1, "team_size"),
    (policy("tasks.GEN.window_end", "2026-13-01"), "policy.json", 1, "window_end"),
    (policy("tasks.GEN.specialty", ""), "policy.json", 1, "specialty"),
    (policy("tasks.GEN.scope.types", ["shop"]), "policy.json", 1, "scope.types"),
    (policy("tasks.GEN.scope.fields", ["GEN", "FOOD"]), "frame.csv", 62, "frame is not the population"),
    (policy("tasks.GEN.levels.A.on_site", 2), "policy.json", 1, "levels.A"),
    (policy("tasks.GEN.levels.A.floor_e4", 10_001), "policy.json", 1, "levels.A"),
    (policy("tasks.GEN.levels.A.rounding", "up"), "policy.json", 1, "levels.A.rounding"),
    (policy("tasks.GEN.levels.A.weight", 1), "policy.json", 1, "levels.A"),
    (text("policy.json", "{", "{ "), "policy.json", 1, "not canonical"),
    (text("policy.json", '"batch":5', '"batch":5.0'), "policy.json", 1, "float"),
    (text("policy.json", '"batch":5', '"batch":5,"batch":5'), "policy.json", 1, "duplicate"),
    (whole("policy.json", lambda data: data + b"\n"), "policy.json", 1, "not canonical"),
    (whole("context.json", lambda data: b"[]"), "context.json", 1, "not an object"),
    (text("context.json", '"visit_ledger_sha256"', '"visits_sha256"'), "context.json", 1, "visit_ledger_sha256"),
    (text("context.json", "aaaa", "AAAA"), "context.json", 1, "register_sha256"),
    (text("context.json", '"calendar":"2026.1"', '"calendar":""'), "context.json", 1, "calendar"),
]  # fmt: skip


@pytest.mark.parametrize(("change", "name", "number", "word"), COMMITTED)
def test_a_bundle_committed_anew_is_refused(good: Files, change: Change, name: str, number: int, word: str) -> None:
    assert_refused(certify(change(good)), name, number, word)


@pytest.mark.parametrize(
    "change", [cell("strata.csv", 2, 5, "7"), policy("phase_salt", "6" * 64), cell("roster.csv", 3, 2, "food")]
)
def test_results_of_other_files_are_refused(good: Files, change: Change) -> None:
    """The files keep every rule; what was drawn does not follow from them."""
    assert_refused(certify(change(good)), "drawn.csv", 2, "differs")
