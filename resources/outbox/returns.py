"""returns.xlsx: what went back to the province and what came of it, what is published in time, for the office (R-29, R-29b).

Here: reconciliation and publication by unit, what must be seen to, where platform and county differ, what this month's
return file holds. Not here: that file (platform_return), the counting (sql/reports), the public list (public_csv).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import pandas as pd

from data_contracts.model import Column, output_contract
from resources.outbox.sheet import Sheet, own_column, sums
from resources.outbox.workbook import write_workbook
from supervision.reports.marks import Mark, month_words, rate_down

ISSUE_MARKS: Mapping[str, Mark] = {
    "overdue": Mark("×", "bad"),
    "rejected": Mark("▲", "bad"),
    "unknown_ack": Mark("？", "warn"),
}
RATING_MARKS: Mapping[str, Mark] = {
    "达标": Mark("●", "good"),
    "未达标": Mark("×", "bad"),
    "无应计": Mark("—", "plain"),
}
ACK_LEAST = Fraction(98, 100)  # DOMAIN §4.7 c
PUBLISHED_LEAST = Fraction(1)  # DOMAIN §5.4: publication 100 %
_RATE = "0.0%"
_NOTE = (
    "统计本年检查的结果，以前年度未了的也在内。平台已有：平台导出中有、没有回执的，不需回填；待回填：列入本月回填文件；逾期未回执：回填后满 "
    "3 个工作日没有回执。回执率按上月检查的结果计，低于 98% 为未达标；检查到回填按法定工作日计，只计知道到达日期的。"
)
_PUBLICATION = (
    "20 个工作日公示期限在本月届满的检查结果，应全部按期公示；期限跨入尚未公布工作日历的年份的只是暂定，不进分母。公示日期以平台所写的或以前月份"
    "公示清单（results_public.csv）的日期为准；归集及时率中的公示时限只认平台所写的，两处口径不同。"
)
_ISSUES = (
    "逾期未回执：查平台是否收到，未收到的重新导入；平台退回：按退回原因更正，随下一次工作簿送回，自动重报；"
    "回执对不上：任务、事项、主体或检查日期与已归集的结果都不符，或者结果尚未送达、尚在隔离，请查找补送，没有的请省局平台核对。"
)
_DIFFERENCES = "已以平台为准。县级写得对的，请在平台更正；平台写得对的，不必再送。"
_COUNTS = (
    "results_known", "count_on_platform", "count_to_return", "count_returned", "count_acknowledged", "count_rejected",
    "count_overdue", "count_unknown_ack",
)  # fmt: skip
_PUBLISHED = (
    "publication_due", "published_in_time", "published_late", "unpublished_overdue", "publication_pending",
    "publication_provisional", "unpublished_before", "publication_listed",
)  # fmt: skip
_RETURNED = (
    "unit_name", "plan_id", "task_code", "item_code", "ent_name", "uscc", "inspected_on", "mode", "result_code",
    "problem_desc", "measures", "next_action", "publish_due_on", "ack_id",
)  # fmt: skip
_PLACE = ["unit_code", "delivery_id", "file_name", "sheet", "row_no", "differing_column"]
_WIDTHS = {"unit_name": 26, "ent_name": 32, "plan_id": 17, "task_name": 26, "uscc": 22, "uid": 22, "reject_reason": 26}


@dataclass(frozen=True, slots=True)
class ReturnTables:
    """The tables of the workbook, each under the output contract of its name."""

    return_reconciliation: pd.DataFrame
    return_issue: pd.DataFrame
    publication: pd.DataFrame
    outcome_difference: pd.DataFrame
    platform_return: pd.DataFrame


def write_returns(path: Path, tables: ReturnTables, *, demonstration: bool, facts: Mapping[str, str]) -> str:
    """Write the workbook of returns and publication; returns its SHA-256. facts: holds 月份. Errors: WorkbookError."""
    sheets = [
        _reconciliation(tables.return_reconciliation),
        Sheet(
            "待办事项",
            tables.return_issue,
            _shown("return_issue", "issue_ref", "unit_code", "task_code"),
            note=_ISSUES,
            marks={"issue_kind": ISSUE_MARKS},
            freeze=2,
            widths=_WIDTHS,
            empty="没有须办理的回填事项",
        ),
        _publication(tables.publication),
        Sheet(
            "两处不一致",
            tables.outcome_difference.sort_values(_PLACE, kind="stable"),
            _shown("outcome_difference", "county_row_id", "unit_code", "task_code"),
            note=_DIFFERENCES,
            freeze=2,
            widths={**_WIDTHS, "platform_value": 26, "county_value": 26, "file_name": 22},
            empty="平台与县级工作簿没有不一致之处",
        ),
        Sheet(
            "本月回填",
            tables.platform_return,
            [output_contract("platform_return").column(name) for name in _RETURNED],
            note="与回填文件逐行相同，列作了选择；向平台报送以回填文件为准。",
            freeze=1,
            widths={**_WIDTHS, "problem_desc": 26, "measures": 18, "next_action": 18},
            empty="本月没有须回填的结果：结果都已在平台，或县级尚未送回",
        ),
    ]
    title = f"{month_words(facts['月份'])}检查结果回填与公示"
    return write_workbook(path, sheets, title=title, demonstration=demonstration, facts=facts)


def _shown(name: str, *left_out: str) -> list[Column]:
    return [column for column in output_contract(name).columns if column.name not in left_out]


def _reconciliation(rows: pd.DataFrame) -> Sheet:
    frame = rows.assign(rating=_ratings(rows["ack_received"], rows["ack_expected"], ACK_LEAST))
    rating = own_column("rating", "评定", "回执率达到 98% 的为达标，没有应有回执的为无应计。")
    columns = _shown("return_reconciliation", "month", "unit_code")
    at = [column.name for column in columns].index("ack_rate") + 1
    names = (*_COUNTS, "ack_expected", "ack_received", "lag_results", "lag_over")
    return Sheet(
        "回填对账",
        frame,
        [*columns[:at], rating, *columns[at:]],
        note=_NOTE,
        formats={"ack_rate": _RATE},
        marks={"rating": RATING_MARKS},
        totals=sums(frame, names) | _rate(frame, "ack_rate", "ack_received", "ack_expected"),
        freeze=1,
        widths=_WIDTHS,
    )


def _publication(rows: pd.DataFrame) -> Sheet:
    frame = rows.assign(rating=_ratings(rows["published_in_time"], rows["publication_due"], PUBLISHED_LEAST))
    rating = own_column("rating", "评定", "到期的全部按期公示为达标，本月没有到期的为无应计。")
    columns = _shown("publication", "month", "unit_code")
    at = [column.name for column in columns].index("publication_rate") + 1
    return Sheet(
        "公示",
        frame,
        [*columns[:at], rating, *columns[at:]],
        note=_PUBLICATION,
        formats={"publication_rate": _RATE},
        marks={"rating": RATING_MARKS},
        totals=sums(frame, _PUBLISHED) | _rate(frame, "publication_rate", "published_in_time", "publication_due"),
        freeze=1,
        widths=_WIDTHS,
    )


def _ratings(done: pd.Series, due: pd.Series, least: Fraction) -> list[str]:
    pairs = zip(done.tolist(), due.tolist(), strict=True)
    return ["无应计" if not d else "达标" if Fraction(int(n), int(d)) >= least else "未达标" for n, d in pairs]


def _rate(frame: pd.DataFrame, name: str, done: str, due: str) -> dict[str, object]:
    rate = rate_down(int(frame[done].sum()), int(frame[due].sum()))
    return {} if rate is None else {name: rate}
