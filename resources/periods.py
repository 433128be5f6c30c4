"""The periods of the law as a month needs them: the file, and the small table of the day.

For: reading `data_contracts/periods.yaml`. Not for: what the rules mean (supervision/periods).
"""

from __future__ import annotations

from datetime import date
from functools import lru_cache

import pyarrow as pa
import yaml

from resources.settings import CHECKOUT
from supervision.periods import Periods, parse_periods

_AMOUNT = pa.decimal128(18, 6)
_TABLE = pa.schema(
    [
        ("record_kind", pa.string()),
        ("about", pa.string()),
        ("penalty_kind", pa.string()),
        ("fine_up_to_wan", _AMOUNT),
        ("fine_over_wan", _AMOUNT),
        ("word", pa.string()),
        ("rank_no", pa.int64()),
        ("rule_id", pa.string()),
        ("is_published", pa.bool_()),
        ("months", pa.int64()),
    ]
)


@lru_cache(maxsize=1)
def periods() -> Periods:
    """The periods of `data_contracts/periods.yaml`; PeriodError says what is wrong with the file."""
    text = (CHECKOUT / "data_contracts" / "periods.yaml").read_bytes()
    return parse_periods(yaml.load(text, Loader=yaml.CSafeLoader))


def period_rules(as_of: date) -> pa.Table:
    """The rules of publication and repair that are the law on `as_of`, one row per kind of penalty and word."""
    return pa.Table.from_pylist(periods().table(as_of), schema=_TABLE)


def law(as_of: date) -> pa.Table:
    """The rules of publication and repair of all times up to `as_of`, each with the days on which they were the law."""
    rows = [
        {"regime_from": first, "regime_to": last, **row}
        for first, last in periods().regimes(as_of)
        for row in periods().table(first)
    ]
    days = [pa.field(name, pa.date32()) for name in ("regime_from", "regime_to")]
    return pa.Table.from_pylist(rows, schema=pa.schema([*days, *_TABLE]))
