"""Tables of the monthly report: the annex, short names of units, timeliness of the month before, alarms in words.

Here: from stored tables to the cells of the annex. Not here: the page itself (monthly_report), rules of rating
(supervision.reports), layout (resources/outbox). Grades stand here as totals of the whole city only.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import cache
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from assets import clock_inputs
from assets.stage import Month
from data_contracts.model import output_contract
from resources.calendars import rows
from resources.engines.duckdb_engine import sql_text
from resources.outbox.figures import states_of_migration
from resources.outbox.monthly_report import Cell, Table
from resources.reference import units
from resources.settings import REFERENCE
from supervision.reports.leak_limits import ALL
from supervision.reports.marks import RATING_MARKS, timeliness_rating
from supervision.reports.monthly import Share, percent

_CLOCKS = (
    ("collect_7wd", "归集（7个工作日）"),
    ("double_publicity_7wd", "双公示（7个工作日）"),
    ("publish_20wd", "公示（20个工作日）"),
)


@dataclass(frozen=True, slots=True)
class CountyTile:
    """The schematic place of a county (`reference/county_tiles.csv`)."""

    county: str
    name: str
    row: int
    column: int


def county_tiles() -> list[CountyTile]:
    """Every county with its place on the schematic map."""
    names = {row["county"]: row["name"] for row in rows(REFERENCE / "counties.csv")}
    return [
        CountyTile(row["county"], names[row["county"]], int(row["row"]), int(row["column"]))
        for row in rows(REFERENCE / "county_tiles.csv")
    ]


@cache
def _short_names() -> Mapping[str, str]:
    counties = {row["county"]: row["name"] for row in rows(REFERENCE / "counties.csv")}
    found = {}
    for unit in units():
        alias = unit["aliases"].split(";")[0]
        plain = unit["unit_name"].replace("监督管理科", "科")
        found[unit["unit_code"]] = counties.get(unit["county"]) or min((a for a in (plain, alias) if a), key=len)
    return found


def short_name(unit_code: str, otherwise: str = "") -> str:
    """How a unit is called where there is little room; a code that is no unit's stays as it is told."""
    return _short_names().get(unit_code, otherwise or unit_code)


def shares(summary: Iterable[Mapping[str, Any]], clock: str = clock_inputs.COLLECT) -> dict[str, Share]:
    """Unit -> (in time, due) by one clock, from rows of `timeliness_summary`."""
    found: dict[str, Share] = {}
    for row in summary:
        if row["clock"] == clock:
            name = short_name(row["unit_code"], row["unit_name"])
            n, d = found.get(name, (0, 0))
            found[name] = n + row["on_time"], d + row["denominator"]
    return found


def timeliness_of(month: Month, name: str, day: date) -> list[dict[str, Any]]:
    """The summary of an earlier month as it was at the end of `day`: only what had been received by then."""
    past = replace(month, name=name)
    received = month.read("collected_record")
    received = received.filter(pc.less_equal(received.column("received_on"), pa.scalar(day, pa.date32())))
    small = {
        "collected_record": received,
        "clock_source": clock_inputs.clock_sources(),
        "due_day": clock_inputs.due_days(past),
        "day_number": clock_inputs.day_numbers(past),
        "periodic": clock_inputs.periodic(past),
    }
    with month.house.engine() as engine:
        days = clock_inputs.month_days(past) | {"month": name, "as_of": day}
        timed = engine.select(sql_text("reports/timeliness"), small, days)
        summary: list[dict[str, Any]] = engine.select(
            sql_text("reports/timeliness_summary"), {"timeliness": timed}, {"month": name}
        ).to_pylist()
    return summary


def shifts(month: Month) -> list[str]:
    """The alarms of the month's grade shares in words (§4.8)."""
    return [
        f"{row['credit_grade']}类占比 {_percent(row['share'])}，比上月变动 {float(100 * row['delta']):+.2f} 个百分点，超出以往波动"
        for row in month.records("grade_trend")
        if row["snapshot_month"] == month.name and row["shift_state"] == "alarm"
    ]


def alarms(month: Month) -> list[dict[str, Any]]:
    """The clusters above the alarm, the most conspicuous first (R-35)."""
    words = _words("cluster_alarm", "cluster_measure")
    found = [row for row in month.records("cluster_alarm") if row["cluster_state"] == "alarm"]
    found.sort(
        key=lambda row: (-row["cluster_ratio"], row["unit_code"], row["industry_division"], row["cluster_measure"])
    )
    return [
        {
            "county": short_name(row["unit_code"]),
            "industry": row["industry_name"],
            "measure": words[row["cluster_measure"]],
            "hits": row["n_hit"],
            "firms": row["n"],
            "ratio": f"{float(row['cluster_ratio']):.1f}",
        }
        for row in found
    ]


def annex(month: Month) -> list[Table]:
    """The tables of the annex, in their order; 附表一 is made of the matters themselves."""
    return [
        _matrix(month), _plan(month), _timeliness(month), _results(month), _bulletin(month), _index(month), _clusters(month),
        _lags(month), _leaks(month),
    ]  # fmt: skip


