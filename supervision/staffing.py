"""Whether each county has the people for a month's visits: told before the draw (R-07, DRAW §4, §6, issue 4).

Here: certificates, specialties, team size and visits counted county by county, and the words for a person. Not here: the
roster as committed (sql/plan/roster.sql), the capacity that cuts (supervision.policy.county_capacity), the matching.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from supervision.policy.model import WHOLE

ANYONE: Final = "any"  # in the place of a specialty: everybody, whatever their specialty


@dataclass(frozen=True, slots=True)
class Person:
    """One row of the newest roster, without a name; specialties: field codes."""

    county: str
    specialties: frozenset[str]
    is_active: bool
    valid_until: date


@dataclass(frozen=True, slots=True)
class Need:
    """What one task asks of one county in a month, on site.

    subjects: base of its on-site strata; visits_e4, floor_e4: expected of the batch and kept in any cut, in 1/10000 visits.
    """

    task: str
    county: str
    subjects: int
    visits_e4: int
    floor_e4: int
    team_size: int
    specialty: str | None
    window_end: date


@dataclass(frozen=True, slots=True)
class Staffing:
    """One county and one specialty (or ANYONE). capacity and visits only for ANYONE; finding: None if all is well."""

    county: str
    needed_specialty: str
    listed_people: int
    inactive_people: int
    expired_people: int
    expiring_people: int
    usable_people: int
    needed_people: int
    subjects_in_scope: int
    capacity: int | None
    visits_expected: int | None
    visits_floor: int | None
    findings: str | None


def specialty_codes(text: str | None, codes: Mapping[str, str]) -> frozenset[str]:
    """Field codes of a roster's 执法专长, names or codes separated as people do; codes: name -> code.

    Raises KeyError for a name that the source's contract lets pass and the fields do not know.
    """
    for mark in "；、,，":
        text = (text or "").replace(mark, ";")
    names = [name.strip() for name in (text or "").split(";")]
    known = {**codes, **{code: code for code in codes.values()}}
    return frozenset(known[name] for name in names if name)


def staffing(
    people: Sequence[Person],
    needs: Sequence[Need],
    *,
    as_of: date,
    capacity: Mapping[str, int],
    triggers: Mapping[str, int],
    names: Mapping[str, str],
) -> list[Staffing]:
    """Every county of `capacity` with everybody, then with each specialty that one of its tasks needs, in order.

    capacity: county -> visits; triggers: county -> subjects to visit without a draw; names: of fields and counties.
    A certificate counts if it outlasts the window of the tasks in question, as it must for a visit (DRAW §6).
    """
    rows = []
    for county in sorted(capacity):
        own = [person for person in people if person.county == county]
        asked = [need for need in needs if need.county == county and need.subjects]
        rows.append(_everybody(county, own, asked, as_of, capacity[county], triggers.get(county, 0)))
        for specialty in sorted({need.specialty for need in asked if need.specialty}):
            able = [person for person in own if specialty in person.specialties]
            mine = [need for need in asked if need.specialty == specialty]
            rows.append(_specialists(county, specialty, able, mine, as_of, names.get(specialty, specialty)))
    return rows


def county_sentences(rows: Iterable[Staffing], names: Mapping[str, str]) -> list[str]:
    """One sentence for each county with a finding, by county: `夏县：名录 18 人，证件过期 3 人；特种设备专长 0 人，需至少 1 人`."""
    found: dict[str, list[str]] = {}
    for row in rows:
        if row.findings:
            found.setdefault(row.county, []).append(row.findings)
    return [f"{names.get(county, county)}：{'；'.join(parts)}" for county, parts in sorted(found.items())]


def _counted(people: Collection[Person], as_of: date, until: date) -> dict[str, int]:
    active = [person for person in people if person.is_active]
    valid = [person for person in active if person.valid_until > as_of]
    usable = sum(person.valid_until >= until for person in valid)
    return {
        "listed_people": len(people),
        "inactive_people": len(people) - len(active),
        "expired_people": len(active) - len(valid),
        "expiring_people": len(valid) - usable,
        "usable_people": usable,
    }


def _until(needs: Collection[Need], as_of: date) -> date:
    return max((need.window_end for need in needs), default=as_of)


def _everybody(
    county: str, people: Collection[Person], needs: Collection[Need], as_of: date, capacity: int, triggers: int
) -> Staffing:
    until = _until(needs, as_of)
    counted = _counted(people, as_of, until)
    needed = max((need.team_size for need in needs), default=0)
    expected = triggers + _visits(sum(need.visits_e4 for need in needs))
    floor = triggers + _visits(sum(need.floor_e4 for need in needs))
    lack = [
        (counted["expired_people"], f"证件过期 {counted['expired_people']} 人"),
        (counted["expiring_people"], f"检查窗口结束（{until}）前到期 {counted['expiring_people']} 人"),
        (counted["usable_people"] < needed, f"可用 {counted['usable_people']} 人，每组需 {needed} 人"),
        (capacity < floor, f"检查力量 {capacity} 户次，保底即需约 {floor} 户次，不足则本批不能承诺"),
        (
            floor <= capacity < expected,
            f"检查力量 {capacity} 户次，预计约 {expected} 户次（联合检查未合并），不足部分按政策压减",
        ),
    ]
    told = [words for wrong, words in lack if wrong]
    inactive = f"（停用 {counted['inactive_people']} 人）" if counted["inactive_people"] else ""
    return Staffing(
        county=county,
        needed_specialty=ANYONE,
        needed_people=needed,
        subjects_in_scope=sum(need.subjects for need in needs),
        capacity=capacity,
        visits_expected=expected,
        visits_floor=floor,
        findings="，".join([f"名录 {counted['listed_people']} 人{inactive}", *told]) if told else None,
        **counted,
    )


def _specialists(
    county: str, specialty: str, people: Collection[Person], needs: Collection[Need], as_of: date, name: str
) -> Staffing:
    counted = _counted(people, as_of, _until(needs, as_of))
    usable = counted["usable_people"]
    return Staffing(
        county=county,
        needed_specialty=specialty,
        needed_people=1,
        subjects_in_scope=sum(need.subjects for need in needs),
        capacity=None,
        visits_expected=None,
        visits_floor=None,
        findings=None if usable else f"{name}专长 {usable} 人，需至少 1 人（{'、'.join(need.task for need in needs)}）",
        **counted,
    )


def _visits(amount_e4: int) -> int:
    return (amount_e4 + WHOLE - 1) // WHOLE
