"""The eight files that are committed before anyone can know the outcome, typed and checked (DRAW.md §2).

Here: reading them, every rule that holds inside and between them, and their manifest. Not here: writing them
(`writing`), the format of policy.json (`round_policy`). A message names file and line, never a grade or a subject.
"""

from __future__ import annotations

import hashlib
import re
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from supervision.canonical import integer, iter_csv, parse_json
from supervision.draw.counts import DRAWN_THIS_YEAR, Counts
from supervision.draw.round_policy import CODE, CommittedError, RoundPolicy, is_day, parse_policy_json, refuse
from supervision.draw.rows import (
    CONFLICTS,
    FRAME,
    POPULATION,
    ROSTER,
    STATES,
    STRATA,
    TRIGGERS,
    ConflictRow,
    FrameRow,
    InspectorRow,
    PopulationRow,
    Stratum,
    StratumRow,
    TriggerRow,
)
from supervision.uid import is_uid

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

_SHA256 = re.compile("[0-9a-f]{64}")
_CONTEXT_DIGESTS = ("register_sha256", "grade_snapshot_sha256", "visit_ledger_sha256", "previous_certificate_sha256")


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
        return Counter((row.task, row.county, row.stratum) for row in self.frame if row.reason == DRAWN_THIS_YEAR)

    def counts(self) -> Counts:
        """The round counted once, for the arithmetic."""
        return Counts(self.policy, self.strata, self.triggers, self.drawn_this_year)


@dataclass(slots=True)
class _Count:
    """What the frame says of one stratum, and the line where it first appears."""

    line: int
    base: int = 0
    eligible: int = 0


def manifest_bytes(files: Mapping[str, bytes]) -> bytes:
    """manifest.txt: the lines of sha256sum over the eight files, by name; CommittedError if one lacks. DRAW.md §2."""
    for name in EIGHT:
        if name not in files:
            raise CommittedError(f"缺少待承诺文件 {name}，请补齐八个文件后重试。")
    lines = (f"{hashlib.sha256(files[name]).hexdigest()}  {name}\n" for name in EIGHT)
    return "".join(lines).encode()


def _sorted_rows(
    name: str, data: bytes, header: Sequence[str], key: Sequence[int]
) -> Iterator[tuple[int, tuple[str, ...]]]:
    """Line number and cells of each row; refuses a key that does not come after the one before it."""
    before: tuple[str, ...] = ()
    for line, cells in enumerate(iter_csv(name, data, header), start=2):
        here = tuple(cells[i] for i in key)
        if here <= before:
            refuse(name, line, f"未按 {'、'.join(header[i] for i in key)} 排序或与上一行重复")
        before = here
        yield line, cells


def _code_list(name: str, line: int, column: str, text: str) -> tuple[str, ...]:
    codes = tuple(text.split(";")) if text else ()
    if any(a >= b for a, b in pairwise(codes)) or not all(map(CODE.fullmatch, codes)):
        refuse(name, line, f"的 {column} 应为以分号连接、排好序且不重复的代码")
    return codes


def _check_code(name: str, line: int, column: str, text: str) -> None:
    if not CODE.fullmatch(text):
        refuse(name, line, f"的 {column} 含字母、数字、点、下划线、连字符以外的字符")


def _check_uid(name: str, line: int, text: str) -> None:
    if not is_uid(text):
        refuse(name, line, "的 uid 不是校验有效的统一社会信用代码，也不是 R: 加 15 位注册号")


def _county(name: str, line: int, text: str, policy: RoundPolicy) -> None:
    if text not in policy.capacity:
        refuse(name, line, "的 county 不在 policy.json 的 capacity 中")


