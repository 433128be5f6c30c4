"""The leak meter: exact against the worked example, brute force and a simulated draw; limits and what follows (R-38)."""

from __future__ import annotations

import random
from collections import Counter, defaultdict
from dataclasses import asdict
from datetime import date
from fractions import Fraction as F
from pathlib import Path

import pytest
import yaml

from supervision.policy import parse_policy
from supervision.reports import leak_limits, leak_meter, leak_year
from supervision.reports.leak import leak_words
from supervision.reports.leak_limits import LeakLimitError
from supervision.reports.leak_meter import Profile

ROOT = Path(__file__).resolve().parents[2]
POLICY = parse_policy(yaml.safe_load((ROOT / "data_contracts/policies/default-2026.yaml").read_text("utf-8")))
LIMITS = yaml.safe_load((ROOT / "data_contracts/leak.yaml").read_text("utf-8"))
FIRMS = {"A": 43_939, "B": 11_214, "C": 3_114, "D": 1_733}  # DOMAIN §4.9
RATES = {"A": F(1, 100), "B": F(3, 100), "C": F(10, 100), "D": F(50, 100)}
ONE_TASK = [Profile("140802", grade, (("GEN", grade),), n, (("GEN", grade),)) for grade, n in FIRMS.items()]
ONE_CHANCE = {("GEN", "140802", grade): rate for grade, rate in RATES.items()}


def test_the_example_of_the_domain_is_44_per_cent_against_2_9() -> None:
    shares = {grade: F(n, 60_000) for grade, n in FIRMS.items()}
    told = leak_meter.posterior(shares, RATES)
    assert round(float(told["D"]) * 100) == 44
    assert round(float(shares["D"]) * 100, 1) == 2.9
    assert sum(told.values()) == 1
    listed = leak_meter.of_list(ONE_TASK, ONE_CHANCE)
    assert (listed.p_d, listed.p_cd) == (told["D"], told["C"] + told["D"])
    assert (listed.base_d, listed.named_d) == (shares["D"], 0)
    assert leak_meter.of_task(ONE_TASK, ONE_CHANCE, "GEN") == listed
    assert leak_meter.posterior(shares, {}) == {}


def test_totals_tell_nothing_of_one_firm() -> None:
    told = leak_meter.no_names(ONE_TASK)
    assert (told.p_d, told.p_cd, told.named_d, told.listed) == (told.base_d, told.base_cd, 0, 0)
    assert told.p_d == F(1_733, 60_000)


def test_whoever_has_the_key_names_most_of_the_drawn_d_firms() -> None:
    # Above the highest chance of any other grade only D firms are listed: 1 − 10/50 of them, whatever the shares.
    for scope in (True, False):
        told = leak_meter.of_tickets(ONE_TASK, ONE_CHANCE, knows_scope=scope)
        assert told.named_d == F(4, 5)
        assert told.p_d > F(8, 10) > leak_meter.of_list(ONE_TASK, ONE_CHANCE).p_d
    alone = leak_meter.of_tickets(ONE_TASK, dict.fromkeys(ONE_CHANCE, F(1, 10)), knows_scope=True)
    assert (alone.p_d, alone.named_d) == (alone.base_d, 0)  # equal chances: a ticket tells nothing


def test_equal_rates_tell_nothing_and_a_list_of_d_alone_tells_all() -> None:
    flat = leak_meter.of_all_rows(ONE_TASK, dict.fromkeys(ONE_CHANCE, F(1, 9)))
    assert (flat.p_d, flat.p_cd) == (flat.base_d, flat.base_cd)
    only = leak_meter.of_all_rows(ONE_TASK, {("GEN", "140802", "D"): F(1, 2)})
    assert (only.p_d, only.named_d) == (1, 1)


