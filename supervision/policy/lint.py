"""Whether a policy may be used: every rule that the notice, the law and the draw put on its figures.

Here: the lists of rules and running them; each rule is a function that cites its clause. Not here: the form of the file
(parse.py), what a round makes of it (round.py).
A key field's level Ln is held against the generic grade n, because DOMAIN §5.3 says that level L uses row L of 5.1/5.2;
it is not held against the generic rate of the credit grades that the matrix puts into it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Final

from supervision.policy import lint_names, lint_quota, lint_tasks, lint_whole
from supervision.policy.finding import Finding, Known
from supervision.policy.model import Policy

RULES: Final[tuple[Callable[[Policy], Iterator[Finding]], ...]] = (
    lint_whole.validity,
    lint_whole.cause,
    lint_whole.roles,
    lint_whole.approver,
    lint_whole.approver_apart,
    lint_whole.subject_types,
    lint_whole.observed,
    lint_whole.caps_rising,
    lint_whole.cap_ungraded,
    lint_whole.reasons,
    lint_whole.fields,
    lint_whole.lanes,
    lint_whole.combination,
    lint_whole.cut_names,
    lint_tasks.types,
    lint_tasks.one_field,
    lint_tasks.public_words,
    lint_tasks.people,
    lint_tasks.joint,
    lint_tasks.key_named,
    lint_tasks.key_exempt,
    lint_tasks.key_by_licence,
    lint_tasks.key_floor,
    lint_tasks.rising,
    lint_quota.counts_rising,
    lint_quota.rounding_rising,
    lint_tasks.highest,
    lint_tasks.cut_rising,
    lint_tasks.unbiased,
    lint_tasks.at_most,
    lint_tasks.foretold,
    lint_tasks.off_site_cap,
    lint_tasks.cap_reaches,
    lint_tasks.cap_within,
    lint_tasks.grade_a,
)
NAME_RULES: Final[tuple[Callable[[Policy, Known], Iterator[Finding]], ...]] = (
    lint_names.items,
    lint_names.units,
    lint_names.all_counties,
    lint_names.departments,
    lint_names.fields,
    lint_names.sources,
)


def lint(policy: Policy, known: Known | None = None) -> list[Finding]:
    """What forbids the use of a policy, in a fixed order; empty = it may be used.

    known: the names there are outside the policy; without it those rules are not asked.
    """
    found = [finding for rule in RULES for finding in rule(policy)]
    return found if known is None else [*found, *(f for name_rule in NAME_RULES for f in name_rule(policy, known))]


def lint_validity(policies: Mapping[str, Policy], not_served: Mapping[str, str]) -> list[tuple[str, Finding]]:
    """Gaps and overlaps in validity over several policies, with the name of the later one.

    not_served: month -> the written reason why it has no policy.
    """
    return list(lint_whole.gaps_and_overlaps(policies, not_served))