def _population(data: bytes, policy: RoundPolicy) -> tuple[PopulationRow, ...]:
    name = "population.csv"
    counties, types = {c: c for c in policy.capacity}, {t: t for t in policy.types}
    lists: dict[str, tuple[str, ...]] = {}
    rows: list[PopulationRow] = []
    for line, (uid, county, kind, text) in _sorted_rows(name, data, POPULATION, (0,)):
        _check_uid(name, line, uid)
        _county(name, line, county, policy)
        if kind not in types:
            refuse(name, line, "的 type 不在 policy.json 的 types 中")
        if text not in lists:
            fields = _code_list(name, line, "fields", text)
            if not set(fields) <= set(policy.fields):
                refuse(name, line, "的 fields 含 policy.json 的 fields 以外的代码")
            lists[text] = fields
        rows.append(PopulationRow(uid, counties[county], types[kind], lists[text]))
    return tuple(rows)


def _expected(population: Sequence[PopulationRow], policy: RoundPolicy) -> Iterator[tuple[str, int, PopulationRow]]:
    """Task, line in population.csv and row of everything that the frame must hold, in the order of the frame."""
    for code, task in policy.tasks.items():
        types, fields = set(task.types), set(task.fields)
        known: dict[tuple[str, tuple[str, ...]], bool] = {}
        for line, row in enumerate(population, start=2):
            kind = (row.type, row.fields)
            inside = known.get(kind)
            if inside is None:
                inside = row.type in types and (not fields or not fields.isdisjoint(row.fields))
                known[kind] = inside
            if inside:
                yield code, line, row


def _frame(
    data: bytes, population: Sequence[PopulationRow], policy: RoundPolicy
) -> tuple[tuple[FrameRow, ...], dict[Stratum, _Count]]:
    name = "frame.csv"
    states = {s: s for s in STATES}
    reasons = {r: r for r in ("", *policy.reasons)}
    strata = {task: {s: s for s in policy.tasks[task].levels} for task in policy.tasks}
    counts: dict[Stratum, _Count] = {}
    rows: list[FrameRow] = []
    expected = _expected(population, policy)
    line = 1
    for line, (task, uid, county, stratum, state, reason) in _sorted_rows(name, data, FRAME, (0, 1)):
        code, there, subject = next(expected, ("", 0, None))
        if subject is None or (task, uid) < (code, subject.uid):
            refuse(name, line, "的任务不在 policy.json 中，或对象不在 population.csv 的该任务范围内")
        if (task, uid) != (code, subject.uid):
            refuse(name, line, f"之前缺少 population.csv 第 {there} 行的对象（它在任务 {code} 的范围内）")
        if county != subject.county:
            refuse(name, line, f"的 county 与 population.csv 第 {there} 行不一致")
        if stratum not in strata[code]:
            refuse(name, line, f"的 stratum 不在 policy.json 中任务 {code} 的 levels 内")
        if state not in states or reason not in reasons or (state == "eligible") != (reason == ""):
            refuse(name, line, "的 state 或 reason 不合规定（仅 eligible 无原因，其余原因须在 reasons 清单内）")
        stratum = strata[code][stratum]
        count = counts.setdefault((code, subject.county, stratum), _Count(line))
        count.base += state != "exempt"
        count.eligible += state == "eligible"
        rows.append(FrameRow(code, subject.uid, subject.county, stratum, states[state], reasons[reason]))
    code, there, subject = next(expected, ("", 0, None))
    if subject is not None:
        refuse(name, line, f"之后缺少 population.csv 第 {there} 行的对象（它在任务 {code} 的范围内）")
    return tuple(rows), counts


def _strata(data: bytes, counts: Mapping[Stratum, _Count], policy: RoundPolicy) -> tuple[StratumRow, ...]:
    name = "strata.csv"
    rows: list[StratumRow] = []
    line = 1
    for line, (task, county, stratum, *texts) in _sorted_rows(name, data, STRATA, (0, 1, 2)):
        if task not in policy.tasks or stratum not in policy.tasks[task].levels:
            refuse(name, line, "的 task 或 stratum 不在 policy.json 中")
        _county(name, line, county, policy)
        base, eligible, drawn, served = (
            integer(name, line, column, text) for column, text in zip(STRATA[3:], texts, strict=True)
        )
        count = counts.get((task, county, stratum), _Count(0))
        if (base, eligible) != (count.base, count.eligible):
            refuse(name, line, "的 base 或 eligible 与 frame.csv 清点的户数不一致")
        rows.append(StratumRow(task, county, stratum, base, eligible, drawn, served))
    stated = {row.key for row in rows}
    for key, count in counts.items():
        if count.base and key not in stated:
            refuse(name, line, f"为止缺少 frame.csv 第 {count.line} 行所属的档次")
    return tuple(rows)