TWO_TASKS = [
    Profile("X", "A", (("GEN", "A"), ("FOOD", "L1")), 700),
    Profile("X", "A", (("GEN", "A"),), 900),
    Profile("X", "C", (("GEN", "C"), ("FOOD", "L3")), 150),
    Profile("X", "C", (("FOOD", "L1"),), 100),
    Profile("X", "D", (("GEN", "D"), ("FOOD", "L3")), 60),
    Profile("X", "D", (("GEN", "D"),), 80),
    Profile("X", "B", (), 50),
]
SIZES = {("GEN", "A"): 32, ("GEN", "C"): 30, ("GEN", "D"): 70, ("FOOD", "L1"): 64, ("FOOD", "L3"): 63}
TWO_CHANCES = {
    (task, "X", stratum): F(size, sum(p.firms for p in TWO_TASKS if (task, stratum) in p.places))
    for (task, stratum), size in SIZES.items()
}


def simulated(rounds: int) -> tuple[float, float, float, float]:
    """A real draw, rank by ticket in each stratum, many times: P(D | listed), what rows tell of D and of C or D, firms listed."""
    source = random.Random(20_260)
    firms = [(profile.grade, profile.places) for profile in TWO_TASKS for _ in range(profile.firms)]
    seen: dict[tuple[str, ...], Counter[str]] = defaultdict(Counter)
    listed: Counter[str] = Counter()
    for _ in range(rounds):
        tickets = [source.random() for _ in firms]
        rows: dict[int, list[str]] = defaultdict(list)
        for (task, stratum), size in SIZES.items():
            order = sorted((tickets[i], i) for i, (_, places) in enumerate(firms) if (task, stratum) in places)[:size]
            for _, number in order:
                rows[number].append(task)
        for number, tasks in rows.items():
            grade = firms[number][0]
            listed[grade] += 1
            seen[tuple(sorted(tasks))][grade] += 1
    total = listed.total()
    given = sum(c["D"] ** 2 / c.total() for c in seen.values()) / listed["D"]
    both = sum((c["C"] + c["D"]) ** 2 / c.total() for c in seen.values()) / (listed["C"] + listed["D"])
    return listed["D"] / total, given, both, total / rounds


def test_a_simulated_draw_agrees() -> None:
    in_list, in_rows, in_rows_cd, listed = simulated(60)
    whole, rows = leak_meter.of_list(TWO_TASKS, TWO_CHANCES), leak_meter.of_all_rows(TWO_TASKS, TWO_CHANCES)
    assert float(whole.listed) == pytest.approx(listed, rel=0.02)
    assert float(whole.p_d) == pytest.approx(in_list, abs=0.015)
    assert float(rows.p_d) == pytest.approx(in_rows, abs=0.02)
    assert float(rows.p_cd) == pytest.approx(in_rows_cd, abs=0.02)
    assert abs(float(whole.p_d) - in_rows) > 0.05  # the test could tell the two readers apart


def test_every_reader_knows_at_least_as_much_as_the_one_before() -> None:
    whole, rows = leak_meter.of_list(TWO_TASKS, TWO_CHANCES), leak_meter.of_all_rows(TWO_TASKS, TWO_CHANCES)
    ticket = leak_meter.of_tickets(TWO_TASKS, TWO_CHANCES, knows_scope=False)
    key = leak_meter.of_tickets(TWO_TASKS, TWO_CHANCES, knows_scope=True)
    assert whole.base_d < whole.p_d < rows.p_d < ticket.p_d <= key.p_d
    assert len({whole.listed, rows.listed, ticket.listed, key.listed}) == 1  # the same list


def test_the_numeric_ticket_reader_is_what_a_fine_grid_of_tickets_says() -> None:
    steps = 40_000
    given = weight = F(0)
    for n in range(steps):
        ticket = F(2 * n + 1, 2 * steps)
        cells: dict[tuple[str, ...], Counter[str]] = defaultdict(Counter)
        for p in TWO_TASKS:
            tasks = tuple(sorted(t for t, s in p.places if ticket < TWO_CHANCES[t, "X", s]))
            cells[tasks][p.grade] += p.firms if tasks else 0
        if not any(c.total() for c in cells.values()):
            break
        for c in cells.values():
            if c.total():
                given += F(c["D"] ** 2, c.total())
                weight += c["D"]
    told = leak_meter.of_tickets(TWO_TASKS, TWO_CHANCES, knows_scope=False)
    assert float(told.p_d) == pytest.approx(float(given / weight), abs=0.001)


