"""What comes in about single firms in the month: triggers, white list, commitments, repairs.

Not here: the records that a repair refers to (records).
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa

from sample_city.columns import (
    Ints,
    choose,
    dates,
    digits,
    join,
    pick,
    random,
    same,
    sampled,
    take,
    text,
    when,
    working,
    year_of,
)
from sample_city.departments import CITY, COUNTIES, STOCK, UNIT, WEEK_1, WEEK_4, Calendar, Feed, Places
from sample_city.grades import A, weights_by_grade
from sample_city.records import Marks
from sample_city.subjects import Subjects, picked

TRIGGERED = 0.001  # firms a month with a trigger
WHITE_LISTED = 0.0008  # firms on the white list when the city begins
TRIGGERS = (  # type, prefix of the number, evidence before and after the serial, summary, weight
    ("投诉举报", "TS", "12315-1408", "", "反映所售商品超过保质期", 25),
    ("投诉举报", "TS", "12315-1408", "", "反映未明码标价", 20),
    ("投诉举报", "TS", "12315-1408", "", "反映商品短斤少两", 15),
    ("大数据监测", "DSJ", "MX-YJ03-", "", "监测发现网页用语涉嫌违法", 10),
    ("转办交办", "ZBJB", "晋市监转〔2026〕", "号", "上级转来问题线索", 10),
    ("法律法规另有规定", "FLFG", "《特种设备安全法》第五十七条-", "", "重点时段安全监督检查", 4),
    ("飞行检查", "FC", "运市监飞检〔2026〕", "号", "市局飞行检查发现问题", 3),
    ("许可现场核查", "XK", "核查任务单-", "", "许可事项变更，需现场核查", 5),
    ("抽检", "CJ", "NO.SP1408", "", "监督抽检不合格，需核查处置", 5),
    ("整改复查", "FCZG", "责改〔2026〕", "号", "责令改正期限届满，需复查", 3),
)
NEEDS_APPROVAL = ("DSJ", "FC")  # a model or a section asks, nobody complained: approved before anyone goes
COMMITMENTS = ("信用修复承诺", "许可告知承诺", "容缺受理承诺", "主动公示承诺")
RECORD_KINDS = ("行政处罚", "经营异常名录", "严重违法失信名单")


def triggers(seed: int, when_: Calendar, subjects: Subjects, credit: Ints) -> Feed:
    """One firm in a thousand, C and D firms more often, of every kind; sent by the county unit with its next delivery."""
    rng = random(seed, when_.month, "trigger")
    active = np.flatnonzero(subjects.active)
    row = sampled(
        rng, active, max(6, round(len(active) * TRIGGERED)), weights_by_grade(credit, (1, 2, 5, 9), 1)[active]
    )
    row = rng.permutation(row)
    n = len(row)
    kind = choose(rng, n, [t[5] for t in TRIGGERS])
    if n >= 2 * len(TRIGGERS):  # each kind comes up in a city of some size
        kind[: len(TRIGGERS)] = np.arange(len(TRIGGERS))
    received = np.minimum(working(when_.first + rng.integers(0, 28, n)), when_.last - 1)
    slot = np.searchsorted(np.array(when_.sent[WEEK_1:]), received + 1) + WEEK_1
    county = subjects.county[row]
    number = digits(np.arange(1, n + 1), 5)
    month = when_.month.replace("-", "")
    table = pa.table({
        "线索编号": join(text([t[1] for t in TRIGGERS], kind), "-", text(COUNTIES, county), f"-{month}-", number),
        "统一社会信用代码": picked(subjects, row)[0],
        "触发类型": text([t[0] for t in TRIGGERS], kind),
        "证据编号": join(
            text([t[2].replace("2026", month[:4]) for t in TRIGGERS], kind), month, number, text([t[3] for t in TRIGGERS], kind)
        ),
        "审批文号": when(
            np.isin([TRIGGERS[k][1] for k in kind], NEEDS_APPROVAL), join(f"运市监审〔{month[:4]}〕{month[4:]}", number, "号"), ""
        ),
        "接收日期": dates(received),
        "线索摘要": text([t[4] for t in TRIGGERS], kind),
    })  # fmt: skip
    return Feed("trigger", table, county, slot.astype(np.int64))


def white_list(seed: int, when_: Calendar, subjects: Subjects, credit: Ints) -> Feed:
    """Firms of credit grade A for a year or two, a third of them expired when the city begins; a few more each month."""
    rng = random(seed, when_.month, "white_list")
    good = np.flatnonzero(subjects.active & (credit == A) & (subjects.founded < when_.first - 400))
    new = sampled(rng, good, max(2, round(len(good) * WHITE_LISTED / (12 if when_.start else 1))))
    n = len(new)
    old = (np.arange(n) % 3 == 0) & (when_.start is None)
    term = np.where(old | (rng.random(n) < 0.5), 365, 730)
    listed = np.where(old, when_.first - term - rng.integers(1, 30, n), when_.first - rng.integers(5, 180, n))
    listed = working(listed if when_.start is None else np.full(n, when_.first))
    uscc, name = picked(subjects, new)
    table = pa.table({
        "统一社会信用代码": uscc,
        "企业名称": name,
        "列入日期": dates(listed),
        "到期日期": dates(listed + term),
        "依据文件": join("运市监信用〔", digits(year_of(listed)), "〕", digits(rng.integers(1, 90, n)), "号"),
        "列入机关": same(CITY, n),
        "适用任务": pick(rng, n, ("", "GEN"), (3, 1)),
    })  # fmt: skip
    return Feed("white_list", table, np.full(n, UNIT["XY"]), np.full(n, WEEK_1))


def commitments(seed: int, when_: Calendar, where: Places, subjects: Subjects) -> Feed:
    """Two firms in a thousand, within the month."""
    rng = random(seed, when_.month, "commitment")
    active = np.flatnonzero(subjects.active)
    row = sampled(rng, active, max(6, len(active) // 500))
    n = len(row)
    uscc, name = picked(subjects, row)
    day = working(when_.first + rng.integers(0, 25, n))
    table = pa.table({
        "承诺编号": join("CN-", when_.month.replace("-", ""), "-", digits(np.arange(1, n + 1), 5)),
        "统一社会信用代码": uscc,
        "企业名称": name,
        "承诺类型": pick(rng, n, COMMITMENTS, (4, 4, 2, 1)),
        "承诺日期": dates(np.minimum(day, when_.last)),
        "受理单位": text(where.bureaus, subjects.county[row]),
    })  # fmt: skip
    return Feed("commitment", table, np.full(n, UNIT["XY"]), np.full(n, WEEK_4))


def repairs(seed: int, when_: Calendar, where: Places, subjects: Subjects, marks: tuple[Marks, Marks, Marks]) -> Feed:
    """Applications about penalties, listings and serious violations (in this order) older than their waiting time.

    One is still undecided; refused are those without a pledge and a few others.
    """
    rng = random(seed, when_.month, "repair")
    parts: list[tuple[Ints, Any, Ints]] = []
    for kind, (mark, share) in enumerate(zip(marks, (0.015, 0.01, 0.03), strict=True)):
        chosen = sampled(rng, np.arange(len(mark.subject)), max(2, int(len(mark.subject) * share)))
        parts.append((mark.subject[chosen], take(mark.number, chosen), np.full(len(chosen), kind)))
    row = np.concatenate([p[0] for p in parts])
    kind_ = np.concatenate([p[2] for p in parts])
    n = len(row)
    applied = working(when_.sent[STOCK] - rng.integers(0, 20, n))
    decided = working(applied + rng.integers(2, 12, n))
    open_ = (decided > when_.last) | (np.arange(n) == n - 1)
    pledged = rng.random(n) < 0.97
    granted = pledged & (rng.random(n) < 0.95)
    table = pa.table({
        "修复编号": join("XF-", when_.month.replace("-", ""), "-", digits(np.arange(1, n + 1), 4)),
        "统一社会信用代码": picked(subjects, row)[0],
        "原记录类型": text(RECORD_KINDS, kind_),
        "原记录文号": pa.concat_arrays([_one(p[1]) for p in parts]),
        "承诺书": when(pledged, "是", "否"),
        "申请日期": dates(applied),
        "决定日期": when(open_, "", dates(decided)),
        "决定单位": when(open_, "", when(kind_ == 2, CITY, text(where.bureaus, subjects.county[row]))),
        "决定结果": when(open_, "", when(granted, "准予", "不予")),
    })  # fmt: skip
    return Feed("repair", table, np.full(n, UNIT["XY"]), np.full(n, WEEK_4))


def _one(column: Any) -> Any:
    return column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
