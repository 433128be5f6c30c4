"""The eight files that are committed before anyone can know the outcome, typed and checked (DRAW.md §2).

Here: reading them, every rule that holds inside and between them, and their manifest. Not here: writing them
(`writing`), the format of policy.json (`round_policy`). A message names file and line, never a grade or a subject.
"""

from __future__ import annotations

import hashlib
from bisect import bisect_left
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

from supervision.draw.counts import DRAWN_THIS_YEAR, Counts
from supervision.draw.round_policy import CommittedError, RoundPolicy, TaskPolicy, parse_policy_json, refuse
from supervision.draw.rows import (
    FRAME,
    POPULATION,
    STATES,
    ConflictRow,
    FrameRow,
    InspectorRow,
    PopulationRow,
    Stratum,
    StratumRow,
    TriggerRow,
)
from supervision.draw.tables import (
    StratumCount,
    check_county,
    check_uid,
    code_list,
    parse_conflicts,
    parse_context,
    parse_roster,
    parse_strata,
    parse_triggers,
    sorted_rows,
)

EIGHT = (
    "conflicts.csv",
    "context.json",
    "frame.csv",
    "policy.json",
    "population.csv",
    "roster.csv",
    "strata.csv",
    "triggers.csv",
)


@dataclass(frozen=True, slots=True)
class Committed:
    """The eight files of a round, each in file order; the manifest's digest stands for their bytes. DRAW.md §2."""

    population: tuple[PopulationRow, ...]
    frame: tuple[FrameRow, ...]
    strata: tuple[StratumRow, ...]
    triggers: tuple[TriggerRow, ...]
    roster: tuple[InspectorRow, ...]
    conflicts: tuple[ConflictRow, ...]
    policy: RoundPolicy
    context: Mapping[str, object]
    manifest_sha256: str

    @property
    def drawn_this_year(self) -> Mapping[Stratum, int]:
        """Frame rows with the reason `drawn_this_year` by stratum, counted at each call."""
        drawn = (row for row in self.frame if row.state == "blocked" and row.reason == DRAWN_THIS_YEAR)
        return Counter((row.task, row.county, row.stratum) for row in drawn)

    def counts(self) -> Counts:
        """The round counted once, for the arithmetic."""
        return Counts(self.policy, self.strata, self.triggers, self.drawn_this_year)


def manifest_bytes(files: Mapping[str, bytes]) -> bytes:
    """manifest.txt: the lines of sha256sum over the eight files, by name; CommittedError if one lacks. DRAW.md §2."""
    for name in EIGHT:
        if name not in files:
            raise CommittedError(f"缺少待承诺文件 {name}，请补齐八个文件后重试。")
    lines = (f"{hashlib.sha256(files[name]).hexdigest()}  {name}\n" for name in EIGHT)
    return "".join(lines).encode()


def check_kind(line: int, county: str, kind: str, text: str, policy: RoundPolicy) -> tuple[str, ...]:
    """The fields of a row of population.csv; refuses county, type or fields outside the closed lists."""
    name = "population.csv"
    check_county(name, line, county, policy)
    if kind not in policy.types:
        refuse(name, line, "的 type 不在 policy.json 的 types 中")
    fields = code_list(name, line, "fields", text)
    if not set(fields) <= set(policy.fields):
        refuse(name, line, "的 fields 含 policy.json 的 fields 以外的代码")
    return fields


def in_scope(task: TaskPolicy, kind: str, fields: Sequence[str]) -> bool:
    """Whether subjects of this type and these fields belong to the task. DRAW.md §2."""
    return kind in task.types and (not task.fields or not set(task.fields).isdisjoint(fields))


def check_place(line: int, row: tuple[str, str, str, str], policy: RoundPolicy) -> None:
    """Refuse task, stratum, state or reason of a row of frame.csv outside the closed lists."""
    name = "frame.csv"
    task, stratum, state, reason = row
    if task not in policy.tasks:
        refuse(name, line, "的任务不在 policy.json 中，或对象不在 population.csv 的该任务范围内")
    if stratum not in policy.tasks[task].levels:
        refuse(name, line, f"的 stratum 不在 policy.json 中任务 {task} 的 levels 内")
    if (
        state not in STATES
        or (reason != "" and reason not in policy.reasons)
        or (state == "eligible") != (reason == "")
    ):
        refuse(name, line, "的 state 或 reason 不合规定（仅 eligible 无原因，其余原因须在 reasons 清单内）")


