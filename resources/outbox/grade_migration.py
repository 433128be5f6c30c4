"""grade_migration.xlsx: where grades moved, in matrices; jumps, trend, clusters, differentiation index, lags (§4.8, R-35).

Here: which sheets, their notes, and the shading of the matrices. Not here: any count or rule (supervision.migration,
clusters), the pages of a workbook (pages). The whole file is sensitive.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path

import pandas as pd

from data_contracts.model import Column, output_contract
from resources.outbox.heat import Heat
from resources.outbox.workbook import Sheet, own_column, write_workbook
from supervision.alarm_rules import AlarmRules, ClusterRule, TrendRule
from supervision.migration import FROM, GRADES, TO
from supervision.months import month_before
from supervision.reports.marks import Mark, month_words
from supervision.snapshot import JUMP_LEVELS, JUMP_PERCENT

_COUNTS = tuple(f"n_{code}" for code in TO)
_SHARES = tuple(f"share_{code}" for code in TO)
_HEAT = Heat("from_grade", GRADES, dict(zip(_SHARES, TO, strict=True)))
_PERCENT, _FINE = "0.0%", "0.00%"
_NUMBER = "#,##0_ ;-#,##0_ ;–"  # a nought would hide the few cells that are not
SHIFT_MARKS: Mapping[str, Mark] = {
    "alarm": Mark("▲", "bad"),
    "normal": Mark("●", "plain"),
    "not_judged": Mark("—", "plain"),
}
CLUSTER_MARKS: Mapping[str, Mark] = {
    "alarm": Mark("▲", "bad"),
    "normal": Mark("●", "plain"),
    "small_cell": Mark("○", "plain"),
    "no_industry": Mark("—", "plain"),
}
COMPARABLE_MARKS: Mapping[str, Mark] = {
    "comparable": Mark("●", "plain"),
    "not_comparable": Mark("—", "warn"),
    "no_snapshot": Mark("○", "warn"),
}
TERMS: Mapping[str, str] = {
    "等级迁移": "上月快照到本月快照，各级企业的去向；等级由省局评定，市里只读、只数。",
    "跳级": f"上月与本月相差{JUMP_LEVELS}级以上，如A类到C类。",
    "聚集预警": "一个县（市、区）的一个行业，C、D类或受处罚的企业占比明显高于全市，又不像出于偶然。",
    "偶然概率": "假定这一格与全市没有差别，命中户数仍达到这么多的概率；越小越不像偶然。",
    "Bonferroni": "同时比较许多格，总会有几格偶然偏高；把总误报概率平分给各格，就是这种收紧。",
    "标准差": "以往各月变动的一般幅度；超过三倍的变动少见，须查明原因。",
    "差异化指数": "D类的抽中率是A类的几倍。",
}
_MATRIX_NOTE = (
    "行是上月等级，列是本月等级。对角线（灰）是没有变动的；▲ 风险升高，▽ 风险降低，底色越深，占上月该级的比越大。"
    "A至D类以省局快照为准：行合计等于上月户数，列合计等于本月户数；未分类是月末存续而快照没有的企业，新增、退出是名册的进出。"
)
_UNIT_NOTE = "属地按本月登记。查不出属地的和辖区以外的另列，各单位之和等于全市。"
_INDUSTRY_NOTE = "按登记的行业代码归入 GB/T 4754—2017 的门类；代码认不出的另列，各门类之和等于全市。"
_FIELD_NOTE = "一户涉及几个专业领域的，各计一次，因此各领域之和不等于全市。等级是信用风险等级，不是专业领域自身的等级。"
_INDEX_NOTE = (
    "差异化指数 =（抽中D类 ÷ D类户数）÷（抽中A类 ÷ A类户数），越大越向高风险倾斜。一户一月只计一次，补抽和作废批次不计，"
    "等级取抽取当月的快照。A类、D类没有企业，或A类无抽中的，写不可比；当月没有等级快照的无从计算，不作零。"
)
_LAG_NOTE = (
    "早发现：发生至归集；早提醒：归集至提醒；早处置：提醒至处置（R-05）。用时为法定工作日，中位数、第95百分位按最近秩。"
)


@dataclass(frozen=True, slots=True)
class MigrationTables:
    """The tables of the workbook, each under the output contract of its name."""

    grade_migration: pd.DataFrame
    grade_jump: pd.DataFrame
    grade_trend: pd.DataFrame
    cluster_alarm: pd.DataFrame
    differentiation: pd.DataFrame
    reminder_lag: pd.DataFrame


def write_grade_migration(
    path: Path,
    tables: MigrationTables,
    rules: AlarmRules,
    *,
    newest_before: str | None,
    compared: int,
    demonstration: bool,
    facts: Mapping[str, str],
) -> str:
    """Write the workbook; returns its SHA-256. facts: holds 月份. Errors: WorkbookError.

    newest_before: the newest earlier month with a snapshot; compared: firms with a grade in both. Without a snapshot of
    the month before there is one sheet that says so instead of matrices.
    """
    month = facts["月份"]
    sheets = [
        *_matrices(tables, month, newest_before, compared),
        _trend(tables.grade_trend, rules.trend, month),
        _clusters(tables.cluster_alarm, rules.cluster),
        *_indices(tables.differentiation, month),
        _lags(tables.reminder_lag),
    ]
    return write_workbook(
        path,
        sheets,
        title=f"{month_words(month)}信用风险等级迁移",
        demonstration=demonstration,
        facts=dict(facts) | {"预警界限": f"{rules.valid_from} 起的一版（data_contracts/alarms.yaml）"},
        terms=TERMS,
    )


def matrix(cells: pd.DataFrame, keys: Sequence[str] = ()) -> pd.DataFrame:
    """The cells laid out: a row for each grade of the month before, columns n_… and share_… by grade of this month, total.

    Of one matrix every row stands; of several below each other (`keys`) a grade that nobody had last month has no row.
    A cell that nobody is in is 0, and its share is left blank.
    """
    wide = cells.pivot_table(index=[*keys, "from_grade"], columns="to_grade", values="n", aggfunc="sum", observed=True)
    rows = wide if keys or cells.empty else wide.reindex(pd.Index(FROM, name="from_grade"))
    counts = rows.reindex(columns=list(TO)).fillna(0).astype(int)
    total = counts.sum(axis=1)
    made = counts.set_axis(list(_COUNTS), axis=1)
    for code, name in zip(TO, _SHARES, strict=True):
        made[name] = pd.Series(
            [Decimal(int(n)) / int(t) if n else None for n, t in zip(counts[code], total, strict=True)],
            index=counts.index,
            dtype=object,
        )
    made = made.assign(total=total).reset_index()
    order = {code: place for place, code in enumerate(FROM)}
    return made.sort_values(
        [*keys, "from_grade"],
        key=lambda column: column.map(order) if column.name == "from_grade" else column,
        ignore_index=True,
        kind="stable",
    )


def _matrices(tables: MigrationTables, month: str, newest: str | None, compared: int) -> list[Sheet]:
    cells, before = tables.grade_migration, month_before(month)
    if cells.empty:
        nearest = f"最近的一份是 {newest} 的，隔了月份，不作比较" if newest else "此前没有任何快照"
        told = f"没有 {before} 的等级快照（{nearest}），本月等级无从与上月比较；没有比较不等于没有变动。"
        return [replace(_sheet("全市", matrix(cells)), note=told, empty=told, totals={})]
    of = dict(iter(cells.groupby("rollup", sort=True)))
    units = of["unit"].sort_values(["rollup_key"], kind="stable")
    jumped = len(tables.grade_jump)
    verdict = "超过" if jumped * 100 > compared * JUMP_PERCENT else "没有超过"
    told = (
        f"{before} 与 {month} 都有等级的 {compared:,} 户中，相差 {JUMP_LEVELS} 级以上的 {jumped:,} 户，"
        f"{verdict} {JUMP_PERCENT}%（超过的，疑为省局换了分类模型，计划待人工决定）。"
        f"聚集预警 {int((tables.cluster_alarm['cluster_state'] == 'alarm').sum())} 格；占比走势：{_shifts(tables.grade_trend, month)}。"
    )
    named = {str(key): str(part["key_name"].iloc[0]) for key, part in units.groupby("rollup_key", sort=True)}
    return [
        _sheet("全市", matrix(of["city"]), note=f"{_MATRIX_NOTE}\n{told}"),
        _summary(units),
        _jumps(tables.grade_jump),
        *(
            _sheet(name.removesuffix("市场监督管理局"), matrix(units[units["rollup_key"] == key]), name=name)
            for key, name in named.items()
        ),
        _stacked("按行业门类", of["industry"], "行业门类", _INDUSTRY_NOTE),
        *([_stacked("按专业领域", of["field"], "专业领域", _FIELD_NOTE)] if "field" in of else []),
    ]


def _columns() -> list[Column]:
    contract = output_contract("grade_migration")
    words: dict[str, str] = {}
    for text, code in contract.column("to_grade").values.items():
        words.setdefault(code, text)
    counts = [
        own_column(name, words[code], "本月在这一级（或退出）的户数。", "integer", sensitive=True)
        for name, code in zip(_COUNTS, TO, strict=True)
    ]
    shares = [
        own_column(name, f"{words[code]}占比", "占该行（上月同级，或全部新增）户数的比。", "number", sensitive=True)
        for name, code in zip(_SHARES, TO, strict=True)
    ]
    total = own_column("total", "行合计", "上月在这一级的户数；新增行为本月新增的户数。", "integer", sensitive=True)
    return [contract.column("from_grade"), *counts, total, *shares]


def _sheet(title: str, frame: pd.DataFrame, *, note: str = _MATRIX_NOTE, name: str | None = None) -> Sheet:
    return Sheet(
        title,
        frame,
        _columns(),
        note=note,
        heading=f"{name}信用风险等级迁移" if name else None,
        formats=dict.fromkeys(_SHARES, _PERCENT) | dict.fromkeys((*_COUNTS, "total"), _NUMBER),
        totals={column: int(frame[column].sum()) for column in (*_COUNTS, "total")},
        freeze=1,
        widths={"from_grade": 12} | dict.fromkeys((*_COUNTS, "total"), 10) | dict.fromkeys(_SHARES, 10),
        heat=_HEAT,
    )


def _stacked(title: str, cells: pd.DataFrame, heading: str, note: str) -> Sheet:
    frame = matrix(cells, ("rollup_key", "key_name"))
    sheet = _sheet(title, frame, note=f"{_MATRIX_NOTE}\n{note}")
    name = own_column("key_name", heading, "这一行所属的名称。")
    return replace(sheet, columns=[name, *sheet.columns], freeze=2, totals={}, widths={**sheet.widths, "key_name": 42})


def _summary(units: pd.DataFrame) -> Sheet:
    """A unit a row: how many moved which way."""
    order = {grade: place for place, grade in enumerate(GRADES)}
    graded = units["from_grade"].isin(GRADES) & units["to_grade"].isin(GRADES)
    steps = units["to_grade"].map(order) - units["from_grade"].map(order)
    parts = {
        "before": units["from_grade"].isin(GRADES),
        "after": units["to_grade"].isin(GRADES),
        "worse": graded & (steps > 0),
        "worse_far": graded & (steps >= JUMP_LEVELS),
        "better": graded & (steps < 0),
        "better_far": graded & (steps <= -JUMP_LEVELS),
        "entered": units["from_grade"] == "entered",
        "left": units["to_grade"] == "left",
    }
    titles = {
        "before": ("上月有等级", "上月快照中的户数。"),
        "after": ("本月有等级", "本月快照中的户数。"),
        "worse": ("风险升高", "两月都有等级、信用风险升高的户数。"),
        "worse_far": ("升两级以上", "风险升高中相差两级以上的户数。"),
        "better": ("风险降低", "两月都有等级、信用风险降低的户数。"),
        "better_far": ("降两级以上", "风险降低中相差两级以上的户数。"),
        "entered": ("新增", "上月末还不在册的户数。"),
        "left": ("退出", "本月已注销、吊销、迁出，或查不到存续登记的户数。"),
    }
    counted = units.assign(**{name: units["n"].where(mask, 0).astype(int) for name, mask in parts.items()})
    frame = counted.groupby(["rollup_key", "key_name"], sort=True, as_index=False)[list(parts)].sum()
    return Sheet(
        "检查主体一览",
        frame,
        [
            own_column("key_name", "检查主体", "检查主体的名称。"),
            *(own_column(name, *titles[name], "integer", sensitive=True) for name in parts),
        ],
        note=_UNIT_NOTE,
        totals={name: int(frame[name].sum()) for name in parts},
        freeze=1,
        widths={"key_name": 30},
    )


def _jumps(frame: pd.DataFrame) -> Sheet:
    return Sheet(
        "跳级名单",
        frame,
        [c for c in output_contract("grade_jump").columns if c.name != "unit_code"],
        note=f"上月、本月都有等级而相差 {JUMP_LEVELS} 级以上的企业，风险升高的在前。只作监管工作参考，不得外传。",
        freeze=2,
        widths={"ent_name": 36, "unit_name": 28, "industry_name": 24},
        empty="没有相差两级以上的企业",
    )


def _trend(frame: pd.DataFrame, rule: TrendRule, month: str) -> Sheet:
    now = frame[frame["snapshot_month"] == month]
    changes = int(now["changes"].max()) if len(now) else 0
    short = f"目前只有 {changes} 个，本月不判。" if changes < rule.fewest_changes else f"本月有 {changes} 个。"
    return Sheet(
        "占比走势",
        frame,
        output_contract("grade_trend").columns,
        note=f"预警：占比与上月之差的绝对值，超过此前 {rule.months} 个月各差的 {rule.sigmas} 倍标准差"
        f"（标准差至少取 {_percent(rule.least_sigma)}）。以往的差不足 {rule.fewest_changes} 个的不判；{short}",
        formats={"share": _FINE, "delta": "+0.00%;-0.00%;0.00%", "sigma": _FINE},
        marks={"shift_state": SHIFT_MARKS},
        freeze=2,
    )


def _shifts(frame: pd.DataFrame, month: str) -> str:
    """What the trend says of this month, in words."""
    now = frame[frame["snapshot_month"] == month]
    moved = [f"{grade}类" for grade in now.loc[now["shift_state"] == "alarm", "credit_grade"]]
    if moved:
        return f"{'、'.join(moved)}的变动超出以往"
    return "以往的月份不够，未判" if (now["shift_state"] == "not_judged").all() else "没有超出以往的变动"


def _clusters(frame: pd.DataFrame, rule: ClusterRule) -> Sheet:
    judged = frame[frame["cluster_state"].isin(("alarm", "normal"))]
    small = int((frame["cluster_state"] == "small_cell").sum())
    unknown = int((frame["cluster_state"] == "no_industry").sum())
    alarms = int((frame["cluster_state"] == "alarm").sum())
    tested = "、".join(
        f"{'C、D类占比' if measure == 'cd_share' else '处罚率'} {int(part['cells_tested'].iloc[0])} 格"
        for measure, part in frame.groupby("cluster_measure", sort=True)
    )
    return Sheet(
        "聚集预警",
        judged.assign(
            first=judged["cluster_state"] != "alarm", chance=judged["p_value"].map(lambda p: p if p is not None else 1)
        ).sort_values(
            ["first", "cluster_measure", "chance", "unit_code", "industry_division"], kind="stable", ignore_index=True
        ),
        [c for c in output_contract("cluster_alarm").columns if c.name != "unit_code"],
        note=f"共 {alarms} 格预警。县（市、区）× 行业大类与全市占比相比，三者都够才预警：命中 {rule.fewest_hits} 户以上、为全市 "
        f"{rule.least_ratio} 倍以上、偶然概率（单侧二项检验，精确值）不超过 {rule.family_error} ÷ 同时比较的格数。"
        f"同时比较：{tested or '0 格'}；按 Bonferroni 收紧后，全市本无聚集时一项指标误报任何一格的概率不超过 "
        f"{_percent(rule.family_error)}。不足 {rule.smallest_cell} 户的 {small} 格不判、不列；行业不明的 {unknown} 格不判、不列。",
        formats={"share": _FINE, "baseline": _FINE, "p_value": "0.000000"},
        marks={"cluster_state": CLUSTER_MARKS},
        freeze=3,
        widths={"unit_name": 26, "industry_name": 26},
        empty="没有可以比较的格",
    )


def _indices(frame: pd.DataFrame, month: str) -> list[Sheet]:
    names = (
        "key_name", "counted_period", "n_a", "drawn_a", "n_b", "drawn_b", "n_c", "drawn_c", "n_d", "drawn_d",
        "differentiation_index", "comparability",
    )  # fmt: skip
    columns = [output_contract("differentiation").column(name) for name in names]
    counted = [output_contract("differentiation").column(name) for name in ("months_counted", "months_left_out")]
    year = frame["period_kind"] == "year_to_date"
    earlier = frame[~year & (frame["counted_period"] != month)]
    has_snapshot = earlier["comparability"] != "no_snapshot"
    known, unknown = earlier[has_snapshot], sorted(set(earlier.loc[~has_snapshot, "counted_period"]))
    parts = (
        ("本月差异化指数", frame[~year & (frame["counted_period"] == month)], columns, ""),
        ("年初以来差异化指数", frame[year], [*columns[:2], *counted, *columns[2:]], ""),
        ("以往各月差异化指数", known, columns, f"\n有抽取而没有等级快照、未列的月份：{'、'.join(unknown) or '无'}。"),
    )
    return [
        Sheet(
            title,
            part,
            shown,
            note=_INDEX_NOTE + more,
            formats={"differentiation_index": "0.00"},
            marks={"comparability": COMPARABLE_MARKS},
            freeze=2,
            widths={"key_name": 28},
            empty="没有既有抽取又有等级快照的月份",
        )
        for title, part, shown, more in parts
    ]


def _lags(frame: pd.DataFrame) -> Sheet:
    return Sheet(
        "早发现早提醒早处置",
        pd.concat([frame[frame["unit_code"] == "CITY"], frame[frame["unit_code"] != "CITY"]], ignore_index=True),
        [c for c in output_contract("reminder_lag").columns if c.name not in ("month", "unit_code")],
        note=_LAG_NOTE,
        freeze=1,
        widths={"unit_name": 28},
        empty="本月没有可以计算用时的提醒",
    )


def _percent(value: Decimal) -> str:
    return f"{(value * 100).normalize():f}%"