def test_chances_are_what_is_due_less_what_capacity_cut() -> None:
    key = {"task": "GEN", "county": "X", "stratum": "D"}
    found = leak_limits.chances_of(
        [
            key | {"target_e4": 80_000},
            key | {"stratum": "A", "target_e4": 15_000},
            key | {"stratum": "B", "target_e4": 0},
        ],
        [key | {"eligible": 40}, key | {"stratum": "A", "eligible": 100}, key | {"stratum": "B", "eligible": 0}],
        [key | {"planned": 8, "size": 6}, key | {"stratum": "A", "planned": 2, "size": 2}],
    )
    assert found == {("GEN", "X", "D"): F(8, 40) * F(6, 8), ("GEN", "X", "A"): F(15, 1000)}


# —— several rounds ——


def test_a_quota_lists_a_firm_once_and_keeps_its_yearly_rate() -> None:
    once = leak_year.Course(3, 11, 0.5, 3, True)
    never, first, again, more = leak_year.listings((once,))
    assert (never, first, again, more) == (pytest.approx(0.5), pytest.approx(0.5), 0, 0)
    chances = leak_year.listings((leak_year.Course(3, 11, 0.03, 6, False),))
    assert sum(n * chance for n, chance in enumerate(chances)) == pytest.approx(0.03, rel=0.02)
    assert chances[3] == 0 < chances[2]  # a window of nine months and a gap of six: twice at most


def test_the_year_agrees_with_a_simulated_one() -> None:
    courses = (leak_year.Course(3, 11, 0.5, 3, True), leak_year.Course(1, 12, 0.6, 4, False))
    source, runs = random.Random(7), 20_000
    counted: Counter[int] = Counter()
    for _ in range(runs):
        free, seen = [1, 1], 0
        for month in range(1, 13):
            ticket = source.random()
            drawn = [i for i in (0, 1) if free[i] <= month and ticket < courses[i].chance(month)]
            for i in drawn:
                free[i] = courses[i].free_again(month)
            seen += bool(drawn)
        counted[min(seen, 3)] += 1
    for times, chance in enumerate(leak_year.listings(courses)):
        assert chance == pytest.approx(counted[times] / runs, abs=0.012)


def test_a_second_listing_for_quotas_alone_cannot_be_and_says_nothing_of_d() -> None:
    told = leak_year.after_listings(ONE_TASK, POLICY, 1)
    assert told.base_d < told.p_d < F(1, 2)
    twice = leak_year.after_listings(ONE_TASK, POLICY, 2)
    assert twice.p_d == 0 < twice.listed  # GEN draws its C and D firms once a year: who comes twice is A or B
    scope = (("GEN", "D"), ("METRO", "D"))
    mixed = [
        *ONE_TASK,
        Profile("140802", "D", (), 300, scope),
        Profile("140802", "A", (), 300, (("GEN", "A"), ("METRO", "A"))),
    ]
    assert leak_year.after_listings(mixed, POLICY, 2).p_d > F(8, 10)


# —— limits ——


def edition(action: str = "hold", p_d: str = "1/2") -> leak_limits.Edition:
    limit = {"file": "drawn_public.csv", "reader": "listed", "p_d": p_d, "p_cd": "9/10", "action": action}
    version = {"version": "t", "valid_from": date(2026, 1, 1), "caused_by": "试验用的上限", "limits": [limit]}
    return leak_limits.parse_limits(LIMITS | {"versions": [version]})[0]


def metered(limits: leak_limits.Edition) -> list[dict[str, object]]:
    rows = leak_limits.meter_rows(ONE_TASK, ONE_CHANCE, POLICY, {"GEN": "登记事项检查", "140802": "盐湖区局"}, limits)
    return [asdict(row) for row in rows]


