"""The rules and texts of the reminders as a file: `data_contracts/reminders.yaml`.

For: reading it. Not for: what the rules mean (supervision/reminders).
"""

from __future__ import annotations

from functools import lru_cache

import yaml

from resources.settings import CHECKOUT
from supervision.reminders import Reminders, parse_reminders


@lru_cache(maxsize=1)
def reminder_rules() -> Reminders:
    """The rules of `data_contracts/reminders.yaml`; ReminderError says what is wrong with the file."""
    text = (CHECKOUT / "data_contracts" / "reminders.yaml").read_bytes()
    return parse_reminders(yaml.load(text, Loader=yaml.CSafeLoader))
