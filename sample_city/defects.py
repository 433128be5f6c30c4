"""Known faults, planted on purpose, with the list of where they are and by which rule they must be found.

Here: which faults a source can have and how a row is spoiled. A row is spoiled once at most; rows of a real register
and right rows in uncommon clothes never. Not here: finding them, faulty files (mishaps).
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa

from sample_city.columns import Bools
from sample_city.domains import LIST
from sample_city.domains import SOURCES as FIELD_SOURCES

CODE = "统一社会信用代码"
PARTY_CODE = "行政相对人代码_1(统一社会信用代码)"
PARTY, NAME = "行政相对人名称", "企业名称"
DUPLICATE, CONFLICT, WRONG_CHECK = "duplicate_row", "key_conflict", "uscc_check"
UNKNOWN_NAME, SHARED_NAME = "unmatched_name", "shared_name"
NOBODY = "山西查无此户商贸有限公司"


class Fault(NamedTuple):
    """A kind of fault, its column, the rule that must find it ('': none), and the text put there (conflicts: appended)."""

    kind: str
    column: str
    rule: str = ""
    text: str = ""
    where: tuple[str, str] | None = None  # only in a row with this text in this column


def _check(column: str) -> Fault:
    return Fault(WRONG_CHECK, column, "uscc.check")


def _date(column: str, name: str) -> Fault:
    return Fault("impossible_date", column, f"{name}.type", "2026-02-30")


def _control(column: str, name: str) -> Fault:
    return Fault("control_character", column, f"{name}.type", "2026-\x0709-01")


def _missing(column: str, name: str) -> Fault:
    return Fault("missing_required", column, f"{name}.required")


def _code(column: str, name: str, text: str) -> Fault:
    return Fault("unknown_code", column, f"{name}.check", text)


def _differs(column: str, text: str = "（另一版本）") -> Fault:
    return Fault(CONFLICT, column, "key_conflict", text)


def _nameless(column: str, code: str) -> tuple[Fault, Fault]:
    """No code, and a name that nobody or more than one has; `code` is emptied too."""
    return Fault(UNKNOWN_NAME, column, "uscc.unmatched", code), Fault(SHARED_NAME, column, "uscc.unmatched", code)


def _evidence(kind: str, rule: str, text: str) -> Fault:
    """A trigger of this type with evidence that belongs to another."""
    return Fault("wrong_evidence", "证据编号", rule, text, ("触发类型", kind))


_TWICE = Fault(DUPLICATE, "")
_NEGATIVE, _UNREAD = (
    Fault("negative_fine", "罚款金额（万元）", "fine_negative", "-1.5"),
    Fault("amount_not_numeric", "罚款金额（万元）", "fine_wan.type", "约五千元左右"),
)
FAULTS: dict[str, tuple[Fault, ...]] = {
    "register": (
        _check(CODE), _date("成立日期", "established_on"), _missing("企业名称", "party_name"), _code("登记状态", "status", "待定"),
        _TWICE, _differs("住所", "（原址）"),
    ),
    "grade_snapshot": (
        Fault("unknown_grade", "信用风险等级", "credit_grade.check", "E"), _check(CODE), _missing("分类日期", "graded_on"), _TWICE,
        _differs("企业名称", "（更名）"),
    ),
    "licence": (
        _check(PARTY_CODE), _date("许可决定日期", "decision_date"),
        Fault("valid_to_before_valid_from", "有效期至", "valid_to_before_valid_from", "2001-01-01"),
        _missing("许可内容", "licence_content"), _code("许可类别", "licence_type", "临时"), _TWICE, _differs("许可内容"),
        *_nameless(PARTY, PARTY_CODE), _control("有效期自", "valid_from"),
    ),
    "penalty": (
        _NEGATIVE, _UNREAD, _date("处罚决定日期", "decision_date"), _check(PARTY_CODE), _missing("违法事实", "violation_facts"), _TWICE,
        _differs("处罚内容"), *_nameless(PARTY, PARTY_CODE), _control("处罚决定日期", "decision_date"),
    ),
    "abnormal_listing": (
        _check(CODE), _date("列入日期", "listed_on"), _missing("列入机关", "listed_by"), _TWICE, _differs("列入文号", "之一"),
        *_nameless(NAME, CODE),
    ),
    "serious_violation": (_date("列入日期", "listed_on"), _missing("列入文号", "listing_doc_no"), _check(CODE)),
    "inspection_result": (
        _code("检查方式", "mode", "电话"), _date("检查日期", "inspected_on"), _missing("检查主体", "unit_code"),
        _code("检查结果代码", "result_code", "Z9"), _TWICE, _differs("问题描述"),
    ),
    **{
        source: (
            _code("记录类型", "record_kind", "不明类型"), _date("记录日期", "recorded_on"), _check(CODE),
            _missing("数据来源单位", "source_unit"), _TWICE, _differs("数据来源单位", "（补报）"),
            *((_code("专业领域", "field_code", "不明领域"),) if sum(f.source == source for f in LIST) > 1 else ()),
            *((Fault("unknown_grade", "专业领域等级", "field_grade.check", "E"),) if any(f.source == source and f.grades for f in LIST) else ()),
        )
        for source in FIELD_SOURCES
    },
    "department_licence": (
        _check(PARTY_CODE), _date("许可决定日期", "decision_date"), _missing("许可内容", "licence_content"), _code("送数部门代码", "dept_code", "XX"),
        _TWICE, _differs("许可内容"), *_nameless(PARTY, PARTY_CODE),
    ),
    "department_penalty": (
        _NEGATIVE, _UNREAD, _date("处罚决定日期", "decision_date"), _missing("违法行为类型", "violation_type"),
        _code("送数部门代码", "dept_code", "XX"),
        _TWICE, _differs("处罚内容"), *_nameless(PARTY, PARTY_CODE),
    ),
    "department_dishonest": (_check(PARTY_CODE), _date("列入日期", "listed_on"), _missing("名单名称", "list_name"), _TWICE),
    "department_inspection": (
        _code("检查结果", "result", "基本合格"), _date("检查日期", "inspected_on"), _check(PARTY_CODE), _TWICE, _differs("问题描述"),
    ),
    "province_push": (
        _code("记录类别", "record_kind", "其他信息"), _date("记录日期", "recorded_on"), _check(CODE), _missing("数据来源单位", "source_unit"), _TWICE,
    ),
    "province_push_manifest": (Fault("not_an_integer", "应有条数", "expected_rows.type", "若干"),),
    "platform_signal": (_code("信号类型", "signal_kind", "传闻"), _date("观察日期", "observed_on"), _check(CODE), _TWICE),
    "trigger": (
        _evidence("投诉举报", "complaint_without_work_order", "《食品安全法》第一百二十四条"),
        _evidence("大数据监测", "signal_without_model_rule", "12315-140820269990001"),
        _evidence("转办交办", "referral_without_document_no", "上级电话转办20269990001"),
        _evidence("法律法规另有规定", "statute_without_article", "特种设备安全法20269990001"),
        _evidence("飞行检查", "flying_without_document_no", "市局飞行检查20269990001"),
        _evidence("许可现场核查", "licence_check_without_task_no", "晋市监转〔2026〕9990001号"),
        _evidence("抽检", "sampling_without_report_no", "责改〔2026〕9990001号"),
        _evidence("整改复查", "recheck_without_original_document", "晋市监转〔2026〕9990001号"),
        _code("触发类型", "trigger_type", "其他"), _missing("证据编号", "evidence_ref"),
    ),
    "white_list": (
        Fault("expires_before_listed", "到期日期", "expires_before_listed", "2001-01-01"), _check(CODE),
        _missing("依据文件", "basis_doc"), _date("列入日期", "listed_on"),
    ),
    "county_return": (
        _code("检查结果", "result_code", "合格"), _date("检查日期", "inspected_on"), Fault("missing_required", "检查日期", "half_filled"),
        _missing("计划编号", "plan_id"), _TWICE,
    ),
    "commitment": (_missing("承诺类型", "commitment_kind"), _date("承诺日期", "committed_on")),
    "repair": (_code("决定结果", "outcome", "待定"), _missing("原记录文号", "record_no")),
    "inspector": (
        Fault("not_an_integer", "本月可用天数", "days.type", "两周"), _date("执法证有效期至", "valid_until"),
        _code("支援属地", "support_county", "140899"),
    ),
    "inspector_conflict": (_check(CODE), _code("回避类型", "conflict_kind", "熟人"), _TWICE),
    "prior_draw": (_missing("监管档次", "stratum"), _TWICE),
    "acknowledgement": (_code("回执状态", "ack_status", "处理中"), _TWICE),
    "control_total": (Fault("not_an_integer", "记录数", "records.type", "若干"), _missing("统计依据", "basis")),
    "task_evidence": (Fault("bad_digest", "文件摘要", "document_sha256.check", "0123abcd"), _missing("标题", "title")),
}  # fmt: skip

Mark = tuple[int, Fault, int | None]  # row from 0, what was done to it, the row it repeats


@dataclass(frozen=True, slots=True)
class Planted:
    """One entry of truth.json.

    `row_no` is the physical row (Parquet: ordinal), from 1; `pair_row_no` (of `pair_sheet`) the row repeated: of two rows
    with one key either may be the one kept. `rule_id`: what must be found there: a rule of the contract, `uscc.unmatched`,
    `key_conflict`, or for a whole file the kind of its fault; none for rows that repeat another, for late deliveries and
    for numbers that never arrive (`unit_code`, `document_number`).
    """

    delivery_id: str | None
    file: str | None
    source: str | None
    sheet: str | None
    row_no: int | None
    kind: str
    column: str | None
    pair_row_no: int | None = None
    pair_sheet: str | None = None
    rule_id: str | None = None
    unit_code: str | None = None
    document_number: str | None = None


class Planter:
    """Goes round the faults of each source, from file to file. `shared`: names that two firms have."""

    def __init__(self, rng: np.random.Generator, rate: float, shared: tuple[str, ...]) -> None:
        self._rng = rng
        self._rate = rate
        self._shared = shared
        self._queue = {s: [f for f in faults if shared or f.kind != SHARED_NAME] for s, faults in FAULTS.items()}
        self._left = {source: len(faults) for source, faults in self._queue.items()}  # at its head: not planted yet

    def spoil(self, source: str, table: Any, spared: Bools | None = None) -> tuple[Any, list[Mark]]:
        """The spoiled table and (row from 0, fault, repeated row) of each; repeated rows are appended.

        `rate` of the rows, more while some fault of the source is still to be planted; half of a file's rows at most,
        none that is spared.
        """
        n = table.num_rows
        wanted = int(self._rate * n + self._rng.random())
        most = max(1, n // 2)
        rows = self._rng.permutation(n)
        if spared is not None:
            rows = rows[~spared[rows]]
        changes: dict[str, dict[int, str]] = {}
        repeated: list[tuple[int, Fault]] = []
        planted: list[Mark] = []
        for row in (int(r) for r in rows):
            many = len(planted) + len(repeated)
            if many >= most or (many >= wanted and not self._left[source]):
                break
            found = self._next(source, table, row, self._left[source] if many >= wanted else len(self._queue[source]))
            if found is None:
                continue  # None of the faults can be had in this row: the next row gets one.
            fault = found
            old = table.column(fault.column)[row].as_py() or "" if fault.column else ""
            if fault.kind in (DUPLICATE, CONFLICT):
                repeated.append((row, fault))
                continue
            new = fault.text
            if fault.kind == WRONG_CHECK:
                new = old[:17] + ("0" if old[17] != "0" else "1")
            elif fault.kind in (UNKNOWN_NAME, SHARED_NAME):
                changes.setdefault(fault.text, {})[row] = ""
                new = NOBODY if fault.kind == UNKNOWN_NAME else self._shared[row % len(self._shared)]
            changes.setdefault(fault.column, {})[row] = new
            planted.append((row, fault, None))
        extra = table.take(pa.array([row for row, _ in repeated], pa.int64()))
        for position, (row, fault) in enumerate(repeated):
            if fault.kind == CONFLICT:
                extra = put(
                    extra, fault.column, {position: (table.column(fault.column)[row].as_py() or "") + fault.text}
                )
            planted.append((n + position, fault, row))
        for column, cells in changes.items():
            table = put(table, column, cells)
        return pa.concat_tables([table, extra]), planted

    def _next(self, source: str, table: Any, row: int, among: int) -> Fault | None:
        """Of the first `among` faults of the queue the first that the row can have; it goes to the end."""
        queue = self._queue[source]
        for place, fault in enumerate(queue[:among]):
            if fault.kind == WRONG_CHECK and len(table.column(fault.column)[row].as_py() or "") != 18:
                continue  # a row without code cannot have a wrong one
            if fault.where is not None and table.column(fault.where[0])[row].as_py() != fault.where[1]:
                continue
            queue.append(queue.pop(place))
            self._left[source] -= place < self._left[source]
            return fault
        return None


def put(table: Any, column: str, cells: dict[int, str]) -> Any:
    """The table with these cells of a column."""
    values = table.column(column).to_pylist()
    for row, text in cells.items():
        values[row] = text
    return table.set_column(table.column_names.index(column), column, pa.array(values, pa.string()))


def write_truth(path: Path, planted: list[Planted], *, goes_on: bool) -> None:
    """truth.json: every planted fault, in the order of delivery, file and row; a city that goes on keeps what was told."""
    kept = json.loads(path.read_text(encoding="utf-8")) if goes_on and path.is_file() else []
    rows = [*kept, *(row for p in planted if (row := asdict(p)) not in kept)]  # a lost number stays lost
    rows.sort(key=lambda p: (p["delivery_id"] or "", p["file"] or "", p["row_no"] or 0, p["document_number"] or ""))
    path.write_text(json.dumps(rows, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
