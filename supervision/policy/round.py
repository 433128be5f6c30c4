"""What one month's round takes from the policy: policy.json, tables for the SQL, capacity, demonstration texts.

Here: which tasks run in a month, the batch, the object of DRAW.md §2, rows for the joins of sql/plan. Not here: the
figures (the policy file), counting subjects (SQL), drawing (supervision.draw).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from hashlib import sha256
from typing import Final

from supervision.months import check_month, last_day
from supervision.policy.lint import lint
from supervision.policy.model import (
    GRADES,
    STRATA,
    UNGRADED,
    CreditGrade,
    FieldGrade,
    Level,
    Policy,
    PolicyError,
    Task,
)

_DIGITS: Final = 20  # of the dice grammar, DRAW.md §3.2
_PAIR: Final = 2

Row = dict[str, str | int | bool | None]


def round_id(policy: Policy, month: str) -> str:
    """The id of a month's first round, such as YC-2026-11 (DRAW.md §1)."""
    return f"{policy.round_prefix}-{check_month(month)}"


def tasks_in_month(policy: Policy, month: str) -> tuple[Task, ...]:
    """The tasks whose window holds the month, by code; not those whose subject types are all switched off (R-46).

    Raises PolicyError outside the policy's validity.
    """
    if not policy.in_force(month):
        raise PolicyError(
            f"抽查政策 {policy.version} 的有效期是 {policy.valid_from} 至 {policy.valid_to}，不含 {month}，请换用该月有效的政策（DRAW §4）。"
        )
    number = last_day(month).month
    held = (task for task in policy.tasks.values() if task.first_month <= number <= task.last_month)
    return tuple(sorted((task for task in held if not policy.dormant(task)), key=lambda task: task.code))


def batch_of(task: Task, month: str) -> int:
    """k of DRAW.md: which batch of the task's window the month is, from 1. Raises PolicyError outside the window."""
    number = last_day(month).month
    if not task.first_month <= number <= task.last_month:
        raise PolicyError(
            f"抽查政策 tasks.{task.code}.window：{month} 不在 {task.first_month} 至 {task.last_month} 月之内（DRAW §2）。"
        )
    return number - task.first_month + 1


def batches_before(policy: Policy, month: str, rounds: Iterable[str]) -> dict[str, int]:
    """The last batch of each of the month's tasks before it (batch_prev of DRAW.md §2), 0 if its window had none yet.

    rounds: the months of all earlier rounds. A round is a batch of every task then in its window, whether or not anyone
    was drawn: counted by those drawn, an empty batch would be carried over, which §4 forbids for `unbiased`.
    """
    year = month[:4]
    last = max((each for each in rounds if each[:4] == year and each < check_month(month)), default="")
    number = last_day(last).month if last else 0
    return {task.code: max(number - task.first_month + 1, 0) for task in tasks_in_month(policy, month)}


def window_end(task: Task, month: str) -> date:
    """The last day of the task's window in the month's year: certificates must be valid until then (DRAW.md §6)."""
    return last_day(f"{month[:4]}-{task.last_month:02d}")


def round_policy(
    policy: Policy,
    month: str,
    *,
    capacity: Mapping[str, int | None],
    phase_salt: str,
    beacon: Mapping[str, object],
    batch_prev: Mapping[str, int],
) -> dict[str, object]:
    """The object of policy.json (DRAW.md §2) for a round of this month.

    capacity: county -> visits, None = unlimited; beacon: {source, selector, not_before, fallback {source, selector}},
    checked where it is read (supervision.draw); batch_prev: task -> last batch drawn this year, absent = none yet.
    cut_order holds the strata of the month's tasks only. A task whose scope is wider than types and fields has the one
    field scope.<task>, which population.csv gives to the subjects that meet all its conditions. Raises PolicyError for
    a policy that does not pass the lint.
    """
    for finding in lint(policy):
        raise PolicyError(str(finding), finding.path)
    if set(capacity) != set(policy.counties):
        raise PolicyError("批次参数 capacity：须正好给出政策 counties 的每个单位一个检查力量，请核对（DRAW §2）。")
    tasks = tasks_in_month(policy, month)
    names = {stratum for task in tasks for stratum in task.levels}
    return {
        "year": last_day(month).year,
        "phase_salt": phase_salt,
        "types": sorted(policy.subject_types),
        "fields": sorted([*policy.fields, *(task.scope_code for task in tasks if task.has_wider_scope)]),
        "reasons": sorted(reason.code for reason in policy.reasons),
        "beacon": dict(beacon),
        "capacity": dict(capacity),
        "cut_order": [stratum for stratum in policy.cut_order if stratum in names],
        "tasks": {task.code: _task(policy, task, month, batch_prev.get(task.code, 0)) for task in tasks},
    }


