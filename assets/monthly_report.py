"""领导月报: what the leaders read in two minutes, as one table of sentences, a web page and a Word document.

Here: the asset `monthly_report`: counts of the month and of the month before, as known at its end. Not here: rules and
sentences (supervision.reports.monthly, matters), tables of the annex (monthly_tables), layout (resources/outbox).
No total by grade goes into metadata or logs.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

import dagster as dg

from assets import bulletin_inputs
from assets import monthly_tables as tables
from assets.documents import facts, outbox
from assets.stage import Month, table_asset
from data_contracts.model import output_contract
from resources.decisions import Decisions
from resources.lake import Stored
from resources.outbox.figures import County, UnitRate
from resources.outbox.monthly_report import Figure, MonthlyReport, TaskRow, write_monthly_report
from resources.reference import city, units
from supervision import snapshot
from supervision.bulletin_rules import edition_on
from supervision.months import last_day, month_before
from supervision.reports.leak_limits import told as leaks_told
from supervision.reports.matters import Cluster, Matters, decisions, settled
from supervision.reports.monthly import (
    GRADES,
    Item,
    Share,
    Standing,
    changes,
    city_share,
    percent,
    share_urgency,
    task_urgency,
)
from supervision.tasks import known_evidence, task_status

_INPUTS = (
    "snapshot_facts", "grade_migration", "grade_trend", "sampling_plan", "county_capacity", "drawn_subjects",
    "triggered_inspections", "draw_history", "collected_record", "received_file", "timeliness_summary", "collection_kpi",
    "inspection_outcome", "publication", "return_reconciliation", "accepted_task_evidence", "task_status", "bulletin_figure",
    "bulletin_reading", "bulletin", "differentiation", "cluster_alarm", "reminder_lag", "leak_meter",
)  # fmt: skip


def build(partitions: dg.PartitionsDefinition[str]) -> list[dg.AssetsDefinition]:
    """The one asset of this stage."""
    return [
        table_asset(
            "monthly_report", partitions, _monthly_report, deps=_INPUTS, kinds=("python", "html", "word", "parquet")
        )
    ]


def _monthly_report(month: Month) -> Stored:
    now, before, matters = _standing(month), _standing_before(month), _matters(month)
    report = MonthlyReport(
        city=city().full_name,
        month=month.name,
        demonstration=month.demonstration,
        facts=facts(month),
        figures=_figures(month, now),
        decisions=decisions(matters),
        changes=(*changes(before, now), *settled(matters)),
        migration=_migration(month),
        counties=_counties(month),
        units=_units(now, before),
        tasks=_tasks(month),
        annex=tables.annex(month),
    )
    write_monthly_report(outbox(month, "monthly_report.html"), outbox(month, "monthly_report.docx"), report)
    rows = [row for items in (report.decisions, report.changes) for row in _rows(items)]
    return month.store_records(output_contract("monthly_report"), rows)


def _rows(items: Sequence[Item]) -> list[dict[str, Any]]:
    return [
        {
            "report_section": item.section,
            "item_no": number,
            "topic": item.topic,
            "urgency": item.urgency,
            "told": item.told,
            "action": item.action,
            "decided_by": item.decided_by,
            "source_tables": ";".join(item.sources),
        }
        for number, item in enumerate(items, start=1)
    ]


def _migration(month: Month) -> dict[tuple[str, str], int]:
    cells = [row for row in month.records("grade_migration") if row["rollup"] == "city"]
    return {(row["from_grade"], row["to_grade"]): row["n"] for row in cells}


def _grades(month: Month, side: int) -> dict[str, int] | None:
    """Firms by grade of the whole city, from the matrix: side 0 of last month, 1 of this; None without one."""
    migration = _migration(month)
    if not migration:
        return None
    return {grade: sum(n for pair, n in migration.items() if pair[side] == grade) for grade in (*GRADES, "U")}


def _standing(month: Month) -> Standing:
    overdue = sum(row["status"] == "overdue" and not row["is_history"] for row in month.records("task_status"))
    return Standing(
        month=month.name,
        grades=_grades(month, 1),
        drawn=sum(month.read("sampling_plan", ["n_funded"]).column("n_funded").to_pylist()),
        collected=tables.shares(month.records("timeliness_summary")),
        published=_published(month, month.name),
        listed=_listed(month, month.name),
        overdue=overdue,
        unacknowledged=_unacknowledged(month, month.as_of),
    )


def _standing_before(month: Month) -> Standing:
    """The month before, from this month's data, as it was known at its end; nothing of a month before the first delivery."""
    name = month_before(month.name)
    end = last_day(name)
    looked_at = name in {each.month for each in bulletin_inputs.month_ends(month)}
    history = month.records("draw_history", ["draw_month", "is_voided"])
    drawn = sum(row["draw_month"] == name and not row["is_voided"] for row in history)
    return Standing(
        month=name,
        grades=_grades(month, 0),
        drawn=drawn or None,
        collected=tables.shares(tables.timeliness_of(month, name, end)) if looked_at else None,
        published=_published(month, name),
        listed=_listed(month, name),
        overdue=_overdue_on(month, end) if looked_at else None,
        unacknowledged=_unacknowledged(month, end) if looked_at else None,
    )


