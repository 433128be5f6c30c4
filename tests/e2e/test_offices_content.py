"""What the offices' files say, worked out again: the numbers of the monthly report from the tables, by pandas; whose rows
each county's workbook holds.

Not here: how a county's rows come back (test_county_return), sentences and layout of the report (tests/unit).
"""

from __future__ import annotations

import html
import re
import zipfile

import openpyxl
import pandas as pd
import pytest

from supervision.reports.leak_limits import ALL
from tests.e2e.conftest import MONTH, Outcome

GRADES = ["A", "B", "C", "D"]


def text(markup: str) -> str:
    return re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]*>", " ", markup))).strip()


def table(done: Outcome, name: str) -> pd.DataFrame:
    return pd.DataFrame(done.table(name))


def thousands(number: float) -> str:
    return f"{int(number):,}"


def floored(numerator: int, denominator: int) -> str:
    """A share as the report writes it: cut, never rounded up to a limit; — where nothing was due."""
    if not denominator:
        return "—"
    tenths = numerator * 1000 // denominator
    share = "100%" if tenths == 1000 else f"{tenths / 10:.1f}%"
    return f"{share} {numerator:,}/{denominator:,}"


@pytest.fixture(scope="module")
def page(finished: Outcome) -> str:
    return (finished.outbox / "monthly_report.html").read_text("utf-8")


