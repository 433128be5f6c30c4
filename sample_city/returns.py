"""Counties that send the results of our own drawn rounds back in the workbook they received, not through the platform.

Here: which counties, and their rows as the sheet 结果录入 has them. A result comes by one way alone. Not here: what the
inspections found (inspections), who was drawn (drawn).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pyarrow as pa

from sample_city.columns import Bools, blank, join, pick, random, take, text, when
from sample_city.departments import UNIT, Calendar, Feed, feed
from sample_city.inspections import Found

BY_WORKBOOK = ("140821", "140826", "140881")
RATINGS = ("", "满意", "基本满意", "不满意")
NEXT_ACTIONS = ("责令限期改正后复查", "移送执法机构", "列入经营异常名录")


def parted(found: Found) -> tuple[Found, Found]:
    """The results that come through the platform, and those that come back in a workbook."""
    by_workbook = np.isin(found.county, [UNIT[code] for code in BY_WORKBOOK])
    return _rows(found, ~by_workbook), _rows(found, by_workbook)


def feed_of(seed: int, when_: Calendar, parts: Sequence[Found]) -> Feed | None:
    """The filled-in rows as sent back; None where no county has any."""
    if not any(part.table.num_rows for part in parts):
        return None
    table = pa.concat_tables([part.table for part in parts])
    county, slot = (np.concatenate([getattr(part, name) for part in parts]) for name in ("county", "slot"))
    rng = random(seed, when_.month, "county_return")
    n = table.num_rows
    on_site = np.array(table.column("检查方式").to_pylist(), object) == "现场"
    day, code = table.column("检查日期"), table.column("检查结果代码")
    problem = ~np.isin(np.array(code.to_pylist(), object), ["1", "F"])
    digest = join(take(table.column("统一社会信用代码"), np.arange(n)), "-", day)
    kept = (
        "计划编号",
        "抽查任务编号",
        "抽查事项编号",
        "统一社会信用代码",
        "企业名称",
        "检查主体",
        "检查方式",
        "检查日期",
    )
    sent = pa.table({
        **{title: table.column(title) for title in kept},
        "注册号": blank(n),
        "检查结果": code,
        "问题描述": table.column("问题描述"),
        "处理措施": table.column("处理措施"),
        "后续处理意见": when(problem, pick(rng, n, NEXT_ACTIONS, (7, 1, 2)), ""),
        "检查人员工号": table.column("检查人员工号"),
        "检查码": when(on_site, join("JC-", digest), ""),
        "扫码时间": when(on_site, join(day, text((" 09:10", " 10:05", " 14:40", " 15:30"), rng.integers(0, 4, n))), ""),
        "企业评价": when(on_site, pick(rng, n, RATINGS, (3, 5, 2, 0.3)), ""),
    })  # fmt: skip
    return feed("county_return", sent, county, slot)


def _rows(found: Found, mask: Bools) -> Found:
    rows = np.flatnonzero(mask)
    numbers = {name: getattr(found, name)[rows] for name in ("county", "slot", "done", "answered")}
    return replace(found, table=found.table.take(pa.array(rows)), **numbers)