def _published(month: Month, of: str) -> Share | None:
    rows = [r for r in month.records("bulletin_figure") if r["bulletin_month"] == of and r["figure"] == "publication"]
    return (sum(r["numerator"] for r in rows), sum(r["denominator"] for r in rows)) if rows else None


def _listed(month: Month, of: str) -> dict[str, int] | None:
    """Items of the bulletin by level at the end of a month; None for a month that was not looked at."""
    levels = [row["finding_level"] for row in month.records("bulletin_reading") if row["bulletin_month"] == of]
    return {level: levels.count(level) for level in ("red", "amber")} if levels else None


def _overdue_on(month: Month, day: date) -> int | None:
    """Tasks overdue on an earlier day by the evidence received by then; figures of the pipeline make none overdue."""
    known, register = bulletin_inputs.units_and_register(month, day)
    if day < register.issued_on:
        return None
    status = task_status(register, known, known_evidence(month.records("accepted_task_evidence"), day), {}, day)
    return sum(row.status == "overdue" and not row.is_history for row in status)


def _unacknowledged(month: Month, day: date) -> int:
    """Rows returned to the province whose answer had not come although its time was over on that day."""
    rows = month.records("inspection_outcome", ["ack_due_on", "acknowledged_on", "received_on"])
    return sum(
        row["ack_due_on"] is not None
        and row["received_on"] <= day
        and row["ack_due_on"] < day
        and (row["acknowledged_on"] is None or row["acknowledged_on"] > day)
        for row in rows
    )


def _matters(month: Month) -> Matters:
    [snapshot_row] = month.records("snapshot_facts")
    _, register = bulletin_inputs.units_and_register(month, month.as_of)
    capacity = month.records("county_capacity")
    returned, published = month.records("return_reconciliation"), month.records("publication")
    bulletin = [row for row in month.records("bulletin") if row["state"] != "recalled"]
    return Matters(
        findings=snapshot_row["findings"],
        settled=_settled(month, snapshot_row),
        migration=tables.shifts(month),
        leaks=leaks_told(
            row | {"public_file": f"《{output_contract(row['public_file'].split('.')[0]).title}》"}
            for row in month.records("leak_meter")
        ),
        unacknowledged=_by_unit(returned, "count_overdue"),
        unassignable=_by_unit(capacity, "unassignable_visits"),
        listed=Counter(tables.short_name(row["unit_code"], row["unit_name"]) for row in bulletin),
        severe=sum(row["finding_level"] == "red" for row in bulletin),
        unmet=_by_unit(capacity, "unmet_visits"),
        unpublished=_by_unit(published, "unpublished_overdue", "unpublished_before"),
        clusters=[Cluster(**each) for each in tables.alarms(month)],
        questions=[(each.name, each.question) for each in register.decisions.values() if each.settled is None],
    )


def _settled(month: Month, row: Mapping[str, Any]) -> str | None:
    """Why nothing is to be decided about the snapshot any more; None while a person has to."""
    if not row["needs_decision"]:
        return "不影响使用"
    decision = Decisions(month.lake.home).find(month.name, snapshot.HOLD, row["findings_sha256"])
    if decision is not None:
        return f"已由 {decision.role} 于 {decision.at[:10]} 决定继续"
    return "演示数据，照常进行" if month.demonstration else None


def _by_unit(rows: list[dict[str, Any]], *columns: str) -> dict[str, int]:
    return {tables.short_name(row["unit_code"], row["unit_name"]): sum(row[name] for name in columns) for row in rows}


