"""sampling_plan.xlsx: the month's plan for the office, in the header model of real plans (DOMAIN §2.2), not public.

Here: city overview, one sheet per county, strata, capacity and shortfall. Not here: how many and who (supervision/draw).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import pandas as pd

from data_contracts.model import Column, output_contract
from resources.outbox.workbook import Sheet, own_column, sums, write_workbook
from supervision.reports.marks import SHORTFALL_MARKS, month_words, rate_words, stratum_title
from supervision.reports.terms import terms

_SHORT = ("市场监督管理局", "市场监管局")
_DETAIL = (
    "task_name", "unit_name", "stratum", "onsite_rule", "n_frame", "n_eligible", "ratio_annual", "rounding", "min_stratum",
    "freq_max_per_year", "n_annual", "n_drawn_ytd", "served_e4", "n_planned", "n_funded", "n_short", "n_excess",
    "lambda_e4", "shortfall_action",
)  # fmt: skip
_BASES = ("plan_id", "task_name", "item_category", "item_codes", "coop_depts", "statutory", "legal_basis")
_CITY = (
    "task_name",
    "stratum",
    "on_site",
    "n_frame",
    "n_eligible",
    "ratio_annual",
    "n_drawn_ytd",
    "n_planned",
    "n_funded",
)
_COUNTS = ("n_frame", "n_eligible", "n_drawn_ytd", "n_planned", "n_funded")
_SUMMED = ("n_drawn_ytd", "n_planned", "n_funded")
_VISITS = "合计为户次：同一户可以在几个任务中。名录库户数和可抽户数不跨任务相加。"
_NOTE = "抽查比例和频次按省局信用风险分类结果确定：A类降低，B类常规，C类提高，D类大幅提高（运市监信用〔2022〕4号第六条第2点）。"

_NOTE_RESTING = (
    "本月不抽的任务：按年比例的，本批次应抽不足1户，随机取整为0，每批次单独取整，不结转；规定全年户数的，按进度已经抽足，其余在以后批次抽。"
    "各监管档次见“分层明细”。"
)


def write_sampling_plan(
    path: Path, plan: pd.DataFrame, capacity: pd.DataFrame, *, demonstration: bool, facts: Mapping[str, str]
) -> str:
    """Write the plan workbook; returns its SHA-256.

    plan: rows of contract `sampling_plan`, in the order in which tasks, units and strata are to be shown; capacity:
    rows of `county_capacity`. facts: holds 月份. Errors: WorkbookError.
    """
    title = f"{month_words(facts['月份'])}“双随机、一公开”抽查计划"
    sheets = [
        _form("全市汇总", plan, f"全市{title}", city=True),
        _city_strata(plan),
        _capacity(capacity),
        *_counties(plan, title),
        _detail(plan),
        _bases(plan),
    ]
    words = terms(
        "监管档次", "信用风险等级", "名录库", "户次", "年比例与频次", "定向与不定向", "现场与非现场", "触发检查"
    )
    return write_workbook(path, sheets, title=title, demonstration=demonstration, facts=facts, terms=words)


def short_name(unit: str) -> str:
    """A county bureau's name without its suffix: 盐湖区市场监督管理局 → 盐湖区."""
    for suffix in _SHORT:
        unit = unit.removesuffix(suffix)
    return unit


def _form_columns() -> list[Column]:
    """The header model, column by column: 长治市潞州区 2025 (DOMAIN §2.2)."""
    contract = output_contract("sampling_plan")
    return [
        own_column("seq_no", "序号", "本表内的序号。"),
        *(contract.column(name) for name in ("task_name", "draw_type", "item_names", "object_scope")),
        own_column("quantity", "抽查比例/数量", "本月数量、占名录库的比例和全年已抽数。"),
        own_column("credit_use", "信用风险分类管理", "各监管档次的年比例、检查方式和本月户数。", sensitive=True),
        own_column("span", "起止时间", "本批次检查的起止日期。"),
        contract.column("initiator"),
        contract.column("unit_name"),
        contract.column("mode"),
    ]


