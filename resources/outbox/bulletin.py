"""bulletin.docx (通报): what is listed this month, why, and what is recalled, in the form of an official document.

Here: the words of the document made of the tables `bulletin` and `task_status`. Not here: the rules (supervision.bulletin),
the look (templates/bulletin.docx, which an office can edit in Word). The red head, number and date are the bureau's own.
"""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import pandas as pd

from data_contracts.model import output_contract
from resources.outbox.cells import words_of
from resources.outbox.docx import write_docx
from resources.outbox.evidence_words import ROUNDS, evidence_words
from resources.outbox.pages import BANNER
from supervision.bulletin import EARLIER
from supervision.bulletin_rules import day_words
from supervision.reports.marks import month_words

_ADDRESSEES = "各县（市、区）市场监督管理局、运城开发区分局，市局机关各相关科室、综合行政执法队、企业档案数据中心"
_DIGITS = 12


def write_bulletin(
    path: Path,
    bulletin: pd.DataFrame,
    status: pd.DataFrame,
    *,
    bureau: str,
    month: str,
    as_of: dt.date,
    source_document: str,
    version: str,
    demonstration: bool,
) -> str:
    """Write the bulletin; returns the file's SHA-256. Frames of the contracts `bulletin` and `task_status`.

    source_document: number of the notice; version: of the bulletin's rules, in words. Errors: TemplateError.
    """
    listed = bulletin[bulletin["state"] != "recalled"]
    recalled = bulletin[bulletin["state"] == "recalled"]
    words = month_words(month)
    heading = (f"关于{words}企业信用风险分类管理", "工作情况的通报")
    context = {
        "demonstration": demonstration,
        "banner": BANNER,
        "bureau": bureau,
        "heading": heading,
        "addressees": _ADDRESSEES,
        "opening": (
            f"根据《关于推进企业信用风险分类管理 进一步提升监管效能的实施方案》（{source_document}），市局对截至"
            f"{day_words(as_of)}各单位重点任务进展和信用风险分类管理工作情况进行了核对，现通报如下。"
        ),
        "overview": _overview(listed, recalled),
        "progress": _progress(status),
        "basis": f"本通报只依据系统留存的佐证和数据，判定规则为{version}，各项实测值、标准和证据见附件。",
        "groups": _groups(listed),
        "units": [
            {"name": name, "rows": [_row(row) for row in _records(part)]}
            for name, part in listed.groupby("unit_name", sort=False)
        ],
        "recalled": [_row(row) for row in _records(recalled)],
    }
    return write_docx(path, "bulletin", context, title=f"{bureau}{''.join(heading)}")


def _overview(listed: pd.DataFrame, recalled: pd.DataFrame) -> str:
    if listed.empty:
        return f"本月没有列入通报的事项，销号{len(recalled)}项。"
    states, levels = listed["state"].value_counts(), listed["finding_level"].value_counts()
    return (
        f"本月列入通报{len(listed)}项，涉及{listed['unit_code'].nunique()}个单位：新增{states.get('new', 0)}项，"
        f"持续{states.get('continuing', 0)}项；其中严重{levels.get('red', 0)}项，关注{levels.get('amber', 0)}项。"
        f"销号{len(recalled)}项。"
    )


def _progress(status: pd.DataFrame) -> str:
    current = status[~status["is_history"].astype(bool)]
    counts = current["status"].value_counts()
    words = words_of(output_contract("task_status").column("status"))
    told = "，".join(f"{word}{counts[code]}项" for code, word in words.items() if code in counts)
    return f"通知所列重点任务按责任单位分解为{len(current)}项：{told}。没有可计数的佐证的不评价，逐项见重点任务清单进展表。"


def _groups(listed: pd.DataFrame) -> list[dict[str, Any]]:
    """What is listed, by rule, worst first within the order of the rules."""
    groups = []
    for number, (_, part) in enumerate(listed.groupby("rule_id", sort=True), start=1):
        first = part.iloc[0]
        named = part.groupby("unit_name", sort=False)["subject"].agg(list)
        units = "、".join(
            str(name)
            if subjects == ["-"] or len(set(part["subject"])) == 1
            else f"{name}（{'、'.join(map(_subject, subjects))}）"
            for name, subjects in named.items()
        )
        groups.append({
            "number": _numeral(number), "title": first["rule"], "clause": first["clause"],
            "threshold": first["threshold"], "count": len(named), "units": units,
        })  # fmt: skip
    return groups


def _row(row: dict[str, Any]) -> dict[str, str]:
    contract = output_contract("bulletin")
    since = _since(row["since_month"])
    state = words_of(contract.column("state"))[row["state"]]
    if row["finding_level"]:
        state = f"{words_of(contract.column('finding_level'))[row['finding_level']]}，{state}\n始于{since}"
    return {
        "unit": row["unit_name"],
        "rule": row["rule"],
        "clause": row["clause"],
        "measured": row["measured"],
        "threshold": row["threshold"],
        "state": state,
        "since": since,
        "evidence": _evidence(row["evidence_ref"], row["evidence_sha256"]),
    }


def _evidence(ref: str, digest: str) -> str:
    """The first piece of evidence with the beginning of its digest, and how many more there are."""
    first, *others = [ref] if ref.startswith(ROUNDS) else ref.split(";")
    more = f"等{len(others) + 1}份" if others else ""
    return f"{evidence_words(first)}{more}\n{digest[:_DIGITS]}"


def _since(text: str) -> str:
    """The first month in words, with 以前 where it may have begun earlier."""
    return month_words(text.removesuffix(EARLIER)) + (EARLIER if text.endswith(EARLIER) else "")


def _subject(subject: str) -> str:
    return subject.split("/", maxsplit=1)[0]


def _records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    return [
        {str(key): None if pd.isna(value) else value for key, value in row.items()} for row in frame.to_dict("records")
    ]


def _numeral(number: int) -> str:
    ten, one = divmod(number, 10)
    digits = "〇一二三四五六七八九"
    return (("" if ten == 1 else digits[ten]) + "十" if ten else "") + (digits[one] if one or not ten else "")
