"""How each department lays out its files: format, title row, where the table begins, headers, date styles.

Every header is the contract's Chinese name, save the aliases that some sections use. Not here: the cells.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

XLSX_ROWS = 200_000
TITLES = {
    "register": "运城市市场主体登记信息表",
    "grade_snapshot": "企业信用风险分类结果",
    "licence": "行政许可信息归集表",
    "penalty": "行政处罚信息归集表",
    "abnormal_listing": "经营异常名录",
    "serious_violation": "严重违法失信名单信息表",
    "inspection_result": "抽查检查结果",
    "field_record": "专业领域记录",
    "trigger": "触发检查线索登记表",
    "commitment": "信用承诺",
    "repair": "信用修复",
    "inspector": "执法检查人员名录（不含姓名）",
    "inspector_conflict": "回避关系",
    "prior_draw": "往期抽取对象",
    "acknowledgement": "平台回执",
    "task_evidence": "重点任务佐证材料清单",
}
SOURCES = tuple(TITLES)
DATES = {
    "register": ("成立日期", "状态变更日期"),
    "grade_snapshot": ("分类日期",),
    "licence": ("许可决定日期", "有效期自", "有效期至"),
    "penalty": ("处罚决定日期", "处罚有效期", "公示截止期", "撤销日期"),
    "abnormal_listing": ("列入日期", "移出日期"),
    "serious_violation": ("列入日期", "移出日期"),
    "inspection_result": ("检查日期", "公示日期"),
    "field_record": ("记录日期", "有效期至"),
    "trigger": ("接收日期",),
    "commitment": ("承诺日期",),
    "repair": ("申请日期", "决定日期"),
    "inspector": ("执法证有效期至",),
    "acknowledgement": ("检查日期", "回执日期"),
    "task_evidence": ("形成日期",),
}


@dataclass(frozen=True, slots=True)
class Layout:
    """The look of one file. `kind`: xlsx, csv or parquet; `left`: empty columns before the table.

    `titled`: a merged title row above the header (else, with `left`, an empty row). `typed`: columns written as Excel
    numbers; `excel_dates`: dates as Excel dates. `renamed`: canonical header to the one used. `masked`: an additional
    column 法定代表人 holding `***`. `footer`: an empty row and `合计 N 条` below the table.
    """

    kind: str
    encoding: str = "utf-8"
    titled: bool = False
    left: int = 0
    date_style: str = "-"
    typed: tuple[str, ...] = ()
    excel_dates: bool = False
    renamed: dict[str, str] = field(default_factory=dict)
    masked: bool = False
    footer: bool = False

    @property
    def first_row(self) -> int:
        """The physical row (from 1) of the first data row; in Parquet the ordinal."""
        if self.kind == "parquet":
            return 1
        return 3 if self.titled or self.left else 2


_TITLED = Layout("xlsx", titled=True)
_CSV = Layout("csv")
_GB = Layout("csv", encoding="gb18030")
_USUAL = {
    "register": _TITLED,
    "grade_snapshot": _CSV,
    "licence": _TITLED,
    "penalty": _GB,
    "abnormal_listing": Layout("csv", encoding="utf-8-sig"),
    "serious_violation": replace(_TITLED, footer=True),
    "inspection_result": Layout("parquet"),
    "field_record": _CSV,
    "trigger": _TITLED,
    "commitment": _CSV,
    "repair": _CSV,
    "inspector": replace(_TITLED, typed=("本月可用天数", "检查户次上限"), excel_dates=True, footer=True),
    "inspector_conflict": _CSV,
    "prior_draw": _CSV,
    "acknowledgement": _CSV,
    "task_evidence": replace(_TITLED, typed=("人数", "学时")),
}
_OWN = {
    ("licence", "CY"): Layout("xlsx", left=1),
    ("licence", "SP-LT"): replace(
        _TITLED, renamed={"行政相对人代码_1(统一社会信用代码)": "行政相对人代码_1（统一社会信用代码）"}
    ),
    ("licence", "YPLT"): replace(_TITLED, renamed={"行政许可决定文书号": "许可文件编号", "有效期至": "许可截止期"}),
    ("licence", "TSSB"): Layout("xlsx", date_style="/"),
    ("licence", "SP-SC"): replace(_TITLED, excel_dates=True),
    ("penalty", "ZFJC"): replace(
        _GB,
        renamed={
            "行政处罚决定书文号": "处罚决定书文号", "行政相对人名称": "当事人名称", "处罚类别": "处罚种类", "处罚决定日期": "处罚时间",
            "处罚机关": "作出处罚决定的部门",
        },
        date_style="年",
    ),
    ("penalty", "JJ"): replace(_GB, date_style="/"),
    ("penalty", "GG"): replace(_GB, date_style=""),
    ("penalty", "ZL"): replace(_GB, masked=True),
}  # fmt: skip


def layout(source: str, unit: str, rows: int) -> Layout:
    """The layout of a source's files from a unit, `rows` being the rows of the whole source."""
    chosen = _OWN.get((source, unit), _USUAL[source])
    if chosen.kind == "xlsx" and rows > XLSX_ROWS:
        kind = "parquet" if source == "register" else "csv"
        return Layout(kind, date_style=chosen.date_style, renamed=chosen.renamed)
    return chosen
