"""Requests applied to a drawn and matched round, one after the other in the order of their ledger (DRAW.md §5, §6).

Here: what each kind of request changes, and why one is refused. Not here: who goes (`teams`), the check (`check`).

Where the clauses leave a choice, this is it:
- A replacement is the next rank of the same task, county and stratum, also for one who came as a replacement himself.
- A rank that is already visited is consumed without a new visit: its visit takes the task over, and gets the specialist
  that its team lacks.
- A visit whose last reason is gone by 注销 or 迁出 falls out, and its people are free. 查无 was found at the door: that visit
  stays with its finding, and the replacement comes on top.
- A late conflict exchanges that person only; if nobody can come in his place, the visit has no team and is listed.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from dataclasses import replace

from supervision.amendments.model import Amended, Decision, DrawnRound, Standing, Unstaffed
from supervision.amendments.requests import (
    KINDS,
    LATE_CONFLICT,
    LATE_TRIGGER,
    NOT_FOUND,
    REASONS,
    REPLACEMENT,
    TRIGGER_TYPES,
    Request,
)
from supervision.amendments.teams import Teams
from supervision.draw.round_policy import CODE
from supervision.draw.rows import DrawnRow, Stratum
from supervision.matching import Visit

_NOBODY = "匹配时没有可派的检查组。"


class _Refused(Exception):
    """A request that changes nothing; the message says why."""


def amend(drawn: DrawnRound, requests: Iterable[Request]) -> Amended:
    """The round after the requests (of this round, in the order of the ledger); the sealed round itself never changes."""
    state = _State(drawn)
    return state.result([state.decide(request) for request in requests])


class _State:
    """The round so far: who stands in which task, which visits are made and by whom."""

    def __init__(self, drawn: DrawnRound) -> None:
        self._round, self._teams = drawn, Teams(drawn)
        self._standing = {(row.task, row.uid): Standing(row, from_reserve=False) for row in drawn.drawn}
        self._waiting: dict[Stratum, deque[DrawnRow]] = {}
        for row in sorted(drawn.reserve, key=lambda row: row.rank):
            self._waiting.setdefault((row.task, row.county, row.stratum), deque()).append(row)
        self._trigger_ids = {row.trigger_id for row in drawn.triggers}
        self._triggered = {row.uid for row in drawn.triggers}
        self._home = {row.uid: row.county for row in drawn.triggers}
        self._tasks: dict[str, dict[str, DrawnRow]] = {row.uid: {} for row in drawn.triggers}
        for row in filter(drawn.on_site, drawn.drawn):
            self._tasks.setdefault(row.uid, {})[row.task] = row
            self._home[row.uid] = row.county
        self._places: dict[str, set[str]] = {}
        for name in [row.visit_uid for row in drawn.assignment] + list(drawn.unmet):
            self._places.setdefault(name.partition(".")[0], set()).add(name)
        self._unmet: dict[str, str] = {}
        for uid in self._tasks:
            for place in self._places.setdefault(uid, {uid}):
                if not self._teams.of(place):
                    self._unmet[place] = drawn.unmet.get(place, _NOBODY)

    def decide(self, request: Request) -> Decision:
        """What becomes of one request."""
        try:
            if request.kind == REPLACEMENT:
                return self._replace(request)
            if request.kind == LATE_TRIGGER:
                return self._trigger(request)
            if request.kind == LATE_CONFLICT:
                return self._conflict(request)
            raise _Refused(f"没有这一类申请，只有{'、'.join(KINDS.values())}。")
        except _Refused as refused:
            return Decision(request.number, "refused", str(refused), uid=request.uid)

    def result(self, decisions: list[Decision]) -> Amended:
        """Everything as it stands, sorted."""
        standing = sorted(self._standing.values(), key=lambda s: (s.row.task, s.row.county, s.row.stratum, s.row.rank))
        unstaffed = (
            Unstaffed(place, uid, self._home[uid], self._unmet[place])
            for uid, places in self._places.items()
            for place in places
            if place in self._unmet
        )
        return Amended(
            tuple(decisions),
            tuple(standing),
            self._teams.posts(),
            tuple(sorted(unstaffed, key=lambda item: item.visit_uid)),
        )

    def _replace(self, request: Request) -> Decision:
        old = self._standing.get((request.task, request.uid))
        if request.reason not in REASONS:
            raise _Refused(f"补抽的原因只能是{'、'.join(REASONS.values())}之一，请按原因重新申请。")
        if not request.evidence:
            raise _Refused("补抽须附证据（登记变更文号、现场笔录等），请补上后重新申请。")
        if not request.asked_by:
            raise _Refused("补抽须写明申请的人员工号或岗位，请补上后重新申请。")
        if old is None:
            raise _Refused("该主体未在这项任务中抽中，不能补抽，请核对任务与主体标识。")
        if old.replaced_reason is not None:
            raise _Refused("该主体在这项任务中已经替换过，不能重复申请。")
        row = old.row
        on_site, uid = self._round.on_site(row), row.uid
        former = self._teams.lead(sorted(self._places.get(uid, ()))) if on_site else None
        waiting = self._waiting.get((row.task, row.county, row.stratum))
        new = waiting.popleft() if waiting else None
        self._standing[row.task, uid] = replace(
            old, replaced_reason=request.reason, replaced_by=new.uid if new else None
        )
        if on_site and request.reason != NOT_FOUND:
            self._drop_task(row)
        told = Decision(request.number, "off_site", None, uid, row.county, row.stratum, former_lead=former)
        if new is None:
            return replace(told, outcome="reserve_exhausted", why="这一档次的候补名单已用尽，本批次不再补抽。")
        self._standing[new.task, new.uid] = Standing(new, from_reserve=True, request=request.number)
        told = replace(told, new_uid=new.uid, rank=new.rank)
        if not on_site:
            return told
        outcome, why, team = self._visit(new.uid, new.county, new, request.number)
        return replace(told, outcome=outcome, why=why, team=team)

    def _drop_task(self, row: DrawnRow) -> None:
        """The subject need not be visited for this task; without any other reason its visit falls out."""
        tasks, places = self._tasks[row.uid], self._places[row.uid]
        tasks.pop(row.task, None)
        part = self._part_of(row)
        if part in self._unmet and len(places) > 1:
            del self._unmet[part]
            places.remove(part)
        if not tasks and row.uid not in self._triggered:
            for place in self._places.pop(row.uid):
                self._teams.release(place)
                self._unmet.pop(place, None)
            del self._tasks[row.uid]

    def _visit(
        self, uid: str, county: str, row: DrawnRow | None, number: int
    ) -> tuple[str, str | None, tuple[str, ...]]:
        """See to it that the subject is visited, for this draw or for a trigger: (outcome, why, team)."""
        outcome = "joined_visit" if uid in self._tasks else "new_visit"
        self._home[uid] = county
        tasks, places = self._tasks.setdefault(uid, {}), self._places.setdefault(uid, set())
        staffed = sorted(place for place in places if self._teams.of(place))
        if staffed and row is None:
            return outcome, None, self._teams.of(staffed[0])
        if staffed and row is not None:
            own = self._round.visit(uid, county, (row,))
            holders = [place for place in staffed if set(own.specialties) <= self._teams.held(place)]
            place = (holders or staffed)[0]
            why = self._teams.complete(place, own, number)
            if why is None:
                tasks[row.task] = row
                return outcome, None, self._teams.of(place)
            places.add(self._part_of(row))
            self._unmet[self._part_of(row)] = why
            return "unassignable", why, ()
        if row is not None:
            tasks[row.task] = row
        for place in places:
            self._unmet.pop(place, None)
        self._places[uid] = {uid}
        why = self._teams.complete(uid, self._round.visit(uid, county, tasks.values()), number)
        if why is None:
            return outcome, None, self._teams.of(uid)
        self._unmet[uid] = why
        return "unassignable", why, ()

    def _part_of(self, row: DrawnRow) -> str:
        """The name of the visit for this task alone, where the others of the subject have a team and it has none."""
        return f"{row.uid}.{self._round.policy.tasks[row.task].specialty or row.task}"

    def _trigger(self, request: Request) -> Decision:
        if not CODE.fullmatch(request.trigger_id):
            raise _Refused("线索编号只能含字母、数字、点、下划线和连字符，且不能为空，请改正后重新申请。")
        if request.trigger_id.upper().startswith("V."):
            raise _Refused("V. 开头的线索编号留给作废批次照常检查的对象，请换用工单号等自己的编号。")
        if request.trigger_id in self._trigger_ids:
            raise _Refused("该线索编号已在本批次中，不能重复登记。")
        if request.trigger_type not in TRIGGER_TYPES:
            raise _Refused(f"触发类型只能是{'、'.join(TRIGGER_TYPES)}之一，请改正后重新申请。")
        if not request.evidence:
            raise _Refused("线索须附证据编号（工单号、文号、法条等），请补上后重新申请。")
        county = self._round.county_of.get(request.uid)
        if county is None:
            raise _Refused("该主体不在本批次冻结的检查对象名录中，请核对主体标识，或按属地另行办理。")
        self._trigger_ids.add(request.trigger_id)
        outcome, why, team = self._visit(request.uid, county, None, request.number)
        self._triggered.add(request.uid)
        return Decision(request.number, outcome, why, uid=request.uid, county=county, team=team)

    def _conflict(self, request: Request) -> Decision:
        name, uid = request.inspector_id, request.uid
        county = self._round.county_of.get(uid, self._home.get(uid))
        if not self._teams.knows(name):
            raise _Refused("该人员工号不在本批次的检查人员名录中，请核对工号。")
        if county is None:
            raise _Refused("该主体不在本批次冻结的检查对象名录中，请核对主体标识。")
        if (name, uid) in self._teams.conflicts:
            raise _Refused("该回避关系已经登记，不必重复。")
        self._teams.conflicts.add((name, uid))
        places = [place for place in sorted(self._places.get(uid, ())) if name in self._teams.of(place)]
        if not places:
            return Decision(request.number, "recorded", uid=uid, county=county)
        former, whole = self._teams.lead(places), self._round.visit(uid, county, self._tasks[uid].values())
        reasons = []
        for place in places:
            visit = _part(whole, place)
            why = self._teams.exchange(place, visit, name, request.number)
            if why is not None:
                self._unmet[place] = why
                reasons.append(why)
        team = tuple(dict.fromkeys(person for place in places for person in self._teams.of(place)))
        told = Decision(request.number, "team_changed", None, uid, county, former_lead=former, team=team)
        return replace(told, outcome="unassignable", why=reasons[0]) if reasons else told


def _part(visit: Visit, place: str) -> Visit:
    """The visit as this team makes it: of a split one, the specialty that its name ends in."""
    _, _, specialty = place.partition(".")
    if not specialty:
        return visit
    return replace(visit, specialties=(specialty,))