def _words(table: str, column: str) -> dict[str, str]:
    return {code: text for text, code in output_contract(table).column(column).values.items()}


def _percent(share: Any) -> str:
    return "—" if share is None else f"{float(100 * share):.1f}%"


def _number(value: Any) -> Cell:
    return Cell("—" if value is None else f"{value:,}", number=True)


def _short(value: int) -> Cell:
    """A count that should be nought."""
    return Cell(f"{value:,}", number=True, tone="bad" if value else "plain")


def _rated(share: Share | None) -> Cell:
    n, d = share or (0, 0)
    mark = RATING_MARKS[timeliness_rating(n, d)]
    return Cell(f"{mark.sign} {percent((n, d))} {n:,}/{d:,}" if d else "—", number=True, tone=mark.tone)


def _shown(share: Share) -> Cell:
    """A share without a limit to be rated by."""
    return Cell(f"{percent(share)} {share[0]:,}/{share[1]:,}" if share[1] else "—", number=True)


def _matrix(month: Month) -> Table:
    cells = {
        (row["from_grade"], row["to_grade"]): row["n"]
        for row in month.records("grade_migration")
        if row["rollup"] == "city"
    }
    before, now = states_of_migration()
    listed = [
        [Cell(title), *(_number(cells.get((code, target), 0)) for target in now), _number(_sum(cells, 0, code))]
        for code, title in before.items()
    ]
    total = [Cell("合计"), *(_number(_sum(cells, 1, target)) for target in now), _number(sum(cells.values()))]
    return Table(
        "全市等级迁移（户）",
        "行为上月，列为本月；只列全市合计，分单位、分行业的见 grade_migration.xlsx。"
        if cells
        else "没有上月快照，无从比较。",
        ("上月＼本月", *now.values(), "合计"),
        [*listed, total] if cells else [],
    )


def _sum(cells: Mapping[tuple[str, str], int], side: int, code: str) -> int:
    return sum(n for pair, n in cells.items() if pair[side] == code)


def _plan(month: Month) -> Table:
    funded: dict[str, int] = {}
    for row in month.records("sampling_plan", ["unit_code", "n_funded"]):
        funded[row["unit_code"]] = funded.get(row["unit_code"], 0) + row["n_funded"]
    words = _words("county_capacity", "shortfall_action")
    columns = ("inspectors", "capacity_available_visits", "capacity_required_visits", "funded_visits")
    listed = [
        [
            Cell(short_name(row["unit_code"], row["unit_name"])),
            _number(funded.get(row["unit_code"], 0)),
            *(_number(row[name]) for name in columns),
            _short(row["unmet_visits"]),
            _short(row["unassignable_visits"]),
            Cell(words[row["shortfall_action"]]),
        ]
        for row in month.records("county_capacity")
    ]
    heads = (
        "检查主体",
        "抽查户次",
        "可用人数",
        "可检查户数",
        "需检查户数",
        "落实户数",
        "缺口户数",
        "无人可派",
        "缺口处理",
    )
    return Table(
        "各检查主体计划与检查力量", "户数按去重后的主体计，含触发检查；详见 sampling_plan.xlsx。", heads, listed
    )


def _timeliness(month: Month) -> Table:
    summary = month.records("timeliness_summary")
    clocked = [shares(summary, clock) for clock, _ in _CLOCKS]
    kpi: dict[str, list[int]] = {}
    for row in month.records("collection_kpi"):
        held = kpi.setdefault(short_name(row["unit_code"], row["unit_name"]), [0, 0, 0, 0])
        for place, name in enumerate(
            ("complete_numerator", "complete_denominator", "accurate_numerator", "accurate_denominator")
        ):
            held[place] += row[name] or 0
    known = {name for each in clocked for name in each} | kpi.keys()
    listed = [
        [
            Cell(name),
            *(_rated(each.get(name)) for each in clocked),
            *(_shown((kpi[name][at], kpi[name][at + 1]) if name in kpi else (0, 0)) for at in (0, 2)),
        ]
        for name in dict.fromkeys([*_short_names().values(), *sorted(known)])
        if name in known
    ]
    heads = ("单位", *(title for _, title in _CLOCKS), "全面性", "准确性")
    return Table(
        "归集与公示的时限、全面性、准确性", "分子/分母俱列；— 无应计；分来源的见 timeliness.xlsx。", heads, listed
    )


def _results(month: Month) -> Table:
    returned = {row["unit_code"]: row for row in month.records("return_reconciliation")}
    published = {row["unit_code"]: row for row in month.records("publication")}
    listed = []
    for code in [code for code in _short_names() if code in returned or code in published]:
        back, out = returned.get(code), published.get(code)
        listed.append([
            Cell(short_name(code)),
            _rated((out["published_in_time"], out["publication_due"]) if out else None),
            _short(out["unpublished_overdue"] + out["unpublished_before"] if out else 0),
            _number(back["results_known"] if back else 0),
            _rated((back["ack_received"], back["ack_expected"]) if back else None),
            _number(back["count_rejected"] if back else 0),
            _short(back["count_overdue"] if back else 0),
            _number(back["lag_p95_wd"] if back else None),
        ])  # fmt: skip
    heads = (
        "检查主体",
        "按期公示",
        "逾期未公示",
        "本年结果",
        "平台回执",
        "被退回",
        "逾期无回执",
        "检查到回填95%（工作日）",
    )
    return Table("检查结果的公示与回填", "公示期限 20 个工作日；回填后满 3 个工作日没有回执为逾期。", heads, listed)


