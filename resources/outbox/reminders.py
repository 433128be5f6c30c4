"""reminders.xlsx: whom the office reminds of what this month, what is left out and why, how it goes on (R-05, R-33, §4.6).

Here: the sheets and their order. Not here: who is reminded (sql/reports), letters (letters), layout (workbook).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from data_contracts.model import Column, output_contract
from resources.outbox.sheet import Sheet, own_column, sums
from resources.outbox.timeliness import shown
from resources.outbox.workbook import write_workbook
from supervision.reminders import REASONS
from supervision.reports.marks import Mark, month_words

_MARKS: Mapping[str, Mark] = {
    "已处置": Mark("●", "good"),
    "已签收": Mark("◎", "plain"),
    "已发出": Mark("○", "plain"),
    "待发出": Mark("△", "plain"),
    "内部跟踪": Mark("—", "plain"),
    "逾期未报": Mark("×", "bad"),
}
_FIGURES = {"records": "件数", "median_wd": "中位数", "p95_wd": "第95百分位"}
_MEANINGS = {
    "records": "算得出用时的件数。",
    "median_wd": "用时的中位数（工作日）。",
    "p95_wd": "百分之九十五的件数不超过这一用时（工作日）。",
}
_LIST = (
    "unit_name", "station", "reminder_id", "uscc", "party_name", "reason_code", "channel", "event_on", "ingested_on",
    "act_by", "disposal_due_on",
)  # fmt: skip
_ITEMS = ("unit_name", "reminder_id", "uscc", "party_name", "document_no", "issued_by", "summary", "formed_on")
_NOTE = (
    "一户一月一个提醒编号，函件、回执、处置都用它。发函的按单位装在 letters 文件夹（letters-单位代码.docx），每户一页；"
    "等级下降只供内部跟踪，不发函，也不得向企业提起。"
    "发出、签收、处置的日期请各单位以任务佐证（提醒发出、提醒签收、提醒处置）报回，关联编号填提醒编号。"
)


@dataclass(frozen=True, slots=True)
class ReminderTables:
    """What the workbook is made of: `risk_reminders`, `reminder_item` (both with the months before) and `reminder_lag`."""

    risk_reminders: pd.DataFrame
    reminder_item: pd.DataFrame
    reminder_lag: pd.DataFrame


def write_reminders(path: Path, tables: ReminderTables, *, demonstration: bool, facts: Mapping[str, str]) -> str:
    """Write the workbook of reminders; returns its SHA-256. facts: hold 月份. Errors: WorkbookError."""
    month = facts["月份"]
    listed = tables.risk_reminders.assign(place=tables.risk_reminders["reason_code"].map(_PLACES))
    listed = listed.sort_values(["unit_code", "place", "reminder_id", "month"], kind="stable", ignore_index=True)
    now = listed[listed["month"] == month]
    going = now[now["suppressed_reason"].isna()].reset_index(drop=True)
    sheets = [
        _overview(now),
        Sheet(
            "本月名单",
            going,
            shown("risk_reminders", _LIST),
            note=_NOTE,
            freeze=5,
            widths={"unit_name": 28, "station": 22, "reminder_id": 30, "uscc": 23, "party_name": 36},
            break_on="unit_code",  # each unit is given its own pages
            empty="本月没有提醒",
        ),
        _repairable(tables.reminder_item, listed, month),
        Sheet(
            "不再提醒",
            now[now["suppressed_reason"].notna()].reset_index(drop=True),
            shown(
                "risk_reminders",
                (
                    "unit_name",
                    "reminder_id",
                    "uscc",
                    "party_name",
                    "reason_code",
                    "suppressed_reason",
                    "suppressed_record_ids",
                ),
            ),
            note="本应提醒而因所列原因不再提醒的：留在名单中计数，不发函，依据的记录不得再引用（R-36）。",
            freeze=4,
            widths={"reminder_id": 30, "uscc": 23, "party_name": 36, "suppressed_record_ids": 40},
            empty="本月没有剔除的",
        ),
        _followed(listed),
        _lags(tables.reminder_lag),
    ]
    return write_workbook(
        path, sheets, title=f"{month_words(month)}风险提醒名单", demonstration=demonstration, facts=facts
    )


_PLACES = {code: place for place, code in enumerate(REASONS)}


def _overview(now: pd.DataFrame) -> Sheet:
    """Enterprises by unit and reason; letters are counted once per enterprise."""
    going = now[now["suppressed_reason"].isna()]
    units = now.groupby("unit_code", as_index=False)["unit_name"].min()
    counted = going.pivot_table(index="unit_code", columns="reason_code", values="uid", aggfunc="count", observed=True)
    counted = counted.reindex(index=units["unit_code"], columns=list(REASONS)).fillna(0).astype("int64")
    counted.columns = [code.lower() for code in REASONS]
    letters = going[going["channel"] == "letter"].groupby("unit_code")["uid"].nunique()
    left = now[now["suppressed_reason"].notna()].groupby("unit_code")["uid"].count()
    frame = units.merge(counted.reset_index(), on="unit_code").assign(
        letters=units["unit_code"].map(letters).fillna(0).astype("int64"),
        left_out=units["unit_code"].map(left).fillna(0).astype("int64"),
    )
    words = {code: text for text, code in output_contract("risk_reminders").column("reason_code").values.items()}
    numbers = [*counted.columns, "letters", "left_out"]
    columns: list[Column] = [
        *shown("risk_reminders", ("unit_name",)),
        *(
            own_column(
                code.lower(),
                words[code],
                f"本月因{words[code]}提醒的户数。",
                "integer",
                sensitive=code == "GRADE_DOWN",
            )
            for code in REASONS
        ),
        own_column("letters", "发函户数", "本月发函的企业数，一户各事由合为一函。", "integer"),
        own_column("left_out", "不再提醒", "本应提醒而因修复、到期、撤销等不再提醒的件数。", "integer"),
    ]
    return Sheet(
        "总览",
        frame,
        columns,
        note=_NOTE,
        totals=sums(frame, numbers),
        freeze=1,
        widths={"unit_name": 30},
        empty="本月没有提醒",
    )


def _repairable(items: pd.DataFrame, listed: pd.DataFrame, month: str) -> Sheet:
    """Every record for which repair may be asked for, so that the offices can invite the enterprise."""
    chosen = items[
        (items["month"] == month) & (items["reason_code"] == "REPAIR_ELIGIBLE") & items["suppressed_reason"].isna()
    ]
    names = listed.drop_duplicates("uid")[["uid", "uscc", "party_name"]]
    frame = chosen.merge(names, on="uid", how="left").sort_values(
        ["unit_code", "repair_from", "reminder_id", "row_id"], kind="stable", ignore_index=True
    )
    columns = [
        *shown("risk_reminders", ("unit_name", "reminder_id", "uscc", "party_name")),
        *shown("reminder_item", (*_ITEMS[4:], "repair_from", "effective_until")),
    ]
    return Sheet(
        "可修复",
        frame,
        columns,
        note="首次可以申请修复的，以及此后每满一年尚未修复的；日期按截至日有效的规定（periods.yaml），不得提前停止公示的不在其中。"
        "经营异常名录改正后即可申请；是否准予由受理单位依法核定。",
        freeze=4,
        widths={"unit_name": 28, "reminder_id": 30, "uscc": 23, "party_name": 36, "document_no": 26, "summary": 34},
        empty="本月没有新到可修复日期的记录",
    )


def _followed(listed: pd.DataFrame) -> Sheet:
    """How each reminder of this and the followed months goes on."""
    sent = listed[listed["suppressed_reason"].isna()]
    as_of = listed["reminded_on"].max() if len(listed) else None
    states = [
        _state(row, as_of)
        for row in sent[["channel", "disposed_at", "ack_at", "sent_at", "disposal_due_on"]].itertuples(index=False)
    ]
    frame = sent.assign(progress=states).reset_index(drop=True)
    columns = [
        *shown("risk_reminders", ("unit_name", "month", "reminder_id", "party_name", "reason_code")),
        own_column("progress", "办理情况", "按各单位报回的佐证：已处置、已签收、已发出、待发出、内部跟踪、逾期未报。"),
        *shown(
            "risk_reminders",
            ("sent_at", "ack_at", "disposed_at", "disposal", "disposal_due_on", "lag_reminder_to_disposal_wd"),
        ),
    ]
    return Sheet(
        "办理情况",
        frame,
        columns,
        note="本月和此前三个月的提醒；过了处置期限没有报回处置的，列为逾期未报。",
        marks={"progress": _MARKS},
        freeze=4,
        widths={"unit_name": 28, "reminder_id": 30, "party_name": 36, "disposal": 34},
        empty="没有需要跟踪的提醒",
    )


def _state(row: Any, as_of: Any) -> str:
    if not pd.isna(row.disposed_at):
        return "已处置"
    if row.disposal_due_on < as_of:
        return "逾期未报"
    if row.channel == "internal":
        return "内部跟踪"
    if not pd.isna(row.ack_at):
        return "已签收"
    return "待发出" if pd.isna(row.sent_at) else "已发出"


def _lags(frame: pd.DataFrame) -> Sheet:
    """The three lags side by side, the city first."""
    units = frame.groupby("unit_code", as_index=False)["unit_name"].min()
    units = units.assign(level=(units["unit_code"] != "CITY").astype("int64"))
    wide = units.sort_values(["level", "unit_code"], kind="stable", ignore_index=True)
    columns = [*shown("reminder_lag", ("unit_name",))]
    for title, kind in output_contract("reminder_lag").column("lag_kind").values.items():
        own = frame[frame["lag_kind"] == kind].set_index("unit_code")
        for figure, words in _FIGURES.items():
            wide[f"{kind}_{figure}"] = wide["unit_code"].map(own[figure])
            columns.append(
                own_column(f"{kind}_{figure}", f"{title} {words}", f"{title}：{_MEANINGS[figure]}", "integer")
            )
    pending = frame[frame["lag_kind"] == "reminder_to_disposal"].set_index("unit_code")["pending"]
    columns.append(own_column("pending", "尚未处置", "已提醒而未报回处置的件数，含处置期限未到的。", "integer"))
    return Sheet(
        "用时",
        wide.assign(pending=wide["unit_code"].map(pending)),
        columns,
        note="法定工作日（含调休）。发生至归集为早发现，归集至提醒为早提醒，提醒至处置为早处置；名单每月末形成，归集至提醒算到月末。",
        freeze=1,
        widths={"unit_name": 30},
        empty="没有可计算的用时",
    )
