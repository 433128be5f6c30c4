"""The documents: what each workbook shows, and what the public list may never show."""

from __future__ import annotations

import csv
import dataclasses
import datetime as dt
import hashlib
import io
from pathlib import Path

import openpyxl
import pandas as pd
import pytest

from data_contracts.model import ContractError, output_contract
from resources.outbox.drawn_internal import DrawnTables, write_drawn_internal
from resources.outbox.due_soon import write_due_soon
from resources.outbox.public_csv import LeakError, write_public
from resources.outbox.sampling_plan import write_sampling_plan
from resources.outbox.task_status import write_task_status
from resources.outbox.timeliness import CollectionTables, write_timeliness
from supervision.tasks import TaskStatus
from tests.unit import outbox_samples as samples

HOW = {"demonstration": True, "facts": samples.FACTS}


def _status(**changes) -> TaskStatus:
    row = TaskStatus(
        "T7.1", "2026", False, "第（七）条", "方案", "140802", "盐湖区市场监督管理局", "", dt.date(2026, 5, 31), "done", 100, 1, "E1",
        "ab" * 32, "", None, dt.date(2026, 10, 31),
    )  # fmt: skip
    return dataclasses.replace(row, **changes)


def _task_frame() -> pd.DataFrame:
    rows = [
        _status(),
        _status(unit_code="140821", unit_name="临猗县市场监督管理局", status="overdue", progress_pct=0),
        _status(
            task_id="T9", title="督导", status="n/a", progress_pct=None, due_on=None, evidence_ref=None, remark="无"
        ),
        _status(period="2022", is_history=True, status="n/a", progress_pct=None, due_on=dt.date(2022, 5, 31)),
    ]
    return pd.DataFrame([dataclasses.asdict(row) for row in rows])


def _drawn_tables() -> DrawnTables:
    return DrawnTables(
        samples.drawn(),
        samples.loads(),
        samples.triggers(),
        samples.joint(),
        samples.amendments(),
        samples.replacements(),
    )


WRITERS = {
    "sampling_plan": lambda path: write_sampling_plan(path, samples.plan(), samples.capacity(), **HOW),
    "drawn_internal": lambda path: write_drawn_internal(path, _drawn_tables(), **HOW),
    "timeliness": lambda path: write_timeliness(path, CollectionTables(**samples.collection()), **HOW),
    "due_soon": lambda path: write_due_soon(path, samples.due_soon(), **HOW),
    "task_status": lambda path: write_task_status(path, _task_frame(), **HOW),
}


@pytest.fixture(scope="module")
def books(tmp_path_factory):
    folder = tmp_path_factory.mktemp("outbox")
    digests = {name: write(folder / f"{name}.xlsx") for name, write in WRITERS.items()}
    return folder, digests


def _table(folder: Path, book: str, sheet: str) -> list[dict]:
    rows = list(openpyxl.load_workbook(folder / f"{book}.xlsx")[sheet].iter_rows(values_only=True))
    head = next(index for index, row in enumerate(rows) if sum(cell is not None for cell in row) > 2)
    return [dict(zip(rows[head], row, strict=True)) for row in rows[head + 1 :]]


@pytest.mark.parametrize("name", sorted(WRITERS))
def test_every_document_has_the_same_bytes_twice(books, tmp_path, name):
    folder, digests = books
    assert WRITERS[name](tmp_path / "again.xlsx") == digests[name]
    assert (tmp_path / "again.xlsx").read_bytes() == (folder / f"{name}.xlsx").read_bytes()


@pytest.mark.parametrize("name", sorted(WRITERS))
def test_no_document_holds_a_formula(books, name):
    for page in openpyxl.load_workbook(books[0] / f"{name}.xlsx"):
        assert not [cell.coordinate for row in page.iter_rows() for cell in row if cell.data_type == "f"]