def test_every_public_file_and_every_reader_has_a_row() -> None:
    rows = metered(edition())
    assert {row["public_file"] for row in rows} == {
        "plan_public.csv", "county_totals_public.csv", "round_public.csv", "drawn_public.csv", "results_public.csv",
    }  # fmt: skip
    assert {row["reader"] for row in rows if row["public_file"] == "drawn_public.csv"} == set(leak_limits.READERS)
    assert len({(row["public_file"], row["reader"], row["reader_scope"]) for row in rows}) == len(rows)
    [worst] = [row for row in rows if str(row["reader_scope"]).startswith("最易推知")]
    assert worst["reader_scope"] == "最易推知的：盐湖区局，登记事项检查" and worst["meter_state"] == "shown"


def test_what_is_over_a_limit_asks_for_its_action_and_nothing_else_does() -> None:
    assert leak_limits.action_of(metered(edition())) is None
    over = metered(edition(p_d="2/5"))
    assert leak_limits.action_of(over) == "hold"
    assert leak_limits.told(over) == "drawn_public.csv（只知名列其中）"
    assert leak_limits.action_of(metered(edition("merge", "2/5"))) == "merge"
    assert leak_limits.action_of([*over, *metered(edition("warn", "2/5"))]) == "hold"
    again = leak_limits.findings_sha256("2026-10", over)
    assert again == leak_limits.findings_sha256("2026-10", metered(edition(p_d="2/5")))
    assert again != leak_limits.findings_sha256("2026-10", metered(edition(p_d="1/5")))
    assert again != leak_limits.findings_sha256("2026-11", over)


def test_the_list_is_held_for_what_its_own_columns_tell() -> None:
    """The columns stand in the list itself: a limit that only warned of them let a list out that named its D firms."""
    shipped = leak_limits.edition_in_force(leak_limits.parse_limits(LIMITS), date(2026, 10, 1)).limits
    assert {key[1]: each.action for key, each in shipped.items() if key[0] == "drawn_public.csv"} == {
        "listed": "hold", "file": "hold", "twice": "warn", "thrice": "warn",
    }  # fmt: skip


def test_a_reading_of_nobody_is_not_within_a_limit() -> None:
    states = {(row["public_file"], row["reader"]): row["meter_state"] for row in metered(edition())}
    assert states["drawn_public.csv", "listed"] == "within"
    empty = leak_limits.meter_rows(ONE_TASK, {}, POLICY, {}, edition())
    assert {row.meter_state for row in empty if row.public_file == "drawn_public.csv" and row.reader == "listed"} == {
        "nobody"
    }


def test_what_a_person_is_told_says_no_grade_and_no_figure() -> None:
    text = leak_limits.hold_text("2026-10", metered(edition(p_d="2/5")), {"LDXZ": "领导小组负责人"})
    assert leak_words(text) == [] and "%" not in text and "0." not in text
    assert "ssj decide --month 2026-10 --hold leak_meter" in text and "LDXZ（领导小组负责人）" in text


def test_the_shipped_limits_can_be_used_in_every_month_of_a_policy() -> None:
    editions = leak_limits.parse_limits(LIMITS)
    assert leak_limits.edition_in_force(editions, date(2022, 1, 1)).limits
    with pytest.raises(LeakLimitError, match="没有有效的泄密度量上限"):
        leak_limits.edition_in_force(editions, date(2021, 12, 31))


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"file": "sampling_plan.xlsx"}, "不认识"),
        ({"reader": "neighbour"}, "不认识"),
        ({"action": "ignore"}, "不认识"),
        ({"p_d": "0"}, "大于 0"),
        ({"p_d": "3/2"}, "不超过 1"),
        ({"p_cd": "1/3"}, "不大于 p_cd"),
        ({"p_d": "half"}, "结构不对"),
        ({"file": "plan_public.csv", "action": "hold"}, "只有 drawn_public.csv"),
    ],
)
def test_limits_that_cannot_be_used_are_refused(change: dict[str, str], told: str) -> None:
    limit = {"file": "drawn_public.csv", "reader": "file", "p_d": "1/2", "p_cd": "3/4", "action": "warn"} | change
    version = {"version": "t", "valid_from": "2026-01-01", "caused_by": "试验用的上限", "limits": [limit]}
    with pytest.raises(LeakLimitError, match=told):
        leak_limits.parse_limits(LIMITS | {"versions": [version]})
