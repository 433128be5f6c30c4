"""The public pages: the plan and the drawn list once more as one HTML file each, to be read on a phone (R-38).

Here: what stands on the page beside the rows. Not here: which rows and their order (public_csv, which checks them too), the
look (templates/public_table.html). Nothing is loaded from anywhere; there is no script and no legend of terms.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from data_contracts.model import public_contract
from resources.outbox.html import write_html
from resources.outbox.public_csv import LeakError, public_rows
from supervision.personal_numbers import personal_numbers
from supervision.reports.leak import leak_words

_DEMONSTRATION = "演示：全部数据为虚构，不得用于实际监管"


@dataclass(frozen=True, slots=True)
class Page:
    """What a page is made of: title, sentences below it, the column that groups its rows, the one that heads a card;
    omitted: column and value of rows that stand in the CSV file only.
    """

    title: str
    lead: str
    group: str | None
    head: str
    omitted: tuple[str, str] | None = None


PAGES = {
    "plan_public": Page(
        "“双随机、一公开”抽查计划公示",
        "按检查主体列出本批次各项抽查任务，本批次不抽取的（0户）只列在 CSV 文件中。抽取按随机方式进行，检查结果形成后二十个工作日内公示。",
        "unit",
        "task_name",
        ("public_quantity", "0户"),
    ),
    "drawn_public": Page(
        "“双随机、一公开”抽查对象公示",
        "本批次随机抽取的检查对象，各项任务合并列出，排列次序与抽取先后无关。",
        None,
        "ent_name",
    ),
}


def write_public_html(
    path: Path, name: str, frame: pd.DataFrame, *, month: str, issuer: str, demonstration: bool
) -> str:
    """Write the page of one public table; returns its SHA-256.

    frame: as for `write_public`. Errors: ContractError, LeakError, TemplateError; nothing is written then.
    """
    contract, page = public_contract(name), PAGES[name]
    for text in (page.title, page.lead, issuer):
        if leak_words(text) or personal_numbers(text):
            raise LeakError(f"“{contract.title}”网页的题目或说明含有不得公开的字样，请改正后再发布。")
    names, titles = list(contract.column_names), [column.title for column in contract.columns]
    rows = public_rows(contract, frame)
    if page.omitted:
        column, value = page.omitted
        rows = [row for row in rows if row[names.index(column)] != value]
    at = names.index(page.group) if page.group else None
    shown = [number for number in range(len(names)) if number != at]
    groups: dict[str, list[list[str]]] = {}
    for row in rows:
        groups.setdefault(row[at] if at is not None else "", []).append([row[number] for number in shown])
    context = {
        "title": page.title,
        "lead": page.lead,
        "month": f"{month[:4]}年{int(month[5:])}月",
        "issuer": issuer,
        "banner": _DEMONSTRATION if demonstration else "",
        "titles": [titles[number] for number in shown],
        "head": shown.index(names.index(page.head)),
        "groups": list(groups.items()),
        "count": len(rows),
    }
    return write_html(path, "public_table", context)