def test_the_samples_have_exactly_the_columns_of_the_contracts():
    frames = {
        "sampling_plan": samples.plan(), "county_capacity": samples.capacity(), "drawn_subjects": samples.drawn(),
        "inspector_load": samples.loads(), "drawn_public": samples.public(), "due_soon": samples.due_soon(),
        "task_status": _task_frame(), "triggered_inspections": samples.triggers(), "joint_visit": samples.joint(),
        "amendment": samples.amendments(), "replacement_by_inspector": samples.replacements(),
        "round_public": samples.rounds(), "county_totals_public": samples.totals(), **samples.collection(),
    }  # fmt: skip
    assert {name: tuple(frame.columns) for name, frame in frames.items()} == {
        name: output_contract(name).column_names for name in frames
    }


def test_the_plan_has_the_header_of_real_plans_and_a_sheet_per_county(books):
    names = openpyxl.load_workbook(books[0] / "sampling_plan.xlsx").sheetnames
    assert names == [
        "封面", "全市汇总", "全市分层", "检查力量与缺口", "盐湖区", "临猗县", "运城开发区分局", "分层明细", "任务依据", "图例与说明",
    ]  # fmt: skip
    rows = _table(books[0], "sampling_plan", "盐湖区")
    assert list(rows[0]) == [
        "序号", "抽查任务名称", "抽查类型", "抽查事项", "抽查对象范围", "抽查比例/数量", "信用风险分类管理", "起止时间", "发起主体",
        "检查主体", "抽查检查模式",
    ]  # fmt: skip
    general = rows[0]
    assert "本月抽取60户" in general["抽查比例/数量"]
    assert "计划62户，因检查力量不足暂缓2户" in general["抽查比例/数量"]
    assert "A类（信用风险低）：年比例1%，非现场，本月10户" in general["信用风险分类管理"]
    assert "D类（信用风险高）：每年3次" in rows[3]["信用风险分类管理"]


def test_the_plan_states_every_shortfall_and_what_is_done_about_it(books):
    rows = _table(books[0], "sampling_plan", "临猗县")
    assert "可抽户数不足：1.25户无户可抽，年内以后批次有可抽的再补" in rows[3]["抽查比例/数量"]
    assert "全年应抽数下降，已多抽2户" in rows[3]["抽查比例/数量"]
    assert not [row for row in rows[:3] if "不足" in row["抽查比例/数量"] or "多抽" in row["抽查比例/数量"]]
    [county, *others] = _table(books[0], "sampling_plan", "检查力量与缺口")
    assert county["压减的档次"] == "A类（信用风险低）：留 0%\nB类（信用风险一般）：留 66.67%"
    assert (county["可检查户数"], county["需检查户数"], county["缺口户数"]) == (180, 189, 9)
    assert (county["缺口处理"], others[0]["压减的档次"]) == ("▲ 压减顺延", None)
    detail = {
        (r["抽查任务名称"], r["检查主体"], r["监管档次"][0]): r
        for r in _table(books[0], "sampling_plan", "分层明细")[:-1]
    }
    row = detail["工业产品质量监督检查", "临猗县市场监督管理局", "D"]
    assert (row["可抽不足"], row["超出应抽"], row["现场规则"]) == (1.25, 2, "现场")


def test_strata_are_told_in_their_order_even_where_a_county_lacks_some(tmp_path):
    plan = samples.plan()
    plan = plan[~((plan["unit_code"] == "140802") & plan["stratum"].isin(("A", "C")))]
    write_sampling_plan(tmp_path / "sampling_plan.xlsx", plan, samples.capacity(), **HOW)
    lines = _table(tmp_path, "sampling_plan", "全市汇总")[0]["信用风险分类管理"].split("\n")
    assert [line[0] for line in lines] == ["A", "B", "C", "D", "未"]


def test_the_city_sums_the_counties_and_totals_leave_out_what_cannot_be_added(books):
    plan = samples.plan()
    rows = _table(books[0], "sampling_plan", "全市分层")
    level = next(row for row in rows if row["抽查任务名称"].startswith("登记") and row["监管档次"].startswith("B类"))
    part = plan[(plan["task_code"] == "GEN") & (plan["stratum"] == "B")]
    assert (level["本月计划户数"], level["本月实抽户数"]) == (part["n_planned"].sum(), part["n_funded"].sum())
    assert (rows[-1]["本月实抽户数"], rows[-1]["名录库户数"]) == (plan["n_funded"].sum(), None)


