"""Whether an assignment keeps the rules, whoever made it (DRAW.md §6).

Here: a check that shares nothing with the matching (teams) but the types.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence

from supervision.matching.visits import LEAD, Assignment, AssignmentRow, Inspector, Visit


def check_assignment(
    assignment: Assignment,
    visits: Sequence[Visit],
    inspectors: Sequence[Inspector],
    conflicts: Collection[tuple[str, str]],
) -> list[str]:
    """What is wrong with an assignment, whoever made it, as Chinese sentences; empty = nothing (DRAW.md §6).

    Every visit has a full team or is listed as unassignable; people are distinct, of the county, licensed until valid_to,
    without conflict, at most at their cap; every needed specialty is there; one lead.
    """
    people = {person.inspector_id: person for person in inspectors}
    teams: dict[str, list[AssignmentRow]] = {}
    for row in assignment.rows:
        teams.setdefault(row.visit_uid, []).append(row)
    failed = {item.visit_uid for item in assignment.unassignable}
    settled = teams.keys() | failed
    known: set[str] = set()
    faults: list[str] = []
    for visit in visits:
        parts = {f"{visit.uid}.{name}": (name,) for name in visit.specialties}
        split = not settled.isdisjoint(parts)
        for visit_uid, needed in (parts if split else {visit.uid: visit.specialties}).items():
            known.add(visit_uid)
            if (visit_uid in teams) == (visit_uid in failed):
                faults.append(f"户次 {visit_uid} 须要么有检查组，要么列为无法派人，二者只居其一。")
            elif visit_uid in teams:
                faults += _team_faults(visit, visit_uid, needed, teams[visit_uid], people, conflicts)
    faults += [f"户次 {visit_uid} 不在本批次之内。" for visit_uid in sorted(settled - known)]
    load = Counter(row.inspector_id for row in assignment.rows)
    for name, count in sorted(load.items()):
        if name in people and count > people[name].load_cap:
            faults.append(f"人员 {name} 承担 {count} 户次，超过上限 {people[name].load_cap}。")
    return faults


def _team_faults(
    visit: Visit,
    visit_uid: str,
    needed: Sequence[str],
    rows: Sequence[AssignmentRow],
    people: Mapping[str, Inspector],
    conflicts: Collection[tuple[str, str]],
) -> Iterator[str]:
    names = [row.inspector_id for row in rows]
    if len(set(names)) != len(names) or len(names) != visit.team_size:
        yield f"户次 {visit_uid} 应有 {visit.team_size} 名不同的检查人员，现有 {len(set(names))} 名、{len(names)} 行。"
    if [row.role for row in rows].count(LEAD) != 1:
        yield f"户次 {visit_uid} 应正好有一名主办。"
    held: set[str] = set()
    for name in names:
        person = people.get(name)
        if person is None or visit.county not in person.counties:
            yield f"户次 {visit_uid} 的人员 {name} 不在 {visit.county} 的名录内。"
            continue
        held |= set(person.specialties)
        if person.valid_until < visit.valid_to:
            yield f"户次 {visit_uid} 的人员 {name} 的执法证在 {visit.valid_to} 之前到期。"
        if (name, visit.uid) in conflicts:
            yield f"户次 {visit_uid} 的人员 {name} 应当回避。"
    for specialty in sorted(set(needed) - held):
        yield f"户次 {visit_uid} 的检查组中无人持 {specialty} 专长。"
