"""The inspection policy: read strictly, judged, and turned into what one month's round needs.

For: data_contracts/policies/*.yaml as typed objects (model, parse), the rules a policy must keep (lint), policy.json and
the tables of a round (round). Not for: reading files, counting subjects, drawing.
Clause: notice (六)1–4, DOMAIN §5, DRAW.md §2 and §4.
"""

from supervision.policy.lint import lint
from supervision.policy.model import CreditGrade, FieldGrade, LegalBasis, Level, Policy, PolicyError, Reason, Task
from supervision.policy.parse import parse_policy
from supervision.policy.round import (
    batch_of,
    batches_before,
    cap_rows,
    combined_level,
    county_capacity,
    demonstration_beacon,
    demonstration_beacon_rule,
    demonstration_phase_beacon,
    demonstration_secret,
    level_rows,
    matrix_rows,
    observed_rows,
    reason_rows,
    round_id,
    round_policy,
    scope_field_rows,
    scope_type_rows,
    task_rows,
    tasks_in_month,
    window_end,
)

__all__ = [
    "CreditGrade",
    "FieldGrade",
    "LegalBasis",
    "Level",
    "Policy",
    "PolicyError",
    "Reason",
    "Task",
    "batch_of",
    "batches_before",
    "cap_rows",
    "combined_level",
    "county_capacity",
    "demonstration_beacon",
    "demonstration_beacon_rule",
    "demonstration_phase_beacon",
    "demonstration_secret",
    "level_rows",
    "lint",
    "matrix_rows",
    "observed_rows",
    "parse_policy",
    "reason_rows",
    "round_id",
    "round_policy",
    "scope_field_rows",
    "scope_type_rows",
    "task_rows",
    "tasks_in_month",
    "window_end",
]
