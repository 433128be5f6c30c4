"""monthly_report.html and .docx: one page for the leaders and an annex of tables, the same content in both.

Here: what stands where. Not here: figures (figures), rules and sentences (supervision.reports.monthly, matters), tables
(assets.monthly_report).
Internal: it holds totals by grade for the whole city (R-38).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any, Final

from resources.outbox.docx import write_docx
from resources.outbox.figures import FILLS, County, UnitRate, county_map, flow_figure, heat_map, marked, matrix
from resources.outbox.html import write_html
from supervision.reports.figures import shared_columns
from supervision.reports.marks import TASK_MARKS, month_words
from supervision.reports.monthly import LIMITS, URGENCY_MARKS, Item, Urgency, task_urgency

TITLE: Final = "企业信用风险分类管理月报"
SHOWN: Final = 5  # matters on the page; all of them stand in the annex
_HEAT_COLUMNS: Final = 8

_URGENCY_WORDS: Final[Mapping[Urgency, str]] = {"red": "红", "amber": "黄", "green": "绿", "plain": "白"}

TERMS: Final = (
    ("信用风险等级", "省局每月评定：A类信用风险低，B类一般，C类较高，D类高；市局只使用、不评定，不向社会提供查询。"),
    ("户次", "一户企业在一项抽查任务中被抽中一次；同一户的几项任务合并检查，现场检查按户计。"),
    ("归集及时率", "形成之日起 7 个法定工作日内归集的件数 ÷ 已到期应归集的件数；未到期、无法判定的不计。"),
    ("结果公示率", "检查结果 20 个工作日内公示的条数 ÷ 已到期应公示的条数。"),
    ("差异化指数", "（抽中D类 ÷ D类户数）÷（抽中A类 ÷ A类户数）；无从相除的写“不可比”。"),
    ("缺口", "需要现场检查而检查力量不足、未能安排的户数；无人可派：找不到两名合格、无须回避的人员。"),
    ("聚集预警", "某县（市、区）某行业C、D类占比或处罚率明显高于全市，且户数足够、并非偶然。"),
    ("泄密度量", "由公开文件和公布的政策推知一户为C、D类的概率，与不看文件时相比。"),
    ("红黄绿", "× 红：须即办；▲ 黄：须关注；● 绿：正常或好转；— 白：不评价或只作告知。"),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Figure:
    """A headline number: what, how much, what it means, how urgent."""

    title: str
    value: str
    note: str
    urgency: Urgency


@dataclass(frozen=True, slots=True)
class TaskRow:
    """One task of the notice: its deadline in words, and how many units stand where (status code -> units)."""

    task_id: str
    title: str
    due: str
    counts: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Cell:
    """A cell of an annex table; tone shades it."""

    text: str
    number: bool = False
    tone: str = "plain"


@dataclass(frozen=True, slots=True)
class Table:
    """A table of the annex: its first column heads the row."""

    title: str
    note: str
    heads: Sequence[str]
    rows: Sequence[Sequence[Cell]]


@dataclass(frozen=True, slots=True)
class MonthlyReport:
    """What the report says. migration: (grade before, grade now) -> firms of the city, empty without an earlier snapshot."""

    city: str
    month: str
    demonstration: bool
    facts: Mapping[str, str]
    figures: Sequence[Figure]
    decisions: Sequence[Item]
    changes: Sequence[Item]
    migration: Mapping[tuple[str, str], int]
    counties: Sequence[County]
    units: Sequence[UnitRate]
    tasks: Sequence[TaskRow]
    annex: Sequence[Table]


def write_monthly_report(html: Path, docx: Path, report: MonthlyReport) -> tuple[str, str]:
    """Write both files; returns their SHA-256 in the order of the paths. Errors: TemplateError, FigureError."""
    context = monthly_context(report)
    return (
        write_html(html, "monthly_report", context),
        write_docx(docx, "monthly_report", context, title=str(context["title"])),
    )


def monthly_context(report: MonthlyReport) -> dict[str, Any]:
    """What the two templates are filled with: words, boxes, fills."""
    kept, more = report.decisions[:SHOWN], len(report.decisions) - SHOWN
    return {
        "title": f"{report.city}{TITLE}",
        "month": month_words(report.month),
        "demonstration": report.demonstration,
        "facts": report.facts,
        "figures_of_month": [_figure(each) for each in report.figures],
        "decisions": [_item(number, each) for number, each in enumerate(kept, start=1)],
        "more": f"另有 {more} 项，见附表一" if more > 0 else "",
        "changes": [_item(number, each) for number, each in enumerate(report.changes, start=1)],
        "flow": flow_figure(report.migration),
        "matrix": matrix(report.migration),
        "map": county_map(report.counties),
        "heat": _heat(report.units),
        "limits": LIMITS,
        "tasks": [_task(each) for each in report.tasks],
        "task_pairs": _pairs([_task(each) for each in report.tasks]),
        "task_key": [f"{mark.sign} {_TASK_WORDS[code]}" for code, mark in TASK_MARKS.items()],
        "annex": [_all_decisions(report.decisions), *report.annex],
        "fills": FILLS,
        "terms": TERMS,
    }


_TASK_WORDS: Final = {
    "done": "已完成", "done_late": "逾期完成", "in_progress": "进行中", "not_started": "未开始", "overdue": "逾期未完成",
    "n/a": "不评价",
}  # fmt: skip


def _urgency(urgency: Urgency) -> dict[str, str]:
    return marked(URGENCY_MARKS[urgency]) | {"word": _URGENCY_WORDS[urgency]}


def _figure(figure: Figure) -> dict[str, str]:
    return _urgency(figure.urgency) | {"title": figure.title, "value": figure.value, "note": figure.note}


def _item(number: int, item: Item) -> dict[str, Any]:
    return _urgency(item.urgency) | {
        "number": number,
        "topic": item.topic,
        "told": item.told,
        "action": item.action or "",
        "by": item.decided_by or "",
    }


def _all_decisions(items: Sequence[Item]) -> Table:
    rows = [
        [
            Cell(str(number), number=True),
            Cell(
                f"{URGENCY_MARKS[item.urgency].sign} {_URGENCY_WORDS[item.urgency]}",
                tone=URGENCY_MARKS[item.urgency].tone,
            ),
            Cell(item.topic),
            Cell(item.told),
            Cell(item.action or ""),
            Cell(item.decided_by or ""),
        ]
        for number, item in enumerate(items, start=1)
    ]
    return Table(
        "需要决定的事项", "按缓急排列；数据来源见各附表。", ("序号", "程度", "事由", "情况", "建议", "由谁决定"), rows
    )


def _heat(units: Sequence[UnitRate]) -> list[dict[str, Any]]:
    """One block a group, side by side: together as many columns as fit, shared by their sizes."""
    groups = {name: list(listed) for name, listed in groupby(units, key=lambda unit: unit.group)}
    columns = shared_columns([len(listed) for listed in groups.values()], _HEAT_COLUMNS)
    return [heat_map(name, listed, wide) for (name, listed), wide in zip(groups.items(), columns, strict=True)]


def _pairs(cells: Sequence[dict[str, Any]]) -> list[list[dict[str, Any] | None]]:
    """Two columns, read down the first, then down the second, as on the web page."""
    half = (len(cells) + 1) // 2
    second = [*cells[half:], *([None] * (2 * half - len(cells)))]
    return [[left, right] for left, right in zip(cells[:half], second, strict=True)]


def _task(task: TaskRow) -> dict[str, Any]:
    counts = [f"{mark.sign}{task.counts[code]}" for code, mark in TASK_MARKS.items() if task.counts.get(code)]
    return _urgency(task_urgency(task.counts)) | {
        "id": task.task_id,
        "title": task.title,
        "due": task.due,
        "counts": "　".join(counts),
    }