def test_the_county_list_holds_its_own_subjects_and_no_grade_or_stratum(books):
    rows = _table(books[0], "drawn_internal", "临猗县")
    drawn = samples.drawn()
    assert [row["主体标识"] for row in rows] == drawn[drawn["unit_code"] == "140821"]["uid"].tolist()
    sensitive = {c.title for c in output_contract("drawn_subjects").columns if c.classification == "sensitive"}
    assert sensitive & set(rows[0]) == {"检查方式"}  # who goes must know it; everything that tells a grade stays out
    assert {row["风险点"] for row in rows} == {"未见具体风险点", "2026-03-02 行政处罚 运市监处罚〔2026〕12号 虚假宣传"}
    whole = _table(books[0], "drawn_internal", "全市名单")
    assert len(whole) == len(drawn)
    assert whole[7]["人员匹配"] == "× 未能匹配"


def test_the_internal_list_shows_what_came_after_the_draw(books):
    grounds = _table(books[0], "drawn_internal", "抽取依据")
    assert (grounds[0]["各任务入选概率"], grounds[9]["补抽位次"]) == ("FOOD:0.031250;GEN:0.250000", "GEN:8")
    assert (grounds[6]["办理状态"], grounds[6]["由谁补上"]) == ("已替换", "GEN:91140802700000009X")
    first, second = _table(books[0], "drawn_internal", "补抽与换人")
    assert (first["申请类别"], first["补抽原因"], first["办理结论"], first["补抽位次"]) == (
        "补抽",
        "查无",
        "新增一户检查",
        8,
    )
    assert (second["申请类别"], second["办理结论"], second["结论说明"]) == (
        "后报回避",
        "无人可派",
        "没有可派的检查人员",
    )
    [share] = _table(books[0], "drawn_internal", "补抽统计")
    assert (share["被替换户次"], share["替换占比"], share["本人申请补抽"]) == (2, 0.25, 2)
    triggers = _table(books[0], "drawn_internal", "触发检查清单")
    assert [(row["触发类型"], row["抽取后收到"], row["是否计入年度上限"]) for row in triggers] == [
        ("投诉举报", "否", "否"), ("飞行检查", "是", "否"), (None, "否", "是"),
    ]  # fmt: skip
    rows = _table(books[0], "drawn_internal", "联合检查")
    assert [row["单位"] for row in rows][-1] == "全市"
    assert [row["联合检查占比"] for row in rows] == [0.375, 0, None, pytest.approx(3 / 13)]


def test_timeliness_shows_counts_beside_a_rate_that_is_never_rounded_up(books):
    rows = {row["来源"]: row for row in _table(books[0], "timeliness", "按来源")}
    licence = rows["行政许可"]
    assert (licence["按期"], licence["已到期应办"], licence["及时率"], licence["评价"]) == (
        9499,
        10000,
        0.9499,
        "▲ 关注",
    )
    assert (rows["行政处罚"]["评价"], rows["经营异常名录"]["评价"]) == ("× 偏低", "● 达标")
    assert (rows["严重违法失信名单"]["及时率"], rows["严重违法失信名单"]["评价"]) == (None, "— 无应计")
    total = rows["合计"]
    collect = samples.summary().query("clock == 'collect_7wd'")
    assert (total["记录数"], total["以前逾期未办"]) == (collect["records"].sum(), 2)
    assert total["及时率"] == 9879 * 10000 // 10402 / 10000


def test_the_clocks_are_never_summed_together(books):
    collect = _table(books[0], "timeliness", "来源与单位")
    assert [row["来源"] for row in collect] == ["经营异常名录", "行政许可", "行政处罚", "严重违法失信名单", "合计"]
    others = _table(books[0], "timeliness", "双公示、公示与等级")
    assert [(row["时限"], row["按期"]) for row in others] == [("双公示", 60), ("等级更新", 1), ("公示", 90)]
    counties = {row["属地"]: row["记录数"] for row in _table(books[0], "timeliness", "按属地")}
    assert counties == {"盐湖区": 9723, "不分县": 805, "合计": 10528}