@pytest.fixture(scope="module")
def annex(page: str) -> dict[str, list[list[str]]]:
    """The rows of each table of the annex by its title, heads left out; the sign of a rated cell left out too."""
    found = {}
    for block in re.findall(r"<table>.*?</table>", page, re.DOTALL):
        caption = re.search(r"<caption>(.*?)</caption>", block, re.DOTALL)
        lines = re.findall(r"<tr>(.*?)</tr>", block, re.DOTALL)[1:]
        rows = [[text(c) for c in re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", each, re.DOTALL)] for each in lines]
        assert caption is not None
        found[text(caption[1]).partition(" ")[2]] = [[re.sub(r"^[●▲×] ", "", cell) for cell in row] for row in rows]
    return found


def test_the_matrix_of_grades(finished: Outcome, annex: dict[str, list[list[str]]], page: str) -> None:
    flows = table(finished, "grade_migration").query("rollup == 'city'")
    cells = flows.pivot_table(index="from_grade", columns="to_grade", values="n", aggfunc="sum", fill_value=0)
    cells = cells.reindex(index=[*GRADES, "U", "entered"], columns=[*GRADES, "U", "left"], fill_value=0)
    assert cells.to_numpy().sum() == flows["n"].sum() > 1000
    cells["合计"] = cells.sum(axis=1)
    cells.loc["合计"] = cells.sum()
    assert [row[1:] for row in annex["全市等级迁移（户）"]] == [list(map(thousands, row)) for row in cells.to_numpy()]
    same = flows[flows["from_grade"] == flows["to_grade"]]["n"].sum()
    assert f"有变动的 {flows['n'].sum() - same:,} 户，未变动 {same:,} 户" in text(page)


def test_plan_and_people(finished: Outcome, annex: dict[str, list[list[str]]], page: str) -> None:
    funded = table(finished, "sampling_plan").groupby("unit_code")["n_funded"].sum()
    people = table(finished, "county_capacity").set_index("unit_code")
    columns = [
        "inspectors", "capacity_available_visits", "capacity_required_visits", "funded_visits", "unmet_visits",
        "unassignable_visits",
    ]  # fmt: skip
    people.insert(0, "drawn", funded.reindex(people.index, fill_value=0))
    assert [row[1:8] for row in annex["各检查主体计划与检查力量"]] == [
        list(map(thousands, row)) for row in people[["drawn", *columns]].to_numpy()
    ]
    assert f"全市 {funded.sum():,}" in text(page)
    strip = text(page[page.index('<ul class="strip"') : page.index('<div class="pair uneven">')])
    on_site = (table(finished, "drawn_subjects")["mode_planned"] == "on_site").sum()
    triggered = table(finished, "triggered_inspections")["uid"].nunique()
    assert f"本月抽查 {funded.sum():,} 户次 现场 {on_site:,} 户，另触发检查 {triggered:,} 户" in strip


def test_shares_in_time(finished: Outcome, annex: dict[str, list[list[str]]], page: str) -> None:
    counted = table(finished, "timeliness_summary").groupby(["unit_name", "clock"])[["on_time", "denominator"]].sum()
    kpi = table(finished, "collection_kpi")
    measures = ["complete_numerator", "complete_denominator", "accurate_numerator", "accurate_denominator"]
    kpi = kpi[["unit_name", *measures]].fillna(0).groupby("unit_name").sum()
    units = sorted({name for name, _ in counted.index} | set(kpi.index))
    expected = []
    for unit in units:
        clocks = [
            tuple(map(int, counted.loc[(unit, clock)])) if (unit, clock) in counted.index else (0, 0)
            for clock in ("collect_7wd", "double_publicity_7wd", "publish_20wd")
        ]
        whole = [int(n) for n in kpi.loc[unit]] if unit in kpi.index else [0] * 4
        expected.append([floored(*each) for each in (*clocks, (whole[0], whole[1]), (whole[2], whole[3]))])
    assert sorted(row[1:] for row in annex["归集与公示的时限、全面性、准确性"]) == sorted(expected)
    city = counted.xs("collect_7wd", level="clock").sum()
    assert floored(int(city["on_time"]), int(city["denominator"])) in text(page)


def test_results_published_and_returned(finished: Outcome, annex: dict[str, list[list[str]]]) -> None:
    both = table(finished, "publication").merge(table(finished, "return_reconciliation"), on="unit_code")
    assert both["publication_due"].sum() > 0
    expected = [
        [
            floored(row.published_in_time, row.publication_due),
            thousands(row.unpublished_overdue + row.unpublished_before),
            thousands(row.results_known),
            floored(row.ack_received, row.ack_expected),
            thousands(row.count_rejected),
            thousands(row.count_overdue),
            "—" if pd.isna(row.lag_p95_wd) else thousands(row.lag_p95_wd),
        ]
        for row in both.sort_values("unit_code").itertuples()
    ]
    assert [row[1:] for row in annex["检查结果的公示与回填"]] == expected


def test_findings_index_clusters_lags_and_leaks(finished: Outcome, annex: dict[str, list[list[str]]]) -> None:
    assert sorted(row[2] for row in annex["通报事项"]) == sorted(table(finished, "bulletin")["measured"])
    known = table(finished, "differentiation")
    known = known[known["rollup"].isin(["city", "unit"]) & known["counted_period"].isin([MONTH, MONTH[:4]])]
    told = {  # a number where there is one; the reason in words elsewhere
        (kind, f"{value:.2f}")
        for kind, value in zip(known["period_kind"], known["differentiation_index"], strict=True)
        if not pd.isna(value)
    }
    listed = annex["差异化指数"]
    assert len(listed) == known["rollup_key"].nunique()
    shown = {("month", row[1]) for row in listed} | {("year_to_date", row[2]) for row in listed}
    assert {pair for pair in shown if re.fullmatch(r"[\d.]+", pair[1])} == told
    alarms = table(finished, "cluster_alarm").query("cluster_state == 'alarm'")
    rows = [row[3:5] for row in annex["聚集预警"] if row != ["无"]]
    assert sorted(rows) == sorted(
        [thousands(n), thousands(hit)] for n, hit in zip(alarms["n"], alarms["n_hit"], strict=True)
    )
    lags = table(finished, "reminder_lag").query("unit_code == 'CITY'")[["records", "pending", "median_wd", "p95_wd"]]
    assert [row[1:] for row in annex["早发现、早提醒、早处置（全市）"]] == [
        ["—" if pd.isna(each) else thousands(each) for each in row] for row in lags.to_numpy()
    ]
    leaks = table(finished, "leak_meter")
    leaks = leaks[leaks["reader_scope"] == ALL]
    assert sorted(row[2:4] for row in annex["公开文件泄密度量"]) == sorted(
        [
            f"{float(100 * of):.1f}%（{float(100 * base):.1f}%）"
            for of, base in ((row.p_d, row.base_d), (row.p_cd, row.base_cd))
        ]
        for row in leaks.itertuples()
    )


def _number(uid: str) -> str:
    """A subject as the offices write it: a firm without a credit code by its registration number."""
    return uid.removeprefix("R:")


def test_each_county_holds_its_own_visits_and_can_report_every_one(finished: Outcome) -> None:
    visits = table(finished, "county_visit")
    entries = table(finished, "county_entry")
    assert set(entries["uid"]) == set(visits["uid"])
    folder = finished.outbox / "counties"
    books = sorted(folder.glob("*.xlsx"))
    assert (
        {path.stem for path in books}
        == set(table(finished, "county_workbook")["unit_code"])
        >= set(visits["unit_code"])
    )
    home = dict(zip(visits["uid"], visits["unit_code"], strict=True))
    for path in books:
        with zipfile.ZipFile(path) as archive:
            said = "".join(archive.read(name).decode() for name in sorted(archive.namelist()) if name.endswith(".xml"))
        inside = {uid for uid in home if _number(uid) in said}
        assert inside == {uid for uid, unit in home.items() if unit == path.stem}
        page = openpyxl.load_workbook(path)["结果录入"]
        head = next((r for r in range(1, page.max_row + 1) if page.cell(r, 1).value == "序号"), None)
        own = entries[entries["unit_code"] == path.stem]
        if head is None:
            assert own.empty
            continue
        at = {cell.value: cell.column for cell in page[head]}
        names = ("计划编号", "抽查事项编号", "统一社会信用代码")
        listed = [tuple(page.cell(r, at[name]).value for name in names) for r in range(head + 1, page.max_row + 1)]
        assert sorted(map(str, listed)) == sorted(
            map(str, zip(own["plan_id"], own["item_code"], own["uscc"], strict=True))
        )
        sheets = folder / f"{path.stem}-任务单.docx"
        with zipfile.ZipFile(sheets) as archive:
            paper = "".join(archive.read(name).decode() for name in archive.namelist() if name.endswith(".xml"))
        assert {uid for uid in home if _number(uid) in paper} <= inside
