"""The one error of the inbox. Here: its class only; the sentences are written where the fault is seen."""

from __future__ import annotations


class InboxError(Exception):
    """A delivery or file cannot be taken in: one Chinese sentence with the file, what is wrong and what to do."""
