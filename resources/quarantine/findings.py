"""Which cells a finding is about, and what is wrong with them in words.

Here: from the rule ids of a quarantined row to columns and reasons, by its contract. Not here: finding them (SQL).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from data_contracts.model import Contract
from resources.engines.contract_sql import KEY_CONFLICT
from resources.engines.conversion import violations

UNMATCHED = "uscc.unmatched"
_WHO = ("uscc", "reg_no", "party_name")


@dataclass(frozen=True, slots=True)
class Finding:
    """One rule that a row breaks: the columns it is about (none where the contract does not say) and the reason."""

    rule: str
    columns: tuple[str, ...]
    reason: str


def findings(contract: Contract, rule_ids: Sequence[str], reasons: str) -> tuple[Finding, ...]:
    """The findings of a row in the order of its rules; `reasons`: as the row carries them, joined by ；.

    A rule keeps the words of its contract; one that the contract does not name takes those of the row.
    """
    known: dict[str, tuple[tuple[str, ...], str]] = {
        v.id: ((column.name,), v.reason) for column in contract.columns for v in violations(column)
    }
    known |= {rule.id: (rule.columns, rule.reason) for rule in contract.rules}
    parts = reasons.split("；") if reasons else []
    found = []
    for place, rule in enumerate(rule_ids):
        if rule in known and known[rule][1] in reasons:
            columns, reason = known[rule]
        else:
            columns = known[rule][0] if rule in known else _columns(contract, rule)
            reason = parts[place] if len(parts) == len(rule_ids) else reasons
        found.append(Finding(rule, columns, reason))
    return tuple(found)


def _columns(contract: Contract, rule: str) -> tuple[str, ...]:
    if rule == KEY_CONFLICT:
        return contract.primary_key
    if rule == UNMATCHED:
        return tuple(name for name in _WHO if name in contract.column_names)
    name = rule.split(".", maxsplit=1)[0]
    return (name,) if name in contract.column_names else ()
