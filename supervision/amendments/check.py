"""Whether an amended round keeps the rules, whoever made it (DRAW.md §5, §6).

Here: a check that shares nothing with the rules (`applying`, `teams`) but the types. Not here: deciding anything.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from supervision.amendments.model import Amended, Decision, DrawnRound, Standing
from supervision.amendments.requests import LATE_CONFLICT, LATE_TRIGGER, NOT_FOUND, REPLACEMENT, Request
from supervision.draw.rows import Stratum
from supervision.matching import inspectors_of
from supervision.matching.visits import LEAD


def check_amended(drawn: DrawnRound, requests: Sequence[Request], amended: Amended) -> list[str]:
    """What is wrong, as Chinese sentences; empty = nothing.

    One decision each, in order; replacements take the next rank and nothing else; every visit has a full team or is
    listed; nobody of the sealed assignment was moved; no conflict, no expired certificate, no load above its cap.
    """
    if [request.number for request in requests] != [decision.number for decision in amended.decisions]:
        return ["申请与结论不是一一对应、次序相同。"]
    granted = [(r, d) for r, d in zip(requests, amended.decisions, strict=True) if d.outcome != "refused"]
    faults = [
        f"申请 {d.number} 未受理而没有说明原因。" for d in amended.decisions if d.outcome == "refused" and not d.why
    ]
    faults += _ranks(drawn, granted, amended.standing)
    faults += _visits(drawn, granted, amended)
    faults += _people(drawn, granted, amended)
    return faults


_Granted = Sequence[tuple[Request, Decision]]


def _ranks(drawn: DrawnRound, granted: _Granted, standing: Sequence[Standing]) -> Iterator[str]:
    reserve: dict[Stratum, list[tuple[int, str]]] = {}
    for row in drawn.reserve:
        reserve.setdefault((row.task, row.county, row.stratum), []).append((row.rank, row.uid))
    where = {(s.row.task, s.row.uid): (s.row.task, s.row.county, s.row.stratum) for s in standing}
    taken: Counter[Stratum] = Counter()
    replaced = {}
    for request, decision in granted:
        if request.kind != REPLACEMENT:
            continue
        stratum = where[request.task, request.uid]
        waiting = sorted(reserve.get(stratum, []))[taken[stratum] :]
        following = waiting[0] if waiting else (None, None)
        if (decision.rank, decision.new_uid) != following:
            yield f"申请 {request.number} 的补抽对象不是候补名单的下一名。"
        taken[stratum] += bool(waiting)
        replaced[request.task, request.uid] = decision.new_uid
    came = {(stratum[0], uid) for stratum, rows in reserve.items() for _, uid in sorted(rows)[: taken[stratum]]}
    if {(s.row.task, s.row.uid) for s in standing} != {(row.task, row.uid) for row in drawn.drawn} | came:
        yield "现行名单不是抽中名单加上依次补抽的对象。"
    if {(s.row.task, s.row.uid): s.replaced_by for s in standing if s.replaced_reason} != replaced:
        yield "已替换的对象与受理的补抽申请不符。"


def _visits(drawn: DrawnRound, granted: _Granted, amended: Amended) -> Iterator[str]:
    """Every reason to visit has a team that can do it, or is listed; no team goes where nobody has to."""
    people = {person.inspector_id: person for person in inspectors_of(drawn.roster)}
    teams: dict[str, dict[str, set[str]]] = {}
    for post in amended.posts:
        uid, _, _ = post.visit_uid.partition(".")
        team = teams.setdefault(uid, {}).setdefault(post.visit_uid, set())
        team.add(post.inspector_id)
    listed = {item.visit_uid for item in amended.unstaffed}
    triggered = {row.uid for row in drawn.triggers} | {r.uid for r, _ in granted if r.kind == LATE_TRIGGER}
    due = set(triggered)
    for each in amended.standing:
        row, task = each.row, drawn.policy.tasks[each.row.task]
        if not drawn.on_site(row) or each.replaced_reason not in (None, NOT_FOUND):
            continue
        due.add(row.uid)
        if each.replaced_reason is not None:
            continue
        able = any(
            len(team) >= task.team_size
            and (task.specialty is None or any(task.specialty in people[name].specialties for name in team))
            for team in teams.get(row.uid, {}).values()
        )
        names = {row.uid, f"{row.uid}.{task.specialty}", f"{row.uid}.{row.task}"}
        if not able and not names & listed:
            yield f"任务 {row.task} 的户次 {row.uid} 既没有够格的检查组，也未列为无人可派。"
    made = teams.keys() | {name.partition(".")[0] for name in listed}
    yield from (f"户次 {uid} 应当检查而没有着落。" for uid in sorted(due - made))
    both = listed & {post.visit_uid for post in amended.posts}
    yield from (f"户次 {name} 须要么有检查组，要么列为无人可派，二者只居其一。" for name in sorted(both))
    yield from (f"户次 {uid} 不必检查而仍派了人。" for uid in sorted(teams.keys() - due))


def _people(drawn: DrawnRound, granted: _Granted, amended: Amended) -> Iterator[str]:
    people = {person.inspector_id: person for person in inspectors_of(drawn.roster)}
    county = {s.row.uid: s.row.county for s in amended.standing} | {row.uid: row.county for row in drawn.triggers}
    conflicts = {(row.inspector_id, row.uid) for row in drawn.conflicts}
    late = {(r.inspector_id, r.uid) for r, _ in granted if r.kind == LATE_CONFLICT}
    ends = [task.window_end for task in drawn.policy.tasks.values() if task.window_end]
    first = min(ends, default=f"{drawn.policy.year}-12-31")
    sealed = {(row.visit_uid, row.inspector_id): row.role for row in drawn.assignment}
    leads: Counter[str] = Counter()
    for post in amended.posts:
        uid, person = post.visit_uid.partition(".")[0], people[post.inspector_id]
        leads[post.visit_uid] += post.role == LEAD
        place = county.get(uid, drawn.county_of.get(uid))
        if place not in person.counties or (post.request is not None and person.valid_until < first):
            yield f"户次 {post.visit_uid} 的人员 {post.inspector_id} 不在当地名录内，或证件已到期。"
        if (post.inspector_id, uid) in conflicts | late:
            yield f"户次 {post.visit_uid} 的人员 {post.inspector_id} 应当回避。"
        if post.request is None and sealed.get((post.visit_uid, post.inspector_id)) != post.role:
            yield f"户次 {post.visit_uid} 的人员 {post.inspector_id} 不是匹配所派，却没有申请依据。"
    yield from (f"户次 {name} 应正好有一名主办。" for name, count in sorted(leads.items()) if count != 1)
    # A visit that fell out, or lost its whole team, may come back with other people.
    anew = {r.uid for r, _ in granted if r.kind == REPLACEMENT and r.reason != NOT_FOUND}
    anew |= {r.uid for r, d in granted if r.kind == LATE_CONFLICT and d.outcome == "unassignable"}
    there = {(post.visit_uid, post.inspector_id) for post in amended.posts}
    for visit_uid, name in sorted(sealed.keys() - there):
        uid = visit_uid.partition(".")[0]
        if visit_uid in leads and (name, uid) not in late and uid not in anew:
            yield f"户次 {visit_uid} 的人员 {name} 被换下，而没有后报的回避。"
    load = Counter(post.inspector_id for post in amended.posts)
    for name, count in sorted(load.items()):
        if count > people[name].load_cap:
            yield f"人员 {name} 承担 {count} 户次，超过上限 {people[name].load_cap}。"