def _population(data: bytes, policy: RoundPolicy) -> tuple[PopulationRow, ...]:
    kinds: dict[tuple[str, str, str], tuple[str, str, tuple[str, ...]]] = {}
    rows: list[PopulationRow] = []
    for line, (uid, *cells) in sorted_rows("population.csv", data, POPULATION, (0,)):
        check_uid("population.csv", line, uid)
        county, kind, text = cells
        known = kinds.get((county, kind, text))
        if known is None:
            known = kinds[county, kind, text] = (county, kind, check_kind(line, county, kind, text, policy))
        rows.append(PopulationRow(uid, *known))
    return tuple(rows)


def _expected(population: Sequence[PopulationRow], policy: RoundPolicy) -> Iterator[tuple[str, int, PopulationRow]]:
    """Task, line in population.csv and row of everything that the frame must hold, in the order of the frame."""
    for code, task in policy.tasks.items():
        known: dict[tuple[str, tuple[str, ...]], bool] = {}
        for line, row in enumerate(population, start=2):
            kind = (row.type, row.fields)
            inside = known.get(kind)
            if inside is None:
                inside = known[kind] = in_scope(task, row.type, row.fields)
            if inside:
                yield code, line, row


def _frame(
    data: bytes, population: Sequence[PopulationRow], policy: RoundPolicy
) -> tuple[tuple[FrameRow, ...], dict[Stratum, StratumCount]]:
    name = "frame.csv"
    places: dict[tuple[str, str, str, str], tuple[str, str, str]] = {}
    counts: dict[Stratum, StratumCount] = {}
    rows: list[FrameRow] = []
    expected = _expected(population, policy)
    line = 1
    for line, (task, uid, county, *rest) in sorted_rows(name, data, FRAME, (0, 1)):
        code, there, subject = next(expected, ("", 0, None))
        if subject is None or (task, uid) < (code, subject.uid):
            refuse(name, line, "的任务不在 policy.json 中，或对象不在 population.csv 的该任务范围内")
        if (task, uid) != (code, subject.uid):
            refuse(name, line, f"之前缺少 population.csv 第 {there} 行的对象（它在任务 {code} 的范围内）")
        if county != subject.county:
            refuse(name, line, f"的 county 与 population.csv 第 {there} 行不一致")
        stratum, state, reason = rest
        place = places.get((code, stratum, state, reason))
        if place is None:
            check_place(line, (code, stratum, state, reason), policy)
            place = places[code, stratum, state, reason] = (stratum, state, reason)
        counts.setdefault((code, subject.county, place[0]), StratumCount(line)).add(state)
        rows.append(FrameRow(code, subject.uid, subject.county, *place))
    code, there, subject = next(expected, ("", 0, None))
    if subject is not None:
        refuse(name, line, f"之后缺少 population.csv 第 {there} 行的对象（它在任务 {code} 的范围内）")
    return tuple(rows), counts


def check_capacity(named: Collection[str], policy: RoundPolicy) -> None:
    """Refuse a capacity with a county that no subject, trigger or inspector names. DRAW.md §2."""
    if not policy.capacity.keys() <= set(named):
        refuse("policy.json", 1, "的 capacity 多出对象、线索和检查人员中都没有的属地")


def parse_committed(files: Mapping[str, bytes]) -> Committed:
    """The eight files, typed; other names in the mapping are not looked at.

    Raises CanonicalError for a file that is not in its canonical form and CommittedError for one that breaks a rule
    of DRAW.md §2: closed lists, keys sorted and unique, frame = every subject in scope, base = eligible + blocked,
    one county per subject, capacity exactly the counties there are.
    """
    manifest_sha256 = hashlib.sha256(manifest_bytes(files)).hexdigest()
    policy = parse_policy_json(files["policy.json"])
    population = _population(files["population.csv"], policy)
    frame, counts = _frame(files["frame.csv"], population, policy)
    strata = parse_strata(files["strata.csv"], counts, policy)

    def home(uid: str) -> str | None:
        place = bisect_left(population, uid, key=lambda row: row.uid)
        return population[place].county if place < len(population) and population[place].uid == uid else None

    triggers = parse_triggers(files["triggers.csv"], home, policy)
    roster = parse_roster(files["roster.csv"], policy)
    check_capacity({row.county for rows in (population, triggers, roster) for row in rows}, policy)
    return Committed(
        population=population,
        frame=frame,
        strata=strata,
        triggers=triggers,
        roster=roster,
        conflicts=parse_conflicts(files["conflicts.csv"]),
        policy=policy,
        context=parse_context(files["context.json"]),
        manifest_sha256=manifest_sha256,
    )
