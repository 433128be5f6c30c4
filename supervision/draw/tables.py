"""The four small tables and context.json of a round, typed and checked (DRAW.md §2).

Here: strata, triggers, roster, conflicts, context, and the rules of a single cell. Not here: population and frame, which
may be large (`committed` in Python, `resources.freezing` in SQL). A message names file and line, never a subject.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from supervision.canonical import integer, iter_csv, parse_json
from supervision.draw.round_policy import CODE, RoundPolicy, is_day, refuse
from supervision.draw.rows import (
    CONFLICTS,
    ROSTER,
    STRATA,
    TRIGGERS,
    ConflictRow,
    InspectorRow,
    Stratum,
    StratumRow,
    TriggerRow,
)
from supervision.uid import is_uid

_SHA256 = re.compile("[0-9a-f]{64}")
_CONTEXT_DIGESTS = ("register_sha256", "grade_snapshot_sha256", "visit_ledger_sha256", "previous_certificate_sha256")


@dataclass(slots=True)
class StratumCount:
    """What the frame says of one stratum, and the line where it first appears (0: not known)."""

    line: int
    base: int = 0
    eligible: int = 0

    def add(self, state: str, rows: int = 1) -> None:
        """Count so many rows of a state: exempt ones are not in the base."""
        self.base += rows * (state != "exempt")
        self.eligible += rows * (state == "eligible")


def sorted_rows(
    name: str, data: bytes, header: Sequence[str], key: Sequence[int]
) -> Iterator[tuple[int, tuple[str, ...]]]:
    """Line number (the header is 1) and cells of each row; refuses a key that does not come after the one before it."""
    before: tuple[str, ...] = ()
    for line, cells in enumerate(iter_csv(name, data, header), start=2):
        here = tuple(cells[i] for i in key)
        if here <= before:
            refuse(name, line, f"未按 {'、'.join(header[i] for i in key)} 排序或与上一行重复")
        before = here
        yield line, cells


def code_list(name: str, line: int, column: str, text: str) -> tuple[str, ...]:
    """The codes of a `;`-joined cell; refuses any but sorted, distinct codes."""
    codes = tuple(text.split(";")) if text else ()
    if any(a >= b for a, b in pairwise(codes)) or not all(map(CODE.fullmatch, codes)):
        refuse(name, line, f"的 {column} 应为以分号连接、排好序且不重复的代码")
    return codes


def check_code(name: str, line: int, column: str, text: str) -> None:
    """Refuse a cell that is no code."""
    if not CODE.fullmatch(text):
        refuse(name, line, f"的 {column} 含字母、数字、点、下划线、连字符以外的字符")


def check_uid(name: str, line: int, text: str) -> None:
    """Refuse a cell that is no uid in its canonical spelling."""
    if not is_uid(text):
        refuse(name, line, "的 uid 不是校验有效的统一社会信用代码，也不是 R: 加 15 位注册号")


def check_county(name: str, line: int, text: str, policy: RoundPolicy) -> None:
    """Refuse a county that the policy does not name."""
    if text not in policy.capacity:
        refuse(name, line, "的 county 不在 policy.json 的 capacity 中")


def parse_strata(data: bytes, counts: Mapping[Stratum, StratumCount], policy: RoundPolicy) -> tuple[StratumRow, ...]:
    """strata.csv, held against what the frame was counted to hold; CanonicalError or CommittedError. DRAW.md §2."""
    name = "strata.csv"
    rows: list[StratumRow] = []
    line = 1
    for line, (task, county, stratum, *texts) in sorted_rows(name, data, STRATA, (0, 1, 2)):
        if task not in policy.tasks or stratum not in policy.tasks[task].levels:
            refuse(name, line, "的 task 或 stratum 不在 policy.json 中")
        check_county(name, line, county, policy)
        base, eligible, drawn, served = (
            integer(name, line, column, text) for column, text in zip(STRATA[3:], texts, strict=True)
        )
        count = counts.get((task, county, stratum), StratumCount(0))
        if (base, eligible) != (count.base, count.eligible):
            refuse(name, line, "的 base 或 eligible 与 frame.csv 清点的户数不一致")
        rows.append(StratumRow(task, county, stratum, base, eligible, drawn, served))
    stated = {row.key for row in rows}
    for key, count in counts.items():
        if count.base and key not in stated:
            place = f"第 {count.line} 行" if count.line else "中某行"
            refuse(name, line, f"为止缺少 frame.csv {place}所属的档次")
    return tuple(rows)


def parse_triggers(data: bytes, home: Callable[[str], str | None], policy: RoundPolicy) -> tuple[TriggerRow, ...]:
    """triggers.csv; `home` tells the county of a subject of the population. CanonicalError or CommittedError. DRAW.md §2."""
    name = "triggers.csv"
    rows: list[TriggerRow] = []
    homes: dict[str, str] = {}
    for line, (trigger_id, uid, county) in sorted_rows(name, data, TRIGGERS, (0,)):
        check_code(name, line, "trigger_id", trigger_id)
        check_uid(name, line, uid)
        check_county(name, line, county, policy)
        if homes.setdefault(uid, home(uid) or county) != county:
            refuse(name, line, "的 county 与同一对象在 population.csv 或前面行中的属地不一致")
        rows.append(TriggerRow(trigger_id, uid, county))
    return tuple(rows)


def parse_roster(data: bytes, policy: RoundPolicy) -> tuple[InspectorRow, ...]:
    """roster.csv; CanonicalError or CommittedError. DRAW.md §2."""
    name = "roster.csv"
    rows: list[InspectorRow] = []
    for line, (inspector_id, county, text, days, load_cap, valid_until) in sorted_rows(name, data, ROSTER, (0,)):
        check_code(name, line, "inspector_id", inspector_id)
        check_county(name, line, county, policy)
        if not is_day(valid_until):
            refuse(name, line, "的 valid_until 不是 YYYY-MM-DD 的日期")
        specialties = code_list(name, line, "specialties", text)
        free, cap = integer(name, line, "days", days), integer(name, line, "load_cap", load_cap)
        rows.append(InspectorRow(inspector_id, county, specialties, free, cap, valid_until))
    return tuple(rows)


def parse_conflicts(data: bytes) -> tuple[ConflictRow, ...]:
    """conflicts.csv; CanonicalError or CommittedError. DRAW.md §2."""
    name = "conflicts.csv"
    rows: list[ConflictRow] = []
    for line, (inspector_id, uid) in sorted_rows(name, data, CONFLICTS, (0, 1)):
        check_code(name, line, "inspector_id", inspector_id)
        check_uid(name, line, uid)
        rows.append(ConflictRow(inspector_id, uid))
    return tuple(rows)


def parse_context(data: bytes) -> Mapping[str, object]:
    """context.json: digests, calendar and commit; CanonicalError or CommittedError. DRAW.md §2."""
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
