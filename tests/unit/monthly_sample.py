"""A made-up month of the leaders' report: totals only, no enterprise."""

from __future__ import annotations

from resources.outbox.figures import County, UnitRate
from resources.outbox.monthly_report import Cell, Figure, MonthlyReport, Table, TaskRow
from supervision.reports.matters import Cluster, Matters, decisions
from supervision.reports.monthly import Standing, changes

COUNTIES = (
    ("河津市", 1, 2), ("稷山县", 1, 3), ("新绛县", 1, 4), ("万荣县", 2, 2), ("运城开发区", 2, 3), ("闻喜县", 2, 4), ("绛县", 2, 5),
    ("临猗县", 3, 2), ("盐湖区", 3, 3), ("夏县", 3, 4), ("垣曲县", 3, 5), ("永济市", 4, 1), ("芮城县", 4, 2), ("平陆县", 4, 4),
)  # fmt: skip
CITY_UNITS = (
    "信用科", "执法稽查科", "消保科", "反垄断科", "网监科", "广告科", "特设科", "产品质量安全科", "特殊食品化妆品科", "医疗器械科",
    "药品流通科", "食品生产科", "食品流通科", "餐饮科", "计量科", "认证科", "知识产权保护科", "价监科", "企业数据中心", "综合行政执法队",
    "省局平台", "市直有关部门",
)  # fmt: skip
MIGRATION = {
    ("A", "A"): 43_210, ("A", "B"): 402, ("A", "C"): 61, ("A", "D"): 12, ("B", "A"): 355, ("B", "B"): 10_590, ("B", "C"): 140,
    ("B", "D"): 33, ("C", "B"): 92, ("C", "C"): 2_890, ("C", "D"): 77, ("D", "C"): 41, ("D", "D"): 1_611, ("A", "left"): 88,
    ("B", "left"): 31, ("U", "A"): 20, ("U", "U"): 14, ("entered", "A"): 260, ("entered", "B"): 45, ("entered", "U"): 33,
}  # fmt: skip
TASKS = (
    ("T2.1", "建立通用型工作机制并常态化运用", "全年", {"in_progress": 14}),
    ("T2.2", "建立健全适用于专业领域的分级分类监管机制", "全年", {"done": 12, "not_started": 2}),
    ("T2.3", "全市全面实施企业信用风险管理", "全年", {"in_progress": 1}),
    ("T4", "召开专班专题会议", "全年", {"not_started": 1}),
    ("T5", "全面有效归集企业信用风险信息", "全年", {"in_progress": 12, "n/a": 9, "not_started": 1}),
    ("T6.1", "用好平台企业信用风险分类数据", "全年", {"in_progress": 28, "n/a": 7}),
    ("T6.2", "按照信用风险分类开展“双随机、一公开”监管", "12月31日", {"in_progress": 27, "n/a": 7}),
    ("T6.3", "拓展企业信用风险分类结果运用", "12月31日", {"n/a": 35}),
    ("T6.4", "探索完善新产业新业态新模式监管", "12月31日", {"n/a": 35}),
    ("T6.5", "积极开展信用承诺实施信用修复", "全年", {"in_progress": 1, "n/a": 14}),
    ("T7.1", "制定出台具体工作方案", "5月31日", {"done": 12, "done_late": 1, "overdue": 1}),
    ("T7.2", "成立相应的领导机构", "全年", {"done": 14}),
    ("T7.3", "建立健全工作机制", "全年", {"done": 31, "n/a": 1, "not_started": 3}),
    ("T7.4", "开展企业信用风险管理培训", "全年", {"done": 32, "n/a": 1, "not_started": 2}),
    ("T7.5", "宣传典型经验", "全年", {"done": 8, "not_started": 6}),
    ("T8.1", "落实责任分工、加快推进本领域企业信用风险管理", "全年", {"n/a": 35}),
    ("T8.2", "强化工作人员信息安全防护意识", "全年", {"done": 29, "n/a": 1, "not_started": 5}),
    ("T9", "督导问责", "未定", {"n/a": 1}),
)