def test_rolled_up_rates_come_from_sums(tmp_path):
    collect = samples.summary().query("clock == 'collect_7wd'").assign(source="licence")
    tables = CollectionTables(**samples.collection() | {"timeliness_summary": collect})
    write_timeliness(tmp_path / "timeliness.xlsx", tables, **HOW)
    [row, _] = _table(tmp_path, "timeliness", "按来源")
    assert (row["按期"], row["已到期应办"], row["及时率"]) == (9879, 10402, 0.9497)


def test_late_rows_are_listed_by_place_and_others_are_not(books):
    rows = _table(books[0], "timeliness", "逾期与无法判定")
    assert {row["及时状态"] for row in rows} == {"▲ 逾期办结", "× 逾期未办", "— 无法判定"}
    assert len(rows) == 30
    assert (rows[0]["交付批次"], rows[0]["文件名"], rows[0]["行号"]) == ("2026-10-ZHZF-01", "行政处罚.csv", 3)
    assert {row["所在"] for row in rows if row["及时状态"].endswith("未办")} == {"隔离"}


def test_a_list_too_long_keeps_the_latest_and_says_so(tmp_path, monkeypatch):
    monkeypatch.setattr("resources.outbox.timeliness.MOST_LISTED", 12)
    older = samples.records().assign(due_on=dt.date(2022, 1, 4), row_id=lambda f: "old" + f["row_id"])
    tables = CollectionTables(**samples.collection() | {"timeliness": pd.concat([older, samples.records()])})
    write_timeliness(tmp_path / "timeliness.xlsx", tables, **HOW)
    rows = _table(tmp_path, "timeliness", "逾期与无法判定")
    assert [row["截止日期"] for row in rows] == [dt.datetime(2026, 10, 12)] * 12
    page = openpyxl.load_workbook(tmp_path / "timeliness.xlsx")["逾期与无法判定"]
    assert "另有截止日期更早的 48 行未列" in page["A3"].value


def test_what_has_no_denominator_is_blank_never_full_marks(books):
    rows = _table(books[0], "timeliness", "三项指标")
    assert [(row["全面性"], row["及时性"], row["准确性"]) for row in rows] == [
        (0.96, 0.8, 0.97), (None, None, None), (0.96, 0.8, 0.97),
    ]  # fmt: skip
    months = {row["形成月份"]: row for row in _table(books[0], "timeliness", "全面性")}
    assert {month: (row["未归集估计"], row["从未送达估计"]) for month, row in months.items()} == {
        "2026-10": (39, 38),
        "2026-09": (4, 3),
    }
    assert (
        "没有台账总数的，有 1 个来源和单位"
        in openpyxl.load_workbook(books[0] / "timeliness.xlsx")["全面性"]["A3"].value
    )
    gaps = _table(books[0], "timeliness", "文号缺号")
    assert [row["缺号"] for row in gaps] == ["0005至0007、0010", None]


def test_what_is_not_connected_has_its_reason_and_no_number(books):
    rows = {row["名称"]: row for row in _table(books[0], "timeliness", "来源接入")}
    assert (rows["标准"]["接入状态"], rows["标准"]["接收行数"]) == (
        "— 未接入",
        None,
    )
    assert "导出权限" in rows["标准"]["原因"]
    assert rows["行政许可"]["接入状态"] == "× 停用"
    rolled = [(row["层次"], row["接入状态"]) for row in _table(books[0], "timeliness", "领域与指标类别")]
    assert rolled == [("专业领域", "— 未接入"), ("领域代码", "○ 本月无交付"), ("指标类别", "— 未接入")]
    [department] = _table(books[0], "timeliness", "部门参与")
    kinds = ("部门行政许可", "部门行政处罚", "部门严重失信主体名单", "部门抽查检查")
    assert [department[kind] for kind in kinds] == ["○ 本月未送", "● 本月有送", "× 从未送过", "— 来源未接入"]
    assert (department["累计行数"], department["最近送达日"]) == (11, dt.datetime(2026, 10, 8))
    pushed = _table(books[0], "timeliness", "总对总核对")
    assert [(row["记录类别"], row["核对结果"], row["差额"]) for row in pushed[:2]] == [
        ("行政处罚", "● 一致", 0), ("行政处罚", "× 不符", 3),
    ]  # fmt: skip


