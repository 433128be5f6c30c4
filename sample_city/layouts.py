"""How each department lays out its files: format, title row, where the table begins, headers, date styles.

Every header is the contract's Chinese name, save the aliases that some sections use. Not here: the cells.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

XLSX_ROWS = 200_000
SHEET = "Sheet1"
TITLES = {
    "register": "运城市市场主体登记信息表",
    "grade_snapshot": "企业信用风险分类结果",
    "licence": "行政许可信息归集表",
    "penalty": "行政处罚信息归集表",
    "abnormal_listing": "经营异常名录",
    "serious_violation": "严重违法失信名单信息表",
    "inspection_result": "抽查检查结果",
    "field_food_drug": "食品药品监管记录",
    "field_catering": "餐饮监管记录",
    "field_special_equipment": "特种设备监管记录",
    "field_product_quality": "工业产品质量监管记录",
    "field_infringement": "侵权假冒治理记录",
    "field_price": "价格执法记录",
    "field_competition": "反垄断和反不正当竞争执法记录",
    "field_consumer": "消费者权益保护记录",
    "field_metrology": "计量监管记录",
    "field_testing": "检验检测机构监管记录",
    "field_certification": "认证认可监管记录",
    "department_licence": "部门行政许可",
    "department_penalty": "部门行政处罚信息表",
    "department_dishonest": "严重失信主体名单",
    "department_inspection": "部门抽查检查结果",
    "province_push": "总对总推送",
    "province_push_manifest": "总对总推送清单",
    "platform_signal": "平台企业信号",
    "trigger": "触发检查线索登记表",
    "commitment": "信用承诺",
    "repair": "信用修复",
    "white_list": "白名单",
    "inspector": "执法检查人员名录（不含姓名）",
    "inspector_conflict": "回避关系",
    "prior_draw": "往期抽取对象",
    "acknowledgement": "平台回执",
    "county_return": "结果录入",
    "control_total": "归集对账总数",
    "task_evidence": "重点任务佐证材料清单",
}
SOURCES = tuple(TITLES)
_RECORDED = ("记录日期", "有效期至")
DATES = {
    "register": ("成立日期", "状态变更日期"),
    "grade_snapshot": ("分类日期",),
    "licence": ("许可决定日期", "有效期自", "有效期至", "公示日期"),
    "penalty": ("处罚决定日期", "处罚有效期", "公示截止期", "撤销日期", "公示日期"),
    "abnormal_listing": ("列入日期", "移出日期"),
    "serious_violation": ("列入日期", "移出日期"),
    "inspection_result": ("检查日期", "公示日期"),
    "county_return": ("检查日期",),
    **{source: _RECORDED for source in SOURCES if source.startswith("field_")},
    "trigger": ("接收日期",),
    "white_list": ("列入日期", "到期日期"),
    "commitment": ("承诺日期",),
    "repair": ("申请日期", "决定日期"),
    "inspector": ("执法证有效期至",),
    "acknowledgement": ("检查日期", "回执日期"),
    "task_evidence": ("形成日期",),
}


@dataclass(frozen=True, slots=True)
class Layout:
    """The look of one file. `kind`: xlsx, xml (Excel 2003), csv, parquet, or zip (csv and xlsx, half of the rows each).

    `titled`: a merged title row above the header (else, with `left`, an empty row); `left`: empty columns before the
    table. `typed`: columns written as Excel numbers; `excel_dates`: dates as Excel dates, counted from 1904 with
    `from_1904`. `renamed`: canonical header to the one used. `masked`: an additional column 法定代表人 holding `***`.
    `footer`: an empty row and `合计 N 条` below the table.
    """

    kind: str
    encoding: str = "utf-8"
    titled: bool = False
    left: int = 0
    date_style: str = "-"
    typed: tuple[str, ...] = ()
    excel_dates: bool = False
    from_1904: bool = False
    renamed: dict[str, str] = field(default_factory=dict)
    masked: bool = False
    footer: bool = False

    @property
    def suffix(self) -> str:
        """Excel 2003 wrote its XML under the name of a workbook."""
        return "xls" if self.kind == "xml" else self.kind

    def places(self, source: str, rows: int) -> tuple[tuple[str | None, int, int], ...]:
        """Sheet, row from which (counted from 0 in the file) and physical row (from 1) of it, for each part."""
        if self.kind == "zip":
            half = rows // 2
            first, second = (f"{source}-{n}.{kind}" for n, kind in ((1, "csv"), (2, "xlsx")))
            return (first, 0, 2), (f"{second}/{SHEET}", half, 2)
        if self.kind == "parquet":
            return ((None, 0, 1),)
        return ((SHEET if self.kind in ("xlsx", "xml") else None, 0, 3 if self.titled or self.left else 2),)

    def rule_of(self, kind: str, rule: str) -> str:
        """The rule that finds the fault: an amount under a header in 元 is read as a text, which is never below nothing."""
        return "fine_wan.type" if kind == "negative_fine" and self.renamed == YUAN else rule

    def place(self, source: str, rows: int, row: int) -> tuple[str | None, int]:
        """Sheet and physical row (from 1; Parquet: ordinal) of a row of the table (from 0)."""
        sheet, start, first = [part for part in self.places(source, rows) if part[1] <= row][-1]
        return sheet, first + row - start


_TITLED = Layout("xlsx", titled=True)
_CSV = Layout("csv")
_GB = Layout("csv", encoding="gb18030")
_USUAL = {
    "register": _TITLED,
    "licence": _TITLED,
    "penalty": _GB,
    "abnormal_listing": Layout("csv", encoding="utf-8-sig"),
    "serious_violation": replace(_TITLED, footer=True),
    "inspection_result": Layout("parquet"),
    "field_special_equipment": replace(_CSV, encoding="utf-8-sig", date_style="/"),
    "field_price": Layout("xml"),
    "field_competition": replace(_TITLED, footer=True, date_style="年"),
    "field_infringement": Layout("xlsx", left=1),
    "field_metrology": Layout("zip"),
    "field_testing": replace(_TITLED, excel_dates=True),
    "field_certification": replace(_CSV, date_style=""),
    "department_penalty": replace(_GB, date_style="/"),
    "department_dishonest": _TITLED,
    "department_inspection": Layout("parquet"),
    "platform_signal": Layout("csv", encoding="utf-8-sig"),
    "trigger": _TITLED,
    "white_list": replace(_TITLED, excel_dates=True),
    "inspector": replace(_TITLED, typed=("本月可用天数", "检查户次上限"), excel_dates=True, footer=True),
    "county_return": replace(_TITLED, excel_dates=True),
    "control_total": replace(_TITLED, typed=("记录数",)),
    "task_evidence": replace(_TITLED, typed=("人数", "学时", "记录条数")),
}
YUAN = {
    "罚款金额（万元）": "罚款金额（元）", "没收违法所得、没收非法财物的金额（万元）": "没收违法所得、没收非法财物的金额（元）",
}  # fmt: skip
_OWN = {
    ("licence", "CY"): Layout("xlsx", left=1),
    ("licence", "SP-LT"): replace(
        _TITLED, renamed={"行政相对人代码_1(统一社会信用代码)": "行政相对人代码_1（统一社会信用代码）"}
    ),
    ("licence", "YPLT"): replace(_TITLED, renamed={"行政许可决定文书号": "许可文件编号", "有效期至": "许可截止期"}),
    ("licence", "TSSB"): Layout("xlsx", date_style="/"),
    ("licence", "SP-SC"): replace(_TITLED, excel_dates=True, from_1904=True),
    ("penalty", "ZFJC"): replace(
        _GB,
        renamed={
            "行政处罚决定书文号": "处罚决定书文号", "行政相对人名称": "当事人名称", "处罚类别": "处罚种类", "处罚决定日期": "处罚时间",
            "处罚机关": "作出处罚决定的部门",
        },
        date_style="年",
    ),
    ("penalty", "JJ"): replace(_GB, date_style="/", renamed=YUAN),
    ("penalty", "GG"): replace(_GB, date_style=""),
    ("penalty", "ZL"): replace(_GB, masked=True),
}  # fmt: skip


def layout(source: str, unit: str, rows: int) -> Layout:
    """The layout of a source's files from a unit, `rows` being the rows of the whole source."""
    chosen = _OWN.get((source, unit), _USUAL.get(source, _CSV))
    if chosen.kind in ("xlsx", "xml", "zip") and rows > XLSX_ROWS:
        kind = "parquet" if source == "register" else "csv"
        return Layout(kind, date_style=chosen.date_style, renamed=chosen.renamed)
    return chosen