def _task(policy: Policy, task: Task, month: str, batch_prev: int) -> dict[str, object]:
    batch = batch_of(task, month)
    if not 0 <= batch_prev < batch:
        raise PolicyError(
            f"批次参数 batch_prev.{task.code}：上一批 {batch_prev} 应小于本批 {batch}，本批已抽过或数字有误（DRAW §2）。"
        )
    return {
        "scope": {
            "types": sorted(policy.types_of(task)),
            "fields": [task.scope_code] if task.has_wider_scope else sorted(task.fields),
        },
        "batch": batch,
        "batch_prev": batch_prev,
        "batches": task.batches,
        "window_end": window_end(task, month).isoformat(),
        "team_size": task.team_size,
        "specialty": task.specialty,
        "levels": {stratum: _level(level) for stratum, level in task.levels.items()},
    }


def _level(level: Level) -> dict[str, object]:
    return {
        "on_site": int(level.on_site),
        "rate_e4": level.rate_e4,
        "rounding": level.rounding,
        "minimum": level.minimum,
        "minimum_if_base": level.minimum_if_base,
        "census_up_to": level.census_up_to,
        "floor_e4": level.floor_e4,
    }


def combined_level(policy: Policy, credit_grade: CreditGrade, field_grade: FieldGrade) -> str:
    """L1…L4 of DOMAIN §5.3; U (no grade) takes the row or column that the policy names. Raises PolicyError."""
    credit = CreditGrade(policy.ungraded_credit) if credit_grade == UNGRADED else credit_grade
    field = FieldGrade(policy.ungraded_field) if field_grade == UNGRADED else field_grade
    if (credit, field) not in policy.matrix:
        raise PolicyError("监管档次：等级只能是 A、B、C、D 或 U（未分级），请核对来源数据（DOMAIN §5.3）。")
    return f"L{policy.matrix[credit, field]}"


def task_rows(policy: Policy, month: str) -> list[Row]:
    """policy_task: one row per task of the month, with what a plan prints; lists ;-joined."""
    return [
        {
            "task": task.code,
            "task_name": task.name,
            "item_codes": ";".join(task.items),
            "item_category": task.item_category,
            "draw_type": task.draw_type,
            "object_scope": task.object_scope,
            "lane": task.lane,
            "lane_owner": task.lane_owner,
            "initiator": task.initiator,
            "coop_depts": ";".join(task.cooperating),
            "mode": task.mode,
            "legal_basis": "；".join(basis.text for basis in task.legal_basis),
            "set_by_law": task.set_by_law,
            "stratum_by": task.stratum_by,
            "field_code": task.fields[0] if len(task.fields) == 1 else None,
            "has_fields": bool(task.fields),
            "has_industries": bool(task.industries),
            "has_licences": bool(task.licences),
            "has_counties": bool(task.counties),
            "has_wider_scope": task.has_wider_scope,
            "has_observation": task.observation,
            "has_white_list": task.white_list,
            "is_key_field": task.key_field,
            "window_start": f"{month[:4]}-{task.first_month:02d}-01",
            "window_end": window_end(task, month).isoformat(),
            "batch": batch_of(task, month),
            "batches": task.batches,
            "team_size": task.team_size,
            "specialty": task.specialty,
        }
        for task in tasks_in_month(policy, month)
    ]


def scope_type_rows(policy: Policy, month: str) -> list[Row]:
    """policy_scope_types: task, type; only types that are switched on."""
    tasks = tasks_in_month(policy, month)
    return [{"task": task.code, "type": kind} for task in tasks for kind in sorted(policy.types_of(task))]


def scope_field_rows(policy: Policy, month: str) -> list[Row]:
    """policy_scope_fields: task, field_code; no row for a task that is open to every field."""
    tasks = tasks_in_month(policy, month)
    return [{"task": task.code, "field_code": field} for task in tasks for field in sorted(task.fields)]


def scope_industry_rows(policy: Policy, month: str) -> list[Row]:
    """policy_scope_industries: task, industry = first digits of a GB/T 4754 code."""
    return [
        {"task": task.code, "industry": value} for task in tasks_in_month(policy, month) for value in task.industries
    ]


def scope_licence_rows(policy: Policy, month: str) -> list[Row]:
    """policy_scope_licences: task, licence = words of a licence's content or certificate name."""
    return [{"task": task.code, "licence": value} for task in tasks_in_month(policy, month) for value in task.licences]


def scope_county_rows(policy: Policy, month: str) -> list[Row]:
    """policy_scope_counties: task, county."""
    return [{"task": task.code, "county": value} for task in tasks_in_month(policy, month) for value in task.counties]


def on_site_rows(policy: Policy) -> list[Row]:
    """policy_on_site: task, stratum of every on-site level, whatever the month: what an earlier draw meant."""
    return [
        {"task": task.code, "stratum": level.stratum}
        for task in policy.tasks.values()
        for level in task.levels.values()
        if level.on_site
    ]


