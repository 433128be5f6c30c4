"""What the units themselves count: records formed per unit, source and month, whether they were sent or not.

Counted from what the units formed, so that a record which never left its unit shows. Not here: comparing the counts.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from sample_city.columns import Ints, digits, text
from sample_city.departments import COUNTIES, UNIT, UNITS, WEEK_2, Calendar, Feed, Totals
from sample_city.domains import LIST

NAMES = {  # as the totals call the source, and what they are counted from
    "licence": ("行政许可", "许可台账"), "penalty": ("行政处罚", "案号登记簿"), "inspection_result": ("抽查检查结果", "检查任务台账"),
    **{f.source: (f.name, "监管台账") for f in LIST}, "field_food_drug": ("食品药品", "监管台账"),
    "department_licence": ("部门行政许可", "许可台账"), "department_penalty": ("部门行政处罚", "案号登记簿"),
}  # fmt: skip


class Counted:
    """The totals of every feed that has passed."""

    def __init__(self) -> None:
        self._totals: dict[str, Totals] = {}

    def add(self, feed: Feed) -> None:
        """Remember what its units formed."""
        if feed.formed and feed.source in NAMES:
            self._totals[feed.source] = feed.formed

    def feed(self, when: Calendar) -> Feed:
        """The totals of the month before, in a city's first month of the two before; sent by 信用科."""
        month = (when.year - 1970) * 12 + when.number - 1
        months = range(month - (1 if when.start else 2), month)
        rows = [
            (unit, source, m, n)
            for source, totals in sorted(self._totals.items())
            for (unit, m), n in sorted(totals.items())
            if m in months
        ]
        unit = _ints([r[0] for r in rows])
        table = pa.table({
            "单位代码": text(UNITS, unit),
            "来源": [NAMES[r[1]][0] for r in rows],
            "形成月份": [f"{1970 + r[2] // 12}-{r[2] % 12 + 1:02d}" for r in rows],
            "属地": text([*COUNTIES, *[""] * (len(UNITS) - len(COUNTIES))], unit),
            "记录数": digits(_ints([r[3] for r in rows])),
            "统计依据": [NAMES[r[1]][1] for r in rows],
        })  # fmt: skip
        return Feed("control_total", table, np.full(len(rows), UNIT["XY"]), np.full(len(rows), WEEK_2))


def _ints(values: list[int]) -> Ints:
    return np.array(values, np.int64)
