"""Teams after the matching: people are added or one is exchanged, nobody is moved (DRAW.md §6, last sentences).

Here: the loads, who is eligible, and how a place is filled: the lowest load, ties by SHA256(K|pair|uid|inspector_id),
specialists first, no augmentation. Not here: which request asks for what (`applying`), the round's own matching.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import replace
from hashlib import sha256

from supervision.amendments.model import DrawnRound, Post
from supervision.matching import Inspector, Visit, inspectors_of
from supervision.matching.visits import EXPERT, LEAD, MEMBER


class Teams:
    """The teams in force: visit_uid -> its people. A visit that falls out frees them."""

    def __init__(self, drawn: DrawnRound) -> None:
        """The teams of the sealed assignment."""
        self._key = drawn.key
        self._people = {person.inspector_id: person for person in inspectors_of(drawn.roster)}
        self.conflicts = {(row.inspector_id, row.uid) for row in drawn.conflicts}
        self._posts: dict[str, dict[str, Post]] = {}
        self._load: Counter[str] = Counter()
        for row in drawn.assignment:
            self._put(Post(row.visit_uid, row.inspector_id, row.role, None))

    def knows(self, inspector_id: str) -> bool:
        """Whether the roster has this person."""
        return inspector_id in self._people

    def of(self, visit_uid: str) -> tuple[str, ...]:
        """The people of a visit, the lead first."""
        posts = self._posts.get(visit_uid, {}).values()
        return tuple(post.inspector_id for post in sorted(posts, key=lambda p: (p.role != LEAD, p.inspector_id)))

    def lead(self, visit_uids: Iterable[str]) -> str | None:
        """The first lead of these visits."""
        return next((team[0] for visit_uid in visit_uids if (team := self.of(visit_uid))), None)

    def release(self, visit_uid: str) -> None:
        """The visit falls out, or has lost its team: its people are free for others."""
        for name in list(self._posts.pop(visit_uid, {})):
            self._load[name] -= 1

    def held(self, visit_uid: str) -> set[str]:
        """The specialties that the team holds."""
        return {name for person in self.of(visit_uid) for name in self._people[person].specialties}

    def complete(self, visit_uid: str, visit: Visit, request: int) -> str | None:
        """Add whom the team lacks for this visit, specialists first; the reason if somebody cannot be found.

        Whoever stands in the team stays. If anyone lacks in the end, nobody is added.
        """
        fresh, came = not self.of(visit_uid), list[str]()
        wanted: list[str | None] = [name for name in visit.specialties if name not in self.held(visit_uid)]
        wanted += [None] * visit.team_size
        for specialty in wanted:
            if specialty in self.held(visit_uid) or (specialty is None and len(self.of(visit_uid)) >= visit.team_size):
                continue
            needed = {specialty} if specialty else set[str]()
            person = self._next(visit_uid, visit, needed)
            if person is None:
                for name in came:
                    self._take(visit_uid, name)
                return _reason(visit, sorted(needed))
            self._put(Post(visit_uid, person.inspector_id, MEMBER, request))
            came.append(person.inspector_id)
        self._give_roles(visit_uid, visit, came, fresh=fresh)
        return None

    def exchange(self, visit_uid: str, visit: Visit, leaver: str, request: int) -> str | None:
        """Send the next one in the place of a person who must not go; the reason if there is none: the team is released."""
        others = {
            name for person in self.of(visit_uid) if person != leaver for name in self._people[person].specialties
        }
        needed = set(visit.specialties) & set(self._people[leaver].specialties) - others
        role = self._take(visit_uid, leaver).role
        person = self._next(visit_uid, visit, needed)
        if person is None:
            self.release(visit_uid)
            return _reason(visit, sorted(needed))
        self._put(Post(visit_uid, person.inspector_id, role, request))
        return None

    def posts(self) -> tuple[Post, ...]:
        """Everyone's place, by visit and person."""
        found = (post for team in self._posts.values() for post in team.values())
        return tuple(sorted(found, key=lambda post: (post.visit_uid, post.inspector_id)))

    def _put(self, post: Post) -> None:
        self._posts.setdefault(post.visit_uid, {})[post.inspector_id] = post
        self._load[post.inspector_id] += 1

    def _take(self, visit_uid: str, inspector_id: str) -> Post:
        self._load[inspector_id] -= 1
        return self._posts[visit_uid].pop(inspector_id)

    def _next(self, visit_uid: str, visit: Visit, needed: Collection[str]) -> Inspector | None:
        load = self._load
        free = [
            person
            for name, person in self._people.items()
            if name not in self._posts.get(visit_uid, {})
            and visit.county in person.counties
            and person.valid_until >= visit.valid_to
            and (name, visit.uid) not in self.conflicts
            and load[name] < person.load_cap
            and set(needed) <= set(person.specialties)
        ]
        return min(free, key=lambda p: (load[p.inspector_id], self._pair(visit.uid, p.inspector_id)), default=None)

    def _pair(self, uid: str, inspector_id: str) -> str:
        return sha256(f"{self._key}|pair|{uid}|{inspector_id}".encode()).hexdigest()

    def _give_roles(self, visit_uid: str, visit: Visit, came: Collection[str], *, fresh: bool) -> None:
        """lead, expert, member as in the matching; who had a role before keeps it."""
        posts, needed = self._posts[visit_uid], set(visit.specialties)
        team = sorted(posts, key=lambda name: self._pair(visit.uid, name))
        holders = [name for name in team if needed & set(self._people[name].specialties)]
        for name in came:
            others = {held for other in team if other != name for held in self._people[other].specialties}
            alone = needed & set(self._people[name].specialties) - others
            role = LEAD if fresh and name == (holders or team)[0] else EXPERT if alone else MEMBER
            posts[name] = replace(posts[name], role=role)


def _reason(visit: Visit, needed: Collection[str]) -> str:
    who = f"持 {'、'.join(needed)} 专长、可派的检查人员" if needed else "足够的可派检查人员"
    return (
        f"{visit.county} 没有{who}（须在名录内、证件有效期至 {visit.valid_to}、无须回避、未达户次上限；"
        "已派的人员不作调换），请市局调派。"
    )
