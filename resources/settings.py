"""Where the data folder is and how it is laid out (DESIGN §2).

For: the paths under `--home` / `SSJ_HOME` and the paths of the checkout.
Not for: rules, policy figures or anything that differs between months.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[1]
REFERENCE = CHECKOUT / "data_contracts" / "reference"
CALENDAR = CHECKOUT / "data_contracts" / "calendar"
POLICIES = CHECKOUT / "data_contracts" / "policies"

ROOMS = (
    "inbox", "confidential", "lake", "ledger", "warehouse", "bundles", "evidence", "outbox", "exports", "keys", "dagster",
)  # fmt: skip


def shown(path: Path) -> str:
    """A path as a person types it: relative where it lies below the working directory."""
    here = Path.cwd()
    return str(path.relative_to(here)) if path.is_relative_to(here) else str(path)


@dataclass(frozen=True, slots=True)
class Home:
    """The data folder: one room per kind of thing, readable by its owner only (clause 八)."""

    root: Path

    @classmethod
    def at(cls, root: Path | str | None = None) -> Home:
        """The folder given, else `SSJ_HOME`, else `var/` in the checkout."""
        return cls(Path(root or os.environ.get("SSJ_HOME") or CHECKOUT / "var").resolve())

    def create(self) -> Home:
        """Make the folder and its rooms where they are missing, mode 0700.

        From here on this process writes for its owner alone, whoever started it: a webserver, a daemon, a test.
        """
        os.umask(0o077)
        for folder in (self.root, *(self.root / room for room in ROOMS)):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        return self

    @property
    def inbox(self) -> Path:
        """Deliveries as they were received."""
        return self.root / "inbox"

    @property
    def confidential(self) -> Path:
        """What never enters the lake: the names behind the inspectors' ids, mode 0600."""
        return self.root / "confidential"

    @property
    def lake(self) -> Path:
        """Parquet: received files by digest, tables by month."""
        return self.root / "lake"

    @property
    def ledger(self) -> Path:
        """Append-only records of what was received, committed and drawn."""
        return self.root / "ledger"

    @property
    def warehouse(self) -> Path:
        """Published DuckDB files, named by digest."""
        return self.root / "warehouse"

    @property
    def bundles(self) -> Path:
        """One folder per round of the draw."""
        return self.root / "bundles"

    @property
    def evidence(self) -> Path:
        """Per month: what an auditor takes away."""
        return self.root / "evidence"

    @property
    def outbox(self) -> Path:
        """Per month: what the offices and the public receive."""
        return self.root / "outbox"

    @property
    def keys(self) -> Path:
        """Salt and signing keys, mode 0600."""
        return self.root / "keys"

    @property
    def dagster(self) -> Path:
        """Dagster's own storage."""
        return self.root / "dagster"