def _form(title: str, plan: pd.DataFrame, heading: str, *, city: bool = False) -> Sheet:
    """The official table: one row per task, strata told in words; a county's tasks without a visit as one row at the end."""
    tasks = [part for _, part in plan.groupby("task_code", sort=False)]
    resting = (
        [] if city else [part for part in tasks if not part[["n_planned", "n_short", "n_excess"]].to_numpy().any()]
    )
    rows: list[dict[str, Any]] = []
    for part in tasks:
        if any(part is other for other in resting):
            continue
        first = part.iloc[0]
        rows.append(
            {
                "seq_no": str(len(rows) + 1),
                **{name: first[name] for name in ("task_name", "draw_type", "object_scope", "initiator")},
                "item_names": str(first["item_names"]).replace(";", "；"),
                "quantity": _quantity(part),
                "credit_use": _credit_use(part),
                "span": f"{first['window_start']:%Y-%m-%d}至\n{first['window_end']:%Y-%m-%d}",
                "unit_name": f"{first['unit_name']}等{part['unit_code'].nunique()}个单位"
                if city
                else first["unit_name"],
                "mode": first["mode"],
            }
        )
    columns = _form_columns()
    if resting:
        rows.append(dict.fromkeys(column.name for column in columns) | _resting(resting, len(rows) + 1))
    widths = {
        "seq_no": 6, "task_name": 15, "draw_type": 8, "item_names": 20, "object_scope": 15, "initiator": 12, "quantity": 26,
        "credit_use": 44, "span": 12, "unit_name": 14, "mode": 10,
    }  # fmt: skip
    return Sheet(
        title,
        pd.DataFrame(rows, columns=[column.name for column in columns]),
        columns,
        note=f"{_NOTE}\n{_NOTE_RESTING}" if resting else _NOTE,
        heading=heading,
        widths=widths,
        centred=("seq_no", "draw_type", "span", "mode"),
        empty="本月没有抽查任务",
    )


def _resting(parts: Sequence[pd.DataFrame], number: int) -> dict[str, str]:
    """The row of the tasks for which nobody is drawn this month, each with what was drawn before."""
    told = [f"{part.iloc[0]['task_name']}（已抽{int(part['n_drawn_ytd'].sum()):,}户）" for part in parts]
    return {
        "seq_no": str(number),
        "task_name": f"本月不抽的任务{len(parts)}项",
        "quantity": "本月抽取0户\n年内以前批次已抽户数见右",
        "credit_use": "、".join(told),
        "unit_name": parts[0].iloc[0]["unit_name"],
    }


def _quantity(part: pd.DataFrame) -> str:
    planned, funded, frame, drawn = (
        int(part[name].sum()) for name in ("n_planned", "n_funded", "n_frame", "n_drawn_ytd")
    )
    share = f"，占名录库{frame:,}户的{100 * funded / frame:.2f}%" if funded and frame else f"（名录库{frame:,}户）"
    unmet = f"\n计划{planned:,}户，因检查力量不足暂缓{planned - funded:,}户" if planned > funded else ""
    by_rate = part["rounding"] == "unbiased"
    for short, unit, then in (
        (float(part.loc[~by_rate, "n_short"].sum()), "户", "年内以后批次有可抽的再补"),
        (float(part.loc[by_rate, "n_short"].sum()), "户次", "不结转"),
    ):
        unmet += f"\n可抽户数不足：{_few(short)}{unit}无户可抽，{then}" if short else ""
    excess = int(part["n_excess"].sum())
    unmet += f"\n全年应抽数下降，已多抽{excess:,}户" if excess else ""
    return f"本月抽取{funded:,}户{share}{unmet}\n年内以前批次已抽{drawn:,}户"


def _few(visits: float) -> str:
    """A shortfall as a person says it; the exact number stands in the sheet of levels."""
    return f"{round(visits, 2):g}" if visits >= 1 else "不到1"


