"""After the draw: replacements by next rank, late triggers and late conflicts (DRAW.md §5, §6).

Here: requests and what they change in a drawn and matched round, pure and in the order of their ledger. Not here: the
draw and the matching (sealed, never changed), reading bundle and ledger (resources.amending), reports.
"""

from __future__ import annotations

from supervision.amendments.applying import amend
from supervision.amendments.check import check_amended
from supervision.amendments.model import OUTCOMES, Amended, Decision, DrawnRound, Post, Standing, Unstaffed
from supervision.amendments.requests import KINDS, REASONS, TRIGGER_TYPES, Request, requests_of

__all__ = [
    "KINDS",
    "OUTCOMES",
    "REASONS",
    "TRIGGER_TYPES",
    "Amended",
    "Decision",
    "DrawnRound",
    "Post",
    "Request",
    "Standing",
    "Unstaffed",
    "amend",
    "check_amended",
    "requests_of",
]