BEFORE = Standing(
    month="2026-09",
    grades={"A": 43_773, "B": 11_149, "C": 3_059, "D": 1_652, "U": 34},
    drawn=221,
    collected={"盐湖区": (200, 208), "临猗县": (88, 90), "餐饮科": (40, 50), "企业数据中心": (500, 520)},
    published=(180, 190),
    listed={"red": 3, "amber": 5},
    overdue=2,
    unacknowledged=0,
)
NOW = Standing(
    month="2026-10",
    grades={"A": 43_845, "B": 11_129, "C": 3_132, "D": 1_733, "U": 47},
    drawn=247,
    collected={"盐湖区": (160, 200), "临猗县": (91, 92), "餐饮科": (48, 50), "企业数据中心": (507, 530)},
    published=(171, 180),
    listed={"red": 4, "amber": 5},
    overdue=1,
    unacknowledged=7,
)
MATTERS = Matters(
    findings="等级空白或不是 A 至 D 的 1 行，已隔离、未转换（R-20）",
    questions=[("质量科", "通知第（六）条责任单位中的“质量科”，指质量发展科还是产品质量安全监督管理科")],
    unassignable={"垣曲县": 2, "绛县": 1, "夏县": 0},
    unmet={"盐湖区": 14, "芮城县": 3},
    unacknowledged={"闻喜县": 5, "万荣县": 2},
    unpublished={"盐湖区": 6, "临猗县": 3},
    clusters=[Cluster("河津市", "C 制造业", "C、D类", 18, 120, "3.1")],
    listed={"餐饮科": 2, "盐湖区": 1, "平陆县": 1},
    severe=1,
)


def report(**changed: object) -> MonthlyReport:
    """The sample month; `changed` replaces fields."""
    told = {
        "city": "运城市",
        "month": "2026-10",
        "demonstration": True,
        "facts": {
            "月份": "2026-10",
            "截至日期": "2026-10-31",
            "数据性质": "全部为生成（虚构）",
            "政策版本": "default-2026.2",
            "登记表摘要": "ab" * 32,
            "等级快照摘要": "cd" * 32,
        },
        "figures": [
            Figure("有等级企业", "59,839 户", "C、D类占 8.1%", "plain"),
            Figure("本月抽查", "247 户次", "现场 159 户", "plain"),
            Figure("归集及时率", "92.4%", "806/872 件", "amber"),
            Figure("结果公示率", "95.0%", "171/180 条", "green"),
            Figure("差异化指数", "41.2", "标准不低于 2", "green"),
            Figure("重点任务", "红1黄4绿4", "另 4 项不评价", "red"),
        ],
        "decisions": decisions(MATTERS),
        "changes": changes(BEFORE, NOW),
        "migration": MIGRATION,
        "counties": [
            County(name, row, column, 7 + 5 * n % 31, 3 + n, 14 if name == "盐湖区" else 0, 2 if name == "垣曲县" else 0)
            for n, (name, row, column) in enumerate(COUNTIES)
        ],
        "units": [
            *(UnitRate(name, "县（市、区）局", (8 + n - (n == 8) * 4, 8 + n), (8, 9)) for n, (name, _, _) in enumerate(COUNTIES)),
            *(
                UnitRate(name, "市局科室及其他", (max(0, 3 * n - (n % 5)), 3 * n), (9, 10))
                for n, name in enumerate(CITY_UNITS)
            ),
        ],
        "tasks": [TaskRow(*task) for task in TASKS],
        "annex": [
            Table(
                "各检查主体计划与检查力量",
                "户数去重。",
                ("检查主体", "抽查户次", "缺口"),
                [[Cell("盐湖区"), Cell("57", number=True), Cell("14", number=True, tone="bad")]],
            )
        ],
    }  # fmt: skip
    return MonthlyReport(**{**told, **changed})  # type: ignore[arg-type]