def _credit_use(part: pd.DataFrame) -> str:
    lines = []
    for stratum, rows in part.groupby("stratum"):
        way = "现场" if bool(rows["on_site"].iloc[0]) else "非现场"
        rate = rate_words(Fraction(str(rows["ratio_annual"].iloc[0])))
        lines.append(f"{stratum_title(str(stratum))}：{rate}，{way}，本月{int(rows['n_funded'].sum()):,}户")
    return "\n".join(lines)


def _city_strata(plan: pd.DataFrame) -> Sheet:
    contract = output_contract("sampling_plan")
    rows = []
    for (_, stratum), part in plan.groupby(["task_code", "stratum"]):
        first = part.iloc[0]
        rows.append(
            {
                "task_name": first["task_name"],
                "stratum": stratum_title(str(stratum)),
                "on_site": first["on_site"],
                "ratio_annual": first["ratio_annual"],
                **{name: int(part[name].sum()) for name in _COUNTS},
            }
        )
    return Sheet(
        "全市分层",
        pd.DataFrame(rows, columns=list(_CITY)),
        [contract.column(name) for name in _CITY],
        note=_VISITS,
        formats={"ratio_annual": "0.##%"},
        totals=sums(plan, _SUMMED),
        freeze=2,
    )


def _capacity(capacity: pd.DataFrame) -> Sheet:
    contract = output_contract("county_capacity")
    columns = [column for column in contract.columns if column.name not in ("plan_month", "unit_code")]
    marks = {"shortfall_action": SHORTFALL_MARKS}
    counted = (
        "inspectors",
        "inspector_days",
        "triggered_visits",
        "capacity_required_visits",
        "funded_visits",
        "unmet_visits",
        "unassignable_visits",
    )
    shown = capacity.assign(cut_strata=[_cut_words(text) for text in capacity["cut_strata"]])
    return Sheet(
        "检查力量与缺口",
        shown,
        columns,
        note="户数按去重后的主体计：同一户几个任务只上门一次。非现场核查不占检查力量。有缺口的，按政策规定的次序压减，不作无声裁减。"
        "压减顺延：规定全年户数的由以后批次补足，无偏方式的不补；上报调剂：末批或法定频次的任务被压减，或有户次无人可派。",
        widths={"cut_strata": 30},
        marks=marks,
        totals=sums(capacity, counted),
        freeze=1,
    )


def _cut_words(text: object) -> str:
    """`A:4500;U:8200` as a person reads it: which levels were cut, and what share of them is left."""
    if not isinstance(text, str):
        return ""
    parts = (part.split(":") for part in text.split(";"))
    return "\n".join(f"{stratum_title(stratum)}：留 {int(share) / 100:g}%" for stratum, share in parts)


def _counties(plan: pd.DataFrame, title: str) -> Iterator[Sheet]:
    for unit, part in plan.groupby("unit_name", sort=False):
        yield _form(short_name(str(unit)), part, f"{unit}{title}")


def _detail(plan: pd.DataFrame) -> Sheet:
    contract = output_contract("sampling_plan")
    shown = plan.assign(stratum=[stratum_title(str(stratum)) for stratum in plan["stratum"]])
    return Sheet(
        "分层明细",
        shown,
        [contract.column(name) for name in _DETAIL],
        note=_VISITS,
        formats={"ratio_annual": "0.##%", "n_short": "0.####"},
        marks={"shortfall_action": SHORTFALL_MARKS},
        totals=sums(plan, _SUMMED),
        freeze=3,
        widths={"stratum": 20},
    )


def _bases(plan: pd.DataFrame) -> Sheet:
    contract = output_contract("sampling_plan")
    columns = [contract.column(name) for name in _BASES]
    return Sheet("任务依据", plan.drop_duplicates("plan_id"), columns, widths={"coop_depts": 24, "legal_basis": 60})
