"""The policy of a month as the small tables that the SQL of the plan joins.

Here: rows of supervision.policy handed on as Arrow tables, and the parameters of the candidates. Not here: the figures
(data_contracts/policies), the joins (sql/plan).
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pyarrow as pa

from resources.calendars import rows
from resources.reference import record_table, text_table
from resources.settings import REFERENCE
from supervision import policy as rules
from supervision.months import first_day, month_number
from supervision.policy import Policy

_LETTERS = "ABCD"


def policy_tables(policy: Policy, month: str) -> dict[str, pa.Table]:
    """The tables policy_task, policy_scope_*, policy_level, policy_on_site, policy_matrix, policy_cap, policy_observed,
    policy_reason, policy_key_field, policy_field and ref_field_grades of a month under this policy."""
    return {
        "policy_task": record_table(rules.task_rows(policy, month)),
        "policy_scope_types": text_table(rules.scope_type_rows(policy, month), ("task", "type")),
        "policy_scope_fields": text_table(rules.scope_field_rows(policy, month), ("task", "field_code")),
        "policy_scope_industries": text_table(rules.scope_industry_rows(policy, month), ("task", "industry")),
        "policy_scope_licences": text_table(rules.scope_licence_rows(policy, month), ("task", "licence")),
        "policy_scope_counties": text_table(rules.scope_county_rows(policy, month), ("task", "county")),
        "policy_level": record_table(rules.level_rows(policy, month)),
        "policy_on_site": text_table(rules.on_site_rows(policy), ("task", "stratum")),
        "policy_matrix": record_table(rules.matrix_rows(policy)),
        "policy_cap": record_table(rules.cap_rows(policy)),
        "policy_observed": record_table(rules.observed_rows(policy)),
        "policy_reason": record_table(rules.reason_rows(policy)),
        "policy_key_field": text_table(({"field_code": field} for field in key_fields(policy)), ("field_code",)),
        "policy_field": text_table(({"field_code": field} for field in policy.fields), ("field_code",)),
        "ref_field_grades": field_grades(),
    }


def key_fields(policy: Policy) -> list[str]:
    """The key fields: those of key tasks, and those not configured yet (drugs), which are no lesser ones (notice, clause 四)."""
    named = {field for task in policy.tasks.values() if task.key_field for field in task.fields}
    return sorted(named | set(policy.unconfigured))


def all_year(policy: Policy) -> Policy:
    """The policy with every task's window open all year: for the bases of the annual plan, whatever the month."""
    tasks = {code: replace(task, first_month=1, last_month=12) for code, task in policy.tasks.items()}
    return replace(policy, tasks=tasks)


def field_grades() -> pa.Table:
    """How each field writes its grades, and the letter of the matrix (field_code, field_grade, letter)."""
    listed = rows(REFERENCE / "field_grades.csv")
    known = {(row["field_code"], row["code"]): _LETTERS[int(row["level"]) - 1] for row in listed}
    records = ({"field_code": f, "field_grade": g, "letter": letter} for (f, g), letter in sorted(known.items()))
    return text_table(records, ("field_code", "field_grade", "letter"))


def candidate_parameters(policy: Policy, month: str, as_of: date) -> dict[str, object]:
    """The parameters of sql/plan/frame_candidate.sql."""
    first = first_day(month)
    years, index = divmod(month_number(month) - 1 - policy.observation_months, 12)
    return {
        "year": first.year,
        "year_text": month[:4],
        "month": month,
        "month_number": month_number(month),
        "as_of": as_of,
        "observed_since": date(years, index + 1, 1),
    }