def test_what_falls_due_is_told_unit_by_unit(books):
    rows = {row["单位"]: row for row in _table(books[0], "due_soon", "按单位")}
    assert rows["综合行政执法队"]["最早截止日期"] == dt.datetime(2026, 11, 2)
    assert (
        rows["综合行政执法队"]["更正隔离行"],
        rows["综合行政执法队"]["补办公示"],
        rows["综合行政执法队"]["合计"],
    ) == (1, 1, 2)
    assert (rows["盐湖区市场监督管理局"]["补送差额"], rows["合计"]["合计"]) == (12, 14)
    items = _table(books[0], "due_soon", "逐项")
    assert [row["剩余工作日"] for row in items] == [1, 1, 7]


def test_task_status_shows_units_against_tasks_and_keeps_history_apart(books):
    matrix = {row["责任单位"]: row for row in _table(books[0], "task_status", "一览")}
    assert matrix["盐湖区市场监督管理局"]["T7.1"] == "● 已完成"
    assert matrix["临猗县市场监督管理局"] == {"责任单位": "临猗县市场监督管理局", "T7.1": "× 逾期未完成", "T9": None}
    overview = {row["任务编号"]: row for row in _table(books[0], "task_status", "按任务")}
    assert (overview["T7.1"]["● 已完成"], overview["T7.1"]["× 逾期未完成"], overview["T9"]["— 不评价"]) == (1, 1, 1)
    assert len(_table(books[0], "task_status", "本年进展")) == 3
    [past] = _table(books[0], "task_status", "历史任务")
    assert past["完成时限"] == dt.datetime(2022, 5, 31)


def test_documents_of_a_month_without_rows_are_written(tmp_path):
    nothing = {name: frame.iloc[:0] for name, frame in (("plan", samples.plan()), ("drawn", samples.drawn()))}
    write_sampling_plan(tmp_path / "a.xlsx", nothing["plan"], samples.capacity().iloc[:0], **HOW)
    empty = {f.name: getattr(_drawn_tables(), f.name).iloc[:0] for f in dataclasses.fields(DrawnTables)}
    write_drawn_internal(tmp_path / "b.xlsx", DrawnTables(**empty), **HOW)
    write_timeliness(
        tmp_path / "c.xlsx", CollectionTables(**{k: v.iloc[:0] for k, v in samples.collection().items()}), **HOW
    )
    write_due_soon(tmp_path / "e.xlsx", samples.due_soon().iloc[:0], **HOW)
    write_task_status(tmp_path / "d.xlsx", _task_frame().iloc[:0], **HOW)
    assert openpyxl.load_workbook(tmp_path / "a.xlsx").sheetnames[1] == "全市汇总"
    assert openpyxl.load_workbook(tmp_path / "e.xlsx")["按单位"]["A5"].value == "没有临期事项"
    assert openpyxl.load_workbook(tmp_path / "b.xlsx")["全市名单"]["A4"].value == "本批次没有抽取对象"


# —— the public list ——


def _public(tmp_path: Path, frame: pd.DataFrame) -> list[list[str]]:
    write_public(tmp_path / "drawn_public.csv", "drawn_public", frame)
    return list(csv.reader(io.StringIO((tmp_path / "drawn_public.csv").read_bytes().decode("utf-8-sig"))))


