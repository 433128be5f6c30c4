"""One subject's rows in a month's tables, and the round they belong to.

Here: reading, filtered to the subject. Not here: what the rows mean (register, round, visit).
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import pyarrow.parquet as pq

from resources.bundles import CERTIFICATE, SUMS, Bundles
from resources.lake import LakeError, MonthLake
from resources.reference import policies, policy_for, units
from resources.rounds import Rounds
from resources.settings import Home
from supervision.draw.round_policy import RoundPolicy
from supervision.policy import Policy
from supervision.rounds import Round

Row = dict[str, Any]
Key = tuple[str, str, str]  # task, county, stratum


class NotFound(LakeError):
    """The subject is in no table of the month; one sentence says where it was last seen."""


@dataclass(slots=True)
class Section:
    """A heading and lines of label and text; a line without a label goes on from the one before."""

    title: str
    lines: list[tuple[str, str]] = field(default_factory=list)

    def say(self, label: str, text: str) -> None:
        """Add a line."""
        self.lines.append((label, text))


@dataclass(frozen=True, slots=True)
class Place:
    """A row of the frame: what may be done with the subject in one task."""

    task: str
    county: str
    stratum: str
    state: str
    reason: str

    @property
    def key(self) -> Key:
        return self.task, self.county, self.stratum


class SubjectMonth:
    """What a month's tables and its round hold of one subject; a table that is not there yet has no rows."""

    def __init__(self, home: Home, month: str, uid: str) -> None:
        """`uid` is canonical; an old registration number is followed to the credit code it belongs to."""
        self.home, self.month = home, month
        self.lake = MonthLake(home, month)
        self.version = self.lake.version
        if uid.startswith("R:") and not self.rows("enterprise_month", uid=uid):
            uid = next((str(row["uid"]) for row in self.rows("subject", reg_no=uid[2:])), uid)
        self.uid = uid

    def has(self, table: str) -> bool:
        """Whether the month has this table by now, be it empty."""
        return (self.version / f"{table}.parquet").exists()

    def rows(self, table: str, **equal: Any) -> list[Row]:
        """The rows of a table of the month in which these columns have these values."""
        path = self.version / f"{table}.parquet"
        if not path.exists():
            return []
        wanted = [(name, "=", value) for name, value in equal.items()] or None
        found: list[Row] = pq.read_table(path, filters=wanted).to_pylist()
        return found

    @cached_property
    def row(self) -> Row | None:
        """The subject in enterprise_month."""
        return next(iter(self.rows("enterprise_month", uid=self.uid)), None)

    @cached_property
    def _policy(self) -> tuple[Policy, str, str]:
        policy, digest = policy_for(self.month)
        return policy, digest, next(name for other, _, name in policies() if other is policy)

    @property
    def policy(self) -> Policy:
        """The policy in force in the month."""
        return self._policy[0]

    @property
    def policy_file(self) -> str:
        """The name of its file."""
        return self._policy[2]

    @property
    def policy_told(self) -> str:
        """The version that the month was planned by; and whether the file says something else by now."""
        basis = self.lake.basis()
        same = basis["policy_sha256"] == self._policy[1]
        changed = f"（文件此后改过，现为 {self.policy.version}：以下数值取自现行文件，以当时的为准）"
        return f"{basis['policy']}，{self.policy_file}{'' if same else changed}"

    @cached_property
    def unit_names(self) -> dict[str, str]:
        """Names of the units by code."""
        return {unit["unit_code"]: unit["unit_name"] for unit in units()}

    def row_place(self, table: str, row_id: str | None) -> str:
        """Delivery, file, sheet and row of a row of a table that keeps them; empty if it is not there."""
        for row in self.rows(table, row_id=row_id) if row_id else ():
            sheet = f" 工作表“{row['sheet']}”" if row["sheet"] else ""
            return f"{row['delivery_id']}/{row['file_name']}{sheet} 第 {row['row_no']} 行"
        return ""

    # ---- the round ----

    @cached_property
    def rounds(self) -> list[Round]:
        """The month's rounds, in order."""
        known = Rounds(self.home).all().values()
        return sorted((each for each in known if each.month == self.month), key=lambda each: each.turn)

    @property
    def round(self) -> Round | None:
        """The newest round of the month."""
        return self.rounds[-1] if self.rounds else None

    @property
    def bundles(self) -> Bundles:
        """The folders of the rounds."""
        return Bundles(self.home)

    @cached_property
    def committed(self) -> str | None:
        """Id of the round if its files have been committed: from then on they are what counts."""
        state = self.round
        good = state is not None and state.commitment is not None and self.bundles.path(state.round_id).is_dir()
        return state.round_id if state is not None and good else None

    @cached_property
    def certificate(self) -> Row | None:
        """Beacon and key of the round, once it has been drawn and sealed."""
        if self.committed is None or not (self.bundles.path(self.committed) / SUMS).exists():
            return None
        made: Row = json.loads(self.bundles.file(self.committed, CERTIFICATE))
        return made

    @cached_property
    def round_policy(self) -> RoundPolicy | None:
        """policy.json as committed."""
        return self.bundles.policy(self.committed) if self.committed else None

    def lines(self, name: str) -> Iterator[list[str]]:
        """Cells of each row of a CSV of the round's bundle; none of them is ever quoted."""
        if self.committed is None:
            return
        for line in self.bundles.file(self.committed, name).decode("ascii").splitlines()[1:]:
            yield line.split(",")

    @cached_property
    def frame(self) -> list[list[str]]:
        """The whole frame as committed."""
        return list(self.lines("frame.csv"))

    @cached_property
    def places(self) -> list[Place]:
        """The subject's rows of the frame: as committed, else as planned so far."""
        if self.committed:
            return [Place(row[0], *row[2:]) for row in self.frame if row[1] == self.uid]
        names = ("task", "county", "stratum", "state", "reason")
        return [Place(*(row[name] for name in names)) for row in self.rows("frame", uid=self.uid)]

    def stratum(self, key: Key) -> tuple[int, int, int, int] | None:
        """base, eligible, drawn_ytd, served_e4 of a stratum: as committed, else as planned so far."""
        if self.committed:
            return next((_four(row[3:]) for row in self.lines("strata.csv") if tuple(row[:3]) == key), None)
        names = ("base", "eligible", "drawn_ytd", "served_e4")
        found = self.rows("strata", task=key[0], county=key[1], stratum=key[2])
        return next((_four([row[name] for name in names]) for row in found), None)


def _four(cells: list[Any]) -> tuple[int, int, int, int]:
    one, two, three, four = map(int, cells)
    return one, two, three, four
