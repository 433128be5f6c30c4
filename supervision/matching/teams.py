"""Two passes and augmenting paths: which inspectors make which visit (DRAW.md §6).

Here: the matching alone, reproducible by anyone with the round's key K. Not here: late triggers, the check (check).

Where §6 leaves a choice, this is it:
- Pass 1 skips visits without specialty. A visit of several specialties takes, depth first, for its first unheld
  specialty (sorted) the free person of lowest load, ties in pair order; if that leads nowhere, specialty by specialty
  with augmenting paths; if that fails too, it is split: one visit `uid.specialty` per specialty, of the same team size,
  in the place of the whole.
- Pass 2 fills one visit after the other to its team size. Who fails is released at once, and not tried again.
- On an augmenting path a person may leave a team if whoever comes holds what only the leaver held there; a team of
  several specialties is changed at most once on a path, the visit itself never.
- lead: the first in pair order among those who hold a needed specialty (of all, if none is needed); expert: another
  who alone holds one; member: the rest.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from hashlib import sha256

from supervision.matching.visits import (
    EXPERT,
    LEAD,
    MEMBER,
    Assignment,
    AssignmentRow,
    Inspector,
    MatchingError,
    Unassignable,
    Visit,
)


def match(
    key: str, visits: Sequence[Visit], inspectors: Sequence[Inspector], conflicts: Collection[tuple[str, str]]
) -> Assignment:
    """The teams of a round (DRAW.md §6). conflicts: (inspector_id, uid). The order of what is given changes nothing.

    Complete whenever a full assignment exists and no visit needs two specialties. Raises MatchingError for a repeated
    visit or inspector.
    """
    if len({visit.uid for visit in visits}) < len(visits):
        raise MatchingError("待匹配的检查户次中有重复的主体，请先按主体合并（DRAW §6）。")
    if len({person.inspector_id for person in inspectors}) < len(inspectors):
        raise MatchingError("执法检查人员名录中有重复的人员工号，请更正名录（DRAW §6）。")
    return _Matching(key, inspectors, conflicts).run(visits)


def _digest(*parts: str) -> str:
    return sha256("|".join(parts).encode()).hexdigest()


@dataclass(slots=True, eq=False)
class _Post:
    """A visit at work: who may come, in pair order, and who does; able and present: the same people as bits."""

    visit: Visit
    visit_uid: str
    order: tuple[str, str]
    pool: tuple[Inspector, ...]
    able: int
    team: dict[str, Inspector] = field(default_factory=dict)
    present: int = 0

    def only_held_by(self, person: Inspector) -> set[str]:
        """The needed specialties that the team would lose with this person."""
        others = {name for other in self.team.values() if other is not person for name in other.specialties}
        return set(self.visit.specialties) & set(person.specialties) - others


class _Matching:
    """One run of the two passes; loads and teams change together, in _join, _shift and _release only.

    Each person is a bit, so that a search asks one question of a whole pool.
    """

    def __init__(self, key: str, inspectors: Sequence[Inspector], conflicts: Collection[tuple[str, str]]) -> None:
        self._key, self._conflicts = key, frozenset(conflicts)
        self._pools: dict[str, list[Inspector]] = {}
        for person in inspectors:
            for county in person.counties:
                self._pools.setdefault(county, []).append(person)
        self._bit = {person.inspector_id: 1 << number for number, person in enumerate(inspectors)}
        self._holders: dict[str, int] = {}
        for person in inspectors:
            for name in person.specialties:
                self._holders[name] = self._holders.get(name, 0) | self._bit[person.inspector_id]
        self._posts_of: dict[str, set[_Post]] = {person.inspector_id: set() for person in inspectors}
        self._failed: list[Unassignable] = []

    def run(self, visits: Sequence[Visit]) -> Assignment:
        posts = sorted((self._post(visit, visit.uid, "") for visit in visits), key=lambda post: post.order)
        staffed = [part for post in posts for part in self._first_pass(post)]
        teams = [post for post in staffed if self._second_pass(post)]
        rows = [AssignmentRow(post.visit_uid, name, role) for post in teams for name, role in _roles(post)]
        return Assignment(
            tuple(sorted(rows, key=lambda row: (row.visit_uid, row.inspector_id))),
            tuple(sorted(self._failed, key=lambda failed: failed.visit_uid)),
        )

    def _post(self, visit: Visit, visit_uid: str, part: str) -> _Post:
        pool = [
            person
            for person in self._pools.get(visit.county, ())
            if person.valid_until >= visit.valid_to and (person.inspector_id, visit.uid) not in self._conflicts
        ]
        pool.sort(key=lambda person: _digest(self._key, "pair", visit.uid, person.inspector_id))
        able = sum(self._bit[person.inspector_id] for person in pool)
        return _Post(visit, visit_uid, (_digest(self._key, "visit", visit.uid), part), tuple(pool), able)

    def _first_pass(self, post: _Post) -> list[_Post]:
        """The post with its specialists, or its parts that found one; those that did not are listed as failed."""
        if len(post.visit.specialties) > 1:
            if self._together(post):
                return [post]
            visit = post.visit
            parts = [(replace(visit, specialties=(name,)), name) for name in visit.specialties]
            posts = [self._post(part, f"{visit.uid}.{name}", name) for part, name in parts]
        else:
            posts = [post]
        return [part for part in posts if all(self._fill(part, name) for name in part.visit.specialties)]

    def _second_pass(self, post: _Post) -> bool:
        return all(self._fill(post, None) for _ in range(post.visit.team_size - len(post.team)))

    def _together(self, post: _Post) -> bool:
        """Give a post of several specialties its people, or leave it empty and say False."""
        found = self._cover(post, post.visit.specialties, post.visit.team_size)
        if found is not None:
            for person in found:
                self._join(post, person)
            return True
        for name in post.visit.specialties:
            held = any(name in person.specialties for person in post.team.values())
            if not held and (len(post.team) == post.visit.team_size or self._seek(post, name) is not None):
                self._release(post)
                return False
        return True

    def _cover(self, post: _Post, missing: Sequence[str], places: int) -> list[Inspector] | None:
        if not missing:
            return []
        if not places:
            return None
        for person in self._by_load(person for person in post.pool if missing[0] in person.specialties):
            rest = self._cover(post, [name for name in missing if name not in person.specialties], places - 1)
            if rest is not None:
                return [person, *rest]
        return None

    def _fill(self, post: _Post, specialty: str | None) -> bool:
        reached = self._seek(post, specialty)
        if reached is None:
            return True
        self._release(post)
        self._failed.append(
            Unassignable(
                visit_uid=post.visit_uid,
                uid=post.visit.uid,
                county=post.visit.county,
                specialty=specialty,
                reached=reached,
                reason=_reason(post.visit, specialty, reached),
            )
        )
        return False

    def _seek(self, post: _Post, specialty: str | None) -> tuple[str, ...] | None:
        """Add one person to the team; None when done, else those reached in vain."""
        wanted = [
            person
            for person in post.pool
            if person.inspector_id not in post.team and (specialty is None or specialty in person.specialties)
        ]
        for person in self._by_load(wanted):
            self._join(post, person)
            return None
        return self._augment(post, wanted)

    def _load(self, person: Inspector) -> int:
        return len(self._posts_of[person.inspector_id])

    def _by_load(self, people: Iterable[Inspector]) -> list[Inspector]:
        """Those below their cap, lowest load first; sorting is stable, so ties stay in pair order."""
        return sorted((person for person in people if self._load(person) < person.load_cap), key=self._load)

    def _augment(self, post: _Post, wanted: Sequence[Inspector]) -> tuple[str, ...] | None:
        """Shortest augmenting path, breadth first: people in pair order, visits in visit order."""
        came: dict[str, tuple[Inspector, _Post] | None] = {person.inspector_id: None for person in wanted}
        unreached = ~sum(self._bit[name] for name in came)
        queue = deque(wanted)
        while queue:
            person = queue.popleft()
            for other in sorted(self._posts_of[person.inspector_id], key=lambda post: post.order):
                if other is post or (len(other.visit.specialties) > 1 and other in _path(came, person)):
                    continue
                heirs = unreached & self._heirs(other, person)
                if not heirs:
                    continue
                unreached &= ~heirs
                for successor in other.pool:
                    name = successor.inspector_id
                    if not heirs & self._bit[name]:
                        continue
                    came[name] = (person, other)
                    if self._load(successor) < successor.load_cap:
                        self._shift(post, came, successor)
                        return None
                    queue.append(successor)
        return tuple(sorted(came))

    def _heirs(self, post: _Post, leaver: Inspector) -> int:
        """Who may come in the leaver's place: not of the team, and with what only the leaver holds there."""
        bit, heirs = self._bit[leaver.inspector_id], post.able & ~post.present
        for name in post.visit.specialties:
            holders = self._holders.get(name, 0)
            if post.present & holders == bit:
                heirs &= holders
        return heirs

    def _shift(self, post: _Post, came: Mapping[str, tuple[Inspector, _Post] | None], person: Inspector) -> None:
        step = came[person.inspector_id]
        while step is not None:
            leaver, other = step
            del other.team[leaver.inspector_id]
            other.present ^= self._bit[leaver.inspector_id]
            self._posts_of[leaver.inspector_id].remove(other)
            self._join(other, person)
            person, step = leaver, came[leaver.inspector_id]
        self._join(post, person)

    def _join(self, post: _Post, person: Inspector) -> None:
        post.team[person.inspector_id] = person
        post.present |= self._bit[person.inspector_id]
        self._posts_of[person.inspector_id].add(post)

    def _release(self, post: _Post) -> None:
        """Take a post's people back; it is not looked at again."""
        for name in post.team:
            self._posts_of[name].remove(post)


def _path(came: Mapping[str, tuple[Inspector, _Post] | None], person: Inspector) -> Iterator[_Post]:
    step = came[person.inspector_id]
    while step is not None:
        yield step[1]
        step = came[step[0].inspector_id]


def _roles(post: _Post) -> Iterator[tuple[str, str]]:
    team = [person for person in post.pool if person.inspector_id in post.team]
    holders = [person for person in team if set(person.specialties) & set(post.visit.specialties)]
    lead = (holders or team)[0]
    for person in team:
        role = LEAD if person is lead else EXPERT if post.only_held_by(person) else MEMBER
        yield person.inspector_id, role


def _reason(visit: Visit, specialty: str | None, reached: Sequence[str]) -> str:
    if not reached:
        who = f"持 {specialty} 专长、可派的检查人员" if specialty else "足够的可派检查人员"
        return f"{visit.county} 没有{who}（须在名录内、证件有效期至 {visit.valid_to}、无须回避），请市局调派。"
    who = f"持 {specialty} 专长的检查人员" if specialty else "检查人员"
    return f"{visit.county} 可派的{who}均已达上限且无法调换：{'、'.join(reached)}，请市局调派或增加力量。"