def _figures(month: Month, now: Standing) -> list[Figure]:
    collected = city_share(now.collected)
    on_site = sum(row["mode_planned"] == "on_site" for row in month.records("drawn_subjects", ["mode_planned"]))
    triggered = len({row["uid"] for row in month.records("triggered_inspections", ["uid"])})
    return [
        _graded(month, now),
        Figure("本月抽查", f"{now.drawn:,} 户次", f"现场 {on_site:,} 户，另触发检查 {triggered:,} 户", "plain"),
        Figure("归集及时率", percent(collected), _counts(collected, "件"), share_urgency(collected)),
        Figure("结果公示率", percent(now.published), _counts(now.published, "条"), share_urgency(now.published)),
        _index(month),
        _task_figure(month),
    ]


def _graded(month: Month, now: Standing) -> Figure:
    if now.grades is None:
        rows = month.records("snapshot_facts", ["snapshot_rows"])[0]["snapshot_rows"]
        return Figure("有等级企业", f"{rows:,} 户", "没有上月快照可比", "plain")
    total = sum(now.grades[grade] for grade in GRADES)
    return Figure(
        "有等级企业", f"{total:,} 户", f"C、D类占 {percent((now.grades['C'] + now.grades['D'], total))}", "plain"
    )


def _counts(share: Share | None, unit: str) -> str:
    return "无应计" if share is None or not share[1] else f"{share[0]:,}/{share[1]:,} {unit}"


def _index(month: Month) -> Figure:
    """The city's differentiation index of the month, held against the bulletin's own threshold (R-06)."""
    rule = next(r for r in edition_on(bulletin_inputs.editions(month), month.as_of).rules if r.kind == "index")
    rows = [
        row
        for row in month.records("differentiation")
        if row["rollup"] == "city" and row["period_kind"] == "month" and row["counted_period"] == month.name
    ]
    index = rows[0]["differentiation_index"] if rows else None
    if index is None:
        return Figure("差异化指数", "不可比", f"标准{rule.threshold}", "plain")
    return Figure(
        "差异化指数", f"{float(index):.1f}", f"标准{rule.threshold}", "green" if index >= rule.at_least else "red"
    )


def _task_figure(month: Month) -> Figure:
    ratings = Counter(task_urgency(row.counts) for row in _tasks(month))
    worst = next((urgency for urgency in ("red", "amber", "green") if ratings[urgency]), "plain")
    return Figure(
        "重点任务",
        f"红{ratings['red']}黄{ratings['amber']}绿{ratings['green']}",
        f"另 {ratings['plain']} 项不评价" if ratings["plain"] else f"共 {sum(ratings.values())} 项",
        worst,  # type: ignore[arg-type]  # one of the keys above
    )


def _counties(month: Month) -> list[County]:
    drawn: Counter[str] = Counter()
    for row in month.records("sampling_plan", ["unit_code", "n_funded"]):
        drawn[row["unit_code"]] += row["n_funded"]
    capacity = {row["unit_code"]: row for row in month.records("county_capacity")}
    return [
        County(
            tile.name,
            tile.row,
            tile.column,
            drawn[tile.county],
            *(
                capacity[tile.county][name] if tile.county in capacity else 0
                for name in ("funded_visits", "unmet_visits", "unassignable_visits")
            ),
        )
        for tile in tables.county_tiles()
    ]


def _units(now: Standing, before: Standing) -> list[UnitRate]:
    """Counties first, then all others, in the order of units.csv."""
    collected, earlier = now.collected or {}, before.collected or {}
    named = [(tables.short_name(u["unit_code"]), u["kind"] == "county") for u in units()]
    return [
        UnitRate(name, "县（市、区）局" if is_county else "市局科室及其他单位", collected[name], earlier.get(name))
        for wanted in (True, False)
        for name, is_county in named
        if is_county is wanted and name in collected
    ]


def _tasks(month: Month) -> list[TaskRow]:
    found: dict[str, tuple[str, str, Counter[str]]] = {}
    for row in month.records("task_status"):
        if not row["is_history"]:
            due = row["due_on"]
            words = (
                "未定时限"
                if due is None
                else "全年"
                if (due.month, due.day) == (12, 31)
                else f"{due.month}月{due.day}日"
            )
            found.setdefault(row["task_id"], (row["title"], words, Counter()))[2][row["status"]] += 1
    return [TaskRow(task_id, title, due, counts) for task_id, (title, due, counts) in found.items()]
