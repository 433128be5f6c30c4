"""A roster with expired certificates, missing specialties or too few people: told county by county before the draw."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date

import pytest

from supervision.staffing import ANYONE, Need, Person, Staffing, county_sentences, specialty_codes, staffing

AS_OF, WINDOW_END = date(2026, 10, 31), date(2026, 12, 31)
XIA, LINYI = "140828", "140821"
EQUIPMENT = "special_equipment"
GOOD = Person(XIA, frozenset(), True, date(2028, 1, 1))
EXPERT = replace(GOOD, specialties=frozenset({EQUIPMENT}))
EXPIRED = replace(GOOD, valid_until=AS_OF)
ENDING = replace(GOOD, valid_until=date(2026, 12, 30))
NEED = Need("GEN", XIA, 100, 40_000, 10_000, 2, None, date(2026, 11, 30))
EQUIP = Need("EQUIP", XIA, 5, 5_000, 5_000, 2, EQUIPMENT, WINDOW_END)


def judged(
    people: Sequence[Person],
    needs: Sequence[Need] = (NEED, EQUIP),
    capacity: int = 10,
    triggers: Mapping[str, int] | None = None,
) -> dict[str, Staffing]:
    """The rows of 夏县 by specialty."""
    rows = staffing(
        people, needs, as_of=AS_OF, capacity={XIA: capacity}, triggers=triggers or {}, names={EQUIPMENT: "特种设备"}
    )
    return {row.needed_specialty: row for row in rows}


def test_a_county_with_enough_people_has_no_finding() -> None:
    rows = judged([GOOD, EXPERT])
    assert list(rows) == [ANYONE, EQUIPMENT]
    assert {row.findings for row in rows.values()} == {None}
    assert county_sentences(rows.values(), {}) == []


def test_expired_certificates_are_told_with_their_number() -> None:
    row = judged([GOOD, EXPERT, EXPIRED, EXPIRED, replace(EXPIRED, is_active=False)])[ANYONE]
    assert (row.listed_people, row.inactive_people, row.expired_people, row.usable_people) == (5, 1, 2, 2)
    assert row.findings == "名录 5 人（停用 1 人），证件过期 2 人"


def test_a_certificate_must_outlast_the_window() -> None:
    last_day = replace(GOOD, valid_until=WINDOW_END)
    assert judged([last_day, EXPERT])[ANYONE].findings is None
    row = judged([ENDING, last_day, EXPERT])[ANYONE]
    assert (row.expired_people, row.expiring_people, row.usable_people) == (0, 1, 2)
    assert row.findings == "名录 3 人，检查窗口结束（2026-12-31）前到期 1 人"


@pytest.mark.parametrize(
    "people", [[], [EXPERT], [EXPERT, replace(GOOD, is_active=False)], [EXPERT, replace(GOOD, county=LINYI)]]
)
def test_fewer_people_than_a_team(people: list[Person]) -> None:
    row = judged(people)[ANYONE]
    assert row.findings is not None and "每组需 2 人" in row.findings
    assert row.needed_people == 2


def test_a_specialty_that_nobody_has() -> None:
    rows = judged([GOOD, GOOD, replace(EXPERT, is_active=False), replace(EXPERT, valid_until=ENDING.valid_until)])
    assert rows[EQUIPMENT].findings == "特种设备专长 0 人，需至少 1 人（EQUIP）"
    assert (rows[EQUIPMENT].listed_people, rows[EQUIPMENT].expiring_people) == (2, 1)
    [sentence] = county_sentences(rows.values(), {XIA: "夏县"})
    assert sentence.startswith("夏县：名录 4 人") and sentence.endswith("特种设备专长 0 人，需至少 1 人（EQUIP）")


def test_a_specialty_without_subjects_here_is_not_asked_for() -> None:
    assert list(judged([GOOD, GOOD], [NEED, replace(EQUIP, subjects=0)])) == [ANYONE]
    assert list(judged([GOOD, GOOD], [NEED, replace(EQUIP, county=LINYI)])) == [ANYONE]


def test_capacity_against_floor_and_expectation() -> None:
    """4 + 0.5 visits expected, 1 + 0.5 kept; three triggers more of each."""
    people = [GOOD, EXPERT]
    row = judged(people, capacity=8, triggers={XIA: 3, LINYI: 9})[ANYONE]
    assert (row.visits_expected, row.visits_floor, row.findings) == (8, 5, None)
    short = judged(people, capacity=7, triggers={XIA: 3})[ANYONE].findings
    assert short is not None and "检查力量 7 户次，预计约 8 户次" in short
    assert judged(people, capacity=5, triggers={XIA: 3})[ANYONE].findings != short
    floor = judged(people, capacity=4, triggers={XIA: 3})[ANYONE].findings
    assert floor is not None and "保底即需约 5 户次" in floor and "预计" not in floor


def test_a_county_without_anyone_is_told_too() -> None:
    rows = staffing([], [NEED], as_of=AS_OF, capacity={XIA: 0, LINYI: 0}, triggers={}, names={})
    assert [(row.county, row.findings is None) for row in rows] == [(LINYI, True), (XIA, False)]


def test_specialties_as_people_write_them() -> None:
    codes = {"特种设备": EQUIPMENT, "食品销售": "food_sales"}
    assert specialty_codes("特种设备；食品销售、特种设备", codes) == {EQUIPMENT, "food_sales"}
    assert specialty_codes(f"{EQUIPMENT}; ", codes) == {EQUIPMENT}
    assert specialty_codes(None, codes) == frozenset()
    with pytest.raises(KeyError):
        specialty_codes("核安全", codes)
