"""The annual plan: what each task owes each county and level in a year, and in which month it falls due.

Here: the rounds of a year played through in advance, with the arithmetic of the draw, as if every batch were drawn in
full. Not here: that arithmetic (supervision.draw.quota), counting the bases (SQL), what becomes of a batch in fact.
Clause: 国市监信〔2019〕38号 (annual plan, filed with the next level up), DOMAIN §4.1, DRAW.md §4.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from supervision.canonical import json_bytes
from supervision.draw.counts import Counts
from supervision.draw.quota import E4, Due, annual_quota, due
from supervision.draw.round_policy import RoundPolicy, parse_policy_json
from supervision.draw.rows import Stratum, StratumRow
from supervision.policy.model import Policy, PolicyError
from supervision.policy.round import batches_before, demonstration_beacon_rule, round_policy, tasks_in_month


@dataclass(frozen=True, slots=True)
class AnnualRow:
    """One stratum in one month of its task's window; visits in 1/10000: of the whole year, and due in this batch."""

    task: str
    county: str
    stratum: str
    month: str
    base: int
    annual_visits_e4: int
    due_e4: int


def annual_rows(policy: Policy, year: int, bases: Mapping[Stratum, int], phase_salt: str) -> list[AnnualRow]:
    """The plan of a year by task, county, stratum, month, for the bases given (eligible + blocked).

    In the quota modes due_e4 is 10000·(⌊(q·k+φ)/M⌋ − ⌊(q·(k−1)+φ)/M⌋), under `unbiased` the mean number of visits.
    Months outside the policy's validity have no row; a first batch after them takes what they left. Raises PolicyError for
    a year the policy does not touch, CommittedError for a phase_salt that is none.
    """
    months = [month for month in (f"{year}-{number:02d}" for number in range(1, 13)) if policy.in_force(month)]
    if not months:
        raise PolicyError(
            f"年度计划：抽查政策 {policy.version} 在 {year} 年没有有效的月份，请换用该年的政策（DRAW §4）。"
        )
    drawn = dict.fromkeys(bases, 0)
    rows = []
    for month in months:
        round_of = _round(policy, month, [each for each in months if each < month], phase_salt)
        strata = [
            StratumRow(*key, base=base, eligible=_enough(policy, key, base), drawn_ytd=drawn[key], served_e4=0)
            for key, base in sorted(bases.items())
            if key[0] in round_of.tasks
        ]
        for each in due(Counts(round_of, strata, (), drawn)):
            drawn[each.key] += each.target_e4 // E4
            rows.append(_row(each, month))
    return sorted(rows, key=lambda row: (row.task, row.county, row.stratum, row.month))


def _round(policy: Policy, month: str, before: list[str], phase_salt: str) -> RoundPolicy:
    """The round of the month as the draw reads it; capacity and beacon have no part in what is due."""
    running = tasks_in_month(policy, month)
    previous = batches_before(policy, month, before)
    return parse_policy_json(
        json_bytes(
            round_policy(
                policy,
                month,
                capacity=dict.fromkeys(policy.counties),
                phase_salt=phase_salt,
                beacon=demonstration_beacon_rule(month),
                batch_prev={task.code: previous[task.code] for task in running},
            )
        )
    )


def _enough(policy: Policy, key: Stratum, base: int) -> int:
    """So many eligible that nothing is cut off: a plan does not foresee who is blocked."""
    level = policy.task(key[0]).levels[key[2]]
    return base * (level.rate_e4 // E4 + 1) + level.minimum


def _row(each: Due, month: str) -> AnnualRow:
    base, level = each.row.base, each.level
    annual = base * level.rate_e4 if level.rounding == "unbiased" else E4 * annual_quota(level, base)
    return AnnualRow(*each.key, month, base, annual, each.target_e4)