def _bulletin(month: Month) -> Table:
    levels, states = _words("bulletin", "finding_level"), _words("bulletin", "state")
    tones = {"red": "bad", "amber": "warn", None: "good"}
    listed = [
        [
            Cell(short_name(row["unit_code"], row["unit_name"])),
            Cell(row["rule"] if row["subject"] == "-" else f"{row['rule']}：{row['subject']}"),
            Cell(row["measured"]),
            Cell(row["threshold"]),
            Cell(levels.get(row["finding_level"], "—"), tone=tones[row["finding_level"]]),
            Cell(states[row["state"]]),
            Cell(row["since_month"]),
        ]
        for row in month.records("bulletin")
    ]
    heads = ("单位", "规则与事项", "实测值", "标准", "程度", "状态", "始于")
    return Table("通报事项", "待各单位说明或整改，见 bulletin.docx。", heads, listed)


def _index(month: Month) -> Table:
    found: dict[str, dict[str, Any]] = {}
    for row in month.records("differentiation"):
        if row["rollup"] in ("city", "unit") and row["counted_period"] in (month.name, month.name[:4]):
            name = short_name(row["rollup_key"], row["key_name"])
            found.setdefault(name, {})[row["period_kind"]] = row
    words = _words("differentiation", "comparability")

    def cell(row: Mapping[str, Any] | None) -> Cell:
        if row is None:
            return Cell("—", number=True)
        index = row["differentiation_index"]
        return Cell(words[row["comparability"]] if index is None else f"{float(index):.2f}", number=True)

    listed = [[Cell(name), cell(kinds.get("month")), cell(kinds.get("year_to_date"))] for name, kinds in found.items()]
    note = "（抽中D类 ÷ D类户数）÷（抽中A类 ÷ A类户数）；各等级的户数见 grade_migration.xlsx。"
    return Table("差异化指数", note, ("单位", "本月", "年初以来"), listed)


def _clusters(month: Month) -> Table:
    listed = [
        [
            Cell(each["county"]), Cell(each["industry"]), Cell(each["measure"]), _number(each["firms"]), _number(each["hits"]),
            Cell(each["ratio"], number=True),
        ]
        for each in alarms(month)
    ]  # fmt: skip
    heads = ("检查主体", "行业", "指标", "户数", "命中户数", "为全市几倍")
    return Table("聚集预警", "户数过少的不判；界限见 alarms.yaml，全部格见 grade_migration.xlsx。", heads, listed)


def _lags(month: Month) -> Table:
    words = _words("reminder_lag", "lag_kind")
    listed = [
        [Cell(words[row["lag_kind"]]), *(_number(row[name]) for name in ("records", "pending", "median_wd", "p95_wd"))]
        for row in month.records("reminder_lag")
        if row["unit_code"] == "CITY"
    ]
    heads = ("阶段", "件数", "未完件数", "中位数（工作日）", "95%（工作日）")
    return Table("早发现、早提醒、早处置（全市）", "各单位的见 grade_migration.xlsx。", heads, listed)


def _leaks(month: Month) -> Table:
    readers, states = _words("leak_meter", "reader"), _words("leak_meter", "meter_state")
    actions = _words("leak_meter", "leak_action")
    tones = {"over": "bad", "within": "good", "shown": "plain", "nobody": "plain"}
    shown: Sequence[Callable[[Mapping[str, Any]], Cell]] = (
        lambda row: Cell(output_contract(row["public_file"].split(".")[0]).title),
        lambda row: Cell(readers[row["reader"]]),
        lambda row: Cell(f"{_percent(row['p_d'])}（{_percent(row['base_d'])}）", number=True),
        lambda row: Cell(f"{_percent(row['p_cd'])}（{_percent(row['base_cd'])}）", number=True),
        lambda row: Cell(f"{_limit(row['limit_d'])} / {_limit(row['limit_cd'])}", number=True),
        lambda row: Cell(states[row["meter_state"]], tone=tones[row["meter_state"]]),
        lambda row: Cell(actions.get(row["leak_action"], "—")),
    )
    whole = [row for row in month.records("leak_meter") if row["reader_scope"] == ALL]
    listed = [[make(row) for make in shown] for row in whole]
    heads = (
        "公开文件",
        "读者",
        "推知D类（不看文件）",
        "推知C、D类（不看文件）",
        "上限 D / C、D",
        "结论",
        "超限处理",
    )
    return Table(
        "公开文件泄密度量",
        "读者由公开文件推知列名企业等级的概率（R-38）；各任务的见 leak_meter.xlsx。",
        heads,
        listed,
    )


def _limit(value: Any) -> str:
    return "不设" if value is None else _percent(value)
