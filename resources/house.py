"""The one resource of every step: the data folder, and a DuckDB engine over it.

For: handing assets the month they work on. Not for: what a table means or how it is computed.
It is no configurable resource: whoever launches a run could otherwise name another folder, or read the environment.
"""

from __future__ import annotations

from dataclasses import dataclass

from resources.engines.duckdb_engine import DuckDBEngine
from resources.lake import MonthLake
from resources.settings import Home


@dataclass(frozen=True, slots=True)
class House:
    """Data folder and engine limits; `as_of` (YYYY-MM-DD) overrides the month's last day."""

    home: str = ""
    as_of: str = ""
    memory_limit: str = "1GB"
    threads: int = 2

    def folder(self) -> Home:
        """The data folder, made where it is missing."""
        return Home.at(self.home or None).create()

    def month(self, month: str) -> MonthLake:
        """The lake of one month."""
        return MonthLake(self.folder(), month)

    def engine(self) -> DuckDBEngine:
        """A fresh in-memory engine that may read and write below the data folder only."""
        home = self.folder()
        return DuckDBEngine(memory_limit=self.memory_limit, threads=self.threads, temp_directory=home.lake / ".spill")