def test_the_public_list_has_its_columns_in_the_order_of_hashes_whatever_the_input_order(tmp_path):
    frame = samples.public()
    header, *rows = _public(tmp_path, frame)
    assert header == ["计划编号", "企业名称", "统一社会信用代码", "抽查任务", "检查起止时间", "检查主体", "备注"]
    hashes = [hashlib.sha256(row[2].encode()).hexdigest() for row in rows]
    assert hashes == sorted(hashes)
    assert [row[6] for row in rows if row[6]] == ["补抽"]
    assert len(rows) == len(frame)
    first = (tmp_path / "drawn_public.csv").read_bytes()
    assert first.startswith(b"\xef\xbb\xbf")
    _public(tmp_path, frame.sample(frac=1, random_state=1))
    assert (tmp_path / "drawn_public.csv").read_bytes() == first


def test_a_name_that_would_run_as_a_formula_is_defused(tmp_path):
    names = [row[1] for row in _public(tmp_path, samples.public())[1:]]
    assert {name for name in names if not name.startswith("运城")} == {
        "'=1+1食品有限公司",
        "'+号商贸有限公司",
        "'@运城样例商贸有限公司",
    }


def test_a_firm_may_be_named_after_risk_grading(tmp_path):
    assert _public(tmp_path, samples.public().assign(ent_name="运城信用风险等级评估有限公司"))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"stratum": "A"}, "规定的 7 列"),
        ({"tasks": "登记事项抽查（D类）"}, "第 1 行的“抽查任务”含有等级"),
        ({"tasks": "登记事项抽查 FOOD:L2"}, "含有等级"),
        ({"unit": "高风险组"}, "含有等级"),
        ({"plan_ids": "YC-2026-10-GEN:A"}, "第 1 行的“计划编号”格式不符"),
        ({"window": "2026-10-01"}, "格式不符"),
        ({"ent_name": None}, "第 1 行的“企业名称”为空"),
        ({"uscc": "91140802700000001X"}, "出现两次"),
    ],
)
def test_a_list_that_tells_too_much_is_not_written(tmp_path, changes, message):
    with pytest.raises(LeakError, match=message) as caught:
        _public(tmp_path, samples.public().assign(**changes))
    assert not list(tmp_path.iterdir())
    assert "D类" not in str(caught.value)


def _lines(path: Path) -> list[list[str]]:
    return list(csv.reader(io.StringIO(path.read_bytes().decode("utf-8-sig"))))


def test_the_rounds_are_public_with_their_voids_and_nothing_confidential(tmp_path):
    write_public(tmp_path / "round_public.csv", "round_public", samples.rounds())
    header, first, second = _lines(tmp_path / "round_public.csv")
    assert {"承诺值", "名录树根", "公开随机源", "批次状态", "作废理由"} <= set(header)
    assert not {"冻结清单摘要", "机关密值", "抽取密钥", "签号"} & set(header)
    assert (first[0], first[-2:]) == ("YC-2026-10", ["作废", "登记表漏报一个乡镇"])
    assert (second[0], second[header.index("随机源文本")], second[-2:]) == ("YC-2026-10.2", "", ["已承诺", ""])
    with pytest.raises(LeakError, match=r"作废理由.*含有等级"):
        write_public(tmp_path / "b.csv", "round_public", samples.rounds().assign(void_reason="C类企业漏抽"))
    with pytest.raises(LeakError, match=r"承诺值.*为空"):
        write_public(tmp_path / "b.csv", "round_public", samples.rounds().assign(commitment=None))
    assert not (tmp_path / "b.csv").exists()


def test_totals_are_public_by_county_only(tmp_path):
    write_public(tmp_path / "t.csv", "county_totals_public", samples.totals())
    header, *rows = _lines(tmp_path / "t.csv")
    assert header == ["批次编号", "检查主体", "批次性质", "抽查户数", "任务户次"]
    assert len(rows) == 3
    with pytest.raises(LeakError, match="出现两次"):
        write_public(tmp_path / "b.csv", "county_totals_public", pd.concat([samples.totals()] * 2))


def test_a_table_that_is_not_public_is_never_written(tmp_path):
    with pytest.raises(ContractError, match="不是主动公开的"):
        write_public(tmp_path / "joint_public.csv", "joint_visit", samples.joint())
    assert not list(tmp_path.iterdir())