def _triggers(data: bytes, population: Sequence[PopulationRow], policy: RoundPolicy) -> tuple[TriggerRow, ...]:
    name = "triggers.csv"
    rows: list[TriggerRow] = []
    homes: dict[str, str] = {}
    for line, (trigger_id, uid, county) in _sorted_rows(name, data, TRIGGERS, (0,)):
        _check_code(name, line, "trigger_id", trigger_id)
        _check_uid(name, line, uid)
        _county(name, line, county, policy)
        place = bisect_left(population, uid, key=lambda row: row.uid)
        if place < len(population) and population[place].uid == uid:
            homes.setdefault(uid, population[place].county)
        if homes.setdefault(uid, county) != county:
            refuse(name, line, "的 county 与同一对象在 population.csv 或前面行中的属地不一致")
        rows.append(TriggerRow(trigger_id, uid, county))
    return tuple(rows)


def _roster(data: bytes, policy: RoundPolicy) -> tuple[InspectorRow, ...]:
    name = "roster.csv"
    rows: list[InspectorRow] = []
    for line, (inspector_id, county, text, days, load_cap, valid_until) in _sorted_rows(name, data, ROSTER, (0,)):
        _check_code(name, line, "inspector_id", inspector_id)
        _county(name, line, county, policy)
        if not is_day(valid_until):
            refuse(name, line, "的 valid_until 不是 YYYY-MM-DD 的日期")
        specialties = _code_list(name, line, "specialties", text)
        free, cap = integer(name, line, "days", days), integer(name, line, "load_cap", load_cap)
        rows.append(InspectorRow(inspector_id, county, specialties, free, cap, valid_until))
    return tuple(rows)


def _conflicts(data: bytes) -> tuple[ConflictRow, ...]:
    name = "conflicts.csv"
    rows: list[ConflictRow] = []
    for line, (inspector_id, uid) in _sorted_rows(name, data, CONFLICTS, (0, 1)):
        _check_code(name, line, "inspector_id", inspector_id)
        _check_uid(name, line, uid)
        rows.append(ConflictRow(inspector_id, uid))
    return tuple(rows)


def _context(data: bytes) -> Mapping[str, object]:
    name = "context.json"
    context = parse_json(name, data)
    if not isinstance(context, dict):
        refuse(name, 1, "应为对象")
    for key in (*_CONTEXT_DIGESTS, "calendar", "code_commit"):
        if key not in context:
            refuse(name, 1, f"缺少 {key}")
    for key, value in context.items():
        if key.endswith("_sha256") and value is None and key not in _CONTEXT_DIGESTS[:2]:
            continue  # the first round has no previous certificate
        digest = key.endswith("_sha256")
        if not isinstance(value, str) or not value or (digest and not _SHA256.fullmatch(value)):
            refuse(name, 1, f"的 {key} 应为{' 64 位小写十六进制摘要' if digest else '非空文字'}")
    return context


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
    strata = _strata(files["strata.csv"], counts, policy)
    triggers = _triggers(files["triggers.csv"], population, policy)
    roster = _roster(files["roster.csv"], policy)
    named = {row.county for row in population} | {row.county for row in triggers} | {row.county for row in roster}
    if named != policy.capacity.keys():
        refuse("policy.json", 1, "的 capacity 多出对象、线索和检查人员中都没有的属地")
    return Committed(
        population=population,
        frame=frame,
        strata=strata,
        triggers=triggers,
        roster=roster,
        conflicts=_conflicts(files["conflicts.csv"]),
        policy=policy,
        context=_context(files["context.json"]),
        manifest_sha256=manifest_sha256,
    )
