"""The thresholds of migration and cluster alarms and the list of industries, as files of `data_contracts/`.

For: reading `alarms.yaml` and `reference/industry_divisions.csv`. Not for: applying them (supervision.migration, clusters).
"""

from __future__ import annotations

from datetime import date
from functools import lru_cache

import pyarrow as pa
import yaml

from resources.calendars import rows
from resources.reference import text_table
from resources.settings import CHECKOUT, REFERENCE
from supervision.alarm_rules import AlarmRules, parse_alarm_rules, rules_on

INDUSTRY_COLUMNS = ("division", "division_name", "section", "section_name")


@lru_cache(maxsize=1)
def _versions() -> tuple[AlarmRules, ...]:
    text = (CHECKOUT / "data_contracts" / "alarms.yaml").read_bytes()
    return parse_alarm_rules(yaml.load(text, Loader=yaml.CSafeLoader))


def alarm_rules(day: date) -> AlarmRules:
    """The thresholds in force on a day. Errors: AlarmRuleError."""
    return rules_on(_versions(), day)


def industries() -> list[dict[str, str]]:
    """Divisions of GB/T 4754—2017 with their sections: division, division_name, section, section_name."""
    return rows(REFERENCE / "industry_divisions.csv")


def industry_table() -> pa.Table:
    """`industries()` as an Arrow table."""
    return text_table(industries(), INDUSTRY_COLUMNS)
