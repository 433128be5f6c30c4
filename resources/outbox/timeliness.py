"""timeliness.xlsx: how collecting went — in time, complete, accurate, connected — by source, unit and county (DOMAIN §4.5).

Here: the three indicators, the clocks each on sheets of their own, gaps against ledgers and document numbers, coverage
of sources, fields and departments, the province's push, and what is late, by place. Not here: any rule or count.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pandas as pd

from data_contracts.model import Column, output_contract
from data_contracts.registry import sources
from resources.outbox.workbook import Sheet, own_column, sums, write_workbook
from supervision.months import first_day
from supervision.reports.marks import (
    COVERAGE_MARKS,
    DEPARTMENT_MARKS,
    PUSH_MARKS,
    RATING_MARKS,
    TIMELINESS_MARKS,
    month_words,
    rate_down,
    timeliness_rating,
)
from supervision.reports.terms import terms

MOST_LISTED = 100_000
_MOST_NAMED = 3
_COLLECT = "collect_7wd"
_PERCENT = "0.00%"
_COUNTS = (
    "records", "on_time", "late", "overdue_open", "denominator", "not_yet_due", "undeterminable", "overdue_before",
)  # fmt: skip
_SHOWN = (
    "records", "on_time", "late", "overdue_open", "denominator", "rate", "not_yet_due", "undeterminable", "overdue_before",
)  # fmt: skip
_LATE = (
    "unit_name", "clock", "source", "formed_on", "due_on", "received_on", "published_on", "state", "delay_wd", "row_place",
    "delivery_id", "file_name", "sheet", "row_no",
)  # fmt: skip
LATE_WIDTHS = {"unit_name": 26, "source": 22, "file_name": 26, "sheet": 12}
_KPI = tuple(
    f"{kind}_{part}" for kind in ("complete", "timely", "accurate") for part in ("numerator", "denominator", "rate")
)
_RATING = "95%及以上达标，85%至95%关注，低于85%偏低，分母为0的不评价。"
_COUNTED = "未到期和无法判定的不进分母，但照列；以前月份到期而至今未办的另列，不重复计。" + f"评价：{_RATING}"
_COLLECT_NOTE = (
    "归集时限为形成日期后7个法定工作日（含调休），形成当日不计。及时率 = 按期 ÷（按期 + 逾期办结 + 逾期未办）；"
    f"隔离后尚未更正的行是尚未归集。\n{_COUNTED}"
)
_OTHER_NOTE = (
    "四个时限各算各的：双公示为作出决定后7个工作日内、公示为20个工作日内上网公示，以所送公示日期为准；等级快照每月一次。\n"
    f"从未送过公示日期的单位，其记录列为无法判定。{_COUNTED}"
)
_KPI_NOTE = (
    "全面性以报送单位另行统计的台账总数为分母，取期限在本月届满的形成月份，没有台账的为空，不作满分；"
    "及时性为7个工作日归集；准确性为本月交付行中验收合格的比率。"
)
_COMPLETE_NOTE = (
    "台账总数由报送单位另行统计，与所送记录核对：差额是未归集的，除去在隔离的，就是从未送达的估计数；期限未满的，其中可能有尚未到期的。"
    "没有台账总数的，全面性无从核对，不等于没有缺送。"
)
_GAP_NOTE = "同一字号序列中，前后号都收到而中间没有收到的号；几个单位共用一个序列的，任一单位送来都算。首号之前、末号之后看不出来。"
_LATE_NOTE = "按位置列出：交付批次、文件、工作表、行号。逾期由产生该记录的单位负责。"


@dataclass(frozen=True, slots=True)
class CollectionTables:
    """The tables of the workbook, each under the output contract of its name."""

    timeliness_summary: pd.DataFrame
    timeliness: pd.DataFrame
    completeness: pd.DataFrame
    document_gap: pd.DataFrame
    accuracy: pd.DataFrame
    collection_kpi: pd.DataFrame
    source_coverage: pd.DataFrame
    department_coverage: pd.DataFrame
    push_reconciliation: pd.DataFrame


def write_timeliness(path: Path, tables: CollectionTables, *, demonstration: bool, facts: Mapping[str, str]) -> str:
    """Write the timeliness workbook; returns its SHA-256. facts: holds 月份. Errors: WorkbookError.

    Of the single records the late, overdue and undeterminable ones are shown, at most MOST_LISTED, latest due first
    to stay.
    """
    collect = tables.timeliness_summary[tables.timeliness_summary["clock"] == _COLLECT]
    others = tables.timeliness_summary[tables.timeliness_summary["clock"] != _COLLECT]
    sheets = [
        _kpi(tables.collection_kpi),
        _summary("来源与单位", _rolled(collect, "source", "unit_name"), ("source", "unit_name"), _COLLECT_NOTE),
        _summary("按来源", _rolled(collect, "source"), ("source",), _COLLECT_NOTE),
        _summary("按单位", _rolled(collect, "unit_name"), ("unit_name",), _COLLECT_NOTE),
        _summary("按属地", _rolled(collect, "record_county"), ("record_county",), _COLLECT_NOTE),
        _summary(
            "双公示、公示与等级",
            _rolled(others, "clock", "source", "unit_name"),
            ("clock", "source", "unit_name"),
            _OTHER_NOTE,
        ),
        _completeness(tables.completeness, facts["月份"]),
        _gaps(tables.document_gap),
        _accuracy(tables.accuracy),
        *_coverage(tables.source_coverage),
        _departments(tables.department_coverage),
        _push(tables.push_reconciliation),
        _late(tables.timeliness),
    ]
    return write_workbook(
        path,
        sheets,
        title=f"{month_words(facts['月份'])}归集及时率",
        demonstration=demonstration,
        facts=facts,
        terms=terms("归集", "隔离", "台账总数"),
    )


def shown(contract: str, names: Sequence[str]) -> list[Column]:
    """Columns of an output contract as a document shows them: sources by their titles."""
    titles = {source.contract.title: source.name for source in sources()}
    columns = [output_contract(contract).column(name) for name in names]
    return [replace(column, values=titles) if column.name == "source" else column for column in columns]


def _kpi(frame: pd.DataFrame) -> Sheet:
    rates = [name for name in _KPI if name.endswith("_rate")]
    counts = [name for name in _KPI if name not in rates]
    pairs = {rate: (rate.replace("_rate", "_numerator"), rate.replace("_rate", "_denominator")) for rate in rates}
    shares = {
        rate: [_share(a, b) for a, b in zip(frame[top], frame[bottom], strict=True)]
        for rate, (top, bottom) in pairs.items()
    }
    total = sums(frame, counts)
    whole = {rate: rate_down(total[top], total[bottom]) for rate, (top, bottom) in pairs.items()}
    return Sheet(
        "三项指标",
        frame.assign(**{rate: pd.Series(values, index=frame.index, dtype=object) for rate, values in shares.items()}),
        shown("collection_kpi", ("source", "unit_name", *_KPI)),
        note=_KPI_NOTE,
        formats=dict.fromkeys(rates, _PERCENT),
        totals={**total, **whole},
        freeze=2,
        widths={"unit_name": 30},
    )


def _share(numerator: Any, denominator: Any) -> Decimal | None:
    return None if pd.isna(denominator) else rate_down(int(numerator), int(denominator))


def _rolled(summary: pd.DataFrame, *by: str) -> pd.DataFrame:
    """Counts summed by some columns; the rate comes from the sums, never from the mean of rates."""
    return summary.groupby(list(by), sort=True, as_index=False)[list(_COUNTS)].sum()


def _summary(title: str, frame: pd.DataFrame, keys: tuple[str, ...], note: str) -> Sheet:
    pairs = [(int(good), int(due)) for good, due in zip(frame["on_time"], frame["denominator"], strict=True)]
    total = sums(frame, _COUNTS)
    rated = frame.assign(
        rate=pd.Series([rate_down(good, due) for good, due in pairs], index=frame.index, dtype=object),
        rating=[timeliness_rating(good, due) for good, due in pairs],
    )
    return Sheet(
        title,
        rated,
        [*shown("timeliness_summary", (*keys, *_SHOWN)), own_column("rating", "评价", _RATING)],
        note=note,
        formats={"rate": _PERCENT},
        marks={"rating": RATING_MARKS},
        # Clocks are never summed together.
        totals={} if "clock" in keys else {**total, "rate": rate_down(total["on_time"], total["denominator"])},
        freeze=len(keys),
        widths={"unit_name": 36},
    )


def _completeness(frame: pd.DataFrame, month: str) -> Sheet:
    names = (
        "source", "unit_name", "record_county", "formed_month", "control_total", "collected", "missing_estimated", "refused",
        "never_delivered", "surplus", "rate", "last_due_on", "is_settled", "total_basis",
    )  # fmt: skip
    # Older months whose ledger agrees, and those without a ledger, fill pages and say nothing: they stay in the table.
    recent = frame["last_due_on"] >= first_day(month)
    wanted = frame[(recent & frame["control_total"].notna()) | (frame["missing_estimated"].fillna(0) > 0)]
    without = frame[recent & frame["control_total"].isna()]
    units = without[["source", "unit_code"]].drop_duplicates()
    told = f"\n期限在本月届满或尚未届满、又没有台账总数的，有 {len(units)} 个来源和单位，未列。" if len(units) else ""
    return Sheet(
        "全面性",
        wanted.sort_values(
            ["never_delivered", "source", "unit_code", "record_county", "formed_month"],
            ascending=[False, True, True, True, True],
            kind="stable",
        ),
        shown("completeness", names),
        note=_COMPLETE_NOTE + told,
        formats={"rate": _PERCENT},
        freeze=2,
        widths={"unit_name": 30},
        empty="没有台账总数",
    )


def _gaps(frame: pd.DataFrame) -> Sheet:
    names = (
        "source", "unit_name", "series", "first_no", "last_no", "numbers_seen", "missing", "missing_due", "missing_numbers",
    )  # fmt: skip
    wanted = frame[frame["missing"] > 0]
    series = len(frame[["source", "series"]].drop_duplicates())
    return Sheet(
        "文号缺号",
        wanted.sort_values(
            ["missing_due", "missing", "source", "unit_code", "series"],
            ascending=[False, False, True, True, True],
            kind="stable",
        ),
        shown("document_gap", names),
        note=f"{_GAP_NOTE}\n共核对 {series:,} 个字号序列、{int(frame['numbers_seen'].sum()):,} 个号，只列有缺号的。",
        totals=sums(wanted, ("missing", "missing_due")),
        freeze=2,
        widths={"unit_name": 30, "missing_numbers": 36},
        formats=dict.fromkeys(("first_no", "last_no"), "0"),
        empty="没有缺号",
    )


def _accuracy(frame: pd.DataFrame) -> Sheet:
    counts = ("files", "quarantined_files", "delivered_rows", "quarantined_rows")
    total = sums(frame, counts)
    good = total["delivered_rows"] - total["quarantined_rows"]
    return Sheet(
        "准确性",
        frame,
        shown("accuracy", ("source", "unit_name", *counts, "rate")),
        note="本月交付的行中验收合格的比率。隔离的行逐行有原因，请按更正表更正后重新报送；整份读不出的文件不知有多少行，另计。",
        formats={"rate": _PERCENT},
        totals={**total, "rate": rate_down(good, total["delivered_rows"])},
        freeze=2,
        widths={"unit_name": 30},
    )


def _coverage(frame: pd.DataFrame) -> list[Sheet]:
    own = (
        "title", "coverage", "coverage_reason", "units_expected", "units_delivered", "silent_units", "files",
        "quarantined_files", "accepted_rows", "quarantined_rows",
    )  # fmt: skip
    rolled = (
        "level", "title", "coverage", "coverage_reason", "source_names", "files", "quarantined_files", "accepted_rows",
        "quarantined_rows",
    )  # fmt: skip
    marks = {"coverage": COVERAGE_MARKS}
    note = "未接入的写明原因，行数留空：没有数据不等于没有问题。行数为本月交付的行。"
    wide = {"coverage_reason": 36, "silent_units": 36, "title": 22, "source_names": 30}
    of_source = frame["level"] == "source"
    frame = frame.assign(silent_units=frame["silent_units"].map(_few, na_action="ignore"))
    return [
        Sheet(
            "来源接入", frame[of_source], shown("source_coverage", own), note=note, marks=marks, freeze=2, widths=wide
        ),
        Sheet(
            "领域与指标类别",
            frame[~of_source],
            shown("source_coverage", rolled),
            note=note,
            marks=marks,
            freeze=2,
            widths=wide,
        ),
    ]


def _few(names: str) -> str:
    """The first units of a long list, and how many there are."""
    listed = names.split("、")
    return names if len(listed) <= _MOST_NAMED else f"{'、'.join(listed[:_MOST_NAMED])}等 {len(listed)} 个单位"


def _departments(frame: pd.DataFrame) -> Sheet:
    """A department a row, a kind of source a column (R-15)."""
    streams = [source for source in sources() if source.kind == "department"]
    state = output_contract("department_coverage").column("dept_state")
    keys = ["dept_code", "dept_name"]
    states = frame.pivot_table(index=keys, columns="source", values="dept_state", aggfunc="first", observed=True)
    by_dept = frame.groupby(keys)
    matrix = states.reindex(columns=[source.name for source in streams]).assign(
        accepted_rows=by_dept["accepted_rows"].sum(),
        rows_ever=by_dept["rows_ever"].sum(),
        last_received_on=by_dept["last_received_on"].agg(lambda days: max(days.dropna(), default=None)),
    )
    (name,) = shown("department_coverage", ("dept_name",))
    return Sheet(
        "部门参与",
        matrix.reset_index(),
        [
            name,
            *(replace(state, name=source.name, title=source.contract.title) for source in streams),
            *shown("department_coverage", ("accepted_rows", "rows_ever", "last_received_on")),
        ],
        note="每个部门四类信息本月是否送来；部门没有该项职权的，从未送过属正常，由信用监督管理科认定、协调。",
        marks={source.name: DEPARTMENT_MARKS for source in streams},
        freeze=1,
        widths={"dept_name": 34},
    )


def _push(frame: pd.DataFrame) -> Sheet:
    names = ("batch_no", "record_kind", "declared", "loaded", "rejected", "repeated", "difference", "push_state")
    kinds = {code: text for text, code in _push_kinds().items()}
    return Sheet(
        "总对总核对",
        frame.assign(record_kind=[kinds.get(code, code) for code in frame["record_kind"]]),
        shown("push_reconciliation", names),
        note="清单应有 = 收下 + 隔离；清单连重复的行也计的，也算一致。不符的请与省局平台核对。",
        marks={"push_state": PUSH_MARKS},
        totals=sums(frame, ("declared", "loaded", "rejected", "repeated", "difference")),
        freeze=2,
        empty="本期没有总对总推送",
    )


def _push_kinds() -> Mapping[str, str]:
    push = next(source for source in sources() if source.kind == "province_push")
    return push.contract.column("record_kind").values


def _late(records: pd.DataFrame) -> Sheet:
    wanted = records[records["state"].isin(("late", "overdue_open", "undeterminable"))]
    left = len(wanted) - MOST_LISTED
    if left > 0:
        wanted = wanted.sort_values(["due_on", "clock", "row_id"], kind="stable", na_position="first").tail(MOST_LISTED)
    return Sheet(
        "逾期与无法判定",
        wanted.sort_values(
            ["unit_code", "clock", "due_on", "delivery_id", "file_name", "row_no", "row_id"], kind="stable"
        ),
        shown("timeliness", _LATE),
        note=_LATE_NOTE + (f"另有截止日期更早的 {left:,} 行未列，见 timeliness 表。" if left > 0 else ""),
        marks={"state": TIMELINESS_MARKS},
        freeze=1,
        widths=LATE_WIDTHS,
        empty="没有逾期或无法判定的记录",
    )
