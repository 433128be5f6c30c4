"""The limits of the leak meter as they stand in the checkout.

For: data_contracts/leak.yaml by month. Not for: their meaning (supervision.reports.leak_limits).
"""

from __future__ import annotations

from datetime import date

import yaml

from resources.settings import CHECKOUT
from supervision.reports.leak_limits import Edition, edition_in_force, parse_limits


def limits_for(day: date) -> Edition:
    """The limits in force on this day. Raises LeakLimitError."""
    text = (CHECKOUT / "data_contracts" / "leak.yaml").read_bytes()
    return edition_in_force(parse_limits(yaml.load(text, Loader=yaml.CSafeLoader)), day)
