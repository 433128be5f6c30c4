"""The errors of the inbox. Here: their classes only; the sentences are written where the fault is seen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

FaultKind = Literal["unreadable", "hostile", "drift", "rows_mismatch", "too_big", "personal_number"]
DriftKind = Literal["dropped", "new", "renamed"]


class InboxError(Exception):
    """A delivery or file cannot be taken in: one Chinese sentence with the file, what is wrong and what to do.

    kind: unreadable (damaged, another format, no table), hostile (made to harm the reader), drift (its columns are not
    the contract's), rows_mismatch (another row count than announced), too_big.
    """

    def __init__(self, sentence: str, *, kind: FaultKind = "unreadable") -> None:
        super().__init__(sentence)
        self.kind: FaultKind = kind


@dataclass(frozen=True, slots=True)
class Drift:
    """One difference between a header and the contract.

    dropped: a required column is missing (`column`). new: a header that no column knows (`header`; `column` set when it
    doubles one). renamed: a missing column (`column`) and an unknown header (`header`) of some likeness.
    """

    kind: DriftKind
    column: str | None
    header: str | None


class DriftError(InboxError):
    """The columns of a file are not those of its contract; `drifts` names each difference."""

    def __init__(self, sentence: str, drifts: Sequence[Drift]) -> None:
        super().__init__(sentence, kind="drift")
        self.drifts: tuple[Drift, ...] = tuple(drifts)
