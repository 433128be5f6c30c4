"""What a lint says: one breach, with its place in the file and the clause it breaks.

Here: the shape of a finding and the names a policy may use. Not here: the rules (lint.py and its neighbours).
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from supervision.policy.model import Level, Task


@dataclass(frozen=True, slots=True)
class Finding:
    """One breach: path in the file (keys joined by dots), what is wrong and what to do in Chinese, the clause."""

    path: str
    what: str
    clause: str

    def __str__(self) -> str:
        """The breach as one Chinese sentence."""
        return f"抽查政策 {self.path}：{self.what}（{self.clause}）。"


@dataclass(frozen=True, slots=True)
class Known:
    """The names there are outside the policy: codes of 抽查事项, of units, those of them that are 检查主体, of other
    departments, of special fields, of exploratory sources (R-16)."""

    items: Collection[str]
    units: Collection[str]
    counties: Collection[str]
    departments: Collection[str]
    fields: Collection[str]
    exploratory_sources: Collection[str]


def level_path(task: Task, level: Level, key: str) -> str:
    """Where a key of a level stands."""
    return f"tasks.{task.code}.levels.{level.stratum}.{key}"
