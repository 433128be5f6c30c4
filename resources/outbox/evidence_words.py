"""How a piece of evidence is named to a person: a table by its title, rounds by their months, a document by its number.

Here: words for the evidence column. Not here: what counts as evidence (supervision.tasks, supervision.bulletin).
"""

from __future__ import annotations

from functools import lru_cache

from data_contracts.model import output_contracts

ROUNDS = "rounds:"


def evidence_words(ref: str | None) -> str | None:
    """The references, joined by `;`, in words; documents keep their numbers."""
    if ref is None:
        return None
    if ref.startswith(ROUNDS):
        return f"抽取包 {'、'.join(ref.removeprefix(ROUNDS).split(';'))}"
    return ";".join(_titles().get(part, part) for part in ref.split(";"))


@lru_cache(maxsize=1)
def _titles() -> dict[str, str]:
    return {contract.name: contract.title for contract in output_contracts()}