def level_rows(policy: Policy, month: str) -> list[Row]:
    """policy_level: one row per task of the month and stratum.

    yearly_cap counts untriggered on-site visits of this task and is NULL for an off-site level, which makes none.
    """
    return [
        {
            "task": task.code,
            "stratum": level.stratum,
            "rate_e4": level.rate_e4,
            "rounding": level.rounding,
            "minimum": level.minimum,
            "minimum_if_base": level.minimum_if_base,
            "census_up_to": level.census_up_to,
            "floor_e4": level.floor_e4,
            "on_site": level.on_site,
            "onsite_rule": level.onsite_rule,
            "gap_months": level.gap_months,
            "yearly_cap": level.yearly_cap if level.on_site else None,
            "cites": level.cites,
        }
        for task in tasks_in_month(policy, month)
        for level in (task.levels[stratum] for stratum in STRATA[task.stratum_by])
    ]


def matrix_rows(policy: Policy) -> list[Row]:
    """policy_matrix: credit_grade, field_grade (both A…D and U), stratum."""
    grades = (*GRADES, UNGRADED)
    return [
        {
            "credit_grade": credit,
            "field_grade": field,
            "stratum": combined_level(policy, CreditGrade(credit), FieldGrade(field)),
        }
        for credit in grades
        for field in grades
    ]


def cap_rows(policy: Policy) -> list[Row]:
    """policy_cap: credit_grade (A…D and U), visits = on-site visits a year over all tasks (DOMAIN §5.4)."""
    return [{"credit_grade": grade, "visits": visits} for grade, visits in sorted(policy.yearly_cap.items())]


def observed_rows(policy: Policy) -> list[Row]:
    """policy_observed: the credit grades that may be in an observation period (R-34)."""
    return [{"credit_grade": grade} for grade in sorted(policy.observation_grades)]


def reason_rows(policy: Policy) -> list[Row]:
    """policy_reason: reason, state (blocked or exempt), reason_name."""
    return [
        {"reason": r.code, "state": r.state, "reason_name": r.name}
        for r in sorted(policy.reasons, key=lambda r: r.code)
    ]


def county_capacity(roster_rows: Iterable[Mapping[str, object]], policy: Policy, month: str) -> dict[str, int]:
    """Visits that each county can make: ⌊Σ min(load_cap, days·visits_per_day) / team size⌋ (DRAW.md §4, Capacity).

    roster_rows: county, days, load_cap, valid_until (ISO text or date). Counted are inspectors whose certificate outlasts
    the latest window of the month's tasks, divided by the largest team (two if no task runs): the careful side of both.
    Every county of the policy is in the answer. Raises PolicyError for a row of another county.
    """
    tasks = tasks_in_month(policy, month)
    until = max((window_end(task, month) for task in tasks), default=last_day(month)).isoformat()
    team = max((task.team_size for task in tasks), default=_PAIR)
    visits = dict.fromkeys(policy.counties, 0)
    for row in roster_rows:
        county = str(row["county"])
        if county not in visits:
            raise PolicyError(f"执法检查人员名录：单位“{county}”不在政策 counties 之内，请核对属地（DRAW §2）。")
        if str(row["valid_until"]) >= until:
            visits[county] += min(int(str(row["load_cap"])), int(str(row["days"])) * policy.visits_per_day)
    return {county: total // team for county, total in visits.items()}


def demonstration_beacon_rule(month: str) -> dict[str, object]:
    """The beacon entry of policy.json for a demonstration: dice on the month's last day, or the day after."""
    day = last_day(month)
    return {
        "source": "dice",
        "selector": f"{day:%Y%m%d}",
        "not_before": f"{day.isoformat()}T16:00:00+08:00",
        "fallback": {"source": "dice", "selector": f"{day + timedelta(days=1):%Y%m%d}"},
    }


def demonstration_beacon(policy: Policy, month: str, round_id: str) -> str:
    """The beacon text of a demonstration round, in the grammar of DRAW.md §3.2; anyone can compute it."""
    return _dice(policy, last_day(month), f"beacon|{round_id}")


def demonstration_secret(policy: Policy, round_id: str) -> str:
    """The 64 hexadecimal characters of a demonstration round; anyone can compute them."""
    return sha256(f"ssj-demonstration-v1|secret|{round_id}|{policy.seed_text}".encode()).hexdigest()


def demonstration_phase_beacon(policy: Policy, year: int) -> str:
    """The beacon from which a demonstration year takes its phase salt (DRAW.md §4), the same in all its months."""
    return _dice(policy, date(year - 1, 12, 31), f"phase|{year}")


def _dice(policy: Policy, day: date, purpose: str) -> str:
    digest = sha256(f"ssj-demonstration-v1|{purpose}|{policy.seed_text}".encode()).digest()
    return f"dice-{day:%Y%m%d}:{int.from_bytes(digest, 'big') % 10**_DIGITS:0{_DIGITS}d}"
